-- Spreads the requests of today over the last 30 days, in their order, with the times that models take; then sums them
-- up again, as the ledger's migration does.
UPDATE usage SET
    started_ms = started_ms - back,
    ended_ms = ended_ms - back,
    first_byte_ms = first_byte_ms + 180 + late,
    duration_ms = duration_ms + 200 + late + output_tokens * 9
FROM (
    SELECT
        id AS moved,
        (ROW_NUMBER() OVER (ORDER BY id DESC) - 1) * 30 * 86400000 / COUNT(*) OVER () AS back,
        (ROW_NUMBER() OVER (ORDER BY id) * 7919) % 420 AS late
    FROM usage
)
WHERE id = moved;

UPDATE transfers SET created_ms = (SELECT ended_ms FROM usage WHERE usage.id = transfers.op)
WHERE class = 'charge' AND op IN (SELECT id FROM usage);

UPDATE transfers SET created_ms = created_ms - (5 - credit_no) * 6 * 86400000 WHERE credit_no IS NOT NULL;

DELETE FROM usage_daily;
INSERT INTO usage_daily
SELECT
    account, api_key, ended_ms / 86400000, model, COUNT(*), SUM(input_tokens), SUM(cached_input_tokens),
    SUM(cache_write_tokens), SUM(cache_write_1h_tokens), SUM(output_tokens), SUM(reasoning_tokens), SUM(charged)
FROM usage WHERE ended <> 'released' GROUP BY account, api_key, ended_ms / 86400000, model;

DELETE FROM account_daily;
INSERT INTO account_daily
SELECT
    account, ended_ms / 86400000, model, COUNT(*),
    SUM(outcome IN ('upstream_failed', 'aborted')), SUM(outcome = 'completed'),
    SUM(CASE WHEN outcome = 'completed' THEN duration_ms ELSE 0 END), COUNT(first_byte_ms),
    COALESCE(SUM(first_byte_ms), 0), SUM(input_tokens), SUM(cached_input_tokens), SUM(cache_write_tokens),
    SUM(cache_write_1h_tokens), SUM(output_tokens), SUM(reasoning_tokens), SUM(charged),
    SUM(COALESCE(cost_price, 0)), SUM(CASE WHEN cost_price IS NULL THEN 0 ELSE charged END)
FROM usage GROUP BY account, ended_ms / 86400000, model;

DELETE FROM operator_daily;
INSERT INTO operator_daily
SELECT
    0, ended_ms / 86400000, model, upstream, COUNT(*),
    SUM(outcome IN ('upstream_failed', 'aborted')), SUM(outcome = 'completed'),
    SUM(CASE WHEN outcome = 'completed' THEN duration_ms ELSE 0 END), COUNT(first_byte_ms),
    COALESCE(SUM(first_byte_ms), 0), SUM(input_tokens), SUM(cached_input_tokens), SUM(cache_write_tokens),
    SUM(cache_write_1h_tokens), SUM(output_tokens), SUM(reasoning_tokens), SUM(charged),
    SUM(COALESCE(cost_price, 0)), SUM(CASE WHEN cost_price IS NULL THEN 0 ELSE charged END)
FROM usage GROUP BY ended_ms / 86400000, model, upstream;
