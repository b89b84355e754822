/* Trunks. A password is written, never shown. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/defaults.h"
#include "handlers.h"
#include "line/line.h"
#include "store/library.h"

int api_list_trunks(struct api_call *c)
{
    return api_page(c, STORE_VIEW_TRUNK, &(struct api_filters){0}, NULL);
}

int api_get_trunk(struct api_call *c)
{
    return api_one(c, STORE_VIEW_TRUNK, true);
}

static void copy(struct api_call *c, const char *key, char *out, size_t size)
{
    const char *text = api_body_text(c, key);

    snprintf(out, size, "%s", text ? text : "");
}

/* A file that cannot be used would keep all trunks from being opened. */
static bool usable_ca(struct api_call *c, const struct store_trunk *t)
{
    struct error err = {0};

    if (!t->ca_file[0])
        return true;
    if (t->ca_file[0] != '/')
        error_set(&err, -EINVAL, NULL, "begin it with /",
                  "the whole path of a file on the server is needed");
    else if (!line_check_ca(t->ca_file, &err))
        return true;
    api_refuse(c, 422, "/ca_file", err.remedy, "%s", err.message);
    return false;
}

/* Kept as they were written. False: answered. */
static bool read_rules(struct api_call *c, struct store_trunk *t)
{
    static const char *const keys[] = {"rewrite", "caller_numbers"};
    json_t *rules = json_object();
    struct dial_rules checked;
    struct error err = {0};
    struct json_at at;
    size_t n = 0;
    int rc;

    for (int i = 0; i < 2; i++) {
        json_t *list = json_object_get(c->body, keys[i]);

        json_object_set_new(rules, keys[i], list ? json_incref(list) : json_array());
    }
    at = json_root(rules, NULL);
    rc = dial_rules_read(&at, &checked, &err);
    if (!rc)
        n = json_dumpb(rules, t->rules, sizeof(t->rules) - 1, JSON_COMPACT);
    json_decref(rules);
    if (!rc && n < sizeof(t->rules)) {
        t->rules[n] = '\0';
        return true;
    }
    api_refuse(c, 422, err.place[0] == 'c' ? "/caller_numbers" : "/rewrite", err.remedy, "%s: %s",
               err.place, rc ? err.message : "too long");
    return false;
}

/* The body over t; a password that is left out stays. False: answered. */
static bool read_body(struct api_call *c, struct store_trunk *t)
{
    const char *caller = api_body_text(c, "caller_number");
    enum line_transport transport = LINE_UDP;
    struct number number;

    copy(c, "name", t->name, sizeof(t->name));
    copy(c, "host", t->host, sizeof(t->host));
    copy(c, "user", t->user, sizeof(t->user));
    copy(c, "domain", t->domain, sizeof(t->domain));
    if (json_object_get(c->body, "password"))
        copy(c, "password", t->password, sizeof(t->password));
    copy(c, "ca_file", t->ca_file, sizeof(t->ca_file));
    copy(c, "transport", t->transport, sizeof(t->transport));
    if (!t->transport[0])
        strcpy(t->transport, line_transport_name(LINE_UDP));
    copy(c, "srtp", t->srtp, sizeof(t->srtp));
    if (!t->srtp[0])
        strcpy(t->srtp, line_srtp_name(LINE_SRTP_OFF));
    t->tls_verify = !json_is_false(json_object_get(c->body, "tls_verify"));
    (void)line_transport_parse(t->transport, &transport); /* the contract knows no other */
    t->port = api_body_int(c, "port", line_usual_port(transport));
    t->do_register = api_body_flag(c, "register");
    t->calls_max = api_body_int(c, "max_calls", 0);
    t->cps_max = json_number_value(json_object_get(c->body, "calls_per_second"));
    t->order = api_body_int(c, "order", 1);
    t->weight = api_body_int(c, "weight", 1);
    t->caller_number[0] = '\0';
    if (caller && caller[0]) {
        if (!defaults_number(c, caller, NULL, "/caller_number", &number))
            return false;
        snprintf(t->caller_number, sizeof(t->caller_number), "%s", number.e164);
    }
    if (!usable_ca(c, t) || !read_rules(c, t))
        return false;
    if (!t->do_register || t->user[0])
        return true;
    api_refuse(c, 422, "/register", "add user and password, or leave it out",
               "a trunk that registers needs a user");
    return false;
}

static int taken(struct api_call *c)
{
    return api_refuse(c, 409, "/name", "choose another name", "there is a trunk of this name");
}

static int answer(struct api_call *c, struct store *s, int64_t id, int status)
{
    json_t *trunk;
    int rc = store_look_id(s, STORE_VIEW_TRUNK, id, &trunk);

    if (rc)
        return rc;
    api_object(c, "trunk %lld", (long long)id);
    api_detail(c, "%s at %s", json_string_value(json_object_get(trunk, "name")),
               json_string_value(json_object_get(trunk, "host")));
    return api_answer_tagged(c, status, trunk);
}

static int count(void *arg, const json_t *one)
{
    (void)one;
    ++*(unsigned *)arg;
    return 0;
}

static int create(struct api_call *c, struct store *s)
{
    struct store_trunk t = {0};
    unsigned there = 0;
    int64_t id;
    int rc = store_show_all(s, STORE_VIEW_TRUNK, NULL, 0, count, &there);

    if (rc || !read_body(c, &t))
        return rc;
    if (there >= LINE_TRUNKS_MAX)
        return api_refuse(c, 409, "", "remove one first",
                          "there are %d trunks, which is all that "
                          "may be",
                          LINE_TRUNKS_MAX);
    rc = store_trunk_add(s, &t, &id);
    explicit_bzero(&t, sizeof(t));
    if (rc)
        return rc == -EEXIST ? taken(c) : rc;
    api_location(c, "/api/trunks/%lld", (long long)id);
    return answer(c, s, id, 201);
}

int api_create_trunk(struct api_call *c)
{
    return api_change(c, create);
}

static int update(struct api_call *c, struct store *s)
{
    int64_t id = api_int(c, "id");
    struct store_trunk t;
    json_t *current;
    int rc = store_look_id(s, STORE_VIEW_TRUNK, id, &current);

    if (rc)
        return rc;
    if (!api_match(c, current))
        return 0;
    rc = store_trunk_get(s, id, &t);
    if (rc || !read_body(c, &t))
        return rc;
    rc = store_trunk_update(s, id, &t);
    explicit_bzero(&t, sizeof(t));
    if (rc)
        return rc == -EEXIST ? taken(c) : rc;
    return answer(c, s, id, 200);
}

int api_update_trunk(struct api_call *c)
{
    return api_change(c, update);
}

static int delete (struct api_call *c, struct store *s)
{
    return api_removed(c, store_trunk_remove(s, api_int(c, "id")), "trunk",
                       "a campaign that is not over uses the trunk",
                       "give that campaign another one, or end it");
}

int api_delete_trunk(struct api_call *c)
{
    return api_change(c, delete);
}
