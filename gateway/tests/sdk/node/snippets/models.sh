curl https://opensyntx.teksura.ru/api/v1/models -H "Authorization: Bearer $SYNTOPEN_KEY"
