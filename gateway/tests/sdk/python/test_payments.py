"""Payments: events with signatures that Stripe's own library makes, and calls that Stripe's own mock accepts."""

import concurrent.futures
import json
import os
import random
import time
import uuid
from decimal import Decimal

import httpx
import pytest
import stripe

import gateway
from browser import ORIGIN, Browser, link
from payment_service import PaymentService
from prices import NANO_USD

SECRET = os.environ["SYNTOPEN_TEST_WEBHOOK_SECRET"]
BILLING = "/dashboard/billing"
TOLERANCE_S = 300
# A transaction that others made fail is what Stripe sends its event again for.
SENDS_MAX = 20


@pytest.fixture(scope="module")
def service():
    """The payment service; what it was asked was right."""
    service = PaymentService()
    yield service
    service.close()
    assert service.wrong == []


@pytest.fixture
def customer(service):
    """A browser and the e-mail address of who is signed up in it."""
    email = f"{uuid.uuid4().hex}@example.com"
    browser = Browser(email)
    yield browser, email
    browser.close()


def name(kind):
    """A name as Stripe gives it."""
    return f"{kind}_{uuid.uuid4().hex}"


def sign(body, secret=SECRET, at=None):
    """The header that Stripe would send with a body."""
    at = int(time.time()) if at is None else at
    proof = stripe.WebhookSignature._compute_signature(f"{at}.{body}", secret)
    return f"t={at},v1={proof}"


def event(kind, body):
    return json.dumps({"id": name("evt"), "object": "event", "type": kind, "data": {"object": body}})


def send(body, signature=None):
    headers = {"Stripe-Signature": signature or sign(body), "Content-Type": "application/json"}
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.post(f"{ORIGIN}/webhooks/stripe", content=body, headers=headers)


def send_until_booked(body):
    for _ in range(SENDS_MAX):
        answer = send(body)
        if answer.status_code != 503:
            break
    return answer


def balance(email):
    return gateway.administer("account", "show", "--email", email)["balance"] * NANO_USD


def begin(browser, service, usd):
    """Begins a payment: its number, and its checkout as Stripe tells of it once it is paid."""
    before = set(service.sessions)
    page = browser.submit(f"{BILLING}/top-up", form_of=BILLING, amount=usd)
    assert page.status_code == 303, page.text
    assert page.headers["location"].startswith("https://checkout.stripe.com/")
    (payment,) = set(service.sessions) - before
    return payment, {
        "id": service.sessions[payment]["id"],
        "object": "checkout.session",
        "payment_intent": name("pi"),
        "amount_total": int(Decimal(usd) * 100),
        "currency": "usd",
        "payment_status": "paid",
        "status": "complete",
        "client_reference_id": payment,
        "metadata": {"payment": payment},
    }


def events_of(paid):
    """A payment of $20, refunded twice and disputed in vain; it leaves $12."""
    intent = {"payment_intent": paid["payment_intent"], "currency": "usd", "metadata": paid["metadata"]}
    charge = {"id": name("ch"), "amount": 2000, **intent}
    refunds = [{"id": name("re"), "amount": amount, "status": "succeeded", **intent} for amount in (500, 300)]
    dispute = {"id": name("dp"), "amount": 100, **intent}
    return [
        event("checkout.session.completed", {**paid, "payment_status": "unpaid"}),
        event("checkout.session.async_payment_succeeded", paid),
        event("checkout.session.completed", paid),
        event("charge.refunded", {**charge, "amount_refunded": 500}),
        event("charge.refunded", {**charge, "amount_refunded": 800}),
        event("refund.created", refunds[0]),
        event("refund.updated", refunds[1]),
        event("charge.dispute.created", {**dispute, "status": "needs_response"}),
        event("charge.dispute.funds_withdrawn", {**dispute, "status": "under_review"}),
        event("charge.dispute.funds_reinstated", {**dispute, "status": "won"}),
        event("charge.dispute.closed", {**dispute, "status": "won"}),
    ]


def test_the_library_agrees_with_the_signatures():
    body = event("checkout.session.completed", {})
    stripe.Webhook.construct_event(body, sign(body), SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, sign(body, "whsec_other"), SECRET)


def test_forged_late_and_early_events_are_refused(customer, service):
    browser, email = customer
    _, paid = begin(browser, service, "5")
    body = event("checkout.session.completed", paid)
    now = int(time.time())
    right = sign(body, at=now)
    forged = [
        "x",
        f"t={now}",
        sign(body, "whsec_other"),
        sign(body + " "),
        right.replace(f"t={now}", f"t={now - 1}"),
        right.replace("v1=", "v0="),
        sign(body, at=now - TOLERANCE_S - 60),
        sign(body, at=now + TOLERANCE_S + 60),
    ]
    for signature in forged:
        answer = send(body, signature)
        assert answer.status_code == 400, signature
        assert answer.json()["error"]["code"] == "invalid_request"
    assert balance(email) == 0
    # While a secret is replaced there are two signatures.
    other = sign(body, "whsec_old", now)
    assert send(body, f"{other},{right.split(',')[1]}").status_code == 200
    assert balance(email) == 5


def test_a_payment_is_credited_once_and_has_a_receipt(customer, service):
    browser, email = customer
    payment, paid = begin(browser, service, "25.50")
    at = f"{BILLING}/payments/{payment}"
    # Nobody has paid yet: asked for, the checkout is found, and nothing is credited.
    assert browser.submit(f"{at}/check", form_of=at).status_code == 303
    assert "We wait for the payment service" in browser.get(at).text
    told = event("checkout.session.completed", paid)
    assert [send(told).status_code for _ in range(3)] == [200] * 3
    assert send(event("checkout.session.completed", paid)).status_code == 200
    assert balance(email) == Decimal("25.5")
    assert "Thank you" in browser.get(at).text
    receipt = browser.get(link(browser.get(BILLING), f"{BILLING}/transfers/"))
    assert "+$25.50" in receipt.text and email in receipt.text
    assert {f"GET /v1/checkout/sessions/{paid['id']}", "POST /v1/checkout/sessions"} <= set(service.asked)


@pytest.mark.parametrize("seed", range(3))
def test_events_shuffled_repeated_and_at_once_are_booked_once(customer, service, seed):
    browser, email = customer
    _, paid = begin(browser, service, "20")
    first, *events = events_of(paid)
    # The names are known by the first event: what comes before it is told of in the next test.
    assert send(first).status_code == 200
    events = events * 3
    random.Random(seed).shuffle(events)
    with concurrent.futures.ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(send_until_booked, events))
    assert [answer.status_code for answer in answers] == [200] * len(events)
    assert balance(email) == 12


def test_what_went_back_of_an_unknown_payment_is_asked_for_and_kept(customer, service):
    _, email = customer
    intent = name("pi")
    refund = {"id": name("re"), "payment_intent": intent, "amount": 100, "currency": "usd", "status": "succeeded"}
    assert send(event("refund.created", refund)).status_code == 200
    assert f"GET /v1/payment_intents/{intent}" in service.asked
    assert balance(email) == 0


def test_other_figures_change_no_balance(customer, service):
    browser, email = customer
    _, paid = begin(browser, service, "20")
    other = {"metadata": {"payment": str(uuid.uuid4())}}
    for wrong in ({"amount_total": 1999}, {"currency": "eur"}, {"id": name("cs")}, other):
        assert send(event("checkout.session.completed", {**paid, **wrong})).status_code == 200
    assert balance(email) == 0
    assert send(event("checkout.session.completed", paid)).status_code == 200
    assert balance(email) == 20
