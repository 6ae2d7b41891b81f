"""Sentences for people in the language asked for."""
import re
import unittest

from harness import DoorTest, expect, mail_text, new_address

HANGUL = re.compile("[\uac00-\ud7a3]")


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


class KoreanServer(DoorTest):
    SERVER = {"args": ["--locale", "ko"]}

    def test_speaks_korean_where_nobody_asks_otherwise(self):
        for language, korean in ((None, True), ("fr", True), ("en", False)):
            headers = {"Accept-Language": language} if language else {}
            detail = expect(self.person().get("/nothing", headers=headers), 404)["detail"]
            self.assertEqual(bool(HANGUL.search(detail)), korean, language)


if __name__ == "__main__":
    unittest.main()
