"""kill -9 of `kolcast serve` while people work with it: what was acknowledged is there after the next
start, what was not is wholly there or not at all, and nobody is called twice for one attempt.

Each writer keeps what it was told as facts; a change whose answer never came is nobody's fact. The
kills come after a number of acknowledged changes, not after a time: each round has some, however slow
the machine is."""
import datetime
import http.client
import itertools
import json
import random
import socket
import threading
import time

import pytest
from api import PASSWORD, csv_of, people, wait
from conftest import PATIENCE, TONES, crowd, flow, knows, tone

pytestmark = knows("serve", "carrier")

ROUNDS = 5
DOWN = (OSError, http.client.HTTPException)
CALLED = 972542000000  # the campaign's people: numbers of their own


class Writer(threading.Thread):
    """Somebody who changes things, one after the other, until the service is gone."""

    def __init__(self, work, client, seed):
        super().__init__()
        self.work, self.c, self.rng = work, client, random.Random(seed)
        self.c.check = False
        self.broken = None

    def run(self):
        try:
            while not self.work.ending.is_set():
                self.step()
        except DOWN:
            pass  # killed meanwhile
        except Exception as e:  # told by the test's thread
            self.broken = e

    def acked(self):
        with self.work.lock:
            self.work.count += 1

    def once(self, path, body, expect=201):
        """A creation under a key of its own; the work knows of it when no answer comes."""
        key = f"k{next(self.work.numbers)}"
        self.work.open[key] = (path, body, expect)
        a = self.c.post(path, body, headers={"Idempotency-Key": key}, expect=expect)
        del self.work.open[key]
        self.work.keys[key] = (path, body, expect, a.json)
        self.acked()
        return a

    def fact(self, path, shown):
        """What the path must show from now on; None: nothing."""
        self.work.facts[path] = shown

    def doubt(self, path):
        """It is being changed: nobody knows what it shows."""
        self.work.facts.pop(path, None)


class Lists(Writer):
    """Lists and people one by one."""

    def step(self):
        name = f"list {next(self.work.numbers)}"
        a = self.once("/api/lists", {"name": name})
        path = f"/api/lists/{a.json['id']}"
        self.fact(path, {"name": name})
        number = self.work.number()
        b = self.once(f"{path}/contacts", {"number": number, "name": "Dan"})
        self.fact(f"/api/contacts/{b.json['id']}", {"number": number, "name": "Dan"})
        self.doubt(path)
        self.c.put(path, {"name": f"{name}, renamed"}, "*")
        self.fact(path, {"name": f"{name}, renamed"})
        self.acked()
        if self.rng.random() < 0.3:
            self.doubt(f"/api/contacts/{b.json['id']}")
            self.c.delete(f"/api/contacts/{b.json['id']}")
            self.fact(f"/api/contacts/{b.json['id']}", None)
            self.acked()


class Drafts(Writer):
    """Flows in versions, and campaigns that are never started."""

    def step(self):
        name = f"flow {next(self.work.numbers)}"
        f = self.once("/api/flows", {"name": name, "flow": flow()}).json["id"]
        self.fact(f"/api/flows/{f}", {"name": name, "version": 1})
        a = self.once("/api/campaigns", {**self.work.campaign_body(f"campaign {name}"), "flow_id": f})
        path = f"/api/campaigns/{a.json['id']}"
        self.fact(path, {"state": "draft", "flow_version": 1})
        self.doubt(f"/api/flows/{f}")
        self.c.put(f"/api/flows/{f}", {"name": name, "flow": flow(), "note": "again"}, "*")
        self.fact(f"/api/flows/{f}", {"version": 2})
        self.acked()
        if self.rng.random() < 0.3:
            self.doubt(path)
            self.c.delete(path)
            self.fact(path, None)
            self.acked()


class OptOuts(Writer):
    """Numbers onto the do-not-call list: half of them wait in the running campaign."""

    def step(self):
        number = self.work.number() if self.rng.random() < 0.5 else f"+{self.rng.choice(self.work.called)}"
        self.doubt(f"/api/blacklist/{number}")
        self.once("/api/blacklist", {"numbers": [number], "reason": "asked"}, 200)
        self.work.gone.setdefault(int(number[1:]), time.time())
        self.fact(f"/api/blacklist/{number}", {"listed": True})
        if int(number[1:]) not in self.work.called and self.rng.random() < 0.3:
            self.doubt(f"/api/blacklist/{number}")
            self.c.delete(f"/api/blacklist/{number}", query={"list": "opt-out", "reason": "consent"})
            self.fact(f"/api/blacklist/{number}", {"listed": False})
            self.acked()
        time.sleep(0.02 * PATIENCE)  # most of the campaign's people are to be called


class Uploads(Writer):
    """Imports, do-not-call imports and reports: work in the background."""

    def step(self):
        count = self.rng.choice((1, 30, 3000))
        n = self.once("/api/lists", {"name": f"import {next(self.work.numbers)}"}).json["id"]
        a = self.c.upload(f"/api/lists/{n}/imports", csv_of(people(count)), "text/csv", filename="people.csv")
        self.work.background[a.headers["Location"]] = {"accepted": count, "rows": count}
        self.work.background_lists[f"/api/lists/{n}"] = {"contacts": count}
        self.acked()
        numbers = [self.work.number() for _ in range(self.rng.choice((1, 700)))]
        a = self.c.upload("/api/blacklist/imports", ("phone\n" + "\n".join(numbers)).encode(), "text/csv")
        self.work.background[a.headers["Location"]] = {"rows": len(numbers), "rejected": 0}
        self.work.background_lists[f"/api/blacklist/{numbers[-1]}"] = {"listed": True}
        self.acked()
        a = self.once("/api/reports", {"campaign_id": self.work.campaign, "kind": self.rng.choice(("calls", "summary"))}, 202)
        self.work.background[f"/api/reports/{a.json['id']}"] = {}


class Keys(Writer):
    """Settings of who may come in: keys that are given and revoked."""

    def step(self):
        a = self.c.post("/api/keys", {"name": f"key {next(self.work.numbers)}", "scopes": ["contacts:read"]}, expect=201).json
        self.work.secrets[a["secret"]] = 200
        self.acked()
        if self.rng.random() < 0.5:
            self.work.secrets.pop(a["secret"])
            self.c.delete(f"/api/keys/{a['key']['id']}")
            self.work.secrets[a["secret"]] = 401
            self.acked()
        time.sleep(0.05)


class Operator(Writer):
    """Pauses the campaign and resumes it."""

    def step(self):
        if self.work.state == "running":
            self.turn("pause", "paused")
        else:
            self.turn("resume", "running")
        time.sleep(self.rng.uniform(0.05, 0.4) * PATIENCE)

    def turn(self, action, state):
        """409: it is over, or calls from before it was paused are not."""
        w = self.work
        before, w.state = w.state, None
        a = self.c.post(f"/api/campaigns/{w.campaign}/{action}", expect=(200, 409))
        w.state = state if a.status == 200 else before
        if a.status == 200:
            self.acked()


class Work:
    """The service, its carrier, and what was acknowledged."""

    def __init__(self, s, carrier, folder, rng, calls):
        self.s, self.carrier, self.rng = s, carrier, rng
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.count, self.numbers = 0, itertools.count(1)
        self.facts, self.background, self.background_lists = {}, {}, {}
        self.open, self.keys, self.secrets, self.gone = {}, {}, {}, {}
        c = s.admin
        for name, hz in TONES.items():
            tone(folder / "x.wav", hz, 0.2)
            c.upload("/api/audio", (folder / "x.wav").read_bytes(), "audio/wav", name=f"{name}.wav")
        self.flow = c.post("/api/flows", {"name": "Appeal", "flow": flow()}).json["id"]
        self.trunk = c.post("/api/trunks", {"name": "main", "host": "127.0.0.1", "port": carrier.port}).json["id"]
        self.list = c.post("/api/lists", {"name": "Donors"}).json["id"]
        self.called = [CALLED + i for i in range(calls)]
        a = c.upload(f"/api/lists/{self.list}/imports",
                     ("phone\n" + "".join(f"+{n}\n" for n in self.called)).encode(), "text/csv", filename="x.csv")
        wait(lambda: c.get(a.headers["Location"]).json["state"] == "done")
        self.campaign = c.post("/api/campaigns", self.campaign_body("Winter"), expect=201).json["id"]
        c.post(f"/api/campaigns/{self.campaign}/start", expect=200)
        self.state = "running"

    def campaign_body(self, name):
        return {"name": name, "list_id": self.list, "flow_id": self.flow, "trunk_ids": [self.trunk],
                "caller": {"name": "Test", "number": "+97225551234"}, "retry": {"max_attempts": 1},
                "pace": {"calls_per_second": max(8, 15 // PATIENCE), "max_calls": 50}, "ring_timeout": "3s",
                "max_call": "20s"}

    def number(self):
        return f"+97252{2000000 + next(self.numbers)}"

    def half_upload(self):
        """A client that never ends its upload."""
        s = socket.create_connection(("127.0.0.1", self.s.port))
        s.sendall((f"POST /api/lists/{self.list}/imports?filename=half.csv HTTP/1.1\r\nHost: a\r\n"
                   f"Authorization: Bearer {self.s.tokens['Administrator']}\r\nContent-Type: text/csv\r\n"
                   "Content-Length: 10000000\r\n\r\nphone\n").encode() + b"0543234567\n" * 20000)
        return s

    def round(self):
        """People work until the service is killed."""
        self.ending.clear()
        half = self.half_upload()
        target = self.count + self.rng.randint(3, 120)
        writers = [kind(self, self.s.admin, self.rng.random())
                   for kind in (Lists, Lists, Drafts, OptOuts, Uploads, Keys, Operator)]
        for w in writers:
            w.start()
        try:
            wait(lambda: self.count >= target or any(w.broken for w in writers), 120)
            time.sleep(self.rng.uniform(0, 0.05))
        finally:
            self.ending.set()
            self.s.process.kill()
            self.s.process.wait()
            for w in writers:
                w.join()
            half.close()
            self.s.kill()
        for w in writers:
            if w.broken:
                raise w.broken

    def check(self):
        """After a start: what was acknowledged is there."""
        c = self.s.admin
        c.check = False
        for path, shown in list(self.facts.items()):
            a = c.get(path, expect=404 if shown is None else 200)
            assert shown is None or {k: a.json[k] for k in shown} == shown, a
        for secret, status in list(self.secrets.items()):
            a = self.s.anybody().call("GET", "/api/lists", headers={"Authorization": f"Bearer {secret}"})
            assert a.status == status, a
        # A key that was answered gives the same answer; one that was not does its work once, now.
        for key, (path, body, status, answer) in self.rng.sample(sorted(self.keys.items()), min(20, len(self.keys))):
            a = c.post(path, body, headers={"Idempotency-Key": key}, expect=status)
            assert a.headers["Idempotency-Replayed"] == "true" and a.json == answer, a
        for key, (path, body, status) in list(self.open.items()):
            a = c.post(path, body, headers={"Idempotency-Key": key}, expect=(status, 409, 404))
            if a.status == status and "name" in body and path == "/api/lists":
                found = [x["id"] for x in c.pages(path, q=body["name"]) if x["name"] == body["name"]]
                assert found == [a.json["id"]], f"{body['name']} is there {len(found)} times"
        self.open.clear()
        state = c.get(f"/api/campaigns/{self.campaign}").json["state"]
        if self.state:
            assert state == self.state or (state, self.state) == ("completed", "running")
        self.state = state

    def check_background(self):
        """What was taken to be read later is read, whole, and once."""
        c = self.s.admin
        for path, shown in self.background.items():
            a = wait(lambda p=path: (lambda x: x if x.json["state"] not in ("queued", "running") else None)(c.get(p)), 60)
            assert a.json["state"] == "done" and {k: a.json[k] for k in shown} == shown, a
        for path, shown in self.background_lists.items():
            a = c.get(path)
            assert {k: a.json[k] for k in shown} == shown, a
        for folder in ("uploads", "spool"):
            wait(lambda f=folder: not list((self.s.data / f).iterdir()))
        for folder in ("imports", "reports", "audio"):
            left = [f.name for f in (self.s.data / folder).iterdir()]
            assert not [f for f in left if f.startswith(".") or f.endswith((".part", ".tmp"))], left


def test_killed_under_load(service, carrier, tmp_path, rng):
    c = carrier(crowd(keys={"9": 1, "none": 1}, listen={"min": "100ms", "max": "400ms"}))
    s = service("--ignore-windows")
    w = Work(s, c, tmp_path, rng, 150)
    for _ in range(ROUNDS):
        w.round()
        s.start()
        w.check()
    w.check_background()
    # The campaign goes on to its end.
    admin = s.admin
    path = f"/api/campaigns/{w.campaign}"
    if w.state == "paused":
        admin.post(f"{path}/resume", expect=200)
    wait(lambda: admin.get(path).json["state"] in ("completed", "failed"), 120)
    assert admin.get(path).json["state"] == "completed"
    s.stop()
    c.stop()
    judge(w, s)


def judge(w, s):
    """S1, S2, S3, S6 by both sides' records."""
    import sqlite3
    with sqlite3.connect(f"file:{s.data}/kolcast.db?mode=ro", uri=True) as db:
        def column(query):
            return [r[0] for r in db.execute(query)]
        assert column("PRAGMA integrity_check") == ["ok"] and column("PRAGMA foreign_key_check") == []
        recorded = column("SELECT number FROM call_records")
        dialled = column("SELECT number FROM call_records WHERE dialled_ms > 0")
        attempts = column("SELECT attempt_id FROM call_records")
        assert sorted(attempts) == sorted(column("SELECT id FROM attempts WHERE open = 0"))
        assert column("SELECT count(*) FROM attempts WHERE open = 1") == [0]
        listed = set(column("SELECT number FROM blacklist"))
        # Each line of the audit of a creation is of another thing.
        twice = db.execute("SELECT action, object, count(*) FROM audit WHERE action IN ('list.create', 'flow.create',"
                           " 'campaign.create') GROUP BY 1, 2 HAVING count(*) > 1").fetchall()
        assert twice == []
    assert all(n == 1 for n in w.carrier.invites().values())
    assert set(w.carrier.invites()) <= set(recorded)
    # A pause gives back who was not dialled yet: a record, and another one later.
    assert set(w.called) - listed <= set(recorded) <= set(w.called)
    assert len(dialled) == len(set(dialled))
    assert w.carrier.heard(TONES["stopped"]) <= listed
    for e in w.carrier.events("invite"):
        at = datetime.datetime.fromisoformat(e["at"].replace("Z", "+00:00")).timestamp()
        # A clock's millisecond, and the way from lane to carrier.
        assert at <= w.gone.get(e["number"], at) + 1 * PATIENCE, f"{e['number']} was called after it opted out"
