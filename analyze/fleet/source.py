"""Where the traces of a fleet are: local paths and globs, or addresses of object storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genscope.analyze.fleet.storage import located
from genscope.analyze.load.trace_file import MANIFEST, find
from genscope.analyze.readers import FORMATS
from genscope.errors import UserError

_ENDINGS = tuple(ending for known in FORMATS for ending in known.endings)


@dataclass(frozen=True)
class Source:
    """One trace's address, and its size and time of change there: an equal stamp is an equal file.

    A trace of unknown size may be large.
    """

    address: str
    stamp: str
    size_bytes: int = 1 << 62


def sources(paths: Iterable[str]) -> list[Source]:
    """The traces that paths, globs and addresses name, in order of address.

    Raises UserError if one of them names nothing.
    """
    found: dict[str, Source] = {}
    for path in paths:
        for source in _remote(path) if "://" in path else _local(path):
            found[source.address] = source
    return [found[address] for address in sorted(found)]


@contextmanager
def local_copy(address: str) -> Iterator[Path]:
    """The trace as a local file, fetched with its manifest if it is elsewhere."""
    if "://" not in address:
        yield Path(address)
        return
    fs, path = located(address)
    folder, _, name = path.rpartition("/")
    with TemporaryDirectory(prefix="genscope-") as scratch:
        # the folder's name is a run's name
        place = Path(scratch) / (folder.rpartition("/")[2] or "trace")
        place.mkdir()
        fs.get_file(path, str(place / name))
        if fs.exists(f"{folder}/{MANIFEST}"):
            fs.get_file(f"{folder}/{MANIFEST}", str(place / MANIFEST))
        yield place / name


def _local(path: str) -> Iterator[Source]:
    for trace in find([path]):
        try:
            stat, size = trace.path.stat(), trace.size_bytes()
        except OSError:
            # its task will say why
            yield Source(str(trace.path), "")
            continue
        yield Source(str(trace.path), f"{stat.st_size}:{stat.st_mtime_ns}", size)


def _remote(address: str) -> Iterator[Source]:
    fs, path = located(address)
    fs.invalidate_cache()
    try:
        names = _named(fs, path)
    except OSError as error:
        raise UserError(f"{address}: {error.strerror or error}; check the address") from error
    traces = {
        name: info
        for name, info in names.items()
        if name.lower().endswith(_ENDINGS) and not name.endswith(f"/{MANIFEST}")
    }
    if not traces:
        raise UserError(f"{address}: there is no trace at this address; check the spelling")
    for name, info in traces.items():
        changed = info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""
        stamp = f"{info.get('size')}:{changed}"
        yield Source(fs.unstrip_protocol(name), stamp, info.get("size") or Source.size_bytes)


def _named(fs: Any, path: str) -> dict[str, Any]:
    """What is known of each file at a path of a file system: a glob, a folder or a file."""
    if any(sign in path for sign in "*?["):
        found = fs.glob(path, detail=True)
    elif fs.isdir(path):
        found = fs.find(path, detail=True)
    else:
        found = {path: fs.info(path)} if fs.exists(path) else {}
    return dict(found)
