/* What the files of account.h share. */
#pragma once

#include "identity/account.h"
#include "identity/identity_priv.h"

/* Checks what is given and fills email, name and role of out. */
int account_check(struct identity *id, const struct account_new *a, struct store_user *out,
                  struct error *err);
/* The rules, as long as settings want it. */
int account_password_rules(struct identity *id, const char *password, const char *email,
                           const char *name, struct error *err);
int account_hash(struct identity *id, const char *password, char out[PASSWORD_TEXT_MAX],
                 struct error *err);
/* In words, for what the functions of account.h answer. */
int account_store_error(struct store *s, int rc, struct error *err);
void account_object(char out[40], const char *kind, int64_t number); /* "user 7" */
void account_link(struct identity *id, const char *page, const char *ticket,
                  char link[ACCOUNT_LINK_MAX]);
bool account_mail_invitation(struct identity *id, const struct store_user *u, const char *link);

/* In a transaction: */
int account_insert(struct store *s, const char *who, struct store_user *u, const char *how);
/* -EPERM when a user with that role, or disabled, would leave no administrator. */
int account_keep_administrator(struct store *s, const struct store_user *before, enum role role,
                               bool disabled);
/* Everything that was sent or begun and could still open the account. */
int account_drop_tickets(struct store *s, int64_t user);
