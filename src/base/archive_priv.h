/* What writing and reading archives share. */
#pragma once

#include <openssl/evp.h>

#include "base/archive.h"

enum { ARCHIVE_BLOCK = 1 << 16, ARCHIVE_NAME_MAX = 1024 };
#define ARCHIVE_MANIFEST "manifest.json"

/* Hex of a finished digest; frees it. */
int archive_digest_end(EVP_MD_CTX *ctx, char out[65]);
