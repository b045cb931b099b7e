// All models of the API reference: text and tools, whole and streamed, each with its usage and its price.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { providerOf, question, wordsIn } from "./asking.js";
import { connect, fundedKey, newTag, served } from "./gateway.js";
import { MODELS, expectedNanos, nanos } from "./prices.js";

const ADD = {
  type: "function",
  function: {
    name: "add",
    parameters: {
      type: "object",
      properties: { a: { type: "integer" }, b: { type: "integer" } },
      required: ["a", "b"],
    },
  },
};

let client;
before(async () => {
  client = connect(await fundedKey());
});

// The choices of an answer, whole and put together from a stream; their charges are checked.
async function askBothWays({ model, simulator, ...parameters }) {
  const tag = newTag();
  const asked = question({ model, simulator: { ...simulator, tag }, ...parameters });
  const stream = { ...asked, stream_options: { include_usage: true } };
  const answers = [
    await client.chat.completions.create(asked),
    await client.chat.completions.stream(stream).finalChatCompletion(),
  ];
  const records = await served(tag);
  assert.equal(records.length, answers.length);
  answers.forEach(({ usage, ...answer }, position) => {
    const { prompt_tokens, completion_tokens } = records[position];
    assert.deepEqual([answer.model, answer.provider], [model, providerOf(model)]);
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [prompt_tokens, completion_tokens]);
    assert.equal(nanos(usage), expectedNanos(model, usage));
  });
  return answers.map((answer) => answer.choices[0]);
}

for (const { id: model } of MODELS) {
  test(`text: ${model}`, async () => {
    const [whole, streamed] = await askBothWays({ model, simulator: { tokens: 12 }, max_tokens: 50 });
    assert.deepEqual([whole.finish_reason, streamed.finish_reason], ["stop", "stop"]);
    assert.equal(wordsIn(whole.message.content), 12);
    assert.equal(streamed.message.content, whole.message.content);
  });

  test(`tools: ${model}`, async () => {
    for (const choice of await askBothWays({ model, simulator: { tool_calls: 2 }, tools: [ADD] })) {
      assert.equal(choice.finish_reason, "tool_calls");
      const calls = choice.message.tool_calls.map((call) => JSON.parse(call.function.arguments));
      assert.deepEqual(calls, [
        { a: 1, b: 1 },
        { a: 1, b: 1 },
      ]);
    }
  });
}
