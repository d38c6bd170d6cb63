/* Nest the operators of each thread with a stack, by the rules of queries/interval/nesting.sql. */

#include "buffers.h"

/* indexes in Stack.state */
enum { SIZE, TRACK, STATE_COUNT };

/* An open operator, and the time spent in its children. */
typedef struct { int64_t trace, id, start, root, called; } Open;
typedef struct { Open *at; uint64_t bytes; } Opens;

/* Operators by track, which is a thread's number, and by start. */
typedef struct {
    Ints track;
    Codes trace;
    Ints id, start, duration;
} Operators;

/* The open operators, outermost first; their ends, latest first; how many they are, and their track. */
typedef struct {
    Opens opens;
    Ints ends, state;
} Stack;

typedef struct {
    Codes trace;
    Ints id, parent, root;
    Codes depth;
    Ints end, self;
} Rows;

/* Times of a damaged file may overflow; like NumPy's, the sum wraps around then. */
INLINED int64_t sum(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
INLINED int64_t difference(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

/* Write the row of the operator at `depth`, which ends at `end`. */
INLINED void finish(const Stack *stack, int64_t depth, int64_t end, Rows *rows, int64_t row) {
    const Open *open = &stack->opens.at[depth];
    Open *parent = depth ? &stack->opens.at[depth - 1] : NULL;
    int64_t duration = difference(end, open->start);
    rows->trace.at[row] = (int32_t)open->trace;
    rows->id.at[row] = open->id;
    rows->parent.at[row] = parent ? parent->id : -1;
    rows->root.at[row] = open->root;
    rows->depth.at[row] = (int32_t)depth;
    rows->end.at[row] = end;
    rows->self.at[row] = difference(duration, open->called);
    if (parent) parent->called = sum(parent->called, duration);
}

/* Close the operators that end by `time`; each end closes the operator that was opened last. */
INLINED int64_t close_until(const Stack *stack, int64_t time, Rows *rows, int64_t row) {
    int64_t *size = &stack->state.at[SIZE];
    while (*size && stack->ends.at[*size - 1] <= time) {
        --*size;
        finish(stack, *size, stack->ends.at[*size], rows, row++);
    }
    return row;
}

static int64_t room_of(const Rows *rows) {
    int64_t counts[] = {COUNT(rows->trace), COUNT(rows->id),  COUNT(rows->parent), COUNT(rows->root),
                        COUNT(rows->depth), COUNT(rows->end), COUNT(rows->self)};
    int64_t least = counts[0];
    for (size_t i = 1; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] < least) least = counts[i];
    }
    return least;
}

static bool is_sound(const Operators *operators, const Stack *stack) {
    int64_t count = COUNT(operators->track), depth = COUNT(stack->ends);
    return COUNT(operators->trace) >= count && COUNT(operators->id) >= count && COUNT(operators->start) >= count &&
           COUNT(operators->duration) >= count && COUNT(stack->opens) >= depth &&
           COUNT(stack->state) >= STATE_COUNT && 0 <= stack->state.at[SIZE] && stack->state.at[SIZE] < depth;
}

/* Open operators and close those that ended before. Returns the number of operators done, which is fewer
   than given if the stack or the rows are full, and -1 if the buffers don't fit each other. */
EXPORTED int64_t genscope_nest(const Operators *operators, const Stack *stack, Rows *rows, int64_t *row_count) {
    *row_count = 0;
    if (!is_sound(operators, stack)) return -1;
    int64_t count = COUNT(operators->track), room = room_of(rows), *size = &stack->state.at[SIZE];
    for (int64_t i = 0; i < count; i++) {
        int64_t start = operators->start.at[i], duration = operators->duration.at[i];
        int64_t end = sum(start, duration), track = operators->track.at[i];
        /* all that are open may close now, and this one too */
        if (*size + 1 > room - *row_count) return i;
        *row_count = close_until(stack, track == stack->state.at[TRACK] ? start : INT64_MAX, rows, *row_count);
        stack->state.at[TRACK] = track;
        if (*size == COUNT(stack->ends) - 1) return i;
        int64_t place = *size, root = place ? stack->opens.at[place - 1].root : operators->id.at[i];
        stack->opens.at[place] = (Open){operators->trace.at[i], operators->id.at[i], start, root, 0};
        if (duration <= 0) {
            finish(stack, place, start, rows, (*row_count)++);
            continue;
        }
        for (; place && stack->ends.at[place - 1] < end; place--) stack->ends.at[place] = stack->ends.at[place - 1];
        stack->ends.at[place] = end;
        ++*size;
    }
    return count;
}

/* Close all open operators; returns the number of rows, or -1 if they do not fit. */
EXPORTED int64_t genscope_close(const Stack *stack, Rows *rows) {
    Operators none = {0};
    if (!is_sound(&none, stack) || stack->state.at[SIZE] > room_of(rows)) return -1;
    return close_until(stack, INT64_MAX, rows, 0);
}
