/* The message itself, and its settings. */
#include "message/mail.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"

enum { LINE_BYTES = 57, WORD_BYTES = 42 }; /* 76 characters of base64; 56 in an encoded word */

/* ---- settings ------------------------------------------------------------------------------- */

/* "Name <a@b>" or "a@b". */
static bool read_from(struct mail_way *w)
{
    const char *open = strchr(w->from, '<'), *close = open ? strchr(open, '>') : NULL;

    for (const char *p = w->from; *p; p++)
        if (iscntrl((unsigned char)*p))
            return false;
    if (open && (!close || close[1]))
        return false;
    if (open)
        snprintf(w->from_address, sizeof(w->from_address), "%.*s", (int)(close - open - 1),
                 open + 1);
    else
        snprintf(w->from_address, sizeof(w->from_address), "%s", w->from);
    return strchr(w->from_address, '@') && !strpbrk(w->from_address, " <>,;:\"\\()");
}

static int read_command(const struct json_at *at, struct mail_way *w, struct error *err)
{
    static const char remedy[] = "write the program and its words as a list: "
                                 "[\"/usr/sbin/sendmail\", \"-i\", \"-t\"]";
    struct json_at list = json_key(at, "command");
    size_t n = 0;

    if (!list.value)
        return 0;
    if (json_array_size(list.value) == 0 || json_array_size(list.value) > MAIL_WORDS_MAX)
        return json_fail(&list, err, remedy, "must be a list of 1 to %d words", MAIL_WORDS_MAX);
    for (size_t i = 0; i < json_array_size(list.value); i++) {
        const char *word = json_string_value(json_array_get(list.value, i));

        if (!word || n + strlen(word) + 1 > sizeof(w->command))
            return json_fail(&list, err, remedy, word ? "too long" : "must hold words");
        memcpy(w->command + n, word, strlen(word) + 1);
        n += strlen(word) + 1;
        w->words++;
    }
    if (w->command[0] != '/')
        return json_fail(&list, err, "write where it is: /usr/sbin/sendmail",
                         "the program must be a whole path");
    return 0;
}

static int copy_text(const struct json_at *at, const char *key, char *out, size_t size,
                     struct error *err)
{
    struct json_at value = json_key(at, key);
    const char *text = NULL;
    int rc = json_get_string(at, key, false, &text, err);

    if (!rc && text && strlen(text) >= size)
        return json_fail(&value, err, "write less", "longer than %zu bytes", size - 1);
    if (!rc && text)
        memcpy(out, text, strlen(text) + 1);
    return rc;
}

static bool is_here(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
           strcmp(host, "::1") == 0;
}

static int read_security(const struct json_at *at, struct mail_server *m, struct error *err)
{
    static const struct {
        const char *name;
        int port;
    } ways[] = {[MAIL_STARTTLS] = {"starttls", 587},
                [MAIL_TLS] = {"tls", 465},
                [MAIL_PLAIN] = {"none", 25}};
    struct json_at value = json_key(at, "security");
    const char *name = ways[MAIL_STARTTLS].name;
    int64_t port;
    int i, rc = json_get_string(at, "security", false, &name, err);

    if (rc)
        return rc;
    for (i = 0; i < 3 && strcmp(ways[i].name, name) != 0; i++)
        ;
    if (i == 3)
        return json_fail(&value, err, "starttls, tls or none", "\"%.40s\" is no such thing", name);
    if (i == MAIL_PLAIN && !is_here(m->host))
        return json_fail(&value, err, "use starttls or tls",
                         "mail would carry links that open accounts in the clear");
    m->security = (enum mail_security)i;
    port = ways[i].port;
    rc = json_get_int(at, "port", false, 1, 65535, &port, err);
    m->port = (int)port;
    return rc;
}

static int read_server(const struct json_at *at, struct mail_server *m, struct error *err)
{
    static const char *const keys[] = {"host",     "port",    "security", "user",
                                       "password", "ca_file", NULL};
    struct json_at host = json_key(at, "host");
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = copy_text(at, "host", m->host, sizeof(m->host), err);
    if (!rc)
        rc = copy_text(at, "user", m->user, sizeof(m->user), err);
    if (!rc)
        rc = copy_text(at, "password", m->password, sizeof(m->password), err);
    if (!rc)
        rc = copy_text(at, "ca_file", m->ca_file, sizeof(m->ca_file), err);
    if (rc)
        return rc;
    for (const char *p = m->host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-:", *p))
            return json_fail(&host, err, "smtp.example.org", "\"%.80s\" is no name of a host",
                             m->host);
    if (!m->host[0])
        return json_fail(&host, err, "smtp.example.org", "is missing");
    if (!m->user[0] != !m->password[0])
        return json_fail(at, err, "give both, or none", "%s is missing",
                         m->user[0] ? "password" : "user");
    return read_security(at, m, err);
}

int mail_way_read(const struct json_at *at, struct mail_way *out, struct error *err)
{
    static const char *const keys[] = {"from", "smtp", "command", "webhook", NULL};
    struct json_at from = json_key(at, "from"), server = json_key(at, "smtp");
    struct mail_way w = {0};
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = copy_text(at, "from", w.from, sizeof(w.from), err);
    if (!rc)
        rc = copy_text(at, "webhook", w.webhook, sizeof(w.webhook), err);
    if (!rc)
        rc = read_command(at, &w, err);
    if (!rc && server.value)
        rc = read_server(&server, &w.server, err);
    if (rc)
        return rc;
    if (!read_from(&w))
        return json_fail(&from, err, "Kolcast <calls@example.org>",
                         "must be the address that mail comes from");
    if ((w.words > 0) + (w.webhook[0] != '\0') + (server.value != NULL) != 1)
        return json_fail(at, err, "name one of smtp, command and webhook",
                         "needs a way that mail goes, and only one");
    if (w.webhook[0] && strncmp(w.webhook, "https://", 8) != 0 &&
        strncmp(w.webhook, "http://127.0.0.1", 16) != 0 &&
        strncmp(w.webhook, "http://localhost", 16) != 0)
        return json_fail(at, err, "use https://", "the webhook would send links in the clear");
    *out = w;
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

/* Text in a header: as it is, or in encoded words (RFC 2047), cut between characters. */
static int put_text(struct buf *out, const char *text)
{
    const char *begin = text;
    int rc = 0;

    if (plain(text))
        return buf_puts(out, text);
    while (*text && !rc) {
        unsigned char word[4 * (WORD_BYTES / 3 + 1) + 1];
        size_t n = strnlen(text, WORD_BYTES);

        while (text[n] && ((unsigned char)text[n] & 0xc0) == 0x80 && n > 1)
            n--;
        EVP_EncodeBlock(word, (const unsigned char *)text, (int)n);
        rc = buf_printf(out, "%s=?UTF-8?B?%s?=", text == begin ? "" : "\n ", word);
        text += n;
    }
    return rc;
}

static int put_body(struct buf *out, const char *text)
{
    size_t left = strlen(text);
    int rc = 0;

    while (left > 0 && !rc) {
        unsigned char line[4 * (LINE_BYTES / 3 + 1) + 1];
        size_t n = left < LINE_BYTES ? left : LINE_BYTES;

        EVP_EncodeBlock(line, (const unsigned char *)text, (int)n);
        rc = buf_printf(out, "%s\n", line);
        text += n;
        left -= n;
    }
    return rc;
}

/* RFC 5322, 3.3, in English whatever the locale. */
static int put_date(struct buf *out, int64_t now_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)(now_ms / 1000);
    struct tm tm;

    gmtime_r(&t, &tm);
    return buf_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\n", days + 3 * tm.tm_wday,
                      tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                      tm.tm_sec);
}

/* The sender: only the name may need encoding. */
static int put_from(struct buf *out, const struct mail_way *w)
{
    const char *open = strchr(w->from, '<');
    char name[sizeof(w->from)];
    size_t n = open ? (size_t)(open - w->from) : 0;
    int rc = buf_puts(out, "From: ");

    while (n > 0 && w->from[n - 1] == ' ')
        n--;
    snprintf(name, sizeof(name), "%.*s", (int)n, w->from);
    if (!rc && n > 0)
        rc = put_text(out, name);
    return rc ? rc : buf_printf(out, n > 0 ? " <%s>\n" : "%s\n", w->from_address);
}

int mail_write(const struct mail_way *w, const struct mail *m, int64_t now_ms, struct buf *out)
{
    char id[25];
    int rc;

    if (has_control(m->to) || has_control(m->subject) || !strchr(m->to, '@'))
        return -EINVAL;
    random_token(id, sizeof(id));
    rc = put_from(out, w);
    if (!rc)
        rc = buf_printf(out, "To: %s\nSubject: ", m->to);
    if (!rc)
        rc = put_text(out, m->subject);
    if (!rc)
        rc = buf_puts(out, "\n");
    if (!rc)
        rc = put_date(out, now_ms);
    if (!rc)
        rc = buf_printf(out,
                        "Message-ID: <%s%s>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=utf-8\n"
                        "Content-Transfer-Encoding: base64\n\n",
                        id, strchr(w->from_address, '@'));
    return rc ? rc : put_body(out, m->text);
}
