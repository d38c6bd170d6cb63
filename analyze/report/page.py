"""The report of a study: one HTML file that needs no network, from first findings down to the SQL.

Everything it shows is a row of a metric; each section carries the query's text, and each trace its
result card. Plots are Bokeh's, its script is inlined, and a content policy forbids any request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.report.findings import find
from genscope.analyze.report.format import Table, duration, table_of
from genscope.analyze.report.glossary import TERMS, anchor, terms_of
from genscope.analyze.report.label import labelled, labels_of
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.sql_file import SqlFile
    from genscope.analyze.study import Study

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
)
CARD_KEYS = (
    ("family", "family"),
    ("variant", "variant"),
    ("size", "size"),
    ("dtype", "dtype"),
    ("image_size", "image side, px"),
    ("frames", "frames"),
    ("batch", "batch"),
    ("guidance", "guidance"),
    ("prompt_tokens", "prompt tokens"),
    ("steps_profiled", "steps profiled"),
    ("steps_full", "steps of a request"),
    ("attention_seen", "attention seen"),
    ("parameters", "parameters"),
    ("versions", "versions"),
    ("seed", "seed"),
    ("assumptions", "assumptions"),
    ("command", "command"),
)


@dataclass(frozen=True)
class Section:
    """One metric, ready for the page.

    `plots` are its panels, each a caption and a div; `silence` says why there is none. `terms` are
    the definitions that its columns rest on, each an id in the page and a term.
    """

    metric: str
    title: str
    sentence: str
    plots: tuple[tuple[str, str], ...]
    silence: str
    terms: tuple[tuple[str, str], ...]
    table: Table
    relation: SqlFile


def render(study: Study, path: str | Path, *, trace: str | None = None) -> Path:
    """Write the report and return its path; `trace` is a glob on names, as in Study.query.

    Raises UserError if the study holds no trace or the folder is missing.
    """
    from bokeh.embed import components

    from genscope.analyze.plots import theme

    out = Path(path)
    if not out.parent.is_dir():
        raise UserError(f"{out}: found no folder {out.parent}; make it first")
    if study.traces().is_empty():
        raise UserError(f"{study.path}: found no trace; load one with 'genscope ingest'")
    labels = labels_of(study.traces())
    frames = {
        name: labelled(study.query(name, trace=trace), labels) for name, _ in _sections(study)
    }
    figures, silences = _figures(frames)
    captions = {key: _take_title(figure) for key, figure in figures.items()}
    script, divs = components(figures)
    sections = [
        _section(study.relation(name), sentence, frames[name], (divs, captions, silences))
        for name, sentence in _sections(study)
    ]
    page = _template().render(
        css=_text("page.css"),
        bokeh=theme.inline_script(),
        script=script,
        findings=find(frames),
        cards=_cards(frames["trace_summary"], study.traces()),
        answered=[section for section in sections if section.table.rows],
        silent=[section for section in sections if not section.table.rows],
        terms=[(anchor(term), term, text) for term, text in TERMS],
    )
    out.write_text(page, encoding="utf-8")
    return out


def _sections(study: Study) -> list[tuple[str, str]]:
    """Ours that exist in the study, then the user's own metrics."""
    known = {relation.name: relation for relation in study.relations()}
    ours = [(name, sentence) for name, sentence in SECTIONS if name in known]
    shipped = {name for name, _ in SECTIONS}
    own = [
        (relation.name, relation.sentence)
        for relation in known.values()
        if relation.layer == "metric" and relation.name not in shipped and not relation.params
    ]
    return ours + own


def _figures(frames: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], dict[str, str]]:
    """Bokeh figures as '<metric>-<panel>', and for each metric without any the reason."""
    from genscope.analyze.plots import registry, theme

    figures: dict[str, Any] = {}
    silences: dict[str, str] = {}
    drawn = set(registry.names())
    for name, frame in frames.items():
        if name not in drawn:
            continue
        try:
            element = registry.plot_of(name)(frame.to_pandas())
        except UserError as error:
            silences[name] = str(error)
            continue
        for place, panel in enumerate(theme.panels_of(element)):
            figures[f"{name}-{place}"] = theme.bokeh_figure(panel)
    return figures, silences


def _take_title(figure: Any) -> str:
    """The figure's title, off the figure: in the page it can wrap on a phone."""
    figure.title.visible = False
    return str(figure.title.text)


def _section(
    relation: SqlFile,
    sentence: str,
    frame: pl.DataFrame,
    drawn: tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]],
) -> Section:
    name = relation.name
    divs, captions, silences = drawn
    title = relation.sections.get("Plot") or name.replace("_", " ").capitalize()
    mine = [key for key in divs if key.rpartition("-")[0] == name]
    silence = "" if mine else silences.get(name, "")
    return Section(
        metric=name,
        title=" ".join(title.split()),
        sentence=sentence,
        plots=tuple(
            (captions[key], divs[key])
            for key in sorted(mine, key=lambda key: int(key.rpartition("-")[2]))
        ),
        silence="" if frame.is_empty() else silence.partition("; see")[0],
        terms=tuple((anchor(term), term) for term in terms_of(frame.columns)),
        table=table_of(frame),
        relation=relation,
    )


def _cards(summary: pl.DataFrame, traces: pl.DataFrame) -> list[dict[str, Any]]:
    """The conditions of each trace: what its manifest says, else what the file does."""
    manifests = dict(zip(traces["trace_id"], traces["manifest"], strict=True))
    names = dict(zip(traces["trace_id"], traces["name"], strict=True))
    cards = []
    for row in summary.iter_rows(named=True):
        manifest = json.loads(manifests[row["trace_id"]] or "{}")
        facts = [
            ("trace", names[row["trace_id"]]),
            ("model", row["model"] or "not recorded"),
            ("device", row["device_name"] or "not recorded"),
            ("attention asked for", row["attention"] or "not recorded"),
            ("profiler", row["profiler"] or row["format"]),
        ]
        facts += [
            (label, _plain(manifest[key]))
            for key, label in CARD_KEYS
            if manifest.get(key) not in (None, [], {})
        ]
        if manifest.get("wall_ns"):
            facts.append(("wall time, not profiled", duration(manifest["wall_ns"])))
        counts = f"{row['event_count']} events, {row['kernel_count']} kernels, "
        facts.append(("read", f"{counts}{row['cpu_op_count']} operators"))
        facts.append(("file", row["path"]))
        cards.append(
            {
                "id": row["trace_id"],
                "name": row["trace_name"],
                "predicted": row["predicted"],
                "facts": facts,
            }
        )
    return cards


def _plain(value: Any) -> str:
    """A manifest's value as a person reads it: no braces, no quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "; ".join(_plain(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return str(value)


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_text("page.html"))


def _text(name: str) -> str:
    return (files("genscope.analyze.report") / name).read_text(encoding="utf-8")
