curl BASE_URL/api/v1/models/openai/gpt-4o-mini -H "Authorization: Bearer $SYNTOPEN_KEY"
