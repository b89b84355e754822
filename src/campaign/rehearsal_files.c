#include "campaign/rehearsal_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

enum { PATH_LEN = 1200, PEOPLE_BYTES = 1 << 20 };

static int write_text(const char *dir, const char *name, const char *text, size_t len,
                      struct error *err)
{
    char path[PATH_LEN];

    if (file_join(dir, name, path, sizeof(path)))
        return error_set(err, -ENAMETOOLONG, dir, NULL, "the name is too long");
    return file_write_atomic(path, text, len, err);
}

static int write_campaign(const char *dir, const struct campaign *c, struct error *err)
{
    static const char *const gone[] = {"start", "end", "trunks", "flow_file"};
    char *audio = realpath(c->folder, NULL), *text;
    json_t *root = json_loads(c->canonical, 0, NULL);
    int rc = -ENOMEM;

    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        json_object_del(root, gone[i]);
    json_object_set_new(root, "retry", json_pack("{s:i}", "max_attempts", 1));
    json_object_set_new(root, "audio", json_string(audio ? audio : c->folder));
    text = json_dumps(root, JSON_INDENT(2));
    if (text)
        rc = write_text(dir, REHEARSAL_CAMPAIGN, text, strlen(text), err);
    free(text);
    free(audio);
    json_decref(root);
    return rc;
}

/* Numbers as of Israeli mobiles: whatever the campaign's country, with + they are read as such, and
 * the only trunk of a rehearsal is the simulated carrier. */
static int write_people(const char *dir, unsigned people, struct error *err)
{
    static const char *const names[] = {"נועה", "David", "מאיה", "Sarah",  "יוסף", "Leah",
                                        "תמר",  "Adam",  "משה",  "Hannah", "יעל",  "Ruth"};
    static const char *const cities[] = {"ירושלים", "Haifa", "תל אביב", "Jerusalem", "באר שבע"};
    enum { NAMES = sizeof(names) / sizeof(names[0]), CITIES = sizeof(cities) / sizeof(cities[0]) };
    struct buf b = {.max = PEOPLE_BYTES};
    int rc = buf_puts(&b, "phone,name,city\n");

    for (unsigned i = 0; !rc && i < people; i++)
        rc = buf_printf(&b, "+97250100%04u,%s,%s\n", i, names[i % NAMES], cities[i % CITIES]);
    if (!rc)
        rc = write_text(dir, REHEARSAL_PEOPLE, b.data, b.len, err);
    buf_free(&b);
    return rc;
}

int rehearsal_write_files(const char *dir, const struct campaign *c, unsigned people,
                          struct error *err)
{
    int rc = file_mkdirs(dir, err);

    if (!rc)
        rc = write_campaign(dir, c, err);
    return rc ? rc : write_people(dir, people, err);
}
