/* The built web application, embedded (tools/embed-web.py): none when it was not built. */
#pragma once

#include "http/server.h"

extern const struct http_asset web_assets[];
extern const unsigned web_asset_count;
