"""What several passes over arrays read: read once, for the first that asks."""

from __future__ import annotations

import duckdb

from genscope.analyze.load.launched import Calls, Events
from genscope.analyze.load.numbered import Threads
from genscope.analyze.load.once import Once
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.work_items import Items


class Held:
    """Arrays of a database whose tables are being filled; `con` is the connection of the pass that asks."""

    def __init__(self) -> None:
        self._once = Once()

    def scratch(self, con: duckdb.DuckDBPyConnection) -> Scratch:
        """Makes these arrays, and others that a pass keeps."""
        return self._once.get("scratch", lambda: Scratch(con))

    def threads(self, con: duckdb.DuckDBPyConnection) -> Threads:
        """Numbers of the threads of the host."""
        tables = ["runtime_call_text", "cpu_op_text", "annotation"]
        return self._once.get("threads", lambda: Threads(con, tables))

    def calls(self, con: duckdb.DuckDBPyConnection) -> Calls:
        """The calls."""
        return self._once.get("calls", lambda: Calls(con, self.scratch(con), self.threads(con)))

    def operators(self, con: duckdb.DuckDBPyConnection) -> Operators:
        """The operators; cpu_op_parent must be filled."""

        def read() -> Operators:
            found = Operators(con, self.scratch(con))
            found.read(con, self.threads(con))
            return found

        return self._once.get("operators", read)

    def keep_operators(self, operators: Operators) -> None:
        """Those that a pass has read while it filled cpu_op_parent."""
        self._once.put("operators", operators)

    def events(self, con: duckdb.DuckDBPyConnection) -> Events:
        """Kernels and copies; kernel_launch and copy_call must be filled."""
        return self._once.get("events", lambda: Events(con, self.scratch(con), self.calls(con)))

    def items(self, con: duckdb.DuckDBPyConnection) -> Items:
        """The work items; work must be filled."""
        return self._once.get("items", lambda: Items(con)).on(con)

    def release(self) -> None:
        """Give back the memory of all arrays; their values stay."""
        Scratch.release()
