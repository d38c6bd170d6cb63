"""Serve a study's workbench on this machine, to the user's own browser only.

Any web page can send requests to 127.0.0.1, also under its own host name, and then read the answers.
So every request must name this address, must not come from another page, and must know a secret path.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.routing import Matcher, Rule
from tornado.web import Application, HTTPError, RedirectHandler, RequestHandler, StaticFileHandler

from genscope.analyze.app.answers import ANSWERS
from genscope.analyze.app.pages import PAGES, page_of
from genscope.analyze.app.perfetto_ui import perfetto_folders
from genscope.analyze.app.replies import File
from genscope.analyze.app.workbench import Workbench
from genscope.errors import UserError

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_STATIC = Path(__file__).parent / "static"
_THREADS = 6
_MAX_BODY = 1 << 20
_log = logging.getLogger(__name__)

# nothing may be fetched from elsewhere, and no name from a trace can become a script
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PERFETTO_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-eval' 'unsafe-inline' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; worker-src 'self' blob:"
)


class Server:
    """The workbench of one study, listening; `run` answers until it is stopped."""

    def __init__(self, path: Path, port: int) -> None:
        """Open the study and the port; 0 means any free port. Raises UserError if either fails."""
        self.workbench = Workbench(path)
        self.prefix = f"/{secrets.token_urlsafe(24)}"
        try:
            self._sockets = bind_sockets(port, HOST)
        except OSError as error:
            self.workbench.close()
            raise UserError(
                f"port {port} can't be used ({error.strerror}); choose another one with --port"
            ) from error
        self.port = int(self._sockets[0].getsockname()[1])
        self._stop: Callable[[], None] | None = None

    @property
    def address(self) -> str:
        """The address to open, including the secret."""
        return f"http://{HOST}:{self.port}{self.prefix}/overview"

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Answer requests until `stop` is called or Ctrl-C is pressed; `started` is called first."""
        try:
            asyncio.run(self._run(started))
        except KeyboardInterrupt:
            pass
        finally:
            self.workbench.close()

    def stop(self) -> None:
        """End `run`, from any thread."""
        if self._stop is not None:
            self._stop()

    async def _run(self, started: Callable[[], None]) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        server = HTTPServer(application(self), max_body_size=_MAX_BODY)
        server.add_sockets(self._sockets)
        started()
        await stopped.wait()
        server.stop()
        await server.close_all_connections()


def application(server: Server) -> Application:
    """The routes, all below the secret, with foreign requests refused before any of them."""
    pool = ThreadPoolExecutor(_THREADS)
    own = {"workbench": server.workbench, "pool": pool}
    routes = [
        *((f"{server.prefix}/{page}", _Page, {**own, "page": page}) for page in PAGES),
        *((f"{server.prefix}/{name}", _Ask, {**own, "answer": a}) for name, a in ANSWERS.items()),
        (f"{server.prefix}/static/bokeh/(.*)", _Static, {"path": _bokeh()}),
        *(
            (
                f"{server.prefix}/perfetto/(.*)",
                _Perfetto,
                {"path": ui, "default_filename": "index.html"},
            )
            for ui in perfetto_folders()
        ),
        (f"{server.prefix}/static/(.*)", _Static, {"path": _STATIC}),
        (f"{server.prefix}/?", RedirectHandler, {"url": f"{server.prefix}/overview"}),
    ]
    # requests are not logged as they arrive
    app = Application(routes, log_function=lambda _: None)  # type: ignore[arg-type]
    app.default_router.rules.insert(0, Rule(_Foreign(server.port), _Refuse))
    return app


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


class _Foreign(Matcher):
    """Matches the requests to refuse."""

    def __init__(self, port: int) -> None:
        self._port = port

    def match(self, request: Any) -> dict[str, Any] | None:
        hosts = request.headers.get_list("Host")
        origins = request.headers.get_list("Origin") or [None]
        own = len(hosts) == 1 and all(is_own(hosts[0], o, self._port) for o in origins)
        return None if own else {}


class _Refuse(RequestHandler):
    def prepare(self) -> None:
        raise HTTPError(403)


class _Own(RequestHandler):
    """A request for something of the study: the work is done on a thread, and errors are one line."""

    def initialize(self, workbench: Workbench, pool: ThreadPoolExecutor, **own: Any) -> None:
        self._workbench, self._pool, self._given = workbench, pool, own

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")

    def _arguments(self) -> dict[str, str]:
        return {name: self.get_query_argument(name) for name in self.request.query_arguments}

    async def _on_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)


class _Page(_Own):
    async def get(self) -> None:
        try:
            text = await self._on_thread(
                page_of, self._given["page"], self._workbench, self._arguments()
            )
        except UserError as error:
            self.set_status(400)
            text = page_of("error", self._workbench, {"message": str(error)})
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(text)


class _Ask(_Own):
    async def get(self) -> None:
        await self._answer(self._given["answer"].get)

    async def post(self) -> None:
        await self._answer(self._given["answer"].post)

    async def _answer(self, ask: Callable[..., Any] | None) -> None:
        if ask is None:
            raise HTTPError(405)
        try:
            found = await self._on_thread(
                ask, self._workbench, self._arguments(), self.request.body
            )
        except (UserError, ValueError, KeyError) as error:
            self.set_status(400)
            what = f"the address lacks {error}" if isinstance(error, KeyError) else str(error)
            found = {"error": what}
        except Exception as error:
            _log.exception("a request of the workbench failed")
            self.set_status(500)
            found = {"error": f"this failed inside genscope ({type(error).__name__}: {error})"}
        if isinstance(found, File):
            self.set_header("Content-Type", found.content_type)
            if found.name:
                self.set_header("Content-Disposition", f'attachment; filename="{found.name}"')
            self.finish(found.content)
        elif isinstance(found, bytes):
            self.set_header("Content-Type", "application/octet-stream")
            self.finish(found)
        else:
            self.finish(found)


class _Static(StaticFileHandler):
    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-cache")


class _Perfetto(_Static):
    """Perfetto's own pages, which would ask Google's servers without this policy."""

    def set_extra_headers(self, path: str) -> None:
        super().set_extra_headers(path)
        self.set_header("Content-Security-Policy", _PERFETTO_POLICY)
        if path.endswith(".wasm"):
            self.set_header("Content-Type", "application/wasm")


def _bokeh() -> Path:
    """The folder of BokehJS's scripts, which come with Bokeh."""
    from bokeh.util.paths import static_path

    return Path(static_path()) / "js"
