"""Requests that the tests have in common."""

MODEL = "openai/gpt-4o-mini"
# A slot is free once more than a minute has passed, which is the 61st second.
LONGEST_WAIT_S = 61
FREE_MODEL = "google/gemini-2.0-flash-exp"
MESSAGES = [
    {"role": "system", "content": "You are concise."},
    {"role": "user", "content": "What is the capital of France?"},
]


def question(model=MODEL, messages=MESSAGES, simulator=None, **parameters):
    """A request, and how the simulator is to answer it."""
    body = {"model": model, "messages": messages, **parameters}
    if simulator is not None:
        body["extra_body"] = {"simulator": simulator}
    return body


def text_of(chunks, choice=0):
    """The text of one choice of a stream."""
    parts = [part for chunk in chunks for part in chunk.choices if part.index == choice]
    return "".join(part.delta.content or "" for part in parts)


def finishes_of(chunks):
    """The finish reasons of a stream."""
    parts = [part for chunk in chunks for part in chunk.choices]
    return [part.finish_reason for part in parts if part.finish_reason is not None]
