"""kolcast user: accounts from the command line, alone and beside a service that runs."""
import json
import os
import pty
import re
import subprocess

import pytest
from api import Client, wait
from conftest import KOLCAST, PATIENCE, knows

pytestmark = knows("user")
GOOD = "four unlikely green hats"
OTHER = "seven brisk owls humming"


@pytest.fixture
def user(tmp_path):
    """user("add", …, password=…) → the finished process."""

    def run(*args, password=None, code=0, data=tmp_path / "data"):
        r = subprocess.run([KOLCAST, "user", *map(str, args), "--data", data], capture_output=True, text=True,
                           input=password, timeout=60 * PATIENCE, cwd=tmp_path)
        assert r.returncode == code, f"{args}: {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r

    return run


def test_accounts(user):
    user("add", "dana@example.org", "--role", "Administrator", "--name", "דנה", password=GOOD + "\n")
    user("add", "noa@example.org", password=GOOD)
    one, two = [json.loads(line) for line in user("list", "--json").stdout.splitlines()]
    assert (one["email"], one["name"], one["role"], one["password"]) == ("dana@example.org", "דנה", "Administrator", True)
    assert two["role"] == "Analyst"
    user("role", "noa@example.org", "CampaignManager")
    user("disable", "noa@example.org")
    two = json.loads(user("list", "--json").stdout.splitlines()[1])
    assert (two["role"], two["disabled"]) == ("CampaignManager", True)
    user("enable", "noa@example.org")
    r = user("disable", "dana@example.org", code=2)
    assert "last administrator" in r.stderr and "try:" in r.stderr
    user("remove", "noa@example.org")
    assert len(user("list", "--json").stdout.splitlines()) == 1


@pytest.mark.parametrize("args,password,word", [
    (["add", "dana@example.org"], "short\n", "too short"),
    (["add", "dana@example.org"], "password1234\n", "common"),
    (["add", "dana@example.org"], "", "no password came"),
    (["add", "no-address"], GOOD, "address"),
    (["add", "dana@example.org", "--role", "King"], GOOD, "King"),
    (["add"], None, "missing"),
    (["ad", "x"], None, "did you mean"),
    (["role", "nobody@example.org", "Analyst"], None, "nobody@example.org"),
    (["key-add", "nobody@example.org", "--name", "x"], None, "nobody"),
    (["settings", "absent.json"], None, "absent.json"),
])
def test_bad_input(user, tmp_path, args, password, word):
    r = user(*args, password=password, code=2)
    assert word in r.stderr, r.stderr
    assert not (tmp_path / "data/kolcast.db").exists() or not user("list", "--json").stdout


def test_looking_makes_nothing(user, tmp_path):
    user("list", code=2)
    assert not (tmp_path / "data").exists()


def test_invitation_by_mail(user, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({
        "public_url": "https://calls.example.org",
        "mail": {"from": "Kolcast <calls@example.org>", "command": ["/bin/sh", "-c", f"cat > '{tmp_path}/mail'"]}}))
    user("settings", settings)
    r = json.loads(user("add", "noa@example.org", "--invite", "--json").stdout)
    assert r["mailed"] and r["link"].startswith("https://calls.example.org/invite#kt_")
    mail = (tmp_path / "mail").read_text()
    assert "\nTo: noa@example.org\n" in mail
    # The command that fails is told; the link is there all the same.
    settings.write_text(json.dumps({"mail": {"from": "a@example.org", "command": ["/bin/false"]}}))
    user("settings", settings)
    r = user("add", "noa@example.org", "--invite", "--json")
    assert not json.loads(r.stdout)["mailed"] and "/bin/false" in r.stderr


def test_password_on_a_terminal(tmp_path):
    """Asked for twice, not shown, and the terminal is as before, also after Ctrl-C."""
    for keys, code, said in (([GOOD, GOOD], 0, "may sign in"), ([GOOD, OTHER], 2, "differ"), (["\x03"], 130, "not given")):
        main, side = pty.openpty()
        before = subprocess.run(["stty", "-g"], stdin=side, capture_output=True, text=True, check=True).stdout
        p = subprocess.Popen([KOLCAST, "user", "add", f"u{code}@example.org", "--plain", "--data", tmp_path / "data"],
                             stdin=side, stdout=side, stderr=side, start_new_session=True)
        out = b""
        for i, word in enumerate(keys):
            while out.count(b": ") <= i:
                out += os.read(main, 1000)
            os.write(main, word.encode() + (b"" if word == "\x03" else b"\n"))
        assert p.wait(30 * PATIENCE) == code
        after = subprocess.run(["stty", "-g"], stdin=side, capture_output=True, text=True, check=True).stdout
        os.close(side)
        while True:
            try:
                more = os.read(main, 1000)
            except OSError:
                break
            if not more:
                break
            out += more
        os.close(main)
        text = out.decode()
        assert said in text and GOOD not in text and OTHER not in text, text
        assert before == after


@knows("serve")
def test_beside_a_service(service, user):
    """What the command line takes away is gone at the service with its next answer."""
    s = service()
    data = s.data
    user("add", "dana@example.org", "--role", "CampaignManager", password=GOOD, data=data)
    dana = s.anybody().post("/api/sessions", {"email": "dana@example.org", "password": GOOD}, expect=201).json
    c = Client(s.port, dana["access_token"])
    assert c.get("/api/session").json["role"] == "CampaignManager"
    user("role", "dana@example.org", "Analyst", data=data)
    assert c.get("/api/session").json["role"] == "Analyst"
    key = user("key-add", "dana@example.org", "--name", "Zapier", "--scope", "campaigns:read", data=data).stdout.strip()
    k = Client(s.port, key)
    k.get("/api/campaigns")
    k.get("/api/lists", expect=403)
    number = json.loads(user("keys", "--json", data=data).stdout)["id"]
    user("key-revoke", number, data=data)
    k.get("/api/campaigns", expect=401)
    user("disable", "dana@example.org", data=data)
    c.get("/api/session", expect=401)
    user("enable", "dana@example.org", data=data)
    link = json.loads(user("reset-password", "dana@example.org", "--link", "--json", data=data).stdout)["link"]
    token = re.search(r"#(kt_\S+)", link).group(1)
    s.anybody().post("/api/password-resets/complete", {"token": token, "password": OTHER}, expect=204)
    s.anybody().post("/api/sessions", {"email": "dana@example.org", "password": GOOD}, expect=401)
    s.anybody().post("/api/sessions", {"email": "dana@example.org", "password": OTHER}, expect=201)


@knows("serve")
def test_mail_of_the_service(service, user, tmp_path):
    """The service sends by the command that was set beside it, once it has read its settings anew."""
    s = service()
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({
        "public_url": "https://calls.example.org",
        "mail": {"from": "calls@example.org", "command": ["/bin/sh", "-c", f"cat > '{tmp_path}/mail'"]}}))
    user("settings", settings, data=s.data)
    s.stop()
    s.start()
    a = s.admin.post("/api/users", {"email": "noa@example.org", "role": "Analyst"}).json
    assert a["invitation"]["mailed"] and a["invitation"]["link"] is None
    mail = wait(lambda: (tmp_path / "mail").exists() and (tmp_path / "mail").read_text())
    assert "\nTo: noa@example.org\n" in mail
