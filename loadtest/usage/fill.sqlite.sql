-- Fills a book with :rows requests of the last 90 days over :keys keys: the account :account has three in ten of the
-- requests and :own keys, others have ten keys each. With them come their charges, a thousand credits of the account, a
-- user of every other account, and as many acts in the audit log as there are keys. See measure.sh.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -400000;
BEGIN;

INSERT INTO accounts (id, kind, created_ms)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (:keys - :own) / 10)
SELECT printf('0190a000-0000-7000-8000-%012x', i), 'customer', 0 FROM n;

INSERT INTO api_keys (id, account, hash, prefix, name, rpm, created_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :keys - 1)
SELECT
    printf('0190b000-0000-7000-8000-%012x', i),
    CASE WHEN i < :own THEN :account ELSE printf('0190a000-0000-7000-8000-%012x', (i - :own) / 10 + 1) END,
    printf('%064x', i), printf('sk-syn-%04x…', i), 'key ' || i, 60, 0
FROM n WHERE i < :own OR (i - :own) / 10 + 1 <= (:keys - :own) / 10;

INSERT INTO usage
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1),
drawn AS (
    -- Knuth's multiplier spreads neighbours over keys, models and outcomes. Half of the large account's go through one key.
    SELECT
        i, :from_ms + i * (90 * 86400000 / :rows) AS ms, (i * 2654435761) % 4294967296 AS chance,
        CASE
            WHEN i % 10 >= 3 THEN :own + (i * 2654435761 >> 7) % (:keys - :own)
            WHEN i % 2 = 0 THEN 0
            ELSE (i * 2654435761 >> 7) % :own
        END AS key_no
    FROM n
)
SELECT
    printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, i),
    CASE WHEN key_no < :own THEN :account ELSE printf('0190a000-0000-7000-8000-%012x', (key_no - :own) / 10 + 1) END,
    printf('0190b000-0000-7000-8000-%012x', key_no),
    CASE WHEN chance % 50 = 0 THEN 'released' ELSE 'settled' END,
    CASE WHEN chance % 50 = 0 THEN 0 ELSE 1000 * 150 + (1 + chance % 500) * 600 END,
    'vendor/model-' || (chance / 7 % 20), 'openai', 'openai',
    1000, 0, 0, 0, 1 + chance % 500, 0, 150000, 75000, 150000, 150000, 600000, NULL,
    CASE WHEN chance % 50 = 0 THEN NULL ELSE 'provider' END,
    CASE chance % 50 WHEN 0 THEN 'upstream_failed' WHEN 1 THEN 'disconnected' WHEN 2 THEN 'aborted' ELSE 'completed' END,
    1, 1, ms, 300 + chance % 700, 1000 + chance % 9000, ms + 1000 + chance % 9000
FROM drawn;

INSERT INTO users (id, account, email, operator, created_ms)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (:keys - :own) / 10)
SELECT
    printf('0190c000-0000-7000-8000-%012x', i), printf('0190a000-0000-7000-8000-%012x', i),
    'person-' || i || '@example.com', 0, 0
FROM n;

INSERT INTO transfers (id, account, house, op, class, total, amount, created_ms)
SELECT id, account, 'house:revenue', id, 'charge', charged, -charged, ended_ms FROM usage WHERE charged <> 0;
INSERT INTO transfers (id, account, house, op, class, total, amount, credit_no, posted_after, created_ms)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
SELECT
    printf('0190d000-0000-7000-8000-%012x', i), :account, 'house:promotions', 'filled-' || i, 'grant',
    1000000000, 1000000000, i, i * 1000000000, :from_ms
FROM n;

INSERT INTO audit_log (id, at_ms, who, act, subject, detail)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :keys)
SELECT
    printf('0190e000-0000-7000-8000-%012x', i), :from_ms + i, 'cli',
    CASE i % 5 WHEN 0 THEN 'account.credit' ELSE 'key.create' END, 'filled', ''
FROM n;
COMMIT;
