"""What capture writes is what a study holds after ingest: every label, of a real run and of a dry one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import capture_traces as traces
import pytest
from capture_traces import Captured

import genscope
from genscope.analyze.study import Study
from tests.loads import loads_for

KINDS = ("component", "step", "module", "attention")


def written(folder: Path, kind: str) -> Counter[str]:
    """Names as ingest spells them: of a module without its class, of an attention call its site."""
    texts = [event["name"].partition(":")[2] for event in traces.labels(folder, f"{kind}:")]
    if kind == "attention":
        return Counter(traces.fields(f"attention:{text}")["site"] for text in texts)
    return Counter(text.partition("|")[0] for text in texts)


PROFILERS = ("dry", "torch")


@pytest.fixture(scope="module")
def study(captured: Captured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """One study of all runs; a trace has the name of its run folder."""
    runs = [run(captured, model, profiler) for model in traces.LABELLED for profiler in PROFILERS]
    with genscope.open(tmp_path_factory.mktemp("round-trip") / "study.duckdb") as opened:
        with loads_for("attention_call", "work_component"):
            results = opened.ingest(runs, jobs=1)
        assert [result.name for result in results] == [path.name for path in runs]
        yield opened


def run(captured: Captured, model: str, profiler: str) -> Path:
    return captured(model, profiler=profiler, attention="flash", device="cpu")


@pytest.mark.parametrize("model", traces.LABELLED)
@pytest.mark.parametrize("profiler", PROFILERS)
def test_every_label_survives_ingest(
    captured: Captured, study: Study, model: str, profiler: str
) -> None:
    folder = run(captured, model, profiler)
    of_run = f"JOIN trace USING (trace_id) WHERE trace.name = '{folder.name}'"
    rows = study.sql(f"SELECT kind, annotation.name FROM annotation {of_run}").rows()
    for kind in KINDS:
        found = Counter(name for its_kind, name in rows if its_kind == kind)
        assert found == written(folder, kind), kind
    calls = study.sql(
        "SELECT attention_kind, query_len, kv_len, heads, head_dim, batch, implementation "
        f"FROM attention_call {of_run} ORDER BY call_index"
    ).rows()
    labels = [traces.fields(event["name"]) for event in traces.labels(folder, "attention:")]
    keys = ("kind", "query_len", "kv_len", "heads", "head_dim", "batch", "implementation")
    assert [tuple(map(str, call)) for call in calls] == [
        tuple(label[key] for key in keys) for label in labels
    ]
    components = study.sql(
        f"SELECT DISTINCT component FROM work JOIN work_component USING (trace_id, work_id) {of_run}"
    )
    assert set(components["component"]) - {"unattributed"} == set(
        traces.manifest(folder)["component_steps_full"]
    )
