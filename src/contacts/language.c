#include "contacts/language.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *code, *words; /* comma-separated */
} languages[] = {
    {"he", "he,iw,heb,hebrew,ivrit,עברית"},          {"en", "en,eng,english,אנגלית"},
    {"ar", "ar,ara,arabic,ערבית,العربية,عربي"},      {"ru", "ru,rus,russian,רוסית,русский"},
    {"fr", "fr,fra,fre,french,צרפתית,français"},     {"am", "am,amh,amharic,אמהרית,አማርኛ"},
    {"es", "es,spa,spanish,ספרדית,español"},         {"yi", "yi,yid,yiddish,יידיש,אידיש"},
    {"uk", "uk,ukr,ukrainian,אוקראינית,українська"}, {"de", "de,deu,ger,german,גרמנית,deutsch"},
};

static int in_words(const char *words, const char *text, size_t len)
{
    for (const char *p = words; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncasecmp(p, text, len) == 0 && (p[len] == ',' || p[len] == '\0') && len > 0)
            return 1;
    }
    return 0;
}

const char *language_code(const char *text)
{
    size_t len = strlen(text), tag = strcspn(text, "-_"); /* he-IL, en_US */

    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
        if (in_words(languages[i].words, text, len) ||
            ((tag == 2 || tag == 3) && in_words(languages[i].words, text, tag)))
            return languages[i].code;
    return text;
}
