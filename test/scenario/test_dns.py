"""Trunks by name with the real program and a small DNS server: SRV, addresses, what is down, DNS that
does not answer. The names are of .test, which nobody has."""
import socket
import struct
import threading
import time

import pytest
from conftest import PATIENCE, crowd, ended, knows

pytestmark = knows("run", "carrier")

A, SRV = 1, 33


def name_of(text):
    return b"".join(bytes([len(w)]) + w.encode() for w in text.split(".") if w) + b"\0"


def srv(priority, port, target, weight=0):
    return SRV, struct.pack("!HHH", priority, weight, port) + name_of(target)


def a(address="127.0.0.1"):
    return A, socket.inet_aton(address)


class Dns(threading.Thread):
    """Answers from a dictionary (name, type) → records; others do not exist. silent: does not answer."""

    def __init__(self, records, silent=False):
        super().__init__(daemon=True)
        self.records, self.silent, self.asked = records, silent, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(2048)
            if not data:
                return
            words, at = [], 12
            while data[at]:
                words.append(data[at + 1:at + 1 + data[at]].decode())
                at += 1 + data[at]
            name, kind = ".".join(words).lower(), struct.unpack("!H", data[at + 1:at + 3])[0]
            self.asked.append((name, kind))
            if self.silent:
                continue
            found = self.records.get((name, kind), [])
            exists = any(n == name for n, _ in self.records)
            answer = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", t, 1, 60, len(d)) + d for t, d in found)
            self.socket.sendto(data[:2] + struct.pack("!HHHHH", 0x8580 | (0 if exists else 3), 1, len(found), 0, 0)
                               + data[12:at + 5] + answer, peer)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.socket.getsockname())
        self.join()
        self.socket.close()


@pytest.fixture
def dns():
    made = []

    def start(records, **how):
        made.append(Dns(records, **how))
        return made[-1]

    yield start
    for d in made:
        d.stop()


def campaign(place, host="sip.test", transport="udp", **changes):
    """At any hour: whom such a name leads to nobody knows, so --ignore-windows does not hold for it."""
    place.campaign(trunks=[{"name": "main", "host": host, "transport": transport}],
                   windows={d: ["00:00-24:00"] for d in ("sun-thu", "fri", "sat")}, **changes)


def run_args(place, server):
    return ("run", "campaign.json", "people.csv", "--data", place.data, "--json", "--dns", server.address, "--bind", "127.0.0.1")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_srv_in_order(place, carrier, dns, transport):
    """The lowest priority gets all calls, at the port that SRV names."""
    first, second = carrier(), carrier()
    d = dns({(f"_sip._{transport}.sip.test", SRV): [srv(20, second.port, "b.sip.test"), srv(10, first.port, "a.sip.test")],
             ("a.sip.test", A): [a()], ("b.sip.test", A): [a()]})
    campaign(place, transport=transport)
    place.people(10)
    assert ended(place.kolcast(*run_args(place, d)))["state"] == "completed"
    assert first.stop()["answered"] == 10 and second.stop()["calls"] == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_fail_over(place, carrier, dns, transport):
    """The first is not there: its calls are made through the second, and later ones go there at once."""
    second = carrier()
    d = dns({(f"_sip._{transport}.sip.test", SRV): [srv(10, 9, "a.sip.test"), srv(20, second.port, "b.sip.test")],
             ("a.sip.test", A): [a()], ("b.sip.test", A): [a()]})
    campaign(place, transport=transport)
    place.people(12)
    assert ended(place.kolcast(*run_args(place, d)))["state"] == "completed"
    assert second.stop()["answered"] == 12
    assert [r["disposition"] for r in place.records()] == ["answered"] * 12  # at the first attempt


def test_fail_over_from_silence(place, carrier, dns):
    """The first takes packets and says nothing: after four seconds the second is asked."""
    second = carrier()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        d = dns({("_sip._udp.sip.test", SRV): [srv(10, silent.getsockname()[1], "a.sip.test"), srv(20, second.port, "b.sip.test")],
                 ("a.sip.test", A): [a()], ("b.sip.test", A): [a()]})
        campaign(place, ring_timeout="20s")
        place.people(6)
        assert ended(place.kolcast(*run_args(place, d)))["state"] == "completed"
    assert [r["disposition"] for r in place.records()] == ["answered"] * 6
    assert second.stop()["answered"] == 6


def test_name_that_comes_later(place, carrier, dns):
    """While there is no such name nothing is called, and the display says why; then it goes on."""
    c = carrier()
    d = dns({})
    campaign(place)
    place.people(3)
    p = place.start(*run_args(place, d))
    said = place.folder / "run0.out"
    until = time.monotonic() + 30 * PATIENCE
    while "cannot find sip.test" not in said.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert "cannot find sip.test" in said.read_text(), said.read_text()[-1000:]
    d.records.update({("_sip._udp.sip.test", SRV): [srv(1, c.port, "a.sip.test")], ("a.sip.test", A): [a()]})
    assert p.wait(60 * PATIENCE) == 0
    assert c.stop()["answered"] == 3


def test_any_hour_is_not_for_names(place, dns):
    """--ignore-windows is for this machine alone, and such a name may lead anywhere."""
    d = dns({})
    place.campaign(trunks=[{"name": "main", "host": "sip.test"}])
    place.people(1)
    r = place.kolcast(*run_args(place, d), "--ignore-windows", code=None)
    assert r.returncode and "not on this machine" in r.stderr
    assert not d.asked


def test_wrong_server(place):
    campaign(place)
    place.people(1)
    r = place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--bind", "127.0.0.1", "--dns", "no server", code=None)
    assert r.returncode and "DNS server" in r.stderr
