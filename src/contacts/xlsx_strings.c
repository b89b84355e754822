/* The texts that a workbook's cells share, by number. The first of them lie in memory, the rest in
 * a temporary file without a name: cells mostly refer to them in the order they stand in, so that
 * the page cache serves them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contacts/xlsx_priv.h"

struct xlsx_strings {
    char *bytes; /* the first ones, each terminated */
    size_t used, cap;
    FILE *file; /* those after them, each terminated; NULL: none yet */
    uint64_t in_file;
    /* Where each begins: a place in bytes, or FILE_BASE and a place in the file. The end of the
     * last one is where the next would begin. */
    uint64_t *starts;
    size_t count, starts_cap;
};

static const uint64_t FILE_BASE = 1ULL << 62;

void xlsx_strings_free(struct xlsx_strings *s)
{
    if (!s)
        return;
    if (s->file)
        fclose(s->file);
    free(s->bytes);
    free(s->starts);
    free(s);
}

static FILE *temporary(void)
{
    const char *dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};

    for (int i = 0; i < 3; i++) {
        int fd = dirs[i] ? open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

        if (fd >= 0)
            return fdopen(fd, "w+");
    }
    return tmpfile();
}

static int keep_in_memory(struct xlsx_strings *s, const char *text, size_t len)
{
    if (s->used + len + 1 > s->cap) {
        size_t cap = (s->used + len + 1) * 2;
        char *bigger = realloc(s->bytes, cap);

        if (!bigger)
            return -ENOMEM;
        s->bytes = bigger;
        s->cap = cap;
    }
    memcpy(s->bytes + s->used, text, len);
    s->used += len;
    s->bytes[s->used++] = '\0';
    return 0;
}

static int keep_in_file(struct xlsx_strings *s, const char *text, size_t len)
{
    if (!s->file)
        s->file = temporary();
    if (!s->file)
        return -errno;
    if (fwrite(text, 1, len, s->file) != len || fputc('\0', s->file) == EOF)
        return -errno;
    s->in_file += len + 1;
    return 0;
}

static int keep(struct xlsx_strings *s, const char *text, size_t len)
{
    bool memory = !s->file && s->used < XLSX_STRINGS_MEMORY;

    if (s->count == XLSX_STRINGS_MAX)
        return -E2BIG;
    if (s->count == s->starts_cap) {
        size_t cap = s->starts_cap ? s->starts_cap * 2 : 1024;
        uint64_t *bigger = realloc(s->starts, cap * sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        s->starts = bigger;
        s->starts_cap = cap;
    }
    s->starts[s->count++] = memory ? s->used : FILE_BASE + s->in_file;
    return memory ? keep_in_memory(s, text, len) : keep_in_file(s, text, len);
}

int xlsx_string(struct xlsx_strings *s, size_t number, char *buf, size_t size,
                struct table_cell *out)
{
    uint64_t from, end;
    size_t len;

    if (!s || number >= s->count)
        return -ENOENT;
    from = s->starts[number];
    if (from < FILE_BASE) {
        end = number + 1 < s->count && s->starts[number + 1] < FILE_BASE ? s->starts[number + 1]
                                                                         : s->used;
        *out = (struct table_cell){s->bytes + from, (size_t)(end - from - 1)};
        return 0;
    }
    end = number + 1 < s->count ? s->starts[number + 1] : FILE_BASE + s->in_file;
    len = (size_t)(end - from);
    if (len > size)
        return -E2BIG;
    if (pread(fileno(s->file), buf, len, (off_t)(from - FILE_BASE)) != (ssize_t)len)
        return -EIO;
    *out = (struct table_cell){buf, len - 1};
    return 0;
}

/* ---- _x000D_ -------------------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character that seven letters such as _x000D_ stand for, 0: none that a text may hold. */
static unsigned escaped(const char *p, size_t len)
{
    unsigned c = 0;

    if (len < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
        return 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex(p[i]);

        if (digit < 0)
            return 0;
        c = c * 16 + (unsigned)digit;
    }
    return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

size_t xlsx_unescape(char *text, size_t len)
{
    size_t n = 0;

    if (!memchr(text, '_', len))
        return len;
    for (size_t i = 0; i < len;) {
        unsigned c = text[i] == '_' ? escaped(text + i, len - i) : 0;

        if (!c) {
            text[n++] = text[i++];
            continue;
        }
        i += 7;
        if (c < 0x80) {
            text[n++] = (char)c;
        } else if (c < 0x800) {
            text[n++] = (char)(0xc0 | c >> 6);
            text[n++] = (char)(0x80 | (c & 0x3f));
        } else {
            text[n++] = (char)(0xe0 | c >> 12);
            text[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            text[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return n;
}

/* ---- the part that holds them --------------------------------------------------------------- */

struct reading {
    struct xlsx_strings *to;
    char *text; /* of the one that is being read */
    size_t len;
    bool in_item, in_text, in_phonetic;
};

static void XMLCALL on_start(void *data, const char *name, const char **atts)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;

    name = xlsx_local(name);
    if (strcmp(name, "si") == 0) {
        r->in_item = true;
        r->len = 0;
    } else if (strcmp(name, "rPh") == 0) { /* how it is pronounced, not what is written */
        r->in_phonetic = true;
    } else if (strcmp(name, "t") == 0) {
        r->in_text = r->in_item && !r->in_phonetic;
    }
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;

    name = xlsx_local(name);
    if (strcmp(name, "t") == 0) {
        r->in_text = false;
    } else if (strcmp(name, "rPh") == 0) {
        r->in_phonetic = false;
    } else if (strcmp(name, "si") == 0 && r->in_item) {
        int rc = keep(r->to, r->text, xlsx_unescape(r->text, r->len));

        r->in_item = false;
        if (rc)
            xlsx_stop(p, rc);
    }
}

static void XMLCALL on_text(void *data, const char *text, int len)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;

    if (!r->in_text)
        return;
    if (r->len + (size_t)len > TABLE_CELL_MAX) {
        xlsx_stop(p, -E2BIG);
        return;
    }
    memcpy(r->text + r->len, text, (size_t)len);
    r->len += (size_t)len;
}

int xlsx_read_strings(struct xlsx_book *b, const char *part)
{
    static const struct xlsx_handlers handlers = {on_start, on_end, on_text};
    struct reading r = {.to = calloc(1, sizeof(*r.to)), .text = malloc(TABLE_CELL_MAX + 1)};
    int rc = -ENOMEM;

    b->strings = r.to;
    if (r.to && r.text)
        rc = xlsx_parse(b, part, &r, &handlers);
    if (!rc && r.to->file && fflush(r.to->file))
        rc = -errno;
    if (rc == -ENOSPC)
        snprintf(b->fault, sizeof(b->fault), "no room for its texts in the temporary folder");
    free(r.text);
    return rc;
}
