"""Account management without JavaScript: another address with its way back, and closing the account."""
import re
import unittest

from harness import WRONG_PASSWORD, expect, mail_code, mail_text, new_address
from test_organization_pages import PagesTest


class AnotherAddress(PagesTest):
    def test_is_typed_proven_and_taken_back(self):
        kim, email = self.signed_up(), new_address()
        old = kim.email
        page = kim.open("/account").press("Change the e-mail address")
        self.assertEqual(page.path, "/account/email")
        self.assertIn("A code goes to the new address", page.main.text)
        page = page.press("Send the code", **{"New e-mail address": "nonsense"})
        self.wrong_at(page, "New e-mail address")
        self.assertEqual(page.field("New e-mail address")["value"], "nonsense")
        before = len(self.server.mails(email))
        page = page.press("Send the code", **{"New e-mail address": email})
        self.assertIn(f"A code was sent to {email}.", page.main.text)
        code = mail_code(self.server.mail_after(email, before))
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        page = page.press("Confirm", Verification_code=wrong)
        self.wrong_at(page, "Verification code")
        self.assertEqual(kim.open(page.path).path, "/account/email", "Enter in the address bar")
        before = len(self.server.mails(old))
        page = kim.open("/account/email").press("Confirm", Verification_code=code)
        self.assertEqual(page.path, "/account")
        self.assertEqual(page.field("Email")["value"], email)
        link = re.search(r"/account/email/undo\?token=\S+", mail_text(self.server.mail_after(old, before)))[0]
        stranger = self.visitor()
        page = stranger.open(link)
        self.assertTrue(kim.open("/account").path == "/account", "opening the link changes nothing")
        page = page.press("Take it back")
        self.assertEqual(page.path, "/password-reset")
        self.assertEqual(kim.open("/account").path, "/login")
        self.assertEqual(stranger.open(link).press("Take it back").reply.status, 404)

    def test_is_given_up(self):
        kim, email = self.signed_up(), new_address()
        page = kim.open("/account/email").press("Send the code", **{"New e-mail address": email})
        self.assertEqual(page.press("Cancel").path, "/account")
        self.assertTrue(kim.open("/account/email").has("New e-mail address", "input"))

    def test_asks_for_presence_in_place_and_goes_on(self):
        kim, email = self.signed_up(), new_address()
        self.server.forward(700)
        page = kim.open("/account/email").press("Send the code", **{"New e-mail address": email})
        page = page.press("Continue", Password=kim.password)
        self.assertIn(email, page.text)


class ClosingAnAccount(PagesTest):
    def test_asks_for_the_password_and_says_goodbye(self):
        kim = self.signed_up()
        page = kim.open("/account/close").press("Close my account", Password="")
        self.wrong_at(page, "Password", 400)
        self.wrong_at(page.press("Close my account", Password=WRONG_PASSWORD), "Password", 403)
        page = page.press("Close my account", Password=kim.password)
        self.assertEqual(page.path, "/login")
        self.assertIn("closed", page.text)
        expect(self.person(account=kim.account).first_step(), 401, "invalid_credentials")

    def test_an_old_second_step_is_given_beside_the_password(self):
        kim, lee = self.signed_up(two_step=True), self.signed_up(two_step=True)
        self.assertFalse(kim.open("/account/close").has("Authentication code", "input"), "it is fresh")
        self.server.forward(700)
        page = kim.open("/account/close").press("Close my account", Password=kim.password, Authentication_code=kim.app_code())
        self.assertEqual(page.path, "/login")
        self.assertIn("closed", page.text)
        expect(self.person(account=kim.account).first_step(), 401, "invalid_credentials")

        page = lee.open("/account/close").press("Use a recovery code")
        page = page.press("Close my account", Password=lee.password, Recovery_code="0000-0000-0000-0000")
        self.wrong_at(page, "Recovery code", 401)
        page = page.press("Use the authenticator app")
        page = page.press("Close my account", Password=WRONG_PASSWORD, Authentication_code=lee.app_code())
        self.wrong_at(page, "Password", 403)
        self.assertFalse(page.has("Authentication code", "input"), "it is fresh now")
        page = page.press("Close my account", Password=lee.password)
        self.assertEqual(page.path, "/login")

    def test_a_wrong_code_is_told_at_its_field_in_the_language_of_the_page(self):
        kim = self.signed_up(two_step=True)
        self.server.forward(700)
        page = kim.open("/account/close").press("Close my account", Password=kim.password)
        self.assertEqual((page.path, page.reply.status), ("/account/close", 403))
        self.assertTrue(page.has("Authentication code", "input"))
        self.assertFalse(page.field("Authentication code").has("aria-invalid"), "asked for, not refused")
        for locale, word in (("en", "This code is not right"), ("ko", "코드가 맞지 않습니다")):
            kim.cookies["twostep-locale"] = locale
            page = kim.send("/account/close", {"password": kim.password, "confirm_method": "totp", "confirm_code": kim.wrong_code()})
            self.assertEqual(page.reply.status, 401)
            self.assertEqual(page.root.all("html")[0]["lang"], locale)
            field = page.ids["confirm_code"]
            self.assertEqual(field["aria-invalid"], "true")
            self.assertIn("password", page.ids, "both are typed again")
            self.assertIn(word, page.ids[field["aria-describedby"].split()[0]].text)
        page = kim.send("/account/close", {"password": "", "confirm_method": "totp", "confirm_code": ""})
        self.assertEqual(page.reply.status, 403)
        self.assertTrue(kim.is_signed_in())

    def test_a_session_that_owes_its_code_gives_it_beside_the_password(self):
        """A remembered device opened it, and a demand came meanwhile."""
        organization, owner, _, member = self.house(two_step=True)
        self.organization(member, "Beta")
        expect(member.second_step(member.half_way(), remember_device=True), 200)
        member.sign_out()
        expect(member.first_step(), 200)
        page = member.open("/account/close")
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True}), 200)
        page = page.press("Close my account", Password=member.password, Authentication_code=member.wrong_code())
        self.wrong_at(page, "Authentication code", 401)
        self.assertNotIn("Hand ownership over", page.text, "of what is theirs it learns nothing yet")
        page = page.press("Close my account", Password=member.password, Authentication_code=member.app_code())
        self.assertEqual(page.reply.status, 409)
        self.assertIn("Hand ownership over", page.text)

    def test_not_while_owner(self):
        _, owner, *_ = self.house()
        page = owner.open("/account/close")
        self.assertIn("Hand ownership over", page.text, "told before a password is typed")
        page = page.press("Close my account", Password=owner.password)
        self.assertEqual(page.reply.status, 409)
        self.assertIn("Hand ownership over", page.text)
        self.assertTrue(owner.is_signed_in())


if __name__ == "__main__":
    unittest.main()
