"""Which operator and call requested each work item, by gathers instead of joins.

The rows equal those of queries/work/work_op.sql and queries/work/work_call.sql.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.narrow import TEXT_ID
from genscope.analyze.load.numbered import At, Codes, TextCodes
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.work_items import Items, ids
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers

UNKNOWN = "unattributed"
_HOST = "process_id, thread_id"


class Operators:
    """Operators by their places: the number of the name, the root, and when they started."""

    def __init__(self, items: Items) -> None:
        self.places, self._signature = items.operators, items.signature
        names, self._name = items.of_signatures("name")
        # the first one is for what has no operator
        self.names = [UNKNOWN if name is None else name for name in names]
        self.start = self.places.new(0, np.int64)
        for at, start in self.places.read("cpu_op_row", "start_ns"):
            put(self.start, at, start)
        self.root = self.places.new(self.places.none, np.int32)
        for at, trace, root in self.places.read("cpu_op_parent", "trace_id", "root_op_id"):
            put(self.root, at, self.places.of(trace, root))

    def name(self, op: At) -> At:
        """Numbers of names."""
        return take(self._name, take(self._signature, op))

    def flagged(self, table: str, column: str, condition: str) -> NDArray[np.bool_]:
        """Those that are in a column of a table's rows with a condition."""
        found = self.places.new(False, np.bool_)
        rows = self.places.con.table(table).filter(condition)
        for trace, number in read_batches(rows, "trace_id", column):
            found[self.places.of(trace, number)] = True
        return found


class Requests:
    """The places of each item's operator, its outermost one and its call, and what work_op says of it."""

    def __init__(self, items: Items, operators: Operators) -> None:
        self._items, self.operators = items, operators
        self.calls = items.places("runtime_call_row", "call_id")
        none = operators.places.none
        self.op, self.root = (items.new(none, np.int32) for _ in range(2))
        self.call = items.new(self.calls.none, np.int32)
        self._source = items.new(0, np.int32)
        self._sources = ["self", "graph_annotation"]
        self._read_launches()
        self._read_host_work()
        items.op = self.op
        self.name, self._root_name = (items.new(0, np.int32) for _ in range(2))
        self._take_names()
        code = items.joint(self.name, self._root_name, self._source)
        rows = [self._row(at) for at in items.firsts(code).tolist()]
        self.said = items.answered(("op_name", "root_op_name", "source"), rows, code)

    def _read_launches(self) -> None:
        con, work = self._items.con, self._items.work
        sources = TextCodes(con, "kernel_launch", "source")
        first = len(self._sources)
        self._sources += [row[0] for row in sources.rows]
        columns = ("kernel_id", "coalesce(op_id, -1)", "coalesce(call_id, -1)", TEXT_ID)
        launches = con.table("kernel_launch_row")
        for trace, kernel, op, call, source in read_batches(launches, "trace_id", *columns):
            at = work.of(trace, kernel)
            put(self.op, at, self.operators.places.of(trace, op))
            put(self.call, at, self.calls.of(trace, call))
            put(self._source, at, sources.of(source) + first)

    def _read_host_work(self) -> None:
        items = self._items
        host = items.con.table("work_row").filter("op_id IS NOT NULL")
        for trace, work, op in read_batches(host, "trace_id", "work_id", "op_id"):
            self.op[items.work.of(trace, work)] = self.operators.places.of(trace, op)

    def _take_names(self) -> None:
        """Find the outermost operators, and take their names and those of the others."""
        operators = self.operators
        captured = self._captured()
        none = operators.places.none
        for part in self._items.parts():
            op = self.op[part]
            root = take(operators.root, op)
            self.root[part], self._root_name[part] = root, operators.name(root)
            # one that nothing places has no name
            self.name[part] = np.where(root == none, 0, operators.name(op))
        for at, number in captured:
            self.name[at] = self._root_name[at] = number

    def _captured(self) -> list[tuple[At, At]]:
        """Kernels whose own names give their operators, and the numbers of these; forgets other operators."""
        items, names = self._items, self.operators.names
        labels = items.con.table("kernel_label").filter("op_name IS NOT NULL")
        codes = Codes(items.con, ["kernel_label"], "op_name")
        known = {name: number for number, name in enumerate(names)}
        numbered = [
            0 if row[0] is None else known.setdefault(row[0], len(known)) for row in codes.rows
        ]
        names.extend(list(known)[len(names) :])
        found = []
        for trace, kernel, name in read_batches(labels, "trace_id", "kernel_id", "hash(op_name)"):
            at = items.work.of(trace, kernel)
            self.op[at], self._source[at] = self.operators.places.none, 1
            found.append((at, np.array(numbered, np.int32)[codes.of(name)]))
        return found

    def _row(self, at: int) -> tuple[str, str, str]:
        names = self.operators.names
        return names[self.name[at]], names[self._root_name[at]], self._sources[self._source[at]]

    def insert(self) -> None:
        """Insert the rows of work_op."""
        places = self.operators.places
        columns = {"op_id": ids(places, self.op), "root_op_id": ids(places, self.root)}
        self._items.insert("work_op", columns, self.said)


class Called:
    """When and where the host requested each item, and its forward operator: the rows of work_call."""

    def __init__(self, items: Items, requests: Requests) -> None:
        self._items, self._requests = items, requests
        self.at, self.forward_at = (items.new(0, np.int64) for _ in range(2))
        self._of_calls = Codes(items.con, ["runtime_call_text"], _HOST)
        # 0 for none, else one more than the number of a process and thread, or of a forward track
        self._call, self._op, self._forward = (items.new(0, np.int32) for _ in range(3))
        self._take_calls()
        self._take_operators()
        self._take_forward()
        code = items.joint(self._call, self._op, self._forward)
        columns = ("process_id", "track", "forward_track", "source")
        rows = [self._row(at) for at in items.firsts(code).tolist()]
        self.said = items.answered(columns, rows, code)

    def _take_calls(self) -> None:
        calls, items = self._requests.calls, self._items
        start, host = calls.new(0, np.int64), calls.new(0, np.int32)
        for at, start_ns, thread in calls.read("runtime_call", "start_ns", f"hash({_HOST})"):
            put(start, at, start_ns)
            put(host, at, self._of_calls.of(thread) + 1)
        for part in items.parts():
            call = self._requests.call[part]
            self._call[part], self.at[part] = take(host, call), take(start, call)

    def _take_operators(self) -> None:
        """Take what calls lack from the operators."""
        items, operators = self._items, self._requests.operators
        # the first one is for no call, and the last one for no operator
        lacks = np.array([True, *(row[0] is None for row in self._of_calls.rows)], np.bool_)
        asking = items.gathered(lacks, self._call)
        for part in items.parts():
            asking[part] &= self._requests.op[part] != operators.places.none
        some = items.only(asking)
        self._of_operators = Codes(items.con, ["cpu_op_text"] if some.count else [], _HOST)
        host = operators.places.new(0, np.int32)
        if some.count:
            for at, thread in operators.places.read("cpu_op", f"hash({_HOST})"):
                host[at] = self._of_operators.of(thread) + 1
        for block in some.blocks():
            self._op[block] = host[self._requests.op[block]]
            bare = block[self._call[block] == 0]
            self.at[bare] = operators.start[self._requests.op[bare]]

    def _take_forward(self) -> None:
        items, requests = self._items, self._requests
        places = requests.operators.places
        tracks = TextCodes(items.con, "backward_call", "forward_track")
        self._tracks = [row[0] for row in tracks.rows]
        track, called = places.new(0, np.int32), places.new(0, np.int64)
        adds_up = places.new(False, np.bool_)
        columns = (TEXT_ID, "forward_called_ns", "is_accumulation")
        for at, text_id, called_ns, is_accumulation in places.read("backward_call_row", *columns):
            put(track, at, tracks.of(text_id) + 1)
            put(called, at, called_ns)
            put(adds_up, at, is_accumulation != 0)
        sends = self._sends()
        for part in items.parts():
            root = requests.root[part]
            # a bucket of gradients that is sent while one is added up belongs to no single module
            apart = take(adds_up, root) & sends[self._items.trace[part], requests.name[part]]
            self._forward[part] = np.where(apart, 0, take(track, root))
            is_backward = self._forward[part] > 0
            self.forward_at[part] = np.where(is_backward, take(called, root), self.at[part])

    def _row(self, at: int) -> tuple[str | None, ...]:
        """Process, track, forward track and source of an item."""
        call = self._of_calls.rows[self._call[at] - 1] if self._call[at] else None
        op = self._of_operators.rows[self._op[at] - 1] if self._op[at] else None
        process, thread = call or op or (None, None)
        if call and op:
            process = op[0]
        track = " ".join(part for part in (process, thread) if part is not None)
        known = track if call or op else None
        forward = self._tracks[self._forward[at] - 1] if self._forward[at] else known
        return process, known, forward, "call" if call else "operator" if op else "none"

    def insert(self) -> None:
        """Insert the rows of work_call."""
        code, rows = self.said.code, self.said.rows
        absent = np.array([row[3] == "none" for row in rows], np.bool_)
        absent_forward = np.array([row[2] is None for row in rows], np.bool_)
        columns = {
            "called_ns": lambda at: numbers(self.at[at], absent[code[at]]),
            "forward_called_ns": lambda at: numbers(self.forward_at[at], absent_forward[code[at]]),
        }
        self._items.insert("work_call", columns, self.said)

    def _sends(self) -> NDArray[np.bool_]:
        """Whether an operator communicates, by the numbers of its trace and its name."""
        items, names = self._items, self._requests.operators.names
        number_of = {name: number for number, name in enumerate(names)}
        trace_of = {trace: number for number, trace in enumerate(items.work.traces.tolist())}
        found = np.zeros((len(trace_of), len(names)), np.bool_)
        rules = items.con.table("operator_category").filter("category = 'communication'")
        for trace, name in rules.project("trace_id, name").fetchall():
            if trace in trace_of and name in number_of:
                found[trace_of[trace], number_of[name]] = True
        return found
