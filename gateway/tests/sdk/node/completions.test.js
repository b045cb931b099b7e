// Answers that come whole.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { FREE_MODEL, MESSAGES, MODEL, question, wordsIn } from "./asking.js";
import { BASE_URL, connect, fundedKey, newTag, served } from "./gateway.js";
import { MODELS, expectedNanos, nanos } from "./prices.js";

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

let apiKey;
let client;
before(async () => {
  apiKey = await fundedKey();
  client = connect(apiKey);
});

const complete = (parameters) => client.chat.completions.create(question(parameters));

test("a completion", async () => {
  const completion = await complete({ simulator: { tokens: 7 } });
  const [choice] = completion.choices;
  assert.equal(completion.object, "chat.completion");
  assert.equal(completion.model, MODEL);
  assert.equal(completion.provider, "openai");
  assert.ok(completion.id);
  assert.ok(completion._request_id);
  assert.deepEqual([choice.index, choice.finish_reason, choice.message.role], [0, "stop", "assistant"]);
  assert.equal(wordsIn(choice.message.content), 7);
});

for (const { id } of MODELS) {
  test(`${id} answers under its public id`, async () => {
    const completion = await complete({ model: id, max_tokens: 50 });
    assert.equal(completion.model, id);
    assert.equal(nanos(completion.usage), expectedNanos(id, completion.usage));
  });
}

test("usage adds up", async () => {
  const { usage } = await complete({ simulator: { tokens: 11, cached_tokens: 5, reasoning_tokens: 4 } });
  assert.equal(usage.completion_tokens, 11);
  assert.equal(usage.completion_tokens_details.reasoning_tokens, 4);
  assert.equal(usage.prompt_tokens_details.cached_tokens, 5);
  assert.equal(usage.prompt_tokens + usage.completion_tokens, usage.total_tokens);
  assert.equal(nanos(usage), expectedNanos(MODEL, usage));
});

test("a free model costs nothing", async () => {
  const { usage } = await complete({ model: FREE_MODEL });
  assert.equal(usage.cost, 0);
});

test("an answer that was cut says so", async () => {
  const completion = await complete({ max_tokens: 5, simulator: { tokens: 16 } });
  assert.equal(completion.choices[0].finish_reason, "length");
  assert.equal(completion.usage.completion_tokens, 5);
});

test("several choices", async () => {
  const completion = await complete({ n: 2, simulator: { tokens: 6 } });
  const [first, second] = completion.choices;
  assert.deepEqual([first.index, second.index], [0, 1]);
  assert.notEqual(first.message.content, second.message.content);
  assert.equal(completion.usage.completion_tokens, 12);
});

test("parameters reach the provider as they were given", async () => {
  const simulator = { tag: newTag() };
  const completion = await complete({ ...PARAMETERS, simulator });
  const [{ body }] = await served(simulator.tag);
  assert.deepEqual(JSON.parse(body), { ...PARAMETERS, model: "gpt-4o-mini", messages: MESSAGES, simulator });
  assert.equal(completion.choices[0].logprobs.content[0].top_logprobs.length, 2);
});

for (const suffix of ["/api/v1", "/api/v1/", "/v1"]) {
  test(`the base URL may end with ${suffix}`, async () => {
    const baseURL = BASE_URL.replace("/api/v1", suffix);
    const completion = await connect(apiKey, { baseURL }).chat.completions.create(question());
    assert.equal(completion.model, MODEL);
  });
}
