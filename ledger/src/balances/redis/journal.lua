-- What the scripts that read the journal have in common; stands behind the prelude and in front of each of them.
--
-- KEYS, ARGV and what a script returns are told by its own header.

-- The value of the first field, the nonce, of an entry.
local function nonce_of(entry)
  return entry[2][2]
end

-- Whether the entry at an id is the one with this nonce: ids repeat after a loss, nonces do not.
local function has_entry(journal, id, nonce)
  local entry = call('XRANGE', journal, id, id)[1]
  return entry and nonce_of(entry) == nonce
end

-- The greatest id that the journal has ever given away.
local function last_id(journal)
  if call('EXISTS', journal) == 0 then return '0-0' end
  local info = call('XINFO', 'STREAM', journal)
  for place = 1, #info, 2 do
    if info[place] == 'last-generated-id' then return info[place + 1] end
  end
end
