"""Which relations have rows: the statement of one whose sources have none needn't be planned.

Planning a long statement takes 5 to 30 ms, which is most of the time that a small trace takes.
"""

from __future__ import annotations

import duckdb

from genscope.analyze.load.memory import within_memory
from genscope.analyze.sql_file import SqlFile


class Filled:
    """What is known of the relations of an open database while they are filled, each after its sources."""

    def __init__(self) -> None:
        self._empty: set[str] = set()
        self._asked: dict[str, bool] = {}

    def note(self, name: str, count: int) -> None:
        """Remember that a relation was filled with so many rows."""
        if count:
            self._asked[name] = True
        else:
            self._empty.add(name)

    def is_noted(self, name: str) -> bool:
        """Whether a relation was filled, or asked for rows."""
        return name in self._empty or name in self._asked

    def can_fill(self, con: duckdb.DuckDBPyConnection, relation: SqlFile) -> bool:
        """Whether the sources in the relation's header have rows, so that it can have some."""
        return not relation.sources or any(self._has_rows(con, name) for name in relation.sources)

    def _has_rows(self, con: duckdb.DuckDBPyConnection, source: str) -> bool:
        if source.split(maxsplit=1)[0] in self._empty:
            return False
        if source not in self._asked:
            asked = f"SELECT 1 FROM {source} LIMIT 1"
            # a statement that runs at the same time may have all memory
            found = within_memory(con, lambda: con.execute(asked).fetchall())
            self._asked[source] = bool(found)
        return self._asked[source]
