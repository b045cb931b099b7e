-- $1 shard, $2 its epoch, $3 and $4 its anchor as it was seen, $5 and $6 its anchor from now on, $7 the account on the
-- other side; then columns: usage, transfers, accounts, keys, daily sums, figures of days; $84 the requests whose usage
-- rows are changed. One row where it was as it was seen; else nothing is written, because every part reads the shard's
-- row.

WITH changed AS (
    -- A row that was removed for its age since it was looked up would be written anew, and count twice.
    SELECT 1 FROM usage WHERE id = ANY($84::text[]) ORDER BY id FOR UPDATE
), shard AS (
    UPDATE shards SET anchor_id = $5, anchor_nonce = $6
    WHERE shards.shard = $1 AND epoch = $2
        AND anchor_id IS NOT DISTINCT FROM $3 AND anchor_nonce IS NOT DISTINCT FROM $4
        AND (SELECT COUNT(*) FROM changed) = CARDINALITY($84::text[])
    RETURNING 1
), requests AS (
    INSERT INTO usage (
        id, account, api_key, ended, charged, ended_ms, model, provider, upstream, input_tokens, cached_input_tokens,
        cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, input_price, cached_input_price,
        cache_write_price, cache_write_1h_price, output_price, cost_price, source, outcome, stream, attempts,
        started_ms, first_byte_ms, duration_ms
    )
    SELECT requests.* FROM shard, unnest(
        $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::text[],
        $16::text[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[],
        $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::text[],
        $30::text[], $31::smallint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::bigint[]
    ) AS requests
    ON CONFLICT (id) DO UPDATE SET
        ended = excluded.ended, charged = excluded.charged, ended_ms = excluded.ended_ms, model = excluded.model,
        provider = excluded.provider, upstream = excluded.upstream, input_tokens = excluded.input_tokens,
        cached_input_tokens = excluded.cached_input_tokens, cache_write_tokens = excluded.cache_write_tokens,
        cache_write_1h_tokens = excluded.cache_write_1h_tokens, output_tokens = excluded.output_tokens,
        reasoning_tokens = excluded.reasoning_tokens, input_price = excluded.input_price,
        cached_input_price = excluded.cached_input_price, cache_write_price = excluded.cache_write_price,
        cache_write_1h_price = excluded.cache_write_1h_price, output_price = excluded.output_price,
        cost_price = excluded.cost_price, source = excluded.source, outcome = excluded.outcome,
        stream = excluded.stream, attempts = excluded.attempts, started_ms = excluded.started_ms,
        first_byte_ms = excluded.first_byte_ms, duration_ms = excluded.duration_ms
), movements AS (
    INSERT INTO transfers (id, account, house, op, class, total, amount, created_ms)
    SELECT moved.id, moved.account, $7, moved.op, moved.class, moved.total, moved.amount, moved.created_ms
    FROM shard, unnest(
        $36::text[], $37::text[], $38::text[], $39::text[], $40::bigint[], $41::bigint[], $42::bigint[]
    ) AS moved (id, account, op, class, total, amount, created_ms)
), balances AS (
    UPDATE accounts SET posted = accounts.posted + moved.amount, moves = accounts.moves + moved.moves
    FROM shard, unnest($43::text[], $44::bigint[], $45::bigint[]) AS moved (id, amount, moves)
    WHERE accounts.id = moved.id
), spending AS (
    -- As `Spending::within` has it: see the statement for SQLite.
    UPDATE api_keys SET
        last_used_ms = GREATEST(last_used_ms, more.used_ms),
        spent_total = spent_total + more.amount,
        spent_day = more.day + CASE
            WHEN spent_day_no < more.day_no OR more.day_no + 1 < spent_day_no THEN 0 ELSE spent_day END,
        spent_day_no = CASE
            WHEN more.day_no + 1 < spent_day_no THEN more.day_no ELSE GREATEST(spent_day_no, more.day_no) END,
        spent_month = more.month + CASE
            WHEN spent_month_no < more.month_no THEN 0
            WHEN more.day_no + 1 < spent_day_no AND spent_month_no <> more.month_no THEN 0
            ELSE spent_month END,
        spent_month_no = CASE
            WHEN more.day_no + 1 < spent_day_no THEN more.month_no ELSE GREATEST(spent_month_no, more.month_no) END
    FROM shard, unnest(
        $46::text[], $47::bigint[], $48::bigint[], $49::bigint[], $50::bigint[], $51::bigint[], $52::bigint[]
    ) AS more (id, day_no, month_no, amount, day, month, used_ms)
    WHERE api_keys.id = more.id
), days AS (
    INSERT INTO usage_daily (
        account, api_key, day, model, requests, cost, input_tokens, cached_input_tokens, cache_write_tokens,
        cache_write_1h_tokens, output_tokens, reasoning_tokens
    )
    SELECT days.* FROM shard, unnest(
        $53::text[], $54::text[], $55::bigint[], $56::text[], $57::bigint[], $58::bigint[], $59::bigint[],
        $60::bigint[], $61::bigint[], $62::bigint[], $63::bigint[], $64::bigint[]
    ) AS days
    ON CONFLICT (account, api_key, day, model) DO UPDATE SET
        requests = usage_daily.requests + excluded.requests, cost = usage_daily.cost + excluded.cost,
        input_tokens = usage_daily.input_tokens + excluded.input_tokens,
        cached_input_tokens = usage_daily.cached_input_tokens + excluded.cached_input_tokens,
        cache_write_tokens = usage_daily.cache_write_tokens + excluded.cache_write_tokens,
        cache_write_1h_tokens = usage_daily.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        output_tokens = usage_daily.output_tokens + excluded.output_tokens,
        reasoning_tokens = usage_daily.reasoning_tokens + excluded.reasoning_tokens
), figures AS (
    SELECT figures.* FROM shard, unnest(
        $65::text[], $66::bigint[], $67::text[], $68::text[], $69::bigint[], $70::bigint[], $71::bigint[],
        $72::bigint[], $73::bigint[], $74::bigint[], $75::bigint[], $76::bigint[], $77::bigint[], $78::bigint[],
        $79::bigint[], $80::bigint[], $81::bigint[], $82::bigint[], $83::bigint[]
    ) AS figures (
        account, day, model, upstream,
        requests, failed, timed, duration_ms, first_bytes, first_byte_ms, input_tokens, cached_input_tokens,
        cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost, cost_price, priced_cost
    )
), account_days AS (
    INSERT INTO account_daily (
        account, day, model,
        requests, failed, timed, duration_ms, first_bytes, first_byte_ms, input_tokens, cached_input_tokens,
        cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost, cost_price, priced_cost
    )
    SELECT
        account, day, model,
        CAST(SUM(requests) AS BIGINT), CAST(SUM(failed) AS BIGINT), CAST(SUM(timed) AS BIGINT),
        CAST(SUM(duration_ms) AS BIGINT), CAST(SUM(first_bytes) AS BIGINT), CAST(SUM(first_byte_ms) AS BIGINT),
        CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(cached_input_tokens) AS BIGINT),
        CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(cache_write_1h_tokens) AS BIGINT),
        CAST(SUM(output_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT),
        CAST(SUM(cost_price) AS BIGINT), CAST(SUM(priced_cost) AS BIGINT)
    FROM figures GROUP BY account, day, model
    ON CONFLICT (account, day, model) DO UPDATE SET
        requests = account_daily.requests + excluded.requests, failed = account_daily.failed + excluded.failed,
        timed = account_daily.timed + excluded.timed, duration_ms = account_daily.duration_ms + excluded.duration_ms,
        first_bytes = account_daily.first_bytes + excluded.first_bytes,
        first_byte_ms = account_daily.first_byte_ms + excluded.first_byte_ms,
        input_tokens = account_daily.input_tokens + excluded.input_tokens,
        cached_input_tokens = account_daily.cached_input_tokens + excluded.cached_input_tokens,
        cache_write_tokens = account_daily.cache_write_tokens + excluded.cache_write_tokens,
        cache_write_1h_tokens = account_daily.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        output_tokens = account_daily.output_tokens + excluded.output_tokens,
        reasoning_tokens = account_daily.reasoning_tokens + excluded.reasoning_tokens,
        cost = account_daily.cost + excluded.cost, cost_price = account_daily.cost_price + excluded.cost_price,
        priced_cost = account_daily.priced_cost + excluded.priced_cost
), operator_days AS (
    INSERT INTO operator_daily (
        shard, day, model, upstream,
        requests, failed, timed, duration_ms, first_bytes, first_byte_ms, input_tokens, cached_input_tokens,
        cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost, cost_price, priced_cost
    )
    SELECT
        $1, day, model, upstream,
        CAST(SUM(requests) AS BIGINT), CAST(SUM(failed) AS BIGINT), CAST(SUM(timed) AS BIGINT),
        CAST(SUM(duration_ms) AS BIGINT), CAST(SUM(first_bytes) AS BIGINT), CAST(SUM(first_byte_ms) AS BIGINT),
        CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(cached_input_tokens) AS BIGINT),
        CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(cache_write_1h_tokens) AS BIGINT),
        CAST(SUM(output_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT),
        CAST(SUM(cost_price) AS BIGINT), CAST(SUM(priced_cost) AS BIGINT)
    FROM figures GROUP BY day, model, upstream
    ON CONFLICT (day, model, upstream, shard) DO UPDATE SET
        requests = operator_daily.requests + excluded.requests, failed = operator_daily.failed + excluded.failed,
        timed = operator_daily.timed + excluded.timed,
        duration_ms = operator_daily.duration_ms + excluded.duration_ms,
        first_bytes = operator_daily.first_bytes + excluded.first_bytes,
        first_byte_ms = operator_daily.first_byte_ms + excluded.first_byte_ms,
        input_tokens = operator_daily.input_tokens + excluded.input_tokens,
        cached_input_tokens = operator_daily.cached_input_tokens + excluded.cached_input_tokens,
        cache_write_tokens = operator_daily.cache_write_tokens + excluded.cache_write_tokens,
        cache_write_1h_tokens = operator_daily.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        output_tokens = operator_daily.output_tokens + excluded.output_tokens,
        reasoning_tokens = operator_daily.reasoning_tokens + excluded.reasoning_tokens,
        cost = operator_daily.cost + excluded.cost, cost_price = operator_daily.cost_price + excluded.cost_price,
        priced_cost = operator_daily.priced_cost + excluded.priced_cost
)
SELECT 1 FROM shard
