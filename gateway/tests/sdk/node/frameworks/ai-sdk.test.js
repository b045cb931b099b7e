// The AI SDK's provider for services compatible with OpenAI runs tools until there is an answer, with a model of each
// provider.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { EACH_MODEL, controlled } from "../asking.js";
import { BASE_URL, fundedKey, newTag, served } from "../gateway.js";

// A loop that does not end by then does not end.
const STEPS_MAX = 3;

let provider;
before(async () => {
  const apiKey = await fundedKey();
  const options = { name: "syntopen", apiKey, baseURL: BASE_URL, includeUsage: true, supportsStructuredOutputs: true };
  provider = createOpenAICompatible(options);
});

// What is asked, and the arguments with which the tools were run.
function asked(model, control) {
  const ran = [];
  const running = (name, output) => (input) => {
    ran.push([name, input]);
    return output;
  };
  const tools = {
    get_weather: tool({
      description: "The weather of a city.",
      inputSchema: z.object({ city: z.string(), days: z.array(z.number().int()) }),
      execute: running("get_weather", { sky: "clear" }),
    }),
    get_time: tool({ inputSchema: z.object({}), execute: running("get_time", "noon") }),
  };
  const [message] = controlled([{ role: "user", content: "What is the weather, and what time is it?" }], control);
  const request = {
    model: provider(model),
    system: "You are concise.",
    messages: [message],
    tools,
    stopWhen: stepCountIs(STEPS_MAX),
    maxRetries: 0,
  };
  return { request, ran };
}

const EXPECTED_CALLS = [
  ["get_weather", { city: "text", days: [1] }],
  ["get_time", {}],
];

async function assertIsWhole({ steps, text, ran, tag }) {
  assert.deepEqual(ran, EXPECTED_CALLS);
  assert.deepEqual(
    steps.map((step) => step.finishReason),
    ["tool-calls", "stop"],
  );
  assert.ok(text);
  const records = await served(tag);
  assert.deepEqual(
    steps.map(({ usage }) => [usage.inputTokens, usage.outputTokens]),
    records.map((record) => [record.prompt_tokens, record.completion_tokens]),
  );
}

for (const model of EACH_MODEL) {
  test(`a tool loop: ${model}`, async () => {
    const tag = newTag();
    const { request, ran } = asked(model, { tool_calls: 2, tag });
    const { steps, text } = await generateText(request);
    await assertIsWhole({ steps, text, ran, tag });
  });

  test(`a streamed tool loop: ${model}`, async () => {
    const tag = newTag();
    const { request, ran } = asked(model, { tool_calls: 2, tag });
    const errors = [];
    const result = streamText({ ...request, onError: ({ error }) => errors.push(error) });
    let text = "";
    for await (const part of result.textStream) text += part;
    assert.deepEqual(errors, []);
    await assertIsWhole({ steps: await result.steps, text, ran, tag });
  });

  test(`an object: ${model}`, async () => {
    const schema = z.object({ city: z.string(), people: z.number().int().nonnegative() });
    const { object } = await generateObject({ model: provider(model), schema, prompt: "The capital?", maxRetries: 0 });
    assert.equal(object.city, "text");
  });
}
