"""Whoever changes something leaves a line in the audit: every operation of the contract that changes anything is
called, and its line is looked for (D7)."""
import re

import pytest
from api import OPERATIONS, PASSWORD, Client, wait
from conftest import knows
from mailbox import Mailbox
from test_api_access import World
from test_sign_in import OTHER, sign_in, step, totp

pytestmark = knows("serve")

# What changes nothing that lasts: looks, checks, parts of an upload that the audit knows as a whole, tokens anew.
NO_CHANGE = {"checkFlow", "simulateFlow", "preflightCampaign", "lookPasswordReset", "appendUpload", "refreshSession", "beginTotp"}
# Accounts and sessions write their own lines.
ACTIONS = {
    "completeSetup": "user.add", "signIn": "session.open", "endSession": "session.revoke", "signOut": "session.revoke",
    "changePassword": "user.password", "confirmTotp": "user.second_factor_on", "removeTotp": "user.second_factor_off",
    "renewRecoveryCodes": "user.recovery_codes", "requestPasswordReset": "user.reset", "completePasswordReset": "user.password",
    "inviteUser": "user.add", "updateUser": "user.update", "deleteUser": "user.remove", "inviteUserAgain": "user.invite",
    "removeUserTotp": "user.second_factor_off", "createKey": "key.add", "revokeKey": "key.revoke",
    "updateSignInSettings": "settings.update",
}


class Changes(World):
    """A request for each operation that really changes something. Some need more than a request: they are functions
    of the same name that make the change; the others come from World."""

    def __init__(self, s, folder, mailbox):
        super().__init__(s, folder)
        self.mailbox = mailbox
        self.person, self.who = None, None

    def own(self):
        """Somebody's own session: (client, email)."""
        self.n += 1
        email = f"own{self.n}@example.org"
        link = self.c.post("/api/users", {"email": email, "role": "Analyst"}).json["invitation"]["link"]
        self.s.anybody().post("/api/password-resets/complete", {"token": link.split("#")[1], "password": PASSWORD}, expect=204)
        self.who = email
        return Client(self.s.port, sign_in(self.s, email).json["access_token"]), email

    def with_factor(self):
        c, email = self.own()
        secret = c.post("/api/session/totp", {"password": PASSWORD}).json["secret"]
        codes = c.post("/api/session/totp/confirm", {"code": totp(secret, step() - 1)}, expect=200).json["recovery_codes"]
        return c, email, secret, codes

    def id_of(self, email):
        return [u for u in self.c.pages("/api/users") if u["email"] == email][0]["id"]

    def change(self, op):
        """Makes the change; who made it."""
        self.who = "admin@example.org"
        if hasattr(self, op):
            getattr(self, op)()
            return self.who
        path, how = self.request(op)
        assert "ok" not in how, f"{op}: World's request changes nothing"
        a = self.c.call(OPERATIONS[op][1].upper(), path, **how)
        assert a.status < 300, (op, a)
        self.after(op, path)
        return self.who

    # ---- accounts and sessions ----

    def signIn(self):
        sign_in(self.s)

    def endSession(self):
        other = Client(self.s.port, sign_in(self.s).json["access_token"]).get("/api/session").json["session_id"]
        self.c.delete(f"/api/sessions/{other}")

    def signOut(self):
        Client(self.s.port, sign_in(self.s).json["access_token"]).delete("/api/session")

    def changePassword(self):
        self.own()[0].post("/api/session/password", {"current": PASSWORD, "password": OTHER}, expect=204)

    def confirmTotp(self):
        self.with_factor()

    def removeTotp(self):
        self.with_factor()[0].post("/api/session/totp/remove", {"password": PASSWORD}, expect=204)

    def renewRecoveryCodes(self):
        c, _, secret, _ = self.with_factor()
        # The code that was used to confirm is of this step when a step has just begun: the next one then.
        wait(lambda: c.call("POST", "/api/session/recovery-codes", {"code": totp(secret, step())}, expect=(200, 422)).status == 200, 60)

    def requestPasswordReset(self):
        self.s.anybody().post("/api/password-resets", {"email": "admin@example.org"}, expect=202)
        self.who = "nobody"

    def completePasswordReset(self):
        self.own()

    def removeUserTotp(self):
        self.c.delete(f"/api/users/{self.id_of(self.with_factor()[1])}/totp")
        self.who = "admin@example.org"

    def sendTestMail(self):
        path = "/api/settings/sign-in"
        self.c.put(path, {"mail": {"from": "a@example.org", "smtp": {"host": "127.0.0.1", "port": self.mailbox.port, "security": "none"}}},
                   self.c.get(path).headers["ETag"])
        self.c.post(path + "/test-mail", expect=204)

    # ---- what must be caught in time ----

    def cancelling(self, path, upload, **query):
        """An import that is cancelled before it is done: longer until it is."""
        rows = 50000
        while True:
            body = b"phone\n" + b"".join(b"+97250%07d\n" % n for n in range(rows))
            i = self.c.upload(upload(), body, "text/csv", **query).json["id"]
            if self.c.post(f"{path}/{i}/cancel", expect=(202, 409)).status == 202:
                return
            rows *= 4
            assert rows < 10**7, "it was always done before"

    def cancelImport(self):
        self.cancelling("/api/imports", lambda: f"/api/lists/{self.made('list')}/imports", filename="x.csv")

    def cancelBlacklistImport(self):
        self.cancelling("/api/blacklist/imports", lambda: "/api/blacklist/imports")

    def removeFromBlacklist(self):
        self.c.post("/api/blacklist", {"numbers": ["+972501111119"], "reason": "r", "list": "national"})
        self.c.call("DELETE", "/api/blacklist/+972501111119", query={"list": "national", "reason": "asked to be called"}, expect=204)

    def pauseCampaign(self):
        self.made("paused")

    def stopRehearsal(self):
        path = f"/api/campaigns/{self.made('campaign')}/rehearsal"
        self.c.post(path, {"people": 1}, expect=202)
        self.c.delete(path)

    def acknowledgeAlert(self):
        path = "/api/settings/alerts"
        self.c.put(path, {"indicators": {"disk_free": {"raise": 1e11, "clear": 1e11, "hold": 0, "rest": 0}}}, self.c.get(path).headers["ETag"])
        alert = wait(lambda: self.c.get("/api/alerts", open="true", indicator="disk_free").json["items"], 60)[0]
        self.c.post(f"/api/alerts/{alert['id']}/acknowledge", expect=200)


@pytest.fixture
def world(service, tmp_path):
    mailbox = Mailbox(tmp_path, tls=None, auth=False)
    yield Changes(service("--ignore-windows"), tmp_path, mailbox)
    mailbox.close()


def test_every_change_is_audited(world):
    admin = world.c
    assert admin.get("/api/audit", action="user.add", limit=500).json["items"][-1]["object"] == "user 1"  # completeSetup
    for op, (_, method, spec) in OPERATIONS.items():
        if method == "get" or op in NO_CHANGE | {"completeSetup"}:
            continue
        action = spec.get("x-audit") or ACTIONS[op]
        before = {line["id"] for line in admin.pages("/api/audit", action=action)}
        who = world.change(op)
        lines = [line for line in admin.pages("/api/audit", action=action) if line["id"] not in before]
        assert who in [line["who"] for line in lines], (op, who, lines)
        assert all(line["object"] for line in lines), (op, lines)
    # No line holds a secret: neither a password nor a whole token (a key is named by its beginning).
    everything = str(admin.pages("/api/audit"))
    assert not re.search(rf"{PASSWORD}|{OTHER}|k[a-z]_[\w-]{{20}}", everything)


def test_looking_is_no_change(world):
    """Operations that change nothing, and refusals, leave no line."""
    admin = world.c
    requests = [(op, *world.request(op)) for op, (_, method, _) in OPERATIONS.items()
                if (method == "get" or op in {"checkFlow", "simulateFlow", "preflightCampaign"}) and OPERATIONS[op][2]["x-role"] != "Public"]
    before = admin.pages("/api/audit")[0]["id"]
    for op, path, how in requests:
        how.pop("ok", None)
        a = admin.call(OPERATIONS[op][1].upper(), path, **how)
        assert a.status < 500, (op, a)
    admin.post("/api/lists", {"name": ""}, expect=422)
    admin.post("/api/users", {"email": "admin@example.org", "role": "Analyst"}, expect=409)
    admin.delete("/api/lists/999999", expect=404)
    world.s.role("Public").post("/api/lists", {"name": "x"}, expect=401)
    assert admin.pages("/api/audit")[0]["id"] == before
