"""Say in one sentence why DuckDB refuses a statement, with names that are near a mistyped one.

DuckDB's own suggestions can't simply be shown: a connection has only those relations that were asked for so
far, and its file has tables that nobody should name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from genscope.analyze.connect import first_line
from genscope.analyze.near import suggestion
from genscope.analyze.sql_file import SqlFile

_KIND = re.compile(r"^(Binder|Catalog|Conversion|Parser|Permission) Error: ")
_RELATION = re.compile(r'^Table (?:Function )?with name "?(?P<name>.+?)"? does not exist')
_COLUMN = re.compile(r'(?:^Referenced column|column named|^Column) "(?P<name>.+?)"')
_OTHER = re.compile(r'^(?:\w+ Function with name|Referenced table) "?(?P<name>\w+)')
_ARGUMENTS = re.compile(r"^Macro (?P<name>\w+)\(\) does not support the supplied arguments")
_OFFER = re.compile(r"^(?:Candidate (?:bindings|tables):|Did you mean) (.+)$", re.MULTILINE)


def refusal_of(
    error: Exception, known: Mapping[str, SqlFile] | None = None, statement: str = ""
) -> str:
    """DuckDB's objection to a statement, as one line.

    `known` are the relations by name that the statement may read; their names and columns are suggested.
    """
    said = _KIND.sub("", first_line(error)).rstrip("!.")
    hint = ""
    if wrong := _RELATION.search(said) or _ARGUMENTS.search(said):
        file = (known or {}).get(wrong["name"])
        if file is not None:
            return _how_to_name(file)
        hint = _near_relation(wrong["name"], known or {})
    elif wrong := _COLUMN.search(said):
        hint = _near_column(wrong["name"], _offered(error), known or {}, statement)
    elif wrong := _OTHER.search(said):
        hint = suggestion(wrong["name"], _offered(error))
    return f"DuckDB refused the statement: {said}{hint}"


def _offered(error: Exception) -> list[str]:
    """The names that DuckDB suggests."""
    found = _OFFER.search(str(error))
    return re.findall('"(.+?)"', found[1]) if found else []


def _near_relation(name: str, known: Mapping[str, SqlFile]) -> str:
    # DuckDB's own names would be tables of the file, such as kernel_row
    hint = suggestion(name.rpartition(".")[2], known)
    return hint or ("; SHOW TABLES lists those that there are" if known else "")


def _near_column(
    name: str, offered: list[str], known: Mapping[str, SqlFile], statement: str
) -> str:
    words = set(re.findall(r"\w+", statement.lower()))
    read = (file for relation, file in known.items() if relation in words)
    near = suggestion(name, offered or [column for file in read for column in file.columns])
    quoted = f'"{name}"' in statement
    return near or (f"; a text needs single quotes: '{name}'" if quoted else "")


def _how_to_name(file: SqlFile) -> str:
    if not file.is_macro:
        return f"{file.name} has no parameters and no schema: write FROM {file.name}"
    values = [f"{name} := {param.default}" for name, param in file.params.items()]
    command = ", or use 'genscope query'" if values else ""
    return f"{file.name} takes parameters: write {file.name}({file.arguments or ', '.join(values)}){command}"
