"""Run a page of the documentation: its commands, its Python and its SQL, in order, in the working directory.

    ```console      '$ genscope ...' is run; what stands below it must be what it prints, '...' for any text
    ```python       is run; all blocks of a page share their names
    ```sql          a file with a header is saved as my-queries/<name>.sql; a plain SELECT is run on study.duckdb

`needs-torch` after the language skips the rest of a page where torch is not installed. Other languages are not run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import genscope
from genscope.cli import app as cli

_FENCE = re.compile(r"^```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
# what genscope says on standard error begins with its name
_SAID = re.compile(r"genscope: (?![\d,]+ of [\d,]+ traces, )")
_HEADER = re.compile(r"-- (\w+): ")
_checker = doctest.OutputChecker()


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the words after it, its text and where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a Markdown page that name a language."""
    return [
        Block(m["language"], tuple(m["words"].split()), m["text"], page.count("\n", 0, m.start()) + 1)
        for m in _FENCE.finditer(page)
    ]  # fmt: skip


def run_page(path: Path) -> int:
    """Run what is to run on the page, in the working directory, and return how many blocks that were."""
    names: dict[str, Any] = {"__file__": str(path)}
    runs = {"console": _console, "python": lambda block: _python(block, path, names), "sql": _sql}
    ran = 0
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.language in runs:
            if "needs-torch" in block.words:
                pytest.importorskip("torch")
            try:
                runs[block.language](block)
            except AssertionError as error:
                raise AssertionError(f"{path.name}:{block.line}: {error}") from error
            ran += 1
    return ran


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output that is shown for it."""
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _console(block: Block) -> None:
    for command, shown in commands_of(block):
        program, *arguments = shlex.split(command)
        assert program == "genscope", f"'{command}' is not a command of genscope"
        printed, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            cli.main(arguments)
        # libraries may warn, and progress shows on a slow machine only
        ours = [line for line in said.getvalue().splitlines() if _SAID.match(line)]
        got = "".join(f"{line.rstrip()}\n" for line in [*printed.getvalue().splitlines(), *ours])
        assert _checker.check_output(shown, got, doctest.ELLIPSIS), f"$ {command}\n{got}"


def _python(block: Block, path: Path, names: dict[str, Any]) -> None:
    # blank lines above keep the line numbers of the page in a traceback
    exec(compile("\n" * block.line + block.text, str(path), "exec"), names)


def _sql(block: Block) -> None:
    if header := _HEADER.match(block.text):
        folder = Path("my-queries")
        folder.mkdir(exist_ok=True)
        (folder / f"{header[1]}.sql").write_text(block.text, encoding="utf-8")
        return
    with genscope.open("study.duckdb") as study:
        assert study.sql(block.text).height, "the SELECT has no row"
