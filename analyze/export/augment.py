"""Write a copy of a PyTorch trace in which each kernel says its category, component and attention kind.

The copy keeps every other event and digit as it was, so any tool that reads the trace reads the copy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from genscope.analyze.export.slices import facts_of, work_of
from genscope.analyze.readers.kineto.decode import nanoseconds
from genscope.analyze.readers.kineto.repair_file import repair
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.study import Study

PREFIX = "genscope_"
_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])
_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])
# a start in ns, a name and, for a kernel, its device and stream
_Key = tuple[int, str, str, str]


def augment(study: Study, trace_id: int, out: Path) -> int:
    """Write the augmented copy of a trace of the study to `out`, and return how many events changed.

    The arguments are named as work_fact's columns, after 'genscope_'. `out` is compressed if it ends
    in .gz. Environment variables in the header are left out. Raises UserError if the trace isn't a
    Kineto trace, has changed since it was loaded, or `out` exists.
    """
    path, facts = _source(study, trace_id), _facts(study, trace_id)
    changed = 0

    def change(events: bytes) -> bytes:
        nonlocal changed
        found = _EVENTS.decode(b"[" + events + b"]")
        written = [_with_facts(bytes(event), facts) for event in found]
        changed += sum(new is not None for new in written)
        both = zip(written, found, strict=True)
        return b",\n".join(bytes(old) if new is None else new for new, old in both)

    repair(path, out, change=change)
    return changed


def _source(study: Study, trace_id: int) -> Path:
    """The file that the trace was loaded from, if it is still the same."""
    row = study.traces().row(by_predicate=_is(trace_id), named=True)
    path = Path(row["path"])
    if row["format"] != "kineto":
        raise UserError(f"{path}: only a Kineto trace (.json, .json.gz) can be augmented")
    if not path.is_file():
        raise UserError(f"{path}: the file has gone, so there is nothing to copy")
    if path.stat().st_size != row["size_bytes"]:
        raise UserError(f"{path}: the file has changed since it was loaded; ingest it again")
    return path


def _is(trace_id: int) -> Any:
    import polars as pl

    return pl.col("trace_id") == trace_id


def _facts(study: Study, trace_id: int) -> dict[_Key, bytes]:
    """What to add to the arguments of each event, as the inner part of a JSON object."""
    return {
        _key(row): msgspec.json.encode(
            {PREFIX + name: value for name, value in facts_of(row).items()}
        )[1:-1]
        for row in work_of(study, trace_id).iter_rows(named=True)
    }


def _key(row: dict[str, Any]) -> _Key:
    if row["time_source"] == "gpu":
        return row["start_ns"], row["name"], str(row["device_id"]), str(row["stream_id"])
    return row["start_ns"], row["name"], "", ""


def _with_facts(event: bytes, facts: dict[_Key, bytes]) -> bytes | None:
    """The event with more arguments, or None if nothing is known of it."""
    is_kernel = b'"kernel"' in event
    if not is_kernel and b'"cpu_op"' not in event:
        return None
    values = _RAW.decode(event)
    args = _RAW.decode(values.get("args", msgspec.Raw(b"{}")))
    # from the text, because a float would lose the last digits
    start = nanoseconds(bytes(values.get("ts", b"")).decode().strip('"'))
    name = _plain(values.get("name"))
    if start is None or not isinstance(name, str):
        return None
    device = _text(args.get("device", values.get("pid"))) if is_kernel else ""
    stream = _text(args.get("stream", values.get("tid"))) if is_kernel else ""
    more = facts.get((start, name, device, stream))
    if more is None:
        return None
    inside = msgspec.json.encode(args)[1:-1]
    values["args"] = msgspec.Raw(b"{" + inside + (b"," if inside else b"") + more + b"}")
    return msgspec.json.encode(values)


def _text(raw: msgspec.Raw | None) -> str:
    return str(_plain(raw))


def _plain(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)
