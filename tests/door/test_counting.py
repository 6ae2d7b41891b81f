"""Wrong tries are counted whatever way they come, and counting keeps nobody out who is elsewhere."""
import random
import re
import unittest
import urllib.parse

from harness import DoorTest, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, at_once, expect, mail_code, mail_text, statuses

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def spellings(email):
    """One address, as people and adversaries write it."""
    name, _, domain = email.partition("@")
    return [email, email.upper(), f" {email}", f"{email} ", f"\t{email}", name.capitalize() + "@" + domain, name + "@" + domain.upper(),
            f" {email.upper()} "]


class Counting(DoorTest):
    def page(self, browser, path, **fields):
        return browser.request("POST", path, raw=urllib.parse.urlencode(fields).encode(), headers=FORM)

    def wrong_passwords(self, email):
        """The ways to try one, each in a spelling of its own: (name, call)."""
        for text in spellings(email):
            browser = self.person()
            body = {"email": text, "password": WRONG_PASSWORD}
            yield f"api {text!r}", lambda b=browser, d=body: b.post("/login", d)
            yield f"page {text!r}", lambda b=browser, d=body: self.page(b, "/login", **d)

    def test_passwords_in_all_spellings_of_the_address_and_on_all_surfaces(self):
        for known in (True, False):
            person = self.person()
            if known:
                person.sign_up()
            for together in (False, True):
                self.server.sql("DELETE FROM failure")
                tries = [call for _, call in self.wrong_passwords(person.email)]
                replies = at_once(tries) if together else [call() for call in tries]
                counted = sum(1 for r in replies if r.status != 429)
                about = f"known {known}, together {together}: {statuses(replies)}"
                self.assertGreaterEqual(counted, 5, about)
                self.assertLess(counted, len(tries), about)
                self.assertEqual(self.server.sql("SELECT count(*), sum(count) FROM failure WHERE kind % 100 = 1"), [(1, counted)],
                                 f"one counter for all spellings: {about}")

    def test_second_steps_in_parallel_over_every_route(self):
        person = self.person().with_two_step()
        wrong, session = person.wrong_code(), dict(person.cookies)
        calls = []
        self.server.sql("UPDATE session SET second_step_at = second_step_at - 700")  # so that a page takes a code beside its own fields
        for n in range(24):
            browser = person.elsewhere()
            if n % 6 == 0:
                calls.append(lambda b=browser, l=browser.half_way(): b.second_step(l, wrong))
                continue
            if n % 6 == 1:
                browser.cookies["twostep-login"] = browser.half_way()
                calls.append(lambda b=browser: self.page(b, "/login/second-step", method="totp", code=wrong))
                continue
            browser.cookies = dict(session)
            calls.append((None, None, lambda b=browser: b.post("/session/confirm", {"method": "totp", "code": wrong}),
                          lambda b=browser: b.post("/account/two-step/disable", {"password": person.password, "method": "totp", "code": wrong}),
                          lambda b=browser: self.page(b, "/confirm", confirm_method="totp", confirm_code=wrong),
                          lambda b=browser: self.page(b, "/account/two-step/recovery-codes", password=person.password, confirm_method="totp",
                                                      confirm_code=wrong))[n % 6])
        random.shuffle(calls)
        replies = at_once(calls)
        refused = [r for r in replies if r.status == 429]
        self.assertEqual(len(replies) - len(refused), 5, statuses(replies))
        count = self.server.sql("SELECT max(count) FROM failure WHERE kind = 4 AND subject = (SELECT id FROM account WHERE email = ?)", person.email)
        self.assertEqual(count, [(5,)], "what was refused is not counted")

    def same(self, person):
        """The same session from another thread."""
        browser = person.elsewhere()
        browser.cookies = dict(person.cookies)
        return browser

    def test_passwords_typed_where_somebody_is_signed_in(self):
        """Who has got hold of a session tries the password on every route that asks for it."""
        organization, (owner, member) = self.house()
        self.server.sql("UPDATE session SET confirmed_at = confirmed_at - 700")
        api = (("/session/confirm", {"password": WRONG_PASSWORD}),
               ("/account/password", {"current_password": WRONG_PASSWORD, "new_password": OTHER_PASSWORD}),
               ("/account/two-step/recovery-codes", {"password": WRONG_PASSWORD}),
               ("/account/two-step/disable", {"password": WRONG_PASSWORD, "method": "totp", "code": owner.wrong_code()}))
        pages = (("/account/password", {"current_password": WRONG_PASSWORD, "new_password": OTHER_PASSWORD}),
                 ("/account/close", {"password": WRONG_PASSWORD}),
                 ("/account/two-step/recovery-codes", {"password": WRONG_PASSWORD}),
                 ("/account/two-step/disable/password", {"password": WRONG_PASSWORD}),
                 ("/account/email", {"email": "other@example.com", "confirm_password": WRONG_PASSWORD}),
                 (f"/organizations/{organization}/members/{member.id()}/reset", {"password": WRONG_PASSWORD, "reason": "x"}),
                 ("/login", {"email": owner.email.upper(), "password": WRONG_PASSWORD}))
        calls = [lambda p=path, d=body: self.same(owner).post(p, d) for path, body in api]
        calls += [lambda p=path, d=fields: self.page(self.same(owner), p, **d) for path, fields in pages]
        self.server.sql("DELETE FROM failure")
        replies = at_once(calls * 2)
        counted = sum(1 for r in replies if r.status != 429)
        self.assertTrue(5 <= counted < len(replies), statuses(replies))
        self.assertEqual(self.server.sql("SELECT count(*), sum(count) FROM failure WHERE kind = 1"), [(1, counted)], statuses(replies))

    def house(self):
        owner, member = self.person("owner").with_two_step(), self.person("member").with_two_step()
        organization = expect(owner.post("/organizations", {"name": "Alpha"}), 201)["id"]
        before = len(member.mails())
        expect(owner.post(f"/organizations/{organization}/invitations", {"email": member.email, "role": "member"}), 201)
        expect(member.post("/invitations/accept", {"code": mail_code(self.server.mail_after(member.email, before))}), 200)
        return organization, (owner, member)

    def test_codes_of_a_sign_up_on_every_surface(self):
        for together in (False, True):
            person = self.person()
            reply, mail = person.mailed(person.try_sign_up)
            signup, code = expect(reply, 202)["signup"], mail_code(mail)
            mailed_try = re.search(r"/signup/verify\?try=([\w-]+)&", mail_text(mail))[1]
            browser = person.elsewhere()
            browser.cookies["twostep-signup"] = signup

            def tries(text):
                return [lambda: self.person().post("/signup/verify", {"signup": signup, "code": text}),
                        lambda: self.page(self.same(browser), "/signup/verify", code=text),
                        lambda: self.page(self.person(), "/signup/verify/elsewhere", code=text, password=person.password,
                                          **{"try": mailed_try})]
            calls = tries("0000-0000-0000") * 4
            for reply in at_once(calls) if together else [call() for call in calls]:
                self.assertEqual(reply.status, 422)
            self.assertEqual(self.server.sql("SELECT wrong FROM email_code WHERE purpose = 1 AND subject ="
                                             " (SELECT id FROM signup WHERE email = ?)", person.email), [(5,)])
            for call in tries(code):
                self.assertEqual(call().status, 422, "the right code, after five wrong ones")

    def test_codes_of_a_set_up_on_both_surfaces(self):
        place = "/account/two-step/setup/email"
        for together in (False, True):
            person = self.person().sign_up()
            code = person.begin_setup()
            wrong = "123456" if code != "123456" else "654321"
            calls = [lambda: self.same(person).post(place, {"code": wrong}), lambda: self.page(self.same(person), place, code=wrong)] * 3  # six, of five
            for reply in at_once(calls) if together else [call() for call in calls]:
                self.assertEqual(reply.status, 422)
            expect(self.same(person).post(place, {"code": code}), 422, "invalid_code")
            self.assertEqual(self.page(self.same(person), place, code=code).status, 422)

    def test_codes_of_invitations_on_both_surfaces(self):
        person = self.person().sign_up()
        calls = [lambda: self.same(person).post("/invitations/accept", {"code": "0000-0000-0000"}),
                 lambda: self.page(self.same(person), "/invitations/accept", code="0000-0000-0000")] * 15
        replies = at_once(calls)
        counted = sum(1 for r in replies if r.status != 429)
        self.assertTrue(20 <= counted < len(replies), statuses(replies))
        self.assertEqual(self.server.sql("SELECT sum(count) FROM failure WHERE kind = 8"), [(counted,)])

    def test_requests_that_fail_for_another_reason_give_no_try_back(self):
        """A wrong code beside something else that is wrong: either it was not looked at, or it counts."""
        person = self.person().with_two_step()
        wrong = person.wrong_code()
        seen = set()
        for body in ({"password": WRONG_PASSWORD, "method": "totp", "code": wrong}, {"password": PASSWORD, "method": "totp", "code": wrong}):
            for _ in range(4):
                reply = person.post("/account/two-step/disable", body)
                seen.add(reply.code)
                self.assertIn(reply.code, ("invalid_password", "invalid_code"))
        self.assertEqual(seen, {"invalid_password", "invalid_code"})
        kinds = dict(self.server.sql("SELECT kind, max(count) FROM failure WHERE subject = (SELECT id FROM account WHERE email = ?)"
                                     " GROUP BY kind", person.email))
        self.assertEqual(kinds.get(4), 4, f"second steps behind a right password: {kinds}")
        # A right password beside a wrong code gives no wrong password back; and what had been refused stays so behind a restart.
        self.server.restart(9)
        expect(person.post("/session/confirm", {"method": "totp", "code": wrong}), 401, "invalid_code")
        expect(person.post("/session/confirm", {"method": "totp", "code": wrong}), 429, "too_many_attempts")
        self.server.restart(9)
        expect(person.post("/session/confirm", {"method": "totp", "code": wrong}), 429, "too_many_attempts")

    def test_a_reset_gives_the_streak_back_once_a_day_and_the_month_never(self):
        person = self.person().with_two_step()
        for day in range(2):
            for _ in range(5):
                expect(person.second_step(person.half_way(), person.wrong_code()), 401, "invalid_code")
            expect(person.second_step(person.half_way(), person.wrong_code()), 429)
            if day:
                break
            before = len(person.mails())
            expect(person.post("/password-reset", {"email": person.email}), 202)
            code = self.reset_code(person, before)
            expect(person.post("/password-reset/complete", {"email": person.email, "code": code, "password": OTHER_PASSWORD}), 200)
            person.account.password = OTHER_PASSWORD
        month = self.server.sql("SELECT count FROM failure WHERE kind = 9 AND subject = (SELECT id FROM account WHERE email = ?)", person.email)
        self.assertEqual(month, [(10,)])

    def reset_code(self, person, before):
        return mail_code(self.server.mail_after(person.email, before))


class FromElsewhere(DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}

    def test_no_spelling_of_the_address_keeps_the_owner_out(self):
        person = self.person(address="192.0.2.7").sign_up()
        for n, text in enumerate(spellings(person.email) * 2):
            stranger = self.person(address=f"203.0.113.{n + 1}")
            for _ in range(3):
                reply = stranger.post("/login", {"email": text, "password": WRONG_PASSWORD})
                self.assertIn(reply.status, (401, 429))
        self.assertTrue(person.elsewhere(address="192.0.2.7").sign_in().is_signed_in())

    def test_nor_do_codes_that_belong_to_nobody(self):
        person = self.person(address="192.0.2.8").with_two_step()
        stranger = self.person(address="203.0.113.200")
        for _ in range(20):
            stranger.second_step("A" * 43, "123456")
            stranger.post("/signup/verify", {"signup": "A" * 43, "code": "0000-0000-0000"})
            stranger.post("/password-reset/complete", {"email": person.email, "code": "0000-0000-0000", "password": OTHER_PASSWORD})
        self.assertTrue(person.elsewhere(address="192.0.2.8").sign_in().is_signed_in())


if __name__ == "__main__":
    unittest.main()
