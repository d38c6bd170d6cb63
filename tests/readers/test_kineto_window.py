"""Chunks that are cut from a window hold their text, however the window goes on."""

import random

import pytest

from genscope.analyze.readers.kineto.window import PADDING, Chunk, Window


class _Text:
    """A source that reads a few bytes at a time."""

    def __init__(self, text: bytes, rng: random.Random) -> None:
        self._text, self._at, self._rng = text, 0, rng

    def read_into(self, view: memoryview) -> int:
        part = self._text[self._at : self._at + min(len(view), self._rng.randint(1, 40))]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)


@pytest.mark.parametrize("seed", range(30))
def test_chunks_are_pieces_of_the_text(seed: int) -> None:
    rng = random.Random(seed)
    text = rng.randbytes(rng.choice([0, 5, 100, 5000]))
    window = Window(_Text(text, rng), 64)
    held: list[Chunk] = []
    at = 0
    while window.fill(rng.choice([1, 64, 200])) or window.size:
        assert window.offset == at
        end = rng.randint(0, window.size)
        after = rng.randint(end, window.size)
        assert window.copy() == text[at : at + window.size]
        assert window.find(window.copy(end)[:9], end) == end
        if rng.random() < 0.2:
            window.advance(after)
        else:
            held.append(window.take(end, after))
        at += after
        if len(held) > 3:
            chunk = held.pop(rng.randrange(3))
            assert chunk.text == text[chunk.offset : chunk.offset + chunk.size]
            assert len(chunk.buffer) >= chunk.size + PADDING
            # whoever uses it next overwrites it
            chunk.buffer[:] = bytes(len(chunk.buffer))
            window.reuse(chunk)
    assert at == len(text)
    assert all(chunk.text == text[chunk.offset :][: chunk.size] for chunk in held)


@pytest.mark.parametrize(
    "text", [b"", b" ", b"a", b" ,\n{}, ", b"\0" * 9000, b"{}" + b", " * 5000, b",,{ }\0"]
)
def test_bounds_leave_out_what_surrounds_events(text: bytes) -> None:
    chunk = Chunk.of(3, text)
    start, end = chunk.bounds()
    assert text[start:end] == text.strip(b" \t\r\n\0,")
    assert chunk.text == text
