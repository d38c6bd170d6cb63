"""The last words of a command: one line for an error, and what to do when output can't be written."""

from __future__ import annotations

import os
import sys

from genscope.analyze.printable import printable


def drop_output() -> None:
    """Send what is left in standard output nowhere: Python would fail on it again when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        sys.stdout = None


def reason_of(error: OSError) -> str:
    """One line for what the system refused; an error of standard output has no file name."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else f"can't write the output: {reason}"


def complain(message: str, *, status: int = 2) -> int:
    """Write one line to standard error, if it is open, and return the exit status."""
    if sys.stderr is not None:
        sys.stderr.write(f"genscope: {printable(message)}\n")
    return status
