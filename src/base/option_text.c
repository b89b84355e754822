/* The two faces of an option table that people read: --help and the manual page. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/option.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MAX = 100, WIDTH_MIN = 50, INDENT_MAX = 30 };

static const char BOLD[] = "\033[1m", DIM[] = "\033[2m", PLAIN[] = "\033[0m";

static const struct option_def help_option = {
    .name = "help", .letter = 'h', .type = OPTION_FLAG, .help = "Show this help."};

/* Columns a terminal needs for the first n bytes of UTF-8: one a code point (no wide scripts here).
 */
static int columns(const char *s, size_t n)
{
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

static int width_of(FILE *out)
{
    struct winsize ws;

    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &ws) || ws.ws_col == 0)
        return WIDTH_DEFAULT;
    return ws.ws_col > WIDTH_MAX ? WIDTH_MAX : ws.ws_col < WIDTH_MIN ? WIDTH_MIN : ws.ws_col;
}

/* Writes words wrapped at width; at: columns already used on this line. Runs of blanks, and line
 * ends inside the text, count as one blank. */
static void wrap(FILE *out, const char *text, size_t len, int indent, int at, int width)
{
    const char *end = text + len;
    bool first = true;

    while (text < end) {
        size_t n = 0;
        int cols;

        while (text < end && isspace((unsigned char)*text))
            text++;
        while (text + n < end && !isspace((unsigned char)text[n]))
            n++;
        if (n == 0)
            break;
        cols = columns(text, n);
        if (!first && at + 1 + cols > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, n, out);
        at += cols;
        text += n;
        first = false;
    }
    fputc('\n', out);
}

enum block { BLOCK_BLANK, BLOCK_VERBATIM, BLOCK_HEADING, BLOCK_PARAGRAPH };

/* The next block of the markup in option_command.text; *text moves past it. */
static enum block next_block(const char **text, const char **start, size_t *len)
{
    const char *p = *text;
    size_t n = strcspn(p, "\n");

    *start = p;
    *len = n;
    *text = p + n + (p[n] == '\n');
    if (n == 0)
        return BLOCK_BLANK;
    if (p[0] == ' ' && p[1] == ' ')
        return BLOCK_VERBATIM;
    if (p[n - 1] == ':' && (p[n] == '\0' || p[n + 1] == '\n' || p[n + 1] == ' '))
        return BLOCK_HEADING;
    while (p[n] == '\n' && p[n + 1] && p[n + 1] != '\n' && p[n + 1] != ' ')
        n += 1 + strcspn(p + n + 1, "\n");
    *len = n;
    *text = p + n + (p[n] == '\n');
    return BLOCK_PARAGRAPH;
}

static void help_text(FILE *out, const char *text, bool colour, int width)
{
    const char *start;
    size_t len;

    while (*text) {
        switch (next_block(&text, &start, &len)) {
        case BLOCK_BLANK:
            fputc('\n', out);
            break;
        case BLOCK_VERBATIM:
            fprintf(out, "%.*s\n", (int)len, start);
            break;
        case BLOCK_HEADING:
            fprintf(out, "%s%.*s%s\n", colour ? BOLD : "", (int)len, start, colour ? PLAIN : "");
            break;
        case BLOCK_PARAGRAPH:
            wrap(out, start, len, 0, 0, width);
            break;
        }
    }
}

/* "-d, --data DIR" */
static int option_head(const struct option_def *def, char *buf, size_t size)
{
    char letter[5] = "    ";

    if (def->letter)
        snprintf(letter, sizeof(letter), "-%c, ", def->letter);
    snprintf(buf, size, "  %s--%s%s%s", letter, def->name, def->type == OPTION_FLAG ? "" : " ",
             def->type == OPTION_FLAG ? ""
             : def->value             ? def->value
                                      : "VALUE");
    return columns(buf, strlen(buf));
}

__attribute__((format(printf, 3, 4))) static void add(char *buf, size_t size, const char *format,
                                                      ...)
{
    size_t n = strlen(buf);
    va_list ap;

    va_start(ap, format);
    vsnprintf(buf + n, size - n, format, ap);
    va_end(ap);
}

/* What a value may be: "1 … 1000 calls/s; default 20". Empty when there is nothing to say. */
static void option_facts(const struct option_def *def, char *buf, size_t size)
{
    const char *unit = def->unit ? def->unit : "";

    buf[0] = '\0';
    if (def->max > def->min)
        add(buf, size, "%.16g … %.16g%s%s", def->min, def->max, unit[0] ? " " : "", unit);
    else if (unit[0])
        add(buf, size, "in %s", unit);
    for (int i = 0; def->choices && def->choices[i]; i++)
        add(buf, size, "%s%s", i ? ", " : "", def->choices[i]);
    if (def->type == OPTION_LIST)
        add(buf, size, "%smay be repeated", buf[0] ? "; " : "");
    if (def->fallback && def->fallback[0])
        add(buf, size, "%sdefault %s", buf[0] ? "; " : "", def->fallback);
}

static void help_option_line(FILE *out, const struct option_def *def, int indent, int width,
                             bool colour)
{
    char head[128], facts[256], line[1024];
    int n = option_head(def, head, sizeof(head));

    option_facts(def, facts, sizeof(facts));
    snprintf(line, sizeof(line), "%s%s%s%s", def->help ? def->help : "", facts[0] ? " (" : "",
             facts, facts[0] ? ")" : "");
    fprintf(out, "%s%s%s", colour ? BOLD : "", head, colour ? PLAIN : "");
    if (n + 2 > indent)
        fprintf(out, "\n%*s", indent, "");
    else
        fprintf(out, "%*s", indent - n, "");
    wrap(out, line, strlen(line), indent, indent, width);
}

void option_help(const struct option_command *cmd, FILE *out, bool colour)
{
    const char *bold = colour ? BOLD : "", *plain = colour ? PLAIN : "", *dim = colour ? DIM : "";
    int width = width_of(out), indent = 0;
    char head[128];

    fprintf(out, "%skolcast %s%s: %s\n\n", bold, cmd->name, plain, cmd->summary);
    fprintf(out, "%sUsage:%s kolcast %s %s[options]%s %s\n", bold, plain, cmd->name, dim, plain,
            cmd->usage ? cmd->usage : "");
    if (cmd->text) {
        fputc('\n', out);
        help_text(out, cmd->text, colour, width);
    }
    fprintf(out, "\n%sOptions:%s\n", bold, plain);
    for (int i = 0; cmd->options && cmd->options[i].name; i++) {
        int n = option_head(&cmd->options[i], head, sizeof(head)) + 2;

        if (n > indent && n <= INDENT_MAX)
            indent = n;
    }
    if (indent < 16)
        indent = 16;
    for (int i = 0; cmd->options && cmd->options[i].name; i++)
        help_option_line(out, &cmd->options[i], indent, width, colour);
    help_option_line(out, &help_option, indent, width, colour);
}

/* troff: backslash, minus and a dot or quote at the start of a line have meanings of their own. */
static void man_line(FILE *out, const char *s, size_t len)
{
    if (len && (s[0] == '.' || s[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\\')
            fputs("\\e", out);
        else if (s[i] == '-')
            fputs("\\-", out);
        else if (s[i] == '\n') {
            fputc('\n', out);
            if (i + 1 < len && (s[i + 1] == '.' || s[i + 1] == '\''))
                fputs("\\&", out);
        } else
            fputc(s[i], out);
    }
}

static void man_string(FILE *out, const char *s)
{
    man_line(out, s, strlen(s));
}

static void man_text(FILE *out, const char *text)
{
    const char *start;
    size_t len;
    bool verbatim = false;

    while (*text) {
        enum block block = next_block(&text, &start, &len);

        if (verbatim != (block == BLOCK_VERBATIM)) {
            verbatim = !verbatim;
            fputs(verbatim ? ".nf\n" : ".fi\n", out);
        }
        if (block == BLOCK_BLANK)
            fputs(".PP\n", out);
        else if (block == BLOCK_HEADING) {
            fputs(".SS ", out);
            man_line(out, start, len - 1);
            fputc('\n', out);
        } else {
            man_line(out, start, len);
            fputc('\n', out);
        }
    }
    if (verbatim)
        fputs(".fi\n", out);
}

static void man_option(FILE *out, const struct option_def *def)
{
    char facts[256];

    fputs(".TP\n", out);
    if (def->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", def->letter);
    fputs("\\fB\\-\\-", out);
    man_string(out, def->name);
    fputs("\\fR", out);
    if (def->type != OPTION_FLAG) {
        fputs(" \\fI", out);
        man_string(out, def->value ? def->value : "VALUE");
        fputs("\\fR", out);
    }
    fputc('\n', out);
    man_string(out, def->help ? def->help : "");
    option_facts(def, facts, sizeof(facts));
    if (facts[0]) {
        fputs(" (", out);
        man_string(out, facts);
        fputc(')', out);
    }
    fputc('\n', out);
}

void option_man(const struct option_command *cmd, FILE *out)
{
    char upper[32];
    size_t n = 0;

    for (; cmd->name[n] && n + 1 < sizeof(upper); n++)
        upper[n] = (char)toupper((unsigned char)cmd->name[n]);
    upper[n] = '\0';
    fprintf(out, ".TH KOLCAST\\-%s 1 \"\" \"kolcast " KOLCAST_VERSION "\" \"Kolcast manual\"\n",
            upper);
    fprintf(out, ".SH NAME\nkolcast\\-%s \\- ", cmd->name);
    man_string(out, cmd->summary);
    fprintf(out, "\n.SH SYNOPSIS\n\\fBkolcast %s\\fR [\\fIoptions\\fR] ", cmd->name);
    man_string(out, cmd->usage ? cmd->usage : "");
    fputs("\n.SH DESCRIPTION\n", out);
    if (cmd->text)
        man_text(out, cmd->text);
    fputs(".SH OPTIONS\n", out);
    for (int i = 0; cmd->options && cmd->options[i].name; i++)
        man_option(out, &cmd->options[i]);
    man_option(out, &help_option);
}
