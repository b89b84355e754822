/* A trunk given on the command line: sip:user:password@host:port. */
#pragma once

#include "base/error.h"
#include "line/line.h"

/* user, password and port may be absent; [::1] for IPv6; %XX in user and password. With a password
 * from the environment: sip:user:$NAME@host. */
int trunk_parse(const char *uri, struct line_trunk_config *out, struct error *err);
