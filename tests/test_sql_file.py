"""The header of a .sql file is data: it is read here, and held against DuckDB for every file."""

import duckdb
import pytest

from genscope.analyze.load.tables import create_schema, metrics, stored_files
from genscope.analyze.refusal import create_metrics, refused
from genscope.analyze.sql_file import LAYERS, SqlFile, in_order, load_layer, parse, reads
from genscope.errors import UserError

HEADER = """\
-- busy_time: time a device was busy.
--
-- Why:     a sum counts concurrent kernels twice,
--          a union does not.
-- Grain:   one row per trace_id
-- Inputs:  kernel, interval_union
-- Params:  top INTEGER = 10   rows to return
-- Columns:
--   trace_id  trace.trace_id
--   busy_ns   ns, union of intervals;
--             never more than the span
-- Never:   WHERE busy_ns < 0
SELECT trace_id, busy_ns FROM interval_union('kernel');
"""
SHIPPED = [file for layer in LAYERS for file in load_layer(layer)]


def test_header_becomes_data() -> None:
    file = parse(HEADER, "metric", "busy_time.sql")
    assert file.name == "busy_time"
    assert file.sentence == "time a device was busy."
    assert file.inputs == ("kernel", "interval_union")
    assert dict(file.columns) == {
        "trace_id": "trace.trace_id",
        "busy_ns": "ns, union of intervals; never more than the span",
    }
    assert file.params["top"].default == "10"
    assert file.never == "SELECT 1 FROM busy_time() WHERE busy_ns < 0"
    assert file.statement.startswith("SELECT") and not file.statement.endswith(";")


def test_why_a_file_is_long_is_no_part_of_its_sentence() -> None:
    text = "-- a: what it is (181 lines because of four links).\n--\n-- Why: b\nSELECT 1\n"
    assert parse(text, "metric", "a.sql").sentence == "what it is."


@pytest.mark.parametrize("text", ["SELECT 1", "-- no colon here\nSELECT 1"])
def test_a_file_without_a_title_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UserError, match=r"^x\.sql:1: .*begin the file with '-- name"):
        parse(text, "metric", "x.sql")


def test_reads_leaves_out_ctes_and_takes_names_handed_to_macros() -> None:
    sql = "WITH a AS (SELECT * FROM kernel) SELECT * FROM a, m('gpu_copy') WHERE 1 IN (FROM trace)"
    assert reads(sql, macros=["m"]) == {"kernel", "m", "gpu_copy", "trace"}


def test_order_puts_a_file_after_what_it_reads_and_refuses_a_circle() -> None:
    first = parse("-- a: x.\n-- Inputs:  none\nSELECT 1 AS one", "metric", "a")
    second = parse("-- b: x.\n-- Inputs:  a\nSELECT 1 AS one", "metric", "b")
    circle = parse("-- a: x.\n-- Inputs:  b\nSELECT 1 AS one", "metric", "a")
    assert [f.name for f in in_order([second, first])] == ["a", "b"]
    with pytest.raises(UserError, match="circle"):
        in_order([second, circle])


@pytest.fixture(scope="module")
def study() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    create_schema(con)
    create_metrics(con, metrics().values(), refused(con))
    return con


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.layer}-{file.name}")
def test_header_agrees_with_duckdb(file: SqlFile, study: duckdb.DuckDBPyConnection) -> None:
    if file.layer != "schema":
        macros = [other.name for other in SHIPPED if other.is_macro]
        assert set(file.inputs) == reads(file.statement, macros), "Inputs differ from the SELECT's"
    if not file.arguments:
        source = f"{file.name}()" if file.params else file.name
        described = study.execute(f"DESCRIBE FROM {source}").fetchall()
        assert list(file.columns) == [row[0] for row in described], "Columns differ"
        wide = [row[0] for row in described if row[1] == "HUGEINT"]
        assert not wide, f"cast these sums to BIGINT: {wide}"
    for section in ("Why", "Grain"):
        assert file.sections.get(section), f"the header lacks {section}"
    assert file.origin.endswith(f"/{file.name}.sql"), "the stem is the relation's name"
    if file.never:
        # its names and types; it is asked of rows elsewhere, and to plan all that a view reads takes long
        study.execute(f"DESCRIBE {file.never}")


@pytest.mark.parametrize("trace_format", ["kineto", "nsys", "ncu", "memory_snapshot"])
def test_staging_fills_base_tables(trace_format: str) -> None:
    tables = {file.name: file for file in (*load_layer("schema"), *stored_files())}
    lists = {"anomaly_kind", "device_spec", "time_interval"}
    for file in load_layer(f"staging/{trace_format}"):
        # what is no base table is a step on the way to one, and named after the format
        assert file.name in tables or file.name.startswith(f"{trace_format}_")
        if file.name in tables:
            assert set(file.columns) <= set(tables[file.name].columns)
        assert file.inputs and all(
            name in tables
            or name in {"trace_file", "annotation_label", *lists}
            or name.startswith(f"{trace_format}_")
            for name in file.inputs
        ), (
            f"staging reads raw relations, base tables staged before it, one grammar of labels, and {lists}"
        )


@pytest.mark.parametrize("trace_format", ["kineto", "nsys", "ncu"])
def test_a_step_of_staging_that_is_skipped_leaves_no_reader(trace_format: str) -> None:
    tables = {file.name for file in (*load_layer("schema"), *stored_files())}
    files = load_layer(f"staging/{trace_format}")
    for step in files:
        if step.sources and step.name not in tables:
            readers = [file for file in files if step.name in file.inputs]
            assert {tuple(file.sources) for file in readers} == {(step.name,)}, step.name


def test_a_comment_below_the_header_is_no_part_of_it() -> None:
    header = "-- a: x.\n--\n-- Why:   mine\n-- Plot:  A title\n"
    for below in ("-- a comment\nSELECT 1", "-- Note: unknown\nSELECT 1"):
        with pytest.raises(UserError, match=r"^a.sql:5: .* is outside the header's sections"):
            parse(header + below, "metric", "a.sql")
        for gap in ("--\n", "\n"):
            file = parse(header + gap + below, "metric", "a.sql")
            assert file.sections["Plot"] == "A title"
            assert file.statement == (gap + below).strip()


def test_the_title_of_a_plot_is_one_line() -> None:
    titles = [file.sections.get("Plot", "") for file in load_layer("metric")]
    assert any(titles)
    assert [title for title in titles if len(title) > 70 or "\n" in title] == []
