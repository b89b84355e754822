-- Imports that met people who were in the list already: what each said, so that any of them can be
-- taken back as though it had never been. A person's fields are those of the first import that
-- brought them, with the gaps filled by the others in order.

CREATE TABLE import_rows (
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    row INTEGER NOT NULL,
    -- 1: it said the same as the first; its fields are not kept. Where all others are of this kind
    -- the first has no row here: the contact has its fields.
    same INTEGER NOT NULL,
    name TEXT,
    language TEXT,
    zone TEXT,
    zone_origin TEXT,
    "window" TEXT,
    extra TEXT,
    PRIMARY KEY (contact_id, import_id)
) WITHOUT ROWID;
CREATE INDEX import_rows_import ON import_rows (import_id);

DROP TABLE import_fills;
