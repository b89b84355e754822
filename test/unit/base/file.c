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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static mode_t kind_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & S_IFMT;
}

/* A device, a pipe, a socket is not made a file of, whoever may write its folder. */
static void test_replaces_files_alone(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct error err = {0};
    char name[160], target[PATH_MAX];
    int s;

    (void)state;
    snprintf(name, sizeof(name), "%s/pipe", dir);
    assert_int_equal(mkfifo(name, 0600), 0);
    assert_int_equal(file_write_atomic(name, "x", 1, &err), -EEXIST);
    assert_string_equal(err.place, name);
    assert_non_null(strstr(err.message, "a pipe"));
    assert_true(err.remedy[0]);
    assert_true(kind_of(name) == S_IFIFO);
    /* Through a link too. */
    assert_int_equal(symlink("pipe", path), 0);
    assert_int_equal(file_write_atomic(path, "x", 1, NULL), -EEXIST);
    assert_true(kind_of(name) == S_IFIFO && kind_of(path) == S_IFLNK);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(file_write_atomic(address.sun_path, "x", 1, NULL), -EEXIST);
    assert_true(kind_of(address.sun_path) == S_IFSOCK);
    close(s);
    memset(&err, 0, sizeof(err));
    assert_int_equal(file_target("/dev/null", target, &err), -EEXIST);
    assert_non_null(strstr(err.message, "a device"));
    memset(&err, 0, sizeof(err));
    assert_int_equal(file_target(dir, target, &err), -EISDIR);
    assert_non_null(strstr(err.message, "a folder"));
    assert_int_equal(entries(dir), 3);
}

/* A link to a file stays a link: the file it leads to is replaced. */
static void test_follows_links(void **state)
{
    char link[160], loop[160], target[PATH_MAX], *data;
    struct error err = {0};
    size_t len;

    (void)state;
    snprintf(link, sizeof(link), "%s/link", dir);
    snprintf(loop, sizeof(loop), "%s/loop", dir);
    assert_int_equal(file_target(path, target, &err), 0); /* not there yet: itself */
    assert_string_equal(target, path);
    assert_int_equal(symlink("f", link), 0);
    assert_int_equal(file_write_atomic(link, "x", 1, &err), -ENOENT);
    assert_non_null(strstr(err.message, "nowhere"));
    assert_int_equal(entries(dir), 1);
    assert_int_equal(file_write_atomic(path, "old", 3, NULL), 0);
    assert_int_equal(file_write_atomic(link, "new", 3, NULL), 0);
    assert_true(kind_of(link) == S_IFLNK);
    assert_int_equal(file_read(path, 10, &data, &len, NULL), 0);
    assert_string_equal(data, "new");
    free(data);
    assert_int_equal(symlink("loop", loop), 0);
    assert_int_equal(file_write_atomic(loop, "x", 1, NULL), -ELOOP);
    assert_int_equal(entries(dir), 3);
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
        cmocka_unit_test_setup_teardown(test_replaces_files_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_follows_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
