"""Commands for programs: mcp, skill, schema."""

from __future__ import annotations

from genscope.cli import options


def mcp(
    *,
    db: options.Db = options.STUDY,
    transport: options.Transport = "stdio",
    port: options.AgentPort = 0,
) -> None:
    """Answer an agent that speaks the Model Context Protocol. Needs the extra `mcp`."""
    from genscope.analyze.agent.server import serve_http, serve_stdio
    from genscope.cli.output import print_line

    if transport == "stdio":
        serve_stdio(db)
    else:
        serve_http(db, port, started=lambda address: print_line(f"{address}  (Ctrl-C ends it)"))


def skill() -> None:
    """Print a Markdown page that teaches an agent with a shell to use genscope."""
    from genscope.analyze.agent.skill import skill_page

    print(skill_page(), end="")


def schema(name: options.Described) -> None:
    """Print the JSON Schema of an answer with --format json: every column with its type and unit."""
    import json

    from genscope.analyze.json_schema import doctor_schema, schema_of

    print(json.dumps(doctor_schema() if name == "doctor" else schema_of(name), indent=2))


COMMANDS = (mcp, skill, schema)
