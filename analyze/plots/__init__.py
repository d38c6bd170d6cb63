"""One plot a file, with the same stem as the metric it draws: `plot(frame) -> HoloViews element`.

`registry` finds a plot by that name; `theme` holds every option, so that a class has one colour everywhere.
"""
