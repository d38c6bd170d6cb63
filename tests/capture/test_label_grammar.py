"""What capture writes as a label is what both trace readers read: one grammar, parsed in Python and twice in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import genscope
from genscope.capture import trace_writer
from genscope.capture.attention.kernels import AttentionCall
from genscope.capture.label import grammar
from genscope.capture.label.grammar import Label
from tests.readers.nsys_export import nvtx, strings, write_export

CALL = AttentionCall(64, 77, 8, 2, 40, 2, "bfloat16", "flash-attn", causal=False).fields(None)
WRITTEN = {
    grammar.component("text_encoder_2"): Label("component", "text_encoder_2"),
    grammar.component("stage:1"): Label("component", "stage:1"),
    grammar.step(0): Label("step", "0"),
    grammar.step(1023): Label("step", "1023"),
    grammar.module("unet", "UNet2DConditionModel"): Label(
        "module", "unet", {"class": "UNet2DConditionModel"}
    ),
    # torch lets a module's name hold anything but a dot
    grammar.module("net.conv 1,a=b|c", "Lazy[int, 2]"): Label(
        "module", "net.conv_1_a_b_c", {"class": "Lazy[int_2]"}
    ),
    **{
        grammar.attention(kind, "unet.mid.attn 1,0", CALL): Label(
            "attention", "unet.mid.attn_1_0", {"kind": kind, "site": "unet.mid.attn_1_0", **CALL}
        )
        for kind in grammar.KINDS
    },
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_label_is_read_as_it_was_meant(text: str) -> None:
    assert grammar.parse(text) == WRITTEN[text]


@pytest.mark.parametrize(
    "text", ["aten::mm", "ProfilerStep#3", "step:last", "component:", "phase:1"]
)
def test_other_ranges_are_no_labels(text: str) -> None:
    assert grammar.parse(text) is None


def _kineto(folder: Path) -> Path:
    rows = [
        {"ph": "X", "cat": "user_annotation", "name": text, "pid": 1, "tid": 1, "ts": 10 * n, "dur": 5}
        for n, text in enumerate(WRITTEN)
    ]  # fmt: skip
    trace_writer.write(folder / "labels.json.gz", {"schemaVersion": 1}, rows)
    return folder / "labels.json.gz"


def _nsys(folder: Path) -> Path:
    rows = [nvtx(10 * n, 10 * n + 5, text) for n, text in enumerate(WRITTEN)]
    return write_export(folder / "labels.sqlite", {"StringIds": strings(), "NVTX_EVENTS": rows})


@pytest.mark.loads_for()
@pytest.mark.parametrize("make", [_kineto, _nsys])
def test_sql_reads_what_capture_writes(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with genscope.open(tmp_path / "study.duckdb") as study:
        study.ingest(make(tmp_path))
        rows = study.sql("SELECT kind, name, args FROM annotation ORDER BY start_ns").rows()
    found = [Label(kind, name, _fields(args)) for kind, name, args in rows]
    assert found == list(WRITTEN.values())


def _fields(args: str | None) -> dict[str, int | str]:
    """A label's own fields, without what NVTX adds."""
    return {key: value for key, value in json.loads(args or "{}").items() if key != "nvtx"}
