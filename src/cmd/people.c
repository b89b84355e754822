#include "cmd/people.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/ui.h"

/* DIR/imports.json: {"list number": {"SHA-256 of the file and how it was read": import number}}. If
 * it is lost the file is read again, and everyone in it merges with the person already there. */

static int hash_file(const char *path, const struct import_options *o, char hex[65],
                     struct error *err)
{
    unsigned char block[65536], digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    EVP_MD_CTX *ctx;
    ssize_t n;

    if (fd < 0)
        return error_set(err, -errno, path, "check the name and the folder", "cannot open: %s",
                         strerror(errno));
    ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
        rc = -ENOMEM;
    while (rc == 0 && (n = read(fd, block, sizeof(block))) != 0) {
        if (n < 0)
            rc = error_set(err, -errno, path, NULL, "cannot read: %s", strerror(errno));
        else
            EVP_DigestUpdate(ctx, block, (size_t)n);
    }
    if (rc == 0) { /* read another way it is another import */
        const char *parts[] = {o->region, o->sheet, o->encoding};

        for (int i = 0; i < 3; i++)
            EVP_DigestUpdate(ctx, parts[i] ? parts[i] : "", strlen(parts[i] ? parts[i] : "") + 1);
        for (const char *const *m = o->map; m && *m; m++)
            EVP_DigestUpdate(ctx, *m, strlen(*m) + 1);
        EVP_DigestFinal_ex(ctx, digest, &len);
        for (unsigned i = 0; i < 32; i++)
            snprintf(hex + i * 2, 3, "%02x", digest[i]);
    }
    EVP_MD_CTX_free(ctx);
    close(fd);
    return rc;
}

static json_t *load_memory(const char *path)
{
    json_t *memory = NULL;

    if (access(path, F_OK) == 0 && json_load_path(path, &memory, NULL) == 0 &&
        json_is_object(memory))
        return memory;
    json_decref(memory);
    return json_object();
}

static void save_memory(const char *path, json_t *memory)
{
    char *text = json_dumps(memory, JSON_INDENT(1));
    struct error err = {0};

    if (text && file_write_atomic(path, text, strlen(text), &err))
        ui_warn("%s: %s: the file will be read again next time", err.place, err.message);
    free(text);
}

static bool remembered(struct data *d, json_t *memory, const char *list, const char *hash)
{
    json_int_t id = json_integer_value(json_object_get(json_object_get(memory, list), hash));
    struct store_import import;

    return id > 0 && store_import_get(d->store, id, &import) == 0 &&
           strcmp(import.state, "done") == 0;
}

static void remember(json_t *memory, const char *list, const char *hash, int64_t id)
{
    if (!json_is_object(json_object_get(memory, list)))
        json_object_set_new(memory, list, json_object());
    json_object_set_new(json_object_get(memory, list), hash, json_integer(id));
}

int people_import_once(struct data *d, const char *path, struct import_options *o, bool *fresh,
                       int64_t *list_id, struct import_summary *summary)
{
    char file[600], hash[65], list[24];
    struct error err = {0};
    json_t *memory;
    int rc = hash_file(path, o, hash, &err);

    if (rc)
        return cmd_fail(&err);
    rc = store_list_ensure(d->store, o->list, list_id);
    if (rc)
        return cmd_store_error(d->store, rc, "make the list");
    snprintf(list, sizeof(list), "%lld", (long long)*list_id);
    snprintf(file, sizeof(file), "%s/imports.json", d->dir);
    memory = load_memory(file);
    if (remembered(d, memory, list, hash)) {
        *fresh = false;
        ui_note("%s: unchanged, already imported.", path);
    } else {
        rc = importing_file(d, path, o, summary);
        if (rc == CMD_DONE) {
            *fresh = true;
            remember(memory, list, hash, summary->import.id);
            save_memory(file, memory);
        }
    }
    json_decref(memory);
    return rc;
}
