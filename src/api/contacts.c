/* Contacts one by one. What an import checks in a row is checked here by the same parts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/defaults.h"
#include "handlers.h"
#include "phone/window.h"
#include "phone/zone.h"
#include "store/people.h"

enum { EXTRA_MAX = 1800 }; /* as contacts/import: what a call can carry */

int api_list_contacts(struct api_call *c)
{
    struct api_filters f = {0};
    int rc = store_look_id(c->store, STORE_VIEW_LIST, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    api_filter_number(&f, "list_id", api_int(c, "id"));
    api_filter_texts(&f, c, "number");
    api_filter_texts(&f, c, "q");
    api_filter_ints(&f, c, "import_id");
    return api_page(c, STORE_VIEW_CONTACT, &f, NULL);
}

int api_get_contact(struct api_call *c)
{
    return api_one(c, STORE_VIEW_CONTACT, true);
}

/* ---- what was written ----------------------------------------------------------------------- */

/* A contact on its way from the body to the store. */
struct draft {
    struct store_contact contact;
    char window[WINDOW_TEXT_MAX];
    char *extra; /* owned */
};

static const char *text_or_null(const struct api_call *c, const char *key)
{
    const char *text = api_body_text(c, key);

    return text && text[0] ? text : NULL;
}

static bool read_zone(struct api_call *c, struct draft *d)
{
    const char *given = text_or_null(c, "time_zone"), *of_number;
    bool certain;

    if (given) {
        d->contact.zone = given;
        d->contact.zone_origin = 'c';
        if (zone_open(given) >= 0)
            return true;
        api_refuse(c, 422, "/time_zone", "write a name such as Asia/Jerusalem",
                   "there is no time zone \"%.60s\"", given);
        return false;
    }
    of_number = zone_of_number(d->contact.number, &certain);
    d->contact.zone_origin = of_number && zone_open(of_number) >= 0 ? 'n' : 'd';
    d->contact.zone = d->contact.zone_origin == 'n' ? of_number : defaults_zone(c);
    return d->contact.zone != NULL;
}

static bool read_hours(struct api_call *c, struct draft *d)
{
    const char *given = text_or_null(c, "hours");
    struct window_week week = {0};
    struct error err = {0};

    if (!given)
        return true;
    if (window_parse(given, &week, &err)) {
        api_refuse(c, 422, "/hours", err.remedy, "%s", err.message);
        return false;
    }
    window_format(&week, d->window, sizeof(d->window));
    d->contact.window = d->window;
    return true;
}

static bool read_extra(struct api_call *c, struct draft *d)
{
    const json_t *extra = json_object_get(c->body, "extra");

    if (json_object_size(extra) == 0)
        return true;
    d->extra = json_dumps(extra, JSON_COMPACT);
    if (d->extra && strlen(d->extra) <= EXTRA_MAX) {
        d->contact.extra = d->extra;
        return true;
    }
    api_refuse(c, 422, "/extra", "shorten them", "the further columns are too long");
    return false;
}

static bool read_draft(struct api_call *c, struct draft *d)
{
    d->contact.name = text_or_null(c, "name");
    d->contact.language = text_or_null(c, "language");
    return read_zone(c, d) && read_hours(c, d) && read_extra(c, d);
}

static int answer(struct api_call *c, struct store *s, int64_t id, int status)
{
    json_t *contact;
    int rc = store_look_id(s, STORE_VIEW_CONTACT, id, &contact);

    if (rc)
        return rc;
    api_object(c, "contact %lld", (long long)id);
    api_detail(c, "%s", json_string_value(json_object_get(contact, "number")));
    return api_answer_tagged(c, status, contact);
}

/* ---- changes -------------------------------------------------------------------------------- */

static int create(struct api_call *c, struct store *s)
{
    struct draft d = {.contact = {.list_id = api_int(c, "id")}};
    struct number number;
    int64_t id;
    int rc = 0;

    if (!defaults_number(c, api_body_text(c, "number"), NULL, "/number", &number))
        return 0;
    d.contact.number = number.key;
    d.contact.kind = number.kind;
    if (read_draft(c, &d)) {
        rc = store_contact_add(s, &d.contact, &id);
        if (rc == -EEXIST) {
            rc = api_refuse(c, 409, "/number", "change the contact that is there",
                            "the number is in the list already");
        } else if (!rc) {
            api_location(c, "/api/contacts/%lld", (long long)id);
            rc = answer(c, s, id, 201);
        }
    }
    free(d.extra);
    return rc;
}

int api_create_contact(struct api_call *c)
{
    return api_change(c, create);
}

static const char called_now[] = "the person is being called", wait[] = "try again after the call";

static int update(struct api_call *c, struct store *s)
{
    int64_t id = api_int(c, "id");
    struct draft d = {0};
    json_t *current;
    int rc = store_look_id(s, STORE_VIEW_CONTACT, id, &current);

    if (rc)
        return rc;
    d.contact.number =
        strtoull(json_string_value(json_object_get(current, "number")) + 1, NULL, 10);
    if (api_match(c, current) && read_draft(c, &d)) {
        rc = store_contact_change(s, id, &d.contact);
        if (rc == -EBUSY)
            rc = api_refuse(c, 409, "", wait, called_now);
        else if (!rc)
            rc = answer(c, s, id, 200);
    }
    free(d.extra);
    return rc;
}

int api_update_contact(struct api_call *c)
{
    return api_change(c, update);
}

static int delete (struct api_call *c, struct store *s)
{
    return api_removed(c, store_contact_remove(s, api_int(c, "id")), "contact", called_now, wait);
}

int api_delete_contact(struct api_call *c)
{
    return api_change(c, delete);
}
