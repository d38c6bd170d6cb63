"""The part of a regular expression that can match some texts, as far as the words in it tell.

DuckDB takes about 1 ms to compile one of our longer patterns, and a hundred of them cost more than the
rest of a small trace's attribution. Few of their alternatives can match one of its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

# shorter words are in almost every name
_SHORTEST = 3
_COUNT = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??"
_LETTER = r"(?:\\[^\w\s]|[^\\\[()|.^$*+?])"
# of the syntax of RE2, except for what no rule needs
_TOKEN = re.compile(
    r"(?P<flags>\(\?[a-zA-Z-]+\))"
    r"|(?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?)"
    r"|(?P<close>\))"
    r"|(?P<either>\|)"
    rf"|(?P<count>{_COUNT})"
    rf"|(?P<word>(?:{_LETTER}(?!{_COUNT}))+)"
    rf"|(?P<other>{_LETTER}|[.^$]|\\[bBwWdDsSAz]|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])",
    re.DOTALL,
)


@dataclass(slots=True)
class _Part:
    """A word, a group's beginning with its alternatives, or anything else; and how often it occurs."""

    text: str
    word: str = ""
    within: _Choice | None = None
    count: str = ""

    def narrowed(self, words: Words) -> str | None:
        if self.within is None:
            return self.text + self.count if self.word in words else None
        within = self.within.narrowed(words)
        if within is not None:
            return f"{self.text}{within}){self.count}"
        return "" if self.count.startswith(("?", "*", "{0")) else None


@dataclass
class _Choice:
    """Alternatives; each begins with the flags that the ones before it set."""

    alternatives: list[list[_Part]] = field(default_factory=lambda: [[]])
    flags: str = ""

    def narrowed(self, words: Words) -> str | None:
        kept = []
        for parts in self.alternatives:
            texts = []
            for part in parts:
                text = part.narrowed(words)
                if text is None:
                    break
                texts.append(text)
            else:
                kept.append("".join(texts))
        return "|".join(kept) if kept else None


class Words:
    """Says whether any of some texts holds a word, in upper or lower case; the word is casefolded."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._folded = "\n".join(text.casefold() for text in texts)
        starts = range(len(self._folded) - _SHORTEST + 1)
        self._parts = {self._folded[start : start + _SHORTEST] for start in starts}

    def __contains__(self, word: str) -> bool:
        return not word or (word[:_SHORTEST] in self._parts and word in self._folded)


def narrowed(pattern: str, words: Words) -> str | None:
    """A pattern of RE2 that matches the same of the texts as this one; None if it matches none of them."""
    parsed = _parsed(pattern)
    return parsed.narrowed(words) if parsed else pattern


@cache
def _parsed(pattern: str) -> _Choice | None:
    """The alternatives of a pattern; None for syntax that is not known here."""
    root = _Choice()
    groups = [root]
    for kind, text in _tokens(pattern):
        choice = groups[-1]
        parts = choice.alternatives[-1]
        if kind == "open":
            groups.append(_Choice())
            parts.append(_Part(text, within=groups[-1]))
        elif kind == "close":
            groups.pop()
        elif kind == "either":
            choice.alternatives.append([_Part(choice.flags)])
        elif kind == "flags":
            choice.flags += text
            parts.append(_Part(text))
        elif kind == "count" and parts:
            parts[-1].count = text
        elif kind == "word":
            plain = re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
            word = plain.casefold()
            parts.append(_Part(text, word=word if len(word) >= _SHORTEST else ""))
        elif kind == "other":
            parts.append(_Part(text))
        else:
            return None
        if not groups:
            return None
    return root if len(groups) == 1 else None


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """Kinds and texts; the last kind is '' where the syntax is not known."""
    at = 0
    for found in _TOKEN.finditer(pattern):
        if found.start() != at:
            break
        at = found.end()
        yield str(found.lastgroup), found[0]
    if at < len(pattern):
        yield "", pattern[at:]
