-- Targets follow their contacts, a start with nothing new costs nothing, every reference can be
-- followed by an index.

-- When a list's people change, its number goes up; a campaign remembers up to which it has taken
-- them in.
ALTER TABLE lists ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaigns ADD COLUMN list_version INTEGER NOT NULL DEFAULT -1;

CREATE TRIGGER import_done AFTER UPDATE OF state ON imports
WHEN new.state = 'done' AND old.state <> 'done'
BEGIN
    UPDATE lists SET version = version + 1 WHERE id = new.list_id;
END;

-- Not partial: a deleted campaign's groups look their targets up in it.
DROP INDEX targets_due;
CREATE INDEX targets_due ON targets (group_id, state, due_ms);

DROP INDEX attempts_contact;
CREATE INDEX attempts_contact ON attempts (campaign_id, contact_id, claimed_ms);

-- A target that changes its group is counted where it is.
CREATE TRIGGER target_regroups AFTER UPDATE OF group_id ON targets
WHEN old.group_id <> new.group_id AND new.state = 0
BEGIN
    UPDATE target_groups SET waiting = waiting - 1 WHERE id = old.group_id;
    UPDATE target_groups SET waiting = waiting + 1 WHERE id = new.group_id;
END;

-- An import (or its undo) that changes a person's zone or own hours holds for the next call of each
-- campaign they are in, also one that runs.
CREATE TRIGGER contact_moves AFTER UPDATE OF zone, "window" ON contacts
WHEN old.zone <> new.zone OR old."window" IS NOT new."window"
BEGIN
    INSERT INTO target_groups (campaign_id, zone, "window")
    SELECT campaign_id, new.zone, coalesce(new."window", '') FROM targets
    WHERE contact_id = new.id
    ON CONFLICT DO NOTHING;
    UPDATE targets SET group_id =
        (SELECT g.id FROM target_groups g WHERE g.campaign_id = targets.campaign_id
         AND g.zone = new.zone AND g."window" = coalesce(new."window", ''))
    WHERE contact_id = new.id;
END;

-- Which trunk's pace changed; '' is the campaign's own.
ALTER TABLE pace_changes ADD COLUMN trunk TEXT NOT NULL DEFAULT '';
