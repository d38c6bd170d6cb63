"""Draw every plot that a study has rows for into a folder, with a page that shows them all.

`python docs/gallery.py study.duckdb docs/figures` makes the README's gallery.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genscope.analyze.plots import registry
from genscope.analyze.plots.save import save_plot
from genscope.analyze.report.label import labelled, labels_of
from genscope.analyze.report.sections import SECTIONS
from genscope.analyze.study import Study
from genscope.errors import UserError


def draw_all(study: Study, folder: Path) -> list[Path]:
    """Write <metric>.png for each plot in the report's order, and README.md next to them."""
    labels = labels_of(study.traces())
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, _ in SECTIONS:
        if name not in registry.names():
            continue
        try:
            element = registry.plot_of(name)(labelled(study.query(name), labels).to_pandas())
        except UserError:
            continue  # this study has no rows for it
        drawn.append(save_plot(element, folder / f"{name}.png"))
    sentences = dict(SECTIONS)
    entries = "\n".join(
        f"## {path.stem}\n\n{sentences[path.stem]}\n\n![{path.stem}]({path.name})\n"
        for path in drawn
    )
    page = f"# Gallery\n\nDrawn by `python docs/gallery.py STUDY docs/figures`.\n\n{entries}"
    (folder / "README.md").write_text(page, encoding="utf-8")
    return drawn


if __name__ == "__main__":
    with Study(sys.argv[1]) as opened:
        for figure in draw_all(opened, Path(sys.argv[2])):
            print(figure)
