"""Traces from a request to its calls, against a collector of OTLP/HTTP with JSON: shape, parents,
what is in them and what is not, a collector that fails, and none at all."""
import pathlib
import re
import time

import pytest
from api import Client, wait
from conftest import crowd, knows
from receivers import Web
from test_api_campaigns import Place

pytestmark = knows("serve", "carrier")

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector():
    w = Web()
    yield w
    w.stop()


def attributes(thing):
    """key → value, of the kinds that OTLP's JSON has."""
    got = {}
    for a in thing["attributes"]:
        (kind, value), = a["value"].items()
        assert kind in ("stringValue", "intValue") and isinstance(value, str), a
        got[a["key"]] = int(value) if kind == "intValue" else value
    return got


def spans(collector):
    """All that came, each held against the shape of ExportTraceServiceRequest."""
    got = []
    for m in collector.all():
        assert m["path"] == "/v1/traces" and m["headers"]["content-type"] == "application/json"
        for r in m["json"]["resourceSpans"]:
            resource = attributes(r["resource"])
            assert resource["service.name"] == "calls" and resource["service.version"]
            for scope in r["scopeSpans"]:
                assert scope["scope"]["name"] == "kolcast" and scope["spans"]
                got += scope["spans"]
    for s in got:
        assert re.fullmatch("[0-9a-f]{32}", s["traceId"]) and re.fullmatch("[0-9a-f]{16}", s["spanId"])
        assert "parentSpanId" not in s or re.fullmatch("[0-9a-f]{16}", s["parentSpanId"])
        assert s["kind"] in (1, 2, 3) and s["name"]
        start, end = int(s["startTimeUnixNano"]), int(s["endTimeUnixNano"])
        assert 0 <= end - start < 600e9 and abs(start / 1e9 - time.time()) < 3600
        assert all(start <= int(e["timeUnixNano"]) <= end for e in s["events"]), s
        s["a"] = attributes(s)
    assert len({s["spanId"] for s in got}) == len(got)
    return got


def environment(collector, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "calls", "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret", **more}


def test_from_request_to_call(service, carrier, collector, tmp_path):
    s = service("--ignore-windows", env=environment(collector))
    p = Place(s, carrier(crowd(shares={"answer": 6, "busy": 2, "congestion": 2})), tmp_path, count=20)
    i = p.campaign()
    a = p.c.call("POST", f"/api/campaigns/{i}/start", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"}, expect=200)
    assert p.until(i, "completed", "failed") == "completed"
    j = p.campaign("Untraced")
    p.c.call("POST", f"/api/campaigns/{j}/start", headers={"traceparent": f"00-{TRACE[::-1]}-{SPAN}-00"}, expect=200)
    assert p.until(j, "completed", "failed") == "completed"
    calls = {c["id"]: c for c in p.c.pages("/api/calls", campaign_id=i)}
    s.stop()  # sends what is left
    assert all(m["headers"]["x-key"] == "secret" for m in collector.all())
    got = spans(collector)
    mine = [x for x in got if x["traceId"] == TRACE]
    request, = (x for x in mine if x["kind"] == 2)
    assert request["parentSpanId"] == SPAN and request["name"] == "POST /api/campaigns/{id}/start"
    assert request["a"]["http.response.status_code"] == 200 and request["a"]["kolcast.request.id"] == a.headers["X-Request-Id"]
    start, = (x for x in mine if x["name"] == "campaign start")
    assert start["parentSpanId"] == request["spanId"] and start["a"]["kolcast.campaign.id"] == i
    assert int(request["startTimeUnixNano"]) <= int(start["startTimeUnixNano"])
    of_calls = [x for x in mine if x["name"] == "call"]
    assert len(mine) == 2 + len(of_calls) and {x["a"]["kolcast.call.id"] for x in of_calls} == set(calls)
    for x in of_calls:
        call, events = calls[x["a"]["kolcast.call.id"]], [e["name"] for e in x["events"]]
        assert x["parentSpanId"] == start["spanId"] and x["kind"] == 3
        assert x["a"]["kolcast.call.outcome"] == call["outcome"] and x["a"]["kolcast.trunk"] == "main"
        assert events[0] == "INVITE" and events[-1] == "ended"
        assert ("answered" in events) == bool(call["answered"]) and ("ringing" in events) == bool(call["ringing"])
        assert (x["status"].get("code") == 2) == (call["outcome"] in ("congestion", "failed"))
        if call["outcome"] == "busy":
            assert x["a"]["sip.response.status_code"] == 486
    # Who did not want it traced is not; people's numbers are nowhere.
    assert not [x for x in got if x["traceId"] == TRACE[::-1]]
    bodies = [re.sub(rb'imeUnixNano":"[0-9]+"', b"", m["body"]) for m in collector.all()]
    assert not any(str(n)[3:].encode() in body for body in bodies for n in p.numbers)


def test_collector_fails(service):
    """It is told once, counted, and disturbs nobody; the end does not wait for it."""
    with_fault = Web()
    with_fault.stop()  # nobody listens there
    s = service(env=environment(with_fault, OTEL_BSP_MAX_QUEUE_SIZE="16", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="8"))
    c = s.admin
    for _ in range(60):
        assert c.get("/api/lists").status == 200

    def count(result):
        text = Client(s.port, check=False).call("GET", "/metrics").body.decode()
        found = re.search(rf'^kolcast_trace_spans_total{{result="{result}"}} (\d+)$', text, re.M)
        return int(found[1]) if found else 0

    assert count("dropped") >= 60 - 16 - 8
    wait(lambda: count("failed") > 0 and "traces do not arrive" in s.log(), 60)
    assert count("sent") == 0 and s.log().count("traces do not arrive") == 1
    s.stop()


def test_off_by_default(service, collector):
    """No endpoint, no traces, no thread; the environment's other words do not turn them on."""
    s = service(env={"OTEL_SERVICE_NAME": "calls", "OTEL_TRACES_SAMPLER": "always_on"})
    names = [(t / "comm").read_text().strip() for t in pathlib.Path(f"/proc/{s.process.pid}/task").iterdir()]
    assert "monitor" in names and "traces" not in names
    s.stop()
    s.how["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    s.how["env"]["OTEL_SDK_DISABLED"] = "true"
    s.start()
    s.admin.get("/api/lists")
    s.stop()
    assert collector.all() == []
