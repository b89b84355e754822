-- Who has said that they know of an alert, and when; 0: nobody.
ALTER TABLE alerts ADD COLUMN acknowledged_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT '';
