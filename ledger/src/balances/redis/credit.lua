#!lua flags=allow-oom
-- Adds money that the book has booked, if the credit before it is part of the balance.
--
-- KEYS: 1 meta  2 account
-- ARGV: 1 number of the credit  2 amount, of either sign
-- Returns one of applied | gap, number of the last credit | unseeded, epoch | frozen.
-- Called by RedisBalances::credit.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
local account = call('HMGET', KEYS[2], 'e', 'posted', 'credit_no')
if account[1] ~= epoch or not account[2] then return {'unseeded', epoch} end

local number, credit_no = tonumber(ARGV[1]), tonumber(account[3])
if number <= credit_no then return {'applied'} end
if number ~= credit_no + 1 then return {'gap', account[3]} end
if not is_storable(tonumber(ARGV[2])) then return redis.error_reply('INVALID_ARGUMENT amount is within 2^53') end
call('HINCRBY', KEYS[2], 'posted', ARGV[2])
call('HSET', KEYS[2], 'credit_no', ARGV[1])
return {'applied'}
