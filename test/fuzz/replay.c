/* Replays a folder of inputs through a fuzzer's entry point: each whole, each cut at several
 * lengths, each with some bytes flipped (seeded). Prints TAP. Meant to run under ASan and UBSan. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t state = 1;

static uint32_t next(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* The input is given in a block of its exact size, so that one byte too far is seen. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    static uint8_t data[1 << 20];
    size_t size;

    if (!f)
        return -1;
    size = fread(data, 1, sizeof(data), f);
    fclose(f);
    feed(data, size);
    for (size_t cut = 0; cut < size; cut += 1 + size / 40)
        feed(data, cut);
    for (int i = 0; i < 60 && size > 0; i++) {
        size_t at = next() % size;
        uint8_t old = data[at];

        data[at] ^= (uint8_t)(1u << (next() % 8));
        feed(data, size);
        data[at] = old;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int n, done = 0;

    if (argc != 2 || (n = scandir(argv[1], &entries, NULL, alphasort)) < 0) {
        fprintf(stderr, "usage: %s CORPUS-DIR\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];

        if (entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
            printf("%s %d - %s\n", replay(path) ? "not ok" : "ok", ++done, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", done);
    return done > 0 ? 0 : 1;
}
