"""Format a result as a readable table: times in ms, shares in %, the heaviest rows of each trace."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from gzip import compress
from typing import TYPE_CHECKING, Any

from genscope.analyze.predicted import is_predicted
from genscope.analyze.printable import printable
from genscope.analyze.written import duration, percent, scaled, size

if TYPE_CHECKING:
    import polars as pl

# rows of a table that the page shows; all are in the CSV
MAX_ROWS = 8
# characters of a name that a cell shows, and that the page holds at most
SHORT = 160
LONGEST = 1000
# of numbers without a unit
LEAST = 0.001
# columns whose unit is in the row's column `unit`
OF_UNIT = frozenset({"value", "threshold"})
_SPELLED = {"gpu": "GPU", "mfu": "MFU", "flops": "FLOPs", "5us": "5\u00a0µs"}
ACCOUNTS = (
    ("scope", "request", "whole requests"),
    ("attention_partition", "core", "attention without its projections"),
)
RECORDED = "the recorded time"


@dataclass(frozen=True)
class Table:
    """Headings, rows of cells, a flag for each predicted row, and the number of rows of the answer.

    `account` says which of a metric's accounts the rows are of, if it has several.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    predicted: tuple[bool, ...]
    numeric: tuple[bool, ...]
    count: int
    account: str


def table_of(frame: pl.DataFrame, columns: Sequence[str]) -> Table:
    """The first rows of each trace, as many as fit, in the query's order, with these columns."""
    shown, account = _one_account(frame)
    if len(shown) > MAX_ROWS and "trace_id" in shown.columns:
        each = max(MAX_ROWS // shown["trace_id"].n_unique(), 1)
        shown = shown.group_by("trace_id", maintain_order=True).head(each)
    shown = shown.head(MAX_ROWS)
    marks = [is_predicted(row) for row in shown.iter_rows(named=True)]
    headings = [heading(name) for name in columns]
    return Table(
        # 'step' and 'step_ns' differ by their unit alone
        columns=tuple(
            f"{heading} time" if name.endswith("_ns") and headings.count(heading) > 1 else heading
            for name, heading in zip(columns, headings, strict=True)
        ),
        rows=tuple(
            tuple(cell(_with_unit(name, row), row[name]) for name in columns)
            for row in shown.iter_rows(named=True)
        ),
        predicted=tuple(marks),
        numeric=tuple(shown[name].dtype.is_numeric() for name in columns),
        count=len(frame),
        account=account,
    )


def _one_account(frame: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The rows about whole requests, with attention as its core, of a metric that has both accounts."""
    import polars as pl

    said = []
    for column, value, words in ACCOUNTS:
        if column in frame.columns and (frame[column] == value).any():
            kept = frame.filter(pl.col(column) == value)
            said.append(RECORDED if column == "scope" and _is_unscaled(kept, frame) else words)
            frame = kept
    return frame, ", ".join(said)


def _is_unscaled(request: pl.DataFrame, frame: pl.DataFrame) -> bool:
    """Whether whole requests take the recorded times, since no manifest says more of them."""
    import polars as pl

    times = [name for name in ("work_ns", "optimized_ns") if name in frame.columns]
    profile = frame.filter(pl.col("scope") == "profile")
    return bool(times) and request.select(times).sort(times).equals(
        profile.select(times).sort(times)
    )


def packed(json: str) -> str:
    """JSON as gzip in base64, which a browser unpacks by itself."""
    return b64encode(compress(json.encode(), 6, mtime=0)).decode()


def cell(column: str, value: Any) -> str:
    """One value as text; the column's name ends in its unit."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return readable(value)
    if not isinstance(value, int | float):
        return readable(str(value))
    for ending, written in _WRITTEN:
        if column.endswith(ending):
            return written(value)
    return _number(value)


def _number(value: float) -> str:
    """A number without a unit, of three digits or whole."""
    if 0 < abs(value) < LEAST:
        return f"<{LEAST}" if value > 0 else f">-{LEAST}"
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"


def readable(text: str) -> str:
    """Other people's text as the page shows it: on one line and of limited length."""
    return printable(cut(str(text), LONGEST))


def shortened(text: str) -> str:
    """A text as a cell shows it; a tooltip shows the whole."""
    return cut(text, SHORT)


def cut(text: str, limit: int) -> str:
    """The text without its middle if it is too long, because names differ at their ends."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[-(limit - 1 - head) :]}"


def capitalized(text: str) -> str:
    """The text with a capital first letter and the rest unchanged: 'FLOPs of a GPU'."""
    return text[:1].upper() + text[1:]


def saving(row: Mapping[str, Any]) -> str:
    """What the fix of a row of opportunity saves: '2.82 ms to 5.93 ms of 7.56 ms (37.3 % to 78.4 %)'."""
    is_bound = row["certainty"] == "at_most"
    ends = [row["saving_ns"]] if is_bound else [row["saving_low_ns"], row["saving_high_ns"]]
    time, share = (
        " to ".join(dict.fromkeys(map(said, values)))
        for said, values in ((duration, ends), (percent, (end / row["run_ns"] for end in ends)))
    )
    return f"{'at most ' * is_bound}{time} of {duration(row['run_ns'])} ({share})"


def joined(names: Iterable[str]) -> str:
    """Names as a list in a sentence."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def every(count: int) -> str:
    """'Both' or 'All 9', for the start of a sentence."""
    return "Both" if count == 2 else f"All {count}"


def _with_unit(column: str, row: Mapping[str, Any]) -> str:
    """The column's name with the unit that its row gives in `unit`, if the name has none."""
    return f"{column}_{row.get('unit')}" if column in OF_UNIT else column


def heading(column: str) -> str:
    """The name of a column or a metric in words: 'GPU time'."""
    if column.endswith("_frac"):
        column = f"{column.removesuffix('_frac')}_share"
    words = column.removesuffix("_ns").split("_")
    return " ".join(_SPELLED.get(word, word) for word in words)


_WRITTEN: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("_ns", duration),
    ("_frac", percent),
    ("mfu", percent),
    ("flops_per_s", lambda value: f"{scaled(value)}FLOP/s"),
    ("bytes_per_s", lambda value: f"{size(value)}/s"),
    ("bytes", size),
    ("flops", lambda value: f"{scaled(value)}FLOP"),
)
