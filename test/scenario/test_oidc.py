"""Signing in through a certified OpenID provider (npm: oidc-provider), with a browser's redirects, cookies
and forms, against the service as it is."""
import copy
import fcntl
import hashlib
import html.parser
import http.cookiejar
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
from api import wait
from conftest import BUILD, PATIENCE, SOURCE, knows

HERE = SOURCE / "test/scenario/oidc"
MODULES = BUILD / "oidc-provider"
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH")


@pytest.fixture(scope="session")
def provider_folder():
    """A folder with the provider of package-lock.json, fetched by npm once for a build folder."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.fail("no npm here: tools/setup.sh installs it")
    MODULES.mkdir(exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    mark = MODULES / "installed"
    with open(MODULES / ".lock", "w", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "provider.mjs"):
            shutil.copy(HERE / name, MODULES / name)
        if not mark.exists() or mark.read_text() != hashlib.sha256(lock).hexdigest():
            try:
                r = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=MODULES,
                                   capture_output=True, text=True, timeout=300)
            except subprocess.TimeoutExpired:
                pytest.skip("npm's registry does not answer within 5 min")
            if r.returncode and UNREACHABLE.search(r.stderr):
                pytest.skip("npm's registry cannot be reached: " + UNREACHABLE.search(r.stderr).group())
            assert r.returncode == 0, r.stderr[-2000:]
            mark.write_text(hashlib.sha256(lock).hexdigest())
    return MODULES


class Provider:
    def __init__(self, folder, modules, redirect, alg, client):
        config = folder / "provider.json"
        config.write_text(json.dumps({
            "alg": alg,
            "client": {"client_id": "kolcast client", "redirect_uris": [redirect], **client,
                       "grant_types": ["authorization_code"], "response_types": ["code"]},
            "accounts": ACCOUNTS}))
        self.errors = open(folder / "provider.err", "w", encoding="utf-8")
        self.process = subprocess.Popen(["node", "provider.mjs", str(config)], cwd=modules, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline()
        assert line, (folder / "provider.err").read_text()
        self.issuer = json.loads(line)["issuer"]

    def order(self, **what):
        """rotate, account, forge: see provider.mjs."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


ACCOUNTS = {
    "dana": {"email": "Dana@Example.org", "email_verified": True, "name": "דנה", "groups": ["leads", "choir"]},
    "noa": {"email": "noa@example.org", "email_verified": True, "name": "Noa", "groups": ["callers"]},
    "mallory": {"email": "admin@example.org", "email_verified": False, "name": "M", "groups": ["callers"]},
    "rami": {"email": "rami@example.org", "email_verified": True, "name": "Rami", "groups": ["choir"]},
}


class Form(html.parser.HTMLParser):
    """The first form of a page."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = a["action"]
        elif tag == "input" and a.get("name"):
            self.fields[a["name"]] = a.get("value") or ""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


class Browser:
    """Cookies and one page at a time; redirects are followed by hand."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), NoRedirect,
                                                  urllib.request.ProxyHandler({}))
        self.url = None

    def load(self, url, form=None, headers=None):
        """(status, headers, text)"""
        self.url = urllib.parse.urljoin(self.url or url, url)
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            r = self.opener.open(urllib.request.Request(self.url, data, headers or {}), timeout=30 * PATIENCE)
        except urllib.error.HTTPError as e:
            r = e
        with r:
            return r.status, r.headers, r.read().decode()

    def cookies(self):
        return {c.name: c.value for c in self.jar}

    def twin(self):
        """Another with the same cookies."""
        b = Browser()
        for c in self.jar:
            b.jar.set_cookie(copy.copy(c))
        return b


class Place:
    def __init__(self, service, folder, modules, alg="RS256", client=None, **more):
        self.s = service("--ignore-windows")
        self.home = f"http://127.0.0.1:{self.s.port}"
        self.callback = f"{self.home}/api/providers/staff/callback"
        self.provider = Provider(folder, modules, self.callback, alg, client or {"client_secret": "s/e+c r=t"})
        self.configure(**more)

    def configure(self, **more):
        now = self.s.admin.get("/api/settings/sign-in")
        self.s.admin.put("/api/settings/sign-in", {
            "public_url": self.home,
            "providers": [{"name": "staff", "label": "Staff", "issuer": self.provider.issuer,
                           "client_id": "kolcast client", "client_secret": "s/e+c r=t", "groups_claim": "groups",
                           "roles": {"leads": "CampaignManager", "callers": "Analyst"}, "create_users": True, **more}],
        }, now.headers["ETag"])

    def travel(self, b, login, return_to="/campaigns?sort=name", abort=False, **asked):
        """From our start through the provider's pages, up to the address that it sends the browser back to.
        asked: what somebody in between writes into our question instead."""
        status, headers, page = b.load(f"{self.home}/api/providers/staff/start?"
                                       + urllib.parse.urlencode({"return_to": return_to}))
        assert status == 303, page
        url = urllib.parse.urlsplit(headers["Location"])
        question = dict(urllib.parse.parse_qsl(url.query))
        assert question["code_challenge_method"] == "S256" and question["redirect_uri"] == self.callback
        headers = {"Location": url._replace(query=urllib.parse.urlencode({**question, **asked})).geturl()}
        for _ in range(20):
            if status in (302, 303):
                where = urllib.parse.urljoin(b.url, headers["Location"])
                if where.startswith(self.callback):
                    return where
                status, headers, page = b.load(where)
                continue
            assert status == 200, page
            if abort:
                status, headers, page = b.load(re.search(r'href="([^"]*/abort)"', page).group(1))
                continue
            form = Form(page)
            fields = {**form.fields, **({"login": login, "password": "any"} if "login" in form.fields else {})}
            status, headers, page = b.load(form.action, fields)
        raise AssertionError("the provider went round in circles")

    def sign_in(self, login, **more):
        """(browser, status, headers, body) of our answer at the end."""
        b = Browser()
        return b, *b.load(self.travel(b, login, **more))

    def refused(self, login, word, statuses=(403,), **more):
        """He does not come in, and is told why."""
        b, status, _, text = self.sign_in(login, **more)
        assert status in statuses and word in json.loads(text)["detail"], text
        assert "kolcast_access" not in b.cookies()

    def me(self, b):
        status, _, text = b.load(f"{self.home}/api/session")
        assert status == 200, text
        return json.loads(text)


@pytest.fixture
def place(service, tmp_path, provider_folder):
    made = []

    def make(**how):
        made.append(Place(service, tmp_path, provider_folder, **how))
        return made[-1]

    yield make
    for p in made:
        p.provider.stop()


pytestmark = knows("serve")


def test_sign_in(place):
    p = place()
    assert p.s.anybody().get("/api/providers").json["items"] == [{"name": "staff", "label": "Staff"}]
    b, status, headers, text = p.sign_in("dana")
    assert (status, headers["Location"]) == (303, "/campaigns?sort=name"), text
    assert "kolcast_oidc" not in b.cookies()
    me = p.me(b)
    assert (me["email"], me["name"], me["role"]) == ("dana@example.org", "דנה", "CampaignManager")
    # The cookie alone changes nothing: it needs the session's CSRF token.
    request = {"Content-Type": "application/json"}
    body = json.dumps({"name": "by a browser"}).encode()
    for csrf, expected in ((None, 403), ("x", 403), (me["csrf_token"], 201)):
        r = urllib.request.Request(f"{p.home}/api/lists", body, {**request, **({"X-CSRF-Token": csrf} if csrf else {})})
        try:
            with b.opener.open(r, timeout=30 * PATIENCE) as answer:
                status = answer.status
        except urllib.error.HTTPError as e:
            status = e.code
            e.close()
        assert status == expected
    # The same person again is the same account; another has another, with the role of its group.
    again, status, *_ = p.sign_in("dana")
    assert p.me(again)["id"] == me["id"]
    other, status, *_ = p.sign_in("noa")
    assert (p.me(other)["email"], p.me(other)["role"]) == ("noa@example.org", "Analyst")
    lines = p.s.admin.pages("/api/audit")
    assert any(line["action"] == "user.link" and "subject-dana" in line["detail"] for line in lines)


def test_refused(place):
    p = place()
    # Somebody claims the administrator's address, and the provider does not vouch for it.
    p.refused("mallory", "vouch")
    # In no group that gives a role.
    p.refused("rami", "groups")
    # Cancelled over there.
    p.refused("dana", "provider says", abort=True)
    assert {u["email"] for u in p.s.admin.pages("/api/users")} == {"admin@example.org"}


def test_forged_answers(place):
    """What comes back by the browser, changed on its way or brought from elsewhere."""
    p = place()
    b = Browser()
    where = p.travel(b, "dana")
    # The address in another browser: a sign-in cannot be pushed onto somebody.
    stranger = Browser()
    assert stranger.load(where)[0] == 403
    theirs = p.travel(stranger, "noa")
    assert stranger.twin().load(where)[0] == 403
    url = urllib.parse.urlsplit(where)
    query = dict(urllib.parse.parse_qsl(url.query))
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(theirs).query))["code"]
    for key, value in (("state", "x"), ("state", query["state"][:-1]), ("code", "guess"), ("code", ""), ("code", code),
                       ("iss", "https://evil.example.org"), ("iss", None), ("state", None), ("code", None)):
        changed = {k: v for k, v in {**query, key: value}.items() if v is not None}
        again = b.twin()
        status, _, text = again.load(url._replace(query=urllib.parse.urlencode(changed)).geturl())
        assert status in (403, 502), (key, value, text)
        assert "kolcast_access" not in again.cookies(), (key, value)
    # The cookie that carries the flow, changed in each of its parts.
    kept = b.cookies()["kolcast_oidc"]
    for at in (0, len(kept) // 2, len(kept) - 1):
        again = b.twin()
        for c in again.jar:
            if c.name == "kolcast_oidc":
                c.value = kept[:at] + ("A" if kept[at] != "A" else "B") + kept[at + 1:]
        assert again.load(where)[0] == 403
    # The right one, once: not again in this browser, nor in one that had its cookies.
    late = b.twin()
    assert b.load(where)[0] == 303
    assert b.load(where)[0] == 403
    assert late.load(where)[0] in (403, 502)
    assert "kolcast_access" not in late.cookies()


def test_forged_questions(place):
    """Our question to the provider, changed on its way there: what it answers is of no use."""
    p = place()
    # PKCE: the code is given for another challenge, so that our verifier does not fit.
    p.refused("dana", "tokens for the code", (502,), code_challenge="A" * 43)
    p.refused("dana", "nonce", nonce="of another sign-in")
    p.refused("dana", "no sign-in of this browser", state="of another sign-in")
    assert p.sign_in("dana")[1] == 303


FORGERIES = {  # what the provider does → what the person reads of it
    "issuer": "iss", "audience": "aud", "party": "aud", "nonce": "nonce", "no nonce": "nonce", "expired": "exp",
    "no expiry": "exp", "future": "iat", "access token": "at_hash", "no subject": "sub", "signature": "signature",
    "payload": "signature", "header": "signature", "none": "no signed token", "none, signed": "not taken",
    "shared secret": "not taken", "another key": "signature", "own key": "signature", "somebody else": "of somebody else",
}


def test_forged_tokens(place):
    """ID tokens that are changed, badly signed, of another issuer, for others, of another time."""
    p = place()
    p.provider.order(forge="right")
    assert p.sign_in("dana")[1] == 303
    for how, word in FORGERIES.items():
        p.provider.order(forge=how)
        p.refused("dana", word)
    p.provider.order(forge=None)
    assert p.sign_in("dana")[1] == 303


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_keys_change(place, alg):
    """Signed with either kind; after the provider has changed its keys, sign-in works again by itself."""
    p = place(alg=alg)
    assert p.sign_in("dana")[1] == 303
    for other in ("ES256" if alg == "RS256" else "RS256", alg):
        p.provider.order(rotate=other)
        # Keys are not asked for more often than every few seconds.
        wait(lambda: p.sign_in("dana")[1] == 303, 60)


@pytest.mark.parametrize("way", ["post", "none"])
def test_ways_of_the_client(place, way):
    """The secret in the form, and a public client without one (PKCE alone)."""
    client = {"post": {"token_endpoint_auth_method": "client_secret_post", "client_secret": "s/e+c r=t"},
              "none": {"token_endpoint_auth_method": "none"}}
    p = place(client=client[way], client_auth=way)
    assert p.sign_in("dana")[1] == 303


def test_groups_and_leaving(place):
    """The groups of the moment decide at each sign-in; who is disabled here is out at once, and stays out."""
    p = place()
    b = p.sign_in("noa")[0]
    me = p.me(b)
    assert me["role"] == "Analyst"
    p.provider.order(account={"noa": {**ACCOUNTS["noa"], "email": "noa.levi@example.org", "groups": ["callers", "leads"]}})
    again = p.me(p.sign_in("noa")[0])
    # It is the same account whatever the address, and open sessions have the new role too.
    assert (again["id"], again["role"], p.me(b)["role"]) == (me["id"], "CampaignManager", "CampaignManager")
    p.provider.order(account={"noa": {**ACCOUNTS["noa"], "groups": []}})
    p.refused("noa", "groups")
    p.provider.order(account={"noa": ACCOUNTS["noa"]})
    user = p.s.admin.get(f"/api/users/{me['id']}")
    change = {**{k: user.json[k] for k in ("email", "name", "role")}, "disabled": True}
    p.s.admin.put(f"/api/users/{me['id']}", change, user.headers["ETag"])
    assert b.load(f"{p.home}/api/session")[0] == 401
    p.refused("noa", "disabled")
    now = p.s.admin.get(f"/api/users/{me['id']}")
    p.s.admin.put(f"/api/users/{me['id']}", {**change, "disabled": False}, now.headers["ETag"])
    assert p.me(p.sign_in("noa")[0])["id"] == me["id"]


def test_addresses_that_are_trusted(place):
    """A provider that does not tell whether addresses are verified (Entra ID) may be trusted to give only true ones."""
    p = place()
    silent = {k: v for k, v in ACCOUNTS["noa"].items() if k != "email_verified"}
    p.provider.order(account={"noa": silent})
    p.refused("noa", "vouch")
    p.configure(trust_email=True)
    assert p.me(p.sign_in("noa")[0])["email"] == "noa@example.org"
    # But not when it says that it is not.
    p.refused("mallory", "vouch")


@pytest.mark.parametrize("path", ["//evil.example.org/", "https://evil.example.org/", "/\\evil.example.org", "evil", ""])
def test_ways_back(place, path):
    """A link cannot lead elsewhere through us."""
    _, status, headers, text = place().sign_in("dana", return_to=path)
    assert (status, headers["Location"]) == (303, "/"), text


def test_another_issuer(place):
    """The document must be of the issuer that was set, to the letter."""
    p = place()
    p.configure(issuer=p.provider.issuer + "/")
    status, _, text = Browser().load(f"{p.home}/api/providers/staff/start")
    assert status == 502 and "issuer" in json.loads(text)["detail"], text


def test_away(place):
    p = place()
    p.provider.stop()
    status, _, text = Browser().load(f"{p.home}/api/providers/staff/start")
    assert status == 502 and "staff" in text, text
    assert Browser().load(f"{p.home}/api/providers/nobody/start")[0] == 404


def test_settings(place):
    """Secrets are never shown, and stay; what runs a program cannot be set from afar."""
    p = place()
    admin = p.s.admin
    now = admin.get("/api/settings/sign-in")
    assert "client_secret" not in now.json["providers"][0] and "s/e+c" not in now.body.decode()
    changed = {**now.json, "providers": [{**now.json["providers"][0], "label": "Personal"}]}
    admin.put("/api/settings/sign-in", changed, now.headers["ETag"])
    admin.put("/api/settings/sign-in", changed, now.headers["ETag"], expect=412)
    assert p.sign_in("dana")[1] == 303
    etag = admin.get("/api/settings/sign-in").headers["ETag"]
    a = admin.put("/api/settings/sign-in", {"mail": {"from": "a@example.org", "command": ["/bin/sh", "-c", "id"]}}, etag,
                  expect=422)
    assert a.json["errors"][0]["pointer"] == "/mail/command"
    a = admin.put("/api/settings/sign-in", {**changed, "public_url": "http://example.org"}, etag, expect=422)
    assert a.json["errors"][0]["pointer"] == "/public_url"
    p.s.role("CampaignManager").get("/api/settings/sign-in", expect=403)
