"""One line instead of a traceback for JSON that is nested deeper than its parsers go.

Parsers of JSON recurse, so each has its limit, near a thousand levels. No profiler writes ten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genscope.errors import UserError


@contextmanager
def nesting_limit(path: Path) -> Iterator[None]:
    """Raise UserError where what is done inside recurses too deep into what `path` holds."""
    try:
        yield
    except RecursionError as error:
        raise UserError(
            f"{path}: its JSON is nested too deep to be read, which no profiler writes; "
            "write the file again with the profiler's own export"
        ) from error
