"""Read Nsight Systems exports (.sqlite, parquet directory, .nsys-rep) as typed relations `nsys_*`.

This is hard because no two versions export the same tables and columns, tables without rows are missing,
and SQLite columns can hold any type. See tables.py for what is read, and source.py for how.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import compute

from genscope.analyze.readers.nsys.source import Source, damaged, open_export
from genscope.analyze.readers.nsys.tables import MARKERS, NEWEST_SCHEMA, TABLES, RawTable
from genscope.errors import UserError


@dataclass(frozen=True)
class Anomaly:
    """One kind of anomaly in the file: a row of the relation nsys_reader_anomaly."""

    kind: str
    count: int
    example: str


_TABLE_FIELDS = [("name", pa.string()), ("source", pa.string()), ("row_count", pa.int64())]
_ANOMALY_FIELDS = [
    ("kind", pa.string()),
    ("count", pa.int64()),
    ("example", pa.string()),
]


def load(path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Create every relation of tables.py in `con`, and also nsys_table and nsys_reader_anomaly.

    nsys_table gives the file's table for each relation (NULL if none) and its number of rows;
    nsys_reader_anomaly says what was repaired. Times stay int64 nanoseconds from the session's start,
    as recorded. Raises UserError, and may leave unfinished relations in `con`, if the file can't be
    read.
    """
    with open_export(path) as source:
        _check_is_nsight(source, path)
        anomalies: list[Anomaly] = []
        found: list[tuple[str, str | None, int]] = []
        for table in TABLES:
            try:
                name = _pick(source, table)
                rows = _load_table(source, table, name, con, anomalies)
                if table.copies and (count := _drop_copies(con, table)):
                    anomalies.append(Anomaly(table.copies, count, f"in {name}"))
                    rows -= count
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                # reading value by value failed too
                raise damaged(path, error) from error
            found.append((table.name, name, rows))
        anomalies += _version_anomalies(con, path)
    _create(con, "nsys_table", _TABLE_FIELDS, found)
    _create(con, "nsys_reader_anomaly", _ANOMALY_FIELDS, _rows(anomalies))


def _check_is_nsight(source: Source, path: Path) -> None:
    if "StringIds" in source.tables and any(marker in source.tables for marker in MARKERS):
        return
    some = ", ".join(sorted(source.tables)[:4]) or "no table at all"
    raise UserError(
        f"{path}: this database holds {some}, so it is not an Nsight Systems export; name the "
        ".sqlite that nsys export or nsys stats wrote"
    )


def _pick(source: Source, table: RawTable) -> str | None:
    """The file's table to read: the first one with rows; versions such as _V3 come after the plain name."""
    names = [
        name
        for base in table.sources
        for name in (base, *(f"{base}_V{version}" for version in range(9, 1, -1)))
        if name in source.tables
    ]
    filled = (name for name in names if any(b.num_rows for b in _peek(source, name)))
    return next(filled, names[0] if names else None)


def _peek(source: Source, name: str) -> Iterator[pa.RecordBatch]:
    yield from source.careful(name, pa.schema([(source.tables[name][0], pa.string())]), Counter())


def _load_table(
    source: Source,
    table: RawTable,
    name: str | None,
    con: duckdb.DuckDBPyConnection,
    anomalies: list[Anomaly],
) -> int:
    """Fill one relation and return its rows; an absent table makes it empty."""
    if name is None:
        con.from_arrow(table.schema.empty_table()).create(table.name)
        return 0
    present = _present_columns(source, table, name)
    _check_required(source, table, name, present)
    try:
        return _create_from(con, table, _typed(table, present, source, name))
    except (duckdb.Error, pa.ArrowException, OSError):
        # a value of another type, or text that isn't UTF-8: read again, value by value
        con.execute(f"DROP TABLE IF EXISTS {table.name}")
    repaired: Counter[str] = Counter()
    rows = _create_from(con, table, _repaired(table, present, source, name, repaired))
    # of a table of options most values are dropped, so their repairs change nothing
    anomalies += [
        Anomaly(kind, count, f"in {name}")
        for kind, count in sorted(repaired.items())
        if count and not table.keep
    ]
    return rows


def _present_columns(source: Source, table: RawTable, name: str) -> dict[str, str]:
    """Map our column names to those of the file's table, for the columns that it has."""
    have = source.tables[name]
    found = {}
    for column in table.columns:
        match = next((candidate for candidate in column.sources if candidate in have), None)
        if match is not None:
            found[column.name] = match
    return found


def _check_required(source: Source, table: RawTable, name: str, present: dict[str, str]) -> None:
    missing = [column for column in table.required if column not in present]
    if not missing:
        return
    wanted = [next(c.sources[0] for c in table.columns if c.name == column) for column in missing]
    raise UserError(
        f"{source.path}: the table {name} has no column {', '.join(wanted)}; export again with a "
        f"version of nsys whose schema is at most {NEWEST_SCHEMA[0]}.{NEWEST_SCHEMA[1]}"
    )


def _typed(
    table: RawTable, present: dict[str, str], source: Source, name: str
) -> Iterator[pa.RecordBatch]:
    """The file's rows in the relation's types; raises if a value doesn't fit."""
    start = 0
    for batch in source.fast(name, list(present.values())):
        yield _shaped(table, present, batch, start)
        start += batch.num_rows


def _repaired(
    table: RawTable, present: dict[str, str], source: Source, name: str, repaired: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """As `_typed`, but a value that doesn't fit is repaired and counted."""
    kinds = {column.name: column for column in table.columns}
    schema = pa.schema(
        [
            pa.field(present[ours], kinds[ours].type, metadata={"limit": str(kinds[ours].limit)})
            for ours in present
        ]
    )
    start = 0
    for batch in source.careful(name, schema, repaired):
        yield _shaped(table, present, batch, start)
        start += batch.num_rows


def _shaped(
    table: RawTable, present: dict[str, str], batch: pa.RecordBatch, start: int
) -> pa.RecordBatch:
    position = {ours: index for index, ours in enumerate(present)}
    columns = [pa.array(range(start, start + batch.num_rows), pa.int64())]
    for column in table.columns:
        if column.name in position:
            columns.append(_cast(batch.column(position[column.name]), column.type))
        else:
            columns.append(pa.nulls(batch.num_rows, column.type))
    shaped = pa.record_batch(columns, schema=table.schema)
    # DuckDB doesn't check text from Arrow, so find invalid UTF-8 here
    shaped.validate(full=True)
    for column in table.columns:
        if column.limit is not None:
            _check_size(shaped.column(column.name), column.limit)
    if table.filled:
        return shaped.filter(compute.is_valid(shaped.column(table.filled)))
    return _kept(shaped, table.keep) if table.keep else shaped


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    # SQLite gives a column without values the type of integers, which can't be cast to bytes
    return pa.nulls(len(values), kind) if values.null_count == len(values) else values.cast(kind)


def _check_size(values: pa.Array, limit: int) -> None:
    extremes = compute.min_max(values).as_py()
    if any(value is not None and abs(value) > limit for value in extremes.values()):
        raise pa.ArrowInvalid("a value too large to be true")


def _kept(batch: pa.RecordBatch, prefixes: Sequence[str]) -> pa.RecordBatch:
    masks = [compute.starts_with(batch.column("name"), pattern=prefix) for prefix in prefixes]
    return batch.filter(reduce(compute.or_kleene, masks))


def _create_from(
    con: duckdb.DuckDBPyConnection, table: RawTable, batches: Iterator[pa.RecordBatch]
) -> int:
    reader = pa.RecordBatchReader.from_batches(table.schema, batches)
    con.from_arrow(reader).create(table.name)
    row = con.table(table.name).aggregate("count(*)").fetchone()
    return int(row[0]) if row else 0


def _drop_copies(con: duckdb.DuckDBPyConnection, table: RawTable) -> int:
    """Keep one of the rows that took time and are equal in all columns; return how many went."""
    columns = ", ".join(column.name for column in table.columns)
    # hashes are compared first: hardly any export has copies
    timed = con.table(table.name).filter("end_ns > start_ns")
    found = timed.aggregate(f"count(*) - count(DISTINCT hash({columns}))").fetchone()
    if not found or not found[0]:
        return 0
    kept = f"SELECT min(row_id) FROM {table.name} WHERE end_ns > start_ns GROUP BY {columns}"
    gone = con.execute(
        f"DELETE FROM {table.name} WHERE end_ns > start_ns AND row_id NOT IN ({kept})"
    ).fetchone()
    return int(gone[0]) if gone else 0


def _rows(anomalies: Sequence[Anomaly]) -> list[tuple[object, ...]]:
    """One row per kind: counts added up, the first example kept."""
    merged: dict[str, tuple[int, str]] = {}
    for anomaly in anomalies:
        count, example = merged.get(anomaly.kind, (0, anomaly.example))
        merged[anomaly.kind] = (count + anomaly.count, example)
    return [(kind, count, example) for kind, (count, example) in merged.items()]


def _version_anomalies(con: duckdb.DuckDBPyConnection, path: Path) -> list[Anomaly]:
    options = dict(con.table("nsys_export_option").select("name", "value").fetchall())
    version = options.get("EXPORT_SCHEMA_VERSION")
    if version is None:
        # some versions write no options into a parquet export
        return [Anomaly("no_export_metadata", 1, path.name)]
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers > NEWEST_SCHEMA:
        return [Anomaly("newer_schema", 1, f"EXPORT_SCHEMA_VERSION {version}")]
    return []


def _create(
    con: duckdb.DuckDBPyConnection,
    name: str,
    fields: Sequence[tuple[str, pa.DataType]],
    rows: Sequence[tuple[object, ...]],
) -> None:
    schema = pa.schema(fields)
    columns = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)]
    con.from_arrow(pa.table(columns, schema=schema)).create(name)
