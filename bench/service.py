"""`kolcast serve` as its users load it: requests per processor second under wrk and h2load, the floor
an empty libwebsockets handler in the same run; how long they wait while calls are up; live readers;
how soon a pause and an opt-out by the API are felt at the far end. Used by tools/bench."""
import base64
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from system import tone, usage

SECONDS = 2       # under load, for each kind of request
ROUNDS = 2        # the better one counts: the machine has other things to do
CONNECTIONS = 32
READERS = 1000
CALLS = 1000
PASSWORD = "a long enough passphrase, as it should be"


def cpu_s(pid):
    """Seconds on a processor so far, to the nanosecond (usage counts in ticks)."""
    total = 0
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # ended meanwhile
            total += int(stat.read_text().split()[0])
    return total / 1e9


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


# ---- the service and its far end ------------------------------------------------------------------

class Service:
    """In a folder of its own, with an administrator who has what a campaign needs."""

    def __init__(self, build, folder):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen(
            [build / "kolcast", "serve", "--data", self.folder / "data", "--listen", "127.0.0.1:0", "--json",
             "--no-rate-limits", "--ignore-windows", "--max-calls", str(CALLS + 200)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.port, self.token, self.pid = ready["port"], None, self.process.pid
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.token = self.call("POST", "/api/setup", {
            "token": ready["setup_token"], "email": "a@example.org", "name": "A", "password": PASSWORD})["access_token"]

    def call(self, method, path, body=None, raw=None, kind="application/json", **query):
        head = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if body is not None or raw is not None:
            head["Content-Type"] = kind
        self.connection.request(method, path, json.dumps(body) if body is not None else raw, head)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]}")
        return json.loads(data) if data else None

    def wait(self, path, good, seconds=60):
        until = time.monotonic() + seconds
        while True:
            got = self.call("GET", path)
            if good(got):
                return got
            if time.monotonic() > until:
                raise RuntimeError(f"{path} stays {got}")
            time.sleep(0.02)

    def people(self, name, count, first):
        n = self.call("POST", "/api/lists", {"name": name})["id"]
        data = "phone\n" + "".join(f"+97254{first + i}\n" for i in range(count))
        i = self.call("POST", f"/api/lists/{n}/imports", raw=data.encode(), kind="text/csv", filename="people.csv")
        self.wait(f"/api/imports/{i['id']}", lambda x: x["state"] == "done")
        return n

    def campaign(self, name, far_end, people, cps, ring_s=20):
        flow = {"version": 1, "start": "a", "nodes": {"a": {"type": "menu", "prompt": "a.wav", "keys": {"1": "a"}}}}
        f = self.call("POST", "/api/flows", {"name": name, "flow": flow})["id"]
        t = self.call("POST", "/api/trunks", {"name": name, "host": "127.0.0.1", "port": far_end.port})["id"]
        c = self.call("POST", "/api/campaigns", {
            "name": name, "list_id": people, "flow_id": f, "trunk_ids": [t], "retry": {"max_attempts": 1},
            "caller": {"name": "Bench", "number": "+97225551234"}, "ring_timeout": f"{ring_s}s", "max_call": "10m",
            "pace": {"calls_per_second": cps, "max_calls": CALLS}})["id"]
        return f"/api/campaigns/{c}"

    def close(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class FarEnd:
    """kolcast carrier, with its log."""

    def __init__(self, build, folder, crowd):
        folder = pathlib.Path(folder)
        folder.mkdir()
        (folder / "population.json").write_text(json.dumps({"version": 1, "default": crowd}))
        self.log = folder / "log"
        self.process = subprocess.Popen(
            [build / "kolcast", "carrier", folder / "population.json", "--json", "--listen", "127.0.0.1:0",
             "--calls", str(CALLS + 200), "--hear", "0", "--save-power", "--log", self.log],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def events(self, kind):
        """(seconds of the wall clock, number)"""
        found = []
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            with contextlib.suppress(ValueError):  # its last line is being written
                e = json.loads(line)
                if e["event"] == kind:
                    at = datetime.datetime.fromisoformat(e["at"].replace("Z", "+00:00")).timestamp()
                    found.append((at, e["number"]))
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


# ---- requests per processor second ----------------------------------------------------------------

def loaded(pid, command, cwd=None):
    """Good requests per processor second of the process while the command loads it; None: it failed."""
    before = cpu_s(pid)
    out = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False).stdout
    used = cpu_s(pid) - before
    if "requests in" in out:  # wrk
        count = int(re.search(r"(\d+) requests in", out).group(1))
        bad = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", out)))
    else:  # h2load
        done = re.search(r"(\d+) succeeded, (\d+) failed", out)
        count, bad = (int(done.group(1)), int(done.group(2))) if done else (0, 0)
    if not count or bad or not used:
        print(f"bench: {command[0]}: {count} requests, {bad} refused", flush=True)
        return None
    return count / used


SCRIPT = """
local n, stamp = 0, "%(stamp)s"
local head = {["Authorization"] = "Bearer %(token)s", ["Content-Type"] = "%(kind)s"}
local body
if "%(file)s" ~= "" then body = io.open("%(file)s", "rb"):read("*a") end
function request()
    n = n + 1
    local name = stamp .. n
    return wrk.format("POST", string.gsub("%(path)s", "@", name), head, body or '{"name":"' .. name .. '"}')
end
"""


def wrk(url, token=None, script=None):
    return ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s",
            *(["-H", f"Authorization: Bearer {token}"] if token and not script else []),
            *(["-s", str(script)] if script else []), url]


def throughput(s, floor):
    """Kinds of requests by turns, so that each meets the same machine."""
    base = f"http://127.0.0.1:{s.port}"
    people = s.people("List of the bench", 2000, 2000000)
    for i in range(20):
        s.call("POST", "/api/lists", {"name": f"Another list {i}"})
    tone(s.folder / "second.wav", 500, 1)
    best = {}
    for n in range(ROUNDS):
        script = {}
        for name, path, kind, file in (("create", "/api/lists", "application/json", ""),
                                       ("upload", "/api/audio?name=@.wav", "audio/wav", str(s.folder / "second.wav"))):
            script[name] = s.folder / f"{name}.lua"
            script[name].write_text(SCRIPT % {"stamp": f"{name} {n} ".replace(" ", "-"), "token": s.token, "path": path,
                                              "kind": kind, "file": file})
        page = f"{base}/api/lists/{people}/contacts?limit=50"
        for name, pid, command in (
                ("floor", floor and floor.pid, floor and wrk(f"http://127.0.0.1:{floor.port}/")),
                ("list", s.pid, wrk(f"{base}/api/lists?limit=20", s.token)),
                ("page", s.pid, wrk(page, s.token)),
                ("list_h2", s.pid, ["h2load", "-c8", "-m16", f"-D{SECONDS}", "-H", f"authorization: Bearer {s.token}",
                                    f"{base}/api/lists?limit=20"]),
                ("create", s.pid, wrk(base, script=script["create"])),
                ("upload", s.pid, wrk(base, script=script["upload"]))):
            rate = loaded(pid, command) if pid else None
            if rate:
                best[name] = max(best.get(name, 0), rate)
    figures = {f"service_{k}_per_cpu_s": round(v) for k, v in best.items()}
    if best.get("floor"):
        figures["service_list_ratio"] = round(best.get("list", 0) / best["floor"], 2)
    return figures


# ---- live readers ---------------------------------------------------------------------------------

def reader(s):
    c = socket.create_connection(("127.0.0.1", s.port))
    c.sendall((f"GET /api/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Authorization: Bearer {s.token}\r\nSec-WebSocket-Version: 13\r\n"
               f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n").encode())
    if b" 101 " not in c.recv(4096):
        raise RuntimeError("/api/live does not answer")
    ask = b'{"subscribe":["metrics","campaigns","alerts"]}'
    c.sendall(bytes([0x81, 0x80 | len(ask)]) + bytes(4) + ask)
    return c


def live(s):
    """What they cost beyond an idle service, which makes the figures anyway."""
    seconds = 4
    before = cpu_s(s.pid)
    time.sleep(seconds)
    idle = (cpu_s(s.pid) - before) / seconds
    kib = usage(s.pid)[1]
    readers = [reader(s) for _ in range(READERS)]
    poll = select.poll()
    by_fd = {r.fileno(): r for r in readers}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)

    def drain(how_long):
        got, until = 0, time.monotonic() + how_long
        while (left := until - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                got += len(by_fd[fd].recv(65536))
        return got

    drain(1.5)
    before, started = cpu_s(s.pid), time.monotonic()
    got = drain(seconds)
    share = (cpu_s(s.pid) - before) / (time.monotonic() - started)
    figures = {"service_live_cpu_percent": round(100 * (share - idle), 2),
               "service_live_reader_kib": round((usage(s.pid)[1] - kib) / READERS, 1),
               "service_live_bytes_per_reader_s": round(got / READERS / seconds)}
    for r in readers:
        r.close()
    return figures


# ---- while calls are up ---------------------------------------------------------------------------

def waiting(s, seconds):
    """Requests at a steady rate, one after the other: milliseconds of each."""
    took, due, until = [], time.monotonic(), time.monotonic() + seconds
    n = 0
    while due < until:
        time.sleep(max(0, due - time.monotonic()))
        started = time.monotonic()
        n += 1
        if n % 4:
            s.call("GET", "/api/lists", limit=20)
        else:
            s.call("POST", "/api/lists", {"name": f"While calls are up {n}"})
        took.append((time.monotonic() - started) * 1000)
        due += 0.01
    return took


def with_calls(build, s):
    """CALLS people talk; then no more are called."""
    crowd = {"shares": {"answer": 1}, "keys": {"none": 1}, "early_media": 0, "ring_after": {"min": 0.02, "max": 0.1},
             "answer_after": {"min": 0.1, "max": 0.3}, "hang_up_early": 1, "hang_up_after": {"min": 60, "max": 60}}
    far_end = FarEnd(build, s.folder / "talk", crowd)
    try:
        tone(s.folder / "a.wav", 500, 70)
        s.call("POST", "/api/audio", raw=(s.folder / "a.wav").read_bytes(), kind="audio/wav", name="a.wav")
        c = s.campaign("Talk", far_end, s.people("Talkers", CALLS, 3000000), 250)
        s.call("POST", f"{c}/start")
        up = s.wait(f"{c}/progress", lambda p: p["calls_up"] >= CALLS * 0.99)["calls_up"]
        took = waiting(s, 5)
        s.call("POST", f"{c}/cancel", {"hang_up": True})
    finally:
        far_end.close()
    return {"service_calls_up": up, "service_p50_ms": round(percentile(took, 0.5), 2),
            "service_p99_ms": round(percentile(took, 0.99), 2)}


def pause(build, s):
    """From the request to the last INVITE that the far end saw, at 200 calls a second."""
    far_end = FarEnd(build, s.folder / "quick", {"shares": {"abrupt": 1}})
    felt = []
    try:
        c = s.campaign("Quick", far_end, s.people("Quick ones", 4000, 4000000), 200)
        s.call("POST", f"{c}/start")
        for _ in range(3):
            known = len(far_end.events("invite"))
            while len(far_end.events("invite")) < known + 200:
                time.sleep(0.05)
            asked = time.time()
            s.call("POST", f"{c}/pause")
            time.sleep(1.5)
            felt.append(max(0.0, far_end.events("invite")[-1][0] - asked) * 1000)
            s.wait(c, lambda x: x["state"] == "paused")
            while True:
                with contextlib.suppress(RuntimeError):  # calls from before are not over
                    s.call("POST", f"{c}/resume")
                    break
                time.sleep(0.05)
        s.call("POST", f"{c}/cancel", {"hang_up": True})
    finally:
        far_end.close()
    return {"service_pause_ms": round(max(felt), 1)}


def opt_out(build, s):
    """From the request to the end of a call that rings, at the far end."""
    far_end = FarEnd(build, s.folder / "ring", {"shares": {"no_answer": 1}, "ring_after": {"min": 0, "max": 0.01}})
    felt = []
    try:
        c = s.campaign("Ring", far_end, s.people("Who lets it ring", 40, 5000000), 100, ring_s=60)
        s.call("POST", f"{c}/start")
        s.wait(f"{c}/progress", lambda p: p["calls_ringing"] == 40)
        for i in range(20):
            number = 972540000000 + 5000000 + i
            asked = time.time()
            s.call("POST", "/api/blacklist", {"numbers": [f"+{number}"], "reason": "asked"})
            until = time.monotonic() + 10
            while number not in (ended := {n: at for at, n in far_end.events("ended")}) and time.monotonic() < until:
                time.sleep(0.01)
            felt.append(max(0.0, ended.get(number, time.time()) - asked) * 1000)
        s.call("POST", f"{c}/cancel", {"hang_up": True})
    finally:
        far_end.close()
    return {"service_opt_out_p50_ms": round(percentile(felt, 0.5), 1), "service_opt_out_ms": round(max(felt), 1)}


# ---- all of it ------------------------------------------------------------------------------------

class Floor:
    """bench_http's libwebsockets handler alone."""

    def __init__(self, build):
        self.process = subprocess.Popen([build / "bench/bench_http", "floor"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pid, self.port = self.process.pid, int(self.process.stdout.readline() or 0)

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def service(build):
    """All figures; needs wrk and h2load for the requests per processor second."""
    figures = {}
    with tempfile.TemporaryDirectory(prefix="kolcast-bench-") as folder:
        s, floor = Service(build, folder), Floor(build)
        try:
            figures.update(live(s))
            figures.update(throughput(s, floor if floor.port else None))
            figures.update(with_calls(build, s))
            figures.update(pause(build, s))
            figures.update(opt_out(build, s))
        finally:
            floor.close()
            s.close()
    return figures
