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
        page = page.press("Send the code", **{"New e-mail address": f" {kim.email.upper()}"})
        self.assertIn("your address already", self.wrong_at(page, "New e-mail address"))
        page = page.press("Send the code", **{"New e-mail address": email})
        self.assertIn(f"A code was sent to {email}.", page.main.text)
        code = mail_code(self.server.mail_after(email, before))
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        page = page.press("Confirm", Verification_code=wrong)
        self.wrong_at(page, "Verification code")
        before = len(self.server.mails(email))
        page = page.press("Send a new code")
        self.assertIn("The earlier one no longer works", page.main.text)
        earlier, code = code, mail_code(self.server.mail_after(email, before))
        page = page.press("Confirm", Verification_code=earlier)
        self.wrong_at(page, "Verification code")
        self.assertEqual(kim.open(page.path).path, "/account/email", "Enter in the address bar")
        before = len(self.server.mails(old))
        page = kim.open("/account/email").press("Confirm", Verification_code=code)
        self.assertEqual(page.path, "/account")
        self.assertEqual(page.field("Email")["value"], email)
        self.assertIn(f"Your e-mail address is {email} now", page.main.text)
        link = re.search(r"/account/email/undo\?token=\S+", mail_text(self.server.mail_after(old, before)))[0]
        stranger = self.visitor()
        page = stranger.open(link)
        self.assertTrue(kim.open("/account").path == "/account", "opening the link changes nothing")
        page = page.press("Take it back")
        self.assertEqual(page.path.split("?")[0], "/password-reset")
        self.assertEqual(page.root.all("h1")[0].text, "Set a new password")
        self.assertEqual(page.field("Email")["value"], old)
        page = page.press("Send code")
        self.assertEqual(page.field("Email")["value"], old)
        self.assertEqual(kim.open("/account").path, "/login")

    def test_a_link_that_was_used_says_so(self):
        kim, email = self.signed_up(), new_address()
        old = kim.email
        page = kim.open("/account/email").press("Send the code", **{"New e-mail address": email})
        before = len(self.server.mails(old))
        page.press("Confirm", Verification_code=mail_code(self.server.mails(email)[-1]))
        link = re.search(r"/account/email/undo\?token=\S+", mail_text(self.server.mail_after(old, before)))[0]
        stranger = self.visitor()
        two_tabs = [stranger.open(link), stranger.open(link)]
        self.assertEqual(two_tabs[0].reply.status, 200)
        two_tabs[0].press("Take it back")
        for page in (two_tabs[1].press("Take it back"), stranger.open(link), stranger.open("/account/email/undo"),
                     stranger.open("/account/email/undo?token=x")):
            self.assertEqual(page.reply.status, 404)
            self.assertIn("was used already, or its time is over", page.main.text)
            self.assertFalse(page.has("Take it back", "button"))
            self.assertEqual(page.press("Forgot password?").path, "/password-reset")

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
        page = kim.open("/account/close")
        self.server.forward(700)
        page = page.press("Close my account", Password=kim.password)
        self.assertEqual((page.path, page.reply.status), ("/account/close", 403))
        self.assertTrue(page.has("Authentication code", "input"))
        self.assertFalse(page.field("Authentication code").has("aria-invalid"), "asked for, not refused")
        self.assertIn("Confirm with a code", page.main.text, "why the page is back")
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
        self.assertEqual(page.reply.status, 400)
        self.assertTrue(kim.is_signed_in())

    def test_a_session_that_owes_its_code_gives_it_beside_the_password(self):
        """A remembered device opened it, and a demand came meanwhile."""
        organization, owner, _, member = self.house(two_step=True)
        expect(member.second_step(member.half_way(), remember_device=True), 200)
        member.sign_out()
        expect(member.first_step(), 200)
        page = member.open("/account/close")
        self.organization(member, "Beta")
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True}), 200)
        page = page.press("Close my account", Password=member.password, Authentication_code=member.wrong_code())
        self.wrong_at(page, "Authentication code", 401)
        self.assertNotIn("Beta", page.main.text, "of what is theirs it learns nothing yet")
        page = page.press("Close my account", Password=member.password, Authentication_code=member.app_code())
        self.held(page, "Beta")
        self.assertTrue(self.is_alert(page))

    def held(self, page, *names):
        """The page names what stands in the way, leads there, and has nothing to fill in."""
        self.assertEqual(sorted(a.text for a in page.main.all("a") if a["href"].endswith("/settings")), sorted(names))
        self.assertFalse(page.has("Close my account", "button"))
        self.assertFalse(page.main.all("input"))

    def is_alert(self, page):
        alerts = [n for n in page.main.walk() if n["role"] == "alert"]
        said = page.root.all("title")[0].text.startswith("Error:")
        return page.reply.status == 409 and said and len(alerts) == 1 and bool(alerts[0].all("a"))

    def test_not_while_owner(self):
        alpha, owner, *_ = self.house()
        page = owner.open("/account/close")
        self.held(page, "Alpha")
        self.assertFalse(self.is_alert(page), "nothing was asked for yet")
        beta = self.organization(owner, "Beta")
        page = owner.send("/account/close", {"password": owner.password})
        self.held(page, "Alpha", "Beta")
        self.assertTrue(self.is_alert(page))
        self.assertTrue(owner.is_signed_in())
        for name in ("Alpha", "Beta"):
            page = owner.open("/account/close").press(name)
            self.assertEqual(page.path, f"/organizations/{alpha if name == 'Alpha' else beta}/settings")
            page.press("Delete this organization", Name_of_the_organization_to_delete=name)
        page = owner.open("/account/close").press("Close my account", Password=owner.password)
        self.assertEqual(page.path, "/login")

    def test_not_while_owner_of_what_was_founded_meanwhile(self):
        kim = self.signed_up()
        page = kim.open("/account/close")
        self.organization(kim, "Gamma")
        page = page.press("Close my account", Password=kim.password)
        self.held(page, "Gamma")
        self.assertTrue(self.is_alert(page))


class AnotherAccount(PagesTest):
    """A page stands open since before somebody else signed in to this browser."""

    def test_a_page_of_another_account_changes_nothing(self):
        organization, anna, *_ = self.house()
        berta = self.signed_up(two_step=True)
        profile, settings = anna.open("/account"), anna.open(f"/organizations/{organization}/settings")
        self.server.forward(700)
        proof = anna.open("/account/email").press("Send the code", **{"New e-mail address": new_address()})
        hers, anna.cookies = anna.cookies, dict(berta.cookies)
        tries = self.server.sql("SELECT count(*) FROM failure")
        for page, button, fields in ((profile, "Save", {"Name": "Anna A"}), (settings, "Rename", {"Organization_name": "Beta"}),
                                     (proof, "Continue", {"Password": WRONG_PASSWORD})):
            page = page.press(button, **fields)
            self.assertEqual(page.reply.status, 409, button)
            self.assertIn("You are signed in as somebody else now", page.main.text)
        self.assertEqual(self.server.sql("SELECT count(*) FROM failure"), tries, "nor is a password tried")
        names = self.server.sql("SELECT name FROM account WHERE name = 'Anna A' UNION SELECT name FROM organization WHERE name = 'Beta'")
        self.assertEqual(names, [])
        self.assertIn("Saved.", berta.open("/account").press("Save", Name="Berta B").text)
        self.assertIn("Saved.", berta.send("/account", {"name": "Berta C"}).text, "a form that does not say")
        self.assertEqual(profile.press("한국어").reply.status, 200)
        profile.press("Sign out")
        self.assertFalse(berta.is_signed_in(), "leaving is never refused")
        anna.cookies = hers
        self.assertIn("Saved.", profile.press("Save", Name="Anna A").text)
        self.assertTrue(proof.press("Continue", Password=anna.password).has("Verification code", "input"))

    def test_each_form_that_changes_something_says_whose_it_is(self):
        organization, owner, _, member = self.house()
        identity = owner.id()
        for path in ("/account", "/account/password", "/account/sessions", "/account/two-step", "/account/close", "/organizations",
                     f"/organizations/{organization}/settings", f"/organizations/{organization}/members/{member.id()}/remove"):
            page = owner.open(path)
            forms = [f for f in page.root.all("form") if f["method"] == "post"]
            self.assertTrue(forms, path)
            for form in forms:
                self.assertEqual([i["value"] for i in form.all("input") if i["name"] == "signed_in_as"], [identity], (path, form["action"]))
            for form in (f for f in page.root.all("form") if f["method"] != "post"):
                self.assertFalse([i for i in form.all("input") if i["name"] == "signed_in_as"], (path, form["action"]))


class ProofsLeftEmpty(PagesTest):
    """A form that asks for proofs again says of each that it was left empty, and leads to the first."""

    def empty(self, page, *labels):
        self.assertEqual(page.reply.status, 400, page.main.text[:400])
        self.assertTrue(page.root.all("title")[0].text.startswith("Error: "), page.root.all("title")[0].text)
        marked = [n for n in page.main.all("input") if n["aria-invalid"] == "true"]
        self.assertEqual([page.name(n) for n in marked], list(labels))
        for field in marked:
            self.assertTrue(page.ids[field["aria-describedby"].split()[0]].text, field["id"])
            self.assertTrue(field.has("autofocus"), field["id"])
        alert = next(n for n in page.main.walk() if n["role"] == "alert")
        self.assertEqual([a["href"] for a in alert.all("a")], ["#" + marked[0]["id"]])
        return page

    def stale(self):
        kim = self.signed_up(two_step=True)
        self.server.forward(700)
        return kim

    def test_in_place(self):
        kim, email = self.stale(), new_address()
        page = kim.open("/account/email").press("Send the code", **{"New e-mail address": email})
        self.assertFalse(any(n.has("aria-invalid") for n in page.main.walk()), "asked for the first time")
        page = self.empty(page.press("Continue"), "Password", "Authentication code")
        page = page.press("Use a recovery code")
        self.assertEqual(page.reply.status, 403)
        self.assertFalse(any(n.has("aria-invalid") for n in page.main.walk()), "another kind was asked for")
        page = self.empty(page.press("Continue"), "Password", "Recovery code")
        page = page.press("Use the authenticator app")
        page = page.press("Continue", Password=WRONG_PASSWORD)
        self.wrong_at(page, "Password", 403)
        self.wrong_at(page, "Authentication code", 403)
        page = self.empty(page.press("Continue", Authentication_code=kim.app_code()), "Password")
        page = self.empty(page.press("Continue", Password=kim.password), "Authentication code")
        self.assertIn(email, page.press("Continue", Authentication_code=kim.app_code()).text)

    def test_back_and_the_language_lead_to_where_the_form_was(self):
        organization, owner, _, member = self.house()
        service = expect(owner.post(f"/organizations/{organization}/services", {"name": "Wiki"}), 201)["id"]
        self.server.forward(700)
        house = f"/organizations/{organization}"
        for posted, place, values in (("/account/email", "/account/email", {"email": new_address()}),
                                      (house + "/services", house + "/services", {"name": "Shop"}),
                                      (f"{house}/services/{service}/delete", f"{house}/services/{service}/delete", {}),
                                      (house + "/security/sessions", house + "/security", {"idle_minutes": "60"}),
                                      (house + "/security/demand", house + "/security", {"grace_days": "7"}),
                                      (house + "/delete", house + "/delete", {"typed": "Alpha"}),
                                      (f"{house}/members/{member.id()}/owner", f"{house}/members/{member.id()}/owner", {})):
            page = owner.send(posted, values)
            self.assertTrue(page.has("Continue", "button"), (posted, page.main.text[:200]))
            main = page.main.text
            back = page.press("Back")
            self.assertEqual((back.path, back.reply.status), (place, 200), posted)
            page.visitor.cookies.pop("twostep-locale", None)
            self.assertEqual(page.press("한국어").path, back.path, posted)
            self.assertNotEqual(owner.send(posted, values).main.text, main, "in Korean")
            owner.open(back.path).press("English")

    def test_on_the_way_on(self):
        kim = self.stale()
        page = self.empty(kim.open("/confirm").press("Continue"), "Authentication code")
        page = self.empty(page.press("Use a recovery code").press("Continue"), "Recovery code")
        page.press("Continue", Recovery_code=kim.account.recovery_codes[0])

    def test_of_new_recovery_codes(self):
        kim = self.stale()
        page = kim.open("/account/two-step/recovery-codes")
        page = self.empty(page.press("Next"), "Password", "Authentication code")
        page = self.empty(page.press("Next", Password=kim.password), "Authentication code")
        page = self.empty(page.press("Next", Authentication_code=kim.app_code()), "Password")
        self.assertTrue(page.press("Next", Password=kim.password).has("Complete", "button"))

    def test_of_closing(self):
        kim = self.stale()
        page = kim.open("/account/close")
        page = self.empty(page.press("Close my account"), "Password", "Authentication code")
        page = self.empty(page.press("Close my account", Password=kim.password), "Authentication code")
        page = self.empty(page.press("Close my account", Authentication_code=kim.app_code()), "Password")
        self.assertEqual(page.press("Close my account", Password=kim.password).path, "/login")

    def test_of_a_reset(self):
        organization, _, manager, member = self.house(two_step=True)
        self.server.forward(700)
        button, proofs = "Reset 2-step verification", ("Your password", "Authentication code")
        page = manager.open(f"/organizations/{organization}/members/{member.id()}/reset")
        page = self.empty(page.press(button), "Reason", *proofs)
        page = self.empty(page.press(button, Reason="lost phone"), *proofs)
        self.assertEqual(page.field("Reason")["value"], "lost phone")
        page = self.empty(page.press(button, Reason="", Your_password=manager.password), "Reason", "Authentication code")
        page = page.press("Use a recovery code")
        self.assertFalse(any(n.has("aria-invalid") for n in page.main.walk()), "another kind was asked for")
        page = page.press("Use the authenticator app")
        page = page.press(button, Authentication_code=manager.wrong_code())
        for label in ("Reason", *proofs):
            self.wrong_at(page, label, 401)
        page = self.empty(page.press(button, Authentication_code=manager.app_code()), "Reason", "Your password")
        page = page.press(button, Reason="lost phone", Your_password=manager.password)
        self.assertIn("The second step is reset", page.text)


if __name__ == "__main__":
    unittest.main()
