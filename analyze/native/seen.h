/* What the scan learned from earlier events: distinct texts, sets of texts, and gaps between values.

   Python allocates the buffers, and clears them to forget; scan.py describes them. */
#ifndef GENSCOPE_SEEN_H
#define GENSCOPE_SEEN_H

#include "json.h"

#define PRIME 0x9E3779B97F4A7C15ULL
#define MAX_KEY_BYTES 32
/* room for the new distinct texts or gaps of one event, and for their letters */
#define ROOM 256
#define LETTER_ROOM ((int64_t)1 << 20)

/* how a value is read */
enum { TEXT, INTEGER, UNSIGNED, TIME, ARGUMENTS };
/* indexes in Seen.used */
enum { ENTRIES, GAPS, LETTERS, SETS, USED_COUNT };
/* columns of texts that identify events which may be left out */
enum { PH, CAT, NAME };
/* kinds of such an event, and what is known of its name */
enum { FRAME = 1, ARROW = 2, NAMED = 4, MODULE = 8 };
/* depth of nesting */
enum { OUTSIDE, TOP, INSIDE };
/* a gap's key if there is none: the next value has no column, or the event ends */
enum { UNREAD = -1, END = -2 };

#define FRAME_CATEGORY "\"python_function\""
/* frames of nn.Module are always kept, because they are the module tree */
#define MODULE_NAME "\"nn.Module: "

/* A distinct text: its column, where its letters are, its number in the column, what it says of its event. */
typedef struct { int32_t column, start, size, code, kind; } Entry;
/* The bytes between two values: the key whose value comes next, where its letters are, the entry of the
   argument's name, the depth before and after it, and where in it the arguments open and close. */
typedef struct { int32_t key, start, size, word, before, level, opens, closes; } Gap;

typedef struct { Entry *at; uint64_t bytes; } Entries;
typedef struct { Gap *at; uint64_t bytes; } Gaps;

/* The keys that are read; `table` finds the key with a hash, by `factors`, at each of two levels. */
typedef struct {
    Shorts table;
    Ints factors;
    Bytes letters;
    Ints sizes, kinds, slots, columns;
} Keys;

typedef struct {
    Bytes letters;
    Ints used;
    Entries entries;
    Words hashes;
    Codes slots;
    Ints uses, counts;
    Codes sets;
    Words set_hashes;
    Codes set_slots, own;
    Gaps gaps;
    Words gap_hashes;
    Codes gap_slots, follows, guesses;
} Seen;

INLINED uint64_t low_bytes(int64_t count) { return UINT64_MAX >> (64 - 8 * count); }

/* Hash of `size` bytes; reads up to 7 bytes more. */
INLINED uint64_t hash_of(const uint8_t *t, int64_t size) {
    uint64_t h = (uint64_t)size;
    for (; size >= 8; t += 8, size -= 8) {
        h = (h ^ word_at(t)) * PRIME;
        h ^= h >> 29;
    }
    if (size > 0) h = (h ^ (word_at(t) & low_bytes(size))) * PRIME;
    return h ^ (h >> 32);
}

/* Whether `size` bytes are equal; reads up to 7 bytes more. */
INLINED bool is_same(const uint8_t *a, const uint8_t *b, int64_t size) {
    for (; size >= 8; a += 8, b += 8, size -= 8) {
        if (word_at(a) != word_at(b)) return false;
    }
    return size == 0 || ((word_at(a) ^ word_at(b)) & low_bytes(size)) == 0;
}

/* Slot in a table of `count` slots, a power of two; a full search goes on to the next one. */
INLINED int64_t slot_of(uint64_t h, int64_t count) { return (int64_t)((h ^ (h >> 32)) & (uint64_t)(count - 1)); }

/* Copy letters into `seen` and return their index there; -1 if it does not fit. */
INLINED int64_t keep_letters(Seen *seen, const uint8_t *t, int64_t size) {
    int64_t at = seen->used.at[LETTERS];
    if (size > COUNT(seen->letters) - PADDING - at) return -1;
    memcpy(seen->letters.at + at, t, (size_t)size);
    seen->used.at[LETTERS] = at + size;
    return at;
}

/* What an event is that has this text as its phase, category or name. */
INLINED int32_t kind_of(const uint8_t *t, int64_t size, int64_t column) {
    if (column == PH) return size == 3 && (t[1] == 's' || t[1] == 'f') ? ARROW : 0;
    if (column == CAT) return starts_with(t, 0, FRAME_CATEGORY) ? FRAME : 0;
    if (column == NAME) return starts_with(t, 0, MODULE_NAME) ? MODULE : NAMED;
    return 0;
}

/* The entry of a text of `column`, known or new; -1 if it does not fit. */
CALLED int64_t intern(Seen *seen, const uint8_t *t, int64_t size, int64_t column) {
    uint64_t h = hash_of(t, size) ^ ((uint64_t)column * PRIME);
    int64_t slot = slot_of(h, COUNT(seen->slots));
    for (int64_t e; (e = seen->slots.at[slot]) >= 0; slot = (slot + 1) & (COUNT(seen->slots) - 1)) {
        const Entry *entry = &seen->entries.at[e];
        bool is_alike = seen->hashes.at[e] == h && entry->column == column && entry->size == size;
        if (is_alike && is_same(seen->letters.at + entry->start, t, size)) return e;
    }
    int64_t e = seen->used.at[ENTRIES];
    int64_t start = e < COUNT(seen->hashes) ? keep_letters(seen, t, size) : -1;
    if (start < 0) return -1;
    seen->used.at[ENTRIES] = e + 1;
    seen->slots.at[slot] = (int32_t)e;
    seen->hashes.at[e] = h;
    seen->uses.at[e] = 0;
    int64_t code = seen->counts.at[column]++;
    seen->entries.at[e] = (Entry){(int32_t)column, (int32_t)start, (int32_t)size, (int32_t)code, kind_of(t, size, column)};
    return e;
}

/* Number of the event's own set of texts, known or new; -1 if it does not fit. */
INLINED int64_t set_of(Seen *seen, uint64_t h) {
    int64_t width = COUNT(seen->own), slot = slot_of(h, COUNT(seen->set_slots));
    size_t bytes = seen->own.bytes;
    for (int64_t s; (s = seen->set_slots.at[slot]) >= 0; slot = (slot + 1) & (COUNT(seen->set_slots) - 1)) {
        if (seen->set_hashes.at[s] == h && !memcmp(seen->sets.at + s * width, seen->own.at, bytes)) return s;
    }
    int64_t s = seen->used.at[SETS];
    if (s >= COUNT(seen->set_hashes)) return -1;
    seen->used.at[SETS] = s + 1;
    seen->set_slots.at[slot] = (int32_t)s;
    seen->set_hashes.at[s] = h;
    memcpy(seen->sets.at + s * width, seen->own.at, bytes);
    return s;
}

/* Number of the gap in the text, known or new; -1 if it does not fit. */
INLINED int64_t keep_gap(Seen *seen, const uint8_t *t, Gap gap) {
    /* the same bytes mean something else at another depth */
    uint64_t h = hash_of(t, gap.size) ^ ((uint64_t)gap.before * PRIME);
    int64_t slot = slot_of(h, COUNT(seen->gap_slots));
    for (int64_t g; (g = seen->gap_slots.at[slot]) >= 0; slot = (slot + 1) & (COUNT(seen->gap_slots) - 1)) {
        const Gap *known = &seen->gaps.at[g];
        bool is_alike = seen->gap_hashes.at[g] == h && known->size == gap.size && known->before == gap.before;
        if (is_alike && is_same(seen->letters.at + known->start, t, gap.size)) return g;
    }
    int64_t g = seen->used.at[GAPS];
    int64_t start = g < COUNT(seen->gap_hashes) ? keep_letters(seen, t, gap.size) : -1;
    if (start < 0) return -1;
    gap.start = (int32_t)start;
    seen->used.at[GAPS] = g + 1;
    seen->gap_slots.at[slot] = (int32_t)g;
    seen->gap_hashes.at[g] = h;
    seen->gaps.at[g] = gap;
    return g;
}

/* Whether there is room for what one more event can teach. */
INLINED bool has_room(const Seen *seen) {
    const int64_t *used = seen->used.at;
    return used[ENTRIES] < COUNT(seen->hashes) - ROOM && used[GAPS] < COUNT(seen->gap_hashes) - ROOM &&
           used[SETS] < COUNT(seen->set_hashes) && used[LETTERS] < COUNT(seen->letters) - PADDING - LETTER_ROOM;
}

INLINED bool is_within(int64_t used, int64_t count) { return 0 <= used && used <= count; }

/* Whether the sizes of the buffers fit each other: every index that this file makes is then inside them. */
static bool is_seen_sound(const Seen *seen) {
    int64_t entries = COUNT(seen->hashes), sets = COUNT(seen->set_hashes), gaps = COUNT(seen->gap_hashes);
    if (COUNT(seen->used) < USED_COUNT || COUNT(seen->own) <= NAME || COUNT(seen->letters) < PADDING) return false;
    const int64_t *used = seen->used.at;
    return COUNT(seen->letters) <= INT32_MAX && entries <= COUNT(seen->entries) && entries <= COUNT(seen->uses) &&
           sets * COUNT(seen->own) <= COUNT(seen->sets) && gaps <= COUNT(seen->gaps) &&
           COUNT(seen->counts) == COUNT(seen->own) + 2 && is_power_of_two(COUNT(seen->slots)) &&
           is_power_of_two(COUNT(seen->set_slots)) && is_power_of_two(COUNT(seen->gap_slots)) &&
           entries < COUNT(seen->slots) && sets < COUNT(seen->set_slots) && gaps < COUNT(seen->gap_slots) &&
           is_power_of_two(COUNT(seen->follows)) && is_power_of_two(COUNT(seen->guesses)) &&
           is_within(used[ENTRIES], entries) && is_within(used[SETS], sets) && is_within(used[GAPS], gaps) &&
           is_within(used[LETTERS], COUNT(seen->letters) - PADDING);
}

#endif
