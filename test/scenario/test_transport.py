"""Trunks over TCP and TLS with the real program: the simulated carrier, certificates made by openssl,
baresip. What sipp sees of TCP is in test_sipp.py."""
import signal
import subprocess
import time

import pytest
from conftest import KOLCAST, PATIENCE, Place, crowd, ended, knows
from peers import free_port
from test_baresip import HEARS, PATIENT, Baresip

pytestmark = knows("run", "carrier")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A folder: ca.pem, other.pem (another authority), far.pem with its key far.key, for localhost."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in "ca", "other":
        openssl("req", "-x509", *new_key, "-days", "2", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    openssl("req", *new_key, "-keyout", "far.key", "-out", "far.csr", "-subj", "/CN=far")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "far.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "far.pem")
    return folder


@pytest.fixture
def tls_carrier(carrier, certificates):
    return carrier(crowd(keys={"1": 1}), args=["--tls-listen", "127.0.0.1:0", "--tls-cert", certificates / "far.pem",
                                               "--tls-key", certificates / "far.key"])


@pytest.mark.parametrize("transport", ["tcp", "tls", "sips"])
def test_campaign(place, tls_carrier, certificates, transport):
    """Many calls over few connections: all heard, every key and end came through."""
    c = tls_carrier
    port = c.port if transport == "tcp" else c.tls_port
    place.campaign(trunks=[{"name": "main", "host": "localhost", "port": port, "transport": transport,
                            **({"ca_file": str(certificates / "ca.pem")} if transport != "tcp" else {})}])
    place.people(60)
    r = place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json",
                      "--bind", "127.0.0.1")
    assert ended(r)["state"] == "completed"
    figures = c.stop()
    assert figures["calls"] == figures["answered"] == 60 and figures["lost_calls"] == 0
    assert [(r["disposition"], r["sip_status"]) for r in place.records()] == [("answered", 200)] * 60
    assert place.one("SELECT count(*) FROM sms_records") == 60  # each pressed 1


@pytest.mark.parametrize("host,ca,why", [("127.0.0.1", "ca.pem", "certificate is for localhost, not for 127.0.0.1"),
                                         ("localhost", "other.pem", "certificate is refused"),
                                         ("localhost", None, "certificate is refused")])
def test_wrong_certificate(place, tls_carrier, certificates, host, ca, why):
    """Nobody is called through somebody who is not who he should be, and the display says why."""
    place.campaign(trunks=[{"name": "main", "host": host, "port": tls_carrier.tls_port, "transport": "tls",
                            **({"ca_file": str(certificates / ca)} if ca else {})}])
    place.people(3)
    p = place.start("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json",
                    "--bind", "127.0.0.1")
    until = time.monotonic() + 20 * PATIENCE
    said = place.folder / "run0.out"
    while why not in said.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert why in said.read_text(), said.read_text()[-1500:]
    p.send_signal(signal.SIGINT)
    p.wait(30 * PATIENCE)
    assert tls_carrier.stop()["calls"] == 0


def test_not_checked(place, tls_carrier):
    """tls_verify false: whoever answers."""
    place.campaign(trunks=[{"name": "main", "host": "127.0.0.1", "port": tls_carrier.tls_port, "transport": "tls",
                            "tls_verify": False}])
    place.people(2)
    place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json")
    assert tls_carrier.stop()["answered"] == 2


def test_carrier_comes_back(place, carrier):
    """A carrier that is started again is found again, and the rest is called."""
    port = free_port()
    first = carrier(args=["--listen", f"127.0.0.1:{port}"])
    assert first.port == port
    place.campaign(trunks=[{"name": "main", "host": "127.0.0.1", "port": port, "transport": "tcp"}],
                   max_call="5s", pace={"calls_per_second": 20, "max_calls": 10}, retry={"max_attempts": 3, **{o: {"times": 3, "after": "1s"} for o in ("failed", "no_answer", "congestion")}})
    place.people(40)
    p = place.start("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json")
    first.wait_calls(10)
    first.kill()
    second = carrier(args=["--listen", f"127.0.0.1:{port}"])
    assert p.wait(120 * PATIENCE) == 0
    assert second.stop()["answered"] >= 20
    assert len({r["number"] for r in place.records() if r["disposition"] == "answered"}) >= 30


def test_certificate_options(place, certificates):
    """What the carrier cannot use it says, and does not start."""
    for args, named in ([("--tls-cert", certificates / "missing.pem")], "missing.pem"), \
            ([("--tls-key", certificates / "far.key")], "--tls-key"), \
            ([("--tls-cert", certificates / "far.pem"), ("--tls-key", certificates / "ca.key")], "ca.key"), \
            ([("--tls-cert", certificates / "far.pem"), ("--tls-key", certificates / "far.key"), ("--tls-listen", "x")], "--tls-listen"):
        r = place.kolcast("carrier", "--listen", "127.0.0.1:0", *[w for pair in args for w in pair], code=None, timeout=10)
        assert r.returncode and named in r.stderr, r.stderr


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_baresip(tmp_path, certificates, transport):
    """A softphone with a SIP stack of its own: answered, a key, hung up."""
    place = Place(tmp_path)
    number, = place.people(1)
    (certificates / "both.pem").write_text((certificates / "far.key").read_text() + (certificates / "far.pem").read_text())
    peer = Baresip(place.folder / "phone", number, [(HEARS, 1, "1")],
                   config=f"sip_certificate {certificates}/both.pem\n")
    try:
        place.campaign(trunks=[{"name": "phone", "host": "localhost", "port": peer.port + (transport == "tls"), "transport": transport,
                                **({"ca_file": str(certificates / "ca.pem")} if transport == "tls" else {})}], flow=PATIENT)
        run = place.start("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json", "--lanes", "1",
                          "--bind", "127.0.0.1")
        assert run.wait(60 * PATIENCE) == 0, peer.said()
        record, = place.records()
        assert (record["disposition"], record["ended_by"], record["sip_status"]) == ("answered", "us", 200), peer.said()
        assert [k["key"] for k in record["trace"]["keys"]] == ["1"]
        assert peer.heard() == ["welcome", "thanks", "bye"]
    finally:
        place.stop()
        peer.stop()
