#include "cmd/display.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/ui.h"

enum { DRAW_EVERY_US = 100000, JSON_EVERY_US = 1000000, LINE_EVERY_US = 5000000 };

struct display {
    char name[128];
    bool quiet;
    int64_t next_us;
    pthread_mutex_t lock; /* the terminal: main thread and whoever logs */
    int lines;            /* lines of the picture now on the terminal */
    struct buf frame;     /* the picture as last drawn, drawn again below a log line */
};

static void erase(struct display *d)
{
    if (d->lines)
        fprintf(stderr, "\033[%dA\r\033[J", d->lines);
    d->lines = 0;
}

static void draw(struct display *d)
{
    if (!d->frame.len)
        return;
    fwrite(d->frame.data, 1, d->frame.len, stderr);
    for (size_t i = 0; i < d->frame.len; i++)
        d->lines += d->frame.data[i] == '\n';
}

static void log_above(void *arg, const char *line)
{
    struct display *d = arg;

    pthread_mutex_lock(&d->lock);
    erase(d);
    fprintf(stderr, "%s\n", line);
    draw(d);
    fflush(stderr);
    pthread_mutex_unlock(&d->lock);
}

int display_new(struct display **out, const char *campaign_name, bool quiet)
{
    struct display *d = calloc(1, sizeof(*d));

    if (!d)
        return -ENOMEM;
    snprintf(d->name, sizeof(d->name), "%s", campaign_name);
    d->quiet = quiet;
    d->frame.max = 8192;
    pthread_mutex_init(&d->lock, NULL);
    if (ui.live && !ui.json && !quiet)
        log_set_sink(log_above, d);
    *out = d;
    return 0;
}

void display_free(struct display *d)
{
    if (!d)
        return;
    log_set_sink(NULL, NULL);
    erase(d);
    fflush(stderr);
    pthread_mutex_destroy(&d->lock);
    buf_free(&d->frame);
    free(d);
}

static int64_t finished(const struct desk_view *v)
{
    return v->targets.total - v->targets.by_state[TARGET_STATE_WAITING] -
           v->targets.by_state[TARGET_STATE_CLAIMED];
}

static int64_t failed(const struct desk_view *v)
{
    return v->by_disposition[DISPOSITION_FAILED] + v->by_disposition[DISPOSITION_CONGESTION] +
           v->by_disposition[DISPOSITION_INVALID_NUMBER];
}

/* "about 40 s"; "" when it is not known. An estimate is not told to the second. */
static const char *left(const struct desk_view *v)
{
    static char text[64];
    int64_t s = (v->finish_ms - clock_wall_ms(&clock_system) + 500) / 1000;
    int64_t step = s < 15 ? 1 : s < 120 ? 5 : s < 900 ? 10 : 60;

    text[0] = '\0';
    if (v->finish_ms && s > 0)
        snprintf(text, sizeof(text), "about %s left", ui_span((s + step / 2) / step * step * 1000));
    return text;
}

static int terminal_columns(void)
{
    struct winsize ws;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) || ws.ws_col == 0)
        return 80;
    return ws.ws_col;
}

/* One line of the picture, cut to the terminal so that it never wraps: a wrapped line would leave
 * rubbish at the next redraw. Escapes take no columns. */
__attribute__((format(printf, 2, 3))) static void add_line(struct display *d, const char *format,
                                                           ...)
{
    char line[1024];
    int room = terminal_columns() - 1, used = 0;
    const char *p = line;
    va_list ap;

    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    while (*p) {
        if (*p == '\033') {
            size_t n = strcspn(p, "m") + 1;

            buf_append(&d->frame, p, n);
            p += n;
            continue;
        }
        if (((unsigned char)*p & 0xc0) != 0x80 && ++used > room)
            break;
        buf_append(&d->frame, p++, 1);
    }
    buf_puts(&d->frame, ui_err(UI_PLAIN));
    buf_puts(&d->frame, "\033[K\n");
}

static const char *hint(int stopping)
{
    return stopping == 0   ? "Ctrl-C pauses"
           : stopping == 1 ? "pausing: calls in progress finish; Ctrl-C again ends them"
                           : "ending all calls";
}

static void build_frame(struct display *d, const struct desk_view *v, int stopping)
{
    double share = v->targets.total ? (double)finished(v) / (double)v->targets.total : 0;
    const char *dim = ui_err(UI_DIM), *plain = ui_err(UI_PLAIN), *bold = ui_err(UI_BOLD);
    const char *good = ui_err(UI_GOOD), *warn = ui_err(UI_WARN);

    buf_reset(&d->frame);
    add_line(d, "%s%s%s  %s  %s%s%s", bold, d->name, plain, campaign_state_name(v->state),
             stopping ? warn : dim, hint(stopping), plain);
    add_line(d, "%s%s%s %3.0f%%  %s of %s people  %s", ui_err(UI_ACCENT),
             ui_bar(share, terminal_columns() < 76 ? 10 : 30), plain, share * 100,
             ui_count(finished(v)), ui_count(v->targets.total), left(v));
    add_line(d, "calls     %s%u up%s  %u ringing  %.1f/s  pace %s%.3g of %.3g/s%s", bold,
             v->calls_up, plain, v->calls_ringing, v->cps_measured, v->slowed ? warn : "",
             v->cps_now, v->cps_cap, plain);
    add_line(d, "answered  %s%s%s  pressed %s  texts %s  never again %s", good,
             ui_count(v->by_disposition[DISPOSITION_ANSWERED]), plain, ui_count((int64_t)v->keys),
             ui_count((int64_t)v->texts), ui_count((int64_t)v->opt_outs));
    add_line(d, "others    busy %s  no answer %s  declined %s  failed %s%s%s",
             ui_count(v->by_disposition[DISPOSITION_BUSY]),
             ui_count(v->by_disposition[DISPOSITION_NO_ANSWER]),
             ui_count(v->by_disposition[DISPOSITION_REJECTED]), failed(v) ? warn : "",
             ui_count(failed(v)), plain);
    if (v->slowed)
        add_line(d, "%sslower: %s%s", warn, v->pace_reason, plain);
    if (v->note[0])
        add_line(d, "%s%s%s", v->store_failing ? ui_err(UI_BAD) : warn, v->note, plain);
}

static void print_line(const struct desk_view *v, int stopping)
{
    fprintf(stderr,
            "%s of %s people, %u calls up, %u ringing, %.1f calls/s (pace %.3g of %.3g), answered "
            "%s, pressed %s, failed %s, never again %s, texts %s",
            ui_count(finished(v)), ui_count(v->targets.total), v->calls_up, v->calls_ringing,
            v->cps_measured, v->cps_now, v->cps_cap,
            ui_count(v->by_disposition[DISPOSITION_ANSWERED]), ui_count((int64_t)v->keys),
            ui_count(failed(v)), ui_count((int64_t)v->opt_outs), ui_count((int64_t)v->texts));
    if (left(v)[0])
        fprintf(stderr, ", %s", left(v));
    if (v->slowed)
        fprintf(stderr, " [slower: %s]", v->pace_reason);
    if (v->note[0])
        fprintf(stderr, " [%s]", v->note);
    if (stopping)
        fprintf(stderr, " [%s]", hint(stopping));
    fputc('\n', stderr);
}

static void print_json(const struct desk_view *v, int stopping)
{
    json_t *by = json_object();

    for (int i = 1; i < DISPOSITION_COUNT; i++)
        ui_json_set(by, disposition_name(i), json_integer(v->by_disposition[i]));
    ui_json(json_pack(
        "{s:s,s:s,s:I,s:I,s:I,s:i,s:i,s:o,s:I,s:I,s:I,s:f,s:f,s:f,s:b,s:s,s:o,s:s,s:b,s:i}",
        "event", "progress", "state", campaign_state_name(v->state), "people",
        (json_int_t)v->targets.total, "finished", (json_int_t)finished(v), "calls",
        (json_int_t)v->calls, "calls_up", (int)v->calls_up, "calls_ringing", (int)v->calls_ringing,
        "by_outcome", by, "keys", (json_int_t)v->keys, "opt_outs", (json_int_t)v->opt_outs, "texts",
        (json_int_t)v->texts, "cps", v->cps_measured, "cps_now", v->cps_now, "cps_cap", v->cps_cap,
        "slowed", v->slowed, "pace_reason", v->slowed ? v->pace_reason : "", "finish",
        ui_json_time(v->finish_ms), "note", v->note, "store_failing", v->store_failing, "stopping",
        stopping));
}

void display_update(struct display *d, const struct desk_view *view, int stopping)
{
    int64_t now = clock_mono_us(&clock_system);

    if (d->quiet || now < d->next_us)
        return;
    if (ui.json) {
        d->next_us = now + JSON_EVERY_US;
        print_json(view, stopping);
    } else if (ui.live) {
        d->next_us = now + DRAW_EVERY_US;
        pthread_mutex_lock(&d->lock);
        build_frame(d, view, stopping);
        erase(d);
        draw(d);
        fflush(stderr);
        pthread_mutex_unlock(&d->lock);
    } else {
        d->next_us = now + LINE_EVERY_US;
        print_line(view, stopping);
    }
}
