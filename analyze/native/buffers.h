/* Buffers that Python owns and C fills: where they start, and their size in bytes.

   Sizes are in bytes, so that an array of another item type than C expects is never read past its end. */
#ifndef GENSCOPE_BUFFERS_H
#define GENSCOPE_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define EXPORTED __attribute__((visibility("default")))
#define INLINED static inline __attribute__((always_inline))
#define CALLED static __attribute__((noinline))
#else
#define EXPORTED
#define INLINED static inline
#define CALLED static
#endif

typedef struct { uint8_t *at; uint64_t bytes; } Bytes;
typedef struct { int16_t *at; uint64_t bytes; } Shorts;
typedef struct { int32_t *at; uint64_t bytes; } Codes;
typedef struct { int64_t *at; uint64_t bytes; } Ints;
typedef struct { uint64_t *at; uint64_t bytes; } Words;

/* Number of items in a buffer. */
#define COUNT(buffer) ((int64_t)((buffer).bytes / sizeof *(buffer).at))

INLINED bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

#endif
