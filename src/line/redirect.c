/* Where a redirection (3xx) may lead. In the lane's thread; rare, so the number parser is made for
 * it.
 */
#include <string.h>

#include "base/log.h"
#include "line/lane_priv.h"

/* Digits of E.164, 0: not a telephone number. Without "+" it is read as in the country that was
 * called. */
static uint64_t number_of(uint64_t called, const char *user)
{
    struct number_parser *parser;
    struct number first, next;
    char text[NUMBER_TEXT_MAX];
    uint64_t key = 0;

    number_format(called, text);
    if (number_parser_new(&parser))
        return 0;
    if (number_parse(parser, text, strlen(text), "IL", &first) == NUMBER_OK &&
        number_parse(parser, user, strcspn(user, ";"), first.region, &next) == NUMBER_OK)
        key = next.key;
    number_parser_free(parser);
    return key;
}

bool redirect_allowed(const struct line_config *config, uint64_t called, const char *user)
{
    uint64_t number = number_of(called, user);

    if (!number || !config->blackset ||
        !blackset_contains(config->blackset, number, clock_wall_ms(config->clock)))
        return true;
    log_info("a call was redirected to a number on a do-not-call list; it is not called",
             "called=%llu", (unsigned long long)called);
    return false;
}
