"""Each invariant can fail: a sound database is broken in one place, and that one is named."""
import os
import shutil
import tempfile
import unittest

from harness import expect, new_address
from invariants import BROKEN, Snapshot, broken, rows, undone
from organizations import OrganizationTest

# What breaks each of BROKEN, and nothing else (another is named where it cannot be helped).
BREAKS = {
    "a damaged page": None,
    "a reference to nothing": ["INSERT INTO spent_step VALUES (x'00', 1, 1)"],
    "a database without its keyring's mark": ["DELETE FROM meta WHERE name = 'keyring'"],
    "a second step without its ten codes":
        ["DELETE FROM recovery_code WHERE (set_number, digest) IN (SELECT set_number, digest FROM recovery_code WHERE used_at IS NULL LIMIT 1)"],
    "codes without a second step": ["INSERT INTO recovery_set (id, account_id, issued_at) SELECT randomblob(16), id, 1 FROM account WHERE id NOT IN (SELECT account_id FROM totp) LIMIT 1"],
    "a second step without its sealed secret": ["UPDATE totp SET secret = x'00' WHERE id = (SELECT id FROM totp LIMIT 1)"],
    "a second step whose first code was not spent": ["DELETE FROM spent_step WHERE totp_id = (SELECT id FROM totp LIMIT 1)"],
    "two spent steps in one place": ["INSERT INTO spent_step SELECT totp_id, step - 1000, place FROM spent_step LIMIT 1"],
    "a set-up demanded of who has one": ["UPDATE account SET setup_required_at = 1 WHERE id = (SELECT account_id FROM totp LIMIT 1)"],
    "a set-up with codes and no secret": ["UPDATE setup SET codes = x'00', secret = NULL"],
    "a session of another's second step":
        ["UPDATE session SET enrolment = (SELECT id FROM totp WHERE account_id <> session.account_id LIMIT 1) WHERE enrolment IS NOT NULL"],
    "a remembered device of another's second step":
        ["UPDATE remembered_device SET enrolment = (SELECT id FROM totp WHERE account_id <> remembered_device.account_id LIMIT 1)"],
    "a set-up in another's session": ["UPDATE setup SET account_id = (SELECT id FROM account WHERE id <> setup.account_id LIMIT 1)"],
    "a reissue in another's session": ["UPDATE reissue SET account_id = (SELECT id FROM account WHERE id <> reissue.account_id LIMIT 1)"],
    "a move in another's session":
        ["UPDATE email_change SET account_id = (SELECT id FROM account WHERE id <> email_change.account_id LIMIT 1)"],
    "an application's session of another": ["INSERT INTO app_session SELECT x'01', s.id, a.id, 'h', 1 FROM session s, account a"
                                            " WHERE s.account_id <> a.id LIMIT 1"],
    "not one owner": ["UPDATE membership SET role = 2 WHERE role = 3"],
    "a member by another address": ["UPDATE membership SET email = 'x@example.com'"],
    "a role on another organization's service":
        ["INSERT INTO organization (id, name, created_at) VALUES (x'02', 'B', 1)",
         "INSERT INTO membership SELECT x'02', id, 3, email, name, 1, 1 FROM account LIMIT 1",
         "INSERT INTO audit_event (at, action, address, browser, details, organization_id) VALUES (1, 'organization_created', '', '', '', x'02')",
         "INSERT INTO service SELECT x'03', organization_id, 'S', 0, 1 FROM membership WHERE organization_id <> x'02' LIMIT 1",
         "INSERT INTO service_role SELECT x'03', account_id, x'02', 1 FROM membership WHERE organization_id = x'02'"],
    "an invitation of who is in": ["UPDATE invitation SET email = (SELECT email FROM membership LIMIT 1)"],
    "an account that nobody logged": ["DELETE FROM audit_event WHERE number = (SELECT min(number) FROM audit_event WHERE action = 'signed_up'"
                                      " AND account_id IN (SELECT account_id FROM audit_event WHERE action = 'signed_in'))"],
    "a second step that nobody logged": ["DELETE FROM audit_event WHERE action = 'two_step_on'"],
    "an organization without its log": ["DELETE FROM audit_event WHERE action = 'organization_created'"],
    "a used recovery code that nobody logged": ["DELETE FROM audit_event WHERE action = 'recovery_code_used'"],
    "a session that nobody logged": ["DELETE FROM audit_event WHERE action = 'signed_in'"],
}

# What takes back what a snapshot has.
TAKES_BACK = {
    "an event of the log is gone or another": "UPDATE audit_event SET details = 'another' WHERE number = 1",
    "an older password is back": "UPDATE account SET password_version = password_version - 1",
    "an account is gone": "DELETE FROM account WHERE id NOT IN (SELECT account_id FROM totp) AND id NOT IN (SELECT account_id FROM membership)",
    "a second step is gone": "DELETE FROM totp",
    "recovery codes are gone": "DELETE FROM recovery_set",
    "recovery codes of one set are others": "UPDATE recovery_code SET digest = randomblob(32) WHERE used_at IS NULL",
    "a spent step is open again": "DELETE FROM spent_step WHERE place = 1",
    "a used recovery code is open again": "UPDATE recovery_code SET used_at = NULL",
    "an organization is gone": "DELETE FROM organization",
    "a counter of wrong codes is lower": "UPDATE failure SET count = count - 1",
}


class Invariants(OrganizationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="twostep-invariants-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.sound = os.path.join(cls.folder, "sound.db")
        cls("make").make()

    def make(self):
        """Something of everything that the invariants speak of."""
        owner, other = self.person().with_two_step(), self.person().with_two_step()
        organization = self.organization(owner)
        expect(owner.post(f"/organizations/{organization}/invitations", {"email": new_address(), "role": "member"}), 201)
        browser = owner.elsewhere()
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        expect(browser.post("/account/two-step/recovery-codes", {"password": owner.password}), 200)
        other.elsewhere().sign_in()
        person = other.elsewhere()
        expect(person.second_step(person.half_way(), other.account.recovery_codes[0], "recovery_code"), 200)
        expect(person.elsewhere().second_step(person.half_way(), person.wrong_code()), 401)
        expect(person.post("/account/email", {"email": new_address()}), 202)
        alone = self.person().sign_up()
        alone.confirm_email()
        alone.elsewhere().sign_in()
        self.server.end()
        shutil.copy(self.server.database, self.sound)
        self.server.start()

    def changed(self, statements):
        path = os.path.join(self.folder, "changed.db")
        shutil.copy(self.sound, path)
        for statement in statements:
            rows(path, statement)
        return path

    def test_a_sound_database_breaks_none(self):
        self.assertEqual(broken(self.sound), [])
        self.assertEqual(undone(Snapshot(self.sound), Snapshot(self.sound)), [])

    def test_each_can_fail(self):
        self.assertEqual(set(BREAKS), set(BROKEN))
        for name, statements in BREAKS.items():
            if statements:
                with self.subTest(name):
                    self.assertIn(name, broken(self.changed(statements)))

    def test_a_damaged_page_is_told(self):
        path = self.changed([])
        with open(path, "r+b") as file:
            for at in range(4096 * 3, os.path.getsize(path), 4096 * 2):
                file.seek(at)
                file.write(b"\xff" * 64)
        self.assertTrue([name for name in broken(path) if name.startswith("a damaged page")])

    def test_what_is_taken_back_is_told(self):
        earlier = Snapshot(self.sound)
        for name, statement in TAKES_BACK.items():
            with self.subTest(name):
                self.assertIn(name, undone(earlier, Snapshot(self.changed([statement]))))

    def test_what_people_take_back_themselves_is_none(self):
        before = Snapshot(self.server.database)
        person = self.person().with_two_step()
        middle = Snapshot(self.server.database)
        expect(person.elsewhere().second_step(person.half_way(), person.wrong_code()), 401)
        later = Snapshot(self.server.database)
        expect(person.post("/account/two-step/disable",
                           {"password": person.password, "method": "recovery_code", "code": person.account.recovery_codes[0]}), 200)
        for earlier in (before, middle, later):
            self.assertEqual(undone(earlier, Snapshot(self.server.database)), [])
        self.assertEqual(broken(self.server.database), [])


if __name__ == "__main__":
    unittest.main()
