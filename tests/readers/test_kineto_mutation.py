"""Real traces with bytes flipped, cut, doubled and put in: no crash, no hang, no silent loss.

Seeded. GENSCOPE_FUZZ_SECONDS sets how long it runs (a few seconds here, a minute or more by hand).
"""

import gzip
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from analyze.errors import UserError
from analyze.readers import kineto_split
from tests.readers.raw_events import Read, read_bytes
from tests.readers.slow_reader import Row, read_events

SECONDS = float(os.environ.get("GENSCOPE_FUZZ_SECONDS", "6"))
TRACES = ("one-triton-kernel-a100.json.gz", "event-sync-multi-stream-a100.json.gz")
LONGER = ("compiled-sdpa-block-mi300x.json.gz", "sglang-qwen3-8b-decode-mi300x.json.gz")
PATIENCE_SECONDS = 20

_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
JUNK = [b"\xff", b"\x00", b"NaN", b"}", b"]", b'"', b"\\", b"{", b",", b"\n  },\n  {", b"\x1f\x8b"]


def _flip(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _cut_out(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + data[at + rng.choice([1, 2, 30, 400]) :]


def _double(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[: at + rng.choice([1, 30, 400])] + data[at:]


def _put_in(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + rng.choice(JUNK) + data[at:]


def _stop(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at]


CHANGES: list[Callable[[bytes, int, random.Random], bytes]] = [
    _flip,
    _cut_out,
    _double,
    _put_in,
    _stop,
]


def _expected(text: bytes) -> Counter[Row] | None:
    """Rows of text that is a sound trace; None if something about it must be declared."""
    # a comma too many is forgiven in silence: nothing is lost by it
    text = _COMMA.sub(lambda match: match[1] or b"", text)
    try:
        rows = read_events(text.decode())
        json.loads(text, parse_constant=int)
    except Exception:
        return None
    return Counter(rows)


def _check(data: bytes, text: bytes) -> None:
    start = time.monotonic()
    found: Read | None = None
    try:
        found = read_bytes(data)
    except UserError as error:
        assert "\n" not in str(error)
    assert time.monotonic() - start < PATIENCE_SECONDS
    if found is None or found.kinds:
        return
    wanted = _expected(text)
    assert wanted is not None, "something is wrong with the text and nothing was declared"
    assert found.rows == wanted


@pytest.mark.parametrize("packed", [False, True], ids=["text", "gzip"])
def test_changed_bytes_are_read_or_declared(
    packed: bool, shared_traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kineto_split.Splitter, "chunk_bytes", 7000)
    names = TRACES if SECONDS < 60 else TRACES + LONGER
    texts = [gzip.decompress((shared_traces / name).read_bytes()) for name in names]
    rng = random.Random(20260101)
    end = time.monotonic() + SECONDS / 2
    rounds = 0
    while time.monotonic() < end or rounds < 5:
        text = rng.choice(texts)
        data = gzip.compress(text, 1) if packed else text
        for _ in range(rng.choice([1, 1, 3])):
            data = rng.choice(CHANGES)(data, rng.randrange(len(data)), rng) or data
        try:
            unpacked = gzip.decompress(data) if packed else data
        except Exception:
            unpacked = b""
        try:
            _check(data, unpacked)
        except BaseException:
            Path("build").mkdir(exist_ok=True)
            Path("build/mutation.json").write_bytes(data)
            raise
        rounds += 1
