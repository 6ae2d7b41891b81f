"""Half-signed-in opens nothing: each thing that is no session, or not a whole one, in each place of each route that the tables list."""
import re
import subprocess
import unittest
import urllib.parse

from guard import GuardTest, HandOverTest
from harness import Closed, Wire, binary, clean_environment, expect, mail_code, mail_text, new_address, token_of
from routes import cookie_names, every_route, shows_a_page, strays
from test_email_change import LINK

SECRET_NAME = "Zephyrine Quillfeather"  # whose data it is that nobody may see: in no answer to anybody else
TOKEN = "A" * 43

# Contract 2.1: what a restricted session may, on the API; of the pages, those for these.
RESTRICTED_API = re.compile(r"(GET|DELETE) /api/v1/session|GET /api/v1/account(/two-step)?|\w+ /api/v1/account/two-step/setup(/\w+)?"
                            r"|POST /api/v1/session/confirm")
RESTRICTED_PAGES = re.compile(r"GET /account(/two-step)?|\w+ /account/two-step/(setup|required)(/[\w-]+)?|(GET|POST) /confirm")
ENDING = ("POST /logout", "POST /invitations/accept/other", "DELETE /api/v1/session")  # the session of who asks


def is_api(route):
    return route.path.startswith(("/api/v1/", "/oauth2/"))


def methods(route):
    return (route.method, "HEAD") if route.method == "GET" else (route.method,)


class Tables(unittest.TestCase):
    def test_are_all_read(self):
        self.assertEqual(list(strays()), [])
        self.assertGreater(len(every_route()), 150)

    def test_let_restricted_sessions_do_what_the_contract_lists(self):
        for route in every_route():
            listed = bool((RESTRICTED_API if is_api(route) else RESTRICTED_PAGES).fullmatch(str(route)))
            if route.access != "ANYBODY":
                self.assertEqual(route.access == "RESTRICTED", listed, route)

    def test_have_a_page_to_look_at_where_a_form_may_answer_with_one(self):
        """Else Enter in the address bar finds nothing there."""
        pages = [route for route in every_route() if "/pages/" in route.file]
        looked_at = {route.path for route in pages if route.method == "GET"}
        lone = [route for route in pages if route.method == "POST" and route.path not in looked_at]
        self.assertEqual([route for route in lone if route.freshness != "NOT" or shows_a_page(route)], [])
        self.assertIn("/logout", [route.path for route in lone], "some lead on alone")


class Victim:
    """An owner with something of everything: organisation, service, invitation, other sessions, a remembered device."""

    def __init__(self, test):
        test.server.sql("DELETE FROM failure")
        self.organization, self.owner, self.manager, self.member = test.team()
        expect(self.owner.patch("/account", {"name": SECRET_NAME}), 200)
        self.owner.account.name = SECRET_NAME
        self.host = test.own_host()
        self.service = test.service(self.owner, self.organization, self.host, name=SECRET_NAME)
        self.invited = new_address("guest")
        before = len(test.server.mails(self.invited))
        self.invitation = expect(self.owner.post(f"/organizations/{self.organization}/invitations",
                                                 {"email": self.invited, "role": "member"}), 201)["id"]
        self.invitation_code = mail_code(test.server.mail_after(self.invited, before))
        self.id = self.owner.id()
        self.session = expect(self.owner.get("/session"), 200)["id"]
        # Whose data must show nowhere: names as they stand in JSON and HTML, addresses, the organisation's id.
        self.data = [SECRET_NAME, self.owner.email, self.manager.email, self.invited]

    def path(self, route):
        values = {"o": self.organization, "s": self.service, "i": self.invitation, "a": self.id, "id": self.session, "code": "x"}
        return re.sub(r"\{(\w+)\}", lambda name: values[name[1]], route.path)

    def state(self, server):
        """What no stranger may have changed."""
        tables = ("account", "organization", "membership", "service", "invitation", "device", "totp", "recovery_code")
        there = {name for name, in server.sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {table: server.sql(f"SELECT count(*) FROM {table}") for table in tables if table in there}


class Somebody:
    """What is sent along: every cookie that we know with one value, a bearer token, or both."""

    def __init__(self, name, cookie=None, bearer=None, cookies=None):
        self.name, self.bearer = name, bearer
        self.cookies = cookies if cookies is not None else {c: cookie for c in cookie_names()} if cookie else {}
        self.headers = {}
        if self.cookies:
            self.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if bearer:
            self.headers["Authorization"] = f"Bearer {bearer}"


class Asker:
    """One connection, for thousands of requests; a new one where the server has closed it."""

    def __init__(self, server):
        self.server, self.wire = server, None

    def ask(self, method, path, headers, raw=None):
        sent = {"Host": f"localhost:{self.server.port}", "Origin": self.server.origin, **headers}
        if raw is not None:
            sent["Content-Length"] = str(len(raw))
        lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in sent.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + (raw or b"")
        for fresh in (False, True):
            if fresh or not self.wire:
                self.wire = Wire(self.server, timeout=60)
            try:
                reply = self.wire.send(request).reply(head=method == "HEAD")
                break
            except Closed:
                self.wire.close()
                if fresh:
                    raise
                self.wire = None
        if (reply.header("Connection") or "").lower() == "close":
            self.wire.close()
            self.wire = None
        return reply.check(f"{method} {path}", api=path.startswith("/api/v1/"))


class EveryRoute(GuardTest):
    """`GuardTest`: the tests are a trusted proxy, so that the guard's routes can be asked too."""

    def setUp(self):
        super().setUp()
        self.asker = Asker(self.server)
        self.victim = Victim(self)

    def ask(self, route, method, somebody):
        headers = dict(somebody.headers)
        raw = None
        if method not in ("GET", "HEAD"):
            raw = b"{}" if is_api(route) else b""
            headers["Content-Type"] = "application/json" if is_api(route) else "application/x-www-form-urlencoded"
        return self.asker.ask(method, self.victim.path(route), headers, raw)

    def assert_tells_nothing(self, reply, about):
        for data in self.victim.data:
            self.assertNotIn(data.encode(), reply.body, about)
            self.assertNotIn(data, str(reply.headers), about)

    def assert_guard_refuses(self, somebody):
        """None of the three ways lets in, at a host that is a service's: our own, where our cookie counts, or another name."""
        for host in (self.victim.host, "app.example"):
            for path, asked in (("/authz/forward-auth", {"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "http",
                                                         "X-Forwarded-Host": host, "X-Forwarded-Uri": "/"}),
                                ("/authz/auth-request", {"X-Original-Method": "GET", "X-Original-URL": f"http://{host}/"}),
                                ("/authz/ext-authz/", {"Host": host})):
                for _ in range(2):  # what memory keeps of the first must not serve the second
                    self.assert_kept_out(self.asker.ask("GET", path, {**somebody.headers, **asked}),
                                         about=f"{somebody.name}: {path} {host}")

    def assert_nobody(self, somebody):
        """Wherever the table asks for anybody at all: not signed in, in these words."""
        for route in every_route():
            for method in methods(route):
                about = f"{somebody.name}: {method} {route.path}"
                reply = self.ask(route, method, somebody)
                self.assert_tells_nothing(reply, about)
                if route.access == "ANYBODY":
                    continue
                if is_api(route):
                    self.assertEqual((reply.status, method == "HEAD" or reply.code), (401, method == "HEAD" or "not_signed_in"), about)
                else:
                    self.assertEqual((reply.status, reply.header("Location")), (303, "/login"), about)
                self.assertIsNone(reply.cookie("twostep"), about)
        self.assert_guard_refuses(somebody)

    def test_to_nobody(self):
        before = self.victim.state(self.server)
        self.assert_nobody(Somebody("nobody"))
        self.assertEqual(self.victim.state(self.server), before)

    def test_to_a_login(self):
        owner = self.victim.owner
        owner.enable()
        login = owner.elsewhere().half_way()
        for transport in ({}, {"transport": "bearer"}):
            login = owner.elsewhere().half_way(**transport)
            self.assert_nobody(Somebody(f"login {transport}", cookie=login))
            self.assert_nobody(Somebody(f"login as bearer {transport}", bearer=login))

    def test_to_a_session_that_has_ended(self):
        for transport in (None, "bearer"):
            person = self.victim.owner.elsewhere().sign_in(transport)
            token = person.bearer or person.cookies["twostep"]
            expect(person.get("/session"), 200)
            person.sign_out()
            self.assert_nobody(Somebody(f"ended {transport}", cookie=token, bearer=token))

    def test_to_a_session_that_time_has_ended(self):
        """Never used, so that only the store knows of it; the first to ask for it finds that it is over."""
        for name, late in (("over", "ends_at = unixepoch() - 1"), ("idle", "last_seen_at = unixepoch() - 8 * 86400")):
            for transport in (None, "bearer"):
                person = self.victim.owner.elsewhere().sign_in(transport)
                token = person.bearer or person.cookies["twostep"]
                self.server.sql(f"UPDATE session SET {late} WHERE rowid = (SELECT max(rowid) FROM session)")
                self.assert_nobody(Somebody(f"{name} {transport}", cookie=token, bearer=token))

    def test_to_a_session_of_an_account_that_was_closed(self):
        for transport in (None, "bearer"):
            person = self.person("closed").sign_up().elsewhere().sign_in(transport)
            token = person.bearer or person.cookies["twostep"]
            expect(person.post("/account/close", {"password": person.password}), 204)
            self.assert_nobody(Somebody(f"closed {transport}", cookie=token, bearer=token))

    def test_to_what_a_browser_is_known_and_remembered_by(self):
        owner = self.victim.owner
        owner.enable()
        browser = owner.elsewhere()
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        kept = {name: value for name, value in browser.cookies.items() if name != "twostep"}
        self.assertEqual(set(kept), {"twostep-known", "twostep-device"})
        self.assert_nobody(Somebody("known and remembered", cookies=kept))
        for name, value in kept.items():
            self.assert_nobody(Somebody(name, cookie=value, bearer=value))

    def test_to_a_bearer_token_as_cookie_and_the_reverse(self):
        bearer = self.victim.owner.elsewhere().sign_in("bearer").bearer
        self.assert_nobody(Somebody("bearer as cookie", cookie=bearer))
        self.assert_nobody(Somebody("cookie as bearer", bearer=self.victim.owner.cookies["twostep"]))
        self.assertTrue(self.victim.owner.is_signed_in())

    def test_to_codes_and_links(self):
        owner, victim = self.victim.owner, self.victim
        setup = owner.elsewhere().sign_in()
        mail = setup.begin_setup()
        moved = new_address("moved")
        before, old = len(self.server.mails(moved)), owner.email
        expect(owner.post("/account/email", {"email": moved}), 202)
        code = mail_code(self.server.mail_after(moved, before))
        before = len(self.server.mails(old))
        expect(owner.post("/account/email/verify", {"code": code}), 200)
        owner.account.email = moved
        victim.data.append(moved)
        undo = LINK.search(mail_text(self.server.mail_after(old, before)))[1]
        signup, signup_code = self.person().begin_sign_up()
        for name, value in (("set-up code", mail), ("e-mail code", code), ("undo link", undo), ("invitation", victim.invitation_code),
                            ("sign-up", signup), ("sign-up code", signup_code), ("account id", victim.id),
                            ("session id", victim.session), ("nonsense", TOKEN)):
            self.assert_nobody(Somebody(name, cookie=value, bearer=value))

    # Restricted: may what the list says; everything else is refused in its own words, and its owner's rights do not help

    def assert_restricted(self, person, code, page, name):
        somebody = Somebody(name, cookies=person.cookies, bearer=person.bearer)
        routes = [route for route in every_route() if str(route) not in ENDING]
        for route in routes:
            for method in methods(route):
                self.assert_route_restricted(route, method, somebody, code, page)
        self.assert_guard_refuses(somebody)
        expect(person.delete("/session"), 204)

    def assert_route_restricted(self, route, method, somebody, code, page):
        about = f"{somebody.name}: {method} {route.path}"
        reply = self.ask(route, method, somebody)
        word = None if method == "HEAD" else reply.code
        if route.access == "RESTRICTED":
            proof = reply.code == "confirmation_required" or b'name="confirm_code"' in reply.body
            self.assertTrue(reply.status not in (401, 403) or proof, f"{about}: {reply}")
            return
        self.assert_tells_nothing(reply, about)
        if route.access == "ANYBODY":
            return
        if is_api(route):
            self.assertEqual((reply.status, word), (403, None if method == "HEAD" else code), about)
        elif method in ("GET", "HEAD") or reply.status != 403:
            self.assertEqual((reply.status, reply.header("Location")), (303, page), f"{about}: {reply}")

    def demand(self):
        owner = self.victim.owner
        owner.enable()
        expect(owner.patch(f"/organizations/{self.victim.organization}/security", {"two_step_required": True}), 200)

    def who_asks(self):
        """The manager of the victim's organisation, whose own address may show."""
        self.victim.data.remove(self.victim.manager.email)
        return self.victim.manager

    def test_to_a_session_that_a_demand_restricts(self):
        manager = self.who_asks()
        self.demand()
        for transport in (None, "bearer"):
            self.assert_restricted(manager.elsewhere().sign_in(transport), "two_step_setup_required", "/account/two-step/required",
                                   f"demanded {transport}")

    def test_to_a_session_of_a_remembered_device_under_a_demand(self):
        manager = self.who_asks()
        manager.enable()
        browser = manager.elsewhere()
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        browser.sign_out()
        self.assertTrue(expect(browser.first_step(), 200)["session"]["remembered"])
        self.demand()
        self.assert_restricted(browser, "confirmation_required", "/confirm", "remembered")

    def test_to_a_session_that_a_reset_restricts(self):
        """No organization demands anything: the operator took the second step away, and the next sign-in is to set one up."""
        manager = self.who_asks()
        manager.enable()
        run = subprocess.run([binary(), "user", "reset-second-step", manager.email, "--reason", "lost phone", "--data", self.server.data],
                             capture_output=True, text=True, env=clean_environment(), timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        for transport in (None, "bearer"):
            person = manager.elsewhere()
            answer = expect(person.first_step(**({"transport": transport} if transport else {})), 200)
            self.assertEqual((answer["status"], answer["required_by"]), ("setup_required", []))
            person.bearer = token_of(answer) if transport else None
            self.assert_restricted(person, "two_step_setup_required", "/account/two-step/required", f"reset {transport}")

    def test_to_a_session_that_an_invitation_restricts(self):
        """Signed up by an invitation into an organization that demands two-step: a member, who may only set it up."""
        self.demand()
        guest = self.person("guest")
        before = len(self.server.mails(guest.email))
        expect(self.victim.owner.post(f"/organizations/{self.victim.organization}/invitations",
                                      {"email": guest.email, "role": "manager"}), 201)
        code = mail_code(self.server.mail_after(guest.email, before))
        answer = expect(guest.try_sign_up(invitation=code), 201)
        self.assertEqual(answer["status"], "setup_required")
        self.assert_restricted(guest, "two_step_setup_required", "/account/two-step/required", "invited")

    # Another person

    def test_to_another_person(self):
        stranger = self.person("stranger").sign_up()
        stranger.enable()
        before = self.victim.state(self.server)
        for transport in (None, "bearer"):
            person = stranger.elsewhere().sign_in(transport)
            somebody = Somebody("stranger", cookies=person.cookies, bearer=person.bearer)
            for route in every_route():
                if str(route) in ENDING:
                    continue
                for method in methods(route):
                    about = f"stranger {transport}: {method} {route.path}"
                    reply = self.ask(route, method, somebody)
                    self.assert_tells_nothing(reply, about)
                    if route.access.startswith("RIGHT"):
                        self.assertEqual(reply.status, 404, f"{about}: {reply}")
                    elif "{" in route.path and route.access != "ANYBODY":
                        self.assertIn(reply.status, (404, 303), f"{about}: {reply}")
            self.assert_guard_refuses(somebody)
        self.assertEqual(self.victim.state(self.server), before)
        self.assertTrue(self.victim.owner.is_signed_in())
        self.assertIn(self.victim.invitation, [i["id"] for i in expect(self.victim.owner.get(
            f"/organizations/{self.victim.organization}/invitations"), 200)["invitations"]])


class EveryRouteToAnApp(HandOverTest):
    """What a hand-over leaves at a host, and the code on its way there, are of that host alone."""

    def test_to_the_cookie_of_an_application_or_a_code(self):
        _, owner, _, _, host, _ = self.set_up()
        self.hand_over(owner, host)
        app = owner.cookies[self.APP]
        self.assert_let_in(self.check(owner, host))
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(self.code(self.again_at(owner), host)).query)["code"][0]
        asker, names = Asker(self.server), cookie_names()
        for name, value in (("application", app), ("hand-over code", code)):
            cookies = "; ".join(f"__Host-{c}={value}; {c}={value}" for c in names)
            for route in every_route():
                if route.access == "ANYBODY" or "{" in route.path and route.access == "SIGNED_IN":
                    continue
                for headers in ({"Cookie": cookies}, {"Authorization": f"Bearer {value}"}):
                    reply = asker.ask(route.method, re.sub(r"\{\w+\}", "x", route.path), {
                        **headers, "Origin": self.ORIGIN, "Content-Type": "application/json" if is_api(route) else
                        "application/x-www-form-urlencoded"}, b"{}" if is_api(route) else b"")
                    self.assertIn(reply.status, (401, 303), f"{name}: {route}: {reply}")
                    if reply.status == 303:
                        self.assertEqual(reply.header("Location"), "/login", f"{name}: {route}")
        self.assert_let_in(self.check(owner, host))

    def again_at(self, owner):
        """The same session at home, a browser that was never at the application."""
        again = self.elsewhere(owner)
        again.cookies = {name: value for name, value in owner.cookies.items() if name not in (self.APP, "__Host-twostep-nonce")}
        return again


if __name__ == "__main__":
    unittest.main()
