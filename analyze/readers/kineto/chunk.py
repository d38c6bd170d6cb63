"""Write chunks of events to two Parquet files per thread, one for numbers and one for texts.

The fast path is a strict scan, which also proves that the chunk is valid. A chunk that the scan refuses
takes the slow path, event by event.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from genscope.analyze import native
from genscope.analyze.readers.kineto.columns import TEXT_ID_FIELD, event_schema, text_schema
from genscope.analyze.readers.kineto.events import (
    Events,
    EventScanner,
    NotEventsError,
    TextNumbers,
    group_of,
)
from genscope.analyze.readers.kineto.python_scan import PythonScanner
from genscope.analyze.readers.kineto.repair_events import (
    AROUND,
    Fault,
    Piece,
    Repaired,
    example_of,
    repair_events,
)
from genscope.analyze.readers.kineto.split import Chunk

# each row group's metadata takes memory in every query
_ROW_GROUP = 1 << 16
# don't collect many texts of several megabytes
_ROW_GROUP_BYTES = 16 << 20
# isolating a faulty event among so few takes longer than to check them all
_FEW = 32
_EDGE = re.compile(b"[" + AROUND + b"]*")


@dataclass
class ChunkReport:
    """Counts for one chunk: unread events, arguments without a column, repaired and lost events, faults."""

    unread: Counter[str] = field(default_factory=Counter)
    arguments: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    skipped: int = 0
    faults: Sequence[Fault] = ()


class ChunkLoader:
    """Writes chunks as row groups of events-NAME.parquet and texts-NAME.parquet; one per thread.

    `keep` may hold 'python' and 'flow', to load events that are otherwise only counted, and 'args'.
    The threads share `numbers`. Call `close` at the end.
    """

    def __init__(
        self, folder: Path, name: str, *, keep: frozenset[str], numbers: TextNumbers
    ) -> None:
        scanner = EventScanner if native.library() else PythonScanner
        self._scanner = scanner(keep, numbers)
        self._events = _Writer(folder / f"events-{name}.parquet", event_schema())
        self._texts = _Writer(folder / f"texts-{name}.parquet", text_schema())

    def load(self, chunk: Chunk, *, at_cut: bool = False) -> ChunkReport:
        """Write the chunk's events; `at_cut` says that the trace is cut off at the chunk's end."""
        # avoid copying the chunk if there is nothing to strip
        start = _EDGE.match(chunk.text).end()  # type: ignore[union-attr]
        try:
            found = self._scanner.read(
                chunk.text, start, max(len(chunk.text.rstrip(AROUND)), start)
            )
        except NotEventsError:
            return self._load_carefully(chunk, at_cut=at_cut)
        self._write(found)
        begin = chunk.offset + start
        odd = [Fault("not_a_number", begin + at, word) for at, word in found.odd]
        return ChunkReport(found.unread, found.arguments, repaired=len(odd), faults=odd)

    def close(self) -> None:
        """Finish the files."""
        self._events.close()
        self._texts.close()

    def _load_carefully(self, chunk: Chunk, *, at_cut: bool) -> ChunkReport:
        repaired = repair_events(chunk.text, chunk.offset, at_cut=at_cut, trusted=True)
        if b'"traceEvents"' in chunk.text:
            repaired.faults.append(Fault("mixed_writers", chunk.offset, ""))
        report = ChunkReport()
        for found in self._parts(repaired.pieces, repaired):
            self._write(found)
            report.unread.update(found.unread)
            report.arguments.update(found.arguments)
        report.repaired, report.skipped = repaired.repaired, repaired.skipped
        report.faults = repaired.faults
        return report

    def _parts(self, pieces: Sequence[Piece], result: Repaired) -> list[Events]:
        """Read pieces; if the scan refuses some, halve them to isolate those, and check and repair a few."""
        if not pieces:
            return []
        try:
            return [self._scanner.read(b",".join(piece.text for piece in pieces))]
        except NotEventsError:
            if len(pieces) <= _FEW and not all(piece.is_checked for piece in pieces):
                return self._parts(_checked(pieces, result), result)
            if len(pieces) == 1:
                event = pieces[0]
                lost = Fault("unreadable_event", event.offset, example_of(event.text))
                result.faults.append(lost)
                result.skipped += 1
                return []
            half = len(pieces) // 2
            return self._parts(pieces[:half], result) + self._parts(pieces[half:], result)

    def _write(self, found: Events) -> None:
        self._events.write(found.tables)
        self._texts.write(found.texts)


def _checked(pieces: Sequence[Piece], result: Repaired) -> list[Piece]:
    """The pieces, each event checked; what was wrong is added to the result."""
    checked: list[Piece] = []
    for piece in pieces:
        if piece.is_checked:
            checked.append(piece)
            continue
        found = repair_events(piece.text, piece.offset)
        checked += found.pieces
        result.faults += found.faults
        result.repaired += found.repaired
        result.skipped += found.skipped
    return checked


class _Writer:
    """Writes tables to a Parquet file in a few large row groups, each of one group of categories.

    The range of ids of texts in a row group lets DuckDB skip it.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._waiting: defaultdict[int, list[pa.Table]] = defaultdict(list)
        self._rows: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        texts = [column.name for column in schema if pa.types.is_dictionary(column.type)]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="NONE",
            use_dictionary=texts,
            write_statistics=[TEXT_ID_FIELD.name],
        )

    def write(self, tables: Sequence[pa.Table]) -> None:
        for table in tables:
            group = group_of(table)
            self._waiting[group].append(table)
            self._rows[group] += table.num_rows
            self._bytes[group] += table.nbytes
            if self._rows[group] >= _ROW_GROUP:
                self._flush(self._waiting.pop(group))
                del self._rows[group], self._bytes[group]
        if self._bytes.total() >= _ROW_GROUP_BYTES:
            self._flush_all()

    def close(self) -> None:
        self._flush_all()
        self._writer.close()

    def _flush_all(self) -> None:
        waiting = [*self._waiting.values()]
        if self._rows.total() < _ROW_GROUP:
            # a small trace needs no more than one row group
            waiting = [[table for tables in waiting for table in tables]]
        for tables in waiting:
            self._flush(tables)
        for kept in (self._waiting, self._rows, self._bytes):
            kept.clear()

    def _flush(self, tables: Sequence[pa.Table]) -> None:
        if tables:
            self._writer.write_table(pa.concat_tables(tables).unify_dictionaries())
