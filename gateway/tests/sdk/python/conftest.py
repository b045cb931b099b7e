"""Customers of the gateway: every test that asks for one runs with each client of the library."""

import pytest

import gateway
from asking import UPSTREAM_MODELS
from customers import AsyncCustomer, SyncCustomer

BALANCE_USD = "5"
# Longer than anything that is not to time out takes.
TIMEOUT_S = 30


@pytest.fixture(scope="session", params=[SyncCustomer, AsyncCustomer], ids=["sync", "async"])
def kind_of_customer(request):
    return request.param


@pytest.fixture(params=UPSTREAM_MODELS)
def model(request):
    """A model of each provider, for what must not differ between them."""
    return request.param


@pytest.fixture(scope="session")
def api_key(kind_of_customer):
    """A key of an account with a balance, which the tests of one client share."""
    return gateway.new_key(gateway.new_account(BALANCE_USD))[0]


@pytest.fixture
def connect(kind_of_customer):
    """Makes customers. Unless told otherwise, they do not retry, so that a failure is seen."""
    customers = []

    def connect(api_key, **options):
        options = {"base_url": gateway.BASE_URL, "timeout": TIMEOUT_S, "max_retries": 0, **options}
        customers.append(kind_of_customer(api_key=api_key, **options))
        return customers[-1]

    yield connect
    for customer in customers:
        customer.close()


@pytest.fixture
def customer(connect, api_key):
    return connect(api_key)
