#!lua flags=allow-oom
-- Closes a shard for its recovery. Never lowers the epoch.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch of this attempt at recovery
-- Returns 1, or 0 where the shard is in this epoch or a later one.
-- Called by RedisBalances::freeze.
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) >= tonumber(ARGV[1]) then return 0 end
call('HSET', KEYS[1], 'epoch', ARGV[1], 'state', 'frozen')
return 1
