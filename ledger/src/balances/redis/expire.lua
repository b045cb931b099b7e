#!lua flags=allow-oom
-- Ends a hold whose deadline has passed by the server's own clock, charging its last checkpoint. Sweeps away what an
-- earlier epoch left of it.
--
-- KEYS: 1 meta  2 hold  3 account  4 key  5 expiry set  6 journal
-- ARGV: 1 id  2 account  3 key  4 `expire`  5 `0`  6 empty  7 nonce of this call  8 now in ms, for tests; else empty
-- Returns one of expired | gone | alive | conflict | frozen, or unseeded, epoch.
-- Called by RedisBalances::expire_overdue.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
local hold = read_hold(KEYS[2], epoch)
if not hold or hold.state ~= 'open' then
  if not hold then call('DEL', KEYS[2]) end
  call('ZREM', KEYS[5], expiry_member(ARGV[1], ARGV[2], ARGV[3]))
  return {'gone'}
end
-- A checkpoint's cost that cannot be charged is a fault of the gateway: the hold is given back then.
if not total_of(hold.cost) then hold.cost = '0' end
local answer = finish_open(epoch, hold)
if answer[1] == 'done' then return {'expired'} end
return answer
