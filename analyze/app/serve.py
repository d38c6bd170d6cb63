"""Serve a study's page on this machine, to its user's browser and to nothing else.

Any web page can send requests to 127.0.0.1, under a name of its own too, and then read the answers.
So every request must be for this very address and from no other page, and must know a secret path.
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
    """Serve `path` on this machine's own address only, until interrupted.

    `started` is called with the address once the server listens.
    """
    with Study(path) as study:
        study.traces()
    server = server_of(path, port)
    # requests that were refused, as they came
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    started(address_of(server))
    server.run_until_shutdown()


def server_of(path: Path, port: int) -> Any:
    """A server of the study, which listens but answers only once its loop runs; port 0 is any free.

    Raises UserError without the extra `serve`, or if the port is taken.
    """
    try:
        import panel
    except ImportError as error:
        raise UserError(
            "found no panel; expected the extra 'serve'; pip install 'genscope[serve]'"
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
            f"port {port} cannot be used ({error.strerror}); choose another with --port"
        ) from error
    _guard(server)
    return server


def address_of(server: Any) -> str:
    """The address to open, secret included."""
    return f"http://{HOST}:{server.port}{server.prefix}/"


def is_own(host: str, origin: str | None, port: int) -> bool:
    """Whether a request names this server by its own address and comes from no other page.

    `host` and `origin` are the headers of these names; a typed address sends no origin.
    """
    hosts = {f"{name}:{port}" for name in _NAMES}
    # browsers leave out the port of http itself
    hosts |= set(_NAMES) if port == 80 else set()
    return host.lower() in hosts and (
        origin is None or origin.lower() in {f"http://{own}" for own in hosts}
    )


def _guard(server: Any) -> None:
    """Refuse what is not ours before any handler, Bokeh's and Panel's included, sees it."""
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

    # Bokeh's own check of websockets expects localhost only
    server._tornado._websocket_origins |= {f"{name}:{server.port}" for name in _NAMES}
    server._tornado.default_router.rules.insert(0, Rule(Foreign(), Refuse))
