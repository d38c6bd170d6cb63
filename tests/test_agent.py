"""An agent's session: the tools over stdio and HTTP with the SDK's own client, and what they answer."""

import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import study_by_hand
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from genscope.analyze.agent.questions import QUESTIONS
from genscope.analyze.agent.server import server_of
from genscope.analyze.agent.skill import skill_page
from genscope.analyze.agent.small_answer import MOST_CHARACTERS, small
from genscope.analyze.agent.tools import TOOLS, Agent
from genscope.analyze.plots import save
from genscope.analyze.sql_file import shipped_queries
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.errors import UserError
from tests.test_metrics_on_shared_traces import study as flux_study  # noqa: F401  the same study

Ask = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def _asking(client: Client) -> AsyncIterator[Ask]:
    """A function that calls a tool and returns what its JSON says; an error fails the test."""
    async with client:

        async def ask(tool: str, **arguments: Any) -> Any:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            return json.loads(result.content[0].text)  # type: ignore[union-attr]

        yield ask


def _command(*arguments: str) -> list[str]:
    code = f"import sys; sys.path = {sys.path!r}; from genscope.cli.app import main; sys.exit(main({list(arguments)!r}))"
    return ["-c", code]


SIDES = {"first": "flux1-fmha-mi300x", "second": "flux1-sage-mi300x"}


async def _why_sage_is_slower(ask: Ask) -> None:
    """What a reader of the answers finds: attention gained nothing, and new work around it costs the rest."""
    traces = await ask("traces")
    assert set(SIDES.values()) <= {row[1] for row in traces["rows"]}
    changes = await ask("compare", **SIDES)
    place = {name: i for i, name in enumerate(changes["columns"])}
    total, *rows = changes["rows"]
    slower_ns = total[place["difference_ns"]]
    assert slower_ns / total[place["a_ns"]] == pytest.approx(0.0525, abs=1e-4)
    assert sum(row[place["difference_ns"]] for row in rows) == slower_ns
    by_category = {row[place["op_name"]]: row for row in rows}
    assert by_category["attention"][place["verdict"]] == "same"
    more = {
        name for name, row in by_category.items() if row[place["b_count"]] > row[place["a_count"]]
    }
    assert more == {"reduction", "copy", "quantization", "elementwise"}
    assert sum(by_category[name][place["difference_ns"]] for name in more) > slower_ns > 0


async def _which_kernels_are_new(ask: Ask) -> None:
    kernels = await ask("compare", **SIDES, level="kernel", rows=40)
    verdict = kernels["columns"].index("verdict")
    new = [row[1].lower() for row in kernels["rows"] if row[verdict] == "new"]
    assert any("quant" in name or "sage" in name for name in new)
    statement = "SELECT trace_id, implementation, count(*) FROM attention_call GROUP BY ALL"
    assert (await ask("sql", statement=statement))["row_count"] >= 2


def test_a_session_over_stdio_finds_why_sage_is_slower(flux_study: Study) -> None:  # noqa: F811
    started = StdioServerParameters(
        command=sys.executable, args=_command("mcp", "--db", str(flux_study.path))
    )

    async def session() -> None:
        async with _asking(Client(stdio_client(started))) as ask:
            await _why_sage_is_slower(ask)
            await _which_kernels_are_new(ask)

    anyio.run(session)


@contextmanager
def _served(path: Path) -> Iterator[str]:
    """The address of a server over HTTP that runs meanwhile."""
    arguments = _command("mcp", "--transport", "http", "--db", str(path))
    server = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0]
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_the_same_session_over_http_at_a_secret_address(flux_study: Study) -> None:  # noqa: F811
    async def session(address: str) -> None:
        async with _asking(Client(address)) as ask:
            await _why_sage_is_slower(ask)

    with _served(flux_study.path) as address:
        assert address.startswith("http://127.0.0.1:")
        anyio.run(session, address)
        public = address.rsplit("/", 2)[0] + "/mcp"
        for url, headers, status in (
            (public, {}, 404),
            (address, {"Host": "evil.example"}, 421),
            (address, {"Origin": "http://evil.example"}, 403),
        ):
            json_headers = {"Content-Type": "application/json", **headers}
            request = urllib.request.Request(url, data=b"{}", headers=json_headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            assert refused.value.code == status


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    opened = Agent(study_by_hand.copy(tmp_path_factory.mktemp("agent") / "study.duckdb"))
    yield opened
    opened.close()


def _write_name(name: str, out: Path) -> Path:
    out.write_text(name)
    return out


def test_every_tool_and_prompt_is_offered_with_what_it_takes(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the plots have tests of their own, and a picture takes seconds
    monkeypatch.setattr(agent._study, "plot", lambda name, *, trace: name)
    monkeypatch.setattr(save, "save_plot", _write_name)

    async def session() -> None:
        async with Client(server_of(agent)) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == set(TOOLS)
            assert all(tool.description for tool in tools.values())
            assert tools["compare"].input_schema["required"] == ["first", "second"]
            prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
            assert prompts == {question.name for question in QUESTIONS} and len(prompts) == 5
            asked = await client.get_prompt("why_is_it_slower", {"first": "A", "second": "B"})
            assert "compare(first='A', second='B'" in asked.messages[0].content.text  # type: ignore[union-attr]
            picture = await client.call_tool("plot", {"name": "attention_split"})
            assert picture.content[0].mime_type == "image/png"  # type: ignore[union-attr]

    anyio.run(session)


@pytest.mark.parametrize(
    ("tool", "arguments", "advice"),
    [
        ("query", {"name": "gpu_tme"}, "did you mean gpu_time"),
        ("query", {"name": "gpu_time", "columns": ["busy"]}, "there are trace_id"),
        ("query", {"name": "gpu_time", "trace": "nope"}, "the study holds"),
        ("sql", {"statement": "DROP TABLE kernel"}, "write a SELECT"),
        ("relation", {"name": "kernal"}, "did you mean kernel"),
        ("compare", {"first": "a", "second": "b", "level": "row"}, "use one of component"),
        ("report", {"path": "/etc/passwd"}, "ends in .html"),
        ("doctor", {"path": "/no/such.json"}, "check the spelling"),
    ],
)
def test_an_error_says_what_to_do_next(
    agent: Agent, tool: str, arguments: dict[str, Any], advice: str
) -> None:
    async def session() -> None:
        async with Client(server_of(agent)) as client:
            result = await client.call_tool(tool, arguments)
            assert result.is_error and advice in result.content[0].text  # type: ignore[union-attr]

    anyio.run(session)


def test_answers_are_small_and_say_what_they_left_out(agent: Agent) -> None:
    wide = agent.sql("SELECT repeat('x', 1000) AS text, range AS n, n / 3 AS third FROM range(500)")
    assert len(json.dumps(wide["rows"])) < 2 * MOST_CHARACTERS
    assert len(wide["rows"][0][0]) == 160 and wide["rows"][1][2] == 0.333333
    assert "of 500 rows" in wide["notes"][0]
    predicted = agent.query("gpu_time", columns=["trace_name"])
    assert predicted["columns"] == ["trace_name"] and predicted["row_count"] == 5
    keys = agent.query("operator_breakdown")
    assert "trace_id" not in keys["columns"] and any(
        "all are trace_id" in note for note in keys["notes"]
    )
    with pytest.raises(UserError, match="there is no column"):
        small(agent._study.traces(), columns=["nope"])


def test_a_report_replaces_no_file_of_others(agent: Agent, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(UserError, match="name a new file"):
        agent.report(str(page))
    assert page.read_text() == "mine"


def test_every_command_of_the_page_for_a_shell_runs(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_traces: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.duckdb").write_bytes(agent._study.path.read_bytes())
    file = str(shared_traces / "one-triton-kernel-a100.json.gz")
    given = {"NAME": "gpu_time", "SELECT ...": "SELECT 1", "PATH": file}
    commands = [shlex.split(text) for text in re.findall(r"`genscope (.*?)`", skill_page())]
    # in a word of the page, a name in capitals stands for the user's
    commands = [
        [re.sub(r"(?<==)[A-Z]+$|^TRACE$|^FIRST$|^SECOND$", "*", w) for w in c] for c in commands
    ]
    verbs = {words[0] for words in commands}
    assert verbs == {"ingest", "schema", "sql", "queries", "query", "doctor", "plot", "report"}
    queries = {file.name for file in shipped_queries()} | {"NAME"}
    assert {words[1] for words in commands if words[0] == "query"} <= queries
    # one of each kind: the sessions above ask the rest; drawing takes seconds
    for words in {c[0]: c for c in commands if c[0] not in {"ingest", "plot", "report"}}.values():
        assert main([given.get(word, word) for word in words]) == 0, words
