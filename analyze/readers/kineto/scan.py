"""Scan the text of events into columns: compiled (811 lines because Numba's cache sees one file).

A trace is millions of events with the same few keys and texts. One pass over the bytes keeps times as
exact nanoseconds (from decimal text, never a float) and stores each distinct text once. A gap is
everything between two values: keys, commas and brackets. The scan compares each gap and text with the
one that came last time in the same place, and parses it strictly only if they differ. Anything that is
not JSON, or doesn't have its column's type, stops the scan, and the caller takes the slow path.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

# how a value is read
TEXT, INTEGER, UNSIGNED, TIME, ARGUMENTS = range(5)
# why a scan stopped
DONE, FULL, FAULTY = range(3)
# indexes in Out.tally
ROWS, ODD, FRAMES, ARROWS = range(4)
# indexes in Seen.used
ENTRIES, GAPS, LETTERS, SETS = range(4)
# columns of Seen.entries, and of Seen.gaps
COLUMN, START, SIZE, CODE, KIND = range(5)
_KEY, _WORD, _BEFORE, _LEVEL, _OPENS, _CLOSES = 0, 3, 4, 5, 6, 7
# kinds of event that may be left out of the rows
FRAME, ARROW = 1, 2
# columns that identify such events
PH, CAT, NAME = range(3)
# room for the new distinct texts or gaps of one event, and for their letters
_ROOM, LETTER_ROOM = 256, 1 << 20
# a gap's key if there is none: the next value has no column, or the event ends
_UNREAD, _END = -1, -2
# depth of nesting
_OUTSIDE, _TOP, _INSIDE = range(3)

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]

_BLANK, _NEWLINE, _RETURN, _TAB = b" \n\r\t"
_QUOTE, _BACKSLASH, _SLASH, _COMMA, _COLON = b'"\\/,:'
_LIST, _LIST_END, _OBJECT, _OBJECT_END = b"[]{}"
_0, _2, _8, _9, _MINUS, _PLUS, _POINT = b"0289-+."
_A, _B, _C, _D, _E, _F, _N, _R, _S, _T, _U = b"abcdefnrstu"
# the same byte eight times, to compare eight letters at once
_LOW = np.uint64(0x2020202020202020)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_NONE = np.iinfo(np.int64).min

# floor(1000 * microseconds) must leave room for a start plus a duration in an int64
_MAX_MICROSECONDS = (1 << 62) // 1000 - 1
_FRAME_CATEGORY = np.frombuffer(b'"python_function"', np.uint8)
# frames of nn.Module are always kept, because they are the module tree
_MODULE_NAME = np.frombuffer(b'"nn.Module: ', np.uint8)
_LITERALS = tuple(np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))
_ODD = tuple(np.frombuffer(word, np.uint8) for word in (b"NaN", b"nan", b"Infinity", b"inf"))

_NO_KEY, _ONE_KEY = np.uint64(0), np.uint64(1)
# what is known of an event so far, in addition to FRAME and ARROW
_NAMED, _MODULE = 4, 8

_compiled = njit(nogil=True, cache=True, forceinline=True, _nrt=False)
# not inlined: rare calls would only take longer to compile
_called = njit(nogil=True, cache=True, _nrt=False)


class Keys(NamedTuple):
    """The keys that are read. A key's number indexes all arrays except `table`, which finds it.

    `table` int16[level, 512]: number of the key with that hash, by `factors` int64[4] of its size,
    first, last and middle letter. `letters` uint8[key, 32], `sizes`, `kinds`; `slots`: column among
    those of its kind; `columns`: its bit; `arguments`: that of the arguments.
    """

    table: NDArray[np.int16]
    factors: Ints
    letters: Bytes
    sizes: Ints
    kinds: Ints
    slots: Ints
    columns: Ints
    arguments: int


class Seen(NamedTuple):
    """What was learned from earlier events: distinct texts, sets of texts, gaps and their order.

    `letters` holds texts and gaps, `words` the 8 bytes from each letter on; `used` says how much of
    what is taken, see above. `entries` int32[entry, 5] is a text's column, start, size, its number
    in the column, and what it says of its event; `hashes` and `slots` find it again. Next to the
    columns there is one of names of arguments that no column wants, counted in `uses`, and one of
    lists and objects that are only checked: `counts` int64[column + 2]. `sets` int32[set, column]
    are the entries of one event, -1 where it has none, found again by `set_hashes` and `set_slots`;
    `own` are those of this event. `gaps` int32[gap, 8] is the key whose value comes next, start,
    size, entry of the argument's name, depth before and after it, where in it arguments open and
    close; `gap_hashes` and `gap_slots` find it again. `follows` is the gap that came last time in a
    context, `guesses` the text that did.
    """

    letters: Bytes
    words: Words
    used: Ints
    entries: Codes
    hashes: Words
    slots: Codes
    uses: Ints
    counts: Ints
    sets: Codes
    set_hashes: Words
    set_slots: Codes
    own: Codes
    gaps: Codes
    gap_hashes: Words
    gap_slots: Codes
    follows: Codes
    guesses: Codes


class Out(NamedTuple):
    """The output of a scan. `filled` uint64[row] has the bit of each column that has a value.

    `numbers` is int64[slot, row]; `texts` int32[row] is the row's set of texts in Seen; `odd` are the
    indexes of values that aren't JSON; `arguments` int64[row, 2] is the span of the arguments' object
    (end 0 if there is none); `tally`: see above.
    """

    numbers: Ints
    texts: Codes
    filled: Words
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


@_called
def _escape(text: Bytes, i: int) -> int:
    """Index after the escape at `i`; -1 if it isn't one, or is half of a UTF-16 pair."""
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
    """Index after the string at `i`; -1 if there is none."""
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
    """Index after the number at `i`; -1 if there is none."""
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


@_called
def _nested(text: Bytes, words: Words, i: int) -> int:
    """Index after the list or object at `i`, whose contents aren't checked; -1 if it has no end."""
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


@_called
def _odd(text: Bytes, i: int) -> int:
    """Index after a NaN or an infinity, which aren't JSON; -1 if it is neither."""
    i += text[i] == _MINUS
    for word in _ODD:
        if _starts(text, i, word):
            return i + word.size
    return -1


@_compiled
def _value(text: Bytes, words: Words, i: int) -> int:
    """Index after the value at `i`; -1 if there is none."""
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
def _same(a: Words, i: int, b: Words, j: int, size: int) -> bool:
    while size >= 8:
        if a[i] != b[j]:
            return False
        i, j, size = i + 8, j + 8, size - 8
    return size == 0 or (a[i] ^ b[j]) & (_FULL >> np.uint64(64 - 8 * size)) == 0


@_compiled
def _keep(text: Bytes, start: int, size: int, seen: Seen) -> int:
    """Copy the text into `seen` and return its index there; -1 if there is no room."""
    at = seen.used[LETTERS]
    if at + size > seen.words.size - 8:
        return -1
    for k in range(size):
        seen.letters[at + k] = text[start + k]
    seen.used[LETTERS] = at + size
    return at


@_called
def _intern(text: Bytes, words: Words, start: int, end: int, column: int, seen: Seen) -> int:
    """The text's entry among the distinct texts of its column, known or new; -1 if there is no room."""
    h = _hash(words, start, end) ^ (np.uint64(column) * _PRIME)
    most, one = np.uint64(seen.slots.size - 1), np.uint64(1)
    slot = (h ^ (h >> np.uint64(32))) & most
    while seen.slots[slot] >= 0:
        e = seen.slots[slot]
        if seen.hashes[e] == h and seen.entries[e, COLUMN] == column:
            size = seen.entries[e, SIZE]
            if size == end - start and _same(
                seen.words, seen.entries[e, START], words, start, size
            ):
                return e
        slot = (slot + one) & most
    e = seen.used[ENTRIES]
    at = _keep(text, start, end - start, seen) if e < seen.hashes.size else -1
    if at < 0:
        return -1
    seen.used[ENTRIES] = e + 1
    seen.slots[slot], seen.hashes[e], seen.uses[e] = e, h, 0
    seen.entries[e, COLUMN], seen.entries[e, START], seen.entries[e, SIZE] = column, at, end - start
    seen.entries[e, CODE], seen.entries[e, KIND] = (
        seen.counts[column],
        _kind(text, start, end, column),
    )
    seen.counts[column] += 1
    return e


@_compiled
def _time(text: Bytes, i: int, end: int) -> int:
    """floor(1000 * microseconds) of a decimal text; _NONE if it is something else."""
    if text[i] == _QUOTE:
        i, end = i + 1, end - 1
    negative = text[i] == _MINUS
    start = i + negative
    i, whole = start, 0
    while _0 <= text[i] <= _9 and i - start < 17:
        whole = whole * 10 + (np.int64(text[i]) - _0)
        i += 1
    if i == start or whole > _MAX_MICROSECONDS:
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
    """The integer in the text (an unsigned one by its bits), and whether it fits."""
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
    """Number of the key in the text; -1 if it isn't read."""
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


@_called
def _escaped_key(text: Bytes, words: Words, i: int) -> int:
    """As `_string`, for a key with escapes; also -1 if a letter that needs no escape is escaped."""
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
    """Index of the value whose key begins at `i` (-1 if there is no key), and the key's number."""
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
def _gap(
    text: Bytes, words: Words, i: int, level: int, keys: Keys, seen: Seen
) -> tuple[int, int, int, int, int, int]:
    """Parse the gap at `i` strictly: index after it (-1 if it isn't one), and its fields in Seen.

    The fields are key, word, level, opens and closes.
    """
    start, opens, closes, fresh = i, -1, -1, level == _OUTSIDE
    if fresh:
        i, level = i + 1, _TOP
    while True:
        i = _space(text, i)
        if not fresh and text[i] == _COMMA:
            i, fresh = _space(text, i + 1), True
        if text[i] == _OBJECT_END:
            i, fresh, level = i + 1, False, level - 1
            if level == _OUTSIDE:
                return i, _END, -1, level, opens, closes
            closes = i - start
            continue
        name = i
        i, key = _name(text, words, i, level - 1, keys) if fresh else (-1, -1)
        if i < 0:
            break
        if key < 0 and level == _INSIDE:
            end = _string(text, words, name)
            word = _intern(text, words, name, end, seen.counts.size - 2, seen)
            return (i if word >= 0 else -1), key, word, level, opens, closes
        if key < 0 or keys.kinds[key] != ARGUMENTS:
            return i, key, -1, level, opens, closes
        # arguments may be null: then they open and don't close
        if opens >= 0 or not (text[i] == _OBJECT or _starts(text, i, _LITERALS[2])):
            break
        opens, fresh = i - start, text[i] == _OBJECT
        level, i = (_INSIDE, i + 1) if fresh else (level, i + 4)
    return -1, -1, -1, level, opens, closes


@_called
def _learn(text: Bytes, words: Words, start: int, level: int, keys: Keys, seen: Seen) -> int:
    """Number of the gap at `start`, known or new; -1 if there is none."""
    end, key, word, behind, opens, closes = _gap(text, words, start, level, keys, seen)
    if end < 0:
        return -1
    # the same bytes mean something else at another depth
    h = _hash(words, start, end) ^ (np.uint64(level) * _PRIME)
    most, one = np.uint64(seen.gap_slots.size - 1), np.uint64(1)
    slot = (h ^ (h >> np.uint64(32))) & most
    while seen.gap_slots[slot] >= 0:
        g = seen.gap_slots[slot]
        is_alike = seen.gap_hashes[g] == h and seen.gaps[g, SIZE] == end - start
        if is_alike and _same(seen.words, seen.gaps[g, START], words, start, end - start):
            return g
        slot = (slot + one) & most
    g = seen.used[GAPS]
    at = _keep(text, start, end - start, seen) if g < seen.gap_hashes.size else -1
    if at < 0:
        return -1
    seen.used[GAPS] = g + 1
    seen.gap_slots[slot], seen.gap_hashes[g] = g, h
    seen.gaps[g, _KEY], seen.gaps[g, START], seen.gaps[g, SIZE] = key, at, end - start
    seen.gaps[g, _WORD], seen.gaps[g, _BEFORE], seen.gaps[g, _LEVEL] = word, level, behind
    seen.gaps[g, _OPENS], seen.gaps[g, _CLOSES] = opens, closes
    return g


@_compiled
def _next(
    text: Bytes, words: Words, i: int, level: int, context: np.uint64, keys: Keys, seen: Seen
) -> int:
    """Number of the gap at `i`, first trying the one that came last time in this context; or -1."""
    place = context & np.uint64(seen.follows.size - 1)
    g = seen.follows[place]
    if (
        g < 0
        or seen.gaps[g, _BEFORE] != level
        or not _same(seen.words, seen.gaps[g, START], words, i, seen.gaps[g, SIZE])
    ):
        g = _learn(text, words, i, level, keys, seen)
        seen.follows[place] = g
    return g


@_compiled
def _is_delimiter(c: int) -> bool:
    return c in (_COMMA, _NEWLINE, _OBJECT_END, _BLANK, _RETURN, _TAB)


@_compiled
def _plain_number(text: Bytes, i: int, seen_point: bool) -> tuple[int, int, int]:
    """Index after the short number at `i` (-1 if there is none), its digits, and its decimals."""
    start, value = i, 0
    while _0 <= text[i] <= _9:
        value = value * 10 + (np.int64(text[i]) - _0)
        i += 1
    if i == start or i - start > 15 or (text[start] == _0 and i > start + 1):
        return -1, 0, 0
    if not seen_point or text[i] != _POINT:
        return (i if _is_delimiter(text[i]) else -1), value, 0
    i += 1
    point = i
    while _0 <= text[i] <= _9 and i - point < 4:
        value = value * 10 + (np.int64(text[i]) - _0)
        i += 1
    return (i if i > point and i - point < 4 and _is_delimiter(text[i]) else -1), value, i - point


@_compiled
def _text(
    text: Bytes, words: Words, i: int, column: int, context: np.uint64, seen: Seen
) -> tuple[int, int]:
    """Index after the value at `i` (-1 if there is none), and its entry, first trying the last one."""
    place = context & np.uint64(seen.guesses.size - 1)
    e = seen.guesses[place]
    if e >= 0 and seen.entries[e, COLUMN] == column:
        size = seen.entries[e, SIZE]
        is_alike = _same(seen.words, seen.entries[e, START], words, i, size)
        # a string, list or object has its own end, but a number may continue
        if is_alike and (text[i] in (_QUOTE, _LIST, _OBJECT) or _is_delimiter(text[i + size])):
            return i + size, e
    end = _value(text, words, i)
    if end < 0:
        return -1, -1
    e = _intern(text, words, i, end, column, seen)
    seen.guesses[place] = e
    return (end if e >= 0 else -1), e


@_called
def _store(text: Bytes, i: int, end: int, key: int, keys: Keys, out: Out) -> bool:
    """Put a number into its column of the row; False if it doesn't have the column's type."""
    row, slot, kind = out.tally[ROWS], keys.slots[key], keys.kinds[key]
    if kind == TIME:
        ns = _time(text, i, end)
        out.numbers[slot, row] = ns
        return ns != _NONE
    out.numbers[slot, row], fits = _integer(text, i, end, kind == UNSIGNED)
    return fits


@_compiled
def _skip(text: Bytes, words: Words, i: int, context: np.uint64, seen: Seen, out: Out) -> int:
    """Index after a value without a column; -1 if there is none. Records NaN and infinities."""
    if text[i] in (_LIST, _OBJECT):
        return _text(text, words, i, seen.counts.size - 1, context, seen)[0]
    end, _, _ = _plain_number(text, i, True)
    if end < 0:
        end = _value(text, words, i)
    if end < 0 and out.tally[ODD] < out.odd.size:
        end = _odd(text, i)
        if end > 0:
            out.odd[out.tally[ODD]] = i
            out.tally[ODD] += 1
    return end


@_compiled
def _number_member(
    text: Bytes, words: Words, i: int, key: int, keys: Keys, out: Out
) -> tuple[int, bool]:
    """Read a number into its column: index after it (-1: wrong type), and whether it isn't null."""
    is_time = keys.kinds[key] == TIME
    end, value, decimals = _plain_number(text, i, is_time)
    if end > 0:
        if is_time:
            value *= 1000 if decimals == 0 else 100 if decimals == 1 else 10 if decimals == 2 else 1
        out.numbers[keys.slots[key], out.tally[ROWS]] = value
        return end, True
    end = _value(text, words, i)
    if end < 0 or text[i] == _N:  # null
        return end, False
    return end if _store(text, i, end, key, keys, out) else -1, True


@_compiled
def _is_left_out(found: int, left_out: int) -> bool:
    return (found & left_out & ARROW) != 0 or (found & left_out & FRAME and found & _NAMED) != 0


@_compiled
def _kind(text: Bytes, start: int, end: int, column: int) -> int:
    """The kind of an event that has this text as its phase, category or name."""
    if column == PH and end - start == 3 and text[start + 1] in (_S, _F):
        return ARROW
    if column == CAT and _starts(text, start, _FRAME_CATEGORY):
        return FRAME
    if column == NAME:
        return _MODULE if _starts(text, start, _MODULE_NAME) else _NAMED
    return 0


@_compiled
def _set(h: np.uint64, seen: Seen) -> int:
    """Number of this event's set of texts, known or new; -1 if there is no room."""
    most, one = np.uint64(seen.set_slots.size - 1), np.uint64(1)
    slot = (h ^ (h >> np.uint64(32))) & most
    while seen.set_slots[slot] >= 0:
        s = seen.set_slots[slot]
        if seen.set_hashes[s] == h:
            k = 0
            while k < seen.own.size and seen.sets[s, k] == seen.own[k]:
                k += 1
            if k == seen.own.size:
                return s
        slot = (slot + one) & most
    s = seen.used[SETS]
    if s == seen.set_hashes.size:
        return -1
    seen.used[SETS] = s + 1
    seen.set_slots[slot], seen.set_hashes[s] = s, h
    for k in range(seen.own.size):
        seen.sets[s, k] = seen.own[k]
    return s


@_compiled
def _mixed(a: int, b: int, c: int) -> np.uint64:
    h = np.uint64(a) * _PRIME + np.uint64(b)
    h = (h ^ (h >> np.uint64(29))) * _PRIME + np.uint64(c)
    return (h * _PRIME) >> np.uint64(40)


@_compiled
def _member(
    text: Bytes,
    words: Words,
    i: int,
    key: int,
    keys: Keys,
    seen: Seen,
    out: Out,
    state: tuple[int, int, np.uint64],
) -> tuple[int, bool, int, int]:
    """Read a key's value: index after it (-1: wrong type), whether it isn't null, entry, `found`."""
    found, left_out, context = state
    if keys.kinds[key] != TEXT:
        end, is_there = _number_member(text, words, i, key, keys, out)
        return end, is_there, -1, found
    column = keys.slots[key]
    if column == NAME and found & left_out & FRAME and not _starts(text, i, _MODULE_NAME):
        found |= _NAMED
    if text[i] == _N or _is_left_out(found, left_out):
        return _value(text, words, i), False, -1, found
    end, entry = _text(text, words, i, column, context, seen)
    return end, True, entry, found | (seen.entries[entry, KIND] if end >= 0 else 0)


@_compiled
def _clear(own: Codes) -> None:
    for k in range(own.size):
        own[k] = -1


@_compiled
def _event(
    text: Bytes, words: Words, i: int, keys: Keys, seen: Seen, out: Out, state: tuple[int, int, int]
) -> tuple[int, int, int]:
    """Read the object at `i` into the next row: index after it (-1: no event), last gap, name.

    `state` is the gap and the name before it, and what is left out.
    """
    g, name, left_out = state
    row, level, found, last = out.tally[ROWS], _OUTSIDE, 0, -1
    given, filled, texts = _NO_KEY, _NO_KEY, _NO_KEY
    out.arguments[row, 1] = 0
    _clear(seen.own)
    while True:
        g = _next(text, words, i, level, _mixed(g, name, 0), keys, seen)
        if g < 0:
            return -1, 0, 0
        key, level = seen.gaps[g, _KEY], seen.gaps[g, _LEVEL]
        bit = _ONE_KEY << np.uint64(keys.columns[key]) if key >= 0 else _NO_KEY
        if seen.gaps[g, _OPENS] >= 0:
            out.arguments[row, 0] = i + seen.gaps[g, _OPENS]
            bit |= _ONE_KEY << np.uint64(keys.arguments)
        if seen.gaps[g, _CLOSES] >= 0:
            out.arguments[row, 1] = i + seen.gaps[g, _CLOSES]
        if given & bit != _NO_KEY:
            return -1, 0, 0
        given |= bit
        i += seen.gaps[g, SIZE]
        if key == _END:
            break
        # there may be more space before the value than last time
        i, context = _space(text, i), _mixed(g, last, name)
        if key == _UNREAD:
            word = seen.gaps[g, _WORD]
            if word >= 0:
                seen.uses[word] += 1
            i = _skip(text, words, i, context, seen, out)
        else:
            i, is_there, entry, found = _member(
                text, words, i, key, keys, seen, out, (found, left_out, context)
            )
            filled |= _ONE_KEY << np.uint64(keys.columns[key]) if is_there else _NO_KEY
            if entry >= 0:
                seen.own[keys.slots[key]] = last = entry
                texts = (texts ^ np.uint64(entry + 1)) * _PRIME
                name = entry if keys.slots[key] == NAME else name
        if i < 0:
            return -1, 0, 0
    out.filled[row] = filled
    if _is_left_out(found, left_out):
        out.tally[ARROWS if found & left_out & ARROW else FRAMES] += 1
        return i, g, name
    out.texts[row] = _set(texts, seen)
    out.tally[ROWS] = row + 1
    return (i if out.texts[row] >= 0 else -1), g, name


@_compiled
def scan(
    text: Bytes,
    words: Words,
    span: tuple[int, int],
    keys: Keys,
    seen: Seen,
    out: Out,
    left_out: int,
) -> tuple[int, int]:
    """Read comma-separated events of `text[start:end]` into `out`; return where and why it stopped.

    `text` holds at least 16 zero bytes after `end`, `words` its 8 bytes from each index. `left_out`
    says which of FRAME and ARROW are only counted. FULL: continue from there with an empty `out`, and
    with an empty `seen` if that has no room. FAULTY: the text there isn't an event, or has a value of
    the wrong type, or needs more room.
    """
    i, end = span
    # gap 0 is the one before all others
    g, name = 0, -1
    while True:
        i = _space(text, i)
        if i >= end:
            return i, DONE
        if out.tally[ROWS] == out.filled.size or not has_room(seen):
            return i, FULL
        if text[i] != _OBJECT:
            return i, FAULTY
        start = i
        i, g, name = _event(text, words, i, keys, seen, out, (g, name, left_out))
        if i < 0:
            return start, FAULTY
        i = _space(text, i)
        if text[i] == _COMMA:
            i += 1
        elif i < end:
            return start, FAULTY


@_compiled
def has_room(seen: Seen) -> bool:
    """Whether there is room for what one more event can teach."""
    return (
        seen.used[ENTRIES] < seen.hashes.size - _ROOM
        and seen.used[SETS] < seen.set_hashes.size
        and seen.used[GAPS] < seen.gap_hashes.size - _ROOM
        and seen.used[LETTERS] < seen.letters.size - LETTER_ROOM
    )
