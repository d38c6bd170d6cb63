"""One file per plot, named after the metric that it draws: `plot(frame) -> Chart`, several, or None.

`registry` finds a plot by that name, `charts` makes a Chart of a frame, and `theme` holds the colours, so
that a category has one colour everywhere. `figure` draws a Chart for the report, and `elements` makes a
HoloViews element of it for everything else.
"""
