"""A part of a trace's text in a buffer, and the chunks of events that are cut from it.

A chunk takes over the buffer that its text was read into, and is scanned there: to copy a text takes a
third of the time of a scan.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from genscope.analyze.readers.kineto.repair_events import AROUND

# a scan puts zero bytes after its text for as long as it runs
PADDING = 64
_FIRST_BYTES = 256 << 10
_EDGE = re.compile(b"[" + AROUND + b"]*")


class Source(Protocol):
    """Where the text comes from; 0 bytes are its end."""

    def read_into(self, view: memoryview) -> int: ...


@dataclass(frozen=True)
class Chunk:
    """Whole events, separated by commas, and their offset in the uncompressed text.

    They are the first `size` bytes of the buffer, after which there are PADDING more.
    """

    offset: int
    buffer: bytearray
    size: int

    @classmethod
    def of(cls, offset: int, text: bytes) -> "Chunk":
        """A chunk with a copy of the text."""
        return cls(offset, bytearray(text + bytes(PADDING)), len(text))

    @property
    def text(self) -> bytes:
        """A copy of the text."""
        return bytes(memoryview(self.buffer)[: self.size])

    def bounds(self) -> tuple[int, int]:
        """Where the text begins and ends without what may surround an event."""
        start = _EDGE.match(self.buffer, 0, self.size).end()  # type: ignore[union-attr]
        end = self.size
        while end > start and self.buffer[end - 1] in AROUND:
            last = self.buffer[max(end - 4096, start) : end]
            end += len(last.rstrip(AROUND)) - len(last)
        return start, end


class Window:
    """The text from `offset` on, of which `size` bytes are read, in a buffer for `usual` bytes or more."""

    def __init__(self, source: Source, usual: int) -> None:
        self.offset = 0
        self.size = 0
        self._source = source
        self._usual = usual + PADDING
        self._spare: list[bytearray] = []
        self._is_at_end = False
        # a small trace fits into less
        self._buffer = bytearray(min(self._usual, _FIRST_BYTES))

    def fill(self, size: int) -> bool:
        """Read until it holds more than before and at least `size`; False at the end of the text."""
        size = max(size, self.size + 1)
        while self.size < size and not self._is_at_end:
            room = len(self._buffer) - PADDING
            if self.size == room:
                self._move_to(self._buffer_for(2 * room), 0)
                continue
            with memoryview(self._buffer) as view:
                count = self._source.read_into(view[self.size : room])
            self._is_at_end = count == 0
            self.size += count
        return not self._is_at_end

    def take(self, end: int, after: int) -> Chunk:
        """The text before `end` as a chunk; the window then begins at `after`."""
        chunk = Chunk(self.offset, self._buffer, end)
        self._move_to(self._buffer_for(self.size - after), after)
        return chunk

    def reuse(self, chunk: Chunk) -> None:
        """Read more text into the chunk's buffer, which nothing else may use from now on."""
        if len(chunk.buffer) == self._usual:
            self._spare.append(chunk.buffer)

    def advance(self, count: int) -> None:
        """Begin that many bytes later."""
        self._move_to(self._buffer, count)

    def copy(self, start: int = 0, end: int | None = None) -> bytes:
        """The text between two places."""
        return bytes(memoryview(self._buffer)[start : self.size if end is None else end])

    def view(self, end: int) -> memoryview:
        """The text before a place; use it before the window changes."""
        return memoryview(self._buffer)[:end]

    def find(self, text: bytes, start: int = 0) -> int:
        """As bytes.find."""
        return self._buffer.find(text, start, self.size)

    def rfind(self, text: bytes, end: int) -> int:
        """As bytes.rfind."""
        return self._buffer.rfind(text, 0, max(end, 0))

    def starts_with(self, text: bytes, start: int) -> bool:
        """As bytes.startswith."""
        return self._buffer.startswith(text, start, self.size)

    def matches(self, pattern: re.Pattern[bytes], start: int = 0) -> Iterator[re.Match[bytes]]:
        """As Pattern.finditer; use them before the window changes."""
        return pattern.finditer(self._buffer, start, self.size)

    def _buffer_for(self, size: int) -> bytearray:
        needed = max(size + PADDING, 0 if self._is_at_end else self._usual)
        return self._spare.pop() if self._spare and needed == self._usual else bytearray(needed)

    def _move_to(self, buffer: bytearray, start: int) -> None:
        rest = self.size - start
        with memoryview(self._buffer) as old, memoryview(buffer) as new:
            new[:rest] = old[start : self.size]
        self._buffer = buffer
        self.offset += start
        self.size = rest
