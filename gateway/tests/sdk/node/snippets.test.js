// The snippets of the API reference, run as they stand there but for the host.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { MODEL } from "./asking.js";
import { BASE_URL, fundedKey } from "./gateway.js";
import { MODELS, expectedNanos, nanos } from "./prices.js";

const DOCUMENTED_URL = "https://opensyntx.teksura.ru/api/v1";
const TIMEOUT_MS = 30_000;

let env;
before(async () => {
  env = { PATH: process.env.PATH, SYNTOPEN_KEY: await fundedKey() };
});

const fileOf = (name) => new URL(`snippets/${name}`, import.meta.url);

async function snippet(name) {
  const text = await readFile(fileOf(name), "utf8");
  assert.equal(text.split(DOCUMENTED_URL).length, 2, "the host is there once");
  return text.replace(DOCUMENTED_URL, BASE_URL);
}

async function printedBy(program, ...parameters) {
  const { stdout } = await promisify(execFile)(program, parameters, { env, timeout: TIMEOUT_MS });
  return JSON.parse(stdout);
}

test("curl: a completion", async () => {
  const completion = await printedBy("bash", "-c", await snippet("completion.sh"));
  assert.deepEqual([completion.object, completion.model], ["chat.completion", MODEL]);
  assert.ok(completion.choices[0].message.content);
  assert.equal(nanos(completion.usage), expectedNanos(MODEL, completion.usage));
});

test("curl: the list of models", async () => {
  const list = await printedBy("bash", "-c", await snippet("models.sh"));
  assert.equal(list.object, "list");
  assert.deepEqual(
    list.data.map((model) => model.id),
    MODELS.map((row) => row.id),
  );
});

test("JavaScript: a completion", async () => {
  const program = fileOf("run.js");
  // The snippet ends with the answer in `r`, of which it shows nothing.
  await writeFile(program, `${await snippet("sdk.js")}\nconsole.log(JSON.stringify(r));\n`);
  const completion = await printedBy(process.execPath, program.pathname);
  assert.equal(completion.model, "anthropic/claude-3-5-sonnet");
  assert.ok(completion.choices[0].message.content);
});
