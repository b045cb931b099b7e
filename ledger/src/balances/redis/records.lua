-- What the scripts that read records have in common; stands behind the prelude and in front of each of them.
--
-- KEYS, ARGV and what a script returns are told by its own header. A record that is not seeded in the epoch is empty;
-- else it is
--   posted, held, credit_no, moves, status, version                                     of an account
--   account, version, status, expires, day limit, month limit, total limit, held,
--   spent today, day_no, spent this month, month_no, spent in total                     of a key
local function account_record(name, epoch)
  local record = call('HMGET', name, 'posted', 'held', 'credit_no', 'moves', 'status', 'version', 'e')
  if not record[1] or table.remove(record) ~= epoch then return {} end
  return record
end

local function key_record(name, epoch)
  local record = call('HMGET', name, 'account', 'version', 'status', 'expires', 'limit_day', 'limit_month',
    'limit_total', 'held', 'spent_day', 'day_no', 'spent_month', 'month_no', 'spent_total', 'e')
  if not record[8] or table.remove(record) ~= epoch then return {} end
  return record
end
