#!lua flags=allow-oom
-- Ends a request without a hold, given what the book had for it in an epoch.
--
-- KEYS: 1 meta  2 hold  3 account  4 key  5 expiry set  6 journal
-- ARGV: 1 id  2 account  3 key  4 kind: settle, release or expire  5 cost in total  6 usage as JSON
--       7 nonce of this call  8 now in ms, for tests; else empty
--       9 epoch in which the book was asked  10 how it ended in the book, or empty  11 its total in the book, or empty
-- Returns what finish.lua returns; in another epoch `unknown`.
-- Called by RedisBalances::finish_unknown.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end
local hold = read_hold(KEYS[2], epoch)
if hold then return finish_known(epoch, hold) end
if ARGV[9] ~= epoch then return {'unknown', epoch} end

local account, key = call('HMGET', KEYS[3], 'e', 'posted'), call('HMGET', KEYS[4], 'e', 'held', 'account')
local knows_account = account[1] == epoch and account[2]
if not (knows_account and key[1] == epoch and key[2] and key[3] == ARGV[2]) then return {'unseeded', epoch} end

if ARGV[10] ~= '' then
  local booked = {state = ARGV[10], account = ARGV[2], key = ARGV[3], charged = ARGV[11]}
  local answer = finish_known(epoch, booked)
  -- A difference that was posted has left its own record.
  if not read_hold(KEYS[2], epoch) then remember(epoch, booked.state, tonumber(booked.charged)) end
  return answer
end
if kind == 'expire' then return {'done'} end
local total = total_of(ARGV[5])
if not total then return {'conflict'} end
return post(epoch, nil, ENDED_AS[kind], total, total)
