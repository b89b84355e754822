/* P4: the duplicate rule. One contact per number in a list: the first row to come stays, later ones
 * fill in what was empty and override nothing, within a file and over any row of files; and an
 * import that is taken back leaves the list as though it had never been. Random imports, undos and
 * changes by hand on a few numbers, held against a model that keeps every row; campaigns that wait
 * to call them keep each person in the group of his zone and hours. */
#include <jansson.h>

#define PEOPLE_FILE_STORE
#include "people_file.h"
#include "prop.h"
#include "store/people.h"

enum { NUMBERS = 7, IMPORTS_MAX = 12, FIELDS = 6, STEPS = 10 };
/* Order of the columns. The last two are further columns. */
enum { NAME, LANGUAGE, ZONE, WINDOW, CITY, GIFT };

struct saying {
    bool any;
    int64_t row;
    char field[FIELDS][32]; /* "" none */
};

static struct {
    struct saying said[IMPORTS_MAX][NUMBERS];
    struct saying file[NUMBERS]; /* what the file that was written last says */
    int64_t id[IMPORTS_MAX];
    bool undone[IMPORTS_MAX];
    int imports;
    int64_t list, campaign;
} model;

static uint64_t number_of(int i)
{
    return 972501234000ULL + (uint64_t)i;
}

/* ---- the model ------------------------------------------------------------------------------ */

static void fill(struct saying *to, const struct saying *from)
{
    if (!to->any) {
        *to = *from;
        return;
    }
    for (int f = 0; f < FIELDS; f++)
        if (!to->field[f][0])
            memcpy(to->field[f], from->field[f], sizeof(to->field[f]));
}

/* Which import is the first that has a say, and all of them together. */
static int together(int n, struct saying *all)
{
    int first = -1;

    memset(all, 0, sizeof(*all));
    for (int i = 0; i < model.imports; i++)
        if (!model.undone[i] && model.said[i][n].any) {
            first = first < 0 ? i : first;
            fill(all, &model.said[i][n]);
        }
    return first;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static const char *const values[FIELDS][4] = {
    {"", "דנה", "Dan", "Noa"},
    {"", "he", "en", "ru"},
    {"", "", "Europe/London", "UTC"},
    {"", "", "sun-thu 09:00-12:00", "mon 10:00-11:00"},
    {"", "Haifa", "ירושלים", "Tel Aviv"},
    {"", "18", "180", ""},
};

static int write_file(struct rng *r)
{
    FILE *f = fopen(place.path, "w");
    int rows = 1 + (int)rng_below(r, 12);

    if (!f)
        return -1;
    memset(model.file, 0, sizeof(model.file));
    fputs("phone,name,language,zone,hours,City,Gift\n", f);
    for (int i = 0; i < rows; i++) {
        struct saying s = {.any = true, .row = i + 2};
        int n = (int)rng_below(r, NUMBERS);

        fprintf(f, "0%llu", (unsigned long long)(number_of(n) - 972000000000ULL));
        for (int k = 0; k < FIELDS; k++) {
            snprintf(s.field[k], sizeof(s.field[k]), "%s", values[k][rng_below(r, 4)]);
            fprintf(f, ",%s", s.field[k]);
        }
        fputc('\n', f);
        fill(&model.file[n], &s);
    }
    return fclose(f);
}

static const char *do_import(struct rng *r, bool again)
{
    struct import_summary sum;
    int i = model.imports;

    if (!again && write_file(r)) /* or the same file once more */
        return "the file could not be made";
    if (place_import(place.path, &sum))
        return "the import failed";
    model.id[i] = sum.import.id;
    memcpy(model.said[i], model.file, sizeof(model.file));
    model.imports++;
    return NULL;
}

static const char *do_undo(struct rng *r)
{
    int i = (int)rng_below(r, (uint64_t)model.imports), gone = 0;
    bool before[NUMBERS];
    struct saying all;
    int64_t removed;

    if (model.undone[i])
        return store_import_undo(place.store, model.id[i], &removed) == -EALREADY
                   ? NULL
                   : "an import was taken back twice";
    for (int n = 0; n < NUMBERS; n++)
        before[n] = together(n, &all) >= 0;
    if (store_import_undo(place.store, model.id[i], &removed))
        return "the undo failed";
    model.undone[i] = true;
    for (int n = 0; n < NUMBERS; n++)
        gone += before[n] && together(n, &all) < 0;
    return removed == gone ? NULL : "the undo counts other people than went";
}

static int take_id(void *arg, const struct store_contact *c)
{
    *(int64_t *)arg = c->id;
    return 0;
}

/* What a hand sets stays, whichever import is taken back afterwards. */
static const char *do_change(struct rng *r)
{
    int n = (int)rng_below(r, NUMBERS);
    struct saying s = {.any = true};
    struct store_contact c = {.name = "by hand", .zone_origin = 'c', .zone = "Asia/Tokyo"};
    int64_t id = 0;

    if (store_contact_by_number(place.store, model.list, number_of(n), take_id, &id) || !id)
        return NULL;
    if (store_contact_change(place.store, id, &c))
        return "the change failed";
    snprintf(s.field[NAME], sizeof(s.field[NAME]), "by hand");
    snprintf(s.field[ZONE], sizeof(s.field[ZONE]), "Asia/Tokyo");
    for (int i = 0; i < model.imports; i++)
        if (model.said[i][n].any && !model.undone[i]) {
            s.row = model.said[i][n].row;
            model.said[i][n] = s;
        }
    return NULL;
}

/* ---- the list as it must be ----------------------------------------------------------------- */

struct seen {
    bool met[NUMBERS];
    const char *fault;
};

static bool same(const char *stored, const char *expected)
{
    return stored ? strcmp(stored, expected) == 0 : expected[0] == '\0';
}

static bool same_extra(const char *extra, const struct saying *all)
{
    json_t *o = extra ? json_loads(extra, 0, NULL) : json_object();
    size_t expected = (all->field[CITY][0] != '\0') + (all->field[GIFT][0] != '\0');
    bool agree = json_object_size(o) == expected &&
                 same(json_string_value(json_object_get(o, "City")), all->field[CITY]) &&
                 same(json_string_value(json_object_get(o, "Gift")), all->field[GIFT]);

    json_decref(o);
    return agree;
}

static int check_contact(void *arg, const struct store_contact *c)
{
    struct seen *seen = arg;
    int n = (int)(c->number - number_of(0)), first;
    struct saying all;

    first = n < 0 || n >= NUMBERS ? -1 : together(n, &all);
    if (first < 0 || seen->met[n]) {
        seen->fault = "somebody is in the list who should not be, or twice";
        return 1;
    }
    seen->met[n] = true;
    if (c->import_id != model.id[first] || c->row != model.said[first][n].row)
        seen->fault = "not the first row stays";
    else if (!same(c->name, all.field[NAME]) || !same(c->language, all.field[LANGUAGE]) ||
             !same(c->window, all.field[WINDOW]) || !same_extra(c->extra, &all))
        seen->fault = "a field is not the first that was not empty";
    else if (all.field[ZONE][0] ? c->zone_origin != 'c' || !same(c->zone, all.field[ZONE])
                                : c->zone_origin != 'n' || !same(c->zone, "Asia/Jerusalem"))
        seen->fault = "the time zone";
    return seen->fault != NULL;
}

static int add_waiting(void *arg, const struct store_group *g)
{
    *(int64_t *)arg += g->waiting;
    return g->waiting < 0;
}

/* Each one waits in the group of his zone and hours; whoever is gone does not wait. */
static const char *check_targets(void)
{
    struct store_target_counts counts;
    int64_t waiting = 0, groups = 0;

    for (int n = 0; n < NUMBERS; n++) {
        struct store_target t;
        struct saying all;
        int first = together(n, &all);
        int rc = store_target_get(place.store, model.campaign, number_of(n), &t);

        if (rc == -ENOENT)
            continue; /* came after the campaign's people were chosen */
        if (rc)
            return "a target cannot be read";
        if (t.state == TARGET_STATE_REMOVED) /* may have come back since, as somebody new */
            continue;
        waiting++;
        if (first < 0)
            return "somebody who is gone still waits to be called";
        if (strcmp(t.zone, all.field[ZONE][0] ? all.field[ZONE] : "Asia/Jerusalem") != 0 ||
            strcmp(t.window, all.field[WINDOW]) != 0)
            return "somebody waits in the group of another zone or other hours";
    }
    if (store_target_counts(place.store, model.campaign, &counts) ||
        store_group_each(place.store, model.campaign, add_waiting, &groups))
        return "the targets cannot be counted";
    return counts.by_state[TARGET_STATE_WAITING] == waiting && groups == waiting
               ? NULL
               : "groups and targets do not add up";
}

static const char *check_list(void)
{
    struct seen seen = {0};

    if (store_contact_each(place.store, model.list, check_contact, &seen) && !seen.fault)
        return "the list cannot be read";
    for (int n = 0; n < NUMBERS && !seen.fault; n++) {
        struct saying all;

        if (!seen.met[n] && together(n, &all) >= 0)
            seen.fault = "somebody is missing";
    }
    return seen.fault ? seen.fault : check_targets();
}

static const char *check(struct rng *r, void *arg)
{
    struct store_campaign c = {.kind = "voice", .name = "t", .state = CAMPAIGN_STATE_DRAFT};
    int64_t added;
    const char *fault;

    (void)arg;
    place_next();
    memset(&model, 0, sizeof(model));
    fault = do_import(r, false);
    if (fault)
        return fault;
    if (store_list_find(place.store, place.list, &model.list))
        return "no list";
    c.list_id = model.list;
    if (store_campaign_create(place.store, &c, "{}", &model.campaign))
        return "no campaign";
    for (int step = 0; step < STEPS && !fault; step++) {
        switch (rng_below(r, 6)) {
        case 0:
        case 1:
            fault = do_undo(r);
            break;
        case 2:
            fault = do_change(r);
            break;
        case 3:
            if (store_target_fill(place.store, model.campaign, &added))
                fault = "the people of the campaign cannot be chosen";
            break;
        default:
            fault = do_import(r, rng_below(r, 3) == 0);
        }
        if (!fault)
            fault = check_list();
    }
    return fault;
}

int main(void)
{
    bool ok;

    if (!place_open())
        return 1;
    ok = prop_check("P4", 150, check, NULL);
    printf("%s 1 - P4 the duplicate rule, over imports and their undos\n1..1\n",
           ok ? "ok" : "not ok");
    place_close();
    return !ok;
}
