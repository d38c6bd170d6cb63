"""What people read is plain English: words that nobody says aloud stay out of pages, help, SQL headers and messages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from genscope.analyze.sql_file import LAYERS, load_layer

ROOT = Path(__file__).resolve().parent.parent

# still to be rewritten; a place that is clean fails its test until it is taken off this list
REWRITE_NEXT: tuple[str, ...] = ()

# a pattern, and what to write instead
BANNED = {
    r"anew": "again",
    r"mend(s|ed|ing)?": "repair",
    r"dear(er|est|ly)?": "expensive, slow",
    r"tell(s|ing)? (\w+ )?apart|told": "distinguish; says, shows",
    r"stands": "is",
    r"beside": "next to, also",
    r"likewise": "also, in the same way",
    r"(?<!there )is no(?! longer)": "is not a, has no",
    r"(of )?one's own": "your own",
    r"found\b[^.]*[;:] expected": "one natural sentence: what is wrong and what to do",
}
_PATTERN = {re.compile(rf"\b{pattern}\b", re.I): advice for pattern, advice in BANNED.items()}

Texts = Iterator[tuple[str, str]]


def _page(path: Path) -> Texts:
    """Paragraphs outside fenced code, with the line where each begins."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^```\w.*?^```$", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S)
    for paragraph in re.finditer(r"\S(?:.|\n(?!\n))*", text):
        yield (
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, paragraph.start()) + 1}",
            paragraph[0],
        )


def _headers() -> Texts:
    """The sentence, the sections in words, and what is said of each column and parameter."""
    for file in (file for layer in LAYERS for file in load_layer(layer)):
        yield file.origin, file.sentence
        for section in ("Why", "Grain", "Plot"):
            yield f"{file.origin} {section}", file.sections.get(section, "")
        for name, text in file.columns.items():
            yield f"{file.origin} {name}", text
        for name, param in file.params.items():
            yield f"{file.origin} {name}", param.text


def _literals(folder: Path) -> Texts:
    """Every string in the code that has words in it and is not a docstring; what an f-string fills in is '{}'."""
    for path in sorted(folder.rglob("*.py")):
        if path.parent.resolve() != path.parent:
            continue  # a link, for editors
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {id(part) for node in ast.walk(tree) for part in _not_by_themselves(node)}
        for node in ast.walk(tree):
            text = _text(node)
            if id(node) not in inside and " " in text:
                yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", text


def _not_by_themselves(node: ast.AST) -> list[ast.expr]:
    """Docstrings, and the parts of an f-string."""
    return [node.value] if isinstance(node, ast.Expr) else getattr(node, "values", [])


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


PLACES = {
    **{str(path.relative_to(ROOT)): _page(path) for path in sorted(ROOT.glob("*.md"))},
    **{str(path.relative_to(ROOT)): _page(path) for path in sorted((ROOT / "docs").rglob("*.md"))},
    "queries": _headers(),
    **{name: _literals(ROOT / name) for name in ("analyze", "capture", "genscope")},
}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason="to be rewritten"))
        if name in REWRITE_NEXT
        else name
        for name in PLACES
    ],
)
def test_text_is_plain_english(place: str) -> None:
    texts = list(PLACES[place])
    assert texts, "nothing was read there"
    wrong = [
        f"{where}: '{match[0]}' (better: {advice})"
        for where, text in texts
        for pattern, advice in _PATTERN.items()
        for match in pattern.finditer(text)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_list_of_places_to_rewrite_is_not_stale() -> None:
    assert set(REWRITE_NEXT) <= PLACES.keys()


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("Ingest the traces anew.", 1),
        ("found 3 paths with --repair; expected the one file to repair", 1),
        ("x.sql:1: found no colon; expected '-- name: sentence'", 1),
        ("It is no longer read.", 0),
        ("That is no trace.", 1),
        ("There is no trace in it.", 0),
        ("It tells attention apart, likewise.", 2),
        ("a recommended amendment for the standstill", 0),
    ],
)
def test_patterns_hit_whole_words_only(text: str, hits: int) -> None:
    assert sum(len(pattern.findall(text)) for pattern in _PATTERN) == hits
