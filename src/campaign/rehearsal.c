/* Each rehearsal has a thread that starts the two children, reads what they print (a JSON object a
 * line), and buries them. One lock over the slots; a child is only signalled under it, while its
 * pid is there, and its pid goes before it is waited for. */
#include "campaign/rehearsal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "campaign/rehearsal_files.h"

enum { PATH_LEN = 1200, STORED_ID = 1, PACE_PARTS = 20, CALLS_MAX = 400, LINE_LEN = 65536 };

struct rehearsal {
    struct rehearsals *all;
    int64_t campaign_id; /* 0: free */
    struct rehearsal_view view;
    char dir[PATH_LEN];
    struct store *store; /* owned */
    pthread_t thread;
    bool threaded; /* not joined yet */
    bool stop;
    pid_t carrier, run; /* 0: none */
};

struct rehearsals {
    char dir[PATH_LEN];
    char program[PATH_LEN];
    const struct clock *clock;
    pthread_mutex_t lock; /* what follows */
    struct rehearsal slots[REHEARSALS_MAX];
};

const char *rehearsal_state_name(enum rehearsal_state s)
{
    static const char *const names[] = {
        [REHEARSAL_STARTING] = "starting",
        [REHEARSAL_RUNNING] = "running",
        [REHEARSAL_DONE] = "done",
        [REHEARSAL_FAILED] = "failed",
    };

    return names[s];
}

static bool is_over(const struct rehearsal *h)
{
    return h->view.state == REHEARSAL_DONE || h->view.state == REHEARSAL_FAILED;
}

static struct rehearsal *find(struct rehearsals *r, int64_t campaign_id)
{
    for (int i = 0; i < REHEARSALS_MAX; i++)
        if (r->slots[i].campaign_id == campaign_id)
            return &r->slots[i];
    return NULL;
}

/* ---- the children --------------------------------------------------------------------------- */

static void path_in(const struct rehearsal *h, const char *name, char out[PATH_LEN + 32])
{
    snprintf(out, PATH_LEN + 32, "%s/%s", h->dir, name);
}

/* Starts one and notes its pid, unless it is to stop. Its errors go to the file NAME.err. */
static FILE *start_child(struct rehearsal *h, const char *name, pid_t *pid, const char *const *argv)
{
    char errors[PATH_LEN + 32], file[32];
    FILE *out = NULL;
    int fd = -1;

    snprintf(file, sizeof(file), "%s.err", name);
    path_in(h, file, errors);
    pthread_mutex_lock(&h->all->lock);
    if (!h->stop)
        fd = child_start(argv, errors, pid);
    pthread_mutex_unlock(&h->all->lock);
    if (fd >= 0)
        out = fdopen(fd, "r");
    if (fd >= 0 && !out)
        close(fd);
    return out;
}

static void signal_child(pid_t pid, int sig)
{
    if (pid > 0)
        kill(pid, sig);
}

/* Waits for it to end. True: well. */
static bool bury(struct rehearsal *h, pid_t *pid)
{
    siginfo_t info;
    pid_t p = *pid;
    int status = -1;

    if (p <= 0)
        return false;
    while (waitid(P_PID, (id_t)p, &info, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    pthread_mutex_lock(&h->all->lock);
    *pid = 0;
    pthread_mutex_unlock(&h->all->lock);
    while (waitpid(p, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static json_t *read_event(FILE *from, char *line)
{
    return fgets(line, LINE_LEN, from) ? json_loads(line, 0, NULL) : NULL;
}

/* The port of the carrier, 0: it did not start. */
static unsigned start_carrier(struct rehearsal *h, FILE **out, char *line)
{
    const char *const argv[] = {h->all->program, "carrier", "--listen", "127.0.0.1:0",
                                "--hear",        "0",       "--json",   "--save-power",
                                "--calls",       "1000",    NULL};
    json_t *event;
    unsigned port = 0;

    *out = start_child(h, "carrier", &h->carrier, argv);
    event = *out ? read_event(*out, line) : NULL;
    port = (unsigned)json_integer_value(json_object_get(event, "port"));
    json_decref(event);
    return port;
}

static FILE *start_run(struct rehearsal *h, unsigned port)
{
    char campaign[PATH_LEN + 32], people[PATH_LEN + 32], data[PATH_LEN + 32];
    char trunk[64], pace[16], calls[16];
    const char *const argv[] = {
        h->all->program, "run", campaign,      people, "--trunk", trunk,
        "--data",        data,  "--pace",      pace,   "--json",  "--ignore-windows",
        "--lanes",       "1",   "--max-calls", calls,  NULL};

    path_in(h, REHEARSAL_CAMPAIGN, campaign);
    path_in(h, REHEARSAL_PEOPLE, people);
    path_in(h, "data", data);
    snprintf(trunk, sizeof(trunk), "sip:127.0.0.1:%u", port);
    snprintf(pace, sizeof(pace), "%u", h->view.people / PACE_PARTS + 1);
    snprintf(calls, sizeof(calls), "%d", CALLS_MAX);
    return start_child(h, "run", &h->run, argv);
}

/* ---- what they tell ------------------------------------------------------------------------- */

static void open_store(struct rehearsal *h)
{
    char path[PATH_LEN + 32];
    struct store *s;

    path_in(h, "data/kolcast.db", path);
    if (store_open(path, h->all->clock, &s, NULL))
        return;
    pthread_mutex_lock(&h->all->lock);
    h->store = s;
    pthread_mutex_unlock(&h->all->lock);
}

static void take_progress(struct rehearsal *h, const json_t *event)
{
    struct desk_view *v = &h->view.desk;

    pthread_mutex_lock(&h->all->lock);
    h->view.state = REHEARSAL_RUNNING;
    v->calls_up = (unsigned)json_integer_value(json_object_get(event, "calls_up"));
    v->calls_ringing = (unsigned)json_integer_value(json_object_get(event, "calls_ringing"));
    v->cps_measured = json_number_value(json_object_get(event, "cps"));
    v->cps_now = json_number_value(json_object_get(event, "cps_now"));
    v->cps_cap = json_number_value(json_object_get(event, "cps_cap"));
    pthread_mutex_unlock(&h->all->lock);
}

static void follow(struct rehearsal *h, FILE *run, char *line)
{
    json_t *event;

    while ((event = read_event(run, line))) {
        const char *what = json_string_value(json_object_get(event, "event"));

        if (what && !strcmp(what, "imported"))
            open_store(h);
        else if (what && !strcmp(what, "progress"))
            take_progress(h, event);
        json_decref(event);
    }
}

/* The first line that a child wrote about what is wrong; "" when it wrote none. */
static void read_fault(struct rehearsal *h, const char *file, char *out, size_t size)
{
    char path[PATH_LEN + 32], *text;
    size_t len;

    out[0] = '\0';
    path_in(h, file, path);
    if (file_read(path, LINE_LEN, &text, &len, NULL))
        return;
    text[strcspn(text, "\n")] = '\0';
    snprintf(out, size, "%s", strncmp(text, "kolcast: ", 9) ? text : text + 9);
    free(text);
}

static void finish(struct rehearsal *h, bool well)
{
    char fault[sizeof(h->view.error)];

    read_fault(h, "run.err", fault, sizeof(fault));
    if (!fault[0])
        read_fault(h, "carrier.err", fault, sizeof(fault));
    pthread_mutex_lock(&h->all->lock);
    memset(&h->view.desk, 0, sizeof(h->view.desk));
    h->view.ended_ms = clock_wall_ms(h->all->clock);
    h->view.state = well || h->stop ? REHEARSAL_DONE : REHEARSAL_FAILED;
    if (h->view.state == REHEARSAL_FAILED)
        snprintf(h->view.error, sizeof(h->view.error), "%s",
                 fault[0] ? fault : "it ended without a word");
    pthread_mutex_unlock(&h->all->lock);
    if (h->view.state == REHEARSAL_FAILED)
        log_warn("a rehearsal failed", "campaign=%lld error=\"%s\"", (long long)h->campaign_id,
                 h->view.error);
}

static void *rehearsal_main(void *arg)
{
    struct rehearsal *h = arg;
    FILE *carrier = NULL, *run = NULL;
    char *line = malloc(LINE_LEN);
    unsigned port = line ? start_carrier(h, &carrier, line) : 0;
    bool well = false;

    pthread_setname_np(pthread_self(), "rehearsal");
    if (port)
        run = start_run(h, port);
    if (run) {
        follow(h, run, line);
        well = bury(h, &h->run);
        fclose(run);
    }
    pthread_mutex_lock(&h->all->lock);
    signal_child(h->carrier, SIGKILL);
    pthread_mutex_unlock(&h->all->lock);
    bury(h, &h->carrier);
    if (carrier)
        fclose(carrier);
    free(line);
    finish(h, well);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Of one that is over, or never began: forgets it. */
static void clear(struct rehearsal *h)
{
    if (h->threaded)
        pthread_join(h->thread, NULL);
    store_close(h->store);
    if (h->dir[0])
        file_remove_all(h->dir);
    *h = (struct rehearsal){.all = h->all};
}

/* Under the lock: a slot for it, cleared. */
static struct rehearsal *take_slot(struct rehearsals *r, int64_t campaign_id, struct error *err)
{
    struct rehearsal *h = find(r, campaign_id);

    for (int i = 0; !h && i < REHEARSALS_MAX; i++)
        if (!r->slots[i].campaign_id)
            h = &r->slots[i];
    for (int i = 0; !h && i < REHEARSALS_MAX; i++)
        if (is_over(&r->slots[i]))
            h = &r->slots[i];
    if (!h)
        error_set(err, -EBUSY, NULL, "wait until one ends, or stop one",
                  "%d rehearsals run already", REHEARSALS_MAX);
    else if (h->campaign_id == campaign_id && !is_over(h)) {
        error_set(err, -EALREADY, NULL, "watch it, or stop it first",
                  "it is being rehearsed already");
        h = NULL;
    }
    if (h)
        clear(h);
    return h;
}

/* Under the lock. */
static int begin(struct rehearsal *h, const struct campaign *c, struct error *err)
{
    char data[PATH_LEN + 32];
    int rc = rehearsal_write_files(h->dir, c, h->view.people, err);

    path_in(h, "data", data);
    if (!rc)
        rc = file_mkdirs(data, err);
    if (rc)
        return rc;
    rc = -pthread_create(&h->thread, NULL, rehearsal_main, h);
    h->threaded = rc == 0;
    return rc ? error_set(err, rc, NULL, NULL, "cannot start a thread: %s", strerror(-rc)) : 0;
}

int rehearsals_start(struct rehearsals *r, int64_t campaign_id, const struct campaign *c,
                     unsigned people, struct error *err)
{
    struct rehearsal *h;
    int rc;

    pthread_mutex_lock(&r->lock);
    h = take_slot(r, campaign_id, err);
    if (!h) {
        pthread_mutex_unlock(&r->lock);
        return err->code;
    }
    h->campaign_id = campaign_id;
    h->view = (struct rehearsal_view){
        .state = REHEARSAL_STARTING, .people = people, .started_ms = clock_wall_ms(r->clock)};
    snprintf(h->dir, sizeof(h->dir), "%.1100s/%lld", r->dir, (long long)campaign_id);
    rc = begin(h, c, err);
    if (rc)
        clear(h);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* Under the lock. There is nobody who would be hung up on. */
static void stop(struct rehearsal *h)
{
    h->stop = true;
    signal_child(h->run, SIGKILL);
    signal_child(h->carrier, SIGKILL);
}

int rehearsals_stop(struct rehearsals *r, int64_t campaign_id)
{
    struct rehearsal *h;

    pthread_mutex_lock(&r->lock);
    h = campaign_id > 0 ? find(r, campaign_id) : NULL;
    if (h && !is_over(h))
        stop(h);
    pthread_mutex_unlock(&r->lock);
    return h ? 0 : -ENOENT;
}

int rehearsals_read(struct rehearsals *r, int64_t campaign_id,
                    int (*fn)(void *arg, const struct rehearsal_view *v, struct store *s,
                              int64_t id),
                    void *arg)
{
    struct rehearsal *h;
    int rc = -ENOENT;

    pthread_mutex_lock(&r->lock);
    h = campaign_id > 0 ? find(r, campaign_id) : NULL;
    if (h)
        rc = fn(arg, &h->view, h->store, STORED_ID);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

int rehearsals_new(struct rehearsals **out, const struct rehearsals_config *config)
{
    struct rehearsals *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return -ENOMEM;
    snprintf(r->program, sizeof(r->program), "%s",
             config->program ? config->program : "/proc/self/exe");
    r->clock = config->clock;
    rc = snprintf(r->dir, sizeof(r->dir), "%s/rehearsals", config->data_dir) < PATH_LEN - 100
             ? file_remove_all(r->dir)
             : -ENAMETOOLONG;
    if (rc) {
        free(r);
        return rc;
    }
    pthread_mutex_init(&r->lock, NULL);
    for (int i = 0; i < REHEARSALS_MAX; i++)
        r->slots[i].all = r;
    *out = r;
    return 0;
}

void rehearsals_free(struct rehearsals *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < REHEARSALS_MAX; i++)
        if (r->slots[i].campaign_id && !is_over(&r->slots[i]))
            stop(&r->slots[i]);
    pthread_mutex_unlock(&r->lock);
    for (int i = 0; i < REHEARSALS_MAX; i++)
        clear(&r->slots[i]);
    file_remove_all(r->dir);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
