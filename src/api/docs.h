/* The page that shows the contract, and its files: embedded, nothing comes from elsewhere. */
#pragma once

#include "http/server.h"

/* Each as it is and compressed: tools/embed-file.py. */
extern const unsigned char docs_html[], docs_html_gzip[], docs_html_br[], docs_js[], docs_js_gzip[],
    docs_js_br[], docs_css[], docs_css_gzip[], docs_css_br[];
extern const size_t docs_html_size, docs_html_gzip_size, docs_html_br_size, docs_js_size,
    docs_js_gzip_size, docs_js_br_size, docs_css_size, docs_css_gzip_size, docs_css_br_size;

enum { DOCS_ASSETS = 2 };
void docs_assets(struct http_asset out[DOCS_ASSETS]);
