"""Cut the text of a trace into chunks of whole events, and keep the text before and after them.

This is hard because a key or a bracket may be inside a string, the metadata may come after the events,
and the formatting may be Kineto's, json.dumps' or a single line. A cut is safe if '[' + text + ']'
parses: JSON is read from left to right, so the text then ends between two events.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from genscope.analyze.readers.kineto.decode import decode
from genscope.analyze.readers.kineto.window import Chunk, Source, Window
from genscope.errors import UserError

CHUNK_BYTES = 4 << 20
# one event, or all of the header or the tail, must fit in this
LIMIT_BYTES = 96 << 20
_HEADER_STEP = 1 << 20
# a cut may be inside a nested list or a string; try this many before the chunk counts as faulty
_GUESSES = 8
# in a layout of lines, allow events of this many chunks
_PATIENCE = 4

_FIRST = re.compile(rb"[^\xef\xbb\xbf \t\r\n\0]|\Z")
_EVENTS_KEY = re.compile(rb'"traceEvents"\s*:\s*\[')
_LINES = re.compile(rb"[ \t\r\n]*?(\r?\n)( *)\{\r?\n( +)\"")
_BETWEEN = re.compile(rb"\}(?=\s*,\s*\{)")
_TAIL_START = re.compile(rb"\s*(?:,\s*\"|\}\s*$)")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")


class Splitter:
    """Iterate over it for the chunks; then `header`, `tail` and `ended` are set.

    `header` and `tail` are the raw text before and after the array of events; `ended` is false if
    the text stopped inside the array. `is_list` says that the root is the array itself.
    """

    chunk_bytes = CHUNK_BYTES

    def __init__(self, source: Source, name: str) -> None:
        self.header = b""
        self.tail = b""
        self.tail_offset = 0
        self.ended = False
        self.is_list = False
        self._name = name
        self._size = self.chunk_bytes
        self._window = Window(source, self._size)
        self._boundary = self._usual = b""
        self._ends: tuple[bytes, ...] = ()

    def __iter__(self) -> Iterator[Chunk]:
        self._read_header()
        self._window.fill(4096)
        layout = _LINES.match(self._window.copy()[:4096])
        if layout:
            inner, deeper = len(layout[2]), len(layout[3])
            indent = layout[1] + layout[2]
            self._boundary = indent + b"}," + indent + b"{"
            self._usual = self._boundary + layout[1] + b'    "ph"'
            outer = max(inner - (deeper - inner), 0)
            self._ends = (b"\n" + b" " * outer + b"]", b"\n" + layout[2] + b"]")
        yield from self._by_lines() if layout else self._by_proof()

    def reuse(self, chunk: Chunk) -> None:
        """Read more text into the chunk's buffer, which nothing else may use from now on."""
        self._window.reuse(chunk)

    def _read_header(self) -> None:
        searched = 0
        while True:
            more = self._window.fill(_HEADER_STEP)
            first = next(self._window.matches(_FIRST))
            if first[0] and first[0] not in b"{[":
                raise UserError(
                    f"{self._name}: the file starts with {first[0].decode('latin-1')!r}, so it is not a trace in JSON; "
                    "name the file that the profiler wrote"
                )
            if first[0] == b"[":
                self.is_list = True
                return self._take_header(first.end())
            for match in self._window.matches(_EVENTS_KEY, max(searched - 64, 0)):
                if _is_header(self._window.copy(0, match.end())):
                    return self._take_header(match.end())
            searched = self._window.size
            if not more or searched > LIMIT_BYTES - _HEADER_STEP:
                break
        key = next(self._window.matches(_EVENTS_KEY), None)
        if key is None:
            raise UserError(
                f"{self._name}: the JSON has no 'traceEvents', so it is not a Chrome trace; "
                "name the file that the profiler wrote"
            )
        return self._take_header(key.end())

    def _take_header(self, end: int) -> None:
        self.header = self._window.copy(0, end)
        self._window.advance(end)

    def _by_lines(self) -> Iterator[Chunk]:
        searched = 0
        while True:
            more = self._window.fill(self._size)
            # the beginning of the last object must be there too
            unseen = len(self._usual) - len(self._boundary)
            cut = self._window.rfind(self._boundary, self._window.size - unseen)
            # if it is an event as Kineto writes it, the end comes after it
            is_usual = cut >= 0 and self._window.starts_with(self._usual, cut)
            end = self._find_end(cut if is_usual else max(searched - 64, 0))
            if end is not None:
                yield self._finish(end, self._window.find(b"]", end))
                return
            searched = self._window.size
            if not more:
                yield self._at_end_of_file()
                return
            if cut < 0 and searched > _PATIENCE * self._size:
                # the layout has changed
                yield from self._by_proof()
                return
            if cut < 0:
                self._window.fill(2 * searched)
                continue
            yield self._cut_at(cut + self._boundary.index(b"}") + 1)
            searched = self._window.size

    def _by_proof(self) -> Iterator[Chunk]:
        while self._window.fill(self._size):
            chunk = self._proven_cut()
            if chunk is None:
                self._refuse_endless()
                self._window.fill(min(2 * self._window.size, LIMIT_BYTES))
                continue
            yield chunk
            if self.ended:
                return
        yield self._at_end_of_file()

    def _proven_cut(self) -> Chunk | None:
        """The longest prefix that is proven to be whole events, or else an unproven one."""
        last = None
        for cut in islice(_cuts(self._window), _GUESSES):
            last = last or cut
            fault = _fault(self._window.view(cut))
            if fault is None:
                return self._cut_at(cut)
            end = _end_of_array(self._window.copy(0, cut), fault)
            if end is not None:
                return self._finish(end, end)
        return None if last is None else self._cut_at(last)

    def _cut_at(self, end: int) -> Chunk:
        return self._window.take(end, self._window.find(b",", end) + 1)

    def _at_end_of_file(self) -> Chunk:
        text = self._window.copy().rstrip()
        fault = _fault(text.removesuffix(b"]")) if self.is_list else _fault(text)
        if self.is_list and fault is None:
            self.ended = text.endswith(b"]")
            return self._window.take(len(text.removesuffix(b"]")), self._window.size)
        end = _end_of_array(text, fault) if fault else None
        if end is None:
            end = _end_before_tail(text)
        if end is None and self.is_list and text.endswith(b"]") and not _is_open(text[:-1]):
            end = len(text) - 1
        if end is not None:
            return self._finish(end, end)
        return self._window.take(len(text), self._window.size)

    def _find_end(self, start: int) -> int | None:
        return min(
            (at for e in self._ends if (at := self._window.find(e, start)) >= 0), default=None
        )

    def _finish(self, end: int, bracket: int) -> Chunk:
        """End the events at `end`, and the array at `bracket`; everything after that is the tail."""
        chunk = self._window.take(end, bracket + 1)
        self.ended = True
        self._window.fill(LIMIT_BYTES)
        self.tail, self.tail_offset = self._window.copy(), self._window.offset
        self._window.advance(self._window.size)
        return chunk

    def _refuse_endless(self) -> None:
        if self._window.size >= LIMIT_BYTES:
            raise UserError(
                f"{self._name}: the event at byte {self._window.offset} has no end within "
                f"{LIMIT_BYTES >> 20} MB; record the trace again"
            )


def parse_tail(tail: bytes) -> dict[str, Any] | None:
    """Top-level keys after the events; None if the tail is not the rest of an object."""
    rest = tail.strip(b" \t\r\n\0")
    if not rest:
        return {}
    try:
        keys = msgspec.json.decode(b"{" + rest.removeprefix(b","))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return keys if isinstance(keys, dict) else None


def _is_header(text: bytes) -> bool:
    try:
        keys = msgspec.json.decode(text.lstrip(b"\xef\xbb\xbf") + b"]}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(keys, dict) and keys.get("traceEvents") == []


def _fault(text: bytes | memoryview) -> str | None:
    """Why `text` isn't a list of whole events; None if it is."""
    try:
        msgspec.json.decode(b"".join((b"[", text, b"]")), type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return str(error)
    return None


def _end_of_array(text: bytes, fault: str) -> int | None:
    """Index of the ']' that closes the events, if `fault` says that text follows it."""
    if not (match := _TRAILING.search(fault)):
        return None
    # msgspec counts from 1, and our own '[' comes before the text
    end = text.rfind(b"]", 0, int(match[1]) - 2)
    return end if end >= 0 and _fault(text[:end]) is None else None


def _is_open(text: bytes) -> bool:
    """Whether the end of the events is missing; a comma after the last one is ignored."""
    return decode(text.rstrip(b", \t\r\n")).is_open


def _end_before_tail(text: bytes) -> int | None:
    """Index of the first ']' in a faulty text after which the rest of an object parses."""
    start = max(len(text) - (1 << 20), 0)
    for match in re.finditer(rb"\]", text[start:]):
        rest = text[start + match.end() :]
        if _TAIL_START.match(rest[:256]) and parse_tail(rest) is not None:
            end = start + match.start()
            # the list of an argument may end like this too, if the text stops after it
            return None if _is_open(text[:end]) else end
    return None


def _cuts(window: Window) -> Iterator[int]:
    """Indexes after a '}' that ',' and '{' follow, from the end of the text backwards."""
    reach = 1 << 16
    seen = window.size
    while True:
        start = max(window.size - reach, 0)
        for match in reversed([*window.matches(_BETWEEN, start)]):
            if match.end() < seen:
                yield match.end()
                seen = match.end()
        if not start:
            return
        reach *= 8
