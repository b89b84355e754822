"""Uploads in parts: what was acknowledged is there after a break and after a kill; the preview shows
what the import then does."""
import io
import threading

import openpyxl
import pytest
from api import wait_import
from conftest import knows

pytestmark = knows("serve")


@pytest.fixture
def s(service):
    return service()


def begin(c, data, name="people.csv"):
    return c.post("/api/uploads", {"filename": name, "bytes": len(data)}, expect=201).json["id"]


def part(c, i, offset, data, expect=200):
    return c.call("PUT", f"/api/uploads/{i}/content", raw=data, type="application/octet-stream",
                  query={"offset": offset}, expect=expect).json


def whole(c, data, name="people.csv"):
    i = begin(c, data, name)
    assert part(c, i, 0, data)["received"] == len(data)
    return i


def rows(count):
    return "phone,name\n".encode() + b"".join(b"050%07d,person %d\n" % (2000000 + n, n) for n in range(count))


def test_in_parts_over_a_kill(s):
    c, data = s.admin, rows(5000)
    i = begin(c, data)
    at = 0
    for size in (1, 1000, 50000):
        at = part(c, i, at, data[at:at + size])["received"]
        if size == 1000:
            s.kill()
            s.start()
            c = s.admin
            assert c.get(f"/api/uploads/{i}").json["received"] == at == 1001
    # What is there already, or lies beyond, changes nothing.
    part(c, i, 0, b"x", expect=409)
    part(c, i, at + 1, b"x", expect=409)
    part(c, i, at, data[at:] + b"too much", expect=409)
    c.get(f"/api/uploads/{i}/preview", expect=409)
    n = c.post("/api/lists", {"name": "Donors"}).json["id"]
    c.post(f"/api/uploads/{i}/import", expect=409, query={"list_id": n})
    assert c.get(f"/api/uploads/{i}").json["received"] == at
    assert part(c, i, at, data[at:])["received"] == len(data)
    c.post(f"/api/uploads/{i}/import", expect=422, query={"list_id": 999})
    a = c.post(f"/api/uploads/{i}/import", expect=202, query={"list_id": n}, headers={"Idempotency-Key": "k"})
    again = c.post(f"/api/uploads/{i}/import", expect=202, query={"list_id": n}, headers={"Idempotency-Key": "k"})
    assert again.json["id"] == a.json["id"]
    done = wait_import(c, a.json["id"])
    assert done["state"] == "done" and done["accepted"] == 5000 and done["file"] == "people.csv"
    c.get(f"/api/uploads/{i}", expect=404)
    assert list((s.data / "uploads").iterdir()) == []


def test_two_send_the_same_part(s):
    """One of them wins, and the file is right."""
    c, data = s.admin, rows(2000)
    i = begin(c, data)
    for at in range(0, len(data), 10000):
        chunk, seen = data[at:at + 10000], []
        t = [threading.Thread(target=lambda: seen.append(
            c.call("PUT", f"/api/uploads/{i}/content", raw=chunk, type="application/octet-stream",
                   query={"offset": at}, expect=(200, 409)).status)) for _ in range(2)]
        for x in t:
            x.start()
        for x in t:
            x.join()
        assert sorted(seen) == [200, 409]
    n = c.post("/api/lists", {"name": "Donors"}).json["id"]
    a = c.post(f"/api/uploads/{i}/import", expect=202, query={"list_id": n})
    assert wait_import(c, a.json["id"])["accepted"] == 2000


def test_preview_of_a_workbook(s):
    book = openpyxl.Workbook()
    book.active.title = "שער"
    book.active.append(["Campaign of the winter"])
    sheet = book.create_sheet("תורמים")
    sheet.append(["שם", "נייד", "עיר", "עיר"])
    for k in range(30):
        sheet.append([f"נועה {k}", f"050{3000000 + k}", "חיפה", "x"])
    hidden = book.create_sheet("old")
    hidden.sheet_state = "hidden"
    f = io.BytesIO()
    book.save(f)
    c = s.admin
    i = whole(c, f.getvalue(), "תורמים.xlsx")
    p = c.get(f"/api/uploads/{i}/preview", expect=200).json
    assert [(x["title"], x["field"]) for x in p["columns"]] == [("שם", "name"), ("נייד", "phone"), ("עיר", None), ("עיר 2", None)]
    assert p["sheet"] == "תורמים" and [(x["name"], x["hidden"]) for x in p["sheets"]] == [("שער", False), ("תורמים", False), ("old", True)]
    assert len(p["rows"]) == 20 and p["rows"][0] == {"row": 2, "cells": ["נועה 0", "0503000000", "חיפה", "x"]}
    assert not p["no_header"]
    told = c.get(f"/api/uploads/{i}/preview", map="phone=נייד;name=עיר", expect=200).json
    assert [x["field"] for x in told["columns"]] == [None, "phone", "name", None]
    a = c.get(f"/api/uploads/{i}/preview", map="phone=nothing", expect=422)
    assert "nothing" in a.json["detail"]
    assert c.get(f"/api/uploads/{i}/preview", sheet="שער", expect=422).json["detail"]
    n = c.post("/api/lists", {"name": "Donors"}).json["id"]
    a = c.post(f"/api/uploads/{i}/import", expect=202, query={"list_id": n, "map": "phone=נייד;name=עיר"})
    assert wait_import(c, a.json["id"])["accepted"] == 30
    assert c.get(f"/api/lists/{n}/contacts").json["items"][0]["name"] == "חיפה"


def test_preview_without_a_header(s):
    c = s.admin
    i = whole(c, b"Dana;0501234567;Haifa\nNoa;0501234568;Jaffa\n")
    p = c.get(f"/api/uploads/{i}/preview", expect=200).json
    assert p["no_header"] and p["separator"] == ";" and len(p["rows"]) == 2
    assert [(x["title"], x["field"]) for x in p["columns"]] == [("A", None), ("B", "phone"), ("C", None)]
    n = c.post("/api/lists", {"name": "Donors"}).json["id"]
    a = c.post(f"/api/uploads/{i}/import", expect=202, query={"list_id": n, "no_header": "true", "map": "phone=B;name=A"})
    assert wait_import(c, a.json["id"])["accepted"] == 2
    i = whole(c, b"just,words\nand,more\n")
    a = c.get(f"/api/uploads/{i}/preview", expect=422)
    assert "phone" in a.json["detail"] and str(s.data) not in str(a.body)


def test_limits(s):
    c = s.admin
    for body in ({"filename": "", "bytes": 1}, {"filename": "x", "bytes": 0}, {"filename": "x", "bytes": 1 << 31}, {"bytes": 1}):
        c.post("/api/uploads", body, expect=422)
    made = [begin(c, b"x") for _ in range(64)]
    c.post("/api/uploads", {"filename": "x", "bytes": 1}, expect=409)
    c.delete(f"/api/uploads/{made[0]}")
    c.delete(f"/api/uploads/{made[0]}", expect=404)
    assert len(list((s.data / "uploads").iterdir())) == 63
    begin(c, b"x")
    # They are still there after a restart.
    s.stop()
    s.start()
    assert len(list((s.data / "uploads").iterdir())) == 64
