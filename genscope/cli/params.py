"""Parameters of a query on the command line: name=value."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.errors import UserError


def parsed(texts: Sequence[str]) -> dict[str, str]:
    """The values by name. Raises UserError for a text without '='."""
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise UserError(f"--param {wrong[0]!r} has no '='; write it as name=value")
    return dict(text.split("=", 1) for text in texts)
