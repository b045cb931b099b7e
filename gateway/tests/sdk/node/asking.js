// Requests that the tests have in common.

export const MODEL = "openai/gpt-4o-mini";
export const FREE_MODEL = "google/gemini-2.0-flash-exp";
// A slot is free once more than a minute has passed, which is the 61st second.
export const LONGEST_WAIT_S = 61;
export const MESSAGES = [
  { role: "system", content: "You are concise." },
  { role: "user", content: "What is the capital of France?" },
];

// A request; its parameter `simulator` says how the simulator is to answer it.
export const question = (parameters = {}) => ({ model: MODEL, messages: MESSAGES, ...parameters });

export async function readStream(client, parameters, chunks = []) {
  for await (const chunk of await client.chat.completions.create({ ...parameters, stream: true })) {
    chunks.push(chunk);
  }
  return chunks;
}

const choicesOf = (chunks) => chunks.flatMap((chunk) => chunk.choices);

// The text of one choice of a stream.
export function textOf(chunks, index = 0) {
  const choices = choicesOf(chunks).filter((choice) => choice.index === index);
  return choices.map((choice) => choice.delta.content ?? "").join("");
}

export function finishesOf(chunks) {
  return choicesOf(chunks).flatMap((choice) => choice.finish_reason ?? []);
}

export const wordsIn = (text) => text.split(" ").filter((word) => word !== "").length;
