/* Files: bounded reads, atomic writes, folders; each refusal names the path. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[128];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/kolcast-file-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/f", dir);
    return 0;
}

static int teardown(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

static void test_there_and_back(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 300000};
    char *blob = malloc(300000);

    (void)state;
    for (size_t i = 0; i < 300000; i++)
        blob[i] = (char)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *data = NULL;
        size_t len = 99;

        assert_int_equal(file_write_atomic(path, blob, sizes[i], NULL), 0);
        assert_int_equal(file_read(path, 300000, &data, &len, NULL), 0);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(data, blob, len);
        assert_int_equal(data[len], '\0');
        free(data);
        /* exactly the limit is allowed, one byte less is not */
        assert_int_equal(file_read(path, sizes[i] ? sizes[i] : 1, &data, &len, NULL), 0);
        free(data);
        if (sizes[i] > 1) {
            struct error err = {0};

            data = NULL;
            assert_int_equal(file_read(path, sizes[i] - 1, &data, &len, &err), -EFBIG);
            assert_null(data);
            assert_string_equal(err.place, path);
        }
    }
    free(blob);
}

static void test_endless(void **state)
{
    char *data = NULL;
    size_t len;

    (void)state;
    assert_int_equal(file_read("/dev/zero", 1 << 20, &data, &len, NULL), -EFBIG);
    assert_null(data);
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void test_atomic_leaves_no_litter(void **state)
{
    struct error err = {0};
    struct stat st;
    char target[160];

    (void)state;
    assert_int_equal(file_write_atomic(path, "old", 3, &err), 0);
    assert_int_equal(file_write_atomic(path, "new", 3, &err), 0);
    assert_int_equal(entries(dir), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    snprintf(target, sizeof(target), "%s/folder", dir);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_true(file_write_atomic(target, "x", 1, &err) < 0); /* a folder is in the way */
    assert_string_equal(err.place, target);
    assert_int_equal(entries(dir), 2);
    memset(&err, 0, sizeof(err));
    snprintf(target, sizeof(target), "%s/none/f", dir);
    assert_int_equal(file_write_atomic(target, "x", 1, &err), -ENOENT);
    assert_true(err.remedy[0]);
    /* A full disk: the old content stays. */
    memset(&err, 0, sizeof(err));
    assert_true(file_write_atomic("/dev/full/f", "x", 1, &err) < 0);
}

static void test_mkdirs(void **state)
{
    char deep[200];
    struct error err = {0};
    struct stat st;

    (void)state;
    snprintf(deep, sizeof(deep), "%s/a/b//c/", dir);
    assert_int_equal(file_mkdirs(deep, &err), 0);
    assert_int_equal(file_mkdirs(deep, &err), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(file_write_atomic(path, "x", 1, &err), 0);
    assert_int_equal(file_mkdirs(path, &err), -ENOTDIR);
    memset(&err, 0, sizeof(err));
    snprintf(deep, sizeof(deep), "%s/f/under", dir);
    assert_int_equal(file_mkdirs(deep, &err), -ENOTDIR);
    assert_true(err.message[0]);
}

static void test_join(void **state)
{
    char out[16];

    (void)state;
    assert_int_equal(file_join("a", "b", out, sizeof(out)), 0);
    assert_string_equal(out, "a/b");
    assert_int_equal(file_join("a/", "b", out, sizeof(out)), 0);
    assert_string_equal(out, "a/b");
    assert_int_equal(file_join("a", "/b", out, sizeof(out)), 0);
    assert_string_equal(out, "/b");
    assert_int_equal(file_join("", "b", out, sizeof(out)), 0);
    assert_string_equal(out, "b");
    assert_int_equal(file_join("12345678", "1234567", out, sizeof(out)), -ENAMETOOLONG);
    assert_int_equal(file_join("12345678", "123456", out, sizeof(out)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endless, setup, teardown),
        cmocka_unit_test_setup_teardown(test_atomic_leaves_no_litter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
