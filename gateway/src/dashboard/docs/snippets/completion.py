import os

from openai import OpenAI

client = OpenAI(
    api_key=os.environ["SYNTOPEN_KEY"],
    base_url="BASE_URL/api/v1",
)

answer = client.chat.completions.create(
    model="anthropic/claude-3-5-sonnet",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)
print(answer.usage.cost, "USD")
