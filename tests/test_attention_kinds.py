"""Kinds of attention in traces without labels, on whole traces written by hand."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.trace_file import find

# modules from the outermost in, then batch, heads, query_len, kv_len
Call = tuple[tuple[str, ...], int, int, int, int]

UNET = ("UNetSpatioTemporalConditionModel_0", "TransformerSpatioTemporalModel_0")
SPACE, TIME = (*UNET, "BasicTransformerBlock_0"), (*UNET, "TemporalBasicTransformerBlock_0")
VIDEO: list[Call] = [
    ((*SPACE, "Attention_0"), 7, 5, 256, 256),
    ((*SPACE, "Attention_1"), 7, 5, 256, 1),
    ((*TIME, "Attention_2"), 256, 5, 7, 7),
    ((*TIME, "Attention_3"), 256, 5, 7, 1),
]


def _kinds(calls: list[Call], folder: Path, name: str) -> list[str]:
    events: list[dict[str, object]] = []
    for number, (modules, *shape) in enumerate(calls):
        batch, heads, query_len, kv_len = shape
        start = 1000 * number
        dims = [[batch, heads, length, 64] for length in (query_len, kv_len, kv_len)]
        args = {"External id": number, "Input Dims": dims, "Input type": ["c10::Half"] * 3}
        place = {"ph": "X", "pid": 1, "tid": 1}
        for depth, module in enumerate(modules):
            frame = {"cat": "python_function", "name": f"nn.Module: {module}", "args": {}}
            events.append(place | frame | {"ts": start + depth, "dur": 900 - 2 * depth})
        events.append(
            place | {"cat": "cpu_op", "name": name, "ts": start + 100, "dur": 50, "args": args}
        )
    path = folder / "trace.json"
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    found = replace(find([path])[0], trace_id=1, digest="0")
    with duckdb.connect(
        str(build.build_trace(found, folder / "built", wanted=["attention_call"]).path)
    ) as con:
        rows = con.execute("SELECT attention_kind FROM attention_call ORDER BY call_index")
        return [str(kind) for (kind,) in rows.fetchall()]


SDPA = "aten::_scaled_dot_product_flash_attention"


@pytest.mark.parametrize("with_modules", [True, False])
def test_a_video_model_attends_over_space_and_time(tmp_path: Path, with_modules: bool) -> None:
    calls = [(call[0] if with_modules else (), *call[1:]) for call in VIDEO]
    assert _kinds(calls, tmp_path, SDPA) == ["spatial", "cross", "temporal", "cross"]


def test_rows_and_columns_of_an_image_are_not_its_frames(tmp_path: Path) -> None:
    calls: list[Call] = [((), 64, 8, 48, 48), ((), 48, 8, 64, 64)]
    assert _kinds(calls, tmp_path, SDPA) == ["unattributed"] * 2


def test_a_class_token_belongs_to_the_frames_positions(tmp_path: Path) -> None:
    calls: list[Call] = [((), 16, 4, 197, 197), ((), 2 * 196, 4, 8, 8)]
    assert _kinds(calls, tmp_path, SDPA) == ["spatial", "temporal"]


def test_one_query_is_a_decode_step_only_if_keys_grow(tmp_path: Path) -> None:
    pooling: list[Call] = [
        (("HunyuanDiTAttentionPool_0",), 1, 8, 1, 334),
        (("WhisperDecoder_0", "WhisperAttention_1"), 1, 8, 1, 1500),
        (("WhisperDecoder_0", "WhisperAttention_1"), 1, 8, 1, 1500),
    ]
    decoding: list[Call] = [
        (("WhisperDecoder_0", "WhisperAttention_0"), 1, 8, *lengths)
        for lengths in ((4, 4), (1, 5), (1, 6))
    ]
    kinds = _kinds([*pooling, *decoding], tmp_path, SDPA)
    assert kinds == ["cross", "unattributed", "unattributed", "causal", "causal", "causal"]


def test_attention_of_another_library_is_found(tmp_path: Path) -> None:
    calls: list[Call] = [((), 1, 16, 4096, 4096), ((), 1, 16, 4096, 77)]
    assert _kinds(calls, tmp_path, "mine::sage_forward") == ["self", "cross"]
    assert _kinds(calls, tmp_path, "mine::reshape_and_cache_flash") == []
