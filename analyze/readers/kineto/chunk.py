"""Write chunks of events to two Parquet files per thread, one for numbers and one for texts.

The fast path is a strict scan, which also proves that the chunk is valid. A chunk that the scan refuses
takes the slow path, event by event.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from genscope.analyze import native
from genscope.analyze.readers.kineto.columns import TEXT_ID, event_columns, text_schema
from genscope.analyze.readers.kineto.events import Events, EventScanner, Rows
from genscope.analyze.readers.kineto.plain_parquet import PlainWriter
from genscope.analyze.readers.kineto.python_scan import PythonScanner
from genscope.analyze.readers.kineto.repair_events import (
    Fault,
    Piece,
    Repaired,
    example_of,
    repair_events,
)
from genscope.analyze.readers.kineto.texts import NotEventsError, TextNumbers
from genscope.analyze.readers.kineto.window import Chunk

# don't collect many texts of several megabytes
_ROW_GROUP_BYTES = 16 << 20
# isolating a faulty event among so few takes longer than to check them all
_FEW = 32


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
        self._files = _Files(folder, name)
        self._scanner = scanner(keep, numbers, self._files)

    def load(self, chunk: Chunk, *, at_cut: bool = False) -> ChunkReport:
        """Write the chunk's events; `at_cut` says that the trace is cut off at the chunk's end."""
        try:
            found = self._scanner.read(chunk)
        except NotEventsError:
            return self._load_carefully(chunk, at_cut=at_cut)
        odd = [Fault("not_a_number", chunk.offset + at, word) for at, word in found.odd]
        return ChunkReport(found.unread, found.arguments, repaired=len(odd), faults=odd)

    def close(self) -> None:
        """Finish the files."""
        self._scanner.flush()
        self._files.close()

    def _load_carefully(self, chunk: Chunk, *, at_cut: bool) -> ChunkReport:
        text = chunk.text
        repaired = repair_events(text, chunk.offset, at_cut=at_cut, trusted=True)
        if b'"traceEvents"' in text:
            repaired.faults.append(Fault("mixed_writers", chunk.offset, ""))
        report = ChunkReport()
        for found in self._parts(repaired.pieces, repaired):
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
            text = b",".join(piece.text for piece in pieces)
            return [self._scanner.read(Chunk.of(0, text))]
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


class _Files:
    """The two files of a thread; see events.Output."""

    def __init__(self, folder: Path, name: str) -> None:
        self._rows = PlainWriter(folder / f"events-{name}.parquet", event_columns())
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._texts = pq.ParquetWriter(
            folder / f"texts-{name}.parquet",
            text_schema(),
            compression="NONE",
            write_statistics=[TEXT_ID],
        )

    def write_rows(self, rows: Rows) -> None:
        self._rows.write(rows.ids, rows.columns)

    def write_texts(self, table: pa.Table) -> None:
        # each row group's metadata takes memory in every query
        self._waiting.append(table)
        self._bytes += table.nbytes
        if self._bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._texts.close()
        self._rows.close()

    def _flush(self) -> None:
        if self._waiting:
            self._texts.write_table(pa.concat_tables(self._waiting).unify_dictionaries())
        self._waiting.clear()
        self._bytes = 0
