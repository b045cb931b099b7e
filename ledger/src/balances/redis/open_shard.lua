#!lua flags=allow-oom
-- Opens a frozen shard, if its journal is as it was drained: empties the journal and begins it with a marker.
--
-- KEYS: 1 meta  2 journal
-- ARGV: 1 epoch of this attempt at recovery  2 greatest id that the journal had given away
--       3 id of the last entry, or empty  4 nonce of the last entry, or empty  5 id of the marker  6 nonce of the marker
-- Returns 1, or 0 where the shard is not as it was.
-- Called by RedisBalances::open_shard.
local meta = call('HMGET', KEYS[1], 'epoch', 'state')
if meta[1] ~= ARGV[1] or meta[2] ~= 'frozen' or last_id(KEYS[2]) ~= ARGV[2] then return 0 end
local last = call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local id, nonce = '', ''
if last then id, nonce = last[1], nonce_of(last) end
if id ~= ARGV[3] or nonce ~= ARGV[4] then return 0 end

-- Trimmed, not deleted: a stream that goes on never gives an id away twice.
call('XTRIM', KEYS[2], 'MAXLEN', '=', 0)
call('XADD', KEYS[2], ARGV[5], 'nonce', ARGV[6])
call('HSET', KEYS[1], 'state', 'open')
return 1
