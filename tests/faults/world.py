"""
People and what they have, for the journey under faults: something of everything, of which each step starts; and the steps.

A step is a function that prepares its start in a fresh copy of the world, and answers who sends what: (browser, make), where
make() answers how: {"body"|"form"|"path"|"headers"}. STEPS has them, with the line of the route tables that each is of.
"""
import copy
import re
import urllib.parse

from harness import Person, expect, mail_code, mail_text, new_address, step_now, totp, wrong_code

HTML = {"Accept": "text/html,application/xhtml+xml"}
APP = "app.example"
SETUP = "/account/two-step/setup"
UNDO = re.compile(r"/account/email/undo\?token=([A-Za-z0-9_-]{43})")
# Beyond ASCII, for what composes and folds letters asks for memory.
PASSWORD, OTHER_PASSWORD, WRONG_PASSWORD = "Violet7 kettle-Drum órbita", "Amber9 lantern-Fjord édredon", "Copper3 walnut-Sled prisma à"
RULES = [{"path": "/export/*", "methods": ["GET", "POST"], "second_step_max_age_s": 300}, {"path": "/admin", "second_step_max_age_s": 60},
         {"path": "/café/*", "second_step_max_age_s": 300}]


class World:
    """One of each: owner, manager and rich (who have two-step on), member, guest (who is invited), stranger."""

    def __init__(self, server):
        self.server = server
        self.people = {name: Person(server, name, password=PASSWORD).sign_up() for name in ("owner", "manager", "member", "guest", "stranger", "rich")}
        for name in ("owner", "manager", "rich"):
            self.people[name].enable()
        owner = self.people["owner"]
        self.ids = {"o": expect(owner.post("/organizations", {"name": "Alpha"}), 201)["id"]}
        for name, role in (("manager", "manager"), ("member", "member"), ("guest", "member")):
            code = self.invite(name, role)
            if name != "guest":
                expect(self.people[name].post("/invitations/accept", {"code": code}), 200)
        self.code = code
        self.host = f"localhost:{server.port + 1}"  # whose cookies are ours: a browser does not tell ports apart
        self.ids["s"] = self.service("Shop", self.host, assertion=True, rules=RULES)
        self.ids["app"] = self.service("App", APP)
        self.ids["a"] = self.people["member"].id()
        self.ids["manager"] = self.people["manager"].id()
        expect(owner.patch(f"/organizations/{self.ids['o']}", {"name": "Beta"}), 200)
        expect(owner.patch(f"/organizations/{self.ids['o']}/members/{self.ids['a']}", {"services": [{"id": self.ids["s"], "role": "viewer"}]}), 200)
        expect(owner.patch(f"/organizations/{self.ids['o']}/security", {"csv_download": {"mode": "managers"}}), 200)
        expect(owner.request("GET", "/oauth2/jwks"), 200)
        self.ids["id"] = expect(owner.elsewhere().sign_in().get("/session"), 200)["id"]
        for person in self.people.values():  # who comes for the first time is noted
            person.get(f"/organizations/{self.ids['o']}")
        self.clear()

    def invite(self, name, role):
        guest, owner = self.people[name], self.people["owner"]
        reply, mail = guest.mailed(lambda: owner.post(f"/organizations/{self.ids['o']}/invitations", {"email": guest.email, "role": role}))
        self.ids["i"] = expect(reply, 201)["id"]
        return mail_code(mail)

    def service(self, name, host, **more):
        return expect(self.people["owner"].post(f"/organizations/{self.ids['o']}/services", {"name": name, "hosts": [host], **more}), 201)["id"]

    def __getattr__(self, name):
        """A copy of somebody, at a browser like theirs."""
        person = self.__dict__["people"][name]
        twin = Person(self.server, account=copy.deepcopy(person.account))
        twin.cookies = dict(person.cookies)
        return twin

    def nobody(self):
        return Person(self.server, "new", password=PASSWORD)

    def path(self, path):
        return re.sub(r"\{(\w+)\}", lambda name: self.ids[name[1]], path)

    def clear(self):
        """No code of the app has been used, nothing was mailed, nobody has failed: a preparation costs the step nothing."""
        for table in ("spent_step", "mail_sent", "failure"):
            self.server.sql(f"DELETE FROM {table}")


def app(person):
    return totp(person.account.secret, step_now())


STEPS = []
IN_PARTS = {  # some of it stays, though the rest could not be done
    "POST /organizations/{o}/delete with the proofs that are due": "a proof that was given",
    "POST /organizations/{o}/invitations": "addresses are invited one by one",
}


def step(route, about="", before=None):
    """`before`: done before each try, while nothing fails."""
    def note(prepare):
        STEPS.append((route, about, prepare, before))
        return prepare
    return note


def simple(route, about, who, **how):
    """One that needs no preparation. Values may be functions of who sends it."""
    def prepare(w):
        person = w.nobody() if who == "nobody" else getattr(w, who)

        def make():
            return {key: value(w, person) if callable(value) else value for key, value in how.items()}
        return person, make
    step(route, about)(prepare)


# ---- signing up ----

@step("POST /api/v1/signup")
def _(w):
    new = w.nobody()
    return new, lambda: {"body": {"email": new.email, "name": "Lee", "password": PASSWORD}}


@step("POST /api/v1/signup", "of one who has an account")
def _(w):
    return w.nobody(), lambda: {"body": {"email": w.member.email, "name": "Lee", "password": PASSWORD}}


@step("POST /api/v1/signup/verify")
def _(w):
    new = w.nobody()
    signup, code = new.begin_sign_up()
    return new, lambda: {"body": {"signup": signup, "code": code}}


@step("POST /api/v1/signup/verify", "wrong")
def _(w):
    new = w.nobody()
    signup, _ = new.begin_sign_up()
    return new, lambda: {"body": {"signup": signup, "code": "0000-0000-0000"}}


@step("POST /api/v1/signup/resend")
def _(w):
    new = w.nobody()
    signup, _ = new.begin_sign_up()
    w.clear()
    return new, lambda: {"body": {"signup": signup}}


@step("POST /signup")
def _(w):
    new = w.nobody()
    return new, lambda: {"form": {"email": new.email, "name": "Lee", "password": PASSWORD}}


def begun_page(w):
    new = w.nobody()
    signup, code = new.begin_sign_up()
    new.cookies["twostep-signup"] = signup
    w.clear()
    return new, signup, code


@step("POST /signup/verify")
def _(w):
    new, _, code = begun_page(w)
    return new, lambda: {"form": {"code": code}}


@step("POST /signup/verify/elsewhere")
def _(w):
    new = w.nobody()
    _, mail = new.mailed(new.try_sign_up)
    found = re.search(r"/signup/verify\?try=([\w-]+)&code=([\w-]+)", mail_text(mail))
    return new, lambda: {"form": {"try": found[1], "code": found[2], "password": PASSWORD}}


@step("POST /signup/resend")
def _(w):
    new, *_ = begun_page(w)
    return new, lambda: {"form": {}}


# ---- signing in ----

simple("POST /api/v1/login", "without two-step", "nobody", body=lambda w, _: {"email": w.member.email, "password": PASSWORD})
simple("POST /api/v1/login", "as bearer", "nobody", body=lambda w, _: {"email": w.member.email, "password": PASSWORD, "transport": "bearer"})
simple("POST /api/v1/login", "with two-step", "nobody", body=lambda w, _: {"email": w.owner.email, "password": PASSWORD})
simple("POST /api/v1/login", "wrong", "nobody", body=lambda w, _: {"email": w.member.email, "password": WRONG_PASSWORD})
simple("POST /api/v1/login", "unknown", "nobody", body={"email": "unknown@example.com", "password": PASSWORD})
simple("POST /login", "without two-step", "nobody", form=lambda w, _: {"email": w.member.email, "password": PASSWORD})
simple("POST /login", "with two-step", "nobody", form=lambda w, _: {"email": w.owner.email, "password": PASSWORD})
simple("POST /login", "wrong", "nobody", form=lambda w, _: {"email": w.owner.email, "password": WRONG_PASSWORD})


@step("POST /api/v1/login", "from a remembered device")
def _(w):
    browser = w.owner.elsewhere()
    expect(browser.second_step(browser.half_way(), app(browser), remember_device=True), 200)
    browser.cookies = {name: value for name, value in browser.cookies.items() if name != "twostep"}
    return browser, lambda: {"body": {"email": browser.email, "password": PASSWORD}}


def half_way(w, **fields):
    browser = w.owner.elsewhere()
    login = browser.half_way()
    return browser, lambda: {"body": {"login": login, "method": "totp", "code": app(browser), **fields}}


step("POST /api/v1/login/second-step")(half_way)
step("POST /api/v1/login/second-step", "to be remembered")(lambda w: half_way(w, remember_device=True))
step("POST /api/v1/login/second-step", "recovery code")(
    lambda w: half_way(w, method="recovery_code", code=w.owner.account.recovery_codes[0]))
step("POST /api/v1/login/second-step", "wrong")(lambda w: half_way(w, code=wrong_code(w.owner.account.secret)))
step("POST /api/v1/login/second-step", "wrong recovery code")(lambda w: half_way(w, method="recovery_code", code="0000-0000-0000-0000"))


@step("POST /api/v1/login/second-step", "used recovery code")
def _(w):
    browser, make = half_way(w, method="recovery_code", code=w.owner.account.recovery_codes[0])
    expect(w.owner.post("/session/confirm", {"method": "recovery_code", "code": w.owner.account.recovery_codes[0]}), 200)
    return browser, make


@step("POST /api/v1/login/second-step", "of a login that has ended")
def _(w):
    browser, make = half_way(w)
    w.server.sql("DELETE FROM login")
    return browser, make


def half_way_page(w, **fields):
    browser = w.owner.elsewhere()
    browser.cookies["twostep-login"] = browser.half_way()
    return browser, lambda: {"form": {"method": "totp", "code": app(browser), **fields}}


step("POST /login/second-step")(half_way_page)
step("POST /login/second-step", "recovery code")(
    lambda w: half_way_page(w, method="recovery_code", code=w.owner.account.recovery_codes[0], remember_device="true"))
step("POST /login/second-step", "wrong")(lambda w: half_way_page(w, code=wrong_code(w.owner.account.secret)))


@step("POST /api/v1/password-reset")
def _(w):
    w.clear()
    return w.nobody(), lambda: {"body": {"email": w.owner.email}}


@step("POST /password-reset")
def _(w):
    w.clear()
    return w.nobody(), lambda: {"form": {"email": w.owner.email}}


def reset_code(w):
    owner, browser = w.owner, w.nobody()
    return browser, owner.email, mail_code(owner.mailed(lambda: browser.post("/password-reset", {"email": owner.email}))[1])


@step("POST /api/v1/password-reset/complete")
def _(w):
    browser, email, code = reset_code(w)
    return browser, lambda: {"body": {"email": email, "code": code, "password": OTHER_PASSWORD}}


@step("POST /api/v1/password-reset/complete", "wrong")
def _(w):
    browser, email, _ = reset_code(w)
    return browser, lambda: {"body": {"email": email, "code": "0000-0000-0000", "password": OTHER_PASSWORD}}


@step("POST /password-reset/complete")
def _(w):
    browser, email, code = reset_code(w)
    return browser, lambda: {"form": {"email": email, "code": code, "password": OTHER_PASSWORD}}


# ---- sessions ----

def old_proofs(w, name="owner"):
    w.server.sql("UPDATE session SET confirmed_at = confirmed_at - 3000, second_step_at = second_step_at - 3000,"
                 " signed_in_at = signed_in_at - 3000")
    forget(w)
    return getattr(w, name)


@step("POST /api/v1/session/confirm", "password")
def _(w):
    return old_proofs(w, "member"), lambda: {"body": {"password": PASSWORD}}


@step("POST /api/v1/session/confirm", "wrong password")
def _(w):
    return old_proofs(w, "member"), lambda: {"body": {"password": WRONG_PASSWORD}}


@step("POST /api/v1/session/confirm", "code")
def _(w):
    owner = old_proofs(w)
    return owner, lambda: {"body": {"method": "totp", "code": app(owner)}}


@step("POST /api/v1/session/confirm", "wrong code")
def _(w):
    owner = old_proofs(w)
    return owner, lambda: {"body": {"method": "totp", "code": wrong_code(owner.account.secret)}}


@step("POST /confirm")
def _(w):
    owner = old_proofs(w)
    return owner, lambda: {"form": {"confirm_method": "totp", "confirm_code": app(owner)}}


@step("POST /confirm", "recovery code")
def _(w):
    owner = old_proofs(w)
    return owner, lambda: {"form": {"confirm_method": "recovery_code", "confirm_code": owner.account.recovery_codes[1]}}


@step("POST /organizations/{o}/delete", "with the proofs that are due")
def _(w):
    owner = old_proofs(w)
    return owner, lambda: {"form": {"typed": "Beta", "confirm_password": PASSWORD, "confirm_method": "totp", "confirm_code": app(owner)}}


@step("POST /organizations/{o}/delete", "without the proofs that are due")
def _(w):
    return old_proofs(w), lambda: {"form": {"typed": "Beta"}}


simple("DELETE /api/v1/session", "", "member")
simple("DELETE /api/v1/sessions", "", "owner")
simple("DELETE /api/v1/sessions/{id}", "", "owner")
simple("POST /logout", "", "member", form={})
simple("POST /account/sessions/{id}/end", "", "owner", form={})
simple("POST /account/sessions/end-others", "", "owner", form={})
simple("GET /api/v1/session", "of an ended session", "nobody", headers={"Cookie": "twostep=" + "A" * 43})
simple("GET /account", "of nobody", "nobody", headers=HTML)
simple("GET /api/v1/organizations/{o}/members", "of a stranger", "stranger")
simple("GET /api/v1/organizations/{o}/audit", "of a member", "member")


def remembered(w):
    owner = w.owner
    browser = owner.elsewhere()
    expect(browser.second_step(browser.half_way(), app(browser), remember_device=True), 200)
    w.ids["device"] = expect(owner.get("/account/two-step"), 200)["remembered_devices"][0]["id"]
    return owner


@step("DELETE /api/v1/account/two-step/remembered-devices")
def _(w):
    return remembered(w), lambda: {}


@step("DELETE /api/v1/account/two-step/remembered-devices/{id}")
def _(w):
    return remembered(w), lambda: {"path": "/api/v1/account/two-step/remembered-devices/{device}"}


@step("POST /account/two-step/devices/{id}/forget")
def _(w):
    return remembered(w), lambda: {"form": {}, "path": "/account/two-step/devices/{device}/forget"}


@step("POST /account/two-step/devices/forget")
def _(w):
    return remembered(w), lambda: {"form": {}}


# ---- two-step ----

def at_setup(w, name="member", **more):
    person = getattr(w, name)
    code = person.begin_setup(**more)
    w.clear()
    return person, code


def at_app_code(w, name="member", **more):
    person, code = at_setup(w, name, **more)
    person.account.secret = person.confirm_email(code)["secret"]
    return person


def at_complete(w, name="member", **more):
    person = at_app_code(w, name, **more)
    person.account.recovery_codes = expect(person.post(SETUP + "/code", {"code": app(person)}), 200)["recovery_codes"]
    return person


def completing(person, word, path, saved=True):
    """The end of a set-up or reissue, of the API or of the page that shows the codes."""
    if word == "body":
        return person, lambda: {"body": {"saved": saved}}
    shown = re.search(r'name="shown" value="([\w-]{22})"', person.request("GET", path, headers=HTML).text)[1]
    return person, lambda: {"form": {"shown": shown, **({"saved": "true"} if saved else {})}}


for ways, word in (("/api/v1/account/two-step/setup", "body"), ("/account/two-step/setup", "form")):
    simple(f"POST {ways}", "", "member", **{word: {}})
    simple(f"POST {ways}", "a new phone", "owner", **{word: {"replace": True if word == "body" else "true"}})

    @step(f"POST {ways}/email")
    def _(w, word=word):
        person, code = at_setup(w)
        return person, lambda: {word: {"code": code}}

    @step(f"POST {ways}/email", "wrong")
    def _(w, word=word):
        person, code = at_setup(w)
        return person, lambda: {word: {"code": "000000" if code != "000000" else "000001"}}

    @step(f"POST {ways}/code")
    def _(w, word=word):
        person = at_app_code(w)
        return person, lambda: {word: {"code": app(person)}}

    @step(f"POST {ways}/code", "wrong")
    def _(w, word=word):
        person = at_app_code(w)
        return person, lambda: {word: {"code": wrong_code(person.account.secret)}}

    @step(f"POST {ways}/complete")
    def _(w, word=word):
        return completing(at_complete(w), word, SETUP)

    @step(f"POST {ways}/complete", "not saved")
    def _(w, word=word):
        return completing(at_complete(w), word, SETUP, saved=False)

    @step(f"POST {ways}/complete", "a new phone")
    def _(w, word=word):
        return completing(at_complete(w, "owner", replace=True), word, SETUP)

for route, word in (("DELETE /api/v1/account/two-step/setup", "headers"), ("POST /account/two-step/setup/cancel", "form")):
    @step(route)
    def _(w, word=word):
        return at_complete(w), lambda: {word: {}}


def reissuing(w):
    owner = w.owner
    expect(owner.post("/account/two-step/recovery-codes", {"password": PASSWORD}), 200)
    return owner


for ways, word in (("/api/v1/account/two-step", "body"), ("/account/two-step", "form")):
    simple(f"POST {ways}/recovery-codes", "", "owner", **{word: {"password": PASSWORD}})
    simple(f"POST {ways}/recovery-codes", "wrong", "owner", **{word: {"password": WRONG_PASSWORD}})

    @step(f"POST {ways}/recovery-codes/complete")
    def _(w, word=word):
        return completing(reissuing(w), word, "/account/two-step/recovery-codes")

for route, word in (("DELETE /api/v1/account/two-step/recovery-codes", "headers"), ("POST /account/two-step/recovery-codes/cancel", "form")):
    @step(route)
    def _(w, word=word):
        return reissuing(w), lambda: {word: {}}

DISABLE = "POST /api/v1/account/two-step/disable"
simple(DISABLE, "", "rich", body=lambda w, p: {"password": PASSWORD, "method": "totp", "code": app(p)})
simple(DISABLE, "recovery code", "rich", body=lambda w, p: {"password": PASSWORD, "method": "recovery_code", "code": p.account.recovery_codes[2]})
simple(DISABLE, "wrong password", "rich", body=lambda w, p: {"password": WRONG_PASSWORD, "method": "totp", "code": app(p)})
simple(DISABLE, "wrong code", "rich", body=lambda w, p: {"password": PASSWORD, "method": "totp", "code": wrong_code(p.account.secret)})
simple("POST /account/two-step/disable/password", "", "rich", form={"password": PASSWORD})
simple("POST /account/two-step/disable/password", "wrong", "rich", form={"password": WRONG_PASSWORD})
simple("POST /account/two-step/disable/code", "without the password", "rich", form=lambda w, p: {"method": "totp", "code": app(p)})


def disabling(w):
    rich = w.rich
    rich.request("POST", "/account/two-step/disable/password", raw=urllib.parse.urlencode({"password": PASSWORD}).encode(),
                 headers={**HTML, "Content-Type": "application/x-www-form-urlencoded"})
    return rich


@step("POST /account/two-step/disable/code")
def _(w):
    rich = disabling(w)
    return rich, lambda: {"form": {"method": "totp", "code": app(rich)}}


@step("POST /account/two-step/disable/code", "wrong")
def _(w):
    rich = disabling(w)
    return rich, lambda: {"form": {"method": "totp", "code": wrong_code(rich.account.secret)}}


def demanded(w):
    expect(w.owner.patch(f"/organizations/{w.ids['o']}/security", {"two_step_required": True}), 200)
    w.clear()


@step(DISABLE, "under a demand")
def _(w):
    demanded(w)
    owner = w.owner
    return owner, lambda: {"body": {"password": PASSWORD, "method": "totp", "code": app(owner)}}


@step("POST /api/v1/login", "into a demand")
def _(w):
    demanded(w)
    return w.nobody(), lambda: {"body": {"email": w.member.email, "password": PASSWORD}}


@step("GET /api/v1/organizations", "of a restricted session")
def _(w):
    demanded(w)
    return w.member, lambda: {}


# ---- the account ----

simple("PATCH /api/v1/account", "", "member", body={"name": "Éva Sora", "locale": "ko"})
simple("POST /account", "", "member", form={"name": "Éva Sora", "locale": "ko"})
simple("POST /locale", "", "nobody", form={"locale": "ko", "to": "/login"})
PASSWORDS = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
simple("POST /api/v1/account/password", "", "owner", body=PASSWORDS)
simple("POST /api/v1/account/password", "wrong", "owner", body={**PASSWORDS, "current_password": WRONG_PASSWORD})
simple("POST /api/v1/account/password", "weak", "owner", body={**PASSWORDS, "new_password": "passwordpassword"})
simple("POST /account/password", "", "owner", form=PASSWORDS)
simple("POST /api/v1/account/close", "", "member", body={"password": PASSWORD})
simple("POST /api/v1/account/close", "wrong", "member", body={"password": WRONG_PASSWORD})
simple("POST /account/close", "", "member", form={"password": PASSWORD})
simple("POST /api/v1/account/email", "", "member", body={"email": "moved@example.com"})
simple("POST /account/email", "", "member", form={"email": "moved@example.com"})


def moving(w):
    person, email = w.member, new_address("moved")
    before = len(w.server.mails(email))
    expect(person.post("/account/email", {"email": email}), 202)
    code = mail_code(w.server.mail_after(email, before))
    w.clear()
    return person, code


def moved(w):
    person, code = moving(w)
    before = len(w.server.mails(person.email))
    expect(person.post("/account/email/verify", {"code": code}), 200)
    token = UNDO.search(mail_text(w.server.mail_after(person.email, before)))[1]
    w.clear()
    return token


@step("DELETE /api/v1/account/email")
def _(w):
    return moving(w)[0], lambda: {}


@step("POST /account/email/cancel")
def _(w):
    return moving(w)[0], lambda: {"form": {}}


for ways, word in (("/api/v1/account/email", "body"), ("/account/email", "form")):
    @step(f"POST {ways}/verify")
    def _(w, word=word):
        person, code = moving(w)
        return person, lambda: {word: {"code": code}}

    @step(f"POST {ways}/verify", "wrong")
    def _(w, word=word):
        person, _ = moving(w)
        return person, lambda: {word: {"code": "0000-0000-0000"}}

    @step(f"POST {ways}/undo")
    def _(w, word=word):
        token = moved(w)
        return w.nobody(), lambda: {word: {"token": token}}

# ---- organizations ----

ORGANIZATION, SERVICE, MEMBER = "/organizations/{o}", "/organizations/{o}/services/{s}", "/organizations/{o}/members/{a}"
simple("POST /api/v1/organizations", "", "member", body={"name": "Gamma"})
simple("POST /organizations", "", "member", form={"name": "Gamma"})
simple(f"PATCH /api/v1{ORGANIZATION}", "", "owner", body={"name": "Gamma"})
simple(f"POST {ORGANIZATION}/rename", "", "owner", form={"name": "Gamma"})
simple(f"DELETE /api/v1{ORGANIZATION}", "", "owner", body={"name": "Beta"})
simple(f"DELETE /api/v1{ORGANIZATION}", "by a manager", "manager", body={"name": "Beta"})
simple(f"POST {ORGANIZATION}/delete", "", "owner", form={"typed": "Beta"})
simple(f"POST {ORGANIZATION}/leave", "", "member", form={})
simple(f"POST /api/v1{ORGANIZATION}/services", "", "owner", body={"name": "New", "hosts": ["new.example"], "rules": RULES, "assertion": True})
simple(f"POST {ORGANIZATION}/services", "", "owner", form={"name": "New"})
simple(f"PATCH /api/v1{SERVICE}", "", "owner", body={"name": "New", "hosts": ["new.example", "newer.example"], "rules": RULES[:1]})
simple(f"POST {SERVICE}", "", "owner",
       form={"name": "New", "hosts": "new.example\r\nnewer.example", "rules": "GET,POST /export/* 300\r\n/admin 60\r\nPUT /x 30", "assertion": "true"})
simple(f"DELETE /api/v1{SERVICE}", "", "owner")
simple(f"POST {SERVICE}/delete", "", "owner", form={})
simple(f"POST /api/v1{SERVICE}/test", "", "member", body={"method": "GET", "path": "/export/x"})
simple(f"PATCH /api/v1{MEMBER}", "", "owner", body=lambda w, _: {"role": "member", "services": [{"id": w.ids["s"], "role": "operator"},
                                                                                      {"id": w.ids["app"], "role": "viewer"}]})
simple(f"PATCH /api/v1{MEMBER}", "to a manager", "owner", body={"role": "manager"})
simple(f"PATCH /api/v1{MEMBER}", "by a member", "member", body={"role": "manager"})
simple(f"POST {MEMBER}", "", "owner", form=lambda w, _: {"role": "member", "service." + w.ids["s"]: "operator"})
simple(f"DELETE /api/v1{MEMBER}", "", "owner")
simple(f"POST {MEMBER}/remove", "", "owner", form={})
simple(f"POST /api/v1{ORGANIZATION}/owner", "", "owner", body=lambda w, _: {"account_id": w.ids["manager"]})
simple(f"POST {MEMBER}/owner", "", "owner", form={}, path="/organizations/{o}/members/{manager}/owner")
RESET = {"password": PASSWORD, "reason": "lost phone"}
simple(f"POST /api/v1{MEMBER}/two-step/reset", "", "owner", body=RESET, path="/api/v1/organizations/{o}/members/{manager}/two-step/reset")
simple(f"POST /api/v1{MEMBER}/two-step/reset", "wrong password", "owner", body={**RESET, "password": WRONG_PASSWORD},
       path="/api/v1/organizations/{o}/members/{manager}/two-step/reset")
simple(f"POST {MEMBER}/reset", "", "owner", form=RESET, path="/organizations/{o}/members/{manager}/reset")
simple(f"PATCH /api/v1{ORGANIZATION}/security", "", "owner", body={"two_step_required": True, "grace_days": 0, "session_idle_s": 3600})
simple(f"POST {ORGANIZATION}/security/demand", "", "owner", form={"grace_days": "0"})
simple(f"POST {ORGANIZATION}/security/sessions", "", "owner", form={"idle_minutes": "60"})
simple(f"POST {ORGANIZATION}/security/downloads", "", "owner", form={"csv_mode": "off"})


@step(f"POST {ORGANIZATION}/security/release")
def _(w):
    demanded(w)
    return w.owner, lambda: {"form": {}}


simple(f"POST /api/v1{ORGANIZATION}/invitations", "", "owner",
       body=lambda w, _: {"email": w.stranger.email, "role": "member", "services": [{"id": w.ids["s"], "role": "viewer"}]})
simple(f"POST /api/v1{ORGANIZATION}/invitations", "by a member", "member", body=lambda w, _: {"email": w.stranger.email, "role": "member"})
simple(f"POST {ORGANIZATION}/invitations", "", "owner", form={"emails": "one@example.com\r\ntwo@example.com", "role": "member"})
simple(f"POST /api/v1{ORGANIZATION}/invitations/{{i}}/resend", "", "owner", body={})
simple(f"POST {ORGANIZATION}/invitations/{{i}}/resend", "", "owner", form={})
simple(f"DELETE /api/v1{ORGANIZATION}/invitations/{{i}}", "", "owner")
simple(f"POST {ORGANIZATION}/invitations/{{i}}/cancel", "", "owner", form={})
simple("POST /api/v1/invitations/accept", "", "guest", body=lambda w, _: {"code": w.code})
simple("POST /api/v1/invitations/accept", "by another", "stranger", body=lambda w, _: {"code": w.code})
simple("POST /api/v1/invitations/{i}/accept", "", "guest", body={})
simple("POST /invitations/accept", "", "guest", form=lambda w, _: {"code": w.code})
simple("POST /invitations/accept/other", "", "member", form=lambda w, _: {"code": w.code})
simple("POST /invitations/{i}/accept", "", "guest", form={})

# ---- applications ----


def forget(w):
    """What memory holds of the owner and the member is dropped, so that it is asked for anew."""
    for person in (w.owner, w.member):
        expect(person.patch("/account", {"name": "Kim Sora"}), 200)


def asked(path, host, uri):
    if path.startswith("/authz/forward"):
        return path, {**HTML, "X-Forwarded-Method": "GET", "X-Forwarded-Proto": "http", "X-Forwarded-Host": host, "X-Forwarded-Uri": uri}
    if path.startswith("/authz/auth"):
        return path, {"X-Original-Method": "GET", "X-Original-URL": f"http://{host}{uri}"}
    return path + uri, {"Host": host}


def check(way, about, who, uri="/", before=None, prepare=None):
    @step(f"GET {way}", about, before)
    def _(w):
        if prepare:
            prepare(w)
        person = w.nobody() if who == "nobody" else getattr(w, who)
        path, headers = asked(way, w.host, uri)
        return person, lambda: {"path": path, "headers": headers}


def old_steps(w):
    w.server.sql("UPDATE session SET second_step_at = second_step_at - 3000")


for way in ("/authz/forward-auth", "/authz/auth-request", "/authz/ext-authz"):
    check(way, "from memory", "owner")
    check(way, "from the store", "owner", before=forget)
    check(way, "of a member", "member", before=forget)
    check(way, "of nobody", "nobody")
    check(way, "of a stranger", "stranger")
    check(way, "where a rule is met", "owner", "/export/x", before=forget)
    check(way, "where a rule beyond ASCII is met", "owner", "/caf%C3%A9/x", before=forget)
    check(way, "where a rule is not met", "owner", "/export/x", before=forget, prepare=old_steps)
    check(way, "where a rule cannot be met", "member", "/export/x", before=forget)
    check(way, "of a member under a demand", "member", prepare=demanded, before=lambda w: expect(w.owner.patch("/account", {"name": "Kim"}), 200))

FORWARDED = {**HTML, "X-Forwarded-Proto": "http", "X-Forwarded-Host": APP}


def starting(w):
    """A browser that is signed in at ours and comes to an application for the first time: what it is sent to there."""
    browser = w.nobody()
    reply = browser.request("GET", "/authz/forward-auth", headers=asked("/authz/forward-auth", APP, "/a?b=c")[1])
    place = urllib.parse.urlsplit(reply.header("Location"))
    return browser, f"/authz/start?{place.query}"


@step("GET /authz/start")
def _(w):
    browser, place = starting(w)
    return browser, lambda: {"path": place, "headers": FORWARDED}


def handing(w):
    browser, place = starting(w)
    reply = browser.request("GET", place, headers=FORWARDED)
    browser.cookies.update(w.owner.cookies)
    return browser, reply.header("Location").removeprefix(w.server.origin)


@step("GET /continue", "to an application")
def _(w):
    browser, place = handing(w)
    reply = browser.request("GET", place, headers=HTML)
    while reply.status in (302, 303) and "/continue" in reply.header("Location"):
        place = reply.header("Location").removeprefix(w.server.origin)
        reply = browser.request("GET", place, headers=HTML)
    return browser, lambda: {"path": place, "headers": HTML}


@step("GET /authz/session")
def _(w):
    browser, place = handing(w)
    reply = browser.request("GET", place, headers=HTML)
    while not reply.header("Location").startswith(f"http://{APP}"):
        reply = browser.request("GET", reply.header("Location").removeprefix(w.server.origin), headers=HTML)
    query = urllib.parse.urlsplit(reply.header("Location")).query
    return browser, lambda: {"path": f"/authz/session?{query}", "headers": FORWARDED}


@step("GET /authz/session", "of another browser")
def _(w):
    browser, make = STEPS_BY_NAME["GET /authz/session"](w)
    browser.cookies = {}
    return browser, make


@step("GET /authz/forward-auth", "at an application, handed over")
def _(w):
    browser, make = STEPS_BY_NAME["GET /authz/session"](w)
    how = make()
    browser.request("GET", how["path"], headers=how["headers"])
    return browser, lambda: {"path": "/authz/forward-auth", "headers": asked("/authz/forward-auth", APP, "/")[1]}


STEPS_BY_NAME = {route: prepare for route, about, prepare, _ in STEPS if not about}
simple("GET /readyz", "", "nobody")
simple("GET /healthz", "", "nobody")

# ---- what is looked at; where nothing else is said, by the owner ----

for place in ("/api/v1/account/two-step/setup", "/account/two-step/setup", "/account/two-step/setup/recovery-codes"):
    @step(f"GET {place}", "at the end")
    def _(w):
        return at_complete(w), lambda: {}

    @step(f"GET {place}", "at the app's code")
    def _(w):
        return at_app_code(w), lambda: {}

for place in ("/api/v1/account/two-step/recovery-codes", "/account/two-step/recovery-codes", "/account/two-step/recovery-codes/file"):
    @step(f"GET {place}", "under way")
    def _(w):
        return reissuing(w), lambda: {}


@step("GET /account/two-step/required")
def _(w):
    demanded(w)
    return w.member, lambda: {}


@step("GET /account/two-step", "with a remembered device")
def _(w):
    return remembered(w), lambda: {}


@step("GET /account/email", "moving")
def _(w):
    return moving(w)[0], lambda: {}


simple("GET /organizations/{o}/security/demand", "switching on", "owner", path="/organizations/{o}/security/demand?required=true&grace_days=0")
simple("GET /organizations/{o}/members/{a}/reset", "", "owner", path="/organizations/{o}/members/{manager}/reset")
simple("GET /account/two-step/disable/done", "", "member")
simple("GET /api/v1/problems/{code}", "", "nobody", path="/api/v1/problems/not_found")
simple("GET /signup", "", "nobody")
simple("GET /login", "", "nobody")
simple("GET /password-reset", "", "nobody")
simple("GET /password-reset/complete", "", "nobody")


@step("GET /signup/verify")
def _(w):
    return begun_page(w)[0], lambda: {}


@step("GET /login/second-step")
def _(w):
    return half_way_page(w)[0], lambda: {}


def all_steps(routes):
    """STEPS, and each line of the tables that is looked at and has no step yet. Raises for a change that nobody tries."""
    tried = {route for route, *_ in STEPS}
    missing = [str(route) for route in routes if str(route) not in tried and route.method != "GET"]
    if missing:
        raise AssertionError(f"no step for {missing}")
    more = []
    for route in routes:
        if str(route) not in tried:
            more.append((str(route), "", lambda w: (w.owner, lambda: {}), None))
    return STEPS + more
