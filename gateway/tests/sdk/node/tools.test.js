// Tools: calls, whole and streamed, and the turn after their results.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { EACH_MODEL, finishesOf, question, readStream } from "./asking.js";
import { connect, fundedKey } from "./gateway.js";

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "array", items: { type: "integer", minimum: 1 } } },
      required: ["city", "days"],
      additionalProperties: false,
    },
    strict: true,
  },
};
const TIME = { type: "function", function: { name: "get_time", parameters: { type: "object", properties: {} } } };
const EXPECTED_CALLS = [
  ["get_weather", { city: "text", days: [1] }],
  ["get_time", {}],
];

let client;
before(async () => {
  client = connect(await fundedKey());
});

function ask(parameters) {
  const messages = [{ role: "user", content: "What is the weather, and what time is it?" }];
  return question({ messages, tools: [WEATHER, TIME], ...parameters });
}

const called = (calls) => calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);

// The calls of a stream, put together by hand: id, name and arguments by position.
function joinedCalls(chunks) {
  const calls = [];
  for (const part of chunks.flatMap((chunk) => chunk.choices.flatMap((choice) => choice.delta.tool_calls ?? []))) {
    if (part.id !== undefined) {
      assert.equal(calls[part.index], undefined, "a call begins once");
      calls[part.index] = { id: part.id, function: { name: part.function.name, arguments: "" } };
    } else {
      assert.equal(part.function.name, undefined, "libraries join the names that they get");
    }
    calls[part.index].function.arguments += part.function.arguments ?? "";
  }
  return calls;

  test(`parallel calls: ${model}`, async () => {
    const completion = await client.chat.completions.create(ask({ model, simulator: { tool_calls: 2 } }));
    const [{ finish_reason, message }] = completion.choices;
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.content, null);
    assert.deepEqual(called(message.tool_calls), EXPECTED_CALLS);
  });

  test(`streamed calls: ${model}`, async () => {
    const chunks = await readStream(client, ask({ model, simulator: { tool_calls: 2 } }));
    const calls = joinedCalls(chunks);
    assert.deepEqual(called(calls), EXPECTED_CALLS);
    assert.equal(new Set(calls.map((call) => call.id)).size, 2);
    assert.deepEqual(finishesOf(chunks), ["tool_calls"]);
  });

  test(`accumulated calls: ${model}`, async () => {
    const stream = client.chat.completions.stream(ask({ model, simulator: { tool_calls: 2 } }));
    const completion = await stream.finalChatCompletion();
    assert.deepEqual(called(completion.choices[0].message.tool_calls), EXPECTED_CALLS);
  });

  test(`the second turn: ${model}`, async () => {
    const first = await client.chat.completions.create(ask({ model, simulator: { tool_calls: 2 } }));
    const { message } = first.choices[0];
    const results = message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "fine" }));
    const asked = ask({ model });
    // In another order than that of the calls, which is allowed.
    const messages = [...asked.messages, message, ...results.reverse()];
    const second = await client.chat.completions.create({ ...asked, messages });
    assert.equal(second.choices[0].finish_reason, "stop");
    assert.ok(second.choices[0].message.content);
  });

  test(`tools that the library runs: ${model}`, async () => {
    const cities = [];
    const weather = {
      type: "function",
      function: {
        ...WEATHER.function,
        parse: JSON.parse,
        function: ({ city }) => {
          cities.push(city);
          return "fine";
        },
      },
    };
    const asked = question({ model, tools: [weather], simulator: { tool_calls: 1 } });
    const runner = client.chat.completions.runTools(asked);
    assert.ok(await runner.finalContent());
    assert.deepEqual(cities, ["text"]);
  });

  test(`the tool that is chosen: ${model}`, async () => {
    const tool_choice = { type: "function", function: { name: "get_time" } };
    const completion = await client.chat.completions.create(ask({ model, tool_choice, parallel_tool_calls: false }));
    assert.deepEqual(called(completion.choices[0].message.tool_calls), [["get_time", {}]]);
  });
}
