"""FLOPs of traces that PyTorch's profiler records: biases, nested tensors, broadcast masks, and autocast."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

import genscope
from genscope.analyze.study import Study
from genscope.capture.attention.switch import Switch
from genscope.capture.catalog import MODELS
from genscope.capture.label.labels import Labels
from genscope.capture.label.sinks import NullSink
from genscope.capture.runner import Runner
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from tests.effort import part
from tests.torch_flops import by_operator

pytestmark = pytest.mark.loads_for("work_cost", "work_category", "work_op")

# a recorded run takes three seconds
TRIED = part(MODELS, of=8)
LENGTHS = (5, 9, 2)
# on a CPU, baddbmm can run addmm_ for each matrix, which no model here calls itself
# of the operator whose shapes give the cost: which one inside it takes longest, and is charged, varies from run to run
PER_OPERATOR = """
SELECT replace(regexp_replace(cpu_op.name, '::(mkldnn)?_', '::'), 'aten::addmm_', 'aten::baddbmm') AS name, category, sum(flops)::BIGINT AS flops,
  sum(bytes)::BIGINT AS bytes
FROM work_cost JOIN work_category USING (trace_id, work_id) JOIN work_op USING (trace_id, work_id)
JOIN cost_root USING (trace_id, op_id)
JOIN cpu_op ON cost_root.trace_id = cpu_op.trace_id AND cost_op_id = cpu_op.op_id
WHERE flops > 0 GROUP BY ALL
"""

Work = Callable[[], object]


def _recorded(work: Work, folder: Path) -> list[tuple[str, str, int, int]]:
    """Operator, class, FLOPs and bytes of everything with FLOPs."""
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], record_shapes=True) as found:
        work()
    found.export_chrome_trace(str(folder / "trace.json"))
    with genscope.open(folder / "study.duckdb") as study:
        study.ingest(folder / "trace.json")
        return study.sql(PER_OPERATOR).rows()


def _image(*shape: int) -> torch.Tensor:
    return torch.ones(2, *shape)


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.nn.Conv1d(16, 8, 5)(_image(16, 50)),
        lambda: torch.nn.Conv2d(16, 32, 3, padding=1)(_image(16, 20, 20)),
        lambda: torch.nn.Conv2d(16, 16, 3, groups=16)(_image(16, 20, 20)),
        lambda: torch.nn.ConvTranspose2d(16, 8, 4, stride=2)(_image(16, 20, 20)),
        lambda: torch.nn.Conv3d(4, 8, 3)(_image(4, 6, 7, 8)),
    ],
    ids=["1d", "2d", "depthwise", "transposed", "3d"],
)
def test_a_convolution_with_a_bias(work: Work, tmp_path: Path) -> None:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    ((_, category, flops, _),) = _recorded(work, tmp_path)
    assert (category, flops) == ("convolution", counter.get_total_flops())


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_a_linear_layer_on_a_nested_tensor(layout: torch.layout, tmp_path: Path) -> None:
    """The rows of all sequences, without padding; torch's counter takes no nested tensor."""
    layer = torch.nn.Linear(64, 96)
    rows = torch.nested.nested_tensor([torch.ones(n, 64) for n in LENGTHS], layout=layout)
    found = _recorded(lambda: layer(rows), tmp_path)
    assert [row[:3] for row in found] == [("aten::addmm", "linear", 2 * sum(LENGTHS) * 64 * 96)]


def test_attention_of_nested_tensors_is_padded_by_torch(tmp_path: Path) -> None:
    heads = torch.nested.nested_tensor([torch.ones(4, n, 16) for n in LENGTHS])
    found = _recorded(
        lambda: functional.scaled_dot_product_attention(heads, heads, heads), tmp_path
    )
    padded = 4 * len(LENGTHS) * 4 * max(LENGTHS) ** 2 * 16
    assert [row[:3] for row in found] == [("aten::bmm", "attention", padded)]


@pytest.mark.parametrize("mask_shape", [(1, 1, 1, 24), (1, 1, 24, 24), (2, 4, 24, 24)])
def test_a_broadcast_mask_is_read_once(mask_shape: tuple[int, ...], tmp_path: Path) -> None:
    heads, mask = torch.ones(2, 4, 24, 16), torch.zeros(mask_shape)
    found = _recorded(
        lambda: functional.scaled_dot_product_attention(heads, heads, heads, attn_mask=mask),
        tmp_path,
    )
    ((_, category, flops, size),) = found
    assert (category, flops) == ("attention", 4 * 2 * 4 * 24 * 24 * 16)
    assert size == 4 * (4 * heads.numel() + mask.numel())


def test_what_a_scaled_product_adds_is_read_once(tmp_path: Path) -> None:
    """baddbmm with alpha, as diffusers' attention without a fused kernel calls it, and a broadcast term."""
    left, added = torch.ones(8, 24, 16), torch.zeros(24, 24)
    found = _recorded(
        lambda: torch.baddbmm(added.expand(8, 24, 24), left, left.mT, alpha=0.25), tmp_path
    )
    size = 4 * (added.numel() + 2 * left.numel() + 8 * 24 * 24)
    assert found == [("aten::baddbmm", "linear", 2 * 8 * 24 * 24 * 16, size)]


def _counted_under_autocast(model: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """A run on the CPU whose passes are under autocast, and torch's FLOPs per operator of a pass of its own."""
    counter = FlopCounterMode(display=False)
    plain = Runner._run

    def run_under_autocast(run: Runner, labels: Labels, switch: Switch) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            if not counter.get_total_flops():
                alone = Labels(NullSink(), run.workload.components)
                with counter:
                    plain(run, alone, Switch(run.settings.attention, "cpu"))
            return plain(run, labels, switch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "_run", run_under_autocast)
        settings = Settings(model, "torch", "baseline", "tiny", steps=1, device="cpu")
        made = capture(settings, folder)
    return made, by_operator(counter)


@pytest.mark.parametrize("model", TRIED)
def test_operators_under_autocast_count_as_torch_counts_them(model: str, tmp_path: Path) -> None:
    run, by_torch = _counted_under_autocast(model, tmp_path)
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(run)
        found = study.sql(PER_OPERATOR).rows()
        types = study.sql(
            "SELECT DISTINCT input_types[:17] FROM cpu_op WHERE name IN ('aten::mm', 'aten::addmm')"
        ).rows()
    per_operator: Counter[str] = Counter()
    for name, _, flops, _ in found:
        per_operator[name] += flops
    assert types == [('["c10::BFloat16",',)], "autocast was off"
    assert per_operator == by_torch
    per_class = {category for _, category, _, _ in found}
    assert per_class <= {"linear", "convolution", "attention"}
    convolution = sum(flops for _, category, flops, _ in found if category == "convolution")
    assert convolution == by_torch.get("aten::convolution", 0)
