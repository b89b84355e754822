#!/usr/bin/python3
"""WebSocket against the real server, by python3-websockets and by hand: server_ws.py SERVED [CASE…].
Prints TAP."""
import asyncio
import base64
import hashlib
import os
import struct
import time

import websockets

from lib import PATIENCE, Client, Served, case, main, wait_for

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(s, path="/api/live", receive_buffer=None, **fields):
    c = Client(s, receive_buffer=receive_buffer)
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": key}
    headers.update({k.replace("_", "-"): v for k, v in fields.items()})
    a = c.ask("GET", path, [(k, v) for k, v in headers.items() if v is not None])
    if a.status == 101:
        want = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert a["sec-websocket-accept"] == want and a["upgrade"] == "websocket"
    c.handshake = a
    return c


def frame(opcode, data=b"", final=True, masked=True, extra=0):
    if isinstance(data, str):
        data = data.encode()
    first = bytes([(0x80 if final else 0) | extra | opcode])
    mask = os.urandom(4) if masked else b""
    bit = 0x80 if masked else 0
    if len(data) < 126:
        head = first + bytes([bit | len(data)])
    elif len(data) < 65536:
        head = first + bytes([bit | 126]) + struct.pack(">H", len(data))
    else:
        head = first + bytes([bit | 127]) + struct.pack(">Q", len(data))
    return head + mask + (bytes(b ^ mask[i % 4] for i, b in enumerate(data)) if masked else data)


def receive(c):
    """(opcode, payload) of one frame from the server; None at the end."""
    if not c.data and not c.more():
        return None
    a, b = c.take(2)
    assert a & 0x80 and not a & 0x70 and not b & 0x80
    size = b
    if size == 126:
        size = struct.unpack(">H", c.take(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", c.take(8))[0]
    return a & 15, c.take(size)


def code_of(c):
    f = receive(c)
    while f and f[0] != CLOSE:
        f = receive(c)
    assert f, "ended without a close frame"
    code = struct.unpack(">H", f[1][:2])[0]
    assert c.ended()
    return code


@case
def messages():
    with Served() as s:
        c = handshake(s)
        assert c.handshake.status == 101
        for text in ("hello", "שלום", "x" * 126, "x" * 65535, "x" * 65536):
            c.send(frame(TEXT, text))
            assert receive(c) == (TEXT, text.encode())
        c.send(frame(TEXT, "hel", final=False) + frame(PING, "mid") + frame(0, "l", final=False) + frame(0, "o"))
        assert receive(c) == (PONG, b"mid") and receive(c) == (TEXT, b"hello")
        for step in (1, 2, 5):  # however it is cut
            data = frame(TEXT, "y" * 200) + frame(PING, "p")
            for i in range(0, len(data), step):
                c.send(data[i:i + step])
            got = {receive(c), receive(c)}
            assert got == {(TEXT, b"y" * 200), (PONG, b"p")}
        Client(s).ask("POST", "/api/tick")
        assert receive(c)[1].startswith(b'{"tick":1')
        c.send(frame(CLOSE, struct.pack(">H", 1000)))
        assert code_of(c) == 1000
        # Frames in the same packet as the handshake.
        d = Client(s)
        d.send(b"GET /api/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frame(TEXT, "now"))
        a = d.answer()
        assert a["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" and receive(d) == (TEXT, b"now")


@case
def violations():
    with Served() as s:
        for name, data, code in (
                ("not masked", frame(TEXT, "a", masked=False), 1002),
                ("reserved bit", frame(TEXT, "a", extra=0x40), 1002),
                ("unknown opcode", frame(3, "a"), 1002),
                ("unknown control", frame(11, "a"), 1002),
                ("ping in parts", frame(PING, "a", final=False), 1002),
                ("long ping", bytes([0x89, 0xfe]) + b"\0\x7e" + b"\0" * 130, 1002),
                ("continuation of nothing", frame(0, "a"), 1002),
                ("a message in a message", frame(TEXT, "a", final=False) + frame(TEXT, "b"), 1002),
                ("binary", frame(BINARY, "a"), 1003),
                ("no UTF-8", frame(TEXT, b"\xff"), 1007),
                ("no UTF-8 in parts", frame(TEXT, b"\xd7", final=False) + frame(0, b"\x41"), 1007),
                ("too long", frame(TEXT, b"x" * 65537), 1009),
                ("too long, told only", bytes([0x81, 0xff]) + struct.pack(">Q", 1 << 40) + b"\0\0\0\0", 1009),
                ("too long in parts", frame(TEXT, b"x" * 40000, final=False) + frame(0, b"x" * 40000), 1009),
                ("half a code", frame(CLOSE, b"\x03"), 1002),
                ("no such code", frame(CLOSE, struct.pack(">H", 1005)), 1002),
                ("the reason is no UTF-8", frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1002),
                ("the client's own", frame(CLOSE, struct.pack(">H", 4321) + b"bye"), 4321),
                ("without a code", frame(CLOSE), 1000),
                ("the server's own", frame(TEXT, "bye"), 4001)):
            c = handshake(s)
            c.send(data)
            got = code_of(c)
            assert got == code, f"{name}: {got}"
        wait_for(lambda: s.stats()["open"] == s.stats()["closed"] == 20, "every socket to be closed once")


@case
def handshakes():
    with Served(cors=1) as s:
        def status(**fields):
            return handshake(s, **fields).handshake.status

        assert Client(s).get("/api/live").status == 426
        a = Client(s).get("/api/live", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="8")
        assert a.status == 426 and a["sec-websocket-version"] == "13" and a["upgrade"] == "websocket"
        assert status(Sec_WebSocket_Key="short") == 400 and status(Sec_WebSocket_Key=None) == 400
        assert status(Upgrade="h2c") == 426
        assert Client(s).ask("POST", "/api/live", {"Upgrade": "websocket"}, b"x").status == 413
        assert status(Origin="http://localhost") == 101 and status(Origin="https://app.example.org") == 101
        for origin in ("https://evil.example", "null", "http://localhost.evil.example", "localhost", ""):
            assert status(Origin=origin) == 403, origin
        c = handshake(s, "/api/live?refuse=1")
        assert c.handshake.status == 401 and c.get("/inline").body == b"hello"
        assert handshake(s, Sec_WebSocket_Protocol="a, kolcast.v1").handshake["sec-websocket-protocol"] == "kolcast.v1"
        assert handshake(s, Sec_WebSocket_Protocol="a, b").handshake["sec-websocket-protocol"] is None
        # Gone while a worker decides: what was opened is closed.
        before = s.stats()["open"]
        for _ in range(5):
            c = Client(s)
            c.send(b"GET /api/live?slow=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            time.sleep(0.02)
            c.close()
        wait_for(lambda: s.stats()["open"] == before + 5, "the workers")


@case
def library_client():
    async def run(port):
        url = f"ws://127.0.0.1:{port}/api/live"
        async with websockets.connect(url, subprotocols=["kolcast.v1"]) as w:
            assert w.subprotocol == "kolcast.v1"
            for text in ("hello", "x" * 60000, "ש" * 1000):
                await w.send(text)
                assert await w.recv() == text
            await (await w.ping())
            await w.send("bye")
            try:
                await w.recv()
                raise AssertionError("not closed")
            except websockets.ConnectionClosed as e:
                assert e.rcvd.code == 4001 and e.rcvd.reason == "as you like"

    with Served() as s:
        asyncio.run(asyncio.wait_for(run(s.port), PATIENCE))


@case
def dead_peers():
    """A silent one is pinged; whoever answers stays, whoever does not goes."""
    with Served(ping=300) as s:
        dead, alive = handshake(s), handshake(s)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            alive.socket.settimeout(0.1)
            try:
                opcode, data = receive(alive)
                assert opcode == PING
                alive.send(frame(PONG, data))
            except TimeoutError:
                pass
        alive.socket.settimeout(PATIENCE)
        alive.send(frame(TEXT, "still here"))
        f = receive(alive)
        while f[0] == PING:
            f = receive(alive)
        assert f == (TEXT, b"still here")
        while dead.more():
            pass
        assert bytes(dead.data) == b"\x89\x00"
        wait_for(lambda: s.stats()["closed"] >= 1, "the dead one to be closed")


@case
def many_readers():
    with Served() as s:
        readers = [handshake(s) for _ in range(200)]
        for n in range(1, 6):
            Client(s).ask("POST", "/api/tick")
            for c in readers:
                assert receive(c)[1].startswith(f'{{"tick":{n},'.encode())
        for c in readers:
            c.close()
        wait_for(lambda: s.stats()["closed"] == 200, "all to be closed")


@case
def stalled_readers():
    """Those who are sent more than they read cost no memory, and are dropped in the end."""
    with Served(lean=True, stall=2500) as s:
        quick = handshake(s)
        quick.send(frame(TEXT, "x"))
        receive(quick)
        before = s.stats()["rss_kb"]
        stalled = [handshake(s, "/api/live?flood=1", receive_buffer=4096) for _ in range(20)]
        most = 0
        for n in range(1, 20):
            Client(s).ask("POST", "/api/tick")
            assert receive(quick)[1].startswith(b'{"tick":')
            most = max(most, s.stats()["rss_kb"])
            time.sleep(0.02)
        assert most - before < 20_000, f"{before} kB before, {most} kB with 20 stalled readers"
        wait_for(lambda: s.stats()["closed"] == 20, "the stalled ones to be dropped")
        assert all(c.socket for c in stalled)
        quick.send(frame(TEXT, "still quick"))
        assert receive(quick) == (TEXT, b"still quick")


@case
def flood_of_pings():
    """Pongs to one who does not read do not pile up."""
    with Served(lean=True, stall=2000) as s:
        c = handshake(s, "/api/live?flood=1", receive_buffer=4096)
        before = s.stats()["rss_kb"]
        try:
            for _ in range(100):
                c.send(frame(PING, "x" * 125) * 100)
        except OSError:
            pass
        assert s.stats()["rss_kb"] - before < 20_000


@case
def stop():
    s = Served()
    with s:
        c, d = handshake(s), handshake(s, "/api/live?flood=1", receive_buffer=4096)
        s.say("stop 1000")
        assert code_of(c) == 1001
        assert s.stop() == 0
        d.close()


main()
