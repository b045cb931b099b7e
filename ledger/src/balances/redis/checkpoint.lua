#!lua flags=allow-oom
-- Renews a hold and records what its request cost so far.
--
-- KEYS: 1 meta  2 hold  3 expiry set
-- ARGV: 1 id  2 cost so far  3 usage as JSON  4 how long the hold lives, in ms  5 now in ms, for tests; else empty
-- Returns one of recorded | ended | unknown | frozen.
-- Called by RedisBalances::checkpoint_all.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end

local hold = read_hold(KEYS[2], epoch)
if not hold then return {'unknown'} end
if hold.state ~= 'open' then return {'ended'} end

call('ZADD', KEYS[3], digits(unix_ms(ARGV[5]) + ARGV[4]), expiry_member(ARGV[1], hold.account, hold.key))
-- One that was overtaken by its successor must not take the cost back.
if tonumber(hold.cost) <= tonumber(ARGV[2]) then
  hold.cost, hold.usage = ARGV[2], ARGV[3]
  write_open(KEYS[2], epoch, hold)
end
return {'recorded'}
