"""Turn the text of events into rows with typed columns, using the C library's scan.

The rows of several texts stay in the scan's buffers until those are full, because to write a few rows takes
as long as to write thousands.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from genscope.analyze.native.arrays import take
from genscope.analyze.readers.kineto import scan
from genscope.analyze.readers.kineto.columns import KINDS, NUMBERS, TEXTS, keys
from genscope.analyze.readers.kineto.plain_parquet import Column
from genscope.analyze.readers.kineto.texts import (
    GROUP_BITS,
    KnownTexts,
    NotEventsError,
    TextNumbers,
)
from genscope.analyze.readers.kineto.window import Chunk

_ODD = 1024
# so few rows are not worth a row group for each category
_FEW = 1 << 12
# don't collect many arguments of several megabytes
_MOST_ARGUMENTS = 16 << 20
_BITS = {name: 1 << place for place, name in enumerate(KINDS)}


@dataclass
class Events:
    """What is known of the events of a text besides their rows.

    `unread` counts events that were not loaded, by kind; `arguments` counts those without a column, by
    name. `odd` are the positions and texts of values that aren't JSON.
    """

    unread: Counter[str] = field(default_factory=Counter)
    arguments: Counter[str] = field(default_factory=Counter)
    odd: list[tuple[int, str]] = field(default_factory=list)


class Rows(NamedTuple):
    """Some rows: the ids of their sets of texts, and the other columns of event_columns().

    The ids are those of one group of categories each, so that who reads one category can skip the others,
    unless the rows are few.
    """

    ids: scan.Codes
    columns: list[Column | None]


class Output(Protocol):
    """Where rows go, and tables with text_schema of sets of texts that no earlier table holds."""

    def write_rows(self, rows: Rows) -> None: ...
    def write_texts(self, table: pa.Table) -> None: ...


@dataclass
class Kept:
    """An output that keeps everything."""

    rows: list[Rows] = field(default_factory=list)
    texts: list[pa.Table] = field(default_factory=list)

    def write_rows(self, rows: Rows) -> None:
        self.rows.append(rows)

    def write_texts(self, table: pa.Table) -> None:
        self.texts.append(table)

    def give(self, output: Output) -> None:
        """Write everything to another output."""
        for table in self.texts:
            output.write_texts(table)
        for rows in self.rows:
            output.write_rows(rows)


class EventScanner:
    """Reads texts with its own buffers, and writes rows to `output`; one per thread.

    `keep` may hold 'python' and 'flow', to load events that are otherwise only counted, and 'args'.
    The threads share `numbers`. Call `flush` at the end.
    """

    def __init__(self, keep: frozenset[str], numbers: TextNumbers, output: Output) -> None:
        self._output = output
        self._known = KnownTexts(numbers)
        self._left_out = scan.FRAME * ("python" not in keep) | scan.ARROW * ("flow" not in keep)
        self._keeps_arguments = "args" in keep
        self._scan = scan.Scan(
            keys(),
            text_columns=len(TEXTS),
            number_columns=len(NUMBERS),
            # NaN can't go into a JSON column, so send such chunks to the slow path
            odd=0 if self._keeps_arguments else _ODD,
        )
        # rows and sets of texts that earlier texts left in the buffers
        self._rows = self._sets = 0
        # ids of the first rows: the others have numbers of sets, which change when the scan forgets
        self._ids = np.zeros(scan.MAX_ROWS, np.int32)
        self._settled = 0
        self._arguments: dict[int, bytes] = {}
        self._knows_nothing = True

    def read(self, chunk: Chunk) -> Events:
        """Read comma-separated events. Raises NotEventsError, without a row, if the text is something else."""
        if not self._scan.fits(chunk.size):
            self._settle(self._output, self._rows, self._sets)
            self._scan.make_room(chunk.size)
            self._forget()
        prove_utf8(chunk)
        knew_nothing = self._knows_nothing
        later = Kept()
        try:
            found = self._read(chunk, later)
        except NotEventsError:
            # what the scan learned from this text may be wrong
            self._settle(self._output, self._rows, self._sets)
            self._scan.out.tally[scan.ROWS] = self._settled = self._rows
            self._forget()
            if knew_nothing:
                raise
            # there may have been too little room left for the texts of a long event
            return self.read(chunk)
        later.give(self._output)
        self._rows, self._sets = self._held()
        if sum(map(len, self._arguments.values())) > _MOST_ARGUMENTS:
            self.flush()
        return found

    def flush(self) -> None:
        """Write the rows of the texts that were read."""
        self._settle(self._output, self._rows, self._sets)
        self._write(self._output, 0, self._rows)
        self._empty()

    def _read(self, chunk: Chunk, later: Kept) -> Events:
        """Read events; `later` gets what is to be written once the whole chunk is read."""
        text = np.frombuffer(chunk.buffer, np.uint8)
        found = Events()
        at, end = chunk.bounds()
        status = scan.FULL
        while status != scan.DONE:
            first = self._held()[0]
            at, status = self._scan.run(text, at, end, self._left_out)
            if status == scan.FAULTY:
                raise NotEventsError
            self._collect(found, text, first)
            self._knows_nothing = False
            if status == scan.DONE:
                break
            self._settle(self._output, self._rows, self._sets)
            self._settle(later, *self._held())
            if status == scan.CROWDED:
                self._forget()
            else:
                self._write(self._output, 0, self._rows)
                self._write(later, self._rows, self._settled)
                self._empty()
        return found

    def _held(self) -> tuple[int, int]:
        """Rows and sets of texts in the buffers."""
        return int(self._scan.out.tally[scan.ROWS]), int(self._scan.seen.used[scan.SETS])

    def _settle(self, output: Output, end: int, sets: int) -> None:
        """Give the rows before `end` their ids, and write the sets of texts before `sets`."""
        table = self._known.table(self._scan.seen, sets)
        if table is not None:
            output.write_texts(table)
        first, self._settled = self._settled, max(self._settled, end)
        self._ids[first:end] = take(self._known.ids, self._scan.out.texts[first:end])

    def _empty(self) -> None:
        self._rows = self._settled = self._scan.out.tally[scan.ROWS] = 0
        self._arguments.clear()

    def _forget(self) -> None:
        """Start again with nothing learned."""
        self._scan.forget()
        self._known.forget()
        self._sets = 0
        self._knows_nothing = True

    def _collect(self, found: Events, text: scan.Bytes, first: int) -> None:
        """Take what a scan leaves behind besides rows, of which `first` is its first."""
        out, seen = self._scan.out, self._scan.seen
        tally = out.tally
        found.unread.update(python=int(tally[scan.FRAMES]), flow=int(tally[scan.ARROWS]))
        found.odd += [(at, _word(text, at)) for at in out.odd[: tally[scan.ODD]].tolist()]
        self._known.learn(seen)
        for name, count in self._known.argument_names(seen):
            found.arguments[name] += count
        sets = out.texts[first : tally[scan.ROWS]]
        kept = take(self._known.has_arguments, sets) | self._keeps_arguments
        rows = np.flatnonzero(kept) + first
        spans = zip(rows.tolist(), out.arguments[rows].tolist(), strict=True)
        self._arguments |= {row: text[i:end].tobytes() for row, (i, end) in spans if end}

    def _write(self, output: Output, first: int, end: int) -> None:
        """Write some rows, group by group."""
        if first == end:
            return
        ids = self._ids[first:end]
        rows = np.argsort((ids >> GROUP_BITS).astype(np.uint8), kind="stable") + first
        ids = take(self._ids, rows)
        ends = np.flatnonzero(np.diff(ids >> GROUP_BITS)).tolist() if len(ids) > _FEW else []
        for start, stop in pairwise([0, *(at + 1 for at in ends), len(ids)]):
            part = rows[start:stop]
            columns = [*self._numbers_of(part), self._arguments_of(part)]
            output.write_rows(Rows(ids[start:stop], columns))

    def _numbers_of(self, rows: scan.Ints) -> Iterator[Column | None]:
        filled = take(self._scan.out.filled, rows)
        in_some, in_all = (int(how.reduce(filled)) for how in (np.bitwise_or, np.bitwise_and))
        for name, values in zip(NUMBERS, self._scan.out.numbers, strict=True):
            bit = _BITS[name]
            if in_all & bit:
                yield Column(take(values, rows))
            elif in_some & bit:
                present = filled & np.uint64(bit) != 0
                yield Column(take(values, rows[present]), present)
            else:
                yield None

    def _arguments_of(self, rows: scan.Ints) -> Column | None:
        texts = map(self._arguments.get, rows.tolist()) if self._arguments else ()
        return Column.of([*texts])


def _word(text: scan.Bytes, start: int) -> str:
    end = start + 1
    while chr(text[end]).isalpha():
        end += 1
    return text[start:end].tobytes().decode()


def prove_utf8(chunk: Chunk) -> None:
    """Raises NotEventsError if the text is not UTF-8."""
    text = np.frombuffer(chunk.buffer, np.uint8, chunk.size)
    if text.max(initial=0) < 0x80:
        return
    try:
        str(memoryview(chunk.buffer)[: chunk.size], "utf-8")
    except UnicodeDecodeError as error:
        raise NotEventsError from error
