/* P14, S2, S3, S6: what the writer has acknowledged survives kill -9 at any moment. A child works
 * through the writer and tells each acknowledgement over a pipe; it is killed; the store is opened
 * again: every acknowledged opt-out is there with its time, reason and source and is never claimed,
 * every acknowledged call record is there once, and recovery ends each open attempt exactly once.
 */
#include <signal.h>
#include <sys/wait.h>

#include "prop.h"
#include "store/writer.h"
#include "store_fixture.h"

enum { PEOPLE = 3000, BATCH = 8 };

struct told {
    char kind; /* 'c' claimed, 'f' finished, 'b' blacklisted */
    int64_t attempt;
    uint64_t number;
};

struct work {
    struct store_job job;
    struct fixture *f;
    int pipe;
    enum { CLAIM, FINISH, OPT_OUT } what;
    struct store_claim claims[BATCH];
    int n, at, got;
    struct store_black black;
};

static int work_run(struct store_job *job, struct store *s)
{
    struct work *w = (struct work *)job;
    int64_t skipped = 0;
    bool added;

    if (w->what == OPT_OUT)
        return store_black_add(s, &w->black, &added);
    if (w->what == FINISH) {
        struct call_outcome o = {.disposition = DISPOSITION_ANSWERED, .ended_by = "them"};
        struct store_finish f = {.attempt_id = w->claims[w->at].attempt_id,
                                 .outcome = &o,
                                 .target_state = TARGET_STATE_REACHED,
                                 .counts = true};

        return store_finish(s, &f);
    }
    struct store_claim_query q = {.campaign_id = w->f->campaign,
                                  .group_id = w->f->group,
                                  .now_ms = clock_wall_ms(&clock_system)};

    return store_claim(s, &q, w->claims, BATCH, &w->got, &skipped);
}

static void tell(struct work *w, char kind, int i)
{
    struct told t = {.kind = kind};

    t.attempt = kind == 'b' ? 0 : w->claims[i].attempt_id;
    t.number = kind == 'b' ? w->black.number : w->claims[i].number;
    if (write(w->pipe, &t, sizeof(t)) != (ssize_t)sizeof(t))
        _exit(3);
}

_Noreturn static void child(struct fixture *f, int pipe)
{
    struct store_writer *writer;
    struct error err = {0};
    struct work w = {.f = f, .pipe = pipe, .job = {.run = work_run}};

    if (store_writer_new(&writer, f->path, &clock_system, &err))
        _exit(2);
    for (;;) {
        w.what = CLAIM;
        if (store_writer_do(writer, &w.job))
            _exit(4);
        if (w.got == 0)
            break;
        for (int i = 0; i < w.got; i++)
            tell(&w, 'c', i);
        for (w.at = 0; w.at < w.got; w.at++) {
            w.what = FINISH;
            if (w.at % 3 != 2) {
                if (store_writer_do(writer, &w.job))
                    _exit(5);
                tell(&w, 'f', w.at);
            }
            w.what = OPT_OUT;
            w.black = (struct store_black){.number = w.claims[w.at].number + 20,
                                           .list = "opt-out",
                                           .reason = "asked not to be called again",
                                           .source = "key 9 in campaign 1"};
            if (w.at % 4 == 0) {
                if (store_writer_do(writer, &w.job))
                    _exit(6);
                tell(&w, 'b', 0);
            }
        }
    }
    pause();
    _exit(0);
}

struct seen {
    int64_t attempt;
    int found, interrupted;
};

static int count_call(void *arg, const struct store_call *c)
{
    struct seen *s = arg;

    if (c->attempt_id == s->attempt) {
        s->found++;
        s->interrupted += c->outcome.disposition == DISPOSITION_INTERRUPTED;
    }
    return 0;
}

static int right_history(void *arg, const struct store_black *b, const char *action)
{
    *(int *)arg += strcmp(action, "add") == 0 && strcmp(b->source, "key 9 in campaign 1") == 0;
    return 0;
}

static const char *look(struct fixture *f, const struct told *told, int n)
{
    struct store_claim_query q = {
        .campaign_id = f->campaign, .group_id = f->group, .now_ms = clock_wall_ms(&clock_system)};
    struct store_call_totals totals, after;
    struct error err = {0};
    struct store_target_counts counts;
    static struct store_claim left[PEOPLE];
    int64_t interrupted, again, skipped = 0;
    int claimed;

    if (store_open(f->path, &clock_system, &f->store, &err))
        return "the store does not open after the kill";
    if (store_call_totals(f->store, f->campaign, &totals) ||
        store_target_counts(f->store, f->campaign, &counts))
        return "no totals";
    if (store_recover(f->store, 0, INT64_MAX / 2, &interrupted) ||
        interrupted != counts.by_state[TARGET_STATE_CLAIMED])
        return "recovery did not end what was open";
    if (store_recover(f->store, 0, INT64_MAX / 2, &again) || again != 0)
        return "recovery ended something twice";
    if (store_call_totals(f->store, f->campaign, &after) ||
        after.calls != totals.calls + interrupted)
        return "the totals do not hold each interrupted call once";
    for (int i = 0; i < n; i++) {
        struct seen s = {.attempt = told[i].attempt};
        struct store_black b;
        int right = 0;

        if (told[i].kind == 'b') {
            if (store_black_find(f->store, told[i].number, &b))
                return "an acknowledged opt-out is lost";
            if (!b.added_ms || strcmp(b.reason, "asked not to be called again") != 0 ||
                strcmp(b.source, "key 9 in campaign 1") != 0)
                return "an opt-out lost its time, reason or source";
            if (store_black_history(f->store, told[i].number, right_history, &right) || right != 1)
                return "an opt-out is not in the history once";
            continue;
        }
        if (store_call_each(f->store, f->campaign, count_call, &s))
            return "no call records";
        if (s.found != 1)
            return "an acknowledged attempt has not exactly one record";
        if (told[i].kind == 'f' && s.interrupted)
            return "an acknowledged record was replaced";
    }
    if (store_claim(f->store, &q, left, PEOPLE, &claimed, &skipped))
        return "no claim after the kill";
    for (int c = 0; c < claimed; c++)
        for (int i = 0; i < n; i++)
            if (told[i].number == left[c].number)
                return told[i].kind == 'b' ? "an opted-out number is claimed"
                                           : "an attempt is dialled twice";
    return NULL;
}

static const char *check(struct rng *r, void *arg)
{
    static struct told told[4 * PEOPLE];
    struct fixture f = {0};
    const char *fault = NULL;
    int ends[2], n = 0;
    pid_t pid;

    if (fixture_open(&f, &clock_system, PEOPLE) || pipe(ends))
        return "no store or pipe";
    store_close(f.store);
    f.store = NULL;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(&f, ends[1]);
    }
    close(ends[1]);
    usleep((useconds_t)(15000 + rng_below(r, 300000)));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (n < 4 * PEOPLE && read(ends[0], &told[n], sizeof(told[n])) == (ssize_t)sizeof(told[n]))
        n++;
    close(ends[0]);
    *(int *)arg += n;
    fault = look(&f, told, n);
    fixture_close(&f);
    return fault;
}

int main(void)
{
    int told = 0;
    bool ok = prop_check("P14", 12, check, &told);

    if (ok && told < 100 && !getenv("PROP_SEED")) {
        fprintf(stderr, "# only %d acknowledgements: this run shows nothing\n", told);
        ok = false;
    }
    printf("# %d acknowledgements, none lost\n", told);
    printf("%s 1 - P14 S2 S3 S6 what was acknowledged survives kill -9\n1..1\n",
           ok ? "ok" : "not ok");
    return !ok;
}
