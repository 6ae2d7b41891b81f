"""Recovery codes: as typed, once each, how many are left; issuing new ones."""
import unittest

from harness import RECOVERY_CODE, WRONG_PASSWORD, DoorTest, at_once, expect, statuses

NONE = "0000-0000-0000-0000"


class RecoveryCodes(DoorTest):
    def use(self, person, code):
        browser = person.elsewhere()
        return browser.second_step(browser.half_way(), code, "recovery_code")

    def test_are_ten_of_sixty_four_signs_each(self):
        person = self.person().with_two_step()
        codes = person.account.recovery_codes
        self.assertEqual(len(set(codes)), 10)
        for code in codes:
            self.assertRegex(code, RECOVERY_CODE)
        self.assertEqual(person.two_step()["recovery_codes_left"], 10)

    def test_open_once_and_tell_how_many_are_left(self):
        person = self.person().with_two_step()
        for n, code in enumerate(person.account.recovery_codes):
            if n == 9:
                self.assertEqual(expect(person.elsewhere().first_step(), 200)["methods"], ["totp", "recovery_code"], "one is left")
            answer = expect(self.use(person, code), 200, about=f"code {n + 1}")
            self.assertEqual(answer["recovery_codes_left"], 9 - n)
            self.assertEqual(sorted(answer["session"]["methods"]), ["pwd", "recovery"])
            self.assertEqual(person.two_step()["recovery_codes_left"], 9 - n)
        for n, code in enumerate(person.account.recovery_codes):
            expect(self.use(person, code), 401, "invalid_code", f"code {n + 1} again")
        self.assertEqual(expect(person.elsewhere().first_step(), 200)["methods"], ["totp"])

    def test_are_read_as_loosely_as_people_type(self):
        person = self.person().with_two_step()
        codes = sorted(person.account.recovery_codes, key=lambda c: "0" in c and "1" in c)
        with_zero = next((c for c in codes if "0" in c), codes[0])  # one set in two hundred has none
        with_one = next((c for c in codes if "1" in c and c != with_zero), codes[-1] if codes[-1] != with_zero else codes[0])
        rest = [c for c in codes if c not in (with_zero, with_one)]
        cases = (
            ("lower case", rest[0].lower()),
            ("no hyphens", rest[1].replace("-", "")),
            ("spaces", "  " + rest[2].replace("-", " ") + " "),
            ("hyphens elsewhere", "-".join(rest[3].replace("-", ""))),
            ("O for 0", with_zero.replace("0", "O")),
            ("l for 1", with_one.replace("1", "l")),
            ("I and o", rest[4].replace("1", "I").replace("0", "o")),
        )
        for name, typed in cases:
            with self.subTest(name):
                expect(self.use(person, typed), 200, about=name)
        expect(self.use(person, rest[0].upper()), 401, "invalid_code", "spelled otherwise it is still spent")

    def test_what_is_no_recovery_code_is_refused(self):
        person = self.person().with_two_step()
        code = person.account.recovery_codes[0]
        cases = (("none", NONE), ("too short", code[:-1]), ("too long", code + "0"), ("U", "U" + code[1:]), ("twice", code + code),
                 ("empty", ""), ("the app's", person.app_code()), ("letters of another script", "А" + code[1:]),
                 ("a star for a sign", code[:-1] + "*"))
        for name, typed in cases:
            with self.subTest(name):
                expect(self.use(person, typed), (400, 401), about=name)
                self.server.sql("DELETE FROM failure")
        self.assertEqual(person.two_step()["recovery_codes_left"], 10)
        expect(self.use(person, code), 200)

    def test_a_used_one_is_said_to_be_used_and_not_counted(self):
        person = self.person().with_two_step()
        code = person.account.recovery_codes[0]
        expect(self.use(person, code), 200)
        wrong = self.use(person, NONE)
        expect(wrong, 401, "invalid_code")
        for _ in range(6):
            reply = self.use(person, code)
            expect(reply, 401, "invalid_code")
            self.assertNotEqual(reply.detail, wrong.detail)
        for _ in range(4):
            expect(self.use(person, NONE), 401, "invalid_code")
        expect(self.use(person, NONE), 429, "too_many_attempts")
        expect(person.elsewhere().second_step(person.half_way()), 200, about="the app's codes have another counter")

    def test_twenty_at_once_open_once(self):
        for name, several in (("one login", False), ("twenty logins", True)):
            with self.subTest(name):
                person = self.person().with_two_step()
                logins = [person.half_way() for _ in range(20)] if several else [person.half_way()] * 20
                code = person.account.recovery_codes[4]
                replies = at_once([lambda l=l: person.elsewhere().second_step(l, code, "recovery_code") for l in logins])
                self.once(replies, "200", {"401 invalid_code", "410 login_expired"}, name)
                self.assertEqual(person.two_step()["recovery_codes_left"], 9)

    def test_new_ones_do_not_wait_for_wrong_tries_at_the_old_ones(self):
        def disabled_and_enabled(person):
            expect(person.post("/account/two-step/disable", {"password": person.password, "method": "totp", "code": person.app_code()}), 200)
            person.account.last_step = None
            person.enable()

        def reissued(person):
            person.account.recovery_codes = expect(person.post("/account/two-step/recovery-codes", {"password": person.password}), 200)["recovery_codes"]
            expect(person.post("/account/two-step/recovery-codes/complete", {"saved": True}), 200)

        for anew in (disabled_and_enabled, lambda person: person.enable(replace=True), reissued):
            person = self.person().with_two_step()
            for _ in range(5):
                expect(person.post("/session/confirm", {"method": "recovery_code", "code": "0000-0000-0000-0000"}), 401)
            expect(person.post("/session/confirm", {"method": "recovery_code", "code": person.account.recovery_codes[0]}), 429)
            anew(person)
            expect(person.post("/session/confirm", {"method": "recovery_code", "code": person.account.recovery_codes[0]}), 200)

    def test_ten_different_ones_at_once_all_serve(self):
        person = self.person().with_two_step()
        codes = person.account.recovery_codes
        logins = [person.half_way() for _ in codes]
        replies = at_once([lambda p=p: person.elsewhere().second_step(p[0], p[1], "recovery_code") for p in zip(logins, codes)])
        self.assertEqual(sorted(r.json.get("recovery_codes_left", -1) for r in replies), list(range(10)), replies)


class Reissue(DoorTest):
    BEGIN, COMPLETE = "/account/two-step/recovery-codes", "/account/two-step/recovery-codes/complete"

    def begin(self, person):
        return expect(person.post(self.BEGIN, {"password": person.password}), 200)

    def use(self, person, code):
        browser = person.elsewhere()
        return browser.second_step(browser.half_way(), code, "recovery_code")

    def test_the_old_codes_hold_until_it_is_complete(self):
        person = self.person().with_two_step()
        old = person.account.recovery_codes
        answer = self.begin(person)
        self.assertEqual(answer["state"], "pending")
        new = answer["recovery_codes"]
        self.assertEqual(len(set(new)), 10)
        self.assertFalse(set(new) & set(old))
        expect(self.use(person, new[0]), 401, "invalid_code", "a new code before complete")
        expect(self.use(person, old[0]), 200, about="an old code before complete")
        self.assertEqual(person.two_step()["recovery_codes_left"], 9)
        expect(person.post(self.COMPLETE, {"saved": False}), 422, "recovery_codes_not_saved")
        expect(self.use(person, old[1]), 200, about="an old code after saved: false")
        reply, _ = person.mailed(lambda: person.post(self.COMPLETE, {"saved": True}))
        self.assertEqual(expect(reply, 200)["recovery_codes_left"], 10)
        expect(self.use(person, old[2]), 401, "invalid_code", "an old code after complete")
        expect(self.use(person, new[0]), 200, about="a new code after complete")
        expect(person.post(self.COMPLETE, {"saved": True}), 409, "wrong_state", "complete twice")

    def test_beginning_again_drops_the_earlier_new_ones(self):
        person = self.person().with_two_step()
        first, second = self.begin(person)["recovery_codes"], self.begin(person)["recovery_codes"]
        expect(person.post(self.COMPLETE, {"saved": True}), 200)
        expect(self.use(person, first[0]), 401, "invalid_code")
        expect(self.use(person, second[0]), 200)

    def test_refusals(self):
        person, without = self.person().with_two_step(), self.person().sign_up()
        cases = (
            ("wrong password", person, self.BEGIN, {"password": WRONG_PASSWORD}, 403, "invalid_password"),
            ("complete before begin", person, self.COMPLETE, {"saved": True}, 409, "wrong_state"),
            ("two-step is off", without, self.BEGIN, {"password": without.password}, 409, "not_enabled"),
            ("two-step is off, complete", without, self.COMPLETE, {"saved": True}, 409, None),
            ("nobody", self.person(), self.BEGIN, {"password": WRONG_PASSWORD}, 401, "not_signed_in"),
        )
        for name, who, path, body, status, code in cases:
            with self.subTest(name):
                expect(who.post(path, body), status, code, name)
        self.assertEqual(person.two_step()["recovery_codes_left"], 10)

    def test_a_new_phone_drops_what_is_pending(self):
        person = self.person().with_two_step()
        pending = self.begin(person)["recovery_codes"]
        person.enable(replace=True)
        expect(person.post(self.COMPLETE, {"saved": True}), 409, "wrong_state")
        expect(self.use(person, pending[0]), 401, "invalid_code")
        expect(self.use(person, person.account.recovery_codes[0]), 200)

    def test_belongs_to_its_session(self):
        person = self.person().with_two_step()
        other = person.elsewhere().sign_in()
        self.begin(person)
        expect(other.post(self.COMPLETE, {"saved": True}), 409, "wrong_state")
        expect(self.use(person, person.account.recovery_codes[0]), 200, about="the old codes hold")

    def test_lives_fifteen_minutes(self):
        for seconds, status in ((880, 200), (901, 409)):
            person = self.person().with_two_step()
            self.begin(person)
            self.server.forward(seconds)
            expect(person.post(self.COMPLETE, {"saved": True}), status, about=f"after {seconds} s")

    def test_needs_a_fresh_second_step_and_no_other_proof(self):
        person = self.person().with_two_step()
        self.server.sql("UPDATE session SET confirmed_at = confirmed_at - 700")
        self.begin(person)
        self.server.sql("UPDATE session SET second_step_at = second_step_at - 700")
        reply = person.post(self.BEGIN, {"password": person.password})
        expect(reply, 403, "confirmation_required")
        self.assertEqual(reply.json["needs"], "second_step")
        expect(person.post("/session/confirm", {"method": "totp", "code": person.app_code()}), 200)
        self.begin(person)

    def test_completed_twenty_times_at_once_it_is_complete_once(self):
        person = self.person().with_two_step()
        new = self.begin(person)["recovery_codes"]
        before = len(person.mails())
        replies = at_once([lambda: person.post(self.COMPLETE, {"saved": True})] * 20)
        self.once(replies, "200", {"409 wrong_state"})
        self.server.mail_after(person.email, before)
        self.server.no_mail_after(person.email, before + 1)
        expect(self.use(person, new[9]), 200)

    def test_begun_twenty_times_at_once_one_set_is_left(self):
        person = self.person().with_two_step()
        replies = at_once([lambda: person.post(self.BEGIN, {"password": person.password})] * 20)
        self.assertLessEqual(set(statuses(replies)), {"200", "429 too_many_attempts"})  # more at once than are free must wait
        sets = [r.json["recovery_codes"] for r in replies if r.status == 200]
        self.assertGreaterEqual(len(sets), 2)
        expect(person.post(self.COMPLETE, {"saved": True}), 200)
        opened = 0
        for codes in sets:
            opened += self.use(person, codes[0]).status == 200
            self.server.sql("DELETE FROM failure")
        self.assertEqual(opened, 1)


if __name__ == "__main__":
    unittest.main()
