/* SDP from outside: what is taken can be answered, and the answer says what was agreed on. */
#include "media/sdp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(4000)};
    struct sdp_audio theirs, ours;
    size_t room = size * 2 + 400;
    char *text;
    int n;

    if (sdp_read((const char *)data, size, &theirs))
        return 0;
    text = malloc(room);
    if (!text)
        abort();
    local.sin_addr.s_addr = htonl(0x7f000001);
    n = sdp_answer(text, room, (const char *)data, size, &theirs, (struct sockaddr *)&local, 1, 2,
                   theirs.crypto.suite == SRTP_NONE ? NULL : &theirs.crypto);
    if (n < 0 || (size_t)n >= room || sdp_read(text, (size_t)n, &ours))
        abort();
    if (ours.law != theirs.law || ours.pt != theirs.pt || ours.te_pt != theirs.te_pt ||
        ours.rtcp_mux != theirs.rtcp_mux || ours.savp != theirs.savp ||
        ours.crypto.suite != theirs.crypto.suite || ours.crypto.tag != theirs.crypto.tag ||
        memcmp(ours.crypto.key, theirs.crypto.key, sizeof(ours.crypto.key)) != 0)
        abort();
    free(text);
    return 0;
}
