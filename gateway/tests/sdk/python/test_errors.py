"""Each error as the library raises it: class, status, code and what else customers read from it."""

import asyncio
from decimal import Decimal

import openai
import pytest

import gateway
from asking import FREE_MODEL, LONGEST_WAIT_S, MODEL, UPSTREAM_MODELS, question
from prices import cost

RETRY_COUNT = "x-stainless-retry-count"


def assert_is_enveloped(error, status, code):
    assert error.status_code == status
    assert error.code == code
    assert error.request_id
    assert isinstance(error.body["message"], str)
    assert error.body["message"]
    assert isinstance(error.type, str)
    assert set(error.body) >= {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "Hello"}]}, "messages[0].role"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_request(customer, model, wrong, param):
    with pytest.raises(openai.BadRequestError) as raised:
        customer.complete(**{**question(model), **wrong})
    assert_is_enveloped(raised.value, 400, "invalid_request")
    assert raised.value.param == param


def test_refusal_by_the_provider(customer, model):
    fault = {"status": 400, "message": "This conversation is too long."}
    with pytest.raises(openai.BadRequestError) as raised:
        customer.complete(**question(model, simulator={"fault": fault}))
    assert_is_enveloped(raised.value, 400, "invalid_request")
    assert "This conversation is too long." in raised.value.message


def test_a_refused_stream_is_an_error_before_it_begins(customer, model):
    with pytest.raises(openai.BadRequestError):
        customer.read_stream([], **question(model, temperature=3))
    with pytest.raises(openai.BadRequestError):
        customer.read_stream([], **question(model, simulator={"fault": {"status": 400}}))


@pytest.mark.parametrize("api_key", ["sk-syn-" + "0" * 43, "sk-syn-short", "sk-proj-of-another-service"])
def test_wrong_key(connect, api_key):
    with pytest.raises(openai.AuthenticationError) as raised:
        connect(api_key).complete(**question())
    assert_is_enveloped(raised.value, 401, "invalid_api_key")


def test_no_key(customer):
    with pytest.raises(openai.AuthenticationError) as raised:
        customer.complete(**question(), extra_headers={"Authorization": openai.omit})
    assert_is_enveloped(raised.value, 401, "invalid_api_key")


def test_revoked_key(connect):
    api_key, key_id = gateway.new_key(gateway.new_account("1"))
    customer = connect(api_key)
    customer.complete(**question())
    gateway.revoke(key_id)
    with pytest.raises(openai.AuthenticationError) as raised:
        customer.complete(**question())
    assert_is_enveloped(raised.value, 401, "invalid_api_key")


def test_unknown_model(customer):
    with pytest.raises(openai.NotFoundError) as raised:
        customer.complete(**question("openai/no-such-model"))
    assert_is_enveloped(raised.value, 404, "model_not_found")


def test_rate_limit(connect):
    api_key, _ = gateway.new_key(gateway.new_account("1"), rpm=2)
    customer = connect(api_key)
    customer.complete(**question())
    customer.complete(**question())
    with pytest.raises(openai.RateLimitError) as raised:
        customer.complete(**question())
    assert_is_enveloped(raised.value, 429, "rate_limit_exceeded")
    headers = raised.value.response.headers
    assert 1 <= int(headers["retry-after"]) <= LONGEST_WAIT_S
    assert 1 <= int(headers["retry-after-ms"]) <= LONGEST_WAIT_S * 1_000
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("2", "0")
    assert headers["x-ratelimit-reset"] == headers["retry-after"]


def test_limit_of_zero_is_not_retried(connect):
    api_key, _ = gateway.new_key(gateway.new_account("1"), rpm=0)
    with pytest.raises(openai.RateLimitError) as raised:
        connect(api_key, max_retries=openai.DEFAULT_MAX_RETRIES).complete(**question())
    assert raised.value.request.headers[RETRY_COUNT] == "0"


def test_no_balance(connect):
    api_key, _ = gateway.new_key(gateway.new_account())
    customer = connect(api_key, max_retries=openai.DEFAULT_MAX_RETRIES)
    with pytest.raises(openai.APIStatusError) as raised:
        customer.complete(**question(max_tokens=100))
    assert type(raised.value) is openai.APIStatusError
    assert_is_enveloped(raised.value, 402, "insufficient_balance")
    assert raised.value.request.headers[RETRY_COUNT] == "0"
    body = raised.value.body
    assert Decimal(str(body["required_usd"])) > 0
    assert Decimal(str(body["available_usd"])) == 0
    assert Decimal(str(body["held_usd"])) == 0
    assert body["affordable_tokens"] == 0


def test_a_free_model_needs_no_balance(connect):
    api_key, _ = gateway.new_key(gateway.new_account())
    assert cost(connect(api_key).complete(**question(FREE_MODEL)).usage) == 0


FAILURES = [
    ({"status": 500}, 502, "upstream_error"),
    ({"status": 502, "body": "html"}, 502, "upstream_error"),
    ({"status": 500, "body": "empty"}, 502, "upstream_error"),
    ({"status": 500, "body": "garbage"}, 502, "upstream_error"),
    ({"status": 401}, 502, "upstream_error"),
    ({"status": 404}, 502, "upstream_error"),
    ({"close_before_head": True}, 502, "upstream_error"),
    ({"cut_after": 3}, 502, "upstream_error"),
    ({"status": 503}, 503, "upstream_unavailable"),
    ({"status": 529}, 503, "upstream_unavailable"),
    ({"status": 429}, 503, "upstream_unavailable"),
    ({"status": 408}, 504, "upstream_timeout"),
]


def assert_is_failure(error, status, code):
    assert isinstance(error, openai.InternalServerError)
    assert_is_enveloped(error, status, code)
    # Neither the page of a proxy nor the address of the provider.
    assert "<" not in error.message
    assert "127.0.0.1" not in error.message


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    FAILURES,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_failure_of_the_provider(customer, fault, status, code):
    with pytest.raises(openai.InternalServerError) as raised:
        customer.complete(**question(simulator={"fault": fault}))
    assert_is_failure(raised.value, status, code)


# All at once, since the gateway tries each a few times.
@pytest.mark.parametrize("model", [model for model in UPSTREAM_MODELS if model != MODEL])
def test_failures_of_other_providers(model):
    api_key, _ = gateway.new_key(gateway.new_account("5"))

    async def ask_all():
        async with openai.AsyncOpenAI(api_key=api_key, base_url=gateway.BASE_URL, max_retries=0) as client:
            bodies = [question(model, simulator={"fault": fault}) for fault, _, _ in FAILURES]
            asking = [client.chat.completions.create(**body) for body in bodies]
            return await asyncio.gather(*asking, return_exceptions=True)

    for error, (_, status, code) in zip(asyncio.run(ask_all()), FAILURES, strict=True):
        assert_is_failure(error, status, code)


def test_the_operators_debt_is_not_the_customers(customer):
    fault = {"status": 429, "code": "insufficient_quota"}
    with pytest.raises(openai.InternalServerError) as raised:
        customer.complete(**question(simulator={"fault": fault}))
    assert_is_enveloped(raised.value, 503, "upstream_unavailable")


def test_limit_of_the_provider_is_not_the_customers(customer, model):
    fault = {"status": 429, "retry_after": "7"}
    with pytest.raises(openai.InternalServerError) as raised:
        customer.complete(**question(model, simulator={"fault": fault}))
    assert_is_enveloped(raised.value, 503, "upstream_unavailable")
    assert raised.value.response.headers["retry-after"] == "7"


def test_errors_do_not_show_the_key(connect):
    api_key = "sk-syn-" + "1" * 43
    with pytest.raises(openai.AuthenticationError) as raised:
        connect(api_key).complete(**question(MODEL))
    assert api_key not in raised.value.response.text
