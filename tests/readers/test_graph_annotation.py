"""Names of a graph's kernels in a file next to the trace: which file counts, and what it may hold."""

import json
import pickle
from pathlib import Path

import pytest

from genscope.analyze.readers.kineto.graph_annotation import rows_of
from genscope.analyze.readers.safe_pickle import UnsafePickleError, loads

# as torch.cuda.graph_annotations.get_kernel_annotations() gives them, today's and older forms
NODES = {
    (1 << 32) + 5: [{"name": "attention", "stream": 62}],
    7: [{"name": "outer"}, {"str": "L.mlp"}],
    8: ["bare"],
    9: [{"color": "red"}],
    -1: ["no node"],
}
NAMED = {(1 << 32) + 5: "attention", 7: "L.mlp", 8: "bare"}


class _Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("executed",)


def _found(trace: Path, rank: int | None = None) -> dict[int, str]:
    return {row["node_id"]: row["annotation"] for row in rows_of(trace, rank)[0]}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_every_protocol_is_read(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "annotations.pkl").write_bytes(pickle.dumps(NODES, protocol))
    (tmp_path / "trace.json").touch()
    assert _found(tmp_path / "trace.json") == NAMED


@pytest.mark.parametrize(
    "data",
    [
        *(pickle.dumps([_Harmful()], protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x04P1\n.",
        pickle.dumps(NODES)[:-4],
        b"\x80\x04]r\xff\xff\xff\x7fa.",
        b"",
    ],
)
def test_a_pickle_that_is_more_than_data_is_refused(
    data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnsafePickleError):
        loads(data)
    assert not capsys.readouterr().out


def test_an_unsafe_file_is_a_problem_and_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "annotations.pkl").write_bytes(pickle.dumps([_Harmful()]))
    rows, problems = rows_of(tmp_path / "trace.json", None)
    assert not rows
    assert problems == ["annotations.pkl: it would import builtins.print"]


def test_a_file_counts_only_for_its_own_rank(tmp_path: Path) -> None:
    for rank in (0, 1):
        saved = {str(5 + rank): [{"name": f"rank {rank}"}]}
        (tmp_path / f"kernel_annotations_rank{rank}_fwd.json").write_text(json.dumps(saved))
        (tmp_path / "step").mkdir(exist_ok=True)
    assert _found(tmp_path / "trace.json", 1) == {6: "rank 1"}
    # PyTorch's own layout: the rank leads the file's name, and the file is one folder above
    assert _found(tmp_path / "step" / "000000.123.pt.trace.json.gz") == {5: "rank 0"}
    assert _found(tmp_path / "trace.json", 2) == {}
    # without a rank, whose process is it?
    (tmp_path / "step" / "annotations.json").write_text('{"5": [{"name": "mine"}]}')
    (tmp_path / "step" / "one.json").touch()
    assert _found(tmp_path / "step" / "one.json") == {5: "mine"}
    (tmp_path / "step" / "two.json").touch()
    assert _found(tmp_path / "step" / "one.json") == {}
