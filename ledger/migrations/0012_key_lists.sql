-- The keys of an account that work, and those that do not any more, each found without the others.
CREATE INDEX api_keys_active ON api_keys (account, id) WHERE status = 'active';
CREATE INDEX api_keys_revoked ON api_keys (account, id) WHERE status <> 'active';
CREATE INDEX api_keys_expiring ON api_keys (account, id) WHERE expires_ms IS NOT NULL;
