"""The result card of a run: what was asked for, what ran, on what, as flat JSON beside the trace."""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genscope.errors import CaptureError

FILE = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True)
class RunManifest:
    """One run. Known before it: what was asked for. Known after it: the rest; null means not known.

    `steps_full` and `component_steps_full` let a query scale profiled time to a whole request;
    `component_steps_profiled` are the calls the trace holds. `wall_ns` is the median time of the same request without labels
    or profiler. `parameters` counts the weights each component reads; `parameters_total` counts every weight once.
    """

    model: str
    variant: str | None
    family: str | None
    attention: str | None
    profiler: str
    predicted: bool
    size: str | None
    dtype: str | None
    batch: int | None
    device_asked: str
    asked: dict[str, Any]
    seed: int | None
    command: str
    genscope_schema: int = SCHEMA
    attention_seen: dict[str, int] = field(default_factory=dict)
    attention_labelled: dict[str, int] = field(default_factory=dict)
    attention_refused: dict[str, int] = field(default_factory=dict)
    device_name: str | None = None
    device: dict[str, Any] | None = None
    image_size: int | None = None
    frames: int | None = None
    guidance: float | None = None
    prompt_tokens: int | None = None
    steps_profiled: int | None = None
    steps_full: int | None = None
    component_steps_profiled: dict[str, int] = field(default_factory=dict)
    component_steps_full: dict[str, int] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    parameters_total: int | None = None
    wall_ns: int | None = None
    wall_ns_repeats: list[int] = field(default_factory=list)
    peak_memory_bytes: int | None = None
    versions: dict[str, str | None] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)

    def completed(self, facts: dict[str, Any]) -> RunManifest:
        """The same card with what was found out while running."""
        return dataclasses.replace(self, **facts)


def write(manifest: RunManifest, folder: Path) -> None:
    """Write manifest.json into the run folder."""
    text = json.dumps(dataclasses.asdict(manifest), indent=1) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read(folder: Path) -> RunManifest:
    """The card of a run folder. Raises CaptureError if it is missing, broken or of another schema."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CaptureError(f"found no readable {path}: {error}") from error
    schema = found.get("genscope_schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise CaptureError(
            f"found schema {schema!r} in {path}; expected {SCHEMA}: capture it again"
        )
    names = {part.name for part in dataclasses.fields(RunManifest)}
    return RunManifest(**{key: value for key, value in found.items() if key in names})


def command_line() -> str:
    """The command that made the run, without the directories of this machine."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
