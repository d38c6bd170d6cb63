"""A lake: a folder, local or on object storage, with one study for each trace and a card that says it is done.

    lake.json                  version of the lake, digest of the SQL that filled it
    parts/<digest>.duckdb      the study of one trace
    cards/<digest>.json        written last: without it a part doesn't count
    failed/<key>.json          a trace that could not be loaded, and why

Each file is written under another name and renamed, so that a reader sees whole files only, and two
ingests into one lake do no harm: they write the same bytes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from genscope.analyze.fleet.storage import is_local, located
from genscope.analyze.load.tables import tables_sha256
from genscope.errors import UserError

VERSION = 1
# nobody works so long on one trace, so what is older was left by a process that was killed
_LEFT_SECONDS = 86_400.0


@dataclass(frozen=True)
class Part:
    """One trace of a lake: `source` is where it came from, `stamp` its size and time there."""

    digest: str
    name: str
    source: str
    stamp: str = ""
    size_bytes: int = 0
    event_count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A trace that could not be loaded, and the reason in one line."""

    source: str
    reason: str


class Lake:
    """A lake at an address: a path, or what fsspec knows, such as s3://bucket/lake."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.fs, root = located(address)
        self._root = root.rstrip("/")
        self.is_local = is_local(self.fs)

    def create(self) -> None:
        """Create the lake, unless it is there. Raises UserError if it can't, or is of another version."""
        try:
            self._create()
        except OSError as error:
            raise UserError(
                f"{self.address}: the lake can't be created here ({error.strerror or error}); choose a "
                "writable folder or bucket"
            ) from error
        self.check()

    def _create(self) -> None:
        if not self._exists("lake.json"):
            if self._list("parts") or self._list("cards"):
                raise UserError(
                    f"{self.address}: this lake has no lake.json, so its version is unknown; ingest "
                    "into a new lake"
                )
            self._write("lake.json", {"version": VERSION, "tables_sha256": tables_sha256()})

    def remove_leftovers(self) -> None:
        """Remove the unfinished work of processes that were killed, if the lake is local."""
        if not self.is_local:
            return
        for name in ("scratch", "answers"):
            for path in Path(self._at(name)).glob("*"):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                        rmtree(path)

    def check(self) -> None:
        """Raise UserError unless this is a lake that this version of genscope filled."""
        if not self._exists("lake.json"):
            raise UserError(
                f"{self.address}: there is no such lake; create it with 'genscope fleet ingest ... "
                f"--lake {self.address}'"
            )
        found = self._read("lake.json")
        if found.get("version") != VERSION or found.get("tables_sha256") != tables_sha256():
            raise UserError(
                f"{self.address}: another version of genscope filled this lake, so its answers could "
                "be wrong; ingest the traces into a new lake"
            )

    def parts(self) -> list[Part]:
        """The traces of the lake in order of source; a name that two have gets a number, as in a study."""
        cards = self.fs.cat(self._list("cards")) if self._list("cards") else {}
        found = [msgspec.json.decode(text, type=Part) for text in cards.values()]
        names: set[str] = set()
        numbered = []
        for part in sorted(found, key=lambda one: (one.source, one.digest)):
            number, name = 1, part.name
            while name in names:
                number += 1
                name = f"{part.name}-{number}"
            names.add(name)
            numbered.append(replace(part, name=name))
        return numbered

    def failures(self) -> list[Failure]:
        """The traces that could not be loaded, in order of source."""
        texts = self.fs.cat(self._list("failed")) if self._list("failed") else {}
        found = [msgspec.json.decode(text, type=Failure) for text in texts.values()]
        return sorted(found, key=lambda one: one.source)

    def has(self, digest: str) -> bool:
        """Whether a trace with these bytes is in the lake."""
        return self._exists(f"cards/{_file(digest)}.json")

    def put(self, study: Path, part: Part) -> None:
        """Add the finished study of one trace; `study` is moved away if the lake is local."""
        self._put_file(study, f"parts/{_file(part.digest)}.duckdb")
        self._write(f"cards/{_file(part.digest)}.json", asdict(part))
        self.forgive(part.source)

    def fail(self, failure: Failure) -> None:
        """Remember why a trace could not be loaded."""
        self._write(f"failed/{_key(failure.source)}.json", asdict(failure))

    @contextmanager
    def study_of(self, part: Part) -> Iterator[Path]:
        """The part's study as a local file, fetched if the lake is elsewhere."""
        name = f"parts/{_file(part.digest)}.duckdb"
        if self.is_local:
            yield Path(self._at(name))
            return
        with TemporaryDirectory(prefix="genscope-") as folder:
            local = Path(folder) / "study.duckdb"
            self.fs.get_file(self._at(name), str(local))
            yield local

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A local folder for work in progress, on the lake's own disk if it is local."""
        base = Path(self._at("scratch")) if self.is_local else None
        if base is not None:
            base.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="genscope-", dir=base) as folder:
            yield Path(folder)

    @contextmanager
    def answers(self) -> Iterator[str]:
        """A name for the files of one question, which are removed at the end."""
        token = f"answers/{uuid.uuid4().hex}"
        try:
            yield token
        finally:
            if self.fs.exists(self._at(token)):
                self.fs.rm(self._at(token), recursive=True)

    def put_answer(self, token: str, relation: str, number: int, file: Path) -> None:
        """Add one trace's rows of a relation, a Parquet file, to the answers of a question."""
        self._put_file(file, f"{token}/{relation}/{number:09d}.parquet")

    @contextmanager
    def fetched(self, token: str) -> Iterator[Path]:
        """The answers of a question as a local folder with one folder for each relation."""
        if self.is_local:
            yield Path(self._at(token))
            return
        with TemporaryDirectory(prefix="genscope-") as folder:
            self.fs.get(self._at(token) + "/", folder + "/", recursive=True)
            yield Path(folder)

    def forgive(self, source: str) -> None:
        """Forget that a trace failed once, because it is in the lake now."""
        path = self._at(f"failed/{_key(source)}.json")
        if self.fs.exists(path):
            self.fs.rm_file(path)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _exists(self, name: str) -> bool:
        # what another process wrote must be seen
        self.fs.invalidate_cache()
        return bool(self.fs.exists(self._at(name)))

    def _list(self, folder: str) -> list[str]:
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(name for name in found if not _is_partial(name))

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = msgspec.json.decode(self.fs.cat_file(self._at(name)))
        except msgspec.DecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, values: dict[str, Any]) -> None:
        with self.scratch() as folder:
            file = folder / "values.json"
            file.write_bytes(msgspec.json.encode(values))
            self._put_file(file, name)

    def _put_file(self, file: Path, name: str) -> None:
        target = self._at(name)
        if self.is_local:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            return
        # a put into object storage is whole or not at all, but a plain server's is not
        partial = f"{target}.{uuid.uuid4().hex}.part"
        self.fs.put_file(str(file), partial)
        self.fs.mv(partial, target)


def _is_partial(name: str) -> bool:
    return name.endswith(".part")


def _file(digest: str) -> str:
    return digest.replace(":", "-")


def _key(source: str) -> str:
    return blake2b(source.encode(), digest_size=16).hexdigest()
