"""The document is valid OpenAPI, and what the gateway takes and answers is as it says."""

import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import gateway
from asking import MODEL, UPSTREAM_MODELS, question

COMPLETIONS = "/api/v1/chat/completions"
TOOL = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def conforms(document):
    """Fails where a value is not of the schema of this name."""

    def conforms(name, value):
        Draft202012Validator({**document, "$ref": f"#/components/schemas/{name}"}).validate(value)

    return conforms


@pytest.fixture
def ask(http, rich_key):
    def ask(method, path, key=rich_key, **options):
        return http.request(method, path, headers={"Authorization": f"Bearer {key}"}, **options)

    return ask


def test_it_is_openapi(document, origin):
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": origin}]
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["security"] == [{"api_key": []}]


@pytest.mark.parametrize("model", UPSTREAM_MODELS)
@pytest.mark.parametrize("control", [{"tokens": 5}, {"tool_calls": 1}], ids=["text", "tools"])
def test_completions(ask, conforms, model, control):
    body = question(model, simulator=control, tools=[TOOL])
    conforms("ChatCompletionRequest", body)
    answer = ask("POST", COMPLETIONS, json=body)
    assert answer.status_code == 200, answer.text
    conforms("ChatCompletion", answer.json())


@pytest.mark.parametrize("model", UPSTREAM_MODELS)
@pytest.mark.parametrize("control", [{"tokens": 5}, {"tool_calls": 1}], ids=["text", "tools"])
def test_chunks(ask, conforms, model, control):
    body = question(model, simulator=control, tools=[TOOL], stream=True, stream_options={"include_usage": True})
    conforms("ChatCompletionRequest", body)
    answer = ask("POST", COMPLETIONS, json=body)
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert events.pop() == "[DONE]"
    assert len(events) > 2
    for event in events:
        conforms("ServerSentEvent", {"data": event})
        conforms("ChatCompletionChunk", json.loads(event))
    assert "cost" in json.loads(events[-1])["usage"]


def test_conversations(ask, conforms):
    """What an answer says can be sent back as it came."""
    body = question(MODEL, simulator={"tool_calls": 2}, tools=[TOOL])
    message = ask("POST", COMPLETIONS, json=body).json()["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "noon"} for call in message["tool_calls"]]
    body = question(MODEL, [*body["messages"], message, *results], tools=[TOOL], tool_choice="auto")
    conforms("ChatCompletionRequest", body)
    assert ask("POST", COMPLETIONS, json=body).status_code == 200


def test_looks(ask, conforms):
    conforms("ModelList", ask("GET", "/api/v1/models").json())
    conforms("Model", ask("GET", f"/api/v1/models/{MODEL}").json())
    conforms("KeyReport", ask("GET", "/api/v1/key").json())


def test_refusals(ask, conforms, document):
    poor = gateway.new_key(gateway.new_account())[0]
    slow = gateway.new_key(gateway.new_account("1"), rpm=1)[0]
    ask("POST", COMPLETIONS, key=slow, json=question())
    described = document["paths"][COMPLETIONS]["post"]["responses"]
    refusals = {
        400: ask("POST", COMPLETIONS, json=question(temperature=3)),
        401: ask("POST", COMPLETIONS, key="sk-syn-wrong", json=question()),
        402: ask("POST", COMPLETIONS, key=poor, json=question()),
        404: ask("POST", COMPLETIONS, json=question("openai/no-such-model")),
        405: ask("PUT", COMPLETIONS),
        415: ask("POST", COMPLETIONS, content="text"),
        429: ask("POST", COMPLETIONS, key=slow, json=question()),
    }
    for status, answer in refusals.items():
        assert answer.status_code == status, answer.text
        conforms("ErrorEnvelope", answer.json())
        assert answer.json()["error"]["code"] in described[str(status)]["description"]
        for name in described[str(status)]["headers"]:
            # Those that are sent only where they have something to tell.
            optional = name in {"Retry-After", "Retry-After-Ms", "X-Should-Retry"} or name.startswith("X-RateLimit")
            assert optional or name in answer.headers, (status, name)
