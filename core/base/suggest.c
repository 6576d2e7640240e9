/* suggest.c - edit distance with transpositions, for short words. */
#include "suggest.h"

enum { MAX_WORD = 40 };

static unsigned min_of(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours. */
static unsigned edit_distance(const char *a, const char *b) {
    unsigned rows[3][MAX_WORD + 1];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > MAX_WORD || b_len > MAX_WORD)
        return MAX_WORD;
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *up = rows[(i - 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = min_of(min_of(row[j - 1], up[j]) + 1,
                            up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min_of(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void wf_suggest_offer(struct wf_suggest *suggest, const char *candidate) {
    unsigned allowed = strlen(suggest->word) < 5 ? 1 : 2;
    unsigned distance = edit_distance(suggest->word, candidate);

    if (distance > allowed)
        return;
    if (suggest->best != NULL && distance >= suggest->distance)
        return;
    suggest->best = candidate;
    suggest->distance = distance;
}
