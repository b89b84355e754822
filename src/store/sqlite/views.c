/* What each view shows. Names are the API's (schema/openapi.yaml); expressions are fixed here, and
 * whatever comes from outside is bound. */
#include "store/sqlite/views.h"

#include <stddef.h>

#define COLUMNS(...)             \
    (const struct view_column[]) \
    {                            \
        __VA_ARGS__,             \
        {                        \
            NULL, NULL, VIEW_INT \
        }                        \
    }
#define SORTS(...)             \
    (const struct view_sort[]) \
    {                          \
        __VA_ARGS__,           \
        {                      \
            NULL,              \
            {                  \
                NULL           \
            }                  \
        }                      \
    }
#define FILTERS(...)             \
    (const struct view_filter[]) \
    {                            \
        __VA_ARGS__,             \
        {                        \
            NULL, NULL, NULL     \
        }                        \
    }
#define CONTAINS(column) "instr(lower(" column "), lower(?)) > 0"

#define CALL_COLUMNS                                                                             \
    {"id", "c.attempt_id", VIEW_INT}, {"campaign_id", "c.campaign_id", VIEW_INT},                \
        {"contact_id", "c.contact_id", VIEW_INT}, {"name", "c.contact_name", VIEW_TEXT_OR_NULL}, \
        {"number", "c.number", VIEW_NUMBER}, {"attempt_no", "c.attempt_no", VIEW_INT},           \
        {"outcome", "c.disposition", VIEW_OUTCOME},                                              \
        {"outcome_text", "c.disposition", VIEW_OUTCOME_TEXT}, {"reason", "c.reason", VIEW_TEXT}, \
        {"dialled", "c.dialled_ms", VIEW_TIME}, {"ringing", "c.ringing_ms", VIEW_TIME},          \
        {"answered", "c.answered_ms", VIEW_TIME}, {"ended", "c.ended_ms", VIEW_TIME},            \
        {"talk_seconds",                                                                         \
         "iif(c.answered_ms > 0 AND c.ended_ms > c.answered_ms, (c.ended_ms - c.answered_ms) /"  \
         " 1000.0, 0.0)",                                                                        \
         VIEW_REAL},                                                                             \
        {"ended_by", "c.ended_by", VIEW_TEXT},                                                   \
        {"keys",                                                                                 \
         "(SELECT group_concat(json_extract(value, '$.key'), ' ')"                               \
         " FROM json_each(c.trace, '$.keys'))",                                                  \
         VIEW_TEXT},                                                                             \
        {"trunk", "c.trunk", VIEW_TEXT}, {"caller_id", "c.caller_id", VIEW_TEXT},                \
        {"sip_status", "c.sip_status", VIEW_INT},                                                \
    {                                                                                            \
        "cost", "c.cost", VIEW_REAL                                                              \
    }

#define CALL_FILTERS                                                              \
    {"id", "c.attempt_id = ?", NULL}, {"campaign_id", "c.campaign_id = ?", NULL}, \
        {"number", "c.number = ?", NULL}, {"outcome", "c.disposition = ?", NULL}, \
        {"from", "c.ended_ms >= ?", NULL},                                        \
    {                                                                             \
        "until", "c.ended_ms < ?", NULL                                           \
    }

#define CAMPAIGN_COLUMNS                                                                    \
    {"id", "c.id", VIEW_INT}, {"name", "c.name", VIEW_TEXT}, {"kind", "c.kind", VIEW_TEXT}, \
        {"state", "c.state", VIEW_TEXT}, {"state_reason", "c.state_reason", VIEW_TEXT},     \
        {"list_id", "c.list_id", VIEW_INT}, {"flow_id", "c.flow_id", VIEW_INT_OR_NULL},     \
        {"created", "c.created_ms", VIEW_TIME}, {"started", "c.started_ms", VIEW_TIME},     \
    {                                                                                       \
        "ended", "c.ended_ms", VIEW_TIME                                                    \
    }

const struct view sqlite_views[STORE_VIEW_COUNT] =
    {
        [STORE_VIEW_LIST] =
            {
                .from = "lists l",
                .columns = COLUMNS({"id", "l.id", VIEW_INT}, {"name", "l.name", VIEW_TEXT},
                                   {"contacts", "l.contacts", VIEW_INT},
                                   {"created", "l.created_ms", VIEW_TIME}),
                .sorts = SORTS({"name", {"l.name"}}, {"created", {"l.created_ms", "l.id"}}),
                .filters = FILTERS({"id", "l.id = ?", NULL}, {"q", CONTAINS("l.name"), NULL}),
            },
        [STORE_VIEW_CONTACT] =
            {
                .from = "contacts c",
                .columns = COLUMNS(
                    {"id", "c.id", VIEW_INT}, {"list_id", "c.list_id", VIEW_INT},
                    {"import_id", "c.import_id", VIEW_INT}, {"number", "c.number", VIEW_NUMBER},
                    {"kind", "c.kind", VIEW_NUMBER_KIND}, {"name", "c.name", VIEW_TEXT_OR_NULL},
                    {"language", "c.language", VIEW_TEXT_OR_NULL},
                    {"time_zone", "c.zone", VIEW_TEXT},
                    {"time_zone_from", "c.zone_origin", VIEW_ORIGIN},
                    {"hours", "c.\"window\"", VIEW_TEXT_OR_NULL},
                    {"extra", "c.extra", VIEW_JSON_OR_EMPTY}),
                .sorts = SORTS({"number", {"c.number", "c.id"}}),
                .filters = FILTERS({"id", "c.id = ?", NULL}, {"list_id", "c.list_id = ?", NULL},
                                   {"number", NULL, "c.number"}, {"q", CONTAINS("c.name"), NULL},
                                   {"import_id", "c.import_id = ?", NULL}),
            },
        [STORE_VIEW_IMPORT] =
            {
                .from = "imports i LEFT JOIN jobs j ON j.kind = 'import' AND j.object_id = i.id",
                .columns = COLUMNS({"id", "i.id", VIEW_INT}, {"list_id", "i.list_id", VIEW_INT},
                                   {"file", "i.file", VIEW_TEXT},
                                   /* Without a job it was a command. What is merged is done when
                                    * its summary is there. */
                                   {"state",
                                    "CASE WHEN i.state = 'undone' OR (i.state <> 'open' AND"
                                    " coalesce(j.state, '') NOT IN ('queued', 'running'))"
                                    " THEN i.state"
                                    " WHEN j.state IN ('queued', 'running', 'cancelled')"
                                    " THEN j.state ELSE 'failed' END",
                                    VIEW_TEXT},
                                   {"detail",
                                    "coalesce(j.fault, iif(i.state = 'open', 'it was broken off', "
                                    "''))",
                                    VIEW_TEXT},
                                   {"remedy", "coalesce(j.remedy, '')", VIEW_TEXT},
                                   {"bytes_done", "iif(j.state = 'done', j.total, 0)", VIEW_INT},
                                   {"bytes_total", "coalesce(j.total, 0)", VIEW_INT},
                                   {"rows", "i.rows", VIEW_INT},
                                   {"accepted", "i.accepted", VIEW_INT},
                                   {"merged", "i.merged", VIEW_INT},
                                   {"rejected", "i.rejected", VIEW_INT},
                                   {"started", "i.started_ms", VIEW_TIME},
                                   {"finished", "coalesce(nullif(i.finished_ms, 0), j.finished_ms)",
                                    VIEW_TIME},
                                   {"summary", "j.result", VIEW_JSON},
                                   {"reasons",
                                    "(SELECT json_group_array(json_object('reason', reason, "
                                    "'count', n, 'first_row',"
                                    " first)) FROM (SELECT reason, count(*) AS n, min(row) AS "
                                    "first FROM"
                                    " import_rejects WHERE import_id = i.id GROUP BY reason ORDER "
                                    "BY n DESC, reason))",
                                    VIEW_JSON}),
                .sorts = SORTS({"id", {"i.id"}}),
                .filters = FILTERS({"id", "i.id = ?", NULL}, {"list_id", "i.list_id = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_REJECT] =
            {
                .from = "import_rejects r",
                .columns = COLUMNS({"row", "r.row", VIEW_INT}, {"reason", "r.reason", VIEW_TEXT},
                                   {"value", "coalesce(r.value, '')", VIEW_TEXT}),
                .sorts = SORTS({"row", {"r.rowid"}}),
                .filters = FILTERS({"import_id", "r.import_id = ?", NULL}),
            },
        [STORE_VIEW_BLACK] =
            {
                .from = "blacklist b",
                .columns =
                    COLUMNS({"number", "b.number", VIEW_NUMBER}, {"list", "b.list", VIEW_TEXT},
                            {"reason", "b.reason", VIEW_TEXT}, {"source", "b.source", VIEW_TEXT},
                            {"added", "b.added_ms", VIEW_TIME},
                            {"expires", "b.expires_ms", VIEW_TIME}),
                .sorts = SORTS({"added", {"b.added_ms", "b.number", "b.list"}},
                               {"number", {"b.number", "b.list"}}),
                .filters = FILTERS({"list", "b.list = ?", NULL}, {"number", NULL, "b.number"},
                                   {"exactly", "b.number = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_BLACK_LIST] =
            {
                .from = "blacklist b",
                .group = "b.list",
                .columns =
                    COLUMNS({"list", "b.list", VIEW_TEXT}, {"entries", "count(*)", VIEW_INT}),
                .sorts = SORTS({"list", {"b.list"}}),
                .filters = FILTERS({"list", "b.list = ?", NULL}),
            },
        [STORE_VIEW_BLACK_HISTORY] =
            {
                .from = "blacklist_history h",
                .columns =
                    COLUMNS({"action", "h.action", VIEW_TEXT}, {"list", "h.list", VIEW_TEXT},
                            {"reason", "h.reason", VIEW_TEXT}, {"source", "h.source", VIEW_TEXT},
                            {"at", "h.at_ms", VIEW_TIME}, {"expires", "h.expires_ms", VIEW_TIME}),
                .sorts = SORTS({"seq", {"h.seq"}}),
                .filters = FILTERS({"number", "h.number = ?", NULL}),
            },
        [STORE_VIEW_BLACK_IMPORT] =
            {
                .from = "jobs j",
                .columns =
                    COLUMNS({"id", "j.id", VIEW_INT}, {"state", "j.state", VIEW_TEXT},
                            {"detail", "j.fault", VIEW_TEXT}, {"remedy", "j.remedy", VIEW_TEXT},
                            {"bytes_done", "iif(j.state = 'done', j.total, 0)", VIEW_INT},
                            {"bytes_total", "j.total", VIEW_INT},
                            {"created", "j.created_ms", VIEW_TIME},
                            {"finished", "j.finished_ms", VIEW_TIME},
                            {"created_by", "j.who", VIEW_TEXT},
                            {"rows", "coalesce(json_extract(j.result, '$.rows'), 0)", VIEW_INT},
                            {"added", "coalesce(json_extract(j.result, '$.added'), 0)", VIEW_INT},
                            {"known", "coalesce(json_extract(j.result, '$.known'), 0)", VIEW_INT},
                            {"rejected", "coalesce(json_extract(j.result, '$.rejected'), 0)",
                             VIEW_INT},
                            {"faults", "coalesce(json_extract(j.result, '$.faults'), '[]')",
                             VIEW_JSON}),
                .sorts = SORTS({"id", {"j.id"}}),
                .filters = FILTERS({"id", "j.kind = 'blacklist' AND j.id = ?", NULL}),
            },
        [STORE_VIEW_AUDIO] =
            {
                .from = "audio a",
                .columns =
                    COLUMNS({"id", "a.id", VIEW_INT}, {"name", "a.name", VIEW_TEXT},
                            {"type", "a.type", VIEW_TEXT}, {"bytes", "a.bytes", VIEW_INT},
                            {"seconds", "a.ms / 1000.0", VIEW_REAL},
                            {"peak_db", "a.peak_db", VIEW_REAL}, {"rms_db", "a.rms_db", VIEW_REAL},
                            {"warning", "a.warning", VIEW_TEXT_OR_NULL},
                            {"created", "a.created_ms", VIEW_TIME},
                            {"used_by_flows",
                             "(SELECT count(flow_id) FROM audio_uses WHERE name = a.name)",
                             VIEW_INT},
                            {"used_by_campaigns",
                             "(SELECT count(campaign_id) FROM audio_uses WHERE name = a.name)",
                             VIEW_INT}),
                .sorts = SORTS({"name", {"a.name"}}, {"created", {"a.created_ms", "a.id"}}),
                .filters = FILTERS({"id", "a.id = ?", NULL}, {"q", CONTAINS("a.name"), NULL},
                                   {"name", "a.name = ?", NULL}),
            },
        [STORE_VIEW_FLOW] =
            {
                .from = "flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = "
                        "f.version",
                .columns =
                    COLUMNS({"id", "f.id", VIEW_INT}, {"name", "f.name", VIEW_TEXT},
                            {"note", "f.note", VIEW_TEXT}, {"version", "f.version", VIEW_INT},
                            {"created", "f.created_ms", VIEW_TIME},
                            {"changed", "v.at_ms", VIEW_TIME}, {"changed_by", "v.who", VIEW_TEXT}),
                .sorts = SORTS({"name", {"f.name"}}, {"changed", {"v.at_ms", "f.id"}}),
                .filters = FILTERS({"id", "f.id = ?", NULL}, {"q", CONTAINS("f.name"), NULL}),
            },
        [STORE_VIEW_FLOW_VERSION] =
            {
                .from = "flows f JOIN flow_versions v ON v.flow_id = f.id",
                .columns =
                    COLUMNS({"id", "f.id", VIEW_INT}, {"name", "f.name", VIEW_TEXT},
                            {"note", "f.note", VIEW_TEXT}, {"version", "v.version", VIEW_INT},
                            {"flow", "v.flow", VIEW_JSON}, {"created", "f.created_ms", VIEW_TIME},
                            {"changed", "v.at_ms", VIEW_TIME}, {"changed_by", "v.who", VIEW_TEXT}),
                .sorts = SORTS({"version", {"v.version"}}),
                .filters = FILTERS({"id", "f.id = ?", NULL}, {"version", "v.version = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_CAMPAIGN] =
            {
                .from = "campaigns c",
                .columns =
                    COLUMNS(CAMPAIGN_COLUMNS, {"flow_version", "c.flow_version", VIEW_INT_OR_NULL},
                            {"trunk_ids",
                             "(SELECT json_group_array(trunk_id) FROM (SELECT trunk_id FROM "
                             "campaign_trunks"
                             " WHERE campaign_id = c.id ORDER BY place))",
                             VIEW_JSON},
                            {"config", "c.config", VIEW_JSON}),
                .sorts = SORTS({"id", {"c.id"}}),
                .filters = FILTERS({"id", "c.id = ?", NULL}),
            },
        [STORE_VIEW_CAMPAIGN_ITEM] =
            {
                .from = "campaigns c",
                .columns =
                    COLUMNS(CAMPAIGN_COLUMNS,
                            {"list", "(SELECT name FROM lists WHERE id = c.list_id)", VIEW_TEXT},
                            {"people",
                             "(SELECT coalesce(sum(count), 0) FROM target_counts WHERE campaign_id "
                             "= c.id)",
                             VIEW_INT},
                            {"reached",
                             "(SELECT coalesce(sum(count), 0) FROM target_counts WHERE campaign_id "
                             "= c.id"
                             " AND state = 2)",
                             VIEW_INT},
                            {"calls",
                             "(SELECT coalesce(sum(calls), 0) FROM call_totals WHERE campaign_id = "
                             "c.id)",
                             VIEW_INT}),
                .sorts = SORTS({"created", {"c.created_ms", "c.id"}}, {"name", {"c.name", "c.id"}},
                               {"started", {"c.started_ms", "c.id"}}),
                .filters =
                    FILTERS({"id", "c.id = ?", NULL}, {"state", "c.state = ?", NULL},
                            {"list_id", "c.list_id = ?", NULL}, {"flow_id", "c.flow_id = ?", NULL},
                            {"q", CONTAINS("c.name"), NULL}, {"from", "c.started_ms >= ?", NULL},
                            {"until", "c.started_ms < ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_CAMPAIGN_SIDE] =
            {
                .from = "campaigns c",
                .columns =
                    COLUMNS({"texts", "(SELECT count(*) FROM sms_records WHERE campaign_id = c.id)",
                             VIEW_INT},
                            {"opt_outs",
                             "(SELECT count(*) FROM blacklist_history WHERE source LIKE "
                             "'%campaign%'"
                             " AND action = 'add' AND substr(source, instr(source, 'campaign ')) ="
                             " 'campaign ' || c.id)",
                             VIEW_INT}),
                .sorts = SORTS({"id", {"c.id"}}),
                .filters = FILTERS({"id", "c.id = ?", NULL}),
            },
        [STORE_VIEW_PERSON] =
            {
                .from = "targets t JOIN target_groups g ON g.id = t.group_id",
                .columns =
                    COLUMNS({"contact_id", "t.contact_id", VIEW_INT},
                            {"number", "t.number", VIEW_NUMBER}, {"state", "t.state", VIEW_TARGET},
                            {"state_text", "t.state", VIEW_TARGET_TEXT},
                            {"attempts", "t.attempts", VIEW_INT},
                            {"due", "iif(t.state = 0, t.due_ms, 0)", VIEW_TIME},
                            {"last_attempt", "t.last_ms", VIEW_TIME},
                            {"last_outcome", "t.last", VIEW_OUTCOME_OR_NULL},
                            {"time_zone", "g.zone", VIEW_TEXT},
                            {"hours", "nullif(g.\"window\", '')", VIEW_TEXT_OR_NULL}),
                .sorts = SORTS({"contact_id", {"t.contact_id"}}),
                .filters =
                    FILTERS({"campaign_id", "t.campaign_id = ?", NULL},
                            {"state", "t.state = ?", NULL}, {"number", "t.number = ?", NULL}),
            },
        [STORE_VIEW_STEP] =
            {
                .from = "steps s",
                .columns =
                    COLUMNS({"step", "s.step", VIEW_TEXT}, {"state", "s.state", VIEW_TEXT},
                            {"started", "s.started_ms", VIEW_TIME},
                            {"ended", "s.ended_ms", VIEW_TIME}, {"detail", "s.detail", VIEW_TEXT}),
                .sorts = SORTS({"id", {"s.rowid"}}),
                .filters = FILTERS({"campaign_id", "s.campaign_id = ?", NULL}),
            },
        [STORE_VIEW_PACE] =
            {
                .from = "pace_changes p",
                .columns = COLUMNS({"at", "p.at_ms", VIEW_TIME}, {"trunk", "p.trunk", VIEW_TEXT},
                                   {"from", "p.from_cps", VIEW_REAL}, {"to", "p.to_cps", VIEW_REAL},
                                   {"reason", "p.reason", VIEW_TEXT}),
                .sorts = SORTS({"at", {"p.at_ms", "p.rowid"}}),
                .filters = FILTERS({"campaign_id", "p.campaign_id = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_CALL] =
            {
                .from = "call_records c",
                .columns = COLUMNS(CALL_COLUMNS),
                .sorts = SORTS({"id", {"c.attempt_id"}}),
                .filters = FILTERS(CALL_FILTERS),
                .backwards = true,
            },
        [STORE_VIEW_CALL_DETAIL] =
            {
                .from = "call_records c",
                .columns =
                    COLUMNS(CALL_COLUMNS, {"sip_call_id", "c.sip_call_id", VIEW_TEXT},
                            {"answer_to_audio_ms", "c.answer_to_audio_us / 1000.0", VIEW_REAL},
                            {"key_to_audio_ms", "c.key_to_audio_us / 1000.0", VIEW_REAL},
                            {"rtp_sent", "c.rtp_sent", VIEW_INT},
                            {"rtp_received", "c.rtp_received", VIEW_INT},
                            {"trace", "c.trace", VIEW_JSON}, {"decision", "c.decision", VIEW_JSON}),
                .sorts = SORTS({"id", {"c.attempt_id"}}),
                .filters = FILTERS(CALL_FILTERS),
            },
        [STORE_VIEW_MESSAGE] =
            {
                .from = "sms_records m",
                .columns =
                    COLUMNS({"id", "m.id", VIEW_INT}, {"campaign_id", "m.campaign_id", VIEW_INT},
                            {"contact_id", "m.contact_id", VIEW_INT},
                            {"call_id", "m.attempt_id", VIEW_INT},
                            {"number", "m.number", VIEW_NUMBER}, {"body", "m.body", VIEW_TEXT},
                            {"state", "m.state", VIEW_TEXT},
                            {"created", "m.created_ms", VIEW_TIME}),
                .sorts = SORTS({"id", {"m.id"}}),
                .filters =
                    FILTERS({"id", "m.id = ?", NULL}, {"campaign_id", "m.campaign_id = ?", NULL},
                            {"call_id", "m.attempt_id = ?", NULL}, {"number", "m.number = ?", NULL},
                            {"state", "m.state = ?", NULL}, {"from", "m.created_ms >= ?", NULL},
                            {"until", "m.created_ms < ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_REPORT] =
            {
                .from = "jobs j",
                .columns =
                    COLUMNS({"id", "j.id", VIEW_INT}, {"campaign_id", "j.object_id", VIEW_INT},
                            {"kind", "json_extract(j.params, '$.kind')", VIEW_TEXT},
                            {"format", "json_extract(j.params, '$.format')", VIEW_TEXT},
                            {"language", "json_extract(j.params, '$.language')", VIEW_TEXT},
                            {"state", "j.state", VIEW_TEXT}, {"detail", "j.fault", VIEW_TEXT},
                            {"rows", "coalesce(json_extract(j.result, '$.rows'), 0)", VIEW_INT},
                            {"bytes", "coalesce(json_extract(j.result, '$.bytes'), 0)", VIEW_INT},
                            {"created", "j.created_ms", VIEW_TIME},
                            {"finished", "j.finished_ms", VIEW_TIME},
                            {"created_by", "j.who", VIEW_TEXT},
                            {"link",
                             "iif(j.state = 'done', '/api/reports/' || j.id || '/file', NULL)",
                             VIEW_TEXT_OR_NULL}),
                .sorts = SORTS({"id", {"j.id"}}),
                .filters =
                    FILTERS({"id", "j.kind = 'report' AND j.id = ?", NULL},
                            {"kind", "j.kind = ?", NULL}, {"campaign_id", "j.object_id = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_TRUNK] =
            {
                .from = "trunks t",
                .columns =
                    COLUMNS({"id", "t.id", VIEW_INT}, {"name", "t.name", VIEW_TEXT},
                            {"host", "t.host", VIEW_TEXT}, {"port", "t.port", VIEW_INT},
                            {"user", "t.user", VIEW_TEXT},
                            {"has_password", "t.password <> ''", VIEW_BOOL},
                            {"domain", "t.domain", VIEW_TEXT},
                            {"register", "t.register", VIEW_BOOL},
                            {"caller_number", "t.caller_number", VIEW_TEXT},
                            {"max_calls", "t.calls_max", VIEW_INT_OR_NULL},
                            {"calls_per_second", "t.cps_max", VIEW_REAL_OR_NULL},
                            {"transport", "t.transport", VIEW_TEXT},
                            {"ca_file", "t.ca_file", VIEW_TEXT},
                            {"tls_verify", "t.tls_verify", VIEW_BOOL},
                            {"srtp", "t.srtp", VIEW_TEXT}, {"order", "t.\"order\"", VIEW_INT},
                            {"weight", "t.weight", VIEW_INT},
                            {"rewrite", "coalesce(json_extract(t.rules, '$.rewrite'), '[]')",
                             VIEW_JSON},
                            {"caller_numbers",
                             "coalesce(json_extract(t.rules, '$.caller_numbers'), '[]')",
                             VIEW_JSON},
                            {"created", "t.created_ms", VIEW_TIME}),
                .sorts = SORTS({"name", {"t.name"}}),
                .filters = FILTERS({"id", "t.id = ?", NULL}),
            },
        [STORE_VIEW_USER] =
            {
                .from = "users u",
                .columns =
                    COLUMNS({"id", "u.id", VIEW_INT}, {"email", "u.email", VIEW_TEXT},
                            {"name", "u.name", VIEW_TEXT}, {"role", "u.role", VIEW_TEXT},
                            {"disabled", "u.disabled", VIEW_BOOL},
                            {"second_factor", "u.totp <> ''", VIEW_BOOL},
                            {"invited", "coalesce(u.password_hash, '') = '' AND u.signed_in_ms = 0",
                             VIEW_BOOL},
                            {"created", "u.created_ms", VIEW_TIME},
                            {"signed_in", "u.signed_in_ms", VIEW_TIME}),
                .sorts = SORTS({"id", {"u.id"}}),
                .filters = FILTERS({"id", "u.id = ?", NULL}),
            },
        [STORE_VIEW_SESSION] =
            {
                .from = "sessions s",
                .columns =
                    COLUMNS({"id", "s.id", VIEW_INT}, {"how", "s.how", VIEW_TEXT},
                            {"address", "s.address", VIEW_TEXT}, {"agent", "s.agent", VIEW_TEXT},
                            {"created", "s.created_ms", VIEW_TIME},
                            {"seen", "s.seen_ms", VIEW_TIME},
                            {"expires", "s.expires_ms", VIEW_TIME}),
                .sorts = SORTS({"id", {"s.id"}}),
                .filters = FILTERS({"user", "s.user_id = ?", NULL},
                                   {"living", "s.revoked_ms = 0 AND s.expires_ms > ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_KEY] =
            {
                .from = "api_keys k",
                .columns = COLUMNS({"id", "k.id", VIEW_INT}, {"user_id", "k.user_id", VIEW_INT},
                                   {"name", "k.name", VIEW_TEXT}, {"prefix", "k.prefix", VIEW_TEXT},
                                   {"scopes", "k.scopes", VIEW_INT},
                                   {"created", "k.created_ms", VIEW_TIME},
                                   {"expires", "k.expires_ms", VIEW_TIME},
                                   {"used", "k.used_ms", VIEW_TIME}),
                .sorts = SORTS({"id", {"k.id"}}),
                .filters =
                    FILTERS({"id", "k.id = ?", NULL}, {"revoked", "(k.revoked_ms > 0) = ?", NULL}),
            },
        [STORE_VIEW_AUDIT] =
            {
                .from = "audit a",
                .columns =
                    COLUMNS({"id", "a.id", VIEW_INT}, {"at", "a.at_ms", VIEW_TIME},
                            {"who", "a.who", VIEW_TEXT}, {"action", "a.action", VIEW_TEXT},
                            {"object", "a.object", VIEW_TEXT}, {"detail", "a.detail", VIEW_TEXT}),
                .sorts = SORTS({"id", {"a.id"}}),
                .filters =
                    FILTERS({"who", CONTAINS("a.who"), NULL}, {"action", "a.action = ?", NULL},
                            {"object", "a.object = ?", NULL}, {"from", "a.at_ms >= ?", NULL},
                            {"until", "a.at_ms < ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_WEBHOOK] =
            {
                .from = "webhooks w",
                .columns =
                    COLUMNS({"id", "w.id", VIEW_INT}, {"name", "w.name", VIEW_TEXT},
                            {"url", "w.url", VIEW_TEXT},
                            {"events",
                             "(SELECT json_group_array(type) FROM webhook_events WHERE webhook_id "
                             "= w.id)",
                             VIEW_JSON},
                            {"campaign_id", "w.campaign_id", VIEW_INT_OR_NULL},
                            {"enabled", "w.state = 'enabled'", VIEW_BOOL},
                            {"state_reason", "w.state_reason", VIEW_TEXT},
                            {"created", "w.created_ms", VIEW_TIME},
                            {"failing_since", "w.failing_ms", VIEW_TIME},
                            {"failures", "w.failures", VIEW_INT},
                            {"last_sent", "w.sent_ms", VIEW_TIME},
                            {"last_status", "w.last_status", VIEW_INT_OR_NULL},
                            {"last_error", "w.last_error", VIEW_TEXT}, {"sent", "w.sent", VIEW_INT},
                            {"waiting", "w.waiting", VIEW_INT}, {"dead", "w.dead", VIEW_INT},
                            {"dropped", "w.dropped", VIEW_INT}, {"version", "w.version", VIEW_INT}),
                .sorts = SORTS({"id", {"w.id"}}, {"name", {"w.name", "w.id"}}),
                .filters = FILTERS({"id", "w.id = ?", NULL}, {"name", CONTAINS("w.name"), NULL}),
            },
        [STORE_VIEW_DELIVERY] =
            {
                .from = "webhook_queue d",
                .columns =
                    COLUMNS({"id", "d.id", VIEW_INT}, {"webhook_id", "d.webhook_id", VIEW_INT},
                            {"type", "d.type", VIEW_TEXT}, {"at", "d.at_ms", VIEW_TIME},
                            {"state", "d.state", VIEW_TEXT}, {"tries", "d.tries", VIEW_INT},
                            {"due", "d.due_ms", VIEW_TIME}, {"last_try", "d.last_ms", VIEW_TIME},
                            {"last_status", "d.last_status", VIEW_INT_OR_NULL},
                            {"last_error", "d.last_error", VIEW_TEXT}),
                .sorts = SORTS({"id", {"d.id"}}),
                .filters =
                    FILTERS({"id", "d.id = ?", NULL}, {"webhook_id", "d.webhook_id = ?", NULL},
                            {"state", "d.state = ?", NULL}, {"type", "d.type = ?", NULL}),
                .backwards = true,
            },
        [STORE_VIEW_ALERT] =
            {
                .from = "alerts a",
                .columns =
                    COLUMNS({"id", "a.id", VIEW_INT}, {"indicator", "a.indicator", VIEW_TEXT},
                            {"object", "a.object", VIEW_TEXT}, {"value", "a.value", VIEW_REAL},
                            {"threshold", "a.threshold", VIEW_REAL}, {"text", "a.text", VIEW_TEXT},
                            {"raised", "a.raised_ms", VIEW_TIME},
                            {"cleared", "a.cleared_ms", VIEW_TIME},
                            {"acknowledged", "a.acknowledged_ms", VIEW_TIME},
                            {"acknowledged_by", "nullif(a.acknowledged_by, '')",
                             VIEW_TEXT_OR_NULL}),
                .sorts = SORTS({"id", {"a.id"}}),
                .filters =
                    FILTERS({"id", "a.id = ?", NULL}, {"indicator", "a.indicator = ?", NULL},
                            {"open", "(a.cleared_ms = 0) = ?", NULL},
                            {"from", "a.raised_ms >= ?", NULL}, {"until", "a.raised_ms < ?", NULL}),
                .backwards = true,
            },
};
