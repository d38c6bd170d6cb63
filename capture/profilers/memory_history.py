"""A snapshot of PyTorch's CUDA allocator with its history, from a labelled pass of its own.

Stacks cost time at every allocation, so they aren't recorded in the pass that is measured. Each allocation
is tagged with the component, step and module that run, as a JSON list of their labels.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from genscope.capture.runner import Runner, wait_for

FILE = "memory.pickle"
# the newest of them are kept; at about a kilobyte each
MAX_ENTRIES = 100_000
_TAGGED = ("component:", "step:", "module:")


class TagSink:
    """Tags allocations with the innermost component, step and module; `set_tag` sets the text of a tag."""

    def __init__(self, set_tag: Any) -> None:
        self._set_tag = set_tag
        self._open: list[str] = []

    def enter(self, label: str) -> None:
        """Open a range."""
        self._open.append(label)
        self._tag()

    def leave(self) -> None:
        """Close the innermost range."""
        self._open.pop()
        self._tag()

    def _tag(self) -> None:
        innermost = {label.partition(":")[0]: label for label in self._open}
        tags = [label for label in innermost.values() if label.startswith(_TAGGED)]
        self._set_tag(json.dumps(tags) if tags else "")


def record(run: Runner, folder: Path) -> str | None:
    """Write the snapshot of one labelled pass on a CUDA device; return why it can't be recorded, or None."""
    if run.device.type != "cuda":
        return None
    memory: Any = torch.cuda.memory
    # without tags, which newer versions have, the stacks still say where
    set_tag = getattr(memory, "_set_memory_metadata", lambda text: None)
    try:
        memory._record_memory_history("all", stacks="python", max_entries=MAX_ENTRIES)
        try:
            run.labelled(TagSink(set_tag))
            wait_for(run.device)
            memory._dump_snapshot(str(folder / FILE))
        finally:
            set_tag("")
            memory._record_memory_history(None)
    except (AttributeError, RuntimeError) as error:
        # other allocators than PyTorch's own have no history
        (folder / FILE).unlink(missing_ok=True)
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None
