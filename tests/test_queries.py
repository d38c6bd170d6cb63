"""Each relation on rows small enough to check by hand: its inputs as CSV, its result as CSV.

A case is a folder tests/queries/<relation>/<case>/ with one CSV per input and expected.csv. An input
without a CSV is empty, a column without a value is NULL. Rows are compared without order, on the
columns of expected.csv. A macro's case also has call.sql, the call itself, such as
interval_union('busy'); its CSVs become tables of those names, typed by what they hold. A metric's case
may have call.sql too, with other parameters than the default ones.
"""

import csv
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load.tables import create_schema, metrics, quoted
from genscope.analyze.refusal import create_metrics, refused
from genscope.analyze.sql_file import LAYERS, SqlFile, create_statement, load_layer

FOLDER = Path(__file__).parent / "queries"
CASES = sorted(path.parent for path in FOLDER.glob("*/*/expected.csv"))
RELATIONS = {file.name: file for layer in LAYERS if layer != "schema" for file in load_layer(layer)}
# a list of rules is data: it has no inputs, so there is nothing to give it
TESTED = [file for file in RELATIONS.values() if file.inputs or file.arguments]

# of each relation that was an input so far
COLUMNS: dict[str, str] = {}


def _empty_study() -> duckdb.DuckDBPyConnection:
    # as in a study: DuckDB joins a few rows in another way than many
    con = connect()
    con.execute("SET threads = 1")
    create_schema(con)
    create_metrics(con, metrics().values(), refused(con))
    return con


@pytest.fixture(scope="module")
def study() -> duckdb.DuckDBPyConnection:
    return _empty_study()


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in con.execute(sql).fetchall())


def _source(relation: SqlFile, case: Path) -> str:
    if relation.arguments or (case / "call.sql").is_file():
        return (case / "call.sql").read_text().strip()
    return f"given.{relation.name}()" if relation.params else f"({relation.statement})"


def _records(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def _texts(path: Path) -> str:
    """The rows of a CSV as a relation of texts: read_csv takes longer than most cases, to find out its form."""
    header, *rows = [[quoted(value) for value in row] for row in _records(path)]
    names = ", ".join(f'"{name}"' for name in header)
    if not rows:
        return "(SELECT {} WHERE false)".format(", ".join(f'NULL AS "{n}"' for n in header))
    values = ", ".join(
        "({})".format(", ".join(f"'{value}'" if value else "NULL" for value in row)) for row in rows
    )
    return f"(SELECT * FROM (VALUES {values}) AS given_row ({names}))"


def _load_free_tables(con: duckdb.DuckDBPyConnection, case: Path) -> None:
    for file in case.glob("*.csv"):
        if file.stem != "expected":
            con.execute(f"CREATE TABLE given.{file.stem} AS FROM read_csv('{file}', header = true)")


def _columns(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The columns of a relation with their types, asked once: planning a view takes longer than a case."""
    if name not in COLUMNS:
        # metrics are temporary views, which a cursor does not see
        is_metric = name in RELATIONS and RELATIONS[name].layer in {"metric", "nsys"}
        origin = f"({RELATIONS[name].statement})" if is_metric else name
        described = con.execute(f"DESCRIBE FROM {origin}").fetchall()
        COLUMNS[name] = ", ".join(f'"{column[0]}" {column[1]}' for column in described)
    return COLUMNS[name]


def _inputs(relation: SqlFile) -> set[str]:
    """What a relation reads, itself or through a macro."""
    macros = {name for name in relation.inputs if name in RELATIONS and RELATIONS[name].is_macro}
    through = [name for macro in macros for name in RELATIONS[macro].inputs]
    return {*relation.inputs, *through} - macros


def _load_case(con: duckdb.DuckDBPyConnection, relation: SqlFile, case: Path) -> None:
    con.execute("CREATE SCHEMA given")
    if relation.arguments:
        return _load_free_tables(con, case)
    inputs = _inputs(relation)
    for name in inputs:
        if name in RELATIONS and not RELATIONS[name].inputs:
            continue  # rules are themselves
        con.execute(f"CREATE TABLE given.{name} ({_columns(con, name)})")
        if (case / f"{name}.csv").is_file():
            con.execute(f"INSERT INTO given.{name} BY NAME FROM {_texts(case / f'{name}.csv')}")
    unknown = {p.stem for p in case.glob("*.csv")} - {"expected"} - inputs
    assert not unknown, f"{case}: {unknown} are no inputs of {relation.name}"
    return None


def _check_sources(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> None:
    """Without the rows that `From` names, nothing is left: a load doesn't even run the statement then."""
    for source in relation.sources:
        assert source.split()[0] in relation.inputs, f"{source} is no input of {relation.name}"
        con.execute(f"DELETE FROM given.{source}")
    if relation.sources:
        assert _rows(con, relation.statement) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_rows_are_those_worked_out_by_hand(case: Path, study: duckdb.DuckDBPyConnection) -> None:
    relation = RELATIONS[case.parent.name]
    con = study.cursor()
    con.execute("BEGIN")
    try:
        _load_case(con, relation, case)
        con.execute("SET search_path = 'given,temp.main,memory.main'")
        if relation.params:
            con.execute(create_statement(relation))
        source = _source(relation, case)
        # once: planning takes longer than these rows
        con.execute(f"CREATE TABLE given.{relation.name} AS FROM {source}")
        columns = con.execute(f"DESCRIBE given.{relation.name}").fetchall()
        types = {column[0]: column[1] for column in columns}
        header = _records(case / "expected.csv")[0]
        assert set(header) <= types.keys(), f"{case}: expected.csv has columns the relation lacks"
        wanted = ", ".join(f'CAST("{name}" AS {types[name]}) AS "{name}"' for name in header)
        expected = _rows(con, f"SELECT {wanted} FROM {_texts(case / 'expected.csv')}")
        named = ", ".join(f'"{name}"' for name in header)
        found = _rows(con, f"SELECT {named} FROM given.{relation.name}")
        assert found == expected
        if relation.never:
            assert _rows(con, relation.never) == []
        _check_sources(con, relation)
    finally:
        con.execute("ROLLBACK")
        con.close()


@pytest.mark.parametrize("relation", TESTED, ids=lambda relation: relation.name)
def test_every_relation_has_its_cases(relation: SqlFile) -> None:
    cases = {case.name for case in CASES if case.parent.name == relation.name}
    assert {"plain", "empty", "two_traces"} <= cases
    assert len(cases) >= 4, f"{relation.name} also needs an overlap or a missing link"
