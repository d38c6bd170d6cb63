"""A fleet's page says which ranks and hosts to look at."""

from pathlib import Path

import polars as pl
import pytest

from genscope.analyze.fleet import page
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.page import write_page
from genscope.analyze.fleet.question import FleetAnswer


@pytest.fixture
def lake(tmp_path: Path) -> str:
    Lake(str(tmp_path / "lake")).create()
    return str(tmp_path / "lake")


def test_a_page_of_many_ranks_lists_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str
) -> None:
    """Of 200 ranks, the one with the largest delay comes first, whatever its name holds."""
    rows = [
        (i, f"rank{i}" if i else "<script>", "/job", i, "compute", v, 100, v - 100, max(v - 100, 0))
        for i, v in enumerate([90_000_000, *([100] * 199)])
    ]
    names = ["trace_id", "trace_name", "job", "rank", "measure", "value_ns", "median_ns"]
    frame = pl.DataFrame(rows, schema=[*names, "excess_ns", "delay_ns"], orient="row")
    frame = frame.with_columns(place=pl.int_range(1, 201), score=pl.lit(None, pl.Float64))
    # eight ranks a host; that of the last eight is unknown
    named = pl.when(pl.col("trace_id") < 192).then(
        "<b>" + (pl.col("trace_id") // 8).cast(pl.String)
    )
    frame = frame.with_columns(host=named)
    slow = {"job": "/job", "host": "<b>3", "measure": "compute", "is_slow": True}
    slow |= {"late_count": 8, "trace_count": 8, "place": 1}
    slow |= {"value_ns": 112_000_000, "median_ns": 100_000_000, "delay_ns": 12_000_000}
    hosts = pl.DataFrame(
        [slow, slow | {"measure": "idle"}, slow | {"host": "h2", "is_slow": False}]
    )
    skew = pl.DataFrame({"trace_id": [3], "skew_refusal": ["a rank is missing"]})
    frames = {"rank_outlier": frame, "host_outlier": hosts, "rank_skew": skew}
    said = {name: FleetAnswer(found) for name, found in frames.items()}
    monkeypatch.setattr(page, "query_all", lambda *_, **__: said)
    text = write_page(lake, tmp_path / "page.html").read_text()
    assert "look at &lt;script&gt; (rank 0) first: its compute time is 90 ms above" in text
    assert "<script>" not in text and "a rank is missing" in text
    assert text.count("<tr><td>") == 1 and text.count("M") > 200
    assert "<p>1 of 24 hosts is slow.</p>" in text and "<b>" not in text
    row = "&lt;b&gt;3<td class=text>compute<td>8 of 8<td>112<td>100<td>12"
    assert row in text and text.count("8 of 8") == 1 and "The host of 8 traces is unknown" in text


def test_the_page_says_what_is_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str
) -> None:
    """Of each trace the largest delay, and others only if they are more than chance."""
    columns = [
        "trace_id",
        "measure",
        "value_ns",
        "median_ns",
        "excess_ns",
        "delay_ns",
        "score",
        "place",
    ]
    rows = [
        (1, "compute", 14, 10, 4, 4, 2.0, 1),
        (1, "idle", 13, 10, 3, 3, 1.0, 1),
        (2, "compute", 12, 10, 2, 2, 1.0, 2),
    ]
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.lit("/job").alias("job"), pl.lit(None, pl.String).alias("host"),
        pl.lit(0).alias("rank"), pl.lit("r").alias("trace_name"),
    )  # fmt: skip
    hosts = pl.DataFrame(schema={"job": pl.String, "host": pl.String, "is_slow": pl.Boolean})
    skew = pl.DataFrame(schema={"trace_id": pl.Int64, "skew_refusal": pl.String})

    def page_of(outliers: pl.DataFrame) -> str:
        frames = {"rank_outlier": outliers, "host_outlier": hosts, "rank_skew": skew}
        said = {name: FleetAnswer(found) for name, found in frames.items()}
        monkeypatch.setattr(page, "query_all", lambda *_, **__: said)
        return write_page(lake, tmp_path / "page.html").read_text()

    text = page_of(frame)
    assert "within what chance does here" in text and "hosts" not in text
    assert text.count("<tr><td>") == 2 and "<td class=text>idle" not in text
    text = page_of(
        frame.with_columns(
            pl.when(pl.col("measure") == "idle").then(3.6).otherwise("score").alias("score")
        )
    )
    assert "within what chance does here" not in text
    assert text.count("<tr><td>") == 3 and "<td class=text>idle" in text
