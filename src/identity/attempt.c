/* Tries that are counted, and by whom: a browser that the user has signed in with before is counted
 * by itself; everybody else by account and by address. Accounts that do not exist are counted like
 * those that do. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "identity/identity_priv.h"

/* How passwords of an account are throttled by the settings. */
static struct throttle_policy account_policy(struct identity *id)
{
    struct identity_settings *s = identity_settings(id);
    struct throttle_policy p = s->lockout;

    identity_settings_unref(s);
    return p;
}

/* The key of an address: IPv6 by /64, which is what one customer has. */
static void address_key(const char *address, char *out, size_t size)
{
    struct in6_addr six;

    if (address && inet_pton(AF_INET6, address, &six) == 1) {
        if (!IN6_IS_ADDR_V4MAPPED(&six))
            memset(six.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &six, out, (socklen_t)size);
    } else {
        snprintf(out, size, "%.60s", address ? address : "");
    }
}

static void add(struct attempt *a, char kind, const char *what,
                const struct throttle_policy *policy, bool refund)
{
    snprintf(a->by[a->n].key, sizeof(a->by[a->n].key), "%c:%s", kind, what);
    a->by[a->n].policy = *policy;
    a->by[a->n++].refund = refund;
}

int attempt_who(struct identity *id, struct attempt *a, struct store *s, char kind,
                const char *email, int64_t user, const struct sign_in_from *from)
{
    struct throttle_policy policy = kind == 'c' ? throttle_code : account_policy(id);
    char hash[TOKEN_HASH_MAX], address[INET6_ADDRSTRLEN + 20];
    struct store_ticket device;
    int rc;

    memset(a, 0, sizeof(*a));
    if (user && from->device && token_formed(from->device, "kd_")) {
        token_hash(from->device, hash);
        rc = store_ticket_get(s, hash, "device", &device);
        if (rc && rc != -ENOENT)
            return rc;
        if (!rc && device.user == user) {
            add(a, kind == 'c' ? 'e' : 'd', hash, &policy, false);
            return 0;
        }
    }
    token_hash(email, hash); /* what people type by mistake is not kept */
    add(a, kind, hash, &policy, false);
    address_key(from->address, address, sizeof(address));
    add(a, 'a', address, &throttle_address, true);
    return 0;
}

void attempt_session(struct identity *id, struct attempt *a, int64_t session)
{
    struct throttle_policy policy = account_policy(id);
    char number[24];

    memset(a, 0, sizeof(*a));
    snprintf(number, sizeof(number), "%lld", (long long)session);
    add(a, 's', number, &policy, false);
}

void attempt_reset(struct attempt *a, const char *email, const char *address)
{
    char hash[TOKEN_HASH_MAX], key[INET6_ADDRSTRLEN + 20];

    memset(a, 0, sizeof(*a));
    token_hash(email, hash);
    add(a, 'r', hash, &throttle_reset, false);
    address_key(address, key, sizeof(key));
    add(a, 'b', key, &throttle_reset_address, false);
}

static int get(struct store *s, const char *key, struct store_throttle *t)
{
    int rc = store_throttle_get(s, key, t);

    if (rc == -ENOENT)
        memset(t, 0, sizeof(*t));
    return rc == -ENOENT ? 0 : rc;
}

int attempt_count(struct attempt *a, struct store *s, int64_t now_ms)
{
    struct store_throttle t[2];

    a->wait_ms = 0;
    for (int i = 0; i < a->n; i++) {
        int64_t wait;
        int rc = get(s, a->by[i].key, &t[i]);

        if (rc)
            return rc;
        wait = throttle_wait(&t[i], now_ms);
        a->wait_ms = wait > a->wait_ms ? wait : a->wait_ms;
    }
    for (int i = 0; i < a->n && a->wait_ms == 0; i++) {
        int rc;

        throttle_count(&t[i], &a->by[i].policy, now_ms);
        a->by[i].counted = t[i].count;
        rc = store_throttle_put(s, a->by[i].key, &t[i]);
        if (rc)
            return rc;
    }
    return 0;
}

static int refund(struct attempt *a, int i, struct store *s, int64_t now_ms)
{
    struct store_throttle t;
    int rc = get(s, a->by[i].key, &t);

    if (rc || t.count == 0)
        return rc;
    throttle_refund(&t, &a->by[i].policy, a->by[i].counted, now_ms);
    return store_throttle_put(s, a->by[i].key, &t);
}

int attempt_succeed(struct attempt *a, struct store *s, int64_t now_ms)
{
    int rc = 0;

    for (int i = 0; i < a->n && !rc; i++)
        rc = a->by[i].refund ? refund(a, i, s, now_ms) : store_throttle_drop(s, a->by[i].key);
    return rc;
}

int attempt_uncount(struct attempt *a, struct store *s, int64_t now_ms)
{
    int rc = 0;

    for (int i = 0; i < a->n && !rc; i++)
        rc = refund(a, i, s, now_ms);
    return rc;
}

int attempt_wait_error(const struct attempt *a, struct error *err)
{
    int64_t s = (a->wait_ms + 999) / 1000;

    return error_set(err, -EAGAIN, "sign-in", "wait, then try again; or have the password reset",
                     "too many tries: the next one is possible in %lld s", (long long)s);
}
