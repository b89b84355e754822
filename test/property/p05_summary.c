/* P5: the summary of an import adds up and matches the store; each rejected row is told with its
 * row and reason and stands in the file of rejected rows, as it was: mended there and loaded again,
 * everybody is in the list. */
#define PEOPLE_FILE_STORE
#include "contacts/table.h"
#include "people_file.h"
#include "prop.h"

struct reasons {
    int64_t count, first;
};

static void add_reason(void *arg, const char *reason, int64_t count, int64_t first_row)
{
    struct reasons *r = arg;

    r->count += count;
    if (!r->first || first_row < r->first)
        r->first = first_row;
}

struct expected {
    int64_t valid, bad, first_bad, people;
};

static void expect(const struct file_world *w, struct expected *e)
{
    bool met[FILE_PEOPLE] = {false};

    memset(e, 0, sizeof(*e));
    for (int i = 0; i < w->count; i++) {
        if (w->rows[i].person < 0) {
            e->bad++;
            e->first_bad = e->first_bad ? e->first_bad : w->rows[i].number;
            continue;
        }
        e->valid++;
        e->people += !met[w->rows[i].person];
        met[w->rows[i].person] = true;
    }
}

static const char *compare(const struct file_world *w, const struct import_summary *sum, bool xlsx)
{
    struct reasons reasons = {0};
    struct store_import stored;
    struct expected e;
    int64_t list_id, contacts;

    expect(w, &e);
    if (store_list_find(place.store, place.list, &list_id) ||
        store_contact_count(place.store, list_id, &contacts) ||
        store_import_get(place.store, sum->import.id, &stored))
        return "the store cannot be read";
    if (sum->import.rows != sum->import.accepted + sum->import.merged + sum->import.rejected)
        return "the summary does not add up";
    if (sum->import.rows != w->count || sum->import.accepted != e.people ||
        sum->import.merged != e.valid - e.people || sum->import.rejected != e.bad)
        return "the summary does not tell what the file has";
    if (stored.rows != sum->import.rows || stored.accepted != sum->import.accepted ||
        stored.merged != sum->import.merged || stored.rejected != sum->import.rejected)
        return "the history tells otherwise";
    if (contacts != sum->import.accepted)
        return "the list has another number of people";
    if (sum->hidden != w->hidden || (!xlsx && sum->empty != w->blanks))
        return "hidden or empty rows";
    if (sum->zone_number != e.valid || sum->zone_column + sum->zone_unsure + sum->zone_none != 0)
        return "the origins of the time zones";
    store_import_reasons(place.store, sum->import.id, add_reason, &reasons);
    if (reasons.count != e.bad || reasons.first != e.first_bad)
        return "reasons or row numbers of what was rejected";
    return (access(place.rejected, R_OK) == 0) == (e.bad > 0) ? NULL : "the file of rejected rows";
}

/* ---- mending -------------------------------------------------------------------------------- */

struct mending {
    const struct file_world *w;
    FILE *out;
    int rows, phone;
    const char *fault;
};

static const struct file_row *next_bad(const struct file_world *w, int n)
{
    for (int i = 0; i < w->count; i++)
        if (w->rows[i].person < 0 && n-- == 0)
            return &w->rows[i];
    return NULL;
}

/* A person in a spreadsheet: the number is corrected, all else is left as it was. */
static int mend(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct mending *m = arg;
    const struct file_row *bad = m->rows ? next_bad(m->w, m->rows - 1) : NULL;

    if (m->rows && (!bad || atoll(row->cells[0].p) != bad->number || !row->cells[1].len))
        m->fault = "a rejected row without its number and reason";
    for (int i = 0; i < row->count; i++) {
        const char *text = row->cells[i].p;
        char number[24];

        if (!m->rows && (strcmp(text, "Mobile") == 0 || strcmp(text, "מס' נייד") == 0))
            m->phone = i;
        if (m->rows && i == m->phone) {
            snprintf(number, sizeof(number), "052%07d", 2000000 + m->rows);
            text = number;
        }
        fputs(i ? ",\"" : "\"", m->out);
        for (; *text; text++)
            fprintf(m->out, "%s%c", *text == '"' ? "\"" : "", *text);
        fputc('"', m->out);
    }
    fputs("\n", m->out);
    m->rows++;
    return 0;
}

struct again {
    const struct file_world *w;
    int met;
    const char *fault;
};

static int check_mended(void *arg, const struct store_contact *c)
{
    struct again *a = arg;
    const struct file_row *bad;
    char name[40];

    if (c->number < 972522000000ULL || c->number >= 972523000000ULL)
        return 0;
    bad = next_bad(a->w, (int)(c->number - 972522000001ULL));
    if (!bad) {
        a->fault = "somebody who was not in the file";
        return 1;
    }
    a->met++;
    file_plain(bad->name, name);
    if (strcmp(c->name ? c->name : "", name) != 0 ||
        strcmp(c->language ? c->language : "", bad->language) != 0)
        a->fault = "a mended row has lost its name or language";
    if (bad->city[0] && (!c->extra || !strstr(c->extra, "\"City\":\"")))
        a->fault = "a mended row has lost a column";
    return a->fault != NULL;
}

static const char *load_again(const struct file_world *w, const struct import_summary *first)
{
    struct mending m = {.w = w, .phone = -1};
    struct table_options o = {.row = mend, .arg = &m};
    struct again a = {.w = w};
    struct table_info info;
    struct import_summary sum;
    int64_t list_id;

    m.out = fopen(place.path, "w");
    if (!m.out || table_read(place.rejected, &o, &info, NULL) || fclose(m.out))
        return "the file of rejected rows cannot be read";
    if (m.fault || m.phone < 0 || m.rows - 1 != first->import.rejected)
        return m.fault ? m.fault : "the file of rejected rows lost some";
    if (place_import(place.path, &sum))
        return "the mended file cannot be imported";
    if (sum.import.accepted != first->import.rejected || sum.import.rejected != 0)
        return "not everybody of the mended file was taken";
    if (store_list_find(place.store, place.list, &list_id) ||
        store_contact_each(place.store, list_id, check_mended, &a))
        return a.fault ? a.fault : "the list cannot be read";
    return a.fault ? a.fault : a.met == first->import.rejected ? NULL : "some are not in the list";
}

static const char *check(struct rng *r, void *arg)
{
    struct import_summary sum;
    struct file_world w;
    const char *fault;

    place_next();
    file_random(r, &w);
    if (arg ? file_write_xlsx(r, &w, place.path) : file_write_csv(r, &w, place.path))
        return "the file could not be made";
    if (place_import(place.path, &sum))
        return "the import failed";
    fault = compare(&w, &sum, arg != NULL);
    return !fault && sum.import.rejected ? load_again(&w, &sum) : fault;
}

int main(void)
{
    bool csv, xlsx;

    if (!place_open())
        return 1;
    csv = prop_check("P5 CSV", 150, check, NULL);
    xlsx = prop_check("P5 XLSX", 80, check, place.path);
    printf("%s 1 - P5 the summary of a CSV\n%s 2 - P5 the summary of a workbook\n1..2\n",
           csv ? "ok" : "not ok", xlsx ? "ok" : "not ok");
    place_close();
    return !(csv && xlsx);
}
