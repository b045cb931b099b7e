curl --no-buffer BASE_URL/api/v1/chat/completions \
  -H "Authorization: Bearer $SYNTOPEN_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "openai/gpt-4o-mini",
    "messages": [{"role": "user", "content": "Count to ten."}],
    "stream": true,
    "stream_options": {"include_usage": true}
  }'
