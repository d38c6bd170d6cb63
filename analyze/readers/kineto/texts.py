"""What the scan's numbers of texts stand for: decoded texts, and the table of sets of texts.

Each distinct text is decoded once, so escapes, lists and their validation cost very little.
"""

from threading import Lock

import msgspec
import numpy as np
import pyarrow as pa

from genscope.analyze.readers import arrow_column
from genscope.analyze.readers.kineto import scan
from genscope.analyze.readers.kineto.columns import CATEGORIES, COUNTED, TEXTS, text_schema
from genscope.errors import UserError

_COUNTED = {(TEXTS.index(name), text) for name, text in COUNTED}
_COUNTED_COLUMNS = [*{column for column, _ in _COUNTED}]
_CATEGORY = TEXTS.index("cat")
# ids of sets of texts of one category are in a range of their own; the last one is for the others
_GROUPS = {text: group for group, text in enumerate(CATEGORIES)}
GROUP_BITS = 27
_MAX_NUMBER = 1 << GROUP_BITS


class NotEventsError(Exception):
    """The text is not JSON, or a value doesn't have its column's type."""


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


class KnownTexts:
    """The texts and sets of texts in scan.Seen; for one thread.

    `ids` int32[set] are the ids of the sets that are in a table, and `has_arguments` bool[set] says whose
    events have arguments that are data, see COUNTED.
    """

    def __init__(self, numbers: TextNumbers) -> None:
        self._numbers = numbers
        self.ids = np.zeros(scan.MAX_SETS, np.int32)
        self.has_arguments = np.zeros(scan.MAX_SETS, np.bool_)
        self._groups = np.zeros(scan.MAX_TEXTS, np.int32)
        self.forget()

    def forget(self) -> None:
        """Start again, as scan.Scan.forget."""
        self._texts: list[list[bytes]] = [[] for _ in range(len(TEXTS) + 2)]
        self._counted: list[int] = []
        # entries of names of arguments without a column
        self._names: list[int] = []
        self._decoded = self._checked = self._told = 0

    def learn(self, seen: scan.Seen) -> None:
        """Decode the new distinct texts. Raises NotEventsError."""
        end = int(seen.used[scan.ENTRIES])
        first = self._decoded
        for entry, row in enumerate(seen.entries[first:end].tolist(), first):
            column, start, size, _, _ = row
            text = decoded(seen.letters[start : start + size].tobytes())
            self._texts[column].append(text)
            if column == _CATEGORY:
                self._groups[entry] = _GROUPS.get(text, len(_GROUPS))
            if column == len(TEXTS):
                self._names.append(entry)
            if (column, text) in _COUNTED:
                self._counted.append(entry)
        self._decoded = end
        first, self._checked = self._checked, int(seen.used[scan.SETS])
        if self._counted and first < self._checked:
            own = seen.sets[first : self._checked, _COUNTED_COLUMNS]
            self.has_arguments[first : self._checked] = np.isin(own, self._counted).any(axis=1)
        else:
            self.has_arguments[first : self._checked] = False

    def argument_names(self, seen: scan.Seen) -> list[tuple[str, int]]:
        """The names of arguments without a column, and how often each was used; sets that to 0."""
        uses = seen.uses[self._names].tolist()
        seen.uses[self._names] = 0
        named = zip(self._texts[len(TEXTS)], uses, strict=True)
        return [(name.decode(), count) for name, count in named if count]

    def table(self, seen: scan.Seen, end: int) -> pa.Table | None:
        """The sets of texts before `end` that no earlier table holds, if any; gives them their ids."""
        first = self._told
        if first >= end:
            return None
        self._told = end
        sets, ids = seen.sets[first:end], self.ids[first:end]
        categories = sets[:, _CATEGORY]
        groups = np.where(categories < 0, len(_GROUPS), self._groups[categories])
        ids[:] = (groups << GROUP_BITS) + self._numbers.take(len(ids)) + np.arange(len(ids))
        columns = [arrow_column.numbers(ids)]
        for entries, texts in zip(sets.T, self._texts, strict=False):
            absent = entries < 0
            codes = seen.entries[np.where(absent, 0, entries), scan.CODE]
            used, places = np.unique(np.where(absent, 0, codes), return_inverse=True)
            distinct = arrow_column.texts([texts[code] for code in used] if texts else [b""])
            codes = arrow_column.numbers(places.astype(np.int32), absent if absent.any() else None)
            columns.append(pa.DictionaryArray.from_arrays(codes, distinct))
        return pa.Table.from_arrays(columns, schema=text_schema())


def decoded(raw: bytes) -> bytes:
    """The text of a string, the compact JSON of a list or object, or anything else as spelled."""
    try:
        if raw[0] == ord('"'):
            return msgspec.json.decode(raw, type=str).encode() if b"\\" in raw else raw[1:-1]
        return msgspec.json.format(raw, indent=-1) if raw[0] in b"[{" else raw
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotEventsError from error
