// The API reference's table of models, and what a completion costs by it, in nano-dollars.

import { readFileSync } from "node:fs";

export const MODELS = JSON.parse(readFileSync(new URL("../models.json", import.meta.url), "utf8"));

const NANOS_PER_USD = 1_000_000_000n;
const PICOS_PER_NANO = 1_000n;
const PRICE_DECIMALS = 6;

// An exact decimal text as a whole number of `10^-decimals`.
export function scaled(text, decimals) {
  const [whole, fraction = ""] = text.split(".");
  if (fraction.length > decimals) throw new RangeError(`${text} has more than ${decimals} decimals`);
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

// The price of a token in pico-dollars, which is that of a million tokens in micro-dollars.
export function picosPerToken(model, bucket) {
  return scaled(MODELS.find((row) => row.id === model)[bucket], PRICE_DECIMALS);
}

// The cost of a request: summed exactly, and rounded up once.
export function expectedNanos(model, usage) {
  const cached = BigInt(usage.prompt_tokens_details?.cached_tokens ?? 0);
  const written = BigInt(usage.prompt_tokens_details?.cache_write_tokens ?? 0);
  const picos =
    (BigInt(usage.prompt_tokens) - cached - written) * picosPerToken(model, "input") +
    cached * picosPerToken(model, "cached_input") +
    written * picosPerToken(model, "cache_write") +
    BigInt(usage.completion_tokens) * picosPerToken(model, "output");
  return (picos + PICOS_PER_NANO - 1n) / PICOS_PER_NANO;
}

// The cost that an answer states. It must be the very number that is nearest to a whole count of nano-dollars.
export function nanos(usage) {
  const count = BigInt(Math.round(usage.cost * Number(NANOS_PER_USD)));
  if (Number(count) / Number(NANOS_PER_USD) !== usage.cost) throw new RangeError(`${usage.cost} is no amount`);
  return count;
}

export const usdInNanos = (text) => scaled(text, 9);
