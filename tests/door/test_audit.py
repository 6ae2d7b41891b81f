"""The audit log of an organisation: who sees it, what stands in it, pages and filters; nothing changes a row."""
import csv
import io
import os
import re
import unittest

from harness import UTC_SECOND, expect
from organizations import ROOT, OrganizationTest, id_hex


class Audit(OrganizationTest):
    def events(self, person, organization, query=""):
        return expect(person.get(f"/organizations/{organization}/audit{query}"), 200)

    def test_says_who_did_what_to_whom_when_and_from_where(self):
        organization, owner, _, member = self.team()
        expect(owner.patch(f"/organizations/{organization}/members/{member.id()}", {"role": "manager"}), 200)
        newest = self.events(owner, organization)["events"][0]
        self.assertEqual((newest["actor"], newest["action"], newest["target"], newest["details"], newest["address"]),
                         (owner.email, "member_changed", member.email, "manager", "127.0.0.1"))
        self.assertEqual((newest["actor_id"], newest["account_id"]), (owner.id(), member.id()))
        self.assertRegex(newest["at"], UTC_SECOND)

    def test_another_organisations_events_never_show(self):
        first, owner, *_ = self.team()
        second, other, *_ = self.team("Beta")
        self.join(second, owner, "manager")
        expect(other.patch(f"/organizations/{second}", {"name": "Gamma"}), 200)
        for query in ("", f"?person={other.email}", f"?person={other.id()}", "?action=organization_renamed"):
            for event in self.events(owner, first, query)["events"]:
                self.assertNotEqual(event["actor"], other.email, query)

    def test_what_people_do_elsewhere_does_not_show(self):
        organization, owner, _, member = self.team()
        member.enable()
        expect(member.post("/account/password", {"current_password": member.password, "new_password": "Quartz9 meadow-Lamp violin"}), 200)
        actions = {event["action"] for event in self.events(owner, organization)["events"]}
        self.assertFalse(actions & {"two_step_on", "password_changed", "signed_up"}, actions)

    def test_is_paged_and_filtered(self):
        organization, owner, manager, member = self.team()
        for number in range(7):
            expect((owner, manager)[number % 2].patch(f"/organizations/{organization}", {"name": f"Alpha {number}"}), 200)
        whole = self.events(owner, organization)
        self.assertIsNone(whole["next"])
        everything = [event["id"] for event in whole["events"]]
        seen, before = [], ""
        for _ in range(len(everything) + 1):
            page = self.events(owner, organization, f"?limit=2{before}")
            seen += [event["id"] for event in page["events"]]
            if not page["next"]:
                break
            before = f"&before={page['next']}"
        self.assertEqual(seen, everything)
        for query in ("", "&action=organization_renamed", f"&person={owner.email}"):
            rows = len(self.events(owner, organization, f"?limit=200{query}")["events"])
            self.assertIsNone(self.events(owner, organization, f"?limit={rows}{query}")["next"], query)
            self.assertIsNotNone(self.events(owner, organization, f"?limit={rows - 1}{query}")["next"], query)
        renamed = self.events(owner, organization, "?action=organization_renamed")["events"]
        self.assertEqual([event["target"] for event in renamed], [f"Alpha {n}" for n in range(6, -1, -1)])
        by_manager = self.events(owner, organization, f"?person={manager.email}&action=organization_renamed")["events"]
        self.assertEqual(len(by_manager), 3)
        self.assertEqual(self.events(owner, organization, f"?person={manager.id()}&action=organization_renamed")["events"], by_manager)
        self.assertEqual(self.events(owner, organization, f"?person={member.email}")["events"], [])
        for nobody in ("nobody@example.com", "not an address".replace(" ", "%20"), "A" * 22):
            self.assertEqual(self.events(owner, organization, f"?person={nobody}")["events"], [])

    def test_an_address_is_a_persons_only_while_they_are_in(self):
        """Which address somebody has now who left is not to be learnt by trying; what stands in the log is found."""
        organization, owner, _, member = self.team()
        path = f"/organizations/{organization}/members/{member.id()}"
        expect(owner.patch(path, {"role": "manager"}), 200)
        expect(member.patch(f"/organizations/{organization}", {"name": "Renamed"}), 200)
        by_member = self.events(owner, organization, f"?person={member.email}")["events"]
        self.assertEqual(self.events(owner, organization, f"?person={member.id()}")["events"], by_member)
        expect(owner.delete(path), 204)
        expect(owner.patch(f"/organizations/{organization}/security", {"csv_download": {"mode": "managers"}}), 200)
        old, new = member.email, "private." + member.email
        self.server.sql("UPDATE account SET email = ? WHERE email = ?", new, old)
        invited = f"asked.{old}"
        expect(owner.post(f"/organizations/{organization}/invitations", {"email": invited, "role": "member"}), 201)
        for query, found in ((f"person={new}", []), (f"person={new}&action=member_removed", []), ("person=nobody@example.com", []),
                             (f"person={old}", ["member_removed"] + [e["action"] for e in by_member]), (f"person={old.upper()}&action=member_removed", ["member_removed"]),
                             (f"person={invited}", ["invited"]), (f"person={member.id()}", ["member_removed"] + [e["action"] for e in by_member])):
            with self.subTest(query):
                self.assertEqual([e["action"] for e in self.events(owner, organization, f"?{query}")["events"]], found)
                rows = list(csv.reader(io.StringIO(owner.get(f"/organizations/{organization}/audit.csv?{query}").text)))[1:]
                self.assertEqual([row[4] for row in rows], found)
                page = owner.request("GET", f"/organizations/{organization}/audit?{query}", headers={"Accept": "text/html"})
                self.assertEqual("There is no entry" in page.text, not found)
        page = self.events(owner, organization, f"?person={old}&limit=1")
        rest = self.events(owner, organization, f"?person={old}&before={page['next']}")
        self.assertEqual([e["action"] for e in page["events"] + rest["events"]], ["member_removed"] + [e["action"] for e in by_member])

    def test_goes_by_time(self):
        organization, owner, *_ = self.team()
        expect(owner.patch(f"/organizations/{organization}", {"name": "Old"}), 200)
        self.server.forward(3 * 24 * 3600)
        expect(owner.patch(f"/organizations/{organization}", {"name": "New"}), 200)
        events = [e for e in self.events(owner, organization)["events"] if e["action"] == "organization_renamed"]
        new, old = events
        for query, names in ((f"?from={new['at']}", ["New"]), (f"?to={old['at']}", ["Old"]), (f"?from={old['at'][:10]}&to={old['at'][:10]}", ["Old"]),
                             (f"?from={old['at']}&to={new['at']}", ["New", "Old"]), ("?from=2999-01-01", []), ("?to=1999-12-31", [])):
            found = [e["target"] for e in self.events(owner, organization, query + "&action=organization_renamed")["events"]]
            self.assertEqual(found, names, query)

    def test_odd_queries_are_named(self):
        organization, owner, *_ = self.team()
        for query, field in (("before=x", "before"), ("before=1", "before"), ("before=1.", "before"), ("before=.1", "before"),
                             ("before=" + "9" * 40 + ".1", "before"), ("before=1.1.1", "before"), ("before=-1.1", "before"),
                             ("from=yesterday", "from"), ("from=2026-13-01", "from"), ("from=2026-02-30", "from"), ("to=%202026-1-1", "to"), ("to=2026-11-25T00:00:00", "to"),
                             ("to=2026-11-25x", "to"), ("action=everything", "action"), ("action=none", "action"), ("limit=0", "limit"), ("before=", "before"),
                             ("from=%ff", "from"), ("to=2026-11-25&to=2026-11-26", "to"), ("person=%00", "person"),
                             ("action=signed_in&action=signed_in", "action")):
            for file in ("audit", "audit.csv") if field != "limit" else ("audit",):
                reply = expect(owner.get(f"/organizations/{organization}/{file}?{query}"), 400, "invalid_request", query)
                self.assertEqual(reply["field"], field, query)

    def test_no_route_changes_or_removes_a_row(self):
        with open(os.path.join(ROOT, "docs/openapi.yaml"), encoding="utf-8") as file:
            paths = re.findall(r"^  (/\S*audit\S*):\n((?:    .*\n|\n)*)", file.read(), re.M)
        self.assertTrue(paths)
        for path, operations in paths:
            self.assertEqual(set(re.findall(r"^    (\w+):$", operations, re.M)), {"get"}, path)
        with open(os.path.join(ROOT, "src/audit/audit.c"), encoding="utf-8") as file:
            source = file.read()
        self.assertEqual(re.findall(r'"((?:UPDATE|DELETE FROM) audit_event[^"(]*)', source), [
            "UPDATE audit_event SET at = at, details = details WHERE number = $1",  # one that the same change has written, as it was
            "DELETE FROM audit_event WHERE number = $1",                            # the same of nobody: written and taken back
            "DELETE FROM audit_event WHERE number IN ",                             # what is past its time
        ])

    def test_each_filter_goes_along_an_index(self):
        with open(os.path.join(ROOT, "src/organizations/audit_log_sql.c"), encoding="utf-8") as file:
            source = file.read()
        parts = dict(re.findall(r'#define (\w+) \\?\s*"([^"]*)"', source))
        statements = re.findall(r'db_query\(db, rows,\s*((?:"[^"]*"|\w+|\s)+),', source)
        self.assertEqual(len(statements), 4)
        for statement in statements:
            sql = "".join(text or parts[name] for text, name in re.findall(r'"([^"]*)"|(\w+)', statement))
            plan = [row[3] for row in self.server.sql("EXPLAIN QUERY PLAN " + sql, *[None] * len(set(re.findall(r"\$\d", sql))))]
            reads = [line for line in plan if "audit_event" in line]
            self.assertTrue(reads, plan)
            for line in reads:
                self.assertRegex(line, r"SEARCH audit_event USING INDEX audit_event_organization", plan)
            if "UNION" not in sql:
                self.assertFalse([line for line in plan if "TEMP B-TREE" in line], plan)

    def test_an_organisation_that_is_deleted_leaves_its_rows(self):
        organization, owner, *_ = self.team()
        expect(owner.delete(f"/organizations/{organization}"), 204)
        self.assertIn("organization_deleted", [row[0] for row in self.log_of(organization)])
        self.assertTrue(id_hex(organization))


if __name__ == "__main__":
    unittest.main()
