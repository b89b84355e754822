/* P44, P45, P47: a report covers every call, its figures are right, and a comparison puts the same
 * figures side by side. Random campaigns are played into a real store and held against counts of
 * the model's own; the files are read back. */
#include "base/file.h"
#include "prop.h"
#include "report/figures.h"
#include "report/report.h"
#include "store_fixture.h"

enum { PEOPLE = 40, CALLS_MAX = 120, KEY_MENU = 3 };

static const char config[] =
    "{\"time_zone\":\"Asia/Jerusalem\",\"cost\":{\"currency\":\"ILS\"},\"flow\":{\"version\":1,"
    "\"start\":\"menu\",\"nodes\":{\"menu\":{\"type\":\"menu\"},\"give\":{\"type\":\"action\","
    "\"action\":\"sms\"},\"stop\":{\"type\":\"action\",\"action\":\"opt_out\"},\"bye\":{\"type\":"
    "\"play\"}}}}";

struct model {
    int64_t calls, by[DISPOSITION_COUNT], answered, pressed, keys[REPORT_KEYS], invalid, opt_outs;
    int64_t menu_visits, menu_calls, talk_ms, texts, hour[7][24];
    double cost;
};

struct world {
    struct fixture f;
    struct clock_virtual clock;
    struct model m;
    int64_t campaign;
};

/* A call's trace, as flow_trace_json writes it. */
static void make_trace(struct world *w, struct rng *r, char *buf, size_t size)
{
    int keys = (int)rng_below(r, 4), visits = 1 + (int)rng_below(r, 2), n;
    bool stop = rng_below(r, 4) == 0;

    n = snprintf(buf, size, "{\"values\":{},\"keys\":[");
    for (int i = 0; i < keys; i++) {
        int k = (int)rng_below(r, KEY_MENU), invalid = rng_below(r, 5) == 0;

        n += snprintf(buf + n, size - (size_t)n, "%s{\"at\":1,\"node\":\"menu\",\"key\":\"%c\"%s}",
                      i ? "," : "", report_key(k), invalid ? ",\"invalid\":true" : "");
        w->m.invalid += invalid;
        w->m.keys[k] += !invalid;
    }
    w->m.pressed += keys > 0;
    n += snprintf(buf + n, size - (size_t)n, "],\"path\":[");
    for (int i = 0; i < visits; i++)
        n += snprintf(buf + n, size - (size_t)n, "{\"at\":1,\"node\":\"menu\"},");
    w->m.menu_visits += visits;
    w->m.menu_calls++;
    n += snprintf(buf + n, size - (size_t)n, "{\"at\":2,\"node\":\"bye\"}],\"events\":[");
    if (stop)
        n += snprintf(buf + n, size - (size_t)n,
                      "{\"at\":3,\"node\":\"stop\",\"what\":\"action_ok\"}");
    w->m.opt_outs += stop;
    snprintf(buf + n, size - (size_t)n, "]}");
}

static void count_call(struct model *m, zone_id zone, const struct store_finish *f)
{
    const struct call_outcome *o = f->outcome;
    struct zone_local l;

    m->calls++;
    m->by[o->disposition]++;
    m->cost += f->cost;
    zone_to_local(zone, o->dialled_ms, &l);
    m->hour[l.weekday][l.hour]++;
    if (o->answered_ms) {
        m->answered++;
        m->talk_ms += o->ended_ms - o->answered_ms;
    }
}

static const char *one_call(struct world *w, struct rng *r, const struct store_claim *c)
{
    static const enum disposition ends[] = {DISPOSITION_ANSWERED, DISPOSITION_ANSWERED,
                                            DISPOSITION_BUSY,     DISPOSITION_NO_ANSWER,
                                            DISPOSITION_REJECTED, DISPOSITION_FAILED};
    struct call_outcome o = {.disposition = ends[rng_below(r, 6)], .ended_by = "them"};
    struct store_text t = {.campaign_id = w->campaign,
                           .attempt_id = c->attempt_id,
                           .contact_id = c->contact_id,
                           .number = c->number,
                           .body = "=thanks, \"you\"",
                           .state = "queued",
                           .created_ms = 5};
    char trace[1024] = "";
    struct store_finish f = {.attempt_id = c->attempt_id,
                             .outcome = &o,
                             .trace_json = trace,
                             .counts = true,
                             .target_state =
                                 rng_below(r, 2) ? TARGET_STATE_WAITING : TARGET_STATE_REACHED,
                             .cost = (double)rng_below(r, 100) / 64};
    int64_t id;
    bool fresh;

    o.dialled_ms = clock_wall_ms(&w->clock.clock);
    o.ended_ms = o.dialled_ms + 1000 + (int64_t)rng_below(r, 60000);
    if (o.disposition == DISPOSITION_ANSWERED) {
        o.answered_ms = o.dialled_ms + (int64_t)rng_below(r, 1000);
        make_trace(w, r, trace, sizeof(trace));
        if (rng_below(r, 3) == 0) {
            w->m.texts++;
            if (store_text_add(w->f.store, &t, "give", &id, &fresh))
                return "a text could not be added";
        }
    } else {
        f.trace_json = NULL;
    }
    count_call(&w->m, zone_open("Asia/Jerusalem"), &f);
    return store_finish(w->f.store, &f) ? "a call could not be ended" : NULL;
}

static int group_of(void *arg, const struct store_group *g)
{
    *(int64_t *)arg = g->id;
    return 1;
}

static const char *play(struct world *w, struct rng *r)
{
    struct store_campaign c = {.name = "=random", .kind = "voice", .list_id = w->f.list};
    int64_t group = 0, added, skipped, calls = (int64_t)rng_below(r, CALLS_MAX);

    memset(&w->m, 0, sizeof(w->m));
    if (store_campaign_create(w->f.store, &c, config, &w->campaign) ||
        store_target_fill(w->f.store, w->campaign, &added) ||
        store_group_each(w->f.store, w->campaign, group_of, &group) < 0)
        return "the campaign could not be made";
    for (int64_t i = 0; i < calls; i++) {
        struct store_claim claim;
        struct store_claim_query q = {.campaign_id = w->campaign,
                                      .group_id = group,
                                      .now_ms = clock_wall_ms(&w->clock.clock)};
        const char *fault;
        int n = 0;

        q.day_end_ms = q.now_ms + 1000;
        if (store_claim(w->f.store, &q, &claim, 1, &n, &skipped))
            return "a claim failed";
        fault = n ? one_call(w, r, &claim) : NULL;
        if (fault)
            return fault;
        clock_virtual_advance(&w->clock, (int64_t)rng_below(r, 7200) * 1000000);
    }
    return NULL;
}

static const char *hours_agree(const struct report_figures *f, const struct model *m)
{
    for (int d = 0; d < 7; d++)
        for (int h = 0; h < 24; h++)
            if (f->hours[d][h].calls != m->hour[d][h])
                return "an hour's calls are wrong";
    return NULL;
}

static const char *figures_agree(const struct report_figures *f, const struct model *m)
{
    const struct report_node *menu = NULL;

    for (int i = 0; i < f->node_count; i++)
        if (strcmp(f->nodes[i].name, "menu") == 0)
            menu = &f->nodes[i];
    if (!menu || f->node_count != 4)
        return "the flow's nodes are not all there";
    if (f->people.total != PEOPLE || f->calls.calls != m->calls)
        return "people or calls are miscounted";
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        if (f->calls.by_disposition[i] != m->by[i])
            return "an outcome is miscounted";
    if (f->answered != m->answered || f->pressed != m->pressed || f->texts != m->texts ||
        f->opt_outs != m->opt_outs || f->calls.talk_ms != m->talk_ms)
        return "answered, pressed, texts, opt-outs or talk time is wrong";
    if (f->calls.cost < m->cost - 1e-6 || f->calls.cost > m->cost + 1e-6)
        return "the cost is wrong";
    if (menu->visits != m->menu_visits || menu->calls != m->menu_calls ||
        menu->invalid != m->invalid)
        return "the menu's visits or wrong keys are miscounted";
    for (int k = 0; k < REPORT_KEYS; k++)
        if (menu->keys[k] != m->keys[k])
            return "a key is miscounted";
    return hours_agree(f, m);
}

/* P44: each attempt once, in the file. */
static const char *file_covers(struct world *w)
{
    char path[128], *text = NULL, *line, *save = NULL;
    struct error err = {0};
    int64_t rows = -1, seen = 0, last = 0;
    const char *fault = NULL;
    size_t len;

    snprintf(path, sizeof(path), "%s/calls.csv", w->f.folder);
    if (report_calls(w->f.store, w->campaign, path, &rows, &err) ||
        file_read(path, 1 << 24, &text, &len, &err))
        return "calls.csv could not be made";
    line = strtok_r(text, "\n", &save); /* the header */
    while ((line = strtok_r(NULL, "\n", &save))) {
        int64_t id = atoll(line);

        if (id <= last)
            fault = "an attempt stands twice, or not in order";
        last = id;
        seen++;
    }
    if (rows != w->m.calls || seen != rows)
        fault = "calls.csv does not have a row for each call";
    free(text);
    unlink(path);
    return fault;
}

/* P47 */
static const char *comparison_agrees(struct world *w)
{
    char path[128], *text = NULL, want[64];
    struct error err = {0};
    const char *fault = NULL;
    size_t len;

    snprintf(path, sizeof(path), "%s/comparison.csv", w->f.folder);
    if (report_compare(w->f.store, (int64_t[]){w->campaign, w->f.campaign}, 2, path, &err) ||
        file_read(path, 1 << 20, &text, &len, &err))
        return "comparison.csv could not be made";
    snprintf(want, sizeof(want), "\r\ncalls,%lld,0\r\n", (long long)w->m.calls);
    if (!strstr(text, want))
        fault = "the comparison's calls are wrong";
    snprintf(want, sizeof(want), "\r\nanswered_percent,%.1f,0.0\r\n",
             report_percent(w->m.answered, w->m.calls));
    if (!strstr(text, want))
        fault = "the comparison's share of answered calls is wrong";
    if (strstr(text, ",=random"))
        fault = "a campaign's name could run as a formula";
    free(text);
    unlink(path);
    return fault;
}

static const char *other_forms(struct world *w)
{
    char path[128];
    struct error err = {0};
    int64_t rows = -1;
    int rc;

    snprintf(path, sizeof(path), "%s/report.xlsx", w->f.folder);
    rc = report_workbook(w->f.store, w->campaign, REPORT_HEBREW, path, &rows, &err);
    unlink(path);
    if (rc || rows != w->m.calls + PEOPLE + w->m.texts)
        return "the workbook does not hold every call, person and text";
    snprintf(path, sizeof(path), "%s/report.pdf", w->f.folder);
    rc = report_pdf(w->f.store, w->campaign, REPORT_HEBREW, 1795000000000, path, &err);
    unlink(path);
    return rc ? "the PDF could not be made" : NULL;
}

static const char *check(struct rng *r, void *arg)
{
    struct world w = {0};
    struct report_figures *f = NULL;
    struct error err = {0};
    const char *fault = NULL;

    clock_virtual_init(&w.clock, 1795000000000);
    if (fixture_open(&w.f, &w.clock.clock, PEOPLE))
        fault = "the store could not be made";
    if (!fault)
        fault = play(&w, r);
    if (!fault && report_figures(w.f.store, w.campaign, &f, &err))
        fault = "the figures could not be made";
    if (!fault)
        fault = figures_agree(f, &w.m);
    if (!fault)
        fault = file_covers(&w);
    if (!fault)
        fault = comparison_agrees(&w);
    if (!fault)
        fault = other_forms(&w);
    free(f);
    fixture_close(&w.f);
    return fault;
}

int main(void)
{
    bool ok = prop_check("P45", 20, check, NULL);

    printf("%s 1 - P44 P45 P47 reports cover every call and their figures are right\n1..1\n",
           ok ? "ok" : "not ok");
    return !ok;
}
