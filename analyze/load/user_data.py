"""Apply the rows that a user put into a study, such as kernel rules, to traces loaded later."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import duckdb

from genscope.analyze.connect import first_line
from genscope.analyze.load import tables
from genscope.analyze.load.power_log import PowerSample, read_power_log
from genscope.analyze.near import no_such_trace
from genscope.errors import UserError

# what `load` calls a log of nvidia-smi or DCGM; it fills power_sample
_POWER = "power"


def empty_copy(con: duckdb.DuckDBPyConnection, folder: Path, block_bytes: int) -> bytes:
    """The bytes of a study without traces that has the user's rows of the open study `con`.

    `folder` is a place to work in, `block_bytes` the size of the file's blocks. Every trace is built in
    such a file, so that a user's rule applies to it as it does to the traces loaded before.
    """
    filled = [name for name in tables.user_tables() if con.table(name).limit(1).fetchall()]
    if not filled:
        return tables.empty_study(block_bytes)
    path = folder / "empty.duckdb"
    path.write_bytes(tables.empty_study(block_bytes))
    con.execute(f"ATTACH '{tables.quoted(path)}' AS empty_copy (TYPE duckdb)")
    try:
        for name in filled:
            con.execute(f"INSERT INTO empty_copy.{name} BY NAME SELECT * FROM {name}")
        con.execute("CHECKPOINT empty_copy")
    finally:
        con.execute("DETACH empty_copy")
    return path.read_bytes()


def fill(
    con: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    *,
    trace: str | None = None,
    utc_offset: str | None = None,
) -> None:
    """Replace a table's rows with those of a file: of a CSV with its columns, or of a log of power.

    A log, for the table 'power', is of the trace with that name, or of any trace of its time; only
    earlier samples of the same trace are replaced. `utc_offset` is that of its clock, such as '+02:00'.

    Raises UserError, and changes nothing, if the file can't be read or there is no such trace.
    """
    if table == _POWER:
        _fill_power(con, read_power_log(path, utc_offset or "+00:00"), trace)
    elif trace or utc_offset:
        raise UserError(f"a trace and an offset from UTC belong to the table {_POWER} only")
    else:
        fill_from_csv(con, table, path)


def _fill_power(
    con: duckdb.DuckDBPyConnection, samples: Sequence[PowerSample], trace: str | None
) -> None:
    import pyarrow as pa

    names = [str(row[0]) for row in con.table("trace").project("name").order("name").fetchall()]
    if trace is not None and trace not in names:
        raise UserError(no_such_trace(trace, names))
    rows = pa.Table.from_pylist([{"trace_name": trace, **vars(sample)} for sample in samples])
    with tables.transaction(con):
        con.execute("DELETE FROM power_sample WHERE trace_name IS NOT DISTINCT FROM ?", [trace])
        con.from_arrow(rows).project(
            "trace_name::VARCHAR, device_id::INTEGER, unix_ns, power_w"
        ).insert_into("power_sample")


def fill_from_csv(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Replace a table's rows with those of a CSV, and recompute what depends on them.

    Columns that the CSV lacks are NULL.

    Raises UserError, and changes nothing, if the file can't be read as that table.
    """
    from genscope.analyze.load.attribution import recompute

    if not path.is_file():
        raise UserError(f"{path}: there is no such file; pass a CSV")
    try:
        with tables.transaction(con):
            con.execute(f"DELETE FROM {table}")
            rows = "SELECT * FROM read_csv(?)"
            con.execute(f"INSERT INTO {table} BY NAME {rows}", [glob.escape(str(path))])
            recompute(con, table)
    except duckdb.Error as error:
        columns = ", ".join(row[0] for row in con.execute(f"DESCRIBE {table}").fetchall())
        raise UserError(
            f"{path}: this file can't be loaded into {table} ({first_line(error)}); "
            f"pass a CSV with the columns {columns}"
        ) from error
