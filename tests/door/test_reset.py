"""A second step is reset: by an owner or manager for a member who lost the phone."""
import unittest

from harness import WRONG_PASSWORD, at_once, expect, mail_text
from organizations import OrganizationTest


class Reset(OrganizationTest):
    def reset(self, by, organization, member, password=None, reason="Lost the phone"):
        return by.post(f"/organizations/{organization}/members/{member}/two-step/reset",
                       {"password": password or by.password, "reason": reason})

    def test_ends_everything_and_leads_to_a_set_up(self):
        organization, owner, _, member = self.team()
        member.enable()
        member.sign_out()
        expect(member.second_step(member.half_way(), remember_device=True), 200)
        bearer, half = member.elsewhere().sign_in("bearer"), member.elsewhere()
        login, codes = half.half_way(), list(member.account.recovery_codes)
        identity = member.id()
        before = len(member.mails())
        expect(self.reset(owner, organization, identity), 200)
        mail = self.server.mail_after(member.email, before)
        for text in (owner.email, "Lost the phone"):
            self.assertIn(text, mail_text(mail))
        self.assertEqual([p.is_signed_in() for p in (member, bearer)], [False, False])
        expect(half.second_step(login), 410, "login_expired")
        answer = expect(member.first_step(), 200)
        self.assertEqual((answer["status"], answer["required_by"]), ("setup_required", []))
        expect(member.get("/organizations"), 403, "two_step_setup_required")
        member.enable()
        expect(half.second_step(login), 410, "login_expired", "of before, with a code of the new app")
        expect(half.second_step(login, member.account.recovery_codes[0], "recovery_code"), 410, "login_expired")
        expect(member.get("/organizations"), 200)
        expect(member.elsewhere().second_step(member.half_way(), codes[0], "recovery_code"), 401, "invalid_code")
        self.assertIn(("second_step_reset", owner.email, member.email, "Lost the phone"), self.log_of(organization))

    def test_asks_for_password_reason_and_presence(self):
        organization, owner, _, member = self.team()
        member.enable()
        identity = member.id()
        expect(self.reset(owner, organization, identity, password=WRONG_PASSWORD), 403, "invalid_password")
        for reason in ("", "   ", "x" * 501, "a\nb", "a\u202eb"):
            reply = expect(self.reset(owner, organization, identity, reason=reason), 400, "invalid_request", repr(reason))
            self.assertEqual(reply["field"], "reason")
        self.server.forward(700)
        expect(self.reset(owner, organization, identity), 403, "confirmation_required")
        self.assertTrue(member.two_step()["enabled"])

    def test_not_on_oneself_nor_on_nobody_nor_twice(self):
        organization, owner, manager, member = self.team()
        for person in (owner, manager, member):
            person.enable()
        expect(self.reset(owner, organization, owner.id()), 403, "forbidden")
        expect(self.reset(manager, organization, manager.id()), 403, "forbidden")
        for account in ("x", "A" * 22, self.person().sign_up().id()):
            expect(self.reset(owner, organization, account), 404, "not_found")
        identity = member.id()
        expect(self.reset(manager, organization, identity), 200)
        expect(self.reset(manager, organization, identity), 409, "not_enabled")

    def test_not_where_the_member_belongs_elsewhere(self):
        organization, owner, _, member = self.team()
        member.enable()
        identity, own = member.id(), self.organization(member, "Mine alone")
        self.join(own, self.person().sign_up())
        expect(self.reset(owner, organization, identity), 403, "other_organizations")
        self.assertTrue(member.two_step()["enabled"])
        self.join(own, owner, "manager")
        expect(self.reset(owner, organization, identity), 403, "other_organizations", "a manager there, but the member owns it")
        other, other_owner, *_ = self.team("Beta")
        second = self.person().sign_up()
        second.enable()
        self.join(organization, second)
        self.join(other, second)
        second_id = second.id()
        expect(self.reset(owner, organization, second_id), 403, "other_organizations")
        self.join(other, owner, "manager")
        expect(self.reset(owner, organization, second_id), 200)
        for log in (organization, other):
            self.assertIn("second_step_reset", [row[0] for row in self.log_of(log)])
        self.assertTrue(other_owner.is_signed_in())

    def test_who_may_is_asked_before_freshness(self):
        organization, owner, manager, member = self.team(two_step=True)
        other, *_ = self.team("Beta")
        guest = self.join(other, self.join(organization, self.person().with_two_step()))
        ids = {person: person.id() for person in (owner, manager, member, guest)}
        self.server.forward(700)
        for by, account, code in ((manager, ids[owner], "forbidden"), (manager, ids[manager], "forbidden"), (owner, ids[owner], "forbidden"),
                                  (member, ids[owner], "forbidden"), (manager, ids[guest], "other_organizations"),
                                  (owner, ids[guest], "other_organizations"), (manager, ids[member], "confirmation_required")):
            path = f"/organizations/{organization}/members/{account}/two-step/reset"
            for body in ({"password": by.password, "reason": "Lost the phone"}, {"password": WRONG_PASSWORD, "reason": ""}, {}):
                expect(by.post(path, body), 403, code, repr(body))
        for account in ("x", "A" * 22):
            expect(self.reset(owner, organization, account), 404, "not_found")
        self.assertEqual([person.two_step()["enabled"] for person in (owner, manager, member, guest)], [True] * 4)

    def test_an_organisation_that_somebody_is_alone_in_does_not_count(self):
        organization, owner, _, member = self.team()
        member.enable()
        self.organization(member, "A try")
        expect(self.reset(owner, organization, member.id()), 200)

    def test_once_of_twenty_at_once(self):
        organization, owner, _, member = self.team()
        member.enable()
        identity = member.id()
        replies = at_once([lambda: self.reset(owner, organization, identity)] * 8)
        self.once(replies, "200", {"409 not_enabled", "503 busy"})


if __name__ == "__main__":
    unittest.main()
