"""How much the tests try: few examples and a part of each sweep on every change, all of it at night."""

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

# GENSCOPE_FUZZ multiplies the number of examples; above 1 every sweep is whole
EFFORT = int(os.environ.get("GENSCOPE_FUZZ", "1"))

_Item = TypeVar("_Item")


def part(sweep: Iterable[_Item], of: int) -> list[_Item]:
    """Each `of`-th item, beginning with one that the commit decides; every item at night."""
    items = list(sweep)
    return items if EFFORT > 1 else items[_commit() % of :: of]


@cache
def _commit() -> int:
    """A number that changes with each commit; 0 without git."""
    asked = ["git", "rev-parse", "--short=8", "HEAD"]
    with suppress(OSError, ValueError):
        said = subprocess.run(asked, check=False, cwd=Path(__file__).parent, capture_output=True)
        return int(said.stdout, 16)
    return 0
