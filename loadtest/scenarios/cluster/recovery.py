"""How long a cluster needs to come back from a wiped Redis: many accounts, each with a balance and a key, hold money;
Redis loses all its memory; all of them ask again at once. Prints JSON."""

import argparse
import http.client
import json
import os
import queue
import socket
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

BATCH = 256
WORKERS = 8
PATIENCE_S = 120
PAUSE_S = 0.005
CREDIT_NANOS = 1_000_000_000
HOLD_NANOS = 1_000
TOKENS = ("input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning")
PRICES = ("input", "cached_input", "cache_write", "cache_write_1h", "output")


class Service:
    """A service of the cluster, or a gateway, with a connection for each thread."""

    def __init__(self, url, secret):
        self.base = urllib.parse.urlsplit(url)
        self.headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
        self.local = threading.local()

    def post(self, path, body):
        """Status and answer; 0 where none came."""
        try:
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=PATIENCE_S)
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.local.connection = connection
            connection.request("POST", self.base.path + path, json.dumps(body), self.headers)
            response = connection.getresponse()
            answer = response.read()
            return response.status, json.loads(answer) if answer else None
        except (OSError, http.client.HTTPException, ValueError):
            self.local.connection = None
            return 0, None

    def insist(self, path, body):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status, answer = self.post(path, body)
            if status == 200:
                return answer
            if 400 <= status < 500:
                break
            time.sleep(PAUSE_S)
        raise SystemExit(f"{path}: {status} {answer}")


class Redis:
    """The least of its protocol, on one connection."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port), PATIENCE_S).makefile("rwb")

    def ask(self, *commands):
        self.stream.write("".join(command + "\r\n" for command in commands).encode())
        self.stream.flush()
        return [self.answer() for _ in commands]

    def answer(self):
        line = self.stream.readline().decode().rstrip()
        kind, rest = line[:1], line[1:]
        if kind == "*":
            return [self.answer() for _ in range(int(rest))]
        if kind == "$":
            return None if rest == "-1" else self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == "-":
            raise SystemExit(f"Redis: {rest}")
        return rest


def uuid7():
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


def hold(payer):
    """A command of a gateway that has just begun a request."""
    usage = {
        "model": "openai/gpt-4o-mini", "provider": "openai", "upstream": "simulator",
        "tokens": dict.fromkeys(TOKENS, 0), "prices": dict.fromkeys(PRICES, 0), "cost_price": None, "cost": 0,
        "source": None, "outcome": "running", "stream": False, "attempts": 0,
        "started_ms": time.time_ns() // 1_000_000, "first_byte_ms": None, "duration_ms": 0,
    }
    return {"id": uuid7(), **payer, "min": HOLD_NANOS, "want": HOLD_NANOS, "usage": usage}


def make_payer(ledger, number):
    email = f"recovery-{number}@example.com"
    ledger.insist("/admin/account/create", {"email": email, "password": None})
    ledger.insist("/admin/account/credit", {"email": email, "amount": CREDIT_NANOS, "reference": email})
    key = {"email": email, "name": "recovery", "rpm": 60, "expires_ms": None, "allowed_models": None}
    record = ledger.insist("/admin/key/create", key)["record"]
    return {"account": record["account"], "key": record["key"]}


def hold_all(ledgers, payers, began):
    """When each account was granted a hold, in seconds from `began`, and why others had to ask again."""
    waiting, answered, refused = queue.Queue(), [], Counter()
    for start in range(0, len(payers), BATCH):
        waiting.put(payers[start : start + BATCH])
    deadline = began + PATIENCE_S

    def work(ledger):
        while len(answered) < len(payers):
            if time.monotonic() > deadline:
                return
            try:
                batch = waiting.get(timeout=PAUSE_S)
            except queue.Empty:
                continue
            status, answers = ledger.post("/holds", [hold(payer) for payer in batch])
            now = time.monotonic() - began
            if status != 200:
                answers = [{"Err": {"refused": f"status {status}"}}] * len(batch)
            again = []
            for payer, answer in zip(batch, answers):
                if answer is not None and "Ok" in answer:
                    answered.append(now)
                    continue
                why = "unknown" if answer is None else answer["Err"]["refused"]
                refused[why] += 1
                again.append(payer)
            if again:
                waiting.put(again)
                time.sleep(PAUSE_S)

    threads = [threading.Thread(target=work, args=(ledgers[n % len(ledgers)],)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answered) < len(payers):
        raise SystemExit(f"{len(payers) - len(answered)} accounts were never granted a hold: {refused}")
    answered.sort()
    return answered, refused


def shards_open(redis, names):
    return sum(state == "open" for state in redis.ask(*(f"HGET {name} state" for name in names)))


def await_shards(redis, names, began):
    while shards_open(redis, names) < len(names):
        if time.monotonic() > began + PATIENCE_S:
            raise SystemExit("some shards were never opened again")
        time.sleep(PAUSE_S)
    return time.monotonic() - began


def await_completion(gateway, began):
    question = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9}
    attempts = 1
    while gateway.post("/chat/completions", question)[0] != 200:
        if time.monotonic() > began + PATIENCE_S:
            raise SystemExit("no completion succeeded again")
        attempts += 1
        time.sleep(PAUSE_S)
    return time.monotonic() - began, attempts


def wipe(redis, names, ledgers, gateway, payers):
    """Redis loses everything while all is at rest; everybody asks at once."""
    with ThreadPoolExecutor(2) as pool:
        redis.ask("FLUSHALL")
        began = time.monotonic()
        completion = pool.submit(await_completion, gateway, began)
        shards = pool.submit(await_shards, redis, names, began)
        answered, refused = hold_all(ledgers, payers, began)
        (completion_s, attempts), shards_s = completion.result(), shards.result()
    return {
        "first_completion_s": completion_s, "completion_attempts": attempts, "all_shards_open_s": shards_s,
        "half_of_the_accounts_s": answered[len(answered) // 2], "all_accounts_s": answered[-1], "asked_again": refused,
    }


def main():
    parser = argparse.ArgumentParser()
    for name in ("--gateway", "--keys", "--token"):
        parser.add_argument(name, required=True)
    parser.add_argument("--ledger", required=True, action="append")
    for name in ("--redis-port", "--accounts", "--rounds"):
        parser.add_argument(name, required=True, type=int)
    given = parser.parse_args()
    with open(given.token) as token, open(given.keys) as keys:
        ledgers = [Service(url, secret) for secret in [token.read()] for url in given.ledger]
        gateway = Service(given.gateway, keys.readline().strip())
    redis = Redis(given.redis_port)

    began = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        payers = list(pool.map(lambda n: make_payer(ledgers[n % len(ledgers)], n), range(given.accounts)))
    made_s = time.monotonic() - began
    hold_all(ledgers, payers, time.monotonic())
    warm, _ = hold_all(ledgers, payers, time.monotonic())
    (names,) = redis.ask("KEYS *:meta")
    if not names or shards_open(redis, names) < len(names):
        raise SystemExit("the shards are not found in Redis, or not open")
    report = {
        "accounts": len(payers), "shards": len(names), "making_accounts_s": made_s, "all_accounts_warm_s": warm[-1],
        "rounds": [wipe(redis, names, ledgers, gateway, payers) for _ in range(given.rounds)],
    }
    print(json.dumps(report, indent=2))


main()
