"""Several trunks: their order and weight, and calls that one of them fails."""
import datetime
import json

from conftest import crowd, knows
from test_campaign import run, show, trunks

pytestmark = knows("run", "carrier")


def records(place, number):
    return place.sql("SELECT r.trunk, r.disposition, r.attempt_no, a.counts, a.decision FROM call_records r"
                     " JOIN attempts a ON a.id = r.attempt_id WHERE r.number = ? ORDER BY r.attempt_id", number)


def people(place):
    return show(place)["people"]


def untroubled(place, campaign=1):
    """No trunk was slowed down, as on a machine so busy that answers come late."""
    return not [p for p in show(place, campaign)["pace"] if p["trunk"]]


def test_overloaded_trunk_passes_on(place, carrier):
    """503 to all: everybody is reached by the other trunk, with the one attempt they have."""
    bad, good = carrier(crowd(shares={"congestion": 1})), carrier()
    place.campaign(trunks=trunks(bad, good, order=[1, 2]), pace={"calls_per_second": 20, "max_calls": 100})
    numbers = place.people(40)
    run(place, timeout=120)
    assert people(place)["reached"] == 40
    assert good.invites() == {n: 1 for n in numbers}
    assert bad.invites() and set(bad.invites().values()) == {1}
    passed = [n for n in numbers if n in bad.invites()]
    for n in passed:
        (t0, d0, no0, counts0, _), (t1, d1, no1, counts1, decision) = records(place, n)
        assert (t0, t1) == ("t0", "t1") and (no0, no1) == (1, 1) and (counts0, counts1) == (0, 1)
        assert d0 != d1 and json.loads(decision)["passed_on_from"] == "t0"
    assert all(len(records(place, n)) == 1 for n in numbers if n not in passed)
    assert place.one("SELECT max(attempts) FROM targets") == 1


def test_trunk_that_is_gone_passes_on(place, carrier):
    good = carrier()
    place.campaign(trunks=trunks(9, good, order=[1, 2]), pace={"calls_per_second": 20, "max_calls": 100})
    numbers = place.people(40)
    run(place, timeout=180)
    assert people(place)["reached"] == 40
    assert good.invites() == {n: 1 for n in numbers}
    assert place.one("SELECT count(*) FROM call_records WHERE trunk = 't0'") > 0


def test_persons_answers_are_not_passed_on(place, carrier):
    """Who declines, is busy, does not answer or has no such number is not tried by the other trunk."""
    shares = {"reject": 1, "busy": 1, "no_answer": 1, "unknown": 1}
    a, b = carrier(crowd(shares=shares)), carrier()
    place.campaign(trunks=trunks(a, b, order=[1, 2]), ring_timeout="1s")
    numbers = place.people(40)
    run(place, timeout=120)
    called = a.invites(), b.invites()
    assert {n: called[0].get(n, 0) + called[1].get(n, 0) for n in numbers} == {n: 1 for n in numbers}
    assert called[0] and (called[1] == {} or not untroubled(place))


def test_all_trunks_fail(place, carrier):
    """Once through each, then the retry rules; nobody is called for ever."""
    a, b = carrier(crowd(shares={"congestion": 1})), carrier(crowd(shares={"congestion": 1}))
    place.campaign(trunks=trunks(a, b), pace={"calls_per_second": 20, "max_calls": 100},
                   retry={"max_attempts": 2, "congestion": {"times": 1, "after": "1s"}})
    numbers = place.people(6)
    run(place, timeout=240)
    assert people(place)["exhausted"] == 6
    for n in numbers:
        assert sum(r[3] for r in records(place, n)) == 2  # what counts
        assert a.invites().get(n, 0) <= 2 and b.invites().get(n, 0) <= 2


def test_order(place, carrier):
    """The second trunk takes only what the first has no room for."""
    a, b = carrier(crowd(listen={"min": "1s", "max": "2s"})), carrier()
    place.campaign(trunks=trunks(a, b, order=[1, 2], max_calls=[3, None]),
                   pace={"calls_per_second": 20, "max_calls": 100})
    numbers = place.people(30)
    run(place)
    assert a.stop()["calls_up_max"] <= 3
    assert a.invites() and b.invites()
    assert {**a.invites(), **b.invites()} == {n: 1 for n in numbers}
    place.campaign(name="Room for all", trunks=trunks(b, carrier(), order=[1, 2]))
    run(place)
    if untroubled(place, 2):
        assert place.one("SELECT count(*) FROM call_records WHERE campaign_id = 2 AND trunk = 't1'") == 0


def test_weight(place, carrier):
    a, b = carrier(), carrier()
    place.campaign(trunks=trunks(a, b, weight=[3, 1]))
    place.people(80)
    run(place)
    assert len(a.invites()) + len(b.invites()) == 80
    assert not untroubled(place) or abs(len(a.invites()) - 60) <= 2


def test_retry_after(place, carrier):
    """The far side's word counts for more than the campaign's shorter wait."""
    c = carrier(crowd(shares={"congestion": 1}, retry_after="4s"))
    place.campaign(trunks=trunks(c), retry={"max_attempts": 2, "congestion": {"times": 1, "after": "1s"}})
    numbers = place.people(2)
    run(place, timeout=120)
    assert c.invites() == {n: 2 for n in numbers}
    for n in numbers:
        first, second = [datetime.datetime.fromisoformat(e["at"]) for e in c.events("invite") if e["number"] == n]
        assert (second - first).total_seconds() >= 4


def test_how_numbers_are_written(place, carrier):
    """The trunk's own form, and a caller's number by the beginning of the called one."""
    c = carrier()
    pools = [{"prefix": "+97250", "numbers": ["0721111111"]}, {"numbers": ["+97225550001", "+97225550002"]}]
    place.campaign(trunks=trunks(c, rewrite=[[{"from": "+972", "to": "0"}]], caller_numbers=[pools]))
    mobile = place.people(10)
    place.people(30, "more.csv", prefix="052")
    with open(place.folder / "people.csv", "a", encoding="utf-8") as f:
        f.writelines((place.folder / "more.csv").read_text().splitlines(keepends=True)[1:])
    run(place)
    calls = {e["called"]: e["caller"] for e in c.events("invite")}
    assert len(calls) == 40
    assert {calls[f"0{str(n)[3:]}"] for n in mobile} == {"0721111111"}
    others = [caller for called, caller in calls.items() if called.startswith("052")]
    assert len(others) == 30 and set(others) == {"+97225550001", "+97225550002"}
    assert place.one("SELECT caller_id FROM call_records WHERE number = ?", mobile[0]) == "0721111111"
