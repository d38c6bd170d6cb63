"""JSON Schemas of what `--format json` prints, from the headers of the .sql files and DuckDB's types."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genscope.analyze.load.tables import empty_study, table_files
from genscope.analyze.near import suggestion
from genscope.analyze.sql_file import SqlFile, shipped_queries
from genscope.analyze.study import Study
from genscope.errors import UserError

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)")
_NUMBER = re.compile(r"FLOAT|DOUBLE|DECIMAL\(.*\)")
_ITEM = re.compile(r"(?P<item>.*)\[\d*\]")


def schema_of(name: str) -> dict[str, Any]:
    """The schema of `genscope query <name> --format json`, or of the rows of a table or view.

    Raises UserError for an unknown name.
    """
    known = table_files() | {file.name: file for file in shipped_queries()}
    if name not in known:
        raise UserError(
            f"there is no query or table {name!r}; 'genscope queries' lists the queries"
            f"{suggestion(name, known)}"
        )
    return _schema(known[name], _types(known[name])[name])


def all_schemas() -> dict[str, dict[str, Any]]:
    """The schema of every shipped query by name."""
    files = shipped_queries()
    types = _types(*files)
    return {file.name: _schema(file, types[file.name]) for file in files}


def doctor_schema() -> dict[str, Any]:
    """The schema of `genscope doctor PATH --format json`."""
    import msgspec

    from genscope.analyze.doctor.examine import Diagnosis

    schema = msgspec.json.schema(list[Diagnosis])
    diagnosis = schema["$defs"]["Diagnosis"]
    diagnosis["properties"]["trustworthy"] = {
        "type": "boolean",
        "description": "whether shares of this trace's time can be trusted",
    }
    diagnosis["required"].append("trustworthy")
    return {"$schema": DRAFT, "title": "doctor", **schema}


def _schema(file: SqlFile, types: dict[str, str]) -> dict[str, Any]:
    properties = {
        column: {**_json_type(types[column]), "description": text}
        for column, text in file.columns.items()
    }
    return {
        "$schema": DRAFT,
        "title": file.name,
        "description": file.sentence,
        "type": "array",
        "items": {
            "type": "object",
            "description": " ".join(file.sections.get("Grain", "").split()),
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }


def _json_type(duckdb_type: str) -> dict[str, Any]:
    """The JSON type of a DuckDB type; any value can be NULL."""
    if item := _ITEM.fullmatch(duckdb_type):
        return {"type": ["array", "null"], "items": _json_type(item["item"])}
    if _INTEGER.fullmatch(duckdb_type):
        return {"type": ["integer", "null"]}
    if _NUMBER.fullmatch(duckdb_type):
        return {"type": ["number", "null"]}
    if duckdb_type == "BOOLEAN":
        return {"type": ["boolean", "null"]}
    if duckdb_type.startswith(("STRUCT", "MAP")):
        return {"type": ["object", "array", "null"]}
    # dates and all else become text
    return {"type": ["string", "null"]}


def _types(*files: SqlFile) -> dict[str, dict[str, str]]:
    """DuckDB's type of each column of these relations, as the engine describes them."""
    with TemporaryDirectory(prefix="genscope-") as folder:
        path = Path(folder) / "empty.duckdb"
        path.write_bytes(empty_study())
        with Study(path) as study:
            # describing plans a query again, listing all columns doesn't, but makes every view
            listed = _listed(study) if len(files) > 1 else {}
            return {file.name: listed.get(file.name) or _described(study, file) for file in files}


def _listed(study: Study) -> dict[str, dict[str, str]]:
    frame = study.sql("SELECT table_name, column_name, data_type FROM duckdb_columns()")
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in frame.iter_rows():
        found.setdefault(table, {})[column] = kind
    return found


def _described(study: Study, file: SqlFile) -> dict[str, str]:
    source = f"{file.name}()" if file.params else file.name
    frame = study.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})")
    return dict(frame.iter_rows())
