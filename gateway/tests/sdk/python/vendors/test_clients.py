"""What the simulator answers, read by the vendors' own libraries: it is as like the service as its clients can tell."""

import anthropic
import pytest
from google import genai
from google.genai import errors, types

import gateway
from asking import controlled

CLAUDE = "claude-3-5-sonnet-20241022"
GEMINI = "gemini-1.5-pro"
QUESTION = "What is the weather?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANTHROPIC_TOOLS = [
    {"name": "get_weather", "description": "The weather.", "input_schema": SCHEMA},
    {"name": "get_time", "input_schema": {"type": "object"}},
]
GOOGLE_TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather",
                parameters=types.Schema(
                    type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]
                ),
            ),
            types.FunctionDeclaration(name="get_time"),
        ]
    )
]


def prompt(control=None):
    """A question, and how the simulator is to answer it."""
    (message,) = controlled([{"role": "user", "content": QUESTION}], control or {})
    return message["content"]


@pytest.fixture
def claude():
    options = {"api_key": gateway.SIMULATOR_KEY, "base_url": gateway.SIMULATOR_URL, "max_retries": 0}
    with anthropic.Anthropic(**options) as client:
        yield client


def connect_to_google(api_key):
    options = types.HttpOptions(base_url=gateway.SIMULATOR_URL, api_version="v1beta")
    return genai.Client(api_key=api_key, vertexai=False, http_options=options)


@pytest.fixture
def gemini():
    with connect_to_google(gateway.SIMULATOR_KEY) as client:
        yield client


def to_claude(control=None, **more):
    return {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": prompt(control)}], **more}


def to_gemini(control=None, **config):
    return {"model": GEMINI, "contents": prompt(control), "config": types.GenerateContentConfig(**config)}


def test_claude_answers(claude):
    control = {"tokens": 7, "cached_tokens": 3, "cache_write_tokens": 2}
    message = claude.messages.create(**to_claude(control))
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    (block,) = message.content
    assert len(block.text.split()) == 7
    usage = message.usage
    assert usage.output_tokens == 7
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (3, 2)
    with claude.messages.stream(**to_claude(control)) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(texts) == block.text
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == 7
    assert final.usage.input_tokens == usage.input_tokens


def test_claude_stops(claude):
    whole = claude.messages.create(**to_claude({"tokens": 6}))
    stop = whole.content[0].text.split()[2]
    message = claude.messages.create(**to_claude({"tokens": 6}, stop_sequences=[stop]))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop)
    message = claude.messages.create(**to_claude({"tokens": 6}) | {"max_tokens": 4})
    assert message.stop_reason == "max_tokens"


def test_claude_calls_tools(claude):
    asked = to_claude({"tool_calls": 2, "preamble_tokens": 2}, tools=ANTHROPIC_TOOLS)
    message = claude.messages.create(**asked)
    assert message.stop_reason == "tool_use"
    said, *calls = message.content
    assert said.type == "text"
    assert [(call.name, call.input) for call in calls] == [("get_weather", {"city": "text"}), ("get_time", {})]
    with claude.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in streamed.content] == ["text", "tool_use", "tool_use"]
    assert [block.input for block in streamed.content[1:]] == [call.input for call in calls]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "fine"} for call in calls]
    turns = [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    second = claude.messages.create(**asked | {"messages": [*asked["messages"], *turns]})
    assert second.stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.APIStatusError),
    ],
)
def test_claude_fails(claude, status, kind):
    for ask in (claude.messages.create, lambda **body: claude.messages.stream(**body).__enter__()):
        with pytest.raises(kind) as raised:
            ask(**to_claude({"fault": {"status": status}}))
        assert raised.value.status_code == status
        assert raised.value.body["type"] == "error"
        assert raised.value.body["error"]["type"]
        assert raised.value.request_id


def test_claude_breaks_off(claude):
    with claude.messages.stream(**to_claude({"fault": {"error_event_after": 4}})) as stream:
        with pytest.raises(anthropic.APIStatusError):
            stream.get_final_message()


def test_claude_refuses(claude):
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(**to_claude(), extra_body={"colour": "blue"})
    with anthropic.Anthropic(api_key="wrong", base_url=gateway.SIMULATOR_URL, max_retries=0) as stranger:
        with pytest.raises(anthropic.AuthenticationError):
            stranger.messages.create(**to_claude())


def test_gemini_answers(gemini):
    control = {"tokens": 7, "cached_tokens": 3}
    answer = gemini.models.generate_content(**to_gemini(control))
    (candidate,) = answer.candidates
    assert candidate.finish_reason == types.FinishReason.STOP
    assert len(answer.text.split()) == 7
    usage = answer.usage_metadata
    assert (usage.candidates_token_count, usage.cached_content_token_count) == (7, 3)
    assert usage.prompt_token_count + 7 == usage.total_token_count
    chunks = list(gemini.models.generate_content_stream(**to_gemini(control)))
    assert "".join(chunk.text or "" for chunk in chunks) == answer.text
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata == usage


def test_gemini_thinks_and_stops(gemini):
    usage = gemini.models.generate_content(**to_gemini({"tokens": 9, "reasoning_tokens": 4})).usage_metadata
    assert (usage.candidates_token_count, usage.thoughts_token_count) == (5, 4)
    answer = gemini.models.generate_content(**to_gemini({"tokens": 6}, max_output_tokens=4))
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_gemini_calls_tools(gemini):
    off = types.AutomaticFunctionCallingConfig(disable=True)
    asked = to_gemini({"tool_calls": 2}, tools=GOOGLE_TOOLS, automatic_function_calling=off)
    answer = gemini.models.generate_content(**asked)
    expected = [("get_weather", {"city": "text"}), ("get_time", {})]
    assert [(call.name, call.args or {}) for call in answer.function_calls] == expected
    streamed = [call for chunk in gemini.models.generate_content_stream(**asked) for call in chunk.function_calls or []]
    assert [(call.name, call.args or {}) for call in streamed] == expected
    results = [types.Part.from_function_response(name=name, response={"output": "fine"}) for name, _ in expected]
    asked["contents"] = [
        types.Content(role="user", parts=[types.Part(text=asked["contents"])]),
        answer.candidates[0].content,
        types.Content(role="user", parts=results),
    ]
    assert gemini.models.generate_content(**asked).text


def test_gemini_fills_forms(gemini):
    schema = types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"])
    answer = gemini.models.generate_content(
        **to_gemini(response_mime_type="application/json", response_schema=schema)
    )
    assert answer.parsed == {"city": "text"}


def test_gemini_is_blocked(gemini):
    answer = gemini.models.generate_content(**to_gemini({"blocked": "SAFETY"}))
    assert not answer.candidates
    assert answer.prompt_feedback.block_reason == types.BlockedReason.SAFETY
    answer = gemini.models.generate_content(**to_gemini({"finish": "SAFETY"}))
    assert answer.candidates[0].finish_reason == types.FinishReason.SAFETY


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ClientError),
        (403, errors.ClientError),
        (404, errors.ClientError),
        (429, errors.ClientError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (504, errors.ServerError),
    ],
)
def test_gemini_fails(gemini, status, kind):
    asked = to_gemini({"fault": {"status": status}})
    for ask in (gemini.models.generate_content, lambda **body: list(gemini.models.generate_content_stream(**body))):
        with pytest.raises(kind) as raised:
            ask(**asked)
        assert raised.value.code == status
        assert raised.value.status
        assert raised.value.message


def test_gemini_refuses():
    with connect_to_google("wrong") as stranger:
        with pytest.raises(errors.ClientError) as raised:
            stranger.models.generate_content(**to_gemini())
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
