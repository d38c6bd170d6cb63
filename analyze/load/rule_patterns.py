"""Write the regular expressions of rules into a statement as constants.

DuckDB compiles a constant pattern once, but a pattern from a column again for every row. And a text needs
no further patterns after the first one that it matches. What of a pattern can match no text is left out.
"""

import re

import duckdb

from genscope.analyze.load.pattern_words import Words, narrowed
from genscope.analyze.sql_file import SqlFile

# with more texts, most patterns can match one of them
_MOST_TEXTS = 1000

# the first rule that a text matches, as our .sql files ask for it
_FIRST = re.compile(
    r"\(\s*SELECT min\((?P<table>\w+)\.(?P<key>\w+)\)\s+FROM (?P=table)\s+"
    r"WHERE regexp_matches\((?P<text>[\w.]+), (?P=table)\.pattern\)\s*\)"
)


def inline_patterns(con: duckdb.DuckDBPyConnection, relation: SqlFile) -> str:
    """Return the relation's statement with the patterns of its rules as constants."""
    texts = texts_of(con, relation.statement)
    words = None if texts is None else Words(texts)

    def spelled(match: re.Match[str]) -> str:
        rules = con.execute(f"SELECT {match['key']}, pattern FROM {match['table']}").fetchall()
        cases = " ".join(
            f"WHEN regexp_matches({match['text']}, {_constant(part)}) THEN {_constant(key)}"
            for key, pattern in sorted(rules)
            if (part := narrowed(pattern, words) if words else pattern) is not None
        )
        return f"(CASE {cases} END)" if cases else "NULL"

    return _FIRST.sub(spelled, relation.statement)


def texts_of(con: duckdb.DuckDBPyConnection, statement: str) -> set[str] | None:
    """The texts that a statement matches with rules; None if they are too many."""
    found: set[str] = set()
    for match in _FIRST.finditer(statement):
        # they are a column of a table, or of a CTE, which stands before the one with the rules
        before, text = statement[: match.start()], match["text"]
        ctes = before[: before.rfind("),\n\n") + 1]
        select = f"{ctes} SELECT DISTINCT {text} FROM {text.partition('.')[0]}"
        rows = con.execute(f"{select} LIMIT {_MOST_TEXTS + 1}").fetchall()
        if len(rows) > _MOST_TEXTS:
            return None
        found.update(text for (text,) in rows if text is not None)
    return found


def _constant(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
