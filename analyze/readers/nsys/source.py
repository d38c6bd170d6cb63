"""Open any output of Nsight Systems (.sqlite, a parquet directory or .nsys-rep) in the same way.

SQLite types are only hints: a column may hold anything. ADBC reads fast but stops at the first value
that doesn't have the first batch's type, and Arrow accepts text that isn't UTF-8. A table where that
happens is read again value by value, and each repaired value is counted.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from genscope.errors import UserError

_MAGIC = b"SQLite format 3\x00"
_BATCH_ROWS = 8192
_EXPORT = "nsys export --type sqlite --force-overwrite true -o OUT.sqlite REPORT.nsys-rep"

# (table, columns) -> batches of rows
Batches = Callable[[str, Sequence[str]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Source:
    """An open export: its tables with their columns, and two functions to read a table.

    `fast` yields the types that the file holds; `careful` repairs values to the types of a schema and
    counts the repairs in the given Counter.
    """

    path: Path
    tables: Mapping[str, tuple[str, ...]]
    fast: Batches
    careful: Callable[[str, pa.Schema, Counter[str]], Iterator[pa.RecordBatch]]


@contextmanager
def open_export(path: Path) -> Iterator[Source]:
    """Open an export, or export a report first. Raises UserError for anything else."""
    if path.is_dir():
        yield _parquet(path)
    elif path.suffix.lower() in (".nsys-rep", ".qdrep"):
        with tempfile.TemporaryDirectory(prefix="genscope-nsys-") as folder:
            yield _sqlite(_export(path, Path(folder)))
    elif path.suffix.lower() == ".qdstrm":
        raise UserError(
            f"{path}: this recording was never turned into a report, probably because nsys or its "
            "program was killed; run QdstrmImporter, which comes with Nsight Systems, on it, or record "
            "again and let the program end"
        )
    else:
        check_header(path)
        yield _sqlite(path)


def check_header(path: Path) -> None:
    """Raise UserError unless `path` is a whole SQLite file: first 100 bytes, size, no journal."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC):
        zeros = "its header is all zeros, so the export was interrupted"
        start = f"it starts with {header[:16]!r} and is not a SQLite file"
        why = start if any(header) else zeros if header else "it is empty"
        raise UserError(
            f"{path}: this export can't be read, because {why}; export again: {_EXPORT}"
        )
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(header[28:32], "big")
    size = path.stat().st_size
    # the page count is valid only if bytes 24 and 92 agree (sqlite.org/fileformat.html 1.3.7)
    if header[24:28] == header[92:96] and size < pages * page_bytes:
        raise UserError(
            f"{path}: the file was cut short ({size:,} of {pages * page_bytes:,} bytes); copy it whole "
            f"or export again: {_EXPORT}"
        )
    for suffix in ("-journal", "-wal"):
        left = path.with_name(path.name + suffix)
        if left.exists() and left.stat().st_size:
            raise UserError(
                f"{path}: {left.name} next to it shows that the export did not finish; "
                f"export again: {_EXPORT}"
            )


def damaged(path: Path, error: Exception) -> UserError:
    """The error for an export with a valid header and damaged pages."""
    return UserError(
        f"{path}: the export is damaged ({_line(error)}); copy it again or export again: {_EXPORT}"
    )


def _sqlite(path: Path) -> Source:
    try:
        with _connect(path) as con:
            names = [
                _decoded(row[0])
                for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            tables = {name: _sqlite_columns(con, name) for name in names}
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    return Source(
        path,
        tables,
        lambda table, columns: _adbc_batches(path, table, columns),
        lambda table, schema, repaired: _value_batches(path, table, schema, repaired),
    )


def _sqlite_columns(con: sqlite3.Connection, table: str) -> tuple[str, ...]:
    # a query has a description before any row is read
    cursor = con.execute(f"SELECT * FROM {_name(table)} LIMIT 0")
    return tuple(column[0] for column in cursor.description)


@contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    con = sqlite3.connect(_uri(path), uri=True, check_same_thread=False)
    con.text_factory = bytes
    try:
        yield con
    finally:
        con.close()


def _uri(path: Path) -> str:
    # immutable: SQLite doesn't look for locks and journals, so the folder may be read-only
    return f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"


def _adbc_batches(path: Path, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    import adbc_driver_sqlite.dbapi as adbc

    with adbc.connect(_uri(path)) as con, con.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)})
        cursor.execute(_select(table, columns))
        yield from cursor.fetch_record_batch()


def _value_batches(
    path: Path, table: str, schema: pa.Schema, repaired: Counter[str]
) -> Iterator[pa.RecordBatch]:
    try:
        with _connect(path) as con:
            cursor = con.execute(_select(table, schema.names))
            while rows := cursor.fetchmany(_BATCH_ROWS):
                yield pa.record_batch(
                    [
                        pa.array([_repair(value, field, repaired) for value in column], field.type)
                        for column, field in zip(zip(*rows, strict=True), schema, strict=True)
                    ],
                    schema=schema,
                )
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def _repair(value: Any, field: pa.Field, repaired: Counter[str]) -> Any:
    """One SQLite value in its field's type; NULL, and counted, if that is impossible."""
    if value is None:
        return None
    if pa.types.is_binary(field.type):
        return value if isinstance(value, bytes) else None
    if pa.types.is_string(field.type):
        return _text(value, repaired)
    is_whole = pa.types.is_integer(field.type)
    number = _number(value, int if is_whole else float)
    if is_whole and number is not None and abs(number) > _limit(field):
        number = None
    repaired["mixed_type"] += number is None
    return number


def _limit(field: pa.Field) -> int:
    """The largest absolute value of an integer column: the column's own limit, or that of its type."""
    given = (field.metadata or {}).get(b"limit", b"None")
    largest: int = 2 ** (field.type.bit_width - 1) - 1
    return largest if given == b"None" else int(given)


def _text(value: Any, repaired: Counter[str]) -> str:
    if not isinstance(value, bytes):
        return str(value)
    text = value.decode("utf-8", "replace")
    repaired["invalid_utf8"] += text.encode() != value
    return text


def _number(value: Any, kind: type[int] | type[float]) -> int | float | None:
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and number != value else number


def _parquet(path: Path) -> Source:
    from pyarrow import parquet

    files = {file.stem: file for file in sorted(path.glob("*.parquet")) if file.is_file()}
    try:
        tables = {name: tuple(parquet.read_schema(file).names) for name, file in files.items()}
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{path}: a parquet file in this folder can't be read ({_line(error)}); export again with "
            "nsys export --type parquetdir"
        ) from error

    def fast(table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        file = parquet.ParquetFile(files[table])
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns))

    def careful(table: str, schema: pa.Schema, repaired: Counter[str]) -> Iterator[pa.RecordBatch]:
        for batch in fast(table, schema.names):
            yield pa.record_batch(
                [
                    pa.array(
                        [_repair(v, field, repaired) for v in batch.column(field.name).to_pylist()],
                        field.type,
                    )
                    for field in schema
                ],
                schema=schema,
            )

    return Source(path, tables, fast, careful)


def _export(path: Path, folder: Path) -> Path:
    """Export a report to SQLite in `folder` with the nsys on PATH."""
    nsys = shutil.which("nsys")
    if nsys is None:
        raise UserError(
            f"{path}: a report needs nsys on PATH to export it; run this where Nsight Systems is "
            f"installed: {_EXPORT}"
        )
    target = folder / f"{path.stem}.sqlite"
    command = [nsys, "export", "--type", "sqlite", "--force-overwrite", "true"]
    done = subprocess.run(
        [*command, "-o", str(target), str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode or not target.exists():
        said = _line(done.stderr or done.stdout or f"exit status {done.returncode}")
        raise UserError(
            f"{path}: nsys export failed ({said}); export the report with the version that recorded it"
        )
    check_header(target)
    return target


def _select(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(_name(column) for column in columns)} FROM {_name(table)}"


def _name(name: str) -> str:
    # quoted, because "end" is a keyword
    return '"' + name.replace('"', '""') + '"'


def _decoded(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:200] if lines else "no reason given"
