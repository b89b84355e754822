/* The report for people, on A4: key figures, what became of people and calls, calls by hour, the
 * steps of the call with their keys. Cairo draws, Pango sets the text, right to left where the
 * language is: x is counted from the side where a line begins, and mirrored when drawn. */
#include <cairo-pdf.h>
#include <errno.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "report/figures.h"
#include "report/report_priv.h"

#define FONT "DejaVu Sans, Noto Sans Hebrew, Nachlieli CLM"

enum { PDF_MAX = 16 << 20 };
static const double page_w = 595, page_h = 842, margin = 48, bottom = 60;

struct colour {
    double r, g, b;
};
static const struct colour ink = {0.13, 0.15, 0.18}, faint = {0.45, 0.48, 0.52},
                           rule = {0.85, 0.87, 0.89}, bar = {0.16, 0.44, 0.70},
                           pale = {0.74, 0.84, 0.93}, tile = {0.95, 0.96, 0.98};

struct pdf {
    cairo_surface_t *surface;
    cairo_t *cr;
    PangoLayout *layout;
    const struct report_figures *f;
    enum report_language language;
    bool rtl;
    double y;
    int page;
};

enum side { BEGIN, END, MIDDLE };

static const char *word(const struct pdf *p, enum report_word w)
{
    return report_word(p->language, w);
}

static void colour(struct pdf *p, struct colour c)
{
    cairo_set_source_rgb(p->cr, c.r, c.g, c.b);
}

/* From x, counted from where lines begin, to the page's own. */
static double mirror(const struct pdf *p, double x, double w)
{
    return p->rtl ? page_w - x - w : x;
}

static void box(struct pdf *p, double x, double y, double w, double h, struct colour c)
{
    colour(p, c);
    cairo_rectangle(p->cr, mirror(p, x, w), y, w, h);
    cairo_fill(p->cr);
}

/* One line in a space of width w at (x, y); what does not fit ends in dots. Returns its height. */
static double text(struct pdf *p, double x, double y, double w, double size, bool bold,
                   struct colour c, enum side side, const char *s)
{
    PangoFontDescription *font = pango_font_description_from_string(FONT);
    PangoAlignment align = side == MIDDLE               ? PANGO_ALIGN_CENTER
                           : (side == BEGIN) == !p->rtl ? PANGO_ALIGN_LEFT
                                                        : PANGO_ALIGN_RIGHT;
    int height;

    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(p->layout, font);
    pango_font_description_free(font);
    /* Where the text's own direction differs Pango turns the alignment; we mean the page's side. */
    pango_layout_set_auto_dir(p->layout, FALSE);
    pango_layout_set_alignment(p->layout, align);
    pango_layout_set_width(p->layout, (int)(w * PANGO_SCALE));
    pango_layout_set_ellipsize(p->layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_text(p->layout, s, -1);
    pango_layout_get_size(p->layout, NULL, &height);
    colour(p, c);
    cairo_move_to(p->cr, mirror(p, x, w), y);
    pango_cairo_show_layout(p->cr, p->layout);
    return (double)height / PANGO_SCALE;
}

/* Thousands apart, as in "1,874". */
static const char *count(int64_t n, char buf[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)n), out = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            buf[out++] = ',';
        buf[out++] = digits[i];
    }
    buf[out] = '\0';
    return buf;
}

static const char *local_time(const struct pdf *p, int64_t wall_ms, char buf[40])
{
    struct zone_local l;

    if (!wall_ms)
        return "–";
    zone_to_local(p->f->zone, wall_ms, &l);
    /* An isolate (U+2066 … U+2069): date and time keep their order in a line from the right. */
    snprintf(buf, 40, "\u2066%04d-%02d-%02d %02d:%02d\u2069", l.year, l.month, l.day, l.hour,
             l.minute);
    return buf;
}

static void footer(struct pdf *p)
{
    char s[64];

    snprintf(s, sizeof(s), "Kolcast · %s %d", word(p, WORD_PAGE), p->page);
    text(p, margin, page_h - 36, page_w - 2 * margin, 8, false, faint, MIDDLE, s);
}

/* Room for h points more, on a new page where there is none. */
static void room(struct pdf *p, double h)
{
    if (p->y + h <= page_h - bottom)
        return;
    footer(p);
    cairo_show_page(p->cr);
    p->page++;
    p->y = margin;
}

static void heading(struct pdf *p, const char *s)
{
    room(p, 60);
    p->y += 16;
    p->y += text(p, margin, p->y, page_w - 2 * margin, 12, true, ink, BEGIN, s) + 6;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void meta(struct pdf *p, enum report_word what, const char *value)
{
    text(p, margin, p->y, 134, 9, false, faint, BEGIN, word(p, what));
    p->y += text(p, margin + 140, p->y, 350, 9, false, ink, BEGIN, value) + 3;
}

static void title(struct pdf *p, int64_t now_ms)
{
    const struct store_campaign *c = &p->f->campaign;
    char a[40];

    p->y +=
        text(p, margin, p->y, page_w - 2 * margin, 10, false, faint, BEGIN, word(p, WORD_REPORT)) +
        2;
    p->y += text(p, margin, p->y, page_w - 2 * margin, 20, true, ink, BEGIN, c->name) + 10;
    meta(p, WORD_STATE, report_state_text(p->language, c->state));
    meta(p, WORD_STARTED, local_time(p, c->started_ms, a));
    meta(p, WORD_ENDED, local_time(p, c->ended_ms, a));
    meta(p, WORD_TIMES_IN, zone_name(p->f->zone));
    meta(p, WORD_MADE, local_time(p, now_ms, a));
    p->y += 8;
}

static void one_tile(struct pdf *p, int i, enum report_word what, int64_t n, int64_t of)
{
    const double gap = 8, w = (page_w - 2 * margin - 5 * gap) / 6, x = margin + i * (w + gap);
    char a[32], b[32];

    box(p, x, p->y, w, 58, tile);
    text(p, x + 6, p->y + 7, w - 12, 8, false, faint, BEGIN, word(p, what));
    text(p, x + 6, p->y + 20, w - 12, 15, true, ink, BEGIN, count(n, a));
    if (of > 0) {
        snprintf(b, sizeof(b), "%.1f%%", report_percent(n, of));
        text(p, x + 6, p->y + 41, w - 12, 8, false, faint, BEGIN, b);
    }
}

static void tiles(struct pdf *p)
{
    const struct report_figures *f = p->f;

    one_tile(p, 0, WORD_PEOPLE, f->people.total, 0);
    one_tile(p, 1, WORD_REACHED, f->people.by_state[TARGET_STATE_REACHED], f->people.total);
    one_tile(p, 2, WORD_CALLS, f->calls.calls, 0);
    one_tile(p, 3, WORD_ANSWERED, f->answered, f->calls.calls);
    one_tile(p, 4, WORD_PRESSED, f->pressed, f->answered);
    one_tile(p, 5, WORD_OPT_OUTS, f->opt_outs, f->answered);
    p->y += 66;
}

static void more_figures(struct pdf *p)
{
    const struct report_figures *f = p->f;
    char s[64], a[32];

    p->y += 6;
    meta(p, WORD_TEXTS, count(f->texts, a));
    snprintf(s, sizeof(s), "%.1f", (double)f->calls.talk_ms / 60000);
    meta(p, WORD_TALK, s);
    snprintf(s, sizeof(s), "%.1f", f->setups ? (double)f->setup_ms / 1000 / (double)f->setups : 0);
    meta(p, WORD_SETUP, s);
    snprintf(s, sizeof(s), "%.2f %s", f->calls.cost, f->currency);
    meta(p, WORD_COST, s);
}

static void share(struct pdf *p, const char *label, int64_t n, int64_t of)
{
    const double width = 180, label_w = 204;
    double w = of > 0 ? width * (double)n / (double)of : 0;
    char a[32], b[32];

    if (n == 0)
        return;
    room(p, 16);
    text(p, margin, p->y, label_w, 9, false, ink, BEGIN, label);
    box(p, margin + label_w + 8, p->y + 2, width, 8, tile);
    box(p, margin + label_w + 8, p->y + 2, w < 1 ? 1 : w, 8, bar);
    text(p, margin + label_w + 8 + width + 6, p->y, 50, 9, false, ink, END, count(n, a));
    snprintf(b, sizeof(b), "%.1f%%", report_percent(n, of));
    text(p, margin + label_w + 8 + width + 58, p->y, 44, 9, false, faint, END, b);
    p->y += 15;
}

static void shares(struct pdf *p)
{
    const struct report_figures *f = p->f;

    heading(p, word(p, WORD_PEOPLE_BY));
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        share(p, report_target_text(p->language, i), f->people.by_state[i], f->people.total);
    heading(p, word(p, WORD_CALLS_BY));
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        share(p, report_disposition_text(p->language, i), f->calls.by_disposition[i],
              f->calls.calls);
}

/* Hours run from left to right in both languages, as a clock's digits do. */
static void hours(struct pdf *p)
{
    const double height = 90, w = (page_w - 2 * margin) / 24;
    struct report_hour day[24] = {0};
    int64_t most = 1;
    bool rtl = p->rtl;

    for (int h = 0; h < 24; h++) {
        for (int d = 0; d < 7; d++) {
            day[h].calls += p->f->hours[d][h].calls;
            day[h].answered += p->f->hours[d][h].answered;
        }
        most = day[h].calls > most ? day[h].calls : most;
    }
    room(p, height + 70);
    heading(p, word(p, WORD_BY_HOUR));
    box(p, margin, p->y, 8, 8, pale);
    text(p, margin + 12, p->y - 2, 90, 8, false, faint, BEGIN, word(p, WORD_CALLS));
    box(p, margin + 106, p->y, 8, 8, bar);
    text(p, margin + 118, p->y - 2, 90, 8, false, faint, BEGIN, word(p, WORD_ANSWERED));
    p->y += 16;
    p->rtl = false;
    for (int h = 0; h < 24; h++) {
        double all = height * (double)day[h].calls / (double)most;
        double got = height * (double)day[h].answered / (double)most;
        char s[8];

        box(p, margin + h * w + 2, p->y + height - all, w - 4, all, pale);
        box(p, margin + h * w + 2, p->y + height - got, w - 4, got, bar);
        snprintf(s, sizeof(s), "%d", h);
        text(p, margin + h * w, p->y + height + 4, w, 7, false, faint, MIDDLE, s);
    }
    box(p, margin, p->y + height, page_w - 2 * margin, 0.6, rule);
    p->rtl = rtl;
    p->y += height + 20;
}

static void keys_text(const struct report_node *n, char *buf, size_t size)
{
    size_t len = 0;
    char a[32];

    buf[0] = '\0';
    for (int k = 0; k < REPORT_KEYS && len < size; k++)
        if (n->keys[k])
            len += (size_t)snprintf(buf + len, size - len, "%s%c: %s", len ? "   " : "",
                                    report_key(k), count(n->keys[k], a));
}

static void step_row(struct pdf *p, const char *const cells[6], bool bold)
{
    static const double x[] = {0, 112, 172, 232, 384, 446}, w[] = {108, 56, 44, 148, 58, 53};

    room(p, 16);
    for (int i = 0; i < 6; i++)
        text(p, margin + x[i], p->y, w[i], 8.5, bold, bold ? faint : ink,
             i == 2 || i > 3 ? END : BEGIN, cells[i]);
    p->y += 14;
    box(p, margin, p->y - 2, page_w - 2 * margin, 0.4, rule);
}

static void steps(struct pdf *p)
{
    const char *const head[6] = {word(p, WORD_STEP), word(p, WORD_KIND),  word(p, WORD_CALLS),
                                 word(p, WORD_KEYS), word(p, WORD_WRONG), word(p, WORD_SILENT)};

    heading(p, word(p, WORD_BY_NODE));
    step_row(p, head, true);
    for (int i = 0; i < p->f->node_count; i++) {
        const struct report_node *n = &p->f->nodes[i];
        char keys[256], calls[32], wrong[32], silent[32];
        const char *const row[6] = {n->name, n->type, calls, keys, wrong, silent};

        keys_text(n, keys, sizeof(keys));
        count(n->calls, calls);
        count(n->invalid, wrong);
        count(n->silent, silent);
        step_row(p, row, false);
    }
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static cairo_status_t keep_bytes(void *closure, const unsigned char *data, unsigned len)
{
    return buf_append(closure, data, len) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void draw(struct pdf *p, int64_t now_ms)
{
    p->page = 1;
    p->y = margin;
    title(p, now_ms);
    tiles(p);
    more_figures(p);
    shares(p);
    hours(p);
    steps(p);
    footer(p);
}

static int make(const struct report_figures *f, enum report_language language, int64_t now_ms,
                struct buf *out)
{
    struct pdf p = {.f = f, .language = language, .rtl = report_right_to_left(language)};
    PangoFontMap *fonts;
    PangoContext *context;
    cairo_status_t status;

    p.surface = cairo_pdf_surface_create_for_stream(keep_bytes, out, page_w, page_h);
    cairo_pdf_surface_set_metadata(p.surface, CAIRO_PDF_METADATA_TITLE, f->campaign.name);
    p.cr = cairo_create(p.surface);
    fonts = pango_cairo_font_map_new(); /* its own: reports are made in any thread */
    context = pango_font_map_create_context(fonts);
    pango_context_set_base_dir(context, p.rtl ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
    p.layout = pango_layout_new(context);
    draw(&p, now_ms);
    g_object_unref(p.layout);
    g_object_unref(context);
    g_object_unref(fonts);
    cairo_destroy(p.cr);
    cairo_surface_finish(p.surface);
    status = cairo_surface_status(p.surface);
    cairo_surface_destroy(p.surface);
    return status == CAIRO_STATUS_SUCCESS ? 0 : -ENOMEM;
}

int report_pdf(struct store *s, int64_t campaign_id, enum report_language language, int64_t now_ms,
               const char *path, struct error *err)
{
    struct report_figures *f;
    struct buf bytes = {.max = PDF_MAX};
    int rc = report_figures(s, campaign_id, &f, err);

    if (rc)
        return rc;
    if (make(f, language, now_ms, &bytes))
        rc = error_set(err, -ENOMEM, path, NULL, "not enough memory for the report");
    else
        rc = file_write_atomic(path, bytes.data, bytes.len, err);
    buf_free(&bytes);
    free(f);
    return rc;
}
