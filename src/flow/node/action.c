/* action: something is done. opt_out and sms are done by the host and answered later; set and
 * hang_up are done here. */
#include <string.h>

#include "flow/node.h"

static const char *const names[] = {[FLOW_ACTION_OPT_OUT] = "opt_out",
                                    [FLOW_ACTION_SMS] = "sms",
                                    [FLOW_ACTION_SET] = "set",
                                    [FLOW_ACTION_HANG_UP] = "hang_up",
                                    NULL};

const char *flow_action_name(enum flow_action_type t)
{
    return names[t];
}

static int load_opt_out(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                        struct error *err)
{
    static const char *const keys[] = {"type", "note", "action", "list", "next", "failed", NULL};
    struct json_at failed = json_key(at, "failed");
    int rc = json_only_keys(at, keys, err);

    n->action.text = "opt-out";
    if (!rc)
        rc = flow_load_text(l, at, "list", 0, FLOW_NAME_MAX, &n->action.text, err);
    if (!rc)
        rc = flow_load_link(l, at, "next", &n->next, err);
    if (!rc)
        rc = flow_load_link(l, at, "failed", &n->failed, err);
    if (!rc && n->next >= 0 && n->next == n->failed)
        rc = json_fail(&failed, err, "let \"failed\" lead to a node that says so",
                       "the person would hear that it is done though it is not");
    return rc;
}

/* Found here, a slip in the braces costs a look; found while calling, it costs every text. */
static int check_braces(const struct json_at *at, const char *text, struct error *err)
{
    static const char remedy[] = "write {{column}}, or {{column|word}}";

    while ((text = strstr(text, "{{"))) {
        const char *close = strstr(text + 2, "}}"), *name = text + 2;

        if (!close)
            return json_fail(at, err, remedy, "\"{{\" has no \"}}\"");
        name += strspn(name, " ");
        if (name >= close || *name == '|')
            return json_fail(at, err, remedy, "no column between the braces");
        text = close + 2;
    }
    return 0;
}

static int load_sms(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                    struct error *err)
{
    static const char *const keys[] = {"type", "note", "action", "text", "next", "failed", NULL};
    struct json_at text = json_key(at, "text");
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = flow_load_text(l, at, "text", FLOW_TEXT_REQUIRED | FLOW_TEXT_LINES, FLOW_TEXT_MAX,
                            &n->action.text, err);
    if (!rc)
        rc = check_braces(&text, n->action.text, err);
    if (!rc)
        rc = flow_load_link(l, at, "next", &n->next, err);
    return rc ? rc : flow_load_link(l, at, "failed", &n->failed, err);
}

static int load_set(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                    struct error *err)
{
    static const char *const keys[] = {"type", "note", "action", "variable", "value", "next", NULL};
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = flow_load_variable(l, at, &n->variable, err);
    if (!rc)
        rc = flow_load_text(l, at, "value", FLOW_TEXT_REQUIRED | FLOW_TEXT_EMPTY, FLOW_VALUE_MAX,
                            &n->action.value, err);
    return rc ? rc : flow_load_link(l, at, "next", &n->next, err);
}

static int load_hang_up(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                        struct error *err)
{
    static const char *const keys[] = {"type", "note", "action", NULL};

    n->next = FLOW_END;
    return json_only_keys(at, keys, err);
}

static int load(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                struct error *err)
{
    static int (*const loads[])(struct flow_loader *, const struct json_at *, struct flow_node *,
                                struct error *) = {[FLOW_ACTION_OPT_OUT] = load_opt_out,
                                                   [FLOW_ACTION_SMS] = load_sms,
                                                   [FLOW_ACTION_SET] = load_set,
                                                   [FLOW_ACTION_HANG_UP] = load_hang_up};
    struct json_at where = json_key(at, "action");
    const char *name = NULL;
    int rc = json_get_string(at, "action", true, &name, err);

    if (rc)
        return rc;
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name))
            continue;
        n->action.type = (enum flow_action_type)i;
        return loads[i](l, at, n, err);
    }
    return flow_unknown(&where, err, "action", name, names);
}

static void enter(struct flow_run *r, const struct flow_node *n)
{
    switch (n->action.type) {
    case FLOW_ACTION_SET:
        flow_set(r, n->variable, n->action.value);
        flow_go(r, n->next);
        break;
    case FLOW_ACTION_HANG_UP:
        flow_go(r, FLOW_END);
        break;
    case FLOW_ACTION_OPT_OUT:
    case FLOW_ACTION_SMS:
        r->phase = FLOW_PHASE_ACTING;
        r->host->action(r, &n->action);
        break;
    }
}

static void done(struct flow_run *r, const struct flow_node *n, bool ok)
{
    flow_note(r, ok ? FLOW_STEP_ACTION_OK : FLOW_STEP_ACTION_FAILED, 0);
    flow_go(r, ok ? n->next : n->failed);
}

const struct flow_kind flow_kind_action = {
    .type = FLOW_ACTION, .name = "action", .load = load, .enter = enter, .done = done};
