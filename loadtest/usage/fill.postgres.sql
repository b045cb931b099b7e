-- The same as fill.sqlite.sql, for PostgreSQL.
SET synchronous_commit = off;
BEGIN;

INSERT INTO accounts (id, kind, created_ms)
SELECT '0190a000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), 'customer', 0
FROM generate_series(1, (:keys - :own) / 10) AS i;

INSERT INTO api_keys (id, account, hash, prefix, name, rpm, created_ms)
SELECT
    '0190b000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'),
    CASE WHEN i < :own THEN :'account' ELSE '0190a000-0000-7000-8000-' || lpad(to_hex((i - :own) / 10 + 1), 12, '0') END,
    lpad(to_hex(i), 64, '0'), 'sk-syn-' || lpad(to_hex(i), 4, '0') || '…', 'key ' || i, 60, 0
FROM generate_series(0, :keys - 1) AS i WHERE i < :own OR (i - :own) / 10 + 1 <= (:keys - :own) / 10;

INSERT INTO usage
SELECT
    lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0'),
    CASE WHEN key_no < :own THEN :'account'
        ELSE '0190a000-0000-7000-8000-' || lpad(to_hex((key_no - :own) / 10 + 1), 12, '0') END,
    '0190b000-0000-7000-8000-' || lpad(to_hex(key_no), 12, '0'),
    CASE WHEN chance % 50 = 0 THEN 'released' ELSE 'settled' END,
    CASE WHEN chance % 50 = 0 THEN 0 ELSE 1000 * 150 + (1 + chance % 500) * 600 END,
    'vendor/model-' || (chance / 7 % 20), 'openai', 'openai',
    1000, 0, 0, 0, 1 + chance % 500, 0, 150000, 75000, 150000, 150000, 600000, NULL,
    CASE WHEN chance % 50 = 0 THEN NULL ELSE 'provider' END,
    CASE chance % 50 WHEN 0 THEN 'upstream_failed' WHEN 1 THEN 'disconnected' WHEN 2 THEN 'aborted' ELSE 'completed' END,
    1, 1, ms, 300 + chance % 700, 1000 + chance % 9000, ms + 1000 + chance % 9000
FROM (
    SELECT
        i, :from_ms + i * (90 * 86400000::bigint / :rows) AS ms, (i * 2654435761) % 4294967296 AS chance,
        CASE
            WHEN i % 10 >= 3 THEN :own + (i * 2654435761 >> 7) % (:keys - :own)
            WHEN i % 2 = 0 THEN 0
            ELSE (i * 2654435761 >> 7) % :own
        END AS key_no
    FROM generate_series(0::bigint, :rows - 1) AS i
) AS drawn;

INSERT INTO users (id, account, email, operator, created_ms)
SELECT
    '0190c000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), '0190a000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'),
    'person-' || i || '@example.com', 0, 0
FROM generate_series(1, (:keys - :own) / 10) AS i;

INSERT INTO transfers (id, account, house, op, class, total, amount, created_ms)
SELECT id, account, 'house:revenue', id, 'charge', charged, -charged, ended_ms FROM usage WHERE charged <> 0;
INSERT INTO transfers (id, account, house, op, class, total, amount, credit_no, posted_after, created_ms)
SELECT
    '0190d000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), :'account', 'house:promotions', 'filled-' || i, 'grant',
    1000000000, 1000000000, i, i * 1000000000::bigint, :from_ms
FROM generate_series(1, 1000) AS i;

INSERT INTO audit_log (id, at_ms, who, act, subject, detail)
SELECT
    '0190e000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), :from_ms + i, 'cli',
    CASE i % 5 WHEN 0 THEN 'account.credit' ELSE 'key.create' END, 'filled', ''
FROM generate_series(1, :keys) AS i;
COMMIT;
