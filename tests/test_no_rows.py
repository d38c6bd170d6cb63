"""An answer without rows says why, and a trace that is left out is named."""

from pathlib import Path

import pytest

from genscope.analyze.study import Study
from genscope.cli import app as cli
from tests.effort import part
from tests.made_once import folder_of_all_workers, made_once
from tests.readers.nsys_export import call, kernel, nvtx, strings, write_export

NAMES = strings("cudaGraphLaunch_v10000", "gemm")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Three exports: ranges alone, kernels alone, and kernels beside a graph that was traced whole."""
    folder = made_once(folder_of_all_workers(tmp_path_factory) / "no-rows", _make)
    return Study(folder / "study.duckdb")


def _make(folder: Path) -> None:
    graph = {"start": 10, "end": 90, "deviceId": 0, "streamId": 1, "globalPid": 7 << 24}
    kernels = [kernel(0, 10, demangledName=2)]
    made = {
        "ranges": {"NVTX_EVENTS": [nvtx(0, 9, "forward", eventType=60)]},
        "kernels": {"CUPTI_ACTIVITY_KIND_KERNEL": kernels},
        "graphs": {
            "CUPTI_ACTIVITY_KIND_KERNEL": kernels,
            "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": [graph],
            "CUPTI_ACTIVITY_KIND_RUNTIME": [call(0, 5)],
        },
    }
    paths = [
        write_export(folder / f"{name}.sqlite", {"StringIds": NAMES} | tables)
        for name, tables in made.items()
    ]
    Study(folder / "study.duckdb").ingest(paths)


def test_the_reason_is_what_the_trace_lacks(study: Study) -> None:
    lacking = "no rows for ranges, kernels, graphs: "
    with study:
        assert study.reasons("cache_hit") == [
            f"{lacking}no cache hit rates were recorded (Nsight Compute counts them)"
        ]
        assert study.reasons("kernel_summary", trace="ranges") == [
            "no rows for ranges: neither kernels nor operators were recorded"
        ]
        assert study.reasons("nvtx_pushpop_sum", trace="ranges") == [
            "no rows for ranges: no NVTX push/pop range was recorded; the query nvtx_range "
            "shows other ranges"
        ]
        assert study.reasons("flash_speedup", trace="kernels") == [
            "no rows for kernels: there is no second run to compare with"
        ]
        (line,) = study.reasons("pareto")
        assert line.startswith(f"{lacking}the query returns one row per ")


def test_every_answer_of_every_trace_has_rows_or_a_reason(study: Study) -> None:
    with study:
        # a third of them on each change
        for relation in part(study.relations(), of=3):
            for trace in ("ranges", "kernels"):
                frame = study.query(relation.name, trace=trace)
                assert frame.height or study.reasons(relation.name, trace=trace), relation.name


def test_the_command_says_it_beside_the_answer(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    db = ["--db", str(study.path)]
    assert cli.main(["query", "cache_hit", "--format", "json", *db]) == 0
    printed = capsys.readouterr()
    assert printed.out == "[]\n"
    assert printed.err.startswith("genscope: cache_hit: no rows for ranges, kernels, graphs: ")
    assert cli.main(["query", "operator_breakdown", *db]) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        "genscope: operator_breakdown: left out graphs: kernels inside CUDA graphs were not "
        "recorded (SELECT * FROM anomaly says more)\n"
    )
    assert cli.main(["query", "ledger", "--trace", "ranges", "--format", "csv", *db]) == 0
    assert "work,false,neither kernels nor operators" in capsys.readouterr().out
