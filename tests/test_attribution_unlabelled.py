"""A trace whose attention labels are taken away shows the same attention calls.

Other people's traces have no labels: what is found without them must be what a label would say.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.attribution import attribute
from genscope.analyze.load.tables import create_schema, stored_files
from genscope.analyze.load.trace_file import find
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from tests.made_once import folder_of_all_workers, made_once

ATTENTIONS = ("baseline", "flash")
SHAPE = "call_index, query_len, kv_len, batch, heads, head_dim, dtype, core_flops, component, step"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Databases of one small dry run, with attention written out and with fused attention."""

    def make(folder: Path) -> None:
        for attention in ATTENTIONS:
            run = capture(Settings("stable_diffusion", "dry", attention, "tiny", steps=1), folder)
            found = replace(find([run])[0], trace_id=1, digest="0")
            build.build_trace(found, folder / attention)

    folder = made_once(folder_of_all_workers(tmp_path_factory) / "unlabelled", make)
    return {attention: folder / attention / build.DATABASE for attention in ATTENTIONS}


@pytest.fixture(scope="module")
def unlabelled(runs: dict[str, Path], attention: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same trace without its attention labels, attributed anew; the labelled one as `full`."""
    with duckdb.connect() as con:
        create_schema(con)
        con.execute(f"ATTACH '{runs[attention]}' AS labelled (READ_ONLY)")
        for table in stored_files():
            con.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM labelled.{table.name}")
        con.execute("DELETE FROM annotation WHERE kind = 'attention'")
        attribute(con)
        yield con


@pytest.mark.parametrize("attention", ["baseline", "flash"], scope="module")
def test_the_same_calls_are_found(unlabelled: duckdb.DuckDBPyConnection) -> None:
    calls = "SELECT {} FROM {}attention_call ORDER BY call_index"
    labelled = unlabelled.execute(calls.format(SHAPE, "labelled.")).fetchall()
    assert labelled
    assert unlabelled.execute(calls.format(SHAPE, "")).fetchall() == labelled
    sources = unlabelled.execute("SELECT DISTINCT source FROM attention_call").fetchall()
    assert {row[0] for row in sources} <= {"module", "shape"}


@pytest.mark.parametrize("attention", ["flash"], scope="module")
def test_fused_calls_have_the_same_kind_and_time(unlabelled: duckdb.DuckDBPyConnection) -> None:
    # a label's range also holds the copies and casts around a call that is written out after all
    calls = (
        "SELECT attention_kind, implementation, if(implementation = 'unfused', NULL, core_ns), "
        "module_ns FROM {} ORDER BY call_index"
    )
    labelled = unlabelled.execute(calls.format("labelled.attention_call")).fetchall()
    assert unlabelled.execute(calls.format("attention_call")).fetchall() == labelled


@pytest.mark.parametrize("attention", ["baseline"], scope="module")
def test_written_out_calls_keep_their_kind(unlabelled: duckdb.DuckDBPyConnection) -> None:
    calls = "SELECT attention_kind FROM {} ORDER BY call_index"
    labelled = unlabelled.execute(calls.format("labelled.attention_call")).fetchall()
    assert unlabelled.execute(calls.format("attention_call")).fetchall() == labelled
