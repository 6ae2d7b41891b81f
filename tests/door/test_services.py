"""Services: the applications that an organisation guards, their hosts and rules."""
import unittest
import urllib.parse

from guard import HTML, HandOverTest
from harness import at_once, expect
from organizations import OrganizationTest, id_hex


class Services(OrganizationTest):
    def create(self, person, organization, name="Shop", **more):
        return person.post(f"/organizations/{organization}/services", {"name": name, **more})

    def test_are_made_seen_changed_and_deleted(self):
        organization, owner, manager, member = self.team()
        rule = {"path": "/export/*", "methods": ["GET"], "second_step_max_age_s": 300}
        made = expect(self.create(manager, organization, hosts=["Shop.Example.com."], rules=[rule], assertion=True), 201)
        self.assertEqual({k: made[k] for k in ("name", "hosts", "rules", "assertion", "role")},
                         {"name": "Shop", "hosts": [{"host": "shop.example.com", "state": "allowed"}], "rules": [rule], "assertion": True,
                          "role": "manager"})
        path = f"/organizations/{organization}/services/{made['id']}"
        seen = expect(member.get(path), 200)
        self.assertEqual(seen, {**made, "role": None})
        changed = expect(owner.patch(path, {"name": "Store", "hosts": []}), 200)
        self.assertEqual(changed, {**made, "name": "Store", "hosts": []})
        self.assertEqual(expect(owner.get(f"/organizations/{organization}/services"), 200)["services"], [changed])
        expect(member.delete(path), 403, "forbidden")
        expect(owner.delete(path), 204)
        expect(owner.get(path), 404, "not_found")
        expect(owner.delete(path), 404, "not_found")
        self.assertEqual([r[0] for r in self.log_of(organization) if r[0].startswith("service_")], ["service_created", "service_changed", "service_deleted"])

    def test_short_lists_are_paged_as_all_lists_are(self):
        owner, guest = self.person().sign_up(), self.person().sign_up()
        organizations = [self.organization(owner, name) for name in ("Alpha", "Beta", "Gamma")]
        for name, organization in zip(("Wiki", "Shop", "Mail"), organizations):
            expect(self.create(owner, organizations[0], name), 201)
            expect(owner.post(f"/organizations/{organization}/invitations", {"email": guest.email, "role": "member"}), 201)
        for person, path, name in ((owner, "/organizations", "organizations"), (owner, f"/organizations/{organizations[0]}/services", "services"),
                                   (guest, "/invitations", "invitations")):
            with self.subTest(name):
                whole = expect(person.get(path), 200)
                self.assertEqual((len(whole[name]), whole["next"]), (3, None))
                first = expect(person.get(f"{path}?limit=2"), 200)
                rest = expect(person.get(f"{path}?limit=2&after={first['next']}"), 200)
                self.assertEqual((first[name], rest[name], rest["next"]), (whole[name][:2], whole[name][2:], None))
                self.assertIsNone(expect(person.get(f"{path}?limit=3"), 200)["next"])
                for query, field in (("limit=0", "limit"), ("after=x", "after"), ("after=", "after"), (f"after={guest.id()}", "after"),
                                     (f"after={first['next']}.", "after"), (f"after={first['next'][:20]}", "after"), (f"after={'A' * 3000}", "after")):
                    self.assertEqual(expect(person.get(f"{path}?{query}"), 400, "invalid_request", query)["field"], field)

    def walk(self, person, path, name, visit):
        """Ids of all pages; visit(ids) in front of the second one."""
        page = expect(person.get(f"{path}?limit=2"), 200)
        ids = [one["id"] for one in page[name]]
        visit(list(ids))
        while page["next"]:
            page = expect(person.get(f"{path}?limit=2&after={page['next']}"), 200)
            self.assertTrue(page[name])
            ids += [one["id"] for one in page[name]]
        return ids

    def test_a_list_loses_and_repeats_nothing_where_what_is_in_it_is_used(self):
        owner = self.person().sign_up()
        made = [self.organization(owner, name) for name in ("beta", "Alpha", "alpha", "Gamma", "delta", "가나", "Beta")]
        sorted_by = [o["name"].lower() for o in expect(owner.get("/organizations"), 200)["organizations"]]
        self.assertEqual(sorted_by, ["alpha", "alpha", "beta", "beta", "delta", "gamma", "가나"])
        self.server.sql("UPDATE membership SET last_seen_at = last_seen_at - 3600 - rowid")
        before = [o["id"] for o in expect(owner.get("/organizations"), 200)["organizations"]]

        def visit(seen):
            for organization in set(made) - set(seen):
                expect(owner.get(f"/organizations/{organization}"), 200)

        ids = self.walk(owner, "/organizations", "organizations", visit)
        self.assertEqual(ids, before)
        self.assertEqual(sorted(ids), sorted(made))

    def test_a_place_in_a_list_outlives_its_rows(self):
        owner, guest = self.person().sign_up(), self.person().sign_up()
        organizations = [self.organization(owner, name) for name in ("A", "B", "C", "D", "E")]
        for number, organization in enumerate(organizations):
            expect(self.create(owner, organizations[0], f"S{number}"), 201)
            expect(owner.post(f"/organizations/{organization}/invitations", {"email": guest.email, "role": "member"}), 201)
        services = f"/organizations/{organizations[0]}/services"

        def delete_services(seen):
            for service in seen:
                expect(owner.delete(f"{services}/{service}"), 204)

        def accept(seen):
            for invitation in seen:
                expect(guest.post(f"/invitations/{invitation}/accept"), 200)

        def delete_organizations(seen):
            for organization in seen:
                expect(owner.delete(f"/organizations/{organization}"), 204)

        for person, path, name, visit in ((owner, services, "services", delete_services), (guest, "/invitations", "invitations", accept),
                                          (owner, "/organizations", "organizations", delete_organizations)):
            with self.subTest(name):
                whole = [one["id"] for one in expect(person.get(path), 200)[name]]
                self.assertEqual(self.walk(person, path, name, visit), whole)

    def test_more_than_two_hundred_invitations_are_all_reached(self):
        guest, owner = self.person().sign_up(), self.person().sign_up()
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 203) INSERT INTO organization (id, name, created_at)"
                        " SELECT randomblob(16), 'Many ' || i, unixepoch() FROM n WHERE true")
        self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                        " SELECT o.id, a.id, 3, a.email, 'x', 1, 1 FROM organization o, account a WHERE o.name LIKE 'Many %' AND a.email = ?", owner.email)
        self.server.sql("INSERT INTO invitation (id, organization_id, email, role, digest, invited_by, inviter, created_at, expires_at)"
                        " SELECT randomblob(16), o.id, ?, 1, randomblob(32), a.id, a.email, unixepoch(), unixepoch() + 600"
                        " FROM organization o, account a WHERE o.name LIKE 'Many %' AND a.email = ?", guest.email, owner.email)
        first = expect(guest.get("/invitations?limit=200"), 200)
        rest = expect(guest.get(f"/invitations?limit=200&after={first['next']}"), 200)
        self.assertEqual((len({one["id"] for one in first["invitations"] + rest["invitations"]}), rest["next"]), (203, None))

    def test_changes_ask_for_presence(self):
        organization, owner, *_ = self.team()
        made = expect(self.create(owner, organization), 201)
        self.server.forward(700)
        path = f"/organizations/{organization}/services"
        for reply in (owner.post(path, {"name": "x"}), owner.patch(f"{path}/{made['id']}", {}), owner.delete(f"{path}/{made['id']}")):
            expect(reply, 403, "confirmation_required")
        expect(owner.get(path), 200)

    def test_names_are_their_own(self):
        organization, owner, *_ = self.team()
        first, second = expect(self.create(owner, organization), 201), expect(self.create(owner, organization, "Mail"), 201)
        self.assertEqual(expect(self.create(owner, organization), 409, "name_taken")["field"], "name")
        for status in (201, 409):
            reply = self.create(owner, organization, "Twice", hosts=["twice.example"])
            self.assertEqual((reply.status, reply.code, reply.json.get("field")), (status, *(("host_taken", "hosts") if status == 409 else (None, None))))
        path = f"/organizations/{organization}/services/"
        expect(owner.patch(path + second["id"], {"name": "Shop"}), 409, "name_taken")
        expect(owner.patch(path + first["id"], {"name": "Shop"}), 200, about="as it is")
        for name in ("", "a/b", "x" * 101):
            expect(self.create(owner, organization, name), 422, "invalid_name", name)
        expect(owner.post(path[:-1], {}), 400, "invalid_request")
        other, other_owner, *_ = self.team("Beta")
        expect(self.create(other_owner, other), 201)

    def test_hosts_have_one_spelling(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/services/{expect(self.create(owner, organization), 201)['id']}"
        for host, read in (("APP.example.com", "app.example.com"), (" app.example.com ", "app.example.com"), ("app.example.com:80", "app.example.com"),
                           ("app.example.com:8443", "app.example.com:8443"), ("xn--9t4b11yi5a.example", "xn--9t4b11yi5a.example"),
                           ("[2001:DB8:0::1]:8080", "[2001:db8::1]:8080"), ("10.0.0.1", "10.0.0.1"), ("localhost:3000", "localhost:3000")):
            self.assertEqual(expect(owner.patch(path, {"hosts": [host]}), 200)["hosts"][0]["host"], read)
        for host in ("", "https://app.example.com", "app.example.com/x", "user@app.example.com", "*.example.com", "앱.example.com", "a..b",
                     ".example.com", "-a.example.com", "a b.example.com", "app.example.com:0", "app.example.com:65536", "app.example.com:x",
                     "app.example.com:", "[::1", "[::g]", "1.2.3", "1.2.3.4.5", "127.1", "0x7f.1", "a" * 64 + ".com", "a." * 130 + "com", "a_b.com"):
            reply = expect(owner.patch(path, {"hosts": [host]}), 400, "invalid_request", host)
            self.assertEqual(reply["field"], "hosts", host)
        for hosts in ("x", {}, [1], [None]):
            self.assertEqual(expect(owner.patch(path, {"hosts": hosts}), 400, "invalid_request", repr(hosts))["field"], "hosts")
        hosts = expect(owner.patch(path, {"hosts": ["a.example", "A.example", "b.example", "a.example:80"]}), 200)["hosts"]
        self.assertEqual([host["host"] for host in hosts], ["a.example", "b.example"], "the same host twice is one")
        expect(owner.patch(path, {"hosts": [f"h{n}.example" for n in range(51)]}), 422, "service_limit")

    def test_a_host_belongs_to_one_service_of_all(self):
        organization, owner, *_ = self.team()
        other, stranger, *_ = self.team("Beta")
        made = expect(self.create(owner, organization, hosts=["one.example"]), 201)
        for person, where in ((owner, organization), (stranger, other)):
            reply = expect(self.create(person, where, "Other", hosts=["two.example", "one.example"]), 409, "host_taken")
            self.assertEqual(reply["field"], "hosts")
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM service_host WHERE host = 'two.example'"), [(0,)], "nothing half done")
        expect(owner.delete(f"/organizations/{organization}/services/{made['id']}"), 204)
        expect(self.create(stranger, other, "Other", hosts=["one.example"]), 201)

    def test_one_of_twenty_claims_a_host(self):
        organization, owner, *_ = self.team()
        replies = at_once([lambda n=n: self.create(owner, organization, f"S{n}", hosts=["race.example"]) for n in range(20)])
        self.once(replies, "201", {"409 host_taken"})

    def test_rules_are_read_and_named(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/services/{expect(self.create(owner, organization), 201)['id']}"
        good = {"path": "/a", "second_step_max_age_s": 60}
        for change, field in (({"path": "a"}, "rules.path"), ({"path": ""}, "rules.path"), ({"path": "/a*b"}, "rules.path"), ({"path": "/a?x"}, "rules.path"),
                              ({"path": "/%61"}, "rules.path"), ({"path": "//a"}, "rules.path"), ({"path": "/../a"}, "rules.path"),
                              ({"path": "/" + "a" * 200}, "rules.path"), ({"path": None}, "rules.path"), ({"path": 1}, "rules.path"),
                              ({"methods": "GET"}, "rules.methods"), ({"methods": ["get"]}, "rules.methods"), ({"methods": ["TRACE"]}, "rules.methods"),
                              ({"second_step_max_age_s": 0}, "rules.second_step_max_age_s"), ({"second_step_max_age_s": 86401}, "rules.second_step_max_age_s"),
                              ({"second_step_max_age_s": "60"}, "rules.second_step_max_age_s"), ({"second_step_max_age_s": None}, "rules.second_step_max_age_s")):
            reply = expect(owner.patch(path, {"rules": [{**good, **change}]}), 400, "invalid_request", repr(change))
            self.assertEqual(reply["field"], field, repr(change))
        for rules in ("x", {}, ["x"], [[]]):
            self.assertEqual(expect(owner.patch(path, {"rules": rules}), 400, "invalid_request")["field"], "rules")
        expect(owner.patch(path, {"rules": [good] * 101}), 422, "service_limit")
        self.assertEqual(expect(owner.get(path), 200)["rules"], [])

    def test_every_reading_of_a_path_counts_and_the_strictest_holds(self):
        organization, owner, _, member = self.team()
        rules = [{"path": "/export/*", "methods": ["GET"], "second_step_max_age_s": 300},
                 {"path": "/export/all", "second_step_max_age_s": 60},
                 {"path": "/admin", "methods": ["POST", "DELETE"], "second_step_max_age_s": 120}]
        made = expect(self.create(owner, organization, rules=rules), 201)
        path = f"/organizations/{organization}/services/{made['id']}/test"
        for method, asked, age in (("GET", "/export/x", 300), ("HEAD", "/export/x", 300), ("GET", "/export", 300), ("GET", "/export/", 300),
                                   ("POST", "/export/x", None), ("POST", "/export/all", 60), ("GET", "/export/all", 60), ("GET", "/exports", None),
                                   ("GET", "/EXPORT/x", 300), ("GET", "/%65xport/x", 300), ("GET", "/%2565xport/x", 300), ("GET", "//export//x", 300),
                                   ("GET", "/a/../export/x", 300), ("GET", "/a/%2e%2e/export/x", 300), ("GET", "/export;v=1/x", 300),
                                   ("GET", "/a\\..\\export\\x", 300), ("GET", "/export/../x", 300), ("GET", "/./export/x?y=/z", 300),
                                   ("GET", "/x?to=/export/x", None), ("POST", "/admin/", 120), ("POST", "/admin/x", None), ("GET", "/admin", None),
                                   ("DELETE", "/admin;x", 120), ("GET", "/", None), ("GET", "/%2565xport/100%25", 300), ("GET", "/y/..//export//../x", 300),
                                   ("GET", "/export%3fx", 300), ("GET", "/a/..;/export/x", 300), ("POST", "/export/all%3f", 60), ("PROPFIND", "/admin", 120),
                                   ("get", "/export/x", 300), ("BREW", "/", None)):
            answer = expect(member.post(path, {"method": method, "path": asked}), 200, about=f"{method} {asked}")
            self.assertEqual(answer["second_step_max_age_s"], age, f"{method} {asked}")
            self.assertEqual(bool(answer["rules"]), age is not None)
        for method, asked, field in (("GET", "export", "path"), ("GET", "/%", "path"), ("GET", "/%zz", "path"), ("GET", "/%00", "path"),
                                     ("GET", "/%0d%0a", "path"), ("GET", "/%ff", "path"), ("GET", "/" + "a" * 4096, "path"), ("GET", "/a#b", "path"),
                                     ("GET", "/%25c0%25ae", "path"), ("GET", "/." * 129, "path"), ("", "/", "method"), ("GE T", "/", "method"),
                                     ("A" * 33, "/", "method")):
            reply = member.post(path, {"method": method, "path": asked})
            self.assertEqual(expect(reply, 400, "invalid_request", f"{method} {asked}")["field"], field)

    def test_another_organisations_are_not_found(self):
        organization, owner, *_ = self.team()
        other, stranger, *_ = self.team("Beta")
        made = expect(self.create(owner, organization), 201)
        for odd in (made["id"], "x", "A" * 22):
            for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
                expect(stranger.request(method, f"/api/v1/organizations/{other}/services/{odd}", body), 404, "not_found", f"{method} {odd}")
        self.assertEqual(expect(owner.get(f"/organizations/{organization}/services/{made['id']}"), 200)["name"], "Shop")

    def test_roles_on_them_are_given_and_end_with_them(self):
        organization, owner, manager, member = self.team()
        made = expect(self.create(owner, organization), 201)
        path = f"/organizations/{organization}/members/{member.id()}"
        given = [{"id": made["id"], "role": "operator"}]
        self.assertEqual(expect(manager.patch(path, {"services": given}), 200)["services"], given)
        self.assertEqual(expect(member.get(f"/organizations/{organization}/services"), 200)["services"][0]["role"], "operator")
        for services in ([{"id": made["id"], "role": "manager"}], given * 2):
            self.assertEqual(expect(owner.patch(path, {"services": services}), 400, "invalid_request")["field"], "services")
        members = expect(owner.get(f"/organizations/{organization}/members"), 200)["members"]
        self.assertEqual({m["email"]: [s["role"] for s in m["services"]] for m in members},
                         {owner.email: ["manager"], manager.email: ["manager"], member.email: ["operator"]})
        expect(owner.patch(f"/organizations/{organization}/members/{manager.id()}", {"services": given}), 400, "invalid_request")
        expect(owner.delete(f"/organizations/{organization}/services/{made['id']}"), 204)
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM service_role WHERE hex(organization_id) = ?", id_hex(organization)), [(0,)])

    def test_there_are_so_many_and_no_more(self):
        organization, owner, *_ = self.team()
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT INTO service"
                        " (id, organization_id, name, created_at) SELECT randomblob(16), o.id, 'S' || i, 0 FROM n, organization o"
                        " WHERE hex(o.id) = ?", id_hex(organization))
        expect(self.create(owner, organization), 201)
        expect(self.create(owner, organization, "One more"), 422, "service_limit")
        self.assertEqual(len(expect(owner.get(f"/organizations/{organization}/services?limit=200"), 200)["services"]), 100)

    def test_hosts_and_rules_of_all_services_together_are_bounded(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/services"
        hosts = lambda n: [f"h{i}.s{n}.example" for i in range(50)]
        rules = [{"path": "/" + "a" * 198 + "*", "second_step_max_age_s": 60}] * 100
        made = [expect(self.create(owner, organization, f"S{n}", hosts=hosts(n), rules=rules), 201) for n in range(10)]
        for part in ({"hosts": ["one.more.example"]}, {"rules": rules[:1]}):
            field, = part
            self.assertEqual(expect(self.create(owner, organization, "More", **part), 422, "service_limit")["field"], field)
        more = expect(self.create(owner, organization, "More"), 201)
        for part in ({"hosts": ["one.more.example"]}, {"rules": rules[:1]}):
            field, = part
            self.assertEqual(expect(owner.patch(f"{path}/{more['id']}", part), 422, "service_limit")["field"], field)
        listed = expect(owner.get(path), 200)["services"]
        self.assertEqual((len(listed), sum(len(s["hosts"]) for s in listed), sum(len(s["rules"]) for s in listed)), (11, 500, 1000))
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM service_host WHERE host = 'one.more.example'"), [(0,)])
        expect(owner.patch(f"{path}/{made[0]['id']}", {"hosts": hosts(0)[1:], "rules": rules[1:]}), 200)
        expect(owner.patch(f"{path}/{more['id']}", {"hosts": ["one.more.example"], "rules": rules[:1]}), 200)
        other, other_owner, *_ = self.team("Beta")
        expect(self.create(other_owner, other, hosts=["two.more.example"], rules=rules), 201, about="each organization has its own")


class OffLoopback(OrganizationTest):
    SERVER = {"env": {"TWOSTEP_PUBLIC_URL": "http://login.example.com"}}

    def setUp(self):
        super().setUp()
        self.server.origin = "http://login.example.com"

    def test_a_host_waits_for_the_operators_word(self):
        organization, owner, *_ = self.team()
        made = expect(owner.post(f"/organizations/{organization}/services", {"name": "Shop", "hosts": ["shop.example.com"]}), 201)
        self.assertEqual(made["hosts"], [{"host": "shop.example.com", "state": "waiting"}])

    def test_our_own_host_is_no_applications(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/services"
        made = expect(owner.post(path, {"name": "Shop"}), 201)
        for host in ("login.example.com", "LOGIN.Example.com", "login.example.com.", "login.example.com:80", "login.example.com:8080",
                     " login.example.com.:443 "):
            for reply in (owner.post(path, {"name": "Mine", "hosts": [host]}), owner.patch(f"{path}/{made['id']}", {"hosts": ["a.example", host]})):
                self.assertEqual(expect(reply, 400, "invalid_request", host)["field"], "hosts")
                if ":443" not in host:  # which no check on http would ask for
                    self.assertIn("the host of twostep itself", reply.json["detail"])
        expect(owner.post(path, {"name": "Near", "hosts": ["login.example.com.kr", "x.login.example.com"]}), 201)


class OnHttps(HandOverTest):
    def test_what_is_claimed_is_what_a_check_asks_for(self):
        organization, owner, *_ = self.team()
        service = self.service(owner, organization, "eighty.example:443")
        path = f"/organizations/{organization}/services/{service}"
        self.assertEqual(expect(owner.get(path), 200)["hosts"], [{"host": "eighty.example", "state": "waiting"}])
        self.allow("eighty.example:443", organization)
        for host in ("eighty.example:80", " EIGHTY.example.:80 ", "[2001:db8::1]:80"):
            self.assertEqual(expect(owner.patch(path, {"hosts": ["other.example", host]}), 400, "invalid_request", host)["field"], "hosts")
        page = owner.request("POST", path, raw=urllib.parse.urlencode({"name": "Shop", "hosts": "eighty.example:80"}).encode(), headers={
            **HTML, "Content-Type": "application/x-www-form-urlencoded", "Origin": self.ORIGIN})
        self.assertEqual(page.status, 400)
        self.assertIn(":80 or :443", page.text)
        with self.assertRaisesRegex(AssertionError, "eighty.example:80"):
            self.allow("eighty.example:80", organization)
        self.assertEqual(expect(owner.get(path), 200)["hosts"], [{"host": "eighty.example", "state": "allowed"}])
        for host in ("eighty.example", "eighty.example:443"):
            reply = self.forward_auth(owner, host, proto="https", headers=HTML)
            self.assertTrue(reply.header("Location").startswith("https://eighty.example/.twostep/start"), reply)


class OnAnAddress(OrganizationTest):
    SERVER = {"env": {"TWOSTEP_PUBLIC_URL": "http://[2001:DB8:0:0::1]:8080"}}

    def setUp(self):
        super().setUp()
        self.server.origin = "http://[2001:db8::1]:8080"  # as browsers write it

    def test_our_own_host_is_no_applications(self):
        organization, owner, *_ = self.team()
        for host in ("[2001:db8::1]", "[2001:DB8:0:0::1]:8080", "[2001:0db8:0000::0001]:9090"):
            reply = expect(owner.post(f"/organizations/{organization}/services", {"name": "Mine", "hosts": [host]}), 400, "invalid_request", host)
            self.assertEqual(reply["field"], "hosts")
        expect(owner.post(f"/organizations/{organization}/services", {"name": "Near", "hosts": ["[2001:db8::2]"]}), 201)


if __name__ == "__main__":
    unittest.main()
