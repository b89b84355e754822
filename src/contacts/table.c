/* What kind of file is it? Known kinds that cannot be read are told by name. See table.h. */
#include "contacts/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <zip.h>

enum { LOOK = 512 };

static bool starts(const char *block, size_t len, const char *magic, size_t magic_len)
{
    return len >= magic_len && memcmp(block, magic, magic_len) == 0;
}

/* A page of the web, which many programs save as "Excel". */
static bool is_html(const char *block, size_t len)
{
    size_t i = starts(block, len, "\xef\xbb\xbf", 3) ? 3 : 0;

    while (i < len && strchr(" \t\r\n", block[i]))
        i++;
    if (i == len || block[i] != '<')
        return false;
    return strncasecmp(block + i, "<html", 5) == 0 || strncasecmp(block + i, "<!doctype", 9) == 0 ||
           strncasecmp(block + i, "<table", 6) == 0 || strncasecmp(block + i, "<?xml", 5) == 0 ||
           strncasecmp(block + i, "<meta", 5) == 0;
}

/* Zip files that are no Excel workbook. NULL: it may be one. */
static const char *other_zip(const char *path)
{
    static const struct {
        const char *part, *what;
    } kinds[] = {
        {"content.xml", "an OpenDocument file"},
        {"xl/workbook.bin", "a binary Excel workbook (.xlsb)"},
        {"word/document.xml", "a Word document"},
        {"Index/Document.iwa", "a Numbers file"},
    };
    zip_t *zip = zip_open(path, ZIP_RDONLY, NULL);
    const char *what = NULL;

    for (size_t i = 0; zip && !what && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (zip_name_locate(zip, kinds[i].part, 0) >= 0)
            what = kinds[i].what;
    if (zip)
        zip_discard(zip);
    return what;
}

static const char *other_kind(const char *block, size_t len)
{
    if (starts(block, len, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8))
        return "an old Excel file (.xls), or one with a password";
    if (starts(block, len, "%PDF", 4))
        return "a PDF";
    if (starts(block, len, "\x1f\x8b", 2) || starts(block, len, "7z\xbc\xaf", 4) ||
        starts(block, len, "Rar!", 4))
        return "a packed file";
    return is_html(block, len) ? "a web page or XML, whatever its name says" : NULL;
}

static int look(const char *path, char *block, size_t *len, struct error *err)
{
    struct stat st;
    FILE *f;
    int rc = 0;

    if (stat(path, &st))
        return error_set(err, -errno, path, "check the name and the folder", "cannot open: %s",
                         strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(err, -EISDIR, path, "name the file that is in it", "this is a folder");
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, path, "save what it gives as a file first",
                         "this is no file but a stream");
    f = fopen(path, "rbe");
    if (!f)
        return error_set(err, -errno, path, "check who may read it", "cannot open: %s",
                         strerror(errno));
    *len = fread(block, 1, LOOK, f);
    if (ferror(f))
        rc = error_set(err, -EIO, path, "copy it anew", "cannot be read");
    else if (*len == 0)
        rc = error_set(err, -EBADMSG, path, "save or export it again", "the file is empty");
    fclose(f);
    return rc;
}

int table_read(const char *path, const struct table_options *o, struct table_info *out,
               struct error *err)
{
    char block[LOOK + 1] = "";
    const char *other;
    size_t len = 0, n = strlen(path);
    bool zip, named = n >= 5 && strcasecmp(path + n - 5, ".xlsx") == 0;
    int rc = look(path, block, &len, err);

    if (rc)
        return rc;
    zip = starts(block, len, "PK\3\4", 4);
    other = zip ? other_zip(path) : other_kind(block, len);
    if (other)
        return error_set(err, -EBADMSG, path,
                         "open it in a spreadsheet program and save it as .xlsx or .csv",
                         "this is %s, which cannot be read here", other);
    return zip || named ? table_read_xlsx(path, o, out, err) : table_read_csv(path, o, out, err);
}
