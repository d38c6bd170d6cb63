"""Print an error as one line, and handle output that can't be written."""

from __future__ import annotations

import os
import sys

from genscope.analyze.printable import printable


def drop_output() -> None:
    """Discard what is left in standard output, because Python would fail on it again at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        sys.stdout = None


def reason_of(error: OSError) -> str:
    """One line for an OSError; an error of standard output has no file name."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else f"can't write the output: {reason}"


def complain(message: str, *, status: int = 2) -> int:
    """Write one line to standard error, if it is open, and return the exit status."""
    if sys.stderr is not None:
        sys.stderr.write(f"genscope: {printable(message)}\n")
    return status
