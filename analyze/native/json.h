/* Read JSON values from text that ends with zero bytes.

   A function takes the text `t` and an index `i`, and returns the index after what it read, or -1 if that
   is something else. No function steps over a zero byte, and none reads more than 16 bytes after the
   first one, so PADDING zero bytes after the text keep all of them inside it. */
#ifndef GENSCOPE_JSON_H
#define GENSCOPE_JSON_H

#include "buffers.h"

#define PADDING 64
#define NO_TIME INT64_MIN
#define EACH_BYTE 0x0101010101010101ULL
/* floor(1000 * microseconds) must leave room for a start plus a duration in an int64 */
#define MAX_MICROSECONDS (((int64_t)1 << 62) / 1000 - 1)

INLINED uint64_t word_at(const uint8_t *t) {
    uint64_t word;
    memcpy(&word, t, sizeof word);
    return word;
}

INLINED bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
INLINED bool is_digit(uint8_t c) { return (uint8_t)(c - '0') <= 9; }
INLINED bool is_hex(uint8_t c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }
INLINED bool is_delimiter(uint8_t c) { return is_space(c) || c == ',' || c == '}'; }

INLINED int64_t skip_space(const uint8_t *t, int64_t i) {
    while (is_space(t[i])) i++;
    return i;
}

INLINED int64_t skip_digits(const uint8_t *t, int64_t i) {
    while (is_digit(t[i])) i++;
    return i;
}

INLINED bool starts_with(const uint8_t *t, int64_t i, const char *word) {
    for (; *word; word++, i++) {
        if (t[i] != (uint8_t)*word) return false;
    }
    return true;
}

/* Index after the escape at `i`; -1 if it isn't one, or is half of a UTF-16 pair. */
CALLED int64_t read_escape(const uint8_t *t, int64_t i) {
    uint8_t c = t[i + 1];
    if (c != 'u') {
        bool plain = c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't';
        return plain ? i + 2 : -1;
    }
    for (int k = 2; k < 6; k++) {
        if (!is_hex(t[i + k])) return -1;
    }
    if ((t[i + 2] | 32) != 'd' || t[i + 3] < '8') return i + 6;
    /* half of a pair: d800 to dbff must be followed by dc00 to dfff */
    if ((t[i + 3] | 32) > 'b') return -1;
    if (t[i + 6] != '\\' || t[i + 7] != 'u' || (t[i + 8] | 32) != 'd' || (t[i + 9] | 32) < 'c') return -1;
    return is_hex(t[i + 9]) && is_hex(t[i + 10]) && is_hex(t[i + 11]) ? i + 12 : -1;
}

/* Index of the first byte that is a quote, a backslash or a control character. */
INLINED int64_t skip_letters(const uint8_t *t, int64_t i) {
    for (;;) {
        uint64_t word = word_at(t + i);
        uint64_t quote = word ^ ('"' * EACH_BYTE), slash = word ^ ('\\' * EACH_BYTE);
        uint64_t control = (word - ' ' * EACH_BYTE) & ~word;
        quote = (quote - EACH_BYTE) & ~quote;
        slash = (slash - EACH_BYTE) & ~slash;
        if (!((control | quote | slash) & (0x80 * EACH_BYTE))) {
            i += 8;
            continue;
        }
        while (t[i] >= ' ' && t[i] != '"' && t[i] != '\\') i++;
        return i;
    }
}

INLINED int64_t read_string(const uint8_t *t, int64_t i) {
    if (t[i] != '"') return -1;
    i++;
    for (;;) {
        i = skip_letters(t, i);
        if (t[i] == '"') return i + 1;
        if (t[i] != '\\') return -1;
        i = read_escape(t, i);
        if (i < 0) return -1;
    }
}

INLINED int64_t read_number(const uint8_t *t, int64_t i) {
    i += t[i] == '-';
    int64_t whole = i;
    i = skip_digits(t, i);
    if (i == whole || (t[whole] == '0' && i > whole + 1)) return -1;
    if (t[i] == '.') {
        int64_t start = i + 1;
        i = skip_digits(t, start);
        if (i == start) return -1;
    }
    if ((t[i] | 32) == 'e') {
        i++;
        i += t[i] == '+' || t[i] == '-';
        int64_t start = i;
        i = skip_digits(t, i);
        if (i == start) return -1;
    }
    return i;
}

/* Index after the list or object at `i`, whose contents aren't checked. */
CALLED int64_t read_nested(const uint8_t *t, int64_t i) {
    int64_t depth = 0;
    for (;;) {
        uint8_t c = t[i];
        if (c == '"') {
            i = read_string(t, i);
            if (i < 0) return -1;
            continue;
        }
        if (c == 0) return -1;
        i++;
        if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            return i;
        }
    }
}

CALLED int64_t read_value(const uint8_t *t, int64_t i) {
    uint8_t c = t[i];
    if (c == '"') return read_string(t, i);
    if (c == '[' || c == '{') return read_nested(t, i);
    if (c == '-' || is_digit(c)) return read_number(t, i);
    if (starts_with(t, i, "true") || starts_with(t, i, "null")) return i + 4;
    return starts_with(t, i, "false") ? i + 5 : -1;
}

/* Index after a NaN or an infinity, which aren't JSON. */
CALLED int64_t read_odd(const uint8_t *t, int64_t i) {
    i += t[i] == '-';
    if (starts_with(t, i, "Infinity")) return i + 8;
    return starts_with(t, i, "NaN") || starts_with(t, i, "nan") || starts_with(t, i, "inf") ? i + 3 : -1;
}

/* A number of up to 15 digits without a sign, and its `decimals`, of which there are up to 3. */
INLINED int64_t read_plain_number(const uint8_t *t, int64_t i, bool may_have_decimals, int64_t *value, int64_t *decimals) {
    int64_t start = i, point;
    *value = *decimals = 0;
    for (; is_digit(t[i]) && i - start < 16; i++) *value = *value * 10 + (t[i] - '0');
    if (i == start || i - start > 15 || (t[start] == '0' && i > start + 1)) return -1;
    if (may_have_decimals && t[i] == '.') {
        point = ++i;
        for (; is_digit(t[i]) && i - point < 4; i++) {
            if (i - point < 3) *value = *value * 10 + (t[i] - '0');
        }
        *decimals = i - point;
        if (*decimals < 1 || *decimals > 3) return -1;
    }
    return is_delimiter(t[i]) ? i : -1;
}

/* floor(1000 * microseconds) of the decimal text from `i` to `end`; NO_TIME if it is something else. */
INLINED int64_t time_of(const uint8_t *t, int64_t i, int64_t end) {
    if (t[i] == '"') i++, end--;
    bool negative = t[i] == '-', below = false;
    int64_t start = i + negative, whole = 0;
    for (i = start; is_digit(t[i]) && i - start < 17; i++) whole = whole * 10 + (t[i] - '0');
    if (i == start || whole > MAX_MICROSECONDS) return NO_TIME;
    int64_t ns = whole * 1000;
    if (t[i] == '.') {
        int64_t point = i++;
        for (int64_t scale = 100; is_digit(t[i]); i++, scale /= 10) {
            ns += (t[i] - '0') * scale;
            below |= scale == 0 && t[i] != '0';
        }
        if (i == point + 1) return NO_TIME;
    }
    if (i != end) return NO_TIME;
    return negative ? -ns - below : ns;
}

/* The integer in the text from `i` to `end`, an unsigned one by its bits; false if it doesn't fit. */
INLINED bool integer_of(const uint8_t *t, int64_t i, int64_t end, bool is_unsigned, int64_t *value) {
    if (t[i] == '"') i++, end--;
    bool negative = t[i] == '-';
    i += negative;
    if (i >= end || end - i > 20) return false;
    uint64_t found = 0, most = is_unsigned && !negative ? UINT64_MAX : (uint64_t)1 << 63;
    for (; i < end; i++) {
        uint64_t digit = (uint64_t)t[i] - '0';
        if (digit > 9 || found > (most - digit) / 10) return false;
        found = found * 10 + digit;
    }
    *value = (int64_t)(negative ? 0 - found : found);
    return negative ? !is_unsigned || found == 0 : is_unsigned || found <= INT64_MAX;
}

#endif
