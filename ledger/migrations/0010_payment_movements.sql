-- When the payment service said what is known of refunds and disputes, and what money each has moved.

-- When it told of `refunded_cents`, in seconds since the Unix epoch.
ALTER TABLE payments ADD COLUMN refunded_told_s BIGINT NOT NULL DEFAULT 0;

-- When it told of `state` and `cents`: the latest word counts.
ALTER TABLE payment_returns ADD COLUMN told_s BIGINT NOT NULL DEFAULT 0;

-- Movements of money by the service's names of them: `cents` are negative where they went to the customer.
CREATE TABLE payment_movements (
    id TEXT NOT NULL PRIMARY KEY,
    return_id TEXT NOT NULL REFERENCES payment_returns (id),
    cents BIGINT NOT NULL
);
CREATE INDEX payment_movements_by_return ON payment_movements (return_id);
