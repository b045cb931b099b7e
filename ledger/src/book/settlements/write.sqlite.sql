-- $1 ids of the requests that ended, $2 usage, $3 transfers, $4 accounts, $5 keys, $6 daily sums, $7 running requests:
-- JSON arrays; $8 now; $9 the account on the other side; $10 figures of days, a JSON array too. Wide rows are
-- materialised, because every mention of json_each's value would write it out as text again.

INSERT INTO usage (
    id, account, api_key, ended, charged, ended_ms, model, provider, upstream,
    input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    input_price, cached_input_price, cache_write_price, cache_write_1h_price, output_price,
    cost_price, source, outcome, stream, attempts, started_ms, first_byte_ms, duration_ms
)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($2))
SELECT
    row ->> '$.id', row ->> '$.account', row ->> '$.key', row ->> '$.ended', row ->> '$.charged',
    row ->> '$.ended_ms',
    row ->> '$.usage.model', row ->> '$.usage.provider', row ->> '$.usage.upstream',
    row ->> '$.usage.tokens.input', row ->> '$.usage.tokens.cached_input', row ->> '$.usage.tokens.cache_write',
    row ->> '$.usage.tokens.cache_write_1h', row ->> '$.usage.tokens.output', row ->> '$.usage.tokens.reasoning',
    row ->> '$.usage.prices.input', row ->> '$.usage.prices.cached_input', row ->> '$.usage.prices.cache_write',
    row ->> '$.usage.prices.cache_write_1h', row ->> '$.usage.prices.output',
    row ->> '$.usage.cost_price', row ->> '$.usage.source', row ->> '$.usage.outcome', row ->> '$.usage.stream',
    row ->> '$.usage.attempts', row ->> '$.usage.started_ms', row ->> '$.usage.first_byte_ms',
    row ->> '$.usage.duration_ms'
FROM rows WHERE TRUE
ON CONFLICT (id) DO UPDATE SET
    ended = excluded.ended, charged = excluded.charged, ended_ms = excluded.ended_ms, model = excluded.model,
    provider = excluded.provider, upstream = excluded.upstream,
    input_tokens = excluded.input_tokens, cached_input_tokens = excluded.cached_input_tokens,
    cache_write_tokens = excluded.cache_write_tokens, cache_write_1h_tokens = excluded.cache_write_1h_tokens,
    output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens,
    input_price = excluded.input_price, cached_input_price = excluded.cached_input_price,
    cache_write_price = excluded.cache_write_price, cache_write_1h_price = excluded.cache_write_1h_price,
    output_price = excluded.output_price, cost_price = excluded.cost_price, source = excluded.source,
    outcome = excluded.outcome, stream = excluded.stream, attempts = excluded.attempts,
    started_ms = excluded.started_ms, first_byte_ms = excluded.first_byte_ms, duration_ms = excluded.duration_ms;

INSERT INTO transfers (id, account, house, op, class, total, amount, created_ms)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($3))
SELECT
    row ->> '$.id', row ->> '$.account', $9, row ->> '$.op', row ->> '$.class',
    row ->> '$.total', row ->> '$.amount', row ->> '$.created_ms'
FROM rows;

UPDATE accounts SET posted = accounts.posted + moved.amount, moves = accounts.moves + moved.moves
FROM (
    SELECT value ->> '$.id' AS id, value ->> '$.amount' AS amount, value ->> '$.moves' AS moves FROM json_each($4)
) AS moved
WHERE accounts.id = moved.id;

-- As `Spending::within` has it: a period later than the key's begins at nothing, and so does the present one where the
-- key's is more than a day ahead, because the clock had jumped; a period that is over counts as the key's.
UPDATE api_keys SET
    last_used_ms = MAX(COALESCE(last_used_ms, more.used_ms), more.used_ms),
    spent_total = spent_total + more.amount,
    spent_day = more.day + CASE
        WHEN spent_day_no < more.day_no OR more.day_no + 1 < spent_day_no THEN 0 ELSE spent_day END,
    spent_day_no = CASE WHEN more.day_no + 1 < spent_day_no THEN more.day_no ELSE MAX(spent_day_no, more.day_no) END,
    spent_month = more.month + CASE
        WHEN spent_month_no < more.month_no THEN 0
        WHEN more.day_no + 1 < spent_day_no AND spent_month_no <> more.month_no THEN 0
        ELSE spent_month END,
    spent_month_no = CASE
        WHEN more.day_no + 1 < spent_day_no THEN more.month_no ELSE MAX(spent_month_no, more.month_no) END
FROM (
    SELECT
        value ->> '$.id' AS id, value ->> '$.spent.total' AS amount,
        value ->> '$.spent.day' AS day, value ->> '$.day_no' AS day_no,
        value ->> '$.spent.month' AS month, value ->> '$.month_no' AS month_no,
        value ->> '$.used_ms' AS used_ms
    FROM json_each($5)
) AS more
WHERE api_keys.id = more.id;

INSERT INTO usage_daily (
    account, api_key, day, model, requests, input_tokens, cached_input_tokens, cache_write_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, cost
)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($6))
SELECT
    row ->> '$.account', row ->> '$.key', row ->> '$.day', row ->> '$.model', row ->> '$.requests',
    row ->> '$.tokens[0]', row ->> '$.tokens[1]', row ->> '$.tokens[2]', row ->> '$.tokens[3]',
    row ->> '$.tokens[4]', row ->> '$.tokens[5]', row ->> '$.cost'
FROM rows WHERE TRUE
ON CONFLICT (account, api_key, day, model) DO UPDATE SET
    requests = requests + excluded.requests,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    cost = cost + excluded.cost;

INSERT INTO account_daily (
    account, day, model,
    requests, failed, timed, duration_ms, first_bytes, first_byte_ms, input_tokens, cached_input_tokens,
    cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost, cost_price, priced_cost
)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($10))
SELECT
    row ->> '$.account', row ->> '$.day', row ->> '$.model',
    SUM(row ->> '$.figures[0]'), SUM(row ->> '$.figures[1]'), SUM(row ->> '$.figures[2]'),
    SUM(row ->> '$.figures[3]'), SUM(row ->> '$.figures[4]'), SUM(row ->> '$.figures[5]'),
    SUM(row ->> '$.figures[6]'), SUM(row ->> '$.figures[7]'), SUM(row ->> '$.figures[8]'),
    SUM(row ->> '$.figures[9]'), SUM(row ->> '$.figures[10]'), SUM(row ->> '$.figures[11]'),
    SUM(row ->> '$.figures[12]'), SUM(row ->> '$.figures[13]'), SUM(row ->> '$.figures[14]')
FROM rows WHERE TRUE GROUP BY 1, 2, 3
ON CONFLICT (account, day, model) DO UPDATE SET
    requests = requests + excluded.requests, failed = failed + excluded.failed, timed = timed + excluded.timed,
    duration_ms = duration_ms + excluded.duration_ms, first_bytes = first_bytes + excluded.first_bytes,
    first_byte_ms = first_byte_ms + excluded.first_byte_ms, input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost = cost + excluded.cost,
    cost_price = cost_price + excluded.cost_price, priced_cost = priced_cost + excluded.priced_cost;

INSERT INTO operator_daily (
    shard, day, model, upstream,
    requests, failed, timed, duration_ms, first_bytes, first_byte_ms, input_tokens, cached_input_tokens,
    cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost, cost_price, priced_cost
)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($10))
SELECT
    0, row ->> '$.day', row ->> '$.model', row ->> '$.upstream',
    SUM(row ->> '$.figures[0]'), SUM(row ->> '$.figures[1]'), SUM(row ->> '$.figures[2]'),
    SUM(row ->> '$.figures[3]'), SUM(row ->> '$.figures[4]'), SUM(row ->> '$.figures[5]'),
    SUM(row ->> '$.figures[6]'), SUM(row ->> '$.figures[7]'), SUM(row ->> '$.figures[8]'),
    SUM(row ->> '$.figures[9]'), SUM(row ->> '$.figures[10]'), SUM(row ->> '$.figures[11]'),
    SUM(row ->> '$.figures[12]'), SUM(row ->> '$.figures[13]'), SUM(row ->> '$.figures[14]')
FROM rows WHERE TRUE GROUP BY 2, 3, 4
ON CONFLICT (day, model, upstream, shard) DO UPDATE SET
    requests = requests + excluded.requests, failed = failed + excluded.failed, timed = timed + excluded.timed,
    duration_ms = duration_ms + excluded.duration_ms, first_bytes = first_bytes + excluded.first_bytes,
    first_byte_ms = first_byte_ms + excluded.first_byte_ms, input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost = cost + excluded.cost,
    cost_price = cost_price + excluded.cost_price, priced_cost = priced_cost + excluded.priced_cost;

INSERT INTO running (id, account, api_key, amount, usage, updated_ms)
WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each($7))
SELECT
    row ->> '$.id', row ->> '$.account', row ->> '$.key', row ->> '$.amount', row -> '$.usage', $8
FROM rows WHERE TRUE
ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, usage = excluded.usage, updated_ms = excluded.updated_ms;

DELETE FROM running WHERE id IN (SELECT value FROM json_each($1));
