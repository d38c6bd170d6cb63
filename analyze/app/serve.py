"""A live page over one study: choose a query and traces, look at plot, table and SQL, ask your own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb

from genscope.analyze.study import Study
from genscope.errors import UserError

QUERY_SECONDS = 20.0


def serve_study(path: Path, port: int) -> None:
    """Serve `path` on this machine's own address only, until interrupted."""
    try:
        import panel
    except ImportError as error:
        raise UserError(
            "found no panel; expected the extra 'serve'; pip install 'genscope[serve]'"
        ) from error
    Study(path).connection.close()
    panel.serve(
        {"/": lambda: page(Study(path))},
        port=port,
        address="localhost",
        show=False,
        title=f"genscope {path.name}",
    )


def page(study: Study) -> Any:
    """The page's panel layout."""
    import panel

    panel.extension("tabulator", "codeeditor")
    names = [file.name for file in study.relations() if not file.params]
    traces = {name: name for name in study.traces()["name"]}
    name = panel.widgets.Select(name="Query", options=names)
    trace = panel.widgets.Select(name="Trace", options={"all": "*", **traces})
    code = panel.widgets.CodeEditor(
        value="SELECT name, path FROM trace",
        language="sql",
        height=120,
        sizing_mode="stretch_width",
    )
    run = panel.widgets.Button(name="Run", button_type="primary")
    answer = panel.Column(panel.bind(_answer, study, name, trace), sizing_mode="stretch_width")
    own = panel.bind(lambda _: _own(study, code.value), run)
    return panel.Column(
        f"# {study.path.name}",
        panel.Row(name, trace),
        answer,
        "## Your own SQL",
        code,
        run,
        own,
        sizing_mode="stretch_width",
    )


def _answer(study: Study, name: str, trace: str) -> Any:
    import panel

    relation = study.relation(name)
    table = _table(study.query(name, trace=trace))
    try:
        picture: Any = panel.pane.HoloViews(study.plot(name, trace=trace), backend="bokeh")
    except UserError as reason:
        picture = panel.pane.Markdown(f"*{reason}*")
    sql = panel.pane.Markdown(f"```sql\n{relation.statement}\n```")
    return panel.Column(
        relation.sentence, picture, table, panel.Card(sql, title="SQL", collapsed=True)
    )


def _own(study: Study, statement: str) -> Any:
    import panel

    con = study.connection
    con.execute("SET enable_external_access = false")
    timer = threading.Timer(QUERY_SECONDS, con.interrupt)
    timer.start()
    try:
        return _table(study.sql(statement))
    except (UserError, duckdb.Error) as error:
        return panel.pane.Alert(str(error), alert_type="warning")
    finally:
        timer.cancel()


def _table(frame: Any) -> Any:
    import panel

    return panel.widgets.Tabulator(
        frame.to_pandas(), disabled=True, pagination="local", page_size=20, show_index=False
    )
