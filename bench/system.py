"""The whole program on this machine, the simulated carrier beside it: what a campaign costs and how
well its calls are served. Used by tools/bench."""
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import threading
import time
import wave

TICKS = os.sysconf("SC_CLK_TCK")
SECONDS_A_STEP = 3  # of calls, at each rate that is tried


def tone(path, hz, seconds):
    n = int(8000 * seconds)
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * hz * i / 8000)))
                               for i in range(n)))


def usage(pid):
    """Seconds of processor time so far, by thread name; and KiB of memory."""
    by_name = {}
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # ended meanwhile
        name = text[text.index("(") + 1:text.rindex(")")].split("-")[0]
        fields = text[text.rindex(")") + 2:].split()
        by_name[name] = by_name.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        rss = int(status[status.index("VmRSS:"):].split()[1])
    except (OSError, ValueError):
        rss = 0
    return by_name, rss


class Rehearsal:
    """A carrier and a campaign to `calls` people in a folder of their own."""

    def __init__(self, build, folder, calls, cps, crowd, audio_s, hear=0.02):
        self.kolcast = build / "kolcast"
        self.folder = pathlib.Path(folder)
        self.calls, self.cps, self.hear = calls, cps, hear
        tone(self.folder / "a.wav", 500, audio_s)
        tone(self.folder / "b.wav", 1500, audio_s)
        flow = {"version": 1, "start": "a", "nodes": {
            "a": {"type": "menu", "prompt": "a.wav", "keys": {"1": "b"}},
            "b": {"type": "menu", "prompt": "b.wav", "keys": {"2": "a"}}}}
        (self.folder / "campaign.json").write_text(json.dumps({
            "version": 1, "name": "bench", "kind": "voice", "region": "IL",
            "time_zone": "Asia/Jerusalem", "caller": {"name": "Bench", "number": "+97225551234"},
            "windows": {"sun-thu": ["09:00-20:00"]}, "retry": {"max_attempts": 1},
            "pace": {"calls_per_second": cps, "max_calls": calls + 100}, "ring_timeout": "20s",
            "max_call": "10m", "flow": flow, "audio": "."}))
        with open(self.folder / "people.csv", "w", encoding="utf-8") as f:
            f.write("phone\n" + "".join(f"050{2000000 + i}\n" for i in range(calls)))
        (self.folder / "population.json").write_text(json.dumps({"version": 1, "default": crowd}))
        self.progress, self.end, self.seen = {}, None, None

    def _read(self, out):
        for line in out:
            if line.startswith("{"):
                event = json.loads(line)
                if event.get("event") == "progress":
                    self.progress = event
                self.end = event

    def run(self, watch=None, timeout=600):
        """Runs to the end; watch(self, process) is called meanwhile. self.seen: what the carrier saw;
        self.end: kolcast's last word."""
        carrier = subprocess.Popen(
            [self.kolcast, "carrier", "population.json", "--json", "--listen", "127.0.0.1:0",
             "--calls", str(min(20000, self.calls + 200)), "--hear", str(self.hear), "--save-power"],
            cwd=self.folder, stdout=subprocess.PIPE, text=True)
        try:
            port = json.loads(carrier.stdout.readline())["port"]
            run = subprocess.Popen(
                [self.kolcast, "run", "campaign.json", "people.csv", "--data", "data", "--trunk",
                 f"sip:127.0.0.1:{port}", "--ignore-windows", "--json"], cwd=self.folder,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            reader = threading.Thread(target=self._read, args=(run.stdout,), daemon=True)
            reader.start()
            try:
                if watch:
                    watch(self, run)
                run.wait(timeout)
            finally:
                if run.poll() is None:
                    run.kill()
                run.wait()
            reader.join()
        finally:
            carrier.send_signal(signal.SIGTERM)
            out, _ = carrier.communicate(timeout=60)
        self.seen = json.loads(out.splitlines()[-1])

    def failed(self):
        return self.calls - self.end["calls"]["by_outcome"]["answered"]


class Plateau:
    """Watches a run while all its calls are up."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.memory = []  # (calls up, KiB) on the way up
        self.cpu, self.rtp_s = {}, 0.0

    def __call__(self, rehearsal, process):
        until = time.monotonic() + rehearsal.calls / rehearsal.cps * 3 + 30
        while process.poll() is None and time.monotonic() < until:
            up = rehearsal.progress.get("calls_up", 0)
            if not self.memory or up > self.memory[-1][0]:
                self.memory.append((up, usage(process.pid)[1]))
            if up >= rehearsal.calls:
                break
            time.sleep(0.05)
        time.sleep(1)
        before, kib = usage(process.pid)
        self.memory.append((rehearsal.progress.get("calls_up", 0), kib))
        started = time.monotonic()
        time.sleep(self.seconds)
        after, _ = usage(process.pid)
        self.rtp_s = time.monotonic() - started
        self.cpu = {name: after[name] - before.get(name, 0) for name in after}

    def kib_per_call(self):
        """From a third of the calls on: what is needed once was needed before."""
        top, kib = self.memory[-1]
        up, low = min(self.memory, key=lambda m: abs(m[0] - top / 3))
        return round((kib - low) / (top - up), 2) if top > up else None


def held(build, calls, seconds):
    """`calls` people are called and kept talking for `seconds`."""
    cps = max(20, min(500, calls // 5))
    hold = calls / cps + seconds + 4
    crowd = {"shares": {"answer": 1}, "keys": {"1": 1}, "rounds": 1, "early_media": 0,
             "ring_after": {"min": 0.02, "max": 0.1}, "answer_after": {"min": 0.1, "max": 0.3},
             "listen": {"min": 2, "max": hold - 1}, "hang_up_early": 1,
             "hang_up_after": {"min": hold, "max": hold + 1}}
    plateau = Plateau(seconds)
    with tempfile.TemporaryDirectory(prefix="kolcast-bench-") as folder:
        r = Rehearsal(build, folder, calls, cps, crowd, hold + 5)
        r.run(plateau)
    packets = calls * 50 * plateau.rtp_s
    seen = r.seen
    figures = {
        "calls_held": seen["talking_max"],
        "calls_failed": r.failed() + seen["lost_calls"] + seen["no_audio"],
        "kib_per_call": plateau.kib_per_call(),
        "held_us_per_packet": round(sum(plateau.cpu.values()) * 1e6 / packets, 3) if packets else None,
        "held_core_percent": round(100 * sum(plateau.cpu.values()) / plateau.rtp_s, 1),
        "held_rtp_lost": seen["rtp_lost"],
    }
    for name, key in (("spacing", "spacing_us"), ("answer_to_audio", "answer_to_audio_us"),
                      ("key_to_audio", "key_to_audio_us")):
        for p in ("p50", "p99"):
            figures[f"{name}_{p}_ms"] = round(seen[key][p] / 1000, 3) if seen[key] else None
    return figures


def one_rate(build, cps, crowd):
    """Calls at this rate for a few seconds: (kept pace and none failed, milliseconds a call)."""
    calls = cps * SECONDS_A_STEP
    cpu = {}

    def watch(_, process):
        while process.poll() is None:
            now, _ = usage(process.pid)
            cpu.update({k: max(v, cpu.get(k, 0)) for k, v in now.items()})
            time.sleep(0.05)

    with tempfile.TemporaryDirectory(prefix="kolcast-bench-") as folder:
        r = Rehearsal(build, folder, calls, cps, crowd, 5, hear=0)
        r.run(watch, timeout=SECONDS_A_STEP * 10 + 60)
    fine = (r.end["exit"] == 0 and r.failed() == 0 and r.seen["lost_calls"] == 0
            and r.seen["no_audio"] == 0 and r.seen["seconds"] <= SECONDS_A_STEP * 1.1 + 0.2)
    calling = sum(v for k, v in cpu.items() if k != "kolcast")  # import and display are the main thread's
    return fine, 1000 * calling / calls


def highest(build, crowd, rates):
    """The highest of the rates without a failure, and what a call cost at the lowest."""
    best, ms = 0, None
    for cps in rates:
        fine, cost = one_rate(build, cps, crowd)
        ms = ms or round(cost, 3)
        if not fine:
            fine, _ = one_rate(build, cps, crowd)  # a busy machine has a second chance
        if not fine:
            break
        best = cps
    return best, ms


def rates(build, top):
    """Short calls: answered and ended at once; and with a second of audio."""
    quick = {"shares": {"abrupt": 1}}
    second = {"shares": {"answer": 1}, "keys": {"none": 1}, "early_media": 0,
              "ring_after": {"min": 0, "max": 0}, "answer_after": {"min": 0.01, "max": 0.05},
              "hang_up_early": 1, "hang_up_after": {"min": 1, "max": 1}}
    steps = [r for r in (250, 500, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000) if r <= top]
    short, short_ms = highest(build, quick, steps)
    audio, audio_ms = highest(build, second, steps)
    return {"short_cps": short, "short_ms_per_call": short_ms, "audio_cps": audio,
            "audio_ms_per_call": audio_ms}
