/* The audit trail, live figures, and the contract itself. */
#include "api/api_priv.h"
#include "api/document.h"
#include "api/live.h"
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
