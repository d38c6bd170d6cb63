"""SQL gives the FLOPs of every operator's signature that formulas written on their own give."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import capture_traces as traces
import torch
from capture_traces import Captured, Event
from signatures import costs, event, meta, signature, study_of

aten = torch.ops.aten
FORMULAS = "'mm', 'addmm', 'attention', 'convolution'"
# it exists in real traces only, inside aten::convolution
INNER = {"aten::_convolution"}


def by_sql(events: Iterable[Event], folder: Path) -> tuple[dict[str, int | None], set[str]]:
    """FLOPs of each signature that SQL knows a formula for, and the operators that multiply matrices."""
    with study_of(events, folder) as study:
        names = study.sql(f"SELECT op_name FROM costed_operator WHERE formula IN ({FORMULAS})")
        return costs(study, "flops"), set(names["op_name"])


def assert_equal(events: dict[str, Event], flops_by_sql: dict[str, int | None]) -> None:
    for key, each in events.items():
        assert traces.flops(each) == flops_by_sql.get(key, 0), key


def test_every_operator_of_the_tiny_models(captured: Captured, tmp_path: Path) -> None:
    events = {
        signature(operator): {"name": operator["name"], "args": operator["args"]}
        for model in traces.TRIED
        for attention in ("baseline", "flash")
        for operator in traces.operators(
            captured(model, profiler="dry", attention=attention, device="cpu")
        )
    }
    found, _ = by_sql(events.values(), tmp_path)
    assert_equal(events, found)
    assert sum(flops is not None and flops > 0 for flops in found.values()) > 100


def products(size: random.Random) -> Iterator[Event]:
    batch, rows, inner, columns = (size.randint(1, 40) for _ in range(4))
    yield event(aten.mm.default, meta(rows, inner), meta(inner, columns))
    yield event(aten.bmm.default, meta(batch, rows, inner), meta(batch, inner, columns))
    for add in (aten.addmm.default, aten.addmm_.default, aten._addmm_activation.default):
        yield event(add, meta(rows, columns), meta(rows, inner), meta(inner, columns))
    left, right = meta(batch, rows, inner), meta(batch, inner, columns)
    yield event(aten.baddbmm.default, meta(batch, 1, 1), left, right)
    yield event(aten.baddbmm_.default, meta(batch, rows, columns), left, right)
    yield event(aten.mv.default, meta(rows, inner), meta(inner))
    for add in (aten.addmv.default, aten.addmv_.default):
        yield event(add, meta(rows), meta(rows, inner), meta(inner))
    for dot in (aten.dot.default, aten.vdot.default):
        yield event(dot, meta(inner), meta(inner))
    small, scale = (torch.int8, torch.float8_e4m3fn), meta(1, dtype=torch.float32)
    left, right = (
        [meta(*shape, dtype=kind) for kind in small] for shape in ((rows, inner), (inner, columns))
    )
    yield event(aten._int_mm.default, left[0], right[0])
    yield event(aten._scaled_mm.default, left[1], right[1], scale, scale)
    both = ([scale], [0], [0], [scale], [0], [0])
    yield event(aten._scaled_mm_v2.default, left[1], right[1], *both, None, torch.bfloat16)


def convolutions(size: random.Random) -> Iterator[Event]:
    for axes in (1, 2, 3):
        for transposed in (False, True):
            groups, batch = size.choice((1, 2)), size.randint(1, 3)
            inputs, outputs = groups * size.randint(1, 8), groups * size.randint(1, 8)
            kernel = [size.randint(1, 4) for _ in range(axes)]
            stride, dilation = ([size.randint(1, 3) for _ in range(axes)] for _ in range(2))
            weight = (inputs, outputs // groups) if transposed else (outputs, inputs // groups)
            extra = [size.randint(0, s - 1) if transposed else 0 for s in stride]
            image = meta(batch, inputs, *(size.randint(12, 20) for _ in range(axes)))
            bias = meta(outputs) if size.random() < 0.5 else None
            yield event(
                aten.convolution.default, image, meta(*weight, *kernel), bias, stride, [size.randint(0, 2)] * axes,
                dilation, transposed, extra, groups,
            )  # fmt: skip


def attentions(size: random.Random) -> Iterator[Event]:
    batch, heads, queries, keys, width = (size.randint(1, 64) for _ in range(5))
    query, key = meta(batch, heads, queries, width), meta(batch, heads, keys, width)
    wider = meta(batch, heads, keys, 2 * width)
    yield event(aten._scaled_dot_product_flash_attention.default, query, key, key)
    yield event(aten._scaled_dot_product_flash_attention_for_cpu.default, query, key, key)
    yield event(aten._scaled_dot_product_fused_attention_overrideable.default, query, key, wider)
    lengths = (None, None, None, queries, keys, False)
    yield event(aten._cudnn_attention_forward.default, query, key, wider, *lengths)
    for masked in (
        aten._scaled_dot_product_efficient_attention.default,
        aten._scaled_dot_product_cudnn_attention.default,
    ):
        yield event(masked, query, key, wider, None, False)
        yield event(masked, query, key, key, meta(batch, heads, queries, keys), False)


def test_every_operator_that_multiplies_matrices_at_many_shapes(tmp_path: Path) -> None:
    size = random.Random(0)
    made = [
        each
        for _ in range(20)
        for family in (products, convolutions, attentions)
        for each in family(size)
    ]
    events = {signature(each): each for each in made}
    found, names = by_sql(events.values(), tmp_path)
    assert {each["name"] for each in made} == names - INNER
    assert found.keys() == events.keys()
    assert_equal(events, found)
    assert all(flops for flops in found.values())
