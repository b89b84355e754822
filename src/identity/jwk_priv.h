/* A key set from the inside, for jwt.c. */
#pragma once

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "identity/jwt.h"

enum { JWKS_MAX = 32 };

enum jwt_alg { JWT_RS256, JWT_ES256 };

struct jwk {
    char kid[256]; /* "": none */
    enum jwt_alg alg;
    EVP_PKEY *key; /* owned */
};

struct jwks {
    atomic_int refs;
    int count;
    struct jwk keys[JWKS_MAX];
};
