"""Checks for applications behind a proxy (contract 2.4): who gets through, with which headers, and who is sent where."""
import base64
import contextlib
import hashlib
import html
import itertools
import json
import re
import sqlite3
import subprocess
import threading
import time
import unittest
import urllib.parse

from harness import at_once, binary, clean_environment, expect
from guard import HTML, IDENTITY, SECOND, GuardTest, HandOverTest


class Checks(GuardTest):
    def set_up(self, **more):
        organization, owner, manager, member = self.team(two_step=more.pop("two_step", False))
        host = self.own_host()
        return organization, owner, manager, member, host, self.service(owner, organization, host, **more)

    def test_tell_who_is_there(self):
        organization, owner, manager, member, host, service = self.set_up()
        expect(owner.patch(f"/organizations/{organization}/members/{member.id()}", {"services": [{"id": service, "role": "viewer"}]}), 200)
        for person, role, service_role in ((owner, "owner", "manager"), (manager, "manager", "manager"), (member, "member", "viewer")):
            for name, ask in self.ways():
                for again in ("first", "from memory"):
                    with self.subTest(f"{role} {name} {again}"):
                        reply = self.assert_let_in(ask(person, host, "/x?y=1"), name)
                        self.assertEqual(reply.header("Remote-User"), person.id())
                        self.assertEqual(reply.header("Remote-Email"), person.email)
                        self.assertEqual(urllib.parse.unquote(reply.header("Remote-Name")), person.account.name)
                        self.assertEqual(reply.header("Remote-Groups"), f"org:{organization}:{role},service:{service}:{service_role}")
                        self.assertEqual((reply.header("Remote-Methods"), reply.header("Remote-Second-Step-At")), ("pwd", "-"))

    def test_names_are_percent_encoded(self):
        organization, owner, *_ , host, service = self.set_up()
        expect(owner.patch("/account", {"name": "김, 소라 100%"}), 200)
        for _ in range(2):
            self.assertEqual(self.assert_let_in(self.forward_auth(owner, host)).header("Remote-Name"), urllib.parse.quote("김, 소라 100%", safe=""))

    def test_tell_of_the_second_step(self):
        organization, owner, *_ , host, service = self.set_up(two_step=True)
        for _ in range(2):
            reply = self.assert_let_in(self.forward_auth(owner, host))
            self.assertEqual(reply.header("Remote-Methods"), "pwd,otp")
            self.assertRegex(reply.header("Remote-Second-Step-At"), SECOND)

    def test_strangers_are_kept_out(self):
        organization, owner, manager, member, host, service = self.set_up()
        stranger = self.person().sign_up()
        nobody = self.person()
        for name, ask in self.ways():
            for _ in range(2):
                self.assert_kept_out(ask(stranger, host), 403, name)
                self.assert_kept_out(ask(member, host), 403, f"{name}, a member without a role")
                self.assert_kept_out(ask(nobody, host), 401, name)
                self.assert_kept_out(ask(owner, "localhost:8999"), 403, f"{name}, nobody's host")

    def test_the_visitors_own_identity_is_never_read(self):
        organization, owner, *_ , host, service = self.set_up()
        forged = {name: "root" for name in IDENTITY}
        self.assertEqual(self.assert_let_in(self.forward_auth(owner, host, headers=forged)).header("Remote-Email"), owner.email)
        self.assert_kept_out(self.forward_auth(self.person(), host, headers=forged), 401)

    def test_authorization_is_never_read(self):
        organization, owner, *_ , host, service = self.set_up()
        bearer = owner.elsewhere().sign_in("bearer")
        self.assert_kept_out(self.forward_auth(bearer, host), 401)
        self.assert_let_in(self.forward_auth(owner, host, headers={"Authorization": "Bearer x"}))
        self.assert_kept_out(self.forward_auth(self.person(), host, headers={"Cookie": f"twostep={bearer.bearer}"}), 401)

    def test_browsers_are_led_to_sign_in_and_scripts_are_told(self):
        organization, owner, *_ , host, service = self.set_up()
        nobody = self.person()
        for method, status in (("GET", 302), ("HEAD", 302), ("POST", 303), ("DELETE", 303)):
            for name, ask in (("forward-auth", self.forward_auth), ("ext-authz", self.ext_authz)):
                reply = self.assert_kept_out(ask(nobody, host, "/a/b?c=d", method=method, headers=HTML), status, f"{name} {method}")
                self.assertTrue(reply.header("Location").startswith(f"http://{host}/.twostep/start?to="), reply.header("Location"))
        for headers in ({"Accept": "application/json"}, {"Accept": None}, {"X-Requested-With": "XMLHttpRequest", **HTML}):
            self.assert_kept_out(self.forward_auth(nobody, host, headers=headers), 401)
            self.assert_kept_out(self.ext_authz(nobody, host, headers=headers), 401)
        self.assertTrue(self.assert_kept_out(self.auth_request(nobody, host), 401).header("Location"))

    def test_our_own_host_can_be_an_applications(self):
        organization, owner, *_ = self.team()
        host = f"localhost:{self.server.port}"
        self.service(owner, organization, host)
        reply = self.assert_kept_out(self.forward_auth(self.person(), host, "/app/x?y=z", headers=HTML), 302)
        self.assertTrue(reply.header("Location").startswith(self.server.origin + "/login?to="), reply.header("Location"))
        self.assert_let_in(self.forward_auth(owner, host))
        place = urllib.parse.parse_qs(urllib.parse.urlsplit(reply.header("Location")).query)["to"][0]
        reply = owner.request("GET", place, headers=HTML)
        self.assertEqual((reply.status, reply.header("Location")), (303, f"http://{host}/app/x?y=z"))

    def test_our_cookie_is_no_other_hosts(self):
        organization, owner, *_ = self.team()
        self.service(owner, organization, "app.example")
        for _ in range(2):
            self.assert_kept_out(self.forward_auth(owner, "app.example"), 401)

    def test_nobody_is_led_back_to_a_host_that_is_nobodys(self):
        for name, ask in self.ways():
            reply = self.assert_kept_out(ask(self.person(), "evil.example", headers=HTML), 403, name)
            self.assertIsNone(reply.header("Location"))

    def test_what_is_ended_is_dead_at_the_next_request(self):
        organization, owner, manager, member, host, service = self.set_up()
        member_path = f"/organizations/{organization}/members/{member.id()}"

        def role(to):
            expect(owner.patch(member_path, {"services": [{"id": service, "role": to}] if to else []}), 200)

        role("viewer")
        for _ in range(3):
            self.assertIn(":viewer", self.assert_let_in(self.forward_auth(member, host)).header("Remote-Groups"))
        role("operator")
        for _ in range(3):
            self.assertIn(":operator", self.assert_let_in(self.forward_auth(member, host)).header("Remote-Groups"))
        role(None)
        self.assert_kept_out(self.forward_auth(member, host), 403, "no role any more")
        role("viewer")
        self.assert_let_in(self.forward_auth(member, host))
        other = member.elsewhere().sign_in()
        self.assert_let_in(self.forward_auth(other, host))
        expect(member.delete("/sessions"), 204)
        self.assert_kept_out(self.forward_auth(other, host), 401, "a session ended from elsewhere")
        self.assert_let_in(self.forward_auth(member, host))
        cookies = dict(member.cookies)
        member.sign_out()
        member.cookies = cookies
        self.assert_kept_out(self.forward_auth(member, host), 401, "signed out")
        member.sign_in()
        self.assert_let_in(self.forward_auth(member, host))
        expect(owner.delete(member_path), 204)
        self.assert_kept_out(self.forward_auth(member, host), 403, "removed")
        self.assert_let_in(self.forward_auth(manager, host))
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {"hosts": []}), 200)
        self.assert_kept_out(self.forward_auth(manager, host), 403, "the host is nobody's")
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {"hosts": [host]}), 200)
        self.assert_let_in(self.forward_auth(manager, host))
        expect(owner.delete(f"/organizations/{organization}/services/{service}"), 204)
        self.assert_kept_out(self.forward_auth(manager, host), 403, "the service is gone")

    def test_who_loses_it_meanwhile_is_told_as_at_the_next_check(self):
        """Between what a check reads and what it writes."""
        organization, owner, manager, member, host, service = self.set_up()
        session = "DELETE FROM session WHERE account_id = (SELECT id FROM account WHERE email = ?)"
        membership = "DELETE FROM membership WHERE account_id = (SELECT id FROM account WHERE email = ?)"
        for about, statement, statuses in (("session", session, (302, 401, 401)), ("membership", membership, (403, 403, 403))):
            for ask, headers, status in zip((self.forward_auth, self.auth_request, self.ext_authz), (HTML, HTML, {}), statuses):
                visitor = self.person("visitor").sign_up()
                self.join(organization, visitor, "manager")
                with contextlib.closing(sqlite3.connect(self.server.database, isolation_level=None)) as store:
                    store.execute("PRAGMA foreign_keys = ON")
                    store.execute("BEGIN IMMEDIATE")
                    replies = []
                    asking = threading.Thread(target=lambda: replies.append(ask(visitor, host, headers=headers)))
                    asking.start()
                    time.sleep(0.7)  # it has read, and waits to write
                    store.execute(statement, (visitor.email,))
                    store.execute("COMMIT")
                    asking.join()
                reply = self.assert_kept_out(replies[0], status, f"{about}, {ask.__name__}")
                again = self.assert_kept_out(ask(visitor, host, headers=headers), status, f"{about}, {ask.__name__}, the next one")
                self.assertEqual(reply.code, again.code)
                self.assertEqual(bool(reply.header("Location")), about == "session" and headers == HTML, about)

    def test_a_password_change_ends_other_sessions_everywhere(self):
        organization, owner, *_ , host, service = self.set_up()
        other = owner.elsewhere().sign_in()
        self.assert_let_in(self.forward_auth(other, host))
        expect(owner.post("/account/password", {"current_password": owner.password, "new_password": "Quilt9 harbour-Maple tin"}), 200)
        self.assert_kept_out(self.forward_auth(other, host), 401)
        self.assert_let_in(self.forward_auth(owner, host))

    def test_a_demand_holds_at_once(self):
        organization, owner, manager, member, host, service = self.set_up()
        owner.enable()
        self.assert_let_in(self.forward_auth(manager, host))
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 0}), 200)
        for name, ask in self.ways():
            reply = self.assert_kept_out(ask(manager, host), 401, name)
            self.assertEqual(reply.header("Twostep-Needs"), "second_step", name)
        self.assert_kept_out(self.forward_auth(manager, host, headers=HTML), 302)
        self.assert_let_in(self.forward_auth(owner, host))
        manager.enable()
        self.assert_let_in(self.forward_auth(manager, host))
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": False}), 200)
        self.assert_let_in(self.forward_auth(owner, host))

    def test_what_cannot_be_told_lets_nobody_in(self):
        """A table that is not there: the store cannot answer. What memory knows is not asked of it."""
        organization, owner, manager, *_, host, service = self.set_up()
        for table in ("service_host", "service_rule", "membership", "service_role", "session_organization", "session", "totp", "mandate"):
            self.server.sql(f"ALTER TABLE {table} RENAME TO away")
            try:
                for name, ask in self.ways():
                    for headers in ({}, HTML):
                        self.assert_kept_out(ask(manager, host, headers=headers), 503, f"{table} {name}")
            finally:
                self.server.sql(f"ALTER TABLE away RENAME TO {table}")
        self.assert_let_in(self.forward_auth(manager, host))

    def test_the_page_of_a_refusal_brings_its_style(self):
        page = self.forward_auth(self.person(), "evil.example", headers={**HTML, "Accept-Language": "ko"})
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"style-src 'sha256-{digest}';", page.header("Content-Security-Policy"))
        self.assertIn('lang="ko"', page.text)

    def test_half_signed_in_is_nobody(self):
        organization, owner, *_ , host, service = self.set_up()
        owner.enable()
        half = owner.elsewhere()
        login = half.half_way()
        for cookie in (f"twostep={login}", f"twostep-login={login}", f"twostep-app={login}"):
            self.assert_kept_out(self.forward_auth(half, host, headers={"Cookie": cookie}), 401, cookie)

    def test_the_log_of_the_organisation_has_the_sign_in(self):
        organization, owner, manager, *_ , host, service = self.set_up()
        fresh = manager.elsewhere().sign_in()
        before = len([e for e in self.log_of(organization) if e[0] == "signed_in"])
        for _ in range(3):
            self.assert_let_in(self.forward_auth(fresh, host))
        self.assertEqual(len([e for e in self.log_of(organization) if e[0] == "signed_in"]), before + 1)

    def test_last_seen_is_written(self):
        organization, owner, *_ , host, service = self.set_up()
        self.assert_let_in(self.forward_auth(owner, host))
        self.server.forward(3600)
        self.server.restart()
        self.assert_let_in(self.forward_auth(owner, host))
        seen = [s["last_seen_at"] for s in expect(owner.get("/sessions"), 200)["sessions"]]
        self.assertGreater(max(seen), "2026")
        self.server.restart()
        age = self.server.sql("SELECT unixepoch() - MAX(last_seen_at) FROM session")[0][0]
        self.assertLess(age, 60)

    def test_head_and_a_query_of_the_proxy_are_fine(self):
        organization, owner, *_ , host, service = self.set_up()
        for _ in range(2):
            self.assert_let_in(self.forward_auth(owner, host, way="HEAD"))
            self.assert_let_in(self.forward_auth(owner, host, query="?a=b&c"))
            self.assert_let_in(self.forward_auth(owner, host, way="POST"))

    def test_hosts_have_one_spelling(self):
        organization, owner, *_ , host, service = self.set_up()
        name, port = host.split(":")
        for spelling in (host.upper(), f"{name}.:{port}"):
            self.assert_let_in(self.forward_auth(owner, spelling), spelling)


class Assertions(GuardTest):
    """Where the service asks for it the identity is signed, too."""

    def claims(self, reply):
        return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in reply.header("Remote-Assertion").split(".")[:2]]

    def test_say_what_the_headers_say(self):
        organization, owner, *_ = self.team(two_step=True)
        expect(owner.patch("/account", {"name": "김 소라"}), 200)
        host = self.own_host()
        service = self.service(owner, organization, host, assertion=True)
        for name, ask in self.ways():
            reply = self.assert_let_in(ask(owner, host), name)
            head, claims = self.claims(reply)
            self.assertEqual((head["alg"], head["typ"]), ("ES256", "JWT"))
            self.assertEqual({k: claims[k] for k in ("iss", "aud", "sub", "email", "name", "groups", "amr")}, {
                "iss": self.server.origin, "aud": host, "sub": owner.id(), "email": owner.email, "name": "김 소라", "amr": ["pwd", "otp"],
                "groups": [f"org:{organization}:owner", f"service:{service}:manager"]})
            self.assertEqual(claims["exp"] - claims["iat"], 60)
            self.assertIn(head["kid"], [key["kid"] for key in owner.request("GET", "/oauth2/jwks").json["keys"]])

    def test_are_signed_once_in_half_a_minute_and_anew_after_a_change(self):
        organization, owner, manager, *_ = self.team()
        host = self.own_host()
        service = self.service(owner, organization, host, assertion=True)
        while time.time() % 30 > 20:
            time.sleep(0.5)
        first = self.assert_let_in(self.forward_auth(manager, host)).header("Remote-Assertion")
        self.assertEqual({self.forward_auth(manager, host).header("Remote-Assertion") for _ in range(20)}, {first})
        expect(manager.patch("/account", {"name": "Another Name"}), 200)
        second = self.assert_let_in(self.forward_auth(manager, host))
        self.assertEqual(self.claims(second)[1]["name"], "Another Name")
        self.assertEqual(self.claims(self.forward_auth(manager, host))[1]["name"], "Another Name")
        self.assertNotEqual(self.assert_let_in(self.forward_auth(owner, host)).header("Remote-Assertion"), second.header("Remote-Assertion"))
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {"assertion": False}), 200)
        self.assertEqual(self.assert_let_in(self.forward_auth(manager, host)).header("Remote-Assertion"), "-")

    def early(self):
        """In a half of a minute, so that what follows is told by one assertion, were it not for what changes."""
        while time.time() % 30 > 20:
            time.sleep(0.5)

    def assert_same_groups(self, person, host, organization, service):
        for name, ask in self.ways():
            reply = self.assert_let_in(ask(person, host), name)
            groups = self.claims(reply)[1]["groups"]
            self.assertEqual(groups, reply.header("Remote-Groups").split(","), name)
            self.assertEqual([group.split(":")[1] for group in groups], [organization, service], name)

    def test_name_the_service_that_the_host_has_moved_to(self):
        organization, owner, manager, *_ = self.team()
        other = self.organization(manager, "Beta")
        self.join(other, owner, "manager")
        host = self.own_host()
        first = self.service(owner, organization, host, "One", assertion=True)
        second, third = (expect(manager.post(f"/organizations/{o}/services", {"name": "Two", "hosts": [], "assertion": True}), 201)["id"]
                         for o in (organization, other))
        self.early()
        self.assert_same_groups(owner, host, organization, first)
        for here, before, there, after in ((organization, first, organization, second), (organization, second, other, third)):
            expect(manager.patch(f"/organizations/{here}/services/{before}", {"hosts": []}), 200)
            expect(manager.patch(f"/organizations/{there}/services/{after}", {"hosts": [host]}), 200)
            self.assert_same_groups(owner, host, there, after)

    def test_tell_of_a_password_that_was_just_given(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host, assertion=True)
        self.server.forward(100)
        self.server.restart()
        self.early()
        before = self.claims(self.assert_let_in(self.forward_auth(owner, host)))[1]["auth_time"]
        expect(owner.post("/session/confirm", {"password": owner.password}), 200)
        for name, ask in self.ways():
            self.assertGreaterEqual(self.claims(self.assert_let_in(ask(owner, host), name))[1]["auth_time"], before + 100, name)


class Malformed(GuardTest):
    def test_is_400_and_never_lets_in(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        self.assert_let_in(self.forward_auth(owner, host))
        forwarded = (
            ("no host", {"X-Forwarded-Host": None}), ("no method", {"X-Forwarded-Method": None}), ("no scheme", {"X-Forwarded-Proto": None}),
            ("no path", {"X-Forwarded-Uri": None}), ("empty host", {"X-Forwarded-Host": ""}), ("empty path", {"X-Forwarded-Uri": ""}),
            ("hosts as a list", {"X-Forwarded-Host": f"{host}, evil.example"}), ("schemes as a list", {"X-Forwarded-Proto": "http, https"}),
            ("a user", {"X-Forwarded-Host": f"me@{host}"}), ("a path in the host", {"X-Forwarded-Host": f"{host}/x"}),
            ("IDN as it is", {"X-Forwarded-Host": "앱.example"}), ("a port that is none", {"X-Forwarded-Host": "localhost:x"}),
            ("an absolute address", {"X-Forwarded-Uri": f"http://{host}/"}), ("no slash", {"X-Forwarded-Uri": "x"}),
            ("a fragment", {"X-Forwarded-Uri": "/x#y"}), ("a backslash", {"X-Forwarded-Uri": "/x\\y"}), ("a blank", {"X-Forwarded-Uri": "/x y"}),
            ("a broken escape", {"X-Forwarded-Uri": "/%zz"}), ("half an escape", {"X-Forwarded-Uri": "/%4"}), ("NUL", {"X-Forwarded-Uri": "/%00"}),
            ("a line", {"X-Forwarded-Uri": "/%0d%0a"}), ("not UTF-8", {"X-Forwarded-Uri": "/%ff"}), ("a path too long", {"X-Forwarded-Uri": "/" + "x" * 9000}),
            ("no method in it", {"X-Forwarded-Method": ""}), ("a method too long", {"X-Forwarded-Method": "A" * 33}),
            ("methods as a list", {"X-Forwarded-Method": "GET, POST"}), ("a method in brackets", {"X-Forwarded-Method": "(GET)"}), ("a scheme nobody knows", {"X-Forwarded-Proto": "ftp"}),
        )
        for about, headers in forwarded:
            for accept in ({}, HTML):
                self.assert_kept_out(self.forward_auth(owner, host, headers={**headers, **accept}), 400, about)
        for url in ("", host, f"//{host}/", f"ftp://{host}/", f"http://me@{host}/", f"http://{host}\\@evil.example/", f"http://{host}/x#y", f"http://{host}/%zz",
                    f"http://{host}/%00", f"http://{host}/%0d%0aX:%20y", f"http:///x", "http://", f"http://{host}?x", f"http:{host}/", f"http://{host},{host}/"):
            self.assert_kept_out(self.auth_request(owner, host, headers={"X-Original-URL": url}), 400, url)
        self.assert_kept_out(self.auth_request(owner, host, headers={"X-Original-Method": None}), 400)
        for uri in ("", "?x", "/%zz", "/%00"):
            self.assert_kept_out(self.ext_authz(owner, host, uri), 400, uri)
        self.assert_kept_out(self.ext_authz(owner, host, headers={"X-Forwarded-Proto": "gopher"}), 400)

    def test_doubled_is_400(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        for name in ("X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri"):
            value = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "http", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/"}[name]
            self.assert_kept_out(self.forward_auth(owner, host, headers={name.lower(): value}), 400, name)

    def test_each_way_reads_its_own_headers(self):
        """A proxy that sets some passes the visitor's own on."""
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        original = {"X-Original-URL": f"http://{host}/", "X-Original-Method": "GET"}
        self.assert_kept_out(owner.request("GET", "/authz/forward-auth", headers=original), 400)
        forwarded = {"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "http", "X-Forwarded-Host": host, "X-Forwarded-Uri": "/"}
        self.assert_kept_out(owner.request("GET", "/authz/auth-request", headers=forwarded), 400)
        self.assert_kept_out(self.forward_auth(owner, "localhost:9", headers=original), 403)

    def test_cookies_that_are_odd_are_none(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        token = owner.cookies["twostep"]
        for cookie in (f"twostep={token}; twostep={token}", f"twostep={token[:-1]}", f"twostep={token}x", "twostep=", f"twostep={'x' * 5000}",
                       f"__Host-twostep={token}", f"Twostep={token}", f"twostep-app={token}"):
            self.assert_kept_out(self.forward_auth(owner, host, headers={"Cookie": cookie}), 401, cookie[:60])


class Untrusted(GuardTest):
    SERVER = {"args": ["--trusted-proxies", "10.9.9.9"]}

    def test_a_peer_that_is_no_proxy_is_not_believed(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        for name, ask in self.ways():
            for headers in ({}, HTML):
                self.assert_kept_out(ask(owner, host, headers=headers), 400, name)
        for path in ("/authz/start?to=x", "/authz/session?code=x"):
            self.assert_kept_out(self.at_app(owner, "http", "app.example", path), 400)


class Elsewhere(HandOverTest):
    def test_a_host_that_waits_lets_nobody_in(self):
        organization, owner, *_ = self.team()
        self.service(owner, organization, "waits.example")
        for headers in ({}, HTML):
            self.assert_kept_out(self.check(owner, "waits.example", **headers), 403)
        self.allow("waits.example", organization)
        self.assert_kept_out(self.check(self.person(), "waits.example", **HTML), 302)
        run = subprocess.run([binary(), "host", "forbid", "waits.example", "--data", self.server.data], capture_output=True, text=True,
                             env=clean_environment(), timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assert_kept_out(self.check(owner, "waits.example"), 403)

    def test_a_session_is_handed_over(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        reply = self.hand_over(visitor, host, "/a/b?c=d%20e&f")
        cookie = reply.cookie(self.APP)
        self.assertTrue(cookie and cookie["="])
        self.assertEqual(cookie["path"], "/")
        self.assertIn("httponly", cookie)
        self.assertEqual("secure" in cookie, self.PROTO == "https")
        self.assertNotIn("domain", cookie)
        app = self.at_home(self.person())
        app.cookies = {self.APP: cookie["="]}
        for _ in range(3):
            self.assertEqual(self.assert_let_in(self.check(app, host)).header("Remote-Email"), owner.email)

    def test_a_cookie_of_one_host_opens_nothing_else(self):
        organization, owner, *_ , host, service = self.set_up()
        second = f"second{next(self.names)}.example"
        self.service(owner, organization, second, "Second")
        self.allow(second, organization)
        visitor = self.elsewhere(owner).sign_in()
        token = self.hand_over(visitor, host).cookie(self.APP)["="]
        app = self.person()
        app.cookies = {self.APP: token}
        self.assert_let_in(self.check(app, host))
        self.assert_kept_out(self.check(app, second), 401, "another host of the same people")
        self.assert_let_in(self.check(app, host))
        for name in ("__Host-twostep", "twostep", "__Host-twostep-login", "__Host-twostep-device"):
            app.cookies = {name: token}
            expect(app.get("/session"), 401, "not_signed_in", name)
            self.assert_kept_out(self.check(app, host), 401, name)

    def test_sign_out_at_home_signs_out_everywhere(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        app = self.person()
        app.cookies = {self.APP: self.hand_over(visitor, host).cookie(self.APP)["="]}
        self.assert_let_in(self.check(app, host))
        visitor.sign_out()
        self.assert_kept_out(self.check(app, host), 401)

    def test_a_code_serves_once(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        location = self.code(visitor, host)
        replies = at_once([lambda: self.follow(visitor, location) for _ in range(20)])
        self.assertEqual(sorted(r.status for r in replies), [302] + [403] * 19)

    def test_a_head_spends_no_code(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        location = self.code(visitor, host, "/x")
        at = {"X-Forwarded-Proto": self.PROTO, "X-Forwarded-Host": host, **HTML}
        for query in (location.partition("?")[2], "", "code=x"):
            reply = visitor.request("HEAD", "/authz/session?" + query, headers=at)
            self.assertEqual((reply.status, reply.header("Location"), reply.all("Set-Cookie")), (302, "/", []), query)
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM app_session WHERE host = ?", host)[0][0], 0)
        reply = self.follow(visitor, location)
        self.assertEqual((reply.status, reply.header("Location")), (302, f"{self.PROTO}://{host}/x"))

    def test_a_code_serves_its_browser_host_and_minute_alone(self):
        organization, owner, *_ , host, service = self.set_up()
        second = f"second{next(self.names)}.example"
        self.service(owner, organization, second, "Second")
        self.allow(second, organization)
        visitor = self.elsewhere(owner).sign_in()

        def refused(reply, about):
            self.assertEqual(reply.status, 403, about)
            self.assertIsNone(reply.cookie(self.APP), about)

        location = self.code(visitor, host)
        query = location.partition("?")[2]
        other = self.person()
        refused(self.follow(other, location), "a browser without the nonce")
        refused(self.follow(visitor, location), "spent by that")
        location = self.code(visitor, host)
        other.cookies = dict(visitor.cookies)
        self.follow(other, self.start(self.person(), host))  # a nonce of its own
        refused(self.at_app(visitor, self.PROTO, second, "/authz/session?" + location.partition("?")[2]), "at another host")
        location = self.code(visitor, host)
        self.server.forward(61)
        refused(self.follow(visitor, location), "after 61 s")
        location = self.code(visitor, host)
        visitor.sign_out()
        refused(self.follow(visitor, location), "after sign-out")
        for query in ("", "?code=", "?code=x", f"?{query}&{query}", f"?code={'A' * 43}"):
            refused(self.at_app(visitor, self.PROTO, host, "/authz/session" + query), query)

    def test_who_took_longer_than_the_nonce_lives_comes_in_by_one_press(self):
        organization, owner, *_ , host, service = self.set_up()
        second = f"second{next(self.names)}.example"
        self.service(owner, organization, second, "Second")
        self.allow(second, organization)
        for language, word in (("en", "Open the application"), ("ko", "애플리케이션 열기")):
            for uri in ("/deep/page?x=1&y=<2>", "//evil.example/x"):
                visitor = self.elsewhere(owner)
                place = self.follow(visitor, self.start(visitor, host, uri)).header("Location")
                visitor.cookies.pop(self.NONCE)  # its ten minutes at the sign-in page
                visitor.sign_in()
                code = self.go_back(visitor, host, place)
                app = self.person(language=language)  # what the same browser brings to the application's host: nothing
                reply = self.follow(app, code)
                self.assertEqual((reply.status, reply.header("Location"), reply.all("Set-Cookie")), (403, None, []), uri)
                links = re.findall(r'<a class="go" href="([^"]*)">([^<]*)</a>', reply.text)
                self.assertEqual([(html.unescape(href), text) for href, text in links], [(f"{self.PROTO}://{host}{uri}", word)])
                self.assertNotIn("refresh", reply.text)
                self.assertNotIn('class="go"', self.follow(app, code).text, "the code is spent")
                self.hand_over(visitor, host, uri)  # what pressing it begins
                self.assert_let_in(self.check(visitor, host))

        def plain(reply, about):
            self.assertEqual(reply.status, 403, about)
            self.assertNotIn('class="go"', reply.text, about)

        visitor = self.elsewhere(owner).sign_in()
        for about, cookies, at, forward in (
                ("another host", None, second, 0), ("after a minute", None, host, 61), ("another nonce", {self.NONCE: "A" * 43}, host, 0),
                ("an odd one", {self.NONCE: "x"}, host, 0)):
            location = self.code(visitor, host, "/secret")
            self.server.forward(forward)
            other = self.person()
            other.cookies = cookies or {}
            plain(self.at_app(other, self.PROTO, at, "/authz/session?" + location.partition("?")[2]), about)
        plain(self.at_app(self.person(), self.PROTO, host, f"/authz/session?code={'A' * 43}"), "no code of ours")
        script = self.at_app(self.person(), self.PROTO, host, "/authz/session?" + self.code(visitor, host).partition("?")[2], {"Accept": "*/*"})
        self.assertEqual((script.status, script.code), (403, "forbidden"))

    def begin_twice(self, person, host):
        """Two windows ask before either has its nonce: both addresses at our host; the browser keeps the second nonce."""
        starts = [self.start(person, host, uri) for uri in ("/one", "/two")]
        nonces = []
        for start in starts:
            before = dict(person.cookies)
            nonces.append(self.follow(person, start))
            after, person.cookies = person.cookies, before
        person.cookies = after
        self.assertEqual(len({reply.cookie(self.NONCE)["="] for reply in nonces}), 2)
        return [reply.header("Location") for reply in nonces]

    def test_windows_that_begin_at_the_same_moment_both_end_well(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        first, second = (self.go_back(visitor, host, place) for place in self.begin_twice(visitor, host))
        reply = self.follow(visitor, second)
        self.assertEqual((reply.status, reply.header("Location")), (302, f"{self.PROTO}://{host}/two"))
        reply = self.follow(visitor, first)
        self.assertEqual((reply.status, reply.header("Location")), (302, f"{self.PROTO}://{host}/one"))
        self.assertEqual(reply.all("Set-Cookie"), [], "nothing is handed out")
        self.assert_let_in(self.check(visitor, host))
        self.assertEqual(self.follow(visitor, first).status, 403, "the code is spent")
        app = visitor.cookies.pop(self.APP)
        late = self.code(visitor, host)
        visitor.cookies[self.APP] = app
        self.server.forward(61)
        reply = self.follow(visitor, late)
        self.assertEqual((reply.status, reply.header("Location"), reply.all("Set-Cookie")), (302, f"{self.PROTO}://{host}/", []))

    def test_nobody_follows_the_code_of_another_session(self):
        """Whatever is open in that browser: neither to another session's place nor from another host."""
        organization, owner, manager, *_ , host, service = self.set_up()
        second = f"second{next(self.names)}.example"
        self.service(owner, organization, second, "Second")
        self.allow(second, organization)
        visitor = self.elsewhere(owner).sign_in()
        self.hand_over(visitor, host)
        for other in (self.elsewhere(owner).sign_in(), self.elsewhere(manager).sign_in()):
            self.assertEqual(self.follow(visitor, self.code(other, host, "/theirs")).status, 403)
        location = self.code(visitor, second, "/elsewhere")
        reply = self.at_app(visitor, self.PROTO, host, "/authz/session?" + location.partition("?")[2])
        self.assertEqual((reply.status, reply.header("Location")), (403, None))

    def test_a_way_back_is_sealed(self):
        organization, owner, *_ , host, service = self.set_up()
        location = self.start(self.person(), host)
        to = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["to"][0]
        for odd in ("", "x", to[:-1], to + "A", to[:20] + ("A" if to[20] != "A" else "B") + to[21:], f"https://{host}/"):
            reply = self.at_app(self.person(), self.PROTO, host, "/authz/start?" + urllib.parse.urlencode({"to": odd}))
            self.assertEqual(reply.status, 403, odd)
            reply = self.elsewhere(owner).sign_in().request("GET", "/continue?" + urllib.parse.urlencode({"to": odd}), headers=HTML)
            self.assertEqual((reply.status, reply.header("Location")), (303, "/"), odd)
        self.assertEqual(self.at_app(self.person(), self.PROTO, "evil.example", "/authz/start?" + urllib.parse.urlencode({"to": to})).status, 403)

    def test_a_long_address_leads_back_whole(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        for uri in ("/" + "a" * 2044, "/" + "a" * 2045, "/" + "a" * 2047, "/a" + "é" * 341, "/aa" + "é" * 341, "/" + "a" * 2048):
            wide = urllib.parse.quote(uri)
            back = wide if len(wide) <= 2048 else "/"
            visitor.cookies.pop(self.APP, None)
            reply = self.follow(visitor, self.code(visitor, host, uri))
            self.assertEqual((reply.status, reply.header("Location")), (302, f"{self.PROTO}://{host}{back}"), len(wide))

    def test_nobody_is_led_to_a_host_that_has_been_taken_away(self):
        organization, owner, *_ , host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        place = self.follow(visitor, self.start(visitor, host)).header("Location")
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {"hosts": []}), 200)
        reply = self.ours(visitor, place)
        while reply.status in (302, 303) and reply.header("Location") != "/":
            self.assertNotIn(host, reply.header("Location").partition("?")[0])
            reply = self.ours(visitor, reply.header("Location"))
        self.assertEqual(reply.header("Location"), "/")

    def test_the_sign_in_form_may_lead_to_the_application(self):
        """Chromium holds redirects after a form against form-action."""
        organization, owner, *_ , host, service = self.set_up()
        nobody = self.person()
        place = self.follow(nobody, self.start(nobody, host)).header("Location")
        reply = self.ours(nobody, place)
        self.assertEqual(reply.status, 200)
        self.assertIn(f"form-action 'self' {self.PROTO}://{host};", reply.header("Content-Security-Policy"))
        reply = self.ours(nobody, "/login")
        self.assertIn(f"form-action 'self' {self.PROTO}://{host};", reply.header("Content-Security-Policy"))
        self.assertIn("form-action 'self';", self.ours(self.person(), "/login").header("Content-Security-Policy"))


class ElsewhereInTheClear(Elsewhere):
    """http hosts: the names of cookies drop __Host-."""
    PROTO = "http"
    APP = "twostep-app"
    NONCE = "twostep-nonce"


class Rules(GuardTest):
    RULES = [{"path": "/export/*", "methods": ["GET"], "second_step_max_age_s": 300}, {"path": "/export/all", "second_step_max_age_s": 60},
             {"path": "/admin/*", "methods": ["POST", "DELETE"], "second_step_max_age_s": 600}]

    def set_up(self, two_step=True):
        organization, owner, manager, member = self.team(two_step=two_step)
        host = self.own_host()
        service = self.service(owner, organization, host, rules=self.RULES)
        return organization, owner, host

    def age(self, seconds):
        """Time passes; what memory holds does not know of that."""
        self.server.forward(seconds)
        self.server.restart()

    def test_ask_for_a_second_step_that_is_young(self):
        organization, owner, host = self.set_up()
        self.assert_let_in(self.forward_auth(owner, host, "/export/x"))
        self.age(100)
        for _ in range(2):
            self.assert_let_in(self.forward_auth(owner, host, "/export/x"))
            self.assert_kept_out(self.forward_auth(owner, host, "/export/all"), 401)
        self.age(220)
        for name, ask in self.ways():
            for uri in ("/export/x", "/export/x?y", "/EXPORT/x", "/export//x", "//export/x", "/%65xport/x", "/a/../export/x", "/a/%2e%2e/export/x",
                        "/export;v=1/x", "/export%2fx", "/%2565xport/x", "/x%5c..%5cexport/x"):
                reply = self.assert_kept_out(ask(owner, host, uri), 401, f"{name} {uri}")
                self.assertEqual(reply.header("Twostep-Needs"), "second_step", f"{name} {uri}")
            self.assert_kept_out(ask(owner, host, "/export/x", method="HEAD"), 401, "HEAD is held to GET's rule")
            self.assert_let_in(ask(owner, host, "/exports"), name)
            self.assert_let_in(ask(owner, host, "/export/x", method="POST"), name)
            self.assert_let_in(ask(owner, host, "/admin/x"), name)
        self.age(400)
        self.assert_kept_out(self.forward_auth(owner, host, "/admin/x", method="DELETE"), 401)

    def test_hold_for_methods_that_nobody_knows(self):
        """What they mean is the application's secret: all rules of a path count, whatever methods they list."""
        organization, owner, host = self.set_up()
        for age, status in ((0, 200), (700, 401)):
            self.age(age)
            for name, ask in self.ways():
                for method in ("BREW", "PURGE", "PROPFIND", "get", "!#$%&'*+-.^_`|~", "A" * 32):
                    about = f"{name} {method}"
                    self.assert_let_in(ask(owner, host, "/", method=method), about)
                    for uri in ("/export/x", "/admin/x"):
                        reply = ask(owner, host, uri, method=method)
                        self.assertEqual((reply.status, reply.header("Twostep-Needs")), (status, None if age == 0 else "second_step"), f"{about} {uri}")
                self.assert_kept_out(ask(owner, host, "/", method="A" * 33), 400, name)

    def test_hold_in_each_form_of_the_request(self):
        """In absolute form the asked-for path is no other one (RFC 9112 section 3.2.2)."""
        organization, owner, host = self.set_up()
        short = "localhost"  # with http:// before it as long as the prefix of the route
        self.service(owner, organization, short, name="Short", rules=self.RULES)
        self.age(320)

        def ask(target, **headers):
            return owner.request("GET", target, headers={"Host": target.split("/")[2], "Origin": None, **headers})

        for origin in (f"http://{host}", f"https://{host}", f"http://{short}"):
            front = origin + "/authz/ext-authz"
            for uri in ("/export/x", "/export/x?y", "//export/x"):
                reply = self.assert_kept_out(ask(front + uri), 401, front + uri)
                self.assertEqual(reply.header("Twostep-Needs"), "second_step", front + uri)
            self.assert_let_in(ask(front + "/exports?/export/x"), front)
            self.assert_kept_out(ask(front), 400, front)
            self.assert_kept_out(ask(front + "?/exports"), 400, front)
            reply = self.assert_kept_out(ask(front + "/export/x", **HTML), 302, front)
            self.assertNotIn("authz", reply.header("Location"))

    def confirm(self, owner, host, uri):
        """Where a browser is sent: to a page that asks for a code, and from there back."""
        reply = self.assert_kept_out(self.forward_auth(owner, host, uri, headers=HTML), 302)
        return self.go_on(owner, reply)

    def go_on(self, person, reply):
        """Follows redirects as far as they stay with us."""
        while reply.status in (302, 303):
            location = reply.header("Location")
            if not location.startswith(("/", self.server.origin)) and "/.twostep/" not in location:
                break
            reply = self.follow(person, location)
        return reply

    def test_lead_to_a_page_that_asks_for_a_code_and_back(self):
        organization, owner, host = self.set_up()
        self.age(400)
        page = self.confirm(owner, host, "/export/x?y=1")
        self.assertEqual(page.status, 200)
        self.assertIn('name="confirm_code"', page.text)
        self.assertIn(f"form-action 'self' http://{host};", page.header("Content-Security-Policy"))
        body = urllib.parse.urlencode({"confirm_method": "totp", "confirm_code": owner.app_code()}).encode()
        reply = owner.request("POST", "/confirm", raw=body, headers={**HTML, "Content-Type": "application/x-www-form-urlencoded", "Origin": owner.origin})
        self.assertEqual(reply.status, 303, reply)
        self.assertEqual(self.go_on(owner, reply).header("Location"), f"http://{host}/export/x?y=1")
        for _ in range(2):
            self.assert_let_in(self.forward_auth(owner, host, "/export/x?y=1"))
        self.assertIn(("confirmed", owner.email, owner.email, host), self.log_of(organization))

    def place_of(self, person, host, uri):
        """The address at our host that leads back there."""
        reply = self.assert_kept_out(self.forward_auth(self.person(), host, uri, headers=HTML), 302)
        location = self.follow(person, reply.header("Location")).header("Location")
        return urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["to"][0]

    def proofs(self, organization):
        return [event for event in self.log_of(organization) if event[0] == "confirmed"]

    def test_a_proof_stands_in_the_log_once(self):
        organization, owner, host = self.set_up()
        other = self.own_host()
        self.service(owner, organization, other, "Other", rules=self.RULES)
        places = [self.place_of(owner, at, "/export/x") for at in (host, other)]
        for place in places:
            reply = owner.request("HEAD", place, headers=HTML)
            self.assertEqual((reply.status, "code=" in reply.header("Location")), (303, False))
        self.assertEqual(self.proofs(organization), [], "a HEAD changes nothing")
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM hand_over")[0][0], 0)
        for _ in range(3):
            for place in places:
                self.assertEqual(owner.request("GET", place, headers=HTML).status, 303)
        self.assertEqual([event[3] for event in self.proofs(organization)], [host, other])
        self.age(100)
        expect(owner.post("/session/confirm", {"method": "totp", "code": owner.app_code()}), 200)
        replies = at_once([lambda: owner.request("GET", places[0], headers=HTML) for _ in range(8)])
        self.assertEqual({reply.status for reply in replies}, {303})
        self.assertEqual([event[3] for event in self.proofs(organization)], [host, other, host], "a newer one")

    def test_a_proof_that_a_script_gives_stands_in_the_log(self):
        """It follows Twostep-Needs, and comes by no page of ours."""
        organization, owner, host = self.set_up()
        other = self.own_host()
        self.service(owner, organization, other, "Other", rules=self.RULES)
        self.age(400)
        for count, (name, ask) in enumerate(self.ways(), 1):
            reply = self.assert_kept_out(ask(owner, host, "/export/x"), 401, name)
            self.assertEqual(reply.header("Twostep-Needs"), "second_step", name)
            self.assertEqual(len(self.proofs(organization)), 2 * (count - 1), name)
            expect(owner.post("/session/confirm", {"method": "totp", "code": owner.app_code()}), 200)
            self.assert_let_in(ask(owner, host, "/"), name)
            self.assertEqual(len(self.proofs(organization)), 2 * (count - 1), f"{name}: no rule asked for it")
            replies = at_once([lambda: ask(owner, host, "/export/x") for _ in range(8)])
            self.assertEqual({reply.status for reply in replies}, {200}, name)
            for at in (host, other, host):
                self.assert_let_in(ask(owner, at, "/export/x"), name)
            self.assertEqual(self.proofs(organization)[-2:], [("confirmed", owner.email, owner.email, at) for at in (host, other)], name)
            self.assertEqual(len(self.proofs(organization)), 2 * count, name)
            self.age(400)

    def test_a_proof_that_a_page_asked_for_is_not_told_twice(self):
        organization, owner, host = self.set_up()
        place = self.place_of(owner, host, "/export/x")
        for _ in range(2):
            self.assertEqual(owner.request("GET", place, headers=HTML).status, 303)
            self.assert_let_in(self.forward_auth(owner, host, "/export/x"))
            self.assertEqual(self.proofs(organization), [("confirmed", owner.email, owner.email, host)])
        self.server.forward(40)
        expect(owner.post("/session/confirm", {"method": "totp", "code": owner.app_code()}), 200)
        for _ in range(2):
            self.assert_let_in(self.forward_auth(owner, host, "/export/x"))
            self.assertEqual(len(self.proofs(organization)), 2, "a newer one, though the one before were young enough")

    def test_nobody_is_let_in_by_a_proof_that_is_not_on_record(self):
        organization, owner, host = self.set_up()
        self.assert_let_in(self.forward_auth(owner, host))
        with contextlib.closing(sqlite3.connect(self.server.database, isolation_level=None)) as store:
            store.execute("CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END")
            for _ in range(2):
                self.assert_kept_out(self.forward_auth(owner, host, "/export/x"), 503)
                self.assert_let_in(self.forward_auth(owner, host))
            store.execute("DROP TRIGGER full")
        self.assert_let_in(self.forward_auth(owner, host, "/export/x"))
        self.assertEqual(len(self.proofs(organization)), 1)
        self.server.sql("ALTER TABLE audit_event RENAME TO away")
        try:
            self.assert_let_in(self.forward_auth(owner, host, "/export/x"), "what memory knows is not asked of the store")
        finally:
            self.server.sql("ALTER TABLE away RENAME TO audit_event")

    def test_who_has_no_role_writes_nothing_into_the_log(self):
        organization, owner, host = self.set_up()
        _, _, _, stranger = self.team("Beta", two_step=True)
        member = self.join(organization, self.person("member").with_two_step())
        viewer = self.join(organization, self.person("viewer").with_two_step())
        service = expect(owner.get(f"/organizations/{organization}/services"), 200)["services"][0]["id"]
        expect(owner.patch(f"/organizations/{organization}/members/{viewer.id()}", {"services": [{"id": service, "role": "viewer"}]}), 200)
        for person in (stranger, member, viewer):
            place = self.place_of(person, host, "/export/x")
            before = self.log_of(organization)
            for _ in range(5):
                self.assertEqual(person.request("GET", place, headers=HTML).status, 303)
            added = [("confirmed", viewer.email, viewer.email, host)] if person is viewer else []
            self.assertEqual(self.log_of(organization), before + added)

    def test_lead_into_set_up_where_two_step_is_off(self):
        organization, owner, host = self.set_up(two_step=False)
        self.assert_let_in(self.forward_auth(owner, host, "/"))
        page = self.confirm(owner, host, "/export/x")
        self.assertEqual(page.status, 200)
        self.assertIn("/account/two-step/setup", page.text)
        owner.enable()
        reply = self.go_on(owner, owner.request("GET", "/account/two-step/required/met", headers=HTML))
        self.assertEqual(reply.header("Location"), f"http://{host}/export/x")
        self.assert_let_in(self.forward_auth(owner, host, "/export/x"))


if __name__ == "__main__":
    unittest.main()
