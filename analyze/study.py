"""A study: one DuckDB file with any number of traces, with methods to query, plot and report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from genscope.analyze import chosen, notebook, objection, question, reasons, refusal, trace_filter
from genscope.analyze.answer import Answer, without_rows
from genscope.analyze.created import Created
from genscope.analyze.interrupt import Abandoned, interruptible
from genscope.analyze.load import tables, user_data
from genscope.analyze.load.study_file import open_read_only, open_to_write
from genscope.analyze.near import suggestion
from genscope.analyze.rows import Rows, rows_of
from genscope.analyze.sql_file import SqlFile, own_queries
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.load.ingest import IngestResult

_Fetched = TypeVar("_Fetched")
_Ask = Callable[[duckdb.DuckDBPyConnection], _Fetched]


class Study(notebook.ShownInNotebook):
    """An open study, read-only; `ingest` and `classify` open it for writing while they run.

    Use it in a `with` block, or call `close`. `queries` are folders with your own .sql files; a file of the
    same name replaces ours. No SQL can reach files, settings or extensions; `allow_files` allows files.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        queries: Iterable[str | Path] = (),
        allow_files: bool = False,
    ) -> None:
        self.path = Path(path)
        self._options: dict[str, Any] = {"allow_files": allow_files}
        self._extra = [file for folder in queries for file in own_queries(Path(folder))]
        self._con: duckdb.DuckDBPyConnection | None = None
        # every metric by name, and what the connection has of them and of their inputs
        self._metrics: dict[str, SqlFile] = {}
        self._created: Created
        # of the open file: names of traces, refused ones, and which meet which need of a query
        self._names: dict[int, str] = {}
        self._refused: refusal.Refused = {}
        self._known: dict[str, set[int]] = {}

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self._known = {}
        if self._con is not None:
            self._con.close()
            self._con = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The read-only DuckDB connection, with every metric in it as a view or macro.

        Raises UserError if the file is missing, locked, of another version or not a study.
        """
        con = self._opened
        self._create(self._created.files)
        return con

    @property
    def _opened(self) -> duckdb.DuckDBPyConnection:
        """The connection, with those tables and metrics that were asked for so far."""
        if self._con is None:
            self._con = open_read_only(self.path, **self._options)
            self._metrics = tables.metrics(self._extra)
            self._created = Created(self.path, self._metrics)
            try:
                self._create(("trace", "anomaly"))
                self._names, self._refused = self._ask(chosen.names), self._ask(refusal.refused)
                self._created.refuse(self._refused)
                self._ask(lambda con: self._created.create_own(con, self._extra))
            except BaseException:
                self.close()
                raise
        return self._con

    def _create(self, names: Iterable[str]) -> None:
        self._ask(lambda con: self._created.create(con, names))

    def ingest(
        self, paths: str | Path | Iterable[str | Path], **options: Any
    ) -> list[IngestResult]:
        """Load trace files, run folders or globs; return one result per file, in order.

        A file whose digest is already in the study is skipped. `options` are those of
        genscope.analyze.load.ingest.ingest. Raises UserError if nothing can be read at all.
        """
        from genscope.analyze.load import ingest

        self.close()
        wanted = [paths] if isinstance(paths, str | Path) else list(paths)
        return ingest.ingest(self.path, wanted, **options)

    def classify(self, rules: str | Path) -> None:
        """Apply a CSV of kernel rules (pattern, category) ahead of ours and classify again."""
        from genscope.analyze.load import attribution, user_rules

        found = user_rules.read_rules(Path(rules))
        self._opened  # noqa: B018  the messages for a missing or foreign file
        self.close()
        with open_to_write(self.path) as con:
            attribution.reclassify(con, found)

    def load_table(self, name: str, csv: str | Path, **about: str | None) -> None:
        """Fill a table that no trace fills from a CSV; `about` as in user_data.fill. UserError if it can't be read."""
        self._opened  # noqa: B018  the messages for a missing or foreign file
        self.close()
        with open_to_write(self.path) as con:
            user_data.fill(con, name, Path(csv), **about)

    def relation(self, name: str) -> SqlFile:
        """The SQL file of one metric. Raises UserError, with similar names, if there is none."""
        self._opened  # noqa: B018  fills the list
        if name not in self._metrics:
            raise UserError(
                f"there is no query {name!r}; 'genscope queries' lists them all"
                f"{suggestion(name, self._metrics)}"
            )
        return self._metrics[name]

    def relations(self) -> list[SqlFile]:
        """Every metric, ours and the user's own, by name."""
        self._opened  # noqa: B018  fills the list
        return [self._metrics[name] for name in sorted(self._metrics)]

    def query(
        self, name: str, *, trace: str | None = None, params: Mapping[str, Any] | None = None
    ) -> pl.DataFrame:
        """Run one metric and return a polars frame with the columns that its header lists.

        `trace` is a glob on the trace's name or path. Raises UserError for an unknown query,
        parameter or trace, or if none of the chosen traces can answer the query.
        """
        return self._answered(name, trace, params or {}, lambda result: result.pl())

    def rows(
        self, name: str, *, trace: str | None = None, params: Mapping[str, Any] | None = None
    ) -> Rows:
        """The same as Python values, without polars, whose import takes longer than most queries."""
        return self._answered(name, trace, params or {}, rows_of)

    def _answered(
        self, name: str, trace: str | None, params: Mapping[str, Any], fetch: _Ask[_Fetched]
    ) -> _Fetched:
        relation = self.relation(name)
        asked = None if trace is None else chosen.matching(self._opened, trace)
        refusal.check_sides(self._opened, relation, params, self._refused)
        answerable = refusal.answerable_traces(self._opened, relation, asked, self._refused)
        where = ""
        if answerable is not None and "trace_id" in relation.columns:
            where = f" WHERE trace_id IN ({', '.join(map(str, answerable)) or 'NULL'})"
        of_some = asked is not None and "trace_id" not in relation.columns
        narrow = of_some and self.is_about_traces(name)

        def ask(con: duckdb.DuckDBPyConnection) -> _Fetched:
            if narrow:
                source, values = self._created.narrowed(con, relation, answerable or (), params)
            else:
                source, values = self._created.source(con, relation, params)
            return fetch(con.execute(f"SELECT * FROM {source}{where}", values))

        return self._ask(ask)

    def share(self, names: Iterable[str]) -> None:
        """Say that these queries will be asked, of all traces: what several of them read is computed once.

        It stays in memory until the study is closed.
        """
        self._opened  # noqa: B018  fills the list
        self._created.share(names)

    def is_about_traces(self, name: str) -> bool:
        """Whether a metric is computed from traces, so that some can be chosen."""
        relation = self.relation(name)
        return "trace_id" in relation.columns or trace_filter.is_about_traces(relation)

    def sql(self, statement: str, *, most_rows: int | None = None) -> pl.DataFrame:
        """Run one SELECT over the study's tables, views and macros and return a polars frame.

        At most `most_rows` rows are fetched. With `allow_files`, COPY is allowed too. Raises
        UserError for any other statement, and for one that DuckDB refuses.
        """
        self.prepared(statement)
        frame = self._ask(lambda con: question.answer(con, statement, most_rows), statement)
        return question.unfolded(frame) if frame.columns == question.EXPLAINED else frame

    def prepared(self, statement: str) -> duckdb.DuckDBPyConnection:
        """The connection, ready for a statement that `sql` would run. Raises UserError for any other."""
        with_files = self._options["allow_files"]
        allow = question.check_files_question if with_files else question.check_question
        allow(self._opened, statement)
        self._create(question.mentioned(statement, self._created.files))
        return self._opened

    def interrupt(self) -> None:
        """End the query that another thread runs on this study; it raises UserError there."""
        if self._con is not None:
            self._con.interrupt()

    def _ask(self, ask: _Ask[_Fetched], statement: str = "") -> _Fetched:
        """Return `ask(connection)`; Ctrl-C stops it, and DuckDB's errors become a UserError."""
        con = self._opened
        try:
            return interruptible(con, lambda: ask(con))
        except Abandoned:
            # close() would wait for the query
            self._con = None
            raise
        except duckdb.Error as error:
            raise UserError(objection.refusal_of(error, self._created.files, statement)) from error

    def traces(self) -> pl.DataFrame:
        """The table `trace`, one row per loaded file."""
        return self._opened.execute("SELECT * FROM trace ORDER BY trace_id").pl()

    def plot(self, name: str, *, trace: str | None = None) -> Any:
        """The HoloViews element of one metric. Raises UserError if it has no plot or no rows."""
        from genscope.analyze.plots.registry import plot_of

        return plot_of(name)(self.query(name, trace=trace).to_pandas())

    def reasons(self, name: str, *, trace: str | None = None) -> list[str]:
        """Why a query has no rows for the chosen traces, one line per reason."""
        relation = self.relation(name)
        self._create(reasons.read_for(relation))
        names = self.names(trace)
        return reasons.no_rows(self._opened, relation, names, self._known, self._refused)

    def left_out(
        self, name: str, *, trace: str | None = None, params: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Which traces an answer leaves out and why, or that `trace` changes nothing, a line each."""
        relation = self.relation(name)
        if trace is not None and not self.is_about_traces(name):
            return ["the query isn't computed from traces, so --trace changes nothing"]
        # a pair, a mean or a fit depends on more traces than the chosen ones
        alone = "trace_id" in relation.columns and "run_pair" not in relation.inputs
        every = self.names(trace if alone else None)
        names = refusal.compared(self._opened, relation, params or {}, every)
        return reasons.left_out(relation, names, self._refused)

    def answer(
        self, name: str, *, trace: str | None = None, params: Mapping[str, Any] | None = None
    ) -> Answer:
        """A query's rows, with the reasons for missing ones; an error becomes such a reason."""
        relation = self.relation(name)
        asked = trace if self.is_about_traces(name) else None
        try:
            frame = self.query(name, trace=asked, params=params)
            notes = self.left_out(name, trace=asked, params=params)
            notes += self.reasons(name, trace=asked) if frame.is_empty() else []
        except Exception as error:  # a user's own query or an odd value can raise anything
            return without_rows(relation, error)
        return Answer(relation, frame, tuple(notes))

    def report(self, path: str | Path, *, trace: str | None = None) -> Path:
        """Write the report, one HTML file that needs no network, and return its path.

        `trace` is as in `query`. Raises UserError if no trace matches, or if the file can't be written.
        """
        from genscope.analyze.report.sections import sections_of
        from genscope.analyze.report.write import threads_for, write_report

        def ask(name: str, params: Mapping[str, str]) -> Answer:
            return self.answer(name, trace=None if params else trace, params=params)

        def opened() -> tuple[list[SqlFile], Collection[str]]:
            names, relations = self.names(trace).values(), self.relations()
            if len(names) == len(self._names):
                self.share(sections_of(relations, len(names)))
            return relations, names

        self._options["threads"] = threads_for(self.path)
        return write_report(path, opened=opened, traces=self.traces, ask=ask)

    def names(self, trace: str | None = None) -> dict[int, str]:
        """Names by trace_id of the traces that a glob matches, or of all traces."""
        kept = None if trace is None else chosen.matching(self._opened, trace)
        self._opened  # noqa: B018  fills the names
        return {k: name for k, name in self._names.items() if kept is None or k in kept}
