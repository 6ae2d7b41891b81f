"""An account is closed: all of it goes but the audit log, and the address is free again."""
import unittest

from harness import WRONG_PASSWORD, at_once, expect
from organizations import OrganizationTest


class Closing(OrganizationTest):
    def close(self, person, password=None):
        return person.post("/account/close", {"password": password or person.password})

    def test_nothing_of_it_stays_but_the_log(self):
        person = self.person().with_two_step()
        other = person.elsewhere().sign_in("bearer")
        organization, *_ = self.team()
        self.join(organization, person, "manager")
        expect(person.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 7}), 200)
        identity, before = person.id(), len(person.mails())
        expect(self.close(person), 204)
        self.assertIn("closed", str(self.server.mail_after(person.email, before)["subject"]))
        self.assertEqual([p.is_signed_in() for p in (person, other)], [False, False])
        expect(person.first_step(), 401, "invalid_credentials")
        tables = [row[0] for row in self.server.sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in set(tables) - {"audit_event"}:
            columns = {row[1] for row in self.server.sql(f"PRAGMA table_info({table})")}
            for column in columns:
                self.assertEqual(self.server.sql(f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", person.email), [(0,)], (table, column))
            if "account_id" in columns:
                self.assertEqual(self.server.sql(f"SELECT COUNT(*) FROM {table} WHERE account_id NOT IN (SELECT id FROM account)"), [(0,)], table)
        self.assertIn(("member_left", person.email, person.email, "account closed"), self.log_of(organization))
        person.sign_up()
        self.assertNotEqual(person.id(), identity)
        self.assertEqual(expect(person.get("/organizations"), 200)["organizations"], [])

    def test_asks_for_password_and_presence(self):
        person = self.person().sign_up()
        self.assertEqual(expect(self.close(person, WRONG_PASSWORD), 403, "invalid_password")["field"], "password")
        for body in ({}, {"password": 7}):
            expect(person.post("/account/close", body), 400, "invalid_request")
        self.server.forward(700)
        expect(self.close(person), 403, "confirmation_required")
        self.assertTrue(person.is_signed_in())

    def test_not_while_owner(self):
        _, owner, *_ = self.team()
        expect(self.close(owner), 409, "last_owner")
        self.assertTrue(owner.is_signed_in())

    def test_once_of_many_at_once(self):
        person = self.person().sign_up()
        self.once(at_once([lambda: self.close(person)] * 4), "204", {"401 not_signed_in", "403 invalid_password", "503 busy"})


if __name__ == "__main__":
    unittest.main()
