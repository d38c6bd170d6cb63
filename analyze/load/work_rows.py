"""Fill work from the numbers that the texts of kernels and operators have already.

The rows equal those of queries/work/work.sql, by which each row would be joined with its texts only to number
these once more.
"""

from __future__ import annotations

import duckdb

_IN_GPU_TRACE = "trace_id IN (SELECT DISTINCT kernel_row.trace_id FROM kernel_row)"
_KERNELS = (
    f"""
INSERT INTO work_text BY NAME
SELECT text_id, trace_id, 'gpu' AS time_source, name FROM kernel_text WHERE {_IN_GPU_TRACE}
""",
    """
INSERT INTO work_row BY NAME
SELECT
  trace_id, kernel_id AS work_id, device_id, stream_id, start_ns, dur_ns, kernel_id, text_id
FROM kernel_row
""",
)
_HOST_TRACES = f"""
CREATE TEMP TABLE host_trace AS
SELECT trace_id, if(predicted, 'predicted', 'cpu') AS time_source FROM trace WHERE NOT {_IN_GPU_TRACE}
"""
_OPERATORS = (
    """
INSERT INTO work_text BY NAME
SELECT text_id, trace_id, time_source, name
FROM cpu_op_text
INNER JOIN temp.host_trace USING (trace_id)
""",
    """
INSERT INTO work_row BY NAME
SELECT
  trace_id, op_id AS work_id, -1 AS device_id, start_ns, self_ns AS dur_ns, op_id, text_id
FROM cpu_op_row
INNER JOIN temp.host_trace USING (trace_id)
INNER JOIN cpu_op_parent USING (trace_id, op_id)
WHERE time_source = 'cpu' OR external_id IS NOT NULL
""",
)


def fill_work(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows."""
    for statement in _KERNELS:
        con.execute(statement)
    try:
        con.execute(_HOST_TRACES)
        if con.execute("SELECT 1 FROM temp.host_trace LIMIT 1").fetchall():
            for statement in _OPERATORS:
                con.execute(statement)
    finally:
        con.execute("DROP TABLE IF EXISTS temp.host_trace")
    return True
