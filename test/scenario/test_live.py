"""/api/live: who may follow what; nothing is missed over breaks; a reader that does not read costs
nothing."""
import resource
import threading
import time

import pytest
from api import import_people, people
from conftest import PATIENCE, SANITIZED, TONES, crowd, flow, knows, tone
from live import Reader, Refused

pytestmark = knows("serve", "carrier")

KINDS = ("call.started", "call.ringing", "call.answered", "call.key", "call.ended", "text.queued",
         "campaign.state", "campaign.pace", "contact.opted_out", "import.progress", "report.ready")
ALL = ("calls", "campaigns", "blacklist", "imports", "reports")


@pytest.fixture
def s(service):
    return service("--ignore-windows")


def campaign(s, carrier, folder, count, first=2000000, cps=60):
    c = s.admin
    for name, hz in TONES.items():
        tone(folder / "x.wav", hz, 0.2)
        c.upload("/api/audio", (folder / "x.wav").read_bytes(), "audio/wav", name=f"{name}.wav", expect=(201, 409))
    f = c.post("/api/flows", {"name": f"Appeal {first}", "flow": flow()}).json["id"]
    t = c.post("/api/trunks", {"name": f"t{first}", "host": "127.0.0.1", "port": carrier.port}).json["id"]
    n = c.post("/api/lists", {"name": f"Donors {first}"}).json["id"]
    assert import_people(c, n, people(count, first))["accepted"] == count
    return c.post("/api/campaigns", {
        "name": f"Winter {first}", "list_id": n, "flow_id": f, "trunk_ids": [t],
        "caller": {"name": "Test", "number": "+97225551234"}, "retry": {"max_attempts": 1}, "ring_timeout": "3s",
        "pace": {"calls_per_second": cps, "max_calls": 200}}, expect=201).json["id"]


class Cut(threading.Thread):
    """Follows everything; its connection breaks again and again, at any byte."""

    def __init__(self, s, rng, after):
        super().__init__()
        self.s, self.rng, self.after = s, rng, after
        self.seen, self.gaps, self.breaks, self.last, self.broken = [], 0, 0, None, None
        self.enough = threading.Event()

    def run(self):
        try:
            while not self.enough.is_set():
                self.life()
        except Exception as e:
            self.broken = e

    def life(self):
        r = Reader(self.s.port, self.s.tokens["Administrator"])
        budget = self.rng.randint(0, 20000)  # bytes of this life
        try:
            r.subscribe(*ALL, after=self.after)
            r.socket.settimeout(0.3)
            while budget > 0 and not self.done():
                try:
                    before = len(r.data)
                    m = r.receive()
                    budget -= 200 + max(0, before - len(r.data))
                    self.take(m)
                except TimeoutError:
                    # A receive that was broken off has lost its place: a break like any other.
                    break
        finally:
            self.breaks += 1
            r.close()

    def take(self, m):
        self.gaps += m["type"] == "gap"
        if "seq" in m:
            self.after = m["seq"]
        if m["type"] in KINDS:
            self.seen.append(m["seq"])

    def done(self):
        if self.last is not None and self.after >= self.last:
            self.enough.set()
        return self.enough.is_set()


def test_nothing_is_missed_over_breaks(s, carrier, tmp_path, rng):
    c = carrier(crowd(keys={"1": 1, "9": 1, "none": 1}, listen={"min": "100ms", "max": "400ms"}))
    i = campaign(s, c, tmp_path, 200)
    steady = Reader(s.port, s.tokens["Administrator"])
    start = steady.subscribe(*ALL)["seq"]
    cuts = [Cut(s, rng, start) for _ in range(3)]
    for t in cuts:
        t.start()
    s.admin.post(f"/api/campaigns/{i}/start", expect=200)
    s.admin.post("/api/blacklist", {"numbers": ["+972521234567", "+972521234568"], "reason": "r"}, expect=200)
    seen, kinds = [], []
    try:
        while True:
            m = steady.receive()
            assert m["type"] != "gap"
            if m["type"] in KINDS:
                seen.append(m["seq"])
                kinds.append(m)
            if m["type"] == "campaign.state" and m["state"] == "completed":
                break
        for t in cuts:
            t.last = seen[-1]
    finally:
        for t in cuts:
            if t.last is None:
                t.enough.set()
            t.join(60 * PATIENCE)
    for t in cuts:
        if t.broken:
            raise t.broken
        assert t.breaks > 3 and t.gaps == 0
        assert t.seen == seen
    assert seen == sorted(set(seen))
    # What was told is what was.
    assert sum(m["type"] == "call.ended" for m in kinds) == 200
    assert {m["number"] for m in kinds if m["type"] == "contact.opted_out"} == \
        {x["number"] for x in s.admin.pages("/api/blacklist")}
    assert [m["state"] for m in kinds if m["type"] == "campaign.state"] == ["running", "completed"]


def test_a_restart_is_a_gap(s):
    r = Reader(s.port, s.tokens["Administrator"])
    at = r.subscribe("blacklist")["seq"]
    s.admin.post("/api/blacklist", {"numbers": ["+972521234567"], "reason": "r"}, expect=200)
    at = r.until("contact.opted_out")["seq"]
    s.kill()
    s.start()
    r = Reader(s.port, s.tokens["Administrator"])
    r.subscribe("blacklist", after=at)
    gap = r.until("gap")
    assert gap["missed"] >= 1 and gap["seq"] > at
    # Once is enough.
    r = Reader(s.port, s.tokens["Administrator"])
    r.subscribe("blacklist", after=gap["seq"])
    s.admin.post("/api/blacklist", {"numbers": ["+972521234568"], "reason": "r"}, expect=200)
    assert r.until("gap", "contact.opted_out")["number"] == "+972521234568"


def test_who_may_follow(s):
    token = s.role("Analyst").token
    for how, status in [({}, 401), ({"token": "nonsense"}, 401), ({"cookie": "nonsense"}, 401),
                        ({"token": s.key("calls:read").token}, 403), ({"cookie": token, "origin": "http://evil.example"}, 403)]:
        with pytest.raises(Refused) as e:
            Reader(s.port, **how)
        assert e.value.status == status, how
    for role in ("Analyst", "CampaignManager", "Administrator"):
        r = Reader(s.port, s.role(role).token)
        assert r.subscribe("metrics", "alerts", *ALL)["type"] == "subscribed"
        assert r.until("metrics")["readers"] >= 1
    Reader(s.port, cookie=token, origin=f"http://127.0.0.1:{s.port}").subscribe("metrics")
    # A key follows what it may read, and nobody's number without contacts:read.
    some = Reader(s.port, s.key("live:read", "blacklist:read").token)
    assert "calls:read" in some.subscribe("calls")["detail"]
    assert some.subscribe("blacklist")["type"] == "subscribed"
    more = Reader(s.port, s.key("live:read", "blacklist:read", "contacts:read").token)
    more.subscribe("blacklist")
    s.admin.post("/api/blacklist", {"numbers": ["+972521234567"], "reason": "r"}, expect=200)
    assert some.until("contact.opted_out")["number"] == "…4567"
    assert more.until("contact.opted_out")["number"] == "+972521234567"
    for wrong in ({"subscribe": "calls"}, {"subscribe": [1]}, {"subscribe": ["nothing"]}, {"subscribe": ["metrics:7"]},
                  {"subscribe": ["calls:x"]}, {"subscribe": ["calls"], "after": -1}, {"subscribe": ["calls"], "after": "1"},
                  b"{", b"[]", {}):
        more.send(wrong)
        assert more.until("error", "subscribed")["type"] == "error", wrong


def test_whoever_is_signed_out_is_turned_away(s):
    c = s.role("CampaignManager")
    r = Reader(s.port, c.token)
    key = s.admin.post("/api/keys", {"name": "k", "scopes": ["live:read"]}, expect=201).json
    k = Reader(s.port, key["secret"])
    stays = Reader(s.port, s.role("Analyst").token)
    for one in (r, k, stays):
        one.subscribe("metrics")
    c.delete("/api/session")
    s.admin.delete(f"/api/keys/{key['key']['id']}")
    for one in (r, k):
        while one.receive():
            pass
        assert one.code == 4401
    stays.until("metrics")


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1000, reason="few files may be open here")
def test_more_readers_than_a_shell_lets_files_be_open(service):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, limits[1]))
    try:
        s = service()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    readers = [Reader(s.port, s.tokens["Administrator"]) for _ in range(200)]
    for r in readers:
        r.subscribe("metrics")
    readers[0].until("metrics")
    assert s.admin.get("/api/metrics").json["readers"] == 200


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(l for l in f if l.startswith("VmRSS:")).split()[1])


def test_readers_that_do_not_read(s, rng):
    """As much memory with 30,000 events that they do not take as without."""
    events, readers, each = 30000, 60, 500
    c = s.admin
    c.check = False
    steady = Reader(s.port, s.tokens["Administrator"])
    seen = [0, 0]

    def follow():
        while seen[0] + seen[1] < events:
            m = steady.receive()
            seen[0] += m["type"] == "contact.opted_out"
            seen[1] += m.get("missed", 0)

    def publish(first, count):
        for i in range(first, first + count, each):
            c.post("/api/blacklist", {"numbers": [f"+97252{2000000 + n}" for n in range(i, i + each)], "reason": "r"}, expect=200)

    steady.subscribe("blacklist")
    t = threading.Thread(target=follow)
    t.start()
    slow = [Reader(s.port, s.tokens["Administrator"], receive_buffer=2048) for _ in range(readers)]
    for r in slow:
        r.send({"subscribe": ["metrics", "alerts", *ALL]})
    publish(0, 5000)  # what is needed once was needed then
    before = rss_kb(s.process.pid)
    publish(5000, events - 5000)
    for r in slow[:20]:  # talks, and does not listen
        for _ in range(200):
            r.send(b"x" * 100, 9)
            r.send({"subscribe": ["metrics", *ALL]})
    t.join(120 * PATIENCE)
    assert not t.is_alive() and seen[0] + seen[1] == events
    grown = rss_kb(s.process.pid) - before
    # Queues would hold 60 readers × 25,000 events × 150 bytes: 220 MB. ASan keeps freed memory.
    assert grown < (60000 if SANITIZED else 16000), f"{grown} KiB more"
    assert c.get("/api/metrics").json["readers"] >= 1
    for r in slow:
        r.close()
