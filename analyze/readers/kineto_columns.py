"""What is read of an event: the typed columns of the raw layer, and the spellings they had.

Each column costs parsing time on every event, so the list is lean. Kineto has renamed keys over the
years, and DuckDB's STRUCT fields are blind to case while JSON keys are not, so old spellings are
renamed in the text before it is parsed.
"""

TOP: dict[str, str] = {
    "ph": "VARCHAR",
    "cat": "VARCHAR",
    "name": "VARCHAR",
    "pid": "VARCHAR",
    "tid": "VARCHAR",
    "ts": "DOUBLE",
    "dur": "DOUBLE",
    # exact integers, put there where a double can't hold the text
    "ts_ns": "BIGINT",
    "dur_ns": "BIGINT",
}

ARGS: dict[str, str] = {
    "External id": "BIGINT",
    "correlation": "BIGINT",
    "device": "BIGINT",
    "stream": "BIGINT",
    "kind": "VARCHAR",
    "bytes": "BIGINT",
    "grid": "VARCHAR",
    "block": "VARCHAR",
    "registers per thread": "BIGINT",
    "shared memory": "BIGINT",
    "graph id": "BIGINT",
    "graph node id": "BIGINT",
    "Input Dims": "VARCHAR",
    "Input type": "VARCHAR",
    "Input Strides": "VARCHAR",
    "Concrete Inputs": "VARCHAR",
    "Sequence number": "BIGINT",
    "Fwd thread id": "BIGINT",
    "Python id": "BIGINT",
    "Python parent id": "BIGINT",
    "Python module id": "BIGINT",
    "Total Reserved": "BIGINT",
    "Total Allocated": "BIGINT",
    "Memory bytes": "BIGINT",
    "Addr": "UBIGINT",
    "Device Id": "BIGINT",
    "Device Type": "BIGINT",
}

# old spelling -> the one above; "Bytes" of a [memory] event would clash with "bytes" of a copy
RENAMED: dict[str, str] = {
    "external id": "External id",
    "Input dims": "Input Dims",
    "Bytes": "Memory bytes",
}


def json_columns() -> dict[str, str]:
    """Columns for DuckDB's JSON reader."""
    args = ", ".join(f'"{name}" {kind}' for name, kind in ARGS.items())
    return {**TOP, "args": f"STRUCT({args})"}
