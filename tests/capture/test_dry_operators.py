"""What an operator returns is worked out once for the same shapes, and never mixed up with another's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from signatures import meta
from torch import nn

from genscope.capture.dry import operators as dry_operators
from genscope.capture.dry.operators import Outcomes
from genscope.capture.dry.shapes_only import ShapesOnly
from genscope.capture.workload import default_dtype

aten = torch.ops.aten


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Operators that torch was asked about."""
    names: list[str] = []
    original = dry_operators.outcome

    def outcome(func: Any, args: Any, kwargs: Any) -> Any:
        names.append(str(func))
        return original(func, args, kwargs)

    monkeypatch.setattr(dry_operators, "outcome", outcome)
    return names


def test_same_shapes_are_worked_out_once(worked_out: list[str]) -> None:
    outcomes = Outcomes()
    made = [outcomes.of(aten.mm.default, (meta(2, 3), meta(3, 4)), {}) for _ in range(3)]
    made.append(outcomes.of(aten.mm.default, (meta(2, 3), meta(3, 5)), {}))
    assert [tuple(each.shape) for each in made] == [(2, 4)] * 3 + [(2, 5)]
    assert worked_out == ["aten.mm.default"] * 2
    assert made[0] is not made[1]


def test_what_shares_memory_is_never_remembered(worked_out: list[str]) -> None:
    outcomes, x = Outcomes(), meta(2, 3)
    for _ in range(2):
        assert outcomes.of(aten.view.default, (x, [3, 2]), {}).shape == (3, 2)
    assert worked_out == ["aten.view.default"] * 2
    assert outcomes.of(aten.add_.Tensor, (x, meta(2, 3)), {}) is x


def test_equal_numbers_of_other_types_are_kept_apart() -> None:
    outcomes, whole = Outcomes(), meta(2, dtype=torch.int64)
    found = [outcomes.of(aten.mul.Tensor, (whole, number), {}).dtype for number in (1, 1.0, True)]
    assert found == [torch.int64, torch.float32, torch.int64]


def test_a_new_default_dtype_is_another_outcome() -> None:
    outcomes = Outcomes()
    for dtype in (torch.float32, torch.float16, torch.float32):
        with default_dtype(dtype):
            made = outcomes.of(aten.zeros.default, ([2],), {"device": torch.device("meta")})
        assert made.dtype == dtype


def test_no_weights_are_drawn_where_they_have_no_values() -> None:
    with ShapesOnly():
        state = torch.get_rng_state()
        layer = nn.Linear(3, 4)
        assert torch.equal(torch.get_rng_state(), state)
        # what is not about values runs as ever
        assert torch.arange(3).add_(1).shape == (3,)
    assert layer.weight.is_meta and layer.weight.shape == (4, 3)
    assert torch.nn.init.ones_(torch.empty(2)).tolist() == [1, 1]


def test_strides_and_several_outputs_are_as_torch_makes_them() -> None:
    outcomes = Outcomes()
    image = meta(2, 8, 4, 4).to(memory_format=torch.channels_last)
    weights = (meta(8), meta(8))
    for _ in range(2):
        outputs = outcomes.of(
            aten.native_group_norm.default, (image, *weights, 2, 8, 16, 2, 1e-5), {}
        )
        assert outputs[0].stride() == image.stride()
        assert [tuple(each.shape) for each in outputs[1:]] == [(2, 2), (2, 2)]
        assert outcomes.of(aten.gelu.default, (image,), {}).stride() == image.stride()
