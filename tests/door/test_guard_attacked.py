"""The guard, by somebody who knows how it works: led astray, with cookies that are not theirs, raced, and moved under its feet."""
import contextlib
import re
import sqlite3
import threading
import time
import unittest
import urllib.parse

from guard import HTML, GuardTest, HandOverTest
from harness import Wire, expect
from organizations import id_hex
from routes import every_route

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}

# Where a browser would go astray, or a server would write a line of its own.
ASTRAY = ("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example",
          "javascript:alert(1)", "/%09/evil.example", "/\t/evil.example", "/%0d%0aSet-Cookie:%20x=y", "/%5cevil.example", "/.//evil.example",
          "/..//evil.example", "evil.example", "@evil.example", "", "/%2f/evil.example", "/continue?to=//evil.example", "/login?to=//evil.example")
RETURNS = ("to", "next", "return", "return_to", "back", "url", "redirect", "redirect_uri", "continue", "rd", "place", "path")


class LedAstray(HandOverTest):
    def assert_stays(self, reply, about):
        location = reply.header("Location")
        if location is None:
            return
        url = urllib.parse.urlsplit(location.replace("\\", "/"))  # as browsers read it
        self.assertIn((url.scheme, url.netloc), (("", ""), ("https", urllib.parse.urlsplit(self.ORIGIN).netloc)), f"{about}: {location}")
        self.assertFalse(location.replace("\\", "/").startswith("//"), f"{about}: {location}")
        self.assertNotIn("evil.example", url.netloc, about)
        self.assertIsNone(reply.cookie("x"), about)

    def test_by_no_address_in_a_link(self):
        person = self.person().sign_up()
        stranger = self.at_home(self.person())
        for value in ASTRAY:
            quoted = urllib.parse.quote(value, safe="%")
            for somebody, path in ((person, "/continue?to="), (stranger, "/continue?to="), (person, "/login?to="), (stranger, "/login?to=")):
                self.assert_stays(self.ours(somebody, path + quoted), f"{path}{value!r}")
            reply = self.at_app(stranger, self.PROTO, "app.example", "/authz/start?to=" + quoted)
            self.assert_kept_out(reply, 403, f"start {value!r}")
            self.assertIsNone(reply.header("Location"), value)

    def test_by_no_place_in_a_cookie(self):
        for value in ASTRAY:
            cookie = value.replace("\t", "")
            person = self.person().sign_up()
            person.cookies["__Host-twostep-return"] = cookie
            self.assert_stays(self.ours(person, "/account/two-step/required/met"), f"met {value!r}")
            self.assert_stays(self.ours(person, "/account/two-step/required"), f"required {value!r}")
            browser = self.at_home(person.elsewhere())
            browser.cookies["__Host-twostep-return"] = cookie
            form = urllib.parse.urlencode({"email": person.email, "password": person.password}).encode()
            reply = browser.request("POST", "/login", raw=form, headers=FORM)
            self.assertEqual(reply.status, 303, f"{value!r}: {reply}")
            self.assert_stays(reply, f"login {value!r}")

    def test_by_no_field_of_a_form(self):
        """The language switch alone takes a place; the others are told one and do not listen."""
        person = self.person().sign_up()
        for value in ASTRAY:
            astray = {name: value for name in RETURNS}
            for somebody, path, fields in ((person, "/locale", {"locale": "en"}), (self.at_home(self.person()), "/locale", {"locale": "ko"}),
                                           (self.elsewhere(person), "/login", {"email": person.email, "password": person.password}),
                                           (person, "/account", {"name": "Kim", "locale": "en"}), (person, "/confirm", {"password": person.password}),
                                           (self.elsewhere(person), "/logout", {})):
                reply = somebody.request("POST", path, raw=urllib.parse.urlencode({**astray, **fields}).encode(), headers=FORM)
                self.assert_stays(reply, f"{path} {value!r}")
        reply = person.request("POST", "/locale", raw=b"locale=en&to=%2Faccount%2Ftwo-step", headers=FORM)
        self.assertEqual(reply.header("Location"), "/account/two-step", "a place of ours is where it leads")

    def test_by_no_parameter_of_any_page(self):
        organization, owner, *_, host, service = self.set_up()
        ids = {"o": organization, "s": service, "a": owner.id(), "i": organization, "id": organization, "code": "x"}
        query = "?" + "&".join(f"{name}=https%3A%2F%2Fevil.example%2F" for name in RETURNS)
        redirects = 0
        for route in every_route():
            path = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], route.path)
            for somebody in (owner, self.at_home(self.person())):
                if route.method == "GET":
                    reply = somebody.request("GET", path + query, headers=HTML)
                    self.assert_stays(reply, path)
                    redirects += reply.header("Location") is not None
        self.assertGreater(redirects, 50)

    def test_by_no_place_asked_for(self):
        """Whatever is asked for at the application, its way back is at the application."""
        _, owner, *_, host, _ = self.set_up()
        for uri in ("/%0d%0aX:%20y", "/\\evil.example", "/#//evil.example", "evil.example/", "@evil.example/"):
            reply = self.assert_kept_out(self.check(self.elsewhere(owner), host, uri, **HTML), 400, uri)
            self.assertIsNone(reply.header("Location"), uri)
        for uri in ("//evil.example/", "/@evil.example/", "/.evil.example", "/?//evil.example", "/%5cevil.example", "/?a=%0d%0aX:%20y"):
            browser = self.elsewhere(owner).sign_in()
            reply = self.follow(browser, self.code(browser, host, uri))
            self.assertEqual(reply.header("Location"), f"{self.PROTO}://{host}{uri}")

    # Cookies

    def test_a_cookie_that_somebody_else_set_beside_it_lets_nobody_in(self):
        _, owner, manager, _, host, _ = self.set_up()
        mine, theirs = self.elsewhere(owner).sign_in(), self.elsewhere(manager).sign_in()
        self.hand_over(mine, host)
        self.hand_over(theirs, host)
        good, other = mine.cookies[self.APP], theirs.cookies[self.APP]
        visitor = self.at_home(self.person())
        for cookies in (f"{self.APP}={good}; {self.APP}={other}", f"{self.APP}={other}; {self.APP}={good}", f"{self.APP}={good}; {self.APP}=",
                        f"{self.APP}={good}; {self.APP}={good}", f"twostep-app={good}", f"__Secure-twostep-app={good}",
                        f'{self.APP}="{good}"', f"{self.APP.lower()}={good}", f"{self.APP}={good}x", f"{self.APP} {good}"):
            self.assert_kept_out(self.check(visitor, host, Cookie=cookies), 401, cookies)
        for line in ({"Cookie": f"a=b; {self.APP}={good}"}, {"Cookie": f"twostep-app={other}; {self.APP}={good}"}):
            reply = self.assert_let_in(self.check(visitor, host, **line), str(line))
            self.assertEqual(reply.header("Remote-Email"), owner.email)

    def test_nobody_is_made_to_finish_what_another_began(self):
        _, owner, manager, _, host, _ = self.set_up()
        attacker, victim = self.elsewhere(manager).sign_in(), self.elsewhere(owner).sign_in()
        location = self.code(attacker, host)
        for browser in (victim, self.at_home(self.person())):
            reply = self.assert_kept_out(self.follow(browser, location), 403)
            self.assertIsNone(reply.cookie(self.APP))
        self.assert_kept_out(self.follow(attacker, location), 403, "spent by that")
        # The other way: the victim gives a code for the attacker's nonce; it does not serve the victim's browser.
        place = self.follow(attacker, self.start(self.at_home(self.person()), host)).header("Location")
        reply = self.ours(victim, urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)["to"][0])
        self.assertEqual(reply.status, 303)
        self.assert_kept_out(self.follow(victim, reply.header("Location")), 403)

    def test_a_way_back_serves_whoever_walks_it_as_themselves(self):
        _, owner, manager, _, host, _ = self.set_up()
        start = self.start(self.elsewhere(owner).sign_in(), host, "/a")
        other = self.elsewhere(manager).sign_in()
        place = self.follow(other, start).header("Location")
        reply = self.ours(other, place)
        while not reply.header("Location").startswith(f"{self.PROTO}://{host}/"):
            reply = self.ours(other, reply.header("Location"))
        self.follow(other, reply.header("Location"))
        self.assertEqual(self.assert_let_in(self.check(other, host)).header("Remote-Email"), manager.email)
        self.assert_kept_out(self.at_app(other, self.PROTO, "other.example", start.partition(host)[2].replace("/.twostep/", "/authz/")), 403)

    # What moves between start and finish

    def test_a_host_that_has_moved_to_another_organization(self):
        organization, owner, _, member, host, service = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        location = self.code(visitor, host)
        other, new_owner, *_ = self.team("Beta")
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {"hosts": []}), 200)
        self.allow(host, other)
        moved = self.service(new_owner, other, host, "Moved")
        self.follow(visitor, location)
        self.assert_kept_out(self.check(visitor, host), about="an owner of what it was of before")
        self.join(other, owner, "manager")
        self.server.restart()  # what was put into the database by hand is no change that memory hears of
        reply = self.assert_let_in(self.check(visitor, host))
        self.assertEqual(reply.header("Remote-Groups"), f"org:{other}:manager,service:{moved}:manager")
        self.assertNotIn(organization, str(reply.headers))


class Facts(GuardTest):
    def test_groups_are_of_the_host_that_is_asked_for_alone(self):
        first, owner, *_ = self.team()
        second = self.organization(owner, "Beta")
        hosts = self.own_host(), self.own_host()
        services = [self.service(owner, o, h) for o, h in zip((first, second), hosts)]
        for _ in range(3):
            for place, host in enumerate(hosts):
                organization = (first, second)[place]
                for name, ask in self.ways():
                    reply = self.assert_let_in(ask(owner, host), name)
                    self.assertEqual(reply.header("Remote-Groups"), f"org:{organization}:owner,service:{services[place]}:manager")

    def test_a_demand_of_another_organization_holds_here_too_and_in_time(self):
        first, owner, _, member = self.team()
        host = self.own_host()
        service = self.service(owner, first, host)
        expect(owner.patch(f"/organizations/{first}/members/{member.id()}", {"services": [{"id": service, "role": "viewer"}]}), 200)
        boss = self.person("boss").sign_up()
        boss.enable()
        second = self.organization(boss, "Beta")
        self.join(second, member)
        self.server.restart()
        self.assert_let_in(self.forward_auth(member, host))
        expect(boss.patch(f"/organizations/{second}/security", {"two_step_required": True, "grace_days": 1}), 200)
        self.assert_let_in(self.forward_auth(member, host), "in grace")
        expect(boss.patch(f"/organizations/{second}/security", {"two_step_required": False}), 200)
        expect(boss.patch(f"/organizations/{second}/security", {"two_step_required": True, "grace_days": 0}), 200)
        for name, ask in self.ways():
            self.assertEqual(self.assert_kept_out(ask(member, host), 401, name).header("Twostep-Needs"), "second_step")
        self.assert_let_in(self.forward_auth(owner, host), "whom it does not concern")

    def test_long_and_korean_names_are_one_header(self):
        _, owner, *_ = self.team()
        organization = self.organization(owner, "가" * 100)
        host = self.own_host()
        self.service(owner, organization, host, name="나" * 100)
        expect(owner.patch("/account", {"name": "김" * 100}), 200)
        for name, ask in self.ways():
            for _ in range(2):
                reply = self.assert_let_in(ask(owner, host), name)
                self.assertEqual(urllib.parse.unquote(reply.header("Remote-Name")), "김" * 100)
                self.assertTrue(reply.header("Remote-Name").isascii())

    def test_two_hundred_organizations_and_fifty_services(self):
        organization, owner, _, member = self.team()
        hosts = [self.own_host() for _ in range(50)]
        services = [self.service(owner, organization, host, name=f"Service {host}") for host in hosts]
        roles = [{"id": service, "role": "viewer"} for service in services]
        expect(owner.patch(f"/organizations/{organization}/members/{member.id()}", {"services": roles}), 200)
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
                        " INSERT INTO organization (id, name, created_at) SELECT randomblob(16), 'Org ' || i, unixepoch() FROM n")
        self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                        " SELECT o.id, a.id, 1, a.email, lower(a.name), unixepoch(), unixepoch() FROM organization o, account a"
                        " WHERE o.name LIKE 'Org %' AND a.email = ?", member.email)
        self.server.restart()
        for host, service in list(zip(hosts, services))[::7]:
            for _ in range(3):
                reply = self.assert_let_in(self.forward_auth(member, host))
                self.assertEqual(reply.header("Remote-Groups"), f"org:{organization}:member,service:{service}:viewer")
        seen = self.server.sql("SELECT count(*) FROM audit_event WHERE action = 'sign_in' AND hex(organization_id) = ?", id_hex(organization))
        self.assertLessEqual(seen[0][0], 2, "once a session and person")


    def test_more_organizations_than_memory_has_room_for(self):
        """Nothing is written for a check whose sign-in is on record already, whichever of them the host is of."""
        owner = self.person("many").sign_up()
        organizations = sorted((self.organization(owner, f"Org {n}") for n in range(18)), key=id_hex)
        asked = [(organization, self.own_host()) for organization in organizations[-3:]]
        for organization, host in asked:
            self.service(owner, organization, host)
        visitor = owner.elsewhere().sign_in()

        def records():
            return [self.server.sql("SELECT COUNT(*) FROM audit_event WHERE action = 'signed_in' AND hex(organization_id) = ?", id_hex(o))[0][0]
                    for o, _ in asked]

        before = records()
        for _ in range(2):
            for _, host in asked:
                self.assert_let_in(self.forward_auth(visitor, host))
        self.assertEqual(records(), [count + 1 for count in before])
        with contextlib.closing(sqlite3.connect(self.server.database, isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            for _, host in asked:
                began = time.monotonic()
                self.assert_let_in(self.forward_auth(visitor, host), host)
                self.assertLess(time.monotonic() - began, 2)
            store.execute("ROLLBACK")
        self.server.sql("UPDATE session SET last_seen_at = last_seen_at - 100")
        self.server.sql("UPDATE membership SET last_seen_at = last_seen_at - 100")
        self.server.restart()
        for _, host in asked:
            self.assert_let_in(self.forward_auth(visitor, host))
        ages = self.server.sql("SELECT unixepoch() - m.last_seen_at FROM membership m JOIN account a ON a.id = m.account_id"
                               " WHERE a.email = ? ORDER BY hex(m.organization_id) DESC LIMIT 3", owner.email)
        self.assertLess(max(age for age, in ages), 60, "when they were last there")
        self.assertEqual(records(), [count + 1 for count in before])


class Raced(GuardTest):
    """After the answer to a sign-out no check that begins lets anybody in, though others fill what memory holds all the while."""
    ROUNDS = 40
    CHECKERS = 4

    def test_sign_outs_against_checks(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        wrong, let_in = [], 0
        for round_number in range(self.ROUNDS):
            person = owner.elsewhere()
            token = self.session_of(owner)
            person.cookies = {"twostep": token}
            over, late = threading.Event(), threading.Event()
            counts = []

            def check():
                request = person.prepare("GET", "/authz/forward-auth", headers={
                    "Origin": None, "X-Forwarded-Method": "GET", "X-Forwarded-Proto": "http", "X-Forwarded-Host": host, "X-Forwarded-Uri": "/"})
                good = 0
                with Wire(self.server) as wire:
                    while True:
                        ended = over.is_set()
                        status = wire.send(request).reply().status
                        good += status == 200
                        if ended and status == 200:
                            wrong.append(round_number)
                        if ended and late.is_set():
                            counts.append(good)
                            return

            threads = [threading.Thread(target=check) for _ in range(self.CHECKERS)]
            for thread in threads:
                thread.start()
            leaving = owner.elsewhere()
            leaving.cookies = {"twostep": token}
            expect(leaving.delete("/session"), 204)
            over.set()
            for _ in range(3):
                self.assert_kept_out(self.forward_auth(person, host), 401)
            late.set()
            for thread in threads:
                thread.join()
            let_in += sum(counts)
        self.assertEqual(wrong, [])
        self.assertGreater(let_in, 0, "no check came in between")

    def session_of(self, owner):
        browser = owner.elsewhere().sign_in()
        return browser.cookies["twostep"]


if __name__ == "__main__":
    unittest.main()
