#!lua
-- Admits the first so many of a key's requests as its window of 60 s has room for, and counts them in the same step.
--
-- KEYS: 1 the key's window
-- ARGV: 1 limit: requests that any window may hold, 0 to 2^32 - 1
--       2 count: requests that ask, 0 to 2^32 - 1; 0 asks without consuming
--       3 now: microseconds of any clock, for tests; absent in production, where the server's own clock counts
-- Returns {admitted, remaining, next}: how many were admitted, how many more would be now, and in how many
-- microseconds more would be. Or an error, with nothing written: INVALID_ARGUMENT, or INVALID_STATE where the key
-- holds something else.
-- Called by RedisWindow::check_all. The rules are those of ring.rs, which tests compare it with.
--
-- The window is one string, updated in place: a header, then a ring of entries (instant, count), oldest first, which
-- grows when it is full. The newest entry is in the header, because later admissions may join it.
--   last       the latest instant seen: the key's time never runs backwards
--   renewed    when the server last put off the end of the key, by its clock as it was then
--   used       the sum of all counts
--   newest_at, newest_count; count 0 where the window is empty
--   oldest_at  the instant of the oldest entry, so that most calls read no entry at all
--   head, closed, room: where the ring begins, how many entries are in it, how many fit
local WINDOW, EXACT_LIMIT, STRETCH = 60000000, 1000, 234375
local LIFETIME_MS = 121000 -- two windows and a second: renewing it once a window leaves one window and more
local HEADER, HEADER_SIZE = '<I7I7I4I7I4I7I2I2I2', 42
local ENTRY, ENTRY_SIZE = '<I7I4', 11
local FIRST_ROOM, FIRST_READ = 8, 4

local call, pack, unpack, floor, min = redis.call, struct.pack, struct.unpack, math.floor, math.min
local key = KEYS[1]
local limit, count = tonumber(ARGV[1]), tonumber(ARGV[2])

if not (limit and limit >= 0 and limit <= 4294967295 and limit % 1 == 0
    and count and count >= 0 and count <= 4294967295 and count % 1 == 0) then
  return redis.error_reply('INVALID_ARGUMENT limit and count are 0 to 2^32 - 1')
end

local clock
if ARGV[3] then
  clock = tonumber(ARGV[3])
  if not (clock and clock >= 0 and clock <= 9007199254740991 and clock % 1 == 0) then
    return redis.error_reply('INVALID_ARGUMENT now is 0 to 2^53 - 1')
  end
else
  local time = call('TIME')
  clock = time[1] * 1000000 + time[2]
end

local last, renewed, used, newest_at, newest_count, oldest_at, head, closed, room = 0, 0, 0, 0, 0, 0, 0, 0, FIRST_ROOM
local header = call('GETRANGE', key, 0, HEADER_SIZE - 1)
local is_new = header == ''
if not is_new then
  if #header ~= HEADER_SIZE then
    return redis.error_reply('INVALID_STATE the key holds no window')
  end
  last, renewed, used, newest_at, newest_count, oldest_at, head, closed, room = unpack(HEADER, header)
end
local now = clock > last and clock or last

-- Forget what has left the window. Nothing is written yet: the ring keeps the bytes, the header forgets them.
if newest_count > 0 and now - newest_at > WINDOW then
  used, newest_count, head, closed = 0, 0, 0, 0
elseif newest_count > 0 and now - oldest_at > WINDOW then
  -- Read more entries at a time the more have left.
  local more, read = true, FIRST_READ
  while more and closed > 0 do
    local fetched = min(read, closed, room - head)
    local start = HEADER_SIZE + head * ENTRY_SIZE
    local bytes = call('GETRANGE', key, start, start + fetched * ENTRY_SIZE - 1)
    local left = 0
    while more and left < fetched do
      local at, entry_count = unpack(ENTRY, bytes, left * ENTRY_SIZE + 1)
      if now - at > WINDOW then
        left, used = left + 1, used - entry_count
      else
        more, oldest_at = false, at
      end
    end
    head, closed, read = (head + left) % room, closed - left, read * 4
  end
  if more then oldest_at = newest_at end
end

local admitted = min(count, limit > used and limit - used or 0)
if admitted > 0 then
  local stretch = limit <= EXACT_LIMIT and 1 or STRETCH
  if newest_count > 0 and floor(newest_at / stretch) ~= floor(now / stretch) then
    if closed == room then
      if head > 0 then
        local bytes = call('GETRANGE', key, HEADER_SIZE, -1)
        local turn = head * ENTRY_SIZE
        call('SETRANGE', key, HEADER_SIZE, bytes:sub(turn + 1) .. bytes:sub(1, turn))
        head = 0
      end
      room = room * 2
    end
    call('SETRANGE', key, HEADER_SIZE + (head + closed) % room * ENTRY_SIZE, pack(ENTRY, newest_at, newest_count))
    closed, newest_count = closed + 1, 0
  end
  newest_at, newest_count, used = now, newest_count + admitted, used + admitted
  if closed == 0 then oldest_at = now end
end

if is_new or admitted > 0 or now > last then
  -- Silent keys vanish. A call that admits nothing does not put that off, so that a window of a clock that was set
  -- back does not outlive its admissions by more than a window, however often it is asked.
  local renews = is_new or clock < renewed or admitted > 0 and clock - renewed > WINDOW
  if renews then renewed = clock end
  call('SETRANGE', key, 0, pack(HEADER, now, renewed, used, newest_at, newest_count, oldest_at, head, closed, room))
  if renews then call('PEXPIRE', key, LIFETIME_MS) end
end

if limit == 0 then
  return {admitted, 0, WINDOW}
elseif newest_count == 0 then
  return {admitted, limit, 0}
elseif used <= limit then
  return {admitted, limit - used, oldest_at + WINDOW + 1 - now}
end

-- The limit was lowered below what is used: there is more room when enough entries have left.
local left, next_at = used, newest_at
local bytes = call('GETRANGE', key, HEADER_SIZE, HEADER_SIZE + room * ENTRY_SIZE - 1)
for nth = 0, closed - 1 do
  local at, entry_count = unpack(ENTRY, bytes, (head + nth) % room * ENTRY_SIZE + 1)
  left = left - entry_count
  if left < limit then
    next_at = at
    break
  end
end
return {admitted, 0, next_at + WINDOW + 1 - now}
