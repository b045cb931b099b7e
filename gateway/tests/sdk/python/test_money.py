"""The balance, to the nano-dollar."""

import time
from decimal import Decimal

import openai
import pytest

import gateway
from asking import FREE_MODEL, MODEL, UPSTREAM_MODELS, question
from prices import MODELS, NANO_USD, cost, expected_cost

CREDIT_USD = "5"
# Their vendor bills what it writes into its cache at a price of its own.
CACHE_WRITERS = [row["id"] for row in MODELS if row["cache_write"] != row["input"]]
SETTLED_WITHIN_S = 30
POLL_S = 0.05


def key_at_rest(customer):
    """What the key's page says once nothing is held any more: a hold that ended in an error is released behind it."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while Decimal((key := customer.show_key())["held_usd"]) != 0:
        assert time.monotonic() < deadline, f"still held: {key}"
        time.sleep(POLL_S)
    return key


def streamed_usage(customer, **body):
    """The usage at the end of a stream."""
    chunks = []
    customer.read_stream(chunks, stream_options={"include_usage": True}, **body)
    return chunks[-1].usage


def usages(customer):
    """Requests of every kind that is charged: the model and the usage of each."""
    for row in MODELS:
        completion = customer.complete(**question(row["id"], max_tokens=40, simulator={"tokens": 33}))
        assert completion.usage.completion_tokens == 33
        yield row["id"], completion.usage
    for model in (MODEL, "openai/o1", FREE_MODEL):
        simulator = {"tokens": 21, "cached_tokens": 7, "reasoning_tokens": 5}
        usage = streamed_usage(customer, **question(model, n=2, simulator=simulator))
        assert usage.completion_tokens == 42
        assert usage.prompt_tokens_details.cached_tokens == 7
        yield model, usage
    for model in CACHE_WRITERS:
        simulator = {"tokens": 21, "cached_tokens": 7, "cache_write_tokens": 11}
        body = question(model, simulator=simulator)
        for usage in (customer.complete(**body).usage, streamed_usage(customer, **body)):
            details = usage.prompt_tokens_details
            assert (details.cached_tokens, details.cache_write_tokens) == (7, 11)
            assert usage.prompt_tokens > 18
            yield model, usage


def fail(customer):
    """Requests that are not charged."""
    for model in UPSTREAM_MODELS:
        for fault in ({"status": 401}, {"status": 400}, {"close_before_head": True}):
            with pytest.raises(openai.APIStatusError):
                customer.complete(**question(model, simulator={"fault": fault}))


def test_balance_is_the_credit_less_all_costs(connect):
    email = gateway.new_account(CREDIT_USD)
    customer = connect(gateway.new_key(email)[0])
    spent = Decimal(0)
    for model, usage in usages(customer):
        assert cost(usage) == expected_cost(model, usage), model
        spent += cost(usage)
    fail(customer)
    assert spent > 0
    key = key_at_rest(customer)
    assert Decimal(key["balance_usd"]) == Decimal(CREDIT_USD) - spent
    assert Decimal(key["spent_usd"]["total"]) == spent
    account = gateway.administer("account", "show", "--email", email)
    assert account["balance"] * NANO_USD == Decimal(CREDIT_USD) - spent
    assert account["held"] == 0


def test_a_stream_without_its_usage_is_charged_all_the_same(connect, model):
    customer = connect(gateway.new_key(gateway.new_account(CREDIT_USD))[0])
    body = question(model, simulator={"tokens": 30})
    expected = customer.complete(**body).usage
    customer.read_stream([], **body)
    key = key_at_rest(customer)
    assert Decimal(CREDIT_USD) - Decimal(key["balance_usd"]) == 2 * cost(expected)
