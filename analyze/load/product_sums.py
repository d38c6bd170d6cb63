"""Fill product_sum without joining all work: what queries/run/product_item.sql selects, from arrays."""

from __future__ import annotations

import numpy as np

from genscope.analyze.load.columns import flags, relation_of
from genscope.analyze.load.numbered import At
from genscope.analyze.load.said import Column
from genscope.analyze.load.tables import table_files
from genscope.analyze.load.work_costs import costed
from genscope.analyze.load.work_items import Items, ids
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers


def fill_product_sum(items: Items) -> None:
    """Insert its rows; work_arithmetic and cost_root must be filled."""
    operators = items.operators
    root, product = (operators.new(operators.none, np.int32) for _ in range(2))
    columns = ("trace_id", "cost_op_id", "coalesce(product_op_id, -1)")
    for places, trace, cost, outermost in operators.read("cost_root", *columns):
        put(root, places, operators.of(trace, cost))
        put(product, places, operators.of(trace, outermost))
    # of a product whose FLOPs are unknown, the product is itself
    named, has_flops = operators.new(operators.none, np.int32), costed(items, "flops IS NOT NULL")
    for part in operators.parts():
        has_own = take(has_flops, take(items.signature, root[part]))
        is_known = (product[part] < operators.none) | has_own
        named[part] = np.where(is_known, product[part], root[part])
    is_part = items.new(False, np.bool_)
    for some in items.parts():
        is_part[some] = take(named, items.op[some]) < operators.none
    parts = items.only(is_part)
    if parts.count:
        _insert(parts, root, named, product)


def _insert(parts: Items, root: At, named: At, product: At) -> None:
    operators, signature = parts.operators, ids(parts.signatures)
    work = parts.said("work", "time_source", "name")
    columns: dict[str, Column] = {
        "product_op_id": lambda at: operators.column(named[parts.op[at]]),
        "product_signature_id": lambda at: signature(parts.signature[named[parts.op[at]]]),
        "signature_id": lambda at: signature(parts.signature[root[parts.op[at]]]),
        "is_unknown": lambda at: flags(product[parts.op[at]] == operators.none),
        "time_source": work.column("time_source"),
        "name": work.column("name"),
        "dur_ns": lambda at: numbers(parts.dur[at]),
    }
    statement = table_files()["product_sum"].statement
    # the statement needs the memory
    parts.work.scratch.release()
    relation_of(parts.con, parts.rows(columns)).query(
        "made",
        f"INSERT INTO product_sum BY NAME WITH product_item AS (FROM made) FROM ({statement})",
    )
