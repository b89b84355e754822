/* Sign-in through a provider: the whole flow on a provider in memory, whatever may be forged in it,
 * keys that change, accounts linked and made, roles by groups. */
#include "identity_fixture.h"
#include "oidc_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct place {
    struct identity_fixture f;
    struct fake_provider p;
};

static const char settings[] =
    "{\"public_url\": \"" FAKE_PUBLIC
    "\", \"providers\": [{\"name\": \"staff\", \"label\": \"Staff\","
    "\"issuer\": \"" FAKE_ISSUER
    "\", \"client_id\": \"kolcast client\", \"client_secret\": \"s/cr+t\""
    "%s}]}";

static void configure(struct place *l, const char *more)
{
    char text[2048];
    json_t *json;

    snprintf(text, sizeof(text), settings, more);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(identity_configure(l->f.id, json, NULL), 0);
    json_decref(json);
}

static void use_fake(struct identity_config *c, void *arg)
{
    c->fetch = fake_fetch;
    c->fetch_arg = arg;
}

static struct place *open_place(const char *more)
{
    struct place *l = calloc(1, sizeof(*l));

    assert_int_equal(identity_fixture_open(&l->f, true, use_fake, &l->p), 0);
    fake_provider_open(&l->p, &l->f.clock.clock);
    configure(l, more);
    return l;
}

static void close_place(struct place *l)
{
    fake_provider_close(&l->p);
    identity_fixture_close(&l->f);
    free(l);
}

struct trip {
    struct oidc_start start;
    struct oidc_callback back;
    struct sign_in_answer answer;
    char return_to[OIDC_RETURN_MAX];
    struct error err;
};

/* Up to the browser's coming back. */
static void go(struct place *l, struct trip *t, const char *return_to)
{
    memset(t, 0, sizeof(*t));
    if (oidc_start(l->f.id, "staff", return_to, &t->start, &t->err))
        fail_msg("%s: %s", t->err.place, t->err.message);
    t->back = (struct oidc_callback){.provider = "staff",
                                     .code = fake_authorize(&l->p, t->start.url),
                                     .state = l->p.state,
                                     .cookie = t->start.cookie,
                                     .from = {.address = "192.0.2.7", .agent = "test"}};
}

static int come_back(struct place *l, struct trip *t)
{
    t->err = (struct error){0};
    return oidc_callback(l->f.id, l->f.store, &t->back, &t->answer, t->return_to, &t->err);
}

static int whole(struct place *l, struct trip *t)
{
    go(l, t, "/");
    return come_back(l, t);
}

static enum role role_of(struct place *l, struct trip *t)
{
    struct principal p;

    assert_int_equal(identity_authenticate(l->f.id, l->f.store, t->answer.tokens.access, &p), 0);
    return p.role;
}

static void test_flow(void **state)
{
    struct place *l = open_place("");
    int64_t dana = identity_fixture_user(&l->f, "dana@example.org", ROLE_CAMPAIGN_MANAGER);
    struct store_session session;
    struct trip t;

    go(l, &t, "/campaigns/7?tab=calls");
    assert_ptr_equal(strstr(t.start.url,
                            FAKE_ISSUER "/authorize?tenant=1&response_type=code&"
                                        "client_id=kolcast%20client&redirect_uri=https%3A%2F%2F"),
                     t.start.url);
    assert_string_equal(l->p.redirect, FAKE_PUBLIC "/api/providers/staff/callback");
    assert_null(strstr(t.start.cookie, l->p.state)); /* sealed */
    assert_int_equal(come_back(l, &t), 0);
    assert_string_equal(t.return_to, "/campaigns/7?tab=calls");
    assert_int_equal(t.answer.tokens.user, dana);
    assert_int_equal(role_of(l, &t), ROLE_CAMPAIGN_MANAGER);
    assert_int_equal(store_session_get(l->f.store, t.answer.tokens.session, &session), 0);
    assert_string_equal(session.how, "provider staff");
    /* RFC 6749: id and secret are form-encoded before base64. */
    assert_string_equal(l->p.authorization, "Basic a29sY2FzdCUyMGNsaWVudDpzJTJGY3IlMkJ0");
    assert_null(strstr(l->p.form, "client_secret"));
    close_place(l);
}

/* Whoever is linked stays linked, whatever the address becomes. */
static void test_link_stays(void **state)
{
    struct place *l = open_place("");
    int64_t dana = identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    struct trip t;

    assert_int_equal(whole(l, &t), 0);
    json_object_set_new(l->p.claims, "email", json_string("married@example.org"));
    json_object_set_new(l->p.claims, "email_verified", json_false());
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(t.answer.tokens.user, dana);
    /* Another person with the old address of an account that is somebody's: linked to it as the
     * provider vouches for the address; a subject that is not known and not vouched for is not. */
    json_object_set_new(l->p.claims, "sub", json_string("subject-2"));
    assert_int_equal(whole(l, &t), -EACCES);
    assert_string_equal(t.answer.tokens.access, "");
    close_place(l);
}

static void test_forged(void **state)
{
    struct place *l = open_place("");
    struct trip t, other;
    char text[OIDC_COOKIE_MAX];

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    /* Without the cookie, with another browser's, with a wrong or absent state. */
    go(l, &other, "/");
    go(l, &t, "/");
    t.back.cookie = NULL;
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.cookie = other.start.cookie;
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.cookie = t.start.cookie;
    t.back.state = "x";
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.state = NULL;
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.state = l->p.state;
    t.back.code = NULL;
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.code = "guess";
    assert_int_equal(come_back(l, &t), -EHOSTUNREACH);
    assert_int_equal(l->p.exchanges, 1); /* only the last one got as far as the provider */
    /* Each bit of the cookie is sealed. */
    t.back.code = l->p.code;
    t.back.cookie = text;
    for (size_t i = 0; i < strlen(t.start.cookie); i += 7) {
        snprintf(text, sizeof(text), "%s", t.start.cookie);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_int_equal(come_back(l, &t), -EACCES);
        text[i] = '\0';
        assert_int_equal(come_back(l, &t), -EACCES);
    }
    assert_int_equal(l->p.exchanges, 1);
    t.back.cookie = t.start.cookie;
    assert_int_equal(come_back(l, &t), 0);
    /* Once. */
    assert_int_equal(come_back(l, &t), -EHOSTUNREACH);
    /* Ten minutes. */
    go(l, &t, "/");
    identity_fixture_wait(&l->f, OIDC_FLOW_MS);
    assert_int_equal(come_back(l, &t), -EACCES);
    close_place(l);
}

static void test_refused_there(void **state)
{
    struct place *l = open_place("");
    struct trip t;

    go(l, &t, "/");
    t.back.code = NULL;
    t.back.error = "access_denied";
    t.back.error_description = "not today\r\n <script>";
    assert_int_equal(come_back(l, &t), -EACCES);
    assert_string_equal(t.err.message, "the provider says: not today?? <script>");
    /* Words of somebody who has no state are not shown. */
    t.back.state = "x";
    assert_int_equal(come_back(l, &t), -EACCES);
    assert_null(strstr(t.err.message, "today"));
    close_place(l);
}

/* RFC 9207. */
static void test_mix_up(void **state)
{
    struct place *l = open_place("");
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    l->p.tells_iss = true;
    go(l, &t, "/");
    assert_int_equal(come_back(l, &t), -EACCES);
    t.back.iss = "https://evil.example.org";
    assert_int_equal(come_back(l, &t), -EACCES);
    assert_int_equal(l->p.exchanges, 0);
    t.back.iss = FAKE_ISSUER;
    assert_int_equal(come_back(l, &t), 0);
    close_place(l);
}

/* Tokens that are signed well and say something else. */
static void test_bad_tokens(void **state)
{
    static const char *const tweaks[] = {
        "{\"nonce\": \"of another flow\"}",
        "{\"nonce\": null}",
        "{\"aud\": \"another client\"}",
        "{\"iss\": \"https://evil.example.org\"}",
        "{\"exp\": 1700000000}",
        "{\"sub\": null}",
        "{\"at_hash\": \"AAAAAAAAAAAAAAAAAAAAAA\"}",
    };
    struct place *l = open_place("");
    struct fake_key good, bad = fake_key_new("RS256", "one");
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    for (size_t i = 0; i < sizeof(tweaks) / sizeof(tweaks[0]); i++) {
        json_decref(l->p.tweak);
        l->p.tweak = json_loads(tweaks[i], 0, NULL);
        assert_int_equal(whole(l, &t), -EACCES);
        assert_string_equal(t.answer.tokens.access, "");
    }
    json_decref(l->p.tweak);
    l->p.tweak = NULL;
    assert_int_equal(whole(l, &t), 0);
    /* Signed by a key that is not the provider's, under its name. */
    good = l->p.keys[0];
    go(l, &t, "/");
    l->p.keys[0] = bad;
    assert_int_equal(come_back(l, &t), -EACCES);
    l->p.keys[0] = good;
    EVP_PKEY_free(bad.key);
    close_place(l);
}

static void test_key_rotation(void **state)
{
    struct place *l = open_place("");
    struct fake_key swap;
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(l->p.documents, 1);
    assert_int_equal(l->p.key_sets, 1);
    /* It signs with a new key now: the set is fetched anew, at once. */
    identity_fixture_wait(&l->f, 10000);
    l->p.keys[1] = fake_key_new("ES256", "two");
    swap = l->p.keys[0];
    l->p.keys[0] = l->p.keys[1];
    l->p.keys[1] = swap;
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(l->p.key_sets, 2);
    /* A key that is in no set does not make us ask again and again. */
    swap = l->p.keys[0];
    l->p.keys[0] = fake_key_new("RS256", "three");
    l->p.hide_second = true;
    EVP_PKEY_free(l->p.keys[1].key);
    l->p.keys[1] = (struct fake_key){0};
    go(l, &t, "/");
    snprintf(l->p.keys[0].kid, sizeof(l->p.keys[0].kid), "four");
    assert_int_equal(come_back(l, &t), -EACCES);
    assert_int_equal(whole(l, &t), -EACCES);
    assert_int_equal(whole(l, &t), -EACCES);
    assert_int_equal(l->p.key_sets, 2);
    EVP_PKEY_free(swap.key);
    close_place(l);
}

static void test_away(void **state)
{
    struct place *l = open_place("");
    struct oidc_start start;
    struct error err = {0};
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    l->p.away = true;
    assert_int_equal(oidc_start(l->f.id, "staff", "/", &start, &err), -EHOSTUNREACH);
    assert_string_equal(err.place, "staff");
    /* Not asked again by everybody at once, but soon. */
    l->p.away = false;
    assert_int_equal(oidc_start(l->f.id, "staff", "/", &start, NULL), -EHOSTUNREACH);
    identity_fixture_wait(&l->f, 10000);
    assert_int_equal(whole(l, &t), 0);
    /* Its document is known for a day. */
    identity_fixture_wait(&l->f, 2 * 3600000);
    l->p.away = true;
    go(l, &t, "/");
    assert_int_equal(come_back(l, &t), -EHOSTUNREACH);
    l->p.away = false;
    assert_int_equal(come_back(l, &t), 0);
    /* A document of somebody else is no document. */
    identity_fixture_wait(&l->f, 25 * 3600000);
    l->p.bad_document = true;
    assert_int_equal(oidc_start(l->f.id, "staff", "/", &start, NULL), -EHOSTUNREACH);
    assert_int_equal(oidc_start(l->f.id, "nobody", "/", &start, NULL), -ENOENT);
    close_place(l);
}

static void test_return_to(void **state)
{
    static const char *const elsewhere[] = {
        "https://evil.example.org/",
        "//evil.example.org",
        "/\\evil.example.org",
        "evil",
        "",
        "/a\r\nSet-Cookie: x=y",
        "/\"><script>",
        "/שלום",
        NULL,
    };
    struct place *l = open_place("");
    char text[OIDC_RETURN_MAX + 1];
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        go(l, &t, elsewhere[i]);
        assert_int_equal(come_back(l, &t), 0);
        assert_string_equal(t.return_to, "/");
    }
    memset(text, 'a', sizeof(text) - 1);
    text[0] = '/';
    text[OIDC_RETURN_MAX] = '\0';
    go(l, &t, text);
    assert_int_equal(come_back(l, &t), 0);
    assert_string_equal(t.return_to, "/");
    text[OIDC_RETURN_MAX - 1] = '\0';
    go(l, &t, text);
    assert_int_equal(come_back(l, &t), 0);
    assert_string_equal(t.return_to, text);
    close_place(l);
}

/* ---- accounts and roles --------------------------------------------------------------------- */

static void test_no_account(void **state)
{
    struct place *l = open_place("");
    struct store_user u;
    struct trip t;

    assert_int_equal(whole(l, &t), -EACCES);
    assert_string_equal(t.err.message, "there is no account for you");
    assert_int_equal(store_user_by_email(l->f.store, "dana@example.org", &u), -ENOENT);
    /* Allowed to make accounts, but no role is given. */
    configure(l, ", \"create_users\": true");
    assert_int_equal(whole(l, &t), -EACCES);
    configure(l, ", \"create_users\": true, \"default_role\": \"Analyst\"");
    /* Nor for an address that the provider does not vouch for: it could be anybody's. */
    json_object_set_new(l->p.claims, "email_verified", json_false());
    assert_int_equal(whole(l, &t), -EACCES);
    json_object_del(l->p.claims, "email_verified");
    assert_int_equal(whole(l, &t), -EACCES);
    json_object_set_new(l->p.claims, "email_verified", json_string("true")); /* Cognito */
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ANALYST);
    assert_int_equal(store_user_get(l->f.store, t.answer.tokens.user, &u), 0);
    assert_string_equal(u.email, "dana@example.org");
    assert_string_equal(u.name, "דנה");
    assert_string_equal(u.password, "");
    close_place(l);
}

static void test_unverified_is_not_linked(void **state)
{
    struct place *l = open_place("");
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ADMINISTRATOR);
    json_object_set_new(l->p.claims, "email_verified", json_false());
    assert_int_equal(whole(l, &t), -EACCES);
    json_object_set_new(l->p.claims, "email_verified", json_true());
    configure(l, ", \"link_by_email\": false");
    assert_int_equal(whole(l, &t), -EACCES);
    close_place(l);
}

static void test_disabled(void **state)
{
    struct place *l = open_place(", \"create_users\": true, \"default_role\": \"Analyst\"");
    struct store_user u;
    struct trip t;

    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(store_user_get(l->f.store, t.answer.tokens.user, &u), 0);
    u.disabled = true;
    assert_int_equal(account_update(l->f.id, l->f.store, "test", &u, 0, NULL), 0);
    assert_int_equal(whole(l, &t), -EACCES);
    assert_string_equal(t.err.message, "your account is disabled");
    /* Nor through another subject with the same address. */
    json_object_set_new(l->p.claims, "sub", json_string("subject-2"));
    assert_int_equal(whole(l, &t), -EACCES);
    close_place(l);
}

static void groups(struct place *l, const char *json)
{
    json_object_set_new(l->p.claims, "groups", json_loads(json, JSON_DECODE_ANY, NULL));
}

static void test_groups(void **state)
{
    struct place *l =
        open_place(", \"create_users\": true, \"groups_claim\": \"groups\", \"roles\":"
                   "{\"callers\": \"Analyst\", \"leads\": \"CampaignManager\","
                   " \"it\": \"Administrator\"}");
    struct trip t;

    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ANALYST);
    groups(
        l,
        "[\"callers\", 7, \"leads\", \"choir\"]"); /* the highest counts, from the next sign-in */
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_CAMPAIGN_MANAGER);
    groups(l, "\"it\"");
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ADMINISTRATOR);
    /* The last administrator stays one: else nobody could mend the settings. */
    groups(l, "[\"callers\"]");
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ADMINISTRATOR);
    identity_fixture_user(&l->f, "second@example.org", ROLE_ADMINISTRATOR);
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ANALYST);
    /* In none of the groups any more. */
    groups(l, "[\"choir\"]");
    assert_int_equal(whole(l, &t), -EACCES);
    assert_string_equal(t.err.message, "none of your groups gives a role here");
    json_object_del(l->p.claims, "groups");
    assert_int_equal(whole(l, &t), -EACCES);
    /* Keycloak's place for them. */
    configure(l, ", \"groups_claim\": \"realm_access.roles\", \"roles\": {\"x\": \"Analyst\"}");
    json_object_set_new(l->p.claims, "realm_access", json_pack("{s:[s]}", "roles", "x"));
    assert_int_equal(whole(l, &t), 0);
    assert_int_equal(role_of(l, &t), ROLE_ANALYST);
    close_place(l);
}

/* What the ID token leaves out comes from the provider's userinfo, about the same person only. */
static void test_userinfo(void **state)
{
    struct place *l = open_place(", \"groups_claim\": \"groups\", \"client_auth\": \"post\","
                                 "\"roles\": {\"callers\": \"Analyst\"}");
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    l->p.userinfo = l->p.claims;
    l->p.claims = json_pack("{s:s}", "sub", "subject-1");
    assert_int_equal(whole(l, &t), 0);
    assert_non_null(strstr(l->p.form, "client_secret=s%2Fcr%2Bt"));
    assert_string_equal(l->p.authorization, "");
    json_object_set_new(l->p.userinfo, "sub", json_string("subject-2"));
    assert_int_equal(whole(l, &t), -EACCES);
    close_place(l);
}

/* A flow goes on after a restart: the key of cookies is kept. Another installation's is none. */
static void test_restart(void **state)
{
    struct place *l = open_place("");
    struct identity_config config = identity_fixture_config(&l->f);
    struct trip t;

    identity_fixture_user(&l->f, "dana@example.org", ROLE_ANALYST);
    assert_int_equal(identity_load(l->f.id, l->f.store, NULL), 0);
    configure(l, "");
    go(l, &t, "/");
    identity_free(l->f.id);
    use_fake(&config, &l->p);
    assert_int_equal(identity_new(&l->f.id, &config, NULL), 0);
    configure(l, "");
    assert_int_equal(come_back(l, &t), -EACCES);
    assert_int_equal(identity_load(l->f.id, l->f.store, NULL), 0);
    configure(l, "");
    assert_int_equal(come_back(l, &t), 0);
    close_place(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_link_stays),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_refused_there),
        cmocka_unit_test(test_mix_up),
        cmocka_unit_test(test_bad_tokens),
        cmocka_unit_test(test_key_rotation),
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_return_to),
        cmocka_unit_test(test_no_account),
        cmocka_unit_test(test_unverified_is_not_linked),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_userinfo),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests_name("oidc", tests, NULL, NULL);
}
