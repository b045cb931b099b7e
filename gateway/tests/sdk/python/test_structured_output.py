"""Answers in the form of a class."""

from enum import StrEnum

import openai
import pytest
from pydantic import BaseModel

from asking import question
from prices import cost, expected_cost


class Sky(StrEnum):
    CLEAR = "clear"
    CLOUDY = "cloudy"


class Day(BaseModel):
    date: str
    sky: Sky
    high: float | None


class Forecast(BaseModel):
    city: str
    days: list[Day]


def test_parsed_answer(customer, model):
    body = question(model, response_format=Forecast)
    completion = customer.parse(**body)
    message = completion.choices[0].message
    assert isinstance(message.parsed, Forecast)
    assert message.parsed.city == "text"
    assert not message.tool_calls
    assert completion.choices[0].finish_reason == "stop"
    assert [day.sky for day in message.parsed.days] == [Sky.CLEAR]
    assert cost(completion.usage) == expected_cost(body["model"], completion.usage)


def test_parsed_stream(customer, model):
    completion = customer.accumulate_stream(**question(model, response_format=Forecast))
    assert isinstance(completion.choices[0].message.parsed, Forecast)


def test_an_answer_that_was_cut_is_not_parsed(customer, model):
    with pytest.raises(openai.LengthFinishReasonError):
        customer.parse(**question(model, response_format=Forecast, max_tokens=2))


def test_a_schema_without_a_name_is_refused(customer, model):
    response_format = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    with pytest.raises(openai.BadRequestError) as raised:
        customer.complete(**question(model, response_format=response_format))
    assert raised.value.param.startswith("response_format")
