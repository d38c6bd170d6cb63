"""Write the regular expressions of rules into a statement as constants.

DuckDB compiles a constant pattern once, but a pattern from a column again for every row.
"""

import re

import duckdb

from genscope.analyze.sql_file import SqlFile

_MATCH = re.compile(r"regexp_matches\(([\w.]+), ([\w.]+\.pattern)\)")


def inline_patterns(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str:
    """Return the relation's statement with the patterns of its rules as constants."""
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
