/* The stream framer. Whatever the bytes, and in whatever pieces they come, the same messages are
 * found, none longer than is allowed and none over the end. The first byte says how to cut. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/frame.h"

enum { FRAMES_MAX = 64, BUFFER = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
    size_t count, at[FRAMES_MAX], len[FRAMES_MAX];
    enum frame_kind kind[FRAMES_MAX];
    int rc;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Whole messages of text[*done, there); each piece is its own allocation, so that a read over its
 * end is seen. */
static void look(struct framer *f, const char *text, size_t *done, size_t there, struct found *out)
{
    enum frame_kind kind;
    size_t used, len = there - *done;
    char *piece = malloc(len ? len : 1), *p = piece;

    memcpy(piece, text + *done, len);
    while (!out->rc) {
        out->rc = frame_next(f, p, len, &kind, &used);
        if (out->rc || kind == FRAME_MORE) {
            must(out->rc || used == 0);
            break;
        }
        must(used > 0 && used <= len && used <= FRAME_MAX);
        must(kind != FRAME_LINE || used == 2);
        if (out->count < FRAMES_MAX) {
            out->at[out->count] = *done;
            out->len[out->count] = used;
            out->kind[out->count++] = kind;
        }
        *done += used;
        p += used;
        len -= used;
    }
    free(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found whole = {0}, cut = {0};
    struct framer f = {0}, g = {0};
    size_t done = 0, there = 0;
    const char *text;
    struct rng rng;

    if (size < 1 || size > BUFFER)
        return 0;
    rng_seed(&rng, data[0]);
    text = (const char *)data + 1;
    size--;
    look(&f, text, &done, size, &whole);
    done = 0;
    while (there < size && !cut.rc) {
        there += 1 + rng_below(&rng, 1 + rng_below(&rng, size));
        there = there < size ? there : size;
        look(&g, text, &done, there, &cut);
    }
    /* What is wrong may be seen later in pieces than at once, never earlier, and before it all is
     * the same. */
    must(cut.count == whole.count && cut.rc == whole.rc);
    must(!memcmp(cut.at, whole.at, sizeof(cut.at)) && !memcmp(cut.len, whole.len, sizeof(cut.len)));
    return 0;
}
