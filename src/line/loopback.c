/* Is the far side of a trunk on this machine? Then nobody real is behind it. */
#include <netdb.h>
#include <netinet/in.h>

#include "line/line.h"

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

bool line_trunk_is_loopback(const struct line_trunk_config *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    bool all = true;

    if (getaddrinfo(t->host, NULL, &hints, &found))
        return false;
    for (struct addrinfo *a = found; a; a = a->ai_next)
        all = all && is_loopback(a->ai_addr);
    freeaddrinfo(found);
    return all;
}
