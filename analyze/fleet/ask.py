"""Ask one part of a lake: the task of a question that runs on a worker.

Most parts hold several traces, which are asked together. Where that is impossible (a statement of the user's,
which sees one trace, and traces that are refused or fail) each of them is asked alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.fleet.lake import Card, Lake
from genscope.analyze.fleet.part_study import PartStudy
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

# a metric's own rows, or those of a user's statement
ROWS = "rows"


@dataclass(frozen=True)
class Ask:
    """What a task gets: a part, its traces by number in the lake with unique names, and what to ask.

    That is relations by name, metrics by name with their parameters, and a statement for each trace.
    """

    lake: str
    token: str
    part: str
    cards: Mapping[int, Card]
    relations: tuple[str, ...] = ()
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    statement: str = ""


def ask_part(ask: Ask) -> dict[str, list[str]]:
    """Write the part's rows of each relation into the lake.

    Returns why there are none, by relation, once for each trace without any.
    """
    lake = Lake(ask.lake)
    wanted = [*ask.relations, *ask.metrics, *([ROWS] if ask.statement else ())]
    refused: dict[str, list[str]] = {}
    with lake.study_of(ask.part) as path, PartStudy(path) as study, lake.scratch() as folder:
        answers: list[tuple[str, int, Path]] = []
        for name in wanted:
            for number, found in _answers(study, ask, name, ask.cards):
                if isinstance(found, UserError):
                    # equal reasons are counted, so they don't name the part
                    refused.setdefault(name, []).append(str(found).replace(f"{path}: ", ""))
                    continue
                answers.append((name, number, folder / f"{len(answers)}.parquet"))
                found.write_parquet(answers[-1][2])
        # at the end, so that a task that dies leaves nothing, whatever it does the next time
        for name, number, file in answers:
            lake.put_answer(
                ask.token, f"{ROWS}-{name}" if name in ask.metrics else name, number, file
            )
    return refused


def _answers(
    study: PartStudy, ask: Ask, name: str, cards: Mapping[int, Card]
) -> Iterator[tuple[int, pl.DataFrame | UserError]]:
    """The rows of these traces, with the number of the first; or, if they have none together, of each."""
    alone = len(cards) == 1
    if alone or not ask.statement:
        try:
            rows = _rows(study, ask, name, cards)
            # a trace that is refused is counted with its reason, which asking it alone gives
            if alone or name in ask.relations or not study.left_out(name):
                yield min(cards), _placed(rows, cards, name)
                return
        except UserError as error:
            if alone:
                yield min(cards), error
                return
    for number, card in cards.items():
        yield from _answers(study, ask, name, {number: card})


def _rows(study: PartStudy, ask: Ask, name: str, cards: Mapping[int, Card]) -> pl.DataFrame:
    if ask.statement:
        ((number, card),) = cards.items()
        study.show_as(card.trace_id, number, card.name)
        return study.sql(ask.statement)
    study.show_only([card.trace_id for card in cards.values()])
    if name in ask.relations:
        return study.sql(f"SELECT * FROM {name}")
    return study.query(name, params=ask.metrics[name])


def _placed(frame: pl.DataFrame, cards: Mapping[int, Card], name: str) -> pl.DataFrame:
    """The rows with each trace's number and name in the lake, in place of those in its part."""
    import polars as pl

    columns = {*frame.columns, *(("trace_id", "trace_name") if name == ROWS else ())}
    names = {number: card.name for number, card in cards.items()}
    if len(cards) == 1:
        # also where a trace's rows have no number, as a statement's may
        ((only, text),) = names.items()
        number, named = pl.lit(only, pl.Int32), pl.lit(text)
    else:
        numbers = {card.trace_id: number for number, card in cards.items()}
        number = pl.col("trace_id").replace_strict(numbers, return_dtype=pl.Int32)
        named = number.replace_strict(names, return_dtype=pl.String)
    placed = {"trace_id": number, "trace_name": named, "name": named}
    wanted = columns & ({"trace_id", "name"} if name == "trace" else {"trace_id", "trace_name"})
    return frame.with_columns(**{column: placed[column] for column in sorted(wanted)})
