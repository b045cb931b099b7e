-- People who sign in, and the browsers in which they are signed in.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'member'));
-- When the address was known to be the user's.
ALTER TABLE users ADD COLUMN verified_ms BIGINT;
-- The second factor: its secret, whether it has been confirmed, and the last time step whose code was used.
ALTER TABLE users ADD COLUMN totp_secret TEXT;
ALTER TABLE users ADD COLUMN totp_confirmed_ms BIGINT;
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
-- Wrong codes in a row, and when the last one came.
ALTER TABLE users ADD COLUMN totp_failed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN totp_failed_ms BIGINT NOT NULL DEFAULT 0;

-- `hash` is SHA-256 of the token in the browser's cookie.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_ms);

-- Sign-ins with the right password that wait for the code of the second factor.
CREATE TABLE challenges (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_ms BIGINT NOT NULL
);
CREATE INDEX challenges_by_user ON challenges (user_id, expires_ms);

-- `hash` is SHA-256 of a code that is good once, where the second factor is lost.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- People as an identity provider knows them.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);

-- The address that an act of administration came from.
ALTER TABLE audit_log ADD COLUMN address TEXT NOT NULL DEFAULT '';
