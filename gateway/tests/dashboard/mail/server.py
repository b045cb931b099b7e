"""A mail server for tests: takes messages as any server would, and tells them as lines of JSON.

server.py [plain|starttls|stripped|tls] [certificate and key, PEM]

First it prints its port. An address that begins with "refused" is unknown to it; one that begins with "later" is put off
once. All but "plain" want credentials, and tell those that they are shown; "stripped" offers no TLS, as one does from
which somebody on the way took that word. Each connection is told when it comes.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def tell(**told):
    print(json.dumps(told), flush=True)


class Postbox:
    def __init__(self):
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}>: unknown"
        if address.startswith("later") and address not in self.put_off:
            self.put_off.add(address)
            return f"451 4.7.1 <{address}>: try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(
            recipients=envelope.rcpt_tos,
            headers={name.lower(): str(value) for name, value in message.items()},
            body=message.get_content().replace("\r\n", "\n"),
        )
        return "250 OK"


def admit(server, session, envelope, mechanism, shown):
    tell(credentials=[shown.login.decode(), shown.password.decode()])
    return AuthResult(success=True)


async def main(kind="plain", certificate=None):
    postbox, loop = Postbox(), asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    options = {"hostname": "mail.test"}
    if kind != "plain":
        options |= {"authenticator": admit, "auth_required": True, "auth_require_tls": kind == "starttls"}
    if kind == "starttls":
        options |= {"tls_context": context, "require_starttls": True}

    def accept():
        tell(met=True)
        return SMTP(postbox, **options)

    server = await loop.create_server(accept, "127.0.0.1", 0, ssl=context if kind == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
