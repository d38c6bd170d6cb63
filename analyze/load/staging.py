"""Fill the base tables of a scratch database from a reader's raw relations, by the SQL of its format."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

import duckdb

from genscope.analyze.load import narrow
from genscope.analyze.load.filled import Filled
from genscope.analyze.load.memory import execute_within_memory, within_memory
from genscope.analyze.load.side_by_side import Step, run_steps
from genscope.analyze.sql_file import SqlFile, create_statement, in_order, load_layer

# tables in memory are not compressed, and unlike temporary ones every connection sees them
_AREA = "staging_area"


@contextmanager
def staging_area(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Attach the place for the tables of `create_raw` and `stage` that are no base tables."""
    path = con.execute(
        "SELECT coalesce(nullif(current_setting('search_path'), ''), current_database() || '.main')"
    ).fetchall()[0][0]
    con.execute(f"ATTACH ':memory:' AS {_AREA}")
    con.execute(f"SET search_path = '{path},{_AREA}.main'")
    try:
        yield
    finally:
        # after some errors, such as a full disk, DuckDB refuses every statement
        with suppress(duckdb.FatalException):
            con.execute(f"SET search_path = '{path}'")
            con.execute(f"DETACH {_AREA}")


def create_raw(con: duckdb.DuckDBPyConnection, trace_format: str) -> None:
    """Create the relations between the reader's output and the staging files.

    They are views, except for texts: those are few, and every statement reads them.
    """
    for relation in in_order(load_layer(f"staging/{trace_format}/raw")):
        if relation.name.endswith("_text"):
            _create(con, relation)
        else:
            con.execute(create_statement(relation))


def stage(con: duckdb.DuckDBPyConnection, trace_format: str, *, workers: int = 1) -> None:
    """Fill the base tables from the reader's raw relations, `workers` of them at a time.

    A file is named after a base table, or after its two parts if the format numbers its texts, see narrow.
    Any other is a step for others, and is dropped once they read it.
    """
    tables = {table.name: table for table in load_layer("schema")}
    parts = {name: narrow.parts(table) for name, table in tables.items()}
    base = tables | {part.name: part for both in parts.values() for part in both}
    waiting = [_with_parts(file, parts) for file in in_order(load_layer(f"staging/{trace_format}"))]
    readers = {file.name: {r.name for r in waiting if file.name in r.inputs} for file in waiting}
    # steps that are read even if they have no rows
    always = {name for file in waiting for name in file.inputs if file.sources != [name]}
    filled = Filled()
    passes = _passes(con, trace_format)
    steps: dict[str, Step] = {}
    while waiting:
        names = {file.name for file in waiting}
        ready = [file for file in waiting if not names & (set(file.inputs) - {file.name})]
        # run the readers of a step right after it
        table = next((file for file in ready if file.name in base), ready[0])
        waiting.remove(table)
        if table.name in base:
            fill = partial(_insert, table=base[table.name], relation=table, filled=filled)
            if table.name in passes:
                fill = partial(passes[table.name], otherwise=fill, filled=filled)
        else:
            fill = partial(_fill_step, relation=table, filled=filled, always=table.name in always)
        steps[table.name] = Step(fill, set(table.inputs) - {table.name})
        for name in set(table.inputs) & steps.keys() - base.keys():
            if readers[name] <= steps.keys():
                drop = f"DROP TABLE IF EXISTS {_AREA}.main.{name}"
                steps[f"drop {name}"] = Step(partial(_run, statement=drop), readers[name])
    run_steps(con, steps, workers=workers)


def _with_parts(file: SqlFile, parts: Mapping[str, Iterable[SqlFile]]) -> SqlFile:
    """The file with the parts of the tables that it reads among its inputs."""
    found = (part.name for name in file.inputs for part in parts.get(name, ()))
    return replace(file, inputs=tuple(dict.fromkeys((*file.inputs, *found))))


def _passes(con: duckdb.DuckDBPyConnection, trace_format: str) -> dict[str, Callable[..., None]]:
    """What fills a base table together with steps that read it, by the table's name."""
    if trace_format != "kineto":
        return {}
    from genscope.analyze.load.event_tables import PASSES, has_few_events

    if has_few_events(con):
        return {}
    files = {file.name: file for file in load_layer(f"staging/{trace_format}")}
    return {
        members[0]: partial(_fill_together, run=run, files=[files[name] for name in members])
        for members, run in PASSES.items()
    }


def _fill_together(
    con: duckdb.DuckDBPyConnection,
    *,
    run: Callable[[duckdb.DuckDBPyConnection], Mapping[str, int]],
    files: Sequence[SqlFile],
    filled: Filled,
    otherwise: Callable[[duckdb.DuckDBPyConnection], None],
) -> None:
    """Fill a base table and steps by a pass over arrays, or else each by its statement."""
    from genscope.analyze.load.ordered_events import OddEventsError

    table, *steps = files

    def fill() -> Mapping[str, int]:
        # what is there already was left by an attempt with too little memory
        con.execute(f"DELETE FROM {table.name}")
        for step in steps:
            made = f"{_AREA}.main.{step.name}"
            con.execute(f"CREATE OR REPLACE TABLE {made} AS {step.statement} WITH NO DATA")
        return run(con)

    try:
        counts = within_memory(con, fill) if filled.can_fill(con, table) else {}
    except OddEventsError:
        counts = {}
    if not counts:
        otherwise(con)
    for name, count in counts.items():
        filled.note(name, count)


def _insert(
    con: duckdb.DuckDBPyConnection, *, table: SqlFile, relation: SqlFile, filled: Filled
) -> None:
    can_fill = filled.can_fill(con, relation)
    filled.note(table.name, narrow.insert(con, table, relation.statement) if can_fill else 0)


def _fill_step(
    con: duckdb.DuckDBPyConnection, *, relation: SqlFile, filled: Filled, always: bool
) -> None:
    if filled.is_noted(relation.name):
        return
    can_fill = filled.can_fill(con, relation)
    if not can_fill:
        filled.note(relation.name, 0)
    if can_fill or always:
        _create(con, relation)


def _create(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> None:
    table = f"{_AREA}.main.{relation.name}"
    # a pass that could not fill the table has made it
    execute_within_memory(con, f"CREATE OR REPLACE TABLE {table} AS {relation.statement}")


def _run(con: duckdb.DuckDBPyConnection, *, statement: str) -> None:
    con.execute(statement)
