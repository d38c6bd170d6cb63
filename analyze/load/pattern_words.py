"""Which words a text must hold for a regular expression to match it: most rules are ruled out at once.

DuckDB takes about 1 ms to compile one of our longer patterns, and a hundred of them cost more than the
rest of a small trace's attribution. Few of them can match one of its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

_Node = tuple[Any, Any]
_Words = frozenset[str]
# shorter words are in almost every name
_SHORTEST = 3
# upper and lower case count as equal, so the flag does not matter; Python allows it only at the beginning
_CASE = {"(?i)": "", "(?-i)": "", "(?i:": "(?:", "(?-i:": "(?:"}
# Python reads these in another way than RE2
_OTHERS = ("[:", "[[", "--", "&&", "~~", "||", "\\(?", "{,")


def may_match(pattern: str, folded: str) -> bool:
    """False if the pattern, of RE2, surely matches no part of a text; `folded` is the text casefolded."""
    words = words_of(pattern)
    return words is None or any(word in folded for word in words)


@cache
def words_of(pattern: str) -> _Words | None:
    """Casefolded words of which every matching text holds at least one; None if there are none."""
    if any(sign in pattern for sign in _OTHERS):
        return None
    for flag, without in _CASE.items():
        pattern = pattern.replace(flag, without)
    try:
        return _of_sequence(import_module("re._parser").parse(pattern))
    except (re.error, ImportError, AttributeError, OverflowError, RecursionError):
        return None


def _of_sequence(nodes: Sequence[_Node]) -> _Words | None:
    """The words of that part of a sequence that has the longest ones."""
    return max(_parts(nodes), key=lambda words: min(map(len, words)), default=None)


def _parts(nodes: Sequence[_Node]) -> Iterator[_Words]:
    word = ""
    for kind, value in [*nodes, ("END", None)]:
        if str(kind) == "LITERAL" and value < 128:
            word += chr(value).casefold()
            continue
        if len(word) >= _SHORTEST:
            yield frozenset([word])
        word = ""
        if words := _of_node(str(kind), value):
            yield words


def _of_node(kind: str, value: Any) -> _Words | None:
    if kind == "SUBPATTERN":
        return _of_sequence(value[-1])
    if kind in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
        return _of_sequence(value[-1])
    if kind == "BRANCH":
        choices = [_of_sequence(choice) for choice in value[1]]
        known = [words for words in choices if words is not None]
        return frozenset().union(*known) if len(known) == len(choices) else None
    return None
