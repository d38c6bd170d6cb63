"""What an agent can ask of a study: each public method of `Agent` is one tool, its docstring the description."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.agent.small_answer import small
from genscope.analyze.key_columns import key_columns
from genscope.analyze.load.tables import table_files
from genscope.analyze.near import suggestion
from genscope.analyze.predicted import notes as notes_of
from genscope.analyze.predicted import notes_of_statement
from genscope.analyze.sandbox import Sandbox
from genscope.analyze.study import Study
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.sql_file import SqlFile

TOOLS = (
    "traces", "queries", "relation", "query", "sql", "compare", "opportunities", "doctor", "plot",
    "report",
)  # fmt: skip
_TRACE = ("trace_id", "name", "format", "model", "attention", "device_name", "predicted", "rank")
_LEVELS = ("component", "category", "operator", "module", "kernel")


class Agent:
    """The tools on one study. Several threads may use them; they take turns."""

    def __init__(self, study: Path) -> None:
        self._study = Study(study)
        self._sandbox = Sandbox(study)
        self._turn = threading.Lock()
        # reports that this agent wrote, which it may write again
        self._written: set[Path] = set()

    def close(self) -> None:
        """Close the study and end the process that runs SQL."""
        self._sandbox.close()
        self._study.close()

    def traces(self) -> dict[str, Any]:
        """List the traces of the study: name, model, attention implementation, device."""
        with self._turn:
            return small(self._study.traces(), columns=_TRACE, most_rows=100)

    def queries(self, search: str = "") -> dict[str, Any]:
        """List the ready-made queries with a sentence each.

        `search` keeps those that mention all its words.
        """
        words = search.lower().split()
        with self._turn:
            found = [
                f"{file.name}: {file.sentence}"
                for file in self._study.relations()
                if all(word in _words_of(file) for word in words)
            ]
        if not found:
            raise UserError(f"no query mentions {search!r}; call queries without a search")
        return {
            "queries": found,
            "next": "query(name) runs one; relation(name) explains its columns",
        }

    def relation(self, name: str) -> dict[str, Any]:
        """Explain a query, table or view: what a row is, every column with its unit, parameters."""
        known = self._known()
        if name not in known:
            raise UserError(
                f"there is no relation {name!r}; queries() lists the queries"
                f"{suggestion(name, known)}"
            )
        file = known[name]
        params = {key: f"{p.type} = {p.default}: {p.text}" for key, p in file.params.items()}
        return {
            "name": name,
            "answers": file.sentence,
            "why": " ".join(file.sections.get("Why", "").split()),
            "a_row_is": " ".join(file.sections.get("Grain", "").split()),
            "columns": dict(file.columns),
            **({"params": params} if params else {}),
            "reads": list(file.inputs),
        }

    def query(
        self,
        name: str,
        trace: str | None = None,
        columns: Sequence[str] = (),
        rows: int = 20,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run a ready-made query.

        `trace` is a glob on trace names; `columns` are the key ones unless you name some; `params` are
        those that relation(name) lists. Units are in the names: _ns nanoseconds, _bytes, _flops, _frac 0..1.
        """
        with self._turn:
            frame = self._study.query(name, trace=trace, params=params or {})
            notes = self._study.left_out(name, trace=trace, params=params)
            notes += self._study.reasons(name, trace=trace) if frame.is_empty() else []
            shown = columns or key_columns(self._study.relation(name), frame.columns)
        if len(shown) < frame.width and not columns:
            notes.append(f"the key columns; all are {', '.join(frame.columns)}")
        notes += notes_of(frame)
        return small(frame, columns=shown, most_rows=rows, notes=notes)

    def sql(self, statement: str, rows: int = 50) -> dict[str, Any]:
        """Run one SELECT of your own (DuckDB's SQL) over the study's tables and queries.

        It is read-only and ends after 10 s. work_fact has one row per kernel with all that is known about it; relation(name) has the columns.
        """
        answer = self._sandbox.sql(statement)
        notes = ["there are more rows; aggregate them or add a LIMIT"] if answer.is_cut else []
        with self._turn:
            notes += notes_of_statement(answer.frame, self._study.traces())
        return small(answer.frame, most_rows=rows, notes=notes)

    def compare(
        self, first: str, second: str, level: str = "category", rows: int = 15
    ) -> dict[str, Any]:
        """Compare two traces by component, category, operator, module or kernel, largest change first.

        The row 'total' is the whole difference, and the rows of a level add up to it. difference_ns is
        second minus first: positive means that the second one is slower.
        """
        import polars as pl

        if level not in _LEVELS:
            raise UserError(f"there is no level {level!r}; use one of {', '.join(_LEVELS)}")
        sides = {"first": first, "second": second}
        with self._turn:
            frame = self._study.query("trace_difference", params=sides)
        found = frame.filter(pl.col("level").is_in(["total", level])).sort(
            pl.col("level") != "total", -pl.col("difference_ns").abs()
        )
        columns = [
            "level",
            "op_name",
            "a_count",
            "b_count",
            "a_ns",
            "b_ns",
            "difference_ns",
            "verdict",
        ]
        columns[1:1] = ["module"] if level == "module" else []
        return small(
            found, columns=columns, most_rows=rows, notes=_refusals(found) + notes_of(found)
        )

    def opportunities(self, trace: str | None = None, rows: int = 10) -> dict[str, Any]:
        """List what limits a trace and what each fix would save, the largest saving first."""
        return self.query("opportunity", trace=trace, rows=rows)

    def doctor(self, path: str) -> dict[str, Any]:
        """Say what is wrong with a trace file, whether its shares can be trusted, what it can't answer."""
        from genscope.analyze.doctor.examine import examine

        (found, *_) = examine([path])
        cannot = {name: why for name, why in (found.supports or {}).items() if why}
        return {
            "path": found.path,
            "trustworthy": found.trustworthy,
            "doubts": list(found.doubts) + ([found.error] if found.error else []),
            "anomalies": [
                {"kind": a.kind, "count": a.count, "effect": a.consequence, "advice": a.advice}
                for a in found.anomalies
            ],
            "cannot_answer": cannot,
        }

    def plot(self, name: str, trace: str | None = None) -> bytes:
        """Draw the plot of a query as a PNG picture."""
        from tempfile import TemporaryDirectory

        from genscope.analyze.plots.save import save_plot

        with self._turn, TemporaryDirectory(prefix="genscope-") as folder:
            out = Path(folder) / f"{Path(name).name}.png"
            return save_plot(self._study.plot(name, trace=trace), out).read_bytes()

    def report(self, path: str, trace: str | None = None) -> dict[str, Any]:
        """Write all answers into one HTML file for people.

        `path` must be a new file that ends in .html.
        """
        out = Path(path).absolute()
        if out.suffix != ".html" or (out.exists() and out not in self._written):
            raise UserError(f"{path}: name a new file that ends in .html")
        with self._turn:
            written = self._study.report(out, trace=trace)
        self._written.add(out)
        return {"written": str(written), "size_bytes": written.stat().st_size}

    def _known(self) -> Mapping[str, SqlFile]:
        with self._turn:
            return table_files() | {file.name: file for file in self._study.relations()}


def _words_of(file: SqlFile) -> str:
    return f"{file.name} {file.sentence} {file.sections.get('Why', '')} {' '.join(file.columns)}".lower()


def _refusals(frame: Any) -> list[str]:
    return [str(why) for why in frame["verdict_refusal"].drop_nulls().unique()]
