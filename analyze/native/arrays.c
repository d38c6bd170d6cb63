/* Read and change items of an array at places, each of which is checked; NumPy takes several times as long. */

#include "buffers.h"

/* how an item changes, as arrays.py numbers it */
enum { PUT, ADD, LEAST, MOST };

/* An array, the places of some of its items, and a value for each of these. */
typedef struct { Bytes items, places, values; } Parts;

/* Items are signed integers of 1, 4 or 8 bytes; `bytes` is known when this is compiled. */
INLINED int64_t item_at(const uint8_t *items, int64_t bytes, int64_t i) {
    if (bytes == 8) return ((const int64_t *)items)[i];
    return bytes == 4 ? ((const int32_t *)items)[i] : ((const int8_t *)items)[i];
}

INLINED void set_item(uint8_t *items, int64_t bytes, int64_t i, int64_t item) {
    if (bytes == 8) ((int64_t *)items)[i] = item;
    else if (bytes == 4) ((int32_t *)items)[i] = (int32_t)item;
    else ((int8_t *)items)[i] = (int8_t)item;
}

/* Sums wrap around, like NumPy's. */
INLINED int64_t changed(int64_t how, int64_t item, int64_t value) {
    if (how == ADD) return (int64_t)((uint64_t)item + (uint64_t)value);
    if (how == LEAST) return value < item ? value : item;
    if (how == MOST) return value > item ? value : item;
    return value;
}

/* The functions with ITEM and PLACE, the bytes of an item and of a place, filled in. */
#define BY_BYTES(CALL)                               \
    switch (item_bytes * 10 + place_bytes) {         \
    case 14: return CALL(1, 4);                      \
    case 18: return CALL(1, 8);                      \
    case 44: return CALL(4, 4);                      \
    case 48: return CALL(4, 8);                      \
    case 84: return CALL(8, 4);                      \
    case 88: return CALL(8, 8);                      \
    default: return -1;                              \
    }

INLINED int64_t take(const Parts *parts, int64_t item_bytes, int64_t place_bytes) {
    const uint8_t *items = parts->items.at, *places = parts->places.at;
    uint8_t *values = parts->values.at;
    uint64_t size = parts->items.bytes / (uint64_t)item_bytes;
    int64_t count = (int64_t)(parts->places.bytes / (uint64_t)place_bytes);
    if (parts->values.bytes / (uint64_t)item_bytes < (uint64_t)count) return -1;
    for (int64_t i = 0; i < count; i++) {
        /* a negative place is larger than any size */
        uint64_t place = (uint64_t)item_at(places, place_bytes, i);
        if (place >= size) return i;
        set_item(values, item_bytes, i, item_at(items, item_bytes, (int64_t)place));
    }
    return count;
}

INLINED int64_t change(const Parts *parts, int64_t how, int64_t item_bytes, int64_t place_bytes) {
    const uint8_t *values = parts->values.at, *places = parts->places.at;
    uint8_t *items = parts->items.at;
    uint64_t size = parts->items.bytes / (uint64_t)item_bytes;
    int64_t count = (int64_t)(parts->places.bytes / (uint64_t)place_bytes);
    /* one value is for all */
    int64_t step = parts->values.bytes != (uint64_t)item_bytes;
    if (step && parts->values.bytes / (uint64_t)item_bytes < (uint64_t)count) return -1;
    for (int64_t i = 0; i < count; i++) {
        uint64_t place = (uint64_t)item_at(places, place_bytes, i);
        if (place >= size) return i;
        int64_t item = item_at(items, item_bytes, (int64_t)place), value = item_at(values, item_bytes, i * step);
        set_item(items, item_bytes, (int64_t)place, changed(how, item, value));
    }
    return count;
}

/* Copy the items at the places to the values. Returns how many places are inside the array up to the first
   that isn't, and -1 if the buffers don't fit each other. */
EXPORTED int64_t genscope_take(const Parts *parts, int64_t item_bytes, int64_t place_bytes) {
#define TAKE(ITEM, PLACE) take(parts, ITEM, PLACE)
    BY_BYTES(TAKE)
}

/* Change the items at the places, in their order, by the values or by one value. Returns the same. */
EXPORTED int64_t genscope_change(const Parts *parts, int64_t how, int64_t item_bytes, int64_t place_bytes) {
#define PUT_AT(ITEM, PLACE) change(parts, PUT, ITEM, PLACE)
#define ADD_AT(ITEM, PLACE) change(parts, ADD, ITEM, PLACE)
#define LEAST_AT(ITEM, PLACE) change(parts, LEAST, ITEM, PLACE)
#define MOST_AT(ITEM, PLACE) change(parts, MOST, ITEM, PLACE)
    if (how == PUT) BY_BYTES(PUT_AT)
    if (how == ADD) BY_BYTES(ADD_AT)
    if (how == LEAST) BY_BYTES(LEAST_AT)
    if (how == MOST) BY_BYTES(MOST_AT)
    return -1;
}
