"""The second step at sign-in: one login, its codes, their order, how often somebody may be wrong."""
import calendar
import time
import unittest

from harness import (OTHER_PASSWORD, STEP_S, UTC_SECOND, DoorTest, at_once, expect, mail_text, statuses, steady, step_now, totp,
                     wrong_code)


def until_refused(wrong, free=9):
    """Sends wrong codes until it must wait: how many were answered, and the refusal."""
    for tries in range(free):
        reply = wrong()
        if reply.status == 429:
            return tries, reply
        expect(reply, 401, "invalid_code")
    raise AssertionError(f"{free} wrong codes were free")


class SecondStep(DoorTest):
    def forget_steps(self, person):
        """As if a good while had passed since the person's last code; nothing else changes."""
        self.server.sql("UPDATE spent_step SET step = -abs(random() % 1000000000000) WHERE totp_id ="
                        " (SELECT id FROM totp WHERE account_id = (SELECT id FROM account WHERE email = ?))", person.email)
        person.account.last_step = None

    def with_clean_steps(self):
        person = self.person().with_two_step()
        self.forget_steps(person)
        return person

    def test_the_password_alone_opens_nothing(self):
        person = self.person().with_two_step()
        browser = person.elsewhere()
        reply = browser.first_step()
        answer = expect(reply, 200)
        self.assertEqual(answer["status"], "second_step")
        self.assertEqual(set(answer["methods"]), {"totp", "recovery_code"})
        self.assertRegex(answer["expires_at"], UTC_SECOND)
        self.assertNotIn("session", answer)
        self.assertIsNone(reply.cookie("twostep"))
        for route in ("/session", "/account", "/account/two-step", "/sessions"):
            expect(browser.get(route), 401, "not_signed_in", route)
        for client in (browser.elsewhere(bearer=answer["login"]), browser.elsewhere()):
            client.cookies = {"twostep": answer["login"]}
            expect(client.get("/session"), 401, "not_signed_in", "the login as a token")

    def test_the_app_code_finishes_it(self):
        person = self.person().with_two_step()
        browser = person.elsewhere()
        answer = expect(browser.second_step(browser.half_way()), 200)
        self.assertEqual(answer["status"], "signed_in")
        session = answer["session"]
        self.assertEqual(sorted(session["methods"]), ["otp", "pwd"])
        self.assertRegex(session["second_step_at"], UTC_SECOND)
        self.assertIs(session["remembered"], False)
        self.assertNotIn("recovery_codes_left", answer)
        self.assertEqual(expect(browser.get("/session"), 200)["methods"], session["methods"])

    def test_codes_of_the_step_before_and_after_are_taken_and_no_others(self):
        cases = ((-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401))
        for offset, status in cases:
            with self.subTest(offset):
                person = self.with_clean_steps()
                login = person.half_way()
                steady(5)
                expect(person.second_step(login, totp(person.account.secret, step_now() + offset)), status,
                       about=f"step {offset:+d}")

    def test_codes_may_be_typed_with_spaces_and_hyphens(self):
        spellings = (lambda c: f"{c[:3]} {c[3:]}", lambda c: f"{c[:3]}-{c[3:]}", lambda c: f"  {c} ", " ".join,
                     lambda c: f"{c[:3]}\u00a0{c[3:]}", lambda c: f"{c[:2]}\u2013{c[2:]}", lambda c: f"\t{c}\r\n")
        person = self.person().with_two_step()
        for n, spell in enumerate(spellings):
            code = spell(person.app_code())
            with self.subTest(repr(code)):
                browser = person.elsewhere()
                expect(browser.second_step(browser.half_way(), code), 200, about=f"spelling {n}: {code!r}")

    def test_what_is_no_code_is_refused(self):
        person = self.with_clean_steps()
        steady(8)
        right = totp(person.account.secret, step_now())
        other_digits = {"Arabic-Indic": 0x660, "Devanagari": 0x966, "fullwidth": 0xFF10, "mathematical bold": 0x1D7CE}
        cases = [(name, "".join(chr(zero + int(d)) for d in right)) for name, zero in other_digits.items()]
        cases += [("five digits", right[:5]), ("seven digits", right + "0"), ("a digit before", "0" + right), ("letters", "abcdef"),
                  ("plus", "+" + right[1:]), ("hexadecimal", "0x" + right[:4]), ("a dot", right + "."),
                  ("twice", right + right), ("a line end", right + "\n1"), ("six spaces", " " * 6), ("empty", "")]
        for name, code in cases:
            with self.subTest(name):
                browser = person.elsewhere()
                reply = browser.second_step(browser.half_way(), code)
                expect(reply, (400, 401, 422), about=name)
                self.assertFalse(browser.is_signed_in(), name)
                self.server.sql("DELETE FROM failure")
        expect(person.second_step(person.half_way(), right), 200, about="the right one, afterwards")

    def test_five_wrong_codes_end_a_login(self):
        person = self.with_clean_steps()
        login = person.half_way()
        for n in range(5):
            expect(person.second_step(login, person.wrong_code()), 401, "invalid_code", f"wrong code {n + 1}")
        reply = person.second_step(login)
        expect(reply, 410, "login_expired", "the right code at the sixth try")
        self.assertEqual(reply.detail, "Too many wrong codes. Start again with your password.")
        self.server.forward(60)
        expect(person.second_step(login), 410, "login_expired", "and after the wait")
        expect(person.second_step(person.half_way()), 200, about="another login after the wait")

    def test_four_wrong_codes_do_not(self):
        person = self.with_clean_steps()
        login = person.half_way()
        for _ in range(4):
            expect(person.second_step(login, person.wrong_code()), 401, "invalid_code")
        expect(person.second_step(login), 200)

    def test_a_login_serves_once(self):
        person = self.with_clean_steps()
        login = person.half_way()
        expect(person.second_step(login), 200)
        expect(person.elsewhere().second_step(login), 410, "login_expired")

    def test_a_login_lives_ten_minutes(self):
        for seconds, status in ((590, 200), (601, 410)):
            person = self.with_clean_steps()
            login = person.half_way()
            self.server.forward(seconds)
            expect(person.second_step(login), status, about=f"after {seconds} s")

    def test_what_is_told_of_its_end_is_so(self):
        def seconds_left(text):
            return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.time()

        person = self.person().sign_up()
        setup = expect(person.post("/account/two-step/setup"), 201)["expires_at"]
        self.assertAlmostEqual(seconds_left(setup), 900, delta=20)
        self.assertEqual(person.two_step()["setup"]["expires_at"], setup)
        self.assertAlmostEqual(seconds_left(expect(person.get("/session"), 200)["expires_at"]), 7 * 24 * 3600, delta=60)
        person.delete("/account/two-step/setup")
        person.enable()
        self.assertAlmostEqual(seconds_left(expect(person.elsewhere().first_step(), 200)["expires_at"]), 600, delta=20)

    def test_one_secret_does_not_serve_as_another(self):
        person = self.with_clean_steps()
        login = person.half_way()
        signup, code = self.person().begin_sign_up()
        expect(person.elsewhere().second_step(signup), 410, "login_expired", "a signup as a login")
        expect(person.elsewhere().second_step(person.cookies["twostep"]), 410, "login_expired", "a session as a login")
        for name, value in (("a login", login), ("a session", person.cookies["twostep"])):
            expect(person.elsewhere().post("/signup/verify", {"signup": value, "code": code}), 422, "invalid_code", name + " as a signup")
        expect(person.elsewhere(bearer=signup).get("/session"), 401, "not_signed_in", "a signup as a token")
        browser = person.elsewhere()
        browser.cookies = {"twostep-device": person.cookies["twostep"], "twostep-known": login}
        self.assertEqual(expect(browser.first_step(), 200)["status"], "second_step", "a session as a remembered device")

    def test_a_login_that_is_none(self):
        person = self.with_clean_steps()
        login = person.half_way()
        for value in ("x", "A" * len(login), login[:-1], login + "A", login.swapcase()):
            expect(person.second_step(value, person.wrong_code()), 410, "login_expired", value)
        expect(person.second_step(login), 200)

    def test_another_persons_code_does_not_serve(self):
        one, two = self.with_clean_steps(), self.with_clean_steps()
        expect(one.second_step(one.half_way(), two.app_code()), 401, "invalid_code")
        expect(one.second_step(one.half_way(), two.account.recovery_codes[0], "recovery_code"), 401, "invalid_code")
        expect(two.second_step(two.half_way(), two.account.recovery_codes[0], "recovery_code"), 200, about="nor is it spent")

    def test_methods_that_are_none(self):
        person = self.with_clean_steps()
        login = person.half_way()
        for method in ("passkey", "TOTP", "sms", "", "none", "password"):
            expect(person.second_step(login, "123456", method), 400, "invalid_request", method)
        expect(person.second_step(login), 200)

    def test_a_spent_code_is_refused_everywhere_and_said_to_be_used(self):
        person = self.with_clean_steps()
        steady(10)
        code = totp(person.account.secret, step_now())
        expect(person.second_step(person.half_way(), code), 200)
        wrong = person.elsewhere().second_step(person.half_way(), person.wrong_code())
        expect(wrong, 401, "invalid_code")
        login = person.half_way()
        surfaces = (
            ("another login", lambda: person.elsewhere().second_step(login, code)),
            ("confirming", lambda: person.post("/session/confirm", {"method": "totp", "code": code})),
            ("disabling", lambda: person.post("/account/two-step/disable",
                                              {"password": person.password, "method": "totp", "code": code})),
        )
        for _ in range(3):
            for name, send in surfaces:
                reply = send()
                expect(reply, 401, "invalid_code", name)
                self.assertNotEqual(reply.detail, wrong.detail, f"{name}: does not say that the code was used")
        # Nine replays were not counted: four more wrong ones are free, and the login still lives.
        for _ in range(4):
            expect(person.elsewhere().second_step(login, person.wrong_code()), 401, "invalid_code")
        expect(person.elsewhere().second_step(login, person.wrong_code()), 429, "too_many_attempts")
        self.assertTrue(person.two_step()["enabled"])

    def test_an_older_code_after_a_newer_is_refused(self):
        cases = (((1, 0), 401), ((1, -1), 401), ((0, -1), 401), ((-1, 0), 200), ((-1, 1), 200), ((0, 1), 200))
        for (first, second), status in cases:
            with self.subTest(f"{first:+d} then {second:+d}"):
                person = self.with_clean_steps()
                logins = [person.half_way(), person.half_way()]
                steady(6)
                now = step_now()
                expect(person.elsewhere().second_step(logins[0], totp(person.account.secret, now + first)), 200)
                expect(person.elsewhere().second_step(logins[1], totp(person.account.secret, now + second)), status,
                       about=f"{first:+d} then {second:+d}")

    def test_a_step_spent_under_a_clock_that_had_jumped_locks_nobody_out(self):
        person = self.with_clean_steps()
        future = step_now() + 1000
        self.server.sql("INSERT INTO spent_step (totp_id, step, place) SELECT totp_id, ?, max(place) + 1 FROM spent_step"
                        " WHERE totp_id = (SELECT id FROM totp WHERE account_id = (SELECT id FROM account WHERE email = ?))"
                        " GROUP BY totp_id", future, person.email)
        expect(person.second_step(person.half_way()), 200)

    def test_the_code_typed_at_set_up_is_spent(self):
        person = self.person().sign_up()
        secret = person.confirm_email()["secret"]
        steady(6)
        code = totp(secret, step_now())
        expect(person.post("/account/two-step/setup/code", {"code": code}), 200)
        expect(person.post("/account/two-step/setup/complete", {"saved": True}), 200)
        expect(person.second_step(person.half_way(), code), 401, "invalid_code")

    def test_wrong_codes_are_counted_for_the_account_over_logins_and_routes(self):
        person = self.with_clean_steps()
        wrong = person.wrong_code

        def login():
            return person.elsewhere().second_step(person.elsewhere().half_way(), wrong())

        def confirm():
            return person.post("/session/confirm", {"method": "totp", "code": wrong()})

        def disable():
            return person.post("/account/two-step/disable",
                               {"password": person.password, "method": "totp", "code": wrong()})

        for name, send in (("login", login), ("confirm", confirm), ("disable", disable), ("login", login), ("confirm", confirm)):
            expect(send(), 401, "invalid_code", name)
        for name, send in (("login", login), ("confirm", confirm), ("disable", disable)):
            reply = send()
            expect(reply, 429, "too_many_attempts", name)
            self.assertIn(int(reply.header("Retry-After")), range(20, 31), name)
        refused = person.post("/session/confirm", {"method": "totp", "code": person.app_code()})
        expect(refused, 429, "too_many_attempts", "the right code while waiting")
        expect(person.second_step(person.half_way(), person.account.recovery_codes[0], "recovery_code"), 200,
               about="recovery codes have a counter of their own")

    def test_the_wait_doubles_and_a_right_code_forgets(self):
        person = self.with_clean_steps()

        def wrong():
            return person.post("/session/confirm", {"method": "totp", "code": person.wrong_code()})

        tries, reply = until_refused(wrong)
        self.assertEqual(tries, 5)
        waits = [int(reply.header("Retry-After"))]
        for _ in range(3):
            self.server.forward(waits[-1])
            expect(wrong(), 401, "invalid_code", f"one try after {waits}")
            waits.append(int(expect(wrong(), 429, "too_many_attempts") and wrong().header("Retry-After")))
        for wait, most in zip(waits, (30, 60, 120, 240)):
            self.assertIn(wait, range(most - 8, most + 1), waits)
        self.server.forward(waits[-1])
        expect(person.post("/session/confirm", {"method": "totp", "code": person.app_code()}), 200)
        self.assertEqual(until_refused(wrong)[0], 5, "five are free again")

    def test_the_wait_ends_at_an_hour_and_a_hundred_hold(self):
        person = self.with_clean_steps()
        account = "(SELECT id FROM account WHERE email = ?)"

        def try_code(code=None, method="totp"):
            return person.post("/session/confirm", {"method": method, "code": code or person.wrong_code()})

        expect(try_code(), 401)
        self.server.sql(f"UPDATE failure SET count = 60 WHERE subject = {account}", person.email)
        expect(try_code(), 401)
        wait = int(try_code().header("Retry-After"))
        self.assertIn(wait, range(3590, 3601), "doubling up to an hour")
        self.server.sql(f"UPDATE failure SET count = 99, blocked_until = 0 WHERE subject = {account}", person.email)
        expect(try_code(), 401)
        self.server.forward(24 * 3600)
        expect(try_code(person.app_code()), 429, "too_many_attempts", "a hundred wrong ones hold the app's codes")
        expect(try_code(person.account.recovery_codes[0], "recovery_code"), 200, about="a recovery code lifts it")
        expect(try_code(person.app_code()), 200, about="lifted")

    def test_right_codes_in_between_buy_no_further_hundred(self):
        person = self.with_clean_steps()
        wrong = 0
        while wrong < 100:  # four at a time, so that no streak is ever told of
            mails = len(person.mails())
            for _ in range(4):
                reply = person.post("/session/confirm", {"method": "totp", "code": person.wrong_code()})
                expect(reply, 401, "invalid_code", f"after {wrong}")
                wrong += 1
            if wrong % 20 == 0:
                self.server.mail_after(person.email, mails)
            if wrong < 100:
                self.forget_steps(person)
                expect(person.post("/session/confirm", {"method": "totp", "code": person.app_code()}), 200)
        expect(person.post("/session/confirm", {"method": "totp", "code": person.app_code()}), 429, "too_many_attempts")
        recovery = {"method": "recovery_code", "code": person.account.recovery_codes[0]}
        expect(person.post("/session/confirm", recovery), 200, about="a recovery code lifts it")
        expect(person.post("/session/confirm", {"method": "totp", "code": person.app_code()}), 200)

    def test_the_fifth_wrong_code_mails_the_person_once(self):
        person = self.with_clean_steps()
        before = len(person.mails())
        login = person.half_way()
        for _ in range(4):
            expect(person.second_step(login, person.wrong_code()), 401)
        self.server.no_mail_after(person.email, before)
        reply, mail = person.mailed(lambda: person.second_step(login, person.wrong_code()))
        expect(reply, 401)
        self.assertNotIn(person.wrong_code(), mail_text(mail))
        expect(person.second_step(person.half_way(), person.wrong_code()), 429)
        self.server.no_mail_after(person.email, before + 1)

    def test_failures_survive_a_restart(self):
        person = self.with_clean_steps()
        login = person.half_way()
        for _ in range(5):
            expect(person.second_step(login, person.wrong_code()), 401)
        self.server.restart()
        expect(person.second_step(person.half_way(), person.wrong_code()), 429, "too_many_attempts")

    def test_twenty_wrong_codes_at_once_get_five_tries(self):
        person = self.with_clean_steps()
        logins = [person.elsewhere().half_way() for _ in range(20)]
        code = wrong_code(person.account.secret)
        replies = at_once([lambda l=l: person.elsewhere().second_step(l, code) for l in logins])
        self.assertEqual(statuses(replies), {"401 invalid_code": 5, "429 too_many_attempts": 15})

    def test_twenty_at_once_with_one_code_get_one_sign_in(self):
        cases = (("one login", False), ("twenty logins", True))
        for name, several in cases:
            with self.subTest(name):
                person = self.with_clean_steps()
                logins = [person.half_way() for _ in range(20)] if several else [person.half_way()] * 20
                code = person.app_code()
                replies = at_once([lambda l=l: person.elsewhere().second_step(l, code) for l in logins])
                self.once(replies, "200", {"401 invalid_code", "410 login_expired"}, name)

    def test_a_half_sign_in_does_not_outlive_the_password(self):
        person = self.with_clean_steps()
        login = person.half_way()
        expect(person.post("/account/password", {"current_password": person.password, "new_password": OTHER_PASSWORD}), 200)
        expect(person.elsewhere().second_step(login), 410, "login_expired")

    def test_at_sign_in_nobody_is_told_how_far_a_clock_is_off(self):
        person = self.with_clean_steps()
        login = person.half_way()
        steady(6)
        plain = person.second_step(login, person.wrong_code())
        off = person.second_step(login, totp(person.account.secret, step_now() + 300 // STEP_S))
        self.assertEqual((off.status, off.detail), (plain.status, plain.detail))
        self.assertEqual(off.status, 401)


if __name__ == "__main__":
    unittest.main()
