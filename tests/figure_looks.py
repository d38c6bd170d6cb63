"""What a person sees of a Bokeh figure, so that two figures can be compared: all but names, ids and tags."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bokeh.model import Model
from bokeh.models import ColumnDataSource, GlyphRenderer, Legend, Quad

# nothing can be selected in our plots; the rest isn't drawn
UNSEEN = {
    *("name", "tags", "selection_glyph", "nonselection_glyph", "selected", "selection_policy"),
    *("default_size", "syncable"),
}
# HoloViews repeats the corners of rectangles in columns of these names
EDGES = ("left", "bottom", "right", "top")


def looks_of(model: Any) -> Any:
    """The model's visible properties, and those of all models in it, as plain values."""
    return _plain(model, set())


def _plain(value: Any, seen: set[Model]) -> Any:
    if isinstance(value, Model):
        return _properties(value, seen)
    if isinstance(value, dict):
        return {str(key): _plain(item, seen) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [
            _plain(item, seen)
            for item in value
            if not (isinstance(item, Legend) and not item.items)
        ]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else float(f"{value:.12g}")
    return value if isinstance(value, int | str | None) else repr(value)


def _properties(model: Model, seen: set[Model]) -> Any:
    kind = type(model).__name__.replace("figure", "Plot")
    if model in seen:
        return kind
    seen.add(model)
    found = model.properties_with_values()
    if isinstance(model, GlyphRenderer):
        found["edges"] = [_edges(model, glyph) for glyph in (model.glyph, model.muted_glyph)]
    unseen = UNSEEN.union(EDGES) if isinstance(model, Quad) else UNSEEN
    if isinstance(model, ColumnDataSource):
        found["data"] = {name: item for name, item in model.data.items() if name not in EDGES}
    return kind, {
        name: _plain(item, seen) for name, item in sorted(found.items()) if name not in unseen
    }


def _edges(renderer: GlyphRenderer, glyph: Any) -> Any:
    """The values of the columns that a rectangle's edges are drawn from."""
    if not isinstance(glyph, Quad):
        return []
    return [renderer.data_source.data[getattr(glyph, edge)] for edge in EDGES]
