/* P2: what the cache of authenticated tokens serves equals what the store holds, after every
 * operation, by whichever process: two identities (a service with its writer, a command with a
 * connection of its own) do random things; after each, every token ever given out is asked for at
 * the service, and held against a look into the store that no cache stands before. */
#include "identity_fixture.h"
#include "prop.h"

#include "base/metric.h"

enum { STEPS = 120, TOKENS_MAX = 160, USERS = 4 };

struct world {
    struct identity_fixture f; /* the service */
    struct identity *other;    /* the command */
    struct store *other_store, *judge;
    int64_t users[USERS];
    char tokens[TOKENS_MAX][IDENTITY_TOKEN_MAX];
    char refresh[TOKENS_MAX][IDENTITY_TOKEN_MAX]; /* "" for keys */
    int64_t session[TOKENS_MAX], key[TOKENS_MAX];
    int count;
    int64_t good, bad; /* answers seen */
};

static const char *const emails[USERS] = {"a@example.org", "b@example.org", "c@example.org",
                                          "d@example.org"};

/* Who does it: the service, or the command beside it. */
static struct identity *actor(struct world *w, struct rng *r, struct store **s)
{
    bool other = rng_below(r, 2);

    *s = other ? w->other_store : w->f.store;
    return other ? w->other : w->f.id;
}

static void keep(struct world *w, const char *token, const char *refresh, int64_t session,
                 int64_t key)
{
    int i = w->count < TOKENS_MAX ? w->count++ : TOKENS_MAX - 1;

    snprintf(w->tokens[i], sizeof(w->tokens[i]), "%s", token);
    snprintf(w->refresh[i], sizeof(w->refresh[i]), "%s", refresh);
    w->session[i] = session;
    w->key[i] = key;
}

static void sign_in(struct world *w, struct rng *r)
{
    struct sign_in in = {.email = emails[rng_below(r, USERS)], .password = GOOD_PASSWORD};
    struct sign_in_answer a;
    struct store *s;
    struct identity *id = actor(w, r, &s);

    if (identity_sign_in(id, s, &in, &a, NULL) == 0)
        keep(w, a.tokens.access, a.tokens.refresh, a.tokens.session, 0);
}

static void make_key(struct world *w, struct rng *r)
{
    struct store_key k = {
        .user = w->users[rng_below(r, USERS)], .name = "k", .scopes = 1 + rng_below(r, SCOPE_ALL)};
    char key[IDENTITY_TOKEN_MAX];
    struct store *s;
    struct identity *id = actor(w, r, &s);
    int64_t key_id;

    if (rng_below(r, 2))
        k.expires_ms = clock_wall_ms(&w->f.clock.clock) + 1 + (int64_t)rng_below(r, 7200000);
    if (account_key_add(id, s, "test", &k, key, &key_id, NULL) == 0)
        keep(w, key, "", 0, key_id);
}

static void change_user(struct world *w, struct rng *r)
{
    struct store_user u;
    struct store *s;
    struct identity *id = actor(w, r, &s);
    int i = (int)rng_below(r, USERS);

    if (store_user_get(s, w->users[i], &u))
        return;
    u.role = (enum role)(1 + rng_below(r, 3));
    u.disabled = rng_below(r, 3) == 0;
    snprintf(u.name, sizeof(u.name), "name %d", (int)rng_below(r, 100));
    account_update(id, s, "test", &u, 0, NULL);
}

/* Gone and made again: ids may come back, rights may not. */
static void remake_user(struct world *w, struct rng *r)
{
    struct account_new a = {.role = ROLE_ANALYST, .password = GOOD_PASSWORD};
    struct store *s;
    struct identity *id = actor(w, r, &s);
    int i = (int)rng_below(r, USERS);

    a.email = emails[i];
    if (account_remove(id, s, "test", w->users[i], NULL) == 0)
        account_add(id, s, "test", &a, &w->users[i], NULL);
}

static void end_something(struct world *w, struct rng *r)
{
    struct store *s;
    struct identity *id = actor(w, r, &s);
    int i = w->count ? (int)rng_below(r, (uint64_t)w->count) : 0;

    if (w->count == 0)
        return;
    switch (rng_below(r, 4)) {
    case 0:
        if (w->key[i])
            account_key_revoke(id, s, "test", 0, w->key[i], NULL);
        else
            identity_session_revoke(id, s, "test", 0, w->session[i]);
        break;
    case 1:
        identity_sign_out(id, s, w->tokens[i]);
        break;
    case 2:
        identity_sessions_revoke(id, s, "test", w->users[rng_below(r, USERS)], 0, NULL);
        break;
    default:
        account_password_set(id, s, "test", w->users[rng_below(r, USERS)], GOOD_PASSWORD, NULL);
    }
}

static void refresh(struct world *w, struct rng *r)
{
    int i = w->count ? (int)rng_below(r, (uint64_t)w->count) : 0;
    struct session_tokens t;
    struct store *s;
    struct identity *id = actor(w, r, &s);

    if (w->count && w->refresh[i][0] && identity_refresh(id, s, w->refresh[i], &t) == 0)
        keep(w, t.access, t.refresh, t.session, 0);
}

/* judge has looked up nothing yet: its cache is empty. */
static const char *compare(struct world *w, struct identity *judge, int i)
{
    struct principal cached, held;
    int a = identity_authenticate(w->f.id, w->f.store, w->tokens[i], &cached);
    int b = identity_authenticate(judge, w->judge, w->tokens[i], &held);

    if (a != b)
        return a ? "the cache refuses what the store holds" : "the cache serves what is no more";
    if (a)
        w->bad++;
    else
        w->good++;
    if (!a && (cached.user != held.user || cached.role != held.role ||
               cached.scopes != held.scopes || cached.session != held.session ||
               cached.key != held.key || strcmp(cached.who, held.who) != 0 ||
               strcmp(cached.name, held.name) != 0 || strcmp(cached.csrf, held.csrf) != 0))
        return "the cache serves other rights than the store holds";
    return NULL;
}

static const char *compare_all(struct world *w)
{
    struct identity_config config = identity_fixture_config(&w->f);
    struct identity *judge;
    const char *fault = NULL;

    config.writer = NULL;
    if (identity_new(&judge, &config, NULL))
        return "no identity to compare with";
    for (int i = 0; i < w->count && !fault; i++)
        fault = compare(w, judge, i);
    identity_free(judge);
    return fault;
}

static const char *step(struct world *w, struct rng *r)
{
    static void (*const things[])(struct world *, struct rng *) = {
        sign_in, sign_in, sign_in, make_key, change_user, remake_user, end_something, refresh};

    things[rng_below(r, sizeof(things) / sizeof(things[0]))](w, r);
    if (rng_below(r, 4) == 0)
        identity_fixture_wait(&w->f, (int64_t)rng_below(r, 1800000));
    return compare_all(w);
}

static int open_world(struct world *w)
{
    struct identity_config config;
    int rc = identity_fixture_open(&w->f, true, NULL, NULL);

    config = identity_fixture_config(&w->f);
    config.writer = NULL;
    if (!rc)
        rc = identity_new(&w->other, &config, NULL);
    if (!rc)
        rc = store_open(w->f.path, &w->f.clock.clock, &w->other_store, NULL);
    if (!rc)
        rc = store_open(w->f.path, &w->f.clock.clock, &w->judge, NULL);
    for (int i = 0; i < USERS && !rc; i++) {
        w->users[i] =
            identity_fixture_user(&w->f, emails[i], i ? ROLE_ANALYST : ROLE_ADMINISTRATOR);
        rc = w->users[i] ? 0 : -EIO;
    }
    return rc;
}

static const char *check(struct rng *r, void *arg)
{
    struct world *w = calloc(1, sizeof(*w));
    int64_t before = metric_value(metric1(METRIC_TOKEN_LOOKS, "cached")), hits;
    const char *fault = !w || open_world(w) ? "the world could not be made" : NULL;

    for (int i = 0; i < STEPS && !fault; i++)
        fault = step(w, r);
    hits = metric_value(metric1(METRIC_TOKEN_LOOKS, "cached")) - before;
    if (!fault && (w->good == 0 || w->bad == 0 || hits == 0))
        fault = "no right was ever served, or refused, or cached: this run shows nothing";
    *(int64_t *)arg += hits;
    identity_free(w->other);
    store_close(w->other_store);
    store_close(w->judge);
    identity_fixture_close(&w->f);
    free(w);
    return fault;
}

int main(void)
{
    int64_t hits = 0;
    bool ok = prop_check("P2", 6, check, &hits);

    printf("%s 1 - P2 the cache of tokens serves what the store holds\n1..1\n",
           ok ? "ok" : "not ok");
    return !ok;
}
