"""Write the regular expressions of rules into a statement as constants.

DuckDB compiles a constant pattern once, but a pattern from a column again for every row. And a name needs
no further patterns after the first one that it matches.
"""

import re

import duckdb

from genscope.analyze.sql_file import SqlFile

# the first rule that a text matches, as our .sql files ask for it
_FIRST = re.compile(
    r"\(\s*SELECT min\((?P<table>\w+)\.(?P<key>\w+)\)\s+FROM (?P=table)\s+"
    r"WHERE regexp_matches\((?P<text>[\w.]+), (?P=table)\.pattern\)\s*\)"
)


def inline_patterns(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str:
    """Return the relation's statement with the patterns of its rules as constants."""

    def spelled(match: re.Match[str]) -> str:
        rules = con.table(match["table"]).order(match["key"]).project(f"pattern, {match['key']}")
        cases = " ".join(
            f"WHEN regexp_matches({match['text']}, {_constant(pattern)}) THEN {_constant(key)}"
            for pattern, key in rules.fetchall()
        )
        return f"(CASE {cases} END)" if cases else "NULL"

    return _FIRST.sub(spelled, relation.statement)


def _constant(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
