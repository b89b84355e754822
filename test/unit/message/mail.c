/* Mail: the message as it goes out, the command that takes it, and the queue. */
#include "message/mail.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "http/server.h"

static struct mail_way way_of(const char *text)
{
    struct error err = {0};
    struct mail_way w;
    struct json_at at;
    json_t *json;

    assert_int_equal(json_load_text(text, strlen(text), "t", &json, &err), 0);
    at = json_root(json, "t");
    if (mail_way_read(&at, &w, &err))
        fail_msg("%s: %s", err.place, err.message);
    json_decref(json);
    return w;
}

static struct mail_way by_shell(const char *script)
{
    json_t *json = json_pack("{s:s,s:[s,s,s]}", "from", "קולקאסט <calls@example.org>", "command",
                             "/bin/sh", "-c", script);
    char *text = json_dumps(json, 0);
    struct mail_way w = way_of(text);

    free(text);
    json_decref(json);
    return w;
}

static void test_message(void **state)
{
    struct mail_way w = by_shell("true");
    struct buf b = {.max = 100000};
    const char *body;
    char decoded[400], line[200];
    int n;

    assert_int_equal(
        mail_write(&w, &(struct mail){"dana@example.org", "Hello", "שלום\n"}, 1795000000000, &b),
        0);
    assert_ptr_equal(strstr(b.data, "From: =?UTF-8?B?16fXldec16fXkNeh15g=?= <calls@example.org>\n"
                                    "To: dana@example.org\nSubject: Hello\n"
                                    "Date: Wed, 18 Nov 2026 11:06:40 +0000\nMessage-ID: <"),
                     b.data);
    assert_non_null(strstr(b.data, "@example.org>\nAuto-Submitted: auto-generated\n"));
    body = strstr(b.data, "\n\n") + 2;
    n = EVP_DecodeBlock((unsigned char *)decoded, (const unsigned char *)body,
                        (int)strlen(body) - 1);
    assert_true(n > 0);
    assert_memory_equal(decoded, "שלום\n", strlen("שלום\n"));
    buf_free(&b);
    /* A long subject: encoded words of at most 75 characters, cut between characters. */
    b = (struct buf){.max = 100000};
    assert_int_equal(
        mail_write(&w,
                   &(struct mail){"dana@example.org",
                                  "אחת שתיים שלוש ארבע חמש שש שבע שמונה תשע עשר, with English too",
                                  "x"},
                   0, &b),
        0);
    for (const char *p = strstr(b.data, "=?UTF-8?B?16"); (p = strstr(p, "=?UTF-8?B?")); p += 10) {
        assert_int_equal(sscanf(p, "%190s", line), 1);
        assert_in_range(strlen(line), 12, 75);
        n = EVP_DecodeBlock((unsigned char *)decoded, (unsigned char *)line + 10,
                            (int)strlen(line) - 12);
        assert_true(n > 0);
        assert_int_not_equal(decoded[0] & 0xc0, 0x80);
    }
    buf_free(&b);
}

/* What comes from outside cannot add a header or a recipient. */
static void test_injection(void **state)
{
    struct mail_way w = by_shell("true");
    struct buf b = {.max = 100000};

    assert_int_equal(
        mail_write(&w, &(struct mail){"a@example.org\nBcc: all@example.org", "x", "x"}, 0, &b),
        -EINVAL);
    assert_int_equal(
        mail_write(&w, &(struct mail){"a@example.org", "x\r\nBcc: all@example.org", "x"}, 0, &b),
        -EINVAL);
    assert_int_equal(mail_write(&w, &(struct mail){"nobody", "x", "x"}, 0, &b), -EINVAL);
    buf_free(&b);
}

static void test_command(void **state)
{
    char script[200], path[] = "/tmp/kolcast-mail-XXXXXX", *got;
    struct error err = {0};
    struct mail_way w;
    size_t len;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof(script), "cat > %s; kill -0 $$", path);
    w = by_shell(script);
    assert_int_equal(
        mail_deliver(&w, &(struct mail){"dana@example.org", "s", "text"}, 0, 30000, NULL, &err), 0);
    assert_int_equal(file_read(path, 100000, &got, &len, NULL), 0);
    assert_non_null(strstr(got, "\nTo: dana@example.org\n"));
    assert_non_null(strstr(got, "\n\ndGV4dA==\n"));
    free(got);
    unlink(path);
    w = by_shell("echo first; echo 'mailbox \033 full' >&2; exit 75");
    assert_int_equal(
        mail_deliver(&w, &(struct mail){"dana@example.org", "s", "t"}, 0, 30000, NULL, &err),
        -EPROTO);
    assert_string_equal(err.message, "it failed (exit code 75): mailbox ? full");
    err = (struct error){0};
    w = by_shell("kill -9 $$");
    assert_int_equal(
        mail_deliver(&w, &(struct mail){"dana@example.org", "s", "t"}, 0, 30000, NULL, &err),
        -EPROTO);
    err = (struct error){0};
    w = by_shell("sleep 600 & wait"); /* and what it started goes with it */
    assert_int_equal(
        mail_deliver(&w, &(struct mail){"dana@example.org", "s", "t"}, 0, 200, NULL, &err),
        -ETIMEDOUT);
    err = (struct error){0};
    w = way_of("{\"from\": \"a@b\", \"command\": [\"/nonexistent/sendmail\"]}");
    assert_int_equal(
        mail_deliver(&w, &(struct mail){"dana@example.org", "s", "t"}, 0, 30000, NULL, &err),
        -ENOENT);
    assert_string_equal(err.place, "/nonexistent/sendmail");
}

/* ---- by webhook ----------------------------------------------------------------------------- */

struct hook {
    char got[1000];
    int status;
};

static void handle(void *arg, void *worker, struct http_request *r)
{
    struct hook *hook = arg;
    size_t len;
    const char *body = http_body(r, &len);

    snprintf(hook->got, sizeof(hook->got), "%.*s", (int)len, body);
    http_reply(r, hook->status, "text/plain", "", 0);
}

static void test_webhook(void **state)
{
    static const struct http_route route = {.method = "POST", .path = "/send", .body_max = 1000};
    struct hook hook = {.status = 202};
    struct http_server_config config = {.address = "127.0.0.1",
                                        .handle = handle,
                                        .arg = &hook,
                                        .routes = &route,
                                        .route_count = 1,
                                        .log_off = true};
    struct mail mail = {"dana@example.org", "נושא", "טקסט"};
    struct http_server *server;
    struct error err = {0};
    struct mail_way w;
    char text[200];

    assert_int_equal(http_server_new(&server, &config, &err), 0);
    assert_int_equal(http_server_start(server, &err), 0);
    snprintf(text, sizeof(text),
             "{\"from\": \"calls@example.org\", \"webhook\": \"http://127.0.0.1:%d/send\"}",
             http_server_port(server));
    w = way_of(text);
    assert_int_equal(mail_deliver(&w, &mail, 0, 30000, NULL, &err), 0);
    assert_string_equal(hook.got, "{\"from\":\"calls@example.org\",\"to\":\"dana@example.org\","
                                  "\"subject\":\"נושא\",\"text\":\"טקסט\"}");
    hook.status = 500;
    assert_int_equal(mail_deliver(&w, &mail, 0, 30000, NULL, &err), -EPROTO);
    assert_string_equal(err.message, "it answered 500");
    http_server_free(server);
}

static void test_queue(void **state)
{
    char script[200], path[] = "/tmp/kolcast-mail-XXXXXX", *got;
    struct mail_way w;
    struct mailer *m;
    size_t len;
    int fd = mkstemp(path), count = 0, rc = 0;

    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof(script), "cat >> %s", path);
    w = by_shell(script);
    assert_int_equal(mailer_new(&m, &clock_system, NULL), 0);
    assert_int_equal(mailer_send(m, "dana@example.org", "s", "t"), -ENOTCONN);
    mailer_configure(m, &w);
    for (int i = 0; i < 20; i++)
        assert_int_equal(mailer_send(m, "dana@example.org", "s", "t"), 0);
    mailer_free(m); /* what waits goes out first */
    assert_int_equal(file_read(path, 100000, &got, &len, NULL), 0);
    for (const char *p = got; (p = strstr(p, "Subject: s")); p++)
        count++;
    assert_int_equal(count, 20);
    assert_int_equal(metric_value(metric1(METRIC_MAILS, "delivered")), 20);
    free(got);
    unlink(path);
    /* Bounded, and a way that hangs does not hold up the end of the program for long. */
    w = by_shell("sleep 600");
    assert_int_equal(mailer_new(&m, &clock_system, NULL), 0);
    mailer_configure(m, &w);
    for (count = 0; count < 1000 && !rc; count += rc == 0)
        rc = mailer_send(m, "dana@example.org", "s", "t");
    assert_int_equal(rc, -ENOSPC);
    assert_in_range(count, 256, 257);
    assert_int_equal(metric_value(metric1(METRIC_MAILS, "dropped")), 1);
    mailer_configure(m, NULL);
    assert_int_equal(mailer_send(m, "dana@example.org", "s", "t"), -ENOTCONN);
    log_set_level(LOG_ERROR + 1); /* one line each */
    mailer_free(m);
    log_set_level(LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message), cmocka_unit_test(test_injection),
        cmocka_unit_test(test_command), cmocka_unit_test(test_webhook),
        cmocka_unit_test(test_queue),
    };

    return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
