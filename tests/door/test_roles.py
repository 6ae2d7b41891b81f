"""Who may do what in an organisation: src/organizations/roles.def, each right by each role, through a request that needs it."""
import unittest

from harness import expect
from organizations import OrganizationTest, rights

# What a right is needed for. The request must get past the right; what it answers then is another test's matter.
REQUESTS = {
    "SEE": ("GET", "", None),
    "LEAVE": None,  # test_members: leaving is the member's own removal
    "SEE_MEMBERS": ("GET", "/members", None),
    "SEE_AUDIT": ("GET", "/audit", None),
    "DOWNLOAD": ("GET", "/members.csv", None),
    "RENAME": ("PATCH", "", {"name": "Alpha"}),
    "CHANGE_SERVICES": ("POST", "/services", {"name": ""}),
    "INVITE": ("POST", "/invitations", {"email": "no address", "role": "member"}),
    "CHANGE_MEMBERS": ("PATCH", "/members/AAAAAAAAAAAAAAAAAAAAAA", {}),
    "SET_SECURITY": ("PATCH", "/security", {}),
    "RESET_SECOND_STEP": ("POST", "/members/AAAAAAAAAAAAAAAAAAAAAA/two-step/reset", {"password": "x", "reason": "x"}),
    "HAND_OVER": ("POST", "/owner", {"account_id": "AAAAAAAAAAAAAAAAAAAAAA"}),
    "DELETE": ("DELETE", "", {"name": "not its name"}),
}
ABSENT = "AAAAAAAAAAAAAAAAAAAAAA"


class Roles(OrganizationTest):
    def test_each_right_has_a_request(self):
        self.assertEqual(set(REQUESTS), set(rights()))

    def ask(self, person, organization, request):
        method, path, body = request
        return person.request(method, f"/api/v1/organizations/{organization}{path}", body)

    def test_each_role_may_what_the_table_says(self):
        organization, owner, manager, member = self.team()
        for right, (roles, _) in rights().items():
            if not REQUESTS[right]:
                continue
            for role, person in (("owner", owner), ("manager", manager), ("member", member)):
                with self.subTest(right=right, role=role):
                    reply = self.ask(person, organization, REQUESTS[right])
                    refused = (reply.status, reply.detail) == (403, "You may not do this.")
                    self.assertEqual(refused, not roles[role], repr(reply))

    def test_strangers_get_the_words_of_what_is_not_there(self):
        organization, *_ = self.team()
        stranger = self.person().sign_up()
        for right, request in REQUESTS.items():
            if request:
                there = expect(self.ask(stranger, organization, request), 404, "not_found", right)
                absent = expect(self.ask(stranger, ABSENT, request), 404, "not_found", right)
                self.assertEqual(there, absent, right)
                for odd in ("x", organization.swapcase(), organization + "A", "%00", "..%2f"):
                    self.assertIn(self.ask(stranger, odd, request).status, (400, 404), f"{right} {odd}")

    def test_nobody_gets_asked_to_sign_in(self):
        organization, *_ = self.team()
        nobody = self.person()
        for right, request in REQUESTS.items():
            if request:
                expect(self.ask(nobody, organization, request), 401, "not_signed_in", right)

    def test_a_manager_does_not_touch_the_owner(self):
        organization, owner, manager, _ = self.team(two_step=True)
        member = f"/organizations/{organization}/members/{owner.id()}"
        expect(manager.patch(member, {"role": "member"}), 403, "forbidden")
        expect(manager.delete(member), 403, "forbidden")
        expect(manager.post(member + "/two-step/reset", {"password": manager.password, "reason": "phone lost"}), 403, "forbidden")
        self.assertEqual(self.role_of(organization, owner), "owner")
        self.assertTrue(owner.two_step()["enabled"])

    def test_freshness_is_asked_after_rights(self):
        organization, owner, _, member = self.team()
        stranger = self.person().sign_up()
        self.server.forward(700)
        body = {"two_step_required": False}
        expect(owner.patch(f"/organizations/{organization}/security", body), 403, "confirmation_required")
        expect(member.patch(f"/organizations/{organization}/security", body), 403, "forbidden")
        expect(stranger.patch(f"/organizations/{organization}/security", body), 404, "not_found")


if __name__ == "__main__":
    unittest.main()
