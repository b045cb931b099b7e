// The balance, to the nano-dollar.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { FREE_MODEL, MODEL, question, readStream } from "./asking.js";
import { administer, connect, newAccount, newKey } from "./gateway.js";
import { MODELS, expectedNanos, nanos, usdInNanos } from "./prices.js";

const CREDIT_USD = "5";
const POLL_MS = 50;
// Their vendor bills what it writes into its cache at a price of its own.
const CACHE_WRITERS = MODELS.filter((row) => row.cache_write !== row.input).map((row) => row.id);

// What the key's page says once nothing is held any more: a hold that ended in an error is released behind it. The
// test's time limit ends this if that never happens.
async function keyAtRest(client) {
  for (;;) {
    const key = await client.get("/key");
    if (usdInNanos(key.held_usd) === 0n) return key;
    await sleep(POLL_MS);
  }
}

// Requests of every kind that is charged: the model and the usage of each.
async function* usages(client) {
  for (const { id } of MODELS) {
    const asked = question({ model: id, max_tokens: 40, simulator: { tokens: 33 } });
    const { usage } = await client.chat.completions.create(asked);
    assert.equal(usage.completion_tokens, 33);
    yield [id, usage];
  }
  const simulator = { tokens: 21, cached_tokens: 7, reasoning_tokens: 5 };
  for (const model of [MODEL, "openai/o1", FREE_MODEL]) {
    const asked = question({ model, n: 2, stream_options: { include_usage: true }, simulator });
    const { usage } = (await readStream(client, asked)).at(-1);
    assert.equal(usage.completion_tokens, 42);
    yield [model, usage];
  }
  for (const model of CACHE_WRITERS) {
    const asked = question({ model, simulator: { tokens: 21, cached_tokens: 7, cache_write_tokens: 11 } });
    const whole = await client.chat.completions.create(asked);
    const chunks = await readStream(client, { ...asked, stream_options: { include_usage: true } });
    for (const { usage } of [whole, chunks.at(-1)]) {
      const { cached_tokens, cache_write_tokens } = usage.prompt_tokens_details;
      assert.deepEqual([cached_tokens, cache_write_tokens], [7, 11]);
      yield [model, usage];
    }
  }
}

test("the balance is the credit less all costs", async () => {
  const email = await newAccount({ usd: CREDIT_USD });
  const client = connect((await newKey(email)).apiKey);
  let spent = 0n;
  for await (const [model, usage] of usages(client)) {
    assert.equal(nanos(usage), expectedNanos(model, usage), model);
    spent += nanos(usage);
  }
  await assert.rejects(client.chat.completions.create(question({ simulator: { fault: { status: 401 } } })));
  assert.ok(spent > 0n);
  const key = await keyAtRest(client);
  assert.equal(usdInNanos(key.balance_usd), usdInNanos(CREDIT_USD) - spent);
  assert.equal(usdInNanos(key.spent_usd.total), spent);
  const account = await administer("account", "show", "--email", email);
  assert.equal(BigInt(account.balance), usdInNanos(CREDIT_USD) - spent);
});
