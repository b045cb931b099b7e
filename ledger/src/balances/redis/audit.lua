#!lua flags=no-writes
-- Reads accounts, keys and all open holds of a shard at one moment.
--
-- KEYS: 1 meta  2 expiry set, then accounts, then keys, then the holds that the expiry set names
-- ARGV: 1 how many accounts  2 how many keys, then the members of the expiry set in the order of the holds
-- Returns {epoch, account records, key records, amounts of the holds}, records as records.lua tells them, and an empty
-- amount of what is no open hold of this epoch; or {`changed`, the members of the expiry set} where it has others than
-- named; or {`frozen`}.
-- Called by RedisBalances::audit.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
local first_key = 3 + ARGV[1]
local first_hold = first_key + ARGV[2]

local are_named = call('ZCARD', KEYS[2]) == #ARGV - 2
for place = 3, #ARGV do
  are_named = are_named and call('ZSCORE', KEYS[2], ARGV[place])
end
if not are_named then return {'changed', call('ZRANGE', KEYS[2], 0, -1)} end

local accounts, keys, amounts = {}, {}, {}
for place = 3, first_key - 1 do accounts[#accounts + 1] = account_record(KEYS[place], epoch) end
for place = first_key, first_hold - 1 do keys[#keys + 1] = key_record(KEYS[place], epoch) end
for place = first_hold, #KEYS do
  local hold = read_hold(KEYS[place], epoch)
  amounts[#amounts + 1] = hold and hold.amount or ''
end
return {epoch, accounts, keys, amounts}
