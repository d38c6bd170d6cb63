/* Scan the text of events into columns of numbers and sets of texts, strictly, in one pass.

   A gap is everything between two values: keys, commas and brackets. The scan compares each gap and text
   with the one that came last time in the same place, and parses it only if they differ. */

#include "seen.h"

/* why a scan stopped */
enum { DONE, FULL, CROWDED, FAULTY, UNSOUND };
/* indexes in Out.tally */
enum { ROWS, ODD, FRAMES, ARROWS, TALLY_COUNT };

typedef struct {
    Ints numbers;
    Codes texts;
    Words filled;
    Ints odd, arguments, tally;
} Out;

/* The text up to `end`, and where everything about it goes. */
typedef struct {
    const uint8_t *t;
    int64_t end, left_out, rows;
    uint64_t arguments_bit;
    const Keys *keys;
    Seen *seen;
    Out *out;
} Scan;

/* What is known of the event so far; `gap` and `name` are those of the event before at first. */
typedef struct {
    int64_t gap, name, found, last;
    uint64_t given, filled, texts;
} Event;

INLINED bool is_left_out(int64_t found, int64_t left_out) {
    return (found & left_out & ARROW) || ((found & left_out & FRAME) && (found & NAMED));
}

/* A hash of the place in an event. */
INLINED uint64_t context_of(int64_t a, int64_t b, int64_t c) {
    return ((uint64_t)a * PRIME + (uint64_t)b * 0xC2B2AE3D27D4EB4FULL + (uint64_t)c * 0x165667B19E3779F9ULL) >> 40;
}

/* Number of the key in the text; UNREAD if it isn't read. */
INLINED int64_t key_of(const Keys *keys, const uint8_t *t, int64_t size, int64_t level) {
    if (size == 0) return UNREAD;
    const int64_t *factors = keys->factors.at;
    int64_t mixed = size * factors[0] + t[0] * factors[1] + t[size - 1] * factors[2] + t[size * 2 / 3] * factors[3];
    int64_t half = COUNT(keys->table) / 2;
    int64_t key = keys->table.at[(level - TOP) * half + (mixed & (half - 1))];
    if (key < 0 || keys->sizes.at[key] != size) return UNREAD;
    return memcmp(t, keys->letters.at + MAX_KEY_BYTES * key, (size_t)size) ? UNREAD : key;
}

/* As read_string, for a key with escapes; also -1 if a letter that needs no escape is escaped. */
CALLED int64_t read_escaped_key(const uint8_t *t, int64_t i) {
    int64_t end = read_string(t, i);
    for (; i < end; i++) {
        if (t[i] != '\\') continue;
        i++;
        if (t[i] == 'u' && t[i + 1] == '0' && t[i + 2] == '0' && t[i + 3] >= '2' && t[i + 3] < '8') return -1;
    }
    return end;
}

/* Index of the value whose key begins at `i` (-1 if none begins there), and the key's number. */
CALLED int64_t read_key(const Scan *scan, int64_t i, int64_t level, int64_t *key) {
    const uint8_t *t = scan->t;
    *key = UNREAD;
    if (t[i] != '"') return -1;
    int64_t quote = skip_letters(t, i + 1), end = t[quote] == '"' ? quote + 1 : read_escaped_key(t, i);
    if (end < 0) return -1;
    *key = key_of(scan->keys, t + i + 1, end - i - 2, level);
    end = skip_space(t, end);
    return t[end] == ':' ? skip_space(t, end + 1) : -1;
}

/* Parse the gap at `i` strictly: index after it, and its fields; -1 if it isn't one. */
CALLED int64_t read_gap(const Scan *scan, int64_t i, Gap *gap) {
    const uint8_t *t = scan->t;
    int64_t start = i, level = gap->before;
    bool fresh = level == OUTSIDE;
    if (fresh) i++, level = TOP;
    for (;;) {
        int64_t key = UNREAD;
        i = skip_space(t, i);
        if (!fresh && t[i] == ',') i = skip_space(t, i + 1), fresh = true;
        if (t[i] == '}') {
            i++, level--, fresh = false;
            gap->level = (int32_t)level, gap->key = END;
            if (level == OUTSIDE) return i;
            gap->closes = (int32_t)(i - start);
            continue;
        }
        int64_t name = i;
        i = fresh ? read_key(scan, i, level, &key) : -1;
        if (i < 0) return -1;
        gap->level = (int32_t)level, gap->key = (int32_t)key;
        if (key < 0 && level == INSIDE) {
            int64_t end = read_string(t, name), word = intern(scan->seen, t + name, end - name, COUNT(scan->seen->own));
            gap->word = (int32_t)word;
            return word < 0 ? -1 : i;
        }
        if (key < 0 || scan->keys->kinds.at[key] != ARGUMENTS) return i;
        /* arguments may be null: then they open and don't close */
        if (gap->opens >= 0 || !(t[i] == '{' || starts_with(t, i, "null"))) return -1;
        gap->opens = (int32_t)(i - start);
        fresh = t[i] == '{';
        if (fresh) i++, level = INSIDE;
        else i += 4;
    }
}

CALLED int64_t learn_gap(const Scan *scan, int64_t i, int64_t level) {
    Gap gap = {.word = -1, .before = (int32_t)level, .opens = -1, .closes = -1};
    int64_t end = read_gap(scan, i, &gap);
    if (end < 0 || end > scan->end || end - i > INT32_MAX) return -1;
    gap.size = (int32_t)(end - i);
    return keep_gap(scan->seen, scan->t + i, gap);
}

/* Number of the gap at `i`, first trying the one that came last time in this context; or -1. */
INLINED int64_t next_gap(const Scan *scan, int64_t i, int64_t level, uint64_t context) {
    Seen *seen = scan->seen;
    int32_t *guess = &seen->follows.at[context & (uint64_t)(COUNT(seen->follows) - 1)];
    if ((uint64_t)*guess < (uint64_t)seen->used.at[GAPS]) {
        const Gap *gap = &seen->gaps.at[*guess];
        bool fits = gap->before == level && gap->size <= scan->end - i;
        if (fits && is_same(seen->letters.at + gap->start, scan->t + i, gap->size)) return *guess;
    }
    *guess = (int32_t)learn_gap(scan, i, level);
    return *guess;
}

/* Index after the value at `i`, and its entry, first trying the last one; or -1. */
INLINED int64_t read_text(const Scan *scan, int64_t i, int64_t column, uint64_t context, int64_t *found) {
    Seen *seen = scan->seen;
    const uint8_t *t = scan->t;
    int32_t *guess = &seen->guesses.at[context & (uint64_t)(COUNT(seen->guesses) - 1)];
    *found = *guess;
    if ((uint64_t)*found < (uint64_t)seen->used.at[ENTRIES]) {
        const Entry *entry = &seen->entries.at[*found];
        bool fits = entry->column == column && entry->size <= scan->end - i;
        /* a string, list or object has its own end, but a number may continue */
        bool is_closed = t[i] == '"' || t[i] == '[' || t[i] == '{';
        if (fits && is_same(seen->letters.at + entry->start, t + i, entry->size) &&
            (is_closed || is_delimiter(t[i + entry->size]))) {
            return i + entry->size;
        }
    }
    int64_t end = read_value(t, i);
    if (end < 0 || end > scan->end || end - i > INT32_MAX) return -1;
    *found = intern(seen, t + i, end - i, column);
    *guess = (int32_t)*found;
    return *found < 0 ? -1 : end;
}

/* Index after a value without a column; -1 if there is none. Records NaN and infinities. */
INLINED int64_t skip_value(const Scan *scan, int64_t i, uint64_t context) {
    const uint8_t *t = scan->t;
    int64_t value, decimals, entry, *tally = scan->out->tally.at;
    if (t[i] == '[' || t[i] == '{') return read_text(scan, i, COUNT(scan->seen->own) + 1, context, &entry);
    int64_t end = read_plain_number(t, i, true, &value, &decimals);
    if (end < 0) end = read_value(t, i);
    if (end < 0 && tally[ODD] < COUNT(scan->out->odd)) {
        end = read_odd(t, i);
        if (end > 0) scan->out->odd.at[tally[ODD]++] = i;
    }
    return end;
}

/* The number that a value without a plain number has; false if it doesn't have the column's type. */
CALLED bool number_of(const uint8_t *t, int64_t i, int64_t end, int64_t kind, int64_t *value) {
    if (kind != TIME) return integer_of(t, i, end, kind == UNSIGNED, value);
    *value = time_of(t, i, end);
    return *value != NO_TIME;
}

/* Read a number into its column: index after it (-1: wrong type); marks it as filled unless it is null. */
INLINED int64_t read_number_member(const Scan *scan, int64_t i, int64_t key, Event *event) {
    static const int64_t scale[] = {1000, 100, 10, 1};
    int64_t kind = scan->keys->kinds.at[key], slot = scan->keys->slots.at[key];
    int64_t *cell = &scan->out->numbers.at[slot * scan->rows + scan->out->tally.at[ROWS]];
    int64_t value, decimals, end = read_plain_number(scan->t, i, kind == TIME, &value, &decimals);
    if (end > 0) {
        *cell = kind == TIME ? value * scale[decimals] : value;
    } else {
        end = read_value(scan->t, i);
        if (end < 0 || scan->t[i] == 'n') return end;
        if (!number_of(scan->t, i, end, kind, cell)) return -1;
    }
    event->filled |= (uint64_t)1 << scan->keys->columns.at[key];
    return end;
}

INLINED int64_t read_text_member(const Scan *scan, int64_t i, int64_t key, uint64_t context, Event *event) {
    int64_t column = scan->keys->slots.at[key], entry;
    bool is_null = scan->t[i] == 'n', is_frame = event->found & scan->left_out & FRAME;
    if (column == NAME && is_frame && !is_null && !starts_with(scan->t, i, MODULE_NAME)) {
        event->found |= NAMED;
    }
    /* a frame can turn out to be an arrow */
    if (is_null || (column != PH && is_left_out(event->found, scan->left_out))) return read_value(scan->t, i);
    i = read_text(scan, i, column, context, &entry);
    if (i < 0) return -1;
    event->found |= scan->seen->entries.at[entry].kind;
    event->filled |= (uint64_t)1 << scan->keys->columns.at[key];
    event->texts = (event->texts ^ (uint64_t)(entry + 1)) * PRIME;
    event->last = scan->seen->own.at[column] = (int32_t)entry;
    if (column == NAME) event->name = entry;
    return i;
}

/* Finish the row of an event that ends at `i`; -1 if its texts do not fit. */
INLINED int64_t finish_row(const Scan *scan, int64_t i, const Event *event) {
    int64_t *tally = scan->out->tally.at, row = tally[ROWS];
    scan->out->filled.at[row] = event->filled;
    if (is_left_out(event->found, scan->left_out)) {
        tally[event->found & scan->left_out & ARROW ? ARROWS : FRAMES]++;
        return i;
    }
    int64_t set = set_of(scan->seen, event->texts);
    if (set < 0) return -1;
    scan->out->texts.at[row] = (int32_t)set;
    tally[ROWS] = row + 1;
    return i;
}

/* Read the object at `i` into the next row: index after it; -1 if it isn't an event. */
INLINED int64_t read_event(const Scan *scan, int64_t i, int64_t gap, int64_t name, Event *event) {
    Seen *seen = scan->seen;
    int64_t *arguments = &scan->out->arguments.at[2 * scan->out->tally.at[ROWS]], level = OUTSIDE;
    *event = (Event){.gap = gap, .name = name, .last = -1};
    arguments[1] = 0;
    memset(seen->own.at, 0xff, seen->own.bytes);
    for (;;) {
        int64_t g = next_gap(scan, i, level, context_of(event->gap, event->name, 0));
        if (g < 0) return -1;
        const Gap *next = &seen->gaps.at[g];
        int64_t key = next->key;
        uint64_t bit = key >= 0 ? (uint64_t)1 << scan->keys->columns.at[key] : 0;
        if (next->opens >= 0) arguments[0] = i + next->opens, bit |= scan->arguments_bit;
        if (next->closes >= 0) arguments[1] = i + next->closes;
        if (event->given & bit) return -1;
        event->given |= bit, event->gap = g, level = next->level;
        i += next->size;
        if (key == END) return finish_row(scan, i, event);
        /* there may be more space before the value than last time */
        i = skip_space(scan->t, i);
        uint64_t context = context_of(g, event->last, event->name);
        if (key == UNREAD) {
            if (next->word >= 0) seen->uses.at[next->word]++;
            i = skip_value(scan, i, context);
        } else if (scan->keys->kinds.at[key] == TEXT) {
            i = read_text_member(scan, i, key, context, event);
        } else {
            i = read_number_member(scan, i, key, event);
        }
        if (i < 0) return -1;
    }
}

/* Whether every number in `keys` is inside what it is an index of. Sets the bit of the arguments. */
static bool are_keys_sound(Scan *scan) {
    const Keys *keys = scan->keys;
    int64_t count = COUNT(keys->sizes), texts = COUNT(scan->seen->own), numbers = COUNT(scan->out->numbers);
    if (COUNT(keys->kinds) < count || COUNT(keys->slots) < count || COUNT(keys->columns) < count) return false;
    if (COUNT(keys->letters) < count * MAX_KEY_BYTES || COUNT(keys->factors) < 4) return false;
    if (!is_power_of_two(COUNT(keys->table) / 2)) return false;
    for (int64_t i = 0; i < COUNT(keys->table); i++) {
        if (keys->table.at[i] >= count) return false;
    }
    for (int64_t key = 0; key < count; key++) {
        int64_t kind = keys->kinds.at[key], slot = keys->slots.at[key], column = keys->columns.at[key];
        bool is_inside = slot >= 0 && column >= 0 && column < 64 && keys->sizes.at[key] <= MAX_KEY_BYTES;
        if (!is_inside || kind < TEXT || kind > ARGUMENTS) return false;
        if (kind == ARGUMENTS) scan->arguments_bit = (uint64_t)1 << column;
        else if (slot >= (kind == TEXT ? texts : numbers / scan->rows)) return false;
    }
    return true;
}

static bool is_sound(Scan *scan, const Bytes *text, int64_t start) {
    const Out *out = scan->out;
    int64_t rows = scan->rows = COUNT(out->filled);
    if (start < 0 || start > scan->end || scan->end > COUNT(*text) - PADDING) return false;
    if (rows < 1 || COUNT(out->texts) < rows || COUNT(out->arguments) < 2 * rows) return false;
    if (COUNT(out->tally) < TALLY_COUNT || !is_within(out->tally.at[ROWS], rows) || out->tally.at[ODD] < 0) return false;
    return is_seen_sound(scan->seen) && are_keys_sound(scan);
}

/* Read events from `*at` on and say why it stopped, and set `*at` to where. */
static int32_t read_events(const Scan *scan, int64_t *at) {
    const uint8_t *t = scan->t;
    Event event;
    /* gap 0 is the one before all others */
    int64_t gap = 0, name = -1;
    for (;;) {
        int64_t start = *at = skip_space(t, *at);
        if (start >= scan->end) return DONE;
        if (scan->out->tally.at[ROWS] == scan->rows) return FULL;
        if (!has_room(scan->seen)) return CROWDED;
        int64_t i = t[start] == '{' ? read_event(scan, start, gap, name, &event) : -1;
        if (i < 0) return FAULTY;
        i = skip_space(t, i);
        if (t[i] != ',' && i < scan->end) return FAULTY;
        gap = event.gap, name = event.name;
        *at = i + (t[i] == ',');
    }
}

/* Read comma-separated events of the text from `*at` to `end`; say why it stopped, and set `*at` to where.

   What is after the text is kept. */
EXPORTED int32_t genscope_scan(
    const Bytes *text, int64_t *at, int64_t end, const Keys *keys, Seen *seen, Out *out, int64_t left_out
) {
    Scan scan = {text->at, end, left_out, 0, 0, keys, seen, out};
    if (!is_sound(&scan, text, *at)) return UNSOUND;
    uint8_t after[PADDING];
    memcpy(after, text->at + end, PADDING);
    memset(text->at + end, 0, PADDING);
    int32_t status = read_events(&scan, at);
    memcpy(text->at + end, after, PADDING);
    return status;
}
