#!lua flags=no-writes
-- Counts the entries of the journal.
--
-- KEYS: 1 journal
-- ARGV: none
-- Returns how many there are, the last booked one included.
-- Called by RedisBalances::lengths.
return call('XLEN', KEYS[1])
