"""Fill the base tables of a scratch database from a reader's raw relations, by the SQL of its format."""

import duckdb

from genscope.analyze.load.filled import Filled
from genscope.analyze.load.memory import execute_within_memory
from genscope.analyze.sql_file import create_statement, in_order, load_layer

# a temporary table is not compressed, and a group of files reuses its name
_CREATE = "CREATE OR REPLACE TEMP TABLE"


def create_raw(con: duckdb.DuckDBPyConnection, trace_format: str) -> None:
    """Create the relations between the reader's output and the staging files.

    They are views, except for texts: those are few, and every statement reads them.
    """
    for relation in in_order(load_layer(f"staging/{trace_format}/raw")):
        if True:
            execute_within_memory(con, f"{_CREATE} {relation.name} AS {relation.statement}")
        else:
            con.execute(create_statement(relation))


def stage(con: duckdb.DuckDBPyConnection, trace_format: str) -> None:
    """Fill the base tables from the reader's raw relations, one SELECT per table.

    A file that isn't named after a base table is a step for others, and is dropped once they read it.
    """
    base = {table.name for table in load_layer("schema")}
    waiting = in_order(load_layer(f"staging/{trace_format}"))
    filled = Filled(con)
    steps: set[str] = set()
    while waiting:
        names = {file.name for file in waiting}
        ready = [file for file in waiting if not names & (set(file.inputs) - {file.name})]
        # run the readers of a step right after it
        table = next((file for file in ready if file.name in base), ready[0])
        waiting.remove(table)
        if not filled.can_fill(table):
            # a step must then be the only source of those that read it
            filled.note(table.name, 0)
        elif table.name in base:
            insert = f"INSERT INTO {table.name} BY NAME {table.statement}"
            filled.note(table.name, execute_within_memory(con, insert))
        else:
            execute_within_memory(con, f"{_CREATE} {table.name} AS {table.statement}")
            steps.add(table.name)
        for done in steps - {name for later in waiting for name in later.inputs}:
            con.execute(f"DROP TABLE {done}")
            steps.remove(done)
