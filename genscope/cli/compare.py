"""Compare two sides of a study as a gate: rows of trace_difference, as a table, Markdown or JUnit."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from genscope.analyze.predicted import NOTE, without_empty_interval
from genscope.analyze.printable import printable
from genscope.analyze.report.format import capitalized
from genscope.analyze.whole_file import check_writable, write_whole
from genscope.analyze.written import duration, percent
from genscope.cli.output import check_out, write_result
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.study import Study

# a level of trace_difference by the name that the command gives it
LEVELS = {"class": "category"}
# a row of less of the time fails no gate
LEAST_FRAC = 0.01
# the command's status if the sides can't be compared
REFUSED = 2
# rows of a Markdown table
MOST_ROWS = 25
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|%)?\s*")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Gate:
    """The level to compare by, and from which difference on a row has changed.

    `fails` is true if a regression is an error. Ranges of several traces must not touch, too.
    """

    level: str = "component"
    tolerance_frac: float = 0.05
    floor_ns: int = 100_000
    fails: bool = False


@dataclass(frozen=True)
class Comparison:
    """The rows of a level and of the total; `failures` are those that fail the gate."""

    first: str
    second: str
    gate: Gate
    rows: tuple[Row, ...]
    total: Row | None
    refusal: str | None

    @property
    def failures(self) -> tuple[Row, ...]:
        """The total and rows of 1 % or more of a side's time, if they regressed."""
        return tuple(row for row in self.large if row["verdict"] == "regressed")

    @property
    def large(self) -> tuple[Row, ...]:
        """The total and the rows of 1 % or more of a side's time."""
        if self.total is None:
            return ()
        least = LEAST_FRAC * min(self.total["a_ns"], self.total["b_ns"])
        rows = (row for row in self.rows if max(row["a_ns"], row["b_ns"]) >= least)
        return (self.total, *rows)

    @property
    def notes(self) -> list[str]:
        """What must be said if times are predicted."""
        return [NOTE] if self.total and self.total["predicted"] else []

    @property
    def status(self) -> int:
        """0, 1 for a regression, or 2 if the sides can't be compared."""
        if not self.gate.fails:
            return 0
        return REFUSED if self.refusal else int(bool(self.failures))


def fraction_of(text: str) -> float:
    """'3%' and '0.03' as 0.03. Raises UserError for anything else, and for 1 and more without '%'."""
    number, unit = _amount(text, "a share, such as 3%")
    if unit not in {None, "%"}:
        raise UserError(f"{text!r} is not a share; write it as 3%")
    if not unit and number >= 1:
        raise UserError(f"{text!r} is 100 % or more; write {text}% if that many percent are meant")
    return number / 100 if unit else number


def nanoseconds_of(text: str) -> int:
    """'0.1ms', '100us' or '100000' (ns) as nanoseconds. Raises UserError for anything else."""
    number, unit = _amount(text, "a time, such as 0.1ms")
    if unit == "%":
        raise UserError(f"{text!r} is not a time; write it as 0.1ms")
    return round(number * _UNITS[unit or "ns"])


def compare(study: Study, first: str, second: str, gate: Gate) -> Comparison:
    """Compare the traces of two globs by a level. Raises UserError if a side has no trace."""
    sides = {"first": first, "second": second}
    frame = study.query(
        "trace_difference",
        params=sides | {"floor_ns": gate.floor_ns, "tolerance_frac": gate.tolerance_frac},
    )
    level = LEVELS.get(gate.level, gate.level)
    rows = tuple(frame.filter(level=level).to_dicts())
    total = next(iter(frame.filter(level="total").to_dicts()), None)
    refusal = total["verdict_refusal"] if total else "a side has no work"
    return Comparison(first, second, gate, rows, total, refusal)


def write_comparison(
    study: Study, first: str, second: str, *, gate: Gate, fmt: str, out: Path | None, wide: bool
) -> int:
    """Print or write a comparison and return the command's status; the verdict goes to standard error."""
    is_text = fmt in {"markdown", "junit"}
    if is_text and out is not None:
        check_writable(out)
    elif not is_text:
        check_out(fmt, out)  # type: ignore[arg-type]
    found = compare(study, first, second, gate)
    if is_text:
        text = markdown(found) if fmt == "markdown" else junit(found)
        if out is None:
            print(text, end="")
        else:
            write_whole(out, text)
    # a table of a refused comparison would be read as its result
    elif fmt != "table" or found.status != REFUSED:
        frame = without_empty_interval(_frame(found)) if fmt == "table" else _frame(found)
        write_result(frame, fmt, out, wide=wide)  # type: ignore[arg-type]
    for line in (headline(found), *found.notes):
        print(f"genscope: {printable(line)}", file=sys.stderr)
    return found.status


def headline(found: Comparison) -> str:
    """The verdict in one sentence."""
    if found.total is None or found.refusal:
        return f"{found.first} and {found.second} can't be compared: {found.refusal}"
    total = found.total
    a_ns, b_ns = total["a_ns"], total["b_ns"]
    change = f"{duration(a_ns)} to {duration(b_ns)}"
    if a_ns:
        change += f", {'+' if b_ns >= a_ns else '-'}{percent(abs(b_ns - a_ns) / a_ns)}"
    count = len(found.failures)
    verdict = "no regression" if not count else f"{count} regression{'s' if count > 1 else ''}"
    chance = total["chance_frac"]
    # with one trace a side, the test says nothing
    sure = "" if chance is None or chance > 0.4 else f"; by chance in {percent(chance)} of cases"
    # a short trace can change by much of itself and still by less than the floor
    if not count and found.gate.tolerance_frac * a_ns < abs(b_ns - a_ns) <= found.gate.floor_ns:
        sure += f"; changes of up to {duration(found.gate.floor_ns)} don't count"
    return f"{verdict} by {found.gate.level} ({change}{sure})"


def markdown(found: Comparison) -> str:
    """A comment for a pull request: the verdict, and a table of what changed, the largest first."""
    lines = [f"**genscope compare**: {_cell(headline(found))}.", ""]
    lines += [f"{capitalized(note)}\n" for note in found.notes]
    if found.status == REFUSED:
        return "\n".join(lines)
    changed = [row for row in found.rows if row["verdict"] not in {"same", None}]
    shown = ([found.total] if found.total else []) + (
        changed if not found.refusal else list(found.rows)
    )
    lines += [
        f"| {found.gate.level} | {_cell(found.first)} | {_cell(found.second)} | difference | verdict |",
        "|---|---:|---:|---:|---|",
        *(_line(row) for row in shown[: MOST_ROWS + 1]),
        "",
    ]
    left = max(len(shown) - MOST_ROWS - 1, 0)
    same = 0 if found.refusal else len(found.rows) - len(changed)
    tolerance = (
        f"more than {percent(found.gate.tolerance_frac)} and {duration(found.gate.floor_ns)}"
    )
    counts = f"{left} more rows changed and {same} did not. " if left or same else ""
    lines.append(
        f"{counts}A row has changed if its time differs by "
        f"{tolerance}; with several traces a side, times are medians and their ranges must not touch."
    )
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    share = f" ({row['difference_ns'] / row['a_ns']:+.1%})" if row["a_ns"] else ""
    sign = "+" if row["difference_ns"] > 0 else ""
    return (
        f"| {_cell(_name(row))} | {duration(row['a_ns'])} | {duration(row['b_ns'])} "
        f"| {sign}{duration(row['difference_ns'])}{share} | {row['verdict'] or '-'} |"
    )


def junit(found: Comparison) -> str:
    """A JUnit file: a test case for the total and for each row of 1 % or more of either side."""
    rows = found.large
    failing = {id(row) for row in found.failures}
    cases = [_case(row, found, is_failure=id(row) in failing) for row in rows]
    failures = 0 if found.refusal else len(failing)
    suite = f'name="genscope compare" tests="{len(rows)}" failures="{failures}" errors="{int(bool(found.refusal))}"'
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    error = f"  <system-err>{_xml(found.refusal)}</system-err>\n" if found.refusal else ""
    return f"{head}<testsuite {suite}>\n{''.join(cases)}{error}</testsuite>\n"


def _case(row: Row, found: Comparison, *, is_failure: bool) -> str:
    level = "total" if row["level"] == "total" else found.gate.level
    name = quoteattr(printable(_name(row)))
    case = f'  <testcase classname="genscope.{level}" name={name} time="{row["b_ns"] / 1e9:.9f}"'
    text = f"{duration(row['a_ns'])} to {duration(row['b_ns'])}"
    if found.refusal:
        return f"{case}><error message={quoteattr(printable(found.refusal))}/></testcase>\n"
    if is_failure:
        return f"{case}><failure message={quoteattr(text)}/></testcase>\n"
    return f"{case}/>\n"


def _name(row: Row) -> str:
    return " ".join(filter(None, (row["module"], row["op_name"])))


def _cell(text: str) -> str:
    """Other people's text as a cell of a Markdown table."""
    shown = printable(text)[:120]
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", shown)


def _xml(text: str | None) -> str:
    return escape(printable(text or ""))


def _frame(found: Comparison) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        [*([found.total] if found.total else []), *found.rows], infer_schema_length=None
    )


def _amount(text: str, wanted: str) -> tuple[float, str | None]:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise UserError(f"{text!r} can't be read; write {wanted}")
    return float(match[1]), match[2]
