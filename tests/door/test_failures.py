"""Wrong passwords: each in the operator's log, one event an account and hour, and nothing that tells an account from none."""
import re
import unittest

from harness import WRONG_PASSWORD, expect, new_address
from organizations import OrganizationTest, id_hex

HOUR = 3600
LINE = re.compile(r"sign_in_failed id=(\S+) address=(\S+) account=(\S+)")


class WrongPasswords(OrganizationTest):
    def fail(self, address, **more):
        expect(self.person(**more).post("/login", {"email": address, "password": WRONG_PASSWORD}), 401, "invalid_credentials")

    def events(self, person):
        """Details of the account's events, oldest first."""
        return [row[0] for row in self.server.sql(
            "SELECT details FROM audit_event WHERE action = 'sign_in_failed' AND hex(account_id) = ? ORDER BY number",
            id_hex(person.id()))]

    def lines(self):
        return LINE.findall(self.server.log())

    def test_each_is_in_the_operators_log_without_what_was_typed(self):
        person = self.person().sign_up()
        before, unknown = len(self.lines()), new_address("unknown")
        self.fail(person.email)
        self.fail(unknown)
        self.fail("no address at all")
        expect(person.post("/session/confirm", {"password": WRONG_PASSWORD}), 403, "invalid_password")
        lines = self.lines()[before:]
        self.assertEqual([(address, account) for _, address, account in lines],
                         [("127.0.0.1", person.id()), ("127.0.0.1", "-"), ("127.0.0.1", "-"), ("127.0.0.1", person.id())])
        self.assertEqual(len({number for number, *_ in lines}), 4)
        for secret in (person.email, unknown, "no address at all", WRONG_PASSWORD):
            self.assertNotIn(secret, self.server.log())

    def test_are_one_event_an_hour_which_counts_them(self):
        person = self.person().sign_up()
        for _ in range(3):
            self.fail(person.email)
        self.assertEqual(self.events(person), ["password, 1 wrong in a row"])
        self.server.forward(HOUR - 60)
        self.fail(person.email)
        self.assertEqual(len(self.events(person)), 1)
        self.server.forward(61)
        self.fail(person.email)
        self.assertEqual(self.events(person), ["password, 1 wrong in a row", "password, 5 wrong in a row"])

    def test_a_right_one_in_between_makes_no_further_event(self):
        person = self.person().sign_up()
        self.fail(person.email)
        person.elsewhere().sign_in()
        self.fail(person.email)
        self.assertEqual(self.events(person), ["password, 1 wrong in a row"])
        self.server.forward(HOUR + 1)
        self.fail(person.email)
        self.assertEqual(self.events(person)[1:], ["password, 2 wrong in a row"])

    def test_say_who_was_signed_in(self):
        person = self.person().sign_up()
        expect(person.post("/session/confirm", {"password": WRONG_PASSWORD}), 403, "invalid_password")
        row = self.server.sql("SELECT hex(actor_id), target, address FROM audit_event WHERE action = 'sign_in_failed'"
                              " AND hex(account_id) = ?", id_hex(person.id()))
        self.assertEqual(row, [(id_hex(person.id()), person.email, "127.0.0.1")])

    def test_of_an_address_without_account_go_the_same_way_and_leave_no_event(self):
        before = self.server.sql("SELECT count(*) FROM audit_event")
        address = new_address()
        rows = self.server.sql("SELECT subject FROM failure")
        for _ in range(2):
            self.fail(address)
        self.assertEqual(self.server.sql("SELECT count(*) FROM audit_event"), before)
        new = [row for row in self.server.sql("SELECT subject, count, noted_at > 0 FROM failure WHERE length(trim(hex(network), '0')) = 0")
               if (row[0],) not in rows]
        self.assertEqual([row[1:] for row in new], [(2, 1)], "noted as with an account")

    def test_are_in_no_organisations_log(self):
        organization, owner, _, member = self.team()
        self.fail(member.email)
        self.assertEqual(len(self.events(member)), 1)
        self.assertNotIn("sign_in_failed", [row[0] for row in self.log_of(organization)])
        shown = expect(owner.get(f"/organizations/{organization}/audit?action=sign_in_failed"), 200)["events"]
        self.assertEqual(shown, [])


if __name__ == "__main__":
    unittest.main()
