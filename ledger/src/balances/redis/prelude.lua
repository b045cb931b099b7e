-- What the scripts of the balances have in common; stands in front of each of them.
--
-- KEYS, ARGV and what a script returns are told by its own header. Each answer is a list of strings: a word, then its
-- figures. Amounts are integer nano-dollars below 2^53, at which doubles begin to round, and travel as strings.
-- A record carries the epoch in which it was written, and one of another epoch counts as absent.
local call, floor, match = redis.call, math.floor, string.match
local MAX = 9007199254740991

-- The digits of an integer. Zero is never '-0', which Redis would refuse in the middle of a script.
local function digits(number)
  if number == 0 then return '0' end
  return string.format('%.0f', number)
end

local function is_storable(number)
  return number and number == floor(number) and number <= MAX and number >= -MAX
end

-- The shard's epoch while it is open; nothing while it is frozen, or lost.
local function open_epoch(meta)
  local fields = call('HMGET', meta, 'epoch', 'state')
  if fields[2] == 'open' then return fields[1] end
end

-- Milliseconds since 1970 by the server's own clock, or by the one that tests give.
local function unix_ms(given)
  if given ~= '' then return tonumber(given) end
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

-- The UTC day of a moment from 1970-01-01, and the UTC month from January of year 0: `utc_day` and `utc_month` of
-- shared/src/clock.rs.
local function calendar(ms)
  local day = floor(ms / 86400000)
  local shifted = day + 719468
  local era = floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local year_of_era = floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524)
    - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local march_based = floor((5 * day_of_year + 2) / 153)
  if march_based < 10 then return day, (year_of_era + era * 400) * 12 + march_based + 2 end
  return day, (year_of_era + era * 400 + 1) * 12 + march_based - 10
end

-- What a key has spent in the periods of a moment: account.rs tells the rule (`Spending::within`).
local function spent_within(day_spent, day_no, month_spent, month_no, ms)
  local day, month = calendar(ms)
  local jumped = day + 1 < day_no
  if month_no < month or (jumped and month_no ~= month) then month_spent, month_no = 0, month end
  if day_no < day or jumped then day_spent, day_no = 0, day end
  return day_spent, day_no, month_spent, month_no
end

-- What an open hold is called in the expiry set: enough to name all keys of its end.
local function expiry_member(id, account, key)
  return id .. ':' .. account .. ':' .. key
end

-- A hold is one string, since each further field of a hash costs its finding and its own bytes:
--   epoch open account key amount min want cost usage      min and want are '-' of one that a checkpoint put back
--   epoch settled|released|expired account key charged     for as long as replays may come
local function read_hold(name, epoch)
  local record = call('GET', name)
  if not record then return end
  local written_in, state, account, key, rest = match(record, '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  if written_in ~= epoch then return end
  local hold = {state = state, account = account, key = key}
  if state == 'open' then
    hold.amount, hold.min, hold.want, hold.cost, hold.usage = match(rest, '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  else
    hold.charged = rest
  end
  return hold
end

local function write_open(name, epoch, hold)
  call('SET', name, table.concat({epoch, 'open', hold.account, hold.key, hold.amount, hold.min, hold.want, hold.cost,
    hold.usage}, ' '))
end
