"""Operators of a dry run are measured one by one, so that the predictor can be fitted to them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench import gpu_kernels
from bench.gpu_kernels import Signature, attention_sweep, call_of, done, estimated_s, of_runs
from bench.measured_rows import read_rows
from genscope.capture.session import capture
from genscope.capture.settings import Settings


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> list[Signature]:
    settings = Settings(
        "stable_diffusion",
        attention="baseline",
        profiler="dry",
        size="tiny",
        dtype="float32",
        device="a100",
    )
    folder = capture(settings, tmp_path_factory.mktemp("runs"))
    return list({found.key: found for found in of_runs([folder])}.values())


def test_every_operator_of_a_run_can_be_called(signatures: list[Signature]) -> None:
    names = {found.name for found in signatures}
    assert {
        "convolution",
        "native_group_norm",
        "native_layer_norm",
        "addmm",
        "bmm",
        "baddbmm",
    } <= names
    for found in signatures:
        result = call_of(found, torch.device("cpu"))()
        assert isinstance(result, tuple | torch.Tensor)


def test_convolutions_come_in_both_layouts(signatures: list[Signature]) -> None:
    found = [one for one in signatures if one.name == "convolution"]
    (first, other), *_ = [
        (a, b) for a in found for b in found if a.dims == b.dims and a.strides[0][1] > 1 == b.strides[0][1]
    ]  # fmt: skip
    assert first.values == other.values
    output = call_of(other, torch.device("cpu"))()
    assert output.is_contiguous(memory_format=torch.channels_last)


def test_rows_are_appended_once_and_read_by_the_fit(
    signatures: list[Signature], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    some = signatures[:3]
    assert gpu_kernels.work(some[:2], rows, 60) == (2, 0)
    assert gpu_kernels.work(some, rows, 60) == (1, 0)
    assert done(rows) == {found.key for found in some}
    assert [row.calls > 0 and row.measured_ns > 0 for row in read_rows(rows)] == [True] * 3
    assert gpu_kernels.work(signatures[3:], rows, 0) == (0, 0)


def test_the_attention_sweep_fits_a_gpu() -> None:
    sweep = list(attention_sweep("c10::BFloat16"))
    assert {found.dims[0][2] for found in sweep} == set(gpu_kernels.LENGTHS)
    largest = max(torch.Size(found.dims[0]).numel() for found in sweep)
    assert 4 * 2 * largest < 2**34
    # with the sweep alone a call of four minutes is half full at most
    assert 5 < estimated_s(sweep, "NVIDIA H200") < 120
