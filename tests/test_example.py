"""The recordings that ship with the package: `genscope example` copies them, and they hold these very numbers."""

from pathlib import Path

import pytest

import genscope
from genscope.cli import app as cli

NAMES = ["stable_diffusion-baseline-cpu-torch", "stable_diffusion-flash-cpu-torch"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> genscope.Study:
    folder = tmp_path_factory.mktemp("example")
    assert cli.main(["example", "--out", str(folder / "runs")]) == 0
    study = genscope.open(folder / "study.duckdb")
    assert [result.status for result in study.ingest(folder / "runs")] == ["loaded", "loaded"]
    return study


def test_every_event_is_there(study: genscope.Study) -> None:
    found = study.sql("SELECT name, event_count, complete, predicted FROM trace ORDER BY name")
    assert found.rows() == [(NAMES[0], 1416, True, False), (NAMES[1], 1240, True, False)]


def test_time_is_exact(study: genscope.Study) -> None:
    found = study.sql("SELECT trace_id, sum(dur_ns)::BIGINT FROM work GROUP BY ALL ORDER BY ALL")
    assert found.rows() == [(1, 2_762_072_935), (2, 1_636_705_132)]


def test_attention_is_what_the_model_has(study: genscope.Study) -> None:
    # two layers of the text encoder; four sites of the UNet with both kinds; one of the VAE
    for name, implementation in zip(NAMES, ("unfused", "flash"), strict=True):
        found = study.query("attention_split", trace=name).select(
            "component", "attention_kind", "implementation", "call_count", "query_len_max", "flops"
        )
        assert sorted(found.rows()) == [
            ("text_encoder", "causal", implementation, 2, 77, 2 * 4 * 2 * 4 * 77 * 77 * 8),
            ("unet", "cross", implementation, 4, 1024, 4 * 2 * 77 * (3 * 1024 * 32 + 256 * 64)),
            ("unet", "self", implementation, 4, 1024, 4 * 2 * (3 * 1024**2 * 32 + 256**2 * 64)),
            ("vae", "self", implementation, 1, 1024, 4 * 1024**2 * 32),
        ]


def test_it_stays_small_and_names_no_machine() -> None:
    files = sorted((Path(genscope.__file__).parent / "example").glob("*/*"))
    assert [path.name for path in files] == ["manifest.json", "trace.json.gz"] * 2
    assert sum(path.stat().st_size for path in files) < 50_000


def test_a_second_copy_changes_nothing_and_other_files_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = ["example", "--out", str(tmp_path)]
    assert (cli.main(copy), cli.main(copy)) == (0, 0)
    card = tmp_path / NAMES[1] / "manifest.json"
    card.write_text("mine")
    (tmp_path / NAMES[0] / "manifest.json").unlink()
    assert cli.main(copy) == 2
    assert f"{card} exists and is not from the example" in capsys.readouterr().err
    assert card.read_text() == "mine"
    assert not (tmp_path / NAMES[0] / "manifest.json").exists()


def test_a_place_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["example", "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
