-- The book. Identifiers are UUIDs as text, times are milliseconds since the Unix epoch, money is nano-dollars and prices
-- are pico-dollars per token, all as BIGINT; flags are SMALLINT. One text for SQLite and PostgreSQL.

-- House accounts are the other side of every movement: all posted balances together are zero.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'house')),
    posted BIGINT NOT NULL DEFAULT 0,
    credit_no BIGINT NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    version BIGINT NOT NULL DEFAULT 1,
    created_ms BIGINT NOT NULL
);

INSERT INTO accounts (id, kind, created_ms) VALUES
    ('house:revenue', 'house', 0),
    ('house:cash', 'house', 0),
    ('house:promotions', 'house', 0),
    ('house:adjustments', 'house', 0);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    operator SMALLINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX users_by_account ON users (account, id);

-- What a key spent is kept with the period it belongs to: a later period begins at nothing.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked')),
    expires_ms BIGINT,
    rpm BIGINT NOT NULL,
    allowed_models TEXT,
    limit_day BIGINT,
    limit_month BIGINT,
    limit_total BIGINT,
    spent_day BIGINT NOT NULL DEFAULT 0,
    spent_day_no BIGINT NOT NULL DEFAULT 0,
    spent_month BIGINT NOT NULL DEFAULT 0,
    spent_month_no BIGINT NOT NULL DEFAULT 0,
    spent_total BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL
);
CREATE INDEX api_keys_by_account ON api_keys (account, id);

-- One movement: `amount` goes into `account` (out of it where negative) and out of `house`. `op` is the request's id, or
-- the reference of money that came in; `total` is what the request has been charged with this movement.
CREATE TABLE transfers (
    id TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id),
    house TEXT NOT NULL REFERENCES accounts (id),
    op TEXT NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('charge', 'late', 'top_up', 'grant', 'refund', 'adjustment')),
    total BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    credit_no BIGINT,
    posted_after BIGINT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, id),
    UNIQUE (op, class, total)
);
CREATE UNIQUE INDEX transfers_by_reference ON transfers (op) WHERE credit_no IS NOT NULL;
CREATE UNIQUE INDEX transfers_by_credit_no ON transfers (account, credit_no) WHERE credit_no IS NOT NULL;

-- One request that ended, with everything that its charge is computed from.
CREATE TABLE usage (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    api_key TEXT NOT NULL REFERENCES api_keys (id),
    ended TEXT NOT NULL CHECK (ended IN ('settled', 'released', 'expired')),
    charged BIGINT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    upstream TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    input_price BIGINT NOT NULL,
    cached_input_price BIGINT NOT NULL,
    cache_write_price BIGINT NOT NULL,
    cache_write_1h_price BIGINT NOT NULL,
    output_price BIGINT NOT NULL,
    cost_price BIGINT,
    source TEXT,
    outcome TEXT NOT NULL,
    stream SMALLINT NOT NULL,
    attempts BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    first_byte_ms BIGINT,
    duration_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL
);
CREATE INDEX usage_by_account ON usage (account, id);

-- Sums of usage by the UTC day (counted from 1970-01-01) on which the charge was made. A late difference counts on its
-- own day, so single figures may be negative there; released requests do not count.
CREATE TABLE usage_daily (
    account TEXT NOT NULL REFERENCES accounts (id),
    api_key TEXT NOT NULL REFERENCES api_keys (id),
    day BIGINT NOT NULL,
    model TEXT NOT NULL,
    requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (account, api_key, day, model)
);

-- Requests that run now, as their last checkpoint told: what a start finds here belonged to a process that died.
CREATE TABLE running (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    api_key TEXT NOT NULL REFERENCES api_keys (id),
    amount BIGINT NOT NULL,
    usage TEXT NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- Who administered what. Never holds a key, a password or a hash of one.
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
