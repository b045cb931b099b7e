"""The list of models, and each of them."""

from decimal import Decimal

import openai
import pytest

from asking import MODEL
from prices import MODELS, TOKENS_PER_PRICE

BUCKETS = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cached_input",
    "input_cache_write": "cache_write",
}


def assert_describes(model, row):
    assert model.id == row["id"]
    assert model.object == "model"
    assert model.owned_by == row["id"].split("/")[0]
    assert isinstance(model.created, int)
    assert model.context_length == row["context_length"]
    for name, bucket in BUCKETS.items():
        # A price is a text: as a number it would be rounded on its way.
        assert isinstance(model.pricing[name], str)
        assert Decimal(model.pricing[name]) * TOKENS_PER_PRICE == Decimal(row[bucket]), (model.id, name)


def test_list(customer):
    models = customer.list_models()
    assert [model.id for model in models] == [row["id"] for row in MODELS]
    for model, row in zip(models, MODELS, strict=True):
        assert_describes(model, row)


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row["id"])
def test_retrieve(customer, row):
    assert_describes(customer.retrieve_model(row["id"]), row)


@pytest.mark.parametrize("path", ["/models/openai/gpt-4o-mini", "/models/openai%2Fgpt-4o-mini"])
def test_slash_of_an_id_encoded_or_not(customer, path):
    assert customer.get_model(path).id == MODEL


def test_unknown_model(customer):
    with pytest.raises(openai.NotFoundError) as raised:
        customer.retrieve_model("openai/no-such-model")
    assert raised.value.code == "model_not_found"


def test_models_need_a_key(connect):
    with pytest.raises(openai.AuthenticationError):
        connect("sk-syn-wrong").list_models()
