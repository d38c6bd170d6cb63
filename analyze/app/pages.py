"""The pages of the workbench as HTML: a frame for all, and the overview, which is rendered here.

Other pages fetch what they show. Everything is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.compare_answers import LEVELS, pairs_of, partner
from genscope.analyze.app.drawn import load_soon
from genscope.analyze.app.overview import overview_of
from genscope.analyze.app.perfetto_ui import perfetto_folders
from genscope.analyze.printable import printable

if TYPE_CHECKING:
    from genscope.analyze.app.workbench import Workbench

# the address and the name of each page
PAGES = {
    "overview": "Overview",
    "timeline": "Timeline",
    "attention": "Attention",
    "compare": "Compare",
    "query": "Query",
    "plots": "Plots",
}
_ATTENTION_PLOTS = (
    ("attention_split", "Attention time by kind"),
    ("sequence_length_profile", "Sequence length over the request"),
    (
        "flash_speedup",
        "Attention backends against the baseline or the first run, in all pairs of this study",
    ),
    ("attention_memory", "Memory of the score matrices"),
)
# these show one trace, which the header lets one choose
_OF_ONE_TRACE = ("overview", "timeline", "attention", "plots")


def page_of(page: str, bench: Workbench, arguments: Mapping[str, str]) -> str:
    """The HTML of a page. Raises UserError if the address names a trace that doesn't exist."""
    trace_id = min(bench.names) if page == "error" else bench.trace_id(arguments)
    content: dict[str, Any] = {}
    if page == "overview":
        # most people look at the timeline next
        bench.timelines.prepare(trace_id)
        content = bench.kept((page, trace_id), lambda: overview_of(bench, trace_id))
    elif page == "timeline":
        # its script asks for it later
        bench.timelines.prepare(trace_id)
        content = {"has_perfetto": bool(perfetto_folders())}
    elif page == "attention":
        load_soon()
        left_out = () if pairs_of(bench, trace_id) else ("flash_speedup",)
        content = {"plots": [plot for plot in _ATTENTION_PLOTS if plot[0] not in left_out]}
    elif page == "plots":
        load_soon()
    elif page == "compare":
        first = bench.trace_id(arguments, "a") if arguments.get("a") else trace_id
        second = bench.trace_id(arguments, "b") if arguments.get("b") else partner(bench, first)
        content = {"first": first, "second": second, "levels": LEVELS}
    elif page == "error":
        content = {"message": printable(arguments["message"])}
    return str(
        _templates()
        .get_template(f"{page}.html")
        .render(
            here=page,
            pages=PAGES,
            study=printable(bench.path.name),
            traces=bench.labels,
            trace_id=trace_id,
            chooses=page in _OF_ONE_TRACE,
            **content,
        )
    )


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from genscope.analyze.app import figures

    found = Environment(
        loader=PackageLoader("genscope.analyze.app"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        duration=figures.duration,
        percent=figures.percent,
        amount=figures.amount,
        shown=printable,
    )
    return found
