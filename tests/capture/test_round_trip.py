"""What capture writes is what a study holds after ingest: every label, of a real run and of a dry one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import capture_traces as traces
import pytest
from capture_traces import Captured

import genscope

KINDS = ("component", "step", "module", "attention")


def written(folder: Path, kind: str) -> Counter[str]:
    """Names as ingest spells them: of a module without its class, of an attention call its site."""
    texts = [event["name"].partition(":")[2] for event in traces.labels(folder, f"{kind}:")]
    if kind == "attention":
        return Counter(traces.fields(f"attention:{text}")["site"] for text in texts)
    return Counter(text.partition("|")[0] for text in texts)


@pytest.mark.parametrize("model", ["stable_diffusion", "make_a_video", "parti"])
@pytest.mark.parametrize("profiler", ["dry", "torch"])
def test_every_label_survives_ingest(
    captured: Captured, tmp_path: Path, model: str, profiler: str
) -> None:
    folder = captured(model, profiler=profiler, attention="flash", device="cpu")
    study = genscope.open(tmp_path / "study.duckdb")
    study.ingest(folder)
    rows = study.sql("SELECT kind, name FROM annotation").rows()
    for kind in KINDS:
        found = Counter(name for its_kind, name in rows if its_kind == kind)
        assert found == written(folder, kind), kind
    calls = study.sql(
        "SELECT attention_kind, query_len, kv_len, heads, head_dim, batch, implementation "
        "FROM attention_call ORDER BY call_index"
    ).rows()
    labels = [traces.fields(event["name"]) for event in traces.labels(folder, "attention:")]
    keys = ("kind", "query_len", "kv_len", "heads", "head_dim", "batch", "implementation")
    assert [tuple(map(str, call)) for call in calls] == [
        tuple(label[key] for key in keys) for label in labels
    ]
    components = dict(
        study.sql(
            "SELECT component, count(*) FROM work JOIN work_component USING (trace_id, work_id) GROUP BY ALL"
        ).rows()
    )
    assert set(components) - {"unattributed"} == set(
        traces.manifest(folder)["component_steps_full"]
    )
