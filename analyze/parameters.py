"""Write the call of a metric with a user's parameters, whose values are checked first.

DuckDB's own message for a wrong value names neither the parameter nor its default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb

from genscope.analyze.connect import connect, literal
from genscope.analyze.sql_file import SqlFile
from genscope.errors import UserError

_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
_FRACTION = re.compile(r"-?\d*\.\d*[1-9]\d*", re.ASCII)
_WORDS = {"BIGINT": "an integer", "INTEGER": "an integer", "DOUBLE": "a number"}


def call_of(relation: SqlFile, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The SQL that names a relation with these parameters, and the values of its placeholders.

    Raises UserError for an unknown parameter, and for a value of another type than the parameter's.
    """
    unknown = params.keys() - relation.params.keys()
    if unknown:
        expected = ", ".join(relation.params) or "none"
        raise UserError(
            f"{relation.name} has no parameter {', '.join(sorted(unknown))}; it takes {expected}"
        )
    for name, value in params.items():
        _check_value(relation, name, value)
    written = {name: literal(value) for name, value in params.items()}
    types = {name: param.type for name, param in relation.params.items()}
    casts = ", ".join(f"{name} := CAST({text} AS {types[name]})" for name, text in written.items())
    values = [params[name] for name, text in written.items() if text == "?"]
    return f"{relation.name}({casts})" if types else relation.name, values


def _check_value(relation: SqlFile, name: str, value: Any) -> None:
    param = relation.params[name]
    if not _fits(value, param.type):
        raise UserError(
            f"the parameter {name} of {relation.name} is {value!r}, but it must be "
            f"{_WORDS.get(param.type, 'a value')} ({param.type}); its default is {param.default}"
        )


def _fits(value: Any, kind: str) -> bool:
    """Whether DuckDB can make a value of this type of it, without rounding."""
    if _WORDS.get(kind) == "an integer" and _FRACTION.fullmatch(str(value)):
        return False
    # any value is a text, and what is plainly a number needs no database to say so
    if kind == "VARCHAR" or _NUMBER.fullmatch(str(value)):
        return True
    text = literal(value)
    with connect() as con:
        try:
            con.execute(f"SELECT CAST({text} AS {kind})", [value] if text == "?" else None)
        except duckdb.Error:
            return False
    return True
