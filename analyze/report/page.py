"""The report of a study: one HTML file that needs no network, from the findings down to the SQL.

All that it shows are rows of metrics. Each section has the query's text, and each trace a result card.
Plots are Bokeh's, with its script inlined, and a content policy forbids any request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.answer import Answer
from genscope.analyze.predicted import NOTE as PREDICTED_NOTE
from genscope.analyze.predicted import has_predicted
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
    ("operator_breakdown", "Which categories take the time, with and without fused attention."),
    ("bottleneck_shift", "The largest category before and after attention is fused."),
    (
        "flash_speedup",
        "How much faster a run gets with fused attention, measured and by Amdahl's law.",
    ),
    (
        "flash_speedup_interval",
        "How certain a speedup is, if runs or passes were measured several times.",
    ),
    ("operator_shift", "Which categories got faster or slower when attention was replaced."),
    (
        "flash_contrast",
        "Whether diffusion models gain more from fused attention than other families.",
    ),
    ("family_contrast", "How the categories' shares differ between families of models."),
    ("attention_split", "How attention time divides into self, cross, spatial and other kinds."),
    ("sequence_length_profile", "How sequence length changes from one attention call to the next."),
    (
        "sequence_length_distribution",
        "How many attention calls, and how much of their time, each sequence length has.",
    ),
    ("attention_memory", "The size of the score matrix that unfused attention writes to memory."),
    (
        "attention_memory_scaling",
        "How score matrices grow: with the fourth power of the image side.",
    ),
    (
        "image_size_scaling",
        "How attention and convolution time grow with the image, and where they are equal.",
    ),
    (
        "temporal_spatial",
        "Whether attention across frames and within frames differ in time as they do in FLOPs.",
    ),
    (
        "frame_scaling",
        "Spatial attention grows in proportion to the number of frames, temporal with its square.",
    ),
    (
        "prefill_decode",
        "Which runs attend with many query rows per call, which gain from fused attention, or few.",
    ),
    (
        "roofline",
        "Whether a run is compute-bound or memory-bound, by three kinds of intensity; of a predicted run, as predicted.",
    ),
    ("cache_hit", "Cache hit rates by category and attention kind."),
    ("stage_time", "Which component of the pipeline takes the time of a whole request."),
    ("step_time", "Whether all steps take the same time, or grow with a cache."),
    ("forward_flops", "Where in the network the FLOPs are, in the order of the forward pass."),
    ("taxonomy", "How many parameters each component of a model has."),
    ("pareto", "The quality of published models against their size."),
    ("fleet", "How many devices and how much memory each class of models uses in a fleet."),
    ("kernel_summary", "The kernels, or operators if there are none, that take the most time."),
    ("expected_time", "How long each operator should have taken by its shapes, and the time lost."),
    ("gpu_time", "How much of the time the GPU computes, copies or waits."),
    ("idle_time", "Why the GPU is idle: what the host did before it launched the next work."),
    ("step_breakdown", "What each step is spent on, and what limits it."),
    ("training_split", "Training steps: forward, backward, recomputed and updating, by component."),
    ("host_sync", "Where a step makes the host wait, by phase and component."),
    ("variant_contrast", "A model's variants against each other."),
    ("dead_work", "What a dry run computes and nothing reads."),
    ("expectation", "What manifests expect of their traces, and what those hold."),
    ("host_wait_sum", "How long the host waits for the GPU, and whether the GPU works meanwhile."),
    ("host_wait_place", "Which calls, operators and Python lines make the host wait."),
    ("gpu_overlap", "How much communication and copying is hidden behind computing."),
    ("launch_statistics", "How long launches take, and how long their work waits to start."),
    ("launch_queue", "How many launches wait in each stream: an empty queue starves the GPU."),
    ("serving_iteration", "What each iteration of a serving engine holds, and how long it takes."),
    ("tensor_core_use", "How much of the time of matrix kernels uses tensor cores."),
    ("communication_time", "How long collectives take, by kind and size."),
    ("rank_skew", "How long each rank of a distributed job waits for the others."),
    ("memory_peak", "How much memory was allocated at most, and how much of it is explained."),
    ("memory_at_peak", "Which operators had allocated the memory at the peak."),
    ("short_kernel", "How many kernels are so short that launching them takes as long."),
    ("ledger", "How much of the work is attributed and classified: all shares depend on it."),
    ("trace_summary", "What was read from each file."),
)
# longest name within a sentence
LONGEST_NAME = 100


@dataclass(frozen=True)
class Section:
    """One metric, ready for the page.

    `plots` are its panels, each a caption and a div; `no_plot_reason` says why one is missing.
    `notes` say why there are no rows, or what they leave out. `terms` are the definitions behind its
    columns, each an HTML id and a term.
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

    `answers` holds the metrics of `sections_of` by name; `traces` is the table `trace`. Raises
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
        any_predicted=has_predicted(frames["trace_summary"]),
        predicted_note=PREDICTED_NOTE,
        findings=find({name: bounded(frame, LONGEST_NAME) for name, frame in frames.items()}),
        cards=cards(frames["trace_summary"], traces),
        filled_sections=[section for section in sections if section.table.rows],
        empty_sections=[section for section in sections if not section.table.rows],
        terms=[(anchor(term), term, text) for term, text in TERMS],
    )
    write_whole(out, page)
    return out


def sections_of(relations: Iterable[SqlFile]) -> dict[str, str]:
    """The metrics of a report with a sentence each: ours, in order, then the user's own."""
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
