"""One file per plot, named after the metric that it draws: `plot(frame) -> HoloViews element`.

`registry` finds a plot by that name, `charts` draws, and `theme` holds the options, so that a category
has one colour everywhere.
"""
