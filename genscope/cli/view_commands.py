"""Commands that open the workbench: view, serve."""

from __future__ import annotations

from pathlib import Path

from genscope.cli import options


def view(*paths: options.Viewed, browser: options.Browser = True, port: options.Port = 0) -> None:
    """Open traces or a study in the browser; what isn't loaded yet is loaded first."""
    from genscope.cli.loading import prepare_to_load

    # before NumPy is imported
    prepare_to_load()
    from genscope.analyze.app.view import study_of
    from genscope.cli.ingest import ingest_with_progress

    _open(study_of(paths or (options.STUDY,), ingest_with_progress), port, browser)


def serve(*, db: options.Db = options.STUDY, port: options.Port = 5006) -> None:
    """Serve a study as `view` does, without opening a browser."""
    _open(db, port, False)


def _open(study: Path, port: int, browser: bool) -> None:
    """Serve a study until Ctrl-C; open the browser once the server answers."""
    from genscope.analyze.app.server import Server
    from genscope.cli.output import print_line

    server = Server(study, port)

    def started() -> None:
        print_line(f"{server.address}  (Ctrl-C ends it)")
        if browser:
            import webbrowser

            webbrowser.open(server.address)

    server.run(started)


COMMANDS = (view, serve)
