"""A fleet's report: one HTML page that says which ten traces of each job to look at, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.question import failures, query_all
from genscope.analyze.fleet.runner import Runner, in_turn
from genscope.analyze.whole_file import check_writable, write_whole

PLACES = 10
# see rank_outlier.score
OUTLIER = 3.5
# a group of more is drawn as marks, one pixel or more each
_WIDTH, _HEIGHT = 900, 110
_SECTIONS = {
    "compute": "kernels that are not collectives",
    "communication": "collectives, with the waiting in them",
    "wait": "waiting for other ranks: the others wait for the ranks that wait least",
    "idle": "no work on the device",
    "work": "all work, sum of durations",
}
_STYLE = """
:root{color-scheme:light dark;font:14px system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;text-align:right;
border-bottom:1px solid #8884}td:first-child,th:first-child,td.text,th.text{text-align:left}figure{margin:1rem 0}
svg{width:100%;height:auto;background:#8881}.rest{stroke:#888}.look{stroke:#d55e00}.median{stroke:#0072b2}
figcaption,.note{color:#888}code{font-size:12px}
"""


def write_page(lake: str, out: Path, *, run: Runner = in_turn) -> Path:
    """Write the report of a lake and return its path. Raises UserError if it can't be written."""
    check_writable(out)
    opened = Lake(lake)
    opened.check()
    cards, failed = opened.cards(), failures(lake)
    answers = query_all(lake, {"rank_outlier": {}, "host_outlier": {}, "rank_skew": {}}, run=run)
    outliers = answers["rank_outlier"]
    hosts, skew = answers["host_outlier"].frame, answers["rank_skew"].frame
    body = [
        f"<h1>{len(cards):,} traces</h1>",
        f"<p class=note>{escape(lake)}: {sum(card.event_count for card in cards):,} events, "
        f"{failed.height:,} traces could not be loaded.</p>",
    ]
    for (job,), rows in outliers.frame.group_by("job", maintain_order=True):
        body += _job(str(job), rows, hosts.filter(pl.col("job") == job), skew)
    if outliers.frame.is_empty():
        body.append(
            "<p>No job or model has three traces or more, so none can differ from the rest.</p>"
        )
    body += [f"<p class=note>{escape(note)}</p>" for note in dict.fromkeys(outliers.notes)]
    body += _failed(failed)
    write_whole(out, _PAGE.format(style=_STYLE, body="\n".join(body)))
    return out


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>genscope fleet</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def _job(job: str, rows: pl.DataFrame, hosts: pl.DataFrame, skew: pl.DataFrame) -> Iterator[str]:
    """The section of one job: the sentence, the tables of those to look at, a strip for each measure."""
    look = rows.filter((pl.col("place") <= PLACES) & (pl.col("delay_ns") > 0))
    count = rows["trace_id"].n_unique()
    yield f"<h2>{escape(job)}</h2>"
    yield f"<p>{_sentence(look, count)}</p>"
    reasons = skew.filter(pl.col("trace_id").is_in(rows["trace_id"].unique().to_list()))
    for why in reasons["skew_refusal"].drop_nulls().unique():
        yield f"<p class=note>The ranks' waits are unknown: {escape(why)}.</p>"
    # the largest delay of each trace, and the others that are more than chance
    beyond = (pl.col("score").abs() > OUTLIER).fill_null(False)
    yield _table(look.filter(pl.col("trace_id").is_first_distinct() | beyond))
    yield from _hosts(rows, hosts)
    for measure, meaning in _SECTIONS.items():
        part = rows.filter(pl.col("measure") == measure).sort("rank", "trace_id", nulls_last=True)
        if part["value_ns"].max():
            yield _strip(part, f"{measure}: {meaning}")


def _sentence(look: pl.DataFrame, count: int) -> str:
    if look.is_empty():
        return f"All {count:,} traces are alike."
    first = look.row(0, named=True)
    side = "above" if first["excess_ns"] > 0 else "below"
    return (
        f"Of {count:,} traces, look at {escape(_name(first))} first: its {first['measure']} time is "
        f"{_ms(abs(first['excess_ns']))} ms {side} the median of {_ms(first['median_ns'])} ms. "
        f"{look['trace_id'].n_unique()} are listed, those that delay the rest most."
        + (" All of them are within what chance does here." if _is_chance(look) else "")
    )


def _is_chance(look: pl.DataFrame) -> bool:
    return bool((look["score"].abs() <= OUTLIER).all()) and not look["score"].has_nulls()


def _table(look: pl.DataFrame) -> str:
    head = "<tr><th>place<th class=text>trace<th class=text>host<th class=text>measure<th>ms<th>median, ms<th>delay, ms<th>score"
    rows = [
        f"<tr><td>{row['place']}<td class=text>{escape(_name(row))}<td class=text>{escape(row['host'] or '')}"
        f"<td class=text>{row['measure']}"
        f"<td>{_ms(row['value_ns'])}<td>{_ms(row['median_ns'])}<td>{_ms(row['delay_ns'])}"
        f"<td>{'' if row['score'] is None else format(row['score'], '.1f')}"
        for row in look.iter_rows(named=True)
    ]
    return f"<table>{head}{''.join(rows)}</table>" if rows else ""


def _hosts(rows: pl.DataFrame, hosts: pl.DataFrame) -> Iterator[str]:
    """Which hosts of a job are slow, each by what delays the others most; nothing if no host is known."""
    traces = rows.unique("trace_id")
    unknown = traces["host"].null_count()
    if unknown == traces.height:
        return
    slow = hosts.filter("is_slow").unique(["host"], keep="first", maintain_order=True)
    known = traces["host"].drop_nulls().n_unique()
    yield f"<p>{slow.height:,} of {known:,} hosts {'is' if slow.height == 1 else 'are'} slow.</p>"
    if not slow.is_empty():
        cells = (
            f"<tr><td class=text>{escape(row['host'])}<td class=text>{row['measure']}"
            f"<td>{row['late_count']} of {row['trace_count']}<td>{_ms(row['value_ns'])}"
            f"<td>{_ms(row['median_ns'])}<td>{_ms(row['delay_ns'])}"
            for row in slow.head(PLACES).iter_rows(named=True)
        )
        head = "<tr><th class=text>host<th class=text>measure<th>late traces<th>ms<th>median, ms<th>delay, ms"
        yield f"<table>{head}{''.join(cells)}</table>"
    if unknown:
        yield f"<p class=note>The host of {unknown:,} traces is unknown.</p>"


def _strip(rows: pl.DataFrame, caption: str) -> str:
    """One mark for each trace from left to right, as high as its value; those to look at in colour."""
    values: Sequence[int] = rows["value_ns"].to_list()
    places: Sequence[int] = rows["place"].to_list()
    top = max(values)
    marks: dict[str, list[str]] = {"rest": [], "look": []}
    for i, (value, place) in enumerate(zip(values, places, strict=True)):
        x = (i + 0.5) * _WIDTH / len(values)
        kind = "look" if place <= PLACES else "rest"
        marks[kind].append(f"M{x:.1f} {_HEIGHT}V{_HEIGHT * (1 - value / top):.1f}")
    width = max(1.0, min(8.0, 0.7 * _WIDTH / len(values)))
    paths = "".join(
        f'<path class="{kind}" stroke-width="{width:.1f}" d="{"".join(path)}"/>'
        for kind, path in marks.items()
        if path
    )
    median = _HEIGHT * (1 - rows["median_ns"][0] / top)
    line = f'<path class="median" d="M0 {median:.1f}H{_WIDTH}"/>'
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}">{paths}{line}</svg>'
        f"<figcaption>{escape(caption)}; up to {_ms(top)} ms, the line is the median</figcaption></figure>"
    )


def _failed(failed: pl.DataFrame) -> Iterator[str]:
    if not failed.is_empty():
        yield "<h2>Not loaded</h2><ul>"
        yield from (f"<li><code>{escape(s)}</code> {escape(why)}" for s, why in failed.iter_rows())
        yield "</ul>"


def _name(row: dict[str, Any]) -> str:
    rank = "" if row["rank"] is None else f" (rank {row['rank']})"
    return f"{row['trace_name']}{rank}"


def _ms(ns: int) -> str:
    return f"{ns / 1e6:,.3g}" if abs(ns) < 1e9 else f"{ns / 1e6:,.0f}"
