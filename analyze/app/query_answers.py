"""What the Query page asks for: the catalogue, and a visitor's own SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.replies import File
from genscope.analyze.app.sql_workers import RUN_SECONDS
from genscope.analyze.sql_file import LAYERS, load_layer
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.app.workbench import Workbench

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_MOST_SECONDS = 600.0


def catalogue(_: Workbench, __: Mapping[str, str], ___: bytes) -> dict[str, Any]:
    """Every relation with its documentation, by layer."""
    return {
        "relations": [
            {
                "name": file.name,
                "layer": layer,
                "sentence": file.sentence,
                "grain": " ".join(file.sections.get("Grain", "").split()),
                "columns": [*file.columns.items()],
                "params": [[name, p.default, p.text] for name, p in file.params.items()],
                "call": f"{file.name}({file.arguments})" if file.is_macro else file.name,
            }
            for layer in reversed(LAYERS)
            for file in load_layer(layer)
        ]
    }


def run(bench: Workbench, arguments: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Open a statement, or show a part of the answer: see sql_worker."""
    request = json.loads(body)
    if not isinstance(request, dict) or request.get("do") not in ("open", "page"):
        raise UserError("a request must open a statement or ask for a page of its answer")
    seconds = min(float(request.pop("seconds", RUN_SECONDS)), _MOST_SECONDS)
    head, _ = bench.workers.of(arguments["visitor"]).ask(request, seconds)
    return head


def stop(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """End the visitor's own query."""
    bench.workers.stop(arguments["visitor"])
    return {}


def export(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> File:
    """The last answer as a file."""
    form = arguments["form"]
    if form not in _TYPES:
        raise UserError("an answer can be saved as csv or parquet")
    worker = bench.workers.of(arguments["visitor"])
    _head, content = worker.ask({"do": "export", "form": form}, RUN_SECONDS)
    return File(content, _TYPES[form], f"answer.{form}")
