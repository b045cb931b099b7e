// Requests that the tests have in common.

export const MODEL = "openai/gpt-4o-mini";
// One of each provider, and the providers' own names of them.
export const UPSTREAM_MODELS = {
  [MODEL]: "gpt-4o-mini",
  "anthropic/claude-3-5-sonnet": "claude-3-5-sonnet-20241022",
  "google/gemini-1.5-pro": "gemini-1.5-pro",
};
export const EACH_MODEL = Object.keys(UPSTREAM_MODELS);
export const FREE_MODEL = "google/gemini-2.0-flash-exp";
// A slot is free once more than a minute has passed, which is the 61st second.
export const LONGEST_WAIT_S = 61;
export const MESSAGES = [
  { role: "system", content: "You are concise." },
  { role: "user", content: "What is the capital of France?" },
];

// Whose model it is.
export const providerOf = (model) => model.split("/")[0];

// The messages, of which the last by a user says how the simulator is to answer: a gateway passes on any text.
export function controlled(messages, control) {
  const position = messages.findLastIndex((message) => message.role === "user");
  const text = ` <simulator>${JSON.stringify(control)}</simulator>`;
  const { content } = messages[position];
  const told = typeof content === "string" ? content + text : [...content, { type: "text", text }];
  return messages.with(position, { ...messages[position], content: told });
}

// A request; `simulator` says how the simulator is to answer it.
export function question({ messages = MESSAGES, simulator, ...parameters } = {}) {
  const told = simulator === undefined ? messages : controlled(messages, simulator);
  return { model: MODEL, messages: told, ...parameters };
}

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
