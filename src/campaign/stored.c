#include "campaign/stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "store/browse.h"
#include "store/library.h"

static void fill_trunk(struct line_trunk_config *to, const struct store_trunk *from)
{
    *to = (struct line_trunk_config){.port = (uint16_t)from->port,
                                     .do_register = from->do_register,
                                     .calls_max = (unsigned)from->calls_max,
                                     .cps_max = from->cps_max,
                                     .tls_unverified = !from->tls_verify,
                                     .order = (unsigned)from->order,
                                     .weight = (unsigned)from->weight};
    snprintf(to->name, sizeof(to->name), "%s", from->name);
    snprintf(to->host, sizeof(to->host), "%s", from->host);
    snprintf(to->user, sizeof(to->user), "%s", from->user);
    snprintf(to->password, sizeof(to->password), "%s", from->password);
    snprintf(to->domain, sizeof(to->domain), "%s", from->domain);
    snprintf(to->caller_id, sizeof(to->caller_id), "%s", from->caller_number);
    snprintf(to->ca_file, sizeof(to->ca_file), "%s", from->ca_file);
    (void)line_srtp_parse(from->srtp, &to->srtp);
    (void)line_transport_parse(from->transport, &to->transport); /* checked as it was written */
    if (to->port == line_usual_port(to->transport))
        to->port = 0; /* as DNS says */
}

static int read_rules(const char *text, struct dial_rules *out)
{
    struct json_at at;
    json_t *root;
    int rc = json_load_text(text, strlen(text), "rules", &root, NULL);

    if (rc)
        return rc;
    at = json_root(root, "rules");
    rc = dial_rules_read(&at, out, NULL);
    json_decref(root);
    return rc;
}

static int get_trunk(struct store *s, int64_t id, struct line_trunk_config *out)
{
    struct store_trunk t;
    int rc = store_trunk_get(s, id, &t);

    if (!rc)
        fill_trunk(out, &t);
    if (!rc)
        rc = read_rules(t.rules, &out->rules);
    explicit_bzero(&t, sizeof(t));
    return rc;
}

struct trunks {
    struct store *s;
    struct line_trunk_config *list;
    unsigned count;
    int rc;
};

static int on_trunk(void *arg, const json_t *one)
{
    struct trunks *t = arg;

    if (t->count == LINE_TRUNKS_MAX)
        return 1;
    t->rc = get_trunk(t->s, json_integer_value(json_object_get(one, "id")), &t->list[t->count]);
    t->count += t->rc == 0;
    return t->rc;
}

int campaign_all_trunks(struct store *s, struct line_trunk_config *trunks, unsigned *count)
{
    struct trunks t = {.s = s, .list = trunks};
    int rc = store_show_all(s, STORE_VIEW_TRUNK, NULL, 0, on_trunk, &t);

    if (!rc)
        rc = t.rc;
    if (!rc)
        *count = t.count;
    return rc;
}

/* Those it refers to; without any, those of its own content, which are found by their names. */
static int read_trunks(struct store *s, int64_t id, struct campaign *c)
{
    int64_t ids[LINE_TRUNKS_MAX];
    unsigned count;
    int rc = store_campaign_trunks(s, id, ids, LINE_TRUNKS_MAX, &count);

    for (unsigned i = 0; !rc && i < count; i++)
        rc = get_trunk(s, ids[i], &c->trunks[i]);
    if (!rc && count)
        c->trunk_count = count;
    return rc;
}

static void noted_folder(const char *data_dir, int64_t id, char *out, size_t size)
{
    char path[600];
    const char *audio;
    json_t *note;

    snprintf(path, sizeof(path), "%s/campaign-%lld.json", data_dir, (long long)id);
    if (json_load_path(path, &note, NULL))
        return;
    audio = json_string_value(json_object_get(note, "audio"));
    if (audio)
        snprintf(out, size, "%s", audio);
    json_decref(note);
}

int campaign_open(struct store *s, int64_t id, const char *data_dir, struct campaign **out,
                  struct error *err)
{
    struct campaign *c = NULL;
    char folder[512], *json;
    int rc = store_campaign_config(s, id, &json);

    if (rc)
        return error_set(err, rc, NULL, NULL, "the campaign cannot be read: %s", strerror(-rc));
    snprintf(folder, sizeof(folder), "%s/audio", data_dir);
    noted_folder(data_dir, id, folder, sizeof(folder));
    rc = campaign_load_text(json, folder, &c, err);
    free(json);
    if (!rc)
        rc = read_trunks(s, id, c);
    if (rc) {
        campaign_free(c);
        return error_set(err, rc, NULL, NULL, "the campaign cannot be read: %s", strerror(-rc));
    }
    *out = c;
    return 0;
}
