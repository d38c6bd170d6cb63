"""Ask an SQL file's statement once for all work items of which it says the same.

Most columns of a table of work items depend on few things, such as the names of the kernel and of its
operators. Where these are equal the statement is run for one item, and its answer is that of all.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from genscope.analyze.load import narrow
from genscope.analyze.load.columns import relation_of
from genscope.analyze.load.numbered import At
from genscope.analyze.load.said import Said
from genscope.analyze.load.tables import table_files
from genscope.analyze.load.work_items import Items
from genscope.analyze.readers.arrow_column import numbers

# with fewer items for each answer, all of them are asked for
_FEWEST_EACH = 4


def fill_answered(items: Items, table: str, code: At) -> None:
    """Insert the rows of a table whose columns are the same for all items of a code."""
    first = items.firsts(code)
    if items.are_few or len(first) * _FEWEST_EACH > items.count:
        fill_by_statement(items.con, table)
    else:
        items.insert(table, {}, answered(items, table, code, first))


def fill_by_statement(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Insert the rows that the statement of a table gives."""
    file = table_files()[table]
    narrow.insert(con, file, file.statement)


def answered(items: Items, table: str, code: At, first: At) -> Said:
    """What the statement of a table says of the first item of each code."""
    file = table_files()[table]
    trace, work = items.work.keys(first)
    asked = {"trace_id": trace, "work_id": work, "code": np.arange(len(first))}
    columns = [numbers(value) for value in asked.values()]
    made = relation_of(items.con, pa.Table.from_arrays(columns, list(asked)))
    parts = [
        f"{name} AS MATERIALIZED (FROM ({narrow.rows_of(table_files()[name], 'main.')}) "
        "SEMI JOIN temp.asked USING (trace_id, work_id))"
        for name in file.inputs
        if name == "work" or name.startswith("work_")
    ]
    told = [name for name in file.columns if name not in ("trace_id", "work_id")]
    try:
        made.query("made", "CREATE TEMP TABLE asked AS FROM made")
        rows = items.con.execute(
            f"WITH {', '.join(parts)} SELECT {', '.join(told)} FROM temp.asked "
            f"INNER JOIN ({file.statement}) AS said USING (trace_id, work_id) ORDER BY code"
        ).fetchall()
    finally:
        items.con.execute("DROP TABLE IF EXISTS temp.asked")
    return items.answered(tuple(told), rows, code)
