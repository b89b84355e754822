/* Audio from outside: becomes whole frames of both laws, or is refused with words. */
#include "media/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("prompt", 0);
    struct error err = {0};
    struct prompt *p;
    char path[40];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (prompt_load(path, &p, &err)) {
        if (!err.message[0] || !err.remedy[0])
            abort();
    } else {
        volatile uint8_t last;

        if (p->frames == 0 || prompt_ms(p) > (PROMPT_SECONDS_MAX + 1) * 1000U)
            abort();
        for (int law = 0; law < PROMPT_LAWS; law++)
            last = p->law[law][p->frames * PROMPT_FRAME - 1];
        (void)last;
        prompt_free(p);
    }
    close(fd);
    return 0;
}
