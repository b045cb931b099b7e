"""What is judged here does not depend on the client that asked."""

import pytest

from customers import SyncCustomer


@pytest.fixture(scope="session")
def kind_of_customer():
    return SyncCustomer
