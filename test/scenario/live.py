"""A reader of /api/live, by hand: so that it can be cut at any byte, or not read at all."""
import base64
import json
import os
import socket
import struct

from conftest import PATIENCE


class Refused(Exception):
    def __init__(self, status):
        super().__init__(f"refused with {status}")
        self.status = status


class Reader:
    """Signed in by a token; cookie: as a browser does it."""

    def __init__(self, port, token=None, cookie=None, origin=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:  # before it connects: it becomes the window
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30 * PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        head = (f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n")
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        head += f"Cookie: kolcast_access={cookie}\r\n" if cookie else ""
        head += f"Origin: {origin}\r\n" if origin else ""
        self.socket.sendall(head.encode() + b"\r\n")
        self.data, self.code = b"", None
        while b"\r\n\r\n" not in self.data:
            self.more()
        answer, self.data = self.data.split(b"\r\n\r\n", 1)
        status = int(answer.split()[1])
        if status != 101:
            self.close()
            raise Refused(status)

    def more(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        self.data += got

    def take(self, n):
        while len(self.data) < n:
            self.more()
        got, self.data = self.data[:n], self.data[n:]
        return got

    def send(self, message, opcode=1):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        mask = os.urandom(4)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | len(data)]) if len(data) < 126
                                         else b"\xfe" + struct.pack("!H", len(data)))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def subscribe(self, *topics, after=None):
        """The sequence number from which it goes on."""
        self.send({"subscribe": list(topics), **({"after": after} if after is not None else {})})
        return self.until("subscribed", "error")

    def receive(self):
        """The next message; None: the server ended it, with .code."""
        while True:
            first, size = self.take(2)
            if size == 126:
                size = struct.unpack("!H", self.take(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self.take(8))[0]
            data = self.take(size)
            if first & 15 == 1:
                return json.loads(data)
            if first & 15 == 9:
                self.send(data, 10)
            elif first & 15 == 8:
                self.code = struct.unpack("!H", data[:2])[0]
                return None

    def until(self, *types):
        while True:
            m = self.receive()
            assert m is not None, f"ended with {self.code}"
            if m["type"] in types:
                return m

    def close(self):
        self.socket.close()

    __del__ = close
