"""Make a big trace out of a real one: its events again and again, later each time.

At text level, so that everything a parser meets is as the profiler wrote it. Times move by the span
of the original, ids by a fixed step, so that no two events are the same.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

_ID_STEP = 10_000_000
_TIME = re.compile(rb'("ts": )(\d+)')
_ID = re.compile(rb'("(?:External id|correlation|id|Python id|Python parent id)": )(\d+)')
_STACK_OR_FLOW = re.compile(
    rb'\n  \{\n    "ph": "(?:[sf]", "id"|X", "cat": "python_function")[^\n]*\n(?:    [^\n]*\n)*?  \},'
)


def make(source: Path, out: Path, size: int, *, stripped: bool = False) -> Path:
    """Write about `size` bytes of text laid out as Kineto does, made of `source` (.json.gz).

    `stripped` leaves Python frames and flow arrows out. An `out` ending in .gz is packed.
    """
    text = gzip.decompress(source.read_bytes())
    start = text.index(b'"traceEvents": [') + len(b'"traceEvents": [')
    end = text.rindex(b"\n  ]")
    events = text[start:end].rstrip() + b","
    if stripped:
        events = _STACK_OR_FLOW.sub(b"", events)
    times = [int(match[2]) for match in _TIME.finditer(events)]
    step = max(times) - min(times) + 1000
    with gzip.open(out, "wb", 1) if out.suffix == ".gz" else out.open("wb") as file:
        written = file.write(text[:start])
        copy = 0
        while written < size:
            written += file.write(b"" if not copy else b",")
            written += file.write(_moved(events, copy, step)[:-1])
            copy += 1
        file.write(b"\n" + text[end:])
    return out


def _moved(events: bytes, copy: int, step: int) -> bytes:
    later, ids = copy * step, copy * _ID_STEP
    events = _TIME.sub(lambda match: b"%s%d" % (match[1], int(match[2]) + later), events)
    return _ID.sub(lambda match: b"%s%d" % (match[1], int(match[2]) + ids), events)
