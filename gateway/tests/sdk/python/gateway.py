"""The gateway under test, its administration, and the simulator behind it: where they are and how to ask them."""

import json
import os
import subprocess
import urllib.parse
import urllib.request
import uuid

BASE_URL = os.environ["SYNTOPEN_TEST_BASE_URL"]
_PROGRAM = os.environ["SYNTOPEN_TEST_GATEWAY"]
_SETTINGS = json.loads(os.environ["SYNTOPEN_TEST_SETTINGS"])
SIMULATOR_URL = os.environ["SYNTOPEN_TEST_SIMULATOR_URL"]
SIMULATOR_KEY = os.environ["SYNTOPEN_TEST_SIMULATOR_KEY"]
_ADMINISTRATION_TIMEOUT_S = 30


def administer(*arguments):
    """What an administration command answers."""
    # The gateway refuses settings that it does not know, so that it gets none but its own.
    environment = {"PATH": os.environ["PATH"], **_SETTINGS}
    done = subprocess.run(
        [_PROGRAM, *arguments, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_ADMINISTRATION_TIMEOUT_S,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return json.loads(done.stdout)


def new_account(usd=None):
    """The e-mail address of a new account, with a balance where `usd` says one."""
    email = f"{uuid.uuid4().hex}@example.com"
    administer("account", "create", "--email", email)
    if usd is not None:
        administer("account", "credit", "--email", email, "--usd", usd)
    return email


def new_key(email, rpm=1000):
    """A new API key of an account: its plaintext, and its id."""
    created = administer("key", "create", "--email", email, "--name", "sdk", "--rpm", str(rpm))
    return created["api_key"], created["record"]["key"]


def revoke(key_id):
    """Ends a key."""
    administer("key", "revoke", "--id", key_id)


def new_tag():
    """A name for requests of one test, by which the simulator's record is asked for them."""
    return uuid.uuid4().hex


def served(tag):
    """What the simulator served under a tag, oldest first."""
    url = f"{SIMULATOR_URL}/simulator/served?tag={urllib.parse.quote(tag)}"
    # Without a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return json.load(answer)["served"]
