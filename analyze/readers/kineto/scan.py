"""Scan the text of events into columns of numbers and texts: the buffers of the C library's scan.

A trace is millions of events with the same few keys and texts. One pass over the bytes keeps times as
exact nanoseconds (from decimal text, never a float) and stores each distinct text once. Anything that is
not JSON, or doesn't have its column's type, stops the scan, and the caller takes the slow path.
"""

import ctypes
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genscope.analyze import native

# how a value is read
TEXT, INTEGER, UNSIGNED, TIME, ARGUMENTS = range(5)
# why a scan stopped: at the end, with all rows filled, with no room to learn, at what isn't an event
DONE, FULL, CROWDED, FAULTY = range(4)
# indexes in Out.tally
ROWS, ODD, FRAMES, ARROWS = range(4)
# indexes in Seen.used
ENTRIES, GAPS, LETTERS, SETS = range(4)
# columns of Seen.entries
COLUMN, START, SIZE, CODE, KIND = range(5)
# kinds of event that may be left out of the rows
FRAME, ARROW = 1, 2

# rows that are held at a time
MAX_ROWS = 1 << 16
MAX_SETS = 1 << 15
MAX_TEXTS = 1 << 15
_MAX_GAPS = 1 << 12
# with more of them they leave the processor's cache
_GUESSES = 1 << 13
# of the scan's C code: room for the letters of one event
_LETTER_ROOM = 1 << 20

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]


class Keys(NamedTuple):
    """The keys that are read. A key's number indexes all arrays except `table`, which finds it.

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


class Seen(NamedTuple):
    """What was learned from earlier events: distinct texts, sets of texts, gaps and their order.

    `letters` holds texts and gaps; `used` says how much of what is taken, see above. `entries`
    int32[entry, 5] is a text's column, start, size, its number in the column, and what it says of its
    event; `hashes` and `slots` find it again. Next to the columns there is one of names of arguments
    that no column wants, counted in `uses`, and one of lists and objects that are only checked:
    `counts` int64[column + 2]. `sets` int32[set, column] are the entries of one event, -1 where it has
    none, found again by `set_hashes` and `set_slots`; `own` are those of this event. `gaps`
    int32[gap, 8] are the bytes between two values, found again by `gap_hashes` and `gap_slots`.
    `follows` is the gap that came last time in a context, `guesses` the text that did.
    """

    letters: Bytes
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


class Scan:
    """What is learned from texts, and where their rows go; for one thread.

    `odd` is the number of values that may be NaN or infinite; `text_columns` and `number_columns` are
    the numbers of columns that `keys` fills.
    """

    def __init__(self, keys: Keys, *, text_columns: int, number_columns: int, odd: int) -> None:
        self._keys = native.Buffers(*keys)
        self._text_columns = text_columns
        self.out = _new_out(number_columns, odd)
        self._c_out = native.Buffers(*self.out)
        self.make_room(0)

    def fits(self, size: int) -> bool:
        """Whether there is room for the letters of a text."""
        return size <= self._room

    def make_room(self, size: int) -> None:
        """Make room for the letters of a text, with nothing learned."""
        self._room = size + (size >> 3)
        self.seen = _new_seen(self._text_columns, self._room + 2 * _LETTER_ROOM)
        self._c_seen = native.Buffers(*self.seen)
        self.forget()

    def run(self, text: Bytes, at: int, end: int, left_out: int) -> tuple[int, int]:
        """Add the comma-separated events of `text[at:end]` to `out`; return where and why it stopped.

        `text` has at least PADDING bytes more. `left_out` says which of FRAME and ARROW are only counted.
        FULL: empty `out`, and continue from there. CROWDED: also forget. FAULTY: the text there isn't an
        event, or has a value of the wrong type, or needs more room.
        """
        self.out.tally[ROWS + 1 :] = 0
        place = ctypes.c_int64(at)
        library = native.library()
        assert library is not None
        status = library.genscope_scan(
            native.Buffers(text),
            ctypes.byref(place),
            end,
            self._keys,
            self._c_seen,
            self._c_out,
            left_out,
        )
        if status not in (DONE, FULL, CROWDED, FAULTY):
            raise AssertionError("the scan's buffers don't fit each other")
        return place.value, status

    def forget(self) -> None:
        """Start again with nothing learned."""
        seen = self.seen
        for filled in (seen.used, seen.counts):
            filled[:] = 0
        for found in (seen.slots, seen.set_slots, seen.gap_slots, seen.follows, seen.guesses):
            found[:] = -1
        # gap 0 is the one before all others
        seen.used[GAPS] = 1


def _new_out(number_columns: int, odd: int) -> Out:
    return Out(
        numbers=np.zeros((number_columns, MAX_ROWS), np.int64),
        texts=np.zeros(MAX_ROWS, np.int32),
        filled=np.zeros(MAX_ROWS, np.uint64),
        odd=np.zeros(odd, np.int64),
        arguments=np.zeros((MAX_ROWS, 2), np.int64),
        tally=np.zeros(4, np.int64),
    )


def _new_seen(text_columns: int, letters: int) -> Seen:
    return Seen(
        letters=np.zeros(letters, np.uint8),
        used=np.zeros(4, np.int64),
        entries=np.zeros((MAX_TEXTS, 5), np.int32),
        hashes=np.zeros(MAX_TEXTS, np.uint64),
        slots=np.zeros(2 * MAX_TEXTS, np.int32),
        uses=np.zeros(MAX_TEXTS, np.int64),
        counts=np.zeros(text_columns + 2, np.int64),
        sets=np.zeros((MAX_SETS, text_columns), np.int32),
        set_hashes=np.zeros(MAX_SETS, np.uint64),
        set_slots=np.zeros(2 * MAX_SETS, np.int32),
        own=np.zeros(text_columns, np.int32),
        gaps=np.zeros((_MAX_GAPS, 8), np.int32),
        gap_hashes=np.zeros(_MAX_GAPS, np.uint64),
        gap_slots=np.zeros(2 * _MAX_GAPS, np.int32),
        follows=np.zeros(_GUESSES, np.int32),
        guesses=np.zeros(_GUESSES, np.int32),
    )
