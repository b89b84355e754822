"""The real program against baresip, a softphone with code of its own for all of SIP, SDP, RTP and
keys. Each test has one, driven by the keys of its console, and a campaign that calls it; all at
once. What it hears it keeps as a recording."""
import socket
import subprocess
import threading
import time
import wave

import pytest
from conftest import PATIENCE, Place, flow, knows, tone
from peers import bound, free_port, prompts

pytestmark = knows("run")

CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_player aubridge,{name}
audio_source aufile,{folder}/talk.wav
audio_alert aubridge,{name}-alert
ausrc_srate 8000
auplay_srate 8000
audio_buffer 20-160
jitter_buffer_delay 1-10
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module cons.so
module_tmp account.so
module_app menu.so
snd_path {folder}
cons_listen 127.0.0.1:{console}
"""
HEARS = "incoming rtp for 'audio' established"


class Baresip(threading.Thread):
    """script: (what it must have said, how often, the key then pressed at its console)."""

    def __init__(self, folder, number, script, answers="auto", config="", account=""):
        super().__init__(daemon=True)
        self.folder, self.script = folder, script
        folder.mkdir()
        self.port, self.console = free_port(), free_port()
        tone(folder / "talk.wav", 400, 20)
        (folder / "config").write_text(CONFIG.format(sip=self.port, console=self.console, folder=folder,
                                                     name=number) + config)
        (folder / "accounts").write_text(f"<sip:+{number}@127.0.0.1>;regint=0;answermode={answers}{account}\n")
        (folder / "contacts").write_text("")
        self.ending = threading.Event()
        with open(folder / "out", "wb") as out:
            self.process = subprocess.Popen(["baresip", "-f", folder, "-s"], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)
        until = time.monotonic() + 20 * PATIENCE
        while "baresip is ready" not in self.said() or not bound(self.console):
            assert self.process.poll() is None and time.monotonic() < until, self.said()
            time.sleep(0.02)
        self.start()

    def said(self):
        return (self.folder / "out").read_text(errors="replace")

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for text, times, key in self.script:
                while self.said().count(text) < times:
                    if self.ending.wait(0.02):
                        return
                self.ending.wait(0.3)  # a person listens first
                s.sendto(key.encode(), ("127.0.0.1", self.console))

    def stop(self):
        self.ending.set()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.join()

    def heard(self):
        """The prompts of its recordings."""
        frames = []
        for path in sorted(self.folder.glob("dump-*-dec.wav")):
            with wave.open(str(path)) as w:
                assert w.getframerate() == 8000 and w.getnchannels() == 1
                pcm = memoryview(w.readframes(w.getnframes())).cast("h")
            frames += [pcm[i:i + 160] for i in range(0, len(pcm) - 159, 160)]
        return prompts(frames)


# Nobody is hurried: what is heard and done does not hang on the machine's speed.
PATIENT = flow()
PATIENT["nodes"]["welcome"]["silence"]["after"] = "30s"

PEERS = {
    "donates": dict(script=[(HEARS, 1, "1")]),
    "hears_it_again": dict(script=[(HEARS, 1, "2"), ("send DTMF digit: '2'", 1, "7"),
                                   ("send DTMF digit: '7'", 1, "1")]),
    "stops": dict(script=[(HEARS, 1, "9")]),
    "hangs_up": dict(script=[(HEARS, 1, "b")]),
    "holds": dict(script=[(HEARS, 1, "x"), ("a=recvonly", 1, "X"), ("a=sendrecv", 4, "1")]),
    "declines": dict(script=[("SIP/2.0 180 Ringing", 1, "b")], answers="manual"),
    "is_not_there": dict(script=[], answers="manual"),
    "answers_by_hand": dict(script=[("SIP/2.0 180 Ringing", 1, "a"), (HEARS, 1, "1")], answers="manual"),
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """name → (place, softphone), when all calls are over."""
    made, runs = {}, []
    try:
        for name, how in PEERS.items():
            place = Place(tmp_path_factory.mktemp(name))
            number, = place.people(1)
            peer = Baresip(place.folder / "phone", number, **how)
            made[name] = place, peer
            place.campaign(trunks=[{"name": "phone", "host": "127.0.0.1", "port": peer.port}], flow=PATIENT)
            runs.append(place.start("run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows",
                                    "--json", "--lanes", "1"))
        for run in runs:
            assert run.wait(60 * PATIENCE) == 0
        for _, peer in made.values():
            peer.join(5 * PATIENCE)
        yield made
    finally:
        for place, peer in made.values():
            place.stop()
            peer.stop()


class Call:
    """The store's record and the softphone."""

    def __init__(self, place, peer):
        record, = place.records()
        self.place, self.peer = place, peer
        self.__dict__.update(record)
        self.keys = "".join(k["key"] for k in self.trace["keys"]) if self.trace else ""

    def ended(self, disposition, by, status, keys=""):
        assert (self.disposition, self.ended_by, self.sip_status) == (disposition, by, status), self.reason
        assert self.keys == keys
        assert not self.peer.is_alive(), "not all of the script was done"
        if disposition == "answered":
            assert self.rtp_received > 0 and self.answer_to_audio_us > 0
            assert self.dialled_ms <= self.ringing_ms <= self.answered_ms <= self.ended_ms


@pytest.fixture
def call(request, calls):
    place, peer = calls[request.function.__name__[5:]]
    print(peer.said())  # shown when the test fails
    return Call(place, peer)


def test_donates(call):
    call.ended("answered", "us", 200, "1")
    assert call.peer.heard() == ["welcome", "thanks", "bye"]
    assert call.place.one("SELECT count(*) FROM sms_records WHERE attempt_id = ?", call.attempt_id) == 1
    assert call.key_to_audio_us > 0


def test_hears_it_again(call):
    call.ended("answered", "us", 200, "271")
    assert [k.get("invalid", False) for k in call.trace["keys"]] == [False, True, False]
    assert call.peer.heard()[-2:] == ["thanks", "bye"]


def test_stops(call):
    call.ended("answered", "us", 200, "9")
    assert call.peer.heard() == ["welcome", "stopped", "bye"]
    assert call.place.one("SELECT count(*) FROM blacklist WHERE number = ? AND list = 'opt-out'", call.number) == 1


def test_hangs_up(call):
    call.ended("answered", "them", 200)
    assert call.peer.heard() in ([], ["welcome"])


def test_holds(call):
    """Its hold is answered by a=recvonly, and after it the call goes on."""
    call.ended("answered", "us", 200, "1")
    assert "a=sendonly" in call.peer.said() and "a=recvonly" in call.peer.said()
    assert [n["node"] for n in call.trace["path"]] == ["welcome", "donate", "thanks", "bye"]
    assert call.peer.heard()[0] == "welcome"  # its recording ends with the hold


def test_declines(call):
    call.ended("busy", "them", 486)


def test_is_not_there(call):
    call.ended("no_answer", "us", 487)
    assert "CANCEL sip:" in call.peer.said() and "SIP/2.0 487 Request Terminated" in call.peer.said()


def test_answers_by_hand(call):
    call.ended("answered", "us", 200, "1")
    assert call.peer.heard() == ["welcome", "thanks", "bye"]
