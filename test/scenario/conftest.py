"""Helpers of the scenario tests: the real binary in a folder of its own, the simulated carrier as
its own process on a free port, prompts that are tones so that the carrier can tell what was heard.

Every process is started here and stopped by its id."""
import json
import math
import os
import pathlib
import random
import re
import signal
import sqlite3
import struct
import subprocess
import time
import wave

import pytest

SOURCE = pathlib.Path(os.environ.get("KOLCAST_SOURCE", pathlib.Path(__file__).parents[2]))
BUILD = pathlib.Path(os.environ.get("KOLCAST_BUILD", SOURCE / "build"))
KOLCAST = BUILD / "kolcast"
SANITIZED = any(w in BUILD.name for w in ("asan", "tsan"))
# Sanitizers and two busy cores: patience, not precision.
PATIENCE = 4 if SANITIZED else 1

DISPOSITIONS = re.findall(r'X\(\w+, "(\w+)", "', (SOURCE / "src/store/model.h").read_text())

# Each prompt is one tone, told apart by the carrier's ear to 60 Hz.
TONES = {"welcome": 500, "invalid": 700, "silence": 900, "thanks": 1100, "stopped": 1500,
         "sorry": 1900, "bye": 2300, "second": 2700}


def tone(path, hz, seconds=0.6, rate=8000):
    n = int(rate * seconds)
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * hz * i / rate)))
                               for i in range(n)))


def flow(**changes):
    f = {
        "version": 1,
        "start": "welcome",
        "nodes": {
            "welcome": {"type": "menu", "prompt": "welcome.wav",
                        "keys": {"1": "donate", "2": "welcome", "9": "stop"},
                        "invalid": {"prompt": "invalid.wav", "limit": 2, "next": "bye"},
                        "silence": {"after": "1s", "prompt": "silence.wav", "limit": 1, "next": "bye"}},
            "donate": {"type": "action", "action": "sms", "text": "{{name|friend}}: https://example.org",
                       "next": "thanks", "failed": "sorry"},
            "stop": {"type": "action", "action": "opt_out", "list": "opt-out", "next": "stopped",
                     "failed": "sorry"},
            "thanks": {"type": "play", "prompt": "thanks.wav", "next": "bye"},
            "stopped": {"type": "play", "prompt": "stopped.wav", "next": "bye"},
            "sorry": {"type": "play", "prompt": "sorry.wav", "next": "bye"},
            "bye": {"type": "play", "prompt": "bye.wav"},
        },
    }
    f.update(changes)
    return f


def crowd(**changes):
    """Quick persons who all answer and press nothing, unless changed."""
    c = {"shares": {"answer": 1}, "keys": {"none": 1}, "rounds": 1,
         "ring_after": {"min": "20ms", "max": "60ms"}, "answer_after": {"min": "50ms", "max": "300ms"},
         "listen": {"min": "300ms", "max": "900ms"}, "hang_up_early": 0, "early_media": 0,
         "greeting": {"min": "1s", "max": "2s"}, "patience": "30s", "retry_after": "1s"}
    c.update(changes)
    return c


class Carrier:
    """kolcast carrier on a free port."""

    def __init__(self, folder, default=None, args=(), **population):
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / "carrier.jsonl"
        path = self.folder / "population.json"
        path.write_text(json.dumps({"version": 1, "default": default or crowd(), **population}))
        self.figures = None
        self.errors = open(self.folder / "carrier.err", "wb")
        self.process = subprocess.Popen(
            [KOLCAST, "carrier", path, "--listen", "127.0.0.1:0", "--log", self.log_path, "--hear", "1",
             "--json", *args], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        assert line, (self.folder / "carrier.err").read_text()
        said = json.loads(line)
        self.port, self.tls_port = said["port"], said.get("tls_port")
        self.trunk = f"sip:127.0.0.1:{self.port}"

    def stop(self):
        """Ends the calls; the figures it saw."""
        if self.figures is None:
            self.process.send_signal(signal.SIGTERM)
            out, _ = self.process.communicate(timeout=20 * PATIENCE)
            assert self.process.returncode == 0, (self.folder / "carrier.err").read_text()
            self.figures = json.loads(out.splitlines()[-1])
        return self.figures

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def events(self, kind):
        if not self.log_path.exists():
            return []
        lines = self.log_path.read_text().splitlines(keepends=True)
        return [e for e in map(json.loads, (l for l in lines if l.endswith("\n"))) if e["event"] == kind]

    def invites(self):
        """number → how often it was called."""
        count = {}
        for e in self.events("invite"):
            count[e["number"]] = count.get(e["number"], 0) + 1
        return count

    def heard(self, hz):
        """Numbers whose person heard this tone."""
        return {e["number"] for e in self.events("ended") if any(abs(f - hz) <= 60 for _, f in e["heard"])}

    def wait_calls(self, n, seconds=20):
        until = time.monotonic() + seconds * PATIENCE
        while len(self.events("invite")) < n:
            assert time.monotonic() < until, f"only {len(self.events('invite'))} of {n} calls came"
            time.sleep(0.02)


class Place:
    """A folder with a campaign, its audio and people; runs kolcast in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.started = []
        audio = self.folder / "audio"
        audio.mkdir()
        for name, hz in TONES.items():
            tone(audio / f"{name}.wav", hz)

    def campaign(self, **changes):
        c = {"version": 1, "name": "Test", "kind": "voice", "region": "IL",
             "time_zone": "Asia/Jerusalem", "caller": {"name": "Test", "number": "+97225551234"},
             "windows": {"sun-thu": ["09:00-20:30"]},
             "pace": {"calls_per_second": 50, "max_calls": 200}, "retry": {"max_attempts": 1},
             "ring_timeout": "3s", "max_call": "20s", "flow": flow(), "audio": "audio"}
        c.update(changes)
        path = self.folder / "campaign.json"
        path.write_text(json.dumps({k: v for k, v in c.items() if v is not None}))
        return path

    def people(self, count, name="people.csv", first=2000000, prefix="050"):
        """count valid numbers, as digits of E.164."""
        numbers = [f"972{prefix[1:]}{first + i:07d}" for i in range(count)]
        with open(self.folder / name, "w", encoding="utf-8") as f:
            f.write("name,phone\n")
            for i, n in enumerate(numbers):
                f.write(f"{'נועה' if i % 2 else 'Dan'} {i},0{n[3:5]}-{n[5:]}\n")
        return [int(n) for n in numbers]

    def command(self, *args):
        return [str(KOLCAST), *map(str, args)]

    def kolcast(self, *args, code=0, timeout=60):
        """Runs to its end; the result with .json (its lines of standard output that are JSON)."""
        r = subprocess.run(self.command(*args), cwd=self.folder, capture_output=True, text=True,
                           timeout=timeout * PATIENCE)
        r.json = []
        for line in r.stdout.splitlines():
            if line.startswith("{"):
                r.json.append(json.loads(line))
        if code is not None:
            assert r.returncode == code, f"exit {r.returncode}, not {code}:\n{r.stdout[-2000:]}\n{r.stderr[-2000:]}"
        return r

    def run_args(self, carrier, *args):
        return ("run", "campaign.json", "people.csv", "--data", self.data, "--trunk", carrier.trunk,
                "--ignore-windows", "--json", *args)

    def run(self, carrier, *args, **how):
        return self.kolcast(*self.run_args(carrier, *args), **how)

    def start(self, *args, **how):
        """In the background; stopped at the end of the test."""
        with open(self.folder / f"run{len(self.started)}.err", "wb") as err, \
                open(self.folder / f"run{len(self.started)}.out", "wb") as out:
            p = subprocess.Popen(self.command(*args), cwd=self.folder, stdout=out, stderr=err, **how)
        self.started.append(p)
        return p

    def stop(self):
        for p in self.started:
            if p.poll() is None:
                p.kill()
            p.wait()

    def sql(self, query, *values, db=None):
        path = db or self.data / "kolcast.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as c:
            return c.execute(query, values).fetchall()

    def one(self, query, *values, db=None):
        return self.sql(query, *values, db=db)[0][0]

    def records(self, where="1", *values):
        """Call records in the order of their calls, with the disposition's name and the trace read."""
        with sqlite3.connect(f"file:{self.data}/kolcast.db?mode=ro", uri=True, timeout=10) as c:
            c.row_factory = sqlite3.Row
            rows = [dict(r) for r in c.execute(f"SELECT * FROM call_records WHERE {where} ORDER BY dialled_ms", values)]
        for r in rows:
            r["disposition"] = DISPOSITIONS[r["disposition"]]
            r["trace"] = json.loads(r["trace"]) if r["trace"] else None
        return rows


def ended(result):
    """The last word of `run --json`."""
    return next(e for e in reversed(result.json) if e.get("event") == "ended")


def knows(*commands):
    """Skips a test whose command this build does not have."""
    for c in commands:
        if subprocess.run([KOLCAST, c, "--help"], capture_output=True).returncode:
            return pytest.mark.skip(reason=f"this build has no {c}")
    return pytest.mark.filterwarnings("default")


@pytest.fixture
def place(tmp_path):
    p = Place(tmp_path)
    yield p
    p.stop()


@pytest.fixture
def carrier(tmp_path):
    """carrier(default crowd, …) starts one."""
    made = []

    def start(default=None, **how):
        folder = tmp_path / f"carrier{len(made)}"
        folder.mkdir()
        made.append(Carrier(folder, default, **how))
        return made[-1]

    yield start
    for c in made:
        c.kill()


@pytest.fixture
def rng(request):
    seed = int(os.environ.get("PROP_SEED", time.time_ns() % 1000000))
    print(f"PROP_SEED={seed}")  # shown when the test fails
    return random.Random(seed)


@pytest.fixture
def service(tmp_path):
    """service("--option", …) starts kolcast serve with an administrator."""
    import api
    made = []

    def start(*args, **how):
        folder = tmp_path / f"service{len(made)}"
        folder.mkdir()
        made.append(api.Service(folder, *args, **how))
        return made[-1]

    yield start
    for s in made:
        s.kill()
