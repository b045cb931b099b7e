// Each error as the library raises it: class, status, code and what else customers read from it.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import OpenAI from "openai";

import { EACH_MODEL, LONGEST_WAIT_S, question, readStream } from "./asking.js";
import { connect, connectCounting, fundedKey, newAccount, newKey, revoke } from "./gateway.js";

const SONNET = "anthropic/claude-3-5-sonnet";
const GEMINI = "google/gemini-1.5-pro";

let client;
before(async () => {
  client = connect(await fundedKey());
});

const complete = (parameters, options) => client.chat.completions.create(question(parameters), options);

// The error that a call ends in, of exactly this class.
async function failure(calling, kind, { status, code }) {
  const error = await calling.then(
    () => assert.fail("it should have failed"),
    (error) => error,
  );
  assert.equal(error.constructor, kind, error);
  assert.deepEqual([error.status, error.code], [status, code]);
  assert.ok(error.requestID);
  for (const key of ["message", "type", "param", "code"]) assert.ok(key in error.error, key);
  return error;
}

const BAD_REQUEST = { status: 400, code: "invalid_request" };
const INVALID_KEY = { status: 401, code: "invalid_api_key" };

for (const [param, wrong] of Object.entries({
  temperature: { temperature: 3 },
  messages: { messages: [] },
  "messages[0].role": { messages: [{ role: "robot", content: "Hello" }] },
  max_tokens: { max_tokens: 0 },
  tool_choice: { tool_choice: "required" },
  stream_options: { stream_options: { include_usage: true } },
})) {
  test(`bad request: ${param}`, async () => {
    const error = await failure(complete(wrong), OpenAI.BadRequestError, BAD_REQUEST);
    assert.equal(error.param, param);
  });
}

for (const [param, wrong] of Object.entries({
  n: { model: SONNET, n: 2 },
  logprobs: { model: SONNET, logprobs: true },
  logit_bias: { model: GEMINI, logit_bias: { 1: 5 } },
  reasoning_effort: { model: GEMINI, reasoning_effort: "high" },
})) {
  test(`what ${wrong.model} cannot do: ${param}`, async () => {
    for (const stream of [false, true]) {
      const error = await failure(complete({ ...wrong, stream }), OpenAI.BadRequestError, BAD_REQUEST);
      assert.equal(error.param, param);
    }
  });
}

test("a refused stream is an error before it begins", async () => {
  await failure(readStream(client, question({ temperature: 3 })), OpenAI.BadRequestError, BAD_REQUEST);
});

test("a wrong key", async () => {
  for (const apiKey of [`sk-syn-${"0".repeat(43)}`, "sk-syn-short"]) {
    const asking = connect(apiKey).chat.completions.create(question());
    await failure(asking, OpenAI.AuthenticationError, INVALID_KEY);
  }
});

test("no key", async () => {
  const asking = complete({}, { headers: { Authorization: null } });
  await failure(asking, OpenAI.AuthenticationError, INVALID_KEY);
});

test("a revoked key", async () => {
  const { apiKey, id } = await newKey(await newAccount({ usd: "1" }));
  const customer = connect(apiKey);
  await customer.chat.completions.create(question());
  await revoke(id);
  await failure(customer.chat.completions.create(question()), OpenAI.AuthenticationError, INVALID_KEY);
});

test("an unknown model", async () => {
  const expected = { status: 404, code: "model_not_found" };
  await failure(complete({ model: "openai/no-such-model" }), OpenAI.NotFoundError, expected);
});

test("the rate limit", async () => {
  const { apiKey } = await newKey(await newAccount({ usd: "1" }), { rpm: 2 });
  const { completions } = connect(apiKey).chat;
  await completions.create(question());
  await completions.create(question());
  const expected = { status: 429, code: "rate_limit_exceeded" };
  const error = await failure(completions.create(question()), OpenAI.RateLimitError, expected);
  const retryAfter = Number(error.headers.get("retry-after"));
  assert.ok(1 <= retryAfter && retryAfter <= LONGEST_WAIT_S, retryAfter);
  assert.equal(error.headers.get("x-ratelimit-limit"), "2");
  assert.equal(error.headers.get("x-ratelimit-remaining"), "0");
  assert.equal(error.headers.get("x-ratelimit-reset"), String(retryAfter));
});

test("no balance, which is not retried", async () => {
  const { apiKey } = await newKey(await newAccount());
  const { client: customer, sent } = connectCounting(apiKey);
  const expected = { status: 402, code: "insufficient_balance" };
  const asking = customer.chat.completions.create(question({ max_tokens: 100 }));
  const { error } = await failure(asking, OpenAI.APIError, expected);
  assert.equal(sent.count, 1);
  assert.ok(Number(error.required_usd) > 0);
  assert.equal(Number(error.available_usd), 0);
  assert.equal(error.affordable_tokens, 0);
});

for (const [fault, status, code] of [
  [{ status: 500 }, 502, "upstream_error"],
  [{ status: 502, body: "html" }, 502, "upstream_error"],
  [{ close_before_head: true }, 502, "upstream_error"],
  [{ status: 503 }, 503, "upstream_unavailable"],
  [{ status: 429, retry_after: "7" }, 503, "upstream_unavailable"],
  [{ status: 408 }, 504, "upstream_timeout"],
]) {
  for (const model of EACH_MODEL) {
    test(`failure of the provider: ${JSON.stringify(fault)}, ${model}`, async () => {
      const asking = complete({ model, simulator: { fault } });
      const error = await failure(asking, OpenAI.InternalServerError, { status, code });
      assert.equal(error.headers.get("retry-after"), fault.retry_after ?? error.headers.get("retry-after"));
    });
  }
}
