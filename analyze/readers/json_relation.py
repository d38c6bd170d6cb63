"""Small tables of what a reader or a load knows, by way of a JSON file."""

from __future__ import annotations

import glob
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from genscope.analyze.readers.kineto.decode import whole_text


def create_relation(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Create a table from a few rows; a missing key becomes NULL."""
    file = folder / f"{name}.json"
    # JSON may hold half characters, which DuckDB rejects
    file.write_text(whole_text(json.dumps(list(rows), ensure_ascii=False)), encoding="utf-8")
    # DuckDB would read brackets in the path as a glob
    con.read_json(glob.escape(str(file)), columns=dict(columns), format="array").create(name)
