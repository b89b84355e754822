"""Far ends that the service talks to over HTTP and mail: small, real servers of the standard library."""
import email
import email.policy
import http.server
import json
import socketserver
import threading

from api import wait


class Web:
    """Takes POSTs; .got holds each as {"path", "headers", "body", "json"}."""

    def __init__(self):
        self.got, self.lock = [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer.lock:
                    outer.got.append({"path": self.path, "body": body, "json": json.loads(body),
                                      "headers": {k.lower(): v for k, v in self.headers.items()}})
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *a):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def all(self, right=lambda m: True):
        with self.lock:
            return [m for m in self.got if right(m)]

    def wait(self, right, count=1, seconds=60):
        return wait(lambda: (lambda g: g if len(g) >= count else None)(self.all(right)), seconds)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Post:
    """An SMTP server (RFC 5321, what a client needs of it); .got holds the messages."""

    def __init__(self):
        self.got, self.lock = [], threading.Lock()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def handle(self):
                self.say("220 test")
                to = []
                while line := self.rfile.readline():
                    word = line.split(b":")[0].strip().upper()
                    if word == b"RCPT TO":
                        to.append(line.split(b"<")[1].split(b">")[0].decode())
                    if word == b"QUIT":
                        return self.say("221 bye")
                    if word != b"DATA":
                        self.say("250 fine")
                        continue
                    self.say("354 go on")
                    lines = []
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(line[1:] if line.startswith(b"..") else line)
                    m = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    with outer.lock:
                        outer.got.append({"to": to, "subject": str(m["subject"]), "from": str(m["from"]),
                                          "text": m.get_content()})
                    self.say("250 taken")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def command(self, folder):
        """A program like sendmail -t that hands messages to this server."""
        script = folder / "sendmail.py"
        script.write_text(f"""import email, smtplib, sys
m = email.message_from_bytes(sys.stdin.buffer.read())
with smtplib.SMTP("127.0.0.1", {self.port}, timeout=30) as s:
    s.send_message(m)
""")
        return ["/usr/bin/python3", str(script)]

    def wait(self, right, seconds=60):
        def look():
            with self.lock:
                return [m for m in self.got if right(m)]
        return wait(look, seconds)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
