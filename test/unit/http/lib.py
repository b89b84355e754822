"""What the tests of the HTTP server share: the server's process, a plain socket client, TAP."""
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

SERVED = sys.argv[1]
PATIENCE = 60  # seconds: for what must happen, on a busy machine, under a sanitizer

cases = []


def case(fn):
    cases.append(fn)
    return fn


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Served:
    """The server of served.c. Its exit code must be 0: sanitizers tell by it."""

    def __init__(self, limit_file=None, lean=False, **options):
        """lean: memory is measured, so a sanitizer may not keep what was freed."""
        self.folder = tempfile.mkdtemp(prefix="kolcast-http-")
        args = [SERVED, f"spool={self.folder}"] + [f"{k}={v}" for k, v in options.items()]
        if limit_file:
            args = ["bash", "-c", f"ulimit -f {limit_file}; exec \"$@\"", "-"] + args
        env = dict(os.environ)
        if lean:
            env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        self.log_path = self.folder + ".log"
        self.log_file = open(self.log_path, "w")
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log_file, text=True, env=env,
                                        pass_fds=[options["fd"]] if "fd" in options else [])
        line = self.process.stdout.readline()
        assert line, "served did not start: " + self.log()
        self.port = int(line)
        self.path = None  # of a socket that was passed to it

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stop(self, grace=None):
        if self.process.poll() is None:
            if grace is not None:
                self.say(f"stop {grace}")
            self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.log_file.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.stop()
        log = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.unlink(self.log_path)
        if kind or code:
            print("# served's log:", *log.splitlines()[-12:], sep="\n#   ")
        assert code == 0, f"served ended with {code}"

    def stats(self):
        return Client(self).get("/api/stats").json()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __getitem__(self, name):
        values = [v for k, v in self.headers if k == name]
        return values[-1] if values else None


class Client:
    """One connection, bytes as they are."""

    def __init__(self, served, tls=None, receive_buffer=None):
        self.socket = socket.socket(socket.AF_UNIX if served.path else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(served.path or ("127.0.0.1", served.port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.data = bytearray()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLEOFError):
            piece = b""
        self.data += piece
        return bool(piece)

    def take(self, n):
        while len(self.data) < n and self.more():
            pass
        assert len(self.data) >= n, f"the connection ended after {len(self.data)} of {n} bytes"
        out = bytes(self.data[:n])
        del self.data[:n]
        return out

    def answer(self, head=False):
        """One reply, without 100s; None when the connection ended instead."""
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                assert not self.data, f"half an answer: {self.data!r}"
                return None
        end = self.data.index(b"\r\n\r\n")
        lines = self.take(end + 4)[:end].decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z -]+", lines[0])
        assert match, f"no status line: {lines[0]!r}"
        headers = []
        for line in lines[1:]:
            name, value = line.split(": ", 1) if ": " in line else (line.rstrip(":"), "")
            assert re.fullmatch(r"[a-z0-9-]+", name), f"not a field: {line!r}"
            headers.append((name, value))
        a = Answer(int(match[1]), headers, b"")
        if not head and a["content-length"]:
            a.body = self.take(int(a["content-length"]))
        return a

    def ask(self, method, path, headers=(), body=b"", host="localhost"):
        if isinstance(body, str):
            body = body.encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{k}: {v}" for k, v in (headers.items() if isinstance(headers, dict) else headers)]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return self.answer(head=method == "HEAD")

    def get(self, path, **headers):
        return self.ask("GET", path, {k.replace("_", "-"): v for k, v in headers.items()})

    def ended(self):
        """Has the server ended the connection? Waits for it."""
        while self.more():
            pass
        return not self.data

    def close(self):
        self.socket.close()


def curl(served, *args, scheme="http"):
    """Through curl: (status, body, version)."""
    path = args[-1]
    r = subprocess.run(["curl", "-sS", "-m", str(PATIENCE), "--path-as-is", *args[:-1], "-w",
                        "\n%{http_code} %{http_version}", f"{scheme}://localhost:{served.port}{path}"],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    body, _, tail = r.stdout.rpartition(b"\n")
    status, version = tail.decode().split()
    return int(status), body, version, r.stderr.decode()


def main():
    wanted = sys.argv[2:]
    failed = False
    chosen = [c for c in cases if not wanted or c.__name__ in wanted]
    print(f"1..{len(chosen)}")
    for n, fn in enumerate(chosen, 1):
        started = time.monotonic()
        try:
            fn()
            print(f"ok {n} - {fn.__name__} # {time.monotonic() - started:.1f} s")
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f"not ok {n} - {fn.__name__}")
            print("# " + traceback.format_exc().replace("\n", "\n# "))
        sys.stdout.flush()
    sys.exit(failed)
