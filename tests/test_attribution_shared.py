"""What attribution says of real traces, against what was read off them by hand.

The traces are other people's; these tests run where they are present. Everything that is known of a
trace is checked at once, of a third of them on each change and of all with GENSCOPE_FUZZ > 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import build
from genscope.analyze.load.attribution import PASSES
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.tables import attribution_files
from genscope.analyze.load.trace_file import find
from genscope.analyze.sql_file import create_statement, load_layer
from tests.conftest import shared_traces_folder
from tests.test_attribution import check_conservation
from tests.traces_of_others import attributed_traces, tried

Build = Callable[[Path], duckdb.DuckDBPyConnection]

# calls by (implementation, query_len, kv_len, heads, head_dim): their number and the ns of their core.
# None: known by the kernels' names alone, as in a graph's replay.
CALLS: dict[str, dict[tuple[object, ...], tuple[int, int]]] = {
    "owlv2-h100": {
        ("unfused", 5185, 5185, 16, 64): (120, 491_749_577),
        ("unfused", 5, 5, 12, 64): (60, 756_010),
    },
    "qwen1.5-0.5b-h100": {
        ("flash", 559, 559, 16, 64): (24, 2_722_705),
        ("flash", None, None, None, None): (10, 1_132_763),
    },
    "vit-base-h100": {("flash", 197, 197, 12, 64): (12, 122_848)},
    "bert-small-h100": {("flash", 141, 141, 8, 64): (4, 37_408)},
    "compiled-sdpa-block-mi300x": {("flash", 4096, 4096, 16, 128): (1, 3_683_509)},
    "flux1-fmha-mi300x": {
        ("unfused", 512, 512, 64, 64): (24, 5_239_009),
        ("flash", 77, 77, 12, 64): (12, 186_530),
        ("flash", 16384, 16384, 1, 512): (1, 3_226_877),
        ("flash", None, None, None, None): (228, 120_655_893),
    },
    "flux1-sage-mi300x": {
        ("unfused", 512, 512, 64, 64): (24, 5_089_584),
        ("flash", 77, 77, 12, 64): (12, 213_731),
        ("flash", 16384, 16384, 1, 512): (1, 3_215_258),
        ("other", None, None, None, None): (228, 122_143_578),
    },
    "switch-transformer-a100": {("unfused", 128, 128, 8, 128): (10, 846_000)},
    "transformer-block-h100": {("unfused", 128, 128, 8, 64): (3, 54_000)},
    "vllm-prefill-decode-piecewise": {("other", None, None, 64, 64): (24, 5_146_906)},
}
WITHOUT_ATTENTION = ("resnet", "alexnet", "dlrm", "rank", "event", "one-triton")


FOLDER = shared_traces_folder()
TRACES = [path for path in attributed_traces(FOLDER) if path in tried(FOLDER)] if FOLDER else []

VIEWED = tried(FOLDER, of=9) if FOLDER else frozenset()


@pytest.fixture
def built(shared_traces_built_once: None, tmp_path: Path) -> Iterator[Build]:
    """A function that builds one trace, attributed, and opens its database."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def build_one(path: Path) -> duckdb.DuckDBPyConnection:
        found = replace(find([path])[0], trace_id=1, digest="0")
        con = connect(str(build.build_trace(found, tmp_path / "scratch").path), read_only=True)
        opened.append(con)
        return con

    yield build_one
    for con in opened:
        con.close()


def _check_passes(con: duckdb.DuckDBPyConnection) -> None:
    """What one pass over arrays fills equals what the SQL that defines it computes."""
    files = {file.name: file for file in attribution_files()}
    for name in (name for members in PASSES for name in members):
        con.execute(f"CREATE OR REPLACE TEMP TABLE defined AS {with_views(files[name]).statement}")
        for one, other in (("temp.defined", name), (name, "temp.defined")):
            assert not con.execute(f"FROM {one} EXCEPT ALL FROM {other} LIMIT 1").fetchall(), name


def _unclassified(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        "SELECT name, count(*), sum(dur_ns) FROM work JOIN work_category USING (trace_id, work_id) "
        "WHERE category = 'unclassified' GROUP BY ALL ORDER BY 3 DESC LIMIT 20"
    ).fetchall()
    return "\n".join(f"{ns / 1e6:10.3f} ms {count:6d} x {name[:120]}" for name, count, ns in rows)


def _check_calls(con: duckdb.DuckDBPyConnection, name: str) -> None:
    rows = con.execute(
        "SELECT implementation, query_len, kv_len, heads, head_dim, count(*), sum(core_ns) "
        "FROM attention_call GROUP BY ALL"
    ).fetchall()
    found = {row[:5]: (row[5], int(row[6])) for row in rows}
    if name in CALLS:
        assert found == CALLS[name]
    if name.startswith(WITHOUT_ATTENTION):
        assert found == {}
        attention = con.execute(
            "SELECT * FROM work_category WHERE category = 'attention'"
        ).fetchall()
        assert attention == []


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.split(".json")[0])
def test_a_real_trace(path: Path, built: Build) -> None:
    con = built(path)
    # planning what its views must never hold takes longer than to build most traces
    check_conservation(con, views=path in VIEWED)
    if path in VIEWED:
        _check_passes(con)
    row = con.execute(
        "SELECT sum(dur_ns), sum(dur_ns) FILTER (category <> 'unclassified') "
        "FROM work JOIN work_category USING (trace_id, work_id)"
    ).fetchone()
    assert row is not None
    if row[0]:
        assert row[1] >= 0.95 * row[0], f"unclassified:\n{_unclassified(con)}"
    _check_calls(con, path.name.removesuffix(".json.gz"))


def test_nesting_finds_the_operators_that_external_ids_name(
    shared_traces: Path, built: Build, tmp_path: Path
) -> None:
    con = built(shared_traces / "vit-base-h100.json.gz")
    (whole,) = con.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall()
    named = dict(con.execute("SELECT kernel_id, op_id FROM kernel_launch").fetchall())
    (launch,) = [file for file in attribution_files() if file.name == "kernel_launch"]
    copy = duckdb.connect(str(tmp_path / "without_ids.duckdb"))
    copy.execute(f"ATTACH '{whole[0]}' AS whole (READ_ONLY)")
    for table in ("cpu_op", "cpu_op_parent", "kernel", "runtime_call"):
        copy.execute(f"CREATE TABLE {table} AS SELECT * FROM whole.{table}")
    for table in ("kernel", "runtime_call"):
        copy.execute(f"UPDATE {table} SET external_id = NULL")
    for macro in load_layer("interval"):
        if macro.name == "timeline":
            copy.execute(f"CREATE MACRO timeline(source) AS TABLE {macro.statement}")
    (slices,) = [file for file in attribution_files() if file.name == "operator_slice"]
    copy.execute(create_statement(slices))
    found = copy.execute(launch.statement).fetchall()
    copy.close()
    assert {row[1]: row[3] for row in found} == named
    assert {row[4] for row in found} == {"nesting"}


def test_a_name_search_would_take_fused_pointwise_kernels_for_attention(
    shared_traces: Path, built: Build
) -> None:
    # the generated kernels around the attention call are named after it: 304 kernels, 18 ms
    con = built(shared_traces / "flux1-fmha-mi300x.json.gz")
    by_name = "SELECT count(*), sum(dur_ns) FROM work WHERE regexp_matches(name, '(?i)fmha|attn')"
    assert con.execute(by_name).fetchone() == (545, 142_079_867)
    true = f"{by_name} AND name NOT LIKE 'triton%'"
    assert con.execute(true).fetchone() == (241, 124_042_233)


def test_a_training_step_is_forward_recompute_backward_and_update(
    shared_traces: Path, built: Build
) -> None:
    con = built(shared_traces / "resnet-ddp-checkpointing-mi300x.json.gz")
    split = (
        "SELECT pass, sum(flops)::BIGINT FROM work_phase JOIN work_cost USING (trace_id, work_id) "
        "WHERE pass <> 'unattributed' GROUP BY pass"
    )
    flops = dict(con.execute(split).fetchall())
    # each of three steps: forward once; backward twice, but the first layer's input has no gradient
    first_layer = 3 * 2 * 10 * 112 * 112 * 64 * 3 * 7 * 7
    assert flops["forward"] == 108_844_400_640
    assert flops["backward"] == 2 * flops["forward"] - first_layer
    # checkpointed are the four stages, neither the first layer nor the last
    assert flops["recompute"] == flops["forward"] - first_layer - 3 * 2 * 10 * 512 * 1000
    row = con.execute(
        "SELECT sum(dur_ns), sum(dur_ns) FILTER (work_module.source = 'none') "
        "FROM work JOIN work_phase USING (trace_id, work_id) JOIN work_op USING (trace_id, work_id) "
        "JOIN work_module USING (trace_id, work_id) "
        "WHERE pass = 'backward' AND op_name <> 'record_param_comms'"
    ).fetchone()
    assert row is not None
    assert row[1] < 0.01 * row[0]


def test_frames_of_recomputed_layers_do_not_hide_the_step(
    shared_traces: Path, built: Build
) -> None:
    """Autograd's thread has frames here, of what checkpointing computes again; the steps are on the main one."""
    con = built(shared_traces / "resnet-ddp-checkpointing-mi300x.json.gz")
    stepped = "SELECT step, count(*) FROM work_step WHERE step IS NOT NULL GROUP BY step ORDER BY 1"
    launched = (
        "SELECT number.step, count(*) FROM work_call JOIN ("
        "  SELECT substr(name, 14)::INTEGER AS step, start_ns, start_ns + dur_ns AS end_ns"
        "  FROM annotation WHERE name LIKE 'ProfilerStep#%') AS number "
        "ON work_call.called_ns >= number.start_ns AND work_call.called_ns < number.end_ns "
        "GROUP BY number.step ORDER BY 1"
    )
    found = con.execute(stepped).fetchall()
    assert found == con.execute(launched).fetchall()
    assert [count for _, count in found] == [746, 746, 746]
