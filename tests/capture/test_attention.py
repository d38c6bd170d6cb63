"""Seven implementations behind one switch: what runs, what is refused and why, and that nothing stays switched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from genscope.capture.attention.kernels import Arguments, AttentionCall, describe, on_meta
from genscope.capture.attention.switch import Switch, check_available, switched, why_not
from genscope.errors import CaptureError


def arguments(
    *,
    dtype: torch.dtype = torch.float16,
    head_dim: int = 64,
    mask: bool = False,
    causal: bool = False,
    kv_len: int = 16,
) -> Arguments:
    query = torch.empty(2, 4, 16, head_dim, dtype=dtype, device="meta")
    key = torch.empty(2, 4, kv_len, head_dim, dtype=dtype, device="meta")
    bias = torch.empty(2, 4, 16, kv_len, dtype=dtype, device="meta") if mask else None
    return Arguments(query, key, key, bias, causal, None, False, 0.0)


@pytest.mark.parametrize(
    ("implementation", "asked", "reason"),
    [
        ("flash", arguments(), None),
        ("flash", arguments(dtype=torch.float32), "dtype float32"),
        ("flash", arguments(mask=True), "mask"),
        ("flash", arguments(head_dim=512), "head size 512"),
        ("flash", arguments(causal=True, kv_len=32), "different lengths"),
        ("flash-attn", arguments(dtype=torch.float32), "dtype float32"),
        ("flash", arguments(head_dim=12), None),
        ("flash-attn", arguments(head_dim=12), None),
        ("fa4", arguments(head_dim=12), "head size 12 is not a multiple of 8"),
        ("cudnn", arguments(head_dim=12), "head size 12 is not a multiple of 8"),
        ("efficient", arguments(head_dim=12), "head size 12 is not a multiple of 8"),
        ("efficient", arguments(head_dim=12, dtype=torch.float32), None),
        ("efficient", arguments(head_dim=6, dtype=torch.float32), "not a multiple of 4"),
        ("cudnn", arguments(head_dim=160), "head size 160"),
        ("cudnn", arguments(mask=True), None),
        ("efficient", arguments(mask=True, head_dim=512, dtype=torch.float32), None),
        ("baseline", arguments(mask=True, head_dim=3, dtype=torch.float32), None),
        ("math", arguments(mask=True, head_dim=3, dtype=torch.float32), None),
    ],
)
def test_why_a_call_can_not_run_on_a_gpu(
    implementation: str, asked: Arguments, reason: str | None
) -> None:
    found = why_not(implementation, asked, "cuda")
    assert found is None if reason is None else found is not None and reason in found


def test_a_dry_run_of_flash_keeps_a_head_that_is_no_multiple_of_8() -> None:
    asked = arguments(head_dim=12)
    assert on_meta("flash", asked, "cuda").shape == asked.query.shape


def test_what_stands_before_the_heads_is_the_batch() -> None:
    shapes = ((2, 16, 8), (2, 4, 16, 8), (3, 2, 4, 16, 8))
    calls = [
        describe(Arguments(*[torch.zeros(s)] * 3, None, False, None, False, 0.0), "flash")
        for s in shapes
    ]
    assert [(call.batch, call.heads) for call in calls] == [(2, 1), (2, 4), (6, 4)]


def test_flash_takes_any_call_on_a_cpu() -> None:
    assert why_not("flash", arguments(mask=True, head_dim=512, dtype=torch.float32), "cpu") is None


def labels() -> tuple[list[AttentionCall], Switch]:
    seen: list[AttentionCall] = []

    @contextlib.contextmanager
    def around(call: AttentionCall) -> Iterator[None]:
        seen.append(call)
        yield

    return seen, Switch("flash", "cuda", around)


def test_a_call_that_flash_can_not_take_goes_to_the_next_and_says_so() -> None:
    seen, switch = labels()
    for asked in (arguments(), arguments(mask=True), arguments(head_dim=512)):
        switch(asked.query, asked.key, asked.value, attn_mask=asked.mask)
    assert [call.implementation for call in seen] == ["flash", "efficient", "efficient"]
    assert switch.refused == {
        "an attention mask": 1,
        "head size 512 is over 256": 1,
    }
    switch.check_used()


def test_an_implementation_that_took_no_call_is_an_error_with_the_reason() -> None:
    _, switch = labels()
    asked = arguments(dtype=torch.float32)
    switch(asked.query, asked.key, asked.value)
    with pytest.raises(
        CaptureError, match=r"1 calls: dtype float32, not float16 or bfloat16.*--dtype"
    ):
        switch.check_used()


@pytest.mark.parametrize("name", ["efficient", "cudnn", "flash-attn", "fa4"])
def test_what_needs_a_gpu_says_so_on_a_cpu(name: str) -> None:
    with pytest.raises(CaptureError, match=f"{name} runs on CUDA devices only, not on cpu"):
        check_available(name, torch.device("cpu"))


@pytest.mark.parametrize(
    ("name", "package"), [("flash-attn", "flash-attn"), ("fa4", "flash-attn-4")]
)
def test_a_missing_package_is_named(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    with pytest.raises(CaptureError, match=f"needs the package {package}, .*pip install {package}"):
        check_available(name, torch.device("cuda"))


@pytest.mark.parametrize("masked", ["none", "bool", "float", "causal"])
@pytest.mark.parametrize("kv_heads", [4, 2])
def test_implementations_agree_with_torch(masked: str, kv_heads: int) -> None:
    torch.manual_seed(0)
    query = torch.randn(2, 4, 6, 8)
    key, value = torch.randn(2, kv_heads, 6, 8), torch.randn(2, kv_heads, 6, 8)
    mask = {"bool": torch.rand(2, 1, 6, 6) > 0.3, "float": torch.randn(2, 4, 6, 6)}.get(masked)
    if masked == "bool" and mask is not None:
        mask[..., 0] = True
    options = {
        "attn_mask": mask,
        "is_causal": masked == "causal",
        "scale": 0.2,
        "enable_gqa": kv_heads == 2,
    }
    expected = functional.scaled_dot_product_attention(query, key, value, **options)
    for name in ("baseline", "math", "flash"):
        with switched(Switch(name, "cpu", lambda _: contextlib.nullcontext())):
            found = functional.scaled_dot_product_attention(query, key, value, **options)
        torch.testing.assert_close(found, expected)


def test_torch_is_as_before_even_after_an_error() -> None:
    before = functional.scaled_dot_product_attention
    with pytest.raises(ZeroDivisionError), switched(labels()[1]):
        assert functional.scaled_dot_product_attention is not before
        raise ZeroDivisionError
    assert functional.scaled_dot_product_attention is before


def test_a_packed_single_query_is_unpacked_in_the_label() -> None:
    call = AttentionCall(4, 100, 8, 8, 64, 1, "float16", "flash", False)
    assert (call.fields(1)["query_len"], call.fields(1)["heads"]) == (1, 32)
    assert (call.fields(4)["query_len"], call.fields(4)["heads"]) == (4, 8)
