-- How many charges of an account are part of its balance: with `credit_no` it tells whether the hot state and the book
-- speak of the same movements.
ALTER TABLE accounts ADD COLUMN moves BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET moves = (
    SELECT COUNT(*) FROM transfers WHERE transfers.account = accounts.id AND transfers.credit_no IS NULL
);

-- The hot state of a cluster is cut into shards, whose rows, and an account `house:revenue:<shard>` each, are made when a
-- ledger first starts over the book. `epoch` counts its losses; the anchor is the last entry of the shard's
-- stream that the book has, by its id and its nonce, or nothing while a recovery is due.
CREATE TABLE shards (
    shard BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL DEFAULT 0,
    anchor_id TEXT,
    anchor_nonce TEXT
);
