/* P1, P4 and P5: every valid contact of a file is extracted, from CSV of any encoding, separator
 * and column order and from XLSX of any cell type; the first row of a number stays and later ones
 * only fill what was empty; the summary adds up and matches the store. Files are made from a table
 * of people that the test keeps, the expectation is computed from that table alone. */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "base/clock.h"
#include "contacts/import.h"
#include "prop.h"

enum { ROWS_MAX = 60, PEOPLE = 25, FILE_MAX = 65536 };

struct row {
    int person;    /* < 0: not a valid number */
    int form;      /* how the number is written */
    bool blank;    /* an empty row before it (XLSX: a gap) */
    char name[40]; /* "" none */
    char city[40]; /* a further column */
    char language[4];
    int64_t number; /* of the row in the file */
};

struct world {
    struct row rows[ROWS_MAX];
    int count;
    int order[4]; /* which column stands where: phone, name, city, language */
    bool hebrew;
};

static char folder[] = "/tmp/kolcast-p01-XXXXXX", path[64], rejected[64], database[64], list[24];
static struct store *store; /* one for all cases, a list for each */

static uint64_t key_of(int person)
{
    return 972501234000ULL + (uint64_t)person * 7;
}

static void number_text(const struct row *r, char *out, size_t size)
{
    static const char *const wrong[] = {"", "abc", "12", "9.72E+11", "0601234567", "לא ידוע"};
    unsigned long local = (unsigned long)(key_of(r->person) - 972000000000ULL);

    if (r->person < 0) {
        snprintf(out, size, "%s", wrong[r->form % 6]);
        return;
    }
    switch (r->form % 6) {
    case 0:
        snprintf(out, size, "0%lu", local);
        break;
    case 1:
        snprintf(out, size, "%lu", local);
        break;
    case 2:
        snprintf(out, size, "+972-%lu-%07lu", local / 10000000, local % 10000000);
        break;
    case 3:
        snprintf(out, size, "0%lu-%07lu", local / 10000000, local % 10000000);
        break;
    case 4:
        snprintf(out, size, "972%lu.0", local);
        break;
    default:
        snprintf(out, size, "00972 %lu", local);
    }
}

static void random_word(struct rng *r, char out[40], bool plain)
{
    static const char *const words[] = {"דנה", "Dan", "כהן, לוי", "O\"Neil", "חיפה", "a;b", "x\ty"};

    if (rng_below(r, 3) == 0)
        out[0] = '\0';
    else
        snprintf(out, 40, "%s %u", words[rng_below(r, plain ? 2 : 7)],
                 (unsigned)rng_below(r, 1000));
}

static void random_world(struct rng *r, struct world *w)
{
    *w = (struct world){.order = {0, 1, 2, 3}, .hebrew = rng_below(r, 2)};
    for (int i = 3; i > 0; i--) {
        int k = (int)rng_below(r, (uint64_t)i + 1), was = w->order[i];

        w->order[i] = w->order[k];
        w->order[k] = was;
    }
    w->count = (int)rng_below(r, ROWS_MAX + 1);
    for (int i = 0; i < w->count; i++) {
        struct row *row = &w->rows[i];

        row->person = rng_below(r, 6) ? (int)rng_below(r, PEOPLE) : -1;
        row->form = (int)rng_below(r, 6);
        row->blank = rng_below(r, 8) == 0;
        random_word(r, row->name, false);
        random_word(r, row->city, false);
        snprintf(row->language, sizeof(row->language), "%s", rng_below(r, 2) ? "he" : "");
        /* Something must be in the row, else it is empty and not rejected. */
        if (row->person < 0 && !row->name[0])
            snprintf(row->name, sizeof(row->name), "someone");
    }
}

static const char *cell(const struct world *w, const struct row *r, int column, char *buf,
                        size_t size)
{
    switch (w->order[column]) {
    case 0:
        number_text(r, buf, size);
        return buf;
    case 1:
        return r->name;
    case 2:
        return r->city;
    default:
        return r->language;
    }
}

static const char *title(const struct world *w, int column)
{
    static const char *const titles[2][4] = {{"Mobile", "Full Name", "City", "language"},
                                             {"טלפון נייד", "שם", "City", "שפה"}};

    return titles[w->hebrew][w->order[column]];
}

static size_t put(char *out, size_t n, const char *text, char separator, bool quote)
{
    if (quote || strchr(text, '"') || strchr(text, separator)) {
        out[n++] = '"';
        for (; *text; text++) {
            if (*text == '"')
                out[n++] = '"';
            out[n++] = *text;
        }
        out[n++] = '"';
        return n;
    }
    return n + (size_t)snprintf(out + n, FILE_MAX - n, "%s", text);
}

/* Writes the world as CSV; what row each is on is noted. */
static int write_csv(struct rng *r, struct world *w)
{
    static const char *const encodings[] = {"utf-8", "utf-8", "utf-16le", "utf-16be",
                                            "windows-1255"};
    static char text[FILE_MAX], out[FILE_MAX * 2];
    size_t encoding = rng_below(r, 5), n = 0, left, room = sizeof(out);
    const char *end = rng_below(r, 2) ? "\r\n" : "\n";
    char separator = ",;\t"[rng_below(r, 3)], *from = text, *to = out;
    bool mark = encoding != 4 && (encoding > 1 || rng_below(r, 2));
    int64_t line = 1;
    iconv_t convert;
    FILE *f;

    if (mark)
        n += (size_t)snprintf(text, sizeof(text), "\xef\xbb\xbf");
    for (int i = -1; i < w->count; i++) {
        if (i >= 0 && w->rows[i].blank) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", end);
            line++;
        }
        if (i >= 0)
            w->rows[i].number = line;
        for (int c = 0; c < 4; c++) {
            char buf[64];

            if (c)
                text[n++] = separator;
            n = put(text, n, i < 0 ? title(w, c) : cell(w, &w->rows[i], c, buf, sizeof(buf)),
                    separator, rng_below(r, 5) == 0);
        }
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", end);
        line++;
    }
    convert = iconv_open(encodings[encoding], "utf-8");
    left = n;
    if (convert == (iconv_t)-1 || iconv(convert, &from, &left, &to, &room) == (size_t)-1)
        return -1;
    iconv_close(convert);
    f = fopen(path, "wb");
    if (!f || fwrite(out, 1, sizeof(out) - room, f) != sizeof(out) - room)
        return -1;
    return fclose(f);
}

static int write_xlsx(struct rng *r, struct world *w)
{
    lxw_workbook_options o = {.constant_memory = rng_below(r, 2)}; /* inline or shared strings */
    lxw_workbook *book = workbook_new_opt(path, &o);
    lxw_worksheet *sheet;
    lxw_row_t line = 0;

    if (rng_below(r, 2)) /* a sheet before it, without phone numbers */
        worksheet_write_string(workbook_add_worksheet(book, "notes"), 0, 0, "hello", NULL);
    sheet = workbook_add_worksheet(book, "people");
    for (int i = -1; i < w->count; i++, line++) {
        if (i >= 0 && w->rows[i].blank)
            line++;
        if (i >= 0)
            w->rows[i].number = (int64_t)line + 1;
        for (lxw_col_t c = 0; c < 4; c++) {
            char buf[64];
            const char *text = i < 0 ? title(w, c) : cell(w, &w->rows[i], c, buf, sizeof(buf));

            if (i >= 0 && w->order[c] == 0 && w->rows[i].person >= 0 && rng_below(r, 2)) {
                w->rows[i].form = 1; /* a number for the spreadsheet: no leading zero */
                worksheet_write_number(sheet, line, c,
                                       (double)(key_of(w->rows[i].person) - 972000000000ULL), NULL);
            } else if (text[0]) {
                worksheet_write_string(sheet, line, c, text, NULL);
            }
        }
    }
    return workbook_close(book) ? -1 : 0;
}

/* ---- what must come of it ------------------------------------------------------------------- */

struct seen {
    const struct world *w;
    bool found[PEOPLE];
    int contacts;
    const char *fault;
};

static bool same(const char *stored, const char *expected)
{
    return stored ? strcmp(stored, expected) == 0 : expected[0] == '\0';
}

/* The first row of a person stays; each field is the first that was not empty. */
static int check_contact(void *arg, const struct store_contact *c)
{
    struct seen *s = arg;
    const char *name = "", *city = "", *language = "";
    int64_t row = 0;
    int person = -1;
    char city_json[120], *o = city_json;

    for (int i = 0; i < PEOPLE; i++)
        if (key_of(i) == c->number)
            person = i;
    if (person < 0 || s->found[person]) {
        s->fault = "a contact that is in no row, or twice";
        return 1;
    }
    s->found[person] = true;
    s->contacts++;
    for (int i = s->w->count - 1; i >= 0; i--) {
        const struct row *r = &s->w->rows[i];

        if (r->person != person)
            continue;
        row = r->number;
        name = r->name[0] ? r->name : name;
        city = r->city[0] ? r->city : city;
        language = r->language[0] ? r->language : language;
    }
    o += sprintf(o, "{\"City\":\"");
    for (const char *p = city; *p; p++)
        o += *p == '"' ? sprintf(o, "\\\"") : *p == '\t' ? sprintf(o, "\\t") : (*o = *p, 1);
    sprintf(o, "\"}");
    if (!row || c->row != row)
        s->fault = "not the first row of its number";
    else if (!same(c->name, name))
        s->fault = "the name";
    else if (!same(c->language, language))
        s->fault = "the language";
    else if (city[0] ? !c->extra || strcmp(c->extra, city_json) != 0 : c->extra != NULL)
        s->fault = "the further column";
    else if (strcmp(c->zone, "Asia/Jerusalem") != 0)
        s->fault = "the zone";
    return s->fault != NULL;
}

struct reasons {
    const struct world *w;
    int64_t count, first;
};

static void add_reason(void *arg, const char *reason, int64_t count, int64_t first_row)
{
    struct reasons *r = arg;

    r->count += count;
    if (!r->first || first_row < r->first)
        r->first = first_row;
}

static const char *compare(struct store *s, const struct world *w, const struct import_summary *sum)
{
    struct seen seen = {.w = w};
    struct reasons reasons = {.w = w};
    int64_t valid = 0, bad = 0, first_bad = 0, people = 0, list_id;
    bool met[PEOPLE] = {false};

    for (int i = 0; i < w->count; i++) {
        if (w->rows[i].person < 0) {
            bad++;
            first_bad = first_bad ? first_bad : w->rows[i].number;
            continue;
        }
        valid++;
        people += !met[w->rows[i].person];
        met[w->rows[i].person] = true;
    }
    if (store_list_find(s, list, &list_id) || store_contact_each(s, list_id, check_contact, &seen))
        return seen.fault ? seen.fault : "the list cannot be read";
    if (seen.fault)
        return seen.fault;
    if (seen.contacts != people)
        return "P1: a valid contact was not extracted";
    if (sum->import.accepted != people || sum->import.merged != valid - people ||
        sum->import.rejected != bad || sum->import.rows != w->count)
        return "P5: the summary does not add up";
    store_import_reasons(s, sum->import.id, add_reason, &reasons);
    if (reasons.count != bad || reasons.first != first_bad)
        return "P5: reasons or row numbers of what was rejected";
    if ((access(rejected, R_OK) == 0) != (bad > 0))
        return "the file of rejected rows";
    return NULL;
}

/* The file of rejected rows can be loaded as it is, and rejects the same again. */
static const char *again(struct store *s, const struct import_summary *first)
{
    struct import_options o = {.list = "again", .region = "IL"};
    struct import_summary sum;
    struct error err = {0};

    if (import_file(s, rejected, &o, &sum, &err)) {
        fprintf(stderr, "# %s\n", err.message);
        return "the file of rejected rows cannot be loaded";
    }
    return sum.import.rejected == first->import.rejected && sum.import.accepted == 0
               ? NULL
               : "the file of rejected rows lost some";
}

static const char *check(struct rng *r, void *arg)
{
    struct import_options o = {.list = list, .region = "IL", .rejected_path = rejected};
    struct import_summary sum;
    struct error err = {0};
    struct world w;
    static int cases;
    const char *fault;
    int rc;

    snprintf(list, sizeof(list), "list %d", ++cases);
    random_world(r, &w);
    unlink(rejected);
    if (arg ? write_xlsx(r, &w) : write_csv(r, &w))
        return "the file could not be made";
    rc = import_file(store, path, &o, &sum, &err);
    if (rc)
        fprintf(stderr, "# %d %s\n", rc, err.message);
    fault = rc ? "the import failed" : compare(store, &w, &sum);
    if (!rc && !fault && sum.import.rejected)
        fault = again(store, &sum);
    return fault;
}

int main(void)
{
    static const char *const names[] = {"people", "rejected.csv", "db", "db-wal", "db-shm"};
    struct error err = {0};
    bool csv, xlsx;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/people", folder);
    snprintf(rejected, sizeof(rejected), "%s/rejected.csv", folder);
    snprintf(database, sizeof(database), "%s/db", folder);
    if (store_open(database, &clock_system, &store, &err))
        return 1;
    csv = prop_check("P1 P4 P5 CSV", 200, check, NULL);
    printf("%s 1 - P1 P4 P5 of CSV\n", csv ? "ok" : "not ok");
    xlsx = prop_check("P1 P4 P5 XLSX", 100, check, path);
    printf("%s 2 - P1 P4 P5 of XLSX\n1..2\n", xlsx ? "ok" : "not ok");
    store_close(store);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return !(csv && xlsx);
}
