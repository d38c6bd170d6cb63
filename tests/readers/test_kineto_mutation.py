"""Real traces with bytes flipped, cut, doubled and put in: no crash, no hang, no silent loss.

A round is made from its seed alone. A failure names the seed, a hang leaves it in build/; with
GENSCOPE_FUZZ_SEED=<seed> that round comes first. GENSCOPE_FUZZ_SECONDS is the time for all rounds.
"""

import faulthandler
import gzip
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from genscope.analyze.readers.kineto import split as kineto_split
from genscope.errors import UserError
from tests.readers.raw_events import Read, read_bytes
from tests.readers.slow_reader import Row, read_events

SECONDS = float(os.environ.get("GENSCOPE_FUZZ_SECONDS", "5"))
FIRST_SEED = int(os.environ.get("GENSCOPE_FUZZ_SEED", "20260101"))
TRACES = (
    "one-triton-kernel-a100.json.gz",
    "event-sync-multi-stream-a100.json.gz",
    "compiled-sdpa-block-mi300x.json.gz",
    "sglang-qwen3-8b-decode-mi300x.json.gz",
)
PATIENCE_SECONDS, HANG_SECONDS = 20, 120

_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])|(\})(?=\s*\{)')
JUNK = [b"\xff", b"\x00", b"NaN", b"}", b"]", b'"', b"\\", b"{", b",", b"\n  },\n  {", b"\x1f\x8b"]


@dataclass(frozen=True)
class Original:
    """A sound trace: its text, where each event stands in it, and the events' rows."""

    text: bytes
    spans: list[tuple[int, int]]
    rows: list[Row]


def _original(path: Path) -> Original:
    text = gzip.decompress(path.read_bytes())
    rows = read_events(text.decode())
    decoder, shown = json.JSONDecoder(), text.decode("latin-1")
    found = re.search(r'"traceEvents"\s*:\s*\[', shown)
    assert found
    spans, at = [], found.end()
    for _ in rows:
        start = shown.index("{", at)
        at = decoder.raw_decode(shown, start)[1]
        spans.append((start, at))
    return Original(text, spans, rows)


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
    # a comma too many, or none between events, is forgiven in silence: nothing is lost by it
    text = _COMMA.sub(lambda match: match[1] or (match[2] and b"},") or b"", text)
    try:
        rows = read_events(text.decode())
        json.loads(text, parse_constant=int)
    except Exception:
        return None
    return Counter(rows)


def _alike(a: bytes, b: bytes) -> int:
    """Bytes that both begin with."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low


def _untouched(original: Original, text: bytes) -> Counter[Row]:
    """Rows of the events before the first change and behind the last one, their neighbours aside."""
    before = _alike(original.text, text)
    after = _alike(original.text[::-1], text[::-1])
    kept = Counter[Row]()
    for (start, end), row in zip(original.spans, original.rows, strict=True):
        if end < before or start > len(original.text) - after:
            kept[row] += 1
    return kept


def _check(data: bytes, text: bytes) -> Read | None:
    """Read it; None if it was refused. What nobody declared must be as the slow reader has it."""
    start = time.process_time()
    found: Read | None = None
    try:
        found = read_bytes(data)
    except UserError as error:
        assert "\n" not in str(error)
    assert time.process_time() - start < PATIENCE_SECONDS
    if found is None or found.kinds:
        return found
    wanted = _expected(text)
    assert wanted is not None, "something is wrong with the text and nothing was declared"
    assert found.rows == wanted
    return found


def _changed(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 1, 3])):
        data = rng.choice(CHANGES)(data, rng.randrange(len(data)), rng) or data
    return data


def _round(originals: list[Original], rng: random.Random, *, packed: bool) -> None:
    original = rng.choice(originals)
    data = _changed(gzip.compress(original.text, 1, mtime=0) if packed else original.text, rng)
    try:
        text = gzip.decompress(data) if packed else data
    except Exception:
        text = b""  # what a damaged file holds is the reader's to say, and to declare
    found = _check(data, text)
    if packed:
        return
    if found is None:
        first = _alike(original.text, text)
        assert first <= original.spans[0][0], "refused for what is wrong with one event"
        return
    assert not _untouched(original, text) - found.rows, "events away from the change were lost"


@pytest.mark.parametrize("packed", [False, True], ids=["text", "gzip"])
def test_changed_bytes_are_read_or_declared(
    packed: bool, shared_traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = [_original(shared_traces / name) for name in TRACES]
    last = Path("build") / f"fuzz-seed-{'gzip' if packed else 'text'}.txt"
    last.parent.mkdir(exist_ok=True)
    end = time.monotonic() + SECONDS / 2
    seed = FIRST_SEED
    while time.monotonic() < end or seed < FIRST_SEED + 5:
        rng = random.Random(seed)
        monkeypatch.setattr(kineto_split.Splitter, "chunk_bytes", rng.choice([7000, 100_000]))
        # a hang ends the process: the file says where
        last.write_text(f"{seed}\n")
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            _round(originals, rng, packed=packed)
        except BaseException as error:
            error.add_note(f"the round of GENSCOPE_FUZZ_SEED={seed}")
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
        seed += 1
