"""Requests that use, all together, everything that a gateway translates."""

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
SYSTEM = {"role": "system", "content": "You are concise."}


def user(content="What is the weather?"):
    return {"role": "user", "content": content}


def text(words, **more):
    return {"type": "text", "text": words, **more}


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def function(name, parameters=None, **more):
    described = {} if parameters is None else {"parameters": parameters}
    return {"type": "function", "function": {"name": name, **described, **more}}


def call(identifier, name, arguments):
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(identifier, content):
    return {"role": "tool", "tool_call_id": identifier, "content": content}


# Of everything in JSON Schema that clients' libraries write, something.
RICH = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Order",
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid", "pattern": "^[a-f0-9-]+$"},
        "kind": {"const": "order"},
        "size": {"enum": ["small", "large"]},
        "rank": {"type": "integer", "enum": [1, 2, 3]},
        "count": {"type": "integer", "minimum": 0, "exclusiveMaximum": 10, "multipleOf": 2, "default": 2},
        "note": {"type": ["string", "null"], "maxLength": 80},
        "when": {"type": "string", "format": "date-time"},
        "page": {"type": "string", "format": "uri"},
        "price": {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "In euros."},
        "owner": {"$ref": "#/$defs/Person"},
        "others": {"type": "array", "items": {"$ref": "#/$defs/Person"}, "minItems": 0, "uniqueItems": True},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "both": {"allOf": [{"$ref": "#/$defs/Person"}]},
        "any": {},
        "free": {"type": "object", "additionalProperties": {"type": "string"}},
        "list": {"type": "array"},
    },
    "required": ["id", "kind", "owner"],
    "additionalProperties": False,
    "$defs": {
        "Person": {
            "type": "object",
            "properties": {"name": {"type": "string", "examples": ["Ada"]}, "age": {"type": "integer"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}
WEATHER = function("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
TIME = function("get_time", description="What time it is.")
TWO_CALLS = [
    SYSTEM,
    user(),
    {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [call("call_a", "get_weather", '{"city": "Oslo"}'), call("functions.b:0", "get_time", "")],
        "refusal": None,
        "annotations": [],
    },
    result("functions.b:0", '{"now": "noon"}'),
    result("call_a", "cold"),
]
CACHED = {"type": "ephemeral"}


def _parts(*parts):
    return {"messages": [SYSTEM, user([text("Look."), *parts])]}


# What each provider can be asked.
COMMON = {
    "plain": {"messages": [SYSTEM, user()]},
    "no system": {"messages": [user()]},
    "several systems": {
        "messages": [SYSTEM, user(), {"role": "developer", "content": [text("Be kind."), text("Be brief.")]}, user()]
    },
    "turns": {"messages": [user("One."), user("Two."), {"role": "assistant", "content": "Yes?"}, user("Three.")]},
    "begun by the assistant": {"messages": [{"role": "assistant", "content": "Hello."}, user()]},
    "begun answer": {"messages": [user(), {"role": "assistant", "content": "It is "}]},
    "refusal in the past": {
        "messages": [user(), {"role": "assistant", "refusal": "No.", "content": None}, user("Why?")],
    },
    "names": {"messages": [{**user(), "name": "ada"}]},
    "sampling": {"temperature": 0.7, "top_p": 0.9, "max_tokens": 100, "stop": ["END", "STOP"], "seed": 7},
    "neutral values": {
        "n": 1,
        "stop": None,
        "logprobs": False,
        "logit_bias": {},
        "tools": None,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "response_format": {"type": "text"},
        "service_tier": "auto",
    },
    "what is left out": {"user": "ada", "metadata": {"a": "b"}, "store": True, "extra_body": {"colour": "blue"}},
    "image": _parts(image(f"data:image/png;base64,{PNG}")),
    "image of another spelling": _parts(image(f"DATA:image/jpg;charset=utf-8;base64,{PNG}")),
    "document": _parts({"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}),
    "tools": {"tools": [WEATHER, TIME, function("order", RICH, strict=True)]},
    "tool choice: auto": {"tools": [WEATHER], "tool_choice": "auto"},
    "tool choice: none": {"tools": [WEATHER], "tool_choice": "none", "parallel_tool_calls": False},
    "tool choice: required": {"tools": [WEATHER, TIME], "tool_choice": "required"},
    "tool choice: named": {
        "tools": [WEATHER, TIME],
        "tool_choice": {"type": "function", "function": {"name": "get_time"}},
    },
    "one call at a time": {"tools": [WEATHER, TIME], "parallel_tool_calls": False},
    "results": {"messages": TWO_CALLS, "tools": [WEATHER, TIME]},
    "results and a question": {"messages": [*TWO_CALLS, user("So?")], "tools": [WEATHER, TIME]},
    "empty results": {
        "messages": [*TWO_CALLS[:3], result("call_a", ""), result("functions.b:0", [text("noon"), text("sharp")])],
        "tools": [WEATHER, TIME],
    },
    "JSON": {"messages": [user("As JSON.")], "response_format": {"type": "json_object"}},
    "form": {"response_format": {"type": "json_schema", "json_schema": {"name": "o", "schema": RICH, "strict": True}}},
    "cached parts": {
        "messages": [
            {"role": "system", "content": [text("A long rule.", cache_control=CACHED)]},
            user([text("A long text.", cache_control=CACHED), text("What is it?")]),
        ]
    },
}
ANTHROPIC = {
    **COMMON,
    "image elsewhere": _parts(image("https://example.com/a.png")),
    "GIF": _parts(image(f"data:image/gif;base64,{PNG}")),
    "text file": _parts({"type": "file", "file": {"file_data": "data:text/plain;base64,SGVsbG8="}}),
}
GOOGLE = {
    **COMMON,
    "sound": _parts({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}),
    "penalties": {"presence_penalty": 0.5, "frequency_penalty": -1.5},
    "several choices": {"n": 2},
    "logprobs": {"logprobs": True, "top_logprobs": 3},
    "hot": {"temperature": 2},
}
