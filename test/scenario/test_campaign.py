"""The campaign's rules with the real program: caps, trouble of one trunk, preflight, what happens when
the file or the people change, and what opt-outs and rejections reach."""
import signal
import time

from conftest import PATIENCE, crowd, ended, knows

pytestmark = knows("run", "carrier")


def trunks(*carriers, **each):
    """Trunks to carriers; each: a list of values for each of the further keys."""
    return [{"name": f"t{i}", "host": "127.0.0.1", "port": c.port if hasattr(c, "port") else c,
             **{k: v[i] for k, v in each.items() if v[i] is not None}} for i, c in enumerate(carriers)]


def run(place, *args, code=0, **how):
    return place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows",
                         "--json", *args, code=code, **how)


def show(place, campaign=1):
    return place.kolcast("campaign", "show", campaign, "--data", place.data, "--json").json[0]


def progress(result):
    return [e for e in result.json if e.get("event") == "progress"]


def test_caps_of_trunks_and_campaign(place, carrier):
    """At once: three calls by one trunk, five by the other, seven in all. And a rate for one of them."""
    busy = crowd(listen={"min": "1s", "max": "2s"})
    a, b = carrier(busy), carrier(busy)
    place.campaign(trunks=trunks(a, b, max_calls=[3, 5], calls_per_second=[2, None]),
                   pace={"calls_per_second": 40, "max_calls": 7})
    numbers = place.people(18)
    run(place)
    seen = a.stop(), b.stop()
    assert seen[0]["calls_up_max"] <= 3
    assert seen[1]["calls_up_max"] <= 5
    assert seen[0]["cps_max"] <= 2
    assert {**a.invites(), **b.invites()} == {n: 1 for n in numbers}
    assert a.invites() and b.invites()
    times = sorted([(e["at"], 1) for c in (a, b) for e in c.events("invite")] +
                   [(e["at"], -1) for c in (a, b) for e in c.events("ended")])
    up = most = 0
    for _, step in times:
        up += step
        most = max(most, up)
    assert most <= 7


def test_trouble_of_one_trunk(place, carrier):
    """It is slowed down, with the reason told; the other takes the calls."""
    bad = carrier(limits={"calls_per_second": 1, "retry_after": "1s"})
    good = carrier()
    place.campaign(trunks=trunks(bad, good), pace={"calls_per_second": 30, "max_calls": 100},
                   retry={"max_attempts": 3, "congestion": {"times": 2, "after": "1s"}})
    numbers = place.people(150)
    r = run(place, timeout=120)
    assert ended(r)["exit"] == 0
    pace = show(place)["pace"]
    slower = [p for p in pace if p["to"] < p["from"] and p["trunk"] == "t0"]
    assert slower and "overloaded" in slower[0]["reason"] and "503" in slower[0]["reason"]
    assert not [p for p in pace if p["trunk"] == "t1"]
    slowed = [e for e in progress(r) if e["slowed"]]
    assert slowed and any("t0: " in e["pace_reason"] for e in slowed)
    # The campaign's own rate is untouched: the good trunk takes what the bad one does not.
    assert max(e["cps_now"] for e in slowed) == 30
    reached = show(place)["people"]["reached"]
    assert reached > 100
    assert len(good.invites()) > len([n for n, k in bad.invites().items() if k])
    assert set(bad.invites()) | set(good.invites()) == set(numbers)


def test_trunk_that_is_gone(place, carrier):
    """Nobody listens there: hardly anybody's attempt is spent on it."""
    good = carrier()
    place.campaign(trunks=trunks(9, good), pace={"calls_per_second": 30, "max_calls": 100},
                   retry={"max_attempts": 3, "failed": {"times": 2, "after": "1s"}})
    place.people(120)
    r = run(place, timeout=120)
    assert ended(r)["people"]["reached"] >= 118
    reasons = [p["reason"] for p in show(place)["pace"] if p["trunk"] == "t0"]
    assert reasons and "does not answer" in reasons[0]
    # Half the calls of the two seconds until it is noticed; then it is tried now and then.
    assert place.one("SELECT count(*) FROM call_records WHERE trunk = 't0'") < 60


def test_unknown_numbers_slow_nobody(place, carrier):
    """404 is about the person's number, not about the trunk."""
    c = carrier(crowd(shares={"unknown": 1}))
    place.campaign(trunks=trunks(c), pace={"calls_per_second": 50, "max_calls": 100})
    place.people(60)
    run(place)
    assert not [p for p in show(place)["pace"] if p["trunk"]]


def test_rejected_is_never_retried(place, carrier):
    a, b = carrier(crowd(shares={"reject": 1})), carrier(crowd(shares={"reject": 1}))
    rule = {"times": 3, "after": "1s"}
    place.campaign(trunks=trunks(a, b), retry={"max_attempts": 5, "busy": rule, "no_answer": rule,
                                               "failed": rule, "congestion": rule, "machine": rule})
    numbers = place.people(20)
    run(place)
    calls = {n: a.invites().get(n, 0) + b.invites().get(n, 0) for n in numbers}
    assert calls == {n: 1 for n in numbers}


def test_retry_by_outcome(place, carrier):
    """A rule counts the outcome it is for, not the attempts before it."""
    c = carrier(crowd(shares={"busy": 1, "no_answer": 1}), anew=True)
    place.campaign(ring_timeout="1s",
                   retry={"max_attempts": 6, "busy": {"times": 1, "after": "1s"},
                          "no_answer": {"times": 1, "after": "1s"}})
    place.people(24)
    run(place, "--trunk", c.trunk, timeout=120)
    for number, in place.sql("SELECT DISTINCT number FROM call_records"):
        ends = [d for d, in place.sql("SELECT disposition FROM call_records WHERE number = ? ORDER BY "
                                      "attempt_id", number)]
        # At most once more each; the third of a kind, or the second of the last, is the end.
        assert max(ends.count(2), ends.count(3)) == 2 and ends.count(ends[-1]) == 2


def test_preflight_calls_nobody(place, carrier):
    c = carrier()
    place.campaign(cost={"per_call": 1, "currency": "ILS"})
    numbers = place.people(50)
    place.kolcast("blacklist", "add", f"+{numbers[0]}", "--data", place.data)
    r = run(place, "--trunk", c.trunk, "--preflight")
    p = next(e for e in r.json if e.get("event") == "preflight")
    assert (p["people"], p["callable"], p["blacklisted"], p["open_now"]) == (50, 49, 1, 49)
    assert p["finish"] and p["cost"] >= 49
    assert not c.invites()
    assert place.one("SELECT state FROM campaigns") == "draft"
    r = place.kolcast("run", "campaign.json", "people.csv", "--data", place.data, "--trunk", c.trunk,
                      "--ignore-windows", "--quiet")
    assert "49  will be called" in r.stderr and "1  on a do-not-call list" in r.stderr
    assert len(c.invites()) == 49


def test_file_changed(place, carrier):
    """Not guessed whether everybody is called again."""
    c = carrier()
    place.campaign(pace={"calls_per_second": 10, "max_calls": 50})
    place.people(20)
    p = place.start(*place.run_args(c))
    c.wait_calls(5)
    p.send_signal(signal.SIGINT)
    assert p.wait(30 * PATIENCE) == 3
    called = set(c.invites())
    place.campaign(pace={"calls_per_second": 50, "max_calls": 50})
    r = place.run(c, code=2)
    assert "--update" in r.stderr and "--again" in r.stderr
    assert set(c.invites()) == called
    place.run(c, "--update")
    assert set(c.invites().values()) == {1} and len(c.invites()) == 20
    assert place.one("SELECT count(*) FROM campaigns") == 1
    assert place.one("SELECT count(*) FROM audit WHERE action = 'update'") == 1
    place.run(c, "--again")
    assert set(c.invites().values()) == {2}
    assert place.one("SELECT count(*) FROM campaigns") == 2


def test_people_added_later(place, carrier):
    """A completed campaign goes on with the new ones alone."""
    c = carrier()
    place.campaign()
    place.people(10)
    place.run(c)
    place.run(c)  # nothing new, nobody is called
    assert sum(c.invites().values()) == 10
    place.people(15)
    place.run(c)
    assert set(c.invites().values()) == {1} and len(c.invites()) == 15


def test_resume_without_the_file(place, carrier):
    c = carrier()
    place.campaign(pace={"calls_per_second": 10, "max_calls": 50})
    place.people(20)
    p = place.start(*place.run_args(c))
    c.wait_calls(5)
    p.send_signal(signal.SIGINT)
    assert p.wait(30 * PATIENCE) == 3
    (place.folder / "campaign.json").unlink()
    (place.folder / "people.csv").unlink()
    place.kolcast("campaign", "resume", 1, "--data", place.data, "--trunk", c.trunk, "--ignore-windows",
                  "--quiet")
    assert set(c.invites().values()) == {1} and len(c.invites()) == 20


def test_start_and_end(place, carrier):
    """Before its start nobody is called, after its end neither; why says so."""
    c = carrier()
    place.campaign(start="2099-01-01T09:00", windows="00:00-24:00")
    numbers = place.people(5)
    args = ("run", "campaign.json", "people.csv", "--data", place.data, "--trunk", c.trunk, "--json")
    r = place.kolcast(*args, "--preflight")
    assert place.one("SELECT state FROM campaigns") == "scheduled"
    place.kolcast(*args, "--no-wait", code=3)
    place.campaign(end="2020-01-01T09:00", windows="00:00-24:00")
    r = place.kolcast(*args, "--update")
    assert "hours are over" in ended(r)["reason"]
    assert not c.invites()
    why = place.kolcast("campaign", "why", 1, f"+{numbers[0]}", "--data", place.data, "--json").json[0]
    assert not why["will_call"]
    assert r.json  # the preflight told it before
    assert next(e for e in r.json if e.get("event") == "preflight")["never_open"] == 5


def test_opt_out_reaches_who_rings(place, carrier):
    c = carrier(crowd(answer_after={"min": "100s", "max": "101s"}))
    place.campaign(ring_timeout="2m", pace={"calls_per_second": 50, "max_calls": 50})
    numbers = place.people(12)
    p = place.start(*place.run_args(c))
    c.wait_calls(12)
    time.sleep(0.5)
    place.kolcast("blacklist", "add", *[f"+{n}" for n in numbers[:4]], "--data", place.data)
    until = time.monotonic() + 20 * PATIENCE
    while len(c.events("ended")) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    assert {e["number"] for e in c.events("ended")} == set(numbers[:4])
    p.send_signal(signal.SIGINT)
    p.send_signal(signal.SIGINT)
    time.sleep(0.2)
    p.send_signal(signal.SIGINT)
    p.wait(30 * PATIENCE)
    assert place.one("SELECT count(*) FROM call_records WHERE reason LIKE '%while it rang%'") == 4


def test_steps_are_visible(place, carrier):
    c = carrier()
    place.campaign()
    place.people(5)
    place.run(c)
    steps = show(place)["steps"]
    assert [s["step"] for s in steps] == ["validate", "query", "queue", "monitor", "report"]
    assert all(s["state"] == "done" and s["ended"] for s in steps)
    assert steps[1]["detail"].startswith("5 people")


def test_interrupted_is_told(place, carrier):
    c = carrier()
    place.campaign(pace={"calls_per_second": 5, "max_calls": 50})
    place.people(20)
    p = place.start(*place.run_args(c))
    c.wait_calls(3)
    running = place.kolcast("campaign", "list", "--data", place.data, "--json").json[0]["campaigns"][0]
    assert running["state"] == "running" and not running["interrupted"]
    p.kill()
    p.wait()
    r = place.kolcast("campaign", "list", "--data", place.data)
    assert "interrupted" in r.stdout
