"""Read a log of GPU power: the CSV of nvidia-smi --query-gpu, nvidia-smi dmon with times, or dcgmi dmon.

Their clock is the host's wall clock, without a time zone: the offset from UTC must be given. dcgmi prints no
times at all, so each of its lines must begin with one.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from genscope.errors import UserError

_HOW = (
    "write one with nvidia-smi --query-gpu=timestamp,index,power.draw --format=csv -lms 100, with "
    "nvidia-smi dmon -s p -o DT, or with dcgmi dmon -e 155 whose lines begin with a time (2026/11/29 07:00:00.123)"
)
_DATE = r"(\d{4})[-/]?(\d\d)[-/]?(\d\d)"
_TIME = re.compile(rf"^{_DATE}[ T]\s*(\d\d):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?\d*(?!\S)\s*")
_OFFSET = re.compile(r"^([+-])(\d\d):?(\d\d)$")
_POWER = ("power", "pwr")


@dataclass(frozen=True)
class PowerSample:
    """The power of one GPU at one moment, in ns since 1970 and watts."""

    device_id: int
    unix_ns: int
    power_w: float


def read_power_log(path: Path, utc_offset: str = "+00:00") -> list[PowerSample]:
    """The samples of a log, in order. Values that the tool could not read (N/A, -) are left out.

    Raises UserError if the file holds no sample, or the offset isn't like '+02:00'.
    """
    offset = _OFFSET.match(utc_offset)
    if offset is None:
        raise UserError(f"the offset from UTC is {utc_offset!r}, but it must be like +02:00")
    ahead_ns = (int(offset[2]) * 60 + int(offset[3])) * 60_000_000_000
    ahead_ns = -ahead_ns if offset[1] == "-" else ahead_ns
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}); check the path") from error
    rows = _table_rows if any("#" in line for line in lines[:100]) else _csv_rows
    found = [
        PowerSample(device_id, local_ns - ahead_ns, watts)
        for local_ns, device_id, watts in rows(lines)
    ]
    if not found:
        raise UserError(f"{path}: there is no sample of power with a date and time in it; {_HOW}")
    return sorted(found, key=lambda sample: (sample.device_id, sample.unix_ns))


def is_power_log(path: Path) -> bool:
    """Whether a file is a CSV with a log of power, and so not a trace."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return b"timestamp" in start and b"power.draw" in start


def _csv_rows(lines: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    names: list[str] = []
    for row in csv.reader(lines, skipinitialspace=True):
        if "timestamp" in row:
            names = [name.partition(" ")[0] for name in row]
        elif len(row) == len(names):
            values = dict(zip(names, row, strict=True))
            power = [values[name] for name in names if name.startswith("power.draw")]
            yield from _sample(values["timestamp"], values.get("index", "0"), power)


def _table_rows(lines: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Rows under a header that begins with '#'; the time is two of its columns, or before the line."""
    place = None
    for line in lines:
        time = _TIME.match(line.lstrip())
        words = line.lstrip()[time.end() if time else 0 :].split()
        if words and words[0].startswith("#"):
            names = [name.strip("#").lower() for name in words]
            names = [name for name in names if name not in ("", "date", "time")]
            # the second line of a header holds units
            found = [i for i, name in enumerate(names) if name.startswith(_POWER)]
            place = found[0] if found else place
        elif time and place is not None:
            values = words[1:] if words and words[0] == "GPU" else words
            yield from _sample(time[0], values[0] if values else "", values[place : place + 1])


def _sample(time: str, index: str, power: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    when, number = _TIME.match(time), re.match(r"^\s*(\d{1,4})\s*$", index)
    watts = re.match(r"^\s*(\d+(?:\.\d+)?)(?:\s*W)?\s*$", power[0]) if power else None
    if when is None or number is None or watts is None or not math.isfinite(float(watts[1])):
        return
    try:
        year, month, day, hour, minute, second = map(int, when.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return
    fraction_ns = int((when[7] or "0").ljust(9, "0"))
    yield int(moment.timestamp()) * 1_000_000_000 + fraction_ns, int(number[1]), float(watts[1])
