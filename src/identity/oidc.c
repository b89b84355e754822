/* The authorization code flow: where to send the browser, and what to make of its coming back. */
#include "identity/oidc.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "identity/oidc_priv.h"

enum { FORM_MAX = 16 << 10, CODE_MAX = 4096 };

void oidc_each(struct identity *id, int (*fn)(void *arg, const char *name, const char *label),
               void *arg)
{
    struct identity_settings *s = identity_settings(id);

    for (int i = 0; i < s->provider_count; i++)
        if (fn(arg, s->providers[i].name, s->providers[i].label))
            break;
    identity_settings_unref(s);
}

/* A flow under way: the settings of its moment, one of their providers, its document. */
struct flow {
    struct identity *id;
    struct identity_settings *settings;
    const struct provider *provider;
    struct oidc_provider_doc *doc;
    struct oidc_flow carried;
    char redirect[320];
};

static int flow_open(struct flow *f, struct identity *id, const char *provider, struct error *err)
{
    memset(f, 0, sizeof(*f));
    f->id = id;
    f->settings = identity_settings(id);
    f->provider = provider_find(f->settings, provider);
    if (!f->provider)
        return error_set(err, -ENOENT, "provider", "the sign-in page shows those there are",
                         "\"%.32s\" is no provider", provider);
    snprintf(f->redirect, sizeof(f->redirect), "%s" OIDC_CALLBACK_PATH, f->settings->public_url,
             f->provider->name);
    return oidc_doc(id, f->provider, &f->doc, err);
}

static void flow_close(struct flow *f)
{
    oidc_doc_unref(f->doc);
    identity_settings_unref(f->settings);
    explicit_bzero(&f->carried, sizeof(f->carried));
}

/* ---- start ---------------------------------------------------------------------------------- */

static void random_text(struct identity *id, char out[44])
{
    unsigned char bits[32];

    id->config.random(bits, sizeof(bits));
    base64url_encode(bits, sizeof(bits), out);
}

/* A path of our own, so that a link cannot lead elsewhere through us. */
static void keep_return(char out[OIDC_RETURN_MAX], const char *path)
{
    bool ok = path && path[0] == '/' && path[1] != '/' && strlen(path) < OIDC_RETURN_MAX;

    for (const char *p = path; ok && *p; p++)
        ok = *p > ' ' && *p <= '~' && *p != '\\' && *p != '"';
    snprintf(out, OIDC_RETURN_MAX, "%s", ok ? path : "/");
}

static int authorize_url(struct flow *f, char *out, size_t size)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char challenge[44];
    struct buf b = {.max = FORM_MAX};
    int rc, n;

    if (EVP_Digest(f->carried.verifier, strlen(f->carried.verifier), hash, NULL, EVP_sha256(),
                   NULL) != 1)
        return -EIO;
    base64url_encode(hash, 32, challenge);
    rc = oidc_form_add(&b, "response_type", "code");
    if (!rc)
        rc = oidc_form_add(&b, "client_id", f->provider->client_id);
    if (!rc)
        rc = oidc_form_add(&b, "redirect_uri", f->redirect);
    if (!rc)
        rc = oidc_form_add(&b, "scope", f->provider->scope);
    if (!rc)
        rc = oidc_form_add(&b, "state", f->carried.state);
    if (!rc)
        rc = oidc_form_add(&b, "nonce", f->carried.nonce);
    if (!rc)
        rc = oidc_form_add(&b, "code_challenge", challenge);
    if (!rc)
        rc = oidc_form_add(&b, "code_challenge_method", "S256");
    if (!rc) {
        n = snprintf(out, size, "%s%c%s", f->doc->authorize,
                     strchr(f->doc->authorize, '?') ? '&' : '?', b.data);
        rc = n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
    }
    buf_free(&b);
    return rc;
}

int oidc_start(struct identity *id, const char *provider, const char *return_to,
               struct oidc_start *out, struct error *err)
{
    struct flow f;
    int rc = flow_open(&f, id, provider, err);

    if (!rc) {
        snprintf(f.carried.provider, sizeof(f.carried.provider), "%s", f.provider->name);
        random_text(id, f.carried.state);
        random_text(id, f.carried.nonce);
        random_text(id, f.carried.verifier);
        keep_return(f.carried.return_to, return_to);
        f.carried.expires_ms = identity_now(id) + OIDC_FLOW_MS;
        rc = authorize_url(&f, out->url, sizeof(out->url));
        if (!rc)
            rc = oidc_seal(id, &f.carried, out->cookie);
        if (rc)
            rc = error_set(err, rc, f.provider->name, "shorten the scope in settings",
                           "the sign-in cannot begin: %s", strerror(-rc));
    }
    flow_close(&f);
    return rc;
}

/* ---- callback ------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    size_t n = strlen(a);

    return strlen(b) == n && CRYPTO_memcmp(a, b, n) == 0;
}

/* What a stranger's text may bring into a message: printable ASCII, not much of it. */
static const char *plain(const char *text, char out[160])
{
    size_t n = 0;

    for (; text && text[n] && n < 159; n++)
        out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    out[n] = '\0';
    return out;
}

/* Does it belong to a flow that this browser began here? */
static int check_callback(struct flow *f, const struct oidc_callback *in, struct error *err)
{
    char said[160];

    if (!in->cookie || oidc_unseal(f->id, in->cookie, &f->carried) || !in->state ||
        !same(in->state, f->carried.state) || strcmp(f->carried.provider, f->provider->name) != 0)
        return error_set(err, -EACCES, "sign-in", "begin again from the sign-in page",
                         "this answer belongs to no sign-in of this browser, or came too late");
    /* RFC 9207: another provider's answer must not be taken for this one's. */
    if ((in->iss && strcmp(in->iss, f->doc->issuer) != 0) || (f->doc->tells_iss && !in->iss))
        return error_set(err, -EACCES, "sign-in", "begin again from the sign-in page",
                         "this answer is of another provider");
    if (in->error)
        return error_set(err, -EACCES, f->provider->label, "begin again, or ask who runs it",
                         "the provider says: %s",
                         plain(in->error_description ? in->error_description : in->error, said));
    if (!in->code || !in->code[0] || strlen(in->code) > CODE_MAX)
        return error_set(err, -EACCES, "sign-in", "begin again from the sign-in page",
                         "the provider gave no code");
    return 0;
}

/* Authorization: Basic (RFC 6749, 2.3.1: both form-encoded first). */
static int basic_auth(const struct provider *p, char *out, size_t size)
{
    struct buf id = {.max = FORM_MAX}, secret = {.max = FORM_MAX}, both = {.max = FORM_MAX};
    int rc = oidc_form_add(&id, "", p->client_id);

    if (!rc)
        rc = oidc_form_add(&secret, "", p->client_secret);
    if (!rc) /* without the "=" of the empty name */
        rc = buf_printf(&both, "%s:%s", id.data + 1, secret.data + 1);
    if (!rc && sizeof("Basic ") + 4 * (both.len / 3 + 1) > size)
        rc = -ENAMETOOLONG;
    if (!rc) {
        size_t n = (size_t)snprintf(out, size, "Basic ");

        EVP_EncodeBlock((unsigned char *)out + n, (unsigned char *)both.data, (int)both.len);
    }
    buf_free(&id);
    buf_free(&secret);
    buf_free(&both);
    return rc;
}

static int token_form(const struct flow *f, const char *code, struct buf *b)
{
    int rc = oidc_form_add(b, "grant_type", "authorization_code");

    if (!rc)
        rc = oidc_form_add(b, "code", code);
    if (!rc)
        rc = oidc_form_add(b, "redirect_uri", f->redirect);
    if (!rc)
        rc = oidc_form_add(b, "code_verifier", f->carried.verifier);
    if (!rc && f->provider->auth != PROVIDER_AUTH_BASIC)
        rc = oidc_form_add(b, "client_id", f->provider->client_id);
    if (!rc && f->provider->auth == PROVIDER_AUTH_POST)
        rc = oidc_form_add(b, "client_secret", f->provider->client_secret);
    return rc;
}

/* The code for tokens: an object with id_token and access_token. */
static int get_tokens(struct flow *f, const char *code, json_t **out, struct error *err)
{
    struct buf form = {.max = FORM_MAX};
    char basic[4096];
    struct oidc_fetch x = {.url = f->doc->token};
    int rc = token_form(f, code, &form);

    if (!rc && f->provider->auth == PROVIDER_AUTH_BASIC) {
        rc = basic_auth(f->provider, basic, sizeof(basic));
        x.authorization = basic;
    }
    x.form = form.data;
    if (rc)
        error_set(err, rc, f->provider->name, NULL, "the code cannot be exchanged");
    else
        rc = oidc_exchange(f->id, f->provider, "tokens for the code", &x, err);
    buf_free(&form);
    explicit_bzero(basic, sizeof(basic));
    if (rc)
        return rc;
    *out = json_loadb(x.body, x.len, JSON_REJECT_DUPLICATES, NULL);
    free(x.body);
    if (json_is_string(json_object_get(*out, "id_token")))
        return 0;
    json_decref(*out);
    return error_set(err, -EHOSTUNREACH, f->provider->name, "ask for the scope openid",
                     "it gave no ID token");
}

/* The signature, with the keys anew when the provider has changed them. */
static int verify(struct flow *f, const char *token, json_t **claims, struct error *err)
{
    struct error first = {0};
    struct jwks *keys;
    int rc = oidc_keys(f->id, f->provider, f->doc, false, &keys, err);

    if (rc)
        return rc;
    rc = jwt_verify(token, strlen(token), keys, claims, &first);
    jwks_unref(keys);
    if (rc == -ENOKEY) {
        rc = oidc_keys(f->id, f->provider, f->doc, true, &keys, err);
        if (rc)
            return rc;
        first = (struct error){0};
        rc = jwt_verify(token, strlen(token), keys, claims, &first);
        jwks_unref(keys);
    }
    return rc ? error_set(err, -EACCES, f->provider->name, first.remedy, "the ID token: %s",
                          first.message)
              : 0;
}

/* What the ID token leaves out, the provider tells on request (Core, 5.3). Absent claims are added.
 * */
static int add_userinfo(struct flow *f, const json_t *tokens, json_t *claims, struct error *err)
{
    const char *access = json_string_value(json_object_get(tokens, "access_token"));
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const char *claim = f->provider->groups_claim, *said;
    char bearer[CODE_MAX + 16];
    struct oidc_fetch x = {.url = f->doc->userinfo, .authorization = bearer};
    json_t *more;
    int rc;

    if (!f->doc->userinfo[0] || !access || strlen(access) > CODE_MAX ||
        (json_object_get(claims, "email") && (!claim[0] || json_object_get(claims, claim))))
        return 0;
    snprintf(bearer, sizeof(bearer), "Bearer %s", access);
    rc = oidc_exchange(f->id, f->provider, "who it is", &x, err);
    if (rc)
        return rc;
    more = json_loadb(x.body, x.len, JSON_REJECT_DUPLICATES, NULL);
    free(x.body);
    said = json_string_value(json_object_get(more, "sub"));
    if (!said || strcmp(said, subject) != 0)
        rc = error_set(err, -EACCES, f->provider->name, NULL, "it tells of somebody else");
    else
        json_object_update_missing(claims, more);
    json_decref(more);
    return rc;
}

static int get_claims(struct flow *f, const char *code, json_t **out, struct error *err)
{
    struct id_token_wanted w = {.issuer = f->doc->issuer,
                                .client_id = f->provider->client_id,
                                .nonce = f->carried.nonce,
                                .now_ms = identity_now(f->id)};
    json_t *tokens, *claims = NULL;
    int rc = get_tokens(f, code, &tokens, err);

    if (rc)
        return rc;
    w.access_token = json_string_value(json_object_get(tokens, "access_token"));
    rc = verify(f, json_string_value(json_object_get(tokens, "id_token")), &claims, err);
    if (!rc)
        rc = id_token_check(claims, &w, err);
    if (!rc)
        rc = add_userinfo(f, tokens, claims, err);
    json_decref(tokens);
    if (rc)
        json_decref(claims);
    else
        *out = claims;
    return rc;
}

int oidc_callback(struct identity *id, struct store *s, const struct oidc_callback *in,
                  struct sign_in_answer *out, char return_to[OIDC_RETURN_MAX], struct error *err)
{
    struct oidc_person who;
    json_t *claims = NULL;
    struct flow f;
    int rc = flow_open(&f, id, in->provider, err);

    memset(out, 0, sizeof(*out));
    if (!rc)
        rc = check_callback(&f, in, err);
    if (!rc)
        rc = get_claims(&f, in->code, &claims, err);
    if (!rc) {
        oidc_read_person(f.provider, claims, &who);
        json_decref(claims);
        rc = oidc_enter(id, s, f.provider, &who, &in->from, out, err);
    }
    if (!rc)
        snprintf(return_to, OIDC_RETURN_MAX, "%s", f.carried.return_to);
    flow_close(&f);
    return rc;
}
