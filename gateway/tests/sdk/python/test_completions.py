"""Answers that come whole."""

import json

import openai
import pytest

import gateway
from asking import MESSAGES, MODEL, UPSTREAM_MODELS, controlled, provider_of, question
from prices import cost, expected_cost

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
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_completion(customer, model):
    completion = customer.complete(**question(model, simulator={"tokens": 7}))
    (choice,) = completion.choices
    assert completion.object == "chat.completion"
    assert completion.id
    assert completion.model == model
    assert completion.provider == provider_of(model)
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert choice.message.role == "assistant"
    assert len(choice.message.content.split()) == 7
    assert choice.message.tool_calls is None
    assert choice.message.refusal is None


def test_usage_is_what_the_provider_served(customer, model):
    tag = gateway.new_tag()
    usage = customer.complete(**question(model, simulator={"tokens": 11, "cached_tokens": 5, "tag": tag})).usage
    (served,) = gateway.served(tag)
    assert served["model"] == UPSTREAM_MODELS[model]
    assert (usage.prompt_tokens, usage.completion_tokens) == (served["prompt_tokens"], served["completion_tokens"])
    assert usage.completion_tokens == 11
    assert usage.prompt_tokens_details.cached_tokens == 5
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens
    assert cost(usage) == expected_cost(model, usage)
    assert usage.cost_details


@pytest.mark.parametrize("model", [MODEL, "google/gemini-1.5-pro"])
def test_reasoning_is_part_of_the_completion(customer, model):
    usage = customer.complete(**question(model, simulator={"tokens": 11, "reasoning_tokens": 4})).usage
    assert usage.completion_tokens == 11
    assert usage.completion_tokens_details.reasoning_tokens == 4
    assert cost(usage) == expected_cost(model, usage)


def test_length_is_the_finish_reason_of_an_answer_that_was_cut(customer, model):
    for maximum in ("max_tokens", "max_completion_tokens"):
        completion = customer.complete(**question(model, simulator={"tokens": 16}, **{maximum: 5}))
        assert completion.choices[0].finish_reason == "length"
        assert completion.usage.completion_tokens == 5


def test_several_choices(customer, model):
    body = question(model, n=2, simulator={"tokens": 6})
    if provider_of(model) == "anthropic":
        with pytest.raises(openai.BadRequestError) as raised:
            customer.complete(**body)
        assert raised.value.param == "n"
        return
    completion = customer.complete(**body)
    first, second = completion.choices
    assert (first.index, second.index) == (0, 1)
    assert first.message.content != second.message.content
    assert completion.usage.completion_tokens == 12
    assert cost(completion.usage) == expected_cost(model, completion.usage)


# The simulator cuts no answer of OpenAI's.
@pytest.mark.parametrize("model", [model for model in UPSTREAM_MODELS if model != MODEL])
def test_a_stop_ends_the_answer(customer, model):
    whole = customer.complete(**question(model, simulator={"tokens": 6})).choices[0].message.content
    stop = whole.split()[3]
    choice = customer.complete(**question(model, stop=stop, simulator={"tokens": 6})).choices[0]
    assert choice.finish_reason == "stop"
    assert choice.message.content.split() == whole.split()[:3]


def test_parameters_reach_openai_as_they_were_given(customer):
    tag = gateway.new_tag()
    completion = customer.complete(**question(**PARAMETERS, simulator={"tag": tag}))
    (served,) = gateway.served(tag)
    sent = json.loads(served["body"])
    assert sent == {**PARAMETERS, "model": "gpt-4o-mini", "messages": controlled(MESSAGES, {"tag": tag})}
    (token, *_) = completion.choices[0].logprobs.content
    assert len(token.top_logprobs) == 2


def test_an_unknown_parameter_reaches_openai(customer):
    tag = gateway.new_tag()
    customer.complete(**question(extra_body={"simulator": {"tag": tag}}))
    (served,) = gateway.served(tag)
    assert json.loads(served["body"])["simulator"] == {"tag": tag}


def test_parts_of_a_message(customer, model):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
    ]
    tag = gateway.new_tag()
    messages = [{"role": "user", "content": parts}]
    completion = customer.complete(**question(model, messages, simulator={"tag": tag}, max_tokens=5))
    assert completion.usage.prompt_tokens > 85
    (served,) = gateway.served(tag)
    assert PNG in served["body"]


def test_an_image_elsewhere(customer, model):
    url = "https://example.com/picture.png"
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    tag = gateway.new_tag()
    body = question(model, [{"role": "user", "content": parts}], simulator={"tag": tag})
    if provider_of(model) == "google":
        with pytest.raises(openai.BadRequestError) as raised:
            customer.complete(**body)
        assert raised.value.param.startswith("messages[0].content[1]")
        assert gateway.served(tag) == []
        return
    customer.complete(**body)
    (served,) = gateway.served(tag)
    assert url in served["body"]


def test_json_mode(customer, model):
    messages = [{"role": "user", "content": "The capital of France, as JSON."}]
    completion = customer.complete(**question(model, messages, response_format={"type": "json_object"}))
    assert isinstance(json.loads(completion.choices[0].message.content), dict)
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].message.tool_calls is None


@pytest.mark.parametrize("suffix", ["/api/v1", "/api/v1/", "/v1"])
def test_base_urls(connect, api_key, suffix):
    base_url = gateway.BASE_URL.removesuffix("/api/v1") + suffix
    assert connect(api_key, base_url=base_url).complete(**question()).model == MODEL


def test_fallback_model(customer, model):
    first = "openai/gpt-4o"
    tag = gateway.new_tag()
    fault = {"model": "gpt-4o", "status": 500}
    body = question(first, simulator={"fault": fault, "tag": tag}, extra_body={"models": [model]})
    completion = customer.complete(**body)
    assert (completion.model, completion.provider) == (model, provider_of(model))
    assert cost(completion.usage) == expected_cost(model, completion.usage)
    assert [served["status"] for served in gateway.served(tag)][-1] == 200
