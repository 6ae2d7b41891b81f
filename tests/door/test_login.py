"""The password step, the session that it opens, signing out."""
import statistics
import time
import unicodedata
import unittest

from harness import (OTHER_PASSWORD, PASSWORD, UTC_SECOND, WRONG_PASSWORD, DoorTest, Person, at_once, expect, mail_code,
                     new_address, statuses, token_of)


class Login(DoorTest):
    def test_opens_a_session(self):
        person = self.person().sign_up()
        browser = person.elsewhere()
        expect(browser.get("/session"), 401, "not_signed_in")
        reply = browser.first_step()
        answer = expect(reply, 200)
        self.assertEqual(answer["status"], "signed_in")
        self.assertNotIn("token", answer)
        session = expect(browser.get("/session"), 200)
        for name in ("id", "account", "methods", "signed_in_at", "confirmed_at", "second_step_at", "restricted", "remembered",
                     "expires_at"):
            self.assertIn(name, session)
        self.assertEqual(session["account"], {**session["account"], "email": person.email, "name": person.account.name,
                                              "locale": "en"})
        for name in ("signed_in_at", "confirmed_at", "expires_at"):
            self.assertRegex(session[name], UTC_SECOND)
        self.assertEqual((session["methods"], session["restricted"], session["remembered"]), (["pwd"], False, False))

    def test_signing_out_ends_the_session_on_the_server_too(self):
        person = self.person().sign_up()
        cookies = dict(person.cookies)
        person.sign_out()
        self.assertNotIn("twostep", person.cookies)
        person.cookies = cookies
        expect(person.get("/session"), 401, "not_signed_in")
        expect(person.delete("/session"), 401, "not_signed_in")

    def test_each_sign_in_has_a_token_of_its_own(self):
        person = self.person().sign_up()
        browsers = [person.elsewhere().sign_in() for _ in range(3)]
        tokens = {b.cookies["twostep"] for b in browsers} | {person.cookies["twostep"]}
        self.assertEqual(len(tokens), 4)

    def test_refuses_unknown_and_wrong_in_the_same_words(self):
        person = self.person().sign_up()
        cases = (
            ("wrong password", person.email, WRONG_PASSWORD),
            ("unknown address", new_address(), WRONG_PASSWORD),
            ("unknown address, another's password", new_address(), PASSWORD),
            ("a prefix of the password", person.email, PASSWORD[:-1]),
            ("one character more", person.email, PASSWORD + "x"),
            ("another case", person.email, PASSWORD.upper()),
        )
        answers = set()
        for name, address, password in cases:
            reply = self.person().post("/login", {"email": address, "password": password})
            expect(reply, 401, "invalid_credentials", name)
            answers.add((reply.status, reply.body, tuple(k for k, _ in reply.headers)))
        self.assertEqual(len(answers), 1, answers)

    def test_refuses_unknown_and_wrong_in_the_same_time(self):
        people = [self.person().sign_up() for _ in range(3)]

        def seconds(address):
            start = time.monotonic()
            expect(self.person().post("/login", {"email": address, "password": WRONG_PASSWORD}), 401)
            return time.monotonic() - start

        pairs = [(seconds(person.email), seconds(new_address())) for _ in range(4) for person in people]
        wrong, unknown = (statistics.median(side) for side in zip(*pairs))
        self.assertGreater(unknown, wrong / 2, f"unknown {unknown:.3f} s, wrong {wrong:.3f} s")
        self.assertLess(unknown, wrong * 2, f"unknown {unknown:.3f} s, wrong {wrong:.3f} s")

    def until_refused(self, address, password=WRONG_PASSWORD):
        """Tries until it must wait: how many tries were free, and the refusal. (A wait of one second may pass meanwhile.)"""
        for tries in range(9):
            reply = self.person().post("/login", {"email": address, "password": password})
            if reply.status == 429:
                return tries, expect(reply, 429, "too_many_attempts") and int(reply.header("Retry-After"))
            expect(reply, 401, "invalid_credentials")
        raise AssertionError(f"nine wrong passwords for {address} were free")

    def test_wrong_passwords_are_counted_alike_for_known_and_unknown(self):
        for name, address in (("known", self.person().sign_up().email), ("unknown", new_address())):
            with self.subTest(name):
                tries, wait = self.until_refused(address)
                self.assertIn(tries, (5, 6, 7), name)
                self.assertLessEqual(wait, 2 ** (tries - 5), name)

    def test_the_wait_doubles_and_a_right_password_forgets(self):
        person = self.person().sign_up()
        stranger = person.elsewhere()
        wrong, wait = self.until_refused(person.email)
        while wrong < 10:
            self.server.forward(wait)
            more, wait = self.until_refused(person.email)
            wrong += more
            self.assertIn(wait, (2 ** (wrong - 5) - 2, 2 ** (wrong - 5) - 1, 2 ** (wrong - 5)), f"after {wrong} wrong ones")
        expect(stranger.first_step(), 429, "too_many_attempts", "the right password while waiting")
        self.server.forward(60)
        expect(stranger.first_step(), 200)
        again, _ = self.until_refused(person.email)
        self.assertIn(again, (5, 6, 7), "five are free again")

    def test_twenty_wrong_passwords_at_once_get_five_tries(self):
        person = self.person().sign_up()
        replies = at_once([lambda: person.elsewhere().first_step(password=WRONG_PASSWORD)] * 20)
        found = statuses(replies)
        self.assertEqual(set(found), {"401 invalid_credentials", "429 too_many_attempts"}, found)
        self.assertIn(found["401 invalid_credentials"], (5, 6, 7), found)  # a wait of one second may pass meanwhile

    def test_right_passwords_at_once_each_sign_in_or_are_told_when_to_come_back(self):
        """A try is charged before it is hashed: more at once than are free must wait, and none of them stays counted."""
        person = self.person().sign_up()
        replies = at_once([lambda: person.elsewhere().first_step()] * 5)
        self.assertEqual(statuses(replies), {"200": 5})
        self.assertEqual(len({r.json["session"]["id"] for r in replies}), 5)
        replies = at_once([lambda: person.elsewhere().first_step()] * 20)
        found = statuses(replies)
        self.assertLessEqual(set(found), {"200", "429 too_many_attempts"}, found)
        self.assertGreaterEqual(found["200"], 5)
        for reply in replies:
            if reply.status == 429:
                self.assertLessEqual(int(reply.header("Retry-After")), 2)
        tries, _ = self.until_refused(person.email)
        self.assertIn(tries, (5, 6, 7), "five are free afterwards")

    def test_bearer(self):
        person = self.person().sign_up()
        reply = person.elsewhere().first_step(transport="bearer")
        answer = expect(reply, 200)
        self.assertEqual(reply.all("Set-Cookie"), [])
        token = token_of(answer)
        client = Person(self.server, account=person.account, bearer=token)
        expect(client.get("/session"), 200)
        expect(client.patch("/account", {"name": "Bearer Kim"}), 200)
        expect(client.delete("/session"), 204)
        expect(client.get("/session"), 401, "not_signed_in")

    def test_a_bearer_token_asked_for_before_the_second_step_comes_after_it(self):
        person = self.person().with_two_step()
        reply = person.elsewhere().first_step(transport="bearer")
        self.assertNotIn("token", reply.json)
        done = person.elsewhere().second_step(reply.json["login"])
        answer = expect(done, 200)
        self.assertIsNone(done.cookie("twostep"))
        client = Person(self.server, account=person.account, bearer=token_of(answer))
        expect(client.get("/session"), 200)

    def test_tokens_that_open_nothing(self):
        person = self.person().sign_up()
        token = person.cookies["twostep"]
        cases = ("", "x", token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase(),
                 "A" * len(token), "A" * 500, "%00", token + "%00", "null", "..", '"' + token + '"')
        for value in cases:
            with self.subTest(value):
                client = self.person()
                client.cookies = {"twostep": value}
                expect(client.get("/session"), 401, "not_signed_in", value)
        for header in ("Bearer", "Bearer ", "Bearer x", "Basic " + token, "bearer", "Token " + token, "Bearer " + token + " x"):
            with self.subTest(header):
                client = self.person()
                expect(client.get("/session", headers={"Authorization": header}), 401, "not_signed_in", header)

    def test_a_token_opens_only_the_way_it_was_handed_out(self):
        person = self.person().sign_up()
        cookie = person.cookies["twostep"]
        bearer = token_of(expect(person.elsewhere().first_step(transport="bearer"), 200))
        expect(Person(self.server, bearer=cookie).get("/session"), 401, "not_signed_in", "a cookie's token as a bearer token")
        browser = person.elsewhere()
        browser.cookies = {"twostep": bearer}
        expect(browser.get("/session"), 401, "not_signed_in", "a bearer token as a cookie")

    def test_two_session_cookies_are_not_taken_for_either(self):
        one, two = self.person().sign_up(), self.person().sign_up()
        header = f"twostep={one.cookies['twostep']}; twostep={two.cookies['twostep']}"
        expect(self.person().get("/session", headers={"Cookie": header}), 401, "not_signed_in")

    def test_nfc_and_nfd_are_one_password(self):
        composed = unicodedata.normalize("NFC", "보랏빛 주전자와 북소리 궤도 éàü")
        decomposed = unicodedata.normalize("NFD", composed)
        self.assertNotEqual(composed, decomposed)
        for name, first, second in (("NFC then NFD", composed, decomposed), ("NFD then NFC", decomposed, composed)):
            with self.subTest(name):
                person = self.person(password=first).sign_up()
                for password in (first, second):
                    expect(person.elsewhere().first_step(password=password), 200, about=name)
                expect(person.post("/session/confirm", {"password": second}), 200, about=name)
                expect(person.post("/account/password", {"current_password": second, "new_password": OTHER_PASSWORD}), 200,
                       about=name)

    def test_a_session_ends_after_seven_idle_and_thirty_days(self):
        day = 24 * 3600
        idle = self.person().sign_up()
        self.server.forward(7 * day + 60)
        expect(idle.get("/session"), 401, "not_signed_in", "seven days unused")
        used = self.person().sign_up()
        for n in range(4):
            self.server.forward(6 * day + 23 * 3600)
            expect(used.get("/session"), 200, about=f"used every seven days, {n + 1}")
        self.server.forward(3 * day)
        expect(used.get("/session"), 401, "not_signed_in", "30 days in all")

    def test_of_resets_at_once_with_one_code_one_is_done_and_the_others_name_the_code(self):
        for turn in range(3):
            person = self.person().sign_up()
            _, mail = person.mailed(lambda: person.post("/password-reset", {"email": person.email}))
            bodies = [{"email": person.email, "code": mail_code(mail), "password": f"{OTHER_PASSWORD} {n}"} for n in range(4)]
            replies = at_once([lambda b=b: person.elsewhere().post("/password-reset/complete", b) for b in bodies])
            self.once(replies, "200", {"422 invalid_code", "503 busy"})
            for reply in replies:
                if reply.status == 422:
                    self.assertEqual(reply.json.get("field"), "code", reply)

    def test_a_password_that_a_hundred_failures_hold_opens_for_known_devices_and_after_a_reset(self):
        person = self.person().sign_up()
        stranger = person.elsewhere()
        expect(stranger.first_step(password=WRONG_PASSWORD), 401)
        account = "(SELECT id FROM account WHERE email = ?)"
        self.assertTrue(self.server.sql(f"SELECT * FROM failure WHERE subject = {account}", person.email))
        self.server.sql(f"UPDATE failure SET count = 99, blocked_until = 1 WHERE subject = {account}", person.email)
        expect(stranger.first_step(password=WRONG_PASSWORD), 401, about="the hundredth")
        self.server.forward(3600)
        expect(stranger.first_step(), 429, "too_many_attempts", "a browser that nobody knows")
        expect(person.first_step(), 200, about="the browser that signed up")
        # and again, now by way of the mailbox
        expect(stranger.first_step(password=WRONG_PASSWORD), (401, 429))
        self.server.sql(f"UPDATE failure SET count = 99, blocked_until = 1 WHERE subject = {account}", person.email)
        stranger.first_step(password=WRONG_PASSWORD)
        self.server.forward(3600)
        _, mail = person.mailed(lambda: stranger.post("/password-reset", {"email": person.email}))
        expect(stranger.post("/password-reset/complete", {"email": person.email, "code": mail_code(mail),
                                                          "password": OTHER_PASSWORD}), 200)
        expect(stranger.first_step(password=OTHER_PASSWORD), 200, about="after the reset")


if __name__ == "__main__":
    unittest.main()
