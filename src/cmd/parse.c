/* Words of the command line that are more than options: campaign numbers, phone numbers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "phone/number.h"

int cmd_parse_id(const char *text, const char *what, int64_t *id, struct error *err)
{
    char remedy[128], *end;
    long long value;

    snprintf(remedy, sizeof(remedy), "kolcast %s shows the numbers",
             strcmp(what, "import") == 0 ? "import --history"
             : strcmp(what, "key") == 0  ? "user keys"
                                         : "campaign list");
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value <= 0)
        return error_set(err, -EINVAL, text, remedy, "this is not the number of any %s", what);
    *id = value;
    return 0;
}

int cmd_parse_region(const char *text, struct error *err)
{
    if (number_region_known(text))
        return 0;
    return error_set(err, -EINVAL, "--region", "write two capital letters: IL, US, GB, FR",
                     "\"%.20s\" is not a country", text);
}

int cmd_parse_number(const char *text, const char *region, uint64_t *number, struct error *err)
{
    struct number_parser *parser;
    struct number parsed;
    enum number_fault fault;
    int rc = cmd_parse_region(region, err);

    if (rc)
        return rc;
    rc = number_parser_new(&parser);
    if (rc)
        return rc;
    fault = number_parse(parser, text, strlen(text), region, &parsed);
    number_parser_free(parser);
    if (fault != NUMBER_OK)
        return error_set(err, -EINVAL, text,
                         "write it as dialled at home (050-1234567), or with + and the country",
                         "%s", number_fault_text(fault));
    *number = parsed.key;
    return 0;
}

const char *cmd_number_text(uint64_t number)
{
    static char buffers[4][NUMBER_TEXT_MAX];
    static unsigned next;
    char *out = buffers[next++ % 4];

    number_format(number, out);
    return out;
}

int cmd_action_error(const char *command, const char *word, const char *const *actions)
{
    char remedy[ERROR_TEXT_MAX];
    const char *near = nearest_word(word, actions);

    if (near) {
        snprintf(remedy, sizeof(remedy), "did you mean kolcast %s %s?", command, near);
    } else {
        snprintf(remedy, sizeof(remedy), "one of:");
        for (int i = 0; actions[i]; i++) {
            size_t n = strlen(remedy);

            snprintf(remedy + n, sizeof(remedy) - n, " %s", actions[i]);
        }
    }
    return cmd_error(-EINVAL, command, remedy, "\"%.60s\" is not one of its actions", word);
}
