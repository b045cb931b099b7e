"""What the library does around an answer: headers, timeouts and retries."""

import openai
import pytest

import gateway
from asking import LONGEST_WAIT_S, MODEL, UPSTREAM_MODELS, question

ATTEMPTS_OF_THE_GATEWAY = 3


def test_headers(customer):
    first = customer.complete_raw(**question())
    second = customer.complete_raw(**question())
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-ratelimit-limit"] == "1000"
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert left[1] < left[0] < 1000
    assert 0 <= int(first.headers["x-ratelimit-reset"]) <= LONGEST_WAIT_S
    assert first.parse().model == MODEL


def test_request_id_of_an_answer(customer):
    assert customer.complete(**question())._request_id


def test_headers_of_the_provider_are_kept_back(customer, model):
    names = {name.lower() for name in customer.complete_raw(**question(model)).headers}
    assert not names & {"set-cookie", "request-id"}
    assert not [name for name in names if name.startswith(("openai-", "anthropic-", "x-goog-", "x-ratelimit-limit-"))]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (MODEL, set()),
        ("anthropic/claude-3-5-sonnet", {"seed", "metadata", "colour"}),
        ("google/gemini-1.5-pro", {"metadata", "colour"}),
    ],
)
def test_what_is_left_out_is_told(customer, model, expected):
    body = question(model, seed=7, metadata={"purpose": "test"}, extra_body={"colour": "blue"})
    headers = customer.complete_raw(**body).headers
    dropped = headers.get("x-syntopen-dropped-params", "")
    assert set(dropped.split(", ")) - {""} == expected
    assert headers["x-syntopen-attempts"] == "1"


def test_timeout_before_the_answer(customer, model):
    fault = {"stall_before_head": True}
    with pytest.raises(openai.APITimeoutError):
        customer.complete(**question(model, simulator={"fault": fault}), timeout=0.5)


def test_timeout_within_a_stream(customer, model):
    chunks = []
    with pytest.raises(openai.APITimeoutError):
        customer.read_stream(chunks, **question(model, simulator={"fault": {"stall_after": 4}}), timeout=0.5)
    assert chunks


# A 503 comes with the wait of some seconds that the library then keeps, so that one must do.
@pytest.mark.parametrize(("model", "status"), [*((model, 500) for model in UPSTREAM_MODELS), (MODEL, 503)])
def test_the_library_retries_what_passes(connect, api_key, model, status):
    tag = gateway.new_tag()
    fault = {"status": status, "times": ATTEMPTS_OF_THE_GATEWAY}
    customer = connect(api_key, max_retries=openai.DEFAULT_MAX_RETRIES)
    answer = customer.complete_raw(**question(model, simulator={"fault": fault, "tag": tag}))
    assert answer.retries_taken == 1
    assert answer.parse().model == model
    statuses = [served["status"] for served in gateway.served(tag)]
    assert statuses == [status] * ATTEMPTS_OF_THE_GATEWAY + [200]


def test_the_gateway_retries_too(customer, model):
    tag = gateway.new_tag()
    fault = {"status": 500, "times": ATTEMPTS_OF_THE_GATEWAY - 1}
    chunks = []
    customer.read_stream(chunks, **question(model, simulator={"fault": fault, "tag": tag}))
    assert chunks
    assert len(gateway.served(tag)) == ATTEMPTS_OF_THE_GATEWAY
