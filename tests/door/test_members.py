"""Members: listed, changed, removed, leaving; one owner, whatever races; organisations made, renamed, deleted."""
import unittest

from harness import UTC_SECOND, at_once, expect, statuses
from organizations import OrganizationTest, id_hex


class Organizations(OrganizationTest):
    def test_whoever_creates_one_owns_it(self):
        person = self.person().sign_up()
        made = expect(person.post("/organizations", {"name": "  서울 공장  "}), 201)
        self.assertEqual((made["name"], made["role"]), ("서울 공장", "owner"))
        self.assertEqual(expect(person.get("/organizations"), 200)["organizations"], [made])
        self.assertEqual(expect(person.get(f"/organizations/{made['id']}"), 200), made)
        other = expect(person.post("/organizations", {"name": "서울 공장"}), 201)
        self.assertNotEqual(other["id"], made["id"], "a name is no key")

    def test_names_are_read_as_those_of_people(self):
        person = self.person().sign_up()
        organization = self.organization(person)
        for name in ("", "   ", "a" * 101, "http://x", "www.example.com", "a/b", "a\\b", "a@b", "a\nb", "a\u202eb",
                     "\u200b", "\ufeff\u2060", "\u00ad", "\u3000"):
            expect(person.post("/organizations", {"name": name}), 422, "invalid_name", repr(name))
            expect(person.patch(f"/organizations/{organization}", {"name": name}), 422, "invalid_name", repr(name))
        for body in ({}, {"name": None}, {"name": 7}, {"name": ["x"]}):
            reply = expect(person.post("/organizations", body), 400, "invalid_request", repr(body))
            self.assertEqual(reply["field"], "name")
        self.assertEqual(expect(person.get(f"/organizations/{organization}"), 200)["name"], "Alpha")

    def test_is_renamed_and_deleted(self):
        organization, owner, manager, member = self.team()
        expect(manager.patch(f"/organizations/{organization}", {"name": "Beta"}), 200)
        self.assertEqual(expect(member.get(f"/organizations/{organization}"), 200)["name"], "Beta")
        expect(owner.delete(f"/organizations/{organization}", body={"name": "Alpha"}), 422, "invalid_name")
        self.server.forward(700)
        expect(owner.delete(f"/organizations/{organization}", body={"name": "Beta"}), 403, "confirmation_required")
        expect(owner.post("/session/confirm", {"password": owner.password}), 200)
        expect(owner.delete(f"/organizations/{organization}", body={"name": "Beta"}), 204)
        for person in (owner, manager, member):
            expect(person.get(f"/organizations/{organization}"), 404, "not_found")
            self.assertEqual(expect(person.get("/organizations"), 200)["organizations"], [])
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM membership WHERE hex(organization_id) = ?", id_hex(organization)), [(0,)])
        self.assertEqual([action for action, *_ in self.log_of(organization)][-1], "organization_deleted")

    def test_an_account_owns_so_many_and_no_more(self):
        person = self.person().sign_up()
        for _ in range(49):
            self.organization(person)
        found = statuses(at_once([lambda: person.post("/organizations", {"name": "Last"}) for _ in range(10)]))
        self.assertEqual(found, {"201": 1, "422 organization_limit": 9})


class Members(OrganizationTest):
    def members(self, person, organization, query=""):
        return expect(person.get(f"/organizations/{organization}/members{query}"), 200)

    def test_are_listed_with_what_they_are(self):
        organization, owner, manager, member = self.team()
        member.enable()
        listed = self.members(manager, organization)
        self.assertIsNone(listed["next"])
        found = {m["email"]: m for m in listed["members"]}
        self.assertEqual({e: m["role"] for e, m in found.items()},
                         {owner.email: "owner", manager.email: "manager", member.email: "member"})
        self.assertEqual([found[p.email]["two_step"] for p in (owner, member)], [False, True])
        for entry in found.values():
            self.assertRegex(entry["last_seen_at"], UTC_SECOND)
        one = expect(owner.get(f"/organizations/{organization}/members/{member.id()}"), 200)
        self.assertEqual(one, found[member.email])

    def test_are_paged_sorted_and_searched(self):
        owner = self.person("zz").sign_up()
        organization = self.organization(owner)
        people = [self.person("mem", name=name).sign_up() for name in ("Ärne", "bob", "Carla 50%", "김소라", "Zoe_x")]
        for person in people:
            self.join(organization, person)
        everybody = {owner.email} | {p.email for p in people}
        for sort in ("email", "name", "last_seen"):
            seen, after = [], ""
            for _ in range(len(everybody)):
                page = self.members(owner, organization, f"?limit=1&sort={sort}{after}")
                seen += [m["email"] for m in page["members"]]
                if not page["next"]:
                    break
                after = f"&after={page['next']}"
            self.assertEqual(len(seen), len(everybody), sort)
            self.assertEqual(set(seen), everybody, sort)
            self.assertIsNone(page["next"], f"{sort}: nobody follows the last one")
        self.assertEqual([m["email"] for m in self.members(owner, organization)["members"]], sorted(everybody))
        for text, emails in (("BOB", [people[1].email]), ("50%25", [people[2].email]), ("%EA%B9%80", [people[3].email]),
                             ("_x", [people[4].email]), ("zz", [owner.email]), ("nobody", [])):
            found = self.members(owner, organization, f"?search={text}")["members"]
            self.assertEqual([m["email"] for m in found], emails, text)
        people[0].enable()
        with_it, without = {people[0].email}, everybody - {people[0].email}
        for query, emails in (("without_two_step=true", without), ("without_two_step=false", everybody), ("two_step=false", without),
                              ("two_step=true", with_it), ("two_step=false&without_two_step=true", without),
                              ("two_step=true&without_two_step=false", with_it), ("two_step=true&search=bob", set())):
            found = self.members(owner, organization, "?" + query)["members"]
            self.assertEqual({m["email"] for m in found}, emails, query)
        after = self.members(owner, organization, "?two_step=false&limit=2")["next"]
        rest = self.members(owner, organization, f"?two_step=false&after={after}")
        self.assertEqual([m["email"] for m in rest["members"]], sorted(without)[2:], "from another place on")

    def test_odd_queries_are_named(self):
        owner = self.person().sign_up()
        organization = self.organization(owner)
        for query, field in (("limit=0", "limit"), ("limit=x", "limit"), ("sort=age", "sort"), ("after=x", "after"),
                             ("after=" + "A" * 4000, "after"), ("sort=last_seen&after=" + "A" * 24, "after"), ("sort=", "sort"),
                             ("sort=name&sort=email", "sort"), ("search=a&search=b", "search"), ("search=%ff", "search"),
                             *((f"{name}={value}", name) for name in ("two_step", "without_two_step")
                               for value in ("", "1", "0", "yes", "no", "on", "off", "TRUE", "False", "true%20", "%ff", f"true&{name}=true")),
                             ("two_step=true&without_two_step=true", "two_step")):
            reply = owner.get(f"/organizations/{organization}/members?{query}")
            self.assertEqual(expect(reply, 400, "invalid_request", query)["field"], field)
        expect(owner.get(f"/organizations/{organization}/members?limit=100000"), 200)

    def test_a_damaged_place_never_begins_a_list_anew(self):
        owner = self.person().sign_up()
        organization = self.organization(owner)
        for path in ("/organizations", "/sessions", "/invitations",
                     *(f"/organizations/{organization}/{part}" for part in ("members", "services", "invitations", "audit"))):
            place = "before" if path.endswith("audit") else "after"
            for query, field in ((f"{place}=%ff", place), (f"{place}=%00", place), (f"{place}=", place), (f"{place}=x", place),
                                 (f"{place}=1.1&{place}=1.1", place), ("limit=%ff", "limit"), ("limit=", "limit"), ("limit=1&limit=2", "limit")):
                with self.subTest(f"{path}?{query}"):
                    self.assertEqual(expect(owner.get(f"{path}?{query}"), 400, "invalid_request")["field"], field)

    def test_roles_change_and_are_on_record(self):
        organization, owner, _, member = self.team()
        path = f"/organizations/{organization}/members/{member.id()}"
        self.assertEqual(expect(owner.patch(path, {"role": "manager"}), 200)["role"], "manager")
        expect(member.get(f"/organizations/{organization}/members"), 200)
        self.assertEqual(expect(owner.patch(path, {"role": "member"}), 200)["role"], "member")
        expect(member.get(f"/organizations/{organization}/members"), 403, "forbidden")
        self.assertIn(("member_changed", owner.email, member.email, "manager"), self.log_of(organization))

    def test_manager_is_given_and_taken_by_who_is_present(self):
        organization, owner, manager, member = self.team()
        self.server.forward(700)
        path = f"/organizations/{organization}/members/"
        expect(owner.patch(path + member.id(), {"role": "manager"}), 403, "confirmation_required")
        expect(owner.patch(path + manager.id(), {"role": "member"}), 403, "confirmation_required")
        for services in ([{"id": "zz", "role": "viewer"}], [{"id": "A" * 22, "role": "viewer"}]):
            for person, role in ((member, "manager"), (manager, "member")):
                expect(owner.patch(path + person.id(), {"role": role, "services": services}), 403, "confirmation_required", role)
        expect(owner.patch(path + member.id(), {"role": "member"}), 200, about="as it is")
        for role in ("manager", "member"):
            expect(owner.patch(path + owner.id(), {"role": role}), 403, "confirmation_required", role)
        expect(manager.patch(path + owner.id(), {"services": [{"id": "zz", "role": "viewer"}]}), 403, "forbidden")

    def test_wrong_roles_are_named_and_change_nothing(self):
        organization, owner, _, member = self.team()
        path = f"/organizations/{organization}/members/{member.id()}"
        for body, field in (({"role": "owner"}, "role"), ({"role": "admin"}, "role"), ({"role": 1}, "role"), ({"role": ""}, "role"),
                            ({"services": "x"}, "services"), ({"services": {}}, "services"), ({"services": ["x"]}, "services"),
                            ({"services": [{"id": "x", "role": "viewer"}]}, "services"),
                            ({"services": [{"id": "A" * 22, "role": "viewer"}]}, "services"),
                            ({"services": [{"role": "viewer"}]}, "services.id"), ({"services": [{"id": 1, "role": "viewer"}]}, "services.id")):
            reply = expect(owner.patch(path, body), 400, "invalid_request", repr(body))
            self.assertEqual(reply["field"], field, repr(body))
        self.assertEqual(self.role_of(organization, member), "member")
        for other in ("x", "A" * 22, self.person().sign_up().id()):
            expect(owner.patch(f"/organizations/{organization}/members/{other}", {"role": "member"}), 404, "not_found")

    def test_are_removed_and_leave(self):
        organization, owner, manager, member = self.team()
        expect(member.delete(f"/organizations/{organization}/members/{manager.id()}"), 403, "forbidden")
        expect(manager.delete(f"/organizations/{organization}/members/{member.id()}"), 204)
        expect(member.get(f"/organizations/{organization}"), 404, "not_found")
        expect(manager.delete(f"/organizations/{organization}/members/{member.id()}"), 404, "not_found")
        expect(manager.delete(f"/organizations/{organization}/members/{manager.id()}"), 204)
        expect(manager.get(f"/organizations/{organization}"), 404, "not_found")
        expect(owner.delete(f"/organizations/{organization}/members/{owner.id()}"), 409, "last_owner")
        actions = [action for action, *_ in self.log_of(organization)]
        self.assertEqual(actions.count("member_removed"), 1)
        self.assertEqual(actions.count("member_left"), 1)

    def test_a_member_learns_nothing_of_who_is_there(self):
        organization, owner, _, member = self.team()
        there = expect(member.delete(f"/organizations/{organization}/members/{owner.id()}"), 403, "forbidden")
        absent = expect(member.delete(f"/organizations/{organization}/members/{'A' * 22}"), 403, "forbidden")
        odd = expect(member.delete(f"/organizations/{organization}/members/x"), 403, "forbidden")
        self.assertEqual(there, absent)
        self.assertEqual(there, odd)

    def test_ids_of_another_organisation_are_not_found(self):
        first, owner, *_ = self.team()
        second, _, _, foreign = self.team("Beta")
        for method, path, body in (("GET", "", None), ("PATCH", "", {"role": "member"}), ("DELETE", "", None),
                                   ("POST", "/two-step/reset", {"password": owner.password, "reason": "lost"})):
            reply = owner.request(method, f"/api/v1/organizations/{first}/members/{foreign.id()}{path}", body)
            expect(reply, 404, "not_found", f"{method} {path}")
            expect(owner.request(method, f"/api/v1/organizations/{second}/members/{foreign.id()}{path}", body), 404, "not_found")
        self.assertEqual(self.role_of(second, foreign), "member")


class Owner(OrganizationTest):
    def owners(self, organization):
        return self.server.sql("SELECT COUNT(*) FROM membership WHERE hex(organization_id) = ? AND role = 3", id_hex(organization))[0][0]

    def test_hands_over_and_becomes_manager(self):
        organization, owner, _, member = self.team()
        expect(owner.post(f"/organizations/{organization}/owner", {"account_id": member.id()}), 200)
        self.assertEqual([self.role_of(organization, p) for p in (owner, member)], ["manager", "owner"])
        expect(owner.post(f"/organizations/{organization}/owner", {"account_id": owner.id()}), 403, "forbidden")
        for account in (self.person().sign_up().id(), "x"):
            expect(member.post(f"/organizations/{organization}/owner", {"account_id": account}), 404, "not_found")
        expect(member.post(f"/organizations/{organization}/owner", {"account_id": member.id()}), 400, "invalid_request")
        self.assertIn(("owner_changed", owner.email, member.email, ""), self.log_of(organization))

    def test_nobody_is_handed_more_than_one_may_own(self):
        heir, owner = self.person().sign_up(), self.person().sign_up()
        owned = [self.organization(heir) for _ in range(49)]
        mine = [self.organization(owner) for _ in range(4)]
        for organization in mine:
            self.join(organization, heir)
        found = at_once([lambda o=o: owner.post(f"/organizations/{o}/owner", {"account_id": heir.id()}) for o in mine])
        self.assertEqual(statuses(found), {"200": 1, "422 organization_limit": 3})
        self.assertEqual({r.json["field"] for r in found if r.status == 422}, {"account_id"})
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM membership m JOIN account a ON a.id = m.account_id WHERE a.email = ? AND m.role = 3",
                                         heir.email), [(50,)])
        kept = [o for o in mine if self.role_of(o, owner) == "owner"]
        self.assertEqual([self.role_of(o, heir) for o in kept], ["member"] * 3, "nothing half done")
        page = owner.request("POST", f"/organizations/{kept[0]}/members/{heir.id()}/owner", raw=b"", headers={
            "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Origin": self.server.origin})
        self.assertEqual(page.status, 422)
        self.assertIn("as many organizations as one account may", page.text)
        expect(heir.delete(f"/organizations/{owned[0]}"), 204)
        expect(owner.post(f"/organizations/{kept[0]}/owner", {"account_id": heir.id()}), 200)

    def test_there_is_one_however_many_hand_over_at_once(self):
        organization, owner, manager, member = self.team()
        ids = [manager.id(), member.id()]
        replies = at_once([lambda i=i: owner.post(f"/organizations/{organization}/owner", {"account_id": ids[i % 2]}) for i in range(20)])
        self.once(replies, "200", {"403 forbidden"})
        self.assertEqual(self.owners(organization), 1)

    def test_cannot_be_demoted_removed_or_leave(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/members/{owner.id()}"
        expect(owner.patch(path, {"role": "member"}), 409, "last_owner")
        expect(owner.delete(path), 409, "last_owner")
        self.assertEqual(self.owners(organization), 1)

    def test_is_one_while_hand_over_and_leaving_race(self):
        organization, owner, manager, _ = self.team()
        hand = [lambda: owner.post(f"/organizations/{organization}/owner", {"account_id": manager.id()}) for _ in range(5)]
        leave = [lambda: manager.delete(f"/organizations/{organization}/members/{manager.id()}") for _ in range(5)]
        at_once(hand + leave)
        self.assertEqual(self.owners(organization), 1)


class Log(OrganizationTest):
    def test_a_sign_in_stands_there_once_and_only_where_it_was_used(self):
        organization, owner, *_ = self.team()
        other, *_ = self.team("Beta")
        for _ in range(3):
            expect(owner.get(f"/organizations/{organization}"), 200)
        at_once([lambda: owner.get(f"/organizations/{organization}/members") for _ in range(8)])
        signed_in = [row for row in self.log_of(organization) if row[0] == "signed_in"]
        self.assertEqual(signed_in, [("signed_in", owner.email, owner.email, "pwd")])
        self.assertNotIn(owner.email, [row[1] for row in self.log_of(other)])


class ByTheOperatorAlone(OrganizationTest):
    SERVER = {"args": ["--organizations", "operator"]}

    def test_nobody_else_creates(self):
        person = self.person().sign_up()
        expect(person.post("/organizations", {"name": "Alpha"}), 403, "forbidden")
        self.assertEqual(expect(person.get("/organizations"), 200)["organizations"], [])


if __name__ == "__main__":
    unittest.main()
