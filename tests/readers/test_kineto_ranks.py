"""Several ranks in one file: a kernel is never linked to another rank's call or operator.

Each rank numbers its calls and operators from 1, so that the numbers alone cross.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.trace_file import find
from tests.readers.test_kineto_traps import call, kernel, op

LINKS = """
  SELECT kernel.name, kernel.process_id, cpu_op.name, source
  FROM kernel JOIN kernel_launch USING (kernel_id) LEFT JOIN cpu_op USING (op_id)
  ORDER BY kernel.name
"""


def rank(pid: Any, device: Any, name: str, number: int = 1, at: int = 0) -> list[dict[str, Any]]:
    """One operator, its launch and its kernel; operator and kernel are called `name`."""
    ids = {"External id": 100 + number}
    return [
        op(at, 9, name, **ids) | {"pid": pid},
        call(at + 1, pid=pid, correlation=number, **ids),
        kernel(at + 20, 5, name=name, correlation=number, **ids) | {"pid": device},
    ]


def links(folder: Path, *events: dict[str, Any]) -> tuple[list[Any], set[str]]:
    path = folder / "merged.json"
    path.write_text(json.dumps({"traceEvents": events}))
    built = build.build_trace(find([path])[0], folder / "scratch", wanted=["kernel_launch"]).path
    with duckdb.connect(str(built), read_only=True) as con:
        kinds = {row[0] for row in con.execute("SELECT kind FROM anomaly").fetchall()}
        return con.execute(LINKS).fetchall(), kinds


@pytest.mark.parametrize(
    ("keys", "host"),
    [
        ({"host_name": "node7"}, "node7"),
        ({"host_name": 7, "hostname": "", "host": "node8"}, "node8"),
        ({"host_name": None}, None),
        ({"host_name": {"a": "b"}}, None),
    ],
    ids=repr,
)
def test_the_host_is_that_of_the_header(tmp_path: Path, keys: Any, host: str | None) -> None:
    path = tmp_path / "rank0.json"
    path.write_text(json.dumps({"traceEvents": [op()]} | keys))
    built = build.build_trace(find([path])[0], tmp_path / "scratch", wanted=()).path
    with duckdb.connect(str(built), read_only=True) as con:
        assert con.execute("SELECT host FROM trace").fetchall() == [(host,)]


def test_one_process_needs_no_name(tmp_path: Path) -> None:
    found, _ = links(tmp_path, *rank(83, 0, "a"), *rank(83, 1, "b", 2))
    assert found == [("a", None, "a", "external_id"), ("b", None, "b", "external_id")]


def test_merged_pids_tell_the_rank(tmp_path: Path) -> None:
    one = rank("[TP00] 83", "[TP00] 0", "a") + rank("[TP00] 83", "[TP00] 0", "c", 2, 50)
    other = rank("[TP01] 83", "[TP01] 0", "b", at=3)
    found, kinds = links(tmp_path, *one, *other)
    assert found == [
        ("a", "[TP00] 83", "a", "external_id"),
        ("b", "[TP01] 83", "b", "external_id"),
        ("c", "[TP00] 83", "c", "external_id"),
    ]
    assert {"merged_process", "shared_correlation"} <= kinds
    assert "unlinked_kernel" not in kinds


def test_a_rank_without_launches_is_linked_to_no_other(tmp_path: Path) -> None:
    lone = kernel(40, 5, name="b") | {"pid": "[TP01] 0"}
    found, kinds = links(tmp_path, *rank("[TP00] 83", "[TP00] 0", "a"), lone, op() | {"pid": "x"})
    assert found == [
        ("a", "[TP00] 83", "a", "external_id"),
        ("b", "[TP01] 0", None, "unlinked"),
    ]
    assert "unlinked_kernel" in kinds


def test_numbers_of_one_process_alone_tell_whose_a_device_is(tmp_path: Path) -> None:
    one, other = rank(83, 0, "a"), rank(84, 1, "b", at=3)
    found, _ = links(tmp_path, *one, *rank(83, 0, "c", 2, 50), *other, *rank(84, 1, "d", 3, 60))
    assert found == [
        ("a", "83", "a", "external_id"),
        ("b", "84", "b", "external_id"),
        ("c", "83", "c", "external_id"),
        ("d", "84", "d", "external_id"),
    ]


@pytest.mark.parametrize("device", [0, 1])
def test_what_nothing_tells_stays_unlinked_and_is_declared(tmp_path: Path, device: int) -> None:
    found, kinds = links(tmp_path, *rank(83, 0, "a"), *rank(84, device, "b", at=3))
    assert found == [("a", None, None, "unlinked"), ("b", None, None, "unlinked")]
    assert "shared_correlation" in kinds
