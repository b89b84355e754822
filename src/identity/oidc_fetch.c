/* Exchanges with providers over the network. No redirections: a provider's addresses are exact, and
 * what is sent to them is secret. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/client.h"
#include "identity/oidc_priv.h"

int oidc_fetch_network(void *arg, struct oidc_fetch *f, struct error *err)
{
    const char *headers[4] = {"Accept: application/json"};
    char authorization[8192];
    struct http_call call = {.url = f->url, .headers = headers};
    struct http_answer answer = {0};
    struct http_client *client;
    int n = 1, rc;

    if (f->form) {
        headers[n++] = "Content-Type: application/x-www-form-urlencoded";
        call.body = f->form;
        call.body_len = strlen(f->form);
    }
    if (f->authorization) {
        if (snprintf(authorization, sizeof(authorization), "Authorization: %s", f->authorization) >=
            (int)sizeof(authorization))
            return -ENAMETOOLONG;
        headers[n] = authorization;
    }
    rc = http_client_new(&client);
    if (rc)
        return rc;
    rc = http_client_call(client, &call, &answer, err);
    http_client_free(client);
    if (f->authorization)
        explicit_bzero(authorization, sizeof(authorization));
    if (rc)
        return rc;
    f->status = answer.status;
    f->body = answer.body;
    f->len = answer.len;
    answer.body = NULL; /* the caller's now */
    http_answer_free(&answer);
    return 0;
}
