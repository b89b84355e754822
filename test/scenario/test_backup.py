"""kolcast backup and restore: of a moment, whole or not at all, refused when wrong, kill -9 safe."""
import fcntl
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import time
import zipfile

from conftest import PATIENCE, crowd, knows

pytestmark = knows("backup", "restore")

TABLES = ("lists", "contacts", "campaigns", "targets", "attempts", "call_records", "blacklist",
          "sms_records", "audit")


def content(folder):
    """What a data folder holds: rows and files, for comparison."""
    found = {}
    with sqlite3.connect(folder / "kolcast.db", timeout=10) as c:
        assert c.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for t in TABLES:
            found[t] = c.execute(f"SELECT * FROM {t} ORDER BY 1, 2").fetchall()
    for sub in ("audio", "reports"):
        for p in sorted((folder / sub).rglob("*")):
            if p.is_file():
                found[str(p.relative_to(folder))] = p.read_bytes()
    return found


def without_audit(found):
    return {k: v for k, v in found.items() if k != "audit"}


def fill(place, name, people=30):
    """A data folder with a list, an opt-out and recordings."""
    folder = place.folder / name
    csv = place.folder / f"{name}.csv"
    csv.write_text("phone,name\n" + "".join(f"05010{i:05d},person {i}\n" for i in range(people)))
    place.kolcast("import", csv, "--list", name, "--data", folder)
    place.kolcast("blacklist", "add", "0541234567", "--reason", name, "--data", folder)
    (folder / "audio").mkdir()
    (folder / "audio" / f"{name}.wav").write_bytes(random.randbytes(50000))
    return folder


def rebuild(source, to, change):
    """The archive with change(files) applied: a dict of name to bytes, and its manifest."""
    with zipfile.ZipFile(source) as z:
        files = {n: z.read(n) for n in z.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    change(files, manifest)
    for f in manifest["files"]:
        if f["name"] in files:
            f["bytes"] = len(files[f["name"]])
            f["sha256"] = hashlib.sha256(files[f["name"]]).hexdigest()
    with zipfile.ZipFile(to, "w") as z:
        z.writestr("manifest.json", json.dumps(manifest))
        for n, data in files.items():
            z.writestr(n, data)


def test_there_and_back(place):
    a = fill(place, "a")
    r = place.kolcast("backup", "a.zip", "--data", a, "--json")
    assert r.json[-1]["verified"] is True and r.json[-1]["files"] == 2
    assert (place.folder / "a.zip").stat().st_mode & 0o077 == 0  # people's numbers are in it
    assert not (place.folder / "a.zip.part").exists()
    before = content(a)
    b = place.folder / "b"
    place.kolcast("restore", "a.zip", "--data", b)
    assert without_audit(content(b)) == without_audit(before)
    audit = content(b)["audit"][-1]
    assert "restore" in audit
    # It is usable.
    place.kolcast("blacklist", "add", "0541234568", "--reason", "later", "--data", b)


def test_existing_is_kept(place):
    a, b = fill(place, "a"), fill(place, "b")
    place.kolcast("backup", "a.zip", "--data", a)
    first = (place.folder / "a.zip").read_bytes()
    r = place.kolcast("backup", "a.zip", "--data", b, code=2)
    assert "--force" in r.stderr and (place.folder / "a.zip").read_bytes() == first
    before = content(b)
    r = place.kolcast("restore", "a.zip", "--data", b, code=2)
    assert "--force" in r.stderr and content(b) == before
    place.kolcast("restore", "a.zip", "--data", b, "--force")
    kept = [p for p in b.iterdir() if p.name.startswith("replaced-")]
    assert len(kept) == 1 and without_audit(content(kept[0])) == without_audit(before)
    after = content(b)
    assert after["contacts"] == content(a)["contacts"] and "audio/a.wav" in after
    assert "audio/b.wav" not in after
    # Who opted out after the backup stays so: the entry of the replaced data is there too.
    assert len(after["blacklist"]) == 1
    place.kolcast("backup", "a.zip", "--data", b, "--force")


def test_opt_outs_are_kept_and_campaigns_stopped(place, carrier):
    c = carrier(crowd(listen={"min": "30s", "max": "60s"}))
    place.campaign()
    place.people(6)
    run = place.start(*place.run_args(c))
    c.wait_calls(3)
    # While calls are up: the moment is whole.
    place.kolcast("backup", "busy.zip", "--data", place.data)
    # Somebody opts out after it.
    place.kolcast("blacklist", "add", "0549999999", "--reason", "asked", "--data", place.data)
    r = place.kolcast("restore", "busy.zip", "--data", place.data, "--force", code=None)
    assert r.returncode and "in use" in r.stderr
    run.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    run.send_signal(signal.SIGTERM)
    run.wait(60)
    calls = place.one("SELECT count(*) FROM call_records")
    assert calls > 0
    r = place.kolcast("restore", "busy.zip", "--data", place.data, "--force", "--json")
    assert r.json[-1]["campaigns_paused"] == 1 and r.json[-1]["opt_outs_kept"] == 1
    assert place.one("SELECT state FROM campaigns") == "paused"
    assert "backup" in place.one("SELECT state_reason FROM campaigns")
    assert place.one("SELECT count(*) FROM blacklist WHERE number = 972549999999") == 1
    # What was under way in the backup is ended as interrupted when the campaign goes on.
    assert place.one("SELECT count(*) FROM attempts WHERE open = 1") > 0


def test_moment_is_whole_while_many_write(place, carrier):
    """Backups one after the other while calls begin and end: each is of one moment."""
    c = carrier(crowd(listen={"min": "50ms", "max": "200ms"}))
    place.campaign(pace={"calls_per_second": 40 // PATIENCE, "max_calls": 100})
    place.people(150)
    run = place.start(*place.run_args(c))
    c.wait_calls(3)
    made = 0
    while run.poll() is None and made < 12:
        place.kolcast("backup", f"{made}.zip", "--data", place.data)
        made += 1
    assert made > 1
    for i in range(made):
        with zipfile.ZipFile(place.folder / f"{i}.zip") as z:
            z.extract("kolcast.db", place.folder / f"moment{i}")
        db = place.folder / f"moment{i}" / "kolcast.db"
        ended = place.one("SELECT count(*) FROM attempts WHERE open = 0", db=db)
        assert ended == place.one("SELECT count(*) FROM call_records", db=db)
        assert ended == place.one("SELECT coalesce(sum(calls), 0) FROM call_totals", db=db)
    run.wait(120)


def test_wrong_files_are_refused(place):
    a, target = fill(place, "a"), place.folder / "target"
    place.kolcast("backup", "a.zip", "--data", a)
    good = (place.folder / "a.zip").read_bytes()

    def newer(files, manifest):
        db = place.folder / "newer.db"
        db.write_bytes(files["kolcast.db"])
        with sqlite3.connect(db) as c:
            c.execute("PRAGMA user_version = 9999")
        files["kolcast.db"] = db.read_bytes()

    def no_database(files, manifest):
        files["kolcast.db"] = b"not a database" * 100

    def rows_lead_nowhere(files, manifest):
        db = place.folder / "torn.db"
        db.write_bytes(files["kolcast.db"])
        with sqlite3.connect(db) as c:
            c.execute("PRAGMA foreign_keys = OFF")
            c.execute("DELETE FROM lists")
        files["kolcast.db"] = db.read_bytes()

    def newer_format(files, manifest):
        manifest["format"] = 2

    def outside(files, manifest):
        files["../evil"] = b"x"
        manifest["files"].append({"name": "../evil"})

    def absolute(files, manifest):
        files["/tmp/evil"] = b"x"
        manifest["files"].append({"name": "/tmp/evil"})

    def hidden(files, manifest):
        files["audio/extra.wav"] = b"x"

    def missing(files, manifest):
        del files["audio/a.wav"]

    def elsewhere(files, manifest):
        files["lock"] = b"x"
        manifest["files"].append({"name": "lock"})

    cases = {f.__name__: f for f in (newer, no_database, rows_lead_nowhere, newer_format, outside,
                                     absolute, hidden, missing, elsewhere)}
    for name, change in cases.items():
        rebuild(place.folder / "a.zip", place.folder / f"{name}.zip", change)
    for name, data in {"empty": b"", "text": b"phone\n0501234567\n", "cut": good[:len(good) // 2],
                       "tail": good[-2000:]}.items():
        (place.folder / f"{name}.zip").write_bytes(data)
        cases[name] = None
    for name in cases:
        r = place.kolcast("restore", f"{name}.zip", "--data", target, code=2)
        assert f"{name}.zip" in r.stderr or "kolcast.db" in r.stderr, (name, r.stderr)
        assert "try:" in r.stderr, (name, r.stderr)
        assert not (target / "kolcast.db").exists() and not (target / ".restore").exists(), name
    assert not os.path.exists("/tmp/evil") and not (place.folder / "evil").exists()
    r = place.kolcast("restore", "nowhere.zip", "--data", target, code=2)
    assert "no such file" in r.stderr
    place.kolcast("restore", "a.zip", "--data", target)  # the good one still is


def test_damage_anywhere(place, rng):
    """A byte changed anywhere: refused, or it was one that means nothing."""
    a = fill(place, "a", people=3)
    place.kolcast("backup", "a.zip", "--data", a)
    good = (place.folder / "a.zip").read_bytes()
    before = without_audit(content(a))
    refused = 0
    for i in range(30):
        bad = bytearray(good)
        at = rng.randrange(len(bad))
        bad[at] ^= 1 << rng.randrange(8)
        (place.folder / "bad.zip").write_bytes(bad)
        target = place.folder / f"t{i}"
        r = place.kolcast("restore", "bad.zip", "--data", target, code=None)
        if r.returncode:
            assert r.returncode == 2 and r.stderr.startswith("kolcast: "), (at, r.stderr)
            assert not (target / "kolcast.db").exists(), at
            refused += 1
        else:
            assert without_audit(content(target)) == before, at
    assert refused > 20


def killed_after(place, seconds, *args):
    p = place.start(*args)
    time.sleep(seconds)
    p.kill()
    return p.wait()


def test_backup_killed(place, rng):
    a = fill(place, "a", people=3000)
    place.kolcast("backup", "a.zip", "--data", a)
    first = (place.folder / "a.zip").read_bytes()
    started = time.monotonic()
    place.kolcast("backup", "b.zip", "--data", a)
    whole = time.monotonic() - started
    killed = 0
    for i in range(12):
        killed += killed_after(place, rng.uniform(0, whole), "backup", "a.zip", "--force",
                               "--data", a) == -signal.SIGKILL
        place.kolcast("restore", "a.zip", "--data", place.folder / f"t{i}")
        shutil.rmtree(place.folder / f"t{i}")
    assert killed > 0 and len(first) > 0
    # A library's own file, as one killed while packing leaves it, wherever these kills fell.
    (place.folder / "a.zip.part" / "work").mkdir(parents=True, exist_ok=True)
    (place.folder / "a.zip.part" / "work" / "backup.zip.AbCdEf").write_bytes(b"half")
    place.kolcast("backup", "a.zip", "--force", "--data", a)  # goes over what the dead one left
    assert not (place.folder / "a.zip.part").exists()


def test_restore_killed(place, rng):
    a, b = fill(place, "a", people=3000), fill(place, "b", people=10)
    place.kolcast("backup", "a.zip", "--data", a)
    place.kolcast("backup", "b.zip", "--data", b)
    names = {"a": len(content(a)["contacts"]), "b": 10}
    started = time.monotonic()
    place.kolcast("restore", "a.zip", "--data", place.folder / "measure")
    whole = time.monotonic() - started
    killed, seen, now = 0, set(), "b"
    for i in range(16):
        other = "a" if now == "b" else "b"
        killed += killed_after(place, rng.uniform(0, whole * 1.2), "restore", f"{other}.zip",
                               "--force", "--data", b) == -signal.SIGKILL
        # Any command finishes what was committed.
        place.kolcast("blacklist", "list", "--data", b)
        found = content(b)
        now = "a" if len(found["contacts"]) == names["a"] else "b"
        assert len(found["contacts"]) == names[now]
        assert [k for k in found if k.startswith("audio/")] == [f"audio/{now}.wav"]
        seen.add(now)
    assert killed > 0


def test_one_after_the_other(place):
    """Several in one second: each puts aside what was there."""
    a = fill(place, "a")
    place.kolcast("backup", "a.zip", "--data", a)
    for _ in range(4):
        place.kolcast("restore", "a.zip", "--force", "--data", a)
    kept = [p for p in a.iterdir() if p.name.startswith("replaced-")]
    assert len(kept) == 4 and all((k / "kolcast.db").exists() for k in kept)


def test_interrupted_change_is_finished(place):
    """Killed at each step after the moment of change: the next command finishes it."""
    a = fill(place, "a")
    place.kolcast("backup", "a.zip", "--data", a)
    wanted = without_audit(content(a))
    kept = "replaced-20260101-000000"
    for steps in range(8):
        b = fill(place, f"b{steps}")
        fresh = b / ".restore"
        with zipfile.ZipFile(place.folder / "a.zip") as z:
            z.extractall(fresh)
        (fresh / "manifest.json").unlink()
        (fresh / "reports").mkdir(exist_ok=True)
        (b / "kolcast.db-wal").write_bytes(b"of the old store")
        (fresh / "ready").write_text(kept)
        moves = [(b / "kolcast.db-wal", b / kept / "kolcast.db-wal")]
        for m in ("kolcast.db", "audio", "reports"):
            if (b / m).exists():
                moves.append((b / m, b / kept / m))
            moves.append((fresh / m, b / m))
        if steps:
            (b / kept).mkdir()
        for source, to in moves[:steps]:
            source.rename(to)
        place.kolcast("blacklist", "list", "--data", b)
        assert without_audit(content(b)) == wanted, steps
        assert not fresh.exists()
        assert (b / kept / "kolcast.db-wal").read_bytes() == b"of the old store"
        assert (b / kept / "kolcast.db").exists()


def test_only_files_are_replaced(place):
    """--force replaces a file, also through a link to it; no pipe, no folder, nothing that a link misses."""
    a, folder = fill(place, "a"), place.folder
    os.mkfifo(folder / "pipe")
    (folder / "lost").symlink_to("gone")
    for name, said in [("pipe", "pipe"), ("lost", "nowhere"), ("audio", "folder")]:
        r = place.kolcast("backup", name, "--force", "--data", a, code=2)
        assert said in r.stderr and "try:" in r.stderr and not (folder / f"{name}.part").exists()
    assert (folder / "pipe").is_fifo() and not (folder / "gone").exists()
    (folder / "old").write_text("old")
    (folder / "link").symlink_to("old")
    place.kolcast("backup", "link", "--force", "--data", a)
    assert (folder / "link").is_symlink() and zipfile.is_zipfile(folder / "old")


def test_full_disk(place):
    """A limit on the size of files stands for a full disk: no file, a clear word."""
    a = fill(place, "a", people=3000)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    p = place.start("backup", "a.zip", "--data", a, preexec_fn=limit)
    assert p.wait(60) == 4
    assert not (place.folder / "a.zip").exists() and not (place.folder / "a.zip.part").exists()


def test_only_one_at_a_time(place):
    a = fill(place, "a")
    (place.folder / "a.zip.part").mkdir()
    others = place.folder / "a.zip.part" / "work" / "kolcast.db"
    others.parent.mkdir()
    others.write_bytes(b"the other's")
    with open(place.folder / "a.zip.part" / "lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        r = place.kolcast("backup", "a.zip", "--data", a, code=None)
        assert r.returncode and "another backup" in r.stderr
    assert others.read_bytes() == b"the other's"
    r = place.kolcast("backup", "nowhere/a.zip", "--data", a, code=None)
    assert r.returncode and "nowhere" in r.stderr
    r = place.kolcast("backup", "a.zip", "--data", "no-data", code=2)
    assert "holds no store" in r.stderr
