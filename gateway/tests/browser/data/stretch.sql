-- Makes of a customer with a lot what is hardest to lay out: the longest names that there may be, and amounts as large as
-- a balance can be, with nine decimals.
UPDATE users SET email = substr(id, 29) || '.a.person.with.a.rather.long.name@some-department.of-a-long-name.example.com';

UPDATE api_keys SET
    name = CASE name
        WHEN 'staging' THEN 'thekeyofanobodywhousesnospacesandgoesonandonuntilhehasahundredcharactersandthenthatisallthereis12345'
        ELSE 'The nightly evaluation of everything that research has ever built, in all languages, ' || substr(id, 24)
    END,
    spent_day = 1234567890123, spent_month = 123456789012345, spent_total = 9007199254740991,
    limit_day = 9007199254740991, limit_month = 9007199254740991, limit_total = 9007199254740991;

UPDATE usage SET
    model = 'an-organisation-of-some-size/' || replace(model, '/', '-') || '-405b-instruct-turbo-preview-2026-11-24',
    provider = provider || '-compatible-of-another-region',
    upstream = upstream || '-compatible-of-another-region',
    input_tokens = input_tokens * 1000, cached_input_tokens = input_tokens * 100, cache_write_tokens = 123456,
    output_tokens = output_tokens * 1000, reasoning_tokens = output_tokens * 100,
    charged = charged * 123457, duration_ms = duration_ms * 300, first_byte_ms = first_byte_ms * 30;

UPDATE transfers SET
    amount = amount * 1234, posted_after = 9007199254740991,
    op = CASE WHEN credit_no IS NULL THEN op ELSE op || '-of-a-shop-with-very-long-invoice-numbers' END;

UPDATE account_daily SET
    model = 'an-organisation-of-some-size/' || replace(model, '/', '-') || '-405b-instruct-turbo-preview-2026-11-24',
    requests = requests * 12345, input_tokens = input_tokens * 12345, cost = cost * 12345;

UPDATE operator_daily SET
    model = 'an-organisation-of-some-size/' || replace(model, '/', '-') || '-405b-instruct-turbo-preview-2026-11-24',
    upstream = upstream || '-compatible-of-another-region',
    requests = requests * 12345, cost = cost * 1234567, priced_cost = cost * 1234567, cost_price = cost * 1034567;

UPDATE sessions SET
    address = '2001:0db8:85a3:08d3:1319:8a2e:0370:7344',
    agent = 'A browser that tells a lot of itself, of the system it runs on, and of the device of its user';

UPDATE invitations SET
    email = substr(id, 29) || '.a.person.with.a.rather.long.name@some-department.of-a-long-name.example.com';
