"""The main job against the simulated carrier: figures on both sides must agree, the cap holds,
Ctrl-C pauses, a blacklist entry counts at once."""
import os
import signal
import subprocess
import time

import pytest
from conftest import PATIENCE, SANITIZED, SOURCE, BUILD, TONES, crowd, ended, knows

pytestmark = knows("run", "carrier")


def check_both_sides(place, carrier, figures, numbers):
    """What the store says is what the carrier saw."""
    invites = carrier.invites()
    assert place.one("SELECT count(*) FROM call_records WHERE dialled_ms > 0") == sum(invites.values())
    assert place.one("SELECT count(*) FROM call_records WHERE answered_ms > 0") == figures["answered"]
    assert place.one("SELECT count(*) FROM attempts") == place.one("SELECT count(*) FROM call_records")
    assert place.one("SELECT count(*) FROM attempts WHERE open = 1") == 0
    assert set(invites) <= set(numbers)
    dialled = dict(place.sql("SELECT number, count(*) FROM call_records WHERE dialled_ms > 0 GROUP BY number"))
    assert dialled == invites


def test_figures_agree(place, carrier):
    c = carrier(crowd(shares={"answer": 60, "busy": 15, "no_answer": 10, "reject": 10, "unknown": 5},
                      keys={"1": 3, "9": 1, "2": 1, "7": 1, "none": 2}, rounds=2))
    place.campaign()
    numbers = place.people(150)
    r = place.run(c)
    figures = c.stop()
    e = ended(r)
    assert e["exit"] == 0
    check_both_sides(place, c, figures, numbers)
    by = e["calls"]["by_outcome"]
    b = figures["behaviour"]
    assert by["busy"] == b["busy"]
    assert by["rejected"] == b["reject"]
    assert by["no_answer"] == b["no_answer"]
    assert e["people"]["total"] == 150
    # S5, at the far end: no sliding second above the cap.
    assert figures["cps_max"] <= 50
    # A person who answered heard the welcome; who pressed 9 first heard that it is done (S2).
    gone = {n for (n,) in place.sql("SELECT number FROM blacklist WHERE list = 'opt-out'")}
    assert c.heard(TONES["stopped"]) <= gone
    assert gone
    texts = place.one("SELECT count(*) FROM sms_records")
    assert texts == len(place.sql("SELECT DISTINCT attempt_id FROM sms_records"))
    assert len(c.heard(TONES["thanks"])) <= texts
    answered = {x["number"] for x in c.events("ended") if x["answered"]}
    assert len(c.heard(TONES["welcome"])) >= len(answered) * 0.98


def test_pause_and_go_on(place, carrier):
    c = carrier(crowd())
    place.campaign(pace={"calls_per_second": 15, "max_calls": 100})
    numbers = place.people(60)
    p = place.start(*place.run_args(c))
    c.wait_calls(15)
    p.send_signal(signal.SIGINT)
    assert p.wait(30 * PATIENCE) == 3
    seen = len(c.events("invite"))
    assert seen < 60
    # Calls in progress have finished by themselves, not been cut.
    assert all(e["by"] != "nobody" for e in c.events("ended"))
    assert place.one("SELECT state FROM campaigns") == "paused"
    assert place.one("SELECT count(*) FROM call_records WHERE dialled_ms > 0") == seen
    place.run(c)
    assert c.invites() == {n: 1 for n in numbers}
    assert place.one("SELECT state FROM campaigns") == "completed"
    check_both_sides(place, c, c.stop(), numbers)


def test_twice_interrupted_ends_calls(place, carrier):
    c = carrier(crowd())
    place.campaign(pace={"calls_per_second": 15, "max_calls": 100})
    place.people(60)
    p = place.start(*place.run_args(c))
    c.wait_calls(10)
    p.send_signal(signal.SIGINT)
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    assert p.wait(15 * PATIENCE) in (3, 130)
    assert place.one("SELECT count(*) FROM attempts WHERE open = 1") == 0


def test_blacklist_counts_at_once(place, carrier):
    c = carrier(crowd())
    place.campaign(pace={"calls_per_second": 6, "max_calls": 50})
    numbers = place.people(40)
    p = place.start(*place.run_args(c))
    c.wait_calls(4)
    called = set(c.invites())
    late = [n for n in numbers if n not in called][-15:]
    place.kolcast("blacklist", "add", *[f"+{n}" for n in late], "--reason", "asked", "--data", place.data)
    already = set(c.invites()) & set(late)
    assert p.wait(60 * PATIENCE) == 0
    assert set(c.invites()) & set(late) <= already
    assert len(already) < 5
    assert set(c.invites()) == set(numbers) - (set(late) - already)


def test_send_fallback(place, carrier):
    """Without io_uring the audio is the same."""
    c = carrier(crowd(keys={"1": 1}))
    place.campaign()
    numbers = place.people(30)
    place.run(c, "--no-uring")
    figures = c.stop()
    check_both_sides(place, c, figures, numbers)
    assert figures["answer_to_audio_us"]["count"] == 30
    # A busy machine may mix two tones in the frames that the ear needs.
    assert len(c.heard(TONES["welcome"])) >= 27
    assert c.heard(TONES["thanks"])


def test_retry(place, carrier):
    c = carrier(crowd(shares={"busy": 1}))
    place.campaign(retry={"max_attempts": 3, "per_day": 3, "busy": {"times": 2, "after": "1s"}})
    numbers = place.people(10)
    place.run(c)
    assert c.invites() == {n: 3 for n in numbers}
    check_both_sides(place, c, c.stop(), numbers)


def test_windows_hold(place, carrier):
    """Closed all week but one minute of another day: nobody is called, and it says so."""
    c = carrier(crowd())
    day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(int(time.strftime("%w")) + 3) % 7]
    place.campaign(windows={day: ["09:00-09:01"]})
    place.people(5)
    place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--trunk", c.trunk,
                  "--json", "--no-wait", code=3)
    assert c.invites() == {}


def test_ignore_windows_only_here(place):
    place.campaign()
    place.people(5)
    r = place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--trunk",
                      "sip:192.0.2.1:5060", "--ignore-windows", code=2)
    assert "192.0.2.1" in r.stderr
    assert not place.data.exists() or not (place.data / "kolcast.db").exists() or \
        place.one("SELECT count(*) FROM campaigns") == 0


@pytest.mark.skipif(SANITIZED, reason="a demonstration of speed")
def test_demo(tmp_path):
    """make demo, as a user runs it."""
    env = dict(os.environ, NO_COLOR="1")
    r = subprocess.run([SOURCE / "tools" / "demo", BUILD, "--plain"], cwd=SOURCE, env=env,
                       capture_output=True, text=True, timeout=170)
    assert r.returncode == 0, r.stdout[-3000:] + r.stderr[-3000:]
    assert "Now try:" in r.stdout
