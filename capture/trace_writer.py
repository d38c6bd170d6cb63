"""The trace file of a run, as gzipped Chrome JSON: the stamp that says how its times were made, write and read."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypedDict, cast

import msgspec

FILE = "trace.json.gz"
SCHEMA = 1
CHUNK_BYTES = 1 << 20


class Exporter(Protocol):
    """What torch.profiler hands over once a trace is ready."""

    def export_chrome_trace(self, path: str) -> object: ...


class Event(TypedDict, total=False):
    """What this package reads of an event. All else, above all "args", is most of a trace and is skipped."""

    ph: str
    cat: str
    name: str
    tid: Any
    ts: Any
    dur: Any


class _Trace(TypedDict):
    traceEvents: list[Event]


def stamp(profiler: str, *, predicted: bool, device: str | None) -> dict[str, Any]:
    """The trace's own 'genscope' key: without its manifest a trace still says whether its times are predicted."""
    return {"schema": SCHEMA, "profiler": profiler, "predicted": predicted, "device": device}


@contextmanager
def _compressed(path: Path, level: int = 6) -> Iterator[BinaryIO]:
    """A gzip file that is compressed in large pieces: Python's own takes longer for a small piece than zlib does."""
    with (
        gzip.GzipFile(path, "wb", compresslevel=level, mtime=0) as file,
        io.BufferedWriter(cast(io.RawIOBase, file), CHUNK_BYTES) as buffered,
    ):
        yield buffered


def write(path: Path, head: dict[str, Any], events: Iterable[dict[str, Any]]) -> None:
    """Write a gzipped Chrome trace, one event a line, packed tightly: dry runs are committed."""
    with _compressed(path, level=9) as file:
        opening = json.dumps(head, indent=None)
        file.write(opening[:-1].encode() + b',\n"traceEvents": [\n')
        for number, event in enumerate(events):
            file.write((b",\n" if number else b"") + json.dumps(event).encode())
        file.write(b"\n]}\n")


def export(profiler: Exporter, path: Path) -> None:
    """Write what torch.profiler recorded. Its own way to a gzip file compresses line by line, ten times slower."""
    plain = path.with_suffix("")
    profiler.export_chrome_trace(str(plain))
    with plain.open("rb") as source, _compressed(path) as file:
        shutil.copyfileobj(source, file, CHUNK_BYTES)
    plain.unlink()


def events(path: Path) -> list[Event]:
    """All events of a gzipped Chrome trace, each with the keys of `Event` only."""
    with gzip.open(path, "rb") as file:
        text = file.read()
    try:
        return msgspec.json.decode(text, type=_Trace)["traceEvents"]
    except msgspec.DecodeError:
        # a number that JSON doesn't have, such as NaN: torch writes them, and Python's reader takes them
        found: list[Event] = json.loads(text)["traceEvents"]
        return found
