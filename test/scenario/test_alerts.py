"""Indicators and alerts of a service whose carrier fails: raised once, told by the signed webhook, by
mail, by /api/live, /api/alerts and /metrics, acknowledged, and cleared when calls go well again (P43).
Thresholds by the API; webhooks by the API."""
import asyncio
import json
import re
import signal
import subprocess

import pytest
import websockets
from api import import_people, people, wait
from conftest import KOLCAST, PATIENCE, SOURCE, crowd, knows
from receivers import Post, Web
from test_api_campaigns import Place

pytestmark = knows("serve", "carrier")

sample = {}
exec(re.search(r"```python\n(.*?)```", (SOURCE / "docs/webhooks.md").read_text(), re.S)[1], sample)
QUICK = {"hold": 0, "rest": 0}


@pytest.fixture
def web():
    w = Web()
    yield w
    w.stop()


@pytest.fixture
def post():
    p = Post()
    yield p
    p.stop()


def indicator(client, name):
    return next(i for i in client.get("/api/health").json["indicators"] if i["name"] == name)


def set_alerts(client, **settings):
    client.put("/api/settings/alerts", settings, client.get("/api/settings/alerts").headers["ETag"])


class Live:
    """What /api/live says of alerts, in a thread of its own."""

    def __init__(self, s, token):
        self.got, self.ready = [], asyncio.Event()
        self.url, self.token = f"ws://127.0.0.1:{s.port}/api/live", token

    async def follow(self, until):
        async with websockets.connect(self.url, open_timeout=30 * PATIENCE,
                                      extra_headers={"Authorization": f"Bearer {self.token}"}) as ws:
            await ws.send(json.dumps({"subscribe": ["alerts"]}))
            self.ready.set()
            async for text in ws:
                m = json.loads(text)
                if m["type"].startswith("alert."):
                    self.got.append(m)
                    if until(m):
                        return


def test_carrier_fails_and_recovers(service, carrier, web, post, tmp_path):
    crowds = crowd(shares={"answer": 6, "congestion": 4})
    s = service("--ignore-windows", "--webhooks-private")
    c = s.admin
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"mail": {"from": "Kolcast <calls@example.org>", "command": post.command(tmp_path)}}))
    subprocess.run([KOLCAST, "user", "settings", settings, "--data", s.data], check=True, capture_output=True)
    s.process.send_signal(signal.SIGHUP)
    hook = c.post("/api/webhooks", {"name": "ops", "url": f"{web.url}/alerts", "events": ["alert.raised", "alert.cleared"]},
                  expect=201).json
    set_alerts(c, mail_to=["ops@example.org"],
               indicators={"failure_rate": {"raise": 20, "clear": 12, **QUICK}, "disk_free": {"off": True},
                           "memory_used": {"off": True}, "answer_rate": {"off": True}, "pace_floor": {"off": True}})
    p = Place(s, carrier(crowds, groups=[{"prefixes": ["+972503"], "shares": {"answer": 1}}]), tmp_path, count=60)
    assert indicator(c, "failure_rate")["raise"] == 20

    async def play():
        live = Live(s, c.token)
        following = asyncio.create_task(live.follow(lambda m: m["type"] == "alert.cleared" and m["indicator"] == "failure_rate"))
        await asyncio.wait_for(live.ready.wait(), 60 * PATIENCE)
        await asyncio.to_thread(bad_then_good, c, p, web, post)
        await asyncio.wait_for(following, 60 * PATIENCE)
        return live.got

    seen = asyncio.run(play())
    seen = [m for m in seen if m["indicator"] == "failure_rate"]
    # Once each, by every way.
    assert [m["type"] for m in seen] == ["alert.raised", "alert.cleared"]
    told = [m for m in web.all() if m["json"]["data"]["indicator"] == "failure_rate"]
    assert [m["json"]["type"] for m in told] == ["alert.raised", "alert.cleared"]
    assert all(sample["verify"](hook["secret"], m["headers"], m["body"]) for m in told)
    mails = [m for m in post.got if "calls of a trunk fail" in m["subject"]]
    assert len(mails) == 2 and "over" in mails[1]["subject"] and mails[0]["to"] == ["ops@example.org"]
    assert "What to do" in mails[0]["text"] and "main" in mails[0]["text"]
    over = [a for a in c.pages("/api/alerts", indicator="failure_rate")]
    assert len(over) == 1 and over[0]["cleared"] and over[0]["acknowledged_by"]
    assert c.get("/api/alerts", open="true", indicator="failure_rate").json["items"] == []
    s.stop()


def bad_then_good(c, p, web, post):
    i = p.campaign("Bad")
    c.post(f"/api/campaigns/{i}/start")
    raised = web.wait(lambda m: m["json"]["type"] == "alert.raised" and m["json"]["data"]["indicator"] == "failure_rate", seconds=120)
    assert raised[0]["json"]["data"]["object"] == "main"
    post.wait(lambda m: "calls of a trunk fail" in m["subject"])
    now = indicator(c, "failure_rate")
    assert now["status"] == "degraded" and now["value"] >= 20 and "main" in now["detail"]
    assert c.get("/api/health").json["status"] != "ok"
    alert = c.get("/api/alerts", open="true", indicator="failure_rate").json["items"][0]
    assert alert["object"] == "main" and alert["value"] >= 20 and alert["threshold"] == 20 and not alert["acknowledged"]
    done = c.post(f"/api/alerts/{alert['id']}/acknowledge").json
    assert done["acknowledged"] and done["acknowledged_by"] == "admin@example.org"
    assert c.post(f"/api/alerts/{alert['id']}/acknowledge").json == done
    assert "alert.acknowledge" in [a["action"] for a in c.get("/api/audit").json["items"]]
    p.until(i, "completed")
    # Other people, who can be reached.
    good = c.post("/api/lists", {"name": "Reachable"}).json["id"]
    assert import_people(c, good, people(400, 3000000))["accepted"] == 400
    j = p.campaign("Good", list_id=good, pace={"calls_per_second": 50, "max_calls": 100})
    c.post(f"/api/campaigns/{j}/start")
    web.wait(lambda m: m["json"]["type"] == "alert.cleared" and m["json"]["data"]["indicator"] == "failure_rate", seconds=180)
    post.wait(lambda m: "over" in m["subject"] and "calls of a trunk fail" in m["subject"])
    assert indicator(c, "failure_rate")["status"] == "ok"


def test_settings_and_restart(service):
    """What is wrong is refused and changes nothing; an alert outlives a restart, and is raised once."""
    s = service()
    c = s.admin
    empty = c.get("/api/settings/alerts")
    assert empty.json == {}
    for wrong, pointer in [({"indicators": {"disc_free": {}}}, "/indicators/disc_free"),
                           ({"indicators": {"disk_free": {"raise": 9, "clear": 8}}}, "/indicators/disk_free"),
                           ({"indicators": {"disk_free": {"hold": "-1s"}}}, "/indicators/disk_free/hold"),
                           ({"mail_to": ["a@b.org\r\nBcc: c@d.org"]}, "/mail_to/0")]:
        a = c.call("PUT", "/api/settings/alerts", wrong, headers={"If-Match": empty.headers["ETag"]}, expect=422)
        assert a.json["errors"][0]["pointer"].startswith(pointer) and a.json["errors"][0]["remedy"], a
    c.call("PUT", "/api/settings/alerts", {}, expect=(412, 428))
    assert c.get("/api/settings/alerts").json == {}
    set_alerts(c, indicators={"disk_free": {"raise": 1e11, "clear": 1e11, **QUICK}})
    a = wait(lambda: c.get("/api/alerts", open="true", indicator="disk_free").json["items"])
    assert len(a) == 1 and indicator(c, "disk_free")["status"] == "failing"
    s.stop()
    s.start()
    wait(lambda: indicator(s.admin, "disk_free")["value"] is not None)
    assert s.admin.get("/api/alerts", indicator="disk_free").json["items"] == a
    set_alerts(s.admin, indicators={"disk_free": {"raise": 0, "clear": 0, **QUICK}})
    wait(lambda: s.admin.get("/api/alerts", indicator="disk_free").json["items"][0]["cleared"])
    assert indicator(s.admin, "disk_free")["status"] == "ok"
    s.admin.post("/api/alerts/999999/acknowledge", expect=404)
    s.stop()


def test_webhooks_by_the_api(service, web):
    s = service("--webhooks-private")
    c = s.admin
    body = {"name": "crm", "url": f"{web.url}/crm", "events": ["contact.opted_out"]}
    made = c.post("/api/webhooks", body, expect=201)
    hook, path = made.json["webhook"], made.headers["Location"]
    assert "secret" not in hook and c.get(path).json == hook
    c.post(f"{path}/test", expect=202)
    tested = web.wait(lambda m: m["json"]["type"] == "test")[0]
    assert tested["path"] == "/crm" and sample["verify"](made.json["secret"], tested["headers"], tested["body"])
    c.post("/api/blacklist", {"numbers": ["+972501234567"], "reason": "asked"})
    assert web.wait(lambda m: m["json"]["type"] == "contact.opted_out")[0]["json"]["data"]["number"] == "+972501234567"
    # That messages arrive is no change that somebody else has made.
    tag = made.headers["ETag"]
    assert wait(lambda: c.get(path).json["sent"] == 2) and c.get(path).headers["ETag"] == tag
    assert c.call("GET", path, headers={"If-None-Match": tag}).status == 304
    off = c.put(path, {**body, "enabled": False}, tag)
    assert not off.json["enabled"] and "admin@example.org" in off.json["state_reason"]
    c.put(path, body, tag, expect=412)
    for wrong, pointer in [({"url": "ftp://x.org/"}, "/url"), ({"url": "https://u:p@x.org/"}, "/url"),
                           ({"events": ["call.exploded"]}, "/events"), ({"events": []}, "/events")]:
        a = c.post("/api/webhooks", {**body, **wrong}, expect=422)
        assert a.json["errors"][0]["pointer"] == pointer, a
    new = c.post(f"{path}/secret").json["secret"]
    assert new != made.json["secret"]
    assert c.get(f"{path}/deliveries").json["items"] == []
    assert c.post(f"{path}/deliveries/retry").json["count"] == 0
    assert [w["id"] for w in c.get("/api/webhooks").json["items"]] == [hook["id"]]
    c.delete(path)
    c.get(path, expect=404)
    c.get(f"{path}/deliveries", expect=404)
    c.post(f"{path}/test", expect=404)
    s.stop()


def test_webhooks_stay_outside(service, web):
    """Without the option no webhook leads to this machine."""
    c = service().admin
    a = c.post("/api/webhooks", {"name": "x", "url": web.url, "events": ["call.ended"]}, expect=422)
    assert "this machine" in a.json["detail"] and "--webhooks-private" in a.json["remedy"]
