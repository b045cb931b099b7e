#!lua flags=no-writes
-- Looks for holds whose deadline has passed.
--
-- KEYS: 1 meta  2 expiry set
-- ARGV: 1 limit  2 now in ms, for tests; else empty
-- Returns a list of `id:account:key`, the longest overdue first; none while the shard is frozen.
-- Called by RedisBalances::expire_overdue.
if not open_epoch(KEYS[1]) then return {} end
return call('ZRANGEBYSCORE', KEYS[2], '-inf', digits(unix_ms(ARGV[2])), 'LIMIT', 0, ARGV[1])
