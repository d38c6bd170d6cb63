"""Read the tables that `ncu --csv` prints, in both layouts, as one cell per metric and kernel.

Output of the profiled program and of ncu itself comes before and between the tables. The raw page is
wide, with a row of units below its header; the details page is long, and also has rows for rules.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

# columns that describe the kernel; every other column of the raw page is a metric
_ABOUT = frozenset(
    (
        *("ID", "Process ID", "Process Name", "Host Name", "Kernel Name", "Kernel Time"),
        *("Context", "Stream", "Block Size", "Grid Size", "Device", "CC"),
    )
)
_LONGEST_FIELD = 1 << 30
_STARTS = ('"ID"', "ID,", '"Kernel Name"', '"Process ID"')


@dataclass(frozen=True)
class Cell:
    """One metric of one kernel, as printed; `key` identifies the kernel within the file."""

    key: tuple[int, str, str]
    about: dict[str, str]
    section: str
    metric: str
    unit: str
    text: str


@dataclass
class Anomalies:
    """The anomalies of a file, counted by kind, with the first example of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, example: str) -> None:
        self.counts[kind] += 1
        self.examples.setdefault(kind, example.strip()[:200])


def read_cells(lines: Iterable[str], anomalies: Anomalies) -> Iterator[Cell]:
    """Every metric in the tables among `lines`; other lines are skipped."""
    # names of templates and texts of rules may exceed csv's default limit of 128 KiB
    csv.field_size_limit(_LONGEST_FIELD)
    header: list[str] = []
    units: list[str] = []
    table = 0
    for row in csv.reader(_table_lines(lines, anomalies)):
        if "Kernel Name" in row:
            header, units, table = row, [], table + 1
        elif "Metric Name" in header:
            # rows with a metric may lack the columns of rules that come after it
            if _reaches(row, header.index("Metric Value") + 1, len(header), anomalies):
                yield from _long_cell(dict(zip(header, row, strict=False)), table)
        elif not units:
            units = row
        elif _reaches(row, len(header), len(header), anomalies):
            yield from _wide_cells(header, units, row, table)


def _table_lines(lines: Iterable[str], anomalies: Anomalies) -> Iterator[str]:
    inside = False
    for line in lines:
        text = line.lstrip("\ufeff")
        if text.startswith(("==WARNING==", "==ERROR==")):
            anomalies.note("profiler_warning", text)
        inside = inside or ("Kernel Name" in text and text.startswith(_STARTS))
        if inside and text.strip() and not text.startswith("=="):
            yield text


def _reaches(row: Sequence[str], least: int, limit: int, anomalies: Anomalies) -> bool:
    if least <= len(row) <= limit:
        return True
    anomalies.note("cut_row", ",".join(row))
    return False


def _long_cell(about: dict[str, str], table: int) -> Iterator[Cell]:
    # a row without a metric holds the text of a rule
    if about["Metric Name"]:
        yield Cell(
            _key(about, table),
            about,
            about.get("Section Name", ""),
            about["Metric Name"],
            about.get("Metric Unit", ""),
            about["Metric Value"],
        )


def _wide_cells(
    header: Sequence[str], units: Sequence[str], row: Sequence[str], table: int
) -> Iterator[Cell]:
    about = {name: text for name, text in zip(header, row, strict=True) if name in _ABOUT}
    for name, unit, text in zip(header, units, row, strict=False):
        if name not in _ABOUT and text:
            yield Cell(_key(about, table), about, "", name, unit, text)


def _key(about: dict[str, str], table: int) -> tuple[int, str, str]:
    return table, about.get("Process ID", ""), about.get("ID", "")
