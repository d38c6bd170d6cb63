"""The uncompressed text of a trace file, block by block.

This is hard because a file may be gzip under a .json name, several gzip members, a member that stops
half-way, a pipe, or a few kilobytes that inflate forever.
"""

from pathlib import Path
from typing import Protocol, cast

from genscope.analyze.readers.file_digest import FileDigest
from genscope.errors import UserError

# a block stays in the processor's cache while it is hashed
BLOCK_BYTES = 1 << 18
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
    """The uncompressed bytes of one file, which is closed with it; read them once.

    `cut` says why the text ended too early; None if it did not. Raises UserError if the file is empty
    or holds no plain text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut: str | None = None
        self._read_bytes = 0
        self._text_bytes = 0
        self._digest = FileDigest()
        # of a gzip file: bytes that are not inflated yet, and whether they are inside a member
        self._packed = b""
        self._inside = False
        self._inflater: _Inflater | None = None
        self._file = path.open("rb", buffering=0)
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "TextSource":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def text_bytes(self) -> int:
        """Bytes of uncompressed text returned so far."""
        return self._text_bytes

    def digest(self) -> str:
        """Digest of the whole file, even if the text ended before its end; see FileDigest."""
        self._digest.add_rest(self.path)
        return self._digest.text()

    def read_into(self, view: memoryview) -> int:
        """Read the next bytes, up to BLOCK_BYTES, and return how many; 0 at the end of the text.

        Raises UserError if the file inflates without bound.
        """
        view = view[:BLOCK_BYTES]
        count = self._inflate_into(view) if self._inflater else self._read_into(view)
        self._text_bytes += count
        return count

    def _begin(self) -> None:
        head = self._file.read(8) or b""
        self._file.seek(0)
        if not head:
            raise UserError(f"{self.path}: the file is empty; record the trace again")
        for start, what in _NO_TEXT.items():
            if head.startswith(start):
                raise UserError(f"{self.path}: the file {what}")
        if head.startswith(GZIP_MAGIC):
            self._inflater = _member()

    def _read_into(self, view: memoryview) -> int:
        count = self._file.readinto(view) or 0
        self._saw(view[:count])
        return count

    def _saw(self, data: bytes | memoryview) -> None:
        self._digest.update(data)
        self._read_bytes += len(data)

    def _inflate_into(self, view: memoryview) -> int:
        from isal import isal_zlib

        text = b""
        while not text and self.cut is None and (self._packed or self._read_packed()):
            assert self._inflater is not None
            self._inside = True
            try:
                text = self._inflater.decompress(self._packed, len(view))
            except isal_zlib.error as error:  # type: ignore[misc]
                self.cut = f"damaged gzip data ({error})"
                break
            self._packed = self._inflater.unconsumed_tail
            if self._inflater.eof:
                self._packed = self._inflater.unused_data
                self._inflater, self._inside = _member(), False
                self._skip_padding()
        self._refuse_bomb(len(text))
        view[: len(text)] = text
        return len(text)

    def _read_packed(self) -> bool:
        while block := self._file.read(BLOCK_BYTES):
            self._saw(block)
            self._packed = block
            self._skip_padding()
            if self._packed:
                return True
        if self._inside:
            self.cut = "the gzip data stops before its end"
        return False

    def _skip_padding(self) -> None:
        """Between members there may be zeros, and after the last one."""
        if not self._inside:
            self._packed = self._packed.lstrip(b"\0")

    def _refuse_bomb(self, more: int) -> None:
        size = self._text_bytes + more
        if size > BOMB_BYTES and size > BOMB_RATIO * self._read_bytes:
            raise UserError(
                f"{self.path}: the gzip data inflates more than {BOMB_RATIO}-fold, which no trace "
                "does; decompress it yourself if you trust it"
            )


def _member() -> _Inflater:
    from isal import isal_zlib

    # 31: a zlib window of 15 bits inside a gzip wrapper
    return cast("_Inflater", isal_zlib.decompressobj(31))
