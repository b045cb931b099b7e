"""The API reference's table of models, and what a completion costs by it."""

import json
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

MODELS = json.loads((Path(__file__).parent.parent / "models.json").read_text())
TOKENS_PER_PRICE = 1_000_000
NANO_USD = Decimal("0.000000001")


def price(model, bucket):
    """The price of a million tokens."""
    (row,) = [row for row in MODELS if row["id"] == model]
    return Decimal(row[bucket])


def expected_cost(model, usage):
    """The cost of a request in USD: summed exactly, and rounded up once, to a nano-dollar."""
    details = usage.prompt_tokens_details
    cached = details.cached_tokens or 0 if details else 0
    # The library does not know of it before its newest versions, and keeps it all the same.
    written = getattr(details, "cache_write_tokens", None) or 0
    total = (
        (usage.prompt_tokens - cached - written) * price(model, "input")
        + cached * price(model, "cached_input")
        + written * price(model, "cache_write")
        + usage.completion_tokens * price(model, "output")
    )
    return (total / TOKENS_PER_PRICE).quantize(NANO_USD, rounding=ROUND_CEILING)


def cost(usage):
    """The cost that an answer states, in USD, as its digits say."""
    return Decimal(str(usage.cost))
