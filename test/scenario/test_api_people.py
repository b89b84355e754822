"""Lists, imports, contacts, blacklist through the API: what is stored, what is refused and how,
pages that stay right while others write."""
import io
import json
import threading

import openpyxl
import pytest
from api import import_people, people, wait, wait_import
from conftest import knows

pytestmark = knows("serve")


@pytest.fixture
def s(service):
    return service()


def make_list(client, name="Donors"):
    return client.post("/api/lists", {"name": name}, expect=201).json["id"]


def test_first_use(service):
    s = service(set_up=False)
    anybody = s.anybody()
    assert anybody.get("/api/setup").json == {"needed": True}
    anybody.get("/api/lists", expect=401)
    wrong = {"token": "kt_wrong", "email": "a@example.org", "name": "A", "password": "correct horse battery staple"}
    anybody.post("/api/setup", wrong, expect=422)
    # Too short a password: told, and the token is still good.
    a = anybody.post("/api/setup", {**wrong, "token": s.setup_token, "password": "short"}, expect=422)
    assert a.json["errors"][0]["pointer"] == "/password"
    s.set_up()
    assert s.anybody().get("/api/setup").json == {"needed": False}
    assert s.admin.get("/api/session").json["role"] == "Administrator"
    anybody.post("/api/setup", {**wrong, "token": s.setup_token}, expect=409)


def test_lists(s):
    c = s.admin
    a = c.post("/api/lists", {"name": "תורמים"}, expect=201)
    assert a.headers["Location"] == f"/api/lists/{a.json['id']}"
    c.post("/api/lists", {"name": "תורמים"}, expect=409)
    etag = c.get(a.headers["Location"]).headers["ETag"]
    assert etag == a.headers["ETag"]
    renamed = c.put(a.headers["Location"], {"name": "Donors"}, etag)
    c.put(a.headers["Location"], {"name": "Others"}, etag, expect=412)
    c.call("PUT", a.headers["Location"], {"name": "Others"}, expect=428)
    assert c.call("GET", a.headers["Location"], headers={"If-None-Match": renamed.headers["ETag"]}, expect=304).body == b""
    assert [x["name"] for x in c.get("/api/lists", q="don").json["items"]] == ["Donors"]
    assert c.get("/api/lists", q="%").json["items"] == []
    c.delete(a.headers["Location"])
    c.get(a.headers["Location"], expect=404)
    c.delete(a.headers["Location"], expect=404)


def test_contacts(s):
    c = s.admin
    n = make_list(c)
    a = c.post(f"/api/lists/{n}/contacts", {"number": "050-123-4567", "name": "נועה", "extra": {"city": "חיפה"}}, expect=201)
    assert a.json["number"] == "+972501234567" and a.json["time_zone"] == "Asia/Jerusalem"
    for body, pointer in [({"number": "12"}, "/number"), ({"number": "050-1234568", "time_zone": "Mars/North"}, "/time_zone"),
                          ({"number": "050-1234568", "hours": "25:00-26:00"}, "/hours"),
                          ({"number": "050-1234568", "extra": {"x": "y" * 1000, "z": "y" * 1000}}, "/extra")]:
        assert c.post(f"/api/lists/{n}/contacts", body, expect=422).json["errors"][0]["pointer"] == pointer
    c.post(f"/api/lists/{n}/contacts", {"number": "+972501234567"}, expect=409)
    c.post("/api/lists/999/contacts", {"number": "050-1234567"}, expect=404)
    b = c.put(f"/api/contacts/{a.json['id']}", {"name": "Noa", "hours": "sun-thu 09:00-12:00"}, a.headers["ETag"])
    assert b.json["hours"] == "sun-thu 09:00-12:00" and b.json["extra"] == {} and b.json["number"] == "+972501234567"
    assert c.get(f"/api/lists/{n}/contacts", number="+97250123").json["items"] == [b.json]
    assert c.get(f"/api/lists/{n}/contacts", number="+97251").json["items"] == []
    assert c.get(f"/api/lists/{n}").json["contacts"] == 1
    c.delete(f"/api/contacts/{a.json['id']}")
    assert c.get(f"/api/lists/{n}").json["contacts"] == 0


def workbook(rows):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["שם", "טלפון", "עיר"])
    for name, phone, city in rows:
        sheet.append([name, phone, city])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_import_of_a_workbook(s):
    c = s.admin
    n = make_list(c)
    rows = [(f"נועה {i}", f"050{3000000 + i}", "חיפה") for i in range(500)]
    rows += [("again", "0503000000", ""), ("bad", "12", "x"), ("@SUM(1)", "nothing", "y")]
    a = c.upload(f"/api/lists/{n}/imports", workbook(rows), filename="תורמים.xlsx",
                 type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    i = wait_import(c, a.json["id"])
    assert (i["state"], i["rows"], i["accepted"], i["merged"], i["rejected"]) == ("done", 503, 500, 1, 2), i
    assert i["bytes_done"] == i["bytes_total"] > 0 and i["file"] == "תורמים.xlsx"
    assert sum(r["count"] for r in i["reasons"]) == 2 and "טלפון" in i["summary"]["columns"]
    assert c.get(f"/api/lists/{n}").json["contacts"] == 500
    found = c.get(f"/api/lists/{n}/contacts", q="נועה 499").json["items"]
    assert [f["extra"] for f in found] == [{"עיר": "חיפה"}]
    rejects = c.pages(f"/api/imports/{i['id']}/rejects", limit=1)
    assert [r["row"] for r in rejects] == [503, 504]
    csv = c.get(f"/api/imports/{i['id']}/rejected.csv").body.decode("utf-8-sig")
    assert "bad" in csv and "'@SUM" in csv and csv.count("\n") == 3
    # Nothing of ours lies about.
    assert list((s.data / "uploads").iterdir()) == [] and list((s.data / "spool").iterdir()) == []
    undone = c.post(f"/api/imports/{i['id']}/undo", expect=200).json
    assert undone["state"] == "undone"
    assert c.get(f"/api/lists/{n}").json["contacts"] == 0
    c.post(f"/api/imports/{i['id']}/undo", expect=409)
    c.post(f"/api/imports/{i['id']}/cancel", expect=409)


def test_what_cannot_be_imported(s):
    c = s.admin
    n = make_list(c)
    a = c.upload(f"/api/lists/{n}/imports", b"a,b\n1,2\n", "text/csv", filename="x.csv")
    i = wait_import(c, a.json["id"])
    assert i["state"] == "failed" and "phone" in i["detail"] and i["remedy"]
    assert str(s.data) not in json.dumps(i)
    a = c.upload(f"/api/lists/{n}/imports", b"PK\x03\x04 not really", filename="x.xlsx")
    assert wait_import(c, a.json["id"])["state"] == "failed"
    assert c.get(f"/api/lists/{n}").json["contacts"] == 0
    c.upload(f"/api/lists/{n}/imports", b"x", "image/png", filename="x.csv", expect=415)
    c.upload("/api/lists/999/imports", b"x", "text/csv", filename="x.csv", expect=404)
    c.upload(f"/api/lists/{n}/imports", b"x", "text/csv", expect=400)
    c.upload(f"/api/lists/{n}/imports", b"x", "text/csv", filename="x.csv", region="XX", expect=422)
    # A name is only a name.
    a = c.upload(f"/api/lists/{n}/imports", b"phone\n0501234567\n", "text/csv", filename="../../../etc/passwd")
    assert wait_import(c, a.json["id"])["state"] == "done"


def test_a_column_by_name(s):
    c = s.admin
    n = make_list(c)
    body = "donor;ring\nDana;2025550143\n".encode("utf-16")
    a = c.upload(f"/api/lists/{n}/imports", body, "text/csv", filename="x.csv", map="phone=ring;name=donor", region="US")
    i = wait_import(c, a.json["id"])
    assert (i["state"], i["accepted"]) == ("done", 1), i
    assert c.get(f"/api/lists/{n}/contacts").json["items"][0]["number"] == "+12025550143"


def test_cancel(s):
    """A large file: cancelled while it is read, nothing of it is stored."""
    c = s.admin
    n = make_list(c)
    body = b"name,phone\n" + b"".join(b"Dan,050%07d\n" % i for i in range(300000))
    a = c.upload(f"/api/lists/{n}/imports", body, "text/csv", filename="x.csv")
    got = c.post(f"/api/imports/{a.json['id']}/cancel", expect=(202, 409))
    i = wait_import(c, a.json["id"])
    if got.status == 202 and i["state"] != "done":  # a fast machine may have been first
        assert i["state"] == "cancelled"
        assert c.get(f"/api/lists/{n}").json["contacts"] == 0


def test_pages_while_others_add(s):
    c = s.admin
    n = make_list(c)
    assert import_people(c, n, people(300))["accepted"] == 300
    before = {x["number"] for x in c.pages(f"/api/lists/{n}/contacts", limit=100)}
    stop = threading.Event()

    def add():
        i = 0
        while not stop.is_set():
            c.post(f"/api/lists/{n}/contacts", {"number": f"052{1000000 + i * 7919 % 9000000:07d}"}, expect=(201, 409))
            i += 1

    t = threading.Thread(target=add)
    t.start()
    try:
        for sort in ("number", "-number"):
            seen = [x["number"] for x in c.pages(f"/api/lists/{n}/contacts", limit=7, sort=sort)]
            assert len(seen) == len(set(seen))
            assert before <= set(seen)
            assert seen == sorted(seen, reverse=sort[0] == "-")
    finally:
        stop.set()
        t.join()
    c.get(f"/api/lists/{n}/contacts", cursor="bm90aGluZw", expect=422)
    first = c.get(f"/api/lists/{n}/contacts", limit=2).json["next"]
    assert c.get(f"/api/lists/{n}/contacts", limit=2, cursor=first, sort="-number", expect=422).json["errors"]


def test_blacklist(s):
    c = s.admin
    a = c.post("/api/blacklist", {"numbers": ["050-1234567", "+972501234568"], "reason": "asked"}, expect=200)
    assert a.json == {"added": 2, "known": 0}
    again = c.post("/api/blacklist", {"numbers": ["0501234567"], "reason": "asked again"}, expect=200)
    assert again.json == {"added": 0, "known": 1}
    bad = c.post("/api/blacklist", {"numbers": ["0501111111", "x12", "999"], "reason": "r"}, expect=422)
    assert [e["pointer"] for e in bad.json["errors"]] == ["/numbers/1", "/numbers/2"]
    c.post("/api/blacklist", {"numbers": ["0501111111"], "reason": "r", "expires": "2001-01-01T00:00:00Z"}, expect=422)
    assert not c.get("/api/blacklist/+972501111111").json["listed"]
    one = c.get("/api/blacklist/+972501234567").json
    assert one["listed"] and one["entries"][0]["source"] == "admin@example.org"
    assert [h["action"] for h in one["history"]] == ["add"]
    assert c.get("/api/blacklist/lists").json["items"] == [{"list": "opt-out", "entries": 2}]
    c.delete("/api/blacklist/+972501234567", query={"list": "opt-out"}, expect=400)
    c.delete("/api/blacklist/+972501234567", query={"list": "opt-out", "reason": "consent by letter"})
    c.delete("/api/blacklist/+972501234567", query={"list": "opt-out", "reason": "again"}, expect=404)
    assert [h["action"] for h in c.get("/api/blacklist/+972501234567").json["history"]] == ["add", "remove"]
    a = c.upload("/api/blacklist/imports", b"phone,reason\n050-7654321,law\n12,x\n", "text/csv", list="national")
    i = wait(lambda: (lambda x: x if x["state"] == "done" else None)(c.get(a.headers["Location"]).json))
    assert (i["rows"], i["added"], i["rejected"]) == (2, 1, 1) and i["faults"][0]["row"] == 3
    csv = c.call("GET", "/api/blacklist/export.csv", expect=200).body.decode("utf-8-sig")
    assert "+972507654321,national,law" in csv and csv.count("\r\n") == 3
    c.get("/api/blacklist/x", expect=404)


NASTY = ["' OR '1'='1", "\"; DROP TABLE lists; --", "%", "_", "\\", "{{name}}", "<script>", "../../x", "א\u202eב", "a" * 100]


def test_words_are_only_words(s):
    c = s.admin
    for word in NASTY:
        a = c.post("/api/lists", {"name": word}, expect=201)
        assert c.get(f"/api/lists/{a.json['id']}").json["name"] == word
        assert a.json["id"] in [x["id"] for x in c.pages("/api/lists", q=word, limit=2)]
    assert len(c.pages("/api/lists", limit=3)) == len(NASTY)
    for path in ("/api/lists/1'--", "/api/lists/1%27", "/api/lists/%2e%2e/settings", "/api/lists/1/../../x", "/api//lists",
                 "/api/lists/-1", "/api/lists/1e3", "/api/lists/99999999999999999999"):
        s.admin.check = False
        a = Client(s).call("GET", path)
        assert a.status in (400, 404), a


def Client(s):
    c = s.admin
    c.check = False
    return c


def test_once_and_only_once(s):
    c = s.admin
    key = {"Idempotency-Key": "my-request-1"}
    first = c.post("/api/lists", {"name": "Once"}, headers=key, expect=201)
    again = c.post("/api/lists", {"name": "Once"}, headers=key, expect=201)
    assert again.json == first.json and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"] and again.headers["Location"] == first.headers["Location"]
    c.post("/api/lists", {"name": "Other"}, headers=key, expect=422)
    # Another person, another operation: other keys.
    s.role("CampaignManager").post("/api/lists", {"name": "Theirs"}, headers=key, expect=201)
    # What was refused is not kept.
    c.post("/api/lists", {"name": "Once"}, headers={"Idempotency-Key": "k2"}, expect=409)
    c.delete(first.headers["Location"])
    c.post("/api/lists", {"name": "Once"}, headers={"Idempotency-Key": "k2"}, expect=201)
    # All at once.
    got = []
    threads = [threading.Thread(target=lambda: got.append(
        c.post("/api/lists", {"name": "Many"}, headers={"Idempotency-Key": "k3"}, expect=201).json["id"])) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(got)) == 1 and len(got) == 8
    n = make_list(c, "Uploads")
    up = [c.upload(f"/api/lists/{n}/imports", b"phone\n0501234567\n", "text/csv", filename="x.csv",
                   **{}) for _ in range(1)]
    body = b"phone\n0501234567\n"
    a = c.call("POST", f"/api/lists/{n}/imports", raw=body, type="text/csv", query={"filename": "x.csv"},
               headers={"Idempotency-Key": "u1"}, expect=202)
    b = c.call("POST", f"/api/lists/{n}/imports", raw=body, type="text/csv", query={"filename": "x.csv"},
               headers={"Idempotency-Key": "u1"}, expect=202)
    assert a.json["id"] == b.json["id"] != up[0].json["id"]
    c.call("POST", f"/api/lists/{n}/imports", raw=body + b"x", type="text/csv", query={"filename": "x.csv"},
           headers={"Idempotency-Key": "u1"}, expect=422)


def test_bodies(s):
    c = s.admin
    for raw, status in [(b"{", 400), (b"", 400), (b"[]", 422), (b"null", 400), (b'{"name":"a","name":"b"}', 400),
                        (b"\xff\xfe", 400), (b'{"name":"\\u0000"}', 400), (b"[" * 5000, 400),
                        (b'{"name":"' + b"a" * 70000 + b'"}', 413)]:
        a = c.call("POST", "/api/lists", raw=raw, type="application/json")
        assert a.status == status, (raw[:40], a)
    c.call("POST", "/api/lists", raw=b'{"name":"x"}', type="text/plain", expect=415)
    c.call("POST", "/api/lists", raw=b'{"name":"x"}', expect=415)
    c.get("/api/lists", limit=0, expect=400)
    c.get("/api/lists", limit=501, expect=400)
    c.get("/api/lists", sort="contacts", expect=400)
    assert c.get("/api/lists", limt=5, expect=400).json["errors"][0]["remedy"] == 'did you mean "limit"?'


def test_an_upload_of_nothing_is_refused(s):
    c = s.admin
    n = make_list(c, "Empty")
    for path, query in [(f"/api/lists/{n}/imports", {"filename": "x.csv"}), ("/api/blacklist/imports", {}),
                        ("/api/audio", {"name": "x.wav"})]:
        a = c.call("POST", path, raw=b"", type="application/octet-stream", query=query, expect=400)
        assert a.json["remedy"] == "send the file as the body"
    assert not c.get("/api/imports").json["items"]
