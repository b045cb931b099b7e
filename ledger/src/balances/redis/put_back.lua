#!lua
-- Opens again a hold that was lost and of which the book knows nothing; else renews it, as checkpoint.lua does.
--
-- KEYS: 1 meta  2 hold  3 expiry set  4 account  5 key
-- ARGV: 1 id  2 cost so far  3 usage as JSON  4 how long the hold lives, in ms  5 now in ms, for tests; else empty
--       6 account  7 key  8 amount
-- Returns one of recorded | ended | frozen, or unseeded, epoch.
-- Called by RedisBalances::put_back.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end

local hold = read_hold(KEYS[2], epoch)
local is_newer = true
if hold then
  if hold.state ~= 'open' then return {'ended'} end
  is_newer = tonumber(hold.cost) <= tonumber(ARGV[2])
else
  local account = call('HMGET', KEYS[4], 'e', 'posted', 'held')
  local key = call('HMGET', KEYS[5], 'e', 'account', 'held')
  local knows_account = account[1] == epoch and account[2]
  if not (knows_account and key[1] == epoch and key[3] and key[2] == ARGV[6]) then return {'unseeded', epoch} end
  local amount, held = tonumber(ARGV[8]), tonumber(account[3])
  -- No honest gateway holds so much.
  if amount < 0 or amount > MAX or held + amount > MAX then return {'ended'} end
  hold = {account = ARGV[6], key = ARGV[7], amount = digits(amount), min = '-', want = '-'}
  call('HSET', KEYS[4], 'held', digits(held + amount))
  call('HSET', KEYS[5], 'held', digits(key[3] + amount))
end

call('ZADD', KEYS[3], digits(unix_ms(ARGV[5]) + ARGV[4]), expiry_member(ARGV[1], hold.account, hold.key))
if is_newer then
  hold.cost, hold.usage = ARGV[2], ARGV[3]
  write_open(KEYS[2], epoch, hold)
end
return {'recorded'}
