"""Write the regular expressions of rules into a statement as constants.

DuckDB compiles a constant pattern once, but a pattern from a column again for every row. And a name needs
no further patterns after the first one that it matches. Patterns that match no name are left out.
"""

import re

import duckdb

from genscope.analyze.load.pattern_words import may_match
from genscope.analyze.sql_file import SqlFile

# with more names, most patterns can match one of them
_MOST_NAMES = 1000

_OF_NAMES = frozenset({"name", "start", "plain"})

# the first rule that a text matches, as our .sql files ask for it
_FIRST = re.compile(
    r"\(\s*SELECT min\((?P<table>\w+)\.(?P<key>\w+)\)\s+FROM (?P=table)\s+"
    r"WHERE regexp_matches\((?P<text>[\w.]+), (?P=table)\.pattern\)\s*\)"
)


def inline_patterns(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str:
    """Return the relation's statement with the patterns of its rules as constants.

    Where it matches `name`, or the `start` or `plain` form of one, these come from the sources in its header,
    there from the columns `name` and `..._name`.
    """
    texts = {match["text"].rpartition(".")[2] for match in _FIRST.finditer(relation.statement)}
    names = _names(con, relation) if texts and texts <= _OF_NAMES else None

    def spelled(match: re.Match[str]) -> str:
        rules = con.table(match["table"]).order(match["key"]).project(f"pattern, {match['key']}")
        cases = " ".join(
            f"WHEN regexp_matches({match['text']}, {_constant(pattern)}) THEN {_constant(key)}"
            for pattern, key in rules.fetchall()
            if names is None or may_match(pattern, names)
        )
        return f"(CASE {cases} END)" if cases else "NULL"

    return _FIRST.sub(spelled, relation.statement)


def _names(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str | None:
    """All names in the relation's sources, casefolded, one a line; None if they are too many."""
    found: set[str] = set()
    for source in relation.sources:
        columns = con.execute(f"SELECT * FROM {source} LIMIT 0").description or []
        for column in (column[0] for column in columns if f"_{column[0]}".endswith("_name")):
            select = f"SELECT DISTINCT {column} FROM {source} LIMIT {_MOST_NAMES + 1}"
            names = con.execute(select).fetchall()
            found.update(name.casefold() for (name,) in names if name is not None)
    return "\n".join(found) if relation.sources and len(found) <= _MOST_NAMES else None


def _constant(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
