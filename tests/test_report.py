"""The report says what the rows say, plainly, and is one file that can't run or fetch anything else."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
import study_by_hand

from docs.gallery import draw_all
from genscope.analyze.plots import registry
from genscope.analyze.report.finding import Finding
from genscope.analyze.report.findings import find
from genscope.analyze.report.format import cell, joined
from genscope.analyze.report.glossary import COLUMN_TERMS, TERMS, markdown
from genscope.analyze.report.label import labels_of
from genscope.analyze.report.sections import SECTIONS
from genscope.analyze.sql_file import load_layer
from genscope.analyze.study import Study
from genscope.errors import UserError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb"))


@pytest.fixture(scope="module")
def page(report_by_hand: Path) -> str:
    return report_by_hand.read_text(encoding="utf-8")


def _findings(study: Study) -> list[Finding]:
    return find({name: study.query(name) for name, _ in SECTIONS})


@pytest.fixture(scope="module")
def findings(study: Study) -> list[Finding]:
    with study:
        return _findings(study)


def test_unclassified_time_is_a_finding(findings: list[Finding]) -> None:
    texts = [finding.text for finding in findings]
    assert any("100.0 % of the time of stranger has no category" in text for text in texts), texts


def test_every_metric_of_ours_is_a_section_once() -> None:
    ours = [name for name, _ in SECTIONS]
    # a comparison needs two sides
    sides = {"first", "second"}
    shipped = {file.name for file in load_layer("metric") if not sides <= file.params.keys()}
    assert len(set(ours)) == len(ours)
    assert set(ours) == shipped


def test_the_page_has_each_section_with_its_table_and_its_sql(study: Study, page: str) -> None:
    for name, sentence in SECTIONS:
        relation = study.relation(name)
        assert f'id="{name}"' in page
        assert f'id="{name}-sql"' in page
        first_line = relation.statement.splitlines()[0]
        assert first_line.replace("'", "&#39;") in page
        if study.query(name).is_empty():
            assert page.index(f'id="{name}"') > page.index('id="no-rows"')
        else:
            assert sentence.replace("'", "&#39;") in page


def test_no_address_is_fetched_and_no_text_of_a_trace_is_run(page: str) -> None:
    assert "Content-Security-Policy" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert not re.findall(
        r"<(?:script|img|iframe|link)[^>]+(?:src|href)=[\"']?(?:https?:)?//", page
    )
    assert "</script><script>alert(1)" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert len(page.encode()) < 5_000_000


def test_predicted_runs_are_marked_in_findings_tables_and_cards(page: str) -> None:
    assert '<tr class="predicted">' in page
    cards = re.findall(r'<details id="trace-(\d)">\s*<summary>(.*?)</summary>', page, re.S)
    assert {number: "badge" in heading for number, heading in cards} == {
        "1": False,
        "2": False,
        "3": True,
        "4": True,
        "5": False,
    }


def test_every_link_of_the_page_has_its_target(page: str) -> None:
    targets = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets


def test_findings_carry_the_numbers_of_the_pair(findings: list[Finding]) -> None:
    texts = [finding.text for finding in findings]
    # (60 + 40) / (15 + 40) and 60 / 15
    assert (
        "End to end, run-2 is 1.82x as fast as run-1 (5 µs to 2.75 µs): 4x in attention; Amdahl's "
        "law predicts 1.82x."
    ) in texts
    # convolution: 40 of 55 after, 40 of 100 before
    assert (
        "The largest category of run-2 is convolution with 72.7 %; in the baseline it took 40.0 %, and "
        "attention took most."
    ) in texts
    # 256 to 512 px: attention 60 to 960, convolution 40 to 160
    assert any(
        "image side to the power of 4, and the convolution time to the power of 2." in text
        for text in texts
    )
    assert any("The GPU of stranger is idle for 50.0 %" in text for text in texts)
    assert "5 traces: 3 measured, 2 predicted." in texts


def test_a_finding_is_a_sentence_and_names_start_none_of_them(findings: list[Finding]) -> None:
    texts = [finding.text for finding in findings]
    assert len(texts) > 10
    assert [text for text in texts if not (text[0].isupper() or text[0].isdigit())] == []
    assert [text for text in texts if not text.endswith(".")] == []
    # three digits are enough for a person, four if the number itself is that long
    assert [text for text in texts if re.search(r"\d\.\d{3}", text)] == []


def test_findings_lead_to_a_section_and_the_traces(findings: list[Finding]) -> None:
    sections = {name for name, _ in SECTIONS}
    for finding in findings:
        assert finding.metric in sections
    pair = next(f for f in findings if "run-4 is" in f.text)
    assert pair.traces == (4, 3)
    assert pair.predicted


def test_a_slower_run_is_called_slower_with_where_the_time_went(tmp_path: Path) -> None:
    import duckdb

    path = study_by_hand.copy(tmp_path / "slower.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE work_row SET dur_ns = 100 WHERE trace_id = 2 AND work_id = 2")
        study_by_hand.add_up(con)
    with Study(path) as slower:
        texts = [finding.text for finding in _findings(slower)]
    # 15 + 100 against 60 + 40; scaled by 50 steps
    assert any(
        "End to end, run-2 is slower than run-1: it takes 5.75 µs instead of 5 µs, 15.0 % more; its "
        "attention takes 2.25 µs less. The time went to convolution (+3 µs)." in text
        for text in texts
    )


def test_labels_name_the_conditions_and_tell_runs_apart(study: Study) -> None:
    labels = labels_of(study.traces())
    assert labels["run-1"].replace("\u00a0", " ") == "tiny · baseline · 256 px · 4 frames · tiny"
    assert labels["stranger"] == "stranger"
    assert len(set(labels.values())) == len(labels)


def test_runs_that_nothing_tells_apart_keep_their_names(study: Study) -> None:
    import polars as pl

    row = study.traces().filter(pl.col("name") == "run-1")
    twins = pl.concat([row, row.with_columns(pl.lit("run-9").alias("name"))])
    assert labels_of(twins) == {"run-1": "run-1", "run-9": "run-9"}


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("work_ns", 1_234_567, "1.23 ms"),
        ("work_ns", 0, "0 ns"),
        ("work_frac", 0.4321, "43.2 %"),
        ("work_frac", 1e-5, "<0.1 %"),
        ("score_bytes", 268_435_456, "256 MiB"),
        ("flops", 803_300_000_000, "803 GFLOP"),
        ("attained_flops_per_s", 1.5e14, "150 TFLOP/s"),
        ("peak_bytes_per_s", 2**40, "1 TiB/s"),
        ("work_count", 12345, "12,345"),
        ("speedup", 1.81818, "1.82"),
        ("busy_mfu", 0.0171, "1.7 %"),
        ("mean_length", 7.96e-05, "<0.001"),
        ("score", -7.96e-05, ">-0.001"),
        ("refusal", None, "–"),
        ("shifted", True, "yes"),
    ],
)
def test_cells_are_written_for_a_person(column: str, value: object, text: str) -> None:
    assert cell(column, value) == text


def test_names_are_joined_as_in_a_sentence() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_the_glossary_page_is_fresh_and_in_the_report(page: str) -> None:
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8") == markdown()
    for term, _ in TERMS:
        assert f">{escape(term)}</dt>" in page.replace("&#39;", "&#x27;")


def test_a_missing_folder_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="create it first"):
        study.report(tmp_path / "missing" / "report.html")


def test_the_gallery_holds_each_plot_that_has_rows(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rows = {"operator_breakdown", "gpu_time", "image_size_scaling"}
    # test_plots draws the others
    monkeypatch.setattr(registry, "names", lambda: [*with_rows, "flash_speedup_interval"])
    drawn = draw_all(study, tmp_path / "figures")
    assert {path.stem for path in drawn} == with_rows
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    page = (tmp_path / "figures" / "README.md").read_text()
    assert page.count("![") == len(drawn)


def test_terms_of_a_section_are_of_the_glossary_and_their_columns_exist() -> None:
    columns = {name for file in load_layer("metric") for name in file.columns}
    assert set(COLUMN_TERMS) <= columns
    assert set(COLUMN_TERMS.values()) <= {term for term, _ in TERMS}


# a device's own clock, published figures, and repeats of which predicted runs are left out
MEASURED_BY_NATURE = {"cache_hit", "gpu_time", "pareto", "flash_speedup_interval"}
# devices, calls and the allocator's events: predictions have none of them
MEASURED_BY_NATURE |= {"idle_time", "gpu_overlap", "launch_statistics", "launch_queue"}
MEASURED_BY_NATURE |= {"host_wait_sum", "host_wait_place", "step_breakdown", "short_kernel"}
MEASURED_BY_NATURE |= {"communication_time", "rank_skew", "serving_iteration"}
MEASURED_BY_NATURE |= {"tensor_core_use", "memory_peak", "energy", "critical_path_sum"}
MEASURED_BY_NATURE |= {"graph_replay", "graph_operator", "gpu_counter_use", "host_time"}
# predicted runs are left out
MEASURED_BY_NATURE |= {"run_trend"}
ORIGINS = {"predicted", "time_source", "time_sources"}


def test_every_answer_with_times_says_whether_they_are_predicted() -> None:
    timed = [
        file for file in load_layer("metric") if any(name.endswith("_ns") for name in file.columns)
    ]
    without = {file.name for file in timed if not ORIGINS & set(file.columns)}
    assert without == MEASURED_BY_NATURE


def test_an_interval_that_holds_1_shows_no_difference() -> None:
    import polars as pl

    row = {
        "trace_id": 2,
        "trace_name": "fused",
        "baseline_trace_id": 1,
        "baseline_trace_name": "plain",
        "quantity": "wall",
        "baseline_count": 3,
        "optimized_count": 3,
        "speedup": 1.1,
        "speedup_low": 0.9,
        "speedup_high": 1.2,
        "confidence_frac": 0.9,
    }
    (found,) = find({"flash_speedup_interval": pl.DataFrame([row])})
    assert found.text == (
        "Over repeated measurements, fused is 1.1x as fast as plain in wall time without a profiler; "
        "the 90.0 % confidence interval is 0.9x to 1.2x (3 and 3 measurements), so they show no "
        "difference."
    )
    assert found.traces == (2, 1)
