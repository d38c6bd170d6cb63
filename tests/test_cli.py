"""The command line as a user meets it: mistakes cost one line and status 2, and write nothing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import genscope
from genscope.analyze.load import tables
from genscope.analyze.sql_file import load_layer
from genscope.cli import app as cli

EVENTS = [
    {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 1.0, "dur": 9.5,
     "args": {"External id": 7, "Input Dims": [[2, 3], [3, 4]], "Input type": ["float", "float"]}},
    {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 2.0,
     "dur": 1.25, "args": {"External id": 7, "correlation": 3}},
    {"ph": "X", "cat": "kernel", "name": "ampere_sgemm_128x64_nn", "pid": 0, "tid": 7, "ts": 12.0,
     "dur": 4.001, "args": {"External id": 7, "correlation": 3, "device": 0, "stream": 7}},
]  # fmt: skip


def _write(path: Path) -> Path:
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": EVENTS}))
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return _write(tmp_path / "one.json")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    path = folder / "study.duckdb"
    assert cli.main(["ingest", str(_write(folder / "one.json")), "--db", str(path)]) == 0
    return path


@pytest.fixture
def study(tmp_path: Path, loaded: Path) -> Path:
    return Path(shutil.copy(loaded, tmp_path))


def _fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    status = cli.main(list(arguments))
    shown = capsys.readouterr()
    assert status == 2, shown
    assert shown.err.count("\n") == 1 and shown.err.startswith("genscope: "), shown.err
    assert shown.out == ""
    return shown.err


def test_wrong_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "new.duckdb"
    assert "nowhere.json" in _fails(
        capsys, "ingest", str(tmp_path / "nowhere.json"), "--db", str(db)
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b"{}", b'{"traceEvents": 5}', b"\x1f\x8bnot gzip", b"[1, 2"]
)
def test_a_file_that_is_no_trace(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    db = tmp_path / "new.duckdb"
    assert "x.json" in _fails(capsys, "ingest", str(path), "--db", str(db))
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_query_names_those_there_are(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "kernel_summary" in _fails(capsys, "query", "kernel_sumary", "--db", str(study))


def test_unknown_parameter_trace_and_command(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = str(study)
    assert "takes none" in _fails(capsys, "query", "ledger", "--param", "x=1", "--db", db)
    assert "name=value" in _fails(capsys, "query", "ledger", "--param", "x", "--db", db)
    assert "the study holds one" in _fails(capsys, "query", "ledger", "--trace", "two*", "--db", db)
    said = _fails(capsys, "qurey")
    assert "Unknown command" in said
    assert ", ;" not in said
    assert "DuckDB refused" in _fails(capsys, "sql", "SELECT nothing FROM nowhere", "--db", db)


def test_sql_cannot_change_the_study(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fails(capsys, "sql", "DROP TABLE kernel", "--db", str(study))
    assert cli.main(["sql", "SELECT count(*) AS n FROM kernel", "--db", str(study)]) == 0


def test_database_of_a_newer_version_and_of_somebody_else(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute("UPDATE genscope_schema SET version = version + 1")
    assert "upgrade genscope" in _fails(capsys, "query", "ledger", "--db", str(study))
    with duckdb.connect(str(study)) as con:
        con.execute("UPDATE genscope_schema SET version = version - 1, tables_sha256 = 'other'")
    assert "re-ingest the traces" in _fails(capsys, "query", "ledger", "--db", str(study))
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    assert "is not a study" in _fails(capsys, "query", "ledger", "--db", str(other))
    assert "this is a folder" in _fails(capsys, "query", "ledger", "--db", str(tmp_path))
    text = tmp_path / "text.duckdb"
    text.write_text("no database")
    assert "not a DuckDB database" in _fails(capsys, "report", "--db", str(text))


def test_formats(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["query", "trace_summary", "--db", str(study)]
    capsys.readouterr()
    assert cli.main([*ask, "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    columns = {f.name: f for f in load_layer("metric")}["trace_summary"].columns
    assert list(row) == list(columns)
    assert row["kernel_count"] == 1
    out = tmp_path / "rows.parquet"
    assert cli.main([*ask, "--format", "parquet", "--out", str(out)]) == 0
    assert duckdb.sql(f"SELECT kernel_count FROM '{out}'").fetchall() == [(1,)]
    assert cli.main([*ask, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split(",") == list(columns)
    assert "--out" in _fails(capsys, *ask, "--format", "parquet")


def test_a_load_says_which_file_is_cut_short(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = trace.read_bytes()
    cut = tmp_path / "cut.json"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    # one alone, and one among others
    for number, paths in enumerate(([cut], [cut, trace])):
        assert (
            cli.main(["ingest", *map(str, paths), "--db", str(tmp_path / f"{number}.duckdb")]) == 0
        )
        lines = capsys.readouterr().out.splitlines()
        assert ["cut short" in line for line in lines] == [True, *(False for _ in paths)]


def test_times_of_operators_beside_times_of_kernels_have_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = str(tmp_path / "s.duckdb")
    kernels, operators = _write(tmp_path / "kernels.json"), tmp_path / "operators.json"
    operators.write_text(json.dumps({"schemaVersion": 1, "traceEvents": EVENTS[:1]}))
    assert cli.main(["ingest", str(kernels), str(operators), "--db", db]) == 0
    for second, has_note in (("operators", True), ("kernels", False)):
        capsys.readouterr()
        assert cli.main(["compare", "kernels", second, "--db", db]) == 0
        assert ("not a speedup of the model" in capsys.readouterr().err) == has_note


def test_same_file_twice_is_loaded_once(study: Path, trace: Path) -> None:
    assert cli.main(["ingest", str(trace), "--db", str(study)]) == 0
    with genscope.open(study) as opened:
        assert opened.traces().height == 1


def test_own_kernel_rules_and_own_queries(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text("pattern,category\nampere_.gemm,embedding\n")
    assert cli.main(["classify", "--rules", str(rules), "--db", str(study)]) == 0
    own = tmp_path / "own"
    own.mkdir()
    (own / "my_count.sql").write_text(
        "-- my_count: kernels by class.\n-- Why:     mine\n-- Grain:   one row per category\n"
        "-- Inputs:  work_category\n-- Columns:\n--   category  class\n--   n  count\n"
        "SELECT category, count(*) AS n FROM work_category GROUP BY category\n"
    )
    with genscope.open(study, queries=[own]) as opened:
        assert opened.query("my_count").rows() == [("embedding", 1)]
        assert "my_count" in [file.name for file in opened.relations()]
    (own / "my_count.sql").write_text("-- my_count: x.\n-- Inputs:  none\nSELECT nothing")
    ask = ["query", "ledger", "--queries", str(own), "--db", str(study)]
    assert "my_count.sql: DuckDB refused" in _fails(capsys, *ask)
    (own / "my_count.sql").write_text("-- my_count: x.\n-- Inputs:  work\nSELECT 1 AS n FROM wrok")
    assert "did you mean work" in _fails(capsys, *ask)
    rules.write_text("pattern,category\n(,linear\n")
    assert "rules.csv:2" in _fails(capsys, "classify", "--rules", str(rules), "--db", str(study))


def test_macros_and_tables_are_open_to_other_tools(study: Path) -> None:
    with duckdb.connect(str(study), read_only=True) as con:
        names = {row[0] for row in con.execute("SHOW TABLES").fetchall()}
    assert {"kernel", "work", "work_category", "attention_call", "gpu_time"} <= names
    assert {f.name for f in tables.attribution_files() if not f.arguments} <= names


def test_command_runs_as_a_process_and_starts_quickly() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "genscope", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == genscope.__version__
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not {"torch", "duckdb", "polars", "holoviews", "diffusers"} & loaded


def test_tables_of_ones_own(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = tmp_path / "jobs.csv"
    jobs.write_text(
        "job,model_class,gpu_count,parameter_count\na,llm,8,1000\nb,text-to-image,16,1000\n"
    )
    assert cli.main(["load", "fleet_job", str(jobs), "--db", str(study)]) == 0
    with genscope.open(study) as opened:
        assert opened.query("fleet").height == 2
    jobs.write_text("job\nonly a name\n")
    assert "pass a CSV" in _fails(capsys, "load", "fleet_job", str(jobs), "--db", str(study))
    with genscope.open(study) as opened:
        assert opened.query("fleet").height == 2
    log = tmp_path / "power.csv"
    log.write_text("timestamp, index, power.draw [W]\n2026/11/29 07:00:00, 0, 70.00 W\n")
    with genscope.open(study) as opened:
        trace = str(opened.sql("SELECT name FROM trace")["name"][0])
    load = ["load", "power", str(log), "--trace", trace, "--utc-offset", "+02:00"]
    assert cli.main([*load, "--db", str(study)]) == 0
    with genscope.open(study) as opened:
        (sample,) = opened.sql("SELECT * FROM power_sample").rows()
    assert sample == (trace, 0, 1_795_928_400_000_000_000, 70.0)
    assert "no trace" in _fails(capsys, *load[:3], "--trace", "x", "--db", str(study))


def test_every_option_and_argument_has_help() -> None:
    waiting = {f"genscope {name}": cli.app[name] for name in cli.app if not name.startswith("-")}
    assert len(waiting) > 10
    while waiting:
        command, found = waiting.popitem()
        within = [name for name in found if not name.startswith("-")]
        waiting |= {f"{command} {name}": found[name] for name in within}
        for argument in [] if within else found.assemble_argument_collection():
            assert argument.parameter.help, f"{command}: {argument.name} has no help"


def test_near_names_are_suggested_and_only_those(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = ["--db", str(study)]
    for ask in (["query", "kernel_sumary"], ["plot", "kernel_sumary", "--out", "x.svg"]):
        said = _fails(capsys, *ask, *db)
        assert "did you mean kernel_summary" in said and "pareto" not in said
    assert "did you mean" not in _fails(capsys, "query", "xyzzy", *db)
    for sides in (("nope", "one"), ("one", "nope")):
        assert "no trace matches 'nope'" in _fails(capsys, "compare", *sides, *db)
    assert "did you mean one?" in _fails(capsys, "compare", "one", "onne", *db)


@pytest.mark.parametrize(
    ("profiler", "size", "expected"),
    [("dry", None, "paper"), ("torch", None, "tiny"), ("dry", "tiny", "tiny")],
)
def test_a_dry_capture_is_of_full_size_unless_asked_otherwise(
    profiler: str, size: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "genscope.capture.session.capture", lambda settings, _: seen.append(settings)
    )
    asked = ["--size", size] if size else []
    assert cli.main(["capture", "stable_diffusion", "--profiler", profiler, *asked]) == 0
    assert [settings.size for settings in seen] == [expected]


@pytest.mark.loads_for()
def test_files_of_ours_beside_traces_are_no_traces(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "gpu_suite_failures.json").write_text("{}")
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text("{}")
    (run / "trace.json").write_text(trace.read_text().replace("aten::mm", "aten::add"))
    db = tmp_path / "study.duckdb"
    globs = [str(tmp_path / "*.json"), str(tmp_path / "run" / "*"), str(tmp_path)]
    assert cli.main(["ingest", *globs, "--db", str(db)]) == 0
    with genscope.open(db) as opened:
        assert sorted(opened.traces()["name"]) == ["one", "run"]
