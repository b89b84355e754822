#!/usr/bin/python3
"""Webhooks against real HTTP servers that are slow, fail, restart and redirect; the sender is killed
in the middle: usage webhook.py DRIVER. Prints TAP. Signatures are checked by the sample of
docs/webhooks.md."""
import http.server
import json
import os
import pathlib
import random
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback

DRIVER = sys.argv[1]
SOURCE = pathlib.Path(os.environ["KOLCAST_SOURCE"])
PATIENCE = 4 if any(w in DRIVER for w in ("asan", "tsan")) else 1
sample = {}
exec(re.search(r"```python\n(.*?)```", (SOURCE / "docs/webhooks.md").read_text(), re.S)[1], sample)


class Receiver:
    """A server whose answers are chosen by `answer`: a function of the message → (status, headers)."""

    def __init__(self, answer=None, port=0):
        self.answer = answer or (lambda m: (200, {}))
        self.got, self.lock = [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                m = {"headers": {k.lower(): v for k, v in self.headers.items()}, "body": body,
                     "path": self.path, "json": json.loads(body)}
                status, headers = outer.answer(m)
                with outer.lock:
                    m["status"] = status
                    outer.got.append(m)
                try:
                    self.send_response(status)
                    for k, v in {"content-length": "0", **headers}.items():
                        self.send_header(k, v)
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *a):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/kolcast"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def numbers(self, status=200):
        with self.lock:
            return [m["json"]["data"]["number"] for m in self.got if m["status"] == status]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Driver:
    def __init__(self, db, *options):
        self.db = db
        self.process = subprocess.Popen([DRIVER, db, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        lines = []
        while not lines or not lines[-1].startswith(("kept", "no")):
            lines.append(self.process.stdout.readline().strip())
        assert lines[-1].startswith("kept"), (words, lines)
        return lines

    def add(self, url, events="contact.opted_out"):
        _, number, secret = self.say("add", url, events)[0].split()
        return int(number), secret

    def opt_out(self, *numbers):
        for n in numbers:
            self.say("opt-out", n)

    def row(self, columns, table="webhooks", where="1"):
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=20) as c:
            return c.execute(f"SELECT {columns} FROM {table} WHERE {where}").fetchone()

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(30 * PATIENCE) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()


def wait(true, what, seconds=30):
    until = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < until:
        if true():
            return
        time.sleep(0.01)
    raise AssertionError(f"waited in vain: {what}")


first = 972500000000


def test_arrive_signed(db):
    r, d = Receiver(), Driver(db, "private")
    hook, secret = d.add(r.url)
    d.opt_out(*range(first, first + 30))
    wait(lambda: len(r.numbers()) == 30, "all arrive")
    assert sorted(r.numbers()) == [f"+{n}" for n in range(first, first + 30)]
    for m in r.got:
        h = m["headers"]
        assert sample["verify"](secret, h, m["body"]), h
        assert not sample["verify"](secret, h, m["body"] + b" ")
        assert not sample["verify"]("whsec_" + "A" * 43 + "=", h, m["body"])
        assert not sample["verify"](secret, {**h, "webhook-timestamp": str(int(h["webhook-timestamp"]) - 400)}, m["body"])
        assert h["content-type"] == "application/json" and h["user-agent"].startswith("kolcast/")
        assert m["json"]["type"] == "contact.opted_out" and m["json"]["timestamp"].endswith("Z")
        assert m["path"] == "/kolcast"
    assert len({m["headers"]["webhook-id"] for m in r.got}) == 30
    wait(lambda: d.row("sent, waiting, failures") == (30, 0, 0), "the store knows")
    d.say("try", hook)
    wait(lambda: r.got[-1]["json"]["type"] == "webhook.test", "a trial")
    d.stop()
    r.stop()


def test_from_the_bus(db):
    """What the store does not queue by itself."""
    r, d = Receiver(), Driver(db, "private")
    d.add(r.url, "call.key")
    d.say("key", first)  # perhaps before anyone looked
    wait(lambda: (d.say("key", first + 1), time.sleep(0.05), r.got)[-1], "a key arrives")
    data = r.got[-1]["json"]["data"]
    assert data["key"] == "5" and data["number"].startswith("+9725") and "seq" not in data, data
    d.stop()
    r.stop()


def test_fails_then_works(db):
    seen = {}

    def answer(m):
        n = seen[m["headers"]["webhook-id"]] = seen.get(m["headers"]["webhook-id"], 0) + 1
        return (500 if n < 3 else 200), {}

    r, d = Receiver(answer), Driver(db, "private", "first=20")
    d.add(r.url)
    d.opt_out(first, first + 1)
    wait(lambda: len(r.numbers()) == 2, "both arrive at last")
    assert all(n >= 3 for n in seen.values()) and len(seen) == 2
    wait(lambda: d.row("failures, failing_ms, waiting, next_ms") == (0, 0, 0, 0), "all is well")
    d.stop()
    r.stop()


def test_no_to_one_is_not_no_to_all(db):
    def answer(m):
        return (422 if m["json"]["data"]["number"].endswith("0") else 200), {}

    r, d = Receiver(answer), Driver(db, "private", "first=3600000")
    d.add(r.url)
    d.opt_out(*range(first, first + 10))
    wait(lambda: len(r.numbers()) == 9, "the others arrive")
    wait(lambda: d.row("tries, last_status", "webhook_queue") == (1, 422), "the try is noted")
    d.stop()
    r.stop()


def test_retry_after(db):
    r, d = Receiver(lambda m: (429, {"retry-after": "600"})), Driver(db, "private", "first=10")
    d.add(r.url)
    d.opt_out(first)
    wait(lambda: d.row("failures")[0] == 1, "it is refused")
    left = d.row("next_ms")[0] / 1000 - time.time()
    assert 500 < left <= 600, left
    r.answer = lambda m: (200, {})
    d.say("advance", 601000)
    wait(lambda: len(r.numbers()) == 1, "it arrives afterwards")
    d.stop()
    r.stop()


def test_slow_does_not_hold_up_others(db):
    gate = threading.Event()
    slow = Receiver(lambda m: (gate.wait(60), (200, {}))[1])
    quick, d = Receiver(), Driver(db, "private", "timeout=60000")
    d.add(slow.url)
    d.add(quick.url)
    d.opt_out(*range(first, first + 40))
    wait(lambda: len(quick.numbers()) == 40, "the quick one gets all")
    assert not slow.got
    gate.set()
    wait(lambda: len(slow.numbers()) == 40, "the slow one too, later")
    d.stop()
    slow.stop()
    quick.stop()


def test_time_out(db):
    """A receiver that takes too long gets it again, with the same id."""
    gate = threading.Event()
    r, d = Receiver(lambda m: (gate.wait(60), (200, {}))[1]), Driver(db, "private", "timeout=200", "first=50")
    d.add(r.url)
    d.opt_out(first)
    wait(lambda: d.row("failures")[0] >= 2, "two tries time out")
    gate.set()
    wait(lambda: d.row("sent")[0] == 1, "it arrives")
    assert len({m["headers"]["webhook-id"] for m in r.got}) == 1
    d.stop()
    r.stop()


def test_restarts(db):
    r, d = Receiver(), Driver(db, "private", "first=20")
    d.add(r.url)
    d.opt_out(*range(first, first + 5))
    wait(lambda: len(r.numbers()) == 5, "the first")
    r.stop()
    d.opt_out(*range(first + 5, first + 200))
    wait(lambda: d.row("failures")[0] >= 3, "nobody is there")
    # The queue did not burn its tries on an absent server.
    assert d.row("count(*)", "webhook_queue", "tries = 0")[0] > 150
    again = Receiver(port=r.port)
    d.say("advance", 3600000)
    wait(lambda: len(set(again.numbers())) == 195, "the rest after the restart")
    d.stop()
    again.stop()


def test_redirect(db):
    other = Receiver()
    r = Receiver(lambda m: (307, {"location": other.url}))
    d = Driver(db, "private", "first=3600000")
    d.add(r.url)
    d.opt_out(first)
    wait(lambda: d.row("last_status")[0] == 307, "it is a failure")
    assert "redirect" in d.row("last_error")[0] and not other.got
    d.stop()
    r.stop()
    other.stop()


def test_private_addresses(db):
    """Without leave nothing of this machine or its networks is connected to, by whatever name."""
    r, d = Receiver(), Driver(db, "first=10")
    urls = [r.url, f"http://localhost:{r.port}/", f"http://[::1]:{r.port}/", f"http://0.0.0.0:{r.port}/",
            f"http://2130706433:{r.port}/", f"http://0x7f000001:{r.port}/", f"http://127.1:{r.port}/",
            f"http://[::ffff:127.0.0.1]:{r.port}/", "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/", "http://192.168.0.1/", "http://172.16.0.1/", "http://[fe80::1]/",
            "http://[fd00::1]/", "http://100.64.0.1/"]
    hooks = [d.add(u)[0] for u in urls]
    d.opt_out(first)
    for h, u in zip(hooks, urls):
        wait(lambda: d.row("failures", where=f"id = {h}")[0] >= 1, u)
        status, error = d.row("last_status, last_error", where=f"id = {h}")
        assert status == 0 and error, (u, status, error)
    assert not r.got
    d.stop()
    r.stop()


def test_gone(db):
    r, d = Receiver(lambda m: (410, {})), Driver(db, "private", "first=10")
    hook, _ = d.add(r.url)
    d.opt_out(first, first + 1)
    wait(lambda: d.row("state")[0] == "disabled", "it is disabled")
    assert "410" in d.row("state_reason")[0]
    d.opt_out(first + 2)  # nobody asks any more
    time.sleep(0.5)
    assert not any(str(first + 2) in str(m) for m in r.got)  # one that was on its way may still come
    r.answer = lambda m: (200, {})
    d.say("enable", hook)
    wait(lambda: sorted(r.numbers()) == [f"+{first}", f"+{first + 1}"], "what waited arrives")
    d.stop()
    r.stop()


def test_dead_letters_and_disabling(db):
    """About a day of tries, then a dead letter; three days without success, then disabled."""
    r, d = Receiver(lambda m: (500, {})), Driver(db, "private")
    hook, _ = d.add(r.url)
    d.opt_out(first)
    tries = 0
    for hours in (0, 0.01, 0.02, 0.1, 0.4, 1.5, 2, 3, 6, 12, 16):
        d.say("advance", int(hours * 3600000))
        wait(lambda: len(r.got) > tries, f"try {tries + 1}")
        tries = len(r.got)
        wait(lambda: d.row("tries", "webhook_queue")[0] == tries, "it is noted")
    assert tries == 11
    assert d.row("state, last_status", "webhook_queue") == ("dead", 500)
    wait(lambda: d.row("dead, waiting") == (1, 0), "it is a dead letter")
    assert len({m["headers"]["webhook-id"] for m in r.got}) == 1
    d.opt_out(first + 1)
    d.say("advance", 40 * 3600000)
    wait(lambda: d.row("state")[0] == "disabled", "three days are over")
    assert "hours" in d.row("state_reason")[0]
    # By hand, when the receiver is mended.
    r.answer = lambda m: (200, {})
    d.say("again", hook)
    d.say("enable", hook)
    wait(lambda: sorted(r.numbers()) == [f"+{first}", f"+{first + 1}"], "both arrive")
    wait(lambda: d.row("dead, waiting, failures") == (0, 0, 0), "it is noted that both arrived")
    d.stop()
    r.stop()


def test_address_changed(db):
    r, d = Receiver(), Driver(db, "private", "first=3600000")
    with socket.socket() as s:  # nobody listens there
        s.bind(("127.0.0.1", 0))
        hook, _ = d.add(f"http://127.0.0.1:{s.getsockname()[1]}/")
        d.opt_out(first)
        wait(lambda: d.row("failures")[0] == 1, "it fails")
    d.say("enable", hook, r.url)
    d.opt_out(first + 1)
    wait(lambda: f"+{first + 1}" in r.numbers(), "the new address is used at once")
    d.stop()
    r.stop()


def test_killed(db):
    """kill -9 of the sender, again and again: nothing that was kept fails to arrive, and each
    message keeps its id."""
    rng = random.Random(int(os.environ.get("PROP_SEED", time.time_ns() % 10 ** 6)))
    r = Receiver(lambda m: (time.sleep(rng.uniform(0, 0.02)), (200 if rng.random() < 0.95 else 503, {}))[1])
    kept, number, d = [], first, Driver(db, "private", "first=5")
    d.add(r.url)
    for _ in range(12):
        until = time.monotonic() + rng.uniform(0.02, 0.5)
        while time.monotonic() < until:
            d.say("opt-out", number)
            kept.append(number)
            number += 1
            time.sleep(0.01)
        d.kill()
        d = Driver(db, "private", "first=5")
    wait(lambda: set(r.numbers()) >= {f"+{n}" for n in kept},
         f"{len(kept)} kept, {len(set(r.numbers()))} arrived", 60)
    ids = {}
    for m in r.got:
        ids.setdefault(m["json"]["data"]["number"], set()).add(m["headers"]["webhook-id"])
    assert all(len(i) == 1 for i in ids.values())
    wait(lambda: d.row("waiting")[0] == 0, "the queue is empty")
    assert len(kept) > 50, len(kept)
    d.stop()
    r.stop()


def test_many_subscriptions(db):
    """Two busy ones do not keep the third from its messages."""
    r = [Receiver(lambda m: (time.sleep(0.005), (200, {}))[1]) for _ in range(3)]
    d = Driver(db, "private", "threads=2")
    for x in r:
        d.add(x.url)
    d.opt_out(*range(first, first + 100))
    wait(lambda: r[2].got, "the third gets its first")
    assert len(r[0].got) < 100 or len(r[1].got) < 100
    wait(lambda: all(len(x.numbers()) == 100 for x in r), "all get all")
    # Once each: nobody failed, so nothing was sent twice.
    assert all(len(x.got) == 100 for x in r)
    d.stop()
    for x in r:
        x.stop()


cases = [(n, f) for n, f in list(globals().items()) if n.startswith("test_")]
wanted = sys.argv[2:]
cases = [(n, f) for n, f in cases if not wanted or n in wanted]
print(f"1..{len(cases)}", flush=True)
failed = 0
for i, (name, test) in enumerate(cases, 1):
    with tempfile.TemporaryDirectory(prefix="kolcast-webhook-") as folder:
        try:
            test(f"{folder}/kolcast.db")
            print(f"ok {i} - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {i} - {name}", flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
sys.stdout.flush()
os._exit(failed > 0)  # servers of a failed test may still run
