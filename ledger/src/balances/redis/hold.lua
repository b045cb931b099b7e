#!lua
-- Reserves money for a request.
--
-- KEYS: 1 meta  2 hold  3 account  4 key  5 expiry set  6 journal
-- ARGV: 1 id  2 account  3 key  4 min  5 want  6 cost so far  7 usage as JSON
--       8 how long the hold lives, in ms  9 bound of the journal  10 now in ms, for tests; else empty
-- Returns one of
--   granted, amount, version of the key       it is open, now or before
--   unseeded, epoch                           account or key are not known
--   insufficient_balance, available, held
--   key_budget_exceeded, period, limit, spent, held
--   frozen | finished | backlog_full | key_revoked | key_expired | account_suspended | conflict
-- Called by RedisBalances::hold_all. The rules are those of `grant` in account.rs.
local epoch = open_epoch(KEYS[1])
if not epoch then return {'frozen'} end

local hold = read_hold(KEYS[2], epoch)
if hold and hold.state ~= 'open' then return {'finished'} end
-- The last booked entry stays in the journal and waits for nobody.
if not hold and call('XLEN', KEYS[6]) > tonumber(ARGV[9]) then return {'backlog_full'} end

local min, want = tonumber(ARGV[4]), tonumber(ARGV[5])
local figures_fit = 0 <= min and min <= want and want <= MAX
local account = call('HMGET', KEYS[3], 'e', 'posted', 'held', 'status')
local key = call('HMGET', KEYS[4], 'e', 'account', 'version', 'status', 'expires', 'held', 'limit_day', 'limit_month',
  'limit_total', 'spent_day', 'spent_month', 'spent_total', 'day_no', 'month_no')
local knows_account, knows_key = account[1] == epoch and account[2], key[1] == epoch and key[6]
if not (knows_account and knows_key) then
  -- A revocation is written even where nothing else is known.
  if key[1] == epoch and key[4] == 'revoked' then
    return {(figures_fit or key[2] ~= ARGV[2]) and 'key_revoked' or 'conflict'}
  end
  return {'unseeded', epoch}
end
if key[2] ~= ARGV[2] then return {'key_revoked'} end

if hold then
  local is_same = hold.account == ARGV[2] and hold.key == ARGV[3]
  if hold.min == '-' then -- a checkpoint put it back, and nobody knows what had been asked
    local amount = tonumber(hold.amount)
    is_same = is_same and min <= amount and amount <= want
  else
    is_same = is_same and hold.min == ARGV[4] and hold.want == ARGV[5]
  end
  if is_same then return {'granted', hold.amount, key[3]} end
  return {'conflict'}
end

local now = unix_ms(ARGV[10])
if not figures_fit then return {'conflict'} end
if key[4] == 'revoked' then return {'key_revoked'} end
if key[5] ~= '' and tonumber(key[5]) <= now then return {'key_expired'} end
if account[4] == 'suspended' then return {'account_suspended'} end

local held, key_held, amount = tonumber(account[3]), tonumber(key[6]), 0
if want > 0 then
  local available = account[2] - held
  if available < min then return {'insufficient_balance', digits(available), account[3]} end
  local day, _, month = spent_within(tonumber(key[10]), tonumber(key[13]), tonumber(key[11]), tonumber(key[14]), now)
  local room = MAX
  for _, budget in ipairs({{'day', key[7], day}, {'month', key[8], month}, {'total', key[9], tonumber(key[12])}}) do
    local limit = budget[2]
    if limit ~= '' then
      local left = limit - (budget[3] + key_held)
      if left < min then return {'key_budget_exceeded', budget[1], limit, digits(budget[3]), key[6]} end
      if left < room then room = left end
    end
  end
  amount = math.max(min, math.min(want, floor(available / 2), room))
end

write_open(KEYS[2], epoch, {account = ARGV[2], key = ARGV[3], amount = digits(amount), min = ARGV[4], want = ARGV[5],
  cost = ARGV[6], usage = ARGV[7]})
if amount > 0 then
  call('HSET', KEYS[3], 'held', digits(held + amount))
  call('HSET', KEYS[4], 'held', digits(key_held + amount))
end
call('ZADD', KEYS[5], digits(now + ARGV[8]), expiry_member(ARGV[1], ARGV[2], ARGV[3]))
return {'granted', digits(amount), key[3]}
