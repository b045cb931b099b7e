-- Fills a book with :rows requests over :keys keys of the last 90 days: the account :account has three in ten of them
-- and a thousand keys, others have a hundred keys each. See measure.sh.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -400000;
BEGIN;

INSERT INTO accounts (id, kind, created_ms)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (:keys - 1000) / 100)
SELECT printf('0190a000-0000-7000-8000-%012x', i), 'customer', 0 FROM n;

INSERT INTO api_keys (id, account, hash, prefix, name, rpm, created_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :keys - 1)
SELECT
    printf('0190b000-0000-7000-8000-%012x', i),
    CASE WHEN i < 1000 THEN :account ELSE printf('0190a000-0000-7000-8000-%012x', (i - 1000) / 100 + 1) END,
    printf('%064x', i), 'sk-syn-filled', 'key ' || i, 60, 0
FROM n WHERE i < 1000 OR (i - 1000) / 100 + 1 <= (:keys - 1000) / 100;

INSERT INTO usage
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1),
drawn AS (
    -- Knuth's multiplier spreads neighbours over keys, models and outcomes. Half of the large account's go through one key.
    SELECT
        i, :from_ms + i * (90 * 86400000 / :rows) AS ms, (i * 2654435761) % 4294967296 AS chance,
        CASE
            WHEN i % 10 >= 3 THEN 1000 + (i * 2654435761 >> 7) % (:keys - 1000)
            WHEN i % 2 = 0 THEN 0
            ELSE (i * 2654435761 >> 7) % 1000
        END AS key_no
    FROM n
)
SELECT
    printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, i),
    CASE WHEN key_no < 1000 THEN :account ELSE printf('0190a000-0000-7000-8000-%012x', (key_no - 1000) / 100 + 1) END,
    printf('0190b000-0000-7000-8000-%012x', key_no),
    CASE WHEN chance % 50 = 0 THEN 'released' ELSE 'settled' END,
    CASE WHEN chance % 50 = 0 THEN 0 ELSE 1000 * 150 + (1 + chance % 500) * 600 END,
    'vendor/model-' || (chance / 7 % 20), 'openai', 'openai',
    1000, 0, 0, 0, 1 + chance % 500, 0, 150000, 75000, 150000, 150000, 600000, NULL,
    CASE WHEN chance % 50 = 0 THEN NULL ELSE 'provider' END,
    CASE chance % 50 WHEN 0 THEN 'upstream_failed' WHEN 1 THEN 'disconnected' WHEN 2 THEN 'aborted' ELSE 'completed' END,
    1, 1, ms, 300 + chance % 700, 1000 + chance % 9000, ms + 1000 + chance % 9000
FROM drawn;
COMMIT;
