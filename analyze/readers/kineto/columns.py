"""The typed columns that are read from an event, and the spellings that their keys have had.

Each column costs time on every event, so the list is short. Kineto has renamed keys over the years.
"""

from collections.abc import Iterable
from functools import cache
from itertools import count
from random import Random

import numpy as np
import pyarrow as pa

from genscope.analyze.readers.kineto import plain_parquet
from genscope.analyze.readers.kineto.scan import (
    ARGUMENTS,
    INTEGER,
    TEXT,
    TIME,
    UNSIGNED,
    Ints,
    Keys,
)

# keep the first three in this order: the scan recognizes frames and arrows by them
TOP: dict[str, int] = {
    "ph": TEXT,
    "cat": TEXT,
    "name": TEXT,
    "pid": TEXT,
    "tid": TEXT,
    "ts": TIME,
    "dur": TIME,
}

ARGS: dict[str, int] = {
    "External id": INTEGER,
    "correlation": INTEGER,
    "device": INTEGER,
    "stream": INTEGER,
    "kind": TEXT,
    "bytes": INTEGER,
    "grid": TEXT,
    "block": TEXT,
    "registers per thread": INTEGER,
    "shared memory": INTEGER,
    "graph id": INTEGER,
    "graph node id": INTEGER,
    "Input Dims": TEXT,
    "Input type": TEXT,
    "Input Strides": TEXT,
    "Concrete Inputs": TEXT,
    "Sequence number": INTEGER,
    "Fwd thread id": INTEGER,
    "Python id": INTEGER,
    "Python parent id": INTEGER,
    "Python module id": INTEGER,
    "Total Reserved": INTEGER,
    "Total Allocated": INTEGER,
    "Bytes": INTEGER,
    "Addr": UNSIGNED,
    "Device Id": INTEGER,
    "Device Type": INTEGER,
    "labels": TEXT,
    "process_name": TEXT,
    # ROCm writes the kernel into its call, which is all that is known of one captured into a graph
    "kernel": TEXT,
    # numbers that few kernels differ in are cheaper as texts
    "est. achieved occupancy %": TEXT,
    "blocks per SM": TEXT,
    "warps per SM": TEXT,
    "priority": TEXT,
    "context": TEXT,
    "channel": TEXT,
    # PyTorch's second GPU profiler, Cuspy: copies, and kernels of a graph
    "copy kind": TEXT,
    "src kind": TEXT,
    "dst kind": TEXT,
    "original_stream": TEXT,
    "annotation": TEXT,
    "fqn": TEXT,
    "str": TEXT,
    # only collectives have these, and as texts they cost the other events nothing
    "Collective name": TEXT,
    "In msg nelems": TEXT,
    "Out msg nelems": TEXT,
    "dtype": TEXT,
    "Group size": TEXT,
    "Process Group Name": TEXT,
    "Process Group Ranks": TEXT,
    "Seq": TEXT,
    "Comms Id": TEXT,
}

# the key of a column whose name differs, because another column has that name; it is also the name of
# the annotation of a graph's kernel
_SPELLED = {"process_name": "name"}

# old spelling -> current spelling
RENAMED: dict[str, str] = {"external id": "External id", "Input dims": "Input Dims"}

KINDS: dict[str, int] = TOP | ARGS
TEXTS = [name for name, kind in KINDS.items() if kind == TEXT]
NUMBERS = [name for name, kind in KINDS.items() if kind != TEXT]

# events whose arguments are data under any name: samples of counters, and ranges of CUPTI's profiler; and
# those that say which stream waits for which
COUNTED = (("ph", b"C"), ("cat", b"cuda_profiler_range"), ("cat", b"cuda_sync"))

# the largest categories: events of each are written together, so that a statement that needs one skips the
# others; those with the same role are neighbours
CATEGORIES = (
    b"cpu_op",
    b"user_annotation",
    b"cuda_runtime",
    b"cuda_driver",
    b"kernel",
    b"gpu_memcpy",
    b"gpu_memset",
    b"python_function",
)

# the id of an event's set of texts
TEXT_ID = "text_id"
_LONGEST, _TABLE = 32, 512


def column_name(name: str) -> str:
    """The name of a key's column: SQL ignores case, and times are in ns."""
    if KINDS[name] == TIME:
        return f"{name}_ns"
    return "memory bytes" if name == "Bytes" else name


@cache
def event_columns() -> dict[str, plain_parquet.Kind]:
    """The raw columns of events: text_id, the numbers in the order of NUMBERS, the text of the arguments."""
    unsigned, signed = plain_parquet.UNSIGNED, plain_parquet.SIGNED
    numbers = {
        column_name(name): unsigned if KINDS[name] == UNSIGNED else signed for name in NUMBERS
    }
    return {TEXT_ID: plain_parquet.ID, **numbers, "arguments": plain_parquet.TEXT}


@cache
def text_schema() -> pa.Schema:
    """The raw columns of the sets of texts, in the order of TEXTS."""
    text = pa.dictionary(pa.int32(), pa.string())
    names = [pa.field(column_name(name), text) for name in TEXTS]
    return pa.schema([pa.field(TEXT_ID, pa.int32()), *names])


@cache
def keys() -> Keys:
    """The hash table in which the scan finds a key: every spelling once, without collisions."""
    listed = spellings()
    letters = np.zeros((len(listed), _LONGEST), np.uint8)
    for row, (_, spelling, _) in zip(letters, listed, strict=True):
        row[: len(spelling)] = np.frombuffer(spelling.encode(), np.uint8)
    table, factors = _table([(level, spelling) for level, spelling, _ in listed])
    order = list(KINDS)
    return Keys(
        table,
        factors,
        letters,
        _numbers(len(spelling) for _, spelling, _ in listed),
        _numbers(KINDS.get(name, ARGUMENTS) for *_, name in listed),
        _numbers(_slot(name) for *_, name in listed),
        _numbers(order.index(name) if name else len(order) for *_, name in listed),
    )


def spellings() -> list[tuple[int, str, str]]:
    """Level, key and column of all that is read: 0 is the event, 1 its arguments, whose column is ''."""
    arguments = [(1, _SPELLED.get(name, name), name) for name in ARGS]
    renamed = [(1, old, new) for old, new in RENAMED.items()]
    return [*((0, name, name) for name in TOP), (0, "args", ""), *arguments, *renamed]


def _numbers(values: Iterable[int]) -> Ints:
    return np.array([*values], np.int64)


def _slot(name: str) -> int:
    return TEXTS.index(name) if name in TEXTS else NUMBERS.index(name) if name else 0


def _table(listed: list[tuple[int, str]]) -> tuple[np.ndarray, np.ndarray]:
    for seed in count():
        # importing numpy.random would take as long as reading a small trace
        factors = _numbers(Random(seed).choices(range(1, 255), k=4))
        table = np.full((2, _TABLE), -1, np.int16)
        for key, (level, spelling) in enumerate(listed):
            parts = [len(spelling), *(ord(spelling[i]) for i in (0, -1, len(spelling) * 2 // 3))]
            place = int(np.dot(parts, factors)) % _TABLE
            if table[level, place] >= 0:
                break
            table[level, place] = key
        else:
            return table, factors
    raise AssertionError
