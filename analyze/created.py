"""What one connection of a study has so far: views, macros and tables, each created when a query needs it.

Creating all of them would take longer than a query. What several queries of one report read is computed once
and kept as a table in memory: DuckDB takes longer to plan such a relation than to answer from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genscope.analyze import question, refusal, trace_filter
from genscope.analyze.load.attached import ALL, Shown, name_tables, study_tables
from genscope.analyze.load.kept_views import create_kept_views, kept_views, with_views
from genscope.analyze.load.tables import create_temporary, with_inputs
from genscope.analyze.parameters import call_of

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from genscope.analyze.sql_file import SqlFile


class Created:
    """The relations of one connection to the study at `path`.

    `metrics` are all that could be asked for, each after those that it reads.
    """

    def __init__(self, path: Path, metrics: Mapping[str, SqlFile]) -> None:
        # every table, view and metric by name
        self.files: Mapping[str, SqlFile] = {**study_tables(), **kept_views(), **metrics}
        self._path = path
        self._metrics = metrics
        self._shown = ALL
        self._refused: refusal.Refused = {}
        self._names: set[str] = set()
        # views to be kept as tables, and those that are tables already
        self._shared: set[str] = set()
        self._tables: set[str] = set()

    def create(self, con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Create these tables, views and metrics, and what they read."""
        missing = self._with_inputs(names) - self._names
        files = [file for name, file in self._metrics.items() if name in missing]
        name_tables(con, self._path, missing, self._shown)
        create_kept_views(con, missing)
        refusal.create_metrics(con, files, self._refused, self._tables)
        self._names |= missing

    def show(self, con: duckdb.DuckDBPyConnection, shown: Shown) -> None:
        """Answer from these traces from now on; the refused ones among them are still to be named."""
        self._shown = shown
        for name in self._tables:
            con.execute(f"DROP TABLE {name}")
        self._tables.clear()
        name_tables(con, self._path, self._names, shown)

    def refuse(self, refused: refusal.Refused) -> None:
        """Leave these traces out of the metrics: their statements list them, so other ones are made."""
        if refused != self._refused:
            self._names -= self._metrics.keys()
        self._refused = refused

    def create_own(self, con: duckdb.DuckDBPyConnection, own: Sequence[SqlFile]) -> None:
        """Create the user's queries. Raises UserError if one of them may not run."""
        for file in own:
            question.check_definition(con, file)
        # a header of the user's need not name all that its statement reads
        names = {file.name for file in own}
        statements = "\n".join(file.statement for file in own)
        self.create(con, question.mentioned(statements, self.files.keys() - names))
        self.create(con, names)

    def _with_inputs(self, names: Iterable[str]) -> set[str]:
        """The names and what they read, without the shared tables, which read nothing any more."""
        return with_inputs(names, {k: v for k, v in self.files.items() if k not in self._tables})

    def _create_outside(self, con: duckdb.DuckDBPyConnection, relation: SqlFile) -> None:
        """Create what a statement reads, except the views that `with_views` puts into it."""
        inside = {name for name, file in kept_views().items() if not file.arguments}
        self.create(con, self._with_inputs(relation.inputs) - inside)

    def share(self, names: Iterable[str]) -> None:
        """Keep as tables, from the first of these metrics that reads them, the views that two or more read."""
        views = kept_views()
        readers = Counter(
            view for name in set(names) for view in with_inputs(self._metrics[name].inputs, views)
        )
        several = {view for view, count in readers.items() if count > 1}
        self._shared |= {view for view in several if not views[view].arguments}

    def source(
        self, con: duckdb.DuckDBPyConnection, metric: SqlFile, params: Mapping[str, Any]
    ) -> tuple[str, list[Any]]:
        """What a query of a metric selects from, and the values of its placeholders."""
        call, values = call_of(metric, params)
        self._fill(con, metric)
        if metric.params:
            self.create(con, [metric.name])
            return call, values
        self._create_outside(con, metric)
        found = with_views(refusal.without_refused(metric, self._refused), self._tables)
        return f"({found.statement}\n)", values

    def narrowed(
        self,
        con: duckdb.DuckDBPyConnection,
        metric: SqlFile,
        trace_ids: Collection[int],
        params: Mapping[str, Any],
    ) -> tuple[str, list[Any]]:
        """The same, computed from these traces only."""
        self._create_outside(con, metric)
        found = with_views(trace_filter.only(metric, trace_ids), self._tables)
        found = replace(found, name=f"{metric.name}_of_some_traces")
        create_temporary(con, found)
        return call_of(found, params)

    def _fill(self, con: duckdb.DuckDBPyConnection, metric: SqlFile) -> None:
        """Create the shared tables that a metric reads, except those that are there."""
        views = kept_views()
        wanted = with_inputs(metric.inputs, views) & self._shared - self._tables
        for name in filter(wanted.__contains__, views):
            self._create_outside(con, views[name])
            statement = with_views(views[name], self._tables).statement
            self._names.discard(name)
            con.execute(f"DROP VIEW IF EXISTS {name}; CREATE TABLE {name} AS {statement}")
            self._tables.add(name)
