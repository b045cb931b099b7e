"""Requests that the tests have in common."""

import json

MODEL = "openai/gpt-4o-mini"
# One of each provider, and the providers' own names of them.
UPSTREAM_MODELS = {
    MODEL: "gpt-4o-mini",
    "anthropic/claude-3-5-sonnet": "claude-3-5-sonnet-20241022",
    "google/gemini-1.5-pro": "gemini-1.5-pro",
}
# A slot is free once more than a minute has passed, which is the 61st second.
LONGEST_WAIT_S = 61
FREE_MODEL = "google/gemini-2.0-flash-exp"
MESSAGES = [
    {"role": "system", "content": "You are concise."},
    {"role": "user", "content": "What is the capital of France?"},
]


def provider_of(model):
    """Whose model it is."""
    return model.split("/")[0]


def controlled(messages, control):
    """The messages, of which the last by a user says how the simulator is to answer: a gateway passes on any text."""
    position = max(index for index, message in enumerate(messages) if _is_by_user(message))
    text = f" <simulator>{json.dumps(control)}</simulator>"
    content = messages[position]["content"]
    content = content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    return [*messages[:position], {**messages[position], "content": content}, *messages[position + 1 :]]


def _is_by_user(message):
    return isinstance(message, dict) and message["role"] == "user"


def question(model=MODEL, messages=MESSAGES, simulator=None, **parameters):
    """A request, and how the simulator is to answer it."""
    if simulator is not None:
        messages = controlled(messages, simulator)
    return {"model": model, "messages": messages, **parameters}


def text_of(chunks, choice=0):
    """The text of one choice of a stream."""
    parts = [part for chunk in chunks for part in chunk.choices if part.index == choice]
    return "".join(part.delta.content or "" for part in parts)


def finishes_of(chunks):
    """The finish reasons of a stream."""
    parts = [part for chunk in chunks for part in chunk.choices]
    return [part.finish_reason for part in parts if part.finish_reason is not None]
