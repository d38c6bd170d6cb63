"""Calls of operators without running them, as events of a trace, and what SQL says of their signatures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from capture_traces import Event

import genscope
from genscope.analyze.study import Study
from genscope.capture import trace_writer
from genscope.capture.dry.event import arguments, shapes_of
from tests.loads import loads_for


def meta(*shape: int, dtype: torch.dtype = torch.float16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def event(func: Any, *args: Any, **kwargs: Any) -> Event:
    return {"name": func._schema.name, "args": shapes_of(arguments(func, args, kwargs))}


def signature(each: Event) -> str:
    given = (each["args"][name] for name in ("Input Dims", "Input type", "Concrete Inputs"))
    return json.dumps([each["name"], *given])


@contextmanager
def study_of(events: Iterable[Event], folder: Path) -> Iterator[Study]:
    """A study of a trace with these operators."""
    rows = [
        {"ph": "X", "cat": "cpu_op", "pid": 1, "tid": 1, "ts": 10 * n, "dur": 5, **each}
        for n, each in enumerate(events)
    ]
    path = folder / "signatures.json.gz"
    trace_writer.write(path, {"schemaVersion": 1}, rows)
    wanted = loads_for("signature_cost", "costed_operator")
    with wanted, genscope.open(folder / "study.duckdb") as study:
        study.ingest(path)
        yield study


def costs(study: Study, column: str) -> dict[str, int | None]:
    """A column of signature_cost by signature."""
    texts = "name, input_dims, input_types, concrete_inputs"
    found = study.sql(f"SELECT {column}, {texts} FROM signature_cost").rows()
    return {json.dumps([name, *map(json.loads, given)]): cost for cost, name, *given in found}
