"""Which kernel an operator's FLOPs go to, on whole traces written by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.trace_file import find

GEMM = "ampere_sgemm_128x64_tn"
ADD = "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float> >(int)"
COPY = "void at::native::unrolled_elementwise_kernel<at::native::direct_copy_kernel_cuda(int)>"
CONVOLUTION = "sm80_xmma_fprop_implicit_gemm_tf32f32_tf32f32_f32_nhwckrsc_nchw"
LAYOUT = "void cudnn::nchwToNhwcKernel<float>(int)"
FLASH = "void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64> >(int)"
GEOMETRY = ["", "", "", "[1, 1]", "[0, 0]", "[1, 1]", "False", "[0, 0]", "1"]

Shapes = Sequence[Sequence[int]]


class _Trace:
    """Operators and the kernels that they launch."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def operator(
        self,
        name: str,
        span: tuple[int, int],
        shapes: Shapes,
        *,
        dtype: str = "float",
        values: Sequence[str] = (),
        strides: Shapes | None = None,
    ) -> int:
        number = len(self.events) + 1
        args: dict[str, object] = {
            "External id": number,
            "Input Dims": shapes,
            "Input type": [dtype if shape else "" for shape in shapes],
            "Concrete Inputs": list(values) or ["" for _ in shapes],
        }
        if strides is not None:
            args["Input Strides"] = strides
        self._event("cpu_op", name, span[0], span[1] - span[0], args)
        return number

    def kernel(self, operator: int, name: str, dur: int) -> None:
        """A kernel that the operator launches as it starts."""
        link: dict[str, object] = {"correlation": len(self.events) + 1, "External id": operator}
        start = self.events[operator - 1]["ts"]
        self._event("cuda_runtime", "cudaLaunchKernel", start, 1, link)
        place: dict[str, object] = link | {"device": 0, "stream": 7}
        self._event("kernel", name, 10_000 + 100 * len(self.events), dur, place)

    def _event(self, cat: str, name: str, ts: object, dur: int, args: dict[str, object]) -> None:
        event: dict[str, object] = {
            "ph": "X",
            "pid": 1,
            "tid": 1,
            "cat": cat,
            "name": name,
            "ts": ts,
            "dur": dur,
        }
        self.events.append(event | {"args": args})

    def costs(self, folder: Path) -> dict[str, tuple[int | None, int | None]]:
        """FLOPs and bytes of each kernel, by its name."""
        path = folder / "trace.json"
        path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": self.events}))
        found = replace(find([path])[0], trace_id=1, digest="0")
        built = build.build_trace(
            found, folder / "built", wanted=["work_cost", "attention_call"]
        ).path
        with duckdb.connect(str(built), read_only=True) as con:
            rows = con.execute(
                "SELECT name, flops, bytes FROM work JOIN work_cost USING (trace_id, work_id)"
            ).fetchall()
        return {name: (flops, size) for name, flops, size in rows}


def test_autocast_casts_get_no_product(tmp_path: Path) -> None:
    trace = _Trace()
    trace.operator("aten::linear", (0, 100), [[8, 64], [32, 64], []])
    copy = trace.operator("aten::copy_", (10, 20), [[32, 64], [32, 64]])
    trace.kernel(copy, COPY, 90)
    trace.operator("aten::linear", (40, 90), [[8, 64], [32, 64], []], dtype="c10::Half")
    product = trace.operator("aten::mm", (50, 80), [[8, 64], [64, 32]], dtype="c10::Half")
    trace.kernel(product, GEMM, 20)
    read_and_written = 2 * (8 * 64 + 64 * 32 + 8 * 32)
    assert trace.costs(tmp_path) == {
        COPY: (0, 2 * 4 * 32 * 64),
        GEMM: (2 * 8 * 64 * 32, read_and_written),
    }


@pytest.mark.parametrize("longest", [LAYOUT, ADD])
def test_a_convolution_costs_neither_its_bias_nor_its_layout(tmp_path: Path, longest: str) -> None:
    trace = _Trace()
    shapes: Shapes = [[2, 16, 8, 8], [32, 16, 1, 1], [32], [], [], [], [], [], []]
    trace.operator("aten::conv2d", (0, 100), shapes[:3])
    trace.operator("aten::_convolution", (5, 90), shapes, values=GEOMETRY)
    product = trace.operator("aten::cudnn_convolution", (10, 50), shapes[:2])
    for name in (LAYOUT, CONVOLUTION):
        trace.kernel(product, name, 90 if name == longest else 10)
    bias = trace.operator("aten::add_", (60, 80), [[2, 32, 8, 8], [1, 32, 1, 1]])
    trace.kernel(bias, ADD, 90 if longest == ADD else 10)
    flops = {name: flops for name, (flops, _) in trace.costs(tmp_path).items()}
    assert flops == {LAYOUT: 0, CONVOLUTION: 2 * 2 * 8 * 8 * 32 * 16, ADD: 0}


def test_an_unknown_convolution_is_unknown_for_each_of_its_kernels(tmp_path: Path) -> None:
    trace = _Trace()
    product = trace.operator("aten::_convolution", (0, 90), [[2, 16, 8, 8], [32, 16, 1, 1], []])
    for name, dur in ((LAYOUT, 90), (CONVOLUTION, 10)):
        trace.kernel(product, name, dur)
    assert trace.costs(tmp_path) == {LAYOUT: (None, None), CONVOLUTION: (None, None)}


def test_a_broadcast_mask_is_read_once_and_copied_for_free(tmp_path: Path) -> None:
    trace = _Trace()
    product = trace.operator(
        "aten::baddbmm",
        (0, 90),
        [[8, 24, 24], [8, 24, 16], [8, 16, 24]],
        strides=[[0, 24, 1], [384, 16, 1], [384, 1, 16]],
    )
    trace.kernel(product, COPY, 90)
    trace.kernel(product, GEMM, 10)
    moved = 4 * (24 * 24 + 2 * 8 * 24 * 16 + 8 * 24 * 24)
    assert trace.costs(tmp_path) == {COPY: (0, 0), GEMM: (2 * 8 * 24 * 16 * 24, moved)}


def test_a_padded_head_is_one_call_with_its_padding(tmp_path: Path) -> None:
    """torch pads heads of 44 to 48 for flash attention: the call has 44, the kernel computes 48."""
    trace = _Trace()
    model, padded = [2, 8, 256, 44], [2, 8, 256, 48]
    trace.operator("aten::scaled_dot_product_attention", (0, 400), [model] * 3, dtype="c10::Half")
    for start in (10, 90, 170):
        trace.operator("aten::constant_pad_nd", (start, start + 70), [model, [], []])
        zeros = trace.operator("aten::fill_", (start + 10, start + 20), [padded, []])
        trace.kernel(zeros, ADD, 5)
        rows = trace.operator("aten::copy_", (start + 40, start + 50), [model, model, []])
        trace.kernel(rows, COPY, 9)
    name = "aten::_scaled_dot_product_flash_attention"
    fused = trace.operator(name, (250, 350), [padded] * 3, dtype="c10::Half")
    trace.kernel(fused, FLASH, 40)
    flops = {kernel: flops for kernel, (flops, _) in trace.costs(tmp_path).items()}
    assert flops == {ADD: 0, COPY: 0, FLASH: 4 * 2 * 8 * 256 * 256 * 48}
    with duckdb.connect(str(tmp_path / "built" / build.DATABASE), read_only=True) as con:
        call = con.table("attention_call").project("attention_kind, head_dim, query_len, core_ns")
        assert call.fetchall() == [("self", 44, 256, 1000 * (3 * (5 + 9) + 40))]


def test_shards_count_as_such(tmp_path: Path) -> None:
    trace = _Trace()
    trace.operator("aten::linear", (0, 100), [[8, 64], [32, 64], []])  # of all four devices
    shard = trace.operator("aten::mm", (10, 80), [[8, 64], [64, 8]])
    trace.kernel(shard, GEMM, 10)
    assert trace.costs(tmp_path)[GEMM][0] == 2 * 8 * 64 * 8


def test_a_nested_tensor_without_a_shape_counts_by_its_buffer(tmp_path: Path) -> None:
    trace = _Trace()
    trace.operator("aten::linear", (0, 100), [[], [32, 64], []])
    buffer = trace.operator("aten::addmm", (10, 80), [[32], [8, 64], [64, 32]])
    trace.kernel(buffer, GEMM, 10)
    assert trace.costs(tmp_path)[GEMM][0] == 2 * 8 * 64 * 32


def test_attention_of_another_library_has_a_cost(tmp_path: Path) -> None:
    trace = _Trace()
    call = trace.operator("mine::sage_forward", (0, 100), [[1, 4, 96, 64]] * 3)
    trace.kernel(call, "_fwd_kernel_aligned", 10)
    assert trace.costs(tmp_path)["_fwd_kernel_aligned"][0] == 4 * 4 * 96 * 96 * 64
