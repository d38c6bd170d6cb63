"""Turn one chunk of events into one Parquet file of typed raw rows.

The fast way hands the text to DuckDB's typed JSON reader, whose parse is also the proof that the
chunk was whole. A chunk it refuses goes the careful way, event by event.
"""

import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from fsspec import AbstractFileSystem

from analyze.readers.kineto_columns import RENAMED, json_columns
from analyze.readers.kineto_decode import nanoseconds
from analyze.readers.kineto_mend import Fault, mend
from analyze.readers.kineto_split import LIMIT_BYTES, Chunk

PROTOCOL = "genscope"

# times that a double can't hold to the nanosecond, or that are no plain number: more than three
# decimals, a fraction beyond 2**43, whole numbers beyond 2**53, exponents, signs, strings
_INEXACT = (
    r'"(?:ts|dur)"\s*:\s*(?:[^\s\d]|\d+\.\d{4}|\d{14}\d*\.|[89]\d{12}\.|9\d{15}|\d{17}'
    r"|\d+(?:\.\d+)?[eE])"
)
_THREE_DECIMALS = r'"(ts|dur)"\s*:\s*([1-9]\d{0,14})\.(\d{3})\b'
_TIME = re.compile(rb'"(ts|dur)"\s*:\s*"?([-+.\deE]+)"?(?=[,\s}])')
_NOT_A_TIME = re.compile(rb'"(?:ts|dur)"\s*:\s*+[^\s\d]')
_MAYBE_NAN = r"(?:nan|NaN|inf|Infinity)[,\s}\]]"
_NAN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[-+]?(nan|inf|infinity)(?=[,\s}\]])', re.IGNORECASE)
_OLD_KEY = r'"(?:' + "|".join(RENAMED) + r')"\s*:'
_OLD_KEYS = re.compile(rb'"(' + "|".join(RENAMED).encode() + rb')"(?=\s*:)')
_FLOW = rb'\n  \{\n    "ph": "[sf]",[^\n]*\n(?:    [^\n]*\n)*?  \},'
# frames of nn.Module are always wanted: they are the module tree
_FRAME = (
    rb'\n  \{\n    "ph": "X", "cat": "python_function",\s*"name": "(?!nn\.Module: )[^\n]*\n'
    rb"(?:    [^\n]*\n)*?  \},"
)
_FRAME_CATEGORY = b'"cat": "python_function"'
_UNWANTED = {
    frozenset({"flow"}): re.compile(_FLOW),
    frozenset({"python"}): re.compile(_FRAME),
    frozenset({"flow", "python"}): re.compile(rb"(?:" + _FLOW + rb")|(?:" + _FRAME + rb")"),
}
_RENAMED = {old.encode(): f'"{new}"'.encode() for old, new in RENAMED.items()}


@dataclass
class ChunkReport:
    """What became of a chunk: events left out unread, mended, lost, and why."""

    unread: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    skipped: int = 0
    faults: Sequence[Fault] = ()


class ChunkFiles(AbstractFileSystem):  # type: ignore[misc]
    """Chunks in memory, under names that DuckDB can open as files."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, bytes] = {}

    def _open(self, path: str, mode: str = "rb", **_options: Any) -> io.BytesIO:
        return io.BytesIO(self.held[self._strip_protocol(path)])

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        return {"name": name, "size": len(self.held[name]), "type": "file"}

    def exists(self, path: str, **_options: Any) -> bool:
        return self._strip_protocol(path) in self.held

    def glob(self, path: str, **_options: Any) -> list[str]:
        return [self._strip_protocol(path)]


class ChunkLoader:
    """Writes chunks as Parquet files into `folder`; one per thread, over a connection of its own.

    `unread` are the kinds of event left out of the text before it is parsed: 'python', 'flow'.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        files: ChunkFiles,
        folder: Path,
        *,
        unread: Collection[str],
    ) -> None:
        self._con = con
        self._files = files
        self._folder = folder
        self._unread = _UNWANTED.get(frozenset(unread))
        self._columns = json_columns()

    def load(self, chunk: Chunk, *, at_cut: bool = False) -> ChunkReport:
        """Write the chunk's events; `at_cut` tells that the trace breaks off at its end."""
        report = ChunkReport()
        text = chunk.text.strip(b" \t\r\n\0,")
        if not text:
            return report
        if chunk.kineto and self._unread:
            text = self._without_unread(text, report)
        try:
            self._write(text, chunk.offset)
        except (duckdb.Error, _NotJsonError) as error:
            if not _is_about_the_text(error):
                raise
            return self._load_carefully(chunk, at_cut=at_cut)
        self._count_nan(text, chunk.offset, report)
        return report

    def _without_unread(self, text: bytes, report: ChunkReport) -> bytes:
        assert self._unread is not None
        kept, count = self._unread.subn(b"", b"\n  " + text + b",")
        frames = text.count(_FRAME_CATEGORY) - kept.count(_FRAME_CATEGORY) if count else 0
        report.unread.update({"python": frames, "flow": count - frames})
        return kept.rstrip(b",").strip()

    def _load_carefully(self, chunk: Chunk, *, at_cut: bool) -> ChunkReport:
        mended = mend(chunk.text, chunk.offset, at_cut=at_cut)
        if b'"traceEvents"' in chunk.text:
            mended.faults.append(Fault("mixed_writers", chunk.offset, ""))
        lost: list[Fault] = []
        self._write_parts(mended.events, chunk.offset, lost)
        return ChunkReport(
            repaired=mended.repaired,
            skipped=mended.skipped + len(lost),
            faults=[*mended.faults, *lost],
        )

    def _write_parts(self, events: list[bytes], offset: int, lost: list[Fault]) -> None:
        """Write events; where DuckDB still refuses some, halve until the one is alone."""
        if not events:
            return
        try:
            self._write(b",".join(events), offset)
        except (duckdb.Error, _NotJsonError) as error:
            if not _is_about_the_text(error):
                raise
            if len(events) == 1:
                example = events[0][:160].decode("utf-8", "replace")
                lost.append(Fault("unreadable_event", offset, example))
                return
            half = len(events) // 2
            self._write_parts(events[:half], offset, lost)
            # parts are told apart by their offset, and every event has at least two bytes
            self._write_parts(events[half:], offset + half, lost)

    def _count_nan(self, text: bytes, offset: int, report: ChunkReport) -> None:
        """Count values that are no JSON but that DuckDB reads; none of a column that is read."""
        if not _contains(_text_column(text), _MAYBE_NAN):
            return
        report.faults = [
            Fault("not_a_number", offset + match.start(), match[0].decode())
            for match in _NAN.finditer(text)
            if match[1]
        ]
        report.repaired = len(report.faults)

    def _write(self, text: bytes, offset: int) -> None:
        """Write events as a Parquet file. Raises duckdb.Error or _NotJsonError if they are none."""
        if not text:
            return
        name = f"{offset}.json"
        self._files.held[name] = b"[" + _normal(text) + b"]"
        target = self._folder / f"{offset:016d}.parquet"
        try:
            rows = self._con.read_json(
                f"{PROTOCOL}://{name}",
                columns=self._columns,
                format="array",
                maximum_object_size=min(len(text) + 2, LIMIT_BYTES),
            )
            rows.write_parquet(str(target), compression="lz4_raw")
        except duckdb.Error:
            target.unlink(missing_ok=True)
            raise
        finally:
            del self._files.held[name]


class _NotJsonError(Exception):
    """The text can't be JSON, or holds a time that is no number."""


def _normal(text: bytes) -> bytes:
    """The text with today's keys, and with exact integers where a double can't hold a time."""
    column = _text_column(text)
    if _contains(column, _OLD_KEY):
        text = _OLD_KEYS.sub(lambda match: _RENAMED[match[1]], text)
    if _contains(column, _INEXACT):
        # microseconds with three decimals, PyTorch's own form, are nanoseconds but for the point
        text = _text_column(text).str.replace_all(_THREE_DECIMALS, '"${1}_ns": $2$3')[0].encode()
        text = _TIME.sub(_exact_time, text)
        if _NOT_A_TIME.search(text):
            raise _NotJsonError
    return text


def _text_column(text: bytes) -> pl.Series:
    # polars searches at several times the speed of re, and lets go of the interpreter meanwhile
    try:
        return pl.Series([text], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise _NotJsonError from error


def _contains(column: pl.Series, pattern: str) -> bool:
    return bool(column.str.contains(pattern)[0])


def _exact_time(match: re.Match[bytes]) -> bytes:
    ns = nanoseconds(match[2].decode())
    # out of range: left for the careful way, which says so
    return b'"%s": "?"' % match[1] if ns is None else b'"%s_ns": %d' % (match[1], ns)


def _is_about_the_text(error: Exception) -> bool:
    return isinstance(
        error, duckdb.InvalidInputException | duckdb.ConversionException | _NotJsonError
    )
