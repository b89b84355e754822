-- The first schema. Times are milliseconds since 1970 UTC; numbers are E.164 digits as integers.

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('Administrator', 'CampaignManager', 'Analyst')),
    password_hash TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
);

CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
);

CREATE TABLE imports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list_id INTEGER NOT NULL REFERENCES lists (id),
    file TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'undone')),
    rows INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    merged INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    started_ms INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE import_rejects (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    row INTEGER NOT NULL,
    reason TEXT NOT NULL,
    value TEXT
);
CREATE INDEX import_rejects_import ON import_rejects (import_id);

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list_id INTEGER NOT NULL REFERENCES lists (id),
    import_id INTEGER NOT NULL REFERENCES imports (id),
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT,
    language TEXT,
    zone TEXT NOT NULL,
    zone_origin TEXT NOT NULL, -- c: a column, n: the number, d: the import's default
    "window" TEXT,             -- own calling window
    extra TEXT,                -- further columns, JSON object
    row INTEGER NOT NULL
);
CREATE UNIQUE INDEX contacts_number ON contacts (list_id, number);

-- What an import filled in contacts that were there before it: for its undo.
CREATE TABLE import_fills (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    name INTEGER NOT NULL,     -- 1: it filled the name
    language INTEGER NOT NULL,
    "window" INTEGER NOT NULL,
    zone_before TEXT,          -- NULL: zone untouched
    zone_origin_before TEXT,
    extra_keys TEXT NOT NULL   -- JSON array of the columns it added
);
CREATE INDEX import_fills_import ON import_fills (import_id);
CREATE INDEX import_fills_contact ON import_fills (contact_id);

CREATE TABLE blacklist (
    number INTEGER NOT NULL,
    list TEXT NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    added_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL DEFAULT 0, -- 0: never
    PRIMARY KEY (number, list)
) WITHOUT ROWID;

CREATE TABLE blacklist_history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL CHECK (action IN ('add', 'extend', 'remove')),
    number INTEGER NOT NULL,
    list TEXT NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
);
CREATE INDEX blacklist_history_number ON blacklist_history (number);

CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list_id INTEGER NOT NULL REFERENCES lists (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('voice', 'sms')),
    state TEXT NOT NULL,
    state_reason TEXT NOT NULL DEFAULT '',
    config TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL DEFAULT 0,
    ended_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX campaigns_name ON campaigns (name);

CREATE TABLE steps (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX steps_campaign ON steps (campaign_id);

-- Contacts of a campaign that open and close as one: same zone, same own window.
CREATE TABLE target_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    zone TEXT NOT NULL,
    "window" TEXT NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    UNIQUE (campaign_id, zone, "window")
);

-- state and disposition numbers are those of store/model.h. No reference to contacts: an import
-- can be undone and its targets stay, as `removed`.
CREATE TABLE targets (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL REFERENCES target_groups (id),
    number INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0,
    last INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX targets_due ON targets (group_id, due_ms) WHERE state = 0;
CREATE INDEX targets_number ON targets (number);
CREATE INDEX targets_contact ON targets (contact_id);

CREATE TABLE target_counts (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    state INTEGER NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, state)
) WITHOUT ROWID;

CREATE TRIGGER target_moves AFTER UPDATE OF state ON targets WHEN old.state <> new.state
BEGIN
    UPDATE target_counts SET count = count - 1
    WHERE campaign_id = old.campaign_id AND state = old.state;
    INSERT INTO target_counts VALUES (new.campaign_id, new.state, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
    UPDATE target_groups SET waiting = waiting + (new.state = 0) - (old.state = 0)
    WHERE id = new.group_id AND (new.state = 0 OR old.state = 0);
END;

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    attempt_no INTEGER NOT NULL,
    claimed_ms INTEGER NOT NULL,
    open INTEGER NOT NULL DEFAULT 1,   -- 1 until its call record is written
    counts INTEGER NOT NULL DEFAULT 1, -- against the caps of attempts
    decision TEXT
);
CREATE INDEX attempts_open ON attempts (id) WHERE open = 1;
CREATE INDEX attempts_contact ON attempts (contact_id, campaign_id, claimed_ms);

-- One for each attempt, written when it ends. Outlives its campaign's targets and its contact.
CREATE TABLE call_records (
    attempt_id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    contact_name TEXT,
    number INTEGER NOT NULL,
    attempt_no INTEGER NOT NULL,
    disposition INTEGER NOT NULL,
    sip_status INTEGER NOT NULL,
    dialled_ms INTEGER NOT NULL,
    ringing_ms INTEGER NOT NULL,
    answered_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    ended_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    trunk TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    answer_to_audio_us INTEGER NOT NULL,
    key_to_audio_us INTEGER NOT NULL,
    rtp_sent INTEGER NOT NULL,
    rtp_received INTEGER NOT NULL,
    cost REAL NOT NULL,
    trace TEXT,
    decision TEXT
);
CREATE INDEX call_records_campaign ON call_records (campaign_id);

CREATE TABLE call_totals (
    campaign_id INTEGER NOT NULL,
    disposition INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    talk_ms INTEGER NOT NULL,
    keys INTEGER NOT NULL,
    cost REAL NOT NULL,
    PRIMARY KEY (campaign_id, disposition)
) WITHOUT ROWID;

CREATE TABLE sms_records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    attempt_id INTEGER NOT NULL,
    node TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'delivered', 'failed')),
    created_ms INTEGER NOT NULL,
    UNIQUE (attempt_id, node)
);
CREATE INDEX sms_records_campaign ON sms_records (campaign_id);
CREATE INDEX sms_records_queued ON sms_records (id) WHERE state = 'queued';

CREATE TABLE pace_changes (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    from_cps REAL NOT NULL,
    to_cps REAL NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX pace_changes_campaign ON pace_changes (campaign_id, at_ms);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT ''
);
