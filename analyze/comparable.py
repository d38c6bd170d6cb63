"""Whether the times of two sides of a study can be compared, as every comparison says next to its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.study import Study


def refusal(study: Study, first: str, second: str) -> str | None:
    """Why no difference of the traces of two globs is a gain or a loss; None if it can be one."""
    try:
        rows = study.rows("trace_difference", params={"first": first, "second": second}).dicts()
    except UserError as error:
        return str(error)
    return next((row["verdict_refusal"] for row in rows), "a side has no work")
