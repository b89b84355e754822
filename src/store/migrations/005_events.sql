-- Events that must not be lost: outgoing webhooks and alerts.

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,                  -- whsec_…, to sign with
    campaign_id INTEGER NOT NULL DEFAULT 0, -- only of this campaign; 0: of all
    state TEXT NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    state_reason TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 1,
    created_ms INTEGER NOT NULL,
    -- How it goes.
    next_ms INTEGER NOT NULL DEFAULT 0,    -- nothing is sent to it before
    failing_ms INTEGER NOT NULL DEFAULT 0, -- since when nothing has arrived; 0: all is well
    failures INTEGER NOT NULL DEFAULT 0,   -- one after the other
    sent_ms INTEGER NOT NULL DEFAULT 0,    -- the last that arrived
    sent INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    waiting INTEGER NOT NULL DEFAULT 0,    -- kept by triggers
    dead INTEGER NOT NULL DEFAULT 0,       -- kept by triggers
    dropped INTEGER NOT NULL DEFAULT 0     -- never queued, because too many waited
);

CREATE TABLE webhook_events (
    type TEXT NOT NULL,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    PRIMARY KEY (type, webhook_id)
) WITHOUT ROWID;
CREATE INDEX webhook_events_webhook ON webhook_events (webhook_id);

-- One event for one subscription, until it has arrived. Its content is in payload, or (NULL) is
-- read from the record that ref names when it is sent.
CREATE TABLE webhook_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    ref INTEGER NOT NULL,
    payload TEXT, -- JSON
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dead')),
    tries INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX webhook_queue_due ON webhook_queue (webhook_id, due_ms) WHERE state = 'waiting';
CREATE INDEX webhook_queue_dead ON webhook_queue (webhook_id, id) WHERE state = 'dead';

CREATE TRIGGER webhook_queue_add AFTER INSERT ON webhook_queue
BEGIN
    UPDATE webhooks SET waiting = waiting + (new.state = 'waiting'), dead = dead + (new.state = 'dead')
    WHERE id = new.webhook_id;
END;
CREATE TRIGGER webhook_queue_move AFTER UPDATE OF state ON webhook_queue WHEN old.state <> new.state
BEGIN
    UPDATE webhooks SET waiting = waiting + (new.state = 'waiting') - (old.state = 'waiting'),
        dead = dead + (new.state = 'dead') - (old.state = 'dead')
    WHERE id = new.webhook_id;
END;
CREATE TRIGGER webhook_queue_go AFTER DELETE ON webhook_queue
BEGIN
    UPDATE webhooks SET waiting = waiting - (old.state = 'waiting'), dead = dead - (old.state = 'dead')
    WHERE id = old.webhook_id;
END;

-- What is put into it is queued for everyone who asked for it, in the transaction that made it so.
-- No way of changing things can forget to tell.
CREATE VIEW outbox AS
    SELECT NULL AS type, NULL AS campaign_id, NULL AS at_ms, NULL AS ref, NULL AS payload WHERE 0;
CREATE TRIGGER outbox_add INSTEAD OF INSERT ON outbox
BEGIN
    UPDATE webhooks SET dropped = dropped + 1
    WHERE id IN (SELECT webhook_id FROM webhook_events WHERE type = new.type)
        AND state = 'enabled' AND campaign_id IN (0, new.campaign_id) AND waiting >= 100000;
    INSERT INTO webhook_queue (webhook_id, type, at_ms, ref, payload)
    SELECT w.id, new.type, new.at_ms, new.ref, new.payload
    FROM webhook_events e JOIN webhooks w ON w.id = e.webhook_id
    WHERE e.type = new.type AND w.state = 'enabled' AND w.campaign_id IN (0, new.campaign_id)
        AND w.waiting < 100000;
END;

CREATE TRIGGER outbox_call AFTER INSERT ON call_records
BEGIN
    INSERT INTO outbox VALUES ('call.ended', new.campaign_id, new.ended_ms, new.attempt_id, NULL);
END;
CREATE TRIGGER outbox_text AFTER INSERT ON sms_records
BEGIN
    INSERT INTO outbox VALUES ('text.queued', new.campaign_id, new.created_ms, new.id, NULL);
END;
-- A file of a national list is no opt-out.
CREATE TRIGGER outbox_opt_out AFTER INSERT ON blacklist_history
WHEN new.action = 'add' AND new.source NOT LIKE 'file %'
BEGIN
    INSERT INTO outbox VALUES ('contact.opted_out', 0, new.at_ms, 0, json_object(
        'number', '+' || new.number, 'list', new.list, 'reason', new.reason, 'source', new.source));
END;
CREATE TRIGGER outbox_campaign AFTER UPDATE OF state ON campaigns WHEN old.state <> new.state
BEGIN
    INSERT INTO outbox VALUES ('campaign.state', new.id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 0, json_object(
        'campaign_id', new.id, 'name', new.name, 'state', new.state, 'reason', new.state_reason));
END;
CREATE TRIGGER outbox_report AFTER UPDATE OF state ON jobs
WHEN new.kind = 'report' AND new.state = 'done' AND old.state <> 'done'
BEGIN
    INSERT INTO outbox VALUES ('report.ready', new.object_id, new.finished_ms, 0, json_object(
        'report_id', new.id, 'campaign_id', new.object_id));
END;

-- An indicator past its threshold, until it is well again. object: which one (a trunk), or ''.
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    indicator TEXT NOT NULL,
    object TEXT NOT NULL,
    value REAL NOT NULL,
    threshold REAL NOT NULL,
    text TEXT NOT NULL,
    raised_ms INTEGER NOT NULL,
    cleared_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX alerts_open ON alerts (indicator, object) WHERE cleared_ms = 0;
