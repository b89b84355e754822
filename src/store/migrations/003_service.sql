-- What the service keeps: flows, recordings, trunks, work in the background, answers to be given
-- again.

CREATE TABLE flows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    note TEXT NOT NULL,
    version INTEGER NOT NULL, -- the newest
    created_ms INTEGER NOT NULL
);

CREATE TABLE flow_versions (
    flow_id INTEGER NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    flow TEXT NOT NULL, -- JSON
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (flow_id, version)
) WITHOUT ROWID;

CREATE TABLE audio (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE, -- of the file in the data folder's audio
    type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    peak_db REAL NOT NULL,
    rms_db REAL NOT NULL,
    warning TEXT,
    created_ms INTEGER NOT NULL
);

-- Which recordings the newest version of a flow, and a campaign, speak of.
CREATE TABLE audio_uses (
    name TEXT NOT NULL,
    flow_id INTEGER REFERENCES flows (id) ON DELETE CASCADE,
    campaign_id INTEGER REFERENCES campaigns (id) ON DELETE CASCADE
);
CREATE INDEX audio_uses_name ON audio_uses (name);
CREATE INDEX audio_uses_flow ON audio_uses (flow_id) WHERE flow_id IS NOT NULL;
CREATE INDEX audio_uses_campaign ON audio_uses (campaign_id) WHERE campaign_id IS NOT NULL;

CREATE TABLE trunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    user TEXT NOT NULL,
    password TEXT NOT NULL,
    domain TEXT NOT NULL,
    register INTEGER NOT NULL,
    caller_number TEXT NOT NULL,
    calls_max INTEGER NOT NULL, -- 0: the campaign's cap alone, as below
    cps_max REAL NOT NULL,
    created_ms INTEGER NOT NULL
);

ALTER TABLE campaigns ADD COLUMN flow_id INTEGER REFERENCES flows (id); -- NULL: from a file
ALTER TABLE campaigns ADD COLUMN flow_version INTEGER;
CREATE INDEX campaigns_flow ON campaigns (flow_id) WHERE flow_id IS NOT NULL;
CREATE INDEX campaigns_list ON campaigns (list_id);

CREATE TABLE campaign_trunks (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    place INTEGER NOT NULL, -- 0, 1 …: in which order they are tried
    trunk_id INTEGER NOT NULL REFERENCES trunks (id),
    PRIMARY KEY (campaign_id, place)
) WITHOUT ROWID;
CREATE INDEX campaign_trunks_trunk ON campaign_trunks (trunk_id);

-- Work in the background. What was taken is done, over restarts: `queued` and `running` ones begin
-- anew.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('import', 'blacklist', 'report')),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    object_id INTEGER NOT NULL, -- the import, the campaign of a report, 0
    who TEXT NOT NULL,
    params TEXT NOT NULL, -- JSON
    file TEXT NOT NULL,   -- what was uploaded, or what is made
    total INTEGER NOT NULL,
    fault TEXT NOT NULL DEFAULT '',
    remedy TEXT NOT NULL DEFAULT '',
    result TEXT, -- JSON
    created_ms INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_object ON jobs (kind, object_id);
CREATE INDEX jobs_open ON jobs (id) WHERE state IN ('queued', 'running');

-- Answers to requests with an Idempotency-Key.
CREATE TABLE answers (
    who TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL, -- SHA-256 of path, query and body
    status INTEGER NOT NULL,
    headers TEXT NOT NULL, -- JSON
    body TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (who, operation, key)
) WITHOUT ROWID;
CREATE INDEX answers_at ON answers (at_ms);

-- For browsing.
CREATE INDEX call_records_number ON call_records (number);
CREATE INDEX sms_records_number ON sms_records (number);
CREATE INDEX blacklist_added ON blacklist (added_ms);
CREATE INDEX imports_list ON imports (list_id);
CREATE INDEX audit_at ON audit (at_ms);
