"""Traces of PyTorch's second GPU profiler, made from its form: no External ids, graph nodes, counters."""

import json
from pathlib import Path
from typing import Any

from genscope.analyze.study import Study
from tests.readers.test_kineto_traps import call, kernel, op

GRAPH = {"correlation": 4, "stream": 20, "graph id": 3}


def _copy(ts: int, kind: str | int, source: str, target: str) -> dict[str, Any]:
    args = {"device": 0, "stream": 7, "bytes": 64, "copy kind": kind}
    memory = {"src kind": source, "dst kind": target}
    event = {"ph": "X", "cat": "gpu_memcpy", "name": "Memcpy", "pid": 0, "tid": 7}
    return event | {"ts": ts, "dur": 1, "args": args | memory}


def _sample(ts: int, name: str, value: object, **more: Any) -> dict[str, Any]:
    return {"ph": "C", "name": name, "pid": "GPU 0 Counters", "ts": ts, "args": {"": value}} | more


EVENTS = [
    op(ts=10, dur=20, **{"External id": 1}),
    call(ts=15, correlation=1),
    call(ts=40, name="cudaGraphLaunch", correlation=4),
    kernel(ts=20, priority=-1, context=1, channel=9, **{"est. achieved occupancy %": 50}),
    kernel(ts=60, name="mha", **GRAPH, **{"graph node id": 1, "original_stream": 14}),
    kernel(ts=70, **GRAPH, **{"graph node id": 2, "fqn": "L.model.mlp"}),
    kernel(ts=80, **GRAPH, **{"graph node id": 3, "annotation": '[{"name": "a"}, {"name": "b"}]'}),
    kernel(ts=90, **GRAPH, **{"graph node id": 4}),
    _copy(41, "HtoD", "pinned", "device"),
    _copy(43, "DtoA", "device", "array"),
    _copy(45, 9, "pageable", "pageable"),
    {"ph": "X", "cat": "graph_event_node", "name": "EventRecord", "pid": 0, "tid": 20, "ts": 95},
    _sample(20, "SM Active (%)", 12.5),
    _sample(60, "SM Active (%)", 0.0625),
    _sample(60, "Power (W)", "broken"),
    _sample(60, "dram__throughput.avg.pct_of_peak_sustained_elapsed", 7, cat="hardware_counters"),
    # two counters at one moment, each with a value called so: neither may take the other's place
    _sample(80, "SM Active (%)", 0, args={"value": "3"}),
    _sample(80, "HBM BW (%)", 0, args={"Value": 4, "unit": "%"}),
    _sample(80, "clocks", 0, args={"SM (MHz)": 1980}),
]
# a mark of the graph's kernel is the key 'name' of its arguments
EVENTS[4]["args"]["name"] = "L.model.attn"


def test_links_copies_names_and_counters(tmp_path: Path) -> None:
    (tmp_path / "trace.json").write_text(json.dumps({"schemaVersion": 1, "traceEvents": EVENTS}))
    # the trace's own names come before those of the file
    saved = {str((3 << 32) + node): [{"name": "component:vae"}] for node in (1, 4)}
    (tmp_path / "kernel_annotations_rank0_fwd.json").write_text(json.dumps(saved))
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(tmp_path)
        assert study.sql("SELECT count(*) FROM trace").item() == 1
        placed = study.sql(
            "SELECT kernel.stream_id, o.op_name, c.component, m.module, c.source FROM kernel "
            "JOIN work_op o ON o.work_id = kernel_id JOIN work_component c USING (work_id) "
            "JOIN work_module m USING (work_id) ORDER BY start_ns"
        )
        assert placed.rows() == [
            (7, "aten::mm", "unattributed", "unattributed", "none"),
            (14, "unattributed", "model", "model.attn", "graph_annotation"),
            (20, "unattributed", "model", "model.mlp", "graph_annotation"),
            (20, "unattributed", "b", "b", "graph_annotation"),
            (20, "unattributed", "vae", "unattributed", "graph_annotation"),
        ]
        copies = study.sql("SELECT kind, host_memory, size_bytes FROM gpu_copy ORDER BY start_ns")
        assert copies.rows() == [
            ("HtoD", "pinned", 64),
            ("DtoD", None, 64),
            ("HtoH", "pageable", 64),
        ]
        counters = study.sql("SELECT counter, start_ns, value FROM gpu_counter ORDER BY ALL")
        assert counters.rows() == [
            ("HBM BW (%)", 80_000, 4.0),
            ("SM (MHz)", 80_000, 1980.0),
            ("SM Active (%)", 20_000, 12.5),
            ("SM Active (%)", 60_000, 0.0625),
            ("SM Active (%)", 80_000, 3.0),
            ("dram__throughput.avg.pct_of_peak_sustained_elapsed", 60_000, 7.0),
        ]
        facts = study.sql(
            "SELECT occupancy_frac, priority, channel_id FROM kernel ORDER BY start_ns"
        )
        assert facts.rows()[0] == (0.5, -1, 9)
