"""Scan the text of events into columns: compiled (556 lines because Numba's cache sees one file).

A trace is millions of events of the same few keys and texts. One pass over the bytes keeps times as
exact nanoseconds (decimal text, never a float) and each distinct text once. Whatever is not JSON, or
not of a column's type, stops the scan: the caller then goes the careful way.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

# how a value is read
SKIPPED, TEXT, INTEGER, UNSIGNED, TIME, ARGUMENTS = range(6)
# why a scan stopped
DONE, FULL, FAULTY = range(3)
# places in `tally`
ROWS, ENTRIES, ODD, FRAMES, ARROWS = range(5)
# kinds of event that may be left out of the rows
FRAME, ARROW = 1, 2
# columns that tell such events
PH, CAT, NAME = range(3)
# an event may need so many new distinct texts
_ROOM = 256

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

_BLANK, _NEWLINE, _RETURN, _TAB = b" \n\r\t"
_QUOTE, _BACKSLASH, _SLASH, _COMMA, _COLON = b'"\\/,:'
_LIST, _LIST_END, _OBJECT, _OBJECT_END = b"[]{}"
_0, _2, _8, _9, _MINUS, _PLUS, _POINT = b"0289-+."
_A, _B, _C, _D, _E, _F, _N, _R, _S, _T, _U = b"abcdefnrstu"
# the same byte eight times, to look at eight letters at once
_LOW = np.uint64(0x2020202020202020)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_NONE = np.iinfo(np.int64).min

# floor(1000 * microseconds) must leave room for a start plus a duration in an int64
_MOST_MICROSECONDS = (1 << 62) // 1000 - 1
_FRAME_CATEGORY = np.frombuffer(b'"python_function"', np.uint8)
# frames of nn.Module are always wanted: they are the module tree
_MODULE_NAME = np.frombuffer(b'"nn.Module: ', np.uint8)
_LITERALS = tuple(np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))
_ODD = tuple(np.frombuffer(word, np.uint8) for word in (b"NaN", b"nan", b"Infinity", b"inf"))

_NO_KEY, _ONE_KEY = np.uint64(0), np.uint64(1)
# seen so far of an event, beside FRAME and ARROW
_NAMED, _MODULE = 4, 8

_compiled = njit(nogil=True, cache=True, forceinline=True, _nrt=False)


class Keys(NamedTuple):
    """The keys that are read. A key's number indexes all but `table`, which finds it.

    `table` int16[level, 512]: number of the key with that hash, by `factors` int64[4] of its size,
    first, last and middle letter. `letters` uint8[key, 32], `sizes`, `kinds`; `slots`: column among
    those of its kind; `columns`: its bit.
    """

    table: NDArray[np.int16]
    factors: Ints
    letters: Bytes
    sizes: Ints
    kinds: Ints
    slots: Ints
    columns: Ints


class Out(NamedTuple):
    """What a scan fills. `filled` uint64[row] has the bit of each column that has a value.

    `numbers` int64[slot, row], `texts` int32[slot, row] codes of distinct texts; each of these is a
    row of `entries` int32[entry, 4]: column, start, end, code; `hashes` and `slots` find it again,
    `uses` counts the names of arguments that no column wants: the last column but one. The last holds lists and
    objects that are only checked.
    `counts` int64 has the number a column. `odd`: where values are that are no JSON. `arguments`
    int64[row, 2]: where the object of arguments is, 0 if there is none. `tally`: see above.
    """

    numbers: Ints
    texts: NDArray[np.int32]
    filled: Words
    entries: NDArray[np.int32]
    hashes: Words
    uses: Ints
    slots: NDArray[np.int32]
    counts: Ints
    odd: Ints
    arguments: Ints
    tally: Ints


@_compiled
def _space(text: Bytes, i: int) -> int:
    while text[i] in (_BLANK, _NEWLINE, _RETURN, _TAB):
        i += 1
    return i


@_compiled
def _starts(text: Bytes, i: int, word: Bytes) -> bool:
    k = 0
    while k < word.size and text[i + k] == word[k]:
        k += 1
    return k == word.size


@_compiled
def _hex(c: int) -> bool:
    return _0 <= c <= _9 or _A <= c | _BLANK <= _F


@_compiled
def _escape(text: Bytes, i: int) -> int:
    """Index behind the escape at `i`; -1 if it is none, or half of a UTF-16 pair."""
    c = text[i + 1]
    if c == _U:
        for k in range(2, 6):
            if not _hex(text[i + k]):
                return -1
        if (text[i + 2] | _BLANK) != _D or text[i + 3] < _8:
            return i + 6
        # half of a pair: d800 to dbff must be followed by dc00 to dfff
        low = text[i + 6] == _BACKSLASH and text[i + 7] == _U and (text[i + 8] | _BLANK) == _D
        if (text[i + 3] | _BLANK) > _B or not low or (text[i + 9] | _BLANK) < _C:
            return -1
        return i + 12 if _hex(text[i + 9]) and _hex(text[i + 10]) and _hex(text[i + 11]) else -1
    plain = c in (_QUOTE, _BACKSLASH, _SLASH, _B, _F, _N, _R, _T)
    return i + 2 if plain else -1


@_compiled
def _letters(text: Bytes, words: Words, i: int) -> int:
    """Index of the first byte that is a quote, a backslash or a control character."""
    while True:
        w = words[i]
        quote = w ^ _QUOTES
        slash = w ^ _BACKSLASHES
        low = (w - _LOW) & ~w
        if (low | ((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash)) & _HIGH == 0:
            i += 8
            continue
        while text[i] >= _BLANK and text[i] not in (_QUOTE, _BACKSLASH):
            i += 1
        return i


@_compiled
def _string(text: Bytes, words: Words, i: int) -> int:
    """Index behind the string that begins at `i`; -1 if it is none."""
    if text[i] != _QUOTE:
        return -1
    i += 1
    while True:
        i = _letters(text, words, i)
        if text[i] == _QUOTE:
            return i + 1
        if text[i] < _BLANK:
            return -1
        i = _escape(text, i)
        if i < 0:
            return -1


@_compiled
def _digits(text: Bytes, i: int) -> int:
    while _0 <= text[i] <= _9:
        i += 1
    return i


@_compiled
def _number(text: Bytes, i: int) -> int:
    """Index behind the number at `i`; -1 if it is none."""
    i += text[i] == _MINUS
    whole = i
    i = _digits(text, i)
    if i == whole or (text[whole] == _0 and i > whole + 1):
        return -1
    if text[i] == _POINT:
        start = i + 1
        i = _digits(text, start)
        if i == start:
            return -1
    if text[i] | _BLANK == _E:
        i += 1
        i += text[i] in (_PLUS, _MINUS)
        start = i
        i = _digits(text, i)
        if i == start:
            return -1
    return i


@_compiled
def _nested(text: Bytes, words: Words, i: int) -> int:
    """Index behind the list or object at `i`, its inside not yet checked; -1 if it has no end."""
    depth = 0
    while True:
        c = text[i]
        if c == _QUOTE:
            i = _string(text, words, i)
            if i < 0:
                return -1
            continue
        if c in (_LIST, _OBJECT):
            depth += 1
        elif c in (_LIST_END, _OBJECT_END):
            depth -= 1
            if depth == 0:
                return i + 1
        elif c == 0:
            return -1
        i += 1


@_compiled
def _odd(text: Bytes, i: int) -> int:
    """Index behind a NaN or an infinity, which are no JSON; -1 if it is neither."""
    i += text[i] == _MINUS
    for word in _ODD:
        if _starts(text, i, word):
            return i + word.size
    return -1


@_compiled
def _value(text: Bytes, words: Words, i: int) -> int:
    """Index behind the value at `i`; -1 if it is none."""
    c = text[i]
    if c == _QUOTE:
        return _string(text, words, i)
    if c in (_LIST, _OBJECT):
        return _nested(text, words, i)
    if c == _MINUS or _0 <= c <= _9:
        return _number(text, i)
    for word in _LITERALS:
        if _starts(text, i, word):
            return i + word.size
    return -1


@_compiled
def _hash(words: Words, start: int, end: int) -> np.uint64:
    h = np.uint64(end - start)
    while end - start >= 8:
        h = (h ^ words[start]) * _PRIME
        h ^= h >> np.uint64(29)
        start += 8
    if end > start:
        h = (h ^ (words[start] & (_FULL >> np.uint64(64 - 8 * (end - start))))) * _PRIME
    return h ^ (h >> np.uint64(32))


@_compiled
def _same(words: Words, a: int, b: int, length: int) -> bool:
    while length >= 8:
        if words[a] != words[b]:
            return False
        a, b, length = a + 8, b + 8, length - 8
    return length == 0 or (words[a] ^ words[b]) & (_FULL >> np.uint64(64 - 8 * length)) == 0


@_compiled
def _place(words: Words, start: int, end: int, column: int, out: Out) -> int:
    """Row in `entries` of the text, among the distinct texts of its column; -1 if there is no room."""
    h = _hash(words, start, end) ^ (np.uint64(column) * _PRIME)
    most, one = np.uint64(out.slots.size - 1), np.uint64(1)
    slot = (h ^ (h >> np.uint64(32))) & most
    while out.slots[slot] >= 0:
        e = out.slots[slot]
        if out.hashes[e] == h and out.entries[e, 0] == column:
            first, size = out.entries[e, 1], out.entries[e, 2] - out.entries[e, 1]
            if size == end - start and _same(words, first, start, size):
                return e
        slot = (slot + one) & most
    e = out.tally[ENTRIES]
    if e == out.hashes.size:
        return -1
    out.uses[e] = 0
    out.tally[ENTRIES] = e + 1
    out.slots[slot] = e
    out.hashes[e] = h
    code = out.counts[column]
    out.counts[column] = code + 1
    out.entries[e, 0], out.entries[e, 1], out.entries[e, 2], out.entries[e, 3] = (
        column,
        start,
        end,
        code,
    )
    return e


@_compiled
def _intern(words: Words, start: int, end: int, column: int, out: Out) -> int:
    """Code of the text in its column's list of distinct texts; -1 if there is no room left."""
    e = _place(words, start, end, column, out)
    return out.entries[e, 3] if e >= 0 else -1


@_compiled
def _time(text: Bytes, i: int, end: int) -> int:
    """floor(1000 * microseconds) of the decimal text; _NONE if that is not what it is."""
    if text[i] == _QUOTE:
        i, end = i + 1, end - 1
    negative = text[i] == _MINUS
    start = i + negative
    i, whole = start, 0
    while _0 <= text[i] <= _9 and i - start < 17:
        whole = whole * 10 + (np.int64(text[i]) - _0)
        i += 1
    if i == start or whole > _MOST_MICROSECONDS:
        return _NONE
    ns, below = whole * 1000, 0
    if text[i] == _POINT:
        i += 1
        scale = 100
        while _0 <= text[i] <= _9:
            ns += (np.int64(text[i]) - _0) * scale
            below |= (scale == 0) & (text[i] != _0)
            scale //= 10
            i += 1
        if text[i - 1] == _POINT:
            return _NONE
    if i != end:
        return _NONE
    return -ns - below if negative else ns


@_compiled
def _integer(text: Bytes, i: int, end: int, unsigned: bool) -> tuple[int, bool]:
    """The integer that the text spells, an unsigned one by its bits, and whether it fits."""
    if text[i] == _QUOTE:
        i, end = i + 1, end - 1
    negative = text[i] == _MINUS
    i += negative
    if i == end or end - i > 20:
        return 0, False
    most = _FULL if unsigned and not negative else np.uint64(1 << 63)
    value = np.uint64(0)
    while i < end:
        digit = np.uint64(text[i]) - np.uint64(_0)
        if digit > np.uint64(9) or value > (most - digit) // np.uint64(10):
            return 0, False
        value = value * np.uint64(10) + digit
        i += 1
    if negative:
        return -np.int64(value), not (unsigned and value > 0)
    return np.int64(value), unsigned or value < np.uint64(1 << 63)


@_compiled
def _key(text: Bytes, start: int, end: int, level: int, keys: Keys) -> int:
    """Number of the key that is spelled there; -1 if it is none that is read."""
    size = end - start
    if size == 0:
        return -1
    mixed = size * keys.factors[0] + text[start] * keys.factors[1]
    mixed += text[end - 1] * keys.factors[2] + text[start + size * 2 // 3] * keys.factors[3]
    key = keys.table[level, mixed & (keys.table.shape[1] - 1)]
    if key < 0 or keys.sizes[key] != size:
        return -1
    for k in range(size):
        if text[start + k] != keys.letters[key, k]:
            return -1
    return key


@_compiled
def _store(
    text: Bytes, words: Words, span: tuple[int, int], key: int, keys: Keys, out: Out
) -> bool:
    """Put a value into its column of the row; False if it is not of the column's type."""
    start, end = span
    row, slot, kind = out.tally[ROWS], keys.slots[key], keys.kinds[key]
    if kind == TEXT:
        out.texts[slot, row] = _intern(words, start, end, slot, out)
        return out.texts[slot, row] >= 0
    if kind == TIME:
        ns = _time(text, start, end)
        out.numbers[slot, row] = ns
        return ns != _NONE
    out.numbers[slot, row], fits = _integer(text, start, end, kind == UNSIGNED)
    return fits


@_compiled
def _skip(text: Bytes, words: Words, i: int, name: int, out: Out) -> int:
    """Index behind a value that no column wants; NaN and infinities are noted; -1 if it is none.

    If it is an argument, its name begins at `name`, and is counted; else that is -1.
    """
    if name >= 0:
        place = _place(words, name, _string(text, words, name), out.counts.size - 2, out)
        if place < 0:
            return -1
        out.uses[place] += 1
    end = _value(text, words, i)
    if end > 0 and text[i] in (_LIST, _OBJECT):
        return end if _intern(words, i, end, out.counts.size - 1, out) >= 0 else -1
    if end < 0 and out.tally[ODD] < out.odd.size:
        end = _odd(text, i)
        if end > 0:
            out.odd[out.tally[ODD]] = i
            out.tally[ODD] += 1
    return end


@_compiled
def _kind(text: Bytes, start: int, end: int, column: int, found: int) -> int:
    """What `found` becomes of an event that has this text as its phase, category or name."""
    if column == PH and end - start == 3 and text[start + 1] in (_S, _F):
        return found | ARROW
    if column == CAT and _starts(text, start, _FRAME_CATEGORY):
        return found | FRAME
    if column == NAME:
        return found | (_MODULE if _starts(text, start, _MODULE_NAME) else _NAMED)
    return found


@_compiled
def _is_left_out(found: int, left_out: int) -> bool:
    return (found & left_out & ARROW) != 0 or (found & left_out & FRAME and found & _NAMED) != 0


@njit(nogil=True, cache=True, _nrt=False)
def _escaped_key(text: Bytes, words: Words, i: int) -> int:
    """As `_string`, of a key with escapes; -1 too if one stands for a letter that needs none."""
    end = _string(text, words, i)
    while i < end:
        if text[i] == _BACKSLASH:
            i += 1
            if text[i] == _U and text[i + 1] == _0 == text[i + 2] and _2 <= text[i + 3] < _8:
                return -1
        i += 1
    return end


@_compiled
def _name(text: Bytes, words: Words, i: int, level: int, keys: Keys) -> tuple[int, int]:
    """Index of the value whose key begins at `i` (-1 if none does), and the number of the key."""
    if text[i] != _QUOTE:
        return -1, -1
    end = _letters(text, words, i + 1) + 1
    if text[end - 1] != _QUOTE:
        end = _escaped_key(text, words, i)
        if end < 0:
            return -1, -1
    key = _key(text, i + 1, end - 1, level, keys)
    end = _space(text, end)
    return (_space(text, end + 1), key) if text[end] == _COLON else (-1, key)


@_compiled
def _event(
    text: Bytes, words: Words, i: int, keys: Keys, out: Out, left_out: int
) -> tuple[int, bool]:
    """Read the object at `i` into the next row: index behind it (-1 if it is none), and if it stays."""
    seen, filled, found, level, fresh = _NO_KEY, _NO_KEY, 0, 0, True
    out.arguments[out.tally[ROWS], 1] = 0
    i += 1
    while True:
        i = _space(text, i)
        if not fresh and text[i] == _COMMA:
            i, fresh = _space(text, i + 1), True
        if text[i] == _OBJECT_END:
            i, fresh, level = i + 1, False, level - 1
            if level == 0:
                out.arguments[out.tally[ROWS], 1] = i
            else:
                out.filled[out.tally[ROWS]] = filled
                stays = not _is_left_out(found, left_out)
                out.tally[ROWS] += stays
                out.tally[ARROWS if found & left_out & ARROW else FRAMES] += not stays
                return i, stays
            continue
        if not fresh:
            return -1, False
        start = i
        i, key = _name(text, words, i, level, keys)
        if i < 0:
            return -1, False
        fresh = False
        if key < 0:
            i = _skip(text, words, i, start if level else -1, out)
        else:
            bit = _ONE_KEY << np.uint64(keys.columns[key])
            if seen & bit != _NO_KEY:
                return -1, False
            seen |= bit
            if keys.kinds[key] == ARGUMENTS and text[i] == _OBJECT:
                out.arguments[out.tally[ROWS], 0] = i
                i, level, fresh = i + 1, 1, True
                continue
            i, is_filled, found = _member(text, words, i, key, keys, out, (found, left_out))
            filled |= bit if is_filled else _NO_KEY
        if i < 0:
            return -1, False


@_compiled
def _member(
    text: Bytes, words: Words, i: int, key: int, keys: Keys, out: Out, state: tuple[int, int]
) -> tuple[int, bool, int]:
    """Read the value of a key: index behind it (-1: not of its type), if it is there, `found`."""
    found, left_out = state
    end = _value(text, words, i)
    if end < 0 or text[i] == _N:  # null
        return end, False, found
    if keys.kinds[key] == ARGUMENTS:
        return -1, False, found
    if keys.kinds[key] == TEXT:
        found = _kind(text, i, end, keys.slots[key], found)
        if _is_left_out(found, left_out):
            return end, False, found
    return end if _store(text, words, (i, end), key, keys, out) else -1, True, found


@_compiled
def scan(
    text: Bytes, words: Words, span: tuple[int, int], keys: Keys, out: Out, left_out: int
) -> tuple[int, int]:
    """Read comma-separated events of `text[start:end]` into `out`: where and why it stopped.

    `text` holds at least 16 zero bytes behind `end`, `words` its 8 bytes from each index on.
    `left_out` says which of FRAME and ARROW are counted only. FULL: go on from there, with `out`
    emptied. FAULTY: something there is no event, or has a value that is not of its column's type.
    """
    i, end = span
    while True:
        i = _space(text, i)
        if i >= end:
            return i, DONE
        if out.tally[ROWS] == out.filled.size or out.tally[ENTRIES] > out.hashes.size - _ROOM:
            return i, FULL
        if text[i] != _OBJECT:
            return i, FAULTY
        start = i
        i, _ = _event(text, words, i, keys, out, left_out)
        if i < 0:
            return start, FAULTY
        i = _space(text, i)
        if text[i] == _COMMA:
            i += 1
        elif i < end:
            return start, FAULTY
