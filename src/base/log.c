#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE = 1024 };

static _Atomic int threshold = LOG_INFO;
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink)(void *arg, const char *line);
static void *sink_arg;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&threshold, memory_order_relaxed);
}

void log_set_sink(void (*fn)(void *arg, const char *line), void *arg)
{
    pthread_mutex_lock(&sink_lock);
    sink = fn;
    sink_arg = arg;
    pthread_mutex_unlock(&sink_lock);
}

/* A value from outside must not forge a line of its own. */
static void tame(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < ' ' || *line == 0x7f)
            *line = ' ';
}

void log_write(enum log_level level, const char *msg, const char *fields, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LINE], when[32];
    va_list ap;
    int n;

    if (!log_enabled(level))
        return;
    clock_format_iso(clock_wall_ms(&clock_system), when, sizeof(when));
    n = snprintf(line, sizeof(line), "time=%s level=%s msg=\"%s\"%s", when, names[level], msg,
                 fields[0] ? " " : "");
    if (n > 0 && (size_t)n < sizeof(line)) {
        va_start(ap, fields);
        vsnprintf(line + n, sizeof(line) - (size_t)n, fields, ap);
        va_end(ap);
    }
    tame(line);
    pthread_mutex_lock(&sink_lock);
    if (sink)
        sink(sink_arg, line);
    else
        dprintf(STDERR_FILENO, "%s\n", line);
    pthread_mutex_unlock(&sink_lock);
}

bool log_allow(struct log_limit *limit, int64_t interval_ms)
{
    int64_t now = clock_mono_us(&clock_system);

    if (now < limit->next_us) {
        limit->held++;
        return false;
    }
    limit->next_us = now + interval_ms * 1000;
    return true;
}
