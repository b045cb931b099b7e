#!lua flags=no-writes
-- Reads the epoch, and the records of an account and a key where they are seeded.
--
-- KEYS: 1 meta  2 account  3 key
-- ARGV: none
-- Returns {epoch, or nothing where it is lost; the account's record; the key's record}, as records.lua tells them.
-- Called by RedisBalances::look.
local epoch = call('HGET', KEYS[1], 'epoch')
return {epoch, account_record(KEYS[2], epoch), key_record(KEYS[3], epoch)}
