/* A SIP message read by libre's codecs, as spans of its own copy of the text. The only file that
 * sees libre is message.c: its names clash with ours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *p; /* NULL: absent */
    size_t len;
};

enum message_header {
    HEADER_VIA,
    HEADER_RECORD_ROUTE,
    HEADER_CONTACT,
    HEADER_WWW_AUTHENTICATE,
    HEADER_PROXY_AUTHENTICATE,
    HEADER_RETRY_AFTER,
    HEADER_EXPIRES,
    HEADER_SESSION_EXPIRES,
    HEADER_REASON,
    HEADER_REQUIRE,
    HEADER_SUPPORTED,
    HEADER_ALLOW,
    HEADER_MIN_EXPIRES,
    HEADER_MIN_SE,
    HEADER_COUNT
};

struct message {
    void *parsed, *copy; /* libre's, released by message_free */
    bool request;
    int status;              /* of a response */
    struct span method, uri; /* of a request */
    struct span reason;      /* of a response */
    struct span call_id, from, to, from_tag, to_tag, cseq_method;
    struct span branch, sent_by; /* of the topmost Via; sent_by as it stands: host or host:port */
    struct span from_user, to_user, uri_user;
    uint32_t cseq;
    struct span content_type, body;
};

/* -EBADMSG: not SIP, or without what every message has (RFC 3261 8.1.1). */
int message_parse(const char *data, size_t len, struct message *out);
void message_free(struct message *m);
/* The index-th value of a header, lists split at their commas. */
struct span message_header(const struct message *m, enum message_header h, unsigned index);
/* Is the word one of a header's values (Supported, Require, Allow)? */
bool message_lists(const struct message *m, enum message_header h, const char *word);
/* Has it a session description? */
bool message_has_sdp(const struct message *m);
/* What a Contact, From, To or Route value leads to. */
struct address {
    struct span uri, user, host;
    uint16_t port; /* 0: the URI names none */
};
/* False: there is none, or one that must not go into a message of ours (spaces, control
 * characters, header fields). */
bool message_address(struct span value, struct address *out);

bool span_is(struct span s, const char *text); /* exactly */
bool span_is_nocase(struct span s, const char *text);
bool span_has(struct span s, const char *text); /* anywhere, any case */
/* Of a header's value: what follows ";name=", without quotes; NULL when absent. */
struct span span_param(struct span value, const char *name);
int span_copy(struct span s, char *out, size_t size); /* -ENAMETOOLONG: nothing is written */
unsigned span_number(struct span s);                  /* leading digits; 0 without */
