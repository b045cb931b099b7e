-- What operators look at: accounts by their keys, who did what, how the gateways are, and whether the money agrees.

CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX audit_log_by_who ON audit_log (who, id);
CREATE INDEX audit_log_by_act ON audit_log (act, id);
CREATE INDEX audit_log_by_who_and_act ON audit_log (who, act, id);

-- The last report of each gateway's process; those that have not reported for a few minutes are removed.
CREATE TABLE gateways (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    reported_ms BIGINT NOT NULL,
    unapplied BIGINT NOT NULL,
    unbooked BIGINT NOT NULL,
    catalog_refused SMALLINT NOT NULL
);

-- How an upstream is for a gateway: its breaker, and the calls of the last minutes.
CREATE TABLE gateway_reports (
    gateway TEXT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    upstream TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('closed', 'half-open', 'open')),
    credentials BIGINT NOT NULL,
    credentials_out BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    PRIMARY KEY (gateway, upstream)
);

-- Comparisons of the routes by which the money can be counted; `result` is JSON, and nothing while one runs.
CREATE TABLE reconciliations (
    id TEXT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('whole', 'hot')),
    began_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    failure TEXT,
    result TEXT
);
CREATE INDEX reconciliations_by_scope ON reconciliations (scope, id);
