/* Workbooks made part by part, so that a test decides what is in each. */
#pragma once

#include <stdio.h>
#include <string.h>

#include <zip.h>

#define WORKBOOK_MAIN  "<workbook xmlns:r=\"r\">%s<sheets>%s</sheets></workbook>"
#define WORKBOOK_SHEET "<sheet name=\"people\" sheetId=\"1\" r:id=\"rId1\"/>"
#define WORKBOOK_RELATIONS \
    "<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
/* What stands around rows. */
#define WORKBOOK_ROWS(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

struct workbook_part {
    const char *name;
    const char *text;
    size_t len; /* 0: strlen(text) */
};

/* Parts end with a NULL name. Returns 0 or -1. */
static inline int workbook_write(const char *path, const struct workbook_part *parts)
{
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

    for (; zip && parts->name; parts++) {
        size_t len = parts->len ? parts->len : strlen(parts->text);
        zip_source_t *source = zip_source_buffer(zip, parts->text, len, 0);

        if (!source || zip_file_add(zip, parts->name, source, ZIP_FL_OVERWRITE) < 0)
            return -1;
    }
    return zip ? zip_close(zip) : -1;
}

/* One sheet, plain numbers, the rest as given; NULL: without. */
static inline int workbook_simple(const char *path, const char *sheet, const char *strings,
                                  const char *styles)
{
    char book[512];
    struct workbook_part parts[6] = {
        {"xl/workbook.xml", book},
        {"xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS},
        {"xl/worksheets/sheet1.xml", sheet},
    };
    int n = 3;

    snprintf(book, sizeof(book), WORKBOOK_MAIN, "", WORKBOOK_SHEET);
    if (strings)
        parts[n++] = (struct workbook_part){"xl/sharedStrings.xml", strings};
    if (styles)
        parts[n++] = (struct workbook_part){"xl/styles.xml", styles};
    return workbook_write(path, parts);
}
