"""Find the trace files that a user's paths name, and read the manifest of a run folder."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genscope.analyze.load import manifest_values
from genscope.analyze.load.power_log import is_power_log
from genscope.analyze.readers import FORMATS
from genscope.analyze.readers.file_digest import FileDigest
from genscope.analyze.readers.kineto.graph_annotation import is_annotation_file
from genscope.analyze.readers.memory_snapshot import begins_as_snapshot
from genscope.errors import UserError

MANIFEST = "manifest.json"
# files that genscope itself writes next to traces
_NO_TRACES = frozenset({MANIFEST, "gpu_suite_failures.json"})
# how a file is read follows from its name, how it is packed from its bytes
_FORMAT_OF = {ending: known.name for known in FORMATS for ending in known.endings}
_SNAPSHOT = "memory_snapshot"
_STUDY = ".duckdb"
_PRINTED = {report: printed for known in FORMATS for report, printed in known.printed.items()}
_ENDINGS = (
    *(".gz", ".json", ".sqlite", ".csv", ".nsys-rep", ".qdrep", ".ncu-rep", ".pt", ".trace"),
    *(".pickle", ".pkl"),
)
# gzip makes a trace's JSON 7 to 30 times smaller, mostly 16 times; the less, the fewer share a database
_PACKED = 8


def packed(name: str, size_bytes: int) -> int:
    """About the size of a file of this name if it were compressed, which says how many events it has."""
    return size_bytes // _PACKED if name.lower().endswith(".json") else size_bytes


@dataclass(frozen=True)
class TraceFile:
    """One file to load: its format, its label, and its manifest if it is in a run folder.

    `refusal` says why it can't be loaded, if that is known before it is read. `trace_id` is set once
    the file is going to be loaded, `digest` once it was needed.
    """

    path: Path
    format: str
    name: str
    manifest: dict[str, Any] | None = field(default=None, compare=False)
    # values that the manifest had and that were left out as invalid
    odd_manifest: tuple[str, ...] = field(default=(), compare=False)
    digest: str = ""
    trace_id: int = 0
    refusal: str = ""

    def hashed(self) -> str:
        """Digest of the file's bytes, or, for a folder that is one trace, of its files' digests."""
        if not self.path.is_dir():
            return _digest(self.path)
        total = FileDigest()
        for part in self._parts():
            total.update(f"{part.name}:{_digest(part)}\n".encode())
        return total.text()

    def size_bytes(self) -> int:
        """Size of the file on disk, or of all files in the folder."""
        return sum(part.stat().st_size for part in self._parts())

    def packed_bytes(self) -> int:
        """About its size if it were compressed."""
        return packed(self.path.name, self.size_bytes())

    def _parts(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        return sorted(entry for entry in self.path.rglob("*") if entry.is_file())


def find(paths: Iterable[str | Path]) -> list[TraceFile]:
    """The trace files that `paths` name: files, run folders, folders of them, globs.

    Raises UserError for a path without a trace: a wrong path, a pipe, a folder without traces.
    """
    found: dict[Path, TraceFile] = {}
    for path in paths:
        try:
            traces = [trace for place in _expanded(Path(path)) for trace in _at(place)]
        except OSError as error:
            traces = [_unreadable(Path(path), error)]
        for trace in traces:
            found.setdefault(trace.path, trace)
    if not found:
        raise UserError("no trace is named; name trace files, run folders or globs")
    return list(found.values())


def _expanded(path: Path) -> list[Path]:
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
        traces = [match for match in matches if not _is_no_trace(match)]
        if traces:
            return traces
    raise UserError(
        f"{path}: there is no such file or run folder, and no file matches it as a glob; "
        "check the spelling"
    )


def _at(path: Path) -> list[TraceFile]:
    if is_power_log(path):
        raise UserError(
            f"{path}: this is a log of power and not a trace; load it into the study of the trace with "
            f"genscope load power {path}"
        )
    if path.suffix == _STUDY and path.is_file():
        raise UserError(
            f"{path}: this is a study and not a trace; open it with 'genscope view {path}'"
        )
    if path.is_file():
        return [_trace(path)]
    if not path.is_dir():
        raise UserError(f"{path}: this is not a regular file; write the trace to a file first")
    traces = list(_in_folder(path, set()))
    if not traces:
        raise UserError(
            f"{path}: this folder holds no trace; name the file that the profiler wrote, such as "
            "*.json, *.json.gz or *.sqlite, or a run folder"
        )
    return traces


def _in_folder(folder: Path, seen: set[Path]) -> Iterator[TraceFile]:
    """The traces in a folder and below it; each folder is read once, even if links lead to it.

    Pipes, sockets and devices are skipped, because reading them could block forever.
    """
    try:
        place = folder.resolve()
        if place in seen:
            return
        seen.add(place)
        if (folder / "StringIds.parquet").is_file():
            yield TraceFile(place, "nsys", place.name)
            return
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield _unreadable(folder, error)
        return
    for entry in entries:
        if entry.is_dir():
            yield from _in_folder(entry, seen)
        elif _is_no_trace(entry) or _format(entry) is None or _is_printed(entry):
            continue
        elif entry.is_file() or not entry.exists():
            yield _trace(entry)


def _unreadable(path: Path, error: Exception) -> TraceFile:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "a link to itself"
    refusal = f"{path}: can't be read ({why}); check the path and its permissions"
    return TraceFile(path, _format(path) or "kineto", _stem(path), refusal=refusal)


def _is_no_trace(path: Path) -> bool:
    return (
        path.name in _NO_TRACES
        or path.suffix == _STUDY
        or is_annotation_file(path.name)
        or is_power_log(path)
        or (_format(path) == _SNAPSHOT and path.is_file() and not begins_as_snapshot(path))
    )


def _is_printed(report: Path) -> bool:
    printed = _PRINTED.get(report.suffix.lower())
    return printed is not None and report.with_suffix(printed).exists()


def _trace(path: Path) -> TraceFile:
    try:
        path = path.resolve()
        card = path.parent / MANIFEST
        if not card.is_file() or path == card or _format(path) is None:
            return TraceFile(path, _format(path) or "kineto", _stem(path))
        beside = [
            p
            for p in path.parent.iterdir()
            if not _is_no_trace(p) and _format(p) not in (None, _SNAPSHOT)
        ]
    except (OSError, RuntimeError) as error:
        # before Python 3.13 a link to itself is a RuntimeError
        return _unreadable(path, error)
    # a run's memory snapshot is a part of the run, and doesn't change the name of its trace
    is_run = len(beside) == 1 and _format(path) != _SNAPSHOT
    name = path.parent.name if is_run else f"{path.parent.name}-{_stem(path)}"
    manifest, odd = manifest_values.read(card)
    return TraceFile(path, _format(path) or "kineto", name, manifest, tuple(odd))


def _format(path: Path) -> str | None:
    return next((f for ending, f in _FORMAT_OF.items() if path.name.lower().endswith(ending)), None)


def _stem(path: Path) -> str:
    name = path.name
    while ending := next((e for e in _ENDINGS if name.lower().endswith(e) and name != e), ""):
        name = name[: -len(ending)]
    return name


def _digest(path: Path) -> str:
    digest = FileDigest()
    digest.add_rest(path)
    return digest.text()
