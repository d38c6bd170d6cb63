"""The report of a study: one HTML file that needs no network, from first findings down to the SQL.

Everything it shows is a row of a metric; each section carries the query's text, and each trace its
result card. Plots are Bokeh's, its script is inlined, and a content policy forbids any request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.answer import Answer
from genscope.analyze.report.card import cards
from genscope.analyze.report.drawing import Drawing, drawings
from genscope.analyze.report.findings import find
from genscope.analyze.report.format import (
    LONGEST,
    SHORT,
    Table,
    capitalized,
    readable,
    shortened,
    table_of,
)
from genscope.analyze.report.glossary import TERMS, anchor, terms_of
from genscope.analyze.report.label import bounded, labelled, labels_of
from genscope.analyze.whole_file import check_writable, write_whole

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.sql_file import SqlFile

SECTIONS: tuple[tuple[str, str], ...] = (
    ("operator_breakdown", "What the time is spent on, and what is left once attention is fused."),
    ("bottleneck_shift", "The largest class before fused attention, and the largest after."),
    (
        "flash_speedup",
        "A fused kernel is worth what attention weighs: law and clock, side by side.",
    ),
    (
        "flash_speedup_interval",
        "How sure a speedup is, where runs or passes were measured several times.",
    ),
    ("operator_shift", "Class by class, what a change of attention won and what it cost."),
    (
        "flash_contrast",
        "Whether diffusion gains more from a fused kernel than other families, pair by pair.",
    ),
    ("family_contrast", "Families of models differ in the classes of operators that carry them."),
    ("attention_split", "Attention is several kinds of work, and they do not gain alike."),
    ("sequence_length_profile", "The length that is attended over changes from call to call."),
    (
        "sequence_length_distribution",
        "How many calls fall on each length, and how much of the time.",
    ),
    ("attention_memory", "Unfused attention writes a score matrix: this is how large it gets."),
    ("attention_memory_scaling", "The score matrices grow with the fourth power of the side."),
    (
        "image_size_scaling",
        "How fast attention and convolution grow with the image, and where they cross.",
    ),
    (
        "temporal_spatial",
        "Attention over frames beside attention within frames: do time and FLOPs agree?",
    ),
    ("frame_scaling", "More frames: spatial attention grows in line, temporal with the square."),
    ("prefill_decode", "Calls with many rows gain from fused attention, single rows hardly do."),
    ("roofline", "Whether compute or memory is the wall, under three definitions of intensity."),
    ("cache_hit", "Hit rates of the caches, by class of kernel and kind of attention."),
    ("stage_time", "Which component of the pipeline takes the time of a whole request."),
    ("step_time", "Whether steps cost the same, or grow with a cache."),
    ("forward_flops", "Where in the network the FLOPs are, in the order of the forward pass."),
    ("taxonomy", "What the models are made of."),
    ("pareto", "Quality against size, from a table of published figures."),
    ("fleet", "What classes of models take of a fleet, from its job table."),
    ("kernel_summary", "The kernels, or operators, that take the most time."),
    ("gpu_time", "How much of the time the GPU works, and how much it waits."),
    ("ledger", "How much of the work is known: every share above rests on it."),
    ("trace_summary", "What was read from each file."),
)  # of a name in a sentence
LONGEST_NAME = 100


@dataclass(frozen=True)
class Section:
    """One metric, ready for the page.

    `plots` are its panels, each a caption and a div; `no_plot_reason` says why one is missing. `notes` say
    why there are no rows, or what they leave out. `terms` are the definitions that its columns rest
    on, each an id in the page and a term.
    """

    metric: str
    title: str
    sentence: str
    plots: tuple[tuple[str, str], ...]
    no_plot_reason: str
    notes: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    table: Table
    relation: SqlFile


def render(answers: Mapping[str, Answer], traces: pl.DataFrame, path: str | Path) -> Path:
    """Write the report of these answers, whole or not at all, and return its path.

    `answers` are those of the metrics in `sections_of`, by name; `traces` is the table `trace`. Raises
    UserError if the file can't be written.
    """
    from genscope.analyze.plots import theme

    out = Path(path)
    check_writable(out)
    labels = labels_of(traces)
    found = {
        name: replace(answer, frame=bounded(labelled(answer.frame, labels), LONGEST))
        for name, answer in answers.items()
    }
    sentences = sections_of(answer.relation for answer in found.values())
    frames = {name: answer.frame for name, answer in found.items()}
    drawn = drawings(frames)
    sections = [
        _section(found[name], sentence, drawn.get(name, Drawing()))
        for name, sentence in sentences.items()
    ]
    page = _template().render(
        css=_text("page.css"),
        bokeh=theme.inline_script(),
        scripts=[script for drawing in drawn.values() for _, _, script in drawing.panels],
        findings=find({name: bounded(frame, LONGEST_NAME) for name, frame in frames.items()}),
        cards=cards(frames["trace_summary"], traces),
        filled_sections=[section for section in sections if section.table.rows],
        empty_sections=[section for section in sections if not section.table.rows],
        terms=[(anchor(term), term, text) for term, text in TERMS],
    )
    write_whole(out, page)
    return out


def sections_of(relations: Iterable[SqlFile]) -> dict[str, str]:
    """The metrics that a report shows and a sentence on each: ours, in order, then the user's own."""
    known = {relation.name: relation for relation in relations}
    ours = {name: sentence for name, sentence in SECTIONS if name in known}
    own = {
        relation.name: relation.sentence
        for relation in known.values()
        if relation.layer == "metric" and relation.name not in ours and not relation.params
    }
    return ours | own


def _section(answer: Answer, sentence: str, drawing: Drawing) -> Section:
    relation = answer.relation
    title = relation.sections.get("Plot") or capitalized(relation.name.replace("_", " "))
    return Section(
        metric=relation.name,
        title=" ".join(title.split()),
        sentence=sentence,
        plots=tuple((readable(caption), div) for caption, div, _ in drawing.panels),
        no_plot_reason=readable(drawing.no_plot_reason),
        notes=tuple(capitalized(readable(note)) for note in answer.notes),
        terms=tuple((anchor(term), term) for term in terms_of(answer.frame.columns)),
        table=table_of(answer.frame),
        relation=relation,
    )


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["capitalized"] = capitalized
    environment.filters |= {"readable": readable, "shortened": shortened}
    environment.globals["short"] = SHORT
    return environment.from_string(_text("page.html"))


def _text(name: str) -> str:
    return (files("genscope.analyze.report") / name).read_text(encoding="utf-8")
