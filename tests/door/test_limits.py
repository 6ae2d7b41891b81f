"""How many mails an address gets, and what one network may do; whom a request comes from."""
import re
import time
import unittest

from harness import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, DoorTest, Wire, at_once, expect, mail_code, new_address, statuses

HOUR, DAY = 3600, 24 * 3600


class MailsToAnAddress(DoorTest):
    """Five an hour and ten a day for one purpose; afterwards the same answer, no mail, and the last code lives on."""

    def shot(self, person, send, mails):
        """Sends once: the number of mails that came of it is this."""
        before = len(person.mails())
        reply = send()
        if mails:
            self.server.mail_after(person.email, before)
        else:
            self.server.no_mail_after(person.email, before, 0.3)
        return reply

    def test_password_reset(self):
        person = self.person().sign_up()

        def ask():
            return person.elsewhere().post("/password-reset", {"email": person.email})

        first = self.shot(person, ask, 1)
        for _ in range(4):
            self.shot(person, ask, 1)
        sixth = self.shot(person, ask, 0)
        self.assertEqual((first.status, first.body), (sixth.status, sixth.body))
        body = {"email": person.email, "code": mail_code(person.mails()[-1]), "password": OTHER_PASSWORD}
        expect(person.elsewhere().post("/password-reset/complete", body), 200, about="the last code lives on")
        self.server.forward(HOUR + 1)
        before = len(person.mails())
        for _ in range(5):
            self.shot(person, ask, 1)
        self.server.forward(HOUR + 1)
        self.shot(person, ask, 0)  # ten a day
        self.assertEqual(len(person.mails()), before + 5)
        self.server.forward(DAY)
        self.shot(person, ask, 1)

    def test_sign_up_again_and_resend_share_one_count(self):
        person = self.person()
        signup, _ = person.begin_sign_up()
        for _ in range(2):
            self.shot(person, lambda: person.post("/signup/resend", {"signup": signup}), 1)
        for _ in range(2):
            self.shot(person, person.try_sign_up, 1)
        code = mail_code(person.mails()[2])
        sixth = self.shot(person, person.try_sign_up, 0)
        expect(sixth, 202)
        expect(self.shot(person, lambda: person.post("/signup/resend", {"signup": signup}), 0), 202)
        expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201, about="the last code of its try lives on")

    def test_an_address_with_an_account_is_spared_alike(self):
        person = self.person().sign_up()  # one mail
        stranger = person.elsewhere()
        for _ in range(4):
            self.shot(person, stranger.try_sign_up, 1)
        expect(self.shot(person, stranger.try_sign_up, 0), 202)

    def test_set_up_says_so_and_the_earlier_try_stands(self):
        person = self.person().sign_up()
        for _ in range(5):
            code = person.begin_setup()
        refused = self.shot(person, lambda: person.post("/account/two-step/setup"), 0)
        expect(refused, 429, "too_many_attempts")
        self.assertEqual(person.two_step()["setup"]["state"], "email_sent")
        expect(person.post("/account/two-step/setup/email", {"code": code}), 200)
        expect(person.post("/account/two-step/setup"), 429, "too_many_attempts")
        self.assertEqual(person.two_step()["setup"]["state"], "email_confirmed")

    def test_one_purpose_does_not_count_for_another(self):
        person = self.person().sign_up()
        for _ in range(5):
            self.shot(person, lambda: person.elsewhere().post("/password-reset", {"email": person.email}), 1)
        self.shot(person, lambda: person.post("/account/two-step/setup"), 1)

    def test_twenty_at_once_send_five(self):
        person = self.person().sign_up()
        before = len(person.mails())
        replies = at_once([lambda: person.elsewhere().post("/password-reset", {"email": person.email})] * 20)
        self.assertEqual(statuses(replies), {"202": 20})
        self.server.mail_after(person.email, before + 4)
        self.server.no_mail_after(person.email, before + 5)

    def test_the_count_survives_a_restart(self):
        person = self.person().sign_up()
        for _ in range(5):
            self.shot(person, lambda: person.elsewhere().post("/password-reset", {"email": person.email}), 1)
        self.server.restart()
        self.shot(person, lambda: person.elsewhere().post("/password-reset", {"email": person.email}), 0)


class NoProxy(DoorTest):
    def test_what_a_visitor_says_about_itself_is_not_believed(self):
        person = self.person().sign_up()
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9",
                   "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        reply = person.post("/login", {"email": person.email, "password": PASSWORD}, headers=headers)
        expect(reply, 200)
        self.assertIsNotNone(reply.cookie("twostep"))
        current = [s for s in expect(person.get("/sessions"), 200)["sessions"] if s["current"]]
        self.assertEqual(current[0]["address"], "127.0.0.1")

    def test_it_does_not_get_more_tries_by_lying(self):
        person = self.person().sign_up()
        answers = []
        for n in range(9):
            stranger = person.elsewhere(address=f"203.0.113.{n}")
            answers.append(stranger.first_step(password=WRONG_PASSWORD).status)
        self.assertIn(429, answers)

    def test_a_mail_has_the_links_of_the_public_url(self):
        person = self.person()
        for name in ("Host", "X-Forwarded-Host"):
            _, mail = person.mailed(lambda n=name: person.post(
                "/signup", {"email": person.email, "name": "Kim", "password": PASSWORD},
                headers={n: "evil.example"}))
            self.assertNotIn("evil.example", mail.as_string(), name)


class ThroughAProxy(DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}
    _networks = 0

    def network(self):
        """An address of a network that nobody here comes from."""
        ThroughAProxy._networks += 1
        return f"198.51.{100 + self._networks // 250}.{self._networks % 250 + 1}"

    def test_the_visitor_is_the_right_most_address_that_is_not_trusted(self):
        person = self.person(address=self.network()).sign_up()
        cases = (
            ("203.0.113.1", "203.0.113.1"),
            ("203.0.113.2, 127.0.0.9", "203.0.113.2"),
            ("10.9.9.9, 203.0.113.3", "203.0.113.3"),
            ("203.0.113.200, 203.0.113.4, 127.0.0.1, 127.8.8.8", "203.0.113.4"),
            ("unknown, 203.0.113.5", "203.0.113.5"),
            ("2001:db8::7", "2001:db8::7"),
            ("  203.0.113.8  ", "203.0.113.8"),
        )
        for sent, wanted in cases:
            with self.subTest(sent):
                browser = person.elsewhere(address=sent)
                expect(browser.first_step(), 200)
                current = [s for s in expect(browser.get("/sessions"), 200)["sessions"] if s["current"]]
                self.assertEqual(current[0]["address"], wanted, sent)
        with self.subTest("two lines are one list"), Wire(self.server) as wire:
            browser = person.elsewhere(address="203.0.113.10")
            request = browser.prepare("POST", "/api/v1/login", {"email": person.email, "password": PASSWORD})
            wire.send(request.replace(b"X-Forwarded-For: 203.0.113.10", b"X-Forwarded-For: 203.0.113.10\r\nX-Forwarded-For: 203.0.113.11"))
            browser.keep(wire.reply())
            current = [s for s in expect(browser.get("/sessions"), 200)["sessions"] if s["current"]]
            self.assertEqual(current[0]["address"], "203.0.113.11")

    def test_what_is_no_address_never_counts_as_one(self):
        person = self.person(address=self.network()).sign_up()
        for sent in ("", "x", "203.0.113.9:99999", "999.1.1.1", "203.0.113.9, ", ",", "<script>", "a" * 3000, "0x7f.1",
                     "203.0.113.9, evil"):
            with self.subTest(sent[:30]):
                browser = person.elsewhere()
                reply = browser.post("/login", {"email": person.email, "password": PASSWORD}, headers={"X-Forwarded-For": sent})
                expect(reply, (200, 400), about=sent[:30])
                if reply.status == 200:
                    current = [s for s in expect(browser.get("/sessions"), 200)["sessions"] if s["current"]]
                    self.assertRegex(current[0]["address"], r"^(127\.0\.0\.1|203\.0\.113\.9)$", sent[:30])

    def test_a_stranger_elsewhere_does_not_keep_the_owner_out(self):
        person = self.person(address=self.network()).sign_up()
        thief = person.elsewhere(address=self.network())
        answers = [thief.first_step(password=WRONG_PASSWORD).status for _ in range(9)]
        self.assertIn(429, answers)
        expect(person.elsewhere(address=self.network()).first_step(), 200, about="from a third network")

    def test_networks_are_counted_as_32_and_64_bits(self):
        cases = (
            ("the same /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
            ("the next /64", "2001:db8:0:3::1", "2001:db8:0:4::1", False),
            ("the next IPv4 address", "203.0.113.130", "203.0.113.131", False),
        )
        for name, first, second, shared in cases:
            with self.subTest(name):
                person = self.person(address=self.network()).sign_up()
                waits = []
                for _ in range(20):  # until the wait is longer than a test takes
                    reply = person.elsewhere(address=first).first_step(password=WRONG_PASSWORD)
                    waits.append(int(reply.header("Retry-After", "0")))
                    if waits[-1] > 3:
                        break
                    self.server.forward(3)
                expect(person.elsewhere(address=second).first_step(), 429 if shared else 200, about=name)

    def test_wrong_second_steps_count_whichever_network_they_come_from(self):
        person = self.person(address=self.network()).with_two_step()
        for n in range(5):
            browser = person.elsewhere(address=self.network())
            expect(browser.second_step(browser.half_way(), browser.wrong_code()), 401, "invalid_code", f"wrong code {n + 1}")
        browser = person.elsewhere(address=self.network())
        expect(browser.second_step(browser.half_way(), browser.wrong_code()), 429, "too_many_attempts")

    def test_a_network_causes_three_mails_an_hour_to_an_address_and_leaves_two_to_others(self):
        person = self.person(address=self.network()).sign_up()
        first, second, third = self.network(), self.network(), self.network()
        for address, mails in ((first, 1), (first, 1), (first, 1), (first, 0), (second, 1), (second, 1), (second, 0), (third, 0)):
            before = len(person.mails())
            browser = person.elsewhere(address=address)
            expect(browser.post("/password-reset", {"email": person.email}), 202)
            if mails:
                self.server.mail_after(person.email, before)
            else:
                self.server.no_mail_after(person.email, before, 0.3)

    def test_the_owners_browser_gets_a_mail_when_strangers_have_used_up_the_address(self):
        person = self.person(address=self.network()).sign_up()
        for _ in range(3):
            stranger = self.network()
            for _ in range(3):
                expect(person.elsewhere(address=stranger).post("/password-reset", {"email": person.email}), 202)
        self.server.no_mail_after(person.email, 6)  # sign-up, and five
        person.sign_out()
        self.assertIn("twostep-known", person.cookies)
        person.mailed(lambda: person.post("/password-reset", {"email": person.email}))

    def test_a_flood_from_one_network_leaves_room_for_others(self):
        person = self.person(address=self.network()).sign_up()
        flood = self.network()

        def wrong():
            return self.person(address=flood).post("/login", {"email": new_address(), "password": WRONG_PASSWORD})

        def owner():
            time.sleep(0.3)
            return person.elsewhere(address=self.network()).first_step()

        *flooded, mine = at_once([wrong] * 90 + [owner])
        expect(mine, 200)
        found = statuses(flooded)
        self.assertLessEqual(set(found), {"401 invalid_credentials", "503 busy", "429 too_many_attempts"}, found)
        self.assertGreater(found.get("503 busy", 0), 0, found)
        refused = re.findall(r"request_refused .*", self.server.log())
        self.assertEqual(len(refused), found["503 busy"])
        for line in refused:
            self.assertRegex(line, f"^request_refused id=\\S+ method=POST path=/api/v1/login status=503 error=BUSY address={flood}$")

    def test_a_network_has_a_hundred_wrong_passwords_an_hour(self):
        person = self.person(address=self.network()).sign_up()
        address = self.network()

        def wrong():
            return self.person(address=address).post("/login", {"email": new_address(), "password": WRONG_PASSWORD})

        replies = [reply for _ in range(13) for reply in at_once([wrong] * 8)]
        self.assertEqual(statuses(replies), {"401 invalid_credentials": 100, "429 too_many_attempts": 4})
        expect(person.elsewhere(address=address).first_step(), 429, "too_many_attempts", "a stranger's browser there")
        person.address = address
        expect(person.first_step(), 200, about="a known browser there")
        expect(person.elsewhere(address=self.network()).first_step(), 200, about="another network")

    def test_a_password_that_was_changed_while_it_was_looked_at_is_no_wrong_guess(self):
        """Of several changes at once one is made. The others are refused; counted are those that met the new password alone."""
        person = self.person(address=self.network()).sign_up()
        for turn in range(5):
            client = person.elsewhere(address=self.network()).sign_in("bearer")
            changes = [{"current_password": person.password, "new_password": f"{PASSWORD} {turn} {n} plum"} for n in range(4)]
            replies = at_once([lambda c=c: client.post("/account/password", c) for c in changes])
            self.once(replies, "200", {"403 invalid_password", "429 too_many_attempts"})
            person.account.password = next(c["new_password"] for c, r in zip(changes, replies) if r.status == 200)
            wrong = sum("sign_in_failed" in line and client.address in line for line in self.server.log().splitlines())
            network = bytes([4, *map(int, client.address.split(".")), 0, 0, 0, 0])
            counted = self.server.sql("SELECT COALESCE(SUM(count), 0) FROM failure WHERE kind = 3 AND network = ?", network)
            self.assertEqual(counted, [(wrong,)], statuses(replies))

    def test_a_network_has_a_hundred_wrong_reset_codes_an_hour(self):
        person = self.person(address=self.network()).sign_up()
        address = self.network()

        def guess(n, where=address):
            body = {"email": person.email, "code": f"0000-0000-0{n:03d}", "password": OTHER_PASSWORD}
            return person.elsewhere(address=where).post("/password-reset/complete", body)

        answers = statuses([reply for k in range(13) for reply in at_once([lambda n=8 * k + m: guess(n) for m in range(8)])])
        self.assertEqual(answers, {"422 invalid_code": 100, "429 too_many_attempts": 4})
        expect(guess(999, self.network()), 422, "invalid_code", "another network")


if __name__ == "__main__":
    unittest.main()
