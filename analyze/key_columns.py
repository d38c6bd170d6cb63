"""The few columns of a wide answer that a page or a terminal shows first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genscope.analyze.sql_file import SqlFile

MOST = 8


def key_columns(relation: SqlFile, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of the header's section `Key` that the answer has; without the section, the first few.

    Numbers of traces and devices are left out of the first few: names say more.
    """
    named = relation.sections.get("Key", "").replace(",", " ").split()
    kept = tuple(name for name in named if name in columns)
    return (
        kept or tuple(name for name in columns if not name.endswith("_id"))[:MOST] or tuple(columns)
    )
