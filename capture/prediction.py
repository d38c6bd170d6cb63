"""A finished dry run, timed again for another device: the same operators and labels, other times.

A dry trace is shapes; only its times belong to a device. The model does not run again, so this needs no torch.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

from genscope.capture import manifest, run_folder, trace_writer
from genscope.capture.dry.devices import Device, devices, known_device
from genscope.errors import CaptureError
from genscope.predictor import timed


def predict(run: Path, device: str, out: Path) -> Path:
    """Write the run of a dry capture as predicted for `device` into a folder under `out`, and return it.

    A finished run of the same settings is kept. Raises CaptureError if the run isn't a dry capture or the device is unknown.
    """
    card = manifest.read(run)
    if not card.predicted:
        raise CaptureError(
            f"{run} was measured on {card.device_name}; only a dry capture can be predicted for another device."
        )
    known = devices()
    if device not in known:
        raise CaptureError(f"{device!r} is not a device of genscope; it knows {', '.join(known)}.")
    if "cpu" in (device, card.device_asked):
        raise CaptureError(
            "A GPU and a CPU run other operators; capture again with --profiler dry --device "
            + device
        )
    asked = {**card.asked, "device": device}
    # the folder's name is that of the run, with the other device in it
    parts = run.resolve().name.split("-")
    stem = run_folder.stem_of(*parts[:2], device, "dry")
    found = run_folder.find_folder(out, stem, asked)
    if found.finished:
        return found.path
    target = known[device]
    head, events = _read(run / trace_writer.FILE)
    head["genscope"] = trace_writer.stamp("dry", predicted=True, device=target.name)
    with run_folder.unfinished(found.path) as partial:
        new = dataclasses.replace(
            card,
            asked=asked,
            device_asked=device,
            device_name=target.name,
            device=target.card(),
            assumptions=_assumptions(card, target),
            command=manifest.command_line(),
        )
        manifest.write(new, partial)
        trace_writer.write(
            partial / trace_writer.FILE,
            head,
            timed(events, device_name=target.name, dtype=card.dtype),
        )
    return found.path


def _assumptions(card: manifest.RunManifest, target: Device) -> list[str]:
    """The run's assumptions, with those of the other device."""
    before = known_device(card.device_name or "")
    old = before.assumptions() if before else []
    return [*(one for one in card.assumptions if one not in old), *target.assumptions()]


def _read(path: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
    """A dry trace's head, and its events."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            trace = json.load(file)
        return trace, trace.pop("traceEvents")
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise CaptureError(f"{path} can't be read ({error}); capture the run again.") from error
