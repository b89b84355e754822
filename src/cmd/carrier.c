/* kolcast carrier: the simulated carrier, on a port, until it is told to stop. Also what
 * `kolcast check` says of a population file. One thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/json.h"
#include "base/loop.h"
#include "cmd/checking.h"
#include "cmd/cmd.h"
#include "cmd/ui.h"
#include "line/carrier/carrier.h"
#include "line/line.h"

enum { TICK_MS = 250, FAREWELL_MS = 3000 };

static const struct option_def options[] = {
    {.name = "listen",
     .letter = 'l',
     .type = OPTION_STRING,
     .value = "ADDRESS:PORT",
     .fallback = "127.0.0.1:5060",
     .help = "Where calls come in (UDP and TCP). Port 0: any free one, told in the first line."},
    {.name = "tls-listen",
     .type = OPTION_STRING,
     .value = "ADDRESS:PORT",
     .fallback = "127.0.0.1:5061",
     .help = "Where calls come in by TLS, when --tls-cert is given."},
    {.name = "tls-cert",
     .type = OPTION_STRING,
     .value = "FILE",
     .help = "Take calls by TLS too, with this certificate (PEM, with its chain)."},
    {.name = "tls-key",
     .type = OPTION_STRING,
     .value = "FILE",
     .help = "The certificate's key (PEM), if it is not in the same file."},
    {.name = "seed",
     .letter = 's',
     .type = OPTION_INT,
     .value = "N",
     .min = 0,
     .max = 9007199254740992.0,
     .help = "Another crowd: persons behave otherwise, in the same shares."},
    {.name = "calls",
     .letter = 'c',
     .type = OPTION_INT,
     .value = "N",
     .min = 1,
     .max = 20000,
     .fallback = "4000",
     .help = "Calls at once; more are refused with 503."},
    {.name = "hear",
     .type = OPTION_REAL,
     .value = "SHARE",
     .min = 0,
     .max = 1,
     .fallback = "0.02",
     .help = "Share of numbers whose audio is listened to and measured; costs processor time."},
    {.name = "save-power",
     .type = OPTION_FLAG,
     .help = "Persons who say nothing send no packets, instead of silence as telephones do."},
    {.name = "log",
     .type = OPTION_STRING,
     .value = "FILE",
     .help = "Append a JSON line as each call comes and as it ends."},
    {.name = "srtp",
     .type = OPTION_STRING,
     .value = "POLICY",
     .fallback = "optional",
     .help = "Encrypted audio (SRTP): off, optional (as the caller offers it) or required."},
    {.name = "no-uring", .type = OPTION_FLAG, .help = "Send audio without io_uring."},
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

/* ---- the population ------------------------------------------------------------------------- */

static void print_group(const struct population *p, int group)
{
    printf("  %s\n", population_group_name(p, group));
    for (int b = 0; b < BEHAVIOUR_COUNT; b++) {
        double share = population_share(p, group, (enum behaviour)b);

        if (share > 0)
            printf("    %-12s %5.1f %%  %s\n", behaviour_name((enum behaviour)b), share * 100,
                   ui_bar(share, 20));
    }
}

int checking_population(const char *path, const json_t *root)
{
    struct population *p;
    struct error err = {0};

    if (population_load(root, path, &p, &err))
        return cmd_fail(&err);
    if (ui.json) {
        ui_json(json_pack("{s:b,s:s,s:i}", "ok", 1, "kind", "population", "groups",
                          population_group_count(p)));
    } else {
        printf("%s%s is right%s: a population for kolcast carrier\n", ui_out(UI_GOOD), path,
               ui_out(UI_PLAIN));
        for (int i = -1; i < population_group_count(p); i++)
            print_group(p, i);
    }
    population_free(p);
    return CMD_DONE;
}

static int load(const struct option_values *v, struct population **out)
{
    const char *const *args;
    struct error err = {0};
    json_t *root;
    int rc;

    if (option_args(v, &args) == 0) {
        rc = population_default(out);
    } else {
        rc = json_load_path(args[0], &root, &err);
        if (!rc) {
            rc = population_load(root, args[0], out, &err);
            json_decref(root);
        }
    }
    if (rc)
        return cmd_fail(&err);
    if (option_set(v, "seed"))
        population_seed(*out, (uint64_t)option_int(v, "seed"));
    return CMD_DONE;
}

/* "127.0.0.1:5060", "[::1]:5060". Numeric only. */
static int parse_address(const char *text, struct sockaddr_storage *out)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *colon = strrchr(text, ':');
    struct addrinfo *found;
    char host[64];
    size_t len = colon ? (size_t)(colon - text) : 0;

    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(host) || strlen(colon + 1) > 5 || atoi(colon + 1) > 65535)
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found))
        return -EINVAL;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

/* ---- running -------------------------------------------------------------------------------- */

struct show {
    struct loop *loop;
    struct carrier *carrier;
    struct loop_fd signals;
    struct timer tick;
    struct ui_progress progress;
    int64_t ending_us; /* asked to stop at; 0: not yet */
};

static void on_signal(struct loop_fd *w, uint32_t events)
{
    struct show *s = container_of(w, struct show, signals);
    struct signalfd_siginfo info;

    (void)events;
    if (read(w->fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (s->ending_us) {
        loop_stop(s->loop);
        return;
    }
    s->ending_us = loop_now_us(s->loop);
    carrier_hangup_all(s->carrier);
    if (carrier_calls(s->carrier) == 0)
        loop_stop(s->loop);
}

static void on_tick(struct timer *t)
{
    struct show *s = container_of(t, struct show, tick);
    const struct figures *f = carrier_figures(s->carrier);
    char line[256];

    timer_start(loop_wheel(s->loop), t, TICK_MS);
    if (s->ending_us && (carrier_calls(s->carrier) == 0 ||
                         loop_now_us(s->loop) - s->ending_us > FAREWELL_MS * 1000LL)) {
        loop_stop(s->loop);
        return;
    }
    if (ui.json || !ui.live || !ui_progress_due(&s->progress))
        return;
    snprintf(line, sizeof(line), "%s calls up, %s talking, %s/s · %s calls, %s answered",
             ui_count(f->calls_up), ui_count(f->talking), ui_count(carrier_rate(s->carrier)),
             ui_count((int64_t)f->calls), ui_count((int64_t)f->answered));
    ui_progress_line(&s->progress, line);
}

static void name_address(const struct sockaddr_storage *at, char host[NI_MAXHOST], int *port)
{
    char service[NI_MAXSERV];

    getnameinfo((const struct sockaddr *)at, sizeof(*at), host, NI_MAXHOST, service,
                sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM);
    *port = atoi(service);
}

static void say_listening(const struct carrier *c, bool tls)
{
    struct sockaddr_storage at, tls_at;
    char host[NI_MAXHOST], tls_host[NI_MAXHOST] = "";
    int port, tls_port = 0;

    carrier_local(c, &at);
    name_address(&at, host, &port);
    carrier_local_tls(c, &tls_at);
    if (tls)
        name_address(&tls_at, tls_host, &tls_port);
    if (ui.json) {
        json_t *line =
            json_pack("{s:s,s:s,s:i}", "event", "listening", "address", host, "port", port);

        if (tls) {
            ui_json_set(line, "tls_address", json_string(tls_host));
            ui_json_set(line, "tls_port", json_integer(tls_port));
        }
        ui_json(line);
    } else {
        printf(strchr(host, ':') ? "Taking calls at [%s]:%d" : "Taking calls at %s:%d", host, port);
        if (tls)
            printf(strchr(tls_host, ':') ? ", by TLS at [%s]:%d" : ", by TLS at %s:%d", tls_host,
                   tls_port);
        puts("");
    }
    fflush(stdout); /* who started us waits for it */
}

static void print_spread(const char *what, const struct spread *s, const char *unless)
{
    if (s->count == 0)
        printf("  %-28s %s\n", what, unless);
    else
        printf("  %-28s p50 %.1f ms, p99 %.1f ms, worst %.1f ms\n", what,
               (double)spread_at(s, 0.5) / 1000, (double)spread_at(s, 0.99) / 1000,
               (double)s->max_us / 1000);
}

static void print_figures(const struct figures *f)
{
    printf("%s calls, at most %s at once (%s talking) and %s in one second\n",
           ui_count((int64_t)f->calls), ui_count(f->calls_max), ui_count(f->talking_max),
           ui_count(f->rate.max));
    for (int b = 0; b < BEHAVIOUR_COUNT; b++)
        if (f->behaviour[b])
            printf("  %-28s %s\n", behaviour_name((enum behaviour)b),
                   ui_count((int64_t)f->behaviour[b]));
    if (f->refused_limit + f->refused_storm + f->refused_offer + f->refused_closing)
        printf("  %-28s %s beyond the limits, %s in storms, %s without a usable offer, %s while "
               "ending\n",
               "refused", ui_count((int64_t)f->refused_limit), ui_count((int64_t)f->refused_storm),
               ui_count((int64_t)f->refused_offer), ui_count((int64_t)f->refused_closing));
    if (f->lost_calls + f->no_audio + f->gaps)
        printf("  %-28s %s calls lost, %s answered and heard nothing, %s gaps in audio\n",
               "trouble", ui_count((int64_t)f->lost_calls), ui_count((int64_t)f->no_audio),
               ui_count((int64_t)f->gaps));
    printf("  %-28s %s sent, %s received, %s lost\n", "packets", ui_count((int64_t)f->rtp_sent),
           ui_count((int64_t)f->rtp_received), ui_count((int64_t)f->rtp_lost));
    print_spread("packet spacing, off by", &f->spacing, "not listened to (--hear)");
    print_spread("answer to first audio", &f->answer_audio, "nobody answered");
    print_spread("key to new audio", &f->key_audio, "not listened to, or none that is a tone");
}

static void report(const struct carrier *c)
{
    struct rusage u;
    json_t *o;

    if (!ui.json) {
        print_figures(carrier_figures(c));
        return;
    }
    o = figures_json(carrier_figures(c));
    getrusage(RUSAGE_SELF, &u);
    ui_json_set(o, "event", json_string("ended"));
    ui_json_set(o, "cpu_s",
                json_real((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
                          (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6));
    ui_json_set(o, "rss_kb", json_integer(u.ru_maxrss));
    ui_json(o);
}

static int serve(struct show *s, const struct carrier_config *config)
{
    struct error err = {0};
    sigset_t set;
    int rc;

    rc = carrier_open(&s->carrier, config, &err);
    if (rc)
        return cmd_fail(&err);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = (struct loop_fd){.fd = signalfd(-1, &set, SFD_CLOEXEC), .fn = on_signal};
    s->tick.fn = on_tick;
    rc = s->signals.fd < 0 ? -errno : loop_fd_add(s->loop, &s->signals, EPOLLIN);
    if (rc)
        return cmd_error(rc, "signals", NULL, "cannot watch: %s", strerror(-rc));
    timer_start(loop_wheel(s->loop), &s->tick, TICK_MS);
    say_listening(s->carrier, config->tls_cert != NULL);
    rc = loop_run(s->loop);
    timer_stop(&s->tick);
    loop_fd_del(&s->signals);
    close(s->signals.fd);
    ui_progress_end(&s->progress);
    report(s->carrier);
    return rc ? CMD_FAILED : CMD_DONE;
}

static int run_with(struct option_values *v, const struct population *p)
{
    struct carrier_config config = {
        .population = p,
        .calls_max = (unsigned)option_int(v, "calls"),
        .listen = option_real(v, "hear"),
        .quiet = option_flag(v, "save-power"),
        .no_uring = option_flag(v, "no-uring"),
        .tls_cert = option_string(v, "tls-cert"),
        .tls_key =
            option_set(v, "tls-key") ? option_string(v, "tls-key") : option_string(v, "tls-cert"),
    };
    const char *log = option_string(v, "log");
    enum line_srtp srtp = LINE_SRTP_OPTIONAL;
    struct show show = {0};
    int rc = loop_new(&show.loop, &clock_system);

    if (rc)
        return cmd_error(rc, "carrier", NULL, "cannot make a loop: %s", strerror(-rc));
    config.loop = show.loop;
    if (parse_address(option_string(v, "listen"), &config.local)) {
        rc = cmd_error(-EINVAL, "--listen", "such as 127.0.0.1:5060",
                       "%s is not a numeric address with a port", option_string(v, "listen"));
    } else if (parse_address(option_string(v, "tls-listen"), &config.tls_local)) {
        rc = cmd_error(-EINVAL, "--tls-listen", "such as 127.0.0.1:5061",
                       "%s is not a numeric address with a port", option_string(v, "tls-listen"));
    } else if (line_srtp_parse(option_string(v, "srtp"), &srtp)) {
        rc = cmd_error(-EINVAL, "--srtp", "it is off, optional or required",
                       "there is no policy \"%s\"", option_string(v, "srtp"));
    } else if (option_set(v, "tls-key") && !config.tls_cert) {
        rc =
            cmd_error(-EINVAL, "--tls-key", "give --tls-cert too", "a key without its certificate");
    } else if (log && !(config.log = fopen(log, "ae"))) {
        rc = cmd_error(-errno, log, "check the folder and its permissions",
                       "cannot write the log: %s", strerror(errno));
    } else {
        config.srtp_never = srtp == LINE_SRTP_OFF;
        config.srtp_always = srtp == LINE_SRTP_REQUIRED;
        rc = serve(&show, &config);
    }
    carrier_close(show.carrier);
    if (config.log)
        fclose(config.log);
    loop_free(show.loop);
    return rc;
}

static int run(struct option_values *v)
{
    struct population *p;
    int rc = load(v, &p);

    if (rc)
        return rc;
    rc = run_with(v, p);
    population_free(p);
    return rc;
}

const struct option_command cmd_carrier = {
    .name = "carrier",
    .usage = "[POPULATION.json]",
    .summary = "be a telephone network to rehearse on: answers, rejects, presses keys",
    .text =
        "Takes every call that comes over SIP and acts the person behind the number: answers and "
        "listens, presses keys, hangs up, rings out, is busy, is a machine, is a broken line. "
        "Nobody real is called. What each number does follows from the seed and the number, so a "
        "rehearsal can be repeated.\n\n"
        "POPULATION.json says in which shares people behave (schema/population.schema.json, "
        "examples/population.json; kolcast check reads it). Without it about half the people "
        "answer.\n\n"
        "It measures the caller too: calls at once and in any second, distance of audio packets, "
        "time from answer to first audio. Ctrl-C ends the calls and prints the figures.\n\n"
        "Examples:\n"
        "  kolcast carrier examples/population.json\n"
        "  kolcast run campaign.json people.xlsx --trunk sip:127.0.0.1:5060 --ignore-windows",
    .options = options,
    .max_args = 1,
    .run = run,
};
