"""The simulated carrier as who rehearses meets it: its end, its limits, what it says when it is asked
for what it cannot do. What it does in calls is seen in the tests of `run`."""
import json
import resource
import signal
import subprocess
import time

import pytest
from conftest import KOLCAST, PATIENCE, crowd, ended, knows

pytestmark = knows("run", "carrier")


def test_ending_takes_no_more_calls(place, carrier):
    """Ctrl-C at the carrier: those who talk hang up, who rings is refused, nobody new comes in."""
    c = carrier(crowd(listen={"min": "20s", "max": "20s"}, keys={"1": 1},
                      answer_after={"min": "50ms", "max": "6s"}))
    place.campaign(pace={"calls_per_second": 40, "max_calls": 400})
    place.people(400)
    p = place.start(*place.run_args(c))
    c.wait_calls(80)
    c.process.send_signal(signal.SIGINT)
    out, _ = c.process.communicate(timeout=20 * PATIENCE)
    assert c.process.returncode == 0
    figures = json.loads(out.splitlines()[-1])
    invites, ends = c.events("invite"), c.events("ended")
    assert len(invites) == len(ends)
    assert {e["by"] for e in ends} <= {"person", "caller"}
    talked = [e for e in ends if e["answered"]]
    assert talked and len(talked) == figures["answered"]
    assert figures["lost_calls"] == 0
    p.send_signal(signal.SIGINT)
    time.sleep(0.2)
    p.send_signal(signal.SIGINT)
    p.wait(60 * PATIENCE)
    # What the carrier ended, the caller knows as ended: no call hangs in the air.
    assert place.one("SELECT count(*) FROM call_records WHERE answered_ms > 0") == len(talked)


def test_fewer_files_than_calls(place, carrier, tmp_path):
    """Where few files may be open, calls beyond are refused as by a full trunk: none fails."""
    population = tmp_path / "population.json"
    population.write_text(json.dumps({"version": 1, "default": crowd()}))
    with open(tmp_path / "few.err", "wb") as err:
        c = subprocess.Popen(
            [KOLCAST, "carrier", population, "--listen", "127.0.0.1:0", "--json", "--calls", "4000"],
            stdout=subprocess.PIPE, stderr=err, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150)))
    try:
        port = json.loads(c.stdout.readline())["port"]
        place.campaign(pace={"calls_per_second": 100, "max_calls": 300}, max_call="5s",
                       retry={"max_attempts": 1})
        place.people(150)
        place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--trunk",
                      f"sip:127.0.0.1:{port}", "--ignore-windows", "--json")
    finally:
        c.send_signal(signal.SIGTERM)
        out, _ = c.communicate(timeout=20 * PATIENCE)
    figures = json.loads(out.splitlines()[-1])
    assert c.returncode == 0
    assert "each needs an open file" in (tmp_path / "few.err").read_text()
    assert figures["calls_up_max"] <= 86
    assert figures["refused_limit"] > 0, json.dumps(figures)[:700]
    assert place.sql("SELECT DISTINCT sip_status FROM call_records WHERE sip_status >= 400") == [(503,)]


@pytest.mark.parametrize("args, place_named, remedy", [
    (["missing.json"], "missing.json", "check the name"),
    (["."], "folder", "name a file"),
    (["--listen", "here"], "--listen", "127.0.0.1:5060"),
    (["--listen", "127.0.0.1:70000"], "--listen", "127.0.0.1:5060"),
    (["--log", "/nonexistent/log"], "/nonexistent/log", "folder"),
    (["--hear", "2"], "--hear", "0"),
    (["--calls", "0"], "--calls", "1"),
    (["one.json", "two.json"], "two.json", "--help"),
])
def test_what_cannot_be(tmp_path, args, place_named, remedy):
    r = subprocess.run([KOLCAST, "carrier", *args], cwd=tmp_path, capture_output=True, text=True,
                       timeout=30)
    assert r.returncode == 2
    assert place_named in r.stderr and remedy in r.stderr
    assert not r.stdout


def test_port_that_is_taken(carrier):
    c = carrier(crowd())
    r = subprocess.run([KOLCAST, "carrier", "--listen", f"127.0.0.1:{c.port}"], capture_output=True,
                       text=True, timeout=30)
    assert r.returncode != 0
    assert str(c.port) in r.stderr and "another" in r.stderr
