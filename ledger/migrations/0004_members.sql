-- Members of accounts, links that are sent by mail, closed accounts, and who is told of a low balance.

-- `hash` is SHA-256 of the token in the link. `user_id` is nobody where the address is unknown: such a link leads nowhere,
-- and is written all the same, so that what is known costs no other time than what is not.
CREATE TABLE links (
    hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('sign_up', 'verify', 'reset')),
    email TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX links_by_email ON links (email, purpose);
CREATE INDEX links_by_user ON links (user_id);
CREATE INDEX links_by_expiry ON links (expires_ms);

-- Without an account it is the operator's invitation to open one. `mailed` says that nobody but the owner of the address
-- has seen the link.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    account TEXT REFERENCES accounts (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    mailed SMALLINT NOT NULL,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX invitations_by_account ON invitations (account, id);

-- A user who was removed keeps the row, which audit log and invitations name, without an address or a password.
ALTER TABLE users ADD COLUMN removed_ms BIGINT;

-- A closed account is suspended for good.
ALTER TABLE accounts ADD COLUMN closed_ms BIGINT;

-- Below this balance its owners are told, once until it is above again. Who tells them claims it first; a claim whose
-- message was not sent lapses.
ALTER TABLE accounts ADD COLUMN alert_below BIGINT;
ALTER TABLE accounts ADD COLUMN alert_claimed_ms BIGINT;
ALTER TABLE accounts ADD COLUMN alert_sent_ms BIGINT;
CREATE INDEX accounts_by_alert ON accounts (id) WHERE alert_below IS NOT NULL;
