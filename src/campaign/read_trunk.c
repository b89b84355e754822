/* The "trunks" of a campaign. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/campaign_priv.h"

/* A text that must fit a field. */
static int copy_text(const struct json_at *object, const char *key, bool required, char *out,
                     size_t size, struct error *err)
{
    struct json_at at = json_key(object, key);
    const char *text = NULL;
    int rc = json_get_string(object, key, required, &text, err);

    if (rc || !text)
        return rc;
    if (strlen(text) >= size)
        return json_fail(&at, err, "shorten it", "is longer than %zu bytes", size - 1);
    if (required && !text[0])
        return json_fail(&at, err, "write it", "is empty");
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return json_fail(&at, err, "remove it", "holds a control character");
    strcpy(out, text);
    return 0;
}

static int read_password(const struct json_at *at, struct line_trunk_config *t, struct error *err)
{
    struct json_at where = json_key(at, "password_env");
    const char *name = NULL, *value;
    int rc = copy_text(at, "password", false, t->password, sizeof(t->password), err);

    if (!rc)
        rc = json_get_string(at, "password_env", false, &name, err);
    if (rc || !name)
        return rc;
    if (t->password[0])
        return json_fail(&where, err, "keep one of the two", "there is a \"password\" too");
    value = getenv(name);
    if (!value || strlen(value) >= sizeof(t->password))
        return json_fail(&where, err, "set it before the campaign is run",
                         "the environment variable %.60s %s", name,
                         value ? "is too long" : "is not set");
    strcpy(t->password, value);
    return 0;
}

/* How it is reached. */
static int read_transport(const struct json_at *at, struct line_trunk_config *t, struct error *err)
{
    struct json_at where = json_key(at, "transport"), ca = json_key(at, "ca_file");
    struct json_at srtp = json_key(at, "srtp");
    const char *name = "udp", *policy = "off";
    bool verify = true;
    int rc = json_get_string(at, "transport", false, &name, err);

    if (!rc && line_transport_parse(name, &t->transport))
        return json_fail(&where, err, "it is \"udp\", \"tcp\", \"tls\" or \"sips\"",
                         "there is no transport \"%.20s\"", name);
    if (!rc)
        rc = copy_text(at, "ca_file", false, t->ca_file, sizeof(t->ca_file), err);
    if (!rc && t->ca_file[0] && t->ca_file[0] != '/')
        return json_fail(&ca, err, "begin it with /", "expected a whole path");
    if (!rc)
        rc = json_get_bool(at, "tls_verify", false, &verify, err);
    t->tls_unverified = !verify;
    if (!rc)
        rc = json_get_string(at, "srtp", false, &policy, err);
    if (!rc && line_srtp_parse(policy, &t->srtp))
        return json_fail(&srtp, err, "it is \"off\", \"optional\" or \"required\"",
                         "there is no policy \"%.20s\"", policy);
    return rc;
}

static int read_trunk(const struct json_at *at, struct line_trunk_config *t, struct error *err)
{
    static const char *const keys[] = {
        "name",          "host",      "port",     "user",           "password",
        "password_env",  "domain",    "register", "max_calls",      "calls_per_second",
        "caller_number", "transport", "ca_file",  "tls_verify",     "srtp",
        "order",         "weight",    "rewrite",  "caller_numbers", NULL};
    int64_t port = 0, calls = 0, order = 1, weight = 1;
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = copy_text(at, "name", true, t->name, sizeof(t->name), err);
    if (!rc)
        rc = copy_text(at, "host", true, t->host, sizeof(t->host), err);
    if (!rc)
        rc = json_get_int(at, "port", false, 1, 65535, &port, err);
    if (!rc)
        rc = read_transport(at, t, err);
    if (!rc)
        rc = copy_text(at, "user", false, t->user, sizeof(t->user), err);
    if (!rc)
        rc = read_password(at, t, err);
    if (!rc)
        rc = copy_text(at, "domain", false, t->domain, sizeof(t->domain), err);
    if (!rc)
        rc = json_get_bool(at, "register", false, &t->do_register, err);
    if (!rc)
        rc = copy_text(at, "caller_number", false, t->caller_id, sizeof(t->caller_id), err);
    if (!rc)
        rc = json_get_int(at, "max_calls", false, 1, 20000, &calls, err);
    if (!rc)
        rc = json_get_real(at, "calls_per_second", false, 0.01, 10000, &t->cps_max, err);
    if (!rc)
        rc = json_get_int(at, "order", false, 1, LINE_ORDER_MAX, &order, err);
    if (!rc)
        rc = json_get_int(at, "weight", false, 1, LINE_WEIGHT_MAX, &weight, err);
    if (!rc)
        rc = dial_rules_read(at, &t->rules, err);
    t->order = (unsigned)order;
    t->weight = (unsigned)weight;
    t->port = (uint16_t)port;
    t->calls_max = (unsigned)calls;
    if (!rc && t->do_register && !t->user[0]) {
        struct json_at where = json_key(at, "register");

        rc = json_fail(&where, err, "add \"user\" and \"password\", or remove \"register\"",
                       "a trunk that registers needs a user");
    }
    return rc;
}

int campaign_read_trunks(struct campaign *c, const struct json_at *root, struct error *err)
{
    struct json_at at = json_key(root, "trunks");
    size_t count = json_array_size(at.value);

    if (!at.value)
        return 0;
    if (!json_is_array(at.value) || count == 0 || count > LINE_TRUNKS_MAX)
        return json_fail(&at, err,
                         "write for example [{\"name\": \"main\", \"host\": \"sip.example.org\"}]",
                         "expected a list of 1 to %d trunks", LINE_TRUNKS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_at one = json_item(&at, (int)i);
        int rc = read_trunk(&one, &c->trunks[i], err);

        if (rc)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->trunks[i].name, c->trunks[j].name) == 0)
                return json_fail(&one, err, "give each a name of its own",
                                 "there is another trunk \"%s\"", c->trunks[i].name);
    }
    c->trunk_count = (unsigned)count;
    return 0;
}
