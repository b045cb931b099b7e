"""All models of the API reference: text, tools and a form, whole and streamed, each with its usage and its price."""

import json

import pytest

import gateway
from asking import provider_of, question, text_of
from prices import MODELS, cost, expected_cost

ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "sum",
        "schema": {
            "type": "object",
            "properties": {"sum": {"type": "integer"}},
            "required": ["sum"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


@pytest.fixture(params=[row["id"] for row in MODELS])
def every_model(request):
    """Each model in turn."""
    return request.param


def ask_both_ways(customer, model, simulator=None, **parameters):
    """The message of an answer, whole and put together from a stream; their charges are checked."""
    tag = gateway.new_tag()
    body = question(model, simulator={**(simulator or {}), "tag": tag}, **parameters)
    answers = [
        customer.complete(**body),
        customer.accumulate_stream(stream_options={"include_usage": True}, **body),
    ]
    served = gateway.served(tag)
    assert len(served) == len(answers)
    for answer, record in zip(answers, served, strict=True):
        assert (answer.model, answer.provider) == (model, provider_of(model))
        assert answer.usage.prompt_tokens == record["prompt_tokens"]
        assert answer.usage.completion_tokens == record["completion_tokens"]
        assert cost(answer.usage) == expected_cost(model, answer.usage)
    return [answer.choices[0] for answer in answers]


def test_text(customer, every_model):
    whole, streamed = ask_both_ways(customer, every_model, {"tokens": 12}, max_tokens=50)
    assert (whole.finish_reason, streamed.finish_reason) == ("stop", "stop")
    assert len(whole.message.content.split()) == 12
    assert streamed.message.content == whole.message.content


def test_tools(customer, every_model):
    for choice in ask_both_ways(customer, every_model, {"tool_calls": 2}, tools=[ADD]):
        assert choice.finish_reason == "tool_calls"
        calls = choice.message.tool_calls
        assert [json.loads(call.function.arguments) for call in calls] == [{"a": 1, "b": 1}] * 2
        assert len({call.id for call in calls}) == 2


def test_a_form(customer, every_model):
    for choice in ask_both_ways(customer, every_model, response_format=SCHEMA):
        assert choice.finish_reason == "stop"
        assert json.loads(choice.message.content) == {"sum": 1}


def test_a_stream_as_it_comes(customer, every_model):
    chunks = []
    customer.read_stream(chunks, **question(every_model, simulator={"tokens": 9}))
    assert len(text_of(chunks).split()) == 9
    assert {chunk.model for chunk in chunks} == {every_model}
