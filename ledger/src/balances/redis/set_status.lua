#!lua flags=allow-oom
-- Writes status and limits of an account and a key where the book's version is newer, in any epoch. Where there is no
-- record yet, one without balances is left, by which a revoked key is refused and which a seed completes.
--
-- KEYS: 1 meta  2 account  3 key
-- ARGV: 1 status of the account  2 its version
--       3 to 9 of the key, or nothing: account  version  status  expires  day limit  month limit  total limit
--       An expiry or a limit that is empty is none.
-- Returns one of written | frozen.
-- Called by RedisBalances::set_status.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end

-- Whether the record lacks this version. What an earlier epoch left of it is swept away.
local function is_older(record, version)
  local fields = call('HMGET', record, 'e', 'version')
  if fields[1] and fields[1] ~= epoch then call('DEL', record) end
  return fields[1] ~= epoch or tonumber(fields[2]) < tonumber(version)
end

if is_older(KEYS[2], ARGV[2]) then
  call('HSET', KEYS[2], 'e', epoch, 'status', ARGV[1], 'version', ARGV[2])
end
if ARGV[3] and is_older(KEYS[3], ARGV[4]) then
  call('HSET', KEYS[3], 'e', epoch, 'account', ARGV[3], 'version', ARGV[4], 'status', ARGV[5], 'expires', ARGV[6],
    'limit_day', ARGV[7], 'limit_month', ARGV[8], 'limit_total', ARGV[9])
end
return {'written'}
