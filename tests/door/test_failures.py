"""Wrong passwords: each in the operator's log, one event an account and hour, and nothing that tells an account from none."""
import re
import unittest

from harness import WRONG_PASSWORD, expect, new_address
from organizations import OrganizationTest, id_hex

HOUR = 3600
LINE = re.compile(r"sign_in_failed id=(\S+) address=(\S+) account=(\S+) method=pwd$", re.M)


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


class InTheOperatorsLog(OrganizationTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.1"]}

    def logged(self, event, person):
        """The fields of such lines about the account, in order, without the request's id."""
        return [re.sub(r"id=\S+ ", "", line, count=1) for line in re.findall(rf" {event} (.*)", self.server.log())
                if f"account={person.id()}" in line]

    def test_wrong_codes_behind_a_right_password_say_whose_and_where_from(self):
        person = self.person().with_two_step()
        thief = person.elsewhere(address="203.0.113.66")
        login, wrong, lost = thief.half_way(), person.wrong_code(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
        expect(thief.second_step(login, wrong), 401, "invalid_code")
        expect(thief.second_step(login, lost, "recovery_code"), 401, "invalid_code")
        person.address = "203.0.113.67"
        expect(person.post("/session/confirm", {"method": "totp", "code": wrong}), 401, "invalid_code")
        body = {"password": person.password, "method": "totp", "code": wrong}
        expect(person.post("/account/two-step/disable", body), 401, "invalid_code")
        self.assertEqual(self.logged("sign_in_failed", person), [
            f"address=203.0.113.{last} account={person.id()} method={method}"
            for last, method in ((66, "otp"), (66, "recovery"), (67, "otp"), (67, "otp"))])
        for code in (wrong, lost):
            self.assertNotIn(code, self.server.log())

    def test_a_completed_sign_in_names_the_account_and_how(self):
        person = self.person().sign_up()
        expect(person.elsewhere(address="203.0.113.68").first_step(transport="bearer"), 200)
        person.enable()
        browser = person.elsewhere(address="203.0.113.69")
        login = browser.half_way()
        self.assertEqual(len(self.logged("signed_in", person)), 2, "half a sign-in is none")
        expect(browser.second_step(login, remember_device=True), 200)
        expect(browser.first_step(), 200)
        browser = person.elsewhere(address="203.0.113.70")
        expect(browser.second_step(browser.half_way(), person.account.recovery_codes[0], "recovery_code"), 200)
        self.assertEqual(self.logged("signed_in", person), [
            f"address={address} account={person.id()} methods={methods}"
            for address, methods in (("127.0.0.1", "pwd"), ("203.0.113.68", "pwd"), ("203.0.113.69", "pwd,otp"),
                                     ("203.0.113.69", "pwd,remembered_device"), ("203.0.113.70", "pwd,recovery"))])

    def test_who_is_kept_waiting_is_said_by_which_limit(self):
        person = self.person().with_two_step()
        thief = person.elsewhere(address="203.0.113.71")
        login = thief.half_way()
        while thief.first_step(password=WRONG_PASSWORD).status != 429:
            pass
        for _ in range(5):
            expect(person.post("/session/confirm", {"method": "totp", "code": person.wrong_code()}), 401)
        expect(thief.second_step(login), 429)
        lines = re.findall(r" request (?:.*) (path=\S+ status=\d+ ms=\d+ .*)", self.server.log())
        held = [re.sub(r"ms=\d+ ", "", line) for line in lines if "status=429" in line]
        self.assertEqual(held, ["path=/api/v1/login status=429 address=203.0.113.71 limit=PASSWORD",
                                "path=/api/v1/login/second-step status=429 address=203.0.113.71 limit=SECOND_STEP"])
        self.assertEqual([line for line in lines if "limit=" in line and "status=429" not in line], [])


if __name__ == "__main__":
    unittest.main()
