// The list of models, and each of them.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import OpenAI from "openai";

import { MODEL } from "./asking.js";
import { connect, fundedKey } from "./gateway.js";
import { MODELS, picosPerToken, scaled } from "./prices.js";

const PICO_DECIMALS = 12;
const BUCKETS = {
  prompt: "input",
  completion: "output",
  input_cache_read: "cached_input",
  input_cache_write: "cache_write",
};

let client;
before(async () => {
  client = connect(await fundedKey());
});

function assertDescribes(model, { id, context_length }) {
  assert.deepEqual([model.id, model.object, model.context_length], [id, "model", context_length]);
  for (const [name, bucket] of Object.entries(BUCKETS)) {
    assert.equal(scaled(model.pricing[name], PICO_DECIMALS), picosPerToken(id, bucket), `${id}: ${name}`);
  }
}

test("the list", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  assert.deepEqual(
    models.map((model) => model.id),
    MODELS.map((row) => row.id),
  );
  models.forEach((model, position) => assertDescribes(model, MODELS[position]));
});

for (const row of MODELS) {
  test(`retrieve ${row.id}`, async () => {
    assertDescribes(await client.models.retrieve(row.id), row);
  });
}

for (const path of ["/models/openai/gpt-4o-mini", "/models/openai%2Fgpt-4o-mini"]) {
  test(`get ${path}`, async () => {
    assert.equal((await client.get(path)).id, MODEL);
  });
}

test("an unknown model", async () => {
  await assert.rejects(client.models.retrieve("openai/no-such-model"), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
});
