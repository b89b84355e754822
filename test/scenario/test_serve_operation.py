"""kolcast serve as whoever operates it sees it: probes and metrics, the service manager, reload,
another user than root, the end with calls up, logs, the unit of systemd."""
import contextlib
import gzip
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import brotli
import pytest
from api import Client, Service, wait
from conftest import KOLCAST, PATIENCE, SANITIZED, SOURCE, crowd, knows
from prometheus_client.parser import text_string_to_metric_families
from test_api_campaigns import Place

pytestmark = knows("serve", "carrier")


def bare(s, token=None):
    """Paths that are not in the contract."""
    return Client(s.port, token, check=False)


def metrics(client, **headers):
    a = client.call("GET", "/metrics", headers=headers, expect=200)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value
            for f in text_string_to_metric_families(a.body.decode()) for s in f.samples}


# ---- probes and metrics ---------------------------------------------------------------------------


def test_probes_and_metrics(service):
    s = service()
    c = bare(s)
    for path in ("/healthz", "/readyz"):
        a = c.call("GET", path, expect=200)
        assert a.headers.get_content_type() == "application/json" and a.json["status"] in ("ok", "ready")
        assert c.call("HEAD", path).status == 200 and c.call("POST", path).status == 405
    s.admin.get("/api/lists")
    s.admin.get("/api/lists/999", expect=404)
    m = metrics(c)
    assert m["kolcast_http_requests_total", (("operation", "listLists"), ("status", "200"))] == 1
    assert m["kolcast_http_requests_total", (("operation", "getList"), ("status", "404"))] == 1
    assert m["kolcast_http_request_seconds_count", (("operation", "listLists"),)] == 1
    assert m["kolcast_http_connections", ()] >= 1
    wait(lambda: ("kolcast_indicator", (("indicator", "disk_free"),)) in metrics(c))
    assert ("kolcast_alert_active", (("indicator", "store_failing"),)) in m
    assert m["process_open_fds", ()] > 5
    # From elsewhere, or by a proxy: with a key only.
    c.call("GET", "/metrics", headers={"X-Forwarded-For": "192.0.2.1"}, expect=401)
    bare(s, s.key("audit:read").token).call("GET", "/metrics", headers={"Forwarded": "for=192.0.2.1"}, expect=403)
    assert metrics(bare(s, s.key("live:read").token), Forwarded="for=192.0.2.1")
    s.stop()


def test_not_ready_while_the_store_fails(service):
    """A disk that takes nothing more: a limit on the size of files, set from outside."""
    s = service()
    c, before = bare(s), resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    a = s.admin.post("/api/lists", {"name": "lost"}, expect=503)
    assert a.headers["Retry-After"]
    a = wait(lambda: (lambda r: r if r.status == 503 else None)(c.call("GET", "/readyz")))
    assert a.headers.get_content_type() == "application/problem+json" and a.json["detail"]
    assert c.call("GET", "/healthz").status == 200  # a restart would not help
    wait(lambda: s.admin.get("/api/health").json["status"] == "failing")
    resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, before)
    s.admin.post("/api/lists", {"name": "kept"}, expect=201)
    wait(lambda: c.call("GET", "/readyz").status == 200)
    assert [x["name"] for x in s.admin.get("/api/lists").json["items"]] == ["kept"]
    s.stop()


# ---- the end --------------------------------------------------------------------------------------


LONG = {"listen": {"min": "1s", "max": "1300ms"}, "keys": {"2": 1}, "rounds": 8}  # hears the menu for some 13 s


def calls_up(service, carrier, tmp_path, *args):
    s = service("--ignore-windows", *args)
    p = Place(s, carrier(crowd(**LONG)), tmp_path, count=6)
    i = p.campaign(pace={"calls_per_second": 20, "max_calls": 100})
    p.c.post(f"/api/campaigns/{i}/start")
    wait(lambda: p.c.get("/api/metrics").json["calls_up"] >= 3)
    return s, p, i


def test_ends_gracefully(service, carrier, tmp_path):
    """Calls finish; meanwhile it answers, is not ready, and starts nothing."""
    s, p, i = calls_up(service, carrier, tmp_path)
    c = bare(s)
    s.process.send_signal(signal.SIGTERM)
    a = wait(lambda: (lambda r: r if r.status == 503 else None)(c.call("GET", "/readyz")))
    assert "stopping" in a.json["detail"]
    assert c.call("GET", "/healthz").status == 200 and p.c.get("/api/metrics").status == 200
    j = p.campaign("Late")
    refused = p.c.call("POST", f"/api/campaigns/{j}/start")
    assert refused.status in (409, 503), refused
    assert s.process.wait(120 * PATIENCE) == 0, s.log()
    ended = p.carrier.events("ended")
    assert len(ended) == len(p.carrier.events("invite"))
    assert all(e["by"] != "nobody" and e["up_ms"] > 2000 for e in ended if e["answered"]), ended


@pytest.mark.parametrize("how", ["grace", "twice"])
def test_end_is_bounded(service, carrier, tmp_path, how):
    """The grace is over, or a second signal came: calls are hung up properly, not left alone."""
    s, p, i = calls_up(service, carrier, tmp_path, *(["--grace", 1] if how == "grace" else []))
    s.process.send_signal(signal.SIGTERM)
    if how == "twice":
        wait(lambda: bare(s).call("GET", "/readyz").status == 503)
        s.process.send_signal(signal.SIGTERM)
    assert s.process.wait(60 * PATIENCE) == 0, s.log()
    wait(lambda: len(p.carrier.events("ended")) == len(p.carrier.events("invite")))
    by = [e["by"] for e in p.carrier.events("ended")]
    assert "caller" in by and "nobody" not in by


# ---- the service manager --------------------------------------------------------------------------


class Manager:
    """What systemd hears."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.got = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while (text := self.socket.recv(4096).decode()) != "END":
            self.got.append(text)

    def count(self, text):
        return sum(text in m.split("\n") for m in self.got)

    def stop(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"END", self.path)
        self.thread.join()
        self.socket.close()


def test_tells_the_manager(service, tmp_path):
    m = Manager(tmp_path)
    try:
        s = service(env={"NOTIFY_SOCKET": m.path, "WATCHDOG_USEC": "400000"})
        wait(lambda: m.count("READY=1") == 1)
        wait(lambda: m.count("WATCHDOG=1") >= 3)
        s.process.send_signal(signal.SIGHUP)
        wait(lambda: m.count("READY=1") == 2)
        assert m.count("RELOADING=1") == 1
        assert any(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", x) for x in m.got)
        s.stop()
        assert m.count("STOPPING=1") == 1
        states = [x.split("\n")[0] for x in m.got if not x.startswith("WATCHDOG")]
        assert states == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    finally:
        m.stop()


def test_no_watchdog_for_others(service, tmp_path):
    """WATCHDOG_PID names somebody else: a shell that started us."""
    m = Manager(tmp_path)
    try:
        s = service(env={"NOTIFY_SOCKET": m.path, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"})
        s.process.send_signal(signal.SIGHUP)
        wait(lambda: m.count("READY=1") == 2)
        s.stop()
        assert m.count("WATCHDOG=1") == 0
    finally:
        m.stop()


def test_socket_of_the_manager(tmp_path):
    """A socket that is bound already (LISTEN_FDS): between two services no connection is refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        port = listener.getsockname()[1]
        script = f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        for _ in range(2):
            with open(tmp_path / "serve.err", "wb") as err:
                p = subprocess.Popen(["bash", "-c", script, "bash", KOLCAST, "serve", "--data", tmp_path / "data", "--json"],
                                     pass_fds=[listener.fileno()], stdout=subprocess.PIPE, stderr=err, text=True)
            try:
                assert f'"port":{port},' in p.stdout.readline(), (tmp_path / "serve.err").read_text()
                assert Client(port, check=False).call("GET", "/readyz").status == 200
                p.terminate()
                assert p.wait(60 * PATIENCE) == 0
                with socket.create_connection(("127.0.0.1", port), timeout=30):
                    pass  # waits for the next one
            finally:
                if p.poll() is None:
                    p.kill()
                p.wait()
                p.stdout.close()


def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "90", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.pem"], check=True, capture_output=True)
    return folder / f"{name}.pem", folder / f"{name}.key"


def served(port):
    """The certificate that the port shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=30 * PATIENCE) as raw, context.wrap_socket(raw) as s:
        return s.getpeercert(True)


def test_reload(service, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    pairs = {name: certificate(tmp_path, name) for name in ("one", "two")}
    der = {name: ssl.PEM_cert_to_DER_cert(pair[0].read_text()) for name, pair in pairs.items()}

    def put(name):
        for source, to in zip(pairs[name], (cert, key)):
            shutil.copy(source, f"{to}.new")
            os.replace(f"{to}.new", to)

    put("one")
    s = service("--tls-cert", cert, "--tls-key", key, set_up=False)
    assert served(s.port) == der["one"]
    put("two")
    s.process.send_signal(signal.SIGHUP)
    wait(lambda: served(s.port) == der["two"])
    key.write_text("nothing")  # a bad pair is told, and the good one stays
    s.process.send_signal(signal.SIGHUP)
    wait(lambda: "no private key can be read" in s.log())
    assert served(s.port) == der["two"]
    s.stop()


# ---- another user ---------------------------------------------------------------------------------


@contextlib.contextmanager
def open_folder():
    """One that other users may pass, which pytest's are not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kolcast-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user():
    who = pwd.getpwnam("nobody")
    with open_folder() as folder:
        s = Service(folder, "--user", "nobody")
        try:
            status = pathlib.Path(f"/proc/{s.process.pid}/status").read_text()
            for kind, number in (("Uid", who.pw_uid), ("Gid", who.pw_gid)):
                assert re.search(rf"^{kind}:\s+(.*)$", status, re.M)[1].split() == [str(number)] * 4
            groups = re.search(r"^Groups:[ \t]*(.*)$", status, re.M)[1].split()
            assert groups in ([], [str(who.pw_gid)])
            assert re.search(r"^CapEff:\s+(\w+)$", status, re.M)[1].strip("0") == ""
            threads = pathlib.Path(f"/proc/{s.process.pid}/task").iterdir()
            assert all(f"Uid:\t{who.pw_uid}\t" in (t / "status").read_text() for t in threads)
            assert s.data.stat().st_uid == who.pw_uid and s.data.stat().st_mode & 0o777 == 0o700
            assert {f.stat().st_uid for f in s.data.rglob("*")} == {who.pw_uid}
            assert s.admin.post("/api/lists", {"name": "kept"}).status == 201
            assert metrics(bare(s))["process_open_fds", ()] > 5
            assert "runs as root" not in s.log()
            s.stop()
            s.start()
            assert [x["name"] for x in s.admin.get("/api/lists").json["items"]] == ["kept"]
            s.stop()
        finally:
            s.kill()


@pytest.mark.parametrize("user, words", [("no-such-user", "there is no user"), ("root", "is root")])
def test_wrong_user(tmp_path, user, words):
    r = subprocess.run([KOLCAST, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--user", user],
                       capture_output=True, text=True, timeout=60 * PATIENCE)
    assert r.returncode != 0 and words in r.stderr and "--user" in r.stderr
    assert not (tmp_path / "data").exists()


# ---- logs and files -------------------------------------------------------------------------------


LINE = re.compile(r'time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(debug|info|warn|error) msg="[^"]*"( [a-z_]+=("[^\n]*"|\S*))*')


def test_logs_are_structured(service):
    s = service()
    c = s.admin
    c.get("/api/lists")
    bare(s).call("GET", "/no/such%22thing%3D1%20x%0Alevel=error")
    s.process.send_signal(signal.SIGHUP)
    wait(lambda: "read anew" in s.log())
    s.stop()
    lines = [x for x in s.log().splitlines() if not x.startswith("==")]
    assert len(lines) > 3
    wrong = [x for x in lines if not LINE.fullmatch(x)]
    assert not wrong
    assert not any(secret in s.log() for secret in (c.token, s.setup_token))


def test_static_files_are_compressed(service):
    c = bare(service())
    plain = c.call("GET", "/api/docs/page.js", headers={"Accept-Encoding": "identity"}, expect=200)
    assert "Content-Encoding" not in plain.headers and plain.headers["Vary"]
    tags = {plain.headers["ETag"]}
    for accept, encoding, read in (("gzip", "gzip", gzip.decompress), ("gzip, br", "br", brotli.decompress)):
        a = c.call("GET", "/api/docs/page.js", headers={"Accept-Encoding": accept}, expect=200)
        assert a.headers["Content-Encoding"] == encoding and len(a.body) < len(plain.body) / 2
        assert read(a.body) == plain.body
        tags.add(a.headers["ETag"])
        again = c.call("GET", "/api/docs/page.js", headers={"Accept-Encoding": accept, "If-None-Match": a.headers["ETag"]})
        assert again.status == 304 and not again.body
    assert len(tags) == 3


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_unit(tmp_path):
    text = (SOURCE / "deploy/systemd/kolcast.service").read_text()
    unit = tmp_path / "kolcast.service"
    assert text.count("/usr/bin/kolcast") == 1
    unit.write_text(text.replace("/usr/bin/kolcast", str(KOLCAST)))
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert r.returncode == 0 and "kolcast.service" not in r.stderr, r.stderr
    r = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", unit],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stdout
