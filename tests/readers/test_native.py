"""The C library against hostile text and wrong buffers: nothing outside a buffer is read or written.

`make sanitize` runs this with a build that checks each access.
"""

import ctypes
import json
import random
from typing import Any

import numpy as np
import pytest

from genscope.analyze import native
from genscope.analyze.load import operator_nesting
from genscope.analyze.readers.kineto import scan
from genscope.analyze.readers.kineto.columns import NUMBERS, TEXTS, keys
from genscope.analyze.readers.kineto.events import (
    GROUP_BITS,
    EventScanner,
    NotEventsError,
    TextNumbers,
)
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


def _read(scanner: EventScanner, text: bytes) -> Any:
    try:
        found = scanner.read(text)
    except NotEventsError:
        return None
    rows = [row for table in found.tables for row in table.to_pylist()]
    for row in rows:
        del row["text_id"]
    return rows, found.unread, found.arguments, found.odd


def _fresh() -> EventScanner:
    return EventScanner(frozenset({"args"}), TextNumbers())


def test_every_beginning_of_a_text() -> None:
    ends = [end for end in range(len(NASTY) + 1) if _read(_fresh(), NASTY[:end]) is not None]
    # nothing, and after the events or the commas and spaces that follow them
    assert 0 in ends and all(NASTY[end - 1 : end] in b"}, \n" for end in ends if end)


def test_a_table_holds_one_group_of_categories_in_a_range_of_ids() -> None:
    names = [None, "other", "kernel", "cpu_op", "unknown", "kernel"]
    events = [{"ph": "X", "name": f"{i % 9}", "cat": names[i % 6], "ts": i} for i in range(60)]
    found = _fresh().read(", ".join(map(json.dumps, events)).encode())
    texts = {row["text_id"]: row for table in found.texts for row in table.to_pylist()}
    held = [
        {(texts[row["text_id"]]["cat"], row["text_id"] >> GROUP_BITS) for row in table.to_pylist()}
        for table in found.tables
    ]
    assert [sorted({name or "" for name, _ in pairs}) for pairs in held] == [
        ["cpu_op"],
        ["kernel"],
        ["", "other", "unknown"],
    ]
    assert [len({group for _, group in pairs}) for pairs in held] == [1, 1, 1]
    assert sum(table.num_rows for table in found.tables) == len(events)


def test_what_was_learned_changes_no_row() -> None:
    rng, known = random.Random(7), _fresh()
    for _ in range(400):
        text = NASTY
        for _ in range(rng.choice([0, 1, 3])):
            text = rng.choice(CHANGES)(text, rng.randrange(len(text)), rng) or text
        assert _read(known, text) == _read(_fresh(), text)


@pytest.mark.parametrize(
    "wrong", ["text", "own", "letters", "slots", "texts", "numbers", "tally", "columns"]
)
def test_a_scan_refuses_buffers_that_do_not_fit(wrong: str) -> None:
    made = scan.Scan(keys(), text_columns=len(TEXTS), number_columns=len(NUMBERS), odd=1)
    made.take(b"{}", 0, 2)
    parts = {"text": (made.text,), "keys": keys(), "seen": made.seen, "out": made.out}
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


def test_a_scan_needs_zero_bytes_after_its_text() -> None:
    made = scan.Scan(keys(), text_columns=len(TEXTS), number_columns=len(NUMBERS), odd=1)
    made.take(b"{},{}", 0, 5)
    with pytest.raises(AssertionError, match="buffers"):
        made.run(0, 4, 0)
    assert made.run(0, 5, 0) == (5, scan.DONE)


def test_nesting_refuses_buffers_that_do_not_fit() -> None:
    sweep = operator_nesting._Sweep(4)
    operators = [np.zeros(3, kind) for kind in operator_nesting._OPERATOR.values()]
    assert sweep.open(operators)[0] == 3
    with pytest.raises(AssertionError, match="buffers"):
        sweep.open([*operators[:-1], operators[-1][:1]])
    sweep._state[0] = 4
    with pytest.raises(AssertionError, match="buffers"):
        sweep.close()
    with pytest.raises(ValueError, match="contiguous"):
        native.Buffers(np.zeros((4, 4))[:, 1])
