"""Turn the text of events into Arrow tables with typed columns, using the C library's scan.

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
    CATEGORIES,
    COUNTED,
    KINDS,
    NUMBERS,
    TEXTS,
    column_name,
    event_schema,
    keys,
    text_schema,
)
from genscope.errors import UserError

_ODD = 1024
_BITS = {name: 1 << place for place, name in enumerate(KINDS)}
_COUNTED = {(TEXTS.index(name), text) for name, text in COUNTED}
_CATEGORY = TEXTS.index("cat")
# ids of sets of texts of one category are in a range of their own; the last one is for the others
_GROUPS = {text: group for group, text in enumerate(CATEGORIES)}
GROUP_BITS = 27
_MAX_NUMBER = 1 << GROUP_BITS


class NotEventsError(Exception):
    """The text is not JSON, or a value doesn't have its column's type."""


@dataclass
class Events:
    """The events in a piece of text and their texts.

    `tables` have event_schema, one for each group of categories, see group_of; `texts` have text_schema
    and hold new sets of texts only. `unread` counts events that were not loaded, by kind; `arguments`
    counts those without a column, by name.
    `odd` are the positions and texts of values that aren't JSON.
    """

    tables: list[pa.Table] = field(default_factory=list)
    texts: list[pa.Table] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    arguments: Counter[str] = field(default_factory=Counter)
    odd: list[tuple[int, str]] = field(default_factory=list)


class TextNumbers:
    """Unique numbers for sets of texts, shared by all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0

    def take(self, count: int) -> int:
        """Reserve `count` numbers and return the first. Raises UserError if there are none left."""
        with self._lock:
            self._next += count
            if self._next > _MAX_NUMBER:
                raise UserError(
                    f"the events have more than {_MAX_NUMBER:,} different sets of texts, which no "
                    "profiler writes; record the trace again"
                )
            return self._next - count


def group_of(table: pa.Table) -> int:
    """The group of the first event of a table: events of one group have ids of texts in one range."""
    first: int = table.column(0)[0].as_py()
    return first >> GROUP_BITS


class EventScanner:
    """Reads text into tables with its own buffers; one per thread.

    `keep` may hold 'python' and 'flow', to load events that are otherwise only counted, and 'args'.
    The threads share `numbers`.
    """

    def __init__(self, keep: frozenset[str], numbers: TextNumbers) -> None:
        self._numbers = numbers
        self._ids = np.zeros(scan.MAX_SETS, np.int32)
        self._groups = np.zeros(scan.MAX_TEXTS, np.int32)
        self._left_out = scan.FRAME * ("python" not in keep) | scan.ARROW * ("flow" not in keep)
        self._keeps_arguments = "args" in keep
        self._scan = scan.Scan(
            keys(),
            text_columns=len(TEXTS),
            number_columns=len(NUMBERS),
            # NaN can't go into a JSON column, so send such chunks to the slow path
            odd=0 if self._keeps_arguments else _ODD,
        )
        self._forget()

    def read(self, text: bytes, start: int = 0, end: int | None = None) -> Events:
        """Read comma-separated events. Raises NotEventsError if the text is something else."""
        if not text.isascii():
            prove_utf8(text)
        size = (len(text) if end is None else end) - start
        if self._scan.take(text, start, size):
            self._forget()
        knew_nothing = self._knows_nothing
        try:
            return self._read(size)
        except NotEventsError:
            # what the scan learned from this text may be wrong
            self._forget()
            if knew_nothing:
                raise
        # retry once: there may have been too little room left for the texts of a long event
        return self.read(text, start, end)

    def _read(self, size: int) -> Events:
        found = Events()
        at, status = 0, scan.FULL
        self._scan.seen.uses[:] = 0
        while status in (scan.FULL, scan.CROWDED):
            at, status = self._scan.run(at, size, self._left_out)
            if status == scan.FAULTY:
                raise NotEventsError
            self._collect(found)
            self._knows_nothing = False
            if status == scan.CROWDED:
                self._forget()
        return found

    def _forget(self) -> None:
        """Start again with nothing learned."""
        self._scan.forget()
        self._knows_nothing = True
        self._texts: list[list[bytes]] = [[] for _ in self._scan.seen.counts]
        self._counted: list[int] = []
        self._decoded = self._told = 0

    def _collect(self, found: Events) -> None:
        out, seen = self._scan.out, self._scan.seen
        tally, entries = out.tally, seen.used[scan.ENTRIES]
        found.unread.update(python=int(tally[scan.FRAMES]), flow=int(tally[scan.ARROWS]))
        found.odd += [(at, self._word(at)) for at in out.odd[: tally[scan.ODD]].tolist()]
        self._decode()
        names = seen.entries[:entries, scan.COLUMN] == len(TEXTS)
        uses = seen.uses[:entries][names].tolist()
        named = zip(map(bytes.decode, self._texts[len(TEXTS)]), uses, strict=True)
        for name, used in named:
            if used:
                found.arguments[name] += used
        seen.uses[:entries] = 0
        if rows := int(tally[scan.ROWS]):
            found.texts += self._new_texts()
            found.tables += self._tables(rows)

    def _decode(self) -> None:
        """Decode the new distinct texts. Raises NotEventsError."""
        seen = self._scan.seen
        end = int(seen.used[scan.ENTRIES])
        first = self._decoded
        for entry, row in enumerate(seen.entries[first:end].tolist(), first):
            column, start, size, _, _ = row
            text = decoded(seen.letters[start : start + size].tobytes())
            self._texts[column].append(text)
            if column == _CATEGORY:
                self._groups[entry] = _GROUPS.get(text, len(_GROUPS))
            if (column, text) in _COUNTED:
                self._counted.append(entry)
        self._decoded = end

    def _word(self, start: int) -> str:
        end = start + 1
        while chr(self._scan.text[end]).isalpha():
            end += 1
        return self._scan.text[start:end].tobytes().decode()

    def _arguments(self, rows: slice | scan.Ints) -> pa.Array:
        spans = self._scan.out.arguments[rows]
        if not self._keeps_arguments and not self._counted:
            return _nulls(ARGUMENTS_FIELD.type).slice(0, len(spans))
        if not self._keeps_arguments:
            sets = self._scan.seen.sets[: self._scan.seen.used[scan.SETS]]
            counted = np.isin(sets, self._counted).max(axis=1, keepdims=True)
            spans = spans * counted[self._scan.out.texts[rows]]
        text = self._scan.text
        return arrow_column.texts(
            [text[i:end].tobytes() if end else None for i, end in spans.tolist()]
        )

    def _new_texts(self) -> list[pa.Table]:
        """The sets of texts that no earlier table holds."""
        first, self._told = self._told, int(self._scan.seen.used[scan.SETS])
        if first == self._told:
            return []
        sets = self._scan.seen.sets[first : self._told]
        ids = self._ids[first : self._told]
        categories = sets[:, _CATEGORY]
        groups = np.where(categories < 0, len(_GROUPS), self._groups[categories])
        ids[:] = (groups << GROUP_BITS) + self._numbers.take(len(ids)) + np.arange(len(ids))
        columns = [arrow_column.numbers(ids)]
        for entries, texts in zip(sets.T, self._texts, strict=False):
            absent = entries < 0
            codes = self._scan.seen.entries[np.where(absent, 0, entries), scan.CODE]
            used, places = np.unique(np.where(absent, 0, codes), return_inverse=True)
            distinct = arrow_column.texts([texts[code] for code in used] if texts else [b""])
            codes = arrow_column.numbers(places.astype(np.int32), absent if absent.any() else None)
            columns.append(pa.DictionaryArray.from_arrays(codes, distinct))
        return [pa.Table.from_arrays(columns, schema=text_schema())]

    def _tables(self, count: int) -> list[pa.Table]:
        """The events, group by group, so that who reads one category can skip the others."""
        ids = self._ids[self._scan.out.texts[:count]]
        groups = ids >> GROUP_BITS
        found = np.flatnonzero(np.bincount(groups)).tolist()
        if len(found) == 1:
            return [self._table(ids, slice(0, count))]
        rows = (np.flatnonzero(groups == group) for group in found)
        return [self._table(ids, chosen) for chosen in rows]

    def _table(self, ids: scan.Codes, rows: slice | scan.Ints) -> pa.Table:
        filled = self._scan.out.filled[rows]
        present = int(np.bitwise_or.reduce(filled))
        always = int(np.bitwise_and.reduce(filled))
        columns = [arrow_column.numbers(ids[rows])]
        for name, values in zip(NUMBERS, self._scan.out.numbers, strict=True):
            kind, bit = event_schema().field(column_name(name)).type, _BITS[name]
            if not present & bit:
                columns.append(_nulls(kind).slice(0, len(filled)))
                continue
            absent = None if always & bit else filled & np.uint64(bit) == 0
            chosen = values[rows]
            if pa.types.is_unsigned_integer(kind):
                chosen = chosen.view(np.uint64)
            columns.append(arrow_column.numbers(chosen, absent))
        columns.append(self._arguments(rows))
        return pa.Table.from_arrays(columns, schema=event_schema())


@cache
def _nulls(kind: pa.DataType) -> pa.Array:
    return pa.nulls(scan.MAX_ROWS, kind)


def prove_utf8(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise NotEventsError from error


def decoded(raw: bytes) -> bytes:
    """The text of a string, the compact JSON of a list or object, or anything else as spelled."""
    try:
        if raw[0] == ord('"'):
            return msgspec.json.decode(raw, type=str).encode() if b"\\" in raw else raw[1:-1]
        return msgspec.json.format(raw, indent=-1) if raw[0] in b"[{" else raw
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotEventsError from error
