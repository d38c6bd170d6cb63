"""A batch of files: each fails alone, each is built as if it were alone, and all follow the user's rules."""

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import attribution, build
from genscope.analyze.load.attached import study_tables
from genscope.analyze.load.ingest import ingest
from genscope.analyze.load.small_traces import groups
from genscope.analyze.load.trace_file import TraceFile
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.errors import UserError


def event(cat: str, start: float, dur: float, name: str, **args: Any) -> dict[str, Any]:
    track = {"pid": 0, "tid": 7} if cat == "kernel" else {"pid": 1, "tid": 1}
    return {"ph": "X", "cat": cat, "name": name, "ts": start, "dur": dur, "args": args} | track


def write_trace(path: Path, count: int = 1, name: str = "my_special") -> Path:
    """A trace of operators that launch a kernel each; another `count` makes another size."""
    events = []
    for i in range(count):
        shape = {"Input Dims": [[2 + i, 3], [3, 4]], "Input type": ["float", "float"]}
        events += [
            event("cpu_op", 20 * i, 10, "aten::mm", **{"External id": i + 1}, **shape),
            event("cuda_runtime", 20 * i + 1, 1, "cudaLaunchKernel", correlation=i + 1),
            event("kernel", 20 * i + 5, 4 + i, name, correlation=i + 1, device=0, stream=7),
        ]
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    return path


def some(folder: Path, count: int) -> list[Path]:
    return [write_trace(folder / f"{i}.json", i + 1) for i in range(count)]


def categories(study: Path) -> list[tuple[str, str]]:
    with Study(study) as opened:
        return opened.sql(
            "SELECT DISTINCT name, category FROM work_category JOIN trace USING (trace_id) ORDER BY ALL"
        ).rows()


def contents(study: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(study), read_only=True) as con:
        return {name: con.table(name).order("ALL").fetchall() for name in study_tables()}


@pytest.mark.loads_for("work_category")
@pytest.mark.parametrize(("jobs", "count"), [(1, 5), (4, 2)], ids=["together", "alone"])
def test_user_rules_reach_traces_that_are_loaded_later(
    jobs: int, count: int, tmp_path: Path
) -> None:
    first, *later = some(tmp_path, count)
    study, rules = tmp_path / "s.duckdb", tmp_path / "rules.csv"
    rules.write_text("pattern,category\nmy_special,embedding\n")
    ingest(study, [first])
    with Study(study) as opened:
        opened.classify(rules)
    ingest(study, later, jobs=jobs)
    before = categories(study)
    assert before == [(str(i), "embedding") for i in range(count)]
    with Study(study) as opened:
        opened.classify(rules)
    assert categories(study) == before


def test_traces_that_are_built_together_have_the_rows_of_those_built_alone(tmp_path: Path) -> None:
    paths = some(tmp_path, 4)
    for jobs in (1, 4):
        found = ingest(tmp_path / f"{jobs}.duckdb", paths, jobs=jobs)
        assert [r.event_count for r in found] == [3, 6, 9, 12]
    together, alone = (contents(tmp_path / f"{jobs}.duckdb") for jobs in (1, 4))
    assert together["work"] and together["work_cost"]
    assert together == alone


def test_small_files_share_a_database_and_big_ones_do_not(tmp_path: Path) -> None:
    sizes = [10] * 70 + [1 << 20] + [100 << 10] * 8
    files = {}
    for i, size in enumerate(sizes):
        # text counts for what its gzip would have
        path = tmp_path / (f"{i}.json" if i % 2 else f"{i}.json.gz")
        with path.open("wb") as file:
            file.truncate(8 * size if i % 2 else size)
        files[i] = TraceFile(path, "kineto", path.stem)
    made = [list(group) for group in groups(files, jobs=2)]
    assert sorted(i for group in made for i in group) == list(files)
    assert [70] in made
    assert max(map(len, made)) == 16
    assert all(sum(sizes[i] for i in group) <= 512 << 10 or len(group) == 1 for group in made)
    few = {i: files[i] for i in range(4)}
    assert [len(group) for group in groups(few, jobs=2)] == [2, 2]
    assert [len(group) for group in groups(few, jobs=4)] == [1, 1, 1, 1]


ERRORS: list[tuple[Exception, str]] = [
    (RecursionError("too deep"), "nested too deeply"),
    (MemoryError(), "not enough memory"),
    (ZeroDivisionError("division by zero"), "division by zero"),
    (duckdb.ConversionException("Conversion Error: no INT64"), "Conversion Error: no INT64"),
    (UserError("it is no trace"), "it is no trace"),
    (OSError(28, "No space left on device"), "make room on the disk"),
]


@pytest.mark.loads_for()
@pytest.mark.parametrize("jobs", [1, 8], ids=["together", "alone"])
def test_whatever_a_file_raises_the_others_are_loaded(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = build._read

    def fails(con: Any, found: TraceFile, parts: Path, **options: Any) -> None:
        read(con, found, parts, **options)
        if found.path in bad:
            raise bad[found.path][0]

    monkeypatch.setattr(build, "_read", fails)
    paths = some(tmp_path, len(ERRORS) + 2)
    bad = dict(zip(paths[1:], ERRORS, strict=False))
    found = ingest(tmp_path / "s.duckdb", paths, jobs=jobs)
    assert [r.status for r in found] == ["loaded", *["failed"] * len(ERRORS), "loaded"]
    for result in found[1:-1]:
        error, said = bad[result.path]
        text = str(result.error)
        assert said in text and text.startswith(f"{result.path}: ") and "\n" not in text
        assert ("disk" in text) == isinstance(error, OSError)
    kept = {row[0] for row in contents(tmp_path / "s.duckdb")["kernel"]}
    assert kept == {1, len(paths)}


@pytest.mark.loads_for()
def test_a_group_that_fails_is_built_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attribute = attribution.attribute

    def fails(con: duckdb.DuckDBPyConnection, *wanted: Any, **given: Any) -> None:
        attribute(con, *wanted, **given)
        if con.table("trace").filter("name = '2'").fetchall():
            raise ValueError("a rule that this trace breaks")

    monkeypatch.setattr(attribution, "attribute", fails)
    found = ingest(tmp_path / "s.duckdb", some(tmp_path, 4), jobs=1)
    assert [r.status for r in found] == ["loaded", "loaded", "failed", "loaded"]
    assert "a rule that this trace breaks" in str(found[2].error)
    assert not list(tmp_path.glob("*.ingest-*"))


def test_a_deep_file_ends_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genscope.analyze.load.operator_nesting._DEPTH", 2)
    monkeypatch.setattr("genscope.analyze.load.operator_nesting._DEEPEST", 4096)
    good, deep, nested = some(tmp_path, 3)
    # each operator begins and ends a little later than the one before
    operators = [event("cpu_op", i, 50_000, "aten::mm") for i in range(5000)]
    deep.write_text(json.dumps({"traceEvents": operators}))
    nested.write_text('{"traceEvents": [{"args": {"a": ' + "[" * 100_000)
    found = ingest(tmp_path / "s.duckdb", [deep, good, nested])
    assert [r.status for r in found] == ["failed", "loaded", "failed"]
    assert "more than 4,096 operators" in str(found[0].error)
    assert "nested too deep" in str(found[2].error)


@pytest.mark.loads_for()
def test_a_copy_of_a_file_that_failed_has_failed_too(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.json", write_trace(tmp_path / "c.json")]
    for path in paths[:2]:
        path.write_text("hello")
    paths.append(write_trace(tmp_path / "d.json"))
    found = ingest(tmp_path / "s.duckdb", paths)
    assert [r.status for r in found] == ["failed", "failed", "loaded", "duplicate"]
    assert found[3].name == "c"
    assert str(found[1].error).startswith(f"{paths[1]}: ")
    assert str(paths[0]) in str(found[1].error)
    again = ingest(tmp_path / "s.duckdb", paths)
    assert [r.status for r in again] == ["failed", "failed", "duplicate", "duplicate"]


def test_seconds_of_a_file_are_its_own(tmp_path: Path) -> None:
    paths = some(tmp_path, 6)
    start = time.perf_counter()
    found = ingest(tmp_path / "s.duckdb", paths, jobs=1)
    elapsed = time.perf_counter() - start
    assert all(r.seconds > 0 for r in found)
    # one thread builds while another copies; seconds since the batch began would be 3.5 times as many
    assert sum(r.seconds for r in found) <= 2 * elapsed


@pytest.mark.loads_for()
def test_lines_name_each_path_once_and_the_summary_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, copy, bad = (tmp_path / f"{name}.json" for name in ("good", "copy", "bad"))
    write_trace(good)
    write_trace(copy)
    bad.write_text("hello")
    study = str(tmp_path / "s.duckdb")
    assert cli.main(["ingest", str(good), str(copy), str(bad), "--db", study]) == 1
    said = capsys.readouterr()
    assert said.err.count(str(bad)) == 1 and said.out.count(str(copy)) == 1
    assert said.out.endswith("1 loaded, 1 skipped (already in the study), 1 failed\n")


@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_jobs_below_one_are_refused(
    jobs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = write_trace(tmp_path / "t.json")
    study = tmp_path / "s.duckdb"
    assert cli.main(["ingest", str(trace), "--db", str(study), "--jobs", jobs]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [trace]
