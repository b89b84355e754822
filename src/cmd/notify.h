/* Telling the service manager how things are (sd_notify(3)): a datagram to $NOTIFY_SOCKET. */
#pragma once

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=…", several on lines of their own. Nothing without a manager. */
void notify_manager(const char *state);
/* The manager wants to hear "WATCHDOG=1" at least this often (sd_watchdog_enabled(3)), in
 * microseconds; 0: it does not. */
int64_t notify_watchdog_us(void);
/* The socket that the manager has bound for us (sd_listen_fds(3)); 0: none. */
int notify_listen_fd(void);
