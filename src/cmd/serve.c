/* kolcast serve: the service. Opens the data folder, the store, identity, lines and the HTTP API,
 * in this order; ends them backwards. The main thread waits for signals: the first SIGINT or
 * SIGTERM lets calls finish, the second ends them, SIGHUP reads settings and certificates anew. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "campaign/runs.h"
#include "cmd/cmd.h"
#include "cmd/notify.h"
#include "cmd/privilege.h"
#include "cmd/ui.h"
#include "cmd/web.h"
#include "identity/account.h"
#include "media/pump.h"
#include "message/mail.h"
#include "store/work.h"

enum {
    EVENTS_KEPT = 65536,
    HTTP_GRACE_MS = 5000,
    LEAVE_LOOK_MS = 200,
    HANGS_S = 60, /* an event loop that has not turned for so long */
    TIDY_S = 3600,
    THROTTLES_KEPT = 100000,
};
#define ANSWERS_KEPT_MS INT64_C(86400000) /* as the contract says of Idempotency-Key */

static const struct option_def options[] = {
    {.name = "listen",
     .letter = 'l',
     .type = OPTION_STRING,
     .value = "ADDRESS:PORT",
     .fallback = "127.0.0.1:8080",
     .help = "Where to serve HTTP. Port 0: any free one. [::1]:8080 for IPv6."},
    {.name = "tls-cert",
     .type = OPTION_STRING,
     .value = "FILE",
     .help = "Certificate chain (PEM). A renewed one is used by itself."},
    {.name = "tls-key", .type = OPTION_STRING, .value = "FILE", .help = "Its private key (PEM)."},
    {.name = "trust-proxy",
     .type = OPTION_FLAG,
     .help = "Believe X-Forwarded-For and -Proto of a reverse proxy on this machine."},
    {.name = "cors",
     .type = OPTION_LIST,
     .value = "ORIGIN",
     .help = "Pages of this origin may use the API, besides our own."},
    {.name = "user",
     .type = OPTION_STRING,
     .value = "NAME",
     .help = "Started as root: listen, then become this user, which the data belong to."},
    {.name = "workers",
     .type = OPTION_INT,
     .value = "N",
     .min = 1,
     .max = 64,
     .fallback = "4",
     .help = "Threads that answer requests."},
    {.name = "webhooks-private",
     .type = OPTION_FLAG,
     .help = "Webhooks may go to addresses of this machine and its networks."},
    {.name = "otlp-endpoint",
     .type = OPTION_STRING,
     .value = "URL",
     .help = "Send traces to an OpenTelemetry collector, such as http://localhost:4318. The "
             "environment's OTEL_… are known, too."},
    {.name = "no-rate-limits", .type = OPTION_FLAG, .help = "For measurements."},
    {.name = "pace",
     .letter = 'p',
     .type = OPTION_REAL,
     .value = "N",
     .unit = "calls/s",
     .min = 0.01,
     .max = 10000,
     .help = "Calls started per second by all campaigns together, at most."},
    {.name = "max-calls",
     .letter = 'c',
     .type = OPTION_INT,
     .value = "N",
     .min = 1,
     .max = 20000,
     .fallback = "2000",
     .help = "Calls at once of all campaigns together, at most."},
    CMD_OPTIONS_LINES,
    {.name = "ignore-windows",
     .type = OPTION_FLAG,
     .help = "Campaigns call at any hour. Only while every trunk is on this machine: a rehearsal."},
    {.name = "grace",
     .type = OPTION_INT,
     .value = "SECONDS",
     .min = 0,
     .max = 3600,
     .fallback = "300",
     .help = "How long calls may last at the end before they are ended."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

struct service {
    const struct option_values *v;
    struct data data;
    struct store_writer *writer;
    struct bus *bus;
    struct tracer *tracer; /* NULL: no traces */
    struct mailer *mailer;
    struct identity *identity;
    struct host *host;
    struct runs *runs;
    struct rehearsals *rehearsals;
    struct monitor *monitor;
    struct webhooks *webhooks;
    struct api *api;
    struct http_server_config http;
    struct trace_settings traces;
    char address[64];
    char url[128];
    int signals;                     /* to stop, taken so far */
    int64_t watchdog_us, watched_us; /* how often the manager wants to hear of us; when it did */
};

/* ---- opening -------------------------------------------------------------------------------- */

/* "127.0.0.1:8080", "[::1]:8080". */
static int parse_listen(struct service *s, const char *text, struct error *err)
{
    static const char remedy[] = "write for example 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080";
    const char *colon = strrchr(text, ':'), *from = text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    char *end = NULL;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : -1;

    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        from++;
        len -= 2;
    }
    if (!end || *end || port < 0 || port > 65535 || len == 0 || len >= sizeof(s->address))
        return error_set(err, -EINVAL, "--listen", remedy, "\"%.60s\" is no address with a port",
                         text);
    snprintf(s->address, sizeof(s->address), "%.*s", (int)len, from);
    s->http.address = s->address;
    s->http.port = (uint16_t)port;
    return 0;
}

static int read_options(struct service *s, struct error *err)
{
    const struct option_values *v = s->v;
    const char *const *origins;
    int rc = parse_listen(s, option_string(v, "listen"), err);

    if (rc)
        return rc;
    s->http.listen_fd = notify_listen_fd();
    s->http.tls_cert = option_string(v, "tls-cert");
    s->http.tls_key = option_string(v, "tls-key");
    s->http.workers = (unsigned)option_int(v, "workers");
    s->http.trust_forwarded = option_flag(v, "trust-proxy");
    s->http.assets = web_assets;
    s->http.asset_count = web_asset_count;
    if (option_list(v, "cors", &origins) > 0)
        s->http.cors_origins = origins;
    if (!s->http.tls_cert != !s->http.tls_key)
        return error_set(err, -EINVAL, s->http.tls_cert ? "--tls-key" : "--tls-cert",
                         "give both, or none", "is missing");
    return trace_settings_read(option_string(v, "otlp-endpoint"), getenv, &s->traces, err);
}

/* What needs root comes first: the port. */
static int drop_power(struct service *s, struct error *err)
{
    int rc = 0;

    if (!option_string(s->v, "user"))
        return 0;
    if (!s->http.listen_fd)
        rc = http_listen(s->http.address, s->http.port, &s->http.listen_fd, err);
    return rc ? rc : privilege_drop(option_string(s->v, "user"), option_string(s->v, "data"), err);
}

static int open_host(struct service *s, struct error *err)
{
    const struct option_values *v = s->v;
    struct host_config config = {
        .exchange =
            {
                .store_url = s->data.db,
                .clock = &clock_system,
                .writer = s->writer,
                .driver = &line_sip,
                .bus = s->bus,
                .tracer = s->tracer,
                .cps_max = option_set(v, "pace") ? option_real(v, "pace") : 0,
                .line = {.lanes = (unsigned)option_int(v, "lanes"),
                         .calls_max = (unsigned)option_int(v, "max-calls"),
                         .no_uring = option_flag(v, "no-uring")},
            },
    };

    if (option_string(v, "dns"))
        snprintf(config.exchange.line.dns, sizeof(config.exchange.line.dns), "%s",
                 option_string(v, "dns"));
    if (option_string(v, "bind"))
        snprintf(config.exchange.line.bind, sizeof(config.exchange.line.bind), "%s",
                 option_string(v, "bind"));
    return host_new(&s->host, &config, err);
}

static int open_identity(struct service *s, struct error *err)
{
    struct identity_config config = {.clock = &clock_system, .writer = s->writer};
    int rc = mailer_new(&s->mailer, &clock_system, err);

    config.mailer = s->mailer;
    if (!rc)
        rc = identity_new(&s->identity, &config, err);
    return rc ? rc : identity_load(s->identity, s->data.store, err);
}

static int open_monitor(struct service *s, struct error *err)
{
    const struct monitor_config config = {.store_url = s->data.db,
                                          .clock = &clock_system,
                                          .writer = s->writer,
                                          .bus = s->bus,
                                          .data_dir = s->data.dir,
                                          .tls_cert = s->http.tls_cert,
                                          .mail = mailer_send,
                                          .mail_arg = s->mailer};
    int rc = monitor_new(&s->monitor, &config, err);

    return rc ? rc : monitor_source_add(s->monitor, host_watch, s->host);
}

static int open_webhooks(struct service *s, struct error *err)
{
    const struct webhooks_config config = {.store_url = s->data.db,
                                           .clock = &clock_system,
                                           .writer = s->writer,
                                           .bus = s->bus,
                                           .allow_private = option_flag(s->v, "webhooks-private")};

    return webhooks_new(&s->webhooks, &config, err);
}

static int open_api(struct service *s, struct error *err)
{
    const struct api_config config = {
        .data_dir = s->data.dir,
        .store_url = s->data.db,
        .clock = &clock_system,
        .writer = s->writer,
        .identity = s->identity,
        .host = s->host,
        .runs = s->runs,
        .rehearsals = s->rehearsals,
        .bus = s->bus,
        .monitor = s->monitor,
        .tracer = s->tracer,
        .webhooks = s->webhooks,
        .webhooks_private = option_flag(s->v, "webhooks-private"),
        .no_rates = option_flag(s->v, "no-rate-limits"),
        .http = &s->http,
    };
    int rc = api_new(&s->api, &config, err);

    return rc ? rc : api_start(s->api, err);
}

static int open_all(struct service *s, struct error *err)
{
    struct runs_config runs = {.store_url = s->data.db,
                               .data_dir = s->data.dir,
                               .clock = &clock_system,
                               .rehearsal = option_flag(s->v, "ignore-windows")};
    const struct rehearsals_config rehearsals = {.data_dir = s->data.dir, .clock = &clock_system};
    int rc = store_writer_new(&s->writer, s->data.db, &clock_system, err);

    if (!rc)
        rc = bus_new(&s->bus, &clock_system, EVENTS_KEPT);
    if (!rc)
        rc = tracer_new(&s->tracer, &s->traces, &clock_system, err);
    if (!rc)
        rc = open_identity(s, err);
    if (!rc)
        rc = open_host(s, err);
    runs.writer = s->writer;
    runs.tracer = s->tracer;
    runs.host = s->host;
    runs.bus = s->bus;
    if (!rc)
        rc = runs_new(&s->runs, &runs, err);
    if (!rc)
        rc = rehearsals_new(&s->rehearsals, &rehearsals);
    if (!rc)
        rc = open_monitor(s, err);
    if (!rc)
        rc = open_webhooks(s, err);
    if (!rc)
        rc = open_api(s, err);
    return rc ? rc : runs_begin(s->runs, err);
}

/* ---- telling -------------------------------------------------------------------------------- */

static void make_url(struct service *s)
{
    bool v6 = strchr(s->address, ':') != NULL;

    snprintf(s->url, sizeof(s->url), "%s://%s%s%s:%u", s->http.tls_cert ? "https" : "http",
             v6 ? "[" : "", s->address, v6 ? "]" : "", api_port(s->api));
}

/* Who has no administrator yet gets a link that makes one, good for a day. */
static void tell_ready(struct service *s)
{
    char link[ACCOUNT_LINK_MAX] = "";
    const char *token;
    bool needed = false;

    make_url(s);
    if (account_setup_needed(s->data.store, &needed) == 0 && needed &&
        account_setup_link(s->identity, s->data.store, link, NULL))
        link[0] = '\0';
    token = strchr(link, '#');
    if (ui.json) {
        ui_json(json_pack("{s:s, s:s, s:s, s:i, s:s?}", "event", "ready", "url", s->url, "address",
                          s->address, "port", (int)api_port(s->api), "setup_token",
                          token ? token + 1 : NULL));
    } else {
        printf("Kolcast %s: %s%s%s (API: %s/api/docs)\n", KOLCAST_VERSION, ui_out(UI_BOLD), s->url,
               ui_out(UI_PLAIN), s->url);
        if (!web_asset_count)
            printf("This build has the API only; \"make build\" makes the web application, too.\n");
        if (token && !web_asset_count)
            printf("There is no administrator yet. Make one within a day: POST /api/setup with the "
                   "token\n  %s%s%s\nor: kolcast user add EMAIL --role Administrator --data %s\n",
                   ui_out(UI_BOLD), token + 1, ui_out(UI_PLAIN), s->data.dir);
        else if (token)
            printf("There is no administrator yet. Open this link within a day to set it up:\n"
                   "  %s%s%s%s\n",
                   ui_out(UI_BOLD), link[0] == '/' ? s->url : "", link, ui_out(UI_PLAIN));
    }
    fflush(stdout);
    notify_manager("READY=1");
}

/* ---- running -------------------------------------------------------------------------------- */

static const sigset_t *signals(void)
{
    static sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return &set;
}

static void reload(struct service *s)
{
    struct error err = {0};
    char state[64];

    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)clock_mono_us(&clock_system));
    notify_manager(state);
    http_server_reload_tls(api_http(s->api));
    if (identity_load(s->identity, s->data.store, &err))
        log_error("the settings of sign-in cannot be used; the old ones hold", "error=\"%s\"",
                  err.message);
    monitor_reload(s->monitor);
    log_info("settings and certificates were read anew", "");
    notify_manager("READY=1");
}

/* Tells the manager that we live, as long as it is so: the monitor goes its rounds, and the loop
 * that everybody speaks to turns. */
static void watchdog(struct service *s)
{
    int64_t now = clock_mono_us(&clock_system);
    struct http_server_stats stats;

    if (!s->watchdog_us || !s->api || now - s->watched_us < s->watchdog_us / 3)
        return;
    http_server_stats(api_http(s->api), &stats);
    if (!monitor_live(s->monitor) || now - stats.turned_us > HANGS_S * INT64_C(1000000))
        return;
    s->watched_us = now;
    notify_manager("WATCHDOG=1");
}

struct tidy_job {
    struct store_job job;
    int64_t before_ms;
};

static int run_tidy(struct store_job *job, struct store *s)
{
    int rc = store_answer_tidy(s, ((struct tidy_job *)job)->before_ms);

    return rc ? rc : store_identity_tidy(s, THROTTLES_KEPT);
}

static void tidy(struct service *s)
{
    struct tidy_job j = {.job = {.run = run_tidy},
                         .before_ms = clock_wall_ms(&clock_system) - ANSWERS_KEPT_MS};

    if (store_writer_do(s->writer, &j.job))
        log_warn("old sessions and answers could not be removed", "");
}

static void serve(struct service *s)
{
    int64_t pause_us = s->watchdog_us ? s->watchdog_us / 4 : TIDY_S * INT64_C(1000000);
    int64_t tidied_us = clock_mono_us(&clock_system);
    const struct timespec pause = {.tv_sec = pause_us / 1000000,
                                   .tv_nsec = pause_us % 1000000 * 1000};

    while (s->signals == 0) {
        int sig = sigtimedwait(signals(), NULL, &pause);

        if (sig == SIGHUP)
            reload(s);
        else if (sig > 0)
            s->signals++;
        if (clock_mono_us(&clock_system) - tidied_us >= TIDY_S * INT64_C(1000000)) {
            tidied_us = clock_mono_us(&clock_system);
            tidy(s);
        }
        watchdog(s);
    }
}

/* ---- ending --------------------------------------------------------------------------------- */

/* Calls finish, as long as the grace lasts and nobody asks again. */
static void leave_calls(struct service *s)
{
    int64_t until = clock_mono_us(&clock_system) + option_int(s->v, "grace") * 1000000;
    const struct timespec none = {0};
    bool told = false;

    while (!host_leave(s->host, LEAVE_LOOK_MS)) {
        int sig = sigtimedwait(signals(), NULL, &none);

        watchdog(s);
        if (!told)
            ui_note("Letting the calls finish. Ctrl-C again ends them.");
        told = true;
        if (sig == SIGINT || sig == SIGTERM || clock_mono_us(&clock_system) >= until)
            break;
    }
}

static void close_all(struct service *s)
{
    if (s->monitor)
        monitor_stopping(s->monitor);
    if (s->runs)
        runs_end(s->runs);
    if (s->host)
        leave_calls(s);
    if (s->monitor)
        monitor_source_remove(s->monitor, host_watch, s->host);
    host_free(s->host);
    if (s->api)
        api_stop(s->api, HTTP_GRACE_MS);
    api_free(s->api);
    rehearsals_free(s->rehearsals);
    webhooks_free(s->webhooks);
    monitor_free(s->monitor);
    runs_free(s->runs);
    identity_free(s->identity);
    mailer_free(s->mailer);
    store_writer_free(s->writer);
    bus_free(s->bus);
    tracer_free(s->tracer);
    data_close(&s->data);
}

static int run(struct option_values *v)
{
    struct service s = {.v = v, .data = {.lock_fd = -1}, .watchdog_us = notify_watchdog_us()};
    struct error err = {0};
    int rc, code;

    if (read_options(&s, &err) || drop_power(&s, &err))
        return cmd_fail(&err);
    code = data_open(&s.data, v, DATA_LOCK, "serve");
    if (code)
        return code;
    if (geteuid() == 0)
        log_warn("the service runs as root, which it does not need", "remedy=\"--user NAME\"");
    pthread_sigmask(SIG_BLOCK, signals(), NULL);
    pump_raise_file_limit(); /* readers and uploads need descriptors before any call does */
    rc = open_all(&s, &err);
    if (!rc) {
        tell_ready(&s);
        serve(&s);
        notify_manager("STOPPING=1");
    } else if (!err.code) {
        error_set(&err, rc, NULL, NULL, "cannot start: %s", strerror(-rc));
    }
    close_all(&s);
    return rc ? cmd_fail(&err) : CMD_DONE;
}

const struct option_command cmd_serve = {
    .name = "serve",
    .usage = "",
    .summary = "the service: HTTP API, accounts, live events, campaigns side by side",
    .text =
        "Serves the HTTP API (see ADDRESS/api/docs) and runs the campaigns that are started "
        "through it, by the same rules as kolcast run. The first time it prints a link that makes "
        "the first administrator; there is no default password.\n\n"
        "SIGTERM or Ctrl-C: no call starts any more, calls that are up finish (see --grace), and "
        "campaigns go on when the service starts again. A second one ends the calls. SIGHUP reads "
        "settings and certificates anew.\n\n"
        "Under systemd it tells when it is ready, reloads, stops and lives (Type=notify, "
        "WatchdogSec); "
        "deploy/systemd has a unit.\n\n"
        "On a public address, put a reverse proxy in front or give --tls-cert and --tls-key.\n\n"
        "Examples:\n"
        "  kolcast serve -d /var/lib/kolcast\n"
        "  kolcast serve --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem",
    .options = options,
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
