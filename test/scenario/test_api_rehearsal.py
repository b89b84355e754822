"""Rehearsals: a campaign calls imaginary people, and nothing of it touches the real ones."""
import os
import pathlib

import pytest
from api import import_people, people, wait
from conftest import TONES, flow, knows, tone

pytestmark = knows("serve", "carrier")


@pytest.fixture
def place(service, tmp_path):
    """A service without a trunk, and a campaign that may call nobody now."""
    s = service()
    c = s.admin
    for name, hz in TONES.items():
        tone(tmp_path / "x.wav", hz)
        c.upload("/api/audio", (tmp_path / "x.wav").read_bytes(), "audio/wav", name=f"{name}.wav")
    s.flow = c.post("/api/flows", {"name": "Appeal", "flow": flow()}).json["id"]
    s.list = c.post("/api/lists", {"name": "Donors"}).json["id"]
    import_people(c, s.list, people(3, 2000000))
    s.campaign = c.post("/api/campaigns", {
        "name": "Winter", "list_id": s.list, "flow_id": s.flow, "start": "2040-01-01", "end": "2040-01-02",
        "caller": {"number": "+97225551234"}, "ring_timeout": "3s", "max_call": "20s"}, expect=201).json["id"]
    s.path = f"/api/campaigns/{s.campaign}/rehearsal"
    return s


def children(pid):
    """Processes that pid started and that are not over."""
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            after = p.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(after[1]) == pid and after[0] != "Z":
            found.append(int(p.parent.name))
    return found


def test_calls_imaginary_people_only(place):
    c = place.admin
    c.get(place.path, expect=404)
    c.delete(place.path, expect=404)
    began = c.post(place.path, {"people": 40}, expect=202).json
    assert began["state"] == "starting" and began["people"] == 40 and began["calls"] == []
    c.post(place.path, expect=409)
    live = wait(lambda: (lambda r: r if r["progress"] and r["progress"]["calls"] else None)(c.get(place.path).json), 60)
    assert live["state"] == "running" and live["ended"] is None
    done = wait(lambda: (lambda r: r if r["state"] in ("done", "failed") else None)(c.get(place.path).json), 240)
    assert done["state"] == "done", done
    # Each once, whatever the campaign's hours; the figures agree with the calls.
    assert done["progress"]["people"]["waiting"] == 0 and done["progress"]["calls"] == 40
    assert done["progress"]["state"] == "completed" and done["figures"]["calls"]["total"] == 40
    assert len({x["number"] for x in done["calls"]}) == 40
    assert sum(done["progress"]["by_outcome"].values()) == 40 and done["progress"]["by_outcome"]["answered"] > 0
    # Nothing of it is in the real store.
    assert c.get("/api/calls").json["items"] == [] and c.get("/api/blacklist").json["items"] == []
    assert c.get("/api/messages").json["items"] == []
    assert c.get(f"/api/campaigns/{place.campaign}").json["state"] == "draft"
    assert [x["name"] for x in c.get("/api/lists").json["items"]] == ["Donors"]
    assert [x["number"] for x in c.get(f"/api/lists/{place.list}/contacts").json["items"]] != []
    assert wait(lambda: not children(place.process.pid))
    audit = [a["action"] for a in c.get("/api/audit").json["items"]]
    assert "campaign.rehearse" in audit
    # Again, from the beginning.
    c.post(place.path, {"people": 1}, expect=202)
    assert wait(lambda: c.get(place.path).json["state"] == "done", 120)
    assert c.get(place.path).json["progress"]["calls"] == 1


def test_stopped_and_killed(place):
    c = place.admin
    c.post(place.path, {"people": 1000}, expect=202)
    wait(lambda: c.get(place.path).json["state"] == "running", 60)
    assert len(children(place.process.pid)) == 2
    c.delete(place.path, expect=204)
    assert wait(lambda: c.get(place.path).json["state"] == "done", 60)
    assert wait(lambda: not children(place.process.pid))
    c.delete(place.path, expect=204)
    # The service is killed: what it had started goes with it, and what it left is cleared.
    c.post(place.path, {"people": 1000}, expect=202)
    wait(lambda: c.get(place.path).json["state"] == "running", 60)
    pids = children(place.process.pid)
    assert len(pids) == 2
    place.kill()
    assert wait(lambda: not any(os.path.exists(f"/proc/{p}") for p in pids), 60)
    assert (place.data / "rehearsals").exists()
    place.start()
    assert not (place.data / "rehearsals").exists()
    place.admin.get(place.path, expect=404)
    # A stop that is asked for takes it along.
    place.admin.post(place.path, {"people": 1000}, expect=202)
    place.stop()
    assert not (place.data / "rehearsals").exists()


def test_what_cannot_be_rehearsed(place):
    c = place.admin
    for people in (0, 1001, -1, "many"):
        c.post(place.path, {"people": people}, expect=422)
    c.post("/api/campaigns/999/rehearsal", expect=404)
    c.get("/api/campaigns/999/rehearsal", expect=404)
    # A recording that is not there is said in words.
    bad = flow()
    bad["nodes"]["bye"]["prompt"] = "not-there.wav"
    other = c.post("/api/flows", {"name": "Bad", "flow": bad}).json["id"]
    i = c.post("/api/campaigns", {"name": "Bad", "list_id": place.list, "flow_id": other}, expect=201).json["id"]
    c.post(f"/api/campaigns/{i}/rehearsal", expect=202)
    r = wait(lambda: (lambda r: r if r["state"] == "failed" else None)(c.get(f"/api/campaigns/{i}/rehearsal").json), 60)
    assert "not-there.wav" in r["error"], r
