"""Hold the predictor (queries/cost/expected_call.sql) against measured operators, and fit its constants again.

    python bench/predictor.py ROWS.csv          predicted / measured by source and class, with the shipped constants
    python bench/predictor.py ROWS.csv --fit    constants fitted again, and the error on each source that was left out

Products are fitted per device on the rows measured in a loop, kernels without products on traces; a trace is a source of
its own. The fit moves one constant at a time, by smaller and smaller factors: deterministic, and good to a percent.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured_rows import Row, read_rows

from genscope.analyze.connect import connect
from genscope.analyze.sql_file import in_order, load_layer
from genscope.predictor import ANSWER, create_relations, give_signatures

TABLES = ("product_rate", "kernel_rate", "product_constant")
DEPENDENT = ("modelled_device", "expected_product", "expected_attention", "expected_call")
RATES = ("launch_ns", "cold_ns", "model_ratio")
PRODUCT = ("launch_ns", "peak_share", "half_intensity", "bytes_share", "k_block_ns", "split_ns")
ATTENTION = ("attention_block_clocks", "attention_launch_ns", "attention_small_head_share")
CONVOLUTION = ("convolution_share", "plain_convolution_rate")
# kinds with rows in several traces; the others keep their shipped rates, each from one or two rows
KINDS = (
    "contiguous",
    "strided_16",
    "strided_32",
    "uncoalesced",
    "upcast",
    "function",
    "layer_norm",
    "reduction",
)
LOOP, TABLE_DEVICES = "aiconfigurator", ("a100", "h100", "h200")
FACTORS = (1.3, 1.12, 1.05, 1.02)


@dataclass(frozen=True)
class Constants:
    """The rows of the three tables of constants, each a dict by column."""

    tables: Mapping[str, tuple[dict[str, Any], ...]]

    @classmethod
    def shipped(cls) -> Constants:
        """Those in queries/rules."""
        found = {}
        with connect() as con:
            for file in load_layer("rules"):
                if file.name in TABLES:
                    answer = con.sql(file.statement)
                    rows = answer.fetchall()
                    found[file.name] = tuple(
                        dict(zip(answer.columns, map(_number, row), strict=True)) for row in rows
                    )
        return cls(found)

    def value(self, table: str, place: int, column: str) -> Any:
        return self.tables[table][place][column]

    def changed(self, table: str, place: int, column: str, value: float) -> Constants:
        """The same with one number replaced."""
        rows = list(self.tables[table])
        rows[place] = {**rows[place], column: value}
        return replace(self, tables={**self.tables, table: tuple(rows)})


class Bench:
    """The predictor over rows of one device."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._con = connect()
        self._known = list(dict.fromkeys(one for row in rows for one in row.operators))
        give_signatures(self._con, self._known, device_name=rows[0].device, dtype="bfloat16")
        create_relations(self._con)

    def times_ns(self, constants: Constants) -> list[float | None]:
        """One prediction for each row; None if an operator of it is not known."""
        for name, table in constants.tables.items():
            rows = ", ".join("(" + ", ".join(map(_literal, row.values())) + ")" for row in table)
            given = f"(VALUES {rows}) AS given ({', '.join(table[0])})"
            self._con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {given}")
        for file in in_order(file for file in load_layer("cost") if file.name in DEPENDENT):
            self._con.execute(f"CREATE OR REPLACE TABLE {file.name} AS {file.statement}")
        told = self._con.table(ANSWER).project("signature_id, expected_ns").fetchall()
        found = {self._known[number]: time_ns for number, time_ns in told}
        rates = self._con.table("modelled_device").project(", ".join(RATES)).fetchall()[0]
        device = dict(zip(RATES, map(float, rates), strict=True))
        return [_total(row, found, device) for row in self.rows]


def _number(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else float(value)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else f"{float(value)!r}::DOUBLE"


def _total(row: Row, found: dict[Any, int | None], rates: Mapping[str, float]) -> float | None:
    times = [found.get(one) for one in row.operators]
    if any(time is None for time in times):
        return None
    total = float(sum(time for time in times if time is not None))
    if not row.warm:
        return total
    # measured in a loop: without what a model adds
    launch = rates["launch_ns"]
    return launch + (total - rates["cold_ns"] - launch) / rates["model_ratio"]


Pair = tuple[Row, float]


def predict(rows: Sequence[Row], constants: Constants) -> list[Pair]:
    """Each row that the predictor knows, with its time."""
    return [
        (row, time)
        for device in dict.fromkeys(row.device for row in rows)
        for bench in [Bench([row for row in rows if row.device == device])]
        for row, time in zip(bench.rows, bench.times_ns(constants), strict=True)
        if time is not None
    ]


def error(pairs: Sequence[Pair]) -> float:
    """How far times are off: the mean |log ratio| of rows, and of each class's total in a trace, whose heavy rows count more.

    By class, so that one class can't be made wrong to make up for another.
    """
    if not pairs:
        return 0.0
    by_class: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_class[pair[0].source, pair[0].group].append(pair)
    return sum(_error_of_class(found) for found in by_class.values()) / len(by_class)


def _error_of_class(pairs: Sequence[Pair]) -> float:
    weights = [math.sqrt(row.weight_ns) if row.is_trace else 1.0 for row, _ in pairs]
    rows = sum(
        weight * abs(math.log(max(time, 1) / row.measured_ns))
        for weight, (row, time) in zip(weights, pairs, strict=True)
    )
    # a model's total counts; that of a table, mostly its largest size, means nothing
    of_total = abs(math.log(total_ratio(pairs))) if pairs[0][0].is_trace else 0.0
    return rows / sum(weights) + of_total


def total_ratio(pairs: Sequence[Pair]) -> float:
    """Predicted over measured time of all calls."""
    return sum(max(time, 1) * row.calls for row, time in pairs) / sum(r.weight_ns for r, _ in pairs)


Place = tuple[str, int, str]


def fitted(rows: Sequence[Row], constants: Constants, places: Sequence[Place]) -> Constants:
    """The constants with the least error on these rows, of one device or several."""
    devices = dict.fromkeys(row.device for row in rows)
    benches = [Bench([row for row in rows if row.device == device]) for device in devices]

    def cost(these: Constants) -> float:
        return error([
            (row, time)
            for bench in benches
            for row, time in zip(bench.rows, bench.times_ns(these), strict=True)
            if time is not None
        ])  # fmt: skip

    return _searched(cost, constants, places)


def _searched(
    cost: Callable[[Constants], float], best: Constants, places: Sequence[Place]
) -> Constants:
    least = cost(best)
    for factor in FACTORS:
        for place in places:
            for step in (factor, 1 / factor):
                value = best.value(*place)
                while (found := cost(tried := best.changed(*place, value * step))) < least - 1e-4:
                    best, least, value = tried, found, value * step
    return best


def places_of(constants: Constants, kinds: Sequence[str]) -> list[Place]:
    """The element rate of each kind, or its share of the bandwidth if it has none; and the rates of convolutions."""
    found: list[Place] = []
    for place, row in enumerate(constants.tables["kernel_rate"]):
        if row["kernel_kind"] in kinds and row["elements_per_clock"] is not None:
            found.append(("kernel_rate", place, "elements_per_clock"))
        elif row["kernel_kind"] in kinds and row["bytes_share"] is not None:
            found.append(("kernel_rate", place, "bytes_share"))
    return found + [("product_constant", 0, name) for name in CONVOLUTION]


def print_table(title: str, pairs: Sequence[Pair]) -> None:
    """Predicted / measured by source and class: the total, and three quantiles of rows."""
    table: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for row, time in pairs:
        sources = [row.source, *(["all traces"] if row.is_trace else [])]
        for source in sources:
            for group in (row.group, "all"):
                table[row.device.removeprefix("NVIDIA "), source, group].append((row, time))
    print(
        f"\n{title}\n{'device':18} {'source':32} {'class':12} {'rows':>5} {'total':>6} {'p10':>6} {'p50':>6} {'p90':>6} {'time':>6}"
    )
    for key, found in sorted(table.items()):
        ratios = sorted(time / row.measured_ns for row, time in found)
        quantiles = " ".join(f"{ratios[int(len(ratios) * q)]:6.2f}" for q in (0.1, 0.5, 0.9))
        whole = sum(row.weight_ns for row, _ in table[*key[:2], "all"])
        share = sum(row.weight_ns for row, _ in found) / whole
        print(
            f"{key[0]:18} {key[1]:32} {key[2]:12} {len(found):5} {total_ratio(found):6.2f} {quantiles} {share:6.1%}"
        )


def fit(rows: Sequence[Row]) -> None:
    """Print the fitted constants, and the error on rows that took no part."""
    constants = Constants.shipped()
    for device, place in zip(TABLE_DEVICES, range(3), strict=True):
        mine = [r for r in rows if LOOP in r.source and r.group == "linear" and device in r.device.lower().replace("-", " ").split()]  # fmt: skip
        train, held_out = mine[::2], mine[1::2]
        if not train:
            continue
        constants = fitted(train, constants, [("product_rate", place, name) for name in PRODUCT])
        wrong = sorted(abs(t / r.measured_ns - 1) for r, t in predict(held_out, constants))
        print(f"product_rate {constants.tables['product_rate'][place]}: mean error {sum(wrong) / len(wrong):.1%} on {len(wrong)} rows held out")  # fmt: skip
    tables = [row for row in rows if row.group == "flash" and not row.is_trace]
    share: Place = ("product_rate", 0, "attention_share")
    constants = fitted(tables[::2], constants, [share, *(("product_constant", 0, name) for name in ATTENTION)])  # fmt: skip
    print_table("attention, every second row held out", predict(tables[1::2], constants))
    traces = [row for row in rows if row.is_trace]
    places = places_of(constants, KINDS)
    held: list[Pair] = []
    for source in dict.fromkeys(row.source for row in traces):
        others = [row for row in traces if row.source != source]
        held += predict([row for row in traces if row.source == source], fitted(others, constants, places))  # fmt: skip
    print_table("each trace predicted with constants fitted on the other traces", held)
    constants = fitted(traces, constants, places)
    for name in TABLES:
        for row_of in constants.tables[name]:
            print(name, {k: round(v, 3) if isinstance(v, float) else v for k, v in row_of.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("rows", type=Path)
    parser.add_argument("--fit", action="store_true")
    asked = parser.parse_args()
    measured = read_rows(asked.rows)
    if asked.fit:
        fit(measured)
    else:
        print_table("shipped constants", predict(measured, Constants.shipped()))
