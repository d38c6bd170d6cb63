"""Single events in every form that JSON allows: keys in any order and spelling, values of any type.

Against the slow reader: equal rows, and each value that does not fit its column declared.
GENSCOPE_FUZZ multiplies the number of examples.
"""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.analyze.readers.kineto import scan as kineto_scan
from genscope.analyze.readers.kineto import split as kineto_split
from tests.readers.raw_events import read_bytes
from tests.readers.slow_reader import Row, read_oddities
from tests.readers.test_kineto_fuzz import QUICK, TEXT

DIMS = ("Input Dims", "Input dims")
KEYS = ("External id", "external id", "correlation", "stream", "grid", *DIMS)
KEYS += ("Bytes", "Addr", "other", "", "é", "a\\b", 'a"b', "ts", "name", "args", "\n")
MAYBE_UNICODE = st.one_of(TEXT, st.text(max_size=6), st.sampled_from(["nn.Module: A_0", "\x00"]))
PLAIN = st.one_of(
    st.sampled_from([0, 1, -1, 7, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**64, 10**25]),
    st.integers(-(2**66), 2**66),
)
NUMBER = st.one_of(
    PLAIN.map(str),
    st.integers(0, 99).map(lambda n: f"{n}.0"),
    st.sampled_from(["1.5", "-0", "-0.0004", "0.0004", "1e3", "1E+2", "25e-1", "1e400", "5e-324"]),
)
NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), MAYBE_UNICODE),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(MAYBE_UNICODE, inner, max_size=2)
    ),
    max_leaves=5,
)


def spelled(text: str, draw: st.DrawFn) -> str:
    """A text as JSON, some of its letters as escapes that they need not."""
    form = draw(st.sampled_from(["plain"] * 6 + ["ascii", "escaped"]))
    if form != "escaped" or not text:
        return json.dumps(text, ensure_ascii=form == "ascii")
    at = draw(st.integers(0, len(text) - 1))
    if ord(text[at]) > 0xFFFF:
        return json.dumps(text)
    first, last = json.dumps(text[:at])[:-1], json.dumps(text[at + 1 :])[1:]
    return f"{first}\\u{ord(text[at]):04X}{last}"


@st.composite
def values(draw: st.DrawFn, key: str) -> str:
    kind = draw(st.sampled_from(["usual"] * 8 + ["null", "number", "text", "nested", "true"]))
    if kind == "null":
        return "null"
    if kind == "text":
        text = draw(st.one_of(NUMBER, st.sampled_from(["", " 5", "5 ", "+5", "5.", ".5", "x"])))
        return spelled(text, draw)
    if kind == "true":
        return draw(st.sampled_from(["true", "false"]))
    is_text = key in ("ph", "cat", "name", "pid", "tid")
    if kind == "number" or (kind == "usual" and not is_text):
        # a number's spelling is part of a text: 1e3 stays 1e3
        return draw(PLAIN.map(str) if is_text or key in ("grid", *DIMS) else NUMBER)
    if kind == "nested" and not is_text:
        return json.dumps(draw(NESTED), ensure_ascii=False)
    choices: dict[str, list[str]] = {
        "ph": ["X", "X", "X", "f", "s", "i", "M"],
        "cat": ["cpu_op", "kernel", "python_function", "ac2g", "new"],
    }
    return spelled(draw(st.sampled_from(choices[key]) if key in choices else MAYBE_UNICODE), draw)


@st.composite
def objects(draw: st.DrawFn, keys: tuple[str, ...]) -> str:
    unique = draw(st.sampled_from([True] * 5 + [False]))
    names = draw(st.lists(st.sampled_from(keys), max_size=9, unique=unique))
    blank = draw(st.sampled_from(["", "", " ", "\n    ", "\t"]))
    members = []
    for name in names:
        value = draw(objects(KEYS)) if name == "args" and keys != KEYS else draw(values(name))
        members.append(f"{spelled(name, draw)}{blank}:{blank}{value}")
    return "{" + blank + f"{blank},{blank}".join(members) + blank + "}"


EVENTS = st.lists(
    objects(("ph", "cat", "name", "pid", "tid", "ts", "dur", "args", "id", "bw")),
    min_size=1,
    max_size=6,
)


@st.composite
def alike(draw: st.DrawFn) -> list[str]:
    """Events that are each but one letter off an earlier one: the scan knows most of them."""
    events: list[str] = draw(EVENTS)
    for _ in range(draw(st.integers(1, 12))):
        event = draw(st.sampled_from(events))
        at, letter = draw(st.integers(0, len(event))), draw(st.sampled_from('05 \n",:n{}[]'))
        changed = event[:at] + letter + event[at + draw(st.integers(0, 2)) :]
        events.append(changed if _is_object(changed) else event)
    return events


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


# texts, sets of them and gaps that are known at a time (where there is no room for more, all are
# forgotten), and contexts that guesses are told apart by
@pytest.fixture(autouse=True, params=[(1 << 15, 1 << 15, 1 << 12, 1 << 14), (512, 2, 512, 1)])
def small_pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kineto_split.Splitter, "chunk_bytes", 300)
    for name, size in zip(
        ("MAX_TEXTS", "MAX_SETS", "_MAX_GAPS", "_GUESSES"), request.param, strict=True
    ):
        monkeypatch.setattr(kineto_scan, name, size)


@QUICK
@given(st.one_of(EVENTS, alike()))
def test_any_json_gives_the_rows_it_spells(events: list[str]) -> None:
    text = '{"traceEvents": [' + ", ".join(events) + "]}"
    found = read_bytes(text.encode())
    wanted, kinds = Counter[Row](), set[str]()
    untimed: set[str] = set()
    for row, odd in read_oddities(text):
        if row[0] == "X" and row[5] is None:
            untimed |= odd | {"no_timestamp", "untimed_work"}
        else:
            wanted[row] += 1
            kinds |= odd
    # without a place in time an event is in no table: staging counts it, or the reader
    timed = Counter({r: n for r, n in found.rows.items() if not (r[0] == "X" and r[5] is None)})
    assert timed == wanted
    # a key that no column wants may be there twice: nothing is lost by it
    assert kinds <= found.kinds <= kinds | untimed | {"duplicate_key"}
