/* The page that shows the contract, and its files: embedded, nothing comes from elsewhere. */
#pragma once

#include "http/server.h"

extern const unsigned char docs_html[], docs_js[], docs_css[];
extern const size_t docs_html_size, docs_js_size, docs_css_size;

enum { DOCS_ASSETS = 2 };
void docs_assets(struct http_asset out[DOCS_ASSETS]);
