"""Signing in through a certified OpenID provider (npm: oidc-provider), with a browser's redirects, cookies
and forms, against the service as it is."""
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
    def __init__(self, folder, modules, redirect, alg):
        config = folder / "provider.json"
        config.write_text(json.dumps({
            "alg": alg,
            "client": {"client_id": "kolcast client", "client_secret": "s/e+c r=t", "redirect_uris": [redirect],
                       "grant_types": ["authorization_code"], "response_types": ["code"]},
            "accounts": ACCOUNTS}))
        self.errors = open(folder / "provider.err", "w", encoding="utf-8")
        self.process = subprocess.Popen(["node", "provider.mjs", str(config)], cwd=modules, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline()
        assert line, (folder / "provider.err").read_text()
        self.issuer = json.loads(line)["issuer"]

    def rotate(self, alg):
        self.process.stdin.write(f"rotate {alg}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "rotated\n"

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


class Place:
    def __init__(self, service, folder, modules, alg="RS256", **more):
        self.s = service("--ignore-windows")
        self.home = f"http://127.0.0.1:{self.s.port}"
        self.callback = f"{self.home}/api/providers/staff/callback"
        self.provider = Provider(folder, modules, self.callback, alg)
        self.configure(**more)

    def configure(self, **more):
        now = self.s.admin.get("/api/settings/sign-in")
        self.s.admin.put("/api/settings/sign-in", {
            "public_url": self.home,
            "providers": [{"name": "staff", "label": "Staff", "issuer": self.provider.issuer,
                           "client_id": "kolcast client", "client_secret": "s/e+c r=t", "groups_claim": "groups",
                           "roles": {"leads": "CampaignManager", "callers": "Analyst"}, "create_users": True, **more}],
        }, now.headers["ETag"])

    def travel(self, b, login, return_to="/campaigns?sort=name", abort=False):
        """From our start through the provider's pages, up to the address that it sends the browser back to."""
        status, headers, page = b.load(f"{self.home}/api/providers/staff/start?"
                                       + urllib.parse.urlencode({"return_to": return_to}))
        assert status == 303, page
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
    b, status, _, text = p.sign_in("mallory")
    assert status == 403 and "vouch" in text
    assert "kolcast_access" not in b.cookies()
    # In no group that gives a role.
    _, status, _, text = p.sign_in("rami")
    assert status == 403 and "groups" in text
    # Cancelled over there.
    _, status, _, text = p.sign_in("dana", abort=True)
    assert status == 403 and "provider says" in text
    assert {u["email"] for u in p.s.admin.pages("/api/users")} == {"admin@example.org"}


def test_forged(place):
    p = place()
    b = Browser()
    where = p.travel(b, "dana")
    # The address in another browser: a sign-in cannot be pushed onto somebody.
    stranger = Browser()
    assert stranger.load(where)[0] == 403
    p.travel(stranger, "noa")
    assert stranger.load(where)[0] == 403
    assert "kolcast_access" not in stranger.cookies()
    # A changed state, a changed code, and another issuer.
    url = urllib.parse.urlsplit(where)
    query = dict(urllib.parse.parse_qsl(url.query))
    for key, value in (("state", "x"), ("code", "guess"), ("iss", "https://evil.example.org")):
        fresh = Browser()
        for c in b.jar:
            fresh.jar.set_cookie(c)
        status, _, text = fresh.load(url._replace(query=urllib.parse.urlencode({**query, key: value})).geturl())
        assert status in (403, 502), text
        assert "kolcast_access" not in fresh.cookies()
    # The right one, once.
    again = Browser()
    for c in b.jar:
        again.jar.set_cookie(c)
    assert b.load(where)[0] == 303
    assert again.load(where)[0] in (403, 502)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_keys_change(place, alg):
    """Signed with either kind; after the provider has changed its keys, sign-in works again by itself."""
    p = place(alg=alg)
    assert p.sign_in("dana")[1] == 303
    p.provider.rotate("ES256" if alg == "RS256" else "RS256")
    # Keys are not asked for more often than every few seconds.
    wait(lambda: p.sign_in("dana")[1] == 303, 60)


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
