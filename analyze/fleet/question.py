"""Ask a lake as one asks a study: a task for each part, and what they say put together.

Rows of most queries depend on one trace: they are added up as they are. For the others the header's
`Merge:` names relations that do; their rows are put together in one database, and the query's own
statement runs over them. So the answer is that of one study with all of the traces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from genscope.analyze import question
from genscope.analyze.connect import connect
from genscope.analyze.fleet.ask import ROWS, Ask, ask_part
from genscope.analyze.fleet.lake import Card, Lake
from genscope.analyze.fleet.merged import merged, put_together
from genscope.analyze.fleet.runner import Runner, in_turn
from genscope.analyze.load.attached import CATALOG
from genscope.analyze.near import no_such_trace, suggestion
from genscope.analyze.parameters import call_of
from genscope.analyze.sql_file import SqlFile, shipped_queries
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

# the anomalies for which a trace is refused
_ANOMALY = "anomaly"
# in place of a relation: the traces whose task failed
LOST = ""
_SIDES = ("first", "second")


@dataclass(frozen=True)
class FleetAnswer:
    """The rows of all traces, and why some traces have none, one line per reason."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


def query(
    lake: str,
    name: str,
    *,
    trace: str | None = None,
    params: Mapping[str, Any] | None = None,
    run: Runner = in_turn,
) -> FleetAnswer:
    """Answer one of our queries for the lake's traces, or those whose name or source a glob matches.

    Raises UserError for an unknown query or trace, or if no trace can answer it.
    """
    return query_all(lake, {name: params or {}}, trace=trace, run=run)[name]


def query_all(
    lake: str,
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    trace: str | None = None,
    run: Runner = in_turn,
) -> dict[str, FleetAnswer]:
    """Answer several queries at once, given with their parameters: each part is opened once."""
    opened = Lake(lake)
    opened.check()
    files = [metric(name) for name in wanted]
    for file in files:
        # raises for a wrong parameter, before any trace is asked
        call_of(file, wanted[file.name])
    cards = _chosen(opened, trace, [params for params in wanted.values() if params])
    over_all = {file.name: file for file in files if merged_from(file)}
    shipped = {relation for file in over_all.values() for relation in merged_from(file)}
    shipped |= {_ANOMALY} if over_all else set()
    local = {name: params for name, params in wanted.items() if name not in over_all}
    with opened.answers() as token:
        asks = [
            Ask(lake, token, part, held, tuple(sorted(shipped)), local)
            for part, held in _by_part(cards).items()
        ]
        said = _collected(run, asks)
        with opened.fetched(token) as folder:
            frames = {
                name: put_together(folder / f"{ROWS}-{name}", _why_none(name, said))
                for name in local
            }
            for name, file in over_all.items():
                # a trace whose study can't be read says so for each relation
                reasons = (why for relation in merged_from(file) for why in said.get(relation, ()))
                said[name] = list(dict.fromkeys(reasons))
                if not any((folder / relation).is_dir() for relation in merged_from(file)):
                    raise UserError(_why_none(name, said))
            if over_all:
                frames |= merged(folder, [(f, wanted[f.name]) for f in over_all.values()], shipped)
    lost = said.get(LOST, ())
    return {
        name: FleetAnswer(frame, (*said.get(name, ()), *lost)) for name, frame in frames.items()
    }


def sql(
    lake: str,
    rank: str,
    merge: str | None = None,
    *,
    trace: str | None = None,
    run: Runner = in_turn,
) -> FleetAnswer:
    """Run one SELECT over each trace, and another one, over the table `part`, on all rows.

    `part` has the columns of `rank` and, unless it has them, trace_id and trace_name. Without `merge`
    the rows are returned as they are. Raises UserError if a statement may not run or fails everywhere.
    """
    from genscope.analyze.fleet.merged import over_parts

    opened = Lake(lake)
    opened.check()
    with connect() as con:
        # a statement that no trace can run is found before any is asked
        question.check_question(con, rank)
        if question.reads_catalog(con, rank, CATALOG):
            raise UserError(
                f"{CATALOG}.<table> would read other traces too; write the table's name without it"
            )
    cards = _chosen(opened, trace, [])
    with opened.answers() as token:
        asks = [
            Ask(lake, token, part, held, statement=rank) for part, held in _by_part(cards).items()
        ]
        said = _collected(run, asks)
        with opened.fetched(token) as folder:
            why = _why_none(ROWS, said)
            if merge is None:
                frame = put_together(folder / ROWS, why)
            else:
                frame = over_parts(folder / ROWS, merge, why)
    return FleetAnswer(frame, (*said.get(ROWS, ()), *said.get(LOST, ())))


def merged_from(file: SqlFile) -> tuple[str, ...]:
    """The relations that the header's `Merge:` names: each row of theirs depends on one trace."""
    return tuple(re.findall(r"\w+", file.sections.get("Merge", "")))


def _by_part(cards: Mapping[int, Card]) -> dict[str, dict[int, Card]]:
    """The traces of each part."""
    found: dict[str, dict[int, Card]] = {}
    for number, card in cards.items():
        found.setdefault(card.part, {})[number] = card
    return found


def _collected(run: Runner, asks: Sequence[Ask]) -> dict[str, list[str]]:
    """Ask each part; the reasons for missing rows by relation, equal ones counted, and those of LOST."""
    reasons: dict[str, Counter[str]] = {}
    for done in run(ask_part, asks):
        lost = {LOST: [str(done.why)] * len(done.item.cards)}
        refused: dict[str, list[str]] = lost if done.result is None else done.result
        for name, why in refused.items():
            reasons.setdefault(name, Counter()).update(why)
    count = sum(len(ask.cards) for ask in asks)
    return {
        name: [f"{number} of {count} traces: {why}" for why, number in counted.most_common()]
        for name, counted in reasons.items()
    }


def _why_none(name: str, said: Mapping[str, Sequence[str]]) -> str:
    reasons = [*said.get(name, ()), *said.get(LOST, ())] or ["the lake is empty"]
    return f"{name}: no trace has an answer; {'; '.join(reasons)}"


def metric(name: str) -> SqlFile:
    """The SQL file of one of our queries. Raises UserError, with similar names, if there is none."""
    known = {file.name: file for file in shipped_queries()}
    if name not in known:
        raise UserError(
            f"there is no query {name!r}; 'genscope queries' lists them all{suggestion(name, known)}"
        )
    return known[name]


def _chosen(lake: Lake, trace: str | None, params: Iterable[Mapping[str, Any]]) -> dict[int, Card]:
    """The traces by number, from 1; of a comparison of two sides only those that a side's glob matches."""
    cards = dict(enumerate(lake.cards(), start=1))
    sides = [str(given[side]) for given in params for side in _SIDES if side in given]
    for pattern in [*sides, *([trace] if trace else [])]:
        if not any(_matches(card, pattern) for card in cards.values()):
            raise UserError(no_such_trace(pattern, (card.name for card in cards.values())))
    return {
        number: card
        for number, card in cards.items()
        if (trace is None or _matches(card, trace))
        and (not sides or any(_matches(card, side) for side in sides))
    }


def _matches(card: Card, pattern: str) -> bool:
    return pattern in (card.name, card.source) or any(
        fnmatchcase(text, pattern) for text in (card.name, card.source)
    )


def failures(lake: str) -> pl.DataFrame:
    """The traces that could not be loaded: source and reason. Raises UserError if there is no such lake."""
    import polars as pl

    opened = Lake(lake)
    opened.check()
    rows = [(failure.source, failure.reason) for failure in opened.failures()]
    return pl.DataFrame(rows, schema={"source": pl.String, "reason": pl.String}, orient="row")
