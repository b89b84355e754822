/* Option tables: parsing, what a wrong line is told, and that help, manual and parser agree. */
#include "base/option.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const formats[] = {"csv", "json", "xlsx", NULL};

static const struct option_def options[] = {
    {.name = "data",
     .letter = 'd',
     .type = OPTION_STRING,
     .value = "DIR",
     .fallback = "./here",
     .help = "Where things are kept."},
    {.name = "pace",
     .letter = 'p',
     .type = OPTION_REAL,
     .value = "N",
     .unit = "calls/s",
     .min = 0.1,
     .max = 1000,
     .help = "Calls started per second."},
    {.name = "max-calls",
     .type = OPTION_INT,
     .min = 1,
     .max = 20000,
     .fallback = "200",
     .help = "Calls at once."},
    {.name = "format",
     .type = OPTION_CHOICE,
     .choices = formats,
     .fallback = "csv",
     .help = "Form of the report."},
    {.name = "map",
     .letter = 'm',
     .type = OPTION_LIST,
     .value = "FIELD=COLUMN",
     .help = "Which column holds what."},
    {.name = "json", .letter = 'j', .type = OPTION_FLAG, .help = "Print JSON."},
    {.name = "verbose", .letter = 'v', .type = OPTION_FLAG, .help = "Say more."},
    {NULL},
};

static const struct option_command command = {
    .name = "try",
    .usage = "FILE [OTHER]",
    .summary = "tries things",
    .text = "First paragraph that is long enough to be wrapped somewhere, since it goes on and on "
            "well past eighty columns.\n\nExamples:\n  kolcast try a.csv --pace 3\n"
            "  .starts with a dot\n\nLast.",
    .options = options,
    .min_args = 1,
    .max_args = 2,
};

static int parse(struct option_values **v, struct error *err, const char *line)
{
    static char copy[512];
    static char *argv[32];
    int argc = 0;

    snprintf(copy, sizeof(copy), "try %s", line);
    for (char *save, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    argv[argc] = NULL;
    memset(err, 0, sizeof(*err));
    *v = NULL;
    return option_parse(&command, argc, argv, v, err);
}

static void test_defaults(void **state)
{
    struct option_values *v;
    struct error err;
    const char *const *items;

    (void)state;
    assert_int_equal(parse(&v, &err, "a.csv"), 0);
    assert_string_equal(option_string(v, "data"), "./here");
    assert_int_equal(option_int(v, "max-calls"), 200);
    assert_true(option_real(v, "pace") == 0);
    assert_null(option_string(v, "pace"));
    assert_false(option_flag(v, "json"));
    assert_false(option_set(v, "data"));
    assert_false(option_flag(v, "help"));
    assert_int_equal(option_list(v, "map", &items), 0);
    assert_null(items[0]);
    assert_int_equal(option_args(v, &items), 1);
    assert_string_equal(items[0], "a.csv");
    assert_null(items[1]);
    assert_ptr_equal(option_command(v), &command);
    option_free(v);
    option_free(NULL);
}

static void test_forms(void **state)
{
    struct option_values *v;
    struct error err;
    const char *const *items;

    (void)state;
    assert_int_equal(parse(&v, &err,
                           "-vj a --data=x=y --pace 2.5 -m a=1 b --map b=2 -mc=3 --max-calls=7 "
                           "--format json"),
                     0);
    assert_true(option_flag(v, "verbose"));
    assert_true(option_flag(v, "json"));
    assert_string_equal(option_string(v, "data"), "x=y");
    assert_true(option_set(v, "data"));
    assert_true(option_real(v, "pace") == 2.5);
    assert_int_equal(option_int(v, "max-calls"), 7);
    assert_string_equal(option_string(v, "format"), "json");
    assert_int_equal(option_list(v, "map", &items), 3);
    assert_string_equal(items[0], "a=1");
    assert_string_equal(items[1], "b=2");
    assert_string_equal(items[2], "c=3");
    assert_null(items[3]);
    assert_int_equal(option_args(v, &items), 2);
    assert_string_equal(items[1], "b");
    option_free(v);

    assert_int_equal(parse(&v, &err, "-- --json -"), 0);
    assert_false(option_flag(v, "json"));
    assert_int_equal(option_args(v, &items), 2);
    assert_string_equal(items[0], "--json");
    assert_string_equal(items[1], "-");
    option_free(v);

    /* The last one holds, and a value may look like a short option. */
    assert_int_equal(parse(&v, &err, "a --data one --data -two"), 0);
    assert_string_equal(option_string(v, "data"), "-two");
    option_free(v);
}

static void test_help_needs_nothing(void **state)
{
    struct option_values *v;
    struct error err;

    (void)state;
    assert_int_equal(parse(&v, &err, "--help"), 0);
    assert_true(option_flag(v, "help"));
    option_free(v);
    assert_int_equal(parse(&v, &err, "a b c d -h"), 0);
    assert_true(option_flag(v, "help"));
    option_free(v);
}

static void test_faults(void **state)
{
    static const struct {
        const char *line, *place, *message, *remedy;
    } cases[] = {
        {"a --pase 3", "--pase", "no such option", "--pace"},
        {"a --dta=x", "--dta", "no such option", "--data"},
        {"a --zzzzzzzz", "--zzzzzzzz", "no such option", "--help"},
        {"a -x", "-x", "no such option", "--help"},
        {"a --pace", "--pace", "needs a value", "--pace N"},
        {"a --pace --json", "--pace", "needs a value, found --json", "--pace N"},
        {"a --pace much", "--pace", "\"much\" is not a number", ""},
        {"a --pace 3x", "--pace", "not a number", ""},
        {"a --pace nan", "--pace", "not a number", ""},
        {"a --pace inf", "--pace", "not a number", ""},
        {"a --pace 0x10", "--pace", "not a number", ""},
        {"a --pace=", "--pace", "not a number", ""},
        {"a --pace 0.01", "--pace", "outside 0.1 … 1000 calls/s", ""},
        {"a --pace 1001", "--pace", "outside", ""},
        {"a --max-calls 2.5", "--max-calls", "whole number", ""},
        {"a --max-calls 99999999999999999999", "--max-calls", "whole number", ""},
        {"a --max-calls 0", "--max-calls", "outside 1 … 20000", ""},
        {"a --json=yes", "--json", "takes no value", ""},
        {"a --format cvs", "--format", "\"cvs\"", "csv"},
        {"a --format pdfpdfpdf", "--format", "not one of", "csv, json, xlsx"},
        {"", "try", "missing after try", "kolcast try FILE [OTHER]"},
        {"a b c", "try", "\"c\" is one too many", "kolcast try FILE [OTHER]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct option_values *v;
        struct error err;

        assert_int_equal(parse(&v, &err, cases[i].line), -EINVAL);
        assert_null(v); /* outputs are written only on success */
        assert_int_equal(err.code, -EINVAL);
        assert_string_equal(err.place, cases[i].place);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s: message \"%s\" lacks \"%s\"", cases[i].line, err.message,
                     cases[i].message);
        if (!strstr(err.remedy, cases[i].remedy))
            fail_msg("%s: remedy \"%s\" lacks \"%s\"", cases[i].line, err.remedy, cases[i].remedy);
    }
}

static char *printed(void (*print)(FILE *out))
{
    char *text;
    size_t len;
    FILE *out = tmpfile();

    assert_non_null(out);
    print(out);
    len = (size_t)ftell(out);
    text = calloc(1, len + 1);
    rewind(out);
    assert_int_equal(fread(text, 1, len, out), len);
    fclose(out);
    return text;
}

static void print_help(FILE *out)
{
    option_help(&command, out, false);
}

static void print_coloured(FILE *out)
{
    option_help(&command, out, true);
}

static void print_man(FILE *out)
{
    option_man(&command, out);
}

static void test_help_text(void **state)
{
    char *text = printed(print_help), *coloured = printed(print_coloured);

    (void)state;
    for (int i = 0; options[i].name; i++) {
        char name[64];

        snprintf(name, sizeof(name), "--%s", options[i].name);
        assert_non_null(strstr(text, name));
        assert_non_null(strstr(text, options[i].help));
    }
    assert_non_null(strstr(text, "Usage: kolcast try [options] FILE [OTHER]\n"));
    assert_non_null(strstr(text, "\nExamples:\n  kolcast try a.csv --pace 3\n"));
    assert_non_null(strstr(text, "-p, --pace N"));
    assert_non_null(strstr(text, "(0.1 … 1000 calls/s)"));
    assert_non_null(strstr(text, "default 200"));
    assert_non_null(strstr(text, "csv, json, xlsx"));
    assert_non_null(strstr(text, "-h, --help"));
    assert_null(strchr(text, '\033'));
    assert_non_null(strchr(coloured, '\033'));
    /* Not a terminal: 80 columns. Examples are left alone, and here they are short. */
    for (char *line = text, *end; *line; line = end + 1) {
        int cols = 0;

        end = strchr(line, '\n');
        assert_non_null(end);
        for (char *p = line; p < end; p++)
            cols += ((unsigned char)*p & 0xc0) != 0x80;
        assert_in_range(cols, 0, 80);
    }
    free(text);
    free(coloured);
}

static void test_man_text(void **state)
{
    char *text = printed(print_man);

    (void)state;
    assert_non_null(strstr(text, ".TH KOLCAST\\-TRY 1"));
    assert_non_null(strstr(text, ".SH NAME\nkolcast\\-try \\- tries things\n"));
    assert_non_null(strstr(text, ".SS Examples\n"));
    assert_non_null(strstr(text, "\\fB\\-\\-max\\-calls\\fR"));
    assert_non_null(strstr(text, ".nf\n  kolcast try a.csv \\-\\-pace 3\n"));
    /* Every line that starts with a dot is a request we meant. */
    for (char *p = text; (p = strstr(p, "\n.")); p++) {
        static const char *const known[] = {".TH ",  ".SH ",  ".SS ",  ".PP\n",
                                            ".nf\n", ".fi\n", ".TP\n", NULL};
        int i = 0;

        while (known[i] && strncmp(p + 1, known[i], strlen(known[i])) != 0)
            i++;
        assert_non_null(known[i]);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),           cmocka_unit_test(test_forms),
        cmocka_unit_test(test_help_needs_nothing), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_help_text),          cmocka_unit_test(test_man_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
