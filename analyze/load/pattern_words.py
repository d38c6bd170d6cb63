"""The part of a regular expression that can match some texts, as far as the words in it tell.

DuckDB takes about 1 ms to compile one of our longer patterns, and a hundred of them cost more than the
rest of a small trace's attribution. Few of their alternatives can match one of its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

# shorter words are in almost every name
_SHORTEST = 3
_COUNT = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??"
_LETTER = r"(?:\\[^\w\s]|[^\\\[()|.^$*+?])"
# of the syntax of RE2, except for what no rule needs: one group each, as `_parsed` takes them
_TOKEN = re.compile(
    rf"({_COUNT})"
    rf"|((?:{_LETTER}(?!{_COUNT}))+)"
    r"|(\|)"
    r"|(\(\?[a-zA-Z-]+\))"
    r"|(\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?)"
    r"|(\))"
    rf"|({_LETTER}|[.^$]|\\[bBwWdDsSAz]|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])"
    r"|(.)",
    re.DOTALL,
)


# its text, then a word in it (if it is one), or a group's beginning, how often it occurs, and the group
_Part: TypeAlias = "tuple[str, str, _Choice | None]"


class _Choice:
    """Alternatives; each begins with the flags that the ones before it set."""

    def __init__(self) -> None:
        self.alternatives: list[list[_Part]] = [[]]
        self.flags = ""

    def narrowed(self, words: Words) -> str | None:
        found = [
            text
            for parts in self.alternatives
            if (text := self._narrowed(parts, words)) is not None
        ]
        return "|".join(found) if found else None

    @staticmethod
    def _narrowed(parts: list[_Part], words: Words) -> str | None:
        texts = []
        for text, word_or_count, group in parts:
            if group is None:
                if word_or_count not in words:
                    return None
                texts.append(text)
            elif (within := group.narrowed(words)) is not None:
                texts.append(f"{text}{within}){word_or_count}")
            elif not word_or_count.startswith(("?", "*", "{0")):
                return None
        return "".join(texts)


class Words:
    """Says whether any of some texts holds a word, in upper or lower case; the word is casefolded."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._folded = "\n".join(text.casefold() for text in texts)
        starts = range(len(self._folded) - _SHORTEST + 1)
        self._parts = {self._folded[start : start + _SHORTEST] for start in starts}
        # patterns share words
        self._known = {"": True}

    def __contains__(self, word: str) -> bool:
        found = self._known.get(word)
        if found is None:
            both_ends = word[:_SHORTEST] in self._parts and word[-_SHORTEST:] in self._parts
            found = self._known[word] = both_ends and word in self._folded
        return found


def narrowed(pattern: str, words: Words) -> str | None:
    """A pattern of RE2 that matches the same of the texts as this one; None if it matches none of them."""
    parsed = _parsed(pattern)
    return parsed.narrowed(words) if parsed else pattern


@cache
def _parsed(pattern: str) -> _Choice | None:
    """The alternatives of a pattern; None for syntax that is not known here."""
    root = _Choice()
    groups = [root]
    parts = root.alternatives[0]
    for count, word, either, flags, opened, closed, other, unknown in _TOKEN.findall(pattern):
        if word:
            plain = re.sub(r"\\(.)", r"\1", word) if "\\" in word else word
            folded = plain.casefold()
            parts.append((word, folded if len(folded) >= _SHORTEST else "", None))
        elif either:
            parts = [(groups[-1].flags, "", None)]
            groups[-1].alternatives.append(parts)
        elif other:
            parts.append((other, "", None))
        elif opened:
            groups.append(_Choice())
            parts.append((opened, "", groups[-1]))
            parts = groups[-1].alternatives[0]
        elif closed and len(groups) > 1:
            groups.pop()
            parts = groups[-1].alternatives[-1]
        elif count and parts:
            text, _, group = parts[-1]
            parts[-1] = (text, count, group) if group else (text + count, "", None)
        elif flags:
            groups[-1].flags += flags
            parts.append((flags, "", None))
        elif unknown or count or closed:
            return None
    return root if len(groups) == 1 else None
