/* Session timers (RFC 4028). We do not ask for them; what the far side asks for is granted. Who is
 * to refresh says so in its headers: when it is we, by UPDATE at half the interval; when it is
 * they, a session that they forget is hung up shortly before it expires. */
#include <stdio.h>
#include <string.h>

#include "line/sip/sip_priv.h"

enum { MIN_SE = 90, MARGIN_S = 32, AGAIN_S = 5 };

static void begin(struct sip_call *c, unsigned interval_s, bool ours)
{
    unsigned margin = interval_s / 3 < MARGIN_S ? interval_s / 3 : MARGIN_S;
    unsigned wait = ours ? interval_s / 2 : interval_s - margin; /* 10 */

    c->session_s = interval_s;
    c->refresher = ours;
    c->lengthened = false;
    sip_call_start(c, &c->session, (int64_t)wait * 1000);
}

static void end(struct sip_call *c)
{
    c->session_s = 0;
    timer_stop(&c->session);
}

void session_due(struct timer *t)
{
    struct sip_call *c = container_of(t, struct sip_call, session);

    if (c->state != CALL_UP)
        return;
    if (!c->refresher) {
        sip_call_over(c, SIP_END_SESSION_EXPIRED, 0, (struct span){"", 0});
        dialog_bye(c);
    } else if (c->reinvite) { /* their re-INVITE is under way */
        session_again(c);
    } else {
        dialog_update(c);
    }
}

void session_again(struct sip_call *c)
{
    c->lengthened = false;
    if (c->session_s)
        sip_call_start(c, &c->session, AGAIN_S * 1000);
}

static void learn(struct sip_call *c, const struct message *m)
{
    if (message_header(m, HEADER_ALLOW, 0).p)
        c->can_update = message_lists(m, HEADER_ALLOW, "UPDATE");
}

int session_asked(struct sip_call *c, const struct message *m, char *out, size_t size)
{
    struct span expires = message_header(m, HEADER_SESSION_EXPIRES, 0);
    struct span who = span_param(expires, "refresher");
    unsigned interval = expires.p ? span_number(expires) : 0;
    bool able =
        message_lists(m, HEADER_SUPPORTED, "timer") || message_lists(m, HEADER_REQUIRE, "timer");
    bool ours = !able || span_is_nocase(who, "uas"); /* table 2 */

    out[0] = '\0';
    learn(c, m);
    if (interval > 0 && interval < MIN_SE && able) {
        snprintf(out, size, "Min-SE: %d\r\n", MIN_SE);
        return 422;
    }
    /* No timer is always allowed (9). */
    if (interval < MIN_SE || (ours && !c->can_update) || c->state != CALL_UP) {
        end(c);
        return 0;
    }
    begin(c, interval, ours);
    snprintf(out, size, "Session-Expires: %u;refresher=%s\r\n%s", interval, ours ? "uas" : "uac",
             ours ? "" : "Require: timer\r\n");
    return 0;
}

void session_granted(struct sip_call *c, const struct message *m)
{
    struct span expires = message_header(m, HEADER_SESSION_EXPIRES, 0);
    unsigned interval = expires.p ? span_number(expires) : 0;
    bool ours = span_is_nocase(span_param(expires, "refresher"), "uac");

    learn(c, m);
    if (interval < MIN_SE || (ours && !c->can_update))
        end(c);
    else
        begin(c, interval, ours);
}

bool session_too_short(struct sip_call *c, const struct message *m)
{
    struct span least = message_header(m, HEADER_MIN_SE, 0);

    if (c->lengthened || !least.p || span_number(least) <= c->session_s)
        return false;
    c->lengthened = true; /* once: not for ever */
    c->session_s = span_number(least);
    return true;
}

void session_header(const struct sip_call *c, char *out, size_t size)
{
    snprintf(out, size, "Supported: timer\r\nSession-Expires: %u;refresher=uac\r\n", c->session_s);
}
