"""A lake: a folder, local or on object storage, with studies of its traces and a card for each trace.

    lake.json                  version of the lake, digest of the SQL that filled it
    parts/<key>.duckdb         a study of one large trace or of several small ones
    cards/<digest>.json        a trace: its part and its number there; written last
    failed/<key>.json          a trace that could not be loaded, and why

A part answers only for the traces whose cards name it: a card that is missing, gone or names another part
hides its trace. Each file is written under another name and renamed, so that a reader sees whole files
only. Two ingests into one lake do no harm: parts of the same name have the same rows, and the last card
of a trace says which part counts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
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

VERSION = 2
# nobody works so long on one part, so what is older was left by a process that was killed
_LEFT_SECONDS = 86_400.0


@dataclass(frozen=True)
class Card:
    """One trace of a lake: `source` is where it came from, `stamp` its size and time there.

    `part` is the study that holds it, and `trace_id` its number there.
    """

    digest: str
    name: str
    source: str
    part: str = ""
    trace_id: int = 1
    stamp: str = ""
    size_bytes: int = 0
    event_count: int = 0
    seconds: float = 0.0


def of_one_part(cards: Sequence[Card]) -> list[Card]:
    """The cards with the name of their part, which follows from all that decides its rows."""
    part = _key("\n".join(f"{c.trace_id} {c.digest} {c.name} {c.source}" for c in cards))
    return [replace(card, part=part) for card in cards]


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

    def cards(self) -> list[Card]:
        """The traces of the lake in order of source; a name that two have gets a number, as in a study."""
        names: set[str] = set()
        numbered = []
        for card in self.written_cards():
            number, name = 1, card.name
            while name in names:
                number += 1
                name = f"{card.name}-{number}"
            names.add(name)
            numbered.append(replace(card, name=name))
        return numbered

    def written_cards(self) -> list[Card]:
        """The cards as they were written, in order of source: several may have one name."""
        texts = self.fs.cat(self._list("cards")) if self._list("cards") else {}
        found = [msgspec.json.decode(text, type=Card) for text in texts.values()]
        return sorted(found, key=lambda card: (card.source, card.digest))

    def failures(self) -> list[Failure]:
        """The traces that could not be loaded, in order of source."""
        texts = self.fs.cat(self._list("failed")) if self._list("failed") else {}
        found = [msgspec.json.decode(text, type=Failure) for text in texts.values()]
        return sorted(found, key=lambda one: one.source)

    def has(self, digest: str) -> bool:
        """Whether a trace with these bytes is in the lake."""
        return self._exists(f"cards/{_file(digest)}.json")

    def put(self, study: Path, cards: Sequence[Card]) -> None:
        """Add a part and the cards of its traces; `study` is moved away if the lake is local."""
        self._put_file(study, f"parts/{cards[0].part}.duckdb")
        for card in cards:
            self._write(f"cards/{_file(card.digest)}.json", asdict(card))
            self.forgive(card.source)

    def remove(self, card: Card) -> None:
        """Remove a trace: its part answers for it no more."""
        # another ingest may have removed it
        with suppress(FileNotFoundError):
            self.fs.rm_file(self._at(f"cards/{_file(card.digest)}.json"))

    def fail(self, failure: Failure) -> None:
        """Remember why a trace could not be loaded."""
        self._write(f"failed/{_key(failure.source)}.json", asdict(failure))

    @contextmanager
    def study_of(self, part: str) -> Iterator[Path]:
        """A part as a local file, fetched if the lake is elsewhere."""
        name = f"parts/{part}.duckdb"
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
        """Add rows of a relation, a Parquet file, to the answers of a question, under a trace's number."""
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
