"""What the vendors' own types say of a request: as strictly as their services, which refuse what they do not know."""

import warnings
from typing import Any

from anthropic.types import message_create_params
from google.genai import types as google
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import SchemaValidator

SHOWN_MAX = 4_000


class _Never:
    """What no JSON is."""


def _closed(schema):
    """A validator's schema that forbids unknown keys, reads lists to their end and takes plain JSON alone."""
    if isinstance(schema, list | tuple):
        return type(schema)(_closed(item) for item in schema)
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "serialization"}
    match schema.get("type"):
        case "typed-dict":
            closed["extra_behavior"] = "forbid"
        case "generator":
            closed["type"] = "list"
        case "model":
            # The types of answers, which the library lets its users send back.
            never = {"type": "is-instance", "cls": _Never}
            return never | ({"ref": schema["ref"]} if "ref" in schema else {})
    return closed


def _validator(params):
    return SchemaValidator(_closed(TypeAdapter(params).core_schema))


_ANTHROPIC = {
    False: _validator(message_create_params.MessageCreateParamsNonStreaming),
    True: _validator(message_create_params.MessageCreateParamsStreaming),
}


class _GenerateContentRequest(BaseModel):
    """The body of generateContent; the library has a type for each of its fields, but none for all of it."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    contents: list[google.Content]
    system_instruction: google.Content | None = None
    tools: list[google.Tool] | None = None
    tool_config: google.ToolConfig | None = None
    safety_settings: list[google.SafetySetting] | None = None
    generation_config: google.GenerationConfig | None = None
    cached_content: str | None = None
    service_tier: google.ServiceTier | None = None


def judge_anthropic(body: dict[str, Any]):
    """Raises what Anthropic's types find wrong with a request."""
    try:
        _ANTHROPIC[body.get("stream", False)].validate_python(body, strict=True)
    except ValidationError as error:
        # It lists what each member of each union finds wrong.
        raise AssertionError(str(error)[:SHOWN_MAX]) from None


def judge_google(body: dict[str, Any]):
    """Raises what Google's types find wrong with a request, or where they read something else than what it says."""
    with warnings.catch_warnings():
        # Of a value that an enumeration does not know, these types only warn.
        warnings.simplefilter("error")
        try:
            request = _GenerateContentRequest.model_validate(body)
        except (ValidationError, UserWarning) as error:
            raise AssertionError(str(error)[:SHOWN_MAX]) from None
    understood = request.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for part in (part for content in understood["contents"] for part in content["parts"] if "inlineData" in part):
        # These types write Base64 for URLs, and read either.
        part["inlineData"]["data"] = part["inlineData"]["data"].replace("-", "+").replace("_", "/")
    assert understood == body
