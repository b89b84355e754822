/* What Prometheus expects of every process, under the names it expects. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/metric_priv.h"

static int64_t cpu_us(void)
{
    struct rusage r;

    if (getrusage(RUSAGE_SELF, &r))
        return 0;
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000LL + r.ru_utime.tv_usec +
           r.ru_stime.tv_usec;
}

static int64_t open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int64_t n = -1; /* the folder's own descriptor */

    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n > 2 ? n - 2 : 0; /* . and .. */
}

/* Fields of /proc/self/stat after the name in brackets, which may hold anything: the third field of
 * proc(5) is the first here. Returns how many were read. */
static int read_stat(uint64_t *start_ticks, int64_t *rss_pages)
{
    char text[1024], *p = NULL;
    FILE *f = fopen("/proc/self/stat", "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = '\0';
    for (char *q = text; *q; q++)
        if (*q == ')')
            p = q + 1;
    if (!p)
        return 0;
    return sscanf(p,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d"
                  " %" SCNu64 " %*u %" SCNd64,
                  start_ticks, rss_pages);
}

/* The kernel counts from its boot. */
static int64_t started_ms(uint64_t ticks)
{
    struct timespec wall, boot;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (wall.tv_sec - boot.tv_sec) * 1000LL + (wall.tv_nsec - boot.tv_nsec) / 1000000 +
           (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

void metric_process(struct metric_page *page)
{
    uint64_t start;
    int64_t rss;
    struct rlimit files;

    metric_sample(page, METRIC_BUILD_INFO, KOLCAST_VERSION, NULL, 1);
    metric_sample(page, METRIC_PROCESS_CPU, NULL, NULL, cpu_us());
    metric_sample(page, METRIC_PROCESS_FDS, NULL, NULL, open_files());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        metric_sample(page, METRIC_PROCESS_FDS_MAX, NULL, NULL, (int64_t)files.rlim_cur);
    if (read_stat(&start, &rss) == 2) {
        metric_sample(page, METRIC_PROCESS_RSS, NULL, NULL, rss * sysconf(_SC_PAGESIZE));
        metric_sample(page, METRIC_PROCESS_START, NULL, NULL, started_ms(start));
    }
}
