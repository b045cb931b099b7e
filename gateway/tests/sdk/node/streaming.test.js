// Answers that come in chunks.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import OpenAI from "openai";

import { EACH_MODEL, MODEL, finishesOf, providerOf, question, readStream, textOf, wordsIn } from "./asking.js";
import { connect, fundedKey, served, newTag } from "./gateway.js";
import { expectedNanos, nanos } from "./prices.js";

let client;
before(async () => {
  client = connect(await fundedKey());
});

const read = (parameters) => readStream(client, question(parameters));

for (const model of EACH_MODEL) {
  test(`a stream: ${model}`, async () => {
    const simulator = { tokens: 12 };
    const whole = await client.chat.completions.create(question({ model, simulator }));
    const chunks = await read({ model, simulator });
    assert.equal(textOf(chunks), whole.choices[0].message.content);
    assert.deepEqual(finishesOf(chunks), ["stop"]);
    for (const chunk of chunks) {
      assert.equal(chunk.object, "chat.completion.chunk");
      assert.deepEqual([chunk.model, chunk.provider], [model, providerOf(model)]);
      assert.deepEqual([chunk.id, chunk.created], [chunks[0].id, chunks[0].created]);
    }
  });

  test(`usage is not sent unasked: ${model}`, async () => {
    for (const chunk of await read({ model })) {
      assert.notDeepEqual(chunk.choices, []);
      assert.equal(chunk.usage ?? null, null);
    }
  });

  test(`usage is the last chunk: ${model}`, async () => {
    const simulator = { tokens: 9, cached_tokens: 6 };
    const chunks = await read({ model, stream_options: { include_usage: true }, simulator });
    const { choices, usage } = chunks.pop();
    for (const chunk of chunks) {
      assert.notDeepEqual(chunk.choices, []);
      assert.equal(chunk.usage, null);
    }
    assert.deepEqual(choices, []);
    assert.equal(usage.completion_tokens, 9);
    assert.equal(usage.prompt_tokens_details.cached_tokens, 6);
    assert.equal(usage.prompt_tokens + 9, usage.total_tokens);
    assert.equal(nanos(usage), expectedNanos(model, usage));
  });
}

for (const model of [MODEL, "google/gemini-1.5-pro"]) {
  test(`several choices: ${model}`, async () => {
    const chunks = await read({ model, n: 2, simulator: { tokens: 6 } });
    assert.notEqual(textOf(chunks, 0), textOf(chunks, 1));
    assert.deepEqual([wordsIn(textOf(chunks, 0)), wordsIn(textOf(chunks, 1))], [6, 6]);
    assert.deepEqual(finishesOf(chunks), ["stop", "stop"]);
  });
}

for (const model of EACH_MODEL) {
  for (const fault of ["byte_by_byte", "crlf", "comment_lines"]) {
    test(`bytes in whatever portions: ${fault}, ${model}`, async () => {
      const chunks = await read({ model, simulator: { tokens: 8, fault } });
      assert.deepEqual(finishesOf(chunks), ["stop"]);
      assert.equal(wordsIn(textOf(chunks)), 8);
    });
  }

  test(`an accumulated stream: ${model}`, async () => {
    const stream_options = { include_usage: true };
    const stream = client.chat.completions.stream(question({ model, stream_options, simulator: { tokens: 10 } }));
    const completion = await stream.finalChatCompletion();
    assert.equal(wordsIn(completion.choices[0].message.content), 10);
    assert.equal(completion.usage.completion_tokens, 10);
  });

  for (const fault of ["cut_after", "error_event_after", "garbage_after", "eof_without_done_after"]) {
    test(`a broken stream is an error and not an end: ${fault}, ${model}`, async () => {
      const chunks = [];
      const reading = readStream(client, question({ model, simulator: { tokens: 12, fault: { [fault]: 4 } } }), chunks);
      await assert.rejects(reading, (error) => {
        assert.equal(error.constructor, OpenAI.APIError);
        assert.equal(error.code, "upstream_error");
        return true;
      });
      assert.ok(textOf(chunks));
      assert.deepEqual(finishesOf(chunks), []);
    });
  }

  test(`leaving a stream ends it at the provider: ${model}`, async () => {
    const simulator = { tokens: 1000, token_ms: 20, tag: newTag() };
    const stream = await client.chat.completions.create(question({ model, simulator, stream: true }));
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) break;
    }
    // The test's time limit ends this if the provider is never told.
    let record;
    do {
      [record] = await served(simulator.tag);
    } while (!record.ended);
    assert.equal(record.cancelled, true);
  });
}
