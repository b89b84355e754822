"""Sizes, other sites' pages, and large uploads: told, stopped, and never half done."""
import http.client

import pytest
from api import wait_import
from conftest import knows
from live import Reader

pytestmark = knows("serve")
GB = 1 << 30


def head(s, method, path, **headers):
    """The answer to the head of a request, its body not sent."""
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    c.putrequest(method, path)
    for name, value in headers.items():
        c.putheader(name.replace("_", "-"), str(value))
    c.endheaders()
    return c


def test_sizes_are_refused_by_the_head(service):
    """Nobody sends a gigabyte in vain."""
    s = service()
    n = s.admin.post("/api/lists", {"name": "x"}).json["id"]
    who = {"Authorization": f"Bearer {s.admin.token}"}
    for path, kind, most in ((f"/api/lists/{n}/imports?filename=x.csv", "text/csv", GB), ("/api/audio?name=x.wav", "audio/wav", 200 << 20),
                             ("/api/flows", "application/json", 1 << 20), ("/api/lists", "application/json", 1 << 16)):
        c = head(s, "POST", path, Content_Type=kind, Content_Length=most + 1, **who)
        assert c.getresponse().status == 413, path
        c.close()
        c = head(s, "POST", path, Content_Type=kind, Content_Length=most, Expect="100-continue", **who)
        assert c.sock.recv(100).startswith(b"HTTP/1.1 100"), path
        c.close()
    # Who may not is told before the body as well.
    c = head(s, "POST", f"/api/lists/{n}/imports?filename=x.csv", Content_Type="text/csv", Content_Length=GB, Expect="100-continue")
    assert c.getresponse().status == 401
    c.close()
    assert s.admin.get("/api/imports").json["items"] == []


@pytest.mark.parametrize("allowed", [False, True])
def test_pages_of_other_sites(service, allowed):
    ours, other = "https://app.example.org", "https://evil.example"
    s = service(*(["--cors", ours] if allowed else []))
    for origin in (ours, other):
        known = allowed and origin == ours
        for method, path, status in (("OPTIONS", "/api/lists", (200, 204)), ("GET", "/api/lists", (200,))):
            c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
            c.request(method, path, headers={"Origin": origin, "Authorization": f"Bearer {s.admin.token}",
                                             "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
            a = c.getresponse()
            a.read()
            assert a.status in status
            assert a.headers["Access-Control-Allow-Origin"] == (origin if known else None), (method, origin)
            c.close()


def test_a_large_import_tells_and_can_be_stopped(service):
    s = service()
    c = s.admin
    n = c.post("/api/lists", {"name": "Large"}).json["id"]
    reader = Reader(s.port, token=c.token)
    assert reader.subscribe("imports")["type"] == "subscribed"
    body = b"name,phone\n" + b"".join(b"Dan %d,05%08d\n" % (i, 20000000 + i) for i in range(400000))
    i = c.upload(f"/api/lists/{n}/imports", body, "text/csv", filename="large.csv").json["id"]
    rows = 0
    while True:
        e = reader.until("import.progress")
        assert e["import_id"] == i and e["rows"] >= rows
        rows = e["rows"]
        if rows or e["state"] != "reading":
            break
    now = c.get(f"/api/imports/{i}").json
    assert now["bytes_done"] <= now["bytes_total"] == len(body)
    stopped = c.post(f"/api/imports/{i}/cancel", expect=(202, 409)).status == 202
    end = wait_import(c, i)
    last = e
    while last["state"] == "reading":
        last = reader.until("import.progress")
    assert last["state"] == end["state"]
    # Whoever was first, the reader or the one who stops it: all or nothing.
    kept = c.get(f"/api/lists/{n}").json["contacts"]
    assert (end["state"], kept) in (("cancelled", 0), ("done", 400000)) and (stopped or end["state"] == "done")
    reader.close()
