-- Payments of customers through a payment service, and what it told.

-- `session` and `intent` are the service's names of the checkout and of the payment itself. What is `credited` is part
-- of the balance; `refunds_booked` and `disputes_booked` are the cents of it that have gone back from there, and `moves`
-- is how often that changed. `refunded_cents` is the highest sum of all its refunds that the service has told of.
-- Without a user it was begun elsewhere, and the operator said whose it is.
CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    user_id TEXT REFERENCES users (id),
    state TEXT NOT NULL CHECK (state IN ('created', 'open', 'paid', 'expired', 'failed')),
    cents BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    session TEXT UNIQUE,
    intent TEXT UNIQUE,
    credited BIGINT NOT NULL DEFAULT 0,
    refunded_cents BIGINT NOT NULL DEFAULT 0,
    refunds_booked BIGINT NOT NULL DEFAULT 0,
    disputes_booked BIGINT NOT NULL DEFAULT 0,
    moves BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX payments_open ON payments (account, id) WHERE state = 'open';

-- Refunds and disputes, by the service's names of them. `state` only grows: 0 announced, 1 gone, 2 back.
CREATE TABLE payment_returns (
    id TEXT NOT NULL PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES payments (id),
    kind TEXT NOT NULL CHECK (kind IN ('refund', 'dispute')),
    cents BIGINT NOT NULL,
    state BIGINT NOT NULL
);
CREATE INDEX payment_returns_by_payment ON payment_returns (payment, kind);

-- Events that have been dealt with, so that they are not once more.
CREATE TABLE webhook_events (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('booked', 'unmatched')),
    at_ms BIGINT NOT NULL
);

-- Events that belong to no payment, until the operator says what they are. `news` is what they say, as JSON.
CREATE TABLE unmatched_events (
    id TEXT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL UNIQUE REFERENCES webhook_events (id),
    kind TEXT NOT NULL,
    intent TEXT,
    news TEXT NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'assigned', 'dismissed')),
    at_ms BIGINT NOT NULL
);
CREATE INDEX unmatched_events_open ON unmatched_events (id) WHERE state = 'open';
CREATE INDEX unmatched_events_by_intent ON unmatched_events (intent);

-- Lists of transfers: all of an account go by the primary key, those that are no charges by this.
CREATE INDEX transfers_of_money_in ON transfers (account, id) WHERE credit_no IS NOT NULL;
