"""A mail server for tests: takes messages as any server would, and tells them as lines of JSON.

First it prints its port. An address that begins with "refused" is unknown to it; one that begins with "later" is put off
once.
"""
import asyncio
import email
import email.policy
import json

from aiosmtpd.smtp import SMTP


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
        told = {
            "recipients": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "body": message.get_content().replace("\r\n", "\n"),
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


async def main():
    postbox, loop = Postbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postbox, hostname="mail.test"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
