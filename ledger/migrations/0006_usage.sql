-- Sums of usage for charts, written with the charges. Both count every request, released ones too; tokens and money are
-- those of requests that were charged. A late difference counts on its own day, so single figures may be negative there.
-- `timed` requests are the complete answers, whose durations `duration_ms` sums; `first_bytes` those of which a first
-- byte came. `cost_price` is what providers were paid for requests whose price is known, and `priced_cost` what these
-- were charged.
CREATE TABLE account_daily (
    account TEXT NOT NULL REFERENCES accounts (id),
    day BIGINT NOT NULL,
    model TEXT NOT NULL,
    requests BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    timed BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    first_bytes BIGINT NOT NULL,
    first_byte_ms BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    cost_price BIGINT NOT NULL,
    priced_cost BIGINT NOT NULL,
    PRIMARY KEY (account, day, model)
);

-- The same of all accounts, by the upstream that served. Each shard has its own rows (0 in the embedded profile),
-- because drainers of different shards would wait for one another's commits at common ones.
CREATE TABLE operator_daily (
    shard BIGINT NOT NULL,
    day BIGINT NOT NULL,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    requests BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    timed BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    first_bytes BIGINT NOT NULL,
    first_byte_ms BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    cost_price BIGINT NOT NULL,
    priced_cost BIGINT NOT NULL,
    PRIMARY KEY (day, model, upstream, shard)
);

INSERT INTO account_daily
SELECT
    account, ended_ms / 86400000, model, COUNT(*),
    CAST(SUM(CASE WHEN outcome IN ('upstream_failed', 'aborted') THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN outcome = 'completed' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN outcome = 'completed' THEN duration_ms ELSE 0 END) AS BIGINT),
    COUNT(first_byte_ms), CAST(COALESCE(SUM(first_byte_ms), 0) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN input_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cached_input_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cache_write_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cache_write_1h_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN output_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN reasoning_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(charged) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN COALESCE(cost_price, 0) ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN cost_price IS NULL THEN 0 ELSE charged END) AS BIGINT)
FROM usage GROUP BY account, ended_ms / 86400000, model;

INSERT INTO operator_daily
SELECT
    0, ended_ms / 86400000, model, upstream, COUNT(*),
    CAST(SUM(CASE WHEN outcome IN ('upstream_failed', 'aborted') THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN outcome = 'completed' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN outcome = 'completed' THEN duration_ms ELSE 0 END) AS BIGINT),
    COUNT(first_byte_ms), CAST(COALESCE(SUM(first_byte_ms), 0) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN input_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cached_input_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cache_write_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN cache_write_1h_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN output_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN reasoning_tokens ELSE 0 END) AS BIGINT),
    CAST(SUM(charged) AS BIGINT),
    CAST(SUM(CASE WHEN ended <> 'released' THEN COALESCE(cost_price, 0) ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN cost_price IS NULL THEN 0 ELSE charged END) AS BIGINT)
FROM usage GROUP BY ended_ms / 86400000, model, upstream;

-- What usage rows that were too old came to, so that the sums of all that ever were can still be compared. `counted` are
-- the requests that were not released.
CREATE TABLE usage_removed (
    account TEXT NOT NULL REFERENCES accounts (id),
    api_key TEXT NOT NULL REFERENCES api_keys (id),
    requests BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    charged BIGINT NOT NULL,
    PRIMARY KEY (account, api_key)
);

-- One row: every usage row that was ever removed has an id below this one. Of such requests the transfers tell what
-- was charged.
CREATE TABLE usage_horizon (id TEXT NOT NULL);
INSERT INTO usage_horizon (id) VALUES ('');

-- A page of requests by any filter, newest first. Few requests do not complete, so their index is small; what else is
-- filtered stands in it.
CREATE INDEX usage_by_key ON usage (account, api_key, id);
CREATE INDEX usage_by_model ON usage (account, model, id);
CREATE INDEX usage_by_key_and_model ON usage (account, api_key, model, id);
CREATE INDEX usage_not_completed ON usage (account, outcome, id, api_key, model) WHERE outcome <> 'completed';
