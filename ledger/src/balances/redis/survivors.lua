#!lua flags=no-writes
-- Reads what is left of the journal of a frozen shard.
--
-- KEYS: 1 meta  2 journal
-- ARGV: 1 epoch of this attempt at recovery  2 where to begin, as XRANGE understands it  3 limit
-- Returns {greatest id ever given away, entries}, or nothing where the shard is not frozen in this epoch.
-- Called by RedisBalances::survivors.
local meta = call('HMGET', KEYS[1], 'epoch', 'state')
if meta[1] ~= ARGV[1] or meta[2] ~= 'frozen' then return {} end
return {last_id(KEYS[2]), call('XRANGE', KEYS[2], ARGV[2], '+', 'COUNT', ARGV[3])}
