"""The workbench answers its own user's browser alone, and shows names from traces as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import study_by_hand
from workbench import fetched, served

from genscope.analyze.app import overview, waterfall
from genscope.analyze.app.drawn import items_of, load_soon
from genscope.analyze.app.overview import _attention_note, _flop_rate, _verdict
from genscope.analyze.app.server import HOST, Server, is_own
from genscope.analyze.app.view import study_of
from genscope.analyze.app.workbench import OF_OPERATORS
from genscope.analyze.doctor import examine
from genscope.analyze.plots import theme
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.errors import UserError


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb")


@pytest.fixture(scope="module")
def server(study: Path) -> Iterator[Server]:
    with served(study) as server:
        yield server


def test_only_the_address_with_its_secret_is_answered(server: Server) -> None:
    assert len(server.prefix) > 30
    assert server.address == f"http://{HOST}:{server.port}{server.prefix}/overview"
    assert fetched(server, "overview")[0] == 200
    assert fetched(server, "overview", host=f"localhost:{server.port}")[0] == 200
    for path in (
        "/",
        "/overview",
        "/static/app.css",
        "/timeline/meta",
        f"{server.prefix[:-2]}/overview",
    ):
        assert fetched(server, path)[0] == 404, path


@pytest.mark.parametrize("path", ["overview", "timeline/meta", "static/app.css", "/nowhere"])
def test_requests_of_other_pages_are_refused(server: Server, path: str) -> None:
    own = f"http://{HOST}:{server.port}"
    for host in ("evil.com", f"evil.com:{server.port}", HOST, f"{HOST}:1", f"{HOST}.evil.com"):
        assert fetched(server, path, host=host)[0] == 403
    for origin in ("http://evil.com", "null", f"https://{HOST}:{server.port}", f"{own}.evil"):
        assert fetched(server, path, Origin=origin)[0] == 403
        assert fetched(server, path, Origin=origin, method="POST", body="{}")[0] == 403
    assert fetched(server, path, Origin=own)[0] == (404 if path == "/nowhere" else 200)


def test_the_port_of_http_itself_may_be_left_out() -> None:
    assert is_own("localhost", "http://localhost", 80)
    assert is_own("LOCALHOST:5006", None, 5006)
    assert not is_own("localhost", None, 5006)


def test_a_taken_port_is_one_line(server: Server, study: Path) -> None:
    with pytest.raises(UserError, match=f"port {server.port} can't be used"):
        Server(study, server.port)


def test_no_file_outside_the_page_s_own_can_be_fetched(server: Server) -> None:
    assert fetched(server, "static/core.js")[0] == 200
    for path in ("static/../server.py", "static/%2e%2e/server.py", "static//etc/passwd", "static/"):
        assert fetched(server, path)[0] in (403, 404), path


def test_every_page_has_the_trace_s_name_as_text_and_a_policy(server: Server) -> None:
    for page in ("overview", "timeline", "attention", "compare", "query", "plots"):
        status, content = fetched(server, f"{page}?trace=1")
        assert status == 200
        assert b"run-1" in content or page == "query"
        assert b"<script>alert" not in content
    assert b"&lt;script&gt;alert(1)" in fetched(server, "overview?trace=1")[1]


def test_a_trace_without_events_is_compared_but_has_no_timeline(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise UserError("it has no timeline")

    monkeypatch.setattr(server.workbench.timelines, "of", none)
    assert fetched(server, "timeline/meta?trace=1")[0] == 400
    status, content = fetched(server, "compare/difference?a=1&b=2")
    assert status == 200 and json.loads(content)["anchors"] == [{}, {}]


@pytest.mark.parametrize(
    ("second", "refusal"),
    # runs 1 and 2 are a pair; run 3 is predicted
    [(1, None), (2, None), (3, "some times are predicted, others measured")],
)
def test_a_comparison_says_why_it_is_none(server: Server, second: int, refusal: str | None) -> None:
    asked = f"a=1&b={second}"
    found = json.loads(fetched(server, f"compare/difference?{asked}")[1])
    assert (found["refusal"], found["time"]) == (refusal, "device time")
    drawn = fetched(server, f"compare/plot?{asked}")[1].decode()
    coloured = waterfall.FASTER in drawn or waterfall.SLOWER in drawn
    assert coloured == (second == 2)


def test_times_of_operators_are_called_so(tmp_path: Path) -> None:
    path = study_by_hand.copy(tmp_path / "study.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE work_text SET time_source = 'cpu' WHERE trace_id = 5")
        study_by_hand.add_up(con)
    with served(path) as server:
        text = fetched(server, "overview?trace=5")[1].decode()
        assert "500 ns of operators on the CPU</td>" in text
        assert "Time of operators on the CPU by class" in text
        assert json.loads(fetched(server, "timeline/meta?trace=5")[1])["time"] == OF_OPERATORS
        found = json.loads(fetched(server, "compare/difference?a=1&b=5")[1])
        assert found["time"] == f"device time against {OF_OPERATORS}"
        assert found["refusal"].startswith("some times are of operators on the CPU")


def test_a_run_is_compared_with_the_other_one_of_its_pair(server: Server) -> None:
    for first, second in ((1, 2), (2, 1), (4, 3), (5, 1)):
        text = fetched(server, f"compare?trace={first}")[1].decode()
        chosen = re.findall(r'<option value="(\d)" selected>', text)
        assert chosen == [str(first), str(second)]


def test_only_a_run_with_a_pair_has_the_plot_of_pairs(server: Server) -> None:
    for trace, has_plot in ((1, True), (2, True), (5, False)):
        content = fetched(server, f"attention?trace={trace}")[1]
        assert (b"Attention backends" in content) == has_plot


def test_what_an_address_asks_wrongly_is_said(server: Server) -> None:
    for path, said in (
        ("overview?trace=99", b"no trace with the number"),
        ("timeline/meta?trace=x", b"no trace with the number"),
        ("timeline/window?trace=1", b"the address lacks"),
        ("timeline/facts?trace=1&kind=stream&ref=77", b"no stream with the number 77"),
    ):
        status, content = fetched(server, path)
        assert status == 400 and said in content, content
    assert fetched(server, "timeline/meta", method="POST", body="{}")[0] == 405


def test_the_overview_has_the_figures_of_the_queries(server: Server) -> None:
    text = fetched(server, "overview?trace=1")[1].decode()
    # 60 of 100 ns in attention, and every predicted run is marked
    assert "60.0 %" in text and "predicted, x 0.75 to 1.3" in text
    for page in ("timeline", "compare"):
        assert "run-3 (predicted, x 0.75 to 1.3)" in fetched(server, f"{page}?trace=3")[1].decode()
    assert b'"marked": "predicted' in fetched(server, "timeline/meta?trace=3")[1]
    stranger = fetched(server, "overview?trace=5")[1].decode()
    assert "of this class" in stranger and "without it" not in stranger


def test_a_verdict_says_why_shares_can_t_be_trusted() -> None:
    card = {"work_count": 1, "work_ns": 100, "unclassified_ns": 4, "complete": True, "ruin": None}
    card |= {"unlinked_ns": 10}
    assert _verdict(card)[0] == "sound"
    assert _verdict(card | {"unclassified_ns": 6}) == (
        "partly known",
        "6 % of the time has no class",
    )
    assert _verdict(card | {"work_count": 0})[0] == "no work"
    assert _verdict(card | {"complete": False})[0] == "cut short"
    assert _verdict(card | {"ruin": "lost: events"}) == ("doubtful", "lost: events")
    assert _verdict(card | {"unlinked_ns": 11})[1].startswith("11.0 % of the kernels'")
    # the limit is the doctor's
    assert overview.MAX_UNLINKED_FRAC == examine.MAX_UNLINKED_FRAC


def test_the_bound_without_attention_is_that_of_the_run() -> None:
    card = {"attention_ns": 300, "work_ns": 400, "span_ns": 600, "idle_frac": 0.4}
    card |= {"device_count": 1, "time_source": "gpu"}
    assert _attention_note(card) == "300 ns; without it, the run is at most 2× faster"
    kernels = "300 ns; without it, the kernels are at most 4× faster"
    assert _attention_note(card | {"device_count": 2}) == kernels
    assert _attention_note(card | {"idle_frac": None}) == kernels
    assert _attention_note(card | {"span_ns": 250}) == "300 ns"


def test_a_flop_rate_says_for_how_much_of_the_time_it_is_known() -> None:
    card = {"flops": 3e9, "flops_ns": 30_000, "work_ns": 40_000, "dtype": "bfloat16"}
    card |= {"peak_flops_per_s": 2e14}
    known = "known for 75.0 % of the time"
    assert _flop_rate(card) == ("100 TFLOP/s", f"50.0 % of the peak in bfloat16; {known}")
    assert _flop_rate(card | {"peak_flops_per_s": None})[1] == f"unknown peak; {known}"
    few = card | {"work_ns": 1_000_000}
    assert _flop_rate(few) == ("–", "known for 3.0 % of the time")
    assert _flop_rate(card | {"flops": None}) == ("–", "the shapes are unknown")


def test_plots_are_drawn_whatever_an_import_left_off() -> None:
    from bokeh.core.property.validation import validate

    # the server's own thread, if it is still importing, must not end meanwhile
    load_soon().join()
    with validate(False):
        titled = items_of(lambda: theme.holoviews().Bars([("a", 1)]).opts(title="found"), {})
    assert len(titled) == 1 and titled[0]["caption"] == "found"


def test_savings_are_computed_by_a_process_that_ends(server: Server) -> None:
    with Study(server.workbench.path) as study:
        expected = [*study.rows("opportunity", trace="run-1").dicts()]
    assert server.workbench.slow.rows("opportunity", "run-1") == expected
    assert server.workbench.slow._child.pid is None


def test_traces_are_loaded_once_and_a_study_is_taken_as_it_is(
    tmp_path: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    trace = tmp_path / "trace.json"
    trace.write_text(json.dumps({"traceEvents": []}))
    loads: list[Path] = []

    def load(part: Path, paths: object) -> int:
        loads.append(part)
        part.write_bytes(study.read_bytes())
        return 0

    first = study_of([trace], load)
    assert study_of([trace], load) == first and len(loads) == 1
    trace.write_text(json.dumps({"traceEvents": [1]}))
    assert study_of([trace], load) != first and len(loads) == 2
    assert study_of([study], load) == study and len(loads) == 2
    with pytest.raises(UserError, match="name the study alone"):
        study_of([study, trace], load)


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["view", str(tmp_path / "nowhere.json"), "--no-browser"]) == 2
    assert main(["serve", "--db", str(tmp_path / "nowhere.duckdb")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and all("nowhere" in line for line in said)
