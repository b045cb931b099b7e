curl BASE_URL/api/v1/key -H "Authorization: Bearer $SYNTOPEN_KEY"
