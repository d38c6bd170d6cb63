"""The reader of memory snapshots as load uses it: a pickle of plain values becomes the relations memory_snapshot_*."""

from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow as pa

from genscope.analyze.readers.memory_snapshot.rows import NotASnapshotError, snapshot_rows
from genscope.analyze.readers.safe_pickle import MOST_BYTES, UnsafePickleError, loads
from genscope.errors import UserError

_HOW = "torch.cuda.memory._dump_snapshot(FILE) writes one"
_NUMBER, _TEXT = pa.int64(), pa.string()
_SCHEMAS = {
    "segment": {
        "segment_id": _NUMBER,
        "device_id": pa.int32(),
        "addr": pa.uint64(),
        "size_bytes": _NUMBER,
        "stream_id": _NUMBER,
        "kind": _TEXT,
        "is_expandable": pa.bool_(),
    },
    "block": {
        "segment_id": _NUMBER,
        "device_id": pa.int32(),
        "addr": pa.uint64(),
        "size_bytes": _NUMBER,
        "requested_bytes": _NUMBER,
        "state": _TEXT,
        "stack_id": _NUMBER,
    },
    "entry": {
        "ordinal": _NUMBER,
        "device_id": pa.int32(),
        "time_us": _NUMBER,
        "action": _TEXT,
        "addr": pa.uint64(),
        "size_bytes": _NUMBER,
        "stream_id": _NUMBER,
        "device_free_bytes": _NUMBER,
        "stack_id": _NUMBER,
    },
    "stack": {"stack_id": _NUMBER, "frames": pa.list_(_TEXT), "tag": _TEXT},
    "range": {"device_id": pa.int32(), "name": _TEXT, "start_us": _NUMBER, "end_us": _NUMBER},
    "reader_anomaly": {"kind": _TEXT, "count": _NUMBER, "example": _TEXT},
}


def read_raw(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    *,
    keep: Collection[str],
    workers: int,
) -> None:
    """Create the relations memory_snapshot_*; anything but plain values is refused. See readers.Reader."""
    if path.stat().st_size > MOST_BYTES:
        raise UserError(
            f"{path}: a snapshot of more than {MOST_BYTES >> 30} GiB isn't read; record fewer entries "
            "(max_entries of torch.cuda.memory._record_memory_history)"
        )
    try:
        rows = snapshot_rows(loads(path.read_bytes()))
    except (UnsafePickleError, NotASnapshotError) as error:
        raise UserError(f"{path}: this pickle isn't a memory snapshot: {error}; {_HOW}") from error
    odd = {"kind": "unreadable_event", "count": rows.odd_count, "example": rows.odd_example}
    for name, columns in _SCHEMAS.items():
        found = [odd] if name == "reader_anomaly" else getattr(rows, name)
        table = pa.Table.from_pylist(found, schema=pa.schema(list(columns.items())))
        con.from_arrow(table).create(f"memory_snapshot_{name}")


def check(con: duckdb.DuckDBPyConnection, path: Path, found: None) -> None:
    """Nothing is left to check."""
