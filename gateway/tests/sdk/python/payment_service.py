"""The payment service that the gateway asks: a strict double, and behind it Stripe's own mock where Go is at hand.

What the gateway asks must be right to the last field; where there is a mock it must be right for the mock as well,
whose answer the gateway then gets.
"""

import http.server
import json
import os
import threading
import urllib.parse
import uuid

import httpx

PORT = int(os.environ["SYNTOPEN_TEST_STRIPE_PORT"])
SECRET_KEY = os.environ["SYNTOPEN_TEST_STRIPE_KEY"]
# Nothing where there is none.
MOCK = os.environ["SYNTOPEN_TEST_STRIPE_MOCK"]
CHECKOUT = "https://checkout.stripe.com/c/pay/"
VERSION = "2024-11-20.acacia"
_FIELDS = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][product_data][name]": "Balance top-up",
    "adaptive_pricing[enabled]": "false",
}
_IDS = ("client_reference_id", "metadata[payment]", "payment_intent_data[metadata][payment]")
_ACCOUNTS = ("metadata[account]", "payment_intent_data[metadata][account]")
_OTHERS = {"line_items[0][price_data][unit_amount]", "expires_at", "success_url", "cancel_url"}


class PaymentService:
    """Answers the gateway for as long as it is open."""

    def __init__(self):
        self.sessions = {}
        self.asked = []
        self.wrong = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                service.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def do_GET(self):
                service.answer(self, "")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request, body):
        self.asked.append(f"{request.command} {request.path}")
        headers = {"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Version": VERSION}
        self.check(all(request.headers[key] == value for key, value in headers.items()), f"headers {request.headers}")
        parts = request.path.split("/")
        if request.path == "/v1/checkout/sessions" and request.command == "POST":
            status, answer = self.create(request, body)
        elif parts[:4] == ["", "v1", "checkout", "sessions"] and len(parts) == 5 and not body:
            known = [session for session in self.sessions.values() if session["id"] == parts[4]]
            status, answer = self.pass_on(request, body) if MOCK else ((200, known[0]) if known else (404, {}))
        elif parts[:3] == ["", "v1", "payment_intents"] and len(parts) == 4 and not body:
            status, answer = self.pass_on(request, body) if MOCK else (404, {"error": {"message": "No such object"}})
        else:
            self.wrong.append(request.path)
            status, answer = 404, {}
        text = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def create(self, request, body):
        pairs = urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        fields = dict(pairs)
        self.check(request.headers["Content-Type"] == "application/x-www-form-urlencoded", "content type")
        self.check(len(pairs) == len(fields), "a field stands twice")
        self.check(set(fields) == {*_FIELDS, *_IDS, *_ACCOUNTS, *_OTHERS}, f"fields {sorted(fields)}")
        self.check(_FIELDS.items() <= fields.items(), f"values {fields}")
        payment = fields["client_reference_id"]
        self.check(all(fields[key] == payment for key in _IDS), "payment")
        self.check(len({fields[key] for key in _ACCOUNTS}) == 1, "account")
        self.check(request.headers["Idempotency-Key"] == payment, "idempotency key")
        self.check(fields["success_url"].endswith(f"/dashboard/billing/payments/{payment}"), "success_url")
        status, answer = self.pass_on(request, body) if MOCK else (200, self.made())
        self.check(status == 200, f"the mock refuses: {answer}")
        self.sessions[payment] = answer
        return status, answer

    def made(self):
        name = f"cs_test_{uuid.uuid4().hex}"
        return {"id": name, "url": CHECKOUT + name, "payment_status": "unpaid", "status": "open"}

    def pass_on(self, request, body):
        ours = ("host", "content-length")
        headers = {key: value for key, value in request.headers.items() if key.lower() not in ours}
        # The mock refuses every key but those of its own form.
        headers["Authorization"] = "Bearer sk_test_123"
        with httpx.Client(trust_env=False, timeout=20) as client:
            answer = client.request(request.command, MOCK + request.path, content=body or None, headers=headers)
        return answer.status_code, answer.json()

    def check(self, is_right, what):
        if not is_right:
            self.wrong.append(what)
