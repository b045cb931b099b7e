import OpenAI from "openai";

const client = new OpenAI({
  apiKey: process.env.SYNTOPEN_KEY,
  baseURL: "https://opensyntx.teksura.ru/api/v1",
});

const r = await client.chat.completions.create({
  model: "anthropic/claude-3-5-sonnet",
  messages: [{ role: "user", content: "Hello" }],
});
