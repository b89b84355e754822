/* Import: rows a second and peak memory for a million rows of CSV and of XLSX, held against the
 * floor: a bare bulk insert of the same rows into a table with the same columns and index. Every
 * part runs in a process of its own, so that its peak memory is its own. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "base/clock.h"
#include "contacts/import.h"
#include "store/store.h"

struct figures {
    double seconds, peak_mb;
    long long rows;
    int rc;
};

static char folder[] = "/tmp/kolcast-bench-XXXXXX";
static int rows = 1000000;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *in_folder(const char *name)
{
    static char path[300];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* Scattered over four mobile ranges, each number once: i * odd is a permutation modulo 2^20. */
static void person(int i, char phone[16], char name[40], char city[24])
{
    static const char *const ranges[] = {"050", "052", "053", "054"};
    unsigned long scattered = ((unsigned long)i * 699007UL) & 0xfffffUL;

    snprintf(phone, 16, "%s%07lu", ranges[i % 4], 2000000 + scattered);
    snprintf(name, 40, "ישראל ישראלי %d", i);
    snprintf(city, 24, "עיר %d", i % 200);
}

static int write_csv(struct figures *out)
{
    FILE *f = fopen(in_folder("people.csv"), "w");

    if (!f)
        return -1;
    fputs("שם,טלפון,שפה,עיר\r\n", f);
    for (int i = 0; i < rows; i++) {
        char phone[16], name[40], city[24];

        person(i, phone, name, city);
        fprintf(f, "%s,%s,he,%s\r\n", name, phone, city);
    }
    out->rows = rows;
    return fclose(f);
}

static int write_xlsx(struct figures *out)
{
    lxw_workbook_options o = {.constant_memory = LXW_TRUE, .tmpdir = folder};
    lxw_workbook *book = workbook_new_opt(in_folder("people.xlsx"), &o);
    lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
    static const char *const titles[] = {"שם", "טלפון", "שפה", "עיר"};

    for (int c = 0; c < 4; c++)
        worksheet_write_string(sheet, 0, (lxw_col_t)c, titles[c], NULL);
    /* A sheet has 1,048,576 rows at most, the header is one. */
    for (int i = 0; i < rows; i++) {
        char phone[16], name[40], city[24];
        lxw_row_t r = (lxw_row_t)i + 1;

        person(i, phone, name, city);
        worksheet_write_string(sheet, r, 0, name, NULL);
        worksheet_write_number(sheet, r, 1, atof(phone), NULL); /* the leading zero is lost */
        worksheet_write_string(sheet, r, 2, "he", NULL);
        worksheet_write_string(sheet, r, 3, city, NULL);
    }
    out->rows = rows;
    return workbook_close(book) ? -1 : 0;
}

static int import(const char *file, const char *db, struct figures *out)
{
    struct import_options o = {.list = "bench", .region = "IL"};
    struct import_summary summary;
    struct error err = {0};
    struct store *s;
    char path[300], text[1024];
    double start;
    int rc;

    snprintf(path, sizeof(path), "%s", in_folder(file));
    rc = store_open(in_folder(db), &clock_system, &s, &err);
    if (rc)
        goto out;
    start = now();
    rc = import_file(s, path, &o, &summary, &err);
    out->seconds = now() - start;
    store_close(s);
    if (!rc) {
        out->rows = summary.import.accepted;
        if (out->rows != rows)
            rc = -1;
    }
out:
    if (rc)
        fprintf(stderr, "%s: %d %s\n", file, rc, error_text(&err, text, sizeof(text)));
    return rc;
}

static int import_csv(struct figures *out)
{
    return import("people.csv", "csv.db", out);
}

static int import_xlsx(struct figures *out)
{
    return import("people.xlsx", "xlsx.db", out);
}

/* The least that any import into SQLite must do: no parsing, no checks, one transaction, the same
 * columns, index, journal and durability. */
static int floor_insert(struct figures *out)
{
    static const char schema[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;"
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL,"
        " import_id INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT,"
        " language TEXT, zone TEXT NOT NULL, zone_origin TEXT NOT NULL, \"window\" TEXT,"
        " extra TEXT, row INTEGER NOT NULL);"
        "CREATE UNIQUE INDEX contacts_number ON contacts (list_id, number)";
    sqlite3 *db;
    sqlite3_stmt *q;
    double start;
    int rc = sqlite3_open(in_folder("floor.db"), &db);

    rc = rc ? rc : sqlite3_exec(db, schema, NULL, NULL, NULL);
    rc = rc ? rc
            : sqlite3_prepare_v2(db,
                                 "INSERT INTO contacts VALUES (NULL, 1, 1, ?, 1, ?, 'he',"
                                 " 'Asia/Jerusalem', 'n', NULL, ?, ?)",
                                 -1, &q, NULL);
    if (rc)
        return -1;
    start = now();
    rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < rows && !rc; i++) {
        char phone[16], name[40], city[24], extra[64];

        person(i, phone, name, city);
        snprintf(extra, sizeof(extra), "{\"עיר\":\"%s\"}", city);
        sqlite3_bind_int64(q, 1, 972000000000LL + atoll(phone));
        sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 3, extra, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 4, i + 2);
        rc = sqlite3_step(q) == SQLITE_DONE ? 0 : -1;
        sqlite3_reset(q);
    }
    rc = rc ? rc : sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    out->seconds = now() - start;
    out->rows = rows;
    sqlite3_finalize(q);
    sqlite3_close(db);
    return rc;
}

/* In a process of its own; its figures come back through a pipe. */
static struct figures apart(const char *what, int (*fn)(struct figures *out))
{
    struct figures f = {.rc = -1};
    int ends[2], status;
    struct rusage usage;
    pid_t pid;

    if (pipe(ends))
        return f;
    pid = fork();
    if (pid == 0) {
        f.rc = fn(&f);
        _exit(write(ends[1], &f, sizeof(f)) == (ssize_t)sizeof(f) ? 0 : 1);
    }
    close(ends[1]);
    if (pid < 0 || read(ends[0], &f, sizeof(f)) != (ssize_t)sizeof(f))
        f.rc = -1;
    close(ends[0]);
    if (pid > 0 && wait4(pid, &status, 0, &usage) == pid)
        f.peak_mb = (double)usage.ru_maxrss / 1024;
    fprintf(stderr, "%-14s %lld rows, %.2f s, peak %.0f MB%s\n", what, f.rows, f.seconds, f.peak_mb,
            f.rc ? ", FAILED" : "");
    return f;
}

static void clean(void)
{
    static const char *const names[] = {"people.csv",  "people.xlsx",  "csv.db",      "csv.db-wal",
                                        "csv.db-shm",  "xlsx.db",      "floor.db",    "xlsx.db-wal",
                                        "xlsx.db-shm", "floor.db-wal", "floor.db-shm"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
}

int main(int argc, char **argv)
{
    struct figures made[2], base, csv, xlsx;
    int rc;

    if (argc > 1)
        rows = atoi(argv[1]);
    if (rows <= 0 || rows > 1048575 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: bench_import [ROWS]\n");
        return 2;
    }
    made[0] = apart("write csv", write_csv);
    made[1] = apart("write xlsx", write_xlsx);
    base = apart("bare insert", floor_insert);
    csv = apart("import csv", import_csv);
    xlsx = apart("import xlsx", import_xlsx);
    rc = made[0].rc || made[1].rc || base.rc || csv.rc || xlsx.rc;
    clean();
    if (rc)
        return 1;
    printf("{\"import_rows_per_s\":%.0f,\"import_floor_rows_per_s\":%.0f,\"import_ratio\":%.3f,"
           "\"import_peak_mb\":%.1f,\"xlsx_rows_per_s\":%.0f,\"xlsx_peak_mb\":%.1f}\n",
           rows / csv.seconds, rows / base.seconds, base.seconds / csv.seconds, csv.peak_mb,
           rows / xlsx.seconds, xlsx.peak_mb);
    return 0;
}
