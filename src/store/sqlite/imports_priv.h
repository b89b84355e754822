/* What imports.c and import_undo.c share: how the fields of one row fill the gaps of another. */
#pragma once

#include "store/sqlite/service_priv.h"

/* A column's zone beats one that the number or the import gave; any beats none. */
#define IMPORT_ZONE_TAKEN(c, t)                                                          \
    "((" c ".zone_origin <> 'c' AND " t ".zone_origin = 'c') OR (" c ".zone = '' AND " t \
    ".zone <> ''))"
/* The SET of an UPDATE of c from t: what c has stays. */
#define IMPORT_FILL(c, t)                                                                  \
    " name = coalesce(" c ".name, " t ".name), language = coalesce(" c ".language, " t     \
    ".language), \"window\" = coalesce(" c ".\"window\", " t                               \
    ".\"window\"), zone = iif(" IMPORT_ZONE_TAKEN(                                         \
        c, t) ", " t ".zone, " c                                                           \
              ".zone), zone_origin = iif(" IMPORT_ZONE_TAKEN(                              \
                  c, t) ", " t ".zone_origin, " c ".zone_origin), extra = CASE WHEN " t    \
                        ".extra IS NULL THEN " c ".extra WHEN " c ".extra IS NULL THEN " t \
                        ".extra ELSE json_patch(" t ".extra, " c ".extra) END"
/* Has t anything that c lacks? */
#define IMPORT_FILLS(c, t)                                                                       \
    "((" c ".name IS NULL AND " t ".name IS NOT NULL) OR (" c ".language IS NULL AND " t         \
    ".language IS NOT NULL) OR (" c ".\"window\" IS NULL AND " t                                 \
    ".\"window\" IS NOT NULL) OR " IMPORT_ZONE_TAKEN(c, t) " OR (" t ".extra IS NOT NULL AND " t \
                                                           ".extra IS NOT " c ".extra))"

/* Temporary tables for the work at hand; empties them. */
int sqlite_import_tables(struct store *s);
