-- $1 ids of the requests that ended, $2 usage, $3 transfers, $4 accounts, $5 keys, $6 daily sums, $7 running requests:
-- JSON arrays; $8 now. Ends the transaction that the look-up began.

INSERT INTO usage (
    id, account, api_key, ended, charged, ended_ms, model, provider, upstream,
    input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    input_price, cached_input_price, cache_write_price, cache_write_1h_price, output_price,
    cost_price, source, outcome, stream, attempts, started_ms, first_byte_ms, duration_ms
)
SELECT
    value ->> '$.id', value ->> '$.account', value ->> '$.key', value ->> '$.ended', value ->> '$.charged',
    value ->> '$.ended_ms',
    value ->> '$.usage.model', value ->> '$.usage.provider', value ->> '$.usage.upstream',
    value ->> '$.usage.tokens.input', value ->> '$.usage.tokens.cached_input', value ->> '$.usage.tokens.cache_write',
    value ->> '$.usage.tokens.cache_write_1h', value ->> '$.usage.tokens.output', value ->> '$.usage.tokens.reasoning',
    value ->> '$.usage.prices.input', value ->> '$.usage.prices.cached_input', value ->> '$.usage.prices.cache_write',
    value ->> '$.usage.prices.cache_write_1h', value ->> '$.usage.prices.output',
    value ->> '$.usage.cost_price', value ->> '$.usage.source', value ->> '$.usage.outcome', value ->> '$.usage.stream',
    value ->> '$.usage.attempts', value ->> '$.usage.started_ms', value ->> '$.usage.first_byte_ms',
    value ->> '$.usage.duration_ms'
FROM json_each($2) WHERE TRUE
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
SELECT
    value ->> '$.id', value ->> '$.account', 'house:revenue', value ->> '$.op', value ->> '$.class',
    value ->> '$.total', value ->> '$.amount', value ->> '$.created_ms'
FROM json_each($3);

UPDATE accounts SET posted = posted + moved.amount
FROM (SELECT value ->> '$.id' AS id, value ->> '$.amount' AS amount FROM json_each($4)) AS moved
WHERE accounts.id = moved.id;

-- A period later than the key's begins at nothing; one that is over (the clock was set back) counts as the present one.
UPDATE api_keys SET
    spent_total = spent_total + more.amount,
    spent_day = more.day + CASE WHEN spent_day_no < more.day_no THEN 0 ELSE spent_day END,
    spent_day_no = MAX(spent_day_no, more.day_no),
    spent_month = more.month + CASE WHEN spent_month_no < more.month_no THEN 0 ELSE spent_month END,
    spent_month_no = MAX(spent_month_no, more.month_no)
FROM (
    SELECT
        value ->> '$.id' AS id, value ->> '$.spent.total' AS amount,
        value ->> '$.spent.day' AS day, value ->> '$.day_no' AS day_no,
        value ->> '$.spent.month' AS month, value ->> '$.month_no' AS month_no
    FROM json_each($5)
) AS more
WHERE api_keys.id = more.id;

INSERT INTO usage_daily (
    account, api_key, day, model, requests, input_tokens, cached_input_tokens, cache_write_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, cost
)
SELECT
    value ->> '$.account', value ->> '$.key', value ->> '$.day', value ->> '$.model', value ->> '$.requests',
    value ->> '$.tokens[0]', value ->> '$.tokens[1]', value ->> '$.tokens[2]', value ->> '$.tokens[3]',
    value ->> '$.tokens[4]', value ->> '$.tokens[5]', value ->> '$.cost'
FROM json_each($6) WHERE TRUE
ON CONFLICT (account, api_key, day, model) DO UPDATE SET
    requests = requests + excluded.requests,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    cost = cost + excluded.cost;

INSERT INTO running (id, account, api_key, amount, usage, updated_ms)
SELECT
    value ->> '$.id', value ->> '$.account', value ->> '$.key', value ->> '$.amount', value -> '$.usage', $8
FROM json_each($7) WHERE TRUE
ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, usage = excluded.usage, updated_ms = excluded.updated_ms;

DELETE FROM running WHERE id IN (SELECT value FROM json_each($1));

COMMIT
