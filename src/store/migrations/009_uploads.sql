-- Files that come in parts, until they are used or a day old.
CREATE TABLE uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    filename TEXT NOT NULL,
    bytes INTEGER NOT NULL, -- of the whole
    who TEXT NOT NULL,
    file TEXT NOT NULL, -- in the data folder
    created_ms INTEGER NOT NULL
);
