"""NVTX texts become labels, operators with shapes, or ranges of the program's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.readers.nsys_export import THREAD, anomalies, nvtx, staged, strings, write_export

SITE = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1"
CALL = "query_len=4096,kv_len=77,heads=8,kv_heads=8,head_dim=40,batch=2,dtype=float16"
ATTENTION = f"attention:kind=cross,site={SITE},{CALL},implementation=flash"


@pytest.fixture
def ranges(tmp_path: Path) -> Any:
    """Read an export with these NVTX events: ranges(rows, **tables) -> database."""

    def read(rows: list[dict[str, Any]], **tables: Any) -> Any:
        path = write_export(tmp_path / "export.sqlite", {"NVTX_EVENTS": rows} | tables)
        return staged(path)

    return read


def _found(con: Any) -> list[tuple[Any, ...]]:
    rows = con.execute("SELECT kind, name, args FROM annotation ORDER BY start_ns").fetchall()
    return [(kind, name, json.loads(args)) for kind, name, args in rows]


def test_labels_become_what_they_say(ranges: Any) -> None:
    texts = [
        "component:unet",
        "step:12",
        "module:unet|UNet2DConditionModel",
        f"module:{SITE}",
        ATTENTION,
        "ProfilerStep#3",
    ]
    con = ranges([nvtx(i, 100 - i, text) for i, text in enumerate(texts)])
    found = _found(con)
    assert [(kind, name) for kind, name, _ in found] == [
        ("component", "unet"),
        ("step", "12"),
        ("module", "unet"),
        ("module", SITE),
        ("attention", SITE),
        ("profiler_step", "ProfilerStep#3"),
    ]
    assert found[2][2]["class"] == "UNet2DConditionModel"
    assert "class" not in found[3][2]
    fields = {key: value for key, value in found[4][2].items() if key not in {"nvtx", "site"}}
    assert fields == {
        "kind": "cross",
        "query_len": 4096,
        "kv_len": 77,
        "heads": 8,
        "kv_heads": 8,
        "head_dim": 40,
        "batch": 2,
        "dtype": "float16",
        "implementation": "flash",
    }
    assert found[4][2]["nvtx"]["text"] == ATTENTION


def test_labels_under_emit_nvtx_lose_the_fields_that_it_adds(ranges: Any) -> None:
    con = ranges([nvtx(0, 9, f"{ATTENTION}, op_id = 7"), nvtx(1, 2, "component:vae, op_id = 8")])
    assert [(kind, name) for kind, name, _ in _found(con)] == [
        ("attention", SITE),
        ("component", "vae"),
    ]
    assert con.execute("SELECT count(*) FROM cpu_op").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "text", ["component:", "step:first", "module: not ours", "attention", "components:x"]
)
def test_texts_that_only_look_like_labels_are_the_users(ranges: Any, text: str) -> None:
    assert [(kind, name) for kind, name, _ in _found(ranges([nvtx(0, 1, text)]))] == [
        ("user", text)
    ]


def test_operators_come_with_their_shapes(ranges: Any) -> None:
    con = ranges(
        [
            nvtx(0, 50, "aten::linear, op_id = 3, sizes = [[2, 4096, 320], [320, 320], []]"),
            nvtx(
                5,
                40,
                "aten::addmm, seq = 11, op_id = 4, sizes = [[320], [8192, 320]], "
                "input_op_ids = [(3, 0)]",
            ),
            nvtx(60, 70, "autograd::engine::evaluate_function: AddmmBackward0, op_id = 5"),
            nvtx(62, 68, "AddmmBackward0, seq = 11, op_id = 6"),
        ]
    )
    found = con.execute(
        "SELECT op_id, name, external_id, sequence_number, input_dims, start_ns, dur_ns, "
        "process_id, thread_id FROM cpu_op ORDER BY op_id"
    ).fetchall()
    sizes = "[[2, 4096, 320], [320, 320], []]"
    assert found == [
        (0, "aten::linear", 3, None, sizes, 0, 50, "7", "8"),
        (1, "aten::addmm", 4, 11, "[[320], [8192, 320]]", 5, 35, "7", "8"),
        (2, "autograd::engine::evaluate_function: AddmmBackward0", 5, None, None, 60, 10, "7", "8"),
        (3, "AddmmBackward0", 6, 11, None, 62, 6, "7", "8"),
    ]
    assert json.loads(found[0][4])[0] == [2, 4096, 320]
    assert "no_shape" not in anomalies(con)


def test_operators_of_old_versions_have_no_number(ranges: Any) -> None:
    con = ranges([nvtx(0, 9, "aten::mm"), nvtx(10, 19, "aten::add, sizes = [[2], [2]]")])
    assert con.execute("SELECT name, external_id, input_dims FROM cpu_op").fetchall() == [
        ("aten::mm", None, None),
        ("aten::add", None, "[[2], [2]]"),
    ]


def test_operators_without_shapes_are_said_to_be(ranges: Any) -> None:
    assert anomalies(ranges([nvtx(0, 1, "aten::mm, op_id = 3")]))["no_shape"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "FSDP::pre_forward (blocks.2), op_id = 3",
        "Optimizer.step#AdamW.step, op_id = 3",
        "nccl:all_reduce, op_id = 3",
        "ncclGroupStart",
    ],
)
def test_ranges_of_the_program_are_no_operators(ranges: Any, text: str) -> None:
    con = ranges([nvtx(0, 1, text)])
    assert [(kind, name) for kind, name, _ in _found(con)] == [("user", text.partition(", ")[0])]
    assert con.execute("SELECT count(*) FROM cpu_op").fetchall() == [(0,)]


def test_text_comes_from_strings_domains_and_categories_have_names(ranges: Any) -> None:
    named = {"textId": 1, "domainId": 4, "category": 2}
    con = ranges(
        [
            nvtx(0, None, "NCCL", eventType=75, domainId=4),
            nvtx(0, None, "collective", eventType=33, domainId=4, category=2),
            nvtx(1, 9, None, uint64Value=5, **named),
            nvtx(1, 9, None, **(named | {"globalTid": 9 << 24})),
            nvtx(2, 3, None),
        ],
        StringIds=strings("ncclSend"),
    )
    assert _found(con) == [
        (
            "user",
            "ncclSend",
            {
                "nvtx": {
                    "style": "push_pop",
                    "domain": "NCCL",
                    "category": "collective",
                    "payload": 5,
                }
            },
        ),
        ("user", "ncclSend", {"nvtx": {"style": "push_pop"}}),
        ("user", "(unnamed)", {"nvtx": {"style": "push_pop"}}),
    ]


def test_marks_unclosed_and_cross_thread_ranges(ranges: Any) -> None:
    con = ranges(
        [
            nvtx(0, None, "mark", eventType=34),
            nvtx(1, None, "open"),
            nvtx(2, 30, "here", eventType=60, endGlobalTid=THREAD),
            nvtx(3, 40, "away", eventType=60, endGlobalTid=THREAD + 1),
            nvtx(4, None, "aten::mm, op_id = 1"),
            nvtx(5, 6, "payload", eventType=70),
        ]
    )
    found = con.execute(
        "SELECT name, thread_id, dur_ns, args ->> '$.nvtx.style', args ->> '$.nvtx.unclosed' "
        "FROM annotation ORDER BY start_ns"
    ).fetchall()
    assert found == [
        ("mark", "8", 0, "mark", None),
        ("open", "8", 0, "push_pop", "true"),
        ("here", "8", 28, "start_end", None),
        ("away", None, 37, "start_end", None),
        ("aten::mm", "8", 0, "push_pop", "true"),
        ("payload", "8", 1, "push_pop", None),
    ]
    assert anomalies(con) == {"unclosed_range": 2, "cross_thread_range": 1, "no_kernel": 1}


def test_ranges_that_overlap_without_nesting_are_counted(ranges: Any) -> None:
    away = {"eventType": 60, "endGlobalTid": THREAD}
    con = ranges(
        [
            nvtx(0, 1000, "around both"),
            nvtx(0, 100, "first", **away),
            nvtx(50, 250, "second", **away),
            nvtx(60, 100, "inside both"),
            nvtx(100, 250, "after the first"),
            nvtx(90, 110, "component:unet", **away),
            nvtx(50, 2000, "on another thread", globalTid=THREAD + 1),
        ]
    )
    assert anomalies(con) == {"overlapping_range": 1, "no_kernel": 1}
