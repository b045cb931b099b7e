"""What the gateway sends to a provider, by the types of the vendor's own library."""

import json

import pytest

import gateway
from asking import question
from conversations import ANTHROPIC, CACHED, GOOGLE, SYSTEM, user
from judge import judge_anthropic, judge_google

SONNET = "anthropic/claude-3-5-sonnet"
GEMINI = "google/gemini-1.5-pro"


def sent(customer, model, parameters):
    """The bodies that reach the provider, and their paths, for an answer that comes whole and one that is streamed."""
    tag = gateway.new_tag()
    body = question(model, **{"messages": [SYSTEM, user()], **parameters, "simulator": {"tag": tag}})
    customer.complete(**body)
    customer.read_stream([], **body)
    whole, streamed = gateway.served(tag)
    assert (whole["status"], streamed["status"]) == (200, 200)
    return [(json.loads(served["body"]), served["request"]) for served in (whole, streamed)]


@pytest.mark.parametrize("parameters", ANTHROPIC.values(), ids=ANTHROPIC)
def test_anthropic(customer, parameters):
    (whole, path), (streamed, _) = sent(customer, SONNET, parameters)
    judge_anthropic(whole)
    judge_anthropic(streamed)
    assert path == "POST /v1/messages"
    assert not whole.get("stream")
    assert streamed == {**whole, "stream": True}


@pytest.mark.parametrize("parameters", GOOGLE.values(), ids=GOOGLE)
def test_google(customer, parameters):
    (whole, path), (streamed, stream_path) = sent(customer, GEMINI, parameters)
    judge_google(whole)
    assert streamed == whole
    assert path == "POST /v1beta/models/gemini-1.5-pro:generateContent"
    assert stream_path == "POST /v1beta/models/gemini-1.5-pro:streamGenerateContent?alt=sse"


def test_marks_of_a_cache_reach_anthropic(customer):
    (whole, _), _ = sent(customer, SONNET, ANTHROPIC["cached parts"])
    assert whole["system"] == [{"type": "text", "text": "A long rule.", "cache_control": CACHED}]
    assert whole["messages"][0]["content"][0]["cache_control"] == CACHED


@pytest.mark.parametrize("judge", [judge_anthropic, judge_google])
def test_the_judges_refuse(judge):
    request = {
        judge_anthropic: {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hello"}]},
        judge_google: {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    }[judge]
    judge(request)
    with pytest.raises(AssertionError):
        judge({**request, "colour": "blue"})
    (name,) = request.keys() & {"messages", "contents"}
    with pytest.raises(AssertionError):
        judge({**request, name: [{**request[name][0], "colour": "blue"}]})
