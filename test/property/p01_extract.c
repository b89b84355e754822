/* P1: every valid contact of a file is extracted, with its fields, from CSV of any encoding,
 * separator and column order and from XLSX of any cell type, however people or spreadsheets wrote
 * the number; and nobody else. */
#include <jansson.h>

#define PEOPLE_FILE_STORE
#include "people_file.h"
#include "prop.h"

struct seen {
    const struct file_world *w;
    bool found[FILE_PEOPLE];
    int contacts;
    const char *fault;
};

static bool same(const char *stored, const char *expected)
{
    return stored ? strcmp(stored, expected) == 0 : expected[0] == '\0';
}

/* What the further columns of the person's rows say together: the first word stays. */
static bool same_extra(const struct file_world *w, int person, const char *extra)
{
    json_t *expected = json_object(), *stored = extra ? json_loads(extra, 0, NULL) : json_object();
    bool agree;

    for (int i = 0; i < w->count; i++) {
        const struct file_row *r = &w->rows[i];
        const char *titles[] = {"City", w->hebrew ? "טלפון בבית" : "Home Phone"};
        char number[64];
        const char *values[] = {r->city, r->at_home ? number : r->other};

        if (r->person != person)
            continue;
        file_number(r, number, sizeof(number));
        for (int k = 0; k < 2; k++)
            if (values[k][0] && !json_object_get(expected, titles[k]))
                json_object_set_new(expected, titles[k], json_string(values[k]));
    }
    /* A workbook's number is kept as the digits that it has. */
    agree = json_object_size(expected) == json_object_size(stored) &&
            (!json_object_get(expected, "City") ||
             json_equal(json_object_get(expected, "City"), json_object_get(stored, "City")));
    json_decref(expected);
    json_decref(stored);
    return agree;
}

/* The first row of a person stays; each field is the first that was not empty. */
static int check_contact(void *arg, const struct store_contact *c)
{
    struct seen *s = arg;
    char name[40] = "";
    const char *language = "";
    int64_t row = 0;
    int person = -1;

    for (int i = 0; i < FILE_PEOPLE; i++)
        if (file_key(i) == c->number)
            person = i;
    if (person < 0 || s->found[person]) {
        s->fault = "a contact that is in no row, or twice";
        return 1;
    }
    s->found[person] = true;
    s->contacts++;
    for (int i = s->w->count - 1; i >= 0; i--) {
        const struct file_row *r = &s->w->rows[i];

        if (r->person != person)
            continue;
        row = r->number;
        if (r->name[0])
            file_plain(r->name, name);
        language = r->language[0] ? r->language : language;
    }
    if (!row || c->row != row)
        s->fault = "not the first row of its number";
    else if (!same(c->name, name))
        s->fault = "the name";
    else if (!same(c->language, language))
        s->fault = "the language";
    else if (!same_extra(s->w, person, c->extra))
        s->fault = "the further columns";
    else if (strcmp(c->zone, "Asia/Jerusalem") != 0 || c->zone_origin != 'n')
        s->fault = "the zone";
    return s->fault != NULL;
}

static const char *check(struct rng *r, void *arg)
{
    struct import_summary sum;
    struct file_world w;
    struct seen seen = {.w = &w};
    int64_t list_id;
    int people = 0;
    bool met[FILE_PEOPLE] = {false};

    place_next();
    file_random(r, &w);
    if (arg ? file_write_xlsx(r, &w, place.path) : file_write_csv(r, &w, place.path))
        return "the file could not be made";
    if (place_import(place.path, &sum))
        return "the import failed";
    for (int i = 0; i < w.count; i++)
        if (w.rows[i].person >= 0 && !met[w.rows[i].person]) {
            met[w.rows[i].person] = true;
            people++;
        }
    if (store_list_find(place.store, place.list, &list_id) ||
        store_contact_each(place.store, list_id, check_contact, &seen))
        return seen.fault ? seen.fault : "the list cannot be read";
    return seen.fault                ? seen.fault
           : seen.contacts != people ? "a valid contact was not extracted"
                                     : NULL;
}

int main(void)
{
    bool csv, xlsx;

    if (!place_open())
        return 1;
    csv = prop_check("P1 CSV", 200, check, NULL);
    xlsx = prop_check("P1 XLSX", 100, check, place.path);
    printf("%s 1 - P1 every valid contact of a CSV\n%s 2 - P1 every valid contact of a workbook\n"
           "1..2\n",
           csv ? "ok" : "not ok", xlsx ? "ok" : "not ok");
    place_close();
    return !(csv && xlsx);
}
