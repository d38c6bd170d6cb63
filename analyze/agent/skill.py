"""The tools and questions as a Markdown page, for an agent that has a shell only."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping

from genscope.analyze.agent.questions import FACTS, HONEST, QUESTIONS, Question
from genscope.analyze.agent.tools import TOOLS, Agent

_INTRO = """\
---
name: genscope
description: Find out where the time, FLOPs and memory of a generative model go, from PyTorch-profiler and Nsight traces.
---

# genscope from a shell

{facts}

A study is a DuckDB file that `genscope ingest TRACE... --db study.duckdb` fills; every command below takes `--db`.
An error is one line on standard error that says what to do; the exit status is 2 for a wrong request, 1 for a failure.
Answers are small with `--format csv`; `--format json` is one array of objects, whose fields `genscope schema NAME` explains.
{honest}

"""
# the arguments that the page shows in the table of commands
_SHOWN: Mapping[str, Mapping[str, str]] = {
    "relation": {"name": "NAME"},
    "query": {"name": "NAME", "trace": "TRACE"},
    "sql": {"statement": "SELECT ..."},
    "compare": {"first": "A", "second": "B"},
    "opportunities": {"trace": "TRACE"},
    "doctor": {"path": "PATH"},
    "plot": {"name": "NAME"},
    "report": {"path": "report.html"},
}


def skill_page() -> str:
    """The whole page."""
    parts = [_INTRO.format(facts=FACTS, honest=HONEST)]
    parts.append("| command | does |\n|---|---|\n")
    for tool in TOOLS:
        line = (inspect.getdoc(getattr(Agent, tool)) or "").splitlines()[0]
        parts.append(f"| `{command(tool, _SHOWN.get(tool, {}))}` | {line} |\n")
    parts += [_section(question) for question in QUESTIONS]
    return "".join(parts)


def command(tool: str, arguments: Mapping[str, str]) -> str:
    """The shell command that answers as the tool does."""
    words: Mapping[str, list[str]] = {
        "traces": ["sql", "SELECT trace_id, name, model, attention, device_name FROM trace"],
        "queries": ["queries"],
        "relation": ["schema", arguments.get("name", "")],
        "query": ["query", arguments.get("name", "")],
        "opportunities": ["query", "opportunity"],
        "sql": ["sql", arguments.get("statement", "")],
        "compare": [
            *("query", "trace_difference", "--param", f"first={arguments.get('first')}"),
            *("--param", f"second={arguments.get('second')}"),
        ],
        "doctor": ["doctor", arguments.get("path", ""), "--format", "json"],
        "plot": ["plot", arguments.get("name", ""), "--out", f"{arguments.get('name')}.png"],
        "report": ["report", "--out", arguments.get("path", "")],
    }
    found = ["genscope", *words[tool]]
    if tool != "compare" and "trace" in arguments:
        found += ["--trace", arguments["trace"]]
    if found[1] in {"query", "sql"}:
        found += ["--format", "csv"]
    return shlex.join(found)


def _section(question: Question) -> str:
    """One question with its commands; a word in capitals is to be replaced."""
    capitals = {name: name.upper() for name in question.arguments}
    lines = [f"\n## {question.title.format(**capitals)}\n\n"]
    seen: list[str] = []
    for step in question.steps:
        arguments = {name: value.format(**capitals) for name, value in step.arguments.items()}
        shown = command(step.tool, arguments)
        level = f"level '{arguments['level']}': " if "level" in arguments else ""
        lines.append(
            f"- `{shown}`: {level}{step.reading}\n"
            if shown not in seen
            else f"  - {level}{step.reading}\n"
        )
        seen.append(shown)
    return "".join(lines)
