"""A process that runs one visitor's SQL.

DuckDB can't bound every allocation and can't always be interrupted, so a visitor's statement runs in a
process of its own, which can be ended at any time and gets only so much memory. It can't write files.

A request is JSON; an answer has a head, which is JSON, and the bytes of a file.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze import question
from genscope.analyze.child_process import Asker, limit_process
from genscope.analyze.csv_text import csv_text
from genscope.analyze.objection import refusal_of
from genscope.analyze.printable import printable
from genscope.analyze.sql_file import shipped_relations
from genscope.analyze.study import Study
from genscope.errors import UserError

if TYPE_CHECKING:
    import duckdb
    import numpy as np

MEMORY_BYTES = 2 << 30
# a longer answer isn't kept, but computed again for each part that is looked at
KEPT_ROWS = 1_000_000
EXPORTED_ROWS = 1_000_000
_LONGEST = 2_000
_SIGNS = (">=", "<=", "<>", ">", "<", "=")
_RESULT = "result_of_yours"
# the first rows of an order are found faster than the whole order
_FIRST_ROWS = 1_000


class Result:
    """The answer to the statement that was opened last, of which parts are shown."""

    def __init__(self, path: Path) -> None:
        self._study = Study(path)
        self._con: duckdb.DuckDBPyConnection = self._study.prepared("SELECT 1")
        self._columns: list[tuple[str, bool]] = []
        # rows of the answer, and whether it is kept, so that rows have fixed places
        self._count, self._is_kept = 0, False
        # places of rows by the clause that chose or sorted them, the last one of each kind
        self._chosen: dict[str, tuple[str, np.typing.NDArray[np.int64]]] = {}

    def open(self, sql: str) -> dict[str, Any]:
        """Run a statement; its columns, whether each holds numbers, and the number of rows."""
        text = sql.strip().rstrip(";")
        self._study.prepared(text)
        for kind in ("TABLE", "VIEW"):
            self._drop(kind)
        if question.is_explain(self._con, text):
            self._con.register(_RESULT, self._study.sql(text).to_arrow())
            self._is_kept = False
        else:
            self._keep(text)
        described = self._con.execute(f"DESCRIBE FROM {_RESULT}").fetchall()
        self._columns = [(row[0], _is_number(row[1])) for row in described]
        self._count = self._counted()
        self._chosen.clear()
        return {
            "columns": [
                {"name": printable(name), "number": number, "type": kind}
                for (name, number), (_, kind, *_rest) in zip(self._columns, described, strict=True)
            ],
            "count": self._count,
        }

    def _drop(self, kind: str) -> None:
        # the other kind of relation may have that name
        found = self._con.execute(
            f"SELECT count(*) FROM duckdb_{kind.lower()}s() WHERE {kind.lower()}_name = '{_RESULT}'"
        ).fetchall()
        if found[0][0]:
            self._con.execute(f"DROP {kind} {_RESULT}")

    def _keep(self, text: str) -> None:
        """Keep the rows, or, if there are too many, the statement."""
        made = f"SELECT * FROM (\n{text}\n)"
        self._con.execute(f"CREATE TEMP TABLE {_RESULT} AS {made} LIMIT {KEPT_ROWS + 1}")
        self._is_kept = self._counted() <= KEPT_ROWS
        if not self._is_kept:
            self._con.execute(f"DROP TABLE {_RESULT}")
            self._con.execute(f"CREATE TEMP VIEW {_RESULT} AS {made}")

    def page(
        self, offset: int, limit: int, sort: list[Any] | None, filters: dict[str, str]
    ) -> dict[str, Any]:
        """Some rows of the answer, and how many pass the filters.

        `sort` is the place of a column and whether the largest come first; `filters` maps the place
        of a column to a text that it contains, or to a comparison such as '> 5'.
        """
        where = self._where(filters)
        order, offset, limit = self._order(sort), int(offset), int(limit)
        if self._is_kept and (where or (order and offset >= _FIRST_ROWS)):
            places = self._places(where, order)
            rows, count = self._at(places[offset : offset + limit].tolist()), len(places)
        else:
            part = f"{where}{order} LIMIT {limit} OFFSET {offset}"
            rows = self._con.execute(f"SELECT * FROM {_RESULT}{part}").fetchall()
            count = self._counted(where) if where else self._count
        return {"rows": [[_plain(value) for value in row] for row in rows], "count": count}

    def _counted(self, where: str = "") -> int:
        return int(self._con.execute(f"SELECT count(*) FROM {_RESULT}{where}").fetchall()[0][0])

    def _order(self, sort: list[Any] | None) -> str:
        if sort is None:
            return ""
        order = f" ORDER BY {self._name(int(sort[0]))} {'DESC' if sort[1] else 'ASC'} NULLS LAST"
        # equal values have one order, or a row could be on two pages
        return f"{order}, rowid" if self._is_kept else order

    def _places(self, where: str, order: str) -> np.typing.NDArray[np.int64]:
        """The places of the rows that pass, in order; each clause is run once while it stays the same."""
        import numpy as np

        for clause in filter(None, (where, order)):
            kind = clause.split()[0]
            if self._chosen.get(kind, ("",))[0] != clause:
                found = self._con.execute(f"SELECT rowid FROM {_RESULT}{clause}").fetchnumpy()
                self._chosen[kind] = (clause, np.asarray(found["rowid"], np.int64))
        if not order:
            return self._chosen["WHERE"][1]
        ordered = self._chosen["ORDER"][1]
        if not where:
            return ordered
        passes = np.zeros(self._count, bool)
        passes[self._chosen["WHERE"][1]] = True
        chosen: np.typing.NDArray[np.int64] = ordered[passes[ordered]]
        return chosen

    def _at(self, places: list[int]) -> list[tuple[Any, ...]]:
        """The rows at these places, in the same order."""
        if not places:
            return []
        listed = ", ".join(map(str, places))
        rows = self._con.execute(
            f"SELECT rowid, * FROM {_RESULT} WHERE rowid IN ({listed})"
        ).fetchall()
        found = {place: row for place, *row in rows}
        return [tuple(found[place]) for place in places]

    def export(self, form: str) -> bytes:
        """The answer as CSV or Parquet, at most EXPORTED_ROWS rows."""
        frame = question.answer(self._con, f"SELECT * FROM {_RESULT} LIMIT {EXPORTED_ROWS}")
        if form == "csv":
            return csv_text(frame).encode()
        out = BytesIO()
        frame.write_parquet(out)
        return out.getvalue()

    def _name(self, place: int) -> str:
        return '"' + self._columns[place][0].replace('"', '""') + '"'

    def _where(self, filters: dict[str, str]) -> str:
        tests = []
        for place, text in filters.items():
            name, wanted = self._name(int(place)), text.strip()
            if not wanted:
                continue
            if not self._columns[int(place)][1]:
                tests.append(self._contains(f"CAST({name} AS VARCHAR)", _quoted(wanted)))
                continue
            sign = next((sign for sign in _SIGNS if wanted.startswith(sign)), "=")
            value = wanted.removeprefix(sign).strip().replace(",", "")
            try:
                float(value)
            except ValueError:
                raise UserError(f"{value!r} is not a number; write > 5, <= 1e6 or = 0") from None
            tests.append(f"{name} {sign} {_quoted(value)}::DOUBLE")
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _contains(self, text: str, wanted: str) -> str:
        # a study's column knows its few texts, and each is compared once, which a pattern prevents; in a kept
        # answer every row has its own text, and a pattern takes half the time
        if self._is_kept:
            return f"regexp_matches({text}, regexp_escape({wanted}), 'i')"
        return f"contains(lower({text}), lower({wanted}))"


def _is_number(kind: str) -> bool:
    return kind.rstrip("0123456789(),").endswith(("INT", "INTEGER", "FLOAT", "DOUBLE", "DECIMAL"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(value: Any) -> Any:
    """A value as JSON that a browser reads without loss: large integers and odd types as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else str(value)
    if isinstance(value, float):
        # JSON has neither NaN nor infinity
        return value if value - value == 0 else str(value)
    text = value if isinstance(value, str) else str(value)
    return printable(text[:_LONGEST])


def answer(result: Result, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The answer to one request: its head, and bytes if it is a file."""
    import duckdb

    try:
        if asked["do"] == "open":
            return result.open(asked["sql"]), b""
        if asked["do"] == "page":
            filters = asked.get("filters", {})
            return result.page(asked["offset"], asked["limit"], asked.get("sort"), filters), b""
        return {}, result.export(asked["form"])
    except UserError as error:
        return {"error": str(error)}, b""
    except duckdb.Error as error:
        return {"error": refusal_of(error, shipped_relations(), asked.get("sql", ""))}, b""
    except MemoryError:
        return {"error": "the query needs more memory than it may use; select less"}, b""


def serve() -> None:
    """Answer requests until the server has gone: the main function of the process."""
    # loaded before the memory is bounded
    import numpy as np  # noqa: F401
    import polars  # noqa: F401

    asker = Asker()
    result = Result(Path(asker.question()["study"]))
    limit_process(MEMORY_BYTES)
    asker.reply(b"{}")
    for asked in asker.questions():
        head, content = answer(result, asked)
        asker.reply(json.dumps(head).encode(), content)
