// What the library does around an answer: headers, timeouts and retries.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import OpenAI from "openai";

import { EACH_MODEL, LONGEST_WAIT_S, MODEL, question } from "./asking.js";
import { connect, connectCounting, fundedKey, newTag, served } from "./gateway.js";

const ATTEMPTS_OF_THE_GATEWAY = 3;

let apiKey;
let client;
before(async () => {
  apiKey = await fundedKey();
  client = connect(apiKey);
});

test("headers", async () => {
  const { data, response, request_id } = await client.chat.completions.create(question()).withResponse();
  assert.equal(data.model, MODEL);
  assert.ok(request_id);
  assert.equal(response.headers.get("x-request-id"), request_id);
  assert.equal(response.headers.get("x-ratelimit-limit"), "1000");
  const remaining = Number(response.headers.get("x-ratelimit-remaining"));
  assert.ok(0 < remaining && remaining < 1000, remaining);
  const reset = Number(response.headers.get("x-ratelimit-reset"));
  assert.ok(0 <= reset && reset <= LONGEST_WAIT_S, reset);
});

test("a timeout", async () => {
  const asking = question({ simulator: { fault: "stall_before_head" } });
  await assert.rejects(client.chat.completions.create(asking, { timeout: 500 }), OpenAI.APIConnectionTimeoutError);
});

// A 503 comes with the wait of some seconds that the library then keeps, so that one must do.
for (const [model, status] of [...EACH_MODEL.map((model) => [model, 500]), [MODEL, 503]]) {
  test(`the library retries what passes: ${status}, ${model}`, async () => {
    const { client: customer, sent } = connectCounting(apiKey);
    const tag = newTag();
    const fault = { status, times: ATTEMPTS_OF_THE_GATEWAY };
    const completion = await customer.chat.completions.create(question({ model, simulator: { fault, tag } }));
    assert.equal(completion.model, model);
    assert.equal(sent.count, 2);
    const statuses = (await served(tag)).map((record) => record.status);
    assert.deepEqual(statuses, [status, status, status, 200]);
  });
}
