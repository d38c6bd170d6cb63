"""Serve a study's page on this machine, to the user's own browser only.

Any web page can send requests to 127.0.0.1, also under its own host name, and then read the answers.
So every request must name this address, must not come from another page, and must know a secret path.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genscope.analyze.study import Study
from genscope.errors import UserError

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")


def serve_study(path: Path, port: int, *, started: Callable[[str], None]) -> None:
    """Serve `path` on the loopback address only, until interrupted.

    `started` is called with the address once the server listens.
    """
    with Study(path) as study:
        study.traces()
    server = server_of(path, port)
    # don't log refused requests as they arrive
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    started(address_of(server))
    server.run_until_shutdown()


def server_of(path: Path, port: int) -> Any:
    """A server of the study that listens, and answers once its loop runs; port 0 means any free port.

    Raises UserError without the extra `serve`, or if the port is taken.
    """
    try:
        import panel
    except ImportError as error:
        raise UserError(
            "the browser view needs the package panel; run pip install 'genscope[serve]'"
        ) from error
    from genscope.analyze.app.page import page_of

    try:
        server = panel.io.server.get_server(
            {"/": lambda: page_of(path)},
            port=port,
            address=HOST,
            title="genscope",
            prefix=secrets.token_urlsafe(24),
            use_index=False,
        )
    except OSError as error:
        raise UserError(
            f"port {port} can't be used ({error.strerror}); choose another one with --port"
        ) from error
    _guard(server)
    return server


def address_of(server: Any) -> str:
    """The address to open, including the secret."""
    return f"http://{HOST}:{server.port}{server.prefix}/"


def is_own(host: str, origin: str | None, port: int) -> bool:
    """Whether a request names this server by its address and doesn't come from another page.

    `host` and `origin` are the request's headers; an address typed by the user sends no origin.
    """
    hosts = {f"{name}:{port}" for name in _NAMES}
    # browsers omit http's default port
    hosts |= set(_NAMES) if port == 80 else set()
    return host.lower() in hosts and (
        origin is None or origin.lower() in {f"http://{own}" for own in hosts}
    )


def _guard(server: Any) -> None:
    """Refuse foreign requests before any handler, including Bokeh's and Panel's, sees them."""
    from tornado.routing import Matcher, Rule
    from tornado.web import HTTPError, RequestHandler

    class Foreign(Matcher):
        def match(self, request: Any) -> dict[str, Any] | None:
            hosts = request.headers.get_list("Host")
            origins = request.headers.get_list("Origin") or [None]
            own = len(hosts) == 1 and all(is_own(hosts[0], o, server.port) for o in origins)
            return None if own else {}

    class Refuse(RequestHandler):
        def prepare(self) -> None:
            raise HTTPError(403)

    # Bokeh's own websocket check accepts localhost only
    server._tornado._websocket_origins |= {f"{name}:{server.port}" for name in _NAMES}
    server._tornado.default_router.rules.insert(0, Rule(Foreign(), Refuse))
