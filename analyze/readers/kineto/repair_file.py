"""Write a valid copy of a damaged Kineto trace, with its repairable events repaired.

The copy leaves out environment variables in the header, because they may hold credentials.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from genscope.analyze.readers.kineto.decode import decode
from genscope.analyze.readers.kineto.facts import without_environment
from genscope.analyze.readers.kineto.read import KinetoFile, chunks_of, read_keys
from genscope.analyze.readers.kineto.repair_events import AROUND, repair_events
from genscope.analyze.readers.kineto.source import TextSource
from genscope.analyze.readers.kineto.split import Splitter
from genscope.analyze.readers.nesting_limit import nesting_limit
from genscope.analyze.whole_file import check_writable, whole_file
from genscope.errors import UserError


def _same(events: bytes) -> bytes:
    return events


def repair(path: Path, out: Path, *, change: Callable[[bytes], bytes] = _same) -> KinetoFile:
    """Write the valid copy of `path` to `out` (compressed if it ends in .gz), whole or not at all.

    `change` gets some valid events at a time, with commas between them, and returns what to write
    instead. Returns what was wrong. Raises UserError if `out` exists, or `path` isn't a trace or can't be read.
    """
    check_writable(out)
    if out.exists():
        raise UserError(
            f"{out} already exists; name a new file, so that the original stays as it is"
        )
    found = KinetoFile()
    packed = out.name.endswith(".gz")
    with whole_file(out) as part, _opened(part, packed=packed) as file, nesting_limit(path):
        _write(path, file, found, change)
    return found


def _opened(path: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "wb", 6)) if packed else path.open("wb")


def _write(
    path: Path, file: IO[bytes], found: KinetoFile, change: Callable[[bytes], bytes]
) -> None:
    with TextSource(path) as source:
        splitter = Splitter(source, str(path))
        file.write(b'{"traceEvents": [\n')
        comma = b""
        for events in _events(splitter, found):
            file.write(comma + change(events))
            comma = b",\n"
        read_keys(splitter, source, found)
    keys: dict[str, Any] = without_environment(found.keys)
    rest = json.dumps(keys)[1:-1]
    file.write(b"\n]" + (b", " + rest.encode() if rest else b"") + b"}\n")


def _events(splitter: Splitter, found: KinetoFile) -> Iterator[bytes]:
    for chunk, at_cut in chunks_of(splitter, found):
        raw = chunk.text
        splitter.reuse(chunk)
        text = raw.strip(AROUND)
        whole = decode(text)
        if (
            text
            and whole.values is not None
            and not whole.kinds
            and all(map(_is_event, whole.values))
        ):
            yield text
            continue
        repaired = repair_events(raw, chunk.offset, at_cut=at_cut)
        found.repaired += repaired.repaired
        found.skipped += repaired.skipped
        for fault in repaired.faults:
            found.note(fault)
        yield from (piece.text for piece in repaired.pieces)


def _is_event(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("args", {}), dict)
