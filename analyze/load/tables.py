"""Build the tables, macros and views of a study from the SQL files, and fill them.

The same SQL builds each trace in its own scratch database, whose rows are then copied into the study in
one transaction. That bounds memory, and nobody ever sees a half-loaded trace.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from genscope.analyze.connect import connect
from genscope.analyze.load import empty_cache, narrow
from genscope.analyze.objection import refusal_of
from genscope.analyze.sql_file import (
    ROOMS,
    SqlFile,
    create_statement,
    in_order,
    load_layer,
    shipped_relations,
)
from genscope.errors import UserError

SCHEMA_VERSION = 3
# the user's kernel rules, which apply to every trace of the study
RULES = "user_kernel_rule"
# a table of few rows takes a whole block of the study's file; small blocks make big tables slow to write
SMALL_BLOCK, LARGE_BLOCK = 16 << 10, 256 << 10


def create_schema(con: duckdb.DuckDBPyConnection) -> None:
    """Create every base table, macro and attribution table, empty, in a new database."""
    con.execute(
        "CREATE TABLE genscope_schema "
        "(version INTEGER NOT NULL, tables_sha256 VARCHAR, metrics_sha256 VARCHAR)"
    )
    # a list of parameters would make DuckDB import all of pandas
    con.execute(f"INSERT INTO genscope_schema VALUES ({SCHEMA_VERSION}, '{tables_sha256()}', NULL)")
    con.execute(f"CREATE TABLE {RULES} (rule_order INTEGER, pattern VARCHAR, category VARCHAR)")
    for table in load_layer("schema"):
        narrow.create(con, table)
    create_macros(con)
    for relation in attribution_files():
        if relation.is_of_traces:
            narrow.create(con, relation)
        elif relation.name != "anomaly_kind":
            con.execute(create_statement(relation))


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table macros that staging and attribution share, and the view anomaly_kind."""
    kinds = (file for file in load_layer("rules") if file.name == "anomaly_kind")
    for relation in (*in_order(load_layer("interval")), *kinds):
        con.execute(create_statement(relation).replace("CREATE ", "CREATE OR REPLACE ", 1))


@cache
def empty_study(block_bytes: int = LARGE_BLOCK) -> bytes:
    """The bytes of a study without traces, kept in the user's cache folder: creating it takes a second."""
    # these files also decide what is in a study
    code = hashlib.sha256(
        b"".join(Path(f).read_bytes() for f in (__file__, narrow.__file__))
    ).hexdigest()
    key = " ".join((duckdb.__version__, code, tables_sha256(), _metrics_sha256(), str(block_bytes)))
    kept = empty_cache.read(key)
    if kept is not None:
        return kept
    with TemporaryDirectory(prefix="genscope-") as folder:
        path = Path(folder) / "empty.duckdb"
        # from 1.3 on, DuckDB compresses texts in half the time
        settings = {"storage_compatibility_version": "v1.3.0", "default_block_size": block_bytes}
        with connect(path, config=settings) as con:
            create_schema(con)
            store_metrics(con)
            # close() would hide that the disk is full
            con.execute("CHECKPOINT")
        made = path.read_bytes()
    empty_cache.write(key, made)
    return made


def check_schema(con: duckdb.DuckDBPyConnection, path: str) -> None:
    """Raise UserError unless the open database is a study of this version."""
    tables = {row[0] for row in con.execute("SHOW TABLES").fetchall()}
    if "genscope_schema" not in tables:
        raise UserError(
            f"{path}: this DuckDB database is not a study; create a study with 'genscope ingest'"
        )
    found = con.execute("SELECT * FROM genscope_schema").fetchall()
    version = max((row[0] for row in found), default=0)
    if version != SCHEMA_VERSION:
        newer = version > SCHEMA_VERSION
        raise UserError(
            f"{path}: {'a newer' if newer else 'an older'} genscope made this study (schema version "
            f"{version}, this one reads {SCHEMA_VERSION}); "
            + ("upgrade genscope" if newer else "re-ingest the traces into a new study")
        )
    if found[0][1] != tables_sha256():
        raise UserError(
            f"{path}: another build of genscope filled this study with different SQL, so its answers "
            "could be wrong; re-ingest the traces into a new study"
        )


@cache
def tables_sha256() -> str:
    """Digest of the SQL that creates and fills the tables: rows of equal digests are comparable."""
    return _sha256([*stored_files(), *load_layer("interval"), *_parts(attribution_files())])


def metrics(extra: Iterable[SqlFile] = ()) -> dict[str, SqlFile]:
    """Our metrics and the user's `extra` by name, each after those that it reads.

    A metric of the user's replaces ours of that name.
    """
    found = {file.name: file for file in (*load_layer("metric"), *load_layer("nsys"), *extra)}
    return {file.name: file for file in in_order(found.values())}


def with_inputs(names: Iterable[str], known: Mapping[str, SqlFile]) -> set[str]:
    """Those of the names that are known, and all that they read among the known."""
    found: set[str] = set()
    waiting = set(names) & known.keys()
    while waiting:
        found |= waiting
        waiting = {other for name in waiting for other in known[name].inputs} & known.keys() - found
    return found


def create_temporary(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> None:
    """Create one metric for this connection, replacing a metric of the same name."""
    try:
        con.execute(create_statement(relation).replace("CREATE ", "CREATE OR REPLACE TEMP ", 1))
    except duckdb.Error as error:
        why = refusal_of(error, shipped_relations(), relation.statement)
        raise UserError(f"{relation.origin}: {why}") from error


def store_metrics(con: duckdb.DuckDBPyConnection) -> None:
    """Store the metrics in the study, for people who open it with DuckDB alone."""
    if con.table("genscope_schema").fetchall()[0][2] == _metrics_sha256():
        return
    for relation in metrics().values():
        con.execute(create_statement(relation).replace("CREATE ", "CREATE OR REPLACE ", 1))
    con.execute(f"UPDATE genscope_schema SET metrics_sha256 = '{_metrics_sha256()}'")


def copy_into(con: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    """Copy all rows of a finished scratch database into the study, in one transaction."""
    con.execute(f"ATTACH '{quoted(scratch)}' AS scratch (TYPE duckdb, READ_ONLY)")
    try:
        with transaction(con):
            for table in trace_tables():
                con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM scratch.{table}")
    finally:
        con.execute("DETACH scratch")


def user_tables() -> list[str]:
    """The tables whose rows come from the user and not from a trace."""
    return [RULES, *(table.name for table in load_layer("schema") if not table.is_of_traces)]


def create_base_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the empty base tables of a trace in the current schema; return what is stored of them."""
    for table in load_layer("schema"):
        if table.is_of_traces:
            narrow.create(con, table)
    return [part.name for part in stored_files() if part.is_of_traces]


def stored_files() -> list[SqlFile]:
    """The base tables as they are stored, see narrow."""
    return _parts(load_layer("schema"))


def trace_tables() -> list[str]:
    """The tables with rows of traces, as they are stored."""
    stored = (*stored_files(), *_parts(attribution_files()))
    return [part.name for part in stored if part.is_of_traces]


@cache
def attribution_files() -> tuple[SqlFile, ...]:
    """The attribution files, each after those that it reads."""
    return tuple(in_order(file for room in ROOMS for file in load_layer(room)))


@cache
def table_files() -> dict[str, SqlFile]:
    """The tables and views of a study by name, without the metrics."""
    return {file.name: file for file in (*load_layer("schema"), *attribution_files())}


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit all statements within, or none."""
    con.execute("BEGIN")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        # an error that invalidates the database has rolled back already
        with suppress(duckdb.Error):
            con.execute("ROLLBACK")
        raise


@cache
def _metrics_sha256() -> str:
    return _sha256(metrics().values())


def _parts(sql_files: Iterable[SqlFile]) -> list[SqlFile]:
    return [part for file in sql_files for part in narrow.parts(file)]


def _sha256(sql_files: Iterable[SqlFile]) -> str:
    # a view that becomes a table may keep its statement
    text = "\n".join(f"{file.name} {file.is_of_traces}\n{file.statement}" for file in sql_files)
    return hashlib.sha256(text.encode()).hexdigest()


def quoted(value: str | Path) -> str:
    """A name or path as the inside of an SQL text: a list of parameters makes DuckDB import pandas."""
    return str(value).replace("'", "''")
