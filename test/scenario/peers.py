"""Far ends for the scenario tests: sipp with a scenario written as a list of steps, and a telephone
that hears RTP and presses keys.

A scenario is one list of the steps below; what every message needs is filled in here, so that a
test shows only what is special about it. `Sipp` runs one as a process of its own on a free port and
keeps every message it saw."""
import functools
import hashlib
import random
import re
import socket
import struct
import subprocess
import threading
import time

from conftest import PATIENCE, TONES

# ---- steps: each is a piece of sipp's XML -----------------------------------------------------------

# What is kept of an INVITE: variable, header, pattern.
KEPT = [("via", "Via:", ".*"), ("from", "From:", ".*"), ("to", "To:", ".*"), ("cseq", "CSeq:", ".*"),
        ("contact", "Contact:", "sip:[^>]*"), ("target", None, "sip:[^ ]*")]


def _element(name, inner="", **attributes):
    words = "".join(f' {k}="{v}"' for k, v in attributes.items() if v is not None)
    return f"<{name}{words}>{inner}</{name}>" if inner else f"<{name}{words}/>"


def _send(lines, body=None, kind="application/sdp", **attributes):
    end = [f"Content-Type: {kind}", "Content-Length: [len]", "", *body] if body else ["Content-Length: 0", ""]
    text = "\n".join([*(l for l in lines if l), *end])
    return _element("send", f"<![CDATA[\n{text}\n]]>", **attributes)


def sdp(port="[media]", direction="sendrecv", te=101, version=1, formats="8"):
    """One audio stream; the port is the telephone's unless given. te: telephone-event's type, or None."""
    return ["v=0", f"o=far 1 {version} IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
            f"m=audio {port} RTP/AVP {formats}" + (f" {te}" if te else ""),
            *([f"a=rtpmap:{te} telephone-event/8000", f"a=fmtp:{te} 0-15"] if te else []), f"a={direction}"]


def recv(what, action="", **attributes):
    """A request by its method, or an answer by its status."""
    kind = {"response": what} if isinstance(what, int) else {"request": what}
    return _element("recv", f"<action>{action}</action>" if action else "", **kind, **attributes)


def check(regexp, header=None, **how):
    """Within recv(action=…): the message, or its header, must match."""
    where = {"search_in": "hdr", "header": header} if header else {"search_in": "msg"}
    return _element("ereg", regexp=regexp, check_it="true", assign_to="checked", **where, **how)


def keep(variable, header, regexp=".*"):
    """Within recv(action=…): [$variable] is then what the header, or the message, has of it."""
    return _element("ereg", regexp=regexp, search_in="hdr" if header else "msg", header=header, assign_to=variable)


def invite(action="", **attributes):
    """The INVITE; what later answers and requests need of it is kept."""
    return recv("INVITE", "".join(keep(*k) for k in KEPT) + action, **attributes)


def answer(status, reason="Reason", sdp=None, tag="t", headers=(), cseq="[$cseq]", via="[$via]", contact=None,
           **attributes):
    """To the INVITE that was kept."""
    if contact is None:
        contact = "<sip:far@[local_ip]:[local_port]>" if status < 300 else ""
    return _send([f"SIP/2.0 {status} {reason}", f"Via:{via}", "From:[$from]",
                  "To:[$to]" + (f";tag={tag}[call_number]" if tag else ""), "Call-ID: [call_id]", f"CSeq:{cseq}",
                  f"Contact: {contact}" if contact else "", *headers], sdp, **attributes)


def reply(status=200, reason="OK", headers=(), body=None, **attributes):
    """To the request that came last."""
    return _send([f"SIP/2.0 {status} {reason}", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]",
                  "[last_CSeq:]", *headers], body, **attributes)


def request(method, cseq, headers=(), body=None, tag="t", contact="<sip:far@[local_ip]:[local_port]>", **attributes):
    """Within the call, from the far side."""
    return _send([f"{method} [$contact] SIP/2.0", "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport",
                  "Max-Forwards: 70", f"From:[$to];tag={tag}[call_number]", "To:[$from]", "Call-ID: [call_id]",
                  f"CSeq: {cseq} {method}", f"Contact: {contact}", *headers], body, **attributes)


def info(key, cseq):
    return request("INFO", cseq, body=[f"Signal={key}", "Duration=160"], kind="application/dtmf-relay")


def pause(ms):
    return _element("pause", milliseconds=ms)


def action(**what):
    """One of sipp's own, such as playing recorded packets."""
    return _element("nop", "<action>" + _element("exec", **what) + "</action>")


def jump(label, **attributes):
    return _element("nop", next=label, **attributes)


def label(name):
    return _element("label", id=name)


END = "99"


def by_line(choices):
    """choices: word → steps. Those whose word is this call's [field0]; their last step has next=END."""
    steps = [_element("nop", "<action>" + _element("assignstr", assign_to="word", value="[field0]") + "</action>")]
    for i, word in enumerate(choices, 100):
        steps += [_element("nop", "<action>" + _element("strcmp", assign_to="differs", variable="word", value=word) +
                           _element("test", assign_to="chosen", variable="differs", compare="equal", value="0") +
                           "</action>"), jump(str(i), test="chosen")]
    for i, chosen in enumerate(choices.values(), 100):
        steps += [label(str(i)), *chosen]
    return [*steps, label(END)]


def verified(step, user, password, wrong):
    """step, whose digest sipp computes too: `wrong` follows when it is not the same."""
    check_it = _element("verifyauth", assign_to="right", username=user, password=password)
    return [step(action=check_it), jump("1", test="right"), *wrong, label("1")]


def answered(sdp_lines=None, tag="t", **how):
    """Trying, ringing, answered."""
    return [invite(), answer(100, "Trying", tag=None, contact=""), answer(180, "Ringing", tag=tag),
            answer(200, "OK", sdp_lines or sdp(), tag=tag, retrans=500, **how), recv("ACK")]


def hung_up(**how):
    """By us: BYE and its answer."""
    return [recv("BYE", **how), reply()]


def document(steps):
    names = sorted({v for s in steps for v in re.findall('assign_to="([a-z]+)"', s)})
    known = _element("Reference", variables=",".join(names)) if names else ""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
            '<scenario name="far">\n' + "\n".join([*steps, known]) + "\n</scenario>\n")


# ---- RTP ------------------------------------------------------------------------------------------

def alaw(byte):
    byte ^= 0x55
    value = (byte & 0x0f) << 4
    exponent = byte >> 4 & 7
    value = value + 8 if exponent == 0 else (value + 0x108) << (exponent - 1)
    return value if byte & 0x80 else -value


ALAW = [alaw(b) for b in range(256)]


def tone_of(pcm):
    """The prompt whose tone one frame is, by its crossings of zero; None in silence."""
    if max(pcm) < 1000:
        return None
    crossings = sum((a < 0) != (b < 0) for a, b in zip(pcm, pcm[1:]))
    hz = crossings * 8000 / 2 / len(pcm)
    name, near = min(TONES.items(), key=lambda t: abs(t[1] - hz))
    return name if abs(near - hz) <= 100 else None


def prompts(frames):
    """The prompts in the order they were heard, each at least five frames (decoded) long."""
    order, run = [], []
    for pcm in frames:
        name = tone_of(pcm)
        run = [*run, name] if run and run[-1] == name else [name]
        if name and len(run) == 5:
            order.append(name)
    return order


def decoded(payload):
    return [ALAW[b] for b in payload]


class Press:
    """One key as the packets of RFC 4733: `updates` while it is down, then `ends` copies of its end."""

    def __init__(self, key, after=15, hear=None, te=101, updates=5, ends=3, marker=True, copies=1):
        """Begins once `after` frames of the prompt `hear` (None: of anything) have come. copies: how
        often each packet is sent."""
        self.event = "0123456789*#ABCD".index(key)
        self.after, self.hear, self.te, self.copies = after, hear, te, copies
        self.packets = [(i * 160 + 160, False, marker and i == 0) for i in range(updates)]
        self.packets += [(updates * 160 + 160, True, False)] * ends

    def due(self, phone):
        return phone.heard_of(self.hear) >= self.after


class Phone(threading.Thread):
    """Hears what comes to its port and presses keys there. Packets go to where audio came from."""

    def __init__(self, presses=(), talks=False):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.02)
        self.port = self.socket.getsockname()[1]
        self.presses, self.talks = list(presses), talks
        self.packets = []  # (time, marker, payload type, sequence, timestamp, ssrc, payload)
        self.counts = {}
        self.ending = threading.Event()
        self.sequence, self.timestamp, self.ssrc = random.randrange(65536), random.randrange(1 << 32), random.getrandbits(32)
        self.start()

    def heard_of(self, tone):
        """Frames heard of a tone; None: of anything."""
        return len(self.packets) if tone is None else self.counts.get(tone, 0)

    def run(self):
        peer, sending, due = None, [], 0
        while not self.ending.is_set():
            try:
                data, peer = self.socket.recvfrom(2048)
                self.take(data)
            except socket.timeout:
                pass
            except OSError:  # an ICMP error: nobody is there any more
                continue
            now = time.monotonic()
            if peer and not sending and self.presses and self.presses[0].due(self):
                press = self.presses.pop(0)
                sending = [(press, *p) for p in press.packets]
                due = now
            if sending and now >= due:
                press, duration, end, marker = sending.pop(0)
                payload = struct.pack("!BBH", press.event, (0x80 if end else 0) | 10, duration)
                self.send(peer, press.te, payload, marker, press.copies)
                due = now + 0.02
                if not sending:
                    self.timestamp = (self.timestamp + 8000) % (1 << 32)
            elif peer and self.talks:
                self.send(peer, 8, bytes([0xd5]) * 160, False)
                self.timestamp = (self.timestamp + 160) % (1 << 32)

    def send(self, peer, pt, payload, marker, copies=1):
        header = struct.pack("!BBHII", 0x80, (0x80 if marker else 0) | pt, self.sequence, self.timestamp, self.ssrc)
        for _ in range(copies):
            self.socket.sendto(header + payload, peer)
        self.sequence = (self.sequence + 1) % 65536

    def take(self, data):
        _, kind, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
        self.packets.append((time.monotonic(), kind >> 7, kind & 127, sequence, timestamp, ssrc, data[12:]))
        tone = tone_of(decoded(data[12:])) if kind & 127 == 8 else None
        if tone:
            self.counts[tone] = self.counts.get(tone, 0) + 1

    def stop(self):
        self.ending.set()
        self.join()
        self.socket.close()

    def heard(self):
        return prompts(decoded(p[6]) for p in self.packets if p[2] == 8)

    def check_stream(self):
        """One source, whose sequence and timestamps go up as they must (RFC 3550 5.1)."""
        assert self.packets, "no RTP came"
        assert len({p[5] for p in self.packets}) == 1, "more than one SSRC"
        assert all(len(p[6]) == 160 for p in self.packets if p[2] == 8)
        first = self.packets[0]
        for p in self.packets:
            steps = (p[3] - first[3]) % 65536
            assert (p[4] - first[4]) % (1 << 32) >= steps * 160 and steps < 32768
        assert first[1] == 1, "the first packet of a talk spurt is marked"


# ---- sipp -----------------------------------------------------------------------------------------

class Message:
    def __init__(self, sent, text):
        self.sent, self.text = sent, text.strip()
        self.first = text.split("\n", 1)[0].strip()
        self.body = text.split("\n\n", 1)[1] if "\n\n" in text else ""

    def header(self, name):
        found = re.search(rf"^{name}: *(.*)$", self.text, re.M | re.I)
        return found.group(1).strip() if found else None

    @property
    def branch(self):
        return re.search(r"branch=([^;\s]+)", self.header("Via")).group(1)

    def __repr__(self):
        return ("> " if self.sent else "< ") + self.first


def digest_is_right(message, header, password):
    """RFC 7616 3.4.1, computed once more."""
    value = dict((k, v.strip('"')) for k, v in re.findall(r'(\w+)=("[^"]*"|[^,\s]*)', message.header(header)))
    algorithm = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[value["algorithm"]]

    def h(*parts):
        return algorithm(":".join(parts).encode()).hexdigest()
    a1, a2 = h(value["username"], value["realm"], password), h(message.first.split()[0], value["uri"])
    return value["uri"] == message.first.split()[1] and \
        value["response"] == h(a1, value["nonce"], value["nc"], value["cnonce"], value["qop"], a2)


class Ports:
    """A block of ports that no other run of these tests has meanwhile, below the range that the
    kernel gives out by itself. Every fourth one: a far end uses the next ones too (TLS, RTCP, video)."""
    FIRST, BLOCK, BLOCKS, STEP = 20000, 2000, 6, 4

    def __init__(self):
        self.next, self.first = 0, None
        self.lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # its name is the claim
        for i in random.sample(range(self.BLOCKS), self.BLOCKS):
            try:
                self.lock.bind(f"\0kolcast-test-ports-{i}")
            except OSError:
                continue
            self.first = self.FIRST + i * self.BLOCK
            return
        raise RuntimeError("too many runs of the tests at once: no ports are left")

    @staticmethod
    def is_free(port):
        for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
            with socket.socket(socket.AF_INET, kind) as s:
                try:
                    s.bind(("127.0.0.1", port))
                except OSError:
                    return False
        return True

    def take(self):
        for _ in range(self.BLOCK):
            port = self.first + self.next
            self.next = (self.next + self.STEP) % self.BLOCK
            if all(self.is_free(port + i) for i in range(self.STEP)):
                return port
        raise RuntimeError(f"no port is free from {self.first} on")


@functools.lru_cache(None)
def ports():
    return Ports()


def free_port():
    return ports().take()


def bound(port):
    for table in "udp", "tcp":
        with open(f"/proc/net/{table}", encoding="ascii") as f:
            if any(line.split()[1].endswith(f":{port:04X}") for line in f.readlines()[1:]):
                return True
    return False


class Nobody:
    """A port at which nobody says anything."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.phone = self.second = None
        self.kept = []

    def messages(self):
        while True:
            try:
                self.kept.append(Message(False, self.socket.recv(65536, socket.MSG_DONTWAIT).decode().replace("\r\n", "\n")))
            except BlockingIOError:
                return self.kept

    def got(self, method):
        return [m for m in self.messages() if m.first.startswith(method + " ")]

    def wait(self, seconds=0):
        return 0

    def story(self):
        return "\n".join(map(repr, self.messages()))

    def stop(self):
        self.socket.close()


class Sipp:
    """One sipp, answering `calls` calls by the steps. keys: words [name] in them. lines: for each call
    its [field0], [field1] …, parted by ;"""

    def __init__(self, folder, steps, calls=1, phone=None, keys=(), lines=(), args=(), seconds=60):
        self.folder = folder
        folder.mkdir(parents=True)
        self.phone, self.second = phone or Phone(), Phone()
        self.port = free_port()
        (folder / "far.xml").write_text(document(steps))
        (folder / "lines").write_text("\n".join(["SEQUENTIAL", *lines, ""]))
        keys = {"media": self.phone.port, "second": self.second.port, "closed": free_port(), **dict(keys)}
        with open(folder / "screen", "wb") as screen:
            self.process = subprocess.Popen(
                ["sipp", "-sf", "far.xml", "-i", "127.0.0.1", "-p", str(self.port), "-cp", str(free_port()),
                 "-mi", "127.0.0.1", "-mp", str(free_port()),
                 "-m", str(calls), "-nostdin", "-timeout", f"{seconds * PATIENCE}s", "-timeout_error",
                 "-default_behaviors", "none", "-trace_msg", "-message_file", "messages", "-trace_err",
                 "-error_file", "errors", *(["-inf", "lines"] if lines else []),
                 *(x for k, v in keys.items() for x in ("-key", k, str(v))), *args],
                cwd=folder, stdout=screen, stderr=screen, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 20 * PATIENCE
        while not bound(self.port):
            assert self.process.poll() is None and time.monotonic() < until, "sipp does not start:\n" + self.story()
            time.sleep(0.01)

    def wait(self, seconds=60):
        return self.process.wait(seconds * PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.phone.stop()
        self.second.stop()

    def messages(self):
        path = self.folder / "messages"
        text = path.read_text(errors="replace") if path.exists() else ""
        parts = re.split(r"^-{20,} .*\n(?:UDP|TCP) message (sent|received) [\[(]\d+(?:\] bytes ?| bytes\)):\n\n?", text, flags=re.M)
        return [Message(parts[i] == "sent", parts[i + 1].replace("\r\n", "\n")) for i in range(1, len(parts), 2)]

    def got(self, method):
        """The requests of a method that came, the repeated ones too."""
        return [m for m in self.messages() if not m.sent and m.first.startswith(method + " ")]

    def got_status(self, status, method):
        return [m for m in self.messages() if not m.sent and m.first.startswith(f"SIP/2.0 {status} ")
                and (m.header("CSeq") or "").endswith(method)]

    def story(self):
        errors = self.folder / "errors"
        screen = (self.folder / "screen").read_text(errors="replace")[-1500:] if not self.messages() else ""
        return "\n".join([*map(repr, self.messages()), errors.read_text(errors="replace") if errors.exists() else "", screen])
