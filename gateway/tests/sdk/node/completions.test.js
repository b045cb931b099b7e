// Answers that come whole.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import {
  EACH_MODEL,
  FREE_MODEL,
  MESSAGES,
  MODEL,
  UPSTREAM_MODELS,
  controlled,
  providerOf,
  question,
  wordsIn,
} from "./asking.js";
import { BASE_URL, connect, fundedKey, newTag, served } from "./gateway.js";
import { expectedNanos, nanos } from "./prices.js";

// What OpenAI's API knows and does not change the simulator's answer.
const PARAMETERS = {
  frequency_penalty: 0.25,
  logit_bias: { 1734: -100 },
  logprobs: true,
  max_completion_tokens: 64,
  metadata: { purpose: "test" },
  modalities: ["text"],
  n: 1,
  prediction: { type: "content", content: "Paris" },
  presence_penalty: -0.5,
  prompt_cache_key: "capitals",
  reasoning_effort: "low",
  safety_identifier: "someone",
  seed: 7,
  service_tier: "auto",
  stop: ["\n\n", "END"],
  store: false,
  temperature: 0.7,
  top_logprobs: 2,
  top_p: 0.9,
  user: "someone",
  verbosity: "low",
};
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
// The models whose providers answer with several choices, and reason on these models.
const SEVERAL_CHOICES = [MODEL, "google/gemini-1.5-pro"];

let apiKey;
let client;
before(async () => {
  apiKey = await fundedKey();
  client = connect(apiKey);
});

const complete = (parameters) => client.chat.completions.create(question(parameters));

for (const model of EACH_MODEL) {
  test(`a completion: ${model}`, async () => {
    const completion = await complete({ model, simulator: { tokens: 7 } });
    const [choice] = completion.choices;
    assert.equal(completion.object, "chat.completion");
    assert.equal(completion.model, model);
    assert.equal(completion.provider, providerOf(model));
    assert.ok(completion.id);
    assert.ok(completion._request_id);
    assert.deepEqual([choice.index, choice.finish_reason, choice.message.role], [0, "stop", "assistant"]);
    assert.equal(wordsIn(choice.message.content), 7);
  });

  test(`usage is what the provider served: ${model}`, async () => {
    const simulator = { tokens: 11, cached_tokens: 5, tag: newTag() };
    const { usage } = await complete({ model, simulator });
    const [record] = await served(simulator.tag);
    assert.equal(record.model, UPSTREAM_MODELS[model]);
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [record.prompt_tokens, 11]);
    assert.equal(usage.prompt_tokens_details.cached_tokens, 5);
    assert.equal(usage.prompt_tokens + usage.completion_tokens, usage.total_tokens);
    assert.equal(nanos(usage), expectedNanos(model, usage));
  });

  test(`an answer that was cut says so: ${model}`, async () => {
    const completion = await complete({ model, max_tokens: 5, simulator: { tokens: 16 } });
    assert.equal(completion.choices[0].finish_reason, "length");
    assert.equal(completion.usage.completion_tokens, 5);
  });

  test(`an image: ${model}`, async () => {
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
    ];
    const simulator = { tag: newTag() };
    const completion = await complete({ model, messages: [{ role: "user", content }], simulator });
    assert.ok(completion.usage.prompt_tokens > 85);
    const [{ body }] = await served(simulator.tag);
    assert.ok(body.includes(PNG));
  });

  test(`JSON: ${model}`, async () => {
    const messages = [{ role: "user", content: "The capital of France, as JSON." }];
    const completion = await complete({ model, messages, response_format: { type: "json_object" } });
    assert.equal(typeof JSON.parse(completion.choices[0].message.content), "object");
  });
}

for (const model of SEVERAL_CHOICES) {
  test(`reasoning is part of the completion: ${model}`, async () => {
    const { usage } = await complete({ model, simulator: { tokens: 11, reasoning_tokens: 4 } });
    assert.equal(usage.completion_tokens, 11);
    assert.equal(usage.completion_tokens_details.reasoning_tokens, 4);
    assert.equal(nanos(usage), expectedNanos(model, usage));
  });

  test(`several choices: ${model}`, async () => {
    const completion = await complete({ model, n: 2, simulator: { tokens: 6 } });
    const [first, second] = completion.choices;
    assert.deepEqual([first.index, second.index], [0, 1]);
    assert.notEqual(first.message.content, second.message.content);
    assert.equal(completion.usage.completion_tokens, 12);
  });
}

test("a free model costs nothing", async () => {
  const { usage } = await complete({ model: FREE_MODEL });
  assert.equal(usage.cost, 0);
});

test("parameters reach OpenAI as they were given", async () => {
  const simulator = { tag: newTag() };
  const completion = await complete({ ...PARAMETERS, simulator });
  const [{ body }] = await served(simulator.tag);
  const messages = controlled(MESSAGES, simulator);
  assert.deepEqual(JSON.parse(body), { ...PARAMETERS, model: "gpt-4o-mini", messages });
  assert.equal(completion.choices[0].logprobs.content[0].top_logprobs.length, 2);
});

for (const suffix of ["/api/v1", "/api/v1/", "/v1"]) {
  test(`the base URL may end with ${suffix}`, async () => {
    const baseURL = BASE_URL.replace("/api/v1", suffix);
    const completion = await connect(apiKey, { baseURL }).chat.completions.create(question());
    assert.equal(completion.model, MODEL);
  });
}
