-- Changes that the hot state may not have been told of yet: written with the change, removed when it is told.

-- `subject` is `standing` (of the account), `credits` (money that came in) or the id of a key. `note` is another one each
-- time, so that a change is not taken for told that came while an earlier one was being told.
CREATE TABLE untold (
    account TEXT NOT NULL REFERENCES accounts (id),
    subject TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (account, subject)
);
