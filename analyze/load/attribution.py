"""Fill the attribution tables of a scratch database, most of them by the statements of their SQL files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from genscope.analyze.load import narrow
from genscope.analyze.load.filled import Filled
from genscope.analyze.load.memory import within_memory
from genscope.analyze.load.rule_patterns import inline_patterns
from genscope.analyze.load.side_by_side import Step, run_steps
from genscope.analyze.load.tables import RULES, attribution_files, metrics, transaction, with_inputs
from genscope.analyze.sql_file import SqlFile

if TYPE_CHECKING:
    from genscope.analyze.load.held import Held

# fills tables; false, and no rows, where their statements have to do it
_Pass: TypeAlias = Callable[[duckdb.DuckDBPyConnection, "Held"], bool]


def attribute(
    con: duckdb.DuckDBPyConnection, wanted: Collection[str] | None = None, *, workers: int = 1
) -> None:
    """Fill the attribution tables of a scratch database from its base tables, `workers` at a time.

    All of them, or those that are `wanted` and what they read.
    """
    # a nested-loop ASOF join of a short list with millions of rows takes hours
    con.execute("SET asof_loop_join_threshold = 0")
    files: Collection[SqlFile] = attribution_files()
    if wanted is not None:
        known = metrics() | {file.name: file for file in files}
        needed = with_inputs(wanted, known)
        for members in PASSES:
            if needed & set(members):
                needed |= with_inputs(members, known)
        files = [file for file in files if file.name in needed]
    _fill_all(con, files, workers=workers)


def reclassify(con: duckdb.DuckDBPyConnection, rules: Iterable[tuple[int, str, str]]) -> None:
    """Replace the user's kernel rules and recompute the tables that depend on them, atomically.

    `rules` are (order, regular expression, category).
    """
    with transaction(con):
        con.execute(f"DELETE FROM {RULES}")
        for rule in rules:
            con.execute(f"INSERT INTO {RULES} VALUES (?, ?, ?)", list(rule))
        recompute(con, RULES)


def recompute(con: duckdb.DuckDBPyConnection, changed: str) -> None:
    """Fill the tables that depend on a table again."""
    con.execute("SET asof_loop_join_threshold = 0")
    names = {relation.name for relation in _downstream(changed)}
    for members in PASSES:
        if names & set(members):
            names |= set(members)
    files = [file for file in attribution_files() if file.name in names]
    for relation in files:
        if relation.is_of_traces:
            _empty(con, relation)
    _fill_all(con, files, workers=1)


def _downstream(name: str) -> list[SqlFile]:
    touched = {name}
    found = []
    for relation in attribution_files():
        if touched & set(relation.inputs):
            touched.add(relation.name)
            found.append(relation)
    return found


def _fill_all(con: duckdb.DuckDBPyConnection, files: Iterable[SqlFile], *, workers: int) -> None:
    from genscope.analyze.load.held import Held

    filled = Filled()
    needs: dict[str, set[str]] = {}
    steps: dict[str, Step] = {}
    for file in files:
        # a view needs what it reads, and so do its readers
        needs[file.name] = set(file.inputs).union(*(needs.get(name, ()) for name in file.inputs))
        if file.is_of_traces:
            steps[file.name] = Step(partial(_fill, relation=file, filled=filled), needs[file.name])
    held = Held()
    for chain in _CHAINS:
        before: set[str] = set()
        for members in (members for members in chain if members[0] in steps):
            needed = set[str]().union(*(needs[name] for name in members)) - set(members)
            steps |= dict.fromkeys(members, Step(_nothing, {members[0]}))
            together = partial(_fill_together, fill=PASSES[members], members=members)
            # each holds a trace's events in memory, so they run one after the other
            steps[members[0]] = Step(partial(together, held=held, filled=filled), needed | before)
            before = {members[0]}
    run_steps(con, steps, workers=workers)


def _nothing(con: duckdb.DuckDBPyConnection) -> None:
    """Another step fills the table."""


def _fill_together(
    con: duckdb.DuckDBPyConnection,
    *,
    fill: _Pass,
    members: tuple[str, ...],
    held: Held,
    filled: Filled,
) -> None:
    """Fill tables by a pass over arrays, or by their statements if it can't."""
    files = [relation for relation in attribution_files() if relation.name in members]
    if not any(filled.can_fill(con, relation) for relation in files):
        for relation in files:
            filled.note(relation.name, 0)
        return

    def empty() -> None:
        for relation in files:
            _empty(con, relation)

    # some are filled when memory ends
    is_filled = within_memory(con, lambda: fill(con, held), empty)
    held.release()
    if not is_filled:
        for relation in files:
            _fill(con, relation=relation, filled=filled)


def _fill(con: duckdb.DuckDBPyConnection, *, relation: SqlFile, filled: Filled) -> None:
    if not filled.can_fill(con, relation):
        filled.note(relation.name, 0)
    else:
        statement = within_memory(con, partial(inline_patterns, con, relation))
        filled.note(relation.name, narrow.insert(con, relation, statement))


def _empty(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> None:
    for part in narrow.parts(relation):
        con.execute(f"DELETE FROM {part.name}")


def _fill_cpu_op_parent(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.operator_nesting import fill_cpu_op_parent

    return fill_cpu_op_parent(con, held)


def _fill_work(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_rows import fill_work

    return fill_work(con, held.scratch(con))


def _fill_kernel_launch(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.kernel_launches import fill_kernel_launch

    return fill_kernel_launch(con, held)


def _fill_backward_links(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.backward_links import fill_backward_links

    return fill_backward_links(con, held)


def _fill_idle_tables(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.idle_tables import fill_idle_tables

    return fill_idle_tables(con, held)


def _fill_device_tables(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.device_activity import fill_device_tables

    return fill_device_tables(con, held)


def _fill_host_wait(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.host_waits import fill_host_wait

    return fill_host_wait(con, held)


def _fill_host_range(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.host_ranges import fill_host_range

    return fill_host_range(con, held)


def _fill_cost_root(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.cost_roots import fill_cost_root

    return fill_cost_root(con, held)


def _fill_work_ranges(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_ranges import fill_work_ranges

    return fill_work_ranges(held.items(con))


def _fill_work_category(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_costs import fill_work_category

    return fill_work_category(held.items(con))


def _fill_work_costs(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_costs import fill_work_costs

    return fill_work_costs(held.items(con))


def _fill_work_sums(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_sums import fill_work_sums

    return fill_work_sums(held.items(con))


def _fill_work_groups(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    from genscope.analyze.load.work_sums import fill_work_groups

    return fill_work_groups(held.items(con))


def _fill_chain_loss(con: duckdb.DuckDBPyConnection, _: Held) -> bool:
    from genscope.analyze.load.kernel_chains import fill_chain_loss

    return fill_chain_loss(con)


# Tables that one pass fills; each is defined by its SQL file. The passes of a chain run in order, one at a
# time; the chains run side by side.
_OF_WORK: dict[tuple[str, ...], _Pass] = {
    ("cpu_op_parent",): _fill_cpu_op_parent,
    ("kernel_launch",): _fill_kernel_launch,
    ("forward_thread", "backward_call", "recomputed_op"): _fill_backward_links,
    (
        *("work_op", "work_call", "work_annotation"),
        *("work_component", "work_module", "work_step", "work_phase"),
    ): _fill_work_ranges,
    ("work_category",): _fill_work_category,
    ("work_group", "grouped_work", "operator_sum", "product_time"): _fill_work_groups,
    ("chain_loss",): _fill_chain_loss,
}
_OF_TIME: dict[tuple[str, ...], _Pass] = {
    (
        *("launch_sum", "later_kernel", "stream_queue", "queue_length"),
        *("step_window", "step_state", "idle_gap", "step_idle"),
    ): _fill_idle_tables,
    (
        *("device_layer", "device_overlap", "device_busy"),
        *("rank_busy", "exposed_stretch"),
    ): _fill_device_tables,
    ("host_wait",): _fill_host_wait,
    ("host_range",): _fill_host_range,
    ("cost_root",): _fill_cost_root,
    ("work_cost", "component_busy"): _fill_work_costs,
    ("work_sum", "work_arithmetic", "product_sum"): _fill_work_sums,
}
# few arrays, and only of a trace without kernels
_APART: dict[tuple[str, ...], _Pass] = {("work",): _fill_work}
_CHAINS = (_OF_WORK, _OF_TIME, _APART)
PASSES = _OF_WORK | _OF_TIME | _APART
