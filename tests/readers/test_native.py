"""The C library against hostile text and wrong buffers: nothing outside a buffer is read or written.

`make sanitize` runs this with a build that checks each access.
"""

import ctypes
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from genscope.analyze import native
from genscope.analyze.load import operator_nesting
from genscope.analyze.readers.kineto import events as kineto_events
from genscope.analyze.readers.kineto import scan
from genscope.analyze.readers.kineto.columns import NUMBERS, TEXTS, keys
from genscope.analyze.readers.kineto.events import EventScanner, Kept
from genscope.analyze.readers.kineto.texts import GROUP_BITS, NotEventsError, TextNumbers
from genscope.analyze.readers.kineto.window import PADDING, Chunk
from tests.readers.kept_rows import events_of, texts_of
from tests.readers.test_kineto_mutation import CHANGES

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no C library")

NASTY = "\n".join(
    (
        r'{"ph":"X","cat":"cpu_op","name":"aten::mm","pid":1,"tid":"a\u0041\\","ts":12.345,"dur":7,',
        r'"args":{"External id":9223372036854775807,"Input Dims":[[1,2],[]],"Addr":18446744073709551615,',
        r'"k\"\ud83d\ude00":{"a":[1,"]"]},"bw":-Infinity}},',
        r'{ "ts" : "-0.0001" , "dur":1e9, "ph":"X", "args":null, "name":null,},{"args":{},"x":[]},',
        r'{"cat":"python_function","name":"nn.Module: A_0","args":{"Python id":1}},{"ph":"f","id":3}',
    )
).encode()


class _Reader:
    """A scanner, and what it wrote."""

    def __init__(self) -> None:
        self.written = Kept()
        scanner = EventScanner(frozenset({"args"}), TextNumbers(), self.written)
        self._read, self.flush = scanner.read, scanner.flush

    def read(self, text: bytes) -> Any:
        """What is known of a text besides its rows; None if it isn't events."""
        try:
            found = self._read(Chunk.of(0, text))
        except NotEventsError:
            return None
        return found.unread, found.arguments, found.odd

    def rows(self) -> list[dict[str, Any]]:
        """The rows since the last call, with their texts."""
        self.flush()
        texts = {row["text_id"]: row for row in texts_of(self.written)}
        rows = events_of(self.written)
        self.written.rows.clear()
        return [row | texts[row["text_id"]] | {"text_id": None} for row in rows]


def _read(reader: _Reader, text: bytes) -> Any:
    return reader.read(text), reader.rows()


def test_every_beginning_of_a_text() -> None:
    ends = [end for end in range(len(NASTY) + 1) if _Reader().read(NASTY[:end]) is not None]
    # nothing, and after the events or the commas and spaces that follow them
    assert 0 in ends and all(NASTY[end - 1 : end] in b"}, \n" for end in ends if end)


def test_many_rows_are_written_by_groups_of_categories_in_ranges_of_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kineto_events, "_FEW", 10)
    names = [None, "other", "kernel", "cpu_op", "unknown", "kernel"]
    events = [{"ph": "X", "name": f"{i % 9}", "cat": names[i % 6], "ts": i} for i in range(60)]
    reader = _Reader()
    reader.read(", ".join(map(json.dumps, events)).encode())
    reader.flush()
    texts = {row["text_id"]: row for row in texts_of(reader.written)}
    held = [
        {(texts[number]["cat"], number >> GROUP_BITS) for number in rows.ids.tolist()}
        for rows in reader.written.rows
    ]
    assert [sorted({name or "" for name, _ in pairs}) for pairs in held] == [
        ["cpu_op"],
        ["kernel"],
        ["", "other", "unknown"],
    ]
    assert [len({group for _, group in pairs}) for pairs in held] == [1, 1, 1]
    assert sum(len(rows.ids) for rows in reader.written.rows) == len(events)


def test_what_was_learned_changes_no_row() -> None:
    known = _Reader()
    for text in _changed(400):
        assert _read(known, text) == _read(_Reader(), text)


@pytest.mark.parametrize(("rows", "sets"), [(1 << 16, 1 << 15), (7, 1 << 15), (1 << 16, 4)])
def test_a_text_that_is_refused_costs_no_other_text_a_row(
    rows: int, sets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*_changed(400)]
    each = [_read(_Reader(), text) for text in texts]
    monkeypatch.setattr(scan, "MAX_ROWS", rows)
    monkeypatch.setattr(scan, "MAX_SETS", sets)
    together = _Reader()
    assert [together.read(text) for text in texts] == [counts for counts, _ in each]
    # rows are written in groups of categories
    wanted = Counter(repr(row) for _, listed in each for row in listed)
    assert Counter(map(repr, together.rows())) == wanted
    written = [row["text_id"] for row in texts_of(together.written)]
    assert len({*written}) == len(written)


def _changed(count: int) -> Iterator[bytes]:
    rng = random.Random(7)
    for _ in range(count):
        text = NASTY
        for _ in range(rng.choice([0, 1, 3])):
            text = rng.choice(CHANGES)(text, rng.randrange(len(text)), rng) or text
        yield text


@pytest.mark.parametrize(
    "wrong", ["text", "own", "letters", "slots", "texts", "numbers", "tally", "columns"]
)
def test_a_scan_refuses_buffers_that_do_not_fit(wrong: str) -> None:
    made = scan.Scan(keys(), text_columns=len(TEXTS), number_columns=len(NUMBERS), odd=1)
    text = np.frombuffer(Chunk.of(0, b"{}").buffer, np.uint8)
    parts = {"text": (text,), "keys": keys(), "seen": made.seen, "out": made.out}
    for name, arrays in parts.items():
        replaced = [
            array[:1].copy() if wrong in (name, field) else array
            for field, array in zip(getattr(arrays, "_fields", "t"), arrays, strict=True)
        ]
        parts[name] = tuple(replaced)
    c = {name: native.Buffers(*arrays) for name, arrays in parts.items()}
    place, library = ctypes.c_int64(0), native.library()
    assert library
    status = library.genscope_scan(
        c["text"], ctypes.byref(place), 2, c["keys"], c["seen"], c["out"], 0
    )
    assert (status, place.value) == (4, 0)


def test_a_scan_reads_nothing_after_its_end_and_leaves_it_as_it_is() -> None:
    made = scan.Scan(keys(), text_columns=len(TEXTS), number_columns=len(NUMBERS), odd=1)
    text = np.frombuffer(bytearray(b"{},{}" + b" {}" * PADDING), np.uint8)
    kept = text.copy()
    assert made.run(text, 0, 5, 0) == (5, scan.DONE)
    assert made.run(text, 0, 4, 0) == (3, scan.FAULTY)
    assert made.out.tally[scan.ROWS] == 3
    assert (text == kept).all()
    with pytest.raises(AssertionError, match="buffers"):
        made.run(text, 0, len(text) - PADDING + 1, 0)


def test_nesting_refuses_buffers_that_do_not_fit() -> None:
    sweep = operator_nesting._Sweep(4)
    operators = [np.zeros(3, kind) for kind in operator_nesting._OPERATOR.values()]
    assert sweep.open(operators) == 3
    with pytest.raises(AssertionError, match="buffers"):
        sweep.open([*operators[:-1], operators[-1][:1]])
    sweep._state[0] = 4
    with pytest.raises(AssertionError, match="buffers"):
        sweep.close()
    with pytest.raises(ValueError, match="contiguous"):
        native.Buffers(np.zeros((4, 4))[:, 1])
