/* Is the far side of a trunk on this machine? Then nobody real is behind it. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>

#include "line/line.h"

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static bool is_plain(const char *host)
{
    struct in6_addr any;

    return strcasecmp(host, "localhost") == 0 || inet_pton(AF_INET, host, &any) == 1 ||
           inet_pton(AF_INET6, host, &any) == 1;
}

bool line_trunk_is_loopback(const struct line_trunk_config *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    bool all = true;

    /* A name whose port DNS tells may lead anywhere, whatever its address is. */
    if (t->port == 0 && !is_plain(t->host))
        return false;
    if (getaddrinfo(t->host, NULL, &hints, &found))
        return false;
    for (struct addrinfo *a = found; a; a = a->ai_next)
        all = all && is_loopback(a->ai_addr);
    freeaddrinfo(found);
    return all;
}
