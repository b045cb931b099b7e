-- The key that the playground of an account pays with, once it was used.
ALTER TABLE accounts ADD COLUMN playground_key TEXT;
