"""One's own account: name, language, password; a forgotten password."""
import os
import time
import unittest

from harness import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, DoorTest, at_once, expect, has_code, mail_code, new_address

THIRD_PASSWORD = "Cobalt5 thimble-Moss raven"


class Account(DoorTest):
    def test_shows_and_changes_name_and_language(self):
        person = self.person().sign_up()
        account = expect(person.get("/account"), 200)
        self.assertEqual((account["email"], account["name"], account["locale"]), (person.email, "Kim Sora", "en"))
        cases = (
            ({"name": "이수진"}, {"name": "이수진", "locale": "en"}),
            ({"locale": "ko"}, {"name": "이수진", "locale": "ko"}),
            ({"name": "  Lee  ", "locale": "en"}, {"name": "Lee", "locale": "en"}),
            ({}, {"name": "Lee", "locale": "en"}),
            ({"name": None, "locale": None}, {"name": "Lee", "locale": "en"}),
            ({"email": "other@example.com", "id": "x", "two_step": False}, {"name": "Lee", "locale": "en"}),
        )
        for body, wanted in cases:
            with self.subTest(body):
                reply = person.patch("/account", body)
                expect(reply, 200, about=str(body))
                account = expect(person.get("/account"), 200)
                self.assertEqual({**account, **wanted, "email": person.email}, account, body)
                self.assertEqual(expect(person.get("/session"), 200)["account"]["name"], wanted["name"])

    def test_refuses_what_may_not_be_and_changes_nothing(self):
        person = self.person().sign_up()
        cases = (({"name": ""}, 422, "invalid_name"), ({"name": "a/b"}, 422, "invalid_name"), ({"name": "x" * 101}, 422, "invalid_name"),
                 ({"name": "www.example"}, 422, "invalid_name"), ({"locale": "fr"}, 400, "invalid_request"),
                 ({"locale": ""}, 400, "invalid_request"), ({"locale": "KO_kr.utf8"}, 400, "invalid_request"),
                 ({"name": "Good", "locale": "xx"}, 400, "invalid_request"), ({"name": "a\tb"}, 422, "invalid_name"))
        for body, status, code in cases:
            with self.subTest(body):
                expect(person.patch("/account", body), status, code, str(body))
                account = expect(person.get("/account"), 200)
                self.assertEqual((account["name"], account["locale"]), ("Kim Sora", "en"), body)

    def test_the_locale_of_a_sign_up_is_kept(self):
        person = self.person()
        signup, code = person.begin_sign_up(locale="ko")
        answer = expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
        self.assertEqual(answer["session"]["account"]["locale"], "ko")


class Password(DoorTest):
    def change(self, person, current=None, new=OTHER_PASSWORD):
        return person.post("/account/password", {"current_password": current or person.password, "new_password": new})

    def test_changes_and_ends_the_other_sessions(self):
        person = self.person().sign_up()
        others = [person.elsewhere().sign_in(), person.elsewhere().sign_in("bearer")]
        reply, mail = person.mailed(lambda: self.change(person))
        expect(reply, 200)
        self.assertFalse(has_code(mail))
        self.assertTrue(person.is_signed_in())
        self.assertEqual([p.is_signed_in() for p in others], [False, False])
        expect(person.elsewhere().first_step(), 401, "invalid_credentials")
        expect(person.elsewhere().first_step(password=OTHER_PASSWORD), 200)

    def test_refusals_change_nothing(self):
        person = self.person().sign_up()
        other = person.elsewhere().sign_in()
        cases = (
            ("wrong password", {"current": WRONG_PASSWORD}, 403, "invalid_password"),
            ("too short", {"new": "Vq7-kettle"}, 422, "weak_password"),
            ("a common one", {"new": "password123456789"}, 422, "weak_password"),
            ("too long", {"new": PASSWORD * 42}, 422, "weak_password"),
        )
        for name, body, status, code in cases:
            with self.subTest(name):
                expect(self.change(person, **body), status, code, name)
        self.assertTrue(other.is_signed_in())
        expect(person.elsewhere().first_step(), 200)

    def test_a_right_password_is_not_counted_as_wrong_because_the_new_one_is_weak(self):
        person = self.person().sign_up()
        for n in range(8):
            expect(self.change(person, new="too short"), 422, "weak_password", f"try {n + 1}")
        expect(person.elsewhere().first_step(), 200)
        expect(self.change(person), 200)

    def test_wrong_ones_are_counted(self):
        person = self.person().sign_up()
        answers = [self.change(person, current=WRONG_PASSWORD).status for _ in range(9)]
        self.assertIn(answers.index(429), (5, 6, 7), answers)

    def test_leaves_two_step_on(self):
        person = self.person().with_two_step()
        expect(self.change(person), 200)
        person.account.password = OTHER_PASSWORD
        expect(person.elsewhere().second_step(person.elsewhere().half_way()), 200)

    def test_twenty_changes_at_once_leave_one_that_works(self):
        person = self.person().sign_up()
        passwords = [f"{PASSWORD} {n:02d} plum" for n in range(20)]
        replies = at_once([lambda p=p: self.change(person, new=p) for p in passwords])
        changed = [p for p, r in zip(passwords, replies) if r.status == 200]
        self.assertEqual(len(changed), 1, replies)
        self.server.forward(900)  # who came after the change offered a wrong password, and the next try waits for it
        expect(person.elsewhere().first_step(password=changed[0]), 200)


class PasswordReset(DoorTest):
    def ask(self, person):
        reply, mail = person.mailed(lambda: person.elsewhere().post("/password-reset", {"email": person.email}))
        expect(reply, 202)
        return mail_code(mail)

    def complete(self, person, code, password=OTHER_PASSWORD, address=None):
        return person.elsewhere().post("/password-reset/complete",
                                       {"email": address or person.email, "code": code, "password": password})

    def test_sets_a_password_ends_all_sessions_and_does_not_sign_in(self):
        person = self.person().sign_up()
        others = [person, person.elsewhere().sign_in(), person.elsewhere().sign_in("bearer")]
        code = self.ask(person)
        self.assertRegex(code, r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")
        self.assertEqual([p.is_signed_in() for p in others], [True] * 3, "by asking alone")
        reply, mail = person.mailed(lambda: self.complete(person, code.lower().replace("-", " ")))
        expect(reply, 200)
        self.assertIsNone(reply.cookie("twostep"))
        self.assertFalse(has_code(mail))
        self.assertEqual([p.is_signed_in() for p in others], [False] * 3)
        expect(person.elsewhere().first_step(), 401, "invalid_credentials")
        expect(person.elsewhere().first_step(password=OTHER_PASSWORD), 200)
        expect(self.complete(person, code, THIRD_PASSWORD), 422, "invalid_code", "the code again")

    def test_leaves_two_step_on(self):
        person = self.person().with_two_step()
        login = person.elsewhere().half_way()
        expect(self.complete(person, self.ask(person)), 200)
        expect(person.elsewhere().second_step(login), 410, "login_expired", "a half sign-in of the old password")
        person.account.password = OTHER_PASSWORD
        browser = person.elsewhere()
        expect(browser.second_step(browser.half_way()), 200)
        self.assertEqual(browser.two_step()["recovery_codes_left"], 10)

    def test_answers_alike_for_an_address_without_account(self):
        person, unknown = self.person().sign_up(), new_address()
        replies = [self.person().post("/password-reset", {"email": address}) for address in (person.email, unknown)]
        self.assertEqual([(r.status, r.body, [k for k, _ in r.headers]) for r in replies][0],
                         [(r.status, r.body, [k for k, _ in r.headers]) for r in replies][1])
        self.assertEqual(replies[0].status, 202)
        self.assertEqual(self.server.mails(unknown), [])
        refused = [self.complete(person, "0000-0000-0000", address=address) for address in (person.email, unknown)]
        self.assertEqual(refused[0].body, refused[1].body)
        expect(refused[0], 422, "invalid_code")

    def test_an_address_without_account_takes_the_same_way_up_to_the_mail_thread(self):
        """The mail waits in the queue for both, here because no file can be written; one of them is a decoy."""
        person, unknown, aside = self.person().sign_up(), new_address(), self.server.outbox + ".aside"

        def queued(address):
            return self.server.sql("SELECT COUNT(*) FROM mail_queue WHERE recipient = ?", address)[0][0]

        os.rename(self.server.outbox, aside)
        with open(self.server.outbox, "wb"):
            pass
        try:
            for address in (person.email, unknown):
                expect(self.person().post("/password-reset", {"email": address}), 202)
            self.assertEqual([queued(address) for address in (person.email, unknown)], [1, 1])
        finally:
            os.unlink(self.server.outbox)
            os.rename(aside, self.server.outbox)
        self.server.mail_after(person.email, 1, 30)
        deadline = time.monotonic() + 30
        while queued(unknown):
            self.assertLess(time.monotonic(), deadline, "the decoy stays")
            time.sleep(0.05)
        self.assertEqual(self.server.mails(unknown), [])

    def test_a_weak_password_keeps_the_code(self):
        person = self.person().sign_up()
        code = self.ask(person)
        for password in ("short", "password123456789", "a" * 30, PASSWORD * 42):
            expect(self.complete(person, code, password), 422, "weak_password", password[:20])
        expect(self.complete(person, code), 200)

    def test_wrong_tries_do_not_void_the_code(self):
        person = self.person().sign_up()
        code = self.ask(person)
        for n in range(12):
            expect(self.complete(person, f"0000-0000-00{n:02d}"), 422, "invalid_code")
        expect(self.complete(person, code), 200)

    def test_whose_code(self):
        one, two = self.person().sign_up(), self.person().sign_up()
        first = self.ask(one)
        second = self.ask(one)
        expect(self.complete(one, first), 422, "invalid_code", "an older code")
        expect(self.complete(two, second), 422, "invalid_code", "somebody else's code")
        signup = self.person()
        _, signup_code = signup.begin_sign_up()
        expect(self.complete(one, signup_code), 422, "invalid_code", "a code of another purpose")
        expect(self.complete(one, second, address=one.email.upper()), 200)

    def test_a_code_lives_ten_minutes(self):
        for seconds, status in ((590, 200), (601, 422)):
            person = self.person().sign_up()
            code = self.ask(person)
            self.server.forward(seconds)
            expect(self.complete(person, code), status, about=f"after {seconds} s")

    def test_frees_who_guessed_too_often(self):
        person = self.person().sign_up()
        browser = person.elsewhere()
        for _ in range(20):  # until the wait is longer than a test takes
            if int(browser.first_step(password=WRONG_PASSWORD).header("Retry-After", "0")) > 3:
                break
            self.server.forward(3)
        expect(browser.first_step(), 429, "too_many_attempts")
        expect(self.complete(person, self.ask(person)), 200)
        expect(browser.first_step(password=OTHER_PASSWORD), 200)

    def test_twenty_at_once_set_one_password(self):
        person = self.person().sign_up()
        code = self.ask(person)
        passwords = [f"{OTHER_PASSWORD} {n:02d} plum" for n in range(20)]
        replies = at_once([lambda p=p: self.complete(person, code, p) for p in passwords])
        self.once(replies, "200", {"422 invalid_code"})
        winner = [r.status for r in replies].index(200)
        expect(person.elsewhere().first_step(password=passwords[winner]), 200)
        expect(person.elsewhere().first_step(password=passwords[winner - 1]), 401)

    def test_clears_wrong_second_steps_once_a_day_at_most(self):
        person = self.person().with_two_step()

        def hold():
            login = person.elsewhere().half_way()
            for _ in range(5):
                expect(person.elsewhere().second_step(login, person.wrong_code()), 401, "invalid_code")
            expect(person.elsewhere().second_step(person.elsewhere().half_way(), person.wrong_code()), 429)

        hold()
        expect(self.complete(person, self.ask(person)), 200)
        person.account.password = OTHER_PASSWORD
        expect(person.elsewhere().second_step(person.elsewhere().half_way()), 200, about="after the first reset")
        hold()
        expect(self.complete(person, self.ask(person), THIRD_PASSWORD), 200)
        person.account.password = THIRD_PASSWORD
        expect(person.elsewhere().second_step(person.elsewhere().half_way()), 429, "too_many_attempts",
               "after the second within a day: a mailbox alone buys no guesses")


if __name__ == "__main__":
    unittest.main()
