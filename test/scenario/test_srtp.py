"""Encrypted audio (SRTP, keys in SDP) with the real program: each policy of the trunk against each of
the simulated carrier, sipp that answers otherwise than was offered, and baresip."""
import pytest
from conftest import PATIENCE, Place, crowd, knows
from peers import Sipp, answer, answered, hung_up, invite, recv, sdp
from test_baresip import HEARS, PATIENT, Baresip

pytestmark = knows("run", "carrier")


def campaign(place, port, srtp, **changes):
    place.campaign(trunks=[{"name": "main", "host": "127.0.0.1", "port": port, "srtp": srtp}], **changes)


RUN = ("run", "campaign.json", "people.csv", "--ignore-windows", "--json", "--data")


@pytest.mark.parametrize("ours,theirs,works", [
    ("required", "optional", True), ("required", "required", True), ("required", "off", False),
    ("optional", "optional", True), ("optional", "required", True), ("optional", "off", True),
    ("off", "optional", True), ("off", "required", False),
])
def test_policies(place, carrier, ours, theirs, works):
    """Heard are the prompts, at the carrier, and the key here; or nobody is called through it."""
    c = carrier(crowd(keys={"1": 1}, listen={"min": "1s", "max": "1s"}), args=["--srtp", theirs])
    campaign(place, c.port, ours)
    place.people(4)
    place.kolcast(*RUN, place.data, code=None)
    records = place.records()
    assert len(records) == 4
    c.stop()
    if not works:
        assert {(r["disposition"], r["sip_status"]) for r in records} == {("failed", 488)}
        return
    for r in records:
        assert r["disposition"] == "answered", r["reason"]
        assert [k["key"] for k in r["trace"]["keys"]] == ["1"]
        assert r["rtp_sent"] > 50
    for e in c.events("ended"):
        tones = [hz for _, hz in e["heard"] if hz]
        assert 500 in tones and 1100 in tones, e["heard"]  # welcome, thanks: as they were sent


KEY = "a=crypto:%d %s inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


def secure(tag, suite="AES_CM_128_HMAC_SHA1_80", profile="RTP/SAVP"):
    lines = sdp()
    return [line.replace("RTP/AVP", profile) for line in lines] + [KEY % (tag, suite)]


@pytest.mark.parametrize("lines,fine", [
    (sdp(), False),  # plain
    (secure(3), False),  # a key that was not offered
    (secure(1, "AES_CM_128_HMAC_SHA1_32"), False),  # that number was another suite
    (secure(2, "AES_CM_128_HMAC_SHA1_32"), True),
    (secure(1, profile="RTP/AVP"), True),
])
def test_answers_to_required(tmp_path, lines, fine):
    """What is answered in the clear, or with a key that nobody offered, is hung up at once."""
    place = Place(tmp_path)
    place.people(1)
    far = Sipp(tmp_path / "far", [*answered(lines), *hung_up()])
    try:
        campaign(place, far.port, "required")
        place.kolcast(*RUN, place.data, code=None)
        assert far.wait() == 0, far.story()
        record, = place.records()
        offer, = far.got("INVITE")
        assert "RTP/SAVP 8 0 101" in offer.body and offer.body.count("a=crypto:") == 2
        if fine:
            assert record["disposition"] == "answered" and record["rtp_sent"] > 0, record["reason"]
            # What came over the wire is no prompt: it is noise.
            assert far.phone.packets and not set(far.phone.heard()) & {"welcome", "bye"}
        else:
            assert record["disposition"] == "failed" and "SRTP" in record["reason"]
            assert record["rtp_sent"] == 0 and not far.phone.packets
    finally:
        place.stop()
        far.stop()


def test_refused_offer(tmp_path):
    """488 to an offer of RTP/SAVP is the end of it: it is not tried in the clear."""
    place = Place(tmp_path)
    place.people(1)
    far = Sipp(tmp_path / "far", [invite(), answer(488, "Not Acceptable Here"), recv("ACK")])
    try:
        campaign(place, far.port, "required")
        place.kolcast(*RUN, place.data, code=None)
        assert far.wait() == 0, far.story()
        assert place.records()[0]["sip_status"] == 488
    finally:
        place.stop()
        far.stop()


@pytest.mark.parametrize("ours,theirs", [("optional", "srtp"), ("required", "srtp-mand")])
def test_baresip(tmp_path, ours, theirs):
    """A softphone with libsrtp: hears each prompt, and its key is heard; also after a hold."""
    place = Place(tmp_path)
    number, = place.people(1)
    peer = Baresip(place.folder / "phone", number, [(HEARS, 1, "x"), ("a=recvonly", 1, "X"), ("a=sendrecv", 4, "1")],
                   config="module srtp.so\n", account=f";mediaenc={theirs}")
    try:
        campaign(place, peer.port, ours, flow=PATIENT)
        run = place.start(*RUN, place.data, "--lanes", "1")
        assert run.wait(60 * PATIENCE) == 0, peer.said()
        record, = place.records()
        assert (record["disposition"], record["ended_by"]) == ("answered", "us"), peer.said()
        assert [k["key"] for k in record["trace"]["keys"]] == ["1"], peer.said()
        assert "a=crypto:" in peer.said() and peer.heard()[0] == "welcome"
    finally:
        place.stop()
        peer.stop()
