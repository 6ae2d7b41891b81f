"""The tab Audit log without JavaScript: entries in words, filters, pages, who may."""
import unittest

from harness import expect
from test_organization_pages import PagesTest


class AuditPage(PagesTest):
    def test_says_in_words_what_was_done_and_filters_it(self):
        organization, owner, manager, member = self.house()
        expect(manager.patch(f"/organizations/{organization}", {"name": "<b>Beta</b>"}), 422)
        expect(manager.patch(f"/organizations/{organization}", {"name": "Beta & Co"}), 200)
        page = owner.open(f"/organizations/{organization}/audit")
        for words in (manager.email, "Organization renamed", "Beta & Co", "127.0.0.1"):
            self.assertIn(words, page.text)
        page = page.press("Show", **{"Person (address)": owner.email})
        self.assertNotIn("Organization renamed", page.text.split("From day")[1].split("Show", 1)[1])
        self.assertEqual(page.field("Person (address)")["value"], owner.email)
        page = owner.open(f"/organizations/{organization}/audit?from=yesterday")
        self.wrong_at(page, "From day", 400)
        self.assertIn("no entry", owner.open(f"/organizations/{organization}/audit?from=2999-01-01").text)

    def test_is_paged(self):
        organization, owner, *_ = self.house()
        for n in range(55):
            expect(owner.patch(f"/organizations/{organization}", {"name": f"Alpha {n}"}), 200)
        page = owner.open(f"/organizations/{organization}/audit?action=organization_renamed").press("Older")
        self.assertIn("Alpha 3", page.text)
        self.assertNotIn("Alpha 53", page.text)
        self.assertIn("Alpha 53", page.press("Newest").text)

    def test_is_for_owner_and_managers(self):
        organization, _, _, member = self.house()
        stranger = self.signed_up()
        self.assertEqual(member.open(f"/organizations/{organization}/audit").reply.status, 403)
        self.assertEqual(stranger.open(f"/organizations/{organization}/audit").reply.status, 404)


if __name__ == "__main__":
    unittest.main()
