/* Recordings: files of the data folder's audio, under the names that flows use. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/call.h"
#include "api/upload.h"
#include "handlers.h"
#include "media/prompt.h"
#include "store/library.h"

int api_list_audio(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "q");
    return api_page(c, STORE_VIEW_AUDIO, &f, NULL);
}

int api_get_audio(struct api_call *c)
{
    return api_one(c, STORE_VIEW_AUDIO, false);
}

int api_play_audio(struct api_call *c)
{
    char path[900];
    const char *type;
    json_t *audio;
    bool right;
    int rc = store_look_id(c->store, STORE_VIEW_AUDIO, api_int(c, "id"), &audio);

    if (rc)
        return rc;
    type = arena_strdup(http_arena(c->request), json_string_value(json_object_get(audio, "type")));
    right = api_path(c, path, sizeof(path), "audio/%s",
                     json_string_value(json_object_get(audio, "name")));
    json_decref(audio);
    if (!right)
        return 0;
    http_reply_file(c->request, path, type, NULL);
    c->sent = true;
    return 0;
}

/* ---- upload --------------------------------------------------------------------------------- */

/* By its first bytes, whatever the client calls it: it is played back with this type. */
static const char *type_of(const char *path)
{
    char magic[4] = {0};
    FILE *f = fopen(path, "rbe");

    if (f && fread(magic, 1, 4, f) != 4)
        magic[0] = '\0';
    if (f)
        fclose(f);
    if (memcmp(magic, "RIFF", 4) == 0)
        return "audio/wav";
    if (memcmp(magic, "fLaC", 4) == 0)
        return "audio/flac";
    return memcmp(magic, "OggS", 4) == 0 ? "audio/ogg" : "application/octet-stream";
}

static int add(struct api_call *c, struct store *s)
{
    const struct prompt *p = c->prompt;
    struct store_audio a = {.name = api_text(c, "name"),
                            .type = c->upload,
                            .warning = prompt_complaint(p),
                            .bytes = (int64_t)http_spooled_size(c->request),
                            .ms = prompt_ms(p),
                            .peak_db = (double)p->peak_db,
                            .rms_db = (double)p->rms_db};
    json_t *shown;
    int64_t id;
    int rc = store_audio_add(s, &a, &id);

    if (rc == -EEXIST)
        return api_refuse(c, 409, "?name", "choose another name, or remove the old one",
                          "there is a recording of this name");
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_AUDIO, id, &shown);
    if (rc)
        return rc;
    api_object(c, "audio %lld", (long long)id);
    api_detail(c, "%s", a.name);
    api_location(c, "/api/audio/%lld", (long long)id);
    return api_answer(c, 201, shown);
}

/* One at a time: a name's file and row are made together. */
static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

static int keep(struct api_call *c)
{
    char kept[320];
    int64_t id;
    int rc;

    /* Of a crash between file and row, or of a row that went: no recording is of this name. */
    snprintf(kept, sizeof(kept), "audio/%s", api_text(c, "name"));
    if (store_audio_find(c->store, api_text(c, "name"), &id) == -ENOENT)
        upload_drop(c, kept);
    rc = upload_keep_as(c, "audio", api_text(c, "name"));
    if (rc && rc != -EEXIST)
        return rc;
    return api_change(c, add); /* where there was a file there is a row: refused */
}

int api_upload_audio(struct api_call *c)
{
    const char *path = http_spooled_path(c->request);
    struct error err = {0};
    struct prompt *p;
    int rc = path ? prompt_load(path, &p, &err) : -EIO;

    if (rc == -ENOMEM || rc == -EIO)
        return rc;
    if (rc)
        return api_refuse(c, 422, "", err.remedy, "%s", err.message);
    snprintf(c->upload, sizeof(c->upload), "%s", type_of(path));
    c->prompt = p;
    pthread_mutex_lock(&naming);
    rc = keep(c);
    pthread_mutex_unlock(&naming);
    c->prompt = NULL;
    prompt_free(p);
    return rc;
}

static int delete (struct api_call *c, struct store *s)
{
    json_t *audio;
    int rc = store_look_id(s, STORE_VIEW_AUDIO, api_int(c, "id"), &audio);

    if (rc)
        return rc;
    rc = store_audio_remove(s, api_int(c, "id"));
    api_detail(c, "%s", json_string_value(json_object_get(audio, "name")));
    json_decref(audio);
    return api_removed(c, rc, "audio", "a flow or a campaign plays the recording",
                       "change those first");
}

int api_delete_audio(struct api_call *c)
{
    char kept[320];
    int rc = api_change(c, delete);

    snprintf(kept, sizeof(kept), "audio/%s", c->detail);
    if (!rc && c->status == 204)
        upload_drop(c, kept);
    return rc;
}
