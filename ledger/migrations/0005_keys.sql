-- When a request of the key was last settled, and the form that made the key: sent again, it makes no second one.
ALTER TABLE api_keys ADD COLUMN last_used_ms BIGINT;
ALTER TABLE api_keys ADD COLUMN form TEXT;
CREATE UNIQUE INDEX api_keys_by_form ON api_keys (account, form);

-- Of what was before, the day is known.
UPDATE api_keys SET last_used_ms = (
    SELECT 86400000 * MAX(day) FROM usage_daily
    WHERE usage_daily.account = api_keys.account AND usage_daily.api_key = api_keys.id
);
