-- What the scripts that end requests have in common; stands behind the prelude and in front of each of them.
--
-- KEYS: 1 meta  2 hold  3 account  4 key  5 expiry set  6 journal
-- ARGV: 1 id  2 account  3 key  4 kind: settle, release or expire  5 cost in total  6 usage as JSON
--       7 nonce of this call  8 now in ms, for tests; else empty
-- Each function returns the answer of its script, or nothing.
local ENDED_TTL_MS = 86400000
-- A figure that only grows stops here, far beyond what anybody can have spent, since Redis refuses what overflows.
local SPENT_MAX = 4611686018427387904
local ENDED_AS = {settle = 'settled', release = 'released', expire = 'expired'}
local kind = ARGV[4]

-- What is charged; nothing where no honest gateway sends it.
local function total_of(cost)
  if kind == 'release' then return 0 end
  cost = tonumber(cost)
  if is_storable(cost) and cost >= 0 then return cost end
end

-- Leaves of a request what its replays need.
local function remember(epoch, state, total)
  call('SET', KEYS[2], table.concat({epoch, state, ARGV[2], ARGV[3], digits(total)}, ' '), 'PX', ENDED_TTL_MS)
end

local function append(state, total, amount, day_no, month_no, now, usage)
  call('XADD', KEYS[6], '*', 'nonce', ARGV[7], 'id', ARGV[1], 'account', ARGV[2], 'key', ARGV[3], 'ended', state,
    'total', digits(total), 'amount', digits(amount), 'day_no', digits(day_no), 'month_no', digits(month_no),
    'at_ms', digits(now), 'usage', usage)
end

-- Leaves a trace of a release that overtook its hold. It moves no money, so that no record is needed.
local function bury(epoch)
  local now = unix_ms(ARGV[8])
  local day_no, month_no = calendar(now)
  remember(epoch, 'released', 0)
  append('released', 0, 0, day_no, month_no, now, ARGV[6])
  return {'done'}
end

-- Posts the end of a request: the only place where a charge moves a balance and a hold gives its money back.
local function post(epoch, hold, state, total, amount)
  local account = call('HMGET', KEYS[3], 'e', 'posted', 'held', 'moves')
  local key = call('HMGET', KEYS[4], 'e', 'held', 'spent_day', 'day_no', 'spent_month', 'month_no', 'spent_total')
  local knows_account, knows_key = account[1] == epoch and account[2], key[1] == epoch and key[2]
  if not (knows_account and knows_key) then return {'unseeded', epoch} end
  local posted = account[2] - amount
  if not is_storable(posted) then return {'conflict'} end

  local now = unix_ms(ARGV[8])
  local day, day_no, month, month_no =
    spent_within(tonumber(key[3]), tonumber(key[4]), tonumber(key[5]), tonumber(key[6]), now)
  local was_open = hold and hold.state == 'open'
  local held = was_open and tonumber(hold.amount) or 0
  local usage = ARGV[6]
  if was_open and kind == 'expire' then usage = hold.usage end

  call('HSET', KEYS[3], 'posted', digits(posted), 'held', digits(account[3] - held),
    'moves', digits(account[4] + (amount ~= 0 and 1 or 0)))
  local spent = tonumber(key[7]) + amount
  call('HSET', KEYS[4], 'held', digits(key[2] - held), 'spent_day', digits(math.min(day + amount, SPENT_MAX)),
    'day_no', digits(day_no), 'spent_month', digits(math.min(month + amount, SPENT_MAX)), 'month_no', digits(month_no),
    'spent_total', is_storable(spent) and digits(spent) or key[7])
  if not is_storable(spent) and spent < SPENT_MAX then
    call('HINCRBY', KEYS[4], 'spent_total', digits(amount))
  end
  remember(epoch, state, total)
  if was_open then call('ZREM', KEYS[5], expiry_member(ARGV[1], ARGV[2], ARGV[3])) end
  append(state, total, amount, day_no, month_no, now, usage)
  return {'done'}
end

-- What a finish means for a request that has ended: `finish_again` of account.rs.
local function finish_ended(epoch, hold)
  if hold.account ~= ARGV[2] or hold.key ~= ARGV[3] then return {'conflict'} end
  local total, charged = total_of(ARGV[5]), tonumber(hold.charged)
  if not total then return {'conflict'} end
  if kind == 'expire' then return {'done'} end
  if kind == 'settle' and hold.state == 'expired' then
    if charged < total then return post(epoch, hold, 'settled', total, total - charged) end
    return {'done'}
  end
  if kind == 'settle' and hold.state == 'released' or charged ~= total then return {'conflict'} end
  return {'done'}
end

-- Ends an open hold.
local function finish_open(epoch, hold)
  if hold.account ~= ARGV[2] or hold.key ~= ARGV[3] then return {'conflict'} end
  local cost = ARGV[5]
  if kind == 'expire' then
    local deadline = call('ZSCORE', KEYS[5], expiry_member(ARGV[1], ARGV[2], ARGV[3]))
    if deadline and unix_ms(ARGV[8]) < tonumber(deadline) then return {'alive'} end
    cost = hold.cost
  end
  local total = total_of(cost)
  if not total then return {'conflict'} end
  return post(epoch, hold, ENDED_AS[kind], total, total)
end

local function finish_known(epoch, hold)
  if hold.state == 'open' then return finish_open(epoch, hold) end
  return finish_ended(epoch, hold)
end
