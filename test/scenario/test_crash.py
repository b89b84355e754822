"""kill -9 at any moment, then go on: no attempt is dialled twice, no record lost, no opt-out lost."""
import os
import subprocess

import pytest
from conftest import PATIENCE, SANITIZED, TONES, crowd, knows

pytestmark = knows("run", "carrier")


def test_killed_again_and_again(place, carrier, rng):
    c = carrier(crowd(keys={"1": 2, "9": 2, "none": 1}, listen={"min": "100ms", "max": "800ms"}))
    # Slower where everything is slower, so that the kills fall inside the campaign there too.
    place.campaign(pace={"calls_per_second": 40 // PATIENCE, "max_calls": 200})
    # Each kill ends what was claimed, about a second's worth: enough people for all twelve.
    numbers = place.people(600)
    kills = 0
    for _ in range(12):
        p = place.start(*place.run_args(c))
        try:
            assert p.wait(rng.uniform(0.15, 1.6) * PATIENCE) == 0
            break
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            kills += 1
        # Whoever heard that it is done is in the store, at this very moment (S2).
        if (place.data / "kolcast.db").exists() and kills % 3 == 0:
            assert place.one("PRAGMA integrity_check") == "ok"
    place.run(c, code=0, timeout=120)
    assert kills >= 3
    c.stop()
    # S3: one attempt allowed, so no number may have been dialled twice.
    assert all(n == 1 for n in c.invites().values())
    assert set(c.invites()) <= set(numbers)
    # S6: each attempt has exactly one record, and none is open.
    assert place.one("SELECT count(*) FROM attempts WHERE open = 1") == 0
    assert place.one("SELECT count(*) FROM attempts a LEFT JOIN call_records r ON r.attempt_id = a.id "
                     "WHERE r.attempt_id IS NULL") == 0
    recorded = {n for (n,) in place.sql("SELECT number FROM call_records")}
    assert set(c.invites()) <= recorded
    assert recorded == set(numbers)
    gone = {n for (n,) in place.sql("SELECT number FROM blacklist WHERE list = 'opt-out'")}
    assert c.heard(TONES["stopped"]) <= gone
    # And nobody who opted out was called afterwards.
    assert place.one("SELECT count(*) FROM call_records WHERE disposition = 0") == 0


PRIVATE = ["unshare", "--mount", "--propagation", "private"]


@pytest.mark.skipif(os.geteuid() != 0 or subprocess.run([*PRIVATE, "true"], capture_output=True).returncode,
                    reason="a small disk needs root and mount namespaces")
@pytest.mark.skipif(SANITIZED, reason="needs a mount namespace and the leak checker does not like it")
def test_disk_full(place, carrier):
    """Dialling stops with a clear message; what was confirmed is kept."""
    c = carrier(crowd(keys={"9": 1}, listen={"min": "100ms", "max": "300ms"}))
    place.campaign(pace={"calls_per_second": 100, "max_calls": 300})
    numbers = place.people(3000)
    place.data.mkdir()
    out = place.folder / "kept"
    command = " ".join(f"'{a}'" for a in place.command(*place.run_args(c)))
    script = (f"mount -t tmpfs -o size=3m small '{place.data}' && {{ {command}; rc=$?; "
              f"cp -r '{place.data}' '{out}'; exit $rc; }}")
    r = subprocess.run([*PRIVATE, "sh", "-c", script],
                       cwd=place.folder, capture_output=True, text=True, timeout=150)
    assert r.returncode == 4, f"exit {r.returncode}\n{r.stdout[-1500:]}\n{r.stderr[-1500:]}"
    said = (r.stdout + r.stderr).lower()
    assert "full" in said or "no space" in said or "disk" in said
    assert len(c.invites()) < len(numbers)
    c.stop()
    if not (out / "kolcast.db").exists():
        assert not c.invites()
        return
    db = out / "kolcast.db"
    gone = {n for (n,) in place.sql("SELECT number FROM blacklist WHERE list = 'opt-out'", db=db)}
    assert c.heard(TONES["stopped"]) <= gone
    claimed = {n for (n,) in place.sql("SELECT number FROM attempts", db=db)}
    assert set(c.invites()) <= claimed
