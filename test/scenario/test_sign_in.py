"""Attacks on sign-in, through the service as it is: guessing, replay, stolen and changed tokens, other people's
pages, what answers give away."""
import base64
import hashlib
import hmac
import statistics
import struct
import time

import pytest
from api import OPERATIONS, PASSWORD, Client, wait
from conftest import knows

pytestmark = knows("serve")
ADMIN = "admin@example.org"
OTHER = "seven brisk owls humming"


def sign_in(s, email=ADMIN, password=PASSWORD, client=None, address=None, expect=201, **more):
    headers = {"X-Forwarded-For": address} if address else {}
    return (client or s.anybody()).post("/api/sessions", {"email": email, "password": password, **more}, expect=expect,
                                        headers=headers)


def totp(secret, step):
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 10**6:06d}"


def step():
    return int(time.time()) // 30


# ---- the first time --------------------------------------------------------------------------------------------------

def test_first_use(service):
    """Nobody may come in until somebody who sees the server's output has chosen a password."""
    s = service(set_up=False)
    anybody = s.anybody()
    assert anybody.get("/api/setup").json == {"needed": True}
    for email, password in (("admin", "admin"), (ADMIN, "admin"), (ADMIN, "password"), (ADMIN, ""), ("root@localhost", "kolcast")):
        anybody.post("/api/sessions", {"email": email, "password": password}, expect=(401, 422))
    anybody.get("/api/users", expect=401)
    me = {"email": ADMIN, "name": "Admin", "password": PASSWORD}
    anybody.post("/api/setup", {**me, "token": "kt_" + "A" * 43}, expect=422)
    # A link that was printed before is void once another is.
    old = s.setup_token
    s.stop()
    s.start()
    assert s.setup_token and s.setup_token != old
    anybody = s.anybody()
    anybody.post("/api/setup", {**me, "token": old}, expect=422)
    for password in ("short", "password1234", "aaaaaaaaaaaaaaaa", "admin@example.org"):
        a = anybody.post("/api/setup", {**me, "token": s.setup_token, "password": password}, expect=422)
        assert a.json["errors"][0]["pointer"] == "/password", a
    assert anybody.get("/api/setup").json == {"needed": True}
    a = anybody.post("/api/setup", {**me, "token": s.setup_token}, expect=201)
    assert Client(s.port, a.json["access_token"]).get("/api/session").json["role"] == "Administrator"
    assert anybody.get("/api/setup").json == {"needed": False}
    anybody.post("/api/setup", {**me, "email": "second@example.org", "token": s.setup_token}, expect=(409, 422))
    s.stop()
    s.start()
    assert s.setup_token is None


# ---- guessing --------------------------------------------------------------------------------------------------------

def test_lockout(service):
    """After some failures tries are delayed, also with the right password, and also for who does not exist; the
    owner's browser and other accounts are not held up."""
    s = service("--trust-proxy")
    etag = s.admin.get("/api/settings/sign-in").headers["ETag"]
    s.admin.put("/api/settings/sign-in", {"lockout": {"free_tries": 3, "longest_wait": "2m"}}, etag)
    own = s.anybody()
    sign_in(s, client=own, address="192.0.2.1", cookies=True)
    s.role("Analyst")
    for email in (ADMIN, "nobody@example.org"):
        answers, n = [], 0
        for n in range(3):  # from everywhere at once: the account counts
            answers.append(sign_in(s, email, "wrong", address=f"198.51.100.{n}", expect=401).body)
        assert len({a.split(b'"detail"')[1] for a in answers}) == 1
        # The delay doubles: soon it is longer than this machine may sleep between two lines.
        delay = 0
        while delay < 8:
            n += 1
            a = sign_in(s, email, "wrong", address=f"198.51.100.{n}", expect=(401, 429))
            delay = int(a.headers["Retry-After"] or 0)
            time.sleep(delay if delay < 8 else 0)
        sign_in(s, email, PASSWORD, address="203.0.113.9", expect=429)
        assert delay <= 120
    again = s.anybody()
    again.cookies = own.cookies
    sign_in(s, client=again, address="198.51.100.1")
    sign_in(s, "analyst@example.org", address="203.0.113.9")
    slow = [a for a in s.admin.pages("/api/audit", action="sign_in.slow")]
    assert len(slow) == 2 and slow[0]["who"] == "nobody" and "3 failures" in slow[0]["detail"]


def test_what_answers_tell(service):
    """An unknown address, a wrong password, an account without a password and a disabled one: one answer, and the
    time of one password check."""
    s = service("--trust-proxy")
    s.role("Analyst")
    s.admin.post("/api/users", {"email": "invited@example.org", "role": "Analyst"})
    user = [u for u in s.admin.pages("/api/users") if u["email"] == "analyst@example.org"][0]
    now = s.admin.get(f"/api/users/{user['id']}")
    s.admin.put(f"/api/users/{user['id']}", {**{k: now.json[k] for k in ("email", "name", "role")}, "disabled": True},
                now.headers["ETag"])
    kinds = {"wrong": (ADMIN, "wrong"), "unknown": ("nobody@example.org", PASSWORD), "disabled": ("analyst@example.org", PASSWORD),
             "invited": ("invited@example.org", PASSWORD)}
    etag = s.admin.get("/api/settings/sign-in").headers["ETag"]
    s.admin.put("/api/settings/sign-in", {"lockout": {"free_tries": 20}}, etag)
    took, said = {k: [] for k in kinds}, set()
    for n in range(8):  # one after the other, so that all meet the same load
        for kind, (email, password) in kinds.items():
            began = time.perf_counter()
            a = sign_in(s, email, password, address=f"198.51.100.{n}", expect=401)
            took[kind].append(time.perf_counter() - began)
            said.add((a.status, a.json["detail"], a.json.get("remedy"), len(a.headers.get_all("set-cookie") or [])))
    assert len(said) == 1, said
    middle = {k: statistics.median(v) for k, v in took.items()}
    # A look-up without the check takes a hundredth of it: far outside these bounds.
    assert max(middle.values()) < 3 * min(middle.values()), middle


# ---- second factor ---------------------------------------------------------------------------------------------------

@pytest.fixture
def factor(service):
    """(service, client, secret, recovery codes): the administrator with a second factor."""
    s = service()
    c = s.admin
    c.post("/api/session/totp", {"password": "wrong"}, expect=422)
    secret = c.post("/api/session/totp", {"password": PASSWORD}, expect=201).json["secret"]
    sign_in(s)  # offered is not on
    # The code of the step before: so that the one of now, which the tests take, is not used.
    codes = c.post("/api/session/totp/confirm", {"code": totp(secret, step() - 1)}, expect=200).json["recovery_codes"]
    return s, c, secret, codes


def challenge(s):
    a = sign_in(s, expect=200).json
    assert a["code_needed"] and "access_token" not in a
    return a["ticket"]


def test_replay_of_codes(factor):
    s, c, secret, recovery = factor
    assert c.get("/api/session").json["second_factor"]
    used = step()
    code = totp(secret, used)
    ticket = challenge(s)
    s.anybody().post("/api/sessions", {"ticket": ticket, "code": code}, expect=201)
    # The same code, in the same and in another sign-in; the ticket of a sign-in that is done.
    s.anybody().post("/api/sessions", {"ticket": ticket, "code": recovery[0]}, expect=401)
    s.anybody().post("/api/sessions", {"ticket": challenge(s), "code": code}, expect=401)
    sign_in(s, code=code, expect=401)
    # The one before it, too: nobody who looked over a shoulder comes in with what was shown.
    s.anybody().post("/api/sessions", {"ticket": challenge(s), "code": totp(secret, used - 1)}, expect=401)
    # A code without the password's ticket, and with somebody's invention of one.
    s.anybody().post("/api/sessions", {"ticket": "kt_" + "A" * 43, "code": recovery[0]}, expect=401)
    # A recovery code is good once, however it is typed.
    ticket = challenge(s)
    s.anybody().post("/api/sessions", {"ticket": ticket, "code": recovery[0].upper()}, expect=201)
    s.anybody().post("/api/sessions", {"ticket": challenge(s), "code": recovery[0]}, expect=401)


def test_recovery_codes_anew(factor):
    """New ones make the old ones void; without the second factor's password it does not go away."""
    s, c, secret, recovery = factor
    c.post("/api/session/recovery-codes", {"code": "000000" if totp(secret, step()) != "000000" else "000001"}, expect=422)
    fresh = wait(lambda: (lambda a: a.json["recovery_codes"] if a.status == 200 else None)(
        c.call("POST", "/api/session/recovery-codes", {"code": totp(secret, step())}, expect=(200, 422))), 60)
    assert len(set(fresh) | set(recovery)) == 20
    s.anybody().post("/api/sessions", {"ticket": challenge(s), "code": recovery[1]}, expect=401)
    s.anybody().post("/api/sessions", {"ticket": challenge(s), "code": fresh[1]}, expect=201)
    c.post("/api/session/totp/remove", {"password": "wrong"}, expect=422)
    c.post("/api/session/totp/remove", {"password": PASSWORD}, expect=204)
    sign_in(s)


def test_code_guessing(factor):
    s, _, secret, recovery = factor
    right = {totp(secret, step() + n) for n in range(-2, 4)}
    guesses = [g for g in (f"{n:06d}" for n in range(20)) if g not in right]
    ticket, tried = challenge(s), 0
    for guess in guesses:
        a = s.anybody().post("/api/sessions", {"ticket": ticket, "code": guess}, expect=(401, 429))
        if a.status == 429:
            break
        tried += 1
    assert tried == 5 and int(a.headers["Retry-After"]) >= 1
    # While it waits, a right one does not help.
    s.anybody().post("/api/sessions", {"ticket": ticket, "code": recovery[0]}, expect=429)


# ---- tokens ----------------------------------------------------------------------------------------------------------

def changed(token):
    """The token with each of some characters changed, one end cut, one lengthened, and its kind exchanged."""
    for at in (3, 4, len(token) // 2, len(token) - 2):
        yield token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
    yield token[:-1]
    yield token + "A"
    for kind in ("ka_", "kr_", "kc_", "kd_", "kt_"):
        if kind != token[:3]:
            yield kind + token[3:]


def test_changed_tokens(service):
    s = service()
    a = sign_in(s).json
    for token in changed(a["access_token"]):
        Client(s.port, token).get("/api/session", expect=401)
    for token in changed(a["refresh_token"]):
        s.anybody().post("/api/sessions/refresh", {"refresh_token": token}, expect=401)
    # Each is good for its own purpose only.
    Client(s.port, a["refresh_token"]).get("/api/session", expect=401)
    s.anybody().post("/api/sessions/refresh", {"refresh_token": a["access_token"]}, expect=401)
    secret = s.admin.post("/api/keys", {"name": "k", "scopes": ["contacts:read"]}).json["secret"]
    for token in changed(secret):
        Client(s.port, token).get("/api/lists", expect=401)
    s.anybody().post("/api/sessions/refresh", {"refresh_token": secret}, expect=401)
    # None of that has harmed the true ones.
    Client(s.port, a["access_token"]).get("/api/session")
    Client(s.port, secret).get("/api/lists")
    s.anybody().post("/api/sessions/refresh", {"refresh_token": a["refresh_token"]}, expect=200)


def test_stolen_refresh_token(service):
    """A token that was spent long before ends the whole session: the thief's line of tokens and the owner's."""
    s = service()
    stolen = last = sign_in(s).json
    other = sign_in(s).json
    for _ in range(18):  # more than tabs that refresh together can be behind
        last = s.anybody().post("/api/sessions/refresh", {"refresh_token": last["refresh_token"]}, expect=200).json
    Client(s.port, last["access_token"]).get("/api/session")
    s.anybody().post("/api/sessions/refresh", {"refresh_token": stolen["refresh_token"]}, expect=401)
    s.anybody().post("/api/sessions/refresh", {"refresh_token": last["refresh_token"]}, expect=401)
    for token in (stolen, last):
        Client(s.port, token["access_token"]).get("/api/session", expect=401)
    Client(s.port, other["access_token"]).get("/api/session")
    lines = s.admin.pages("/api/audit", action="session.revoke")
    assert [line["who"] for line in lines] == ["system"] and "stolen" in lines[0]["detail"]


def test_keys_end_with_rights(service):
    """A key may never do more than its owner may at that moment, and ends when it says."""
    s = service()
    key = s.key("users:read", "contacts:read", "contacts:write")
    key.get("/api/users")
    key.get("/api/campaigns", expect=403)
    for path in ("/api/keys", "/api/users"):  # no key makes more of itself
        key.post(path, {"name": "k", "scopes": ["users:write"], "email": "x@example.org", "role": "Administrator"}, expect=(403, 422))
    invited = s.admin.post("/api/users", {"email": "second@example.org", "role": "Administrator"}).json
    s.anybody().post("/api/password-resets/complete", {"token": invited["invitation"]["link"].split("#")[1], "password": OTHER}, expect=204)
    second = Client(s.port, sign_in(s, "second@example.org", OTHER).json["access_token"])
    me = [u for u in second.pages("/api/users") if u["email"] == ADMIN][0]["id"]

    def become(**what):
        now = second.get(f"/api/users/{me}")
        second.put(f"/api/users/{me}", {**{k: now.json[k] for k in ("email", "name", "role", "disabled")}, **what}, now.headers["ETag"])

    become(role="Analyst")
    key.get("/api/users", expect=403)
    key.post("/api/lists", {"name": "x"}, expect=403)
    key.get("/api/lists")
    become(disabled=True)
    key.get("/api/lists", expect=401)
    become(role="Administrator", disabled=False)
    key.get("/api/users")


# ---- browsers --------------------------------------------------------------------------------------------------------

def test_cookie_flags(service):
    s = service("--trust-proxy")
    paths = {"kolcast_access": "/", "kolcast_refresh": "/api/sessions/refresh", "kolcast_device": "/api/sessions"}
    for secure in (False, True):
        a = s.anybody().post("/api/sessions", {"email": ADMIN, "password": PASSWORD, "cookies": True},
                             headers={"X-Forwarded-Proto": "https" if secure else "http"}, expect=201)
        cookies = {}
        for text in a.headers.get_all("set-cookie"):
            name, *flags = text.split("; ")
            cookies[name.split("=")[0]] = flags
        assert set(cookies) == set(paths)
        for name, flags in cookies.items():
            assert {"HttpOnly", "SameSite=Strict", f"Path={paths[name]}"} <= set(flags), (name, flags)
            assert ("Secure" in flags) == secure and not any(f.startswith("Domain") for f in flags), (name, flags)
        assert "Max-Age=3600" in cookies["kolcast_access"] and "Max-Age=2592000" in cookies["kolcast_refresh"]
        assert a.headers["Cache-Control"] == "no-store"


def test_other_peoples_pages(service):
    """A page elsewhere can make the browser ask, with its cookies: no operation that changes anything takes that."""
    s = service()
    c, other = s.anybody(), s.anybody()
    for client in (c, other):
        sign_in(s, client=client, cookies=True)
    c.csrf = None
    theirs = other.get("/api/session").json["csrf_token"]
    own = c.get("/api/session").json["csrf_token"]
    assert own != theirs
    before = len(s.admin.pages("/api/audit"))
    for op, (path, method, spec) in OPERATIONS.items():
        if method == "get" or spec["x-role"] == "Public":
            continue
        for csrf in (None, "x", theirs):
            c.csrf = csrf
            kind = next(iter(spec.get("requestBody", {"content": {}})["content"]), None)
            a = c.call(method.upper(), path.format(id=1, number="+972501234567", version=1),
                       raw=b"{}" if kind else None, type=kind, expect=403)
            assert "CSRF" in a.body.decode(), (op, a)
    assert len(s.admin.pages("/api/audit")) == before
    c.csrf = own
    c.post("/api/lists", {"name": "mine"}, expect=201)
    # A key or a token in a header is no cookie: it needs none.
    s.key("contacts:write").post("/api/lists", {"name": "by key"}, expect=201)
