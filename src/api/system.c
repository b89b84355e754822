/* The audit trail, health, live figures, and the contract itself. */
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/document.h"
#include "api/live.h"
#include "api/works.h"
#include "base/clock.h"
#include "handlers.h"

int api_list_audit(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "who");
    api_filter_texts(&f, c, "action");
    api_filter_texts(&f, c, "object");
    api_filter_times(&f, c);
    return api_page(c, STORE_VIEW_AUDIT, &f, NULL);
}

int api_get_metrics(struct api_call *c)
{
    return api_answer(c, 200, live_metrics(c->api));
}

int api_get_openapi(struct api_call *c)
{
    http_reply_header(c->request, "Cache-Control", "no-cache");
    http_reply(c->request, 200, "application/json", api_document, api_document_size);
    c->sent = true;
    return 0;
}

/* ---- health --------------------------------------------------------------------------------- */

static json_t *indicator(const char *name, const char *status, const char *detail)
{
    return json_pack("{s:s, s:s, s:s}", "name", name, "status", status, "detail", detail);
}

static json_t *store_health(struct api_call *c)
{
    char words[128] = "";
    bool failing = store_writer_failing(c->config->writer, words, sizeof(words));

    return indicator("store", failing ? "failing" : "ok", error_clean(words));
}

static json_t *trunk_health(struct api_call *c)
{
    struct line_stats s = {.trunks_ready = true};

    if (!host_line_stats(c->config->host, &s))
        return indicator("trunks", "ok", "no campaign runs");
    return indicator("trunks", s.trunks_ready ? "ok" : "degraded", error_clean(s.trunk_fault));
}

static const char *worst(const json_t *indicators)
{
    const char *status = "ok";
    const json_t *one;
    size_t i;

    json_array_foreach(indicators, i, one)
    {
        const char *s = json_string_value(json_object_get(one, "status"));

        if (strcmp(s, "failing") == 0)
            return "failing";
        if (strcmp(s, "degraded") == 0)
            status = "degraded";
    }
    return status;
}

int api_get_health(struct api_call *c)
{
    json_t *indicators = json_pack("[o, o]", store_health(c), trunk_health(c));
    char started[25];

    clock_format_iso(c->api->started_ms, started, sizeof(started));
    return api_answer(c, 200,
                      json_pack("{s:s, s:s, s:s, s:o}", "status", worst(indicators), "version",
                                KOLCAST_VERSION, "started", started, "indicators", indicators));
}
