#include "cmd/ui.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
struct ui ui;

void ui_start(bool json, bool plain)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = (no_color && no_color[0]) || plain;

    ui.json = json;
    ui.colour_out = !dumb && isatty(STDOUT_FILENO);
    ui.colour_err = !dumb && isatty(STDERR_FILENO);
    ui.live = !plain && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

static const char *const escapes[] = {
    [UI_PLAIN] = "\033[0m",   [UI_BOLD] = "\033[1m",  [UI_DIM] = "\033[2m",
    [UI_GOOD] = "\033[32m",   [UI_WARN] = "\033[33m", [UI_BAD] = "\033[1;31m",
    [UI_ACCENT] = "\033[36m",
};

const char *ui_err(enum ui_style style)
{
    return ui.colour_err ? escapes[style] : "";
}

const char *ui_out(enum ui_style style)
{
    return ui.colour_out ? escapes[style] : "";
}

void ui_note(const char *format, ...)
{
    va_list ap;

    if (ui.json)
        return;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void ui_warn(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "kolcast: %swarning:%s ", ui_err(UI_WARN), ui_err(UI_PLAIN));
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int ui_json(json_t *value)
{
    int rc = value ? json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY) : -1;

    json_decref(value);
    fputc('\n', stdout);
    return rc || fflush(stdout) ? -EIO : 0;
}

void ui_json_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value ? value : json_null());
}

json_t *ui_json_time(int64_t wall_ms)
{
    char buf[32];

    return wall_ms ? json_string(clock_format_iso(wall_ms, buf, sizeof(buf))) : json_null();
}

json_t *ui_json_text(const char *embedded)
{
    json_t *value = embedded && embedded[0] ? json_loads(embedded, JSON_DECODE_ANY, NULL) : NULL;

    return value ? value : json_null();
}

static char *next_buffer(void)
{
    static char buffers[8][160];
    static unsigned next;

    return buffers[next++ % 8];
}

const char *ui_count(int64_t n)
{
    char digits[32], *out = next_buffer(), *p = out;
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)(n < 0 ? -n : n));

    if (n < 0)
        *p++ = '-';
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

const char *ui_span(int64_t ms)
{
    char *out = next_buffer();
    long long s = (long long)(ms < 0 ? 0 : (ms + 500) / 1000);

    if (s < 60)
        snprintf(out, 160, "%lld s", s);
    else if (s < 3600)
        snprintf(out, 160, "%lld min %lld s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 160, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        snprintf(out, 160, "%lld d %lld h", s / 86400, s % 86400 / 3600);
    return out;
}

const char *ui_local_time(int64_t ms)
{
    char *out = next_buffer();
    time_t t = ms / 1000;
    struct tm tm;

    if (ms <= 0 || !localtime_r(&t, &tm))
        return "-";
    strftime(out, 160, "%Y-%m-%d %H:%M:%S", &tm);
    return out;
}

const char *ui_bytes(uint64_t n)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    char *out = next_buffer();
    double x = (double)n;
    int u = 0;

    while (x >= 1000 && u < 4) {
        x /= 1000;
        u++;
    }
    snprintf(out, 160, u && x < 10 ? "%.1f %s" : "%.0f %s", x, units[u]);
    return out;
}

const char *ui_bar(double share, int width)
{
    char *out = next_buffer(), *p = out;
    int full;

    if (width > 50)
        width = 50;
    if (!(share > 0))
        share = 0;
    if (share > 1)
        share = 1;
    full = (int)(share * width);
    for (int i = 0; i < width; i++, p += 3)
        memcpy(p, i < full ? "█" : "░", 3);
    *p = '\0';
    return out;
}

/* Hebrew points and other combining marks take no column; our texts hold no wide scripts. */
static bool combining(const unsigned char *p)
{
    unsigned c = (p[0] & 0xe0) == 0xc0 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu) : 0;

    return (c >= 0x300 && c < 0x370) || (c >= 0x591 && c < 0x5c8 && c != 0x5be && c != 0x5c0);
}

int ui_columns(const char *utf8)
{
    int n = 0;

    for (const unsigned char *p = (const unsigned char *)utf8; *p; p++)
        n += (*p & 0xc0) != 0x80 && !combining(p);
    return n;
}

void ui_pad(FILE *out, const char *utf8, int width)
{
    int columns = ui_columns(utf8), used = 0;
    const unsigned char *p = (const unsigned char *)utf8;

    if (columns <= width) {
        fprintf(out, "%s%*s", utf8, width - columns, "");
        return;
    }
    for (; *p; p++) {
        if ((*p & 0xc0) != 0x80 && !combining(p) && ++used >= width)
            break;
        fputc(*p, out);
    }
    fputs("…", out);
}

bool ui_progress_due(struct ui_progress *p)
{
    int64_t now = clock_mono_us(&clock_system);

    if (ui.json || now < p->next_us)
        return false;
    if (!p->started_us) { /* short work shows nothing */
        p->started_us = now;
        p->next_us = now + (ui.live ? 150000 : 3000000);
        return false;
    }
    p->next_us = now + (ui.live ? 100000 : 3000000);
    return true;
}

void ui_progress_line(struct ui_progress *p, const char *line)
{
    if (ui.live)
        fprintf(stderr, "\r%s\033[K", line);
    else
        fprintf(stderr, "%s\n", line);
    p->shown = true;
}

void ui_progress_end(struct ui_progress *p)
{
    if (p->shown && ui.live)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
