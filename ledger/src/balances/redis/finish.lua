#!lua flags=allow-oom
-- Ends a hold. Of a release that nobody knows a tombstone stays, and an entry of zero, which the book confirms.
--
-- KEYS: 1 meta  2 hold  3 account  4 key  5 expiry set  6 journal
-- ARGV: 1 id  2 account  3 key  4 kind: settle, release or expire  5 cost in total  6 usage as JSON
--       7 nonce of this call  8 now in ms, for tests; else empty
-- Returns one of
--   done                took effect, now or before
--   alive               the deadline of a hold that was to expire has not passed
--   unknown, epoch      there is no such request: the book must be asked
--   unseeded, epoch     account or key are not known
--   conflict | frozen
-- Called by RedisBalances::finish_all.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
local hold = read_hold(KEYS[2], epoch)
if hold then return finish_known(epoch, hold) end
if kind == 'release' then return bury(epoch) end
return {'unknown', epoch}
