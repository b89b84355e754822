#include "api/docs.h"

#include "api/call.h"
#include "handlers.h"

void docs_assets(struct http_asset out[DOCS_ASSETS])
{
    out[0] = (struct http_asset){.path = "/api/docs/page.js",
                                 .type = "text/javascript; charset=utf-8",
                                 .data = docs_js,
                                 .len = docs_js_size,
                                 .gzip = docs_js_gzip,
                                 .gzip_len = docs_js_gzip_size,
                                 .br = docs_js_br,
                                 .br_len = docs_js_br_size};
    out[1] = (struct http_asset){.path = "/api/docs/page.css",
                                 .type = "text/css; charset=utf-8",
                                 .data = docs_css,
                                 .len = docs_css_size,
                                 .gzip = docs_css_gzip,
                                 .gzip_len = docs_css_gzip_size,
                                 .br = docs_css_br,
                                 .br_len = docs_css_br_size};
}

int api_get_docs(struct api_call *c)
{
    http_reply_header(c->request, "Cache-Control", "no-cache");
    http_reply(c->request, 200, "text/html; charset=utf-8", docs_html, docs_html_size);
    c->sent = true;
    return 0;
}
