"""Signing up: tries with their own code and password, alike for an address that has an account."""
import re
import unittest

from harness import (OTHER_PASSWORD, PASSWORD, DoorTest, at_once, decomposed, expect, has_code, mail_code, mail_text, new_address,
                     token_of)

WRONG = "0000-0000-0000"


class SignUp(DoorTest):
    def verify(self, person, signup, code, **more):
        return person.post("/signup/verify", {"signup": signup, "code": code, **more})

    def test_signs_up_with_the_mailed_code_and_is_signed_in(self):
        kim = self.person(name="김소라")
        reply, mail = kim.mailed(kim.try_sign_up)
        answer = expect(reply, 202)
        self.assertEqual(answer["status"], "verification_sent")
        self.assertIsNone(reply.cookie("twostep"), "signed in before the code")
        self.assertNotIn(answer["signup"], mail.as_string(), "the mail carries the signup value")
        code = mail_code(mail)
        self.assertRegex(code, r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")
        reply = self.verify(kim, answer["signup"], code)
        session = expect(reply, 201)["session"]
        self.assertEqual(reply.json["status"], "signed_in")
        self.assertNotIn("token", reply.json)
        self.assertEqual((session["account"]["email"], session["account"]["name"]), (kim.email, "김소라"))
        self.assertEqual(session["methods"], ["pwd"])
        self.assertIsNone(session["second_step_at"])
        self.assertIs(session["restricted"], False)
        self.assertEqual(expect(kim.get("/session"), 200)["id"], session["id"])

    def test_typed_codes_are_read_loosely(self):
        spellings = (
            ("lower case", str.lower),
            ("without hyphens", lambda c: c.replace("-", "")),
            ("with spaces", lambda c: " " + c.replace("-", " ") + " "),
            ("O for 0, I for 1", lambda c: c.replace("0", "O").replace("1", "I")),
            ("o for 0, l for 1", lambda c: c.replace("0", "o").replace("1", "l")),
        )
        for name, spell in spellings:
            with self.subTest(name):
                person = self.person()
                signup, code = person.begin_sign_up()
                expect(self.verify(person, signup, spell(code)), 201, about=name)

    def test_bearer_gets_a_token_and_no_cookie(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        reply = self.verify(person, signup, code, transport="bearer")
        answer = expect(reply, 201)
        token = token_of(answer)
        self.assertTrue(token)
        self.assertEqual(reply.all("Set-Cookie"), [])
        person.bearer = token
        expect(person.get("/session"), 200)

    def test_the_session_cookie_has_its_attributes(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        cookie = self.verify(person, signup, code).cookie("twostep")
        self.assertIn("httponly", cookie)
        self.assertEqual(cookie["samesite"].lower(), "lax")
        self.assertEqual(cookie["path"], "/")
        self.assertNotIn("domain", cookie)
        self.assertNotIn("secure", cookie)

    def test_an_address_with_an_account_gets_the_same_answer_and_a_mail_that_says_so(self):
        owner = self.person().sign_up()
        known, unknown = owner.elsewhere(), self.person()
        reply, mail = known.mailed(lambda: known.try_sign_up(password=OTHER_PASSWORD))
        other = unknown.try_sign_up()
        self.assertEqual(reply.status, 202)
        self.assertEqual(set(reply.json), set(other.json))
        self.assertEqual(reply.json["status"], other.json["status"])
        self.assertEqual(len(reply.json["signup"]), len(other.json["signup"]))
        self.assertEqual([k for k, _ in reply.headers], [k for k, _ in other.headers])
        self.assertFalse(has_code(mail), mail_text(mail))
        for code in (WRONG, WRONG, WRONG, WRONG, WRONG, WRONG):
            expect(self.verify(known, reply.json["signup"], code), 422, "invalid_code")
        before = len(owner.mails())
        expect(known.post("/signup/resend", {"signup": reply.json["signup"]}), 202)
        for mail in owner.mails()[before:]:
            self.assertFalse(has_code(mail))
        expect(known.first_step(password=OTHER_PASSWORD), 401, "invalid_credentials")
        expect(known.first_step(), 200)

    def test_addresses_are_one_without_case_and_blanks(self):
        person = self.person()
        typed = f"  {person.email.upper()} "
        reply, mail = person.mailed(lambda: person.post(
            "/signup", {"email": typed, "name": "Kim", "password": PASSWORD}))
        session = expect(self.verify(person, expect(reply, 202)["signup"], mail_code(mail)), 201)["session"]
        self.assertEqual(session["account"]["email"], person.email)
        expect(person.elsewhere().post("/login", {"email": typed, "password": PASSWORD}), 200)

    def test_each_try_has_its_own_password(self):
        for name, first in (("the earlier try is verified", True), ("the later try is verified", False)):
            with self.subTest(name):
                person = self.person()
                tries = [(*person.begin_sign_up(password=p), p) for p in (PASSWORD, OTHER_PASSWORD)]
                chosen, other = tries if first else tries[::-1]
                expect(self.verify(person.elsewhere(), other[0], chosen[1]), 422, "invalid_code", "the other try's code")
                expect(self.verify(person, chosen[0], chosen[1]), 201, about=name)
                expect(self.verify(person.elsewhere(), other[0], other[1]), 422, "invalid_code", "the other try has ended")
                expect(person.elsewhere().first_step(password=chosen[2]), 200)
                expect(person.elsewhere().first_step(password=other[2]), 401, "invalid_credentials")

    def test_two_tries_verified_together_make_one_account(self):
        person = self.person()
        tries = [person.begin_sign_up(password=p) for p in (PASSWORD, OTHER_PASSWORD)]
        replies = at_once([lambda t=t: self.verify(person.elsewhere(), *t) for t in tries])
        self.once(replies, "201", {"422 invalid_code"})
        winner = [r.status for r in replies].index(201)
        for n, password in enumerate((PASSWORD, OTHER_PASSWORD)):
            expect(person.elsewhere().first_step(password=password), 200 if n == winner else 401)

    def test_twenty_at_once_with_one_code_make_one_account_and_one_session(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        replies = at_once([lambda: self.verify(person.elsewhere(), signup, code)] * 20)
        self.once(replies, "201", {"422 invalid_code"})
        expect(person.first_step(), 200)
        self.assertEqual(len(expect(person.get("/sessions"), 200)["sessions"]), 2)

    def test_a_code_serves_once(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        expect(self.verify(person, signup, code), 201)
        expect(self.verify(person.elsewhere(), signup, code), 422, "invalid_code")

    def test_five_wrong_codes_void_the_code_and_resend_mails_another(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        for n in range(5):
            expect(self.verify(person, signup, WRONG), 422, "invalid_code", f"wrong code {n + 1}")
        expect(self.verify(person, signup, code), 422, "invalid_code", "the right code after five wrong ones")
        reply, mail = person.mailed(lambda: person.post("/signup/resend", {"signup": signup}))
        expect(reply, 202)
        expect(self.verify(person, signup, mail_code(mail)), 201, about="the code sent again")

    def test_four_wrong_codes_do_not(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        for _ in range(4):
            expect(self.verify(person, signup, WRONG), 422, "invalid_code")
        expect(self.verify(person, signup, code), 201)

    def test_a_resent_code_voids_the_earlier_one_of_its_try_alone(self):
        person = self.person()
        other = person.begin_sign_up(password=OTHER_PASSWORD)
        signup, old = person.begin_sign_up()
        _, mail = person.mailed(lambda: person.post("/signup/resend", {"signup": signup}))
        self.assertNotEqual(mail_code(mail), old)
        expect(self.verify(person, signup, old), 422, "invalid_code", "the earlier code")
        expect(self.verify(person, *other), 201, about="the code of another try")

    def test_resend_answers_alike_whatever_it_is_given(self):
        person = self.person()
        signup, _ = person.begin_sign_up()
        right = person.post("/signup/resend", {"signup": signup})
        for value in ("A" * len(signup), "x", signup[:-1], signup + "A"):
            reply = person.post("/signup/resend", {"signup": value})
            self.assertEqual((reply.status, reply.body), (right.status, right.body), value)
        self.assertEqual(right.status, 202)

    def test_a_code_lives_ten_minutes(self):
        for seconds, status in ((590, 201), (601, 422)):
            person = self.person()
            signup, code = person.begin_sign_up()
            self.server.forward(seconds)
            expect(self.verify(person, signup, code), status, about=f"after {seconds} s")

    def test_what_may_not_be(self):
        good = {"name": "Kim Sora", "password": PASSWORD}
        cases = (
            ("no at", {"email": "kim.example.com"}, "invalid_email"),
            ("two ats", {"email": "kim@lee@example.com"}, "invalid_email"),
            ("no local part", {"email": "@example.com"}, "invalid_email"),
            ("no domain", {"email": "kim@"}, "invalid_email"),
            ("a blank inside", {"email": "ki m@example.com"}, "invalid_email"),
            ("a line end", {"email": "kim@example.com\r\nBcc: lee@example.com"}, "invalid_email"),
            ("not ASCII", {"email": "김@example.com"}, "invalid_email"),
            ("255 bytes", {"email": "k" * 63 + "@" + ("d" * 60 + ".") * 3 + "e" * 8}, "invalid_email"),
            ("two addresses", {"email": "kim@example.com, lee@example.com"}, "invalid_email"),
            ("no name", {"name": ""}, "invalid_name"),
            ("a blank name", {"name": "   "}, "invalid_name"),
            ("nothing that shows", {"name": "\u200b\u2060"}, "invalid_name"),
            ("101 characters", {"name": "가" * 101}, "invalid_name"),
            ("a scheme", {"name": "see http://evil"}, "invalid_name"),
            ("www.", {"name": "www.evil"}, "invalid_name"),
            ("a slash", {"name": "a/b"}, "invalid_name"),
            ("a backslash", {"name": "a\\b"}, "invalid_name"),
            ("an at", {"name": "a@b"}, "invalid_name"),
            ("a line end", {"name": "a\r\nb"}, "invalid_name"),
            ("DEL", {"name": "a\x7fb"}, "invalid_name"),
            ("a C1 control", {"name": "a\u0085b"}, "invalid_name"),
            ("a noncharacter", {"name": "Kim \ufdd0"}, "invalid_name"),
            ("a noncharacter of a later plane", {"name": "Kim \U0001ffff"}, "invalid_name"),
            ("reserved for what cannot be seen", {"name": "Kim \U000e0fff"}, "invalid_name"),
            ("14 characters", {"password": "Vq7-kettle.Dru"}, "weak_password"),
            ("one character", {"password": "가" * 30}, "weak_password"),
            ("a keyboard walk", {"password": "qwertyuiopasdfghjkl"}, "weak_password"),
            ("too long to hash", {"password": PASSWORD * 42}, "weak_password"),
            ("the product's name", {"password": "twostep-twostep-twostep"}, "weak_password"),
        )
        for name, wrong, code in cases:
            with self.subTest(name):
                address = new_address()
                body = {"email": address, **good, **wrong}
                reply = self.person().post("/signup", body)
                expect(reply, 422, code, name)
                self.assertEqual(self.server.mails(address), [], name)

    def test_what_may_be(self):
        cases = (
            ("100 characters", {"name": "가" * 100}),
            ("an apostrophe and a hyphen", {"name": "Anne-Marie O'Brien"}),
            ("an emoji", {"name": "Kim 🌱"}),
            ("an emoji of Unicode 15", {"name": "Kim \U0001fae8"}),
            ("letters of Unicode 15 alone", {"name": "\U00031350\U00031351"}),
            ("letters of no Unicode yet alone", {"name": "\U0003fff0"}),
            ("markup, which is only text", {"name": "<b>Kim</b>".replace("/", "")}),
            ("15 characters", {"password": "Vq7-kettle.Drum"}),
            ("Korean words", {"password": "보랏빛 주전자 북소리 궤도 여섯"}),
            ("a plus in the address", {"email": "kim+" + new_address()}),
            ("254 bytes", {"email": "k" * 63 + "@" + ("d" * 60 + ".") * 3 + "e" * 7}),
        )
        for name, more in cases:
            with self.subTest(name):
                body = {"email": new_address(), "name": "Kim", "password": PASSWORD, **more}
                expect(self.person().post("/signup", body), 202, about=name)

    def test_passwords_made_of_name_or_address_are_weak(self):
        cases = (
            ("own address", {"email": "bartholomew@example.com", "password": "bartholomew@example.com"}),
            ("own address in other case", {"email": "bartholomew@example.com", "password": "Bartholomew@Example.COM"}),
            ("own address with short words", {"email": "kim@example.com", "password": "kim@example.com"}),
            ("own address and a digit", {"email": "kim@example.com", "password": "kim@example.com1"}),
            ("own name of short words", {"name": "Li Wei Bo An Xu", "password": "li wei bo an xu"}),
            ("own name", {"name": "Wilhelmina Featherstone", "password": "wilhelmina featherstone1"}),
            ("own name that came decomposed", {"name": decomposed("남궁민수영희"), "password": "남궁민수영희 123456789"}),
            ("decomposed in both", {"name": decomposed("남궁민수영희"), "password": decomposed("남궁민수영희 123456789")}),
            ("own name in other case", {"name": "Bartholomäus Öztürk", "password": "BARTHOLOMÄUS ÖZTÜRK1"}),
            ("decomposed and in other case", {"name": decomposed("Bartholomäus Öztürk"), "password": "bartholomäus öztürk1"}),
        )
        for name, more in cases:
            with self.subTest(name):
                body = {"email": new_address(), "name": "Kim", "password": PASSWORD, **more}
                expect(self.person().post("/signup", body), 422, "weak_password", name)

    def test_opening_the_mailed_link_changes_nothing(self):
        person = self.person()
        reply, mail = person.mailed(person.try_sign_up)
        links = re.findall(re.escape(self.server.origin) + r"/\S+", mail_text(mail))
        self.assertEqual(len(links), 1, mail_text(mail))
        stranger = self.person()
        for _ in range(2):
            opened = stranger.request("GET", links[0][len(self.server.origin):], headers={"Accept": "text/html"})
            self.assertLess(opened.status, 400)
        expect(stranger.get("/session"), 401, "not_signed_in")
        expect(person.elsewhere().first_step(), 401, "invalid_credentials")
        expect(self.verify(person, reply.json["signup"], mail_code(mail)), 201)


class SignUpByInvitation(DoorTest):
    SERVER = {"args": ["--signup", "invitation"]}

    def test_is_closed_to_others(self):
        person = self.person()
        expect(person.try_sign_up(), 403, "signup_closed")
        self.assertEqual(person.mails(), [])


class SignUpOfADomain(DoorTest):
    SERVER = {"env": {"TWOSTEP_SIGNUP": "domain:example.com,Example.org"}}

    def test_is_open_to_these_domains_alone(self):
        cases = (("a@example.com", 202), ("b@EXAMPLE.org", 202), ("c@sub.example.com", 403), ("d@badexample.com", 403),
                 ("e@example.com.evil.net", 403))
        for address, status in cases:
            with self.subTest(address):
                reply = self.person().post("/signup", {"email": address, "name": "Kim", "password": PASSWORD})
                expect(reply, status, "signup_closed" if status == 403 else None, address)


if __name__ == "__main__":
    unittest.main()
