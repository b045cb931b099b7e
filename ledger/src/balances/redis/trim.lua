#!lua flags=allow-oom
-- Removes from the journal what stands before the anchor, which stays, if the entry at its id is that very entry.
--
-- KEYS: 1 journal
-- ARGV: 1 id of the anchor  2 nonce of the anchor
-- Returns 1, or 0 where the journal does not hold the anchor.
-- Called by RedisBalances::trim.
if not has_entry(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])
return 1
