"""An answer that isn't JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """Bytes of a type, to be saved under `name` if there is one."""

    content: bytes
    content_type: str
    name: str = ""
