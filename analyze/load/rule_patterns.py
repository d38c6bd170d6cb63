"""Spell out the regular expressions that a statement matches names against.

DuckDB compiles a constant pattern once, but one that comes from a column again for every row.
"""

import re

import duckdb

from genscope.analyze.sql_file import SqlFile

_MATCH = re.compile(r"regexp_matches\(([\w.]+), ([\w.]+\.pattern)\)")


def inline_patterns(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str:
    """The relation's statement, with the patterns of the rules that it reads as constants."""
    if not _MATCH.search(relation.statement):
        return relation.statement
    rules = (con.table(name) for name in relation.inputs)
    listed = (table.project("pattern").fetchall() for table in rules if "pattern" in table.columns)
    texts = {row[0] for rows in listed for row in rows}
    patterns = ["'" + text.replace("'", "''") + "'" for text in sorted(texts)]
    if not patterns:
        return relation.statement

    def spelled(match: re.Match[str]) -> str:
        cases = (
            f"WHEN {pattern} THEN regexp_matches({match[1]}, {pattern})" for pattern in patterns
        )
        return f"(CASE {match[2]} {' '.join(cases)} END)"

    return _MATCH.sub(spelled, relation.statement)
