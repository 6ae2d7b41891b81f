"""Switching two-step on, moving it to a new phone, switching it off."""
import base64
import unittest
import urllib.parse

from harness import (PASSWORD, RECOVERY_CODE, STEP_S, UTC_SECOND, WRONG_PASSWORD, DoorTest, at_once, expect, has_code, mail_code,
                     steady, step_now, totp, wrong_code)

SETUP = "/account/two-step/setup"


def other_code(code):
    """Six digits that are not these."""
    return "%06d" % ((int(code) + 1) % 1000000)


class SetUp(DoorTest):
    def at(self, state, **more):
        """A person whose set-up stands at this state."""
        person = self.person().sign_up()
        if state == "none":
            return person
        code = person.begin_setup(**more)
        if state == "email_sent":
            return person
        person.account.secret = person.confirm_email(code)["secret"]
        if state == "email_confirmed":
            return person
        answer = expect(person.post(SETUP + "/code", {"code": person.app_code()}), 200)
        person.account.recovery_codes = answer["recovery_codes"]
        return person

    def state(self, person):
        setup = person.two_step()["setup"]
        return setup and setup["state"]

    def test_the_whole_way(self):
        person = self.person().sign_up()
        before = person.two_step()
        self.assertEqual({**before, "enabled": False, "enabled_at": None, "setup": None, "required_by": [], "passkeys": [],
                          "remembered_devices": []}, before)
        reply, mail = person.mailed(lambda: person.post(SETUP))
        answer = expect(reply, 201)
        self.assertEqual((answer["state"], answer["email"]), ("email_sent", person.email))
        self.assertRegex(answer["expires_at"], UTC_SECOND)
        code = mail_code(mail)
        self.assertRegex(code, r"^\d{6}$")
        self.assertNotIn(code, reply.text)

        answer = expect(person.post(SETUP + "/email", {"code": f" {code[:3]} {code[3:]}"}), 200)
        self.assertEqual(answer, {**answer, "state": "email_confirmed", "algorithm": "SHA1", "digits": 6, "period": 30})
        person.account.secret = answer["secret"]
        self.assertRegex(answer["secret"], r"^[A-Z2-7]{32}$")
        self.assertIn("<svg", answer["qr_svg"])
        self.assertNotIn("<script", answer["qr_svg"])
        uri = urllib.parse.urlsplit(answer["otpauth_uri"])
        self.assertEqual((uri.scheme, uri.netloc, uri.path), ("otpauth", "totp", "/twostep:" + urllib.parse.quote(person.email)),
                         answer["otpauth_uri"])
        self.assertEqual(urllib.parse.parse_qs(uri.query, strict_parsing=True),
                         {"secret": [answer["secret"]], "issuer": ["twostep"], "algorithm": ["SHA1"], "digits": ["6"],
                          "period": ["30"]})

        answer = expect(person.post(SETUP + "/code", {"code": person.app_code()}), 200)
        self.assertEqual(answer["state"], "code_confirmed")
        self.assertEqual(len(set(answer["recovery_codes"])), 10)
        for recovery_code in answer["recovery_codes"]:
            self.assertRegex(recovery_code, RECOVERY_CODE)
        self.assertFalse(person.two_step()["enabled"])
        for saved in (False, None):
            expect(person.post(SETUP + "/complete", {"saved": saved}), 422, "recovery_codes_not_saved", f"saved: {saved}")
        expect(person.post(SETUP + "/complete", {}), 422, "recovery_codes_not_saved", "saved left out")

        reply, mail = person.mailed(lambda: person.post(SETUP + "/complete", {"saved": True}))
        self.assertEqual(expect(reply, 200)["enabled"], True)
        self.assertFalse(has_code(mail))
        after = person.two_step()
        self.assertEqual((after["enabled"], after["recovery_codes_left"], after["setup"]), (True, 10, None))
        self.assertRegex(after["enabled_at"], UTC_SECOND)
        session = expect(person.get("/session"), 200)
        self.assertEqual(sorted(session["methods"]), ["otp", "pwd"])
        self.assertRegex(session["second_step_at"], UTC_SECOND)

    def test_two_people_never_share_a_secret(self):
        self.assertNotEqual(self.at("email_confirmed").account.secret, self.at("email_confirmed").account.secret)

    def test_steps_out_of_order(self):
        steps = (("/email", {"code": "000000"}), ("/code", {"code": "000000"}), ("/complete", {"saved": True}))
        due = {"none": (), "email_sent": ("/email",), "email_confirmed": ("/code",), "code_confirmed": ("/complete",)}
        for state, open_steps in due.items():
            person = self.at(state)
            for path, body in steps:
                if path in open_steps:
                    continue
                with self.subTest(f"{path} at {state}"):
                    expect(person.post(SETUP + path, body), 409, "wrong_state", f"{path} at {state}")
                    self.assertEqual(self.state(person), None if state == "none" else state)

    def test_the_state_is_told_to_its_session_alone(self):
        for state in ("email_sent", "email_confirmed", "code_confirmed"):
            with self.subTest(state):
                person = self.at(state)
                other = person.elsewhere().sign_in()
                setup = person.two_step()["setup"]
                self.assertEqual(setup["state"], state)
                self.assertRegex(setup["expires_at"], UTC_SECOND)
                self.assertIsNone(other.two_step()["setup"])
                for path, body in (("/email", {"code": "000000"}), ("/code", {"code": "000000"}), ("/complete", {"saved": True})):
                    expect(other.post(SETUP + path, body), 409, "wrong_state", f"another session's {path} at {state}")
                expect(other.delete(SETUP), 204)
                self.assertEqual(self.state(person), state, "another session's leaving")

    def test_a_wrong_email_code(self):
        person = self.person().sign_up()
        code = person.begin_setup()
        for n in range(4):
            expect(person.post(SETUP + "/email", {"code": other_code(code)}), 422, "invalid_code", f"wrong code {n + 1}")
        expect(person.post(SETUP + "/email", {"code": code}), 200, about="the right one at the fifth try")

    def test_five_wrong_email_codes_void_it(self):
        person = self.person().sign_up()
        code = person.begin_setup()
        for n in range(5):
            expect(person.post(SETUP + "/email", {"code": other_code(code)}), 422, "invalid_code", f"wrong code {n + 1}")
        expect(person.post(SETUP + "/email", {"code": code}), 422, "invalid_code", "the right one at the sixth try")
        person.confirm_email()  # begun again

    def test_anothers_email_code_does_not_serve(self):
        one, two = self.person().sign_up(), self.person().sign_up()
        codes = one.begin_setup(), two.begin_setup()
        if codes[0] == codes[1]:
            self.skipTest("one chance in a million")
        expect(one.post(SETUP + "/email", {"code": codes[1]}), 422, "invalid_code")

    def test_the_email_code_lives_ten_minutes(self):
        for seconds, status in ((590, 200), (601, 422)):
            person = self.person().sign_up()
            code = person.begin_setup()
            self.server.forward(seconds)
            expect(person.post(SETUP + "/email", {"code": code}), status, about=f"after {seconds} s")

    def test_a_set_up_lives_fifteen_minutes(self):
        for seconds, alive in ((890, True), (901, False)):
            for state in ("email_sent", "email_confirmed", "code_confirmed"):
                with self.subTest(f"{state} after {seconds} s"):
                    person = self.at(state)
                    self.server.forward(seconds)
                    self.assertEqual(self.state(person), state if alive else None)
                    if not alive:
                        expect(person.post(SETUP + "/complete", {"saved": True}), 409, "wrong_state")
                        self.assertFalse(person.two_step()["enabled"])

    def test_beginning_again_drops_the_earlier_try(self):
        for state in ("email_sent", "email_confirmed", "code_confirmed"):
            with self.subTest(state):
                person = self.person().sign_up()
                old = person.begin_setup()
                old_secret = None
                if state != "email_sent":
                    old_secret = person.account.secret = person.confirm_email(old)["secret"]
                if state == "code_confirmed":
                    expect(person.post(SETUP + "/code", {"code": person.app_code()}), 200)
                new = person.begin_setup()
                self.assertEqual(self.state(person), "email_sent")
                expect(person.post(SETUP + "/complete", {"saved": True}), 409, "wrong_state")
                if old != new:
                    expect(person.post(SETUP + "/email", {"code": old}), 422, "invalid_code", "the earlier code")
                self.assertNotEqual(person.confirm_email(new)["secret"], old_secret)

    def test_leaving_saves_nothing(self):
        for state in ("none", "email_sent", "email_confirmed", "code_confirmed"):
            for name, leave in (("drop", lambda p: expect(p.delete(SETUP), 204)), ("sign out", lambda p: p.sign_out())):
                with self.subTest(f"{name} at {state}"):
                    person = self.at(state)
                    leave(person)
                    answer = expect(person.first_step(), 200)
                    self.assertEqual(answer["status"], "signed_in")
                    self.assertEqual((person.two_step()["enabled"], person.two_step()["setup"]), (False, None))
                    expect(person.post(SETUP + "/complete", {"saved": True}), 409, "wrong_state")

    def test_until_complete_the_account_signs_in_as_before(self):
        person = self.at("code_confirmed")
        self.assertEqual(expect(person.elsewhere().first_step(), 200)["status"], "signed_in")

    def test_completing_ends_the_other_sessions(self):
        person = self.person().sign_up()
        other, bearer = person.elsewhere().sign_in(), person.elsewhere().sign_in("bearer")
        person.enable()
        self.assertFalse(other.is_signed_in())
        self.assertFalse(bearer.is_signed_in())
        self.assertTrue(person.is_signed_in())

    def test_wrong_app_codes_are_422_and_the_right_one_is_taken_after_them(self):
        person = self.at("email_confirmed")
        for n in range(3):
            expect(person.post(SETUP + "/code", {"code": person.wrong_code()}), 422, "invalid_code", f"wrong code {n + 1}")
        self.assertEqual(self.state(person), "email_confirmed")
        expect(person.post(SETUP + "/code", {"code": person.app_code()}), 200)

    def test_nobody_is_sent_to_ask_an_app_for_a_new_code(self):
        person = self.at("email_confirmed")
        for language, words in (("en", "Type the code that your app shows now"), ("ko", "앱에 지금 표시된 코드를 입력하세요")):
            reply = person.post(SETUP + "/code", {"code": person.wrong_code()}, headers={"Accept-Language": language})
            expect(reply, 422, "invalid_code")
            self.assertIn(words, reply.detail)

    def test_a_clock_that_is_off_is_told_during_set_up(self):
        person = self.at("email_confirmed")
        steady(12)
        plain = person.post(SETUP + "/code", {"code": person.wrong_code()})
        expect(plain, 422, "invalid_code")
        cases = ((5, True), (-5, True), (9, True), (-9, True), (14, False), (-14, False))
        for minutes, told in cases:
            with self.subTest(f"{minutes:+d} min"):
                code = totp(person.account.secret, step_now() + minutes * 60 // STEP_S)
                reply = person.post(SETUP + "/code", {"code": code})
                expect(reply, 422, "invalid_code")
                if told:
                    self.assertIn(str(abs(minutes)), reply.detail)
                    self.assertNotEqual(reply.detail, plain.detail)
                else:
                    self.assertEqual(reply.detail, plain.detail)
        self.assertEqual(self.state(person), "email_confirmed")

    def test_beginning_needs_a_fresh_password(self):
        person = self.person().sign_up()
        self.server.forward(590)
        expect(person.post(SETUP), 201, about="after 590 s")
        person = self.person().sign_up()
        self.server.forward(601)
        before = len(person.mails())
        reply = person.post(SETUP)
        expect(reply, 403, "confirmation_required", "after 601 s")
        self.assertEqual(reply.json["needs"], "password")
        self.server.no_mail_after(person.email, before)
        expect(person.post("/session/confirm", {"password": person.password}), 200)
        expect(person.post(SETUP), 201)

    def test_what_is_on_already(self):
        person = self.person().with_two_step()
        expect(person.post(SETUP), 409, "already_enabled")
        expect(person.post(SETUP, {"replace": False}), 409, "already_enabled")
        expect(person.post(SETUP, {"replace": True}), 201)

    def test_every_step_twenty_at_once_is_taken_once(self):
        person = self.person().sign_up()
        code = person.begin_setup()
        replies = at_once([lambda: person.post(SETUP + "/email", {"code": code})] * 20)
        self.once(replies, "200", {"409 wrong_state", "422 invalid_code"}, "email")
        person.account.secret = next(r.json["secret"] for r in replies if r.status == 200)
        code = person.app_code()
        replies = at_once([lambda: person.post(SETUP + "/code", {"code": code})] * 20)
        self.once(replies, "200", {"409 wrong_state", "422 invalid_code"}, "code")
        codes = next(r.json["recovery_codes"] for r in replies if r.status == 200)
        before = len(person.mails())
        replies = at_once([lambda: person.post(SETUP + "/complete", {"saved": True})] * 20)
        self.once(replies, "200", {"409 wrong_state", "409 already_enabled"}, "complete")
        self.server.mail_after(person.email, before)
        self.server.no_mail_after(person.email, before + 1)
        self.assertEqual(person.two_step()["recovery_codes_left"], 10)
        expect(person.second_step(person.half_way(), codes[0], "recovery_code"), 200)

    def test_begun_twenty_times_at_once_one_set_up_is_left(self):
        person = self.person().sign_up()
        before = len(person.mails())
        replies = at_once([lambda: person.post(SETUP)] * 20)
        begun = sum(r.status == 201 for r in replies)
        self.assertIn(begun, (1, 2, 3, 4, 5), "at most five mails an hour")
        self.assertTrue(all(r.status == 201 or r.code == "too_many_attempts" for r in replies), replies)
        self.server.mail_after(person.email, before + begun - 1)
        opened = 0
        for code in {mail_code(m) for m in person.mails()[before:]}:
            opened += person.post(SETUP + "/email", {"code": code}).status == 200
        self.assertEqual(opened, 1)

    def test_two_sessions_completing_at_once_make_one_enrolment(self):
        person = self.person().sign_up()
        other = person.elsewhere().sign_in()
        secrets = []
        for browser in (person, other):
            secrets.append(browser.confirm_email()["secret"])
            steady()
            expect(browser.post(SETUP + "/code", {"code": totp(secrets[-1], step_now())}), 200)
        replies = at_once([lambda: person.post(SETUP + "/complete", {"saved": True}),
                           lambda: other.post(SETUP + "/complete", {"saved": True})])
        self.once(replies, "200", {"401 not_signed_in", "409 already_enabled", "409 wrong_state"})
        winner = [r.status for r in replies].index(200)
        login = person.elsewhere().half_way()
        steady()
        expect(person.elsewhere().second_step(login, totp(secrets[1 - winner], step_now() + 1)), 401, "invalid_code")
        expect(person.elsewhere().second_step(login, totp(secrets[winner], step_now() + 1)), 200)


class NewPhone(DoorTest):
    def test_the_old_phone_and_codes_hold_until_complete(self):
        person = self.person().with_two_step()
        old_codes = person.account.recovery_codes
        code = person.begin_setup(replace=True)
        new_secret = person.confirm_email(code)["secret"]
        self.assertNotEqual(new_secret, person.account.secret)
        expect(person.second_step(person.half_way()), 200, about="the old phone after the e-mail code")

        browser = person.elsewhere().sign_in()
        code = browser.begin_setup(replace=True)
        new_secret = browser.confirm_email(code)["secret"]
        steady()
        answer = expect(browser.post(SETUP + "/code", {"code": totp(new_secret, step_now())}), 200)
        new_codes = answer["recovery_codes"]
        self.assertEqual(browser.two_step()["recovery_codes_left"], 10)
        expect(person.elsewhere().second_step(person.half_way(), old_codes[0], "recovery_code"), 200,
               about="an old recovery code before complete")
        expect(person.elsewhere().second_step(person.half_way(), new_codes[0], "recovery_code"), 401, "invalid_code",
               "a new recovery code before complete")
        steady()
        expect(person.elsewhere().second_step(person.half_way(), totp(new_secret, step_now() + 1)), 401, "invalid_code",
               "the new phone before complete")
        expect(person.elsewhere().second_step(person.half_way()), 200, about="the old phone before complete")

        other, half = person.elsewhere().sign_in(), person.elsewhere().half_way()
        reply, mail = browser.mailed(lambda: browser.post(SETUP + "/complete", {"saved": True}))
        self.assertEqual(expect(reply, 200)["enabled"], True)
        expect(person.elsewhere().second_step(half, new_codes[0], "recovery_code"), 410, "login_expired", "half way before")
        self.assertFalse(has_code(mail))
        self.assertFalse(other.is_signed_in(), "another session")
        self.assertTrue(browser.is_signed_in())
        login = person.elsewhere().half_way()
        expect(person.elsewhere().second_step(login, person.app_code()), 401, "invalid_code", "the old phone")
        expect(person.elsewhere().second_step(login, old_codes[1], "recovery_code"), 401, "invalid_code", "an old recovery code")
        steady()
        expect(person.elsewhere().second_step(login, totp(new_secret, step_now() + 1)), 200, about="the new phone")
        expect(person.elsewhere().second_step(person.half_way(), new_codes[1], "recovery_code"), 200)

    def test_a_recovery_code_serves_for_the_fresh_second_step(self):
        person = self.person().with_two_step()
        person.sign_out()
        expect(person.second_step(person.half_way(), person.account.recovery_codes[0], "recovery_code"), 200)
        expect(person.post(SETUP, {"replace": True}), 201)

    def test_leaving_keeps_the_old_phone(self):
        person = self.person().with_two_step()
        person.confirm_email(replace=True)
        expect(person.delete(SETUP), 204)
        self.assertTrue(person.two_step()["enabled"])
        expect(person.second_step(person.half_way()), 200)
        expect(person.second_step(person.half_way(), person.account.recovery_codes[0], "recovery_code"), 200)

    def test_needs_both_proofs_fresh(self):
        person = self.person().with_two_step()
        self.server.sql("UPDATE session SET second_step_at = second_step_at - 700")
        reply = person.post(SETUP, {"replace": True})
        expect(reply, 403, "confirmation_required")
        self.assertEqual(reply.json["needs"], "second_step")
        self.server.sql("UPDATE session SET second_step_at = second_step_at + 700, confirmed_at = confirmed_at - 700")
        reply = person.post(SETUP, {"replace": True})
        expect(reply, 403, "confirmation_required")
        self.assertEqual(reply.json["needs"], "password")

    def test_can_be_done_twice(self):
        person = self.person().with_two_step()
        for _ in range(2):
            person.enable(replace=True)
            expect(person.elsewhere().second_step(person.half_way()), 200)


class Disable(DoorTest):
    def disable(self, who, **more):
        return who.post("/account/two-step/disable", {"password": who.password, "method": "totp", **more})

    def test_with_either_method(self):
        for method in ("totp", "recovery_code"):
            with self.subTest(method):
                person = self.person().with_two_step()
                code = person.app_code() if method == "totp" else person.account.recovery_codes[0].lower()
                reply, mail = person.mailed(lambda: self.disable(person, method=method, code=code))
                self.assertEqual(expect(reply, 200)["enabled"], False)
                self.assertFalse(has_code(mail))
                after = person.two_step()
                self.assertEqual((after["enabled"], after["enabled_at"], after["setup"]), (False, None, None))
                self.assertEqual(expect(person.elsewhere().first_step(), 200)["status"], "signed_in")
                expect(self.disable(person, code="123456"), 409, "not_enabled")
                person.account.last_step = None
                person.enable()
                expect(person.elsewhere().second_step(person.half_way()), 200, about="on again")

    def test_needs_both_proofs_right(self):
        person = self.person().with_two_step()
        code = person.app_code()
        recovery = person.account.recovery_codes[0]
        cases = (
            ("wrong password, right code", {"password": WRONG_PASSWORD, "code": code}, 403, "invalid_password"),
            ("wrong password, right recovery code", {"password": WRONG_PASSWORD, "method": "recovery_code", "code": recovery}, 403,
             "invalid_password"),
            ("right password, wrong code", {"code": wrong_code(person.account.secret)}, 401, "invalid_code"),
            ("right password, wrong recovery code", {"method": "recovery_code", "code": "0000-0000-0000-0000"}, 401, "invalid_code"),
            ("the methods confused", {"method": "recovery_code", "code": code}, (400, 401), None),
            ("the methods confused, the other way", {"method": "totp", "code": recovery}, (400, 401), None),
            ("no password", {"password": None, "code": code}, 400, "invalid_request"),
            ("no code", {}, 400, "invalid_request"),
            ("no method", {"method": None, "code": code}, 400, "invalid_request"),
        )
        for name, body, status, word in cases:
            with self.subTest(name):
                expect(self.disable(person, **body), status, word, name)
                self.assertTrue(person.two_step()["enabled"], name)
        self.assertEqual(person.two_step()["recovery_codes_left"], 10, "a recovery code was spent by a refusal")
        expect(self.disable(person, code=code), 200, about="the code was not spent by the refusals")

    def test_wrong_passwords_are_counted(self):
        person = self.person().with_two_step()
        code = person.app_code()
        answers = [self.disable(person, password=WRONG_PASSWORD, code=code).status for _ in range(9)]
        self.assertIn(429, answers)
        self.assertIn(answers.index(429), (5, 6, 7), answers)
        self.assertTrue(person.two_step()["enabled"])

    def test_needs_no_fresh_session(self):
        person = self.person().with_two_step()
        self.server.forward(3600)
        expect(self.disable(person, code=person.app_code()), 200)

    def test_twenty_at_once_disable_once(self):
        for method in ("totp", "recovery_code"):
            with self.subTest(method):
                person = self.person().with_two_step()
                code = person.app_code() if method == "totp" else person.account.recovery_codes[0]
                before = len(person.mails())
                replies = at_once([lambda: self.disable(person, method=method, code=code)] * 20)
                self.once(replies, "200", {"409 not_enabled", "401 invalid_code", "429 too_many_attempts"}, method)
                self.server.mail_after(person.email, before)
                self.server.no_mail_after(person.email, before + 1)

    def test_what_was_pending_goes_with_it(self):
        person = self.person().with_two_step()
        other = person.elsewhere().sign_in()
        expect(other.post("/account/two-step/recovery-codes", {"password": PASSWORD}), 200)
        person.begin_setup(replace=True)
        login = person.elsewhere().half_way()
        expect(self.disable(person, code=person.app_code()), 200)
        for who, path in ((other, "/account/two-step/recovery-codes/complete"), (person, SETUP + "/complete")):
            reply = who.post(path, {"saved": True})
            self.assertIn(reply.status, (401, 409), reply)
        self.assertFalse(person.two_step()["enabled"])
        expect(person.elsewhere().second_step(login, "123456"), 410, "login_expired")
        person.account.last_step = None
        person.enable()
        expect(person.elsewhere().second_step(login), 410, "login_expired", "on again")


class OtherName(DoorTest):
    SERVER = {"args": ["--name", "Acme & Söhne 데모 100%"]}

    def test_is_encoded_in_the_address_of_the_app(self):
        answer = self.person("kim+tag").sign_up().confirm_email()
        uri = urllib.parse.urlsplit(answer["otpauth_uri"])
        label = uri.path[1:]
        self.assertNotIn(" ", answer["otpauth_uri"])
        self.assertTrue(answer["otpauth_uri"].isascii())
        issuer, _, account = label.partition(":")
        self.assertEqual(urllib.parse.parse_qs(uri.query, strict_parsing=True)["secret"], [answer["secret"]])
        self.assertEqual(len(base64.b32decode(answer["secret"])), 20)
        self.assertIn("Acme", urllib.parse.unquote(issuer))
        self.assertRegex(urllib.parse.unquote(account), r"kim\+tag\d+@example\.com$")
        self.assertNotIn("+", uri.query, "an app reads + as itself")


if __name__ == "__main__":
    unittest.main()
