"""Show other people's text safely: characters that a terminal would obey or hide are escaped.

Names come from traces and from disks. A control character in one can rewrite the screen, and a
bidirectional mark can make a line look like another one.
"""

from __future__ import annotations

import re

# Unicode's Cc, Cf, Cs, Zl and Zp, except the joiners U+200C and U+200D, which words and emoji need
_UNSEEN = (
    "\\x00-\\x1f\\x7f-\\x9f\\xad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e\\u200b"
    "\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\U000110bd\\U000110cd"
    "\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0001"
    "\\U000e0020-\\U000e007f"
)
_HIDDEN = re.compile(f"[{_UNSEEN}\\ud800-\\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# the same set for polars, whose regular expressions don't support surrogates
HIDDEN_PATTERN = "[" + re.sub(r"\\[uU]([0-9a-f]+)", r"\\x{\1}", _UNSEEN) + "]"


def printable(text: object, *, keep: str = "") -> str:
    """The text on one line, each control or invisible character as \\n, \\x1b or \\u202e.

    Characters in `keep` and backslashes in the text stay as they are.
    """
    return _HIDDEN.sub(lambda m: m[0] if m[0] in keep else _written(m[0]), str(text))


def printable_json(text: str) -> str:
    """JSON with the same value, with hidden characters written as JSON escapes."""
    return _HIDDEN.sub(lambda m: m[0] if m[0] == "\n" else _in_json(m[0]), text)


def _written(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _in_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def cell(value: object) -> str:
    """One value as text: four digits, thousands separated, '-' for NULL."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
