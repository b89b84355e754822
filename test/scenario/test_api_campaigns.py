"""Campaigns through the API, on the simulated carrier: the same calls by the same rules as kolcast
run. Flows, recordings, trunks; start, pause, resume, cancel; figures; reports."""
import http.client
import io
import time
import wave

import pytest
from api import import_people, people, wait
from conftest import TONES, crowd, flow, knows, tone

pytestmark = knows("serve", "carrier")


class Place:
    """A service with recordings, a flow, a trunk to the carrier, and people."""

    def __init__(self, s, carrier, tmp_path, count=20, first=2000000):
        self.s, self.c, self.carrier = s, s.admin, carrier
        self.numbers = [972500000000 + first + i for i in range(count)]
        for name, hz in TONES.items():
            tone(tmp_path / "x.wav", hz)
            self.c.upload("/api/audio", (tmp_path / "x.wav").read_bytes(), "audio/wav", name=f"{name}.wav")
        self.flow = self.c.post("/api/flows", {"name": "Appeal", "flow": flow()}).json["id"]
        self.trunk = self.c.post("/api/trunks", {"name": "main", "host": "127.0.0.1", "port": carrier.port}).json["id"]
        self.list = self.c.post("/api/lists", {"name": "Donors"}).json["id"]
        assert import_people(self.c, self.list, people(count, first))["accepted"] == count

    def body(self, name="Winter", **changes):
        return {"name": name, "list_id": self.list, "flow_id": self.flow, "trunk_ids": [self.trunk],
                "caller": {"name": "Test", "number": "+97225551234"},
                "pace": {"calls_per_second": 30, "max_calls": 100}, "retry": {"max_attempts": 1},
                "ring_timeout": "3s", "max_call": "20s", "cost": {"per_minute": 0.6}, **changes}

    def campaign(self, name="Winter", **changes):
        return self.c.post("/api/campaigns", self.body(name, **changes), expect=201).json["id"]

    def state(self, i):
        return self.c.get(f"/api/campaigns/{i}").json["state"]

    def until(self, i, *states):
        wait(lambda: self.state(i) in states, 60)
        return self.state(i)


@pytest.fixture
def place(service, carrier, tmp_path):
    def make(default=None, count=20, args=("--ignore-windows",), **how):
        return Place(service(*args), carrier(default or crowd(), **how), tmp_path, count)

    return make


def test_from_draft_to_report(place):
    p = place(crowd(keys={"1": 1, "9": 1, "none": 1}), count=40)
    c = p.c
    i = p.campaign()
    got = c.get(f"/api/campaigns/{i}").json
    assert got["state"] == "draft" and got["flow_version"] == 1 and got["trunk_ids"] == [p.trunk]
    assert got["config"]["region"] == "IL" and got["config"]["flow"] == flow()
    pre = c.post(f"/api/campaigns/{i}/preflight").json
    assert pre["people"] == 40 and pre["call_measured"]
    assert "Yes" in c.get(f"/api/campaigns/{i}/why", number="050-2000001").json["answer"]
    c.get(f"/api/campaigns/{i}/why", number="123", expect=422)
    a = c.post(f"/api/campaigns/{i}/start", headers={"Idempotency-Key": "s"}, expect=200)
    assert a.json["state"] == "running"
    assert c.post(f"/api/campaigns/{i}/start", headers={"Idempotency-Key": "s"}).headers["Idempotency-Replayed"] == "true"
    assert p.until(i, "completed", "failed") == "completed"
    # Both sides agree, and so do progress, records, messages, figures and the report.
    assert p.carrier.invites() == {n: 1 for n in p.numbers}
    calls = c.pages("/api/calls", campaign_id=i, limit=7)
    assert sorted(int(x["number"][1:]) for x in calls) == p.numbers
    progress = c.get(f"/api/campaigns/{i}/progress").json
    answered = [x for x in calls if x["outcome"] == "answered"]
    assert progress["calls"] == 40 and progress["by_outcome"]["answered"] == len(answered)
    assert progress["people"]["reached"] == len(answered)
    gone = [x["number"] for x in c.pages("/api/blacklist")]
    texts = c.pages("/api/messages", campaign_id=i)
    assert progress["opt_outs"] == len(gone) and progress["texts"] == len(texts)
    assert p.carrier.heard(TONES["stopped"]) <= {int(n[1:]) for n in gone}
    figures = c.get(f"/api/campaigns/{i}/figures").json
    assert figures["calls"]["total"] == 40 and figures["opt_outs"] == len(gone) and figures["texts"] == len(texts)
    side = c.get("/api/comparisons", campaigns=i).json["items"][0]
    assert (side["calls"], side["answered"], side["opt_outs"], side["texts"]) == (40, len(answered), len(gone), len(texts))
    assert c.get("/api/comparisons", **{"from": "2020-01-01T00:00:00Z"}).json["items"] == [side]
    c.get("/api/comparisons", expect=422)
    c.get("/api/comparisons", campaigns=999, expect=404)
    one = c.get(f"/api/calls/{answered[0]['id']}").json
    assert one["trace"]["path"][0]["node"] == "welcome" and one["decision"]["max_attempts"] == 1
    if one["messages"]:
        assert one["messages"][0] == c.get(f"/api/messages/{one['messages'][0]['id']}").json
    assert c.get("/api/calls", number=answered[0]["number"]).json["items"] == [answered[0]]
    assert c.get("/api/calls", outcome="busy").json["items"] == []
    assert c.get("/api/calls", until="2020-01-01T00:00:00Z").json["items"] == []
    assert len(c.pages(f"/api/campaigns/{i}/people", state="reached", limit=9)) == len(answered)
    steps = c.get(f"/api/campaigns/{i}/steps").json["items"]
    assert "monitor" in [x["step"] for x in steps]
    c.get(f"/api/campaigns/{i}/pace")
    for kind, begin in [("calls", b"\xef\xbb\xbf"), ("contacts", b"\xef\xbb\xbf"), ("texts", b"\xef\xbb\xbf"),
                        ("workbook", b"PK"), ("summary", b"%PDF")]:
        r = c.post("/api/reports", {"campaign_id": i, "kind": kind, "language": "he"}, expect=202)
        done = wait(lambda: (lambda x: x if x["state"] in ("done", "failed") else None)(c.get(r.headers["Location"]).json))
        assert done["state"] == "done", done
        body = c.get(done["link"]).body
        assert body.startswith(begin) and len(body) == done["bytes"]
        if kind == "calls":
            assert done["rows"] == 40 and body.count(b"\r\n") == 41
            part = c.call("GET", done["link"], headers={"Range": "bytes=3-12"}, expect=206)
            assert part.body == body[3:13]
    last = c.get("/api/reports", campaign_id=i).json["items"]
    assert len(last) == 5
    c.delete(f"/api/reports/{last[0]['id']}")
    c.get(last[0]["link"], expect=404)
    # What was called stays when the campaign goes.
    c.put(f"/api/campaigns/{i}", p.body(), c.get(f"/api/campaigns/{i}").headers["ETag"], expect=409)
    c.delete(f"/api/campaigns/{i}")
    assert len(c.pages("/api/calls", limit=500)) == 40


def test_pause_resume_cancel(place):
    p = place(crowd(), count=80)
    c, carrier = p.c, p.carrier
    i = p.campaign(pace={"calls_per_second": 10, "max_calls": 100})
    c.post(f"/api/campaigns/{i}/pause", expect=409)
    c.post(f"/api/campaigns/{i}/resume", expect=409)
    c.post(f"/api/campaigns/{i}/start")
    carrier.wait_calls(10)
    assert c.post(f"/api/campaigns/{i}/start").json["state"] == "running"
    c.delete(f"/api/campaigns/{i}", expect=409)
    at = time.time()
    assert c.post(f"/api/campaigns/{i}/pause").json["state"] == "paused"
    # No call starts once the answer is here; before it, at most what one second allows.
    seen = len(carrier.events("invite"))
    assert time.time() - at < 20
    wait(lambda: c.get(f"/api/campaigns/{i}/progress").json["pace_cap"] == 0)
    time.sleep(1)
    assert len(carrier.events("invite")) <= seen + 2  # on their way
    assert all(e["by"] != "nobody" for e in carrier.events("ended"))  # calls finished by themselves
    assert c.get(f"/api/campaigns/{i}/progress").json["people"]["waiting"] > 0
    assert c.post(f"/api/campaigns/{i}/resume").json["state"] == "running"
    carrier.wait_calls(seen + 10)
    assert c.post(f"/api/campaigns/{i}/cancel", {"hang_up": True}).json["state"] == "cancelled"
    wait(lambda: c.get(f"/api/campaigns/{i}/progress").json["pace_cap"] == 0)
    assert p.state(i) == "cancelled"
    c.post(f"/api/campaigns/{i}/start", expect=409)
    c.post(f"/api/campaigns/{i}/resume", expect=409)
    assert all(n == 1 for n in carrier.invites().values()) and len(carrier.invites()) < 80
    assert "campaign.cancel" in [x["action"] for x in c.get("/api/audit", object=f"campaign {i}").json["items"]]


def test_opt_out_reaches_calls_that_ring(place):
    p = place(crowd(shares={"no_answer": 1}), count=10)
    c, carrier = p.c, p.carrier
    i = p.campaign(ring_timeout="60s", pace={"calls_per_second": 30, "max_calls": 5})
    c.post(f"/api/campaigns/{i}/start")
    carrier.wait_calls(5)
    wait(lambda: c.get(f"/api/campaigns/{i}/progress").json["calls_ringing"] == 5)
    ringing = list(carrier.invites())
    late = [n for n in p.numbers if n not in ringing][0]
    c.post("/api/blacklist", {"numbers": [f"+{ringing[0]}", f"+{late}"], "reason": "asked by mail"})
    wait(lambda: any(x["number"] == f"+{ringing[0]}" for x in c.get("/api/calls", campaign_id=i).json["items"]))
    assert c.get("/api/calls", number=f"+{ringing[0]}").json["items"][0]["outcome"] == "blacklisted"
    assert "do-not-call" in c.get(f"/api/campaigns/{i}/why", number=f"+{late}").json["answer"]
    c.post(f"/api/campaigns/{i}/cancel", {"hang_up": True})
    wait(lambda: c.get(f"/api/campaigns/{i}/progress").json["pace_cap"] == 0)
    assert late not in carrier.invites()


def test_two_at_once(place):
    p = place(crowd(), count=60)
    one = p.campaign("One", pace={"calls_per_second": 8, "max_calls": 50})
    other = p.c.post("/api/lists", {"name": "Others"}).json["id"]
    import_people(p.c, other, people(40, 5000000))
    two = p.campaign("Two", list_id=other, pace={"calls_per_second": 8, "max_calls": 50})
    p.c.post(f"/api/campaigns/{one}/start")
    p.c.post(f"/api/campaigns/{two}/start")
    assert p.c.get("/api/metrics").json["campaigns_running"] == 2
    p.c.post(f"/api/campaigns/{one}/pause")
    assert p.until(two, "completed", "failed") == "completed"
    assert p.state(one) == "paused"
    p.c.post(f"/api/campaigns/{one}/resume", expect=(200, 409))
    wait(lambda: p.c.call("POST", f"/api/campaigns/{one}/resume").status == 200)
    assert p.until(one, "completed", "failed") == "completed"
    assert p.carrier.invites() == {n: 1 for n in p.numbers + [972505000000 + i for i in range(40)]}


def test_hours_hold(place):
    """Without --ignore-windows nobody is called outside the hours, and it says so."""
    p = place(count=5, args=())
    day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(int(time.strftime("%w")) + 3) % 7]
    i = p.campaign(windows={day: ["09:00-09:01"]})
    p.c.post(f"/api/campaigns/{i}/start")
    wait(lambda: "hours" in p.c.get(f"/api/campaigns/{i}/progress").json["note"])
    assert p.c.get(f"/api/campaigns/{i}/progress").json["next_open"]
    assert p.carrier.invites() == {}


def test_scheduled(place):
    p = place(count=5)
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    i = p.campaign(start=start)
    assert p.c.post(f"/api/campaigns/{i}/start").json["state"] == "scheduled"
    assert p.c.post(f"/api/campaigns/{i}/pause").json["state"] == "draft"
    assert p.c.post(f"/api/campaigns/{i}/start").json["state"] in ("scheduled", "running")
    assert p.until(i, "completed", "failed") == "completed"
    assert len(p.carrier.invites()) == 5


def test_service_stops_and_goes_on(place):
    """SIGTERM: calls finish; the campaign goes on with the next start."""
    p = place(crowd(), count=60)
    i = p.campaign(pace={"calls_per_second": 8, "max_calls": 100})
    p.c.post(f"/api/campaigns/{i}/start")
    p.carrier.wait_calls(10)
    p.s.stop()
    assert all(e["by"] != "nobody" for e in p.carrier.events("ended"))
    seen = len(p.carrier.events("invite"))
    assert seen < 60
    p.s.start()
    assert p.until(i, "completed", "failed") == "completed"
    assert p.carrier.invites() == {n: 1 for n in p.numbers}


def test_changes_of_a_draft(place):
    p = place(count=3)
    c = p.c
    i = p.campaign()
    path = f"/api/campaigns/{i}"
    etag = c.get(path).headers["ETag"]
    changed = c.put(path, p.body("Changed", holidays=["2026-12-05"]), etag)
    assert changed.json["name"] == "Changed" and changed.json["config"]["holidays"] == ["2026-12-05"]
    c.put(path, p.body("Late"), etag, expect=412)
    for changes, pointer in [({"windows": {"sun": ["12:00-09:00"]}}, "/windows"), ({"time_zone": "Mars/North"}, "/time_zone"),
                             ({"end": "2020-01-01", "start": "2021-01-01"}, "/end"), ({"list_id": 999}, "/list_id"),
                             ({"flow_id": 999}, "/flow_id"), ({"trunk_ids": [999]}, "/trunk_ids"),
                             ({"pace": {"calls_per_second": 0}}, "/pace/calls_per_second"), ({"caller": {"number": "12"}}, "/caller/number"),
                             ({"retry": {"busy": {"times": 99}}}, "/retry/busy/times"), ({"nmae": 1}, "/nmae")]:
        a = c.call("PUT", path, p.body(**changes), headers={"If-Match": "*"}, expect=422)
        assert a.json["errors"][0]["pointer"] == pointer, a
        assert a.json["errors"][0]["message"]
    assert c.get(path).json == changed.json
    # Another list: its people are forgotten.
    c.post(f"{path}/preflight")
    other = c.post("/api/lists", {"name": "Empty"}).json["id"]
    c.call("PUT", path, p.body(list_id=other), headers={"If-Match": "*"}, expect=200)
    assert c.post(f"{path}/preflight").json["people"] == 0
    copy = c.post(f"{path}/duplicate", {"name": "Copy"}, expect=201).json
    assert copy["state"] == "draft" and copy["config"]["name"] == "Copy" and copy["list_id"] == other
    assert copy["trunk_ids"] == [p.trunk] and copy["flow_version"] == 1
    assert [x["name"] for x in c.get("/api/campaigns", sort="name").json["items"]] == ["Copy", "Winter"]
    assert [x["id"] for x in c.get("/api/campaigns", q="cop", state="draft").json["items"]] == [copy["id"]]
    c.delete(f"/api/lists/{p.list}")
    c.delete(f"/api/lists/{other}", expect=409)


def test_flows(place):
    p = place(count=1)
    c = p.c
    bad = flow()
    bad["nodes"]["welcome"]["keys"]["5"] = "nowhere"
    a = c.post("/api/flows", {"name": "Bad", "flow": bad}, expect=422)
    assert a.json["errors"][0]["pointer"].startswith("/flow/nodes/welcome/keys"), a
    check = c.post("/api/flows/check", {"flow": bad}, expect=200).json
    assert not check["ok"] and check["errors"] == a.json["errors"]
    new = flow()
    new["nodes"]["bye"]["prompt"] = "not-there.wav"
    check = c.post("/api/flows/check", {"flow": new}, expect=200).json
    assert check["ok"] and check["prompts_missing"] == ["not-there.wav"]
    path = f"/api/flows/{p.flow}"
    old = c.get(path)
    i = p.campaign()
    saved = c.put(path, {"name": "Appeal", "flow": new, "note": "longer"}, old.headers["ETag"])
    assert saved.json["version"] == 2 and saved.json["prompts_missing"] == ["not-there.wav"]
    c.put(path, {"name": "Appeal", "flow": new}, old.headers["ETag"], expect=412)
    assert c.get(f"{path}/versions/1").json["flow"] == old.json["flow"]
    assert [v["version"] for v in c.pages(f"{path}/versions", limit=1)] == [2, 1]
    c.get(f"{path}/versions/3", expect=404)
    # The campaign keeps what it was given.
    assert c.get(f"/api/campaigns/{i}").json["config"]["flow"] == old.json["flow"]
    assert [u["id"] for u in c.get(f"{path}/uses").json["items"]] == [i]
    c.delete(path, expect=409)
    # A recording that is not there is said at the start, and nobody is called.
    j = p.campaign("Missing")
    a = c.post(f"/api/campaigns/{j}/start", expect=409)
    assert "not-there.wav" in a.json["detail"] and p.state(j) == "draft"
    c.delete(f"/api/campaigns/{i}")
    c.delete(f"/api/campaigns/{j}")
    c.delete(path)


def wav(seconds=1.0, level=9000):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(16000)
        w.writeframes(b"".join(int(level * (1 if i // 20 % 2 else -1)).to_bytes(2, "little", signed=True)
                               for i in range(int(16000 * seconds))))
    return out.getvalue()


def test_audio(place):
    p = place(count=1)
    c = p.c
    data = wav()
    a = c.upload("/api/audio", data, "audio/wav", name="שלום.wav", expect=201).json
    assert a["seconds"] == 1.0 and a["type"] == "audio/wav" and a["bytes"] == len(data) and a["warning"] is None
    assert c.get(f"/api/audio/{a['id']}/file").body == data
    part = c.call("GET", f"/api/audio/{a['id']}/file", headers={"Range": "bytes=100-199"}, expect=206)
    assert part.body == data[100:200] and part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    quiet = c.upload("/api/audio", wav(level=60), name="quiet.wav").json
    assert quiet["warning"]
    c.upload("/api/audio", data, "audio/wav", name="שלום.wav", expect=409)
    assert c.get(f"/api/audio/{a['id']}/file").body == data
    for name in ("../x.wav", "a/b.wav", ".hidden", "a\\b.wav", "con:x", "", "x" * 101, "a\nb.wav"):
        c.upload("/api/audio", data, "audio/wav", name=name, expect=400)
    c.upload("/api/audio", b"not audio", "audio/wav", name="bad.wav", expect=422)
    c.upload("/api/audio", wav(0), "audio/wav", name="empty.wav", expect=422)
    used = [x for x in c.pages("/api/audio", limit=2) if x["name"] == "welcome.wav"][0]
    assert used["used_by_flows"] == 1
    c.delete(f"/api/audio/{used['id']}", expect=409)
    c.delete(f"/api/audio/{a['id']}")
    c.get(f"/api/audio/{a['id']}/file", expect=404)
    assert not (p.s.data / "audio/שלום.wav").exists()
    c.upload("/api/audio", data, "audio/wav", name="שלום.wav", expect=201)
    # Refused by its head: the body need not even be sent.
    big = http.client.HTTPConnection("127.0.0.1", p.s.port, timeout=60)
    big.putrequest("POST", "/api/audio?name=big.wav")
    for header in (("Authorization", f"Bearer {c.token}"), ("Content-Type", "audio/wav"), ("Content-Length", str(210 << 20))):
        big.putheader(*header)
    big.endheaders()
    assert big.getresponse().status == 413
    big.close()


def test_trunks_and_settings(place):
    p = place(count=1)
    c = p.c
    a = c.post("/api/trunks", {"name": "second", "host": "sip.example.org", "user": "u", "password": "s3cret", "register": True}, expect=201)
    assert a.json["has_password"] and "s3cret" not in str(c.pages("/api/trunks"))
    path = a.headers["Location"]
    b = c.put(path, {"name": "second", "host": "sip.example.com", "user": "u"}, a.headers["ETag"])
    assert b.json["has_password"] and b.json["host"] == "sip.example.com" and not b.json["register"]
    assert (b.json["order"], b.json["weight"]) == (1, 1)
    b = c.put(path, {"name": "second", "host": "sip.example.com", "password": "", "order": 2, "weight": 30}, b.headers["ETag"])
    assert not b.json["has_password"] and (b.json["order"], b.json["weight"]) == (2, 30)
    assert c.get(path).json == b.json
    c.put(path, {"name": "second", "host": "sip.example.com", "order": 0}, b.headers["ETag"], expect=422)
    assert b.json["rewrite"] == b.json["caller_numbers"] == []
    rules = {"rewrite": [{"from": "+972", "to": "0"}], "caller_numbers": [{"prefix": "+9722", "numbers": ["025551234"]}]}
    b = c.put(path, {"name": "second", "host": "sip.example.com", **rules}, b.headers["ETag"])
    assert {k: b.json[k] for k in rules} == rules and c.get(path).json == b.json
    c.put(path, {"name": "second", "host": "x", "rewrite": rules["rewrite"] * 2}, b.headers["ETag"], expect=422)
    c.post("/api/trunks", {"name": "second", "host": "x"}, expect=409)
    c.post("/api/trunks", {"name": "third", "host": "x", "register": True}, expect=422)
    c.post("/api/trunks", {"name": "third", "host": "a b"}, expect=422)
    assert (a.json["transport"], a.json["port"], a.json["tls_verify"], a.json["srtp"]) == ("udp", 5060, True, "off")
    t = c.post("/api/trunks", {"name": "third", "host": "sip.example.org", "transport": "sips", "srtp": "required"}, expect=201).json
    assert (t["transport"], t["port"], t["srtp"]) == ("sips", 5061, "required")
    c.delete(f"/api/trunks/{t['id']}")
    for wrong in {"transport": "sctp"}, {"srtp": "yes"}, {"ca_file": "ca.pem"}, {"ca_file": "/nonexistent.pem"}:
        problem = c.post("/api/trunks", {"name": "fourth", "host": "x", **wrong}, expect=422).json
        assert f"/{next(iter(wrong))}" in str(problem), problem
    c.delete(path)
    i = p.campaign()
    c.delete(f"/api/trunks/{p.trunk}", expect=409)
    c.post(f"/api/campaigns/{i}/cancel")
    c.delete(f"/api/trunks/{p.trunk}")
    # Without any trunk a campaign says so.
    j = p.campaign("No trunk", trunk_ids=[])
    assert "trunk" in c.post(f"/api/campaigns/{j}/start", expect=409).json["detail"]
    got = c.get("/api/settings")
    new = {"organization": "יד פתוחה", "region": "US", "time_zone": "America/New_York", "currency": "USD"}
    c.put("/api/settings", new, got.headers["ETag"])
    c.put("/api/settings", new, got.headers["ETag"], expect=412)
    c.call("PUT", "/api/settings", {**new, "region": "XX"}, headers={"If-Match": "*"}, expect=422)
    assert c.get("/api/settings").json == new
    k = p.campaign("American", trunk_ids=[])
    assert c.get(f"/api/campaigns/{k}").json["config"]["time_zone"] == "America/New_York"
    made = c.post(f"/api/lists/{p.list}/contacts", {"number": "202-555-0143"}).json
    assert made["number"] == "+12025550143"


def test_simulation_tells_what_calls_do(place):
    """What the simulation says of a call's keys is what the call's record says."""
    p = place(crowd(keys={"1": 1, "7": 1, "9": 1}, rounds=2), count=12)
    c = p.c
    i = p.campaign()
    c.post(f"/api/campaigns/{i}/start", expect=200)
    assert p.until(i, "completed", "failed") == "completed"
    told = 0
    for call in c.pages("/api/calls", campaign_id=i):
        trace = c.get(f"/api/calls/{call['id']}").json["trace"]
        keys = [{"at": k["at"], "key": k["key"]} for k in trace["keys"]]
        s = c.post("/api/flows/simulate", {"flow": flow(), "keys": keys, "contact": {"name": "Dana"}}, expect=200).json
        path = [x["node"] for x in s["scenes"] if x["what"] == "node"]
        # As far as keys lead: later, who hangs up hears less.
        last = max([k["at"] for k in keys], default=0)
        told_nodes = [x["node"] for x in s["scenes"] if x["what"] == "node" and x["at"] <= last]
        heard = [x["node"] for x in trace["path"] if x["at"] <= last]
        assert told_nodes[:len(heard)] == heard, (path, trace)
        assert s["over"] and s["scenes"][-1]["what"] == "end" and s["prompts_missing"] == []
        texts = [x["text"] for x in s["scenes"] if x["what"] == "action" and x["action"] == "sms"]
        assert texts == ["Dana: https://example.org"] * path.count("donate")
        told += len(keys)
    assert told > 0
    # A text that cannot be sent is the other branch; a cut shows what is heard then.
    s = c.post("/api/flows/simulate", {"flow": flow(), "keys": [{"at": 100, "key": "1"}], "failing": ["donate"]}, expect=200).json
    assert [x["node"] for x in s["scenes"] if x["what"] == "node"] == ["welcome", "donate", "sorry", "bye"]
    s = c.post("/api/flows/simulate", {"flow": flow(), "until": 0}, expect=200).json
    assert not s["over"] and [x["what"] for x in s["scenes"]] == ["node", "play"] and s["scenes"][1]["lasts"] > 0
    bad = flow()
    bad["nodes"]["welcome"]["keys"]["5"] = "nowhere"
    a = c.post("/api/flows/simulate", {"flow": bad}, expect=422)
    assert a.json["errors"][0]["pointer"].startswith("/flow/nodes/welcome/keys")
    for keys in ([{"at": -1, "key": "1"}], [{"at": 0, "key": "x"}], [{"at": 0, "key": ""}], [{"at": 0}], [{"at": 0, "key": "1"}] * 501):
        c.post("/api/flows/simulate", {"flow": flow(), "keys": keys}, expect=422)


def test_recordings_that_are_not_there(place, tmp_path):
    """Told before the start, each by its name, with what to do; nothing is dialled."""
    p = place(count=3)
    c = p.c
    nodes = {"a": {"type": "play", "prompt": "one.wav", "next": "b"}, "b": {"type": "play", "prompt": "two.wav"}}
    made = c.post("/api/flows", {"name": "New", "flow": {"version": 1, "start": "a", "nodes": nodes}}).json
    assert made["prompts_missing"] == ["one.wav", "two.wav"]
    i = p.campaign("New", flow_id=made["id"])
    assert c.post(f"/api/campaigns/{i}/preflight").json["prompts_missing"] == ["one.wav", "two.wav"]
    tone(tmp_path / "one.wav", 500)
    audio = c.upload("/api/audio", (tmp_path / "one.wav").read_bytes(), "audio/wav", name="one.wav")
    assert b'"seconds":0.6,' in audio.body  # as people write numbers
    a = c.post(f"/api/campaigns/{i}/start", expect=409)
    assert [e["message"] for e in a.json["errors"]] == ["the recording two.wav is not there"]
    assert "POST /api/audio?name=two.wav" in a.json["errors"][0]["remedy"] and p.state(i) == "draft"
    c.upload("/api/audio", (tmp_path / "one.wav").read_bytes(), "audio/wav", name="two.wav")
    assert c.post(f"/api/campaigns/{i}/preflight").json["prompts_missing"] == []
    c.post(f"/api/campaigns/{i}/start", expect=200)
    assert p.until(i, "completed", "failed") == "completed"
