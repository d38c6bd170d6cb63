"""What is written for other tools: slices that Perfetto draws, Parquet, a copy of the user's own trace."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genscope.analyze.export.augment import augment
from genscope.analyze.export.perfetto import Exported, chrome_trace, first_ns
from genscope.analyze.export.slices import Window
from genscope.analyze.export.track import Slice, layers
from genscope.analyze.load.tables import empty_study
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.errors import UserError
from tests.made_once import folder_of_all_workers
from tests.traces_of_others import each_built_once

NAMES = ("vit-base-h100", "vllm-moe-tp8-b200", "cpu-half-no-rank")
Events = list[dict[str, Any]]
Whole = Callable[[str], tuple[bytes, Exported]]


@pytest.fixture(scope="module")
def study(shared_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("export")
    built = folder_of_all_workers(tmp_path_factory) / "built"
    with Study(folder / "study.duckdb") as opened:
        with each_built_once(shared_traces, built):
            opened.ingest([shared_traces / f"{name}.json.gz" for name in NAMES])
        yield opened


@pytest.fixture(scope="module")
def whole(study: Study) -> Iterator[Whole]:
    """The export of all of a trace, made once."""
    yield cache(lambda name: chrome_trace(study, _trace_id(study, name)))


def _trace_id(study: Study, name: str) -> int:
    return next(number for number, found in study.names().items() if found == name)


def _events(text: bytes) -> Events:
    found: Events = json.loads(text)["traceEvents"]
    return found


def _boxes(*times: tuple[int, int]) -> list[Slice]:
    return [Slice("GPU", "stream", start, end - start, "x", "x") for start, end in times]


def test_slices_that_overlap_partly_get_layers_of_their_own() -> None:
    nested = _boxes((0, 10), (2, 5), (5, 10), (10, 12))
    assert [layer for layer, _ in layers(nested)] == [0, 0, 0, 0]
    crossing = _boxes((0, 10), (5, 15), (10, 20), (12, 14))
    assert [(layer, one.start_ns) for layer, one in layers(crossing)] == [
        (0, 0),
        (1, 5),
        (0, 10),
        (0, 12),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_perfetto_drops_nothing(whole: Whole, name: str) -> None:
    text, exported = whole(name)
    events = _events(text)
    slices = [event for event in events if event["ph"] == "X"]
    assert (len(slices), exported.left_out_count) == (exported.slice_count, 0)
    named = {event["tid"] for event in events if event["name"] == "thread_name"}
    assert named == {event["tid"] for event in slices} and 0 not in named
    assert not named & {event["pid"] for event in slices}
    by_thread: dict[int, list[tuple[int, int]]] = {}
    for event in slices:
        # exact: a ns is the third decimal
        start, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
        by_thread.setdefault(event["tid"], []).append((start, start + length))
    for spans in by_thread.values():
        open_ends: list[int] = []
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1]
            open_ends.append(end)


def test_kernels_say_what_they_are_and_who_launched_them(study: Study, whole: Whole) -> None:
    trace_id = _trace_id(study, "vit-base-h100")
    events = _events(whole("vit-base-h100")[0])
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    kernels = [e for e in events if e["ph"] == "X" and processes[e["pid"]] == "GPU 0"]
    kernels = [event for event in kernels if "category" in event["args"]]
    facts = study.sql(f"SELECT * FROM work_fact WHERE trace_id = {trace_id}")
    assert len(kernels) == facts.height == 154
    assert sum(round(e["dur"] * 1000) for e in kernels) == facts["dur_ns"].sum()
    assert sum(e["args"]["flops"] for e in kernels) == facts["flops"].sum() > 0
    assert Counter(e["args"]["category"] for e in kernels) == Counter(facts["category"].to_list())
    arrows = Counter(event["ph"] for event in events)
    assert arrows["s"] == arrows["f"] == 154
    lanes = {e["args"]["name"]: e["tid"] for e in events if e["name"] == "thread_name"}
    kinds = {e["name"] for e in events if e["ph"] == "X" and e["tid"] == lanes["attention_kind"]}
    assert kinds == {"self"}


def test_a_window_keeps_what_reaches_into_it(study: Study) -> None:
    trace_id = _trace_id(study, "vit-base-h100")
    base = first_ns(study, trace_id)
    window = Window(base + 1_000_000, base + 2_000_000)
    for event in _events(chrome_trace(study, trace_id, window)[0]):
        if event["ph"] == "X":
            assert event["ts"] < 2000 and event["ts"] + event["dur"] >= 1000
    with pytest.raises(UserError, match="check --from and --to"):
        chrome_trace(study, trace_id, Window(0, 1))


def test_with_too_many_the_shortest_of_the_host_are_left_out(study: Study, whole: Whole) -> None:
    trace_id = _trace_id(study, "vit-base-h100")
    full, all_of_it = whole("vit-base-h100")
    text, exported = chrome_trace(study, trace_id, most_slices=1000)
    assert exported.slice_count == 1000
    assert exported.left_out_count == all_of_it.slice_count - 1000
    kept = {(e["tid"], e["ts"]) for e in _events(text) if e["ph"] == "X" and e["pid"] == 2}
    every = {(e["tid"], e["ts"]) for e in _events(full) if e["ph"] == "X" and e["pid"] == 2}
    assert kept == every


@pytest.mark.parametrize("name", ["vit-base-h100", "cpu-half-no-rank"])
def test_an_augmented_copy_is_the_same_trace_with_more_arguments(
    study: Study, name: str, tmp_path: Path
) -> None:
    trace_id, out = _trace_id(study, name), tmp_path / "copy.json.gz"
    source = Path(study.traces().filter(pl.col("trace_id") == trace_id)["path"].item())
    work = study.sql(f"SELECT * FROM work_fact WHERE trace_id = {trace_id}")
    assert augment(study, trace_id, out) == work.height
    before = json.loads(gzip.decompress(source.read_bytes()), parse_float=str)
    after = json.loads(gzip.decompress(out.read_bytes()), parse_float=str)
    added = []
    for event in after["traceEvents"]:
        args = event.get("args")
        if isinstance(args, dict):
            ours = {key: args.pop(key) for key in list(args) if key.startswith("genscope_")}
            added.append(ours.get("genscope_category"))
    assert after["traceEvents"] == before["traceEvents"]
    assert Counter(filter(None, added)) == Counter(work["category"].to_list())
    with pytest.raises(UserError, match="already exists"):
        augment(study, trace_id, out)


def test_parquet_holds_the_rows_of_each_table(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study.close()
    out = tmp_path / "lake"
    assert main(["export", "parquet", "--db", str(study.path), "--out", str(out)]) == 0
    written = {Path(line).stem for line in capsys.readouterr().out.splitlines()}
    assert {"kernel", "work", "attention_call"} <= written and "python_call" not in written
    assert pl.read_parquet(out / "kernel.parquet").height == 154 + 768
    wanted = ["export", "parquet", "gpu_time", "--db", str(study.path), "--out", str(out)]
    assert main(wanted) == 0
    assert pl.read_parquet(out / "gpu_time.parquet").equals(study.query("gpu_time"))
    assert main([*wanted[:2], "gpu_tme", *wanted[3:]]) == 2
    assert "did you mean gpu_time" in capsys.readouterr().err


def test_the_command_takes_a_file_and_units(
    shared_traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, out = shared_traces / "one-triton-kernel-a100.json.gz", tmp_path / "out.json"
    command = ["export", "perfetto", str(trace), "--out", str(out), "--from", "0us"]
    assert main(command) == 0
    assert "slices" in capsys.readouterr().out and _events(out.read_bytes())
    assert main([*command[:-1], "12"]) == 2
    assert "write a number and ns, us, ms or s" in capsys.readouterr().err
    assert main([*command[:-1], "9us", "--to", "8us"]) == 2
    assert "--from is not before --to" in capsys.readouterr().err


def test_without_a_trace_the_only_one_of_the_study_is_taken(
    study: Study, shared_traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "one.duckdb"
    assert (
        main(["ingest", str(shared_traces / "one-triton-kernel-a100.json.gz"), "--db", str(one)])
        == 0
    )
    study.close()
    for command in (["export", "perfetto"], ["augment"]):
        out = ["--out", str(tmp_path / f"{command[0]}.json")]
        assert main([*command, *out, "--db", str(one)]) == 0
        assert _events((tmp_path / f"{command[0]}.json").read_bytes())
        capsys.readouterr()
        assert main([*command, "--out", str(tmp_path / "other.json"), "--db", str(study.path)]) == 2
        said = capsys.readouterr().err
        assert f"there are 3 traces ({', '.join(sorted(NAMES))}); name one of them" in said


def test_a_study_without_a_trace_has_nothing_to_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.duckdb"
    path.write_bytes(empty_study())
    assert main(["export", "perfetto", "--db", str(path)]) == 2
    assert "there is no trace in it" in capsys.readouterr().err
