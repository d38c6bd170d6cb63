"""The colours of slices: a class has the same one as in every plot."""

from __future__ import annotations

from genscope.analyze.plots.theme import CATEGORY_COLOUR, GREY

# those of classes, then copies, lanes, operators, calls and ranges
SLICE_COLOURS = (*CATEGORY_COLOUR.values(), "#7f8c9b", "#3d6fa5", "#6f8fb3", "#9379ad", "#5b9a92")


def colour_of(category: str) -> str:
    """The colour of a class; a class without one has that of 'other'."""
    return CATEGORY_COLOUR.get(category, GREY)
