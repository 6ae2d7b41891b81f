"""Sessions: listed, ended, confirmed again; remembered devices."""
import calendar
import time
import unittest

from harness import OTHER_PASSWORD, PASSWORD, UTC_SECOND, WRONG_PASSWORD, DoorTest, Person, expect, mail_code, token_of, wrong_code

DEVICES = "/account/two-step/remembered-devices"


def sessions(person):
    return expect(person.get("/sessions"), 200)["sessions"]


class Sessions(DoorTest):
    def test_are_listed_for_their_account_alone(self):
        person, stranger = self.person().sign_up(), self.person().sign_up()
        others = [person.elsewhere().sign_in(), person.elsewhere().sign_in("bearer")]
        listed = sessions(person)
        self.assertEqual(len(listed), 3)
        mine = expect(person.get("/session"), 200)["id"]
        self.assertEqual([s["id"] for s in listed if s["current"]], [mine])
        ids = {expect(p.get("/session"), 200)["id"] for p in [person, *others]}
        self.assertEqual({s["id"] for s in listed}, ids)
        for session in listed:
            self.assertEqual(session["address"], "127.0.0.1")
            self.assertTrue(session["browser"])
            self.assertRegex(session["signed_in_at"], UTC_SECOND)
            self.assertRegex(session["last_seen_at"], UTC_SECOND)
        self.assertEqual(len(sessions(stranger)), 1)

    def test_a_bearer_token_may_stand_behind_several_blanks(self):
        app = self.person().sign_up().elsewhere().sign_in("bearer")
        for value, status in ((f"Bearer {app.bearer}", 200), (f"bearer   {app.bearer}", 200), (f"Bearer\t{app.bearer}", 401),
                              (f"Bearer \t{app.bearer}", 401), (f"Bearer{app.bearer}", 401), ("Bearer", 401), (f"Basic {app.bearer}", 401)):
            expect(app.get("/session", headers={"Authorization": value}), status, about=value[:12])

    def test_name_the_browser_without_repeating_what_it_sent(self):
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 <script>alert(1)</script>"
        person = self.person().sign_up()
        other = person.elsewhere()
        expect(other.post("/login", {"email": person.email, "password": person.password}, headers={"User-Agent": agent}), 200)
        shown = next(s["browser"] for s in sessions(other) if s["current"])
        self.assertIn("Firefox", shown)
        self.assertNotIn("script", shown)

    def test_end_one(self):
        person = self.person().sign_up()
        other, kept = person.elsewhere().sign_in(), person.elsewhere().sign_in()
        other_id = expect(other.get("/session"), 200)["id"]
        expect(person.delete(f"/sessions/{other_id}"), 204)
        self.assertEqual((other.is_signed_in(), kept.is_signed_in(), person.is_signed_in()), (False, True, True))
        expect(person.delete(f"/sessions/{other_id}"), 404, "not_found")
        own_id = expect(person.get("/session"), 200)["id"]
        reply = person.delete(f"/sessions/{own_id}")
        expect(reply, 204)
        self.assertFalse(person.is_signed_in(), "its own")
        self.assertNotIn("twostep", person.cookies, "the cookie of what has ended stays")

    def test_end_all_others(self):
        person = self.person().sign_up()
        others = [person.elsewhere().sign_in(), person.elsewhere().sign_in("bearer")]
        stranger = self.person().sign_up()
        expect(person.delete("/sessions"), 204)
        self.assertEqual([p.is_signed_in() for p in others], [False, False])
        self.assertTrue(person.is_signed_in())
        self.assertTrue(stranger.is_signed_in())
        expect(person.delete("/sessions"), 204, about="again")

    def test_signing_in_again_in_a_browser_ends_the_session_that_it_had(self):
        person, stranger = self.person().sign_up(), self.person().with_two_step()

        def kept(cookie):
            """What that cookie opens; in a browser of its own, so that it is not taken away."""
            browser = person.elsewhere()
            browser.cookies = {"twostep": cookie}
            return browser.is_signed_in()

        def ended(account):
            return self.server.sql("SELECT count(*) FROM audit_event e JOIN account a ON a.id = e.account_id AND a.id = e.actor_id"
                                   " WHERE a.email = ? AND action = 'session_ended' AND details = 'signed_in_again'", account.email)[0][0]

        earlier, elsewhere = person.cookies["twostep"], person.elsewhere().sign_in()
        expect(person.first_step(password=WRONG_PASSWORD), 401, "invalid_credentials")
        expect(person.first_step(transport="bearer"), 200)
        self.assertTrue(kept(earlier), "no cookie has taken its place")
        person.sign_in()
        self.assertEqual((kept(earlier), person.is_signed_in(), elsewhere.is_signed_in(), len(sessions(person)), ended(person)),
                         (False, True, True, 3, 1))
        with self.subTest("of somebody else"):
            other = stranger.elsewhere()
            other.cookies, earlier = person.cookies, person.cookies["twostep"]
            login = other.half_way()
            expect(other.second_step(login, code=wrong_code(other.account.secret)), 401, "invalid_code")
            self.assertTrue(kept(earlier), "half-way in is not in")
            expect(other.second_step(login), 200)
            self.assertEqual((kept(earlier), other.is_signed_in(), elsewhere.is_signed_in(), ended(person), ended(other)),
                             (False, True, True, 2, 0))
        with self.subTest("a program's two steps, with the cookie of a browser"):
            program, earlier = stranger.elsewhere(), stranger.elsewhere().sign_in().cookies["twostep"]
            program.cookies = {"twostep": earlier}
            program.sign_in("bearer")
            self.assertTrue(kept(earlier), "no cookie has taken its place")
        with self.subTest("a bearer token in the cookie"):
            program, browser = person.elsewhere().sign_in("bearer"), person.elsewhere()
            browser.cookies = {"twostep": program.bearer}
            browser.sign_in()
            self.assertTrue(program.is_signed_in())

    def test_what_is_not_ones_own_is_not_found(self):
        person, stranger = self.person().sign_up(), self.person().sign_up()
        foreign = expect(stranger.get("/session"), 200)["id"]
        for value in (foreign, foreign.swapcase(), "x", "0" * len(foreign), "A" * 300, "%00", "..", "%2e%2e", "%ff", "*", "' OR 1=1"):
            path = "/sessions/" + value.replace(" ", "%20")
            expect(person.delete(path), (400, 404) if value in ("..", "%2e%2e", "%00", "%ff") else 404, about=value)
        self.assertTrue(stranger.is_signed_in())
        self.assertTrue(person.is_signed_in())

    def test_cookie_and_bearer_open_the_same_things(self):
        person = self.person().sign_up()
        bearer = person.elsewhere().sign_in("bearer")
        for path in ("/session", "/account", "/account/two-step", "/sessions"):
            self.assertEqual(set(expect(person.get(path), 200)), set(expect(bearer.get(path), 200)), path)
        expect(bearer.delete("/sessions"), 204)
        self.assertFalse(person.is_signed_in())

    def test_last_seen_moves_on(self):
        person = self.person().sign_up()
        self.server.forward(300)
        expect(person.get("/account"), 200)
        session = sessions(person)[0]
        self.assertNotEqual(session["signed_in_at"], session["last_seen_at"])

    def test_the_end_that_is_told_counts_from_this_request(self):
        """Seven days unused: the pause before it is no part of them."""
        for ask in (lambda p: p.get("/session"), lambda p: p.post("/session/confirm", {"password": p.password})):
            person = self.person().sign_up()
            self.server.forward(6 * 24 * 3600)
            told = expect(ask(person), 200)["expires_at"]
            expires = calendar.timegm(time.strptime(told, "%Y-%m-%dT%H:%M:%SZ"))
            self.assertAlmostEqual(expires - time.time(), 7 * 24 * 3600, delta=20)
            self.assertEqual(expect(person.get("/session"), 200)["expires_at"], told)


class Confirm(DoorTest):
    def confirm(self, person, **body):
        return person.post("/session/confirm", body)

    def test_the_password_makes_confirmed_at_new(self):
        person = self.person().sign_up()
        self.server.forward(3600)
        old = expect(person.get("/session"), 200)["confirmed_at"]
        expect(self.confirm(person, password=WRONG_PASSWORD), 403, "invalid_password")
        self.assertEqual(expect(person.get("/session"), 200)["confirmed_at"], old)
        expect(self.confirm(person, password=person.password), 200)
        self.assertGreater(expect(person.get("/session"), 200)["confirmed_at"], old)

    def test_a_code_makes_second_step_at_new_and_leaves_the_password_old(self):
        for method in ("totp", "recovery_code"):
            with self.subTest(method):
                person = self.person().with_two_step()
                self.server.forward(3600)
                old = expect(person.get("/session"), 200)
                expect(self.confirm(person, method=method, code=person.wrong_code()), (400, 401), about="wrong")
                self.assertEqual(expect(person.get("/session"), 200)["second_step_at"], old["second_step_at"])
                code = person.app_code() if method == "totp" else person.account.recovery_codes[0]
                expect(self.confirm(person, method=method, code=code), 200)
                new = expect(person.get("/session"), 200)
                self.assertGreater(new["second_step_at"], old["second_step_at"])
                self.assertEqual(new["confirmed_at"], old["confirmed_at"])
                expect(self.confirm(person, method=method, code=code), 401, "invalid_code", "the same code again")

    def test_both_are_asked_for_one_after_the_other(self):
        person = self.person().with_two_step()
        self.server.forward(3600)
        proofs = {"password": lambda: {"password": person.password},
                  "second_step": lambda: {"method": "totp", "code": person.app_code()}}
        asked = []
        for _ in range(2):
            reply = person.post("/account/two-step/setup", {"replace": True})
            expect(reply, 403, "confirmation_required")
            asked.append(reply.json["needs"])
            expect(self.confirm(person, **proofs[asked[-1]]()), 200)
        self.assertEqual(sorted(asked), ["password", "second_step"])
        expect(person.post("/account/two-step/setup", {"replace": True}), 201)

    def test_proves_its_own_session_alone(self):
        person = self.person().sign_up()
        other = person.elsewhere().sign_in()
        self.server.forward(700)
        expect(self.confirm(other, password=person.password), 200)
        expect(person.post("/account/two-step/setup"), 403, "confirmation_required")

    def test_what_proves_nothing(self):
        with_it, without = self.person().with_two_step(), self.person().sign_up()
        cases = (
            ("nothing", with_it, {}, 400, "invalid_request"),
            ("a method without code", with_it, {"method": "totp"}, 400, "invalid_request"),
            ("a code without method", with_it, {"code": "123456"}, 400, "invalid_request"),
            ("a method that is none", with_it, {"method": "sms", "code": "123456"}, 400, "invalid_request"),
            ("a code where two-step is off", without, {"method": "totp", "code": "123456"}, (401, 409), None),
            ("nobody", self.person(), {"password": PASSWORD}, 401, "not_signed_in"),
        )
        for name, who, body, status, code in cases:
            with self.subTest(name):
                expect(self.confirm(who, **body), status, code, name)

    def test_wrong_passwords_are_counted_with_those_at_sign_in(self):
        person = self.person().sign_up()
        answers = [self.confirm(person, password=WRONG_PASSWORD).status for _ in range(9)]
        self.assertIn(429, answers)
        self.assertIn(answers.index(429), (5, 6, 7), answers)


class Restricted(DoorTest):
    """Somebody's second step was taken off: the next sign-in may only set it up, read and confirm itself, sign out."""

    def test_may_do_what_the_contract_lists_and_no_more(self):
        person = self.person().with_two_step()
        expect(person.post("/account/two-step/disable", {"password": person.password, "method": "totp", "code": person.app_code()}), 200)
        self.server.sql("UPDATE account SET setup_required_at = 1 WHERE email = ?", person.email)
        expect(person.patch("/account", {"name": "Lee"}), 403, "two_step_setup_required", "a session from before")
        browser = person.elsewhere()
        answer = expect(browser.first_step(), 200)
        self.assertEqual((answer["status"], answer["required_by"], answer["session"]["restricted"]), ("setup_required", [], True))
        for path in ("/session", "/account", "/account/two-step"):
            expect(browser.get(path), 200, about=path)
        expect(browser.post("/session/confirm", {"password": person.password}), 200)
        refused = (
            ("GET", "/sessions", None), ("DELETE", "/sessions", None), ("DELETE", "/sessions/x", None), ("PATCH", "/account", {"name": "Lee"}),
            ("POST", "/account/password", {"current_password": person.password, "new_password": OTHER_PASSWORD}),
            ("POST", "/account/two-step/disable", {"password": person.password, "method": "totp", "code": "123456"}),
            ("POST", "/account/two-step/recovery-codes", {"password": person.password}),
            ("POST", "/account/two-step/recovery-codes/complete", {"saved": True}),
            ("DELETE", "/account/two-step/remembered-devices", None), ("DELETE", "/account/two-step/remembered-devices/x", None),
        )
        for method, path, body in refused:
            with self.subTest(f"{method} {path}"):
                expect(browser.request(method, "/api/v1" + path, body), 403, "two_step_setup_required", path)
        expect(browser.delete("/account/two-step/setup"), 204)
        person.account.last_step = None
        browser.enable()
        self.assertFalse(expect(browser.get("/session"), 200)["restricted"])
        expect(browser.get("/sessions"), 200)
        self.assertEqual(expect(browser.elsewhere().first_step(), 200)["status"], "second_step")

    def test_may_sign_out(self):
        person = self.person().sign_up()
        self.server.sql("UPDATE account SET setup_required_at = 1 WHERE email = ?", person.email)
        browser = person.elsewhere()
        expect(browser.first_step(), 200)
        browser.sign_out()
        self.assertFalse(browser.is_signed_in())


class RememberedDevice(DoorTest):
    def remembering(self):
        """A person with two-step, and a browser that it remembers (signed out)."""
        person = self.person().with_two_step()
        browser = person.elsewhere()
        reply = browser.second_step(browser.half_way(), remember_device=True)
        expect(reply, 200)
        browser.sign_out()
        return person, browser, reply

    def spared(self, browser):
        answer = expect(browser.first_step(), 200)
        return answer["status"] == "signed_in"

    def test_the_cookie_lives_thirty_days_at_most(self):
        _, browser, reply = self.remembering()
        cookie = reply.cookie("twostep-device")
        self.assertIn("httponly", cookie)
        self.assertEqual((cookie["samesite"].lower(), cookie["path"]), ("lax", "/"))
        self.assertIn(int(cookie["max-age"]), range(1, 30 * 24 * 3600 + 1))
        self.assertIn("twostep-device", browser.cookies, "signing out forgot it")

    def test_is_not_set_unasked(self):
        person = self.person().with_two_step()
        for more in ({}, {"remember_device": False}):
            browser = person.elsewhere()
            self.assertIsNone(browser.second_step(browser.half_way(), **more).cookie("twostep-device"), more)
        self.assertEqual(person.two_step()["remembered_devices"], [])

    def test_spares_the_second_step_and_gives_none(self):
        _, browser, _ = self.remembering()
        session = expect(browser.first_step(), 200)["session"]
        self.assertEqual((session["remembered"], session["methods"], session["second_step_at"]), (True, ["pwd"], None))
        reply = browser.post("/account/two-step/recovery-codes", {"password": browser.password})
        expect(reply, 403, "confirmation_required")
        self.assertEqual(reply.json["needs"], "second_step")
        reply = browser.post("/account/two-step/setup", {"replace": True})
        expect(reply, 403, "confirmation_required")
        self.assertEqual(reply.json["needs"], "second_step")
        expect(browser.post("/session/confirm", {"method": "totp", "code": browser.app_code()}), 200)
        expect(browser.post("/account/two-step/recovery-codes", {"password": browser.password}), 200)

    def test_never_spares_the_password(self):
        _, browser, _ = self.remembering()
        expect(browser.get("/session"), 401, "not_signed_in")
        expect(browser.first_step(password=WRONG_PASSWORD), 401, "invalid_credentials")

    def test_is_of_one_account(self):
        _, browser, _ = self.remembering()
        other = self.person().with_two_step()
        thief = other.elsewhere()
        thief.cookies = dict(browser.cookies)
        self.assertFalse(self.spared(thief))

    def test_is_listed_and_can_be_forgotten(self):
        person, browser, _ = self.remembering()
        second = person.elsewhere()
        expect(second.second_step(second.half_way(), remember_device=True), 200)
        devices = person.two_step()["remembered_devices"]
        self.assertEqual(len(devices), 2)
        stranger = self.person().with_two_step()
        expect(stranger.delete(f"{DEVICES}/{devices[0]['id']}"), 404, "not_found", "somebody else's")
        for device in devices:
            expect(person.delete(f"{DEVICES}/{device['id']}"), 204)
        expect(person.delete(f"{DEVICES}/{devices[0]['id']}"), 404, "not_found", "again")
        self.assertEqual(person.two_step()["remembered_devices"], [])
        self.assertFalse(self.spared(browser))
        self.assertFalse(self.spared(second.sign_out()))

    def test_what_ends_it(self):
        def change_password(person, _):
            expect(person.post("/account/password", {"current_password": person.password, "new_password": OTHER_PASSWORD}), 200)
            person.account.password = OTHER_PASSWORD

        def reset_password(person, _):
            _, mail = person.mailed(lambda: person.post("/password-reset", {"email": person.email}))
            expect(person.post("/password-reset/complete", {"email": person.email, "code": mail_code(mail),
                                                            "password": OTHER_PASSWORD}), 200)
            person.account.password = OTHER_PASSWORD

        def off_and_on(person, _):
            expect(person.post("/account/two-step/disable", {"password": person.password, "method": "totp",
                                                             "code": person.app_code()}), 200)
            person.enable()

        cases = (
            ("nothing", lambda p, b: None, True),
            ("29 days", lambda p, b: self.server.forward(29 * 24 * 3600), True),
            ("30 days", lambda p, b: self.server.forward(30 * 24 * 3600 + 1), False),
            ("another password", change_password, False),
            ("a password reset", reset_password, False),
            ("two-step off and on", off_and_on, False),
            ("a new phone", lambda p, b: p.enable(replace=True), False),
            ("forgetting all", lambda p, b: expect(p.delete(DEVICES), 204), False),
            ("ending the other sessions", lambda p, b: expect(p.delete("/sessions"), 204), False),
            ("clearing its cookie", lambda p, b: b.cookies.clear(), False),
            ("another cookie", lambda p, b: b.cookies.update({"twostep-device": b.cookies["twostep-device"][::-1]}), False),
        )
        for name, end, spared in cases:
            with self.subTest(name):
                person, browser, _ = self.remembering()
                end(person, browser)
                self.assertEqual(self.spared(browser), spared, name)

    def test_is_not_for_bearer(self):
        person = self.person().with_two_step()
        client = person.elsewhere()
        reply = client.second_step(client.half_way(transport="bearer"), remember_device=True)
        answer = expect(reply, 200)
        self.assertEqual(reply.all("Set-Cookie"), [])
        holder = Person(self.server, account=person.account, bearer=token_of(answer))
        self.assertEqual(holder.two_step()["remembered_devices"], [])

    def test_does_not_spare_it_for_confirming_or_disabling(self):
        person, browser, _ = self.remembering()
        self.assertTrue(self.spared(browser))
        reply = browser.post("/account/two-step/disable", {"password": person.password, "method": "totp", "code": person.wrong_code()})
        expect(reply, 401, "invalid_code")
        self.assertTrue(person.two_step()["enabled"])


if __name__ == "__main__":
    unittest.main()
