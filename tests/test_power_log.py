"""Logs of GPU power: what nvidia-smi and dcgmi print becomes samples with a wall-clock time."""

from pathlib import Path

import pytest

from genscope.analyze.load.power_log import read_power_log
from genscope.analyze.load.trace_file import find
from genscope.errors import UserError

# 2026-11-29 07:00:00 UTC
START = 1_795_935_600_000_000_000
QUERY = """timestamp, index, power.draw [W], utilization.gpu [%]
2026/11/29 07:00:00.250, 1, 65.43 W, 3 %
2026/11/29 07:00:00.250, 0, 70.00 W, 3 %
2026/11/29 07:00:00.750, 0, [N/A], 3 %
2026/13/29 07:00:00.750, 0, 70.00 W, 3 %
2026/11/29 07:00:01.250, 0, 71
"""
DMON = """#Date       Time        gpu    pwr  gtemp  mtemp
#YYYYMMDD   HH:MM:SS    Idx      W      C      C
 20261129   07:00:01      0     43     35      -
 20261129   07:00:01      1      -     35      -
"""
DCGM = """2026/11/29 07:00:00.5 #Entity   TMPTR  POWER
2026/11/29 07:00:00.5 ID         C      W
2026/11/29 07:00:01.000001 GPU 0     40     65.431
2026/11/29 07:00:01.000001 GPU 1     40     N/A
"""


def read(tmp_path: Path, text: str, offset: str = "+00:00") -> list[tuple[int, int, float]]:
    path = tmp_path / "power.csv"
    path.write_text(text, encoding="utf-8")
    return [(s.device_id, s.unix_ns - START, s.power_w) for s in read_power_log(path, offset)]


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        (QUERY, [(0, 250_000_000, 70.0), (1, 250_000_000, 65.43)]),
        ("timestamp, power.draw.instant\n2026/11/29 07:00:00, 5\n", [(0, 0, 5.0)]),
        (DMON, [(0, 1_000_000_000, 43.0)]),
        (DCGM, [(0, 1_000_001_000, 65.431)]),
    ],
    ids=["query", "one_gpu", "dmon", "dcgm"],
)
def test_samples_of_each_tool(
    text: str, samples: list[tuple[int, int, float]], tmp_path: Path
) -> None:
    assert read(tmp_path, text) == samples


def test_the_offset_is_taken_off(tmp_path: Path) -> None:
    assert read(tmp_path, DMON, "+02:30") == [(0, 1_000_000_000 - 9_000_000_000_000, 43.0)]
    assert read(tmp_path, DMON, "-0100") == [(0, 1_000_000_000 + 3_600_000_000_000, 43.0)]
    with pytest.raises(UserError, match=r"like \+02:00"):
        read(tmp_path, DMON, "CET")


def test_a_log_in_a_run_folder_is_no_trace(tmp_path: Path) -> None:
    for name, text in (("power.csv", QUERY), ("manifest.json", "{}"), ("trace.json", "[]")):
        (tmp_path / name).write_text(text)
    assert [found.name for found in find([tmp_path])] == [tmp_path.name]
    with pytest.raises(UserError, match=r"genscope load power .*power\.csv$"):
        find([tmp_path / "power.csv"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026/11/29 07:00:00, 0, 70.00 W\n",
        "#Entity   POWER\nID         W\nGPU 0     65.431\n",
        "#Time        gpu    pwr\n 07:00:01      0     43\n",
        "timestamp, index, power.draw [W]\n2026/11/29 07:00:00, 0, nan\n",
    ],
    ids=["empty", "without_header", "without_time", "without_date", "no_number"],
)
def test_a_log_without_samples_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sample of power with a date and time") as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)
