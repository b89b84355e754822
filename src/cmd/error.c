/* How failures reach people and scripts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/ui.h"

static int exit_code(int rc)
{
    switch (-rc) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
    case EWOULDBLOCK: /* the data folder is in use */
        return CMD_STORE;
    case ECANCELED:
        return CMD_INTERRUPTED;
    case EINVAL:
    case ENOENT:
    case EACCES:
    case EPERM:
    case EISDIR:
    case ENOTDIR:
    case EFBIG:
    case EBADMSG:
    case EILSEQ:
    case ENOTSUP:
    case E2BIG:
    case ERANGE:
    case ENAMETOOLONG:
    case EEXIST:
        return CMD_BAD_INPUT;
    default:
        return CMD_FAILED;
    }
}

static void print(const struct error *err, int code)
{
    fprintf(stderr, "kolcast: %s%s%s%s%s\n", err->place, err->place[0] ? ": " : "", ui_err(UI_BAD),
            err->message, ui_err(UI_PLAIN));
    if (err->remedy[0])
        fprintf(stderr, "  %stry:%s %s\n", ui_err(UI_ACCENT), ui_err(UI_PLAIN), err->remedy);
    if (ui.json)
        ui_json(json_pack("{s:{s:s,s:s,s:s,s:i}}", "error", "place", err->place, "message",
                          err->message, "remedy", err->remedy, "exit", code));
}

int cmd_fail_as(const struct error *err, int code)
{
    struct error unsaid = {.code = -ENOMEM};

    if (!err->code) { /* the one failure that is not put in words where it happens */
        snprintf(unsaid.message, sizeof(unsaid.message), "out of memory");
        err = &unsaid;
    }
    print(err, code);
    return code;
}

int cmd_fail(const struct error *err)
{
    return cmd_fail_as(err, exit_code(err->code));
}

int cmd_error(int rc, const char *place, const char *remedy, const char *format, ...)
{
    struct error err = {0};
    char message[ERROR_TEXT_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    error_set(&err, rc, place, remedy, "%s", message);
    return cmd_fail(&err);
}
