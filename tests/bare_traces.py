"""One recording of a tiny model, read three times: with its labels, with module frames only, and with operators only.

The labels are the truth. What the other two say about a call must be the same, or 'unattributed'.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
from torch.profiler import ProfilerActivity, profile

from genscope.analyze.load import build
from genscope.analyze.load.attribution import attribute
from genscope.analyze.load.tables import create_schema, stored_files
from genscope.analyze.load.trace_file import find
from genscope.capture import trace_writer
from genscope.capture.label.sinks import ProfilerSink
from genscope.capture.profilers.torch_profiler import quiet
from genscope.capture.runner import Runner

LABELS = ("component", "step", "module", "attention")
# what is left of a trace of somebody else: with_stack=True records module frames
BARE = {"frames": LABELS, "operators": (*LABELS, "python_module")}
LENGTHS = ("query_len", "kv_len", "batch", "heads", "kv_heads", "head_dim", "dtype")


def recorded(run: Runner, folder: Path) -> Path:
    """The database of one labelled pass on a CPU, with shapes and module frames."""
    quiet()
    path = folder / trace_writer.FILE
    with run.labelling(ProfilerSink()) as labelled:
        profiler = profile(
            activities=[ProfilerActivity.CPU],
            record_shapes=True,
            with_stack=True,
            on_trace_ready=lambda ready: trace_writer.export(ready, path),
        )
        with profiler:
            labelled()
    found = replace(find([path])[0], trace_id=1, digest="0")
    return build.build_trace(found, folder / "built").path


@contextmanager
def bare(database: Path, removed: tuple[str, ...]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The trace without ranges of these kinds, attributed again; the whole one is attached as `labelled`."""
    with duckdb.connect() as con:
        create_schema(con)
        con.execute(f"ATTACH '{database}' AS labelled (READ_ONLY)")
        for table in stored_files():
            if table.is_of_traces:
                con.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM labelled.{table.name}")
        con.execute("DELETE FROM annotation WHERE list_contains(?, kind)", [list(removed)])
        attribute(con)
        yield con


def differences(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What the bare trace says about its attention calls and the labelled one says otherwise, a line each."""
    select = f"SELECT attention_kind, module, {', '.join(LENGTHS)} FROM {{}}attention_call ORDER BY call_index"
    true, found = (con.execute(select.format(origin)).fetchall() for origin in ("labelled.", ""))
    if len(true) != len(found):
        return [f"{len(found)} calls instead of {len(true)}"]
    lines = []
    for (kind, site, *lengths), (seen, module, *shape) in zip(true, found, strict=True):
        if seen not in (kind, "unattributed"):
            lines.append(f"{site}: {seen} instead of {kind} ({module}, {shape})")
        for name, expected, value in zip(LENGTHS, lengths, shape, strict=True):
            if value not in (expected, None):
                lines.append(f"{site}: {name} {value} instead of {expected}")
    return lines


def known(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Attention calls with a kind, and all."""
    row = con.execute(
        "SELECT count(*) FILTER (attention_kind <> 'unattributed'), count(*) FROM attention_call"
    ).fetchone()
    assert row
    return row[0], row[1]
