"""Layouts that almost are Kineto's, and what may stand between and behind events.

With chunks of a few hundred bytes and a limit of a few thousand: a layout that is not cut into
chunks is refused.
"""

import json
from collections import Counter
from typing import Any

import pytest

from genscope.analyze.readers.kineto import (
    chunk as kineto_chunk,
)
from genscope.analyze.readers.kineto import (
    read as kineto,
)
from genscope.analyze.readers.kineto import (
    source as kineto_source,
)
from genscope.analyze.readers.kineto import (
    split as kineto_split,
)
from genscope.errors import UserError
from tests.readers.raw_events import read_bytes

COUNT = 60
EVENTS: list[dict[str, Any]] = [
    {"ph": "X", "name": f"op{i}", "pid": 1, "tid": 1, "ts": i, "dur": 1, "args": {"Ev Idx": i}}
    for i in range(COUNT)
]
NAMES = Counter(event["name"] for event in EVENTS)


@pytest.fixture(autouse=True, params=[300, 1500])
def small_pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kineto_source, "BLOCK_BYTES", 61)
    monkeypatch.setattr(kineto_split, "LIMIT_BYTES", 8000)
    monkeypatch.setattr(kineto_split, "_HEADER_STEP", 500)
    monkeypatch.setattr(kineto_split.Splitter, "chunk_bytes", request.param)
    monkeypatch.setattr(kineto_chunk, "_FEW", 2)


def laid_out(value: dict[str, Any]) -> str:
    return "{\n    " + json.dumps(value)[1:-1] + "\n  }"


def as_kineto(texts: list[str], tail: str = '"traceName": "x"') -> str:
    return (
        '{\n  "schemaVersion": 1,\n  "traceEvents": [\n  '
        + ",\n  ".join(texts)
        + f"\n  ],\n  {tail}\n}}"
    )


KINETO = as_kineto([laid_out(event) for event in EVENTS])
PAIRS = [{"id": i, "name": "x" * 20} for i in range(40)]
LAYOUTS = {
    "kineto": KINETO,
    "windows": KINETO.replace("\n", "\r\n"),
    "empty_lines": KINETO.replace("},\n  {", "},\n\n  {"),
    "commas_first": KINETO.replace("},\n  {", "}\n  ,{"),
    "only_the_first": as_kineto([laid_out(EVENTS[0]), *map(json.dumps, EVENTS[1:])]),
    "events_in_the_tail": as_kineto(
        [laid_out(event) for event in EVENTS],
        '"pairs": [\n  ' + ",\n  ".join(map(laid_out, PAIRS)) + "\n  ]",
    ),
    **{
        f"indent_{indent}": json.dumps({"traceEvents": EVENTS, "pairs": PAIRS}, indent=indent)
        for indent in (0, 1, 2, 4)
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_every_event_once(layout: str) -> None:
    found = read_bytes(LAYOUTS[layout].encode())
    assert Counter(row[2] for row in found.rows.elements()) == NAMES
    assert not found.kinds
    assert found.file.complete
    assert found.file.keys.get("pairs", PAIRS) == PAIRS


@pytest.mark.parametrize(
    "junk",
    ["17", '"x"', "null", "[]", '[1, {"a": 2}]', "1\n    7", "foo", "{", "", '"open', "\x01"],
)
@pytest.mark.parametrize("form", ["kineto", "one_line"])
def test_what_stands_between_events_costs_no_event(junk: str, form: str) -> None:
    # a bracket inside a string and a nested list that looks like events are beside it
    odd = EVENTS[30] | {"name": "},\n  {", "args": {"extra": [{"ph": "X"}, {"cat": [[]]}]}}
    events = [*EVENTS[:30], odd, *EVENTS[31:]]
    texts = [laid_out(e) if form == "kineto" else json.dumps(e) for e in events]
    texts.insert(31, junk)
    text = as_kineto(texts) if form == "kineto" else f'{{"traceEvents": [{",".join(texts)}]}}'
    found = read_bytes(text.encode())
    names = Counter(row[2] for row in found.rows.elements())
    assert names == Counter(event["name"] for event in events)
    assert found.kinds & {"not_an_event", "unreadable_event"}
    assert found.file.skipped == 1


@pytest.mark.parametrize("form", [json.dumps, laid_out])
def test_a_second_list_of_events_is_read_and_declared(form: Any) -> None:
    # sound JSON, of which json.loads keeps the second list alone
    first = as_kineto([form(e) for e in EVENTS[:5]])
    second = as_kineto([form(e) for e in EVENTS[5:]])
    end, start = first.rindex("}"), second.index('"traceEvents"')
    found = read_bytes(f"{first[:end]}, {second[start:]}".encode())
    assert Counter(row[2] for row in found.rows.elements()) == NAMES
    assert "mixed_writers" in found.kinds
    assert not found.file.complete


def with_huge(form: Any, size: int, **event: Any) -> bytes:
    """EVENTS, of which op5 is `size` bytes longer."""
    huge = EVENTS[5] | {"args": {"stack": "y" * size}} | event
    return as_kineto([form(e) for e in [*EVENTS[:5], huge, *EVENTS[6:]]]).encode()


@pytest.mark.parametrize("form", [json.dumps, laid_out])
def test_one_huge_event_is_read_and_one_beyond_the_limit_refused(form: Any) -> None:
    found = read_bytes(with_huge(form, 6000))
    assert Counter(row[2] for row in found.rows.elements()) == NAMES
    for size in (8600, 40_000):
        with pytest.raises(UserError, match="has no end within"):
            read_bytes(with_huge(form, size))


@pytest.mark.parametrize("form", [json.dumps, laid_out])
@pytest.mark.parametrize("broken", [False, True])
def test_a_giant_costs_itself_alone(
    form: Any, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kineto, "GIANT_BYTES", 3000)
    text = with_huge(form, 6000)
    text = text.replace(b'"yy', b'"y"y', 1) if broken else text
    found = read_bytes(text)
    assert Counter(row[2] for row in found.rows.elements()) == NAMES - Counter(["op5"])
    assert found.kinds == {"unreadable_event"}
    assert found.file.skipped == 1
    fault = found.file.faults["unreadable_event"]
    assert text[fault.offset :].lstrip()[:1] == b"{"
    assert '"op5"' in fault.example
    assert found.file.complete


@pytest.mark.parametrize("form", ["kineto", "one_line", "list"])
def test_a_wrong_comma_costs_nothing(form: str) -> None:
    texts = [laid_out(e) if form == "kineto" else json.dumps(e) for e in EVENTS]
    texts[7] = texts[7].replace('"Ev Idx": 7', '"Ev Idx": 7,')
    texts[9] = texts[9].replace('"Ev Idx": 9', '"stack": [1, 2,], "bw": NaN,')
    # nor does one that lacks
    texts[11:13] = [f"{texts[11]} {texts[12]}"]
    texts[-1] += ","
    line = f"[{','.join(texts)}]"
    text = {"kineto": as_kineto(texts), "list": line}.get(form, f'{{"traceEvents": {line}}}')
    found = read_bytes(text.encode())
    assert Counter(row[2] for row in found.rows.elements()) == NAMES
    assert found.file.complete
    assert found.kinds == {"not_a_number"}
