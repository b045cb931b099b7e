"""LangChain's client for OpenAI runs tools until there is an answer, with a model of each provider."""

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

import gateway
from asking import controlled

BALANCE_USD = "5"
TIMEOUT_S = 30
# A loop that does not end by then does not end.
TURNS_MAX = 3


@tool
def get_weather(city: str, days: list[int]) -> str:
    """The weather of a city."""
    return f"fine in {city} on {days}"


@tool
def get_time() -> str:
    """What time it is."""
    return "noon"


TOOLS = {"get_weather": get_weather, "get_time": get_time}


class Capital(BaseModel):
    """A capital."""

    city: str
    people: int


@pytest.fixture(scope="module")
def api_key():
    return gateway.new_key(gateway.new_account(BALANCE_USD))[0]


@pytest.fixture
def chat(api_key, model):
    return ChatOpenAI(
        model=model,
        api_key=api_key,
        base_url=gateway.BASE_URL,
        timeout=TIMEOUT_S,
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
    )


def whole(chat, messages):
    return chat.invoke(messages)


def streamed(chat, messages):
    first, *others = chat.stream(messages)
    for chunk in others:
        first += chunk
    return first


def conversation(control):
    (message,) = controlled([{"role": "user", "content": "What is the weather, and what time is it?"}], control)
    return [SystemMessage("You are concise."), HumanMessage(message["content"])]


@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_tool_loop(chat, model, ask):
    tag = gateway.new_tag()
    messages = conversation({"tool_calls": 2, "tag": tag})
    bound = chat.bind_tools(list(TOOLS.values()))
    answers = []
    for _ in range(TURNS_MAX):
        answers.append(ask(bound, messages))
        messages.append(answers[-1])
        if not answers[-1].tool_calls:
            break
        messages += [TOOLS[call["name"]].invoke(call) for call in answers[-1].tool_calls]
    assert [message.content for message in messages if message.type == "tool"] == ["fine in text on [1]", "noon"]
    assert [answer.response_metadata["finish_reason"] for answer in answers] == ["tool_calls", "stop"]
    assert answers[-1].text
    for answer, served in zip(answers, gateway.served(tag), strict=True):
        usage = answer.usage_metadata
        assert usage["input_tokens"] == served["prompt_tokens"]
        assert usage["output_tokens"] == served["completion_tokens"]


def test_structured_output(chat):
    capital = chat.with_structured_output(Capital, method="json_schema").invoke("The capital of France?")
    assert capital == Capital(city="text", people=1)
    by_call = chat.with_structured_output(Capital, method="function_calling").invoke("The capital of France?")
    assert by_call == capital
