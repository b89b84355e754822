/* The client against the server of the same program: answers, limits, refusals, failures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/client.h"
#include "http/server.h"

static struct http_server *server;
static struct http_client *client;
static char base[64];

static void echo(struct http_request *r)
{
    size_t len;
    const char *body = http_body(r, &len), *sign = http_header(r, "x-sign");

    http_reply_header(r, "X-Method", http_method(r));
    http_reply_header(r, "X-Sign", sign ? sign : "none");
    http_reply_header(r, "Retry-After", "7");
    http_reply(r, len ? 201 : 200, "text/plain", body, len);
}

static void handle(void *arg, void *worker, struct http_request *r)
{
    static char large[5000];

    (void)arg, (void)worker;
    if (!strcmp(http_path(r), "/echo")) {
        echo(r);
    } else if (!strcmp(http_path(r), "/large")) {
        memset(large, 'x', sizeof(large));
        http_reply(r, 200, "text/plain", large, sizeof(large));
    } else if (!strcmp(http_path(r), "/away")) {
        http_reply_header(r, "Location", "/echo");
        http_reply(r, 302, NULL, NULL, 0);
    } else {
        while (!http_gone(r))
            usleep(10000);
        http_reply(r, 500, NULL, NULL, 0);
    }
}

static const struct http_route routes[] = {
    {"GET", "/echo", 0, 0, NULL},    {"POST", "/echo", 1000, 0, NULL},
    {"DELETE", "/echo", 0, 0, NULL}, {"GET", "/large", 0, 0, NULL},
    {"GET", "/away", 0, 0, NULL},    {"GET", "/never", 0, 0, NULL},
};

static int setup(void **state)
{
    struct http_server_config c = {
        .address = "127.0.0.1",
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
        .handle = handle,
        .log_off = true,
    };

    (void)state;
    if (http_server_new(&server, &c, NULL) || http_server_start(server, NULL) ||
        http_client_new(&client))
        return -1;
    snprintf(base, sizeof(base), "http://127.0.0.1:%u", http_server_port(server));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_client_free(client);
    http_client_free(NULL);
    http_server_free(server);
    return 0;
}

static const char *at(const char *path)
{
    static char url[128];

    snprintf(url, sizeof(url), "%s%s", base, path);
    return url;
}

static void test_answers(void **state)
{
    const char *headers[] = {"X-Sign: t=1,v1=abc", NULL};
    struct http_call call = {.url = at("/echo"), .headers = headers};
    struct http_answer a;

    (void)state;
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "");
    assert_string_equal(http_answer_header(&a, "x-sign"), "t=1,v1=abc");
    assert_string_equal(http_answer_header(&a, "RETRY-AFTER"), "7");
    assert_null(http_answer_header(&a, "x-nothing"));
    http_answer_free(&a);
    call.body = "{\"a\":1}";
    call.body_len = 7;
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_int_equal(a.status, 201);
    assert_int_equal(a.len, 7);
    assert_string_equal(a.body, "{\"a\":1}");
    assert_string_equal(http_answer_header(&a, "x-method"), "POST");
    http_answer_free(&a);
    assert_null(a.body);
    call = (struct http_call){.method = "DELETE", .url = at("/echo")};
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_string_equal(http_answer_header(&a, "x-method"), "DELETE");
    http_answer_free(&a);
    call = (struct http_call){.url = at("/nothing")};
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_int_equal(a.status, 404);
    http_answer_free(&a);
}

static void test_redirections(void **state)
{
    struct http_call call = {.url = at("/away")};
    struct http_answer a;

    (void)state;
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_int_equal(a.status, 302);
    http_answer_free(&a);
    call.redirects_max = 1;
    assert_int_equal(http_client_call(client, &call, &a, NULL), 0);
    assert_int_equal(a.status, 200);
    assert_null(http_answer_header(&a, "location")); /* of the last answer only */
    http_answer_free(&a);
}

static void fails(struct http_call call, int code, const char *words)
{
    struct http_answer a = {.status = -1};
    struct error err = {0};
    int rc = http_client_call(client, &call, &a, &err);

    if (rc != code || !strstr(err.message, words))
        fail_msg("%s: %d %s", call.url, rc, err.message);
    assert_int_equal(a.status, -1);
    assert_int_equal(err.code, code);
}

static void test_failures(void **state)
{
    static const char *const folded[] = {"A: b\r\nX-Injected: 1", NULL};
    static const char *const nameless[] = {": b", NULL};
    static const char *const bare[] = {"Abc", NULL};
    atomic_bool cancel = true;

    (void)state;
    fails((struct http_call){.url = "ftp://example.org/"}, -EINVAL, "not a web address");
    fails((struct http_call){.url = "file:///etc/passwd"}, -EINVAL, "not a web address");
    fails((struct http_call){.url = "http://a\r\nb/"}, -EINVAL, "control characters");
    fails((struct http_call){.url = at("/echo"), .method = "GET /"}, -EINVAL, "method");
    fails((struct http_call){.url = at("/echo"), .headers = folded}, -EINVAL, "header");
    fails((struct http_call){.url = at("/echo"), .headers = nameless}, -EINVAL, "header");
    fails((struct http_call){.url = at("/echo"), .headers = bare}, -EINVAL, "header");
    fails((struct http_call){.url = at("/large"), .reply_max = 4000}, -EFBIG, "too long");
    fails((struct http_call){.url = "http://127.0.0.1:1/"}, -ECONNREFUSED, "");
    fails((struct http_call){.url = "https://127.0.0.1:1/"}, -ECONNREFUSED, "");
    fails((struct http_call){.url = at("/never"), .timeout_ms = 100}, -ETIMEDOUT, "");
    fails((struct http_call){.url = at("/never"), .cancel = &cancel}, -ECANCELED, "");
}

static void test_public_only(void **state)
{
    static const char *const urls[] = {
        "http://localhost:9/",      "http://10.1.2.3/",
        "http://192.168.1.1/",      "http://169.254.169.254/meta",
        "http://172.31.0.1/",       "http://100.64.0.1/",
        "http://0.0.0.0/",          "http://[::1]/",
        "http://[fe80::1]/",        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]", "http://[64:ff9b::7f00:1]/",
        "http://2130706433/",       "http://0x7f.1/",
        "http://[2002:7f00:1::]/",
    };

    (void)state;
    fails((struct http_call){.url = at("/echo"), .public_only = true}, -EACCES, "public");
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        fails((struct http_call){.url = urls[i], .public_only = true, .timeout_ms = 20000}, -EACCES,
              "public");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_redirections),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_public_only),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
