"""What several passes over arrays read: read once, for the first that asks."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar

import duckdb

from genscope.analyze.load.launched import Calls, Events
from genscope.analyze.load.numbered import Threads
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.work_items import Items

_Result = TypeVar("_Result")


class Held:
    """Arrays of a database whose tables are being filled; `con` is the connection of the pass that asks."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._reading: dict[str, RLock] = {}

    def scratch(self, con: duckdb.DuckDBPyConnection) -> Scratch:
        """Makes these arrays, and others that a pass keeps."""
        return self._once("scratch", lambda: Scratch(con))

    def threads(self, con: duckdb.DuckDBPyConnection) -> Threads:
        """Numbers of the threads of the host."""
        tables = ["runtime_call_text", "cpu_op_text", "annotation"]
        return self._once("threads", lambda: Threads(con, tables))

    def calls(self, con: duckdb.DuckDBPyConnection) -> Calls:
        """The calls."""
        return self._once("calls", lambda: Calls(con, self.scratch(con), self.threads(con)))

    def operators(self, con: duckdb.DuckDBPyConnection) -> Operators:
        """The operators; cpu_op_parent must be filled."""

        def read() -> Operators:
            found = Operators(con, self.scratch(con))
            found.read(con, self.threads(con))
            return found

        return self._once("operators", read)

    def keep_operators(self, operators: Operators) -> None:
        """Those that a pass has read while it filled cpu_op_parent."""
        self._found["operators"] = operators

    def events(self, con: duckdb.DuckDBPyConnection) -> Events:
        """Kernels and copies; kernel_launch and copy_call must be filled."""
        return self._once("events", lambda: Events(con, self.scratch(con), self.calls(con)))

    def items(self, con: duckdb.DuckDBPyConnection) -> Items:
        """The work items; work must be filled."""
        return self._once("items", lambda: Items(con)).on(con)

    def release(self) -> None:
        """Give back the memory of all these arrays; their values stay."""
        if "scratch" in self._found:
            self._found["scratch"].release()
        if "items" in self._found:
            self._found["items"].work.release()

    def _once(self, name: str, make: Callable[[], _Result]) -> _Result:
        # two passes may ask for it at the same time
        with self._reading.setdefault(name, RLock()):
            if name not in self._found:
                self._found[name] = make()
        found: _Result = self._found[name]
        return found
