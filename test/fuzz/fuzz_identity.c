/* What people write about sign-in: settings, addresses, passwords. Read or refused with words; what
 * is taken keeps its limits, and mail made of it has no line that was not meant. */
#include <stdlib.h>
#include <string.h>

#include "identity/identity_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static char *text_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void check_settings(const json_t *json)
{
    struct identity_settings *s;
    struct error err = {0};

    if (identity_settings_read(json, &s, &err)) {
        must(err.message[0] != '\0');
        return;
    }
    must(s->provider_count <= PROVIDERS_MAX && (!s->provider_count || s->public_url[0]));
    must(!s->public_url[0] || settings_is_url(s->public_url));
    for (int i = 0; i < s->provider_count; i++) {
        const struct provider *p = &s->providers[i];

        must(provider_find(s, p->name) == p && settings_is_url(p->issuer));
        must(p->role_count <= PROVIDER_ROLES_MAX && (!p->role_count || p->groups_claim[0]));
        must(p->auth == PROVIDER_AUTH_NONE || p->client_secret[0]);
    }
    if (s->has_mail)
        must(!s->mail.words != !s->mail.webhook[0] && s->mail.words <= MAIL_WORDS_MAX);
    identity_settings_unref(s);
}

/* Each line of the head is one that is known, or goes on with one. */
static void check_head(const char *text)
{
    static const char *const known[] = {"From: ",
                                        "To: ",
                                        "Subject: ",
                                        "Date: ",
                                        "Message-ID: ",
                                        "Auto-Submitted: ",
                                        "MIME-Version: ",
                                        "Content-Type: ",
                                        "Content-Transfer-",
                                        " "};

    while (*text != '\n') {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || strncmp(text, known[i], strlen(known[i])) == 0;
        must(found);
        text = strchr(text, '\n') + 1;
    }
}

static void check_text(const char *text)
{
    struct mail_way way = {.from = "Kolcast <k@example.org>", .from_address = "k@example.org"};
    struct mail mail = {.to = "dana@example.org", .subject = text, .text = text};
    struct buf b = {.max = 1 << 22};
    char email[STORE_EMAIL_MAX], again[STORE_EMAIL_MAX];

    if (email_normal(text, email)) {
        must(email_normal(email, again) && strcmp(email, again) == 0);
        mail.to = email;
    }
    if (mail_write(&way, &mail, 0, &b) == 0)
        check_head(b.data);
    buf_free(&b);
    password_rules(text, PASSWORD_MIN, email, text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size < 4096 ? size : 4096);
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

    check_text(text);
    free(text);
    if (json)
        check_settings(json);
    json_decref(json);
    return 0;
}
