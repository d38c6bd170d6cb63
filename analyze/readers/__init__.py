"""Trace formats: a file's bytes become raw relations, which queries/staging/<format> turns into base tables.

FORMATS is the one list of them. A format is a folder here, with a module `reader` that follows the
protocol `Reader`, and a folder of the same name in queries/staging.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Format:
    """A format's name and the endings of its files, in lower case.

    `printed` maps the ending of a report to that of what its tool prints of it: where both lie side by
    side, they are the same trace.
    """

    name: str
    endings: tuple[str, ...]
    printed: Mapping[str, str] = field(default_factory=dict)


FORMATS = (
    Format("kineto", (".json", ".json.gz")),
    Format(
        "nsys",
        (".sqlite", ".nsys-rep", ".qdrep", ".qdstrm"),
        {".nsys-rep": ".sqlite", ".qdrep": ".sqlite"},
    ),
    Format("ncu", (".csv", ".ncu-rep"), {".ncu-rep": ".csv"}),
    Format("memory_snapshot", (".pickle", ".pkl")),
)


class Raw(Protocol):
    """What a reader knows of a file besides its raw relations."""

    @property
    def digest(self) -> str:
        """Digest of the file's bytes, see FileDigest; '' if the reader did not see all of them."""


class Reader(Protocol):
    """What each format's module `reader` offers."""

    def read_raw(
        self,
        con: duckdb.DuckDBPyConnection,
        path: Path,
        folder: Path,
        *,
        keep: Collection[str],
        workers: int,
    ) -> Raw | None:
        """Create the raw relations of a file in `con`, and return what `check` needs.

        `folder` is empty and may hold their data until staging is done. `keep` names what else to
        read: 'python' frames, 'args' for all arguments. Raises UserError if the file can't be read.
        """

    def check(self, con: duckdb.DuckDBPyConnection, path: Path, found: Any) -> None:
        """Raise UserError if the raw relations show that the file is another program's."""


def reader_of(name: str) -> Reader:
    """The reader of a format, imported when it is first needed."""
    return cast("Reader", import_module(f"{__name__}.{name}.reader"))


def begin_to_import(names: Iterable[str]) -> None:
    """Import the readers of formats in a thread: that takes as long as opening a few databases."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="import")
    for name in names:
        # what fails here fails again where the reader is used
        pool.submit(reader_of, name)
    pool.shutdown(wait=False)
