"""Answers that come whole."""

import json

import pytest

import gateway
from asking import MESSAGES, MODEL, question
from prices import MODELS, cost, expected_cost

# What OpenAI's API knows and does not change the simulator's answer.
PARAMETERS = {
    "frequency_penalty": 0.25,
    "logit_bias": {"1734": -100},
    "logprobs": True,
    "max_completion_tokens": 64,
    "metadata": {"purpose": "test"},
    "modalities": ["text"],
    "n": 1,
    "prediction": {"type": "content", "content": "Paris"},
    "presence_penalty": -0.5,
    "prompt_cache_key": "capitals",
    "reasoning_effort": "low",
    "safety_identifier": "someone",
    "seed": 9_007_199_254_740_993,
    "service_tier": "auto",
    "stop": ["\n\n", "END"],
    "store": False,
    "temperature": 0.7,
    "top_logprobs": 2,
    "top_p": 0.9,
    "user": "someone",
    "verbosity": "low",
}


def test_completion(customer):
    completion = customer.complete(**question(simulator={"tokens": 7}))
    (choice,) = completion.choices
    assert completion.object == "chat.completion"
    assert completion.id
    assert completion.model == MODEL
    assert completion.provider == "openai"
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert choice.message.role == "assistant"
    assert len(choice.message.content.split()) == 7
    assert choice.message.tool_calls is None


@pytest.mark.parametrize("model", [row["id"] for row in MODELS])
def test_every_model_answers_under_its_public_id(customer, model):
    completion = customer.complete(**question(model, max_tokens=50))
    assert completion.model == model
    assert cost(completion.usage) == expected_cost(model, completion.usage)


def test_usage_adds_up(customer):
    simulator = {"tokens": 11, "cached_tokens": 5, "reasoning_tokens": 4}
    usage = customer.complete(**question(simulator=simulator)).usage
    assert usage.completion_tokens == 11
    assert usage.completion_tokens_details.reasoning_tokens == 4
    assert usage.prompt_tokens_details.cached_tokens == 5
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens
    assert cost(usage) == expected_cost(MODEL, usage)
    assert usage.cost_details


def test_length_is_the_finish_reason_of_an_answer_that_was_cut(customer):
    completion = customer.complete(**question(max_tokens=5, simulator={"tokens": 16}))
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 5


def test_several_choices(customer):
    completion = customer.complete(**question(n=2, simulator={"tokens": 6}))
    first, second = completion.choices
    assert (first.index, second.index) == (0, 1)
    assert first.message.content != second.message.content
    assert completion.usage.completion_tokens == 12
    assert cost(completion.usage) == expected_cost(MODEL, completion.usage)


def test_parameters_reach_the_provider_as_they_were_given(customer):
    tag = gateway.new_tag()
    completion = customer.complete(**question(**PARAMETERS, simulator={"tag": tag}))
    (served,) = gateway.served(tag)
    sent = json.loads(served["body"])
    expected = {**PARAMETERS, "model": "gpt-4o-mini", "messages": MESSAGES, "simulator": {"tag": tag}}
    assert sent == expected
    (token, *_) = completion.choices[0].logprobs.content
    assert len(token.top_logprobs) == 2


def test_parts_of_a_message(customer):
    image = "data:image/png;base64,iVBORw0KGgo="
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": image, "detail": "low"}},
    ]
    completion = customer.complete(**question(messages=[{"role": "user", "content": parts}], max_tokens=5))
    assert completion.usage.prompt_tokens > 85


def test_json_mode(customer):
    messages = [{"role": "user", "content": "The capital of France, as JSON."}]
    completion = customer.complete(**question(messages=messages, response_format={"type": "json_object"}))
    assert isinstance(json.loads(completion.choices[0].message.content), dict)


@pytest.mark.parametrize("suffix", ["/api/v1", "/api/v1/", "/v1"])
def test_base_urls(connect, api_key, suffix):
    base_url = gateway.BASE_URL.removesuffix("/api/v1") + suffix
    assert connect(api_key, base_url=base_url).complete(**question()).model == MODEL


def test_fallback_model(customer):
    fault = {"model": "gpt-4o", "status": 500}
    body = question("openai/gpt-4o")
    body["extra_body"] = {"models": [MODEL], "simulator": {"fault": fault}}
    completion = customer.complete(**body)
    assert completion.model == MODEL
    assert cost(completion.usage) == expected_cost(MODEL, completion.usage)
