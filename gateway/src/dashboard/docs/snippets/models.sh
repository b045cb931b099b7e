curl BASE_URL/api/v1/models -H "Authorization: Bearer $SYNTOPEN_KEY"
