/* What the files of kolcast user share. */
#pragma once

#include "cmd/cmd.h"
#include "identity/account.h"

struct users {
    struct data data;
    const struct option_values *v;
    struct identity *id;
    char who[80]; /* for the audit */
};

/* The account with this address. Returns an exit code. */
int users_find(struct users *u, const char *email, struct store_user *out);
/* A password from the terminal or standard input, checked by nobody yet. Exit code. */
int users_password(char *out, size_t size);

/* The actions: words are what follows them on the line. Exit codes. */
int users_list(struct users *u, const char *const *words, int n);
int users_add(struct users *u, const char *const *words, int n);
int users_role(struct users *u, const char *const *words, int n);
int users_disable(struct users *u, const char *const *words, int n);
int users_enable(struct users *u, const char *const *words, int n);
int users_remove(struct users *u, const char *const *words, int n);
int users_reset_password(struct users *u, const char *const *words, int n);
int users_no_second_factor(struct users *u, const char *const *words, int n);
int users_sign_out(struct users *u, const char *const *words, int n);
int users_keys(struct users *u, const char *const *words, int n);
int users_key_add(struct users *u, const char *const *words, int n);
int users_key_revoke(struct users *u, const char *const *words, int n);
int users_settings(struct users *u, const char *const *words, int n);
