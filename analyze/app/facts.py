"""What a click in the timeline shows: facts of a slice, in the order in which one asks for them."""

from __future__ import annotations

from typing import Any

from genscope.analyze.app.timeline_index import Timeline
from genscope.analyze.predicted import NO_GAPS, mark
from genscope.analyze.printable import printable
from genscope.errors import UserError

_HOST = ("operator", "call", "range")


def facts_of(timeline: Timeline, kind: str, ref: int) -> dict[str, Any]:
    """The facts of one slice: of device work, of a copy, or of an operator, call or range.

    `marked` is what stands next to a predicted length, None if it was measured. `kind` is the line's, see
    timeline_slices.KINDS. Raises UserError for an unknown slice.
    """
    if kind in _HOST:
        rows = timeline.asked("host_facts", of_kind=kind, of_id=ref)
    elif kind == "copy":
        rows = timeline.asked("copy_facts", of_copy=ref)
    else:
        rows = timeline.asked("work_facts", of_work=ref)
    if not rows:
        raise UserError(f"the trace has no {kind} with the number {ref}")
    found = rows[0]
    for key in ("start_ns", "call_start_ns"):
        if found.get(key) is not None:
            found[key] -= timeline.base_ns
    marked = mark(found)
    found["marked"] = f"{marked}, {NO_GAPS}" if marked else None
    return {key: printable(v) if isinstance(v, str) else v for key, v in found.items()}
