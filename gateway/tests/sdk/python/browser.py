"""A browser without scripts: keeps cookies, and sends the forms that a page has."""

import re
import urllib.parse

import httpx

import gateway

ORIGIN = gateway.BASE_URL.removesuffix("/api/v1")
PASSWORD = "correct horse battery"
_TIMEOUT_S = 30


class Browser:
    """One browser, in which a customer is signed up."""

    def __init__(self, email):
        self._client = httpx.Client(base_url=ORIGIN, timeout=_TIMEOUT_S, trust_env=False)
        page = self.submit("/dashboard/sign-up", email=email, password=PASSWORD)
        assert page.status_code == 303, page.text

    def get(self, path):
        return self._client.get(path)

    def submit(self, path, form_of=None, **fields):
        """Sends the form at `path`, which stands on the page `form_of`."""
        page = self.get(form_of or path)
        proof = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert proof, f"{path}: {page.status_code} {page.text}"
        return self._client.post(path, data={"csrf": proof.group(1), **fields})

    def close(self):
        self._client.close()


def link(page, begins):
    """The first link of a page that begins so."""
    found = re.search(rf'href="({re.escape(begins)}[^"]+)"', page.text)
    assert found, page.text
    return urllib.parse.unquote(found.group(1))
