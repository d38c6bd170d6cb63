"""Nsight Compute's two CSV layouts and its reports, on tables small enough to read in the test."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import narrow, staging, tables
from genscope.analyze.readers.ncu import read as ncu
from genscope.analyze.readers.ncu.units import base_unit, comma_is_decimal, number
from genscope.analyze.sql_file import load_layer
from genscope.errors import UserError

ABOUT = '"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream","Block Size"'
ABOUT += ',"Grid Size","Device","CC"'
KERNEL = '"{id}","7","python","127.0.0.1","{name}","1","7","(384, 1, 1)","(9, 32, 1)","0","10.0"'
RAW = f"""==PROF== Connected to process 7 (/usr/bin/python3)
loss, 0.25
{ABOUT},"dram__bytes_read.sum","gpu__time_duration.sum","launch__func_cache_config","sm__x.avg"
"","","","","","","","","","","","Mbyte","us","",""
{KERNEL.format(id=0, name="gemm(float *, int)")},"2.5","41.28","PreferNone","1,234"
==PROF== Disconnected from process 7
{KERNEL.format(id=1, name="gemm(float *, int)")},"1,500.25","9","PreferNone","nan"
{KERNEL.format(id=5, name="soft")},"640","3","",""
"""
DETAILS = f"""{ABOUT},"Section Name","Metric Name","Metric Unit","Metric Value","Rule Name"
{KERNEL.format(id=0, name="gemm")},"GPU Speed Of Light Throughput","Duration","usecond","406.24",
{KERNEL.format(id=0, name="gemm")},"GPU Speed Of Light Throughput","Memory Throughput","%","21.68",
{KERNEL.format(id=0, name="gemm")},"Memory Workload Analysis","Memory Throughput","Gbyte/s","1.5",
{KERNEL.format(id=0, name="gemm")},"Memory Workload Analysis","L2 Hit Rate","%","48.5"
{KERNEL.format(id=0, name="gemm")},"SpeedOfLight","","","","SOLBottleneck"
{KERNEL.format(id=0, name="gemm")},"Occupancy","Block Limit SM","block","32",
{KERNEL.format(id=3, name="soft")},"Command line profiler metrics","dram__bytes.sum","Kbyte","5.12",
"""


def _staged(path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table in load_layer("schema"):
        narrow.create(con, table)
    tables.create_macros(con)
    con.execute(
        "CREATE TABLE trace_file AS SELECT 1::INTEGER AS trace_id, $1::VARCHAR AS name, "
        "$1::VARCHAR AS path, $1::VARCHAR AS digest, 1::BIGINT AS size_bytes, NULL::VARCHAR AS model, NULL::VARCHAR AS family, "
        "NULL::VARCHAR AS attention, NULL::VARCHAR AS profiler, NULL::BOOLEAN AS predicted, "
        "NULL::JSON AS manifest, NULL::VARCHAR AS device_name, NULL::JSON AS device, "
        "0::BIGINT AS odd_manifest_count, NULL::VARCHAR AS odd_manifest_example",
        [path.stem],
    )
    ncu.load(path, con)
    with staging.staging_area(con):
        staging.stage(con, "ncu")
    return con


def _values(con: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], tuple[str | None, Any]]:
    rows = con.execute("SELECT ordinal, metric, unit, value FROM kernel_metric").fetchall()
    return {(ordinal, metric): (unit, value) for ordinal, metric, unit, value in rows}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_raw_page_with_what_the_program_printed_around_it(tmp_path: Path) -> None:
    con = _staged(_written(tmp_path / "raw.csv", RAW))
    assert _values(con) == {
        (0, "dram__bytes_read.sum"): ("byte", 2_500_000.0),
        (0, "gpu__time_duration.sum"): ("ns", 41_280.0),
        (0, "launch__func_cache_config"): (None, None),
        (0, "sm__x.avg"): (None, 1234.0),
        (1, "dram__bytes_read.sum"): ("byte", 1_500_250_000.0),
        (1, "gpu__time_duration.sum"): ("ns", 9000.0),
        (1, "launch__func_cache_config"): (None, None),
        (1, "sm__x.avg"): (None, None),
        (2, "dram__bytes_read.sum"): ("byte", 640e6),
        (2, "gpu__time_duration.sum"): ("ns", 3000.0),
    }
    kernels = con.execute(
        "SELECT DISTINCT ordinal, name, grid, block FROM kernel_metric ORDER BY 1"
    )
    assert kernels.fetchall() == [
        (0, "gemm(float *, int)", "[9,32,1]", "[384,1,1]"),
        (1, "gemm(float *, int)", "[9,32,1]", "[384,1,1]"),
        (2, "soft", "[9,32,1]", "[384,1,1]"),
    ]
    trace = con.execute("SELECT format, profiler, event_count, complete FROM trace").fetchall()
    assert trace == [("ncu", "ncu", 10, True)]
    assert con.execute("SELECT device_id FROM device").fetchall() == [(0,)]
    assert con.execute("SELECT * FROM anomaly").fetchall() == []


def test_details_page_gives_the_names_of_the_raw_page(tmp_path: Path) -> None:
    assert _values(_staged(_written(tmp_path / "details.csv", DETAILS))) == {
        (0, "gpu__time_duration.sum"): ("ns", 406_240.0),
        (0, "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"): ("%", 21.68),
        (0, "dram__bytes.sum.per_second"): ("byte/s", 1.5e9),
        (0, "lts__t_sector_hit_rate.pct"): ("%", 48.5),
        (0, "Occupancy: Block Limit SM"): ("block", 32.0),
        (1, "dram__bytes.sum"): ("byte", 5120.0),
    }


def test_a_shared_result_agrees_with_plain_csv(shared_traces: Path) -> None:
    path = shared_traces / "ncu" / "cublaslt-gemm-sm100.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('"ID"'))
    rows = [row for row in csv.DictReader(lines[start:]) if row["Metric Name"]]
    con = _staged(path)
    found = _values(con)
    assert len(found) == len(rows) == 50
    numbers = [
        float(r["Metric Value"]) for r in rows if r["Metric Value"].replace(".", "").isdigit()
    ]
    assert sorted(v for _, v in found.values() if v is not None) == sorted(numbers)
    assert found[0, "gpu__time_duration.sum"] == ("ns", 406240.0)
    assert found[0, "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"] == ("%", 0.74)
    assert con.execute("SELECT DISTINCT grid, block FROM kernel_metric").fetchall() == [
        ("[9,32,1]", "[384,1,1]")
    ]


def test_bytes_read_and_written_are_added_up_where_the_sum_is_not_there(tmp_path: Path) -> None:
    header = f'{ABOUT},"dram__bytes_write.sum","dram__bytes_read.sum","dram__bytes.sum"\n'
    units = '"","","","","","","","","","","","Kbyte","byte","byte"\n'
    rows = [
        f'{KERNEL.format(id=i, name="gemm")},"{write}","{read}","{total}"\n'
        for i, (write, read, total) in enumerate([("2", "500", ""), ("2", "", ""), ("2", "1", "7")])
    ]
    found = _values(_staged(_written(tmp_path / "raw.csv", header + units + "".join(rows))))
    sums = {
        ordinal: value for (ordinal, metric), value in found.items() if metric == "dram__bytes.sum"
    }
    assert sums == {0: ("byte", 2500.0), 2: ("byte", 7.0)}


def test_numbers_of_a_locale_with_decimal_commas(tmp_path: Path) -> None:
    text = (
        RAW.replace('"2.5"', '"2,5"').replace('"41.28"', '"5.809"').replace("1,500.25", "1.500,25")
    )
    found = _values(_staged(_written(tmp_path / "german.csv", text)))
    assert found[0, "dram__bytes_read.sum"] == ("byte", 2_500_000.0)
    assert found[0, "gpu__time_duration.sum"] == ("ns", 5_809_000.0)
    assert found[1, "dram__bytes_read.sum"] == ("byte", 1_500_250_000.0)


def test_processes_and_tables_count_their_kernels_apart(tmp_path: Path) -> None:
    second = RAW.replace('"7","python"', '"8","python"')
    con = _staged(_written(tmp_path / "two.csv", RAW + second))
    ordinals = con.execute("SELECT DISTINCT ordinal FROM kernel_metric ORDER BY 1").fetchall()
    assert [row[0] for row in ordinals] == [0, 1, 2, 3, 4, 5]


def test_a_table_that_breaks_off(tmp_path: Path) -> None:
    text = "==WARNING== Found outstanding GPU clock reset\n" + RAW.rstrip()[:-12]
    con = _staged(_written(tmp_path / "cut.csv", text))
    assert {ordinal for ordinal, _ in _values(con)} == {0, 1}
    found = con.execute("SELECT kind, count FROM anomaly ORDER BY 1").fetchall()
    assert found == [("cut_row", 1), ("profiler_warning", 1)]
    assert con.execute("SELECT complete, skipped_count FROM trace").fetchall() == [(False, 1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no table of Nsight Compute kernels"),
        ("a,b\n1,2\n", "has no table of Nsight Compute kernels"),
        (
            RAW.split('"0","7"', maxsplit=1)[0],
            "has no table of Nsight Compute kernels",
        ),
        (
            "==PROF== Connected to process 1\n==ERROR== ERR_NVGPUCTRPERM - no permission\n",
            "(==ERROR== ERR_NVGPUCTRPERM - no permission); write one with",
        ),
    ],
)
def test_files_without_a_kernel(tmp_path: Path, text: str, told: str) -> None:
    path = _written(tmp_path / "metrics.csv", text)
    with pytest.raises(UserError) as raised:
        _staged(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and told in message and "\n" not in message


@pytest.mark.parametrize(
    ("unit", "base"),
    [
        ("Gbyte/s", (1e9, "byte/s")),
        ("Kbyte/block", (1e3, "byte/block")),
        ("sector/ns", (1e9, "sector/s")),
        ("Mbyte/second", (1e6, "byte/s")),
        ("cycle/nsecond", (1e9, "hz")),
        ("Ghz", (1e9, "hz")),
        ("usecond", (1e3, "ns")),
        ("s", (1e9, "ns")),
        ("%", (1.0, "%")),
        ("inst/cycle", (1.0, "inst/cycle")),
        ("SM", (1.0, "SM")),
        ("", (1.0, "")),
    ],
)
def test_units(unit: str, base: tuple[float, str]) -> None:
    assert base_unit(unit) == base


def test_numbers() -> None:
    assert number("37,680,872") == 37680872
    assert number("1,234.5", 1e3) == 1234500
    assert number("8.19", 1e3) == 8190, "as decimals, not 8189.999999999999"
    assert number("1.234,5", decimal_comma=True) == 1234.5
    assert number("1\u202f234.5") == 1234.5
    assert number("PolicySpread") is number("nan") is number("inf") is number("") is None
    assert comma_is_decimal(["21,68", "1.234", "5"])
    assert not comma_is_decimal(["21.68", "1,234", "0,1"])
    assert not comma_is_decimal(["1,234", "12"])


class _Metric(SimpleNamespace):
    def value(self) -> Any:
        return self.held

    def unit(self) -> str:
        return str(self.measured_in)

    def has_value(self) -> bool:
        return self.held is not None


class _Action:
    NameBase_DEMANGLED = 1

    def __init__(self, name: str, metrics: dict[str, tuple[Any, str]]) -> None:
        self._name = name
        self._metrics = {n: _Metric(held=v, measured_in=u) for n, (v, u) in metrics.items()}

    def name(self, base: int) -> str:
        assert base == self.NameBase_DEMANGLED
        return self._name

    def metric_names(self) -> list[str]:
        return list(self._metrics)

    def metric_by_name(self, name: str) -> _Metric | None:
        return self._metrics.get(name)


def test_reports_through_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {
        f"launch__{what}_dim_{axis}": (n, "")
        for what in ("grid", "block")
        for n, axis in enumerate("xyz", start=1)
    }
    first = _Action("gemm(int)", sizes | {"dram__bytes.sum": (4096.0, "byte"), "none": (None, "")})
    second = _Action("soft()", {"gpu__time_duration.sum": (7.5, "us"), "config": ("text", "")})
    module = SimpleNamespace(load_report=lambda path: [[first], [second]])
    monkeypatch.setitem(sys.modules, "ncu_report", module)
    con = _staged(_written(tmp_path / "run.ncu-rep", "report"))
    found = _values(con)
    assert found[0, "dram__bytes.sum"] == ("byte", 4096.0)
    assert found[1, "gpu__time_duration.sum"] == ("ns", 7500.0)
    assert found[1, "config"] == (None, None)
    assert (0, "none") not in found
    kernels = con.execute(
        "SELECT DISTINCT ordinal, name, grid, block FROM kernel_metric ORDER BY 1"
    )
    assert kernels.fetchall() == [(0, "gemm(int)", "[1,2,3]", "[1,2,3]"), (1, "soft()", None, None)]


def test_reports_through_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncu_report", None)
    report = _written(tmp_path / "run.ncu-rep", "report")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs the module ncu_report or ncu on PATH"):
        _staged(report)
    tool = _written(
        tmp_path / "ncu", f"#!/bin/sh\n/bin/cat {_written(tmp_path / 'raw.csv', RAW)}\n"
    )
    tool.chmod(0o755)
    assert _values(_staged(report))[0, "dram__bytes_read.sum"] == ("byte", 2_500_000.0)


def test_a_report_that_the_module_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise RuntimeError("not a report")

    monkeypatch.setitem(sys.modules, "ncu_report", SimpleNamespace(load_report=refuse))
    with pytest.raises(UserError, match=r"ncu_report can't read this report .not a report"):
        _staged(_written(tmp_path / "run.ncu-rep", "x"))
