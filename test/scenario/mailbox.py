"""A mail server (aiosmtpd) on a free port of loopback that keeps what it is given, and a certificate for it."""
import asyncio
import email
import logging
import email.policy
import re
import ssl
import subprocess
import threading

from aiosmtpd.smtp import SMTP, AuthResult

logging.getLogger("mail.log").setLevel(logging.CRITICAL)
USER, SECRET = "calls", "p w+/=é"


def certificate(folder):
    """(certificate, key): its own authority, for localhost."""
    cert, key = folder / "mail.pem", folder / "mail.key"
    if not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Mailbox:
    """tls: "starttls", "tls" or None. auth: it wants USER and SECRET. answers: what it says to RCPT, once each, before
    it takes them."""

    def __init__(self, folder, tls="starttls", auth=True, answers=()):
        self.letters, self.sessions, self.answers = [], [], list(answers)
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate(folder))
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(self.loop.create_server(
            lambda: SMTP(self, hostname="mail.example.org", tls_context=context if tls == "starttls" else None,
                         require_starttls=tls == "starttls", auth_required=auth, auth_require_tls=tls == "starttls",
                         authenticator=self.authenticate, loop=self.loop),
            "127.0.0.1", 0, ssl=context if tls == "tls" else None))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (USER.encode(), SECRET.encode())
        return AuthResult(success=right, handled=False)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.sessions.append(session)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.envelope = (envelope.mail_from, envelope.rcpt_tos)
        message.raw = envelope.original_content
        message.encrypted = session.ssl is not None
        self.letters.append(message)
        return "250 taken"

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()


def token_of(letter):
    """The ticket of the link in a mail."""
    return re.search(r"#(kt_[\w-]+)", letter.get_content()).group(1)
