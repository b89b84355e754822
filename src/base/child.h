/* Child processes whose output is read. They do not outlive the thread that started them. */
#pragma once

#include <sys/types.h>

/* Starts argv[0] (a path) with nothing of ours open but its output, which is to be read from the
 * descriptor that is returned, and its errors, appended to a file. It has the default signals and a
 * lower priority, and is killed when the calling thread ends. The caller waits for *pid.
 * A negative errno: it was not started; exit code 127: there is no such program. */
int child_start(const char *const *argv, const char *errors_path, pid_t *pid);
