"""Turn the text of events into Arrow tables with typed columns, using the compiled scan.

Each distinct text is decoded once per table, so escapes, lists and their validation cost very little.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

import msgspec
import numpy as np
import pyarrow as pa

from genscope.analyze.readers import arrow_column
from genscope.analyze.readers.kineto import scan
from genscope.analyze.readers.kineto.columns import (
    ARGUMENTS_FIELD,
    KINDS,
    NUMBERS,
    TEXTS,
    column_name,
    event_schema,
    keys,
    text_schema,
)

_ROWS = 1 << 14
_TEXTS = 1 << 15
_SETS = 1 << 15
_GAPS = 1 << 12
_GUESSES = 1 << 14
_ODD = 1024
_BITS = {name: 1 << place for place, name in enumerate(KINDS)}
# the scan reads this far past the end of the text
_PADDING = 64


class NotEventsError(Exception):
    """The text is not JSON, or a value doesn't have its column's type."""


@dataclass
class Events:
    """The events in a piece of text and their texts.

    `tables` have event_schema; `texts` have text_schema and hold new sets of texts only. `unread`
    counts events that were not loaded, by kind; `arguments` counts those without a column, by name.
    `odd` are the positions and texts of values that aren't JSON.
    """

    tables: list[pa.Table] = field(default_factory=list)
    texts: list[pa.Table] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    arguments: Counter[str] = field(default_factory=Counter)
    odd: list[tuple[int, str]] = field(default_factory=list)


class TextNumbers:
    """Unique ids for sets of texts, shared by all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0

    def take(self, count: int) -> int:
        """Reserve `count` numbers and return the first."""
        with self._lock:
            self._next += count
            return self._next - count


class EventScanner:
    """Reads text into tables with its own buffers; one per thread.

    `keep` may hold 'python' and 'flow', to load events that are otherwise only counted, and 'args'.
    The threads share `numbers`.
    """

    def __init__(self, keep: frozenset[str], numbers: TextNumbers) -> None:
        self._numbers = numbers
        self._ids = np.zeros(_SETS, np.int32)
        self._left_out = scan.FRAME * ("python" not in keep) | scan.ARROW * ("flow" not in keep)
        self._keeps_arguments = "args" in keep
        # NaN can't go into a JSON column, so send such chunks to the slow path
        self._out = _new_out(odd=0 if self._keeps_arguments else _ODD)
        self._text = np.zeros(_PADDING, np.uint8)
        self._seen = _new_seen()
        self._forget()

    def read(self, text: bytes, start: int = 0, end: int | None = None) -> Events:
        """Read comma-separated events. Raises NotEventsError if the text is something else."""
        if not text.isascii():
            _prove_utf8(text)
        size = (len(text) if end is None else end) - start
        words = self._take(text, start, size)
        knew_nothing = self._knows_nothing
        try:
            return self._scan(words, size)
        except NotEventsError:
            # what the scan learned from this text may be wrong
            self._forget()
            if knew_nothing:
                raise
        # retry once: there may have been too little room left for the texts of a long event
        return self.read(text, start, end)

    def _scan(self, words: scan.Words, size: int) -> Events:
        found = Events()
        at, status = 0, scan.FULL
        self._out.tally[:] = 0
        self._seen.uses[:] = 0
        while status == scan.FULL:
            span = (at, size)
            at, status = scan.scan(
                self._text, words, span, keys(), self._seen, self._out, self._left_out
            )
            if status == scan.FAULTY:
                raise NotEventsError
            self._collect(found)
            self._out.tally[:] = 0
            self._knows_nothing = False
            if not scan.has_room.py_func(self._seen):
                self._forget()
        return found

    def _take(self, text: bytes, start: int, length: int) -> scan.Words:
        size = length + _PADDING
        if self._text.size < size:
            self._text = np.zeros(size + (size >> 3), np.uint8)
            self._seen = _new_seen(letters=self._text.size)
            self._forget()
        self._text[:length] = np.frombuffer(text, np.uint8, length, start)
        self._text[length:size] = 0
        return _words(self._text)

    def _forget(self) -> None:
        """Start again with nothing learned."""
        self._knows_nothing = True
        for filled, unused in (
            (self._seen.used, 0),
            (self._seen.counts, 0),
            (self._seen.slots, -1),
            (self._seen.set_slots, -1),
            (self._seen.gap_slots, -1),
            (self._seen.follows, -1),
            (self._seen.guesses, -1),
        ):
            filled[:] = unused
        # gap 0 is the one before all others
        self._seen.used[scan.GAPS] = 1
        self._texts: list[list[bytes]] = [[] for _ in self._seen.counts]
        self._decoded = self._told = 0

    def _collect(self, found: Events) -> None:
        tally, entries = self._out.tally, self._seen.used[scan.ENTRIES]
        found.unread.update(python=int(tally[scan.FRAMES]), flow=int(tally[scan.ARROWS]))
        found.odd += [(at, self._word(at)) for at in self._out.odd[: tally[scan.ODD]].tolist()]
        self._decode()
        names = self._seen.entries[:entries, scan.COLUMN] == len(TEXTS)
        uses = self._seen.uses[:entries][names].tolist()
        named = zip(map(bytes.decode, self._texts[len(TEXTS)]), uses, strict=True)
        for name, used in named:
            if used:
                found.arguments[name] += used
        self._seen.uses[:entries] = 0
        if rows := int(tally[scan.ROWS]):
            found.texts += self._new_texts()
            found.tables.append(self._table(rows))

    def _decode(self) -> None:
        """Decode the new distinct texts. Raises NotEventsError."""
        end = int(self._seen.used[scan.ENTRIES])
        letters = self._seen.letters
        for column, start, size, _, _ in self._seen.entries[self._decoded : end].tolist():
            self._texts[column].append(_decoded(letters[start : start + size].tobytes()))
        self._decoded = end

    def _word(self, start: int) -> str:
        end = start + 1
        while chr(self._text[end]).isalpha():
            end += 1
        return self._text[start:end].tobytes().decode()

    def _arguments(self, rows: int) -> pa.Array:
        if not self._keeps_arguments:
            return _nulls(ARGUMENTS_FIELD.type).slice(0, rows)
        spans = self._out.arguments[:rows].tolist()
        text = self._text
        return arrow_column.texts([text[i:end].tobytes() if end else None for i, end in spans])

    def _new_texts(self) -> list[pa.Table]:
        """The sets of texts that no earlier table holds."""
        first, self._told = self._told, int(self._seen.used[scan.SETS])
        if first == self._told:
            return []
        sets = self._seen.sets[first : self._told]
        ids = self._ids[first : self._told]
        ids[:] = self._numbers.take(len(ids)) + np.arange(len(ids))
        columns = [arrow_column.numbers(ids)]
        for entries, texts in zip(sets.T, self._texts, strict=False):
            absent = entries < 0
            codes = self._seen.entries[np.where(absent, 0, entries), scan.CODE]
            used, places = np.unique(np.where(absent, 0, codes), return_inverse=True)
            distinct = arrow_column.texts([texts[code] for code in used] if texts else [b""])
            codes = arrow_column.numbers(places.astype(np.int32), absent if absent.any() else None)
            columns.append(pa.DictionaryArray.from_arrays(codes, distinct))
        return [pa.Table.from_arrays(columns, schema=text_schema())]

    def _table(self, rows: int) -> pa.Table:
        filled = self._out.filled[:rows]
        present = int(np.bitwise_or.reduce(filled))
        always = int(np.bitwise_and.reduce(filled))
        columns = [arrow_column.numbers(self._ids[self._out.texts[:rows]])]
        for name, values in zip(NUMBERS, self._out.numbers, strict=True):
            kind, bit = event_schema().field(column_name(name)).type, _BITS[name]
            if not present & bit:
                columns.append(_nulls(kind).slice(0, rows))
                continue
            absent = None if always & bit else filled & np.uint64(bit) == 0
            unsigned = pa.types.is_unsigned_integer(kind)
            column = values[:rows].view(np.uint64) if unsigned else values[:rows]
            columns.append(arrow_column.numbers(column, absent))
        columns.append(self._arguments(rows))
        return pa.Table.from_arrays(columns, schema=event_schema())


@cache
def _nulls(kind: pa.DataType) -> pa.Array:
    return pa.nulls(_ROWS, kind)


def _new_out(*, odd: int) -> scan.Out:
    return scan.Out(
        numbers=np.zeros((len(NUMBERS), _ROWS), np.int64),
        texts=np.zeros(_ROWS, np.int32),
        filled=np.zeros(_ROWS, np.uint64),
        odd=np.zeros(odd, np.int64),
        arguments=np.zeros((_ROWS, 2), np.int64),
        tally=np.zeros(4, np.int64),
    )


def _new_seen(*, letters: int = 0) -> scan.Seen:
    kept = np.zeros(letters + 2 * scan.LETTER_ROOM, np.uint8)
    return scan.Seen(
        letters=kept,
        words=_words(kept),
        used=np.zeros(4, np.int64),
        entries=np.zeros((_TEXTS, 5), np.int32),
        hashes=np.zeros(_TEXTS, np.uint64),
        slots=np.zeros(2 * _TEXTS, np.int32),
        uses=np.zeros(_TEXTS, np.int64),
        # two more than columns: names of arguments without a column, and values that are only checked
        counts=np.zeros(len(TEXTS) + 2, np.int64),
        sets=np.zeros((_SETS, len(TEXTS)), np.int32),
        set_hashes=np.zeros(_SETS, np.uint64),
        set_slots=np.zeros(2 * _SETS, np.int32),
        own=np.zeros(len(TEXTS), np.int32),
        gaps=np.zeros((_GAPS, 8), np.int32),
        gap_hashes=np.zeros(_GAPS, np.uint64),
        gap_slots=np.zeros(2 * _GAPS, np.int32),
        follows=np.zeros(_GUESSES, np.int32),
        guesses=np.zeros(_GUESSES, np.int32),
    )


def _words(letters: scan.Bytes) -> scan.Words:
    """A view of the 8 bytes from each index as one word."""
    return np.lib.stride_tricks.as_strided(letters[:8].view(np.uint64), (letters.size - 8,), (1,))


def _prove_utf8(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise NotEventsError from error


def _decoded(raw: bytes) -> bytes:
    """The text of a string, the compact JSON of a list or object, or anything else as spelled."""
    try:
        if raw[0] == ord('"'):
            return msgspec.json.decode(raw, type=str).encode() if b"\\" in raw else raw[1:-1]
        return msgspec.json.format(raw, indent=-1) if raw[0] in b"[{" else raw
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotEventsError from error
