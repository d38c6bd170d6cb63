"""The digest by which a study recognizes a file: BLAKE3, because it takes a tenth of SHA-256's time."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

_BLOCK_BYTES = 1 << 20


class FileDigest:
    """Feed it the bytes of a file in order."""

    def __init__(self) -> None:
        self._hash = blake3()
        self._size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        self._hash.update(data)
        self._size += len(data)

    def add_rest(self, path: Path) -> None:
        """Add the bytes of the file after those that were added."""
        with path.open("rb") as file:
            file.seek(self._size)
            while block := file.read(_BLOCK_BYTES):
                self.update(block)

    def text(self) -> str:
        """The digest as 'blake3:' and hexadecimal digits."""
        return f"blake3:{self._hash.hexdigest()}"
