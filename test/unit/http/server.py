#!/usr/bin/python3
"""HTTP/1 against the real server over loopback: server.py SERVED [CASE…]. Prints TAP."""
import os
import socket
import tempfile
import threading
import time

from lib import Client, Served, case, curl, main, wait_for

# ---- connections ------------------------------------------------------------------------------


@case
def keep_alive():
    with Served() as s:
        c = Client(s)
        for _ in range(20):
            assert c.get("/inline").body == b"hello"
            assert c.get("/api/hello").body == b"hello"
        assert c.get("/inline", Connection="close")["connection"] == "close"
        assert c.ended()
        c = Client(s)
        c.send("GET /inline HTTP/1.0\r\n\r\n")
        assert c.answer()["connection"] == "close" and c.ended()
        c = Client(s)
        for _ in range(2):
            c.send("GET /inline HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert c.answer()["connection"] == "keep-alive"


@case
def pipelining():
    with Served() as s:
        c = Client(s)
        text, want = "", []
        for i in range(150):
            if i % 3 == 0:
                text += "GET /inline HTTP/1.1\r\nHost: a\r\n\r\n"
                want.append(b"hello")
            elif i % 3 == 1:
                text += f"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: {len(str(i))}\r\n\r\n{i}"
                want.append(f'"body":"{i}"'.encode())
            else:
                text += "GET /api/big/5000 HTTP/1.1\r\nHost: a\r\n\r\n"
                want.append(b"abcdefgh")
        c.send(text)
        for w in want:
            assert w in c.answer().body
        # A client that ends its side still gets what it asked for.
        c.send("GET /api/slow/50 HTTP/1.1\r\nHost: a\r\n\r\nGET /inline HTTP/1.1\r\nHost: a\r\n\r\n")
        c.socket.shutdown(socket.SHUT_WR)
        assert c.answer().body == b"slow" and c.answer().body == b"hello" and c.ended()


@case
def piecemeal():
    """However a request is cut, it is the same request."""
    text = (b"\r\nPOST /api/echo?x=1 HTTP/1.1\r\nHost: a\r\nX-Test: b\r\nContent-Length: 11\r\n\r\nhello world"
            b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    with Served() as s:
        for step in (1, 2, 3, 7, 50, 101):
            c = Client(s)
            c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(0, len(text), step):
                c.send(text[i:i + step])
            a = c.answer().json()
            assert a["body"] == "hello world" and a["x-test"] == "b" and a["query"] == [["x", "1"]]
            assert c.answer().json()["body"] == "hello"


@case
def absolute_target():
    with Served() as s:
        c = Client(s)
        assert c.get("http://example.org:80/api/items/7?a=b").json()["id"] == "7"
        assert c.get("http://example.org?a=b").body == b"<!doctype html>app"


# ---- what is refused --------------------------------------------------------------------------

H = "Host: a\r\n"
MALFORMED = [
    ("GET / HTTP/1.1\r\n\r\n", 400),  # no Host
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("GET / HTTP/3.0\r\n" + H + "\r\n", 505),
    ("GET /\r\n\r\n", 400),
    ("GET / HTTP/1.1\n" + H + "\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    ("GET / HTTP/1.1\r\n" + H + "A : b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n" + H + "A: b\r\n c\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n" + H + "A: \x00\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n" + H + "\x00: a\r\n\r\n", 400),
    ("GET a HTTP/1.1\r\n" + H + "\r\n", 400),
    ("GET http:///a HTTP/1.1\r\n" + H + "\r\n", 400),
    ("GET http://u@h/ HTTP/1.1\r\n" + H + "\r\n", 400),
    ("CONNECT a:443 HTTP/1.1\r\n" + H + "\r\n", 400),
    ("GET /\xff HTTP/1.1\r\n" + H + "\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Expect: the unexpected\r\nContent-Length: 1\r\n\r\n", 417),
    ("GET / HTTP/1.1\r\n" + H + "Authorization: a\r\nAuthorization: b\r\n\r\n", 400),
    # smuggling
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 5, 5\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: +5\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 5x\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: -1\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length:\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 99999999999999999999\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length : 5\r\n\r\nhello", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /api/echo HTTP/1.0\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\nZ\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
    ("POST /api/echo HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400),
    # limits
    ("GET / HTTP/1.1\r\n" + H + "A: " + "x" * 17000 + "\r\n\r\n", 431),
    ("GET /" + "x" * 17000 + " HTTP/1.1\r\n" + H + "\r\n", 431),
    ("GET / HTTP/1.1\r\n" + H + "A: b\r\n" * 101 + "\r\n", 431),
]


@case
def malformed():
    """Each is answered in words, and whatever comes after it on the connection is not a request."""
    with Served() as s:
        for text, status in MALFORMED:
            c = Client(s)
            c.send(text + "GET /inline HTTP/1.1\r\nHost: a\r\n\r\n")
            a = c.answer()
            assert a and a.status == status, f"{text[:200]!r}: {a and a.status}"
            assert a["connection"] == "close" and a["content-type"] == "application/problem+json"
            assert a.json()["status"] == status and a.json()["detail"]
            assert c.answer() is None, text
        assert Client(s).get("/inline").status == 200


@case
def traversal():
    with Served() as s:
        c = Client(s)
        for path in ("/../etc/passwd", "/..", "/a/../../etc/passwd", "/%2e%2e/etc/passwd", "/.%2e/x",
                     "/%2e%2e%2fetc%2fpasswd", "/a/./b", "/a%5c..%5cb", "/a\\..\\b", "/%c0%ae%c0%ae/x",
                     "/a%00.html", "/api/items/..", "/api/items/%2e%2e", "/api/items/a%2f..%2fb",
                     "/assets/%252e%252e/x%", "/?a=%", "/?%zz"):
            a = c.get(path)
            assert a.status == 400, f"{path}: {a.status} {a.body}"
        # Decoded once only, so this is a harmless name.
        assert c.get("/api/items/%252e%252e").json()["id"] == "%2e%2e"


@case
def bodies_too_large():
    with Served() as s:
        for path, size in (("/api/small", 101), ("/api/hello", 1)):
            method = "POST" if path == "/api/small" else "DELETE"
            c = Client(s)
            a = c.ask(method, path, body=b"x" * size)
            assert a.status == 413 and a["connection"] == "close" and c.ended(), (path, a.status)
        assert Client(s).ask("POST", "/api/small", body=b"x" * 100).status == 200
        c = Client(s)
        c.send("POST /api/small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        c.send("60\r\n" + "x" * 0x60 + "\r\n" + "10\r\n" + "x" * 0x10 + "\r\n0\r\n\r\n")
        assert c.answer().status == 413 and c.ended()
        # A client that goes on sending still reads why it was refused.
        c = Client(s)
        c.send(b"POST /api/small HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3000000)
        assert c.answer().status == 413


@case
def expect_continue():
    with Served() as s:
        c = Client(s)
        c.send("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        a = c.answer()
        assert a.status == 100
        c.send("hello")
        assert c.answer().json()["body"] == "hello"
        c = Client(s)
        c.send("POST /api/small HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n")
        assert c.answer().status == 413
        c = Client(s)
        c.send("POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
               "Authorization: no\r\n\r\n")
        assert c.answer().status == 401
        c = Client(s)
        c.send("POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert c.answer().status == 100
        c.send("hello")
        assert c.answer().json()["size"] == 5


# ---- routes and replies -----------------------------------------------------------------------


@case
def routes():
    with Served() as s:
        c = Client(s)
        assert c.get("/api/items/mine").json()["route"] == "/api/items/mine"
        a = c.get("/api/items/%D7%A9%20x?q=%26+y&q=2&e").json()
        assert a["id"] == "ש x" and a["query"] == [["q", "& y"], ["q", "2"], ["e", ""]]
        assert c.get("/api/items/+972501234567").json()["id"] == "+972501234567"
        assert c.get("/api/items/a/parts/b").json()["route"] == "/api/items/{id}/parts/{part}"
        assert c.get("/api/items/").status == 404 and c.get("/api/items//parts/b").status == 404
        assert c.get("/api/items/mine/").status == 404
        a = c.ask("PATCH", "/api/items/7")
        assert a.status == 405 and set(a["allow"].split(", ")) == {"GET", "HEAD", "PUT", "OPTIONS"}
        a = c.ask("OPTIONS", "/api/hello")
        assert a.status == 204 and set(a["allow"].split(", ")) == {"GET", "HEAD", "DELETE", "OPTIONS"}
        assert c.ask("OPTIONS", "*").status == 204 and c.get("*").status == 400
        # "mine" is no id: it has its own methods alone.
        a = c.ask("PUT", "/api/items/mine")
        assert a.status == 405 and set(a["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert c.ask("BREW", "/api/hello").status == 405 and c.ask("BREW", "/nothing").status == 404
        a = c.ask("HEAD", "/api/big/123")
        assert a.status == 200 and a["content-length"] == "123" and c.get("/inline").body == b"hello"
        a = c.get("/api/nothing")
        assert a.status == 404 and a["content-type"] == "application/problem+json"
        assert a.json() == {"type": "about:blank", "title": "Not Found", "status": 404,
                            "detail": "There is nothing at this path."}
        assert c.ask("DELETE", "/api/hello").status == 204
        assert c.get("/api/silent").status == 500 and "gave no reply" in s.log()
        assert c.get("/api/echo", Cookie="x=1; session=abc").json()["session"] == "abc"
        a = c.ask("GET", "/api/echo", [("Cookie", "a=1"), ("Cookie", "session=2"), ("Accept", "x"), ("Accept", "y")])
        assert a.json()["session"] == "2" and a.json()["accept"] == "x, y"


@case
def header_fields():
    with Served() as s:
        c = Client(s)
        a, b = c.get("/api/hello"), c.get("/api/hello")
        for name, value in (("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"),
                            ("referrer-policy", "no-referrer"), ("cache-control", "no-store"),
                            ("cross-origin-opener-policy", "same-origin"),
                            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'")):
            assert a[name] == value, name
        assert a["x-request-id"] != b["x-request-id"] and len(a["x-request-id"]) == 20
        for name in ("server", "strict-transport-security", "access-control-allow-origin"):
            assert a[name] is None, name
        assert [v for k, v in c.get("/api/cookies").headers if k == "set-cookie"] == [
            "a=1; HttpOnly; SameSite=Strict", "b=2; HttpOnly; SameSite=Strict"]
        a = c.get("/", Origin="https://evil.example")
        assert a["access-control-allow-origin"] is None
        assert "script-src" not in a["content-security-policy"] and "default-src 'self'" in a["content-security-policy"]


@case
def header_injection():
    with Served() as s:
        c = Client(s)
        a = c.get("/api/inject?v=a%0d%0ax-injected:%201")
        assert a["x-injected"] is None and a["x-good"] is None and a["x-bad"] is None
        assert [n < 0 for n in a.json()] == [True, True, True, True]
        a = c.get("/api/inject?v=fine")
        assert a["x-good"] == "fine" and a.json()[3] == 0
        a = c.get("/api/file?path=/etc/hostname&name=a%0d%0aX-Injected:%201%22%3b.csv")
        assert a["x-injected"] is None and a["content-disposition"].startswith('attachment; filename="a')


@case
def cors():
    with Served(cors=1) as s:
        c = Client(s)
        a = c.get("/api/hello", Origin="https://app.example.org")
        assert a["access-control-allow-origin"] == "https://app.example.org" and a["vary"] == "origin"
        assert c.get("/api/hello", Origin="https://app.example.org.evil")["access-control-allow-origin"] is None
        a = c.ask("OPTIONS", "/api/hello", {"Origin": "https://app.example.org",
                                            "Access-Control-Request-Method": "DELETE",
                                            "Access-Control-Request-Headers": "x-csrf-token"})
        assert "DELETE" in a["access-control-allow-methods"]
        assert a["access-control-allow-headers"] == "x-csrf-token"


@case
def forwarded():
    fields = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "https", "X-Request-Id": "abc-1"}
    with Served() as s:
        a = Client(s).ask("GET", "/api/echo", fields).json()
        assert a["peer"] == "127.0.0.1" and not a["secure"] and a["request_id"] != "abc-1"
    with Served(trust=1) as s:
        c = Client(s)
        a = c.ask("GET", "/api/echo", fields)
        assert a.json()["peer"] == "203.0.113.7" and a.json()["secure"] and a["x-request-id"] == "abc-1"
        assert a["strict-transport-security"]
        a = c.ask("GET", "/api/echo", {"X-Forwarded-For": "x\ty; z", "X-Request-Id": "a b"}).json()
        assert a["peer"] == "127.0.0.1" and len(a["request_id"]) == 20


@case
def access_log():
    with Served(log=5) as s:
        c = Client(s)
        assert c.ask("GET", "/api/items/%22x%22%20y=%20level=error", {"User-Agent": 'a" b=c\\'}).status == 200
        c.get("/inline?token=secret")
        c.get("/healthz")
        wait_for(lambda: "path=/inline" in s.log(), "the log")
        log = s.log()
        assert 'path="/api/items/_x_ y= level=error"' in log and 'agent="a_ b=c_"' in log, log
        assert "secret" not in log and "healthz" not in log
        for _ in range(200):
            c.get("/inline")
        s.stop()
        assert s.log().count('msg="request"') < 100 and 'msg="requests not logged" count=' in s.log()


# ---- assets and files -------------------------------------------------------------------------


@case
def assets():
    with Served() as s:
        c = Client(s)
        a = c.get("/app.js")
        assert a.body.startswith(b"console.log") and a["content-encoding"] is None
        assert a["content-type"] == "text/javascript" and "immutable" in a["cache-control"]
        assert a["vary"] == "accept-encoding"
        br, gz = c.get("/app.js", Accept_Encoding="gzip, br"), c.get("/app.js", Accept_Encoding="gzip")
        assert (br["content-encoding"], br.body) == ("br", b"BROTLI")
        assert (gz["content-encoding"], gz.body) == ("gzip", b"GZIP")
        assert c.get("/app.js", Accept_Encoding="br;q=0")["content-encoding"] is None
        assert len({a["etag"], br["etag"], gz["etag"]}) == 3
        a304 = c.get("/app.js", Accept_Encoding="br", If_None_Match=f'"x", {br["etag"]}')
        assert a304.status == 304 and a304["etag"] == br["etag"] and a304["content-length"] is None
        assert c.get("/app.js", If_None_Match=br["etag"]).status == 200
        part = c.get("/app.js", Range="bytes=8-10", Accept_Encoding="br")
        assert part.status == 206 and part.body == b"log" and part["content-range"] == f"bytes 8-10/{len(a.body)}"
        page = c.get("/campaigns/7")
        assert page.body == b"<!doctype html>app" and page["cache-control"] == "no-cache"
        assert "microphone=(self)" in page["permissions-policy"]
        assert c.get("/").body == c.get("/index.html").body == page.body
        kept = c.get("/campaigns/7", If_None_Match=page["etag"])
        assert kept.status == 304 and kept["content-security-policy"] == page["content-security-policy"]
        assert "script-src" not in page["content-security-policy"] and "'self'" in page["content-security-policy"]
        assert c.get("/missing.png").status == 404 and c.get("/api/x").status == 404
        a = c.ask("POST", "/app.js")
        assert a.status == 405 and a["allow"] == "GET, HEAD, OPTIONS" and c.ask("POST", "/other").status == 404
        assert c.ask("OPTIONS", "/app.js").status == 204
        a = c.ask("HEAD", "/logo.svg")
        assert a["content-length"] == "6" and c.get("/inline").status == 200


@case
def files():
    with Served() as s:
        path = os.path.join(s.folder, "sound.wav")
        data = os.urandom(3_000_000)
        with open(path, "wb") as f:
            f.write(data)
        url, c = f"/api/file?path={path}", Client(s)
        a = c.get(url)
        assert a.body == data and a["accept-ranges"] == "bytes" and a["etag"] and a["last-modified"]
        for value, first, last in (("bytes=0-0", 0, 0), ("bytes=2999999-", 2999999, 2999999),
                                   ("bytes=-100", 2999900, 2999999), ("bytes=100000-2000000", 100000, 2000000)):
            p = c.get(url, Range=value)
            assert p.status == 206 and p.body == data[first:last + 1], value
            assert p["content-range"] == f"bytes {first}-{last}/3000000"
        p = c.get(url, Range="bytes=3000000-")
        assert p.status == 416 and p["content-range"] == "bytes */3000000"
        assert c.get(url, Range="bytes=0-1,5-6").status == 200
        assert c.get(url, Range="bytes=0-1", If_Range=a["etag"]).status == 206
        assert c.get(url, Range="bytes=0-1", If_Range='"other"').status == 200
        assert c.get(url, Range="bytes=0-1", If_Range=a["last-modified"]).status == 206
        assert c.get(url, If_None_Match=a["etag"]).status == 304
        assert c.get(url, If_Modified_Since=a["last-modified"]).status == 304
        assert c.get(url, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
        assert c.ask("HEAD", url)["content-length"] == "3000000"
        a = c.get(url + "&name=%D7%93%D7%95%D7%97.csv")
        assert a["content-disposition"] == "attachment; filename=\"___.csv\"; filename*=UTF-8''%D7%93%D7%95%D7%97.csv"
        assert c.get("/api/file?path=/etc").status == 404 and c.get("/api/file").status == 404
        # A file that grows shorter while it is sent ends the connection: the client sees it is broken.
        os.truncate(path, 30_000_000)
        half = Client(s, receive_buffer=8192)
        half.send(f"GET {url} HTTP/1.1\r\nHost: a\r\n\r\n")
        half.more()
        os.truncate(path, 10)
        while half.more():
            pass
        assert len(half.data) < 30_000_000 and "cannot be sent on" in s.log()
        assert Client(s).get("/inline").status == 200


# ---- uploads ----------------------------------------------------------------------------------


def upload_files(s):
    return [n for n in os.listdir(s.folder) if n.startswith("upload-")]


@case
def uploads():
    with Served() as s:
        data = os.urandom(1 << 20) * 8
        source = os.path.join(s.folder, "source")
        with open(source, "wb") as f:
            f.write(data)
        c = Client(s)
        first = c.ask("POST", "/api/upload", body=data).json()
        assert first["size"] == first["spooled"] == len(data) and first["progress"]
        assert c.ask("POST", "/api/upload?slow=1", body=data).json()["hash"] == first["hash"]
        for args in (["-T", source], ["-T", source, "-H", "Transfer-Encoding: chunked"]):
            status, body, _, err = curl(s, "-X", "POST", *args, "/api/upload")
            assert status == 201 and f'"hash":{first["hash"]}' in body.decode(), err
        assert c.ask("POST", "/api/upload", body=b"").json()["size"] == 0
        assert c.ask("POST", "/api/upload-small", body=b"x" * 100000).json()["size"] == 100000
        wait_for(lambda: not upload_files(s), "the files' removal")
        assert c.ask("POST", "/api/upload-small", body=b"x" * 100001).status == 413
        c = Client(s)
        c.send("POST /api/upload-small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        c.send("30000\r\n" + "x" * 0x30000 + "\r\n0\r\n\r\n")
        assert c.answer().status == 413
        c = Client(s)
        assert c.ask("POST", "/api/upload", {"Authorization": "no"}, data).status == 401
        c = Client(s)
        assert c.ask("POST", "/api/upload?cancel=1", body=data).status == 409
        # A client that goes away in the middle leaves nothing.
        c = Client(s)
        c.send(b"POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + data[:3000000])
        wait_for(lambda: len(upload_files(s)) == 1, "the file")
        c.close()
        wait_for(lambda: not upload_files(s), "the file's removal")
        wait_for(lambda: s.stats()["uploads_over"] >= 7, "the end of each upload")


@case
def uploads_at_once():
    data = os.urandom(1 << 20)
    with Served() as s:
        answers = []

        def one(i):
            body = data[i:] + data[:i]
            answers.append((len(body) * 4, Client(s).ask("POST", "/api/upload", body=body * 4).json()["size"]))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(answers) == 12 and all(a == b for a, b in answers)
        wait_for(lambda: not upload_files(s), "the files' removal")


@case
def upload_memory():
    """A large upload takes no memory to speak of (scaled down from 1 GB)."""
    with Served(lean=True) as s:
        Client(s).ask("POST", "/api/upload", body=b"x" * 5_000_000)
        before = s.stats()["rss_kb"]
        block, count, most = os.urandom(1 << 20), 200, 0
        c = Client(s)
        c.send(f"POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: {count << 20}\r\n\r\n")
        for i in range(count):
            c.send(block)
            if i % 20 == 19:
                most = max(most, s.stats()["rss_kb"])
        assert c.answer().json()["size"] == count << 20
        assert most - before < 30_000, f"{before} kB before, {most} kB during the upload"


@case
def upload_to_a_full_disk():
    with Served(limit_file=1024) as s:  # blocks of 1 KB
        c = Client(s)
        a = c.ask("POST", "/api/upload", body=b"x" * 3_000_000)
        assert a.status == 507 and "cannot store" in s.log()
        assert Client(s).ask("POST", "/api/upload", body=b"x" * 500_000).status == 201


@case
def old_uploads_are_removed():
    with Served() as s:
        folder = s.folder
        with open(os.path.join(folder, "upload-old"), "w"), open(os.path.join(folder, "other"), "w"):
            pass
        with Served(spool=folder) as t:
            assert Client(t).get("/inline").status == 200
            assert os.listdir(folder) == ["other"]


# ---- load and slow clients --------------------------------------------------------------------


@case
def queue_is_bounded():
    with Served(workers=2, queue=4) as s:
        clients = [Client(s) for _ in range(20)]
        for c in clients:
            c.send("GET /api/slow/300 HTTP/1.1\r\nHost: a\r\n\r\n")
        answers = [c.answer() for c in clients]
        good = [a for a in answers if a.status == 200]
        busy = [a for a in answers if a.status == 503]
        assert len(good) + len(busy) == 20 and len(good) >= 4 and len(busy) >= 8, (len(good), len(busy))
        assert all(a["retry-after"] == "1" for a in busy)
        assert clients[0].get("/inline").status == 200 and clients[-1].get("/api/hello").status == 200


@case
def body_memory_is_bounded():
    with Served(body=1_500_000) as s:
        holders = []
        for _ in range(2):
            c = Client(s)
            c.send(b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 800_000)
            holders.append(c)
        statuses = []
        for c in holders:
            c.socket.settimeout(0.5)
            try:
                statuses.append(c.answer().status)
            except TimeoutError:
                statuses.append(None)
        assert statuses.count(503) == 1, statuses
        rest = holders[statuses.index(None)]
        rest.socket.settimeout(60)
        rest.send(b"x" * 100_000)
        assert rest.answer().json()["body_len"] == 900_000
        assert Client(s).ask("POST", "/api/echo", body=b"x" * 900_000).status == 200


@case
def connections_are_bounded():
    """Who has kept the server waiting longest makes room; who is being served stays."""
    with Served(connections=10) as s:
        slow = Client(s)
        slow.send("GET /inline HTTP/1.1\r\nHost: a\r\n\r\nGET /api/slow/1500 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert slow.answer().body == b"hello"  # so the server has read the second one too
        idle = [Client(s) for _ in range(30)]
        assert Client(s).get("/inline").status == 200
        assert idle[0].ended() and idle[10].ended()
        assert idle[-1].get("/inline").status == 200
        assert slow.answer().body == b"slow"


@case
def slow_heads():
    with Served(head=300, idle=600) as s:
        a, b, c = Client(s), Client(s), Client(s)
        a.send("GET /inline HTTP/1.1\r\nHost: a\r\n")
        started = time.monotonic()
        while time.monotonic() - started < 20:  # one byte now and then does not help
            try:
                a.send("X")
            except OSError:
                break
            a.socket.settimeout(0.05)
            try:
                if not a.more() or a.data:
                    break
            except TimeoutError:
                pass
        a.socket.settimeout(60)
        assert a.answer().status == 408 and a.ended()
        assert b.ended()  # said nothing
        assert c.ended()


@case
def slow_bodies():
    with Served(stall=400, rate=1000) as s:
        a, b = Client(s), Client(s)
        for c in (a, b):
            c.send("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nx")
        started = time.monotonic()
        while time.monotonic() - started < 30:  # b goes on, but too slowly
            try:
                b.send("x")
                time.sleep(0.1)
            except OSError:
                break
        assert time.monotonic() - started < 30
        assert a.ended() and b.ended()
        assert Client(s).ask("POST", "/api/echo", body=b"x" * 50000).status == 200


@case
def slow_readers():
    with Served(stall=1500, rate=1000) as s:
        c = Client(s, receive_buffer=4096)
        c.send("GET /api/big/20000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        c.more()
        wait_for(lambda: s.stats()["lost"] == 1, "the end of a reader that reads nothing")
        with_keep_alive = Client(s)
        assert len(with_keep_alive.get("/api/big/20000000").body) == 20_000_000


# ---- the end ----------------------------------------------------------------------------------


@case
def graceful_stop():
    s = Served()
    with s:
        busy, idle, upload = Client(s), Client(s), Client(s)
        assert idle.get("/inline").status == 200 and busy.get("/inline").status == 200
        upload.send(b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        busy.send("GET /api/slow/700 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: s.stats()["slow"] == 1, "the slow request")
        s.say("stop 20000")
        assert idle.ended()
        upload.send(b"world")
        a = upload.answer()
        assert a.json()["body"] == "helloworld" and a["connection"] == "close"
        a = busy.answer()
        assert a.body == b"slow" and a["connection"] == "close" and busy.ended()
        assert s.stop() == 0


@case
def stop_without_grace():
    s = Served()
    with s:
        c = Client(s)
        c.send("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        d = Client(s)
        d.send("GET /api/slow/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: s.stats()["slow"] == 1, "the slow request")
        s.say("stop 0")
        assert c.ended() and d.ended() and s.stop() == 0


@case
def sockets_from_outside():
    """As systemd passes them: bound already, for a port or a path."""
    with socket.create_server(("127.0.0.1", 0)) as outer, Served(fd=outer.fileno()) as s:
        assert s.port == outer.getsockname()[1] and Client(s).get("/api/echo").json()["peer"] == "127.0.0.1"
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as outer:
        outer.bind(folder + "/http")
        outer.listen()
        with Served(fd=outer.fileno(), trust=1) as s:
            s.path = folder + "/http"
            assert Client(s).get("/api/echo").json()["peer"] == "unix"
            assert Client(s).get("/api/echo", X_Forwarded_For="203.0.113.7").json()["peer"] == "203.0.113.7"


@case
def junk():
    """Requests changed at random: the server neither crashes nor hangs."""
    import random
    rng = random.Random(int(os.environ.get("PROP_SEED", "11")))
    seeds = [t.encode("latin-1") for t, _ in MALFORMED] + [
        b"GET /inline HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
        b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
        b"GET /api/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\1\2\3\4hello",
    ]
    with Served(stall=1000, head=1000, idle=1000) as s:
        for _ in range(400):
            data = bytearray(rng.choice(seeds)[:4000])
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(data))
                kind = rng.randrange(3)
                if kind == 0:
                    data[at] = rng.randrange(256)
                elif kind == 1:
                    del data[at:at + rng.randrange(9)]
                else:
                    data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(9)))
                if not data:
                    data = bytearray(b"x")
            c = Client(s)
            try:
                c.send(bytes(data))
                c.socket.settimeout(0.02)
                c.more()
            except OSError:
                pass
            c.close()
        assert Client(s).get("/inline").body == b"hello"


main()
