// Answers in the form of a schema.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { LengthFinishReasonError } from "openai/core/error";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

import { EACH_MODEL, question } from "./asking.js";
import { connect, fundedKey } from "./gateway.js";
import { expectedNanos, nanos } from "./prices.js";

const Forecast = z.object({
  city: z.string(),
  days: z.array(z.object({ sky: z.enum(["clear", "cloudy"]), high: z.number().nullable() })),
});
const EXPECTED = { city: "text", days: [{ sky: "clear", high: 1 }] };

let client;
before(async () => {
  client = connect(await fundedKey());
});

const asked = (parameters) => question({ response_format: zodResponseFormat(Forecast, "forecast"), ...parameters });

for (const model of EACH_MODEL) {
  test(`a parsed answer: ${model}`, async () => {
    const completion = await client.chat.completions.parse(asked({ model }));
    assert.deepEqual(completion.choices[0].message.parsed, EXPECTED);
    assert.equal(nanos(completion.usage), expectedNanos(model, completion.usage));
  });

  test(`a parsed stream: ${model}`, async () => {
    const completion = await client.chat.completions.stream(asked({ model })).finalChatCompletion();
    assert.deepEqual(completion.choices[0].message.parsed, EXPECTED);
  });

  test(`an answer that was cut is not parsed: ${model}`, async () => {
    await assert.rejects(client.chat.completions.parse(asked({ model, max_tokens: 2 })), LengthFinishReasonError);
  });

  test(`parsed arguments: ${model}`, async () => {
    const tools = [zodFunction({ name: "get_forecast", parameters: z.object({ city: z.string() }) })];
    const completion = await client.chat.completions.parse(question({ model, tools, tool_choice: "required" }));
    const [call] = completion.choices[0].message.tool_calls;
    assert.deepEqual(call.function.parsed_arguments, { city: "text" });
  });
}
