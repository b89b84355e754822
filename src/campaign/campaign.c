/* A campaign's life: loaded from its file or from the store, its prompts, its identity. The
 * canonical text is the whole campaign with its flow inside, keys sorted: the same content gives
 * the same hash, wherever the file lies. */
#include "campaign/campaign.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "campaign/campaign_priv.h"

static int hash(const char *text, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL) || n != 32)
        return -EIO;
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

/* The flow stands inside, never beside: what is stored needs no file but the audio. */
static int canonical(struct campaign *c, const json_t *root, json_t *flow)
{
    json_t *copy = json_copy((json_t *)root);

    if (!copy)
        return -ENOMEM;
    json_object_del(copy, "flow_file");
    json_object_set(copy, "flow", flow);
    c->canonical = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(copy);
    return c->canonical ? hash(c->canonical, c->hash) : -ENOMEM;
}

static int load(const json_t *root, const char *name, const char *base, struct campaign **out,
                struct error *err)
{
    struct json_at at = json_root(root, name);
    struct campaign *c = calloc(1, sizeof(*c));
    json_t *flow = NULL;
    int rc;

    if (!c)
        return -ENOMEM;
    rc = campaign_read(c, &at, base, &flow, err);
    if (!rc)
        rc = canonical(c, root, flow);
    json_decref(flow);
    if (rc) {
        campaign_free(c);
        return rc;
    }
    *out = c;
    return 0;
}

int campaign_load(const char *path, struct campaign **out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    char base[sizeof((*out)->folder)] = ".";
    json_t *root;
    int rc;

    if (slash && (size_t)(slash - path) >= sizeof(base))
        return error_set(err, -ENAMETOOLONG, path, "move it", "the path is too long");
    if (slash)
        snprintf(base, sizeof(base), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    rc = json_load_path(path, &root, err);
    if (rc)
        return rc;
    rc = load(root, path, base, out, err);
    json_decref(root);
    return rc;
}

int campaign_load_text(const char *json, const char *folder, struct campaign **out,
                       struct error *err)
{
    json_t *root;
    int rc = json_load_text(json, strlen(json), "stored campaign", &root, err);

    if (rc)
        return rc;
    rc = load(root, "stored campaign", folder, out, err);
    json_decref(root);
    if (!rc) /* already where the audio lies, whatever "audio" says */
        snprintf((*out)->folder, sizeof((*out)->folder), "%s", folder);
    return rc;
}

void campaign_free(struct campaign *c)
{
    if (!c)
        return;
    flow_free(c->flow);
    free(c->canonical);
    explicit_bzero(c->trunks, sizeof(c->trunks)); /* passwords */
    free(c);
}

int campaign_load_prompts(const struct campaign *c, struct prompt ***prompts, struct error *err)
{
    int count = flow_prompt_count(c->flow), rc = 0;
    struct prompt **list = calloc((size_t)count + 1, sizeof(struct prompt *));

    if (!list)
        return -ENOMEM;
    for (int i = 0; i < count && !rc; i++) {
        char path[1024];

        rc = file_join(c->folder, flow_prompt_name(c->flow, i), path, sizeof(path));
        if (rc)
            error_set(err, rc, flow_prompt_name(c->flow, i), "shorten it",
                      "the path of the audio is too long");
        else
            rc = prompt_load(path, &list[i], err);
    }
    if (rc) {
        for (int i = 0; i < count; i++)
            prompt_free(list[i]);
        free(list);
        return rc;
    }
    *prompts = list;
    return 0;
}
