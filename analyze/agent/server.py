"""The tools and questions as a server of the Model Context Protocol, over stdio or HTTP on this machine."""

from __future__ import annotations

import functools
import inspect
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.agent.questions import FACTS, QUESTIONS, Question
from genscope.analyze.agent.small_answer import text_of
from genscope.analyze.agent.tools import TOOLS, Agent
from genscope.errors import UserError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

HOST = "127.0.0.1"
INSTRUCTIONS = f"{FACTS} Start with traces() and queries()."


def server_of(agent: Agent) -> MCPServer[Any]:
    """The server with the agent's tools. Raises UserError without the extra `mcp`."""
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError as error:
        raise UserError(
            "the agent server needs the package mcp; run pip install 'genscope[mcp]'"
        ) from error
    server: MCPServer[Any] = MCPServer("genscope", instructions=INSTRUCTIONS, log_level="WARNING")
    for name in TOOLS:
        method = getattr(agent, name)
        description = inspect.getdoc(method)
        server.tool(name=name, description=description, structured_output=False)(_tool(method))
    for question in QUESTIONS:
        server.prompt(name=question.name, description=question.title)(_prompt(question))
    return server


def serve_stdio(study: Path) -> None:
    """Answer a program that started this one, until it closes the pipe."""
    agent = _opened(study)
    try:
        server_of(agent).run("stdio")
    finally:
        agent.close()


def serve_http(study: Path, port: int, *, started: Callable[[str], None]) -> None:
    """Answer at an address of this machine only, which holds a secret, until interrupted.

    `started` gets the address once the server listens. Raises UserError if the port is taken.
    """
    import socket

    agent = _opened(study)
    path = f"/{secrets.token_urlsafe(24)}/mcp"
    try:
        app = server_of(agent).streamable_http_app(streamable_http_path=path, host=HOST)
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            # from now on a client waits instead of being refused
            listening.listen()
        except OSError as error:
            raise UserError(
                f"port {port} can't be used ({error.strerror}); choose another one with --port"
            ) from error
        started(f"http://{HOST}:{listening.getsockname()[1]}{path}")
        _run(app, listening)
    finally:
        agent.close()


def _run(app: Any, listening: Any) -> None:
    import uvicorn

    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def _opened(study: Path) -> Agent:
    """The agent; a missing or foreign study is an error now, not at the first question."""
    agent = Agent(study)
    agent.traces()
    return agent


def _tool(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method with an answer that the protocol can carry: JSON text, or a picture."""
    from mcp.server.mcpserver import Image
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(method)
    def answered(*args: Any, **named: Any) -> Any:
        try:
            found = method(*args, **named)
        except UserError as error:
            raise ToolError(str(error)) from error
        return Image(data=found, format="png") if isinstance(found, bytes) else text_of(found)

    # the protocol reads the arguments from the annotations
    signature = inspect.signature(method, eval_str=True)
    answered.__signature__ = signature.replace(return_annotation=Any)  # type: ignore[attr-defined]
    answered.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    return answered


def _prompt(question: Question) -> Callable[..., str]:
    def text(**values: str) -> str:
        return question.text(**values)

    text.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str)
            for name in question.arguments
        ],
        return_annotation=str,
    )
    text.__annotations__ = dict.fromkeys(question.arguments, str)
    return text
