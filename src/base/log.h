/* Structured log to standard error: `time=… level=info msg="…" key=value`. Thread safe. A failure
 * is logged once, at the edge that handles it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* fields: printf format of already written key=value pairs ("call=%s trunk=%s"), may be "". */
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *msg,
                                                     const char *fields, ...);

#define log_debug(...)                         \
    do {                                       \
        if (log_enabled(LOG_DEBUG))            \
            log_write(LOG_DEBUG, __VA_ARGS__); \
    } while (0)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

/* A line that may repeat is let through at most once per interval; what was held back is counted.
 */
struct log_limit {
    int64_t next_us;
    uint64_t held;
};
bool log_allow(struct log_limit *limit, int64_t interval_ms);

/* Where lines go instead of standard error (the progress display moves out of the way). */
void log_set_sink(void (*fn)(void *arg, const char *line), void *arg);
