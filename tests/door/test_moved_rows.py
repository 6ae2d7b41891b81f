"""
Rows moved between accounts by somebody who can write the database and has not the keyring: what opens an account opens it alone.

The thief has an account of their own with everything, knows the victim's password, and makes the victim's rows theirs. Whole
rows and single columns are tried; what a move may do is to lock somebody out, for that is in the power of who writes anyway.
"""
import unittest

from harness import OTHER_PASSWORD, WRONG_PASSWORD, DoorTest, expect, mail_code

VICTIM, THIEF = "(SELECT id FROM account WHERE email = :victim)", "(SELECT id FROM account WHERE email = :thief)"


class Moved(DoorTest):
    def setUp(self):
        super().setUp()
        self.victim, self.thief = self.person("victim").with_two_step(), self.person("thief", password=OTHER_PASSWORD).with_two_step()
        expect(self.thief.second_step(self.thief.half_way(), remember_device=True), 200)
        self.names = {"victim": self.victim.email, "thief": self.thief.email}

    def move(self, *statements):
        for statement in statements:
            for name, account in (("VICTIM", VICTIM), ("THIEF", THIEF)):
                statement = statement.replace(name, account)
            for name, address in self.names.items():
                statement = statement.replace(f":{name}", f"'{address}'")
            self.server.sql(statement)

    def at_the_victims(self, cookies=()):
        """The thief's browser, at the victim's account."""
        browser = self.victim.elsewhere()
        browser.cookies.update({name: value for name, value in self.thief.cookies.items() if name in cookies})
        return browser

    def test_a_password(self):
        self.move("UPDATE account SET password = (SELECT password FROM account WHERE email = :thief) WHERE email = :victim")
        reply = self.at_the_victims().first_step(password=OTHER_PASSWORD)
        self.assertIn(reply.status, (401, 503), reply)
        self.assertEqual(reply.all("Set-Cookie"), [])

    def test_a_secret(self):
        cases = {
            "the column": ["UPDATE totp SET secret = (SELECT secret FROM totp WHERE account_id = THIEF) WHERE account_id = VICTIM"],
            "the row": ["DELETE FROM totp WHERE account_id = VICTIM", "UPDATE totp SET account_id = VICTIM WHERE account_id = THIEF"],
        }
        for name, statements in cases.items():
            with self.subTest(name):
                self.setUp()
                login = self.at_the_victims().half_way()
                self.move(*statements)
                for login in (login, self.at_the_victims().half_way()):
                    reply = self.at_the_victims().second_step(login, self.thief.app_code())
                    self.assertIn(reply.status, (401, 503), reply)

    def test_a_setup_under_way(self):
        """Its secret becomes nobody else's by way of the row, and neither do its codes."""
        other = self.person("other").sign_up()
        setup = other.confirm_email()
        mine = self.victim.elsewhere().sign_in()
        mine.confirm_email(replace=True)
        self.names["thief"] = other.email
        self.move("UPDATE setup SET secret = (SELECT secret FROM setup WHERE account_id = THIEF) WHERE account_id = VICTIM")
        reply = mine.get("/account/two-step/setup")
        self.assertNotIn(setup["secret"], reply.text)
        self.assertEqual(reply.status, 503, reply)

    def test_recovery_codes(self):
        number = "(SELECT number FROM recovery_set WHERE account_id = {})"
        cases = {
            "the codes": [f"UPDATE recovery_code SET set_number = {number.format('VICTIM')} WHERE set_number = {number.format('THIEF')}"],
            "the set": ["DELETE FROM recovery_set WHERE account_id = VICTIM", "UPDATE recovery_set SET account_id = VICTIM WHERE account_id = THIEF"],
            "the codes, and what they are bound to": [
                f"UPDATE recovery_code SET set_number = {number.format('VICTIM')} WHERE set_number = {number.format('THIEF')}",
                "UPDATE recovery_set SET id = (SELECT id FROM recovery_set WHERE account_id = THIEF) WHERE account_id = VICTIM"],
        }
        for name, statements in cases.items():
            with self.subTest(name):
                self.setUp()
                self.move(*statements)
                for code in self.thief.account.recovery_codes[:2]:
                    reply = self.at_the_victims().second_step(self.at_the_victims().half_way(), code, "recovery_code")
                    self.assertEqual((reply.status, reply.code), (401, "invalid_code"))

    def test_a_remembered_device(self):
        """Also where its enrolment is made the victim's own."""
        cookies = [name for name in self.thief.cookies if name.endswith("device") or name.endswith("remembered")]
        self.assertEqual(len(cookies), 1, self.thief.cookies)
        self.assertEqual(expect(self.thief.elsewhere().first_step(), 200)["status"], "second_step")
        own = self.thief.elsewhere()
        own.cookies.update({cookies[0]: self.thief.cookies[cookies[0]]})
        self.assertEqual(expect(own.first_step(), 200)["status"], "signed_in", "at home it spares the second step")
        for statement in ("UPDATE remembered_device SET account_id = VICTIM WHERE account_id = THIEF",
                          "UPDATE remembered_device SET enrolment = (SELECT id FROM totp WHERE account_id = VICTIM) WHERE account_id = VICTIM"):
            self.move(statement)
            self.assertEqual(expect(self.at_the_victims(cookies).first_step(), 200)["status"], "second_step", statement)

    def test_a_known_device(self):
        """What it spares is waiting, as long as somebody guesses."""
        cookies = [name for name in self.thief.cookies if name.endswith("known")]
        self.assertEqual(len(cookies), 1, self.thief.cookies)
        self.move("DELETE FROM known_device WHERE account_id = VICTIM", "UPDATE known_device SET account_id = VICTIM WHERE account_id = THIEF")
        expect(self.at_the_victims().first_step(password=WRONG_PASSWORD), 401)
        self.server.sql("UPDATE failure SET count = 99, blocked_until = 1 WHERE subject = (SELECT id FROM account WHERE email = ?)",
                        self.victim.email)
        expect(self.at_the_victims().first_step(password=WRONG_PASSWORD), 401, about="the hundredth, which holds the account")
        self.server.forward(3600)
        expect(self.at_the_victims(cookies).first_step(), 429, "too_many_attempts", "known though the row was another's")

    def test_a_mailed_code(self):
        """One that was mailed to the thief, for the thief's account, made the victim's."""
        for person in (self.victim, self.thief):
            _, mail = person.mailed(lambda person=person: person.elsewhere().post("/password-reset", {"email": person.email}))
        code = mail_code(mail)
        rows = "purpose = (SELECT purpose FROM email_code WHERE subject = THIEF)"
        self.assertEqual(self.server.sql("SELECT count(*) FROM email_code WHERE subject IN (SELECT id FROM account WHERE email = ? OR email = ?)",
                                         self.victim.email, self.thief.email), [(2,)])
        self.move(f"UPDATE email_code SET digest = (SELECT digest FROM email_code WHERE subject = THIEF) WHERE subject = VICTIM AND {rows}")
        reply = self.at_the_victims().post("/password-reset/complete", {"email": self.victim.email, "code": code, "password": OTHER_PASSWORD})
        self.assertIn(reply.status, (401, 422), reply)
        self.assertEqual(expect(self.at_the_victims().first_step(), 200)["status"], "second_step", "the old password holds")


if __name__ == "__main__":
    unittest.main()
