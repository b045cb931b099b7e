"""Tools: calls, whole and streamed, and the turn after their results."""

import json

import openai
import pytest
from pydantic import BaseModel

from asking import finishes_of, question, text_of
from prices import cost, expected_cost

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            },
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
EXPECTED_CALLS = [("get_weather", {"city": "text", "days": [1]}), ("get_time", {})]


class GetForecast(BaseModel):
    city: str
    days: int


def ask(model, simulator=None, **parameters):
    messages = [{"role": "user", "content": "What is the weather, and what time is it?"}]
    return question(model, messages, tools=[WEATHER, TIME], simulator=simulator, **parameters)


def called(message):
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]


def joined_calls(chunks):
    """The calls of a stream, put together by hand: id, name and arguments by position."""
    calls = {}
    for delta in (choice.delta for chunk in chunks for choice in chunk.choices):
        for part in delta.tool_calls or []:
            if part.id is not None:
                assert part.index not in calls, "a call begins once"
                calls[part.index] = {"id": part.id, "name": part.function.name, "arguments": ""}
            else:
                assert part.function.name is None, "libraries join the names that they get"
            calls[part.index]["arguments"] += part.function.arguments or ""
    return [calls[index] for index in sorted(calls)]


def test_parallel_calls(customer, model):
    completion = customer.complete(**ask(model, {"tool_calls": 2}))
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert called(choice.message) == EXPECTED_CALLS
    assert len({call.id for call in choice.message.tool_calls}) == 2


def test_streamed_calls(customer, model):
    chunks = []
    customer.read_stream(chunks, **ask(model, {"tool_calls": 2}))
    calls = joined_calls(chunks)
    assert [(call["name"], json.loads(call["arguments"])) for call in calls] == EXPECTED_CALLS
    assert len({call["id"] for call in calls}) == 2
    assert finishes_of(chunks) == ["tool_calls"]


def test_accumulated_calls(customer, model):
    completion = customer.accumulate_stream(**ask(model, {"tool_calls": 2}))
    assert called(completion.choices[0].message) == EXPECTED_CALLS


def test_second_turn(customer, model):
    first = customer.complete(**ask(model, {"tool_calls": 2}))
    body = ask(model)
    body["messages"] = [*body["messages"], first.choices[0].message]
    # In another order than that of the calls, which is allowed.
    for call in reversed(first.choices[0].message.tool_calls):
        body["messages"].append({"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: fine"})
    second = customer.complete(**body)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content
    assert cost(second.usage) == expected_cost(model, second.usage)
    chunks = []
    customer.read_stream(chunks, **body)
    assert text_of(chunks) == second.choices[0].message.content


def test_text_before_the_calls(customer, model):
    body = ask(model, {"tool_calls": 2, "preamble_tokens": 3})
    message = customer.complete(**body).choices[0].message
    assert len(message.content.split()) == 3
    assert called(message) == EXPECTED_CALLS
    chunks = []
    customer.read_stream(chunks, **body)
    assert text_of(chunks) == message.content
    assert len(joined_calls(chunks)) == 2
    body["messages"] = [*body["messages"], message]
    body["messages"] += [{"role": "tool", "tool_call_id": call.id, "content": "{}"} for call in message.tool_calls]
    assert customer.complete(**body).choices[0].finish_reason == "stop"


def test_one_call_at_a_time(customer, model):
    body = ask(model, {"tool_calls": 2}, parallel_tool_calls=False)
    assert called(customer.complete(**body).choices[0].message) == EXPECTED_CALLS[:1]
    chunks = []
    customer.read_stream(chunks, **body)
    assert len(joined_calls(chunks)) == 1
    assert finishes_of(chunks) == ["tool_calls"]


def test_a_result_that_is_missing_is_refused(customer, model):
    first = customer.complete(**ask(model, {"tool_calls": 2}))
    body = ask(model)
    call = first.choices[0].message.tool_calls[0]
    result = {"role": "tool", "tool_call_id": call.id, "content": "fine"}
    body["messages"] = [*body["messages"], first.choices[0].message, result]
    with pytest.raises(openai.BadRequestError) as raised:
        customer.complete(**body)
    assert raised.value.code == "invalid_request"
    assert raised.value.param.startswith("messages")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "get_weather"),
        ({"type": "function", "function": {"name": "get_time"}}, "get_time"),
    ],
)
def test_tool_choice(customer, model, choice, expected):
    completion = customer.complete(**ask(model, tool_choice=choice, parallel_tool_calls=False))
    assert [name for name, _ in called(completion.choices[0].message)] == [expected]


def test_no_tool_choice(customer, model):
    completion = customer.complete(**ask(model, {"tool_calls": 1}, tool_choice="none"))
    assert completion.choices[0].message.tool_calls is None


def test_parsed_arguments(customer, model):
    tools = [openai.pydantic_function_tool(GetForecast)]
    body = question(model, tools=tools, tool_choice="required")
    (call,) = customer.parse(**body).choices[0].message.tool_calls
    assert call.function.parsed_arguments == GetForecast(city="text", days=1)
