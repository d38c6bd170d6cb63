"""Read a PyTorch-profiler (Kineto) trace into raw relations that the staging SQL turns into tables.

The text is read once, in chunks and in bounded memory: one thread splits it, several parse it, and each
writes Parquet files. The events become the view `kineto_chunk` and their texts `kineto_chunk_text`; see
facts.py for the header.
"""

import glob
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import BoundedSemaphore, get_ident, local
from typing import Any

import duckdb
import pyarrow

from genscope.analyze.readers.kineto.chunk import ChunkLoader, ChunkReport
from genscope.analyze.readers.kineto.repair_events import Fault, edges_of, example_of, repair_events
from genscope.analyze.readers.kineto.source import TextSource
from genscope.analyze.readers.kineto.split import Splitter, parse_tail
from genscope.analyze.readers.kineto.texts import TextNumbers
from genscope.analyze.readers.kineto.window import Chunk
from genscope.analyze.readers.nesting_limit import nesting_limit

# reading such a long event would take many times its size in memory, and no profiler writes one
GIANT_BYTES = 8 << 20

# 'rank3', 'rank_3', 'rank-3', 'rank3of8', 'r3of8', and SGLang's 'TP-3'. A size, as in 'tp8' or 'ddp4',
# isn't a rank, nor is a local rank or a LoRA rank.
_RANK_IN_NAME = re.compile(
    r"(?<![a-z0-9])(?<!local[-_ .])(?<!lora[-_ .])(?:rank[-_ ]?(\d{1,6})(?:[-_ ]?of[-_ ]?\d+)?|r(\d{1,6})of\d+)"
    r"(?![a-z0-9])|(?-i:-TP-(\d{1,6})(?=\.trace\.json|-))",
    re.IGNORECASE,
)


@dataclass
class KinetoFile:
    """A file's header keys, and what happened while it was read."""

    keys: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    unread: Counter[str] = field(default_factory=Counter)
    arguments: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    skipped: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    fault_counts: Counter[str] = field(default_factory=Counter)
    text_bytes: int = 0
    digest: str = ""

    def add(self, report: ChunkReport) -> None:
        self.unread.update(report.unread)
        self.arguments.update(report.arguments)
        self.repaired += report.repaired
        self.skipped += report.skipped
        for fault in report.faults:
            self.note(fault)

    def note(self, fault: Fault) -> None:
        """Count a fault and keep the first one of its kind."""
        self.fault_counts[fault.kind] += 1
        if fault.offset < self.faults.setdefault(fault.kind, fault).offset:
            self.faults[fault.kind] = fault


def read(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    *,
    keep: Iterable[str] = (),
    workers: int = 2,
    progress: Callable[[int], None] | None = None,
) -> KinetoFile:
    """Parse the events of `path` into Parquet files in `folder`, with `workers` threads.

    `keep` may hold 'python' (python_function events), 'flow' (arrows) and 'args' (the text of every
    event's arguments). `progress` gets the bytes read so far. Raises UserError if it isn't a trace.
    """
    result = KinetoFile()
    with nesting_limit(path), TextSource(path) as source:
        splitter = Splitter(source, str(path))
        _load_all(
            splitter,
            _Loaders(folder, frozenset(keep)),
            result,
            workers=workers,
            progress=progress or (lambda _bytes: None),
        )
        result.text_bytes = source.text_bytes
        read_keys(splitter, source, result)
    result.digest = source.digest()
    # staging needs the memory
    pyarrow.default_memory_pool().release_unused()
    # DuckDB would read brackets in the folder's name as a glob
    escaped = glob.escape(str(folder))
    con.read_parquet(f"{escaped}/events-*.parquet").create_view("kineto_chunk")
    con.read_parquet(f"{escaped}/texts-*.parquet").create_view("kineto_chunk_text")
    return result


def rank_of(path: Path, info: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Rank and world size from the trace, or else the rank from the file's name if it has only one."""
    rank, size = _whole(info.get("rank")), _whole(info.get("world_size"))
    if rank is None:
        named = {int(max(match.groups(""))) for match in _RANK_IN_NAME.finditer(path.name)}
        rank = named.pop() if len(named) == 1 else None
        if rank is not None and size is not None and rank >= size:
            rank = None
    return rank, size


def _whole(value: object) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and -(1 << 31) <= value < 1 << 31 else None  # type: ignore[operator,return-value]


def chunks_of(splitter: Splitter, result: KinetoFile) -> Iterator[tuple[Chunk, bool]]:
    """Chunks, and whether the text is cut off after each; includes another writer's events in the tail."""
    previous: Chunk | None = None
    for chunk in splitter:
        for part in _without_giants(chunk, result):
            if previous is not None:
                yield previous, False
            previous = part
    if previous is not None:
        yield previous, not splitter.ended
    keys = parse_tail(splitter.tail)
    if b'"ph"' in splitter.tail if keys is None else "traceEvents" in keys:
        result.note(Fault("mixed_writers", splitter.tail_offset, ""))
        yield Chunk.of(splitter.tail_offset, splitter.tail), True


def _without_giants(chunk: Chunk, result: KinetoFile) -> Iterator[Chunk]:
    """The chunk in parts, without events over GIANT_BYTES, which are reported as faults."""
    if chunk.size <= GIANT_BYTES:
        yield chunk
        return
    start, text = 0, chunk.text
    for begin, end in pairwise(edges_of(text)):
        if end - begin > GIANT_BYTES:
            yield Chunk.of(chunk.offset + start, text[start:begin])
            giant = example_of(text[begin:end])
            result.note(Fault("unreadable_event", chunk.offset + begin, giant))
            result.skipped += 1
            start = end
    yield Chunk.of(chunk.offset + start, text[start:]) if start else chunk


class _Loaders:
    """One loader per thread."""

    def __init__(self, folder: Path, keep: frozenset[str]) -> None:
        self._folder = folder
        self._keep = keep
        self._numbers = TextNumbers()
        self._own = local()
        self._made: list[ChunkLoader] = []
        self.mine()

    def mine(self) -> ChunkLoader:
        """The loader of the calling thread."""
        if not hasattr(self._own, "loader"):
            self._own.loader = ChunkLoader(
                self._folder, str(get_ident()), keep=self._keep, numbers=self._numbers
            )
            self._made.append(self._own.loader)
        loader: ChunkLoader = self._own.loader
        return loader

    def close(self) -> None:
        """Finish the files of all loaders."""
        for loader in self._made:
            loader.close()


def _load_all(
    splitter: Splitter,
    loaders: _Loaders,
    result: KinetoFile,
    *,
    workers: int,
    progress: Callable[[int], None],
) -> None:
    """Load chunks on `workers` threads, with at most one chunk waiting."""
    room = BoundedSemaphore(workers + 1)
    waiting: list[Future[ChunkReport]] = []

    def load(chunk: Chunk, at_cut: bool) -> ChunkReport:
        try:
            return loaders.mine().load(chunk, at_cut=at_cut)
        finally:
            splitter.reuse(chunk)
            room.release()

    with closing(loaders), ThreadPoolExecutor(workers, thread_name_prefix="chunk") as pool:
        for chunk, at_cut in chunks_of(splitter, result):
            room.acquire()
            waiting.append(pool.submit(load, chunk, at_cut))
            progress(chunk.offset + chunk.size)
            while waiting and waiting[0].done():
                result.add(waiting.pop(0).result())
    for done in waiting:
        result.add(done.result())


def read_keys(splitter: Splitter, source: TextSource, result: KinetoFile) -> None:
    """Fill in the file's header keys, and whether the file is complete."""
    header = b"" if splitter.is_list else splitter.header + b"]}"
    tail = parse_tail(splitter.tail)
    for text, offset in ((header, 0), (b"{" + splitter.tail.strip().removeprefix(b","), 0)):
        if text.strip(b"{} \t\r\n\0"):
            _take_keys(text, offset or splitter.tail_offset * (text is not header), result)
    if tail is None and "mixed_writers" not in result.fault_counts:
        result.note(Fault("broken_tail", splitter.tail_offset, ""))
    closed = splitter.is_list or splitter.tail.rstrip(b" \t\r\n\0").endswith(b"}")
    if source.cut is not None or not splitter.ended or not closed:
        result.complete = False
        why = source.cut or "the text stops before its end"
        result.note(Fault("truncated", source.text_bytes, why))
    if "mixed_writers" in result.fault_counts:
        result.complete = False


def _take_keys(text: bytes, offset: int, result: KinetoFile) -> None:
    try:
        keys = json.loads(text.lstrip(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        repaired = repair_events(text, offset, trusted=True)
        first = repaired.pieces[0].text if repaired.pieces else b"{}"
        keys = json.loads(b"[" + first + b"]")[0]
        for fault in repaired.faults:
            result.note(Fault("broken_header", offset, fault.kind))
    if isinstance(keys, dict):
        keys.pop("traceEvents", None)
        result.keys.update(keys)
