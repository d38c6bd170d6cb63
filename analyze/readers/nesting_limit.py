"""Report JSON that is nested too deeply in one line instead of a traceback.

JSON parsers recurse, so each has a limit of about a thousand levels. No profiler writes even ten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genscope.errors import UserError


@contextmanager
def nesting_limit(path: Path) -> Iterator[None]:
    """Turn a RecursionError within the block into a UserError about `path`."""
    try:
        yield
    except RecursionError as error:
        raise UserError(
            f"{path}: the JSON is nested too deeply to be read, and no profiler writes such JSON; "
            "export the file again with the profiler"
        ) from error
