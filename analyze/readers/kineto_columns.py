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

# args that are known and left out: they repeat other columns or can be worked out from them
LEFT_OUT: frozenset[str] = frozenset(
    {
        "Ev Idx",
        "Record function id",
        "finished",
        "cbid",
        "cid",
        "queued",
        "context",
        "blocks per SM",
        "warps per SM",
        "est. achieved occupancy %",
        "memory bandwidth (GB/s)",
        "Trace name",
        "Trace iteration",
        "Profiler Event Index",
        "external ts",
        "sort_index",
        "labels",
        "name",
        "Op count",
    }
)


def json_columns(*, keep_args: bool) -> dict[str, str]:
    """Columns for DuckDB's JSON reader; with `keep_args` the args as JSON text in place of typed."""
    if keep_args:
        return {**TOP, "args": "JSON"}
    return {**TOP, "args": args_struct()}


def args_struct() -> str:
    """The DuckDB type of the typed args."""
    return "STRUCT(" + ", ".join(f'"{name}" {kind}' for name, kind in ARGS.items()) + ")"
