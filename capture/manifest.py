"""The result card of a run: what was asked for, what ran and on what device, as flat JSON next to the trace."""

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
_OF_FEW_RUNS = ("unit", "samples", "phases_profiled", "parameters_trained", "dead_work", "expected")


@dataclass(frozen=True, kw_only=True)
class RunManifest:
    """One run. What was asked for is known before the run, the rest after it; null means unknown.

    `steps_full` and `component_steps_full` let a query scale profiled time to a whole request;
    `component_steps_profiled` are the calls the trace holds. `wall_ns` is the median time of the same request without labels
    or profiler. `dead_work` are the operators of a dry run, by External id, whose results nothing reads, with the part of each.
    `samples` is how many samples one `unit` (a batch, a turn) holds. `parameters` counts the weights each component reads; `parameters_total` counts every weight once.
    """

    model: str
    variant: str | None = None
    family: str | None = None
    attention: str | None = None
    profiler: str = "torch"
    predicted: bool = False
    size: str | None = None
    dtype: str | None = None
    batch: int | None = None
    device_asked: str
    asked: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    command: str = ""
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
    unit: str | None = None
    samples: int | None = None
    phases_profiled: dict[str, int] = field(default_factory=dict)
    parameters_trained: int | None = None
    dead_work: list[dict[str, Any]] | None = None
    expected: list[dict[str, Any]] | None = None

    def completed(self, facts: dict[str, Any]) -> RunManifest:
        """The same card with what the run found out."""
        return dataclasses.replace(self, **facts)


def card(**asked: Any) -> RunManifest:
    """The card of a run that is about to start: the given fields, the command line and the versions in use."""
    from genscope.capture.environment import versions

    return RunManifest(command=command_line(), versions=versions(), **asked)


def write(manifest: RunManifest, folder: Path) -> None:
    """Write manifest.json into the run folder."""
    fields = dataclasses.asdict(manifest)
    # only a run that trains, or expects something, has these
    kept = {k: v for k, v in fields.items() if k not in _OF_FEW_RUNS or v not in (None, {})}
    text = json.dumps(kept, indent=1) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read(folder: Path) -> RunManifest:
    """The card of a run folder. Raises CaptureError if it is missing, damaged or has another schema."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CaptureError(
            f"{folder} is not a run folder: it holds no {FILE}; pass one that 'genscope capture' wrote"
        ) from error
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path} can't be read ({error}); capture the run again.") from error
    schema = found.get("genscope_schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise CaptureError(
            f"{path} has schema {schema!r}, which this version of genscope doesn't read (it reads {SCHEMA}); "
            "capture the run again."
        )
    names = {part.name for part in dataclasses.fields(RunManifest)}
    return RunManifest(**{key: value for key, value in found.items() if key in names})


def command_line() -> str:
    """The command that made the run; the program is named without its directory."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
