curl BASE_URL/api/v1/chat/completions \
  -H "Authorization: Bearer $SYNTOPEN_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "openai/gpt-4o-mini",
    "messages": [
      {"role": "system", "content": "You are concise."},
      {"role": "user", "content": "What is the capital of France?"}
    ],
    "stream": false
  }'
