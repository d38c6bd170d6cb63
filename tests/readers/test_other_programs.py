"""Chrome JSON of other programs, arrows or not, is refused in one line that says whose it looks like."""

import bz2
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.doctor.examine import examine
from tests.readers.test_kineto_traps import kernel, op

ARROW = {"ph": "s", "id": 1, "pid": 1, "tid": 1, "ts": 1, "name": "dep"}
ROW: dict[str, Any] = {"ph": "X", "name": "x", "pid": 1, "tid": 1, "ts": 1, "dur": 1}
OLD = ROW | {"name": "aten::conv2d", "pid": "CPU functions", "args": {}}


def refused(folder: Path, trace: object) -> str | None:
    path = folder / "t.json"
    path.write_text(json.dumps(trace))
    return examine([path])[0].error


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ([ARROW | {"cat": "DataFlow"}, ROW | {"args": {"BeginNs": "7"}}], "ROCm's rocprof"),
        ([ARROW | {"cat": "toplevel.flow"}, ROW | {"cat": "toplevel"}], "chrome://tracing"),
        ([ARROW | {"cat": "test"}, ROW | {"cat": "test"}], "('test') are those of another program"),
        ([ARROW, ROW], "its events have no category"),
        ([ARROW | {"cat": "ac2g"}], "only holds arrows"),
        ([op() | {"ts": 1.7e18}], "times of its events are missing or out of range"),
        ([ROW | {"cat": "Node"}, ROW | {"cat": "Kernel"}], "ONNX Runtime"),
        ({"beginningOfTime": 1, "traceEvents": [ROW]}, "Clang's -ftime-trace"),
        ([OLD], "old autograd profiler"),
        ([OLD, OLD | {"pid": "cuda functions"}, ARROW | {"cat": "cpu_to_cuda"}], "old autograd"),
    ],
)
def test_a_trace_of_another_program(trace: object, said: str, tmp_path: Path) -> None:
    error = refused(tmp_path, trace)
    assert error is not None and said in error and "torch.profiler.profile" in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (bz2.compress, "packed with bzip2; unpack it"),
        (lzma.compress, "packed with xz; unpack it"),
        (lambda text: b"\x28\xb5\x2f\xfd" + text, "packed with Zstandard; unpack it"),
        (lambda text: text.decode().encode("utf-16"), "UTF-16; convert it to UTF-8"),
    ],
)
def test_a_form_that_is_not_read_is_named(
    packed: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(packed(json.dumps([kernel()]).encode()))
    (diagnosis,) = examine([path])
    assert diagnosis.error is not None and said in diagnosis.error and "\n" not in diagnosis.error


@pytest.mark.parametrize(
    "own", [op(), kernel(), op(cat="python_function"), kernel() | {"cat": "Kernel"}]
)
def test_one_event_of_the_profiler_is_enough(own: dict[str, Any], tmp_path: Path) -> None:
    assert refused(tmp_path, [own, ARROW]) is None


def test_a_category_of_its_own_outweighs_a_stranger(tmp_path: Path) -> None:
    assert refused(tmp_path, [op(), ROW | {"cat": "Node"}]) is None
