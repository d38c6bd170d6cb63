"""Read the header of a .sql file, and find out which relations its statement reads.

A test compares the header with DuckDB, so the header is data: this module turns a file into a SqlFile
and asks DuckDB's own parser, never a regular expression, for the inputs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from genscope.analyze.connect import connect
from genscope.errors import UserError

# the rooms whose relations are filled at ingest; each reads only itself and the rooms before it
ROOMS = (
    "rules", "nesting", "work", "launch", "idle", "memory", "communication", "cost", "attention", "run",
    "limit",
)  # fmt: skip
LAYERS = ("schema", "interval", *ROOMS, "metric", "nsys")

_TITLE = re.compile(r"^(?P<name>\w+)(\((?P<arguments>[^)]*)\))?: (?P<sentence>.+)$")
_WHY_LONG = re.compile(r" \(\d+ lines because [^()]*\)")
_SECTION = re.compile(r"^(?P<key>[A-Z][a-z]+):\s*(?P<text>.*)$")
_ENTRY = re.compile(r"^\s+(?P<name>\w+)\s{2,}(?P<text>\S.*)$")
_PARAM = re.compile(r"^\s*(?P<name>\w+) (?P<type>[A-Z]+) = (?P<default>\S+)\s+(?P<text>.+)$")
_SECTIONS = ("Why", "Grain", "Inputs", "From", "Merge", "Needs", "Params", "Key", "Texts", "Columns", "Never", "Plot", "Kept")  # fmt: skip


@dataclass(frozen=True)
class Param:
    """One parameter of a metric: a DuckDB type, a default as SQL text, a sentence."""

    type: str
    default: str
    text: str


@dataclass(frozen=True)
class SqlFile:
    """One relation: its parsed header and its statement. The sentence leaves out why the file is long.

    `needs` are words of genscope.analyze.needs: what a trace must hold for the relation to have rows.
    `inputs` are the relations and macros that the header names, `reads(...)` those that the statement
    names. `columns` maps a column to its meaning, in order.
    """

    name: str
    layer: str
    sentence: str
    sections: Mapping[str, str]
    inputs: tuple[str, ...]
    needs: tuple[str, ...]
    columns: Mapping[str, str]
    params: Mapping[str, Param]
    arguments: str
    statement: str
    origin: str = field(compare=False)

    @property
    def is_macro(self) -> bool:
        """A table macro: an interval, or a metric with parameters."""
        return bool(self.arguments or self.params)

    @property
    def is_of_traces(self) -> bool:
        """Whether a table of it holds rows of traces; a list of rules, or `Kept: view`, is a view."""
        return "trace_id" in self.columns and self.sections.get("Kept", "").strip() != "view"

    @property
    def sources(self) -> list[str]:
        """Inputs, some with a condition: without a row in any of them, the relation has none."""
        return [one.strip() for one in self.sections.get("From", "").split(",") if one.strip()]

    @property
    def summary(self) -> str:
        """The sentence, and the parameters as written on the command line."""
        params = [f" [--param {name}={param.default}]" for name, param in self.params.items()]
        return self.sentence + "".join(params)

    @property
    def never(self) -> str:
        """The statement that must return no row; '' if the header has none."""
        text = " ".join(self.sections.get("Never", "").split())
        if not text or text.upper().startswith(("SELECT", "WITH")):
            return text
        return f"SELECT 1 FROM {self.name}{'()' if self.params else ''} {text}"


def parse(text: str, layer: str, origin: str) -> SqlFile:
    """Read one file's header and statement.

    `origin` is the text's file, for messages. Raises UserError, with origin and line, if the header
    doesn't have the form that CONTRIBUTING.md shows.
    """
    comment, statement = _split(text)
    title = _TITLE.match(comment[0][3:]) if comment and comment[0].startswith("-- ") else None
    if title is None:
        raise UserError(
            f"{origin}:1: the header has no title; begin the file with '-- name: one sentence.'"
        )
    sections = _sections(comment[1:], origin)
    return SqlFile(
        name=title["name"],
        layer=layer,
        sentence=_WHY_LONG.sub("", title["sentence"].strip()),
        sections={key: "\n".join(lines).strip("\n") for key, lines in sections.items()},
        inputs=_names(" ".join(sections.get("Inputs", []))),
        needs=_names(" ".join(sections.get("Needs", []))),
        columns=dict(_entries(sections.get("Columns", []))),
        params=dict(_params(sections.get("Params", []), origin)),
        arguments=title["arguments"] or "",
        statement=statement.strip().rstrip(";"),
        origin=origin,
    )


def reads(statement: str, macros: Iterable[str] = ()) -> frozenset[str]:
    """Relations and `macros` that a SELECT names, without common table expressions.

    A relation handed to a macro by name, as in interval_union('kernel'), counts. Raises UserError if it can't be parsed.
    """
    known = frozenset(macros)
    with connect() as con:
        ((text,),) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise UserError(f"DuckDB can't parse this SELECT: {tree.get('error_message')}")
    found, local = set[str](), set[str]()
    for node in _nodes(tree):
        if node.get("type") == "BASE_TABLE":
            found.add(str(node["table_name"]))
        elif node.get("class") == "FUNCTION" and node.get("function_name") in known:
            found.add(str(node["function_name"]))
            found.update(_text_constants(node))
        ctes = node.get("cte_map") or {}
        local.update(str(entry["key"]) for entry in ctes.get("map", ()))
    return frozenset(found - local)


def load_folder(folder: Traversable | Path, layer: str) -> list[SqlFile]:
    """Every .sql file directly in `folder`, by name."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [
        parse((folder / name).read_bytes().decode(), layer, f"{folder}/{name}") for name in names
    ]


@cache
def load_layer(layer: str) -> tuple[SqlFile, ...]:
    """The shipped files of one folder under queries/, such as 'metric' or 'staging/kineto'."""
    folder = files("genscope.queries")
    for part in layer.split("/"):
        folder = folder / part
    return tuple(load_folder(folder, layer)) if folder.is_dir() else ()


def shipped_queries() -> list[SqlFile]:
    """The metrics that come with genscope, by name."""
    return sorted([*load_layer("metric"), *load_layer("nsys")], key=lambda file: file.name)


def shipped_relations() -> dict[str, SqlFile]:
    """Every relation that a statement may name, by name: tables, views, macros and metrics."""
    return {file.name: file for layer in LAYERS for file in load_layer(layer)}


def create_statement(relation: SqlFile) -> str:
    """The statement that makes a relation: a table macro if it takes arguments, else a view."""
    if relation.arguments:
        return f"CREATE MACRO {relation.name}({relation.arguments}) AS TABLE {relation.statement}"
    if relation.params:
        arguments = ", ".join(f"{name} := {p.default}" for name, p in relation.params.items())
        return f"CREATE MACRO {relation.name}({arguments}) AS TABLE {relation.statement}"
    return f"CREATE VIEW {relation.name} AS {relation.statement}"


def own_queries(folder: Path) -> list[SqlFile]:
    """The user's own metrics in a folder. Raises UserError if there is no such folder."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; name the one with your .sql files")
    return load_folder(folder, "metric")


def in_order(sql_files: Iterable[SqlFile]) -> list[SqlFile]:
    """The files sorted so that each comes after those it reads. Raises UserError on a cycle."""
    waiting = {file.name: file for file in sql_files}
    done: list[SqlFile] = []
    while waiting:
        ready = [f for f in waiting.values() if not (set(f.inputs) - {f.name}) & waiting.keys()]
        if not ready:
            raise UserError(f"these queries read each other in a circle: {', '.join(waiting)}")
        for file in ready:
            del waiting[file.name]
        done += ready
    return done


def _split(text: str) -> tuple[list[str], str]:
    """Split a file into the header's lines and the statement.

    The header ends at a blank line or a blank comment line, but the blank comment line between the
    title and the first section belongs to it.
    """
    lines = text.lstrip().splitlines()
    end = 0
    in_sections = False
    for line in lines:
        if not line.startswith("--") or (in_sections and not line[2:].strip()):
            break
        in_sections = in_sections or _section_key(_body(line)) is not None
        end += 1
    return lines[:end], "\n".join(lines[end:])


def _body(line: str) -> str:
    return line[2:].removeprefix(" ")


def _section_key(body: str) -> str | None:
    # most lines continue a section, and are not worth a pattern
    start = None if body.startswith(" ") else _SECTION.match(body)
    return start["key"] if start and start["key"] in _SECTIONS else None


def _sections(comment: list[str], origin: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    key = ""
    for number, line in enumerate(comment, start=2):
        body = _body(line)
        if new := _section_key(body):
            key = new
            text = body.partition(":")[2].strip()
            found[key] = [text] if text else []
        elif key and body.startswith(" "):
            found[key].append(body)
        elif body.strip():
            raise UserError(
                f"{origin}:{number}: {body[:60]!r} is outside the header's sections "
                f"({', '.join(_SECTIONS)}); indent it to continue one, or put a blank line before it"
            )
    return found


def _entries(lines: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in lines:
        entry = _ENTRY.match(line)
        # a continued meaning is indented further than the names are
        if entry and len(line) - len(line.lstrip()) <= 4:
            found.append((entry["name"], entry["text"].strip()))
        elif found and line.strip():
            name, text = found[-1]
            found[-1] = name, f"{text} {line.strip()}"
    return found


def _params(lines: list[str], origin: str) -> Iterator[tuple[str, Param]]:
    for line in filter(str.strip, lines):
        param = _PARAM.match(line)
        if param is None:
            raise UserError(
                f"{origin}: the parameter {line.strip()!r} can't be read; "
                "write it as 'name TYPE = default  text'"
            )
        yield param["name"], Param(param["type"], param["default"], param["text"].strip())


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name for name in re.split(r"[,\s]+", text) if name)
    return () if names == ("none",) else names


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _text_constants(node: dict[str, Any]) -> Iterator[str]:
    for child in node.get("children", []):
        value = child.get("value")
        if isinstance(value, dict) and value.get("type", {}).get("id") == "VARCHAR":
            yield str(value["value"])
