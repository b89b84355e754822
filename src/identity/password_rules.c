/* What may be a password: length first (NIST SP 800-63B: no rules of composition, no expiry), then
 * not what everybody tries: the words below, keyboard rows, the person's own address and name, in
 * capitals, with letters as digits (p4ssw0rd), with digits and signs around, or one after another;
 * sequences; few different characters. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "identity/password.h"

enum { DISTINCT_MIN = 5, OWN_MIN = 4, WORD_MIN = 3 };

/* Folded: small letters, no digits for letters. */
static const char *const words[] = {
    "correcthorsebatterystaple",
    "administrator",
    "qwertyuiop",
    "jerusalem",
    "asdfghjkl",
    "qazwsxedc",
    "changeme",
    "password",
    "passwort",
    "computer",
    "football",
    "baseball",
    "princess",
    "sunshine",
    "superman",
    "starwars",
    "whatever",
    "iloveyou",
    "internet",
    "campaign",
    "charity",
    "donation",
    "letmein",
    "welcome",
    "zxcvbnm",
    "default",
    "kolcast",
    "trustno",
    "michael",
    "jessica",
    "charlie",
    "freedom",
    "telaviv",
    "qwertz",
    "monkey",
    "dragon",
    "master",
    "shadow",
    "secret",
    "israel",
    "shalom",
    "batman",
    "summer",
    "winter",
    "spring",
    "autumn",
    "please",
    "google",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "system",
    "server",
    "manager",
    "analyst",
    "admin",
    "hello",
    "login",
    "guest",
    "azerty",
    "pass",
    "test",
    "user",
    "root",
    "love",
    "abcd",
    "asdf",
    "qwer",
};

struct folded {
    char text[PASSWORD_BYTES_MAX + 1];
    bool letter[PASSWORD_BYTES_MAX]; /* what was typed was a letter (or not ASCII) */
    size_t len;
    bool hit; /* a known word was in it */
};

static char fold_char(char c, bool digits_as_letters)
{
    static const char from[] = "013457@$!", to[] = "oieastasi";
    const char *at = digits_as_letters && c ? strchr(from, c) : NULL;

    return at ? to[at - from] : (char)tolower((unsigned char)c);
}

static void fold(struct folded *f, const char *password, bool digits_as_letters)
{
    f->len = strlen(password);
    f->hit = false;
    for (size_t i = 0; i <= f->len; i++) {
        unsigned char c = (unsigned char)password[i];

        f->text[i] = fold_char((char)c, digits_as_letters);
        if (i < f->len)
            f->letter[i] = isalpha(c) || c >= 0x80;
    }
}

/* The letters of each occurrence count for nothing. The text stays, for words that overlap. */
static void strike(struct folded *f, const char *word, size_t len)
{
    for (size_t i = 0; i + len <= f->len; i++) {
        if (strncasecmp(f->text + i, word, len) != 0)
            continue;
        memset(f->letter + i, 0, len);
        f->hit = true;
    }
}

/* The words of an address or a name. */
static void strike_own(struct folded *f, const char *text)
{
    while (text && *text) {
        size_t n = strcspn(text, " .@_-+");

        if (n >= WORD_MIN)
            strike(f, text, n);
        text += n;
        text += strspn(text, " .@_-+");
    }
}

static bool only_known(const char *password, const char *email, const char *name, bool as_letters)
{
    struct folded f;
    size_t own = 0;

    fold(&f, password, as_letters);
    strike_own(&f, email);
    strike_own(&f, name);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        strike(&f, words[i], strlen(words[i]));
    for (size_t i = 0; i < f.len; i++)
        own += f.letter[i];
    return f.hit && own < OWN_MIN;
}

static size_t distinct(const char *password)
{
    bool seen[256] = {false};
    size_t n = 0;

    for (; *password; password++) {
        unsigned char c = (unsigned char)tolower((unsigned char)*password);

        n += !seen[c];
        seen[c] = true;
    }
    return n;
}

/* 12345678, hgfedcba, aaabbb: three quarters of the steps are 0, 1 or -1. */
static bool is_sequence(const char *password)
{
    size_t steps = 0, n = strlen(password);

    for (size_t i = 1; i < n; i++)
        steps += abs(password[i] - password[i - 1]) <= 1;
    return steps * 4 >= (n - 1) * 3;
}

static size_t characters(const char *utf8)
{
    size_t n = 0;

    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

int password_rules(const char *password, int min, const char *email, const char *name,
                   struct error *err)
{
    static const char remedy[] = "take three or four words that have nothing to do with each other";

    if (characters(password) < (size_t)min)
        return error_set(err, -EINVAL, "password", remedy, "too short: at least %d characters",
                         min);
    if (strlen(password) > PASSWORD_BYTES_MAX)
        return error_set(err, -EINVAL, "password", "take a shorter one",
                         "too long: at most %d bytes", PASSWORD_BYTES_MAX);
    for (const char *p = password; *p; p++)
        if (iscntrl((unsigned char)*p))
            return error_set(err, -EINVAL, "password", "leave it out",
                             "it holds a control character");
    if (distinct(password) < DISTINCT_MIN)
        return error_set(err, -EINVAL, "password", remedy, "the same few characters repeated");
    if (is_sequence(password))
        return error_set(err, -EINVAL, "password", remedy, "a sequence is the first to be guessed");
    if (only_known(password, email, name, false) || only_known(password, email, name, true))
        return error_set(err, -EINVAL, "password", remedy,
                         "little more than common words, your name or your address");
    return 0;
}
