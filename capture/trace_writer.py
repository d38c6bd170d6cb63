"""The trace file of a run, as gzipped Chrome JSON: the stamp that says how its times were made, write and read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE = "trace.json.gz"
SCHEMA = 1


def stamp(profiler: str, *, predicted: bool, device: str | None) -> dict[str, Any]:
    """The trace's own 'genscope' key: without its manifest a trace still says whether its times are predicted."""
    return {"schema": SCHEMA, "profiler": profiler, "predicted": predicted, "device": device}


def write(path: Path, head: dict[str, Any], events: Iterable[dict[str, Any]]) -> None:
    """Write a gzipped Chrome trace, one event a line."""
    with gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as file:
        opening = json.dumps(head, indent=None)
        file.write(opening[:-1].encode() + b',\n"traceEvents": [\n')
        for number, event in enumerate(events):
            file.write((b",\n" if number else b"") + json.dumps(event).encode())
        file.write(b"\n]}\n")


def events(path: Path) -> list[dict[str, Any]]:
    """All events of a gzipped Chrome trace."""
    with gzip.open(path, "rb") as file:
        found: list[dict[str, Any]] = json.load(file)["traceEvents"]
    return found
