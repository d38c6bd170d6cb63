"""How long operators should take on a named device: the relation expected_call, asked without a study.

A dry capture needs times while it is made, and `genscope predict` when a run is timed for another device. Both
ask the SQL that judges real traces, so there is one predictor. Times are kernels only, without host gaps.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genscope.analyze.connect import connect
from genscope.analyze.sql_file import SqlFile, create_statement, in_order, load_layer

if TYPE_CHECKING:
    import duckdb

ANSWER = "expected_call"
# one operator: name, dims, strides, types and concrete inputs, the last four as a trace's JSON text
Signature = tuple[str, str, str | None, str | None, str | None]
# relations that need a whole trace, with the columns that the predictor reads
_GIVEN = {
    "fused_attention": "trace_id INTEGER, name VARCHAR, input_dims VARCHAR, formula VARCHAR",
    "kernel_category": "trace_id INTEGER, name VARCHAR, category VARCHAR",
    "trace_ceiling": "trace_id INTEGER, dtype VARCHAR",
}


def timed(
    events: Iterable[Mapping[str, Any]], *, device_name: str, dtype: str | None
) -> list[dict[str, Any]]:
    """The events of a dry trace with the times of a device; what they had before only gives their order.

    Operators run one after another. Ranges open and close with the operators inside them.
    """
    given = list(events)
    operators = [event for event in given if event.get("cat") == "cpu_op"]
    # what the host does by itself has no external id, and takes the shortest time that orders it
    signatures = [
        signature_of(event["name"], event["args"]) if "External id" in event["args"] else None
        for event in operators
    ]
    asked = [signature for signature in signatures if signature is not None]
    known = expected_ns(asked, device_name=device_name, dtype=dtype)
    now_ns, moved = 0, {}
    for event, signature in zip(operators, signatures, strict=True):
        moved[_nanoseconds(event["ts"])] = now_ns
        now_ns += 1 if signature is None else known[signature]
        moved[_nanoseconds(event["ts"] + event["dur"])] = now_ns
    ticks = sorted(moved)

    def at(microseconds: float) -> int:
        """The new time of a moment: a range may open next to a view, which isn't listed and takes no time."""
        moment = _nanoseconds(microseconds)
        if moment in moved:
            return moved[moment]
        place = bisect_right(ticks, moment)
        return moved[ticks[place - 1]] if place else 0

    def placed(event: Mapping[str, Any]) -> dict[str, Any]:
        start, end = at(event["ts"]), at(event["ts"] + event["dur"])
        return {**event, "ts": start / 1000, "dur": (end - start) / 1000}

    return [placed(event) if event["ph"] == "X" else dict(event) for event in given]


def _nanoseconds(microseconds: float) -> int:
    return round(microseconds * 1000)


def signature_of(name: str, args: Mapping[str, object]) -> Signature:
    """The signature of an operator of a trace, from its event's args."""

    def text(key: str) -> str | None:
        return json.dumps(args[key]) if key in args else None

    dims = text("Input Dims") or "[]"
    return name, dims, text("Input Strides"), text("Input type"), text("Concrete Inputs")


def expected_ns(
    signatures: Iterable[Signature], *, device_name: str, dtype: str | None
) -> dict[Signature, int]:
    """Nanoseconds of one call of each operator on a device of genscope/devices.csv, named as its driver does.

    `dtype` is the element type of the run, for lists of tensors, whose type no trace holds. An operator
    that the predictor doesn't know counts as an empty kernel.
    """
    asked = list(dict.fromkeys(signatures))
    if not asked:
        return {}
    with connect() as con:
        give_signatures(con, asked, device_name=device_name, dtype=dtype)
        create_relations(con)
        known = con.table(ANSWER).filter("expected_ns IS NOT NULL")
        rows = known.project("signature_id, expected_ns").fetchall()
        launches = con.table("kernel_rate").filter("kernel_kind = 'contiguous'")
        empty_ns = launches.project("launch_ns").fetchall()[0][0]
    return dict.fromkeys(asked, empty_ns) | {asked[number]: ns for number, ns in rows}


def give_signatures(
    con: duckdb.DuckDBPyConnection,
    signatures: Sequence[Signature],
    *,
    device_name: str,
    dtype: str | None,
) -> None:
    """Create the tables that the predictor reads, for one trace with one device."""
    for table in load_layer("schema"):
        if table.name in {"cpu_op", "device"}:
            con.execute(table.statement)
    for name, columns in _GIVEN.items():
        con.execute(f"CREATE TABLE {name} ({columns})")
    # parameters of a statement would make DuckDB import pandas
    con.execute(f"INSERT INTO trace_ceiling VALUES (1, {_text(dtype)})")
    con.execute(
        f"INSERT INTO device (trace_id, device_id, name) VALUES (1, 0, {_text(device_name)})"
    )
    rows = ", ".join(
        f"(1, {number}, {number}, '1', '1', 0, 0, {', '.join(map(_text, signature))})"
        for number, signature in enumerate(signatures)
    )
    columns = "trace_id, op_id, signature_id, process_id, thread_id, start_ns, dur_ns, name, input_dims, input_strides, "
    columns += "input_types, concrete_inputs"
    con.execute(f"INSERT INTO cpu_op ({columns}) VALUES {rows}")


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def create_relations(con: duckdb.DuckDBPyConnection, given: Iterable[str] = ()) -> None:
    """Fill the relations that the predictor is made of, except those that are `given`."""
    home = {file.name: file for layer in ("rules", "cost") for file in load_layer(layer)}
    needed: dict[str, SqlFile] = {}
    waiting = {ANSWER}
    while waiting:
        file = home[waiting.pop()]
        needed[file.name] = file
        waiting |= (set(file.inputs) & home.keys()) - {*needed, *_GIVEN, *given}
    for file in in_order(needed.values()):
        if file.inputs and not file.arguments:
            con.execute(f"CREATE OR REPLACE TABLE {file.name} AS {file.statement}")
        else:
            con.execute(create_statement(file))
