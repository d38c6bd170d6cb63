"""A device is one row of genscope/devices.csv: dry captures predict for it, and SQL finds its peaks by name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from genscope.capture.dry.devices import Device, devices, known_device
from genscope.capture.settings import Settings, resolved

PUBLISHED = devices()
RULES = (Path(__file__).parents[2] / "queries" / "rules" / "device_spec.sql").read_text()
FIRST_RULE = f"""
SELECT memory_bytes, sm_count, half_flops, tf32_flops, float32_flops, float8_flops, bytes_per_s, has_bfloat16
FROM ({RULES}) WHERE regexp_matches(?, pattern) ORDER BY rule_order LIMIT 1
"""


def figures(device: Device) -> tuple[object, ...]:
    """The columns of device_spec."""
    rates = device.peak_flops_per_s
    return (
        device.memory_bytes, device.sm_count, rates["float16"], rates.get("tf32"), rates["float32"], rates.get("float8_e4m3fn"),
        device.peak_bytes_per_s, rates.get("bfloat16") == rates["float16"],
    )  # fmt: skip


@pytest.mark.parametrize("short", PUBLISHED)
def test_sql_and_capture_have_the_same_figures(short: str) -> None:
    device = PUBLISHED[short]
    assert known_device(device.name) == device
    assert duckdb.execute(FIRST_RULE, [device.name]).fetchone() == figures(device)


def test_sql_has_no_device_that_capture_lacks() -> None:
    patterns = duckdb.execute(f"SELECT pattern FROM ({RULES}) ORDER BY rule_order").fetchall()
    assert [pattern for (pattern,) in patterns] == [each.pattern for each in PUBLISHED.values()]


@pytest.mark.parametrize("short", devices())
def test_every_device_can_be_predicted_for(short: str) -> None:
    assert resolved(Settings("llama", profiler="dry", device=short)).device == short


def test_a_device_without_a_row_is_unknown() -> None:
    assert known_device("NVIDIA A100-PG199-200") is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("NVIDIA A100-PG509-200", "a100-40gb"),
        ("NVIDIA H800", "h100"),
        ("NVIDIA H800 PCIe", "h100-pcie"),
        ("NVIDIA A800-SXM4-80GB", "a100"),
        ("NVIDIA GB200", "gb200"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA L4", "l4"),
    ],
)
def test_a_device_has_the_row_of_its_kind(name: str, short: str) -> None:
    assert known_device(name) == devices()[short]
