"""The document, and a client that sends what no library would."""

import urllib.parse

import httpx
import pytest

import gateway

TIMEOUT_S = 30


@pytest.fixture(scope="session")
def origin():
    """Where the gateway is, without the base of the API."""
    parts = urllib.parse.urlsplit(gateway.BASE_URL)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture(scope="session")
def http(origin):
    # Without a proxy, whatever the environment says.
    with httpx.Client(base_url=origin, trust_env=False, timeout=TIMEOUT_S) as client:
        yield client


@pytest.fixture(scope="session")
def document(http):
    return http.get("/openapi.json").raise_for_status().json()


@pytest.fixture(scope="session")
def rich_key():
    """A key that neither its rate nor its balance stops."""
    return gateway.new_key(gateway.new_account("1000"), rpm=100_000)[0]
