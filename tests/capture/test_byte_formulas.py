"""SQL gives the bytes of an operator's signature that its inputs have and the output that torch makes of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from signatures import costs, event, meta, signature, study_of
from torch.utils._pytree import tree_leaves

from tests.effort import EFFORT

aten = torch.ops.aten
Call = tuple[Any, tuple[Any, ...]]


def moved(func: Any, values: tuple[Any, ...]) -> int:
    """Bytes of the tensors among the inputs and outputs."""
    tensors = [*tree_leaves(values), *tree_leaves(func(*values))]
    return sum(t.numel() * t.itemsize for t in tensors if isinstance(t, torch.Tensor))


def reductions(size: random.Random) -> Iterator[Call]:
    shape = [size.randint(2, 9) for _ in range(size.randint(2, 4))]
    some, wide = meta(*shape), meta(*shape, dtype=torch.float32)
    axes = size.sample(range(-len(shape), 0), size.randint(1, len(shape)))
    axis, keep = size.choice(axes), size.random() < 0.5
    yield aten.sum.default, (some,)
    yield aten.mean.default, (wide,)
    yield aten.sum.dim_IntList, (some, axes, keep)
    yield aten.sum.dim_IntList, (some, [], keep)
    yield aten.mean.dim, (wide, [axis + len(shape)], keep)
    yield aten.amax.default, (some, axes, keep)
    yield aten.amin.default, (some, axes, keep)
    yield aten.logsumexp.default, (wide, axes, keep)
    yield aten.linalg_vector_norm.default, (some, 2, axes, keep)
    yield aten.linalg_vector_norm.default, (some,)
    yield aten.norm.ScalarOpt_dim, (wide, 2, axes, keep)
    yield aten.norm.Scalar, (wide, 1)
    yield aten.var.correction, (some, axes)
    yield aten.std.correction, (some, axes)
    yield aten.prod.dim_int, (wide, axis, keep)
    yield aten.prod.default, (wide,)
    yield aten.max.dim, (some, axis, keep)
    yield aten.min.dim, (wide, axis + len(shape), keep)
    yield aten.argmax.default, (some, axis, keep)
    yield aten.argmin.default, (some,)
    yield aten.any.dim, (some, axis, keep)
    yield aten.all.default, (some,)


def losses(size: random.Random) -> Iterator[Call]:
    rows, classes, how = size.randint(2, 20), size.randint(2, 20), size.choice((0, 1, 2))
    yield aten.mse_loss.default, (meta(rows, classes), meta(rows, classes), how)


def poolings(size: random.Random) -> Iterator[Call]:
    for axes, mean, most in (
        (2, aten.avg_pool2d.default, aten.max_pool2d_with_indices.default),
        (3, aten.avg_pool3d.default, aten.max_pool3d_with_indices.default),
    ):
        image = meta(
            *(size.randint(1, 3) for _ in range(size.randint(1, 2))),
            *(size.randint(12, 20) for _ in range(axes)),
        )
        kernel = [size.randint(2, 4) for _ in range(size.choice((1, axes)))]
        stride = size.choice(([], [size.randint(1, 4)], [size.randint(1, 4) for _ in range(axes)]))
        padding = [size.randint(0, min(kernel) // 2)]
        dilation, up = [size.randint(1, 2)], size.random() < 0.5
        yield mean, (image, kernel, stride, padding, up)
        yield most, (image, kernel, stride, padding, dilation, up)
    sizes = [size.randint(1, 7) for _ in range(2)]
    yield aten._adaptive_avg_pool2d.default, (meta(2, 3, 14, 15), sizes)


def paddings(size: random.Random) -> Iterator[Call]:
    for axes, reflect, repeat in (
        (1, aten.reflection_pad1d.default, aten.replication_pad1d.default),
        (2, aten.reflection_pad2d.default, aten.replication_pad2d.default),
        (3, aten.reflection_pad3d.default, aten.replication_pad3d.default),
    ):
        image = meta(2, 3, *(size.randint(5, 9) for _ in range(axes)))
        pads = [size.randint(0, 4) for _ in range(2 * axes)]
        yield reflect, (image, pads)
        yield repeat, (image, pads)
        yield aten.constant_pad_nd.default, (image, [*pads[:-1], -1], 0.5)
    yield aten.roll.default, (meta(4, 5), [1], [0])
    yield aten.flip.default, (meta(4, 5), [0])


def comparisons(size: random.Random) -> Iterator[Call]:
    kind = size.choice((torch.float16, torch.float32, torch.int64))
    some = meta(size.randint(2, 40), size.randint(2, 40), dtype=kind)
    for compare in (aten.eq, aten.ne, aten.lt, aten.le, aten.gt, aten.ge):
        yield compare.Tensor, (some, some)
        yield compare.Scalar, (some, 1)
    flag = meta(*some.shape, dtype=torch.bool)
    yield aten.logical_and.default, (flag, flag)
    yield aten.logical_not.default, (some,)
    yield aten.native_dropout.default, (meta(*some.shape), 0.1, True)
    yield aten.add.Tensor, (some, some)
    yield aten.mul_.Tensor, (some, some)


def products(size: random.Random) -> Iterator[Call]:
    groups, rows, inner, columns = (8 * size.randint(1, 5) for _ in range(4))
    kind, ends = torch.bfloat16, meta(groups, dtype=torch.int32)
    flat, deep = meta(rows, inner, dtype=kind), meta(groups, rows, inner, dtype=kind)
    right, layers = meta(inner, columns, dtype=kind), meta(groups, inner, columns, dtype=kind)
    yield aten._grouped_mm.default, (flat, layers, ends)
    yield aten._grouped_mm.default, (deep, layers)
    yield aten._grouped_mm.default, (deep, right, ends)
    yield aten._grouped_mm.default, (flat, right, ends)
    yield aten.mm.default, (flat, right)


@pytest.mark.parametrize("family", [reductions, losses, poolings, paddings, comparisons, products])
def test_bytes_are_those_of_inputs_and_outputs(family: Any, tmp_path: Path) -> None:
    size = random.Random(0)
    calls = [call for _ in range(15 * EFFORT) for call in family(size)]
    events = [event(func, *values) for func, values in calls]
    with study_of(events, tmp_path) as study:
        found = costs(study, "bytes")
    for call, each in zip(calls, events, strict=True):
        assert found[signature(each)] == moved(*call), each


def test_flops_of_grouped_products(tmp_path: Path) -> None:
    """Each row of the left side meets each column of one group's right side."""
    ends = meta(4, dtype=torch.int32)
    events = [
        event(aten._grouped_mm.default, *call)
        for call in (
            (meta(32, 16), meta(4, 16, 24), ends),
            (meta(4, 8, 16), meta(4, 16, 24), None),
            (meta(4, 8, 16), meta(16, 24), ends),
            (meta(8, 64), meta(64, 24), ends),
        )
    ]
    with study_of(events, tmp_path) as study:
        found = costs(study, "flops")
    assert [found[signature(each)] for each in events] == [
        2 * 32 * 16 * 24,
        2 * 4 * 8 * 16 * 24,
        2 * 8 * 16 * 24,
        2 * 8 * 64 * 24,
    ]
