#!lua
-- Writes what the book said of an account and a key: balances where the record is absent, status and limits where the
-- book's version is newer.
--
-- KEYS: 1 meta  2 account  3 key
-- ARGV: 1 epoch in which the book was asked
--       2 posted  3 credit_no  4 moves  5 status  6 version
--       7 to 13 of the key, or nothing: account  version  status  expires  day limit  month limit  total limit
--       14 to 18: spent today  day_no  spent this month  month_no  spent in total
--       An expiry or a limit that is empty is none.
-- Returns one of seeded | refused (in another epoch) | frozen.
-- Called by RedisBalances::seed.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
if epoch ~= ARGV[1] then return {'refused'} end

local account = call('HMGET', KEYS[2], 'e', 'version', 'posted')
if account[1] and account[1] ~= epoch then
  call('DEL', KEYS[2])
  account = {}
end
if not account[3] then
  call('HSET', KEYS[2], 'e', epoch, 'posted', ARGV[2], 'held', '0', 'credit_no', ARGV[3], 'moves', ARGV[4])
end
if not account[2] or tonumber(account[2]) < tonumber(ARGV[6]) then
  call('HSET', KEYS[2], 'status', ARGV[5], 'version', ARGV[6])
end
if not ARGV[7] then return {'seeded'} end

local key = call('HMGET', KEYS[3], 'e', 'version', 'held')
if key[1] and key[1] ~= epoch then
  call('DEL', KEYS[3])
  key = {}
end
if not key[3] then
  call('HSET', KEYS[3], 'e', epoch, 'account', ARGV[7], 'held', '0', 'spent_day', ARGV[14], 'day_no', ARGV[15],
    'spent_month', ARGV[16], 'month_no', ARGV[17], 'spent_total', ARGV[18])
end
if not key[2] or tonumber(key[2]) < tonumber(ARGV[8]) then
  call('HSET', KEYS[3], 'version', ARGV[8], 'status', ARGV[9], 'expires', ARGV[10], 'limit_day', ARGV[11],
    'limit_month', ARGV[12], 'limit_total', ARGV[13])
end
return {'seeded'}
