-- The same as fill.sqlite.sql, for PostgreSQL.
SET synchronous_commit = off;
BEGIN;

INSERT INTO accounts (id, kind, created_ms)
SELECT '0190a000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), 'customer', 0
FROM generate_series(1, (:keys - 1000) / 100) AS i;

INSERT INTO api_keys (id, account, hash, prefix, name, rpm, created_ms)
SELECT
    '0190b000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'),
    CASE WHEN i < 1000 THEN :'account' ELSE '0190a000-0000-7000-8000-' || lpad(to_hex((i - 1000) / 100 + 1), 12, '0') END,
    lpad(to_hex(i), 64, '0'), 'sk-syn-filled', 'key ' || i, 60, 0
FROM generate_series(0, :keys - 1) AS i WHERE i < 1000 OR (i - 1000) / 100 + 1 <= (:keys - 1000) / 100;

INSERT INTO usage
SELECT
    lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0'),
    CASE WHEN key_no < 1000 THEN :'account'
        ELSE '0190a000-0000-7000-8000-' || lpad(to_hex((key_no - 1000) / 100 + 1), 12, '0') END,
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
            WHEN i % 10 >= 3 THEN 1000 + (i * 2654435761 >> 7) % (:keys - 1000)
            WHEN i % 2 = 0 THEN 0
            ELSE (i * 2654435761 >> 7) % 1000
        END AS key_no
    FROM generate_series(0::bigint, :rows - 1) AS i
) AS drawn;
COMMIT;
