/* What a rehearsal starts from: the campaign and its imaginary people, as files. */
#pragma once

#include "campaign/campaign.h"

#define REHEARSAL_CAMPAIGN "campaign.json"
#define REHEARSAL_PEOPLE   "people.csv"

/* Into dir, which is made. Everybody is called once, and the campaign's start and end do not count.
 */
int rehearsal_write_files(const char *dir, const struct campaign *c, unsigned people,
                          struct error *err);
