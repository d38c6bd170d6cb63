"""The app answers its own user's browser alone, one visitor never waits for another, names are text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from queue import Queue
from typing import Any

import polars as pl
import pytest
import study_by_hand

from genscope.analyze.app.page import Asked, answer_of, own_answer, page_of, table_of, text_of
from genscope.analyze.app.serve import HOST, address_of, is_own, server_of
from genscope.errors import UserError

pytestmark = pytest.mark.skipif(find_spec("panel") is None, reason="panel is not installed")

EVIL = "<img src=x onerror=alert(1)>\x1b"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb")


@pytest.fixture(scope="module")
def server(study: Path) -> Iterator[Any]:
    made: Queue[Any] = Queue()

    def run() -> None:
        server = server_of(study, 0)
        server.start()
        server.io_loop.add_callback(made.put, server)
        server.io_loop.start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    server = made.get(timeout=60)
    yield server
    server.io_loop.add_callback(server.io_loop.stop)
    thread.join()


def _status(server: Any, path: str, host: str | None = None, **headers: str) -> int:
    connection = HTTPConnection(HOST, server.port, timeout=60)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host or f"{HOST}:{server.port}")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_the_address_with_its_secret_is_answered(server: Any) -> None:
    page = f"{server.prefix}/"
    assert len(server.prefix) > 30 and address_of(server).endswith(page)
    assert _status(server, page) == 200
    assert _status(server, page, f"localhost:{server.port}") == 200
    for path in ("/", "/ws", "/autoload.js", "/static/js/bokeh.min.js", "/x/", page[:-2]):
        assert _status(server, path) == 404, path


def test_requests_of_other_pages_are_refused(server: Any) -> None:
    own = f"http://{HOST}:{server.port}"
    for path in (f"{server.prefix}/", f"{server.prefix}/static/js/bokeh.min.js", "/favicon.ico"):
        for host in ("evil.com", f"evil.com:{server.port}", HOST, f"{HOST}:1", f"{HOST}.evil.com"):
            assert _status(server, path, host) == 403
        for origin in ("http://evil.com", "null", f"https://{HOST}:{server.port}", f"{own}.evil"):
            assert _status(server, path, Origin=origin) == 403
        assert _status(server, path, Origin=own) == 200


def test_websockets_of_other_pages_are_refused(server: Any) -> None:
    path = f"{server.prefix}/ws"
    assert _status(server, path, Origin="http://evil.com", **UPGRADE) == 403
    evil = f"evil.com:{server.port}"
    assert _status(server, path, evil, Origin=f"http://{evil}", **UPGRADE) == 403
    assert _status(server, path, Origin=f"http://{HOST}:{server.port}", **UPGRADE) == 101


def test_the_port_of_http_itself_may_be_left_out() -> None:
    assert is_own("localhost", "http://localhost", 80)
    assert is_own("LOCALHOST:5006", None, 5006)
    assert not is_own("localhost", None, 5006)


def test_a_taken_port_is_one_line(server: Any, study: Path) -> None:
    with pytest.raises(UserError, match=f"port {server.port} can't be used"):
        server_of(study, server.port)


def test_names_are_text_in_errors_titles_and_cells(study: Path) -> None:
    shown = r"&lt;img src=x onerror=alert(1)&gt;\x1b"
    assert text_of(EVIL).object == f"<p>{shown}</p>"
    (table,) = table_of(pl.DataFrame({EVIL: [EVIL], "a.b": [1], "l": [[EVIL]]}))
    assert list(table.titles.values()) == [shown, "a.b", "l"]
    assert list(table.value.columns) == ["c0", "c1", "c2"]
    assert table.value["c0"].tolist() == [EVIL.replace("\x1b", r"\x1b")]
    assert table.formatters == {"c0": {"type": "plaintext"}, "c2": {"type": "plaintext"}}
    error = own_answer(Asked(study), f"SELECT error('{EVIL}')")
    assert shown in error.object
    renamed = study.with_name(f"{EVIL[:-1]}.duckdb")
    renamed.hardlink_to(study)
    assert "<img" not in page_of(renamed)[0].object


def test_queries_are_drawn_and_listed(study: Path) -> None:
    asked = Asked(study)
    sentence, picture, table, sql = answer_of(asked, "operator_breakdown", "run-1")
    assert "<p>" in sentence.object and type(picture).__name__ == "HoloViews"
    assert table.value.shape[0] > 1 and "SELECT" in sql[0].object
    _, silence, *_ = answer_of(asked, "trace_summary", None)
    assert silence.object.startswith("<p>")
    assert "nowhere" in answer_of(asked, "ledger", "nowhere").object
    (table,) = own_answer(asked, "SELECT name FROM trace ORDER BY trace_id LIMIT 2")
    assert table.value["c0"].tolist() == ["run-1", "run-2"]
    assert "read_text" not in str(own_answer(asked, "SET GLOBAL threads = 1").object)


def test_a_long_query_ends_at_its_limit_and_at_the_next_question(study: Path) -> None:
    asked = Asked(study)
    minutes = "SELECT count(*) FROM range(100000000000)"
    with (
        pytest.raises(UserError, match=r"stopped after 0\.1 s"),
        asked.limited(0.1) as opened,
    ):
        opened.sql(minutes)
    began, errors = threading.Event(), []

    def ask() -> None:
        try:
            with asked.limited() as opened:
                began.set()
                opened.sql(minutes)
        except UserError as error:
            errors.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    began.wait()
    with asked.limited() as opened:
        assert opened.sql("SELECT 1 AS x").rows() == [(1,)]
    thread.join()
    assert len(errors) == 1 and "Interrupted" in errors[0]
