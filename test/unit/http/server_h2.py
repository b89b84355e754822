#!/usr/bin/python3
"""HTTP/2 against the real server, frames by python3-h2 and by hand: server_h2.py SERVED [CASE…].
Prints TAP."""
import os
import struct
import subprocess
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from lib import PATIENCE, Client, Served, case, main, wait_for


class H2:
    """One HTTP/2 connection without TLS."""

    def __init__(self, served, validate=True, window=None):
        self.client = Client(served)
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8",
                                           validate_outbound_headers=validate,
                                           normalize_outbound_headers=validate)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.answers, self.bodies, self.resets, self.ended, self.goaway = {}, {}, {}, set(), None
        self.continues = set()
        self.acknowledge = True
        self.flush()

    def flush(self):
        try:
            self.client.send(self.h2.data_to_send())
        except OSError:
            pass

    def ask(self, method, path, headers=(), body=None, end=True):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost")]
        self.h2.send_headers(stream, fields + list(headers), end_stream=body is None and end)
        self.bodies[stream] = b""
        if body is not None:
            self.send_body(stream, body, end)
        self.flush()
        return stream

    def send_body(self, stream, body, end=True):
        while body and stream not in self.ended and stream not in self.resets:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if not room:
                self.flush()
                if not self.read():
                    return
                continue
            self.h2.send_data(stream, body[:room])
            body = body[room:]
        if end and stream not in self.ended and stream not in self.resets:
            self.h2.end_stream(stream)
        self.flush()

    def read(self):
        if not self.client.more():
            return False
        data, self.client.data = bytes(self.client.data), bytearray()
        for e in self.h2.receive_data(data):
            if isinstance(e, h2.events.InformationalResponseReceived):
                self.continues.add(e.stream_id)
            elif isinstance(e, h2.events.ResponseReceived):
                self.answers[e.stream_id] = dict(e.headers)
            elif isinstance(e, h2.events.DataReceived):
                self.bodies[e.stream_id] += e.data
                if self.acknowledge:
                    self.h2.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
            elif isinstance(e, h2.events.StreamEnded):
                self.ended.add(e.stream_id)
            elif isinstance(e, h2.events.StreamReset):
                self.resets[e.stream_id] = e.error_code
            elif isinstance(e, h2.events.ConnectionTerminated):
                self.goaway = e.error_code
        self.flush()
        return True

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end and self.read(), "the connection ended"

    def answer(self, stream):
        self.until(lambda: stream in self.ended or stream in self.resets)
        fields = self.answers.get(stream, {})
        return int(fields.get(":status", 0)), fields, self.bodies[stream]


@case
def requests():
    with Served() as s:
        c = H2(s)
        status, fields, body = c.answer(c.ask("GET", "/api/items/7?x=%26", [
            ("x-csrf-token", "t"), ("x-test", "1"), ("cookie", "a=1"), ("cookie", "session=2")]))
        assert status == 200 and b'"id":"7"' in body and b'"x-csrf-token":"t"' in body, body
        assert b'"session":"2"' in body and b'"host":"localhost"' in body and b'["x","&"]' in body
        assert fields["x-content-type-options"] == "nosniff" and "connection" not in fields
        assert c.answer(c.ask("GET", "/nothing.png"))[0] == 404
        assert c.answer(c.ask("PATCH", "/api/hello"))[1]["allow"]
        status, fields, body = c.answer(c.ask("HEAD", "/api/big/500"))
        assert (status, fields["content-length"], body) == (200, "500", b"")
        assert c.answer(c.ask("DELETE", "/api/hello"))[0] == 204
        assert c.answer(c.ask("GET", "/app.js", [("accept-encoding", "br")]))[2] == b"BROTLI"
        assert c.answer(c.ask("GET", "/inline"))[2] == b"hello"
        body = os.urandom(900_000)
        status, _, echoed = c.answer(c.ask("POST", "/api/echo", body=body))
        assert status == 200 and b'"body_len":900000' in echoed
        assert c.answer(c.ask("POST", "/api/echo", [("content-length", "5")], b"hello"))[0] == 200


@case
def at_once():
    """Streams do not wait for each other; bodies and windows of all are kept apart."""
    with Served(workers=2) as s:
        c = H2(s, window=20000)
        slow = c.ask("GET", "/api/slow/800")
        bigs = [c.ask("GET", f"/api/big/{100000 + i}") for i in range(30)]
        quick = c.ask("GET", "/inline")
        c.until(lambda: quick in c.ended)
        assert slow not in c.ended
        for i, stream in enumerate(bigs):
            assert len(c.answer(stream)[2]) == 100000 + i
        assert c.answer(slow)[2] == b"slow"


@case
def uploads():
    with Served() as s:
        c = H2(s)
        body = os.urandom(1 << 20) * 6
        status, _, answer = c.answer(c.ask("POST", "/api/upload?slow=1", body=body))
        assert status == 201 and b'"size":6291456' in answer
        # Refused while it still comes: the reply, then a reset without an error (RFC 9113 8.1).
        stream = c.ask("POST", "/api/upload", [("authorization", "no")], body)
        assert c.answer(stream)[0] == 401
        stream = c.ask("POST", "/api/small", body=b"x" * 200, end=False)
        assert c.answer(stream)[0] == 413
        c.until(lambda: stream in c.resets)
        assert c.resets[stream] == 0
        stream = c.ask("POST", "/api/echo", [("expect", "100-continue")], end=False)
        c.until(lambda: stream in c.continues)
        c.send_body(stream, b"hello")
        assert b'"body":"hello"' in c.answer(stream)[2]
        assert c.answer(c.ask("POST", "/api/small", [("content-length", "101")], b"x" * 101))[0] == 413
        wait_for(lambda: not [n for n in os.listdir(s.folder) if n.startswith("upload-")], "the files' removal")


@case
def malformed():
    with Served() as s:
        c = H2(s, validate=False)
        for fields in ([("Upper", "x")], [("connection", "close")], [("transfer-encoding", "chunked")],
                       [("a", "b\r\nc: d")], [("a", "b\x00")], [(":path", "/twice")], [("content-length", "x")]):
            try:
                stream = c.ask("GET", "/inline", fields)
                status = c.answer(stream)[0]
            except AssertionError:
                status = 0  # the whole connection was ended
                c = H2(s, validate=False)
            assert status in (0, 400), (fields, status)
        c = H2(s, validate=False)
        assert c.answer(c.ask("GET", "/../etc/passwd"))[0] == 400
        assert c.answer(c.ask("GET", "/a b"))[0] in (0, 400)
        assert c.answer(c.ask("GET", "/a#b"))[0] == 400
        assert c.answer(c.ask("GET", "/inline", [("authorization", "a"), ("authorization", "b")]))[0] == 400
        assert c.answer(c.ask("GET", "/inline", [(f"a{i}", "b") for i in range(101)]))[0] == 431
        for size in (17000, 60000):
            assert c.answer(c.ask("GET", "/inline", [("a", "x" * 8000), ("b", "x" * (size - 8000))]))[0] in (0, 431)
        stream = c.ask("POST", "/api/echo", [("content-length", "9")], b"hello")  # less than it says
        assert c.answer(stream)[0] in (0, 400)
        d = H2(s)
        assert d.answer(d.ask("GET", "/inline"))[2] == b"hello"


@case
def resets():
    """Requests that are taken back, also in masses, neither pile up nor end the server."""
    with Served(workers=1, queue=64) as s:
        c = H2(s)
        for _ in range(300):
            try:
                stream = c.ask("GET", "/api/slow/1")
                c.h2.reset_stream(stream)
                c.flush()
            except (h2.exceptions.ProtocolError, OSError):
                break
        d = H2(s)
        wait_for(lambda: d.answer(d.ask("GET", "/api/hello"))[0] == 200, "a request after the flood")
        e = H2(s)
        stream = e.ask("GET", "/api/slow/300")
        e.client.close()
        assert d.answer(d.ask("GET", "/api/hello"))[2] == b"hello"
        wait_for(lambda: s.stats()["lost"] >= 1, "the lost ones to be told")


@case
def stalled_readers():
    """A window that never opens ends the stream, not the connection."""
    with Served(stall=500) as s:
        c = H2(s)
        c.acknowledge = False
        stream = c.ask("GET", "/api/big/3000000")
        c.until(lambda: stream in c.resets)
        assert c.resets[stream] == 8  # CANCEL
        stream = c.ask("POST", "/api/echo", body=b"x", end=False)  # a body that does not come
        c.until(lambda: stream in c.resets)
        idle = Client(s)
        idle.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert Client(s).get("/inline").status == 200


@case
def idle_and_half_heads():
    with Served(head=300, idle=500) as s:
        c = H2(s)
        assert c.answer(c.ask("GET", "/inline"))[0] == 200
        while c.read():
            pass
        assert c.goaway == 0
        d = H2(s)
        # HEADERS without END_HEADERS: CONTINUATION never comes.
        d.client.send(struct.pack(">I", 3)[1:] + b"\x01\x00" + struct.pack(">I", 1) + b"\x82\x87\x84")
        while d.read():
            pass
        assert d.goaway is not None


@case
def graceful_stop():
    """Streams in work are finished, for a client that knows what GOAWAY means (h2 does not)."""
    s = Served()
    with s:
        idle = H2(s)
        assert idle.answer(idle.ask("GET", "/inline"))[0] == 200
        assert idle.h2.remote_settings.max_concurrent_streams == 64
        busy = subprocess.Popen(["curl", "-sS", "--http2-prior-knowledge", f"http://127.0.0.1:{s.port}/api/slow/900"],
                                stdout=subprocess.PIPE)
        wait_for(lambda: s.stats()["slow"] == 1, "the slow request")
        s.say("stop 20000")
        while idle.read():
            pass
        assert idle.goaway == 0
        assert busy.communicate(timeout=PATIENCE)[0] == b"slow" and busy.returncode == 0
        assert s.stop() == 0


@case
def floods():
    """Frames that cost an answer each: the connection ends, the server goes on."""
    with Served() as s:
        for frame in (b"\0\0\x08\x06\0\0\0\0\0" + b"x" * 8,  # PING
                      b"\0\0\0\x04\0\0\0\0\0"):  # SETTINGS
            c = Client(s, receive_buffer=2048)
            c.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            ended = False
            try:
                for _ in range(2000):
                    c.send(frame * 2000)
            except ConnectionError:
                ended = True
            assert ended
        assert s.stats()["rss_kb"] < 400_000
        assert Client(s).get("/inline").status == 200


@case
def nghttp_client():
    with Served() as s:
        r = subprocess.run(["nghttp", "-nv", "-m", "20", f"http://127.0.0.1:{s.port}/api/hello"],
                           stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        assert r.stdout.count(":status: 200") == 20, r.stdout[-2000:]


main()
