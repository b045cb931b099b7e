import OpenAI from "openai";

const client = new OpenAI({
  apiKey: process.env.SYNTOPEN_KEY,
  baseURL: "BASE_URL/api/v1",
});

const r = await client.chat.completions.create({
  model: "anthropic/claude-3-5-sonnet",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(r.choices[0].message.content);
