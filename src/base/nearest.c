#include "base/nearest.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 64 };

/* Optimal string alignment: a swap of two neighbours counts once, the usual slip of fingers. */
static int distance(const char *a, int n, const char *b, int m)
{
    int rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];

    for (int j = 0; j <= m; j++)
        last[j] = j;
    for (int i = 1; i <= n; i++) {
        int *spare = before;

        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = last[j - 1] + (a[i - 1] != b[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

const char *nearest_word(const char *word, const char *const *words)
{
    size_t n = strlen(word);
    const char *best = NULL;
    int best_distance = WORD_MAX;

    if (n == 0 || n > WORD_MAX)
        return NULL;
    for (; *words; words++) {
        size_t m = strlen(*words);
        int d;

        if (m > WORD_MAX)
            continue;
        d = strcasecmp(word, *words) ? distance(word, (int)n, *words, (int)m) : 0;
        if (d < best_distance) {
            best_distance = d;
            best = *words;
        }
    }
    if (!best || best_distance * 3 > (int)(n > strlen(best) ? n : strlen(best)))
        return NULL;
    return best;
}
