"""Answers that come in chunks."""

import asyncio

import openai
import pytest

import gateway
from asking import MODEL, UPSTREAM_MODELS, finishes_of, provider_of, question, text_of
from prices import cost, expected_cost


# The models whose providers answer with several choices, and tell how likely each token was.
SEVERAL_CHOICES = [MODEL, "google/gemini-1.5-pro"]


def read(customer, **body):
    chunks = []
    customer.read_stream(chunks, **body)
    return chunks


def test_stream(customer, model):
    whole = customer.complete(**question(model, simulator={"tokens": 12}))
    chunks = read(customer, **question(model, simulator={"tokens": 12}))
    assert text_of(chunks) == whole.choices[0].message.content
    assert finishes_of(chunks) == ["stop"]
    roles = [choice.delta.role for chunk in chunks for choice in chunk.choices if choice.delta.role]
    assert roles == ["assistant"]
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk.model for chunk in chunks} == {model}
    assert {chunk.provider for chunk in chunks} == {provider_of(model)}
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1


def test_usage_is_not_sent_unasked(customer, model):
    for chunk in read(customer, **question(model)):
        assert chunk.choices
        assert chunk.usage is None
        assert getattr(chunk, "obfuscation", None) is None


def test_usage_is_the_last_chunk(customer, model):
    options = {"include_usage": True}
    simulator = {"tokens": 9, "cached_tokens": 6, "tag": gateway.new_tag()}
    *chunks, last = read(customer, **question(model, stream_options=options, simulator=simulator))
    for chunk in chunks:
        assert chunk.choices
        assert "usage" in chunk.model_fields_set
        assert chunk.usage is None
    assert last.choices == []
    assert last.usage.completion_tokens == 9
    assert last.usage.prompt_tokens_details.cached_tokens == 6
    assert last.usage.prompt_tokens + 9 == last.usage.total_tokens
    (served,) = gateway.served(simulator["tag"])
    assert last.usage.prompt_tokens == served["prompt_tokens"]
    assert cost(last.usage) == expected_cost(model, last.usage)


def test_usage_that_the_provider_does_not_report_is_estimated(customer, model):
    options = {"include_usage": True}
    simulator = {"tokens": 9, "fault": {"missing_usage": True}}
    *_, last = read(customer, **question(model, stream_options=options, simulator=simulator))
    assert last.usage.completion_tokens == 9
    assert last.usage.prompt_tokens > 0
    assert cost(last.usage) == expected_cost(model, last.usage)


@pytest.mark.parametrize("model", SEVERAL_CHOICES)
def test_several_choices(customer, model):
    chunks = read(customer, **question(model, n=2, simulator={"tokens": 6}))
    texts = [text_of(chunks, choice) for choice in (0, 1)]
    assert [len(text.split()) for text in texts] == [6, 6]
    assert texts[0] != texts[1]
    assert finishes_of(chunks) == ["stop", "stop"]


@pytest.mark.parametrize("model", SEVERAL_CHOICES)
def test_logprobs(customer, model):
    chunks = read(customer, **question(model, logprobs=True, top_logprobs=1, simulator={"tokens": 4}))
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.logprobs]
    tokens = [token.token for choice in choices for token in choice.logprobs.content]
    assert "".join(tokens) == text_of(chunks)


def test_empty_answer(customer, model):
    chunks = read(customer, **question(model, simulator={"tokens": 0}))
    assert text_of(chunks) == ""
    assert finishes_of(chunks) == ["stop"]


@pytest.mark.parametrize("fault", ["byte_by_byte", "crlf", "comment_lines"])
def test_bytes_in_whatever_portions(customer, model, fault):
    chunks = read(customer, **question(model, simulator={"tokens": 8, "fault": fault}))
    assert finishes_of(chunks) == ["stop"]
    assert len(text_of(chunks).split()) == 8


def test_accumulated_stream(customer, model):
    completion = customer.accumulate_stream(
        **question(model, stream_options={"include_usage": True}, simulator={"tokens": 10})
    )
    assert len(completion.choices[0].message.content.split()) == 10
    assert completion.usage.completion_tokens == 10


@pytest.mark.parametrize("fault", ["cut_after", "error_event_after", "garbage_after", "eof_without_done_after"])
def test_a_broken_stream_is_an_error_and_not_an_end(customer, model, fault):
    chunks = []
    with pytest.raises(openai.APIError) as raised:
        customer.read_stream(chunks, **question(model, simulator={"tokens": 12, "fault": {fault: 4}}))
    assert type(raised.value) is openai.APIError
    assert raised.value.code == "upstream_error"
    assert text_of(chunks)
    assert finishes_of(chunks) == []


def test_streams_at_once_do_not_mix():
    api_key, _ = gateway.new_key(gateway.new_account("5"))

    async def read_one(client, tokens):
        simulator = {"tokens": tokens, "token_ms": 2}
        model = list(UPSTREAM_MODELS)[tokens % len(UPSTREAM_MODELS)]
        stream = await client.chat.completions.create(stream=True, **question(model, simulator=simulator))
        return text_of([chunk async for chunk in stream])

    async def read_all():
        async with openai.AsyncOpenAI(api_key=api_key, base_url=gateway.BASE_URL, max_retries=0) as client:
            return await asyncio.gather(*(read_one(client, tokens) for tokens in range(1, 33)))

    texts = asyncio.run(read_all())
    assert [len(text.split()) for text in texts] == list(range(1, 33))
