"""What a provider cannot do is refused by name, and costs nothing."""

import openai
import pytest

from asking import provider_of, question

SONNET = "anthropic/claude-3-5-sonnet"
GEMINI = "google/gemini-1.5-pro"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
FORM = {"type": "json_schema", "json_schema": {"name": "form", "schema": {"type": "object", "properties": {}}}}
RECURSIVE = {
    "type": "object",
    "properties": {"next": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
}


def part(**kind):
    """A message with a text and one more part."""
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look."}, kind]}]}


PART = "messages[0].content[1]"
COMMON = [
    ({"logit_bias": {"1": 5}}, "logit_bias"),
    ({"reasoning_effort": "high"}, "reasoning_effort"),
    ({"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}}, "modalities"),
    ({"web_search_options": {}}, "web_search_options"),
    ({"functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}]}, "functions"),
    ({"tools": [TOOL], "response_format": FORM}, "response_format"),
    ({"tools": [TOOL], "response_format": {"type": "json_object"}}, "response_format"),
    ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "tools"),
    ({"service_tier": "scale"}, "service_tier"),
    (part(type="file", file={"file_id": "file-1"}), PART),
    (part(type="image_url", image_url={"url": "http://example.com/a.png"}), PART),
    (part(type="image_url", image_url={"url": "data:image/bmp;base64,AAAA"}), PART),
    ({"messages": [{"role": "system", "content": "Only rules."}]}, "messages"),
    ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content"),
]
REFUSED = [(model, *case) for model in (SONNET, GEMINI) for case in COMMON] + [
    (SONNET, {"n": 2}, "n"),
    (SONNET, {"logprobs": True}, "logprobs"),
    (SONNET, {"presence_penalty": 0.5}, "presence_penalty"),
    (SONNET, {"frequency_penalty": -0.5}, "frequency_penalty"),
    (SONNET, {"temperature": 1.5}, "temperature"),
    (SONNET, {"stop": ["\n"]}, "stop"),
    (SONNET, {"max_tokens": 8193}, "max_tokens"),
    (SONNET, {"service_tier": "flex"}, "service_tier"),
    (SONNET, part(type="input_audio", input_audio={"data": "AAAA", "format": "wav"}), PART),
    (GEMINI, {"n": 9}, "n"),
    (GEMINI, {"seed": 2**31}, "seed"),
    (GEMINI, part(type="image_url", image_url={"url": "https://example.com/a.png"}), PART),
    (GEMINI, {"tools": [{"type": "function", "function": {"name": "1st"}}]}, "tools"),
    (GEMINI, {"tools": [{"type": "function", "function": {"name": "f", "parameters": RECURSIVE}}]}, "tools"),
]


@pytest.mark.parametrize(
    ("model", "wrong", "param"), REFUSED, ids=[f"{provider_of(model)}-{param}" for model, _, param in REFUSED]
)
def test_refused(customer, model, wrong, param):
    spent = customer.show_key()["spent_usd"]["total"]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as raised:
            customer.complete(**{**question(model), **wrong, "stream": stream})
        assert raised.value.code == "invalid_request"
        assert raised.value.param.startswith(param)
    assert customer.show_key()["spent_usd"]["total"] == spent


def test_a_candidate_that_cannot_is_skipped(customer):
    body = question(SONNET, logprobs=True, extra_body={"models": [GEMINI]})
    completion = customer.complete(**body)
    assert completion.model == GEMINI
    assert completion.choices[0].logprobs.content
