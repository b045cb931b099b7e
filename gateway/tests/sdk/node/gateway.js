// The gateway under test, its administration, and the simulator behind it: where they are and how to ask them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";

import OpenAI from "openai";

const { SYNTOPEN_TEST_GATEWAY, SYNTOPEN_TEST_SETTINGS, SYNTOPEN_TEST_SIMULATOR_URL } = process.env;
const ADMINISTRATION_TIMEOUT_MS = 30_000;
// Longer than anything that is not to time out takes.
const TIMEOUT_MS = 30_000;

export const BASE_URL = process.env.SYNTOPEN_TEST_BASE_URL;

// What an administration command answers.
export async function administer(...parameters) {
  // The gateway refuses settings that it does not know, so that it gets none but its own.
  const env = { PATH: process.env.PATH, ...JSON.parse(SYNTOPEN_TEST_SETTINGS) };
  const options = { env, timeout: ADMINISTRATION_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)(SYNTOPEN_TEST_GATEWAY, [...parameters, "--json"], options);
  return JSON.parse(stdout);
}

// The e-mail address of a new account, with a balance where `usd` says one.
export async function newAccount({ usd } = {}) {
  const email = `${randomUUID()}@example.com`;
  await administer("account", "create", "--email", email);
  if (usd !== undefined) await administer("account", "credit", "--email", email, "--usd", usd);
  return email;
}

// A new API key of an account: its plaintext, and its id.
export async function newKey(email, { rpm = 1000 } = {}) {
  const created = await administer("key", "create", "--email", email, "--name", "sdk", "--rpm", String(rpm));
  return { apiKey: created.api_key, id: created.record.key };
}

export async function revoke(id) {
  await administer("key", "revoke", "--id", id);
}

// A key of a new account with a balance.
export async function fundedKey() {
  const { apiKey } = await newKey(await newAccount({ usd: "5" }));
  return apiKey;
}

// A client that does not retry unless told otherwise, so that a failure is seen.
export function connect(apiKey, options = {}) {
  return new OpenAI({ apiKey, baseURL: BASE_URL, timeout: TIMEOUT_MS, maxRetries: 0, ...options });
}

// A client as the library makes it, and how many requests it has sent.
export function connectCounting(apiKey) {
  const sent = { count: 0 };
  const counting = (...request) => {
    sent.count += 1;
    return fetch(...request);
  };
  return { client: new OpenAI({ apiKey, baseURL: BASE_URL, fetch: counting }), sent };
}

// A name for requests of one test, by which the simulator's record is asked for them.
export const newTag = () => randomUUID();

// What the simulator served under a tag, oldest first.
export async function served(tag) {
  const answer = await fetch(`${SYNTOPEN_TEST_SIMULATOR_URL}/simulator/served?tag=${tag}`);
  assert.equal(answer.status, 200);
  return (await answer.json()).served;
}
