#!lua flags=no-writes
-- Reads the journal behind the anchor, and whether it holds the anchor at all.
--
-- KEYS: 1 meta  2 journal
-- ARGV: 1 id of the anchor, or empty: then from the beginning  2 nonce of the anchor  3 limit
-- Returns {epoch or empty, state or empty, 1 if the entry at the anchor's id is the anchor, entries behind it}; no
-- entries where an anchor was named and is not there.
-- Called by RedisBalances::read_all.
local meta = call('HMGET', KEYS[1], 'epoch', 'state')
local answer = {meta[1] or '', meta[2] or '', 0, {}}
if ARGV[1] == '' then
  answer[4] = call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[3])
elseif has_entry(KEYS[2], ARGV[1], ARGV[2]) then
  answer[3], answer[4] = 1, call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[3])
end
return answer
