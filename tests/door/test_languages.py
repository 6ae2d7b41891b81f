"""Sentences for people in the language asked for."""
import os
import re
import unittest

from harness import PASSWORD, WRONG_PASSWORD, DoorTest, Wire, expect, mail_code, mail_text, new_address
from test_organization_pages import PagesTest

HANGUL = re.compile("[\uac00-\ud7a3]")


TOO_MUCH = (
    ("a long body", "POST /api/v1/login HTTP/1.1", "Content-Length: 70000\r\n\r\n", 413),
    ("long chunks", "POST /api/v1/login HTTP/1.1", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n10000\r\n", 413),
    ("a coding", "POST /api/v1/login HTTP/1.1", "Transfer-Encoding: gzip\r\n\r\n", 501),
    ("an expectation", "POST /api/v1/login HTTP/1.1", "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", 417),
)


def refused_early(server, line, rest, language=None):
    asked = f"Accept-Language: {language}\r\n" if language else ""
    with Wire(server) as wire:
        return wire.send(f"{line}\r\nHost: localhost\r\n{asked}{rest}".encode()).reply()


class Languages(DoorTest):
    def detail(self, language, who=None):
        headers = {} if language is None else {"Accept-Language": language}
        return expect((who or self.person()).get("/nothing/here", headers=headers), 404, "not_found")["detail"]

    def test_detail_follows_accept_language(self):
        cases = (
            (None, "en"), ("en", "en"), ("ko", "ko"), ("ko-KR", "ko"), ("KO", "ko"), ("en-GB,en;q=0.9", "en"),
            ("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en;q=0.1, ko;q=0.9", "ko"), ("ko;q=0.1, en;q=0.9", "en"), ("ko;q=0, en", "en"),
            ("fr", "en"), ("fr, ko;q=0.5", "ko"), ("*", "en"), ("kok", "en"), ("", "en"), (";;;,,,q=", "en"), ("ko;q=x", None),
            ("x" * 2000, "en"),
        )
        for language, wanted in cases:
            with self.subTest(language):
                detail = self.detail(language)
                if wanted:
                    self.assertEqual(bool(HANGUL.search(detail)), wanted == "ko", f"{language}: {detail}")

    def test_refusals_of_each_kind_exist_in_both(self):
        person = self.person().sign_up()
        for language in ("en", "ko"):
            replies = (
                person.elsewhere().get("/session", headers={"Accept-Language": language}),
                person.elsewhere().post("/login", {"email": new_address(), "password": "x" * 20},
                                        headers={"Accept-Language": language}),
                person.elsewhere().post("/login", {"email": 1, "password": "x"}, headers={"Accept-Language": language}),
                person.elsewhere().post("/signup", {"email": "x", "name": "x", "password": "x"},
                                        headers={"Accept-Language": language}),
                person.elsewhere().post("/signup", {"email": new_address(), "name": "x", "password": "short"},
                                        headers={"Accept-Language": language}),
                person.elsewhere().request("PUT", "/api/v1/login", headers={"Accept-Language": language}),
                person.elsewhere().post("/login", raw=b"{", headers={"Accept-Language": language}),
                person.elsewhere().post("/login", raw=b"{}", headers={"Accept-Language": language, "Content-Type": "text/plain"}),
            )
            for reply in replies:
                self.assertGreaterEqual(reply.status, 400)
                self.assertEqual(bool(HANGUL.search(reply.detail)), language == "ko", reply)
                self.assertNotRegex(reply.detail, r"[{}]", "a placeholder is left")

    def test_what_is_refused_while_it_is_read_is_too(self):
        for name, line, rest, status in TOO_MUCH:
            for language, korean in (("ko", True), ("en", False), (None, False)):
                with self.subTest(f"{name}, {language}"):
                    reply = refused_early(self.server, line, rest, language)
                    self.assertEqual(reply.status, status, reply)
                    self.assertEqual(bool(HANGUL.search(reply.detail)), korean, reply)

    def test_the_language_asked_for_wins_over_the_accounts(self):
        person = self.person().sign_up()
        for locale, language in (("ko", "en"), ("en", "ko")):
            expect(person.patch("/account", {"locale": locale}), 200)
            reply = person.patch("/account", {"name": ""}, headers={"Accept-Language": language})
            self.assertEqual(bool(HANGUL.search(reply.detail)), language == "ko", f"account {locale}, asked for {language}: {reply}")

    def test_who_asks_for_none_of_ours_gets_the_accounts(self):
        person = self.person().sign_up()
        for locale, other in (("ko", "en"), ("en", "ko")):
            expect(person.patch("/account", {"locale": locale}), 200)
            for asked in ("*", "fr", "fr-CH, *;q=0.5", "", f"fr, *;q=0.9, {other};q=0.1"):
                reply = person.patch("/account", {"name": ""}, headers={"Accept-Language": asked})
                self.assertEqual(bool(HANGUL.search(reply.detail)), locale == "ko", f"account {locale}, asked for {asked!r}: {reply}")

    def test_mails_are_in_the_persons_language(self):
        for language in ("en", "ko"):
            with self.subTest(language):
                person = self.person(language=language)
                _, mail = person.mailed(person.try_sign_up)
                self.assertEqual(bool(HANGUL.search(mail_text(mail))), language == "ko")
                self.assertEqual(bool(HANGUL.search(str(mail["subject"]))), language == "ko")


class Korean(unittest.TestCase):
    """One word for one thing: the spelling that was given up, and what is said instead."""
    GIVEN_UP = {"인증번호": "인증 번호", "휴대전화": "휴대폰", "저장된 기기": "기억된 기기", "세션": "로그인, 기기", "(으)로": "주소로"}

    def setUp(self):
        with open(os.path.join(os.path.dirname(__file__), "../../lang/ko.po"), encoding="utf-8") as catalogue:
            self.said = dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', catalogue.read(), re.M))

    def test_says_a_thing_by_one_word(self):
        self.assertEqual([(key, word) for key, text in self.said.items() for word in self.GIVEN_UP if word in text], [])

    def test_labels_of_mailed_codes_are_alike_and_not_that_of_the_apps(self):
        self.assertEqual(self.said["email.code"], self.said["verify.code"])
        self.assertNotEqual(self.said["email.code"], self.said["field.app_code"])


class Browsers(DoorTest):
    AGENTS = (("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
               "Chrome on Linux", "Chrome (Linux)"),
              ("Mozilla/5.0 (Windows NT 10.0)", "Unknown browser on Windows", "알 수 없는 브라우저 (Windows)"),
              ("mine", "Unknown browser", "알 수 없는 브라우저"), ("curl/7.88.1", "curl", "curl"))

    def test_are_named_in_the_readers_language_and_in_one_form_by_the_api(self):
        person = self.person().sign_up()
        for agent, name, korean in self.AGENTS:
            there = person.elsewhere()
            expect(there.post("/login", {"email": person.email, "password": person.password}, headers={"User-Agent": agent}), 200)
            self.assertIn(name, [s["browser"] for s in expect(there.get("/sessions"), 200)["sessions"]])
            for language, words in (("en", name), ("ko", korean)):
                expect(there.patch("/account", {"locale": language}), 200)
                page = there.request("GET", "/account/sessions", headers={"Accept": "text/html"}).text
                self.assertIn(f"<strong>{words}</strong>", page, language)

    def test_are_named_in_the_language_of_a_mail(self):
        agent, name, korean = self.AGENTS[0]
        for language, words in (("en", name), ("ko", korean)):
            person = self.person(language=language).sign_up()
            _, mail = person.mailed(lambda: person.post("/password-reset", {"email": person.email}, headers={"User-Agent": agent}))
            self.assertIn(f": {words}\n", mail_text(mail))

    def test_that_are_remembered_are_named_in_the_readers_language(self):
        person = self.person().with_two_step()
        agent, name, korean = self.AGENTS[0]
        there = person.elsewhere()
        login = expect(there.post("/login", {"email": person.email, "password": person.password}, headers={"User-Agent": agent}), 200)
        expect(there.post("/login/second-step", {"login": login["login"], "method": "totp", "code": person.app_code(),
                                                 "remember_device": True}, headers={"User-Agent": agent}), 200)
        self.assertEqual([d["browser"] for d in there.two_step()["remembered_devices"]], [name])
        for language, words in (("en", name), ("ko", korean)):
            expect(there.patch("/account", {"locale": language}), 200)
            page = there.request("GET", "/account/two-step", headers={"Accept": "text/html"}).text
            self.assertIn(f"<strong>{words}</strong>", page, language)


class KoreanServer(DoorTest):
    SERVER = {"args": ["--locale", "ko"]}

    def test_speaks_korean_where_nobody_asks_otherwise(self):
        for language, korean in ((None, True), ("fr", True), ("en", False)):
            headers = {"Accept-Language": language} if language else {}
            detail = expect(self.person().get("/nothing", headers=headers), 404)["detail"]
            self.assertEqual(bool(HANGUL.search(detail)), korean, language)

    def test_speaks_korean_to_who_was_not_understood(self):
        for name, line, rest, status in (*TOO_MUCH, ("no HTTP", "GET /", "\r\n", 400), ("a blank", "GET / HTTP/1.1", "X : y\r\n\r\n", 400)):
            with self.subTest(name):
                reply = refused_early(self.server, line, rest)
                self.assertEqual(reply.status, status, reply)
                self.assertRegex(reply.detail, HANGUL)


class TheSwitch(PagesTest):
    """한국어 and English on each page lead to that page again, with what it knew."""

    def names(self, page):
        return sorted(n["name"] for n in page.main.all("input", "select", "textarea") if n["name"])

    def switched(self, page, at=None, **known):
        again = page
        for name, language in (("한국어", "ko"), ("English", "en")):
            again = again.press(name)
            self.assertEqual(again.path, at or page.path)
            self.assertEqual(again.root.all("html")[0]["lang"], language)
            self.assertEqual(self.names(again), self.names(page), again.main.text)
            values = {n["name"]: n["value"] for n in again.main.all("input")}
            self.assertEqual({n: values.get(n) for n in known}, known)
        self.assertEqual(again.main.all("h1")[0].text, page.main.all("h1")[0].text)
        return again

    def link(self, person, action, path):
        """(the link to that path which is mailed, its code)."""
        before = len(person.mails())
        action()
        mail = self.server.mail_after(person.email, before)
        return re.search(re.escape(self.server.origin) + rf"({path}\S+)", mail_text(mail))[1], mail_code(mail)

    def test_of_signing_up(self):
        kim = self.visitor()
        page = self.switched(kim.open("/signup"))
        link, code = self.link(kim, lambda: page.press("Sign up", Email=kim.email, Name="Kim", Password=PASSWORD), "/signup/verify")
        page = self.switched(kim.open(link), code=code)
        page = self.switched(page.press("Verify", Verification_code="0000-0000-0000"), code=code)
        page = self.switched(page.press("Did you begin in another browser?"))
        other = self.visitor()
        page = self.switched(other.open(link), code=code)
        page = self.switched(page.press("Verify", Password=WRONG_PASSWORD), code=code)
        wrong = self.switched(other.open(link.split("&code=")[0] + "&code=0000-0000-0000"), code="0000-0000-0000")
        self.switched(wrong.press("Verify", Password=PASSWORD).press("Verify", Verification_code=""))
        page.press("Verify", Password=PASSWORD)
        self.assertTrue(other.is_signed_in())

    def test_of_an_invitation(self):
        organization, owner, *_ = self.house()
        guest, kim = self.visitor(), self.signed_up()
        for person in (guest, kim):
            link, code = self.link(person, lambda p=person: expect(owner.post(
                f"/organizations/{organization}/invitations", {"email": p.email, "role": "member"}), 201), "/invitations/accept")
            page = self.switched(person.open(link))
        page = self.switched(page.press("Join", Invitation_code="0000-0000-0000"), code=code)
        page.press("Join")
        self.assertEqual(self.role_of(organization, kim), "member")

    def test_of_a_forgotten_password(self):
        kim, visitor = self.signed_up(), self.visitor()
        page = self.switched(visitor.open("/password-reset"))
        typed = []
        link, code = self.link(kim, lambda: typed.append(page.press("Send code", Email=kim.email)), "/password-reset/complete")
        page = self.switched(typed[0], email=kim.email)
        page = page.press("Set new password", Verification_code=code, New_password="short")
        self.assertEqual(self.switched(page, email=kim.email).field("Verification code")["value"], "", "typed here: not for an address")
        page = self.switched(visitor.open(link), email=kim.email, code=code)
        self.switched(page.press("Set new password", New_password="short"), email=kim.email, code=code)

    def test_of_an_address_that_is_taken_back(self):
        kim, email = self.signed_up(), new_address()
        old = kim.email
        page = self.switched(kim.open("/account/email"))
        before = len(self.server.mails(email))
        page = self.switched(page.press("Send the code", **{"New e-mail address": email}))
        code = mail_code(self.server.mail_after(email, before))
        self.switched(page.press("Confirm", Verification_code="0000-0000-0000"), at="/account/email")
        before = len(self.server.mails(old))
        page.press("Confirm", Verification_code=code)
        link = re.search(r"/account/email/undo\?token=(\S+)", mail_text(self.server.mail_after(old, before)))
        page = self.switched(self.visitor().open(link[0]), token=link[1])
        self.server.sql("UPDATE account SET email = ? WHERE email = ?", old, self.signed_up().email)
        page = page.press("Take it back")
        self.assertEqual(page.reply.status, 409)
        self.switched(page, token=link[1])

    def test_where_a_recovery_code_is_asked_for(self):
        kim = self.signed_up(two_step=True)
        self.server.forward(700)
        for path in ("/account/close", "/account/two-step/recovery-codes", "/account/two-step/setup?replace=true"):
            page = self.switched(kim.open(path).press("Use a recovery code"))
            self.assertTrue(page.has("Recovery code", "input"), path)
        page = kim.send("/account/close", {"password": PASSWORD, "confirm_method": "recovery_code", "confirm_code": "x"})
        self.switched(page, at="/account/close?method=recovery_code")

    def test_of_what_was_asked_by_an_address(self):
        organization, owner, *_ = self.house(two_step=True)
        place = f"/organizations/{organization}"
        service = expect(owner.post(f"{place}/services", {"name": "Shop", "hosts": []}), 201)["id"]
        for path, known in ((f"/services/{service}?method=PUT&path=%2Fa", {"path": "/a"}),
                            (f"/services/{service}?method=PUT&path=a", {"path": "a"}),
                            ("/audit?person=x&from=2026-02-31", {"person": "x", "from": "2026-02-31"}),
                            ("/security/demand?required=true&grace_days=91", {"grace_days": "91"}),
                            ("/security/demand?required=true&grace_days=9", {"grace_days": "9"}),
                            ("?search=x&sort=name", {"search": "x"})):
            self.switched(owner.open(place + path), **known)


class TheSwitchWhereOneDomainSignsUp(PagesTest):
    SERVER = {"args": ["--signup", "domain:example.com"]}

    def test_an_invited_person_of_another_signs_up_in_their_language(self):
        organization, owner, *_ = self.house()
        email = "guest@elsewhere.net"
        expect(owner.post(f"/organizations/{organization}/invitations", {"email": email, "role": "member"}), 201)
        link = re.search(re.escape(self.server.origin) + r"(/invitations/accept\S+)", mail_text(self.server.mail_after(email, 0)))[1]
        page = self.visitor().open(link).press("Sign up").press("한국어")
        page = page.press("회원가입", 이메일=email, 이름="김소라", 비밀번호=PASSWORD)
        self.assertEqual(page.path, f"/organizations/{organization}/services", page.main.text)


if __name__ == "__main__":
    unittest.main()
