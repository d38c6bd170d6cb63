"""The uncompressed text of a trace file, block by block.

This is hard because a file may be gzip under a .json name, several gzip members, a member that stops
half-way, a pipe, or a few kilobytes that inflate forever.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from genscope.analyze.readers.file_digest import FileDigest
from genscope.errors import UserError

BLOCK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
# first bytes of files that hold no plain text: what they are, and what to do
_NO_TEXT = {
    b"BZh": "is packed with bzip2; unpack it, or pack it with gzip instead",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip instead",
    b"\x28\xb5\x2f\xfd": "is packed with Zstandard; unpack it, or pack it with gzip instead",
    b"PK\x03\x04": "is a zip archive; unpack it and load what is in it",
    b"7z\xbc\xaf": "is a 7-Zip archive; unpack it and load what is in it",
    b"\xff\xfe": "is UTF-16; convert it to UTF-8: iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "is UTF-16; convert it to UTF-8: iconv -f UTF-16 -t UTF-8",
}
# real traces compress 13- to 29-fold (a repetitive one 100-fold); deflate's own limit is 1032-fold
BOMB_RATIO = 400
BOMB_BYTES = 256 << 20


class _Inflater(Protocol):
    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class TextSource:
    """The uncompressed bytes of one file; iterate over it once, then read the attributes.

    `cut` says why the text ended too early; None if it did not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut: str | None = None
        self._read_bytes = 0
        self._text_bytes = 0
        self._digest = FileDigest()

    @property
    def text_bytes(self) -> int:
        """Bytes of uncompressed text returned so far."""
        return self._text_bytes

    def digest(self) -> str:
        """Digest of the whole file, even if the text ended before its end; see FileDigest."""
        self._digest.add_rest(self.path)
        return self._digest.text()

    def __iter__(self) -> Iterator[bytes]:
        """Blocks of text. Raises UserError if the file is empty or inflates without bound."""
        with self.path.open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if not head:
                raise UserError(f"{self.path}: the file is empty; record the trace again")
            for start, what in _NO_TEXT.items():
                if head.startswith(start):
                    raise UserError(f"{self.path}: the file {what}")
            raw = self._raw(cast("Iterator[bytes]", iter(lambda: file.read(BLOCK_BYTES), b"")))
            for block in self._inflated(raw) if head.startswith(GZIP_MAGIC) else raw:
                self._text_bytes += len(block)
                yield block

    def _raw(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._read_bytes += len(block)
            self._digest.update(block)
            yield block

    def _inflated(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        from isal import isal_zlib

        inflater = _member(isal_zlib)
        inside = False
        for block in raw:
            waiting = block
            while waiting:
                inside = True
                try:
                    text = inflater.decompress(waiting, BLOCK_BYTES)
                except isal_zlib.error as error:  # type: ignore[misc]
                    self.cut = f"damaged gzip data ({error})"
                    return
                if text:
                    self._refuse_bomb(len(text))
                    yield text
                waiting = inflater.unconsumed_tail
                if inflater.eof:
                    # another member may follow, or padding
                    waiting = inflater.unused_data.lstrip(b"\0")
                    inflater, inside = _member(isal_zlib), False
        if inside:
            self.cut = "the gzip data stops before its end"

    def _refuse_bomb(self, more: int) -> None:
        size = self._text_bytes + more
        if size > BOMB_BYTES and size > BOMB_RATIO * self._read_bytes:
            raise UserError(
                f"{self.path}: the gzip data inflates more than {BOMB_RATIO}-fold, which no trace "
                "does; decompress it yourself if you trust it"
            )


def _member(module: object) -> _Inflater:
    # 31: a zlib window of 15 bits inside a gzip wrapper
    return cast("_Inflater", module.decompressobj(31))  # type: ignore[attr-defined]
