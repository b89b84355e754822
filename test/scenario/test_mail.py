"""Invitations and password resets that `kolcast serve` really sends, taken by a real mail server."""
import json
import signal
import subprocess

import pytest
from api import PASSWORD, wait
from conftest import KOLCAST, PATIENCE, knows
from mailbox import SECRET, USER, Mailbox, certificate, token_of

pytestmark = knows("serve")
SETTINGS = "/api/settings/sign-in"
HOME = "https://calls.example.org"
OTHER = "seven brisk owls humming"


@pytest.fixture
def mailbox(tmp_path):
    made = []

    def make(**how):
        made.append(Mailbox(tmp_path, **how))
        return made[-1]

    yield make
    for m in made:
        m.close()


def mail(at, /, **smtp):
    smtp = {"host": "127.0.0.1", "port": at, "user": USER, "password": SECRET, **smtp}
    return {"public_url": HOME, "mail": {"from": "קולקאסט <calls@example.org>",
                                         "smtp": {k: v for k, v in smtp.items() if v is not None}}}


def by_command_line(s, settings, folder):
    """What names a file on the server is set there; the service that runs reads it when told to."""
    def read_anew():
        return (s.folder / f"serve{s.starts}.err").read_text().count("settings and certificates were read anew")

    path, before = folder / "settings.json", read_anew()
    path.write_text(json.dumps(settings))
    subprocess.run([KOLCAST, "user", "settings", path, "--data", s.data], check=True, timeout=60 * PATIENCE,
                   capture_output=True)
    s.process.send_signal(signal.SIGHUP)
    wait(lambda: read_anew() > before)


def put(s, settings, expect=200):
    return s.admin.put(SETTINGS, settings, s.admin.get(SETTINGS).headers["ETag"], expect=expect)


def test_invitation_and_reset(service, mailbox, tmp_path):
    s, box = service(), mailbox()
    by_command_line(s, mail(box.port, ca_file=str(certificate(tmp_path)[0])), tmp_path)
    # Invited: the link goes to the person alone.
    a = s.admin.post("/api/users", {"email": "Noa@Example.org", "name": "נועה לוי", "role": "Analyst"}).json
    assert a["invitation"]["mailed"] and a["invitation"]["link"] is None
    letter = wait(lambda: box.letters)[0]
    assert letter.envelope == ("calls@example.org", ["noa@example.org"]) and letter.encrypted
    assert letter["from"].addresses[0].display_name == "קולקאסט" and letter["to"] == "noa@example.org"
    assert letter["auto-submitted"] == "auto-generated" and letter["date"].datetime and letter["message-id"]
    assert b"\n" not in letter.raw.replace(b"\r\n", b""), "bare line feeds"
    assert box.sessions[-1].host_name == "example.org"
    assert f"{HOME}/invite#" in letter.get_content()
    anybody = s.anybody()
    token = token_of(letter)
    look = anybody.post("/api/password-resets/look", {"token": token}).json
    assert (look["email"], look["name"], look["invited"]) == ("noa@example.org", "נועה לוי", True)
    anybody.post("/api/password-resets/complete", {"token": token, "password": "noa@example.org"}, expect=422)
    anybody.post("/api/password-resets/complete", {"token": token, "password": PASSWORD}, expect=204)
    anybody.post("/api/password-resets/complete", {"token": token, "password": OTHER}, expect=422)
    me = {"email": "noa@example.org", "password": PASSWORD}
    session = anybody.post("/api/sessions", me, expect=201).json
    # The password is lost: a mail to who has an account, the same answer for who has none.
    for address in ("nobody@example.org", "noa@example.org"):
        anybody.post("/api/password-resets", {"email": address}, expect=202)
    letter = wait(lambda: box.letters[1:])[0]
    assert letter.envelope[1] == ["noa@example.org"] and f"{HOME}/reset#" in letter.get_content()
    anybody.post("/api/password-resets/complete", {"token": token_of(letter), "password": OTHER}, expect=204)
    anybody.post("/api/sessions", me, expect=401)
    anybody.post("/api/sessions", {**me, "password": OTHER}, expect=201)
    anybody.post("/api/sessions/refresh", {"refresh_token": session["refresh_token"]}, expect=401)
    assert len(box.letters) == 2


def test_settings_of_mail(service, mailbox, tmp_path):
    """The secret is never shown, stays for whom it was meant, and does not follow to another server."""
    s, box = service(), mailbox()
    settings = mail(box.port, ca_file=str(certificate(tmp_path)[0]))
    a = put(s, settings, expect=422)
    assert a.json["errors"][0]["pointer"] == "/mail/smtp/ca_file"
    by_command_line(s, settings, tmp_path)
    seen = s.admin.get(SETTINGS)
    shown = subprocess.run([KOLCAST, "user", "settings", "--data", s.data], capture_output=True, text=True, check=True)
    assert SECRET not in json.dumps([seen.json, json.loads(shown.stdout)], ensure_ascii=False)
    assert seen.json["mail"]["smtp"]["user"] == USER
    put(s, {**seen.json, "passwords": {"min_length": 14}})
    s.admin.post(SETTINGS + "/test-mail", expect=204)
    assert box.letters[0].envelope[1] == ["admin@example.org"]
    elsewhere = {**seen.json, "mail": {**seen.json["mail"], "smtp": {**seen.json["mail"]["smtp"], "host": "localhost"}}}
    a = put(s, elsewhere, expect=422)
    assert "password is missing" in a.json["errors"][0]["message"], a
    lines = s.admin.pages("/api/audit")
    changes = [x["detail"] for x in lines if x["action"] == "settings.update"]
    assert sorted(changes) == ["passwords", "public_url, mail"], lines
    assert SECRET not in json.dumps(lines, ensure_ascii=False) and SECRET not in s.log()


WRONG = [
    ({"host": "mail.example.org", "security": "none"}, "/mail/smtp/security"),
    ({"host": "mail.example.org/x"}, "/mail/smtp/host"),
    ({"host": "a@b"}, "/mail/smtp/host"),
    ({"user": None}, "/mail/smtp"),
    ({"port": 70000}, "/mail/smtp/port"),
    ({"security": "ssl"}, "/mail/smtp/security"),
]


def test_bad_settings(service):
    s = service()
    for change, pointer in WRONG:
        a = put(s, mail(25, **change), expect=422)
        assert a.json["errors"][0]["pointer"] == pointer, a
    both = mail(25, security="none")
    both["mail"]["webhook"] = "https://mail.example.org"
    assert put(s, both, expect=422).json["errors"][0]["pointer"] == "/mail"
    for change, pointer in (({"passwords": {"min_length": 7}}, "/passwords/min_length"),
                            ({"lockout": {"longest_wait": "1s"}}, "/lockout/longest_wait"),
                            ({"lockout": {"free_tries": 0}}, "/lockout/free_tries")):
        assert put(s, change, expect=422).json["errors"][0]["pointer"] == pointer
    assert s.admin.get(SETTINGS).json == {}


def test_what_the_server_says(service, mailbox, tmp_path):
    """An administrator who tries mail out reads what is wrong; without a safe connection nothing leaves."""
    s = service()
    assert "mail" in s.admin.post(SETTINGS + "/test-mail", expect=409).json["detail"]
    trusted = {"ca_file": str(certificate(tmp_path)[0])}
    plain, safe, whole = mailbox(tls=None, auth=False), mailbox(), mailbox(tls="tls", auth=False)
    strict = mailbox(answers=["550 5.1.1 no such person here"])
    closed = mailbox()
    closed.close()
    gone = closed.port
    closed.close = lambda: None
    cases = [
        (mail(plain.port), "no encryption"),
        (mail(safe.port), "no safe connection"),
        (mail(safe.port, password="wrong", **trusted), "refuses"),
        (mail(safe.port, host="localhost", security="tls", **trusted), "no safe connection"),
        (mail(strict.port, **trusted), "550 5.1.1 no such person here"),
        (mail(gone, **trusted), "connect"),
        (mail(safe.port, ca_file="/nowhere.pem"), "ca_file"),
    ]
    for settings, words in cases:
        by_command_line(s, settings, tmp_path)
        a = s.admin.post(SETTINGS + "/test-mail", expect=502)
        assert words in a.json["detail"], a
    assert not plain.letters + safe.letters + whole.letters + strict.letters
    # TLS from the first byte; and in the clear, on this machine only.
    by_command_line(s, mail(whole.port, security="tls", user=None, password=None, **trusted), tmp_path)
    s.admin.post(SETTINGS + "/test-mail", expect=204)
    assert len(whole.letters) == 1
    put(s, mail(plain.port, security="none", user=None, password=None))
    s.admin.post(SETTINGS + "/test-mail", expect=204)
    assert len(plain.letters) == 1 and not plain.letters[0].encrypted


def test_tried_again(service, mailbox):
    """A server that is busy for a moment gets the mail later."""
    s, box = service(), mailbox(tls=None, auth=False, answers=["451 4.3.2 come back later"])
    put(s, mail(box.port, security="none", user=None, password=None))
    s.admin.post("/api/users", {"email": "noa@example.org", "role": "Analyst"})
    assert wait(lambda: box.letters, 60)[0].envelope[1] == ["noa@example.org"]
    assert not box.answers
