"""What one connection of a study has so far: views, macros and tables, each created when a query needs it.

Creating all of them would take longer than a query. What several queries of one report read is computed once
and kept as a table in memory: DuckDB takes longer to plan such a relation than to answer from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genscope.analyze import refusal, trace_filter
from genscope.analyze.load.kept_views import create_kept_views, kept_views, macros_of, with_views
from genscope.analyze.load.tables import create_temporary, with_inputs
from genscope.analyze.sql_file import call_of

if TYPE_CHECKING:
    import duckdb

    from genscope.analyze.sql_file import SqlFile


class Created:
    """The relations of one connection. `metrics` are all that could be asked for, each after those it reads."""

    def __init__(self, metrics: Mapping[str, SqlFile], refused: refusal.Refused) -> None:
        self._metrics = metrics
        self._refused = refused
        self._names: set[str] = set()
        # views to be kept as tables, and those that are tables already
        self._shared: set[str] = set()
        self._tables: set[str] = set()

    def create(self, con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Create these views and metrics, and the metrics that they read."""
        missing = {*names, *with_inputs(names, self._metrics)} - self._names
        views = with_inputs(missing, kept_views()) - self._names - self._tables
        files = [file for name, file in self._metrics.items() if name in missing]
        create_kept_views(con, views)
        refusal.create_metrics(con, files, self._refused, self._tables)
        self._names |= missing | views

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
        self.create(con, self._metrics.keys() & set(metric.inputs))
        found = refusal.without_refused(con, metric, self._refused, self._tables)
        return f"({found.statement}\n)", values

    def narrowed(
        self,
        con: duckdb.DuckDBPyConnection,
        metric: SqlFile,
        trace_ids: Collection[int],
        params: Mapping[str, Any],
    ) -> tuple[str, list[Any]]:
        """The same, computed from these traces only."""
        self.create(con, metric.inputs)
        found = trace_filter.only(metric, trace_ids)
        found = replace(found, name=f"{metric.name}_of_some_traces")
        create_temporary(con, found)
        return call_of(found, params)

    def _fill(self, con: duckdb.DuckDBPyConnection, metric: SqlFile) -> None:
        """Create the shared tables that a metric reads, except those that are there."""
        views = kept_views()
        wanted = with_inputs(metric.inputs, views) & self._shared - self._tables
        for name in filter(wanted.__contains__, views):
            create_kept_views(con, macros_of(views[name]) - self._tables)
            statement = with_views(views[name], self._tables).statement
            self._names.discard(name)
            con.execute(f"DROP VIEW IF EXISTS {name}; CREATE TABLE {name} AS {statement}")
            self._tables.add(name)
