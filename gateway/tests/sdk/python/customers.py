"""Customers with either client of the library, each as they would write it, behind one face for the tests."""

import asyncio

import openai
from openai.types import Model


class SyncCustomer:
    """Uses `openai.OpenAI`."""

    def __init__(self, **options):
        self._client = openai.OpenAI(**options)

    def complete(self, **body):
        return self._client.chat.completions.create(**body)

    def complete_raw(self, **body):
        """The answer with its headers, not yet parsed."""
        return self._client.chat.completions.with_raw_response.create(**body)

    def read_stream(self, chunks, **body):
        """Appends the chunks of a stream to `chunks`, as they come."""
        with self._client.chat.completions.create(stream=True, **body) as stream:
            for chunk in stream:
                chunks.append(chunk)

    def accumulate_stream(self, **body):
        """The answer that the library puts together from a stream."""
        with self._client.chat.completions.stream(**body) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion()

    def parse(self, **body):
        return self._client.chat.completions.parse(**body)

    def list_models(self):
        return list(self._client.models.list())

    def retrieve_model(self, model):
        return self._client.models.retrieve(model)

    def get_model(self, path):
        return self._client.get(path, cast_to=Model)

    def show_key(self):
        return self._client.get("/key", cast_to=object)

    def close(self):
        self._client.close()


class AsyncCustomer:
    """Uses `openai.AsyncOpenAI`, on an event loop of its own."""

    def __init__(self, **options):
        self._client = openai.AsyncOpenAI(**options)
        self._loop = asyncio.Runner()

    def complete(self, **body):
        async def run():
            return await self._client.chat.completions.create(**body)

        return self._loop.run(run())

    def complete_raw(self, **body):
        """The answer with its headers, not yet parsed."""

        async def run():
            return await self._client.chat.completions.with_raw_response.create(**body)

        return self._loop.run(run())

    def read_stream(self, chunks, **body):
        """Appends the chunks of a stream to `chunks`, as they come."""

        async def run():
            async with await self._client.chat.completions.create(stream=True, **body) as stream:
                async for chunk in stream:
                    chunks.append(chunk)

        self._loop.run(run())

    def accumulate_stream(self, **body):
        """The answer that the library puts together from a stream."""

        async def run():
            async with self._client.chat.completions.stream(**body) as stream:
                async for _ in stream:
                    pass
                return await stream.get_final_completion()

        return self._loop.run(run())

    def parse(self, **body):
        async def run():
            return await self._client.chat.completions.parse(**body)

        return self._loop.run(run())

    def list_models(self):
        async def run():
            return [model async for model in self._client.models.list()]

        return self._loop.run(run())

    def retrieve_model(self, model):
        async def run():
            return await self._client.models.retrieve(model)

        return self._loop.run(run())

    def get_model(self, path):
        async def run():
            return await self._client.get(path, cast_to=Model)

        return self._loop.run(run())

    def show_key(self):
        async def run():
            return await self._client.get("/key", cast_to=object)

        return self._loop.run(run())

    def close(self):
        self._loop.run(self._client.close())
        self._loop.close()
