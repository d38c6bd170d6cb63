"""Generated traces, in every formatting and with every fault, against a slow reader.

Either the rows are equal, or what is missing has been declared. The number of examples is small
here; GENSCOPE_FUZZ multiplies it.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from genscope.analyze.readers.kineto import (
    chunk as kineto_chunk,
)
from genscope.analyze.readers.kineto import source as kineto_source
from genscope.analyze.readers.kineto import split as kineto_split
from tests.effort import EFFORT
from tests.readers.raw_events import read_bytes
from tests.readers.slow_reader import read_events, row_of

QUICK = settings(
    max_examples=15 * EFFORT,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking could take minutes
    database=None,
    derandomize=EFFORT == 1,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NASTY = [
    "},\n  {",
    '"}],[{"ph":"X"},',
    "a\\b",
    'say "hi"',
    "é\u2028\U0001f600",
    "\x01\n\t",
    "]}",
    "",
]
TEXT = st.one_of(st.sampled_from(NASTY), st.text(alphabet='ab{}[],":\\ \n', max_size=12))
IDS = st.integers(0, 2**63 - 1)


@st.composite
def times(draw: st.DrawFn) -> str:
    """A time as text, in every form that was seen: PyTorch's, absolute, fine, a string, 1e5."""
    whole = draw(st.sampled_from([0, 7, 999, 10**9, 2**40, 2**43 - 1, 2**43, 2**50, 10**15]))
    whole += draw(st.integers(0, 10**6))
    digits = draw(st.integers(0, 6))
    text = str(whole)
    if digits:
        text += "." + str(draw(st.integers(0, 10**digits - 1))).zfill(digits)
    form = draw(st.sampled_from(["plain"] * 6 + ["string", "exponent", "negative"]))
    if form == "string":
        return f'"{text}"'
    if form == "exponent":
        return f"{whole % 10**9}.5e{digits}"
    return f"-{text}" if form == "negative" else text


def _time(text: str) -> str:
    """A mark that `dumps` turns into a number with exactly this spelling."""
    return text.strip('"') if text.startswith('"') else f"@{text}@"


def dumps(value: Any, **options: Any) -> str:
    """json.dumps, but for numbers spelled as `times` drew them."""
    return re.sub(r'"@([^"@]*)@"', r"\1", json.dumps(value, **options))


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["cpu_op", "kernel", "Kernel", "flow", "memory", "python", "M"]))
    place = {"pid": draw(st.sampled_from([1, "Spans", "", 0])), "tid": draw(st.integers(0, 3))}
    name = draw(TEXT)
    ts = {"ts": _time(draw(times()))}
    if kind == "flow":
        return {"ph": "f", "id": 3, **place, **ts, "cat": "ac2g", "name": "ac2g", "bp": "e"}
    if kind == "M":
        return {"name": "process_name", "ph": "M", **place, "args": {"name": name}}
    if kind == "memory":
        args: dict[str, Any] = {"Bytes": draw(IDS), "Device Id": -1, "Addr": 2**64 - 1}
        return {"ph": "i", "name": "[memory]", **place, **ts, "args": args}
    args = {"External id": draw(IDS), "extra": [{"ph": "X", "name": draw(TEXT)}, {"cat": [[]]}]}
    if kind == "kernel":
        args |= {"correlation": draw(st.integers(-1, 2**40)), "grid": [1, 2, 3]}
    elif kind == "Kernel":
        args = {"external id": draw(IDS), "Input dims": [[2, 3], []]}
    elif kind == "python":
        args = {"Python id": 1, "Python parent id": None}
    cat = {"python": "python_function"}.get(kind, kind)
    dur = {"dur": _time(draw(times()))}
    return {"ph": "X", "cat": cat, "name": name, **place, **ts, **dur, "args": args}


def as_kineto(texts: list[str]) -> str:
    """The text of events laid out as libkineto does."""
    laid_out = (
        f"{{\n    {t[1:-1]}\n  }}" if t[-1:] == "}" else f"{t[:1]}\n    {t[1:]}" for t in texts
    )
    return "\n  " + ",\n  ".join(laid_out) + "\n  "


FORMATS: dict[str, Callable[[list[str]], str]] = {
    "kineto": lambda texts: (
        f'{{\n  "schemaVersion": 1,\n  "traceEvents": [{as_kineto(texts)}],\n  "traceName": "a]}}"\n}}'
    ),
    "one_line": lambda texts: f'{{"traceEvents":[{",".join(texts)}]}}',
    "default": lambda texts: (
        f'{{"x": "\\"traceEvents\\": [", "traceEvents": [{", ".join(texts)}], "baseTimeNanoseconds": 5}}'
    ),
    "list": lambda texts: f"[{', '.join(texts)}]",
    "list_lines": lambda texts: f"[{as_kineto(texts)}]\n",
    "crlf": lambda texts: '{"traceEvents": [\r\n' + ",\r\n".join(texts) + "\r\n]\r\n}\r\n",
    "bom": lambda texts: (
        "\ufeff" + f'{{"traceEvents" : [ {" , ".join(texts)} ] , "tail": [{{}}, {{}}] }}'
    ),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "members": lambda data: (
        gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])
    ),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and chunks of a few bytes, so that cuts fall everywhere."""
    monkeypatch.setattr(kineto_source, "BLOCK_BYTES", 61)
    monkeypatch.setattr(kineto_split.Splitter, "chunk_bytes", 300)
    monkeypatch.setattr(kineto_chunk, "_FEW", 1)


@QUICK
@given(
    st.lists(events(), min_size=1, max_size=25),
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from(sorted(PACKED)),
)
def test_a_sound_trace_gives_the_same_rows(
    trace: list[dict[str, Any]], form: str, packed: str
) -> None:
    text = FORMATS[form]([dumps(event) for event in trace])
    found = read_bytes(PACKED[packed](text.encode()))
    assert found.rows == Counter(read_events(text.removeprefix("\ufeff")))
    assert not found.kinds
    assert found.file.complete


@QUICK
@given(st.lists(events(), min_size=1, max_size=12), st.sampled_from([None, 1, 2, 4, "\t"]))
def test_any_indent_gives_the_same_rows(
    trace: list[dict[str, Any]], indent: int | str | None
) -> None:
    text = dumps({"a": [{"b": 1}, {"c": 2}], "traceEvents": trace, "z": [{}, {}]}, indent=indent)
    found = read_bytes(text.encode())
    assert found.rows == Counter(read_events(text))
    assert not found.kinds


@QUICK
@given(st.lists(events(), min_size=1, max_size=25), st.booleans())
def test_events_left_out_unread_are_counted(trace: list[dict[str, Any]], kineto: bool) -> None:
    text = FORMATS["kineto" if kineto else "one_line"]([dumps(event) for event in trace])
    found = read_bytes(text.encode(), keep=())
    assert found.event_count == len(trace)
    wanted = [event for event in trace if event.get("cat") not in ("ac2g", "python_function")]
    assert not Counter(map(row_of, _plain(wanted))) - found.rows


def _plain(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from decimal import Decimal

    return [json.loads(dumps(event), parse_float=Decimal) for event in trace]


# each takes the text of one event and breaks it; the expected kinds, one of which must be declared
FAULTS: dict[str, tuple[Callable[[str], str], set[str]]] = {
    "control": (lambda t: t.replace('"name": "', '"name": "a\x02b\nc', 1), {"control_character"}),
    "escape": (lambda t: t.replace('"name": "', '"name": "C:\\Users\\x', 1), {"bad_escape"}),
    "nan": (lambda t: t.replace('"pid"', '"bw": NaN, "pid"', 1), {"not_a_number"}),
    "minus_nan": (lambda t: t.replace('"pid"', '"bw": -nan, "pid"', 1), {"not_a_number"}),
    "infinity": (lambda t: t.replace('"pid"', '"bw": -Infinity, "pid"', 1), {"not_a_number"}),
    "inf": (lambda t: t.replace('"pid"', '"bw": inf, "pid"', 1), {"not_a_number"}),
    "n/a": (lambda t: t.replace('"pid"', '"bw": N/A, "pid"', 1), {"not_a_number"}),
    "nan_time": (lambda t: re.sub(r'"ts": [^,}]+', '"ts": NaN', t), {"not_a_number", "wrong_type"}),
    "huge": (
        lambda t: t.replace('"args": {', '"args": {"stream": 18446744073709551617, ', 1),
        {"integer_out_of_range"},
    ),
    "surrogate": (lambda t: t.replace('"name": "', '"name": "\\ud800', 1), {"lone_surrogate"}),
    "twice": (lambda t: t.replace('"pid"', '"pid": 5, "pid"', 1), {"duplicate_key"}),
    "time_text": (lambda t: re.sub(r'"ts": [^,}]+', '"ts": "soon"', t), {"wrong_type"}),
    "time_true": (lambda t: re.sub(r'"ts": [^,}]+', '"ts": true', t), {"wrong_type"}),
    "args_3": (lambda t: re.sub(r'"args": \{.*\}', '"args": 3}', t, flags=re.S), {"wrong_type"}),
    "quote": (
        lambda t: t.replace('"name": "', '"name": "f"oo', 1),
        {"unescaped_quote", "unreadable_event"},
    ),
    "brace": (lambda t: t[:-1], {"unreadable_event"}),
    "cut": (lambda t: t[: len(t) // 2], {"unreadable_event"}),
    "not_event": (lambda t: "17", {"not_an_event", "unreadable_event"}),
    "extra": (lambda t: t + "}}", {"unreadable_event"}),
}


@QUICK
@given(
    st.lists(events(), min_size=1, max_size=12),
    events().filter(lambda e: e.get("ph") == "X"),
    st.lists(events(), min_size=1, max_size=12),
    st.sampled_from(sorted(FAULTS)),
    st.sampled_from(["kineto", "default", "list"]),
)
def test_a_fault_costs_at_most_its_event(
    before: list[dict[str, Any]],
    broken: dict[str, Any],
    after: list[dict[str, Any]],
    fault: str,
    form: str,
) -> None:
    change, kinds = FAULTS[fault]
    texts = [dumps(event) for event in [*before, {**broken, "name": "plain"}, *after]]
    whole = texts[len(before)]
    texts[len(before)] = change(whole)
    found = read_bytes(FORMATS[form](texts).encode("utf-8", "surrogatepass"))
    assert not Counter(map(row_of, _plain(before + after))) - found.rows
    if texts[len(before)] != whole:
        assert found.kinds & kinds, found.kinds
    assert found.event_count <= len(texts) + 1


@QUICK
@given(
    st.lists(events(), min_size=2, max_size=20),
    st.sampled_from(sorted(FORMATS)),
    st.floats(0.05, 0.999),
    st.booleans(),
)
def test_a_cut_file_keeps_what_came_before(
    trace: list[dict[str, Any]], form: str, share: float, pack: bool
) -> None:
    from genscope.errors import UserError

    texts = [dumps(event) for event in trace]
    text = FORMATS[form](texts)
    start = text.index("[", text.index('"traceEvents"')) if form[:4] != "list" else 0
    cut = max(int(len(text) * share), start + 2)
    data = text[:cut].encode()
    try:
        found = read_bytes(gzip.compress(data) if pack else data)
    except UserError:
        assert form == "default", "its header holds a bracket that only the rest disproves"
        return
    sure, end = 0, 0
    for part in texts:
        end = text.index(part[1:-1], end) + len(part)
        sure += end + 8 < cut
    assert found.rows.total() >= sure
    if cut < len(text.rstrip()):
        assert not found.file.complete
        assert "truncated" in found.kinds
