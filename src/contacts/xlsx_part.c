/* One XML part of the zip, unpacked and parsed as a stream. Sizes are capped against bombs,
 * documents with a DOCTYPE are refused: nothing in a workbook needs one. */
#include <errno.h>
#include <string.h>

#include "contacts/xlsx_priv.h"

enum { CHUNK = 65536 };
static const uint64_t PART_MAX = 4ULL << 30; /* one part, unpacked */

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int internal)
{
    xlsx_stop(data, -EBADMSG);
}

void xlsx_stop(struct xlsx_part *p, int rc)
{
    if (p->rc)
        return;
    p->rc = rc;
    XML_StopParser(p->xml, XML_FALSE);
}

/* Parses what was read into the parser's buffer. */
static int step(struct xlsx_book *b, struct xlsx_part *p, zip_int64_t n, uint64_t done)
{
    const struct table_options *o = b->o;

    if (n < 0)
        return -EBADMSG;
    if (done > PART_MAX)
        return -E2BIG;
    if (XML_ParseBuffer(p->xml, (int)n, n == 0) == XML_STATUS_ERROR)
        return p->rc ? p->rc : -EBADMSG;
    /* A tag without an end would be kept in memory whole, and looked through again each time. */
    if (n > 0 && done - (uint64_t)XML_GetCurrentByteIndex(p->xml) > XLSX_TOKEN_MAX)
        return -E2BIG;
    if (o->progress && o->progress(o->arg, b->done + done, b->total))
        return -ECANCELED;
    return p->rc;
}

static int parse(struct xlsx_book *b, struct xlsx_part *p, zip_file_t *f)
{
    uint64_t done = 0;
    zip_int64_t n = 1;
    int rc = 0;

    while (!rc && n > 0) {
        void *buf = XML_GetBuffer(p->xml, CHUNK);

        if (!buf)
            return -ENOMEM;
        n = zip_fread(f, buf, CHUNK);
        done += n > 0 ? (uint64_t)n : 0;
        rc = step(b, p, n, done);
    }
    return rc;
}

int xlsx_parse(struct xlsx_book *b, const char *name, void *state, const struct xlsx_handlers *h)
{
    struct xlsx_part p = {.state = state};
    zip_file_t *f;
    int rc = -ENOMEM;

    if (zip_name_locate(b->zip, name, ZIP_FL_NOCASE) < 0)
        return -ENOENT;
    f = zip_fopen(b->zip, name, ZIP_FL_NOCASE);
    if (!f)
        return -EBADMSG;
    p.xml = XML_ParserCreate(NULL);
    if (p.xml) {
        XML_SetUserData(p.xml, &p);
        XML_SetElementHandler(p.xml, h->start, h->end);
        XML_SetCharacterDataHandler(p.xml, h->text);
        XML_SetStartDoctypeDeclHandler(p.xml, on_doctype);
        rc = parse(b, &p, f);
        XML_ParserFree(p.xml);
    }
    zip_fclose(f);
    return rc;
}

const char *xlsx_local(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

const char *xlsx_attribute(const char **atts, const char *name)
{
    for (int i = 0; atts[i]; i += 2)
        if (strcmp(xlsx_local(atts[i]), name) == 0)
            return atts[i + 1];
    return NULL;
}
