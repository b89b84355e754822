"""The real program against sipp: how each way a call can go ends up in the store, and that the far
side got what SIP owes it.

One campaign has up to 16 trunks, and each trunk is a sipp of its own with its own scenario: so all
of them run at once, one call each, and each test looks at its own call. A test names its scenario by
@far(steps, …); what is special about a scenario stands in it, the rest in peers.py."""
import json
import os
import re
import signal
import time

import pytest
from conftest import PATIENCE, Place, flow, knows
from peers import (END, Nobody, Phone, Press, Sipp, action, answer, answered, by_line, check, digest_is_right, hung_up, info, invite,
                   jump, keep, label, pause, recv, reply, request, sdp, verified)

pytestmark = knows("run")

STOPPED = 972501111111  # on a do-not-call list


class Call:
    """What became of one scenario: the store's record and the far side."""

    def __init__(self, place, name, far, also):
        self.place, self.far, self.also = place, far, also
        self.phone, self.second = far.phone, far.second
        rows = place.records("trunk = ?", name)
        assert len(rows) == 1, f"{len(rows)} records, not one"
        self.__dict__.update(rows[0])
        self.keys = "".join(k["key"] for k in self.trace["keys"]) if self.trace else ""
        self.nodes = [n["node"] for n in self.trace["path"]] if self.trace else []

    def ended(self, disposition, by, reason, status):
        """The record says so; the times are in order; the far side saw its whole scenario."""
        assert self.far.wait() == 0, self.far.story()
        for a in self.also.values():
            assert a.wait() == 0, a.story()
        assert (self.disposition, self.ended_by, self.sip_status) == (disposition, by, status), self.reason
        assert reason in self.reason
        times = [t for t in (self.dialled_ms, self.ringing_ms, self.answered_ms, self.ended_ms) if t]
        assert times == sorted(times) and self.dialled_ms and self.ended_ms
        assert bool(self.answered_ms) or disposition != "answered"
        for m in self.far.messages()[:1]:
            assert self.sip_call_id == m.header("Call-ID")
        if disposition != "answered":
            assert self.trace is None and self.rtp_sent == 0


def far(steps, presses=(), also=None, campaign=None, talks=False, args=(), **trunk):
    """The scenario of a test. also: further far ends by name, whose ports are the words [name] in
    the steps. trunk: of the campaign's trunk, as in its file."""
    def mark(test):
        test.far = dict(steps=steps, presses=presses, also=also or {}, campaign=campaign or {}, talks=talks,
                        args=args, trunk=trunk)
        return test
    return mark


class Batch:
    """Up to 16 scenarios in one campaign."""

    def __init__(self, folder, cases, campaign):
        folder.mkdir()
        self.place = Place(folder)
        self.peers = {}
        try:
            self.begin(cases, campaign)
        except BaseException:
            self.stop()
            raise

    def begin(self, cases, campaign):
        trunks = []
        for name, c in cases.items():
            folder = self.place.folder / name
            also = {}
            self.peers[name] = [None, also]
            for n, steps in c["also"].items():
                also[n] = Sipp(folder / n, steps)
            keys = {n: s.port for n, s in also.items()}
            peer = Sipp(folder / "far", c["steps"], phone=Phone(c["presses"], c["talks"]), keys=keys,
                        args=c["args"]) if c["steps"] else Nobody()
            self.peers[name][0] = peer
            trunks.append({"name": name, "host": "127.0.0.1", "port": peer.port, **c["trunk"]})
        self.place.campaign(trunks=trunks, **{"ring_timeout": "20s", **campaign})
        self.place.people(len(cases))
        self.place.kolcast("blacklist", "add", f"+{STOPPED}", "--reason", "asked", "--data", self.place.data)
        self.run = self.place.start("run", "campaign.json", "people.csv", "--data", self.place.data,
                                    "--ignore-windows", "--json")

    def finish(self):
        assert self.run.wait(90 * PATIENCE) == 0, (self.place.folder / "run0.err").read_text()

    def stop(self):
        self.place.stop()
        for peer, also in self.peers.values():
            for p in [peer, *also.values()]:
                if p:
                    p.stop()


@pytest.fixture(scope="session")
def batches(request, tmp_path_factory):
    """All scenarios of the tests that were chosen, under way at once."""
    groups = {}
    for item in request.session.items:
        case = getattr(getattr(item, "function", None), "far", None)
        if case:
            groups.setdefault(json.dumps(case["campaign"]), {})[item.function.__name__[5:]] = case
    made, root = [], tmp_path_factory.mktemp("sipp")
    try:
        for settings, cases in groups.items():
            names = list(cases)
            for i in range(0, len(names), 16):
                made.append(Batch(root / str(len(made)), {n: cases[n] for n in names[i:i + 16]}, json.loads(settings)))
        yield made
    finally:
        for b in made:
            b.stop()


@pytest.fixture
def call(request, batches):
    name = request.function.__name__[5:]
    batch = next(b for b in batches if name in b.peers)
    batch.finish()
    peer, also = batch.peers[name]
    print(peer.story())  # shown when the test fails
    return Call(batch.place, name, peer, also)


# ---- answered, and not ------------------------------------------------------------------------------

@far([*answered(), *hung_up()])
def test_answer(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.nodes == ["welcome", "bye"]
    assert call.phone.heard() == ["welcome", "silence", "welcome", "bye"]
    call.phone.check_stream()
    assert call.answer_to_audio_us > 0
    # RFC 3261 13.2.2.4: one ACK, as often as the 200 came; then the BYE in the dialog.
    invite_, ack, bye = (call.far.got(m)[0] for m in ("INVITE", "ACK", "BYE"))
    assert ack.header("To") == bye.header("To") and ";tag=t" in bye.header("To")
    assert int(ack.header("CSeq").split()[0]) == int(invite_.header("CSeq").split()[0])
    assert int(bye.header("CSeq").split()[0]) == int(invite_.header("CSeq").split()[0]) + 1
    assert len({m.branch for m in (invite_, ack, bye)}) == 3
    assert "100rel" not in invite_.text  # no PRACK, so it is not offered (RFC 3262 4)


@far([invite(), answer(486, "Busy Here"), recv("ACK")])
def test_busy(call):
    call.ended("busy", "them", "486 Busy Here", 486)
    assert call.ringing_ms == 0
    assert call.far.got("ACK")[0].branch == call.far.got("INVITE")[0].branch  # 17.1.1.3


RINGS_OUT = {"ring_timeout": "2s"}


@far([invite(), answer(180, "Ringing"), recv("CANCEL"), reply(), answer(487, "Request Terminated"), recv("ACK")],
     campaign=RINGS_OUT)
def test_no_answer(call):
    call.ended("no_answer", "us", "rang too long", 487)
    assert call.ringing_ms and call.ended_ms - call.dialled_ms >= 1990
    cancel, first = call.far.got("CANCEL")[0], call.far.got("INVITE")[0]
    # RFC 3261 9.1: the same but for the method.
    assert cancel.branch == first.branch and cancel.header("To") == first.header("To")
    assert cancel.header("CSeq").split()[0] == first.header("CSeq").split()[0]


@far([invite(), answer(180, "Ringing"), answer(603, "Decline"), recv("ACK")])
def test_reject(call):
    call.ended("rejected", "them", "603 Decline", 603)
    assert call.ringing_ms


@far([invite(), answer(180, "Ringing"), answer(480, "Temporarily Unavailable"), recv("ACK")])
def test_error_while_ringing(call):
    call.ended("no_answer", "them", "480 Temporarily Unavailable", 480)


@far([invite(), answer(180, "Ringing"), recv("CANCEL"), reply(), answer(200, "OK", sdp(), retrans=500), recv("ACK"),
      *hung_up()], campaign=RINGS_OUT)
def test_late_200_after_cancel(call):
    """RFC 3261 9.1: the call stands, so it is acknowledged and ended. Nobody heard anything."""
    call.ended("no_answer", "us", "rang too long", 200)
    assert not call.phone.packets


@far([invite(), answer(180, "Ringing"), recv("CANCEL"), reply(481, "Call/Transaction Does Not Exist"),
      answer(200, "OK", sdp(), retrans=500), recv("ACK"), *hung_up()], campaign=RINGS_OUT)
def test_cancel_comes_too_late(call):
    call.ended("no_answer", "us", "rang too long", 200)


@far([invite(), answer(183, "Session Progress", sdp()), pause(300), answer(200, "OK", sdp(), retrans=500),
      recv("ACK"), *hung_up()], talks=True)
def test_early_media(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.ringing_ms
    assert call.phone.heard()[0] == "welcome"  # from its beginning: nothing was played before the answer


@far([invite(), answer(183, "Session Progress", sdp()), answer(200, "OK", retrans=500), recv("ACK"), *hung_up()])
def test_answer_only_in_early_media(call):
    """Some gateways describe the session in the 183 and not again in the 200."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard()[0] == "welcome"


@far([invite(), answer(183, "Session Progress", sdp()), pause(300), answer(404, "Not Found"), recv("ACK")])
def test_early_media_then_rejected(call):
    """The announcement of a number that is not in service."""
    call.ended("invalid_number", "them", "404 Not Found", 404)


# ---- redirected -----------------------------------------------------------------------------------

@far([invite(), answer(302, "Moved", contact="<sip:+972502223344@127.0.0.1:[b]>"), recv("ACK")],
     also={"b": [*answered(), *hung_up()]})
def test_redirect(call):
    call.ended("answered", "us", "the flow ended", 200)
    b = call.also["b"]
    assert b.got("INVITE")[0].first.startswith("INVITE sip:+972502223344@127.0.0.1")
    # RFC 3261 8.1.3.4: the same call, the next CSeq.
    assert b.got("INVITE")[0].header("Call-ID") == call.sip_call_id
    first, second = (int(m.header("CSeq").split()[0]) for m in (call.far.got("INVITE")[0], b.got("INVITE")[0]))
    assert second == first + 1


@far([invite(), answer(302, "Moved", contact="<[$target]>"), recv("ACK")])
def test_redirect_to_itself(call):
    call.ended("failed", "them", "302 Moved", 302)
    assert len(call.far.got("INVITE")) <= 2


@far([invite(), answer(302, "Moved", contact=f"<sip:+{STOPPED}@127.0.0.1:[local_port]>"), recv("ACK")])
def test_redirect_to_the_blacklisted(call):
    """S1: a redirection does not lead to somebody who asked not to be called."""
    call.ended("blacklisted", "us", "do-not-call", 302)
    assert len(call.far.got("INVITE")) == 1


# ---- passwords --------------------------------------------------------------------------------------

CHALLENGE = 'Digest realm="far, away", nonce="%s", qop="auth,auth-int", algorithm=MD5, opaque="x=1"'


@far([invite(), answer(401, "Unauthorized", headers=["WWW-Authenticate: " + CHALLENGE % "n1"]), recv("ACK"),
      *verified(invite, "us", "secret", [answer(403, "Forbidden"), recv("ACK")]), answer(200, "OK", sdp(), retrans=500), recv("ACK"), *hung_up()],
     user="us", password="secret")
def test_401(call):
    """sipp computes the digest too."""
    call.ended("answered", "us", "the flow ended", 200)
    first, second = call.far.got("INVITE")
    assert int(second.header("CSeq").split()[0]) == int(first.header("CSeq").split()[0]) + 1
    assert second.branch != first.branch and second.header("From") == first.header("From")
    assert "nc=00000001" in second.header("Authorization") and 'opaque="x=1"' in second.header("Authorization")
    # RFC 3261 22.1: the ACK of the answer carries what its INVITE did.
    assert call.far.got("ACK")[1].header("Authorization") == second.header("Authorization")


@far([invite(), answer(407, "Proxy Authentication Required", headers=["Proxy-Authenticate: " + CHALLENGE % "n1"]),
      recv("ACK"), invite(), answer(200, "OK", sdp(), retrans=500), recv("ACK"), *hung_up()],
     user="us", password="secret")
def test_407(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert digest_is_right(call.far.got("INVITE")[1], "Proxy-Authorization", "secret")


@far([invite(), answer(407, "Proxy Authentication Required", headers=["Proxy-Authenticate: " + CHALLENGE % "n1"]),
      recv("ACK"),
      invite(), answer(401, "Unauthorized", headers=["WWW-Authenticate: Digest realm=\"b\", nonce=\"n2\", "
                                                     "algorithm=SHA-256, qop=\"auth\"",
                                                     "WWW-Authenticate: " + CHALLENGE % "n3"]),
      recv("ACK"), invite(), answer(200, "OK", sdp(), retrans=500), recv("ACK"), *hung_up()],
     user="us", password="secret")
def test_407_then_401(call):
    """A proxy and the server behind it ask both (RFC 3261 22.3); SHA-256 stands first, so it is taken
    (RFC 8760 2.4)."""
    call.ended("answered", "us", "the flow ended", 200)
    last = call.far.got("INVITE")[2]
    assert digest_is_right(last, "Proxy-Authorization", "secret")
    assert digest_is_right(last, "Authorization", "secret") and "SHA-256" in last.header("Authorization")


@far([invite(), answer(401, "Unauthorized", headers=["WWW-Authenticate: " + CHALLENGE % "n1"]), recv("ACK"),
      invite(), answer(401, "Unauthorized", headers=["WWW-Authenticate: " + CHALLENGE % "n2" + ", stale=true"]),
      recv("ACK"), invite(), answer(401, "Unauthorized", headers=["WWW-Authenticate: " + CHALLENGE % "n3"]),
      recv("ACK")], user="us", password="wrong")
def test_401_wrong_password(call):
    """A stale nonce is answered anew, a refused password is not tried again."""
    call.ended("failed", "them", "401 Unauthorized", 401)
    assert 'nonce="n2"' in call.far.got("INVITE")[2].header("Authorization")


@far([*answered(), recv("BYE"), reply(401, "Unauthorized", headers=["WWW-Authenticate: " + CHALLENGE % "n1"]),
      recv("BYE"), reply()], user="us", password="secret")
def test_bye_is_challenged(call):
    """Else the far side would go on, and so would its bill."""
    call.ended("answered", "us", "the flow ended", 200)
    assert digest_is_right(call.far.got("BYE")[1], "Authorization", "secret")


# ---- changes during the call --------------------------------------------------------------------------

# ---- TCP ---------------------------------------------------------------------------------------------

TCP = {"args": ("-t", "t1"), "transport": "tcp"}


@far([*answered(), *hung_up()], **TCP)
def test_tcp_answer(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard() == ["welcome", "silence", "welcome", "bye"]
    first, = call.far.got("INVITE")  # once: nothing gets lost
    assert first.header("Via").startswith("SIP/2.0/TCP 127.0.0.1:") and ";transport=tcp>" in first.header("Contact")
    assert len(call.far.got("BYE")) == 1


@far([invite(), answer(407, "Proxy Authentication Required", headers=["Proxy-Authenticate: " + CHALLENGE % "n1"]),
      recv("ACK"), invite(), answer(180, "Ringing"), recv("CANCEL"), reply(), answer(487, "Request Terminated"),
      recv("ACK")], campaign=RINGS_OUT, user="us", password="secret", **TCP)
def test_tcp_challenged_then_cancelled(call):
    call.ended("no_answer", "us", "rang too long", 487)
    assert digest_is_right(call.far.got("INVITE")[1], "Proxy-Authorization", "secret")
    assert call.far.got("CANCEL")[0].branch == call.far.got("INVITE")[1].branch


@far([*answered(), pause(250), request("BYE", 1, start_txn="bye"), recv("ACK", optional="true"),
      recv(200, response_txn="bye")], **TCP)
def test_tcp_far_side_hangs_up(call):
    """Its request comes back over the connection that we opened."""
    call.ended("answered", "them", "hung up by the person called", 200)


def versions(messages):
    return [int(re.search(r"^o=\S+ \d+ (\d+)", m.body, re.M).group(1)) for m in messages]


@far([*answered(), pause(300), request("INVITE", 1, body=sdp(direction="sendonly", version=2), retrans=500),
      recv(200), request("ACK", 1), pause(900),
      request("INVITE", 2, body=sdp(version=3), retrans=500), recv(200), request("ACK", 2), *hung_up()])
def test_hold_and_resume(call):
    call.ended("answered", "us", "the flow ended", 200)
    offer, hold, resume = call.far.got("INVITE")[0], *call.far.got_status(200, "INVITE")
    assert "a=recvonly" in hold.body and "a=sendrecv" in resume.body
    assert versions([offer, hold, resume]) == [1, 2, 3]
    # Nothing came while it was held, and nothing was missed.
    times = [p[0] for p in call.phone.packets]
    assert max(b - a for a, b in zip(times, times[1:])) > 0.3
    assert call.phone.heard() in (["welcome", "welcome", "silence", "welcome", "bye"],  # held within the first one
                                  ["welcome", "silence", "welcome", "bye"])
    assert 55 <= call.phone.counts["welcome"] <= 61


@far([*answered(), pause(300), request("INVITE", 1, retrans=500), recv(200, check("m=audio [0-9]+ RTP/AVP 8 0 101")),
      request("ACK", 1, body=sdp(port="[second]", version=2)), *hung_up()])
def test_reinvite_without_offer(call):
    """The offer is ours then and the answer comes in the ACK (RFC 3261 14.2): how a call is moved."""
    call.ended("answered", "us", "the flow ended", 200)
    assert "a=sendrecv" in call.far.got_status(200, "INVITE")[0].body
    assert "bye" in call.second.heard() and "bye" not in call.phone.heard()


@far([*answered(), pause(300), request("INVITE", 1, body=sdp(direction="sendonly", version=2), retrans=500),
      recv(200), request("ACK", 1), pause(300), request("INVITE", 2, retrans=500), recv(200, check("a=sendrecv")),
      request("ACK", 2, body=sdp(version=3)), *hung_up()])
def test_resume_without_offer(call):
    """What we offer is not bent by their hold (RFC 6337 5.3)."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard()[-1] == "bye"


@far([*answered(), pause(200), request("INVITE", 1, body=sdp(formats="18", te=None, version=2), retrans=500),
      recv(488), request("ACK", 1), *hung_up()])
def test_reinvite_we_cannot_take(call):
    """The call goes on as it was (RFC 3261 14.2)."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard() == ["welcome", "silence", "welcome", "bye"]


@far([*answered(), pause(200), request("UPDATE", 1, body=sdp(port="[second]", version=2)),
      recv(200, check("a=sendrecv")), *hung_up()])
def test_update(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.second.heard()[-1] == "bye"


@far([*answered(), request("OPTIONS", 1), recv(200), request("UPDATE", 2, headers=["Require: precondition"]),
      recv(420, check("precondition", "Unsupported:")), request("MESSAGE", 3), recv(405, check("BYE", "Allow:")),
      *hung_up()])
def test_other_requests(call):
    call.ended("answered", "us", "the flow ended", 200)


@far([invite(), answer(180, "Ringing"), request("UPDATE", 1), recv(200), answer(200, "OK", sdp(), retrans=500),
      recv("ACK"), *hung_up()])
def test_update_while_ringing(call):
    """It belongs to the early dialog (RFC 3311 5.2); 481 would end the call there (RFC 5057)."""
    call.ended("answered", "us", "the flow ended", 200)


TIMER = ["Supported: timer"]


@far([*answered(headers=["Session-Expires: 90;refresher=uas"]),
      request("INVITE", 1, ["Session-Expires: 90;refresher=uac", *TIMER], sdp(version=2), retrans=500),
      recv(200, check("90;refresher=uac", "Session-Expires:") + check("timer", "Require:")), request("ACK", 1),
      request("UPDATE", 2, ["Session-Expires: 90;refresher=uac", *TIMER]),
      recv(200, check("90;refresher=uac", "Session-Expires:")),
      request("UPDATE", 3, ["Session-Expires: 20", *TIMER]), recv(422, check("90", "Min-SE:")), *hung_up()])
def test_session_timer(call):
    call.ended("answered", "us", "the flow ended", 200)


@far([*answered(), request("UPDATE", 1, ["Session-Expires: 90;refresher=uas", *TIMER]),
      recv(200, check("90;refresher=uas", "Session-Expires:")), *hung_up()])
def test_session_timer_is_ours(call):
    """RFC 4028 9, table 2: who refreshes is theirs to say. That we do is shown by the unit test."""
    call.ended("answered", "us", "the flow ended", 200)


@far([invite(), answer(100, "Trying", tag=None, contact=""),
      answer(200, "OK", sdp(), headers=["Record-Route: <sip:192.0.2.1;lr;a=1>, <sip:[local_ip]:[local_port];lr;a=2>"],
             contact="<sip:far@127.0.0.1:9>", retrans=500), recv("ACK"),
      request("INVITE", 1, body=sdp(version=2), contact="<sip:moved@127.0.0.1:9>", retrans=500), recv(200),
      request("ACK", 1), *hung_up()])
def test_route_set(call):
    """RFC 3261 12.1.2: the route is the Record-Route from its end; 12.2.1.1: the first one is the next
    hop; 12.2.1.2: a re-INVITE moves the target, not the route."""
    call.ended("answered", "us", "the flow ended", 200)
    ack, bye = call.far.got("ACK")[0], call.far.got("BYE")[0]
    assert ack.first.startswith("ACK sip:far@127.0.0.1:9 ") and bye.first.startswith("BYE sip:moved@127.0.0.1:9 ")
    routes = re.findall(r"^Route: (.*)$", bye.text, re.M)
    assert [re.search("a=[12]", r).group() for r in routes] == ["a=2", "a=1"]
    assert re.findall(r"^Route: (.*)$", ack.text, re.M) == routes


# ---- the far side hangs up ----------------------------------------------------------------------------

# Nobody is hurried: what is heard and done does not hang on the machine's speed.
PATIENT = flow()
PATIENT["nodes"]["welcome"]["silence"]["after"] = "30s"
SLOWLY = {"flow": PATIENT}
LONG_WINDED = flow()
LONG_WINDED["nodes"]["welcome"]["prompt"] = ["welcome.wav"] * 16


def bye(cseq=1, headers=()):
    """By the far side; answers to what it sent before may come first."""
    return [request("BYE", cseq, headers, start_txn="bye"), recv("ACK", optional="true"),
            recv(200, response_txn="bye")]


@far([*answered(), pause(250), *bye(headers=['Reason: Q.850;cause=16;text="Normal"'])],
     campaign={"flow": LONG_WINDED})
def test_hang_up_during_prompt(call):
    call.ended("answered", "them", "hung up by the person called", 200)
    assert call.nodes == ["welcome"] and call.phone.heard() == ["welcome"]
    assert call.phone.counts["welcome"] < 16 * 30


@far([*answered(), pause(2000), *bye()], campaign=SLOWLY)
def test_hang_up_during_menu(call):
    call.ended("answered", "them", "hung up by the person called", 200)
    assert call.nodes == ["welcome"] and call.phone.counts["welcome"] >= 28


@far([*answered(), info("1", 1), *bye(2)], campaign=SLOWLY)
def test_hang_up_during_text(call):
    """The BYE comes while the text is being written: it is kept, and told in the record."""
    call.ended("answered", "them", "hung up by the person called", 200)
    assert call.keys == "1" and call.nodes[:2] == ["welcome", "donate"]
    assert call.place.sql("SELECT attempt_id, node, state FROM sms_records WHERE number = ?", call.number) == \
        [(call.attempt_id, "donate", "queued")]


@far([*answered(), info("9", 1), *bye(2)], campaign=SLOWLY)
def test_hang_up_during_opt_out(call):
    """Asked for is asked for, though nobody waits for the confirmation."""
    call.ended("answered", "them", "hung up by the person called", 200)
    assert call.keys == "9"
    assert call.place.one("SELECT count(*) FROM blacklist WHERE number = ? AND list = 'opt-out'", call.number) == 1


@far([invite(), answer(200, "OK", sdp()), *bye()], campaign=SLOWLY)
def test_hang_up_right_after_200(call):
    call.ended("answered", "them", "hung up by the person called", 200)


@far([*answered(), recv("BYE", keep("byevia", "Via:") + keep("byecseq", "CSeq:")), *bye(),
      answer(200, "OK", via="[$byevia]", cseq="[$byecseq]")])
def test_byes_cross(call):
    call.ended("answered", "us", "the flow ended", 200)


@far([*answered(), recv("BYE"), pause(1200), reply()])
def test_bye_is_lost(call):
    """Sent again until it is answered, also when the campaign is over meanwhile."""
    call.ended("answered", "us", "the flow ended", 200)
    assert len(call.far.got("BYE")) >= 2
    assert len({m.text for m in call.far.got("BYE")}) == 1


# ---- what gets lost, comes twice, comes from two ------------------------------------------------------------

@far([invite(), pause(1200), answer(200, "OK", sdp(), retrans=500), recv("ACK"), *hung_up()])
def test_invite_is_lost(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert len(call.far.got("INVITE")) >= 2
    assert len({m.text for m in call.far.got("INVITE")}) == 1


@far([*answered(), answer(200, "OK", sdp()), recv("ACK"), answer(200, "OK", sdp()), recv("ACK"), *hung_up()])
def test_ack_is_lost(call):
    """Each 200 is acknowledged, the person is greeted once (RFC 3261 13.2.2.4)."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard() == ["welcome", "silence", "welcome", "bye"]


@far([invite(), answer(486, "Busy Here"), recv("ACK"), answer(486, "Busy Here"), recv("ACK")], args=["-nr"])
def test_ack_of_busy_is_lost(call):
    call.ended("busy", "them", "486 Busy Here", 486)
    assert len({m.branch for m in call.far.got("ACK") + call.far.got("INVITE")}) == 1
    assert len({m.first for m in call.far.got("ACK")}) == 1


@far([invite(), answer(180, "Ringing", tag="t"), answer(180, "Ringing", tag="u"),
      answer(200, "OK", sdp(), tag="t", retrans=500), recv("ACK", check("tag=t", "To:")),
      answer(200, "OK", sdp(port=9), tag="u", retrans=500), recv("ACK", check("tag=u", "To:")),
      recv("BYE", check("tag=u", "To:")), reply(), answer(200, "OK", sdp(port=9), tag="u"),
      recv("ACK", check("tag=u", "To:")), recv("BYE", check("tag=t", "To:")), reply()])
def test_fork(call):
    """Two telephones answered: the first is spoken to, the second let go (RFC 3261 13.2.2.4)."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.phone.heard() == ["welcome", "silence", "welcome", "bye"]


# ---- audio ----------------------------------------------------------------------------------------------

@far([*answered(sdp(port="[closed]")), *hung_up()])
def test_no_rtp_port(call):
    """Nobody listens at the port they named: the flow runs its course."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.rtp_received == 0 and call.rtp_sent > 100


@far([*answered(), *hung_up()], talks=True)
def test_talks(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.rtp_received > 0


@far([*answered(sdp(formats="0 8")), *hung_up()])
def test_mu_law(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert {p[2] for p in call.phone.packets} == {0}
    call.phone.check_stream()


@far([*answered(sdp(formats="18", te=None)), *hung_up()])
def test_no_common_codec(call):
    call.ended("failed", "us", "no audio format", 200)


@far([invite(), answer(200, "OK", retrans=500), recv("ACK"), *hung_up()])
def test_no_sdp_at_all(call):
    call.ended("failed", "us", "no audio format", 200)


# ---- keys -----------------------------------------------------------------------------------------------

def thanked(call, keys="1", source="r"):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.keys == keys
    assert call.nodes == ["welcome", *["welcome"] * keys.count("2"), "donate", "thanks", "bye"]
    assert call.phone.heard()[-2:] == ["thanks", "bye"]
    assert call.place.one("SELECT count(*) FROM sms_records WHERE attempt_id = ?", call.attempt_id) == 1
    assert call.key_to_audio_us > 0 or source == "i"


@far([*answered(), *hung_up()], [Press("1")], campaign=SLOWLY)
def test_key(call):
    thanked(call)


@far([*answered(sdp(te=96)), *hung_up()], [Press("1", te=96)], campaign=SLOWLY)
def test_key_of_another_type(call):
    thanked(call)


@far([*answered(sdp(te=96)), *hung_up()], [Press("1", te=101)], campaign=SLOWLY)
def test_key_of_the_type_we_offered(call):
    """RFC 3264 6.1: what they send bears our number, what we send theirs."""
    thanked(call)


@far([*answered(), *hung_up()], [Press("2", ends=0), Press("2", after=40, ends=0), Press("1", after=70)],
     campaign=SLOWLY)
def test_key_whose_end_is_lost(call):
    thanked(call, "221")


@far([*answered(), *hung_up()], [Press("2", copies=2), Press("1", after=45, copies=3)], campaign=SLOWLY)
def test_key_that_comes_twice(call):
    thanked(call, "21")


@far([*answered(), *hung_up()], [Press("1", updates=0)], campaign=SLOWLY)
def test_key_of_which_only_the_end_comes(call):
    thanked(call)


@far([*answered(), *hung_up()], [Press("1", ends=1, marker=False)], campaign=SLOWLY)
def test_key_whose_begin_is_lost(call):
    thanked(call)


@far([*answered(sdp(te=None)), pause(200), info("2", 1), recv(200), info("1", 2), recv(200), *hung_up()],
     campaign=SLOWLY)
def test_key_by_info(call):
    thanked(call, "21", "i")


@far([*answered(), *hung_up()], [Press("7"), Press("9", after=10, hear="invalid")], campaign=SLOWLY)
def test_wrong_key_then_opt_out(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert [k.get("invalid", False) for k in call.trace["keys"]] == [True, False] and call.keys == "79"
    assert call.phone.heard()[-2:] == ["stopped", "bye"]
    assert call.place.one("SELECT count(*) FROM blacklist WHERE number = ? AND list = 'opt-out'", call.number) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="sipp sends recorded packets by a raw socket")
@far([*answered(sdp(port="[media_port]")), pause(300),
      action(play_pcap_audio="/usr/share/sip-tester/dtmf_2833_1.pcap"), *hung_up()], campaign=SLOWLY)
def test_recorded_key(call):
    """A key as another's telephone sent it."""
    call.ended("answered", "us", "the flow ended", 200)
    assert call.keys == "1" and call.nodes == ["welcome", "donate", "thanks", "bye"]


@pytest.mark.skipif(os.geteuid() != 0, reason="sipp sends keys by a raw socket")
@far([*answered(sdp(port="[media_port]", te=96)), pause(300), action(play_dtmf="21"), *hung_up()], campaign=SLOWLY)
def test_keys_of_sipp(call):
    call.ended("answered", "us", "the flow ended", 200)
    assert call.keys == "21" and call.nodes == ["welcome", "welcome", "donate", "thanks", "bye"]


# ---- many calls through one trunk -----------------------------------------------------------------------

@pytest.fixture
def alone(tmp_path):
    """alone(steps, calls, …) starts one sipp; (place, sipp) with a campaign through it."""
    made = []

    def start(steps, calls, trunk=None, campaign=None, lines=()):
        place, peer = Place(tmp_path), Sipp(tmp_path / "far", steps, calls, lines=lines)
        made.extend([place, peer])
        place.campaign(trunks=[{"name": "main", "host": "127.0.0.1", "port": peer.port, **(trunk or {})}],
                       **{"ring_timeout": "20s", **(campaign or {})})
        return place, peer

    yield start
    for m in made:
        m.stop()


def run_args(place):
    return "run", "campaign.json", "people.csv", "--data", place.data, "--ignore-windows", "--json"


# RFC 3261 21, and 607 (RFC 8197), 608 (RFC 8688): what it means for the person who was called.
STATUSES = {300: "failed", 400: "failed", 402: "failed", 403: "failed", 404: "invalid_number", 405: "failed",
            406: "failed", 408: "no_answer", 410: "invalid_number", 413: "failed", 415: "failed", 416: "failed",
            420: "failed", 421: "failed", 423: "failed", 480: "no_answer", 481: "failed", 482: "failed",
            483: "failed", 484: "invalid_number", 485: "failed", 486: "busy", 487: "no_answer", 488: "failed",
            491: "failed", 493: "failed", 500: "congestion", 501: "failed", 502: "congestion", 503: "congestion",
            504: "congestion", 505: "failed", 513: "failed", 580: "failed", 600: "busy", 603: "rejected",
            604: "invalid_number", 606: "failed", 607: "rejected", 608: "rejected", 699: "failed"}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """Each status once, all through one trunk."""
    folder = tmp_path_factory.mktemp("statuses")
    answers = {s: [answer(s, f"Because {s}"), recv("ACK", next=END)] for s in STATUSES}
    peer = Sipp(folder / "far", [invite(), *by_line(answers)], len(STATUSES), lines=map(str, STATUSES))
    place = Place(folder)
    try:
        place.campaign(trunks=[{"name": "main", "host": "127.0.0.1", "port": peer.port}])
        place.people(len(STATUSES))
        place.kolcast(*run_args(place))
        assert peer.wait() == 0, peer.story()  # each was acknowledged
        yield {r["sip_status"]: r for r in place.records()}
    finally:
        peer.stop()


@pytest.mark.parametrize("status", STATUSES)
def test_status(refusals, status):
    r = refusals[status]
    assert (r["disposition"], r["ended_by"], r["reason"]) == (STATUSES[status], "them", f"{status} Because {status}")
    assert r["answered_ms"] == 0 and r["trace"] is None


def test_overload_slows_the_pace(alone):
    """503 with Retry-After: nothing for that long, then slower; and it is written down why (P39)."""
    place, peer = alone([invite(), answer(503, "Service Unavailable", headers=["Retry-After: 2"]), recv("ACK")], 5,
                        campaign={"pace": {"calls_per_second": 10, "max_calls": 50}})
    place.people(5)
    place.kolcast(*run_args(place))
    assert peer.wait() == 0, peer.story()
    calls = place.records()
    assert [r["disposition"] for r in calls] == ["congestion"] * 5
    times = [r["dialled_ms"] for r in calls]
    assert max(b - a for a, b in zip(times, times[1:])) >= 1950
    changes = place.sql("SELECT from_cps, to_cps, reason FROM pace_changes ORDER BY at_ms")
    assert any(after < before and "overloaded" in why for before, after, why in changes)


def registrar(*then):
    """What comes to a registrar: REGISTER, or a call."""
    return [recv("REGISTER", optional="true", next="7"), invite(), answer(200, "OK", sdp(), retrans=500), recv("ACK"),
            *hung_up(), jump("8"), label("7"), *then, label("8")]


def test_register(alone):
    """Nobody is called before the trunk is registered."""
    place, peer = alone(
        registrar(pause(200), reply(401, "Unauthorized", ["WWW-Authenticate: " + CHALLENGE % "n1"]),
                  *verified(lambda action: recv("REGISTER", action), "us", "secret", [reply(403, "Forbidden")]),
                  reply(headers=["Contact: [$contact];expires=60"])), 4,
        {"user": "us", "password": "secret", "domain": "example.org", "register": True})
    place.people(3)
    place.kolcast(*run_args(place), "--lanes", "1")
    assert peer.wait() == 0, peer.story()
    calls = place.records()
    assert [r["disposition"] for r in calls] == ["answered"] * 3
    first, second = peer.got("REGISTER")
    assert second.first == "REGISTER sip:example.org SIP/2.0"
    assert first.header("Call-ID") == second.header("Call-ID")
    assert int(second.header("CSeq").split()[0]) == int(first.header("CSeq").split()[0]) + 1  # RFC 3261 10.2
    assert digest_is_right(second, "Authorization", "secret")
    # Calls come from where we are registered.
    contact = re.search(r"@([0-9.:]+)>", second.header("Contact")).group(1)
    assert all(f"UDP {contact};" in m.header("Via") for m in peer.got("INVITE"))


def test_register_is_refused(alone):
    """The list is not used up while nobody can be called; it is told why."""
    place, peer = alone(registrar(reply(403, "No Such Customer")), 1,
                        {"user": "us", "password": "secret", "register": True})
    place.people(3)
    run = place.start(*run_args(place), "--lanes", "1")
    assert peer.wait() == 0
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    assert run.wait(30 * PATIENCE) == 3
    assert place.one("SELECT count(*) FROM call_records WHERE dialled_ms > 0") == 0
    assert place.one("SELECT count(*) FROM attempts WHERE counts = 1") == 0
    assert "status=403" in (place.folder / "run0.err").read_text()


# ---- nobody: last, for it takes long by itself ------------------------------------------------------------

# A campaign each: what one of two dead trunks fails would go on through the other.


@far(None, campaign={"ring_timeout": "3s"})
def test_nothing_comes_back(call):
    """Timer B. It did not ring, so it did not ring too long."""
    call.ended("failed", "network", "no answer from the trunk at all", 0)
    assert len(call.far.got("INVITE")) == 7  # RFC 3261 17.1.1.2: at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s
    assert call.ended_ms - call.dialled_ms >= 31900


@far(None, campaign={"ring_timeout": "4s"}, port=9)
def test_nobody_is_there(call):
    """The port is closed and the network says so (RFC 3261 18.4)."""
    call.ended("failed", "network", "cannot be reached", 0)
    assert call.ended_ms - call.dialled_ms < 31000
