/* Accounts: made, invited, changed, removed, set up; tickets good once; all of it audited. */
#include "identity_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct identity_fixture *open_fixture(void)
{
    struct identity_fixture *f = calloc(1, sizeof(*f));

    assert_int_equal(identity_fixture_open(f, true, NULL, NULL), 0);
    return f;
}

static void close_fixture(struct identity_fixture *f)
{
    identity_fixture_close(f);
    free(f);
}

static int add(struct identity_fixture *f, const char *email, const char *name,
               const char *password, int64_t *user, struct error *err)
{
    struct account_new a = {
        .email = email, .name = name, .role = ROLE_ANALYST, .password = password};

    return account_add(f->id, f->store, "test", &a, user, err);
}

/* The lines of the audit, "who action object detail" each. */
static void audit_lines(struct identity_fixture *f, char *out, size_t size)
{
    sqlite3_stmt *q;
    sqlite3 *db;
    size_t n = 0;

    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT who || ' ' || action || ' ' || object || ' ' ||"
                                        " detail FROM audit ORDER BY id",
                                        -1, &q, NULL),
                     SQLITE_OK);
    out[0] = '\0';
    while (sqlite3_step(q) == SQLITE_ROW && n < size)
        n += (size_t)snprintf(out + n, size - n, "%s\n", sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* The ticket of the newest mail, or of a link. */
static void ticket_of(const char *text, char out[IDENTITY_TOKEN_MAX])
{
    const char *hash = strchr(text, '#');

    assert_non_null(hash);
    assert_int_equal(sscanf(hash, "#%51s", out), 1);
}

static void test_bad_input(void **state)
{
    static const char *const addresses[] = {
        "",          "dana",      "@example.org",      "dana@",    "a@b@c", "a b@c.org",
        "a\n@c.org", "a,b@c.org", "\"a\"@example.org", "<a@c.org>"};
    struct identity_fixture *f = open_fixture();
    struct error err = {0};
    int64_t user;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        err = (struct error){0};
        assert_int_equal(add(f, addresses[i], "Dana", GOOD_PASSWORD, &user, &err), -EINVAL);
        assert_string_equal(err.place, "email");
    }
    err = (struct error){0};
    assert_int_equal(add(f, "dana@example.org", "Da\nna", GOOD_PASSWORD, &user, &err), -EINVAL);
    assert_string_equal(err.place, "name");
    err = (struct error){0};
    assert_int_equal(add(f, "dana@example.org", "Dana", "short", &user, &err), -EINVAL);
    assert_string_equal(err.place, "password");
    assert_int_equal(store_user_get(f->store, 1, &(struct store_user){0}), -ENOENT);
    assert_int_equal(add(f, "dana@example.org", "דנה", GOOD_PASSWORD, &user, NULL), 0);
    assert_int_equal(add(f, "DANA@example.org", "Dana", GOOD_PASSWORD, &user, &err), -EEXIST);
    close_fixture(f);
}

static void test_invitation(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct account_new a = {
        .email = "noa@example.org", .name = "נועה", .role = ROLE_CAMPAIGN_MANAGER};
    char link[ACCOUNT_LINK_MAX], old[IDENTITY_TOKEN_MAX], ticket[IDENTITY_TOKEN_MAX],
        device[IDENTITY_TOKEN_MAX];
    json_t *settings = json_pack("{s:s}", "public_url", "https://calls.example.org/");
    struct sign_in_answer answer;
    struct store_user u;
    int64_t user, again;
    bool mailed, invited;

    assert_int_equal(identity_configure(f->id, settings, NULL), 0);
    json_decref(settings);
    assert_int_equal(account_invite(f->id, f->store, "admin", &a, &user, link, &mailed, NULL), 0);
    assert_true(mailed);
    assert_ptr_equal(strstr(link, "https://calls.example.org/invite#kt_"), link);
    assert_non_null(strstr(f->box.mails[0].text, link));
    assert_string_equal(f->box.mails[0].to, "noa@example.org");
    ticket_of(link, old);
    /* Invited again: the old link is void. */
    assert_int_equal(account_invite(f->id, f->store, "admin", &a, &again, link, &mailed, NULL), 0);
    assert_int_equal(again, user);
    ticket_of(link, ticket);
    assert_int_equal(account_ticket_look(f->id, f->store, old, &u, &invited), -ENOENT);
    assert_int_equal(account_ticket_look(f->id, f->store, ticket, &u, &invited), 0);
    assert_true(invited);
    assert_string_equal(u.name, "נועה");
    /* A bad password does not spend it, a good one does. */
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, "noa", device, NULL), -EINVAL);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, GOOD_PASSWORD, device, NULL), 0);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, OTHER_PASSWORD, device, NULL),
                     -ENOENT);
    assert_int_equal(identity_fixture_sign_in(f, "noa@example.org", GOOD_PASSWORD, NULL, &answer),
                     0);
    assert_int_equal(account_invite(f->id, f->store, "admin", &a, &again, link, &mailed, NULL),
                     -EEXIST);
    close_fixture(f);
}

static void test_ticket_expires(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct account_new a = {.email = "noa@example.org", .role = ROLE_ANALYST};
    char link[ACCOUNT_LINK_MAX], ticket[IDENTITY_TOKEN_MAX], device[IDENTITY_TOKEN_MAX];
    int64_t user;
    bool mailed;

    assert_int_equal(account_invite(f->id, f->store, "admin", &a, &user, link, &mailed, NULL), 0);
    ticket_of(link, ticket);
    identity_fixture_wait(f, ACCOUNT_INVITE_MS);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, GOOD_PASSWORD, device, NULL),
                     -ENOENT);
    /* Disabled meanwhile: void too. */
    close_fixture(f);
}

static void test_reset(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t dana = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST), wait;
    char ticket[IDENTITY_TOKEN_MAX], device[IDENTITY_TOKEN_MAX];
    struct sign_in_answer before, after;
    struct error err = {0};
    struct principal p;

    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &before),
                     0);
    /* The same answer whether or not there is an account; a mail only when there is. */
    assert_int_equal(
        account_reset_request(f->id, f->store, "nobody@example.org", "192.0.2.1", &wait, &err), 0);
    assert_int_equal(f->box.count, 0);
    assert_int_equal(
        account_reset_request(f->id, f->store, "Dana@example.org", "192.0.2.1", &wait, &err), 0);
    assert_int_equal(f->box.count, 1);
    ticket_of(f->box.mails[0].text, ticket);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, OTHER_PASSWORD, device, NULL), 0);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, OTHER_PASSWORD, device, NULL),
                     -ENOENT);
    /* Whoever was signed in is out; the old password is none. */
    assert_int_equal(identity_authenticate(f->id, f->store, before.tokens.access, &p), -EACCES);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &after),
                     -EACCES);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", OTHER_PASSWORD, NULL, &after),
                     0);
    assert_int_equal(after.tokens.user, dana);
    /* Nobody is flooded with mail: 3, then one an hour at most. */
    for (int i = 0; i < 12; i++) {
        account_reset_request(f->id, f->store, "dana@example.org", "192.0.2.1", &wait, &err);
        identity_fixture_wait(f, 60000);
    }
    assert_in_range(f->box.count, 4, 6);
    identity_fixture_wait(f, 4 * 3600000);
    for (int i = 0; i < 6; i++) {
        char email[40];
        int64_t w;

        snprintf(email, sizeof(email), "n%d@example.org", i);
        account_reset_request(f->id, f->store, email, "192.0.2.1", &w, &err);
    }
    close_fixture(f);
}

/* Links die with what they were for. */
static void test_void_links(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t dana = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST), expires;
    char link[ACCOUNT_LINK_MAX], ticket[IDENTITY_TOKEN_MAX], device[IDENTITY_TOKEN_MAX];
    struct store_user u;
    bool mailed;

    for (int change = 0; change < 4; change++) {
        assert_int_equal(account_link_again(f->id, f->store, "admin", dana, false, link, &mailed,
                                            &expires, NULL),
                         0);
        assert_false(mailed);
        ticket_of(link, ticket);
        assert_int_equal(store_user_get(f->store, dana, &u), 0);
        switch (change) {
        case 0: /* the password is set otherwise */
            assert_int_equal(
                account_password_set(f->id, f->store, "admin", dana, OTHER_PASSWORD, NULL), 0);
            break;
        case 1: /* the mailbox is no longer the account's */
            snprintf(u.email, sizeof(u.email), "dana2@example.org");
            assert_int_equal(account_update(f->id, f->store, "admin", &u, 0, NULL), 0);
            break;
        case 2:
            u.disabled = true;
            assert_int_equal(account_update(f->id, f->store, "admin", &u, 0, NULL), 0);
            u.disabled = false;
            assert_int_equal(account_update(f->id, f->store, "admin", &u, 0, NULL), 0);
            break;
        default:
            identity_fixture_wait(f, ACCOUNT_RESET_MS);
        }
        assert_int_equal(account_ticket_use(f->id, f->store, ticket, GOOD_PASSWORD, device, NULL),
                         -ENOENT);
    }
    close_fixture(f);
}

static void test_password_change(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct sign_in_answer here, there;
    struct principal p, q;
    int64_t wait;
    int rc = 0;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &here);
    identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &there);
    assert_int_equal(identity_authenticate(f->id, f->store, here.tokens.access, &p), 0);
    assert_int_equal(
        account_password_change(f->id, f->store, &p, "wrong", OTHER_PASSWORD, &wait, NULL),
        -EACCES);
    assert_int_equal(account_password_change(f->id, f->store, &p, GOOD_PASSWORD, "x", &wait, NULL),
                     -EINVAL);
    assert_int_equal(
        account_password_change(f->id, f->store, &p, GOOD_PASSWORD, OTHER_PASSWORD, &wait, NULL),
        0);
    assert_int_equal(identity_authenticate(f->id, f->store, here.tokens.access, &q), 0);
    assert_int_equal(identity_authenticate(f->id, f->store, there.tokens.access, &q), -EACCES);
    /* A stolen session cannot guess the password for long, nor hold up sign-in. */
    for (int i = 0; i < 7 && rc != -EAGAIN; i++)
        rc = account_password_change(f->id, f->store, &p, "wrong", GOOD_PASSWORD, &wait, NULL);
    assert_int_equal(rc, -EAGAIN);
    assert_true(wait > 0);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", OTHER_PASSWORD, NULL, &there),
                     0);
    close_fixture(f);
}

static void test_last_administrator(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t one = identity_fixture_user(f, "one@example.org", ROLE_ADMINISTRATOR), two;
    struct store_user u;
    struct error err = {0};

    assert_int_equal(store_user_get(f->store, one, &u), 0);
    u.role = ROLE_ANALYST;
    assert_int_equal(account_update(f->id, f->store, "one", &u, 0, &err), -EPERM);
    u.role = ROLE_ADMINISTRATOR;
    u.disabled = true;
    assert_int_equal(account_update(f->id, f->store, "one", &u, 0, NULL), -EPERM);
    assert_int_equal(account_remove(f->id, f->store, "one", one, NULL), -EPERM);
    two = identity_fixture_user(f, "two@example.org", ROLE_ADMINISTRATOR);
    assert_int_equal(account_update(f->id, f->store, "two", &u, 0, NULL), 0);
    assert_int_equal(account_remove(f->id, f->store, "two", two, NULL), -EPERM);
    assert_int_equal(account_remove(f->id, f->store, "two", one, NULL), 0);
    assert_int_equal(account_remove(f->id, f->store, "two", one, NULL), -ENOENT);
    close_fixture(f);
}

static void test_version(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t id = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    struct store_user mine, theirs;

    assert_int_equal(store_user_get(f->store, id, &mine), 0);
    theirs = mine;
    snprintf(mine.name, sizeof(mine.name), "Dana");
    assert_int_equal(account_update(f->id, f->store, "a", &mine, mine.version, NULL), 0);
    snprintf(theirs.name, sizeof(theirs.name), "D.");
    assert_int_equal(account_update(f->id, f->store, "b", &theirs, theirs.version, NULL), -ESTALE);
    assert_int_equal(store_user_get(f->store, id, &theirs), 0);
    assert_string_equal(theirs.name, "Dana");
    assert_int_equal(theirs.version, mine.version + 1);
    close_fixture(f);
}

static void test_setup(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct account_new a = {
        .email = "admin@example.org", .name = "Admin", .password = GOOD_PASSWORD};
    char link[ACCOUNT_LINK_MAX], old[IDENTITY_TOKEN_MAX], ticket[IDENTITY_TOKEN_MAX];
    struct store_user u;
    int64_t user;
    bool needed;

    assert_int_equal(account_setup_needed(f->store, &needed), 0);
    assert_true(needed);
    assert_int_equal(account_setup_link(f->id, f->store, link, NULL), 0);
    ticket_of(link, old);
    assert_int_equal(account_setup_link(f->id, f->store, link, NULL), 0);
    ticket_of(link, ticket);
    assert_int_equal(account_setup(f->id, f->store, old, &a, &user, NULL), -ENOENT);
    assert_int_equal(account_setup(f->id, f->store, "kt_guess", &a, &user, NULL), -ENOENT);
    a.password = "admin1234567";
    assert_int_equal(account_setup(f->id, f->store, ticket, &a, &user, NULL), -EINVAL);
    a.password = GOOD_PASSWORD;
    assert_int_equal(account_setup(f->id, f->store, ticket, &a, &user, NULL), 0);
    assert_int_equal(store_user_get(f->store, user, &u), 0);
    assert_int_equal(u.role, ROLE_ADMINISTRATOR);
    assert_int_equal(account_setup_needed(f->store, &needed), 0);
    assert_false(needed);
    a.email = "second@example.org";
    assert_int_equal(account_setup(f->id, f->store, ticket, &a, &user, NULL), -ENOENT);
    assert_int_equal(account_setup_link(f->id, f->store, link, NULL), -EEXIST);
    close_fixture(f);
}

static void test_audit(void **state)
{
    static const char *const wanted[] = {
        "test user.add user 1 dana@example.org as Analyst, with a password",
        "dana@example.org session.open session 1 password",
        "root user.update user 1 name dana → Dana; role Analyst → CampaignManager",
        "root user.update user 1 disabled",
        "root user.password user 1 set",
        "root key.add key 1 Zapier (kc_",
        "root key.revoke key 1 Zapier",
        "root user.second_factor_off user 1",
        "root user.remove user 1 dana@example.org",
        "nobody sign_in.slow ghost@example.org 5 failures, from 192.0.2.7",
    };
    struct identity_fixture *f = open_fixture();
    struct store_key key = {.name = "Zapier", .scopes = SCOPE_ALL};
    struct sign_in_answer a;
    struct store_user u;
    char text[IDENTITY_TOKEN_MAX], lines[8192];
    int64_t id;

    key.user = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a);
    assert_int_equal(store_user_get(f->store, key.user, &u), 0);
    snprintf(u.name, sizeof(u.name), "Dana");
    u.role = ROLE_CAMPAIGN_MANAGER;
    assert_int_equal(account_update(f->id, f->store, "root", &u, 0, NULL), 0);
    u.disabled = true;
    assert_int_equal(account_update(f->id, f->store, "root", &u, 0, NULL), 0);
    assert_int_equal(account_password_set(f->id, f->store, "root", u.id, OTHER_PASSWORD, NULL), 0);
    assert_int_equal(account_key_add(f->id, f->store, "root", &key, text, &id, NULL), 0);
    assert_int_equal(account_key_revoke(f->id, f->store, "root", 0, id, NULL), 0);
    assert_int_equal(account_totp_clear(f->id, f->store, "root", u.id, NULL), 0);
    assert_int_equal(account_remove(f->id, f->store, "root", u.id, NULL), 0);
    for (int i = 0; i < 9; i++)
        identity_fixture_sign_in(f, "ghost@example.org", "wrong", NULL, &a);
    audit_lines(f, lines, sizeof(lines));
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!strstr(lines, wanted[i]))
            fail_msg("not audited: %s\n%s", wanted[i], lines);
    /* No secret is in it. */
    assert_null(strstr(lines, text));
    assert_null(strstr(lines, OTHER_PASSWORD));
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_invitation),
        cmocka_unit_test(test_ticket_expires),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_void_links),
        cmocka_unit_test(test_password_change),
        cmocka_unit_test(test_last_administrator),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_setup),
        cmocka_unit_test(test_audit),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
