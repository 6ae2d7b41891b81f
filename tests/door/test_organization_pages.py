"""Organization Management without JavaScript: each form, right and wrong, by each role."""
import base64
import os
import re
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import PASSWORD, WRONG_PASSWORD, expect, mail_code, mail_text, new_address
from organizations import OrganizationTest, id_hex
from test_pages import Visitor

ABSENT = "AAAAAAAAAAAAAAAAAAAAAA"


class PagesTest(OrganizationTest):
    """People at browsers without JavaScript."""

    def visitor(self, person=None):
        """Somebody at a browser; signed in, where it is a person who is."""
        if person is None:
            return Visitor(self.server)
        visitor = Visitor(self.server, account=person.account)
        visitor.cookies = person.cookies
        return visitor

    def signed_up(self, two_step=False):
        person = self.person()
        person.with_two_step() if two_step else person.sign_up()
        return self.visitor(person)

    def house(self, name="Alpha", two_step=False):
        """(id, owner, manager, member), as visitors."""
        organization, *people = self.team(name, two_step)
        return (organization, *map(self.visitor, people))

    def fill(self, organization, count):
        """So many members more, x000@example.com and so on, put into the database."""
        for n in range(count):
            self.server.sql("INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
                            " SELECT randomblob(16), ?, ?, locale, password, password_at, created_at FROM account LIMIT 1",
                            f"x{n:03}@example.com", f"Filler {n:03}")
        self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                        " SELECT o.id, a.id, 1, a.email, lower(a.name), unixepoch(), 0 FROM organization o, account a"
                        " WHERE hex(o.id) = ? AND a.email LIKE 'x%'", id_hex(organization))

    def wrong_at(self, page, label, status=422):
        """The field is marked, says why, and the page has that status."""
        self.assertEqual(page.reply.status, status, page.text[:300])
        field = page.field(label)
        self.assertEqual(field["aria-invalid"], "true", label)
        return page.ids[field["aria-describedby"].split()[0]].text

    def told(self, page):
        """What the shell that gets the command of this page would start."""
        command = next(c.text for c in page.main.all("code") if c.text.startswith("twostep "))
        with tempfile.TemporaryDirectory() as folder:
            stand_in = os.path.join(folder, "twostep")
            with open(stand_in, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
            os.chmod(stand_in, 0o700)
            done = subprocess.run(["sh", "-c", command], env={"PATH": folder + ":" + os.environ["PATH"]}, cwd=folder,
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout.splitlines()


class Houses(PagesTest):
    def test_without_an_organization_one_is_made_or_joined(self):
        kim = self.signed_up()
        kim.cookies.pop("twostep")
        page = kim.open("/login").press("Sign in", Email=kim.email, Password=PASSWORD)
        self.assertEqual(page.path, "/organizations")
        self.assertTrue(page.has("Invitation code", "input"))
        page = page.press("Create Organization", Organization_name="")
        self.wrong_at(page, "Organization name", 400)
        page = page.press("Create Organization", Organization_name="a/b")
        self.wrong_at(page, "Organization name")
        self.assertEqual(page.field("Organization name")["value"], "a/b")
        page = page.press("Create Organization", Organization_name="Alpha")
        self.assertRegex(page.path, r"^/organizations/[\w-]{22}$")
        self.assertIn("The organization is ready", page.text)
        self.assertEqual(kim.open("/").path, page.path, "where people land")

    def test_several_are_switched_by_a_menu(self):
        kim = self.signed_up()
        first, second = self.organization(kim, "Alpha"), self.organization(kim, "Beta")
        page = kim.open(f"/organizations/{first}/settings")
        menu = [n for n in page.root.all("nav") if n["aria-label"] == "Organization"][0]
        self.assertEqual([a.text for a in menu.all("a")], ["Alpha", "Beta", "All organizations"])
        page = kim.open([a["href"] for a in menu.all("a") if a.text == "Beta"][0])
        self.assertEqual(page.path, f"/organizations/{second}")
        self.assertEqual([a.text for a in page.root.all("a") if a["aria-current"] == "true"], ["Beta"])

    def test_the_list_is_in_the_order_of_the_menu(self):
        kim = self.signed_up()
        for name in ("Beta", "alpha", "Delta", "Gamma"):
            self.organization(kim, name)
            self.server.forward(60)
        for name in ("Gamma", "alpha"):
            page = kim.open("/organizations")
            names = [li.all("strong")[0].text for li in page.main.all("li")]
            self.assertEqual(names, ["alpha", "Beta", "Delta", "Gamma"])
            page.press(name)
            self.server.forward(120)

    def test_settings_are_shown_to_all_and_changed_by_who_may(self):
        organization, owner, manager, member = self.house()
        place = f"/organizations/{organization}/settings"
        for person, buttons in ((owner, ("Rename", "Delete this organization")), (manager, ("Rename", "Leave this organization")),
                                (member, ("Leave this organization",))):
            page = person.open(place)
            self.assertIn(organization, page.main.text)
            found = {page.name(b) for b in page.main.all("button")}
            self.assertEqual(found, set(buttons), page.main.text)
        page = manager.open(place).press("Rename", Organization_name="://")
        self.wrong_at(page, "Organization name")
        page = page.press("Rename", Organization_name="Gamma")
        self.assertIn("Saved.", page.text)
        self.assertEqual(expect(owner.get(f"/organizations/{organization}"), 200)["name"], "Gamma")
        expect(member.request("POST", f"/organizations/{organization}/rename", raw=b"name=Evil",
                              headers={"Content-Type": "application/x-www-form-urlencoded"}), 403)

    def test_leaving_asks_once_more(self):
        organization, owner, _, member = self.house()
        page = member.open(f"/organizations/{organization}/settings").press("Leave this organization")
        self.assertEqual(self.role_of(organization, member), "member")
        page = page.press("Leave")
        self.assertIsNone(self.role_of(organization, member))
        self.assertIn("You have left the organization.", page.text)
        self.assertEqual(owner.open(f"/organizations/{organization}/leave").reply.status, 403)

    def test_deleting_needs_the_name_and_a_fresh_proof(self):
        organization, owner, *_ = self.house()
        self.server.forward(3600)
        place = f"/organizations/{organization}/settings"
        page = owner.open(place).press("Delete this organization", Name_of_the_organization_to_delete="Alpha")
        self.assertTrue(page.has("Password", "input"), page.text)
        page = page.press("Continue", Password=WRONG_PASSWORD)
        self.assertEqual(self.role_of(organization, owner), "owner")
        page = page.press("Continue", Password=PASSWORD)
        self.assertEqual(page.path, "/organizations")
        self.assertIn("The organization is deleted.", page.text)
        self.assertIsNone(self.role_of(organization, owner))
        organization = self.organization(owner, "Beta")
        page = owner.open(f"/organizations/{organization}/settings")
        page = page.press("Delete this organization", Name_of_the_organization_to_delete="beta")
        self.assertIn("not the name", self.wrong_at(page, "Name of the organization to delete"))
        self.assertEqual(self.role_of(organization, owner), "owner")

    def test_strangers_get_the_page_of_what_is_not_there(self):
        organization, *_ = self.house()
        stranger = self.signed_up()
        for rest in ("", "/settings", "/leave", "/delete", "/rename"):
            pages = [stranger.open(f"/organizations/{o}{rest}") for o in (organization, ABSENT, "x")]
            for page in pages:
                self.assertEqual(page.reply.status, 404)
                self.assertEqual(page.main.all("h1")[0].text, pages[0].main.all("h1")[0].text)
                self.assertNotIn("Alpha", page.text)


class Members(PagesTest):
    def service(self, organization, name):
        """A service, put into the database."""
        self.server.sql("INSERT INTO service (id, organization_id, name, assertion, created_at)"
                        " SELECT randomblob(16), id, ?, 0, unixepoch() FROM organization WHERE hex(id) = ?", name, id_hex(organization))

    def rows(self, page):
        """{address: the text of its row}."""
        found = {}
        for row in page.main.all("tbody")[0].all("tr") if page.main.all("tbody") else ():
            address = next(s.text for s in row.all("span") if "@" in s.text)
            found[address] = row.text
        return found

    def member_place(self, organization, person):
        return f"/organizations/{organization}/members/{person.id()}"

    def test_the_list_says_who_is_there(self):
        organization, owner, manager, member = self.house()
        manager.enable()
        rows = self.rows(manager.open(f"/organizations/{organization}"))
        self.assertEqual(set(rows), {owner.email, manager.email, member.email})
        self.assertRegex(rows[owner.email], r"Owner.*Manager of all services.*Off")
        self.assertRegex(rows[manager.email], r"\(you\).*Manager.*On")
        self.assertRegex(rows[member.email], r"Member.*No role.*Off")
        self.assertEqual(member.open(f"/organizations/{organization}").reply.status, 403)
        page = manager.open(f"/organizations/{organization}").press("Show", **{"2-step verification": "on"})
        self.assertEqual(set(self.rows(page)), {manager.email})
        page = page.press("Show", **{"2-step verification": "off"})
        self.assertEqual(set(self.rows(page)), {owner.email, member.email})
        page = page.press("Show", Search=member.email.upper())
        self.assertEqual(set(self.rows(page)), {member.email})
        self.assertEqual(page.field("Search")["value"], member.email.upper())
        page = page.press("Show", Search="nobody of that name")
        self.assertIn("Nobody fits this search.", page.main.text)
        self.assertEqual(manager.open(f"/organizations/{organization}?sort=x").reply.status, 400)
        self.assertEqual(manager.open(f"/organizations/{organization}?after=x").reply.status, 400)

    def test_a_long_list_goes_on_page_by_page(self):
        organization, owner, *_ = self.house()
        self.fill(organization, 120)
        for sort in ("Email", "Name", "Last seen"):
            seen, page = [], owner.open(f"/organizations/{organization}")
            page = page.press("Show", Sort_by={"Email": "email", "Name": "name", "Last seen": "last_seen"}[sort])
            self.assertFalse(page.has("First", "a"))
            while True:
                seen += self.rows(page)
                if not page.has("Next", "a"):
                    break
                page = page.press("Next")
                self.assertTrue(page.has("First", "a"))
            self.assertEqual((len(seen), len(set(seen))), (123, 123), sort)

    def test_roles_are_changed_and_manager_only_with_a_fresh_proof(self):
        organization, owner, manager, member = self.house()
        self.service(organization, "Shop")
        self.service(organization, "Board")
        self.server.forward(3600)
        page = owner.open(self.member_place(organization, member))
        page = page.press("Save", Shop="viewer", Board="operator")
        self.assertIn("Saved.", page.text)
        self.assertRegex(self.rows(owner.open(f"/organizations/{organization}"))[member.email], r"Board: Operator\s*Shop: Viewer")
        page = page.press("Save", Role_in_the_organization="manager")
        self.assertEqual(self.role_of(organization, member), "member", "without a proof")
        page = page.press("Continue", Password=PASSWORD)
        self.assertIn("Saved.", page.text)
        self.assertEqual(self.role_of(organization, member), "manager")
        page = page.press("Save", Role_in_the_organization="member", Shop="viewer")
        self.assertEqual(self.role_of(organization, member), "member")
        page = manager.open(self.member_place(organization, owner))
        self.assertFalse(page.has("Save", "button"))
        reply = owner.send(self.member_place(organization, member), {"role": "owner"})
        self.assertIn("Choose one of these roles.", self.wrong_at(reply, "Role in the organization", 400))
        reply = owner.send(self.member_place(organization, member), {"role": "member", f"service.{ABSENT}": "viewer"})
        self.assertEqual(reply.reply.status, 400)
        self.assertIn("does not exist any more", reply.main.text)
        reply = owner.send(self.member_place(organization, member), {"role": "member", "service.x": "manager"})
        self.assertEqual(reply.reply.status, 400)
        self.assertEqual(manager.send(self.member_place(organization, owner), {"role": "member"}).reply.status, 403)
        self.assertEqual(self.role_of(organization, owner), "owner")

    def test_who_gives_up_their_own_role_is_led_to_what_they_may_see(self):
        organization, _, manager, _ = self.house()
        place = self.member_place(organization, manager)
        self.assertIn("Saved.", manager.open(place).press("Save").main.text, "a manager still")
        page = manager.open(place).press("Save", Role_in_the_organization="member")
        self.assertEqual(self.role_of(organization, manager), "member")
        self.assertEqual((page.path, page.reply.status), (f"/organizations/{organization}/services", 200))
        self.assertIn("Saved.", page.main.text)

    def test_removing_and_handing_over_ask_once_more(self):
        organization, owner, manager, member = self.house()
        page = manager.open(self.member_place(organization, member)).press("Remove")
        self.assertEqual(self.role_of(organization, member), "member")
        page = page.press("Remove")
        self.assertIn("Removed from the organization.", page.text)
        self.assertIsNone(self.role_of(organization, member))
        self.assertFalse(manager.open(self.member_place(organization, owner)).has("Remove", "button"))
        self.assertEqual(manager.open(self.member_place(organization, owner) + "/owner").reply.status, 403)
        self.server.forward(3600)
        page = owner.open(self.member_place(organization, manager)).press("Hand ownership over").press("Hand ownership over")
        self.assertEqual(self.role_of(organization, owner), "owner", "without a proof")
        page = page.press("Continue", Password=PASSWORD)
        self.assertIn("You are a manager now.", page.text)
        self.assertEqual([self.role_of(organization, p) for p in (owner, manager)], ["manager", "owner"])

    def test_a_service_that_is_gone_is_told_where_the_roles_stood(self):
        organization, owner, _, member = self.house()
        self.service(organization, "Shop")
        page = owner.open(self.member_place(organization, member))
        self.server.sql("DELETE FROM service")
        page = page.press("Save", Shop="viewer")
        self.assertEqual(page.reply.status, 400)
        said = next(a for a in page.main.all("a") if "does not exist any more" in a.text)
        self.assertIn("does not exist any more", page.ids[said["href"][1:]].text)
        self.assertIn("Saved.", page.press("Save").main.text)

    def test_a_second_step_is_reset_with_password_and_reason(self):
        organization, owner, manager, member = self.house(two_step=True)
        self.server.forward(3600)
        page = manager.open(self.member_place(organization, member)).press("Reset 2-step verification")
        page = page.press("Reset 2-step verification", Reason="", Your_password=PASSWORD)
        self.assertTrue(page.has("Authentication code", "input"), page.main.text)
        page = page.press("Reset 2-step verification", Reason="lost phone", Your_password=PASSWORD, Authentication_code=manager.wrong_code())
        self.wrong_at(page, "Authentication code", 401)
        self.assertEqual(page.field("Reason")["value"], "lost phone")
        self.assertFalse(page.field("Your password")["value"])
        page = page.press("Reset 2-step verification", Reason="", Your_password=PASSWORD, Authentication_code=manager.app_code())
        self.wrong_at(page, "Reason", 400)
        page = page.press("Reset 2-step verification", Reason="lost phone", Your_password=WRONG_PASSWORD)
        self.wrong_at(page, "Your password", 403)
        page = page.press("Reset 2-step verification", Reason="x" * 501, Your_password=PASSWORD)
        self.assertIn("500", self.wrong_at(page, "Reason", 400))
        page = page.press("Reset 2-step verification", Reason="lost phone", Your_password=PASSWORD)
        self.assertIn("The second step is reset", page.text)
        self.assertFalse(member.is_signed_in())
        page = member.open("/login").press("Sign in", Email=member.email, Password=PASSWORD)
        self.assertEqual(page.path, "/account/two-step/required")
        self.assertIn("was reset", page.main.text)
        self.assertFalse(manager.open(self.member_place(organization, owner)).has("Reset 2-step verification", "button"))

    def test_who_belongs_elsewhere_is_reset_by_the_operator(self):
        organization, owner, _, member = self.house(two_step=True)
        other, *_ = self.house("Beta")
        self.join(other, member)
        for seconds in (0, 3600):
            self.server.forward(seconds)
            page = owner.open(self.member_place(organization, member) + "/reset")
            page = page.press("Reset 2-step verification", Reason="lost phone", Your_password=PASSWORD)
            self.assertEqual(page.reply.status, 403)
            self.assertIn(f"twostep user reset-second-step --reason TEXT {member.email}", page.main.text)
            self.assertFalse(page.has("Authentication code", "input"))
        self.assertTrue(member.is_signed_in())

    def test_the_operators_command_is_one_whatever_the_address(self):
        organization, owner, *_ = self.house(two_step=True)
        other, *_ = self.house("Beta")
        for local, front in (("plain.one+two_three", []), ("`reboot`", []), ("a&reboot&", []), ("$home|b", []), ("o'brien", []),
                             ("~{a}*?!#", []), ("-x", ["--"]), ("--json", ["--"]), ("--'`id`'", ["--"])):
            member = self.person()
            member.account.email = local + "@example.com"
            member.with_two_step()
            for house in (organization, other):
                self.join(house, member)
            page = owner.open(self.member_place(organization, member) + "/reset")
            page = page.press("Reset 2-step verification", Reason="lost phone", Your_password=PASSWORD)
            self.assertEqual(self.told(page), ["user", "reset-second-step", "--reason", "TEXT", *front, member.email])

    def test_members_of_other_organizations_are_not_there(self):
        organization, owner, *_ = self.house()
        other, _, _, stranger = self.house("Beta")
        absent = owner.open(f"/organizations/{organization}/members/{ABSENT}")
        for rest in ("", "/remove", "/owner", "/reset"):
            page = owner.open(self.member_place(organization, stranger) + rest)
            self.assertEqual((page.reply.status, page.main.all("p")[1].text), (404, absent.main.all("p")[1].text), rest)
            if rest:
                values = {"password": PASSWORD, "reason": "x"}
                self.assertEqual(owner.send(self.member_place(organization, stranger) + rest, values).reply.status, 404, rest)
        self.assertEqual(self.role_of(other, stranger), "member")


class Security(PagesTest):
    SWITCH = "Require 2-step verification for all users"

    def place(self, organization):
        return f"/organizations/{organization}/security"

    def demand(self, visitor, organization, days="0"):
        """Moves the switch and says yes: the page that follows."""
        page = visitor.open(self.place(organization))
        return page.press("Continue", **{self.SWITCH: True, "Days of grace": days}).press("Require it")

    def required(self, visitor, organization):
        return expect(visitor.get(f"/organizations/{organization}/security"), 200)

    def test_the_switch_is_held_until_the_viewers_own_is_on(self):
        organization, owner, *_ = self.house()
        page = owner.open(self.place(organization))
        self.assertTrue(page.field(self.SWITCH).has("disabled"))
        self.assertEqual(page.field(self.SWITCH)["role"], "switch")
        self.assertIn("Switch on your own", page.ids[page.field(self.SWITCH)["aria-describedby"]].text)
        self.assertIn("0 of 3 have it.", page.main.text)
        self.assertEqual(page.press("Activate 2-Step Verification").path, "/account/two-step/setup")
        page = owner.open(self.place(organization) + "/demand?required=true")
        self.assertEqual(page.reply.status, 409)
        self.assertEqual(owner.send(self.place(organization) + "/demand", {"grace_days": "0"}).reply.status, 409)
        self.assertFalse(self.required(owner, organization)["two_step_required"])

    def test_whom_it_hits_is_said_by_name_before(self):
        organization, owner, manager, member = self.house()
        owner.enable()
        self.server.sql("UPDATE session SET signed_in_at = signed_in_at - 864000 WHERE account_id ="
                        " (SELECT id FROM account WHERE email = ?)", member.email)
        page = owner.open(self.place(organization)).press("Continue", **{self.SWITCH: True, "Days of grace": "8"})
        missing, having = page.main.all("ul")[-2:]
        self.assertRegex(missing.text, manager.email)
        self.assertRegex(missing.text, member.email)
        self.assertRegex(having.text, owner.email)
        self.assertIn("Without 2-step verification: 2", page.main.text)
        self.assertIn("1 of 3 have it.", page.main.text)
        self.assertFalse(self.required(owner, organization)["two_step_required"], "looking changed something")
        page = page.press("Require it")
        self.assertIn("2-step verification is required.", page.text)
        self.assertTrue(page.field(self.SWITCH).has("checked"))
        self.assertTrue(self.required(owner, organization)["two_step_required"])
        self.assertIn("requires 2-step verification from", member.open("/account/two-step").main.text)
        self.assertIn("requires 2-step verification from", manager.open(f"/organizations/{organization}").main.text)
        self.assertNotIn("requires 2-step verification from", owner.open(f"/organizations/{organization}").main.text)

    def test_what_a_sign_in_has_to_say_is_said_by_whatever_page_follows(self):
        owner = self.signed_up(two_step=True)
        organization = self.organization(owner)
        places = ((self.place(organization) + "/demand?required=true&grace_days=0", 200), (self.place(ABSENT), 404))
        for code, (place, status) in zip(owner.account.recovery_codes, places):
            with self.subTest(place):
                page = Visitor(self.server, account=owner.account).open(place).press("Sign in", Email=owner.email, Password=PASSWORD)
                page = page.press("Use a recovery code").press("Verify", Recovery_code=code)
                self.assertEqual((page.path, page.reply.status), (place, status))
                self.assertIn("You signed in with a recovery code.", page.main.text)

    def said(self, page, words):
        """These words with a moment in them, to the minute: what a browser puts into its own time instead. The moment."""
        for node in page.main.all("time"):
            at = node["datetime"]
            if node.text == words.format(f"{at[:10]} {at[11:16]} UTC") and node["data-local"] == words.format("@"):
                return at
        raise AssertionError(f"{words!r} is not there: {page.main.text}")

    def test_its_moment_is_said_in_the_time_of_who_reads_it(self):
        organization, owner, manager, member = self.house()
        owner.enable()
        self.said(owner.open(self.place(organization) + "/demand?required=true&grace_days=8"),
                  "From {} on, whoever does not have it can do nothing but set it up. Until then everyone works as before.")
        self.demand(owner, organization, "8")
        at = self.required(owner, organization)["grace_ends_at"]
        for page, words in ((owner.open(self.place(organization)), "Required from {} on. Until then people are asked to set it up."),
                            (member.open("/account/two-step"), "Alpha requires 2-step verification from {}.")):
            self.assertEqual(self.said(page, words), at)
        self.demand(owner, organization)
        at = self.required(owner, organization)["grace_ends_at"]
        for page, words in ((owner.open(self.place(organization)), "Required since {}."), (member.open("/"), "since {}")):
            self.assertEqual(self.said(page, words), at)

    def test_who_changes_nothing_moves_no_date(self):
        """Continue alone, or a switch that is off with days beside it."""
        organization, owner, *_ = self.house()
        owner.enable()
        place = self.place(organization)
        page = owner.open(place + "/demand?grace_days=5")
        self.assertEqual(page.path, place)
        self.assertIn("Nothing has changed: the switch is off.", page.main.text)
        for days in ("7", "0"):
            self.demand(owner, organization, days)
            before = self.required(owner, organization)
            page = owner.open(place)
            self.assertIn("Empty: the date stays.", page.ids["grace_days-hint"].text)
            page = page.press("Continue")
            self.assertEqual(page.path, place)
            self.assertIn("Nothing has changed", page.main.text)
            self.assertEqual(self.required(owner, organization), before)

    def test_grace_for_a_demand_in_force_is_said_to_suspend_it(self):
        organization, owner, _, member = self.house()
        owner.enable()
        self.demand(owner, organization)
        expect(member.get("/sessions"), 403, "two_step_setup_required")
        page = owner.open(self.place(organization)).press("Continue", **{self.SWITCH: True, "Days of grace": "30"})
        self.assertIn("Stop requiring 2-step verification for a while?", page.main.text)
        self.said(page, "Until {} nobody needs it here, and whoever could only set it up works as before. Then it is required again.")
        page = page.press("Stop requiring it")
        self.assertIn("Until the end of the grace nobody needs 2-step verification here.", page.main.text)
        expect(member.sign_in().get("/sessions"), 200)
        self.assertIn("days of grace: 30, though it was in force", owner.open(f"/organizations/{organization}/audit").main.text)
        self.assertIn("Require 2-step verification?", owner.open(self.place(organization) + "/demand?required=true&grace_days=2").main.text)

    def test_no_mail_is_promised_that_will_not_come(self):
        organization, owner, *_ = self.house()
        owner.enable()
        told = "Those who do not have it are told by mail"
        for days, words, later in (("1", ": at once, and when it takes hold.", 1),
                                   ("2", ": at once, 1 day before, and when it takes hold.", 2),
                                   ("7", ": at once, 1 day before, and when it takes hold.", 2),
                                   ("8", ": at once, 7 days and 1 day before, and when it takes hold.", 3), ("0", " at once.", 0)):
            page = owner.open(self.place(organization) + f"/demand?required=true&grace_days={days}")
            self.assertIn(told + words, page.main.text, days)
            page.press("Require it")
            planned = self.server.sql("SELECT count(*) FROM mandate_notice WHERE hex(organization_id) = ? AND due_at > unixepoch() + 3600",
                                      id_hex(organization))[0][0]
            self.assertEqual(planned, later, days)

    def test_in_force_it_is_not_demanded_once_more(self):
        organization, owner, _, member = self.house()
        owner.enable()
        self.demand(owner, organization, "3")
        place = self.place(organization)
        page = owner.open(place).press("Continue", **{self.SWITCH: True, "Days of grace": "0"})
        self.assertIn("told by mail at once", page.main.text, "from now on is a change while there is grace")
        before = len(member.mails())
        page.press("Require it")
        self.server.mail_after(member.email, before)
        log, mails, stands = self.log_of(organization), len(member.mails()), self.required(owner, organization)
        for language, said, button in (("en", "Nothing has changed: 2-step verification is required already. No mail goes out.", "Continue"),
                                       ("ko", "이미 2단계 인증을 요구하고 있어 변경된 내용이 없습니다. 메일도 보내지 않습니다.", "계속")):
            expect(owner.patch("/account", {"locale": language}), 200)
            for page in (owner.open(place).press(button), owner.open(place + "/demand?required=true"),
                         owner.send(place + "/demand", {"grace_days": "0"}), owner.send(place + "/demand", {})):
                self.assertEqual((page.path, page.reply.status), (place, 200))
                self.assertEqual([box.text for box in page.main.all("div") if box.has("role")], [said])
        self.assertEqual(self.log_of(organization), log)
        self.assertEqual(self.required(owner, organization), stands)
        self.assertEqual(self.server.sql("SELECT * FROM mandate_notice WHERE hex(organization_id) = ?", id_hex(organization)), [])
        self.assertEqual(len(member.mails()), mails)

    def test_when_mails_go_is_said_where_those_at_once_are_used_up(self):
        organization, owner, *_ = self.house()
        owner.enable()
        place = self.place(organization)
        for number in range(8):
            page = owner.open(place + "/demand?required=true&grace_days=1")
            self.assertIn(": at once, and when it takes hold.", page.main.text, "looking used one up")
        for number in range(5):
            self.assertIn("Those without it are told by mail.", self.demand(owner, organization, "1").main.text, number)
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": False}), 200)
        for days, words, count in (("0", "Those who do not have it are told by mail on {}.", 1),
                                   ("2", "Those who do not have it are first told by mail on {}, then 1 day before and when it takes hold.", 3),
                                   ("8", "Those who do not have it are first told by mail on {}, then 7 days and 1 day before and when it"
                                    " takes hold.", 4),
                                   ("3", "Those who do not have it are first told by mail on {}, then 1 day before and when it takes hold.", 3)):
            with self.subTest(f"{days} days"):
                page = owner.open(place + f"/demand?required=true&grace_days={days}")
                first = self.said(page, words)
                self.assertIn("They are not told at once: that is done five times a day at most.", page.main.text)
                self.assertNotIn("told by mail at once", page.main.text)
                page = page.press("Require it" if days != "2" else "Stop requiring it")
                if days != "2":
                    self.assertIn("Those without it are told by mail later: at once that is done five times a day at most.", page.main.text)
                planned = self.server.sql("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', due_at, 'unixepoch') FROM mandate_notice"
                                          " WHERE hex(organization_id) = ? ORDER BY due_at", id_hex(organization))
                self.assertEqual((len(planned), planned[0][0]), (count, first))
        self.server.forward(23 * 3600)
        owner.sign_in()
        self.said(owner.open(place + "/demand?required=true&grace_days=1"),
                  "Those who do not have it are first told by mail on {}, then when it takes hold.")
        expect(owner.patch("/account", {"locale": "ko"}), 200)
        page = owner.open(place + "/demand?required=true&grace_days=1")
        self.said(page, "아직 켜지 않은 사람에게는 {}에 처음 메일로 알리고, 적용될 때 다시 알립니다.")
        self.assertIn("바로 알리는 메일은 하루 5회까지라서", page.main.text)
        expect(owner.patch("/account", {"locale": "en"}), 200)
        self.server.forward(3600)
        owner.sign_in()
        page = owner.open(place + "/demand?required=true&grace_days=2")
        self.assertIn("told by mail: at once,", page.main.text, "a day later")
        self.assertIn("Those without it are told by mail.", page.press("Require it").main.text)

    def people(self, page, name):
        """Of a list of this name: [(name, address, place)]."""
        return [(row.all("strong")[0].text, row.all("span")[0].text, row.all("a")[0]["href"])
                for row in page.named(name, "ul").all("li")]

    def test_who_has_it_and_who_has_not_is_said_by_name(self):
        organization, owner, manager, member = self.house()
        expect(member.patch("/account", {"name": "Zoe & Co"}), 200)
        for visitor in (owner, manager):
            visitor.enable()
        page = owner.open(self.place(organization))
        place = f"/organizations/{organization}/members/"
        self.assertEqual(self.people(page, "Without 2-step verification: 1"), [("Zoe & Co", member.email, place + member.id())])
        self.assertEqual({row[1] for row in self.people(page, "With 2-step verification: 2")}, {owner.email, manager.email})
        self.assertEqual(page.press("Zoe & Co").path, place + member.id())
        self.assertFalse([a for a in page.main.all("a") if a.text.startswith("All ")], "nothing is left out")
        member.enable()
        page = owner.open(self.place(organization))
        self.assertIn("Nobody: everyone has it.", page.main.text)
        self.assertEqual(len(self.people(page, "With 2-step verification: 3")), 3)

    def test_of_many_the_first_by_name_are_shown_and_the_way_to_all(self):
        organization, owner, *_ = self.house(two_step=True)
        self.fill(organization, 25)
        self.server.sql("INSERT INTO totp (id, account_id, secret, enabled_at) SELECT randomblob(16), a.id, t.secret, unixepoch()"
                        " FROM account a, (SELECT secret FROM totp LIMIT 1) t WHERE a.email BETWEEN 'x001' AND 'x003'")
        page = owner.open(self.place(organization))
        shown = self.people(page, "Without 2-step verification: 23")
        self.assertEqual([row[0] for row in shown], [f"Filler {n:03}" for n in (0, *range(3, 22))])
        self.assertEqual(len(self.people(page, "With 2-step verification: 5")), 5)
        page = page.press("All 23 of them")
        self.assertEqual((page.path.split("?")[0], len(page.main.all("tbody")[0].all("tr"))), (f"/organizations/{organization}", 23))
        self.server.sql("INSERT INTO totp (id, account_id, secret, enabled_at) SELECT randomblob(16), a.id, t.secret, unixepoch()"
                        " FROM account a, (SELECT secret FROM totp LIMIT 1) t WHERE a.email BETWEEN 'x003' AND 'x999'")
        page = owner.open(self.place(organization))
        self.assertEqual(len(self.people(page, "With 2-step verification: 27")), 20)
        self.assertEqual(len(page.press("All 27 of them").main.all("tbody")[0].all("tr")), 27)

    def test_wrong_numbers_are_said_at_their_fields(self):
        organization, owner, *_ = self.house(two_step=True)
        page = owner.open(self.place(organization))
        for days in ("91", "-1", "x", "1.5", "99999999999"):
            again = page.press("Continue", **{self.SWITCH: True, "Days of grace": days})
            self.assertIn("0 to 90", self.wrong_at(again, "Days of grace", 400), days)
            self.assertEqual(again.field("Days of grace")["value"], days)
            self.assertTrue(again.field(self.SWITCH).has("checked"), "the switch went back")
        self.assertEqual(owner.send(self.place(organization) + "/demand", {"grace_days": "91"}).reply.status, 400)
        for minutes in ("14", "1441", "", "x"):
            again = page.press("Save sessions", Minutes_without_use=minutes)
            self.assertIn("15 to 1440", self.wrong_at(again, "Minutes without use", 400), minutes)
        for rest in ("/sessions", "/downloads", "/release"):
            self.assertEqual(owner.open(self.place(organization) + rest).path, self.place(organization), "Enter in the address bar")
        self.assertIn("Saved.", page.press("Save sessions", Minutes_without_use="60").text)
        self.assertEqual(self.required(owner, organization)["session_idle_s"], 3600)

    def test_downloads_are_off_until_allowed(self):
        organization, owner, manager, member = self.house(two_step=True)
        page = manager.open(self.place(organization))
        self.assertFalse(page.has("Download members (CSV)", "a"))
        self.assertEqual(owner.open(f"/organizations/{organization}/members.csv").reply.status, 403)
        fresh = "Owner and managers with a recent second step"
        again = page.press("Save downloads", **{fresh: True, "Second step at most so many minutes ago": "0"})
        self.wrong_at(again, "Second step at most so many minutes ago", 400)
        page = page.press("Save downloads", **{"Owner and managers": True})
        self.assertTrue(page.has("Download members (CSV)", "a"))
        for name in ("members.csv", "audit.csv"):
            reply = manager.request("GET", f"/organizations/{organization}/{name}", headers=Visitor.KEPT)
            self.assertEqual((reply.status, reply.header("Content-Type").split(";")[0]), (200, "text/csv"), name)
            self.assertEqual(member.open(f"/organizations/{organization}/{name}").reply.status, 403)
        page.press("Save downloads", **{fresh: True, "Second step at most so many minutes ago": "1"})
        self.server.forward(120)
        page = manager.open(self.place(organization)).press("Download members (CSV)")
        page = page.press("Continue", Authentication_code=manager.app_code())
        self.assertEqual(page.path, self.place(organization))
        self.download_is_due(page)
        reply = manager.request("GET", f"/organizations/{organization}/members.csv", headers=Visitor.KEPT)
        self.assertEqual(reply.status, 200)
        self.server.forward(120)
        page = manager.open(self.place(organization)).press("Download audit log (CSV)")
        page = page.press("Continue", Authentication_code=manager.app_code())
        self.assertEqual(page.path, f"/organizations/{organization}/audit")
        self.download_is_due(page)

    def download_is_due(self, page):
        """The page says that the file can be had now, and leads to its link."""
        notice = next(n for n in page.main.walk() if n["role"] == "status" and "Press the download again" in n.text)
        target = page.ids[notice.all("a")[0]["href"][1:]]
        self.assertEqual((target.tag, ".csv" in target["href"]), ("a", True))

    def test_who_forbids_switching_off_is_named(self):
        organization, owner, _, member = self.house(two_step=True)
        other = self.organization(owner, "Beta & Co")
        self.join(other, member)
        page = member.open("/account/two-step")
        self.assertFalse(page.named("Disable 2-Step Verification", "button").has("disabled"))
        self.demand(owner, organization, "30")
        self.demand(owner, other)
        page = member.open("/account/two-step")
        button = page.named("Disable 2-Step Verification", "button")
        self.assertTrue(button.has("disabled"))
        why = page.ids[button["aria-describedby"]].text
        for word in ("cannot be switched off", "Alpha", "Beta & Co"):
            self.assertIn(word, why)
        for path in ("", "/password"):
            page = member.open("/account/two-step/disable" + path)
            self.assertIn("Beta & Co", page.main.text)
            self.assertFalse([field for field in page.main.all("input") if field["type"] == "password"], "asks for nothing in vain")

    def test_a_restricted_session_is_told_and_comes_back(self):
        organization, owner, manager, _ = self.house()
        owner.enable()
        self.demand(owner, organization)
        place = f"/organizations/{organization}?sort=name"
        page = manager.open(place)
        self.assertEqual(page.path, "/account/two-step/required")
        self.assertRegex(page.main.text, r"Alpha since \d{4}-\d\d-\d\d \d\d:\d\d UTC")
        for path in ("/account/sessions", "/organizations", "/", f"/organizations/{organization}/security"):
            self.assertEqual(manager.open(path).path, "/account/two-step/required", path)
        profile = manager.open("/account")
        self.assertEqual((profile.path, profile.main.all("input")), ("/account", []), "to be read alone")
        self.assertEqual(profile.press("2-step verification is required").path, "/account/two-step/required")
        manager.open(place)
        manager.enable()
        page = manager.open("/account/two-step/setup/done")
        self.assertEqual(page.press("Go on where you were").path, place)

    def test_a_remembered_device_is_asked_for_the_code(self):
        organization, owner, manager, member = self.house(two_step=True)
        member.sign_out()
        login = member.half_way()
        expect(member.second_step(login, remember_device=True), 200)
        member.sign_out()
        self.assertEqual(expect(member.first_step(), 200)["status"], "signed_in")
        self.demand(owner, organization)
        page = member.open(f"/organizations/{organization}/settings")
        self.assertEqual(page.path, "/confirm")
        page = page.press("Continue", Authentication_code=member.wrong_code())
        self.wrong_at(page, "Authentication code", 401)
        page = page.press("Use a recovery code").press("Continue", Recovery_code=member.account.recovery_codes[0])
        self.assertEqual(page.path, f"/organizations/{organization}/settings")
        member.sign_out()
        page = member.open("/login").press("Sign in", Email=member.email, Password=PASSWORD)
        if page.path == "/login/second-step":
            self.assertFalse(page.main.all("input")[-1]["type"] == "checkbox", "remembering is offered under a demand")

    def test_stopping_asks_once_more_and_frees_at_once(self):
        organization, owner, manager, _ = self.house()
        owner.enable()
        self.demand(owner, organization)
        place = self.place(organization)
        page = owner.open(place + "/demand")
        self.assertTrue(self.required(owner, organization)["two_step_required"])
        self.server.forward(3600)
        page = page.press("Stop requiring it").press("Continue", Password=PASSWORD, Authentication_code=owner.app_code())
        self.assertIn("no longer required", page.text)
        self.assertEqual(manager.open(f"/organizations/{organization}").reply.status, 200)
        self.assertEqual(owner.open(place + "/demand").path, place, "nothing to stop")

    def test_members_see_nothing_of_it(self):
        organization, owner, _, member = self.house()
        for rest in ("", "/demand", "/sessions", "/downloads", "/release"):
            self.assertIn(member.open(self.place(organization) + rest).reply.status, (403, 405), rest)
            if rest:
                self.assertIn(member.send(self.place(organization) + rest, {}).reply.status, (403, 405), rest)


class Services(PagesTest):
    def service(self):
        """(organization, service, owner, member, page)."""
        organization, owner, _, member = self.house()
        service = expect(owner.post(f"/organizations/{organization}/services", {"name": "Shop", "hosts": [new_address("shop").replace("@", ".")]}), 201)["id"]
        return organization, service, owner, member, owner.open(f"/organizations/{organization}/services/{service}")

    def test_a_full_list_of_people_with_a_role_is_the_last(self):
        organization, service, owner, _, page = self.service()
        for n in range(51):
            self.server.sql("INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
                            " SELECT randomblob(16), ?, 'Holder', locale, password, password_at, created_at FROM account LIMIT 1",
                            f"holder{n:02}@example.com")
        self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                        " SELECT o.id, a.id, 1, a.email, 'holder', unixepoch(), 0 FROM organization o, account a"
                        " WHERE hex(o.id) = ? AND a.email LIKE 'holder%'", id_hex(organization))
        for last, more in (("holder49", False), ("holder50", True)):
            self.server.sql("INSERT INTO service_role (service_id, account_id, organization_id, role)"
                            " SELECT s.id, m.account_id, m.organization_id, 1 FROM service s JOIN membership m USING (organization_id)"
                            " WHERE hex(s.id) = ? AND m.email LIKE 'holder%' AND m.email <= ? ON CONFLICT DO NOTHING",
                            id_hex(service), last + "@example.com")
            page = owner.open(page.path)
            self.assertIn("holder49@example.com", page.text)
            self.assertEqual(page.has("Next", "a"), more, last)
        page = page.press("Next")
        self.assertIn("holder50@example.com", page.text)
        self.assertFalse(page.has("Next", "a"))

    def rules_of(self, owner, organization, service):
        found = expect(owner.get(f"/organizations/{organization}/services/{service}"), 200)["rules"]
        return [(rule["methods"], rule["path"], rule["second_step_max_age_s"]) for rule in found]

    def test_rules_are_lines_of_a_box(self):
        organization, service, owner, _, page = self.service()
        page = page.press("Save", Rules_for_paths="GET,POST /export/* 300\r\n\r\n* /admin 60\r\n/plain 30\r\n")
        rules = self.rules_of(owner, organization, service)
        self.assertEqual([rule[1:] for rule in rules], [("/export/*", 300), ("/admin", 60), ("/plain", 30)])
        self.assertEqual(rules[0][0], ["GET", "POST"])
        self.assertEqual(rules[1][0], rules[2][0], "without methods: all of them")
        box = page.field("Rules for paths").text
        self.assertIn("GET,POST /export/* 300", box)
        page.press("Save")
        self.assertEqual(self.rules_of(owner, organization, service), rules, "saved again as it is shown")

    def test_what_is_no_rule_changes_nothing_and_is_said_at_the_box(self):
        organization, service, owner, _, page = self.service()
        page = page.press("Save", Rules_for_paths="GET /export 300")
        kept = self.rules_of(owner, organization, service)
        for rules in ("GET", "GET /x", "GET /x 60 more", "BREW /x 60", "GET,BREW /x 60", "GET x 60", "GET /x 0", "GET /x 86401", "GET /x -1",
                      "GET /x 1e3", "GET /export 300\nGET", "\n".join(["GET /x 60"] * 101), ",".join(["GET"] * 200) + " /x 60",
                      "GET /" + "x" * 300 + " 60"):
            with self.subTest(rules[:40]):
                wrong = page.press("Save", Rules_for_paths=rules)
                self.assertEqual(wrong.field("Rules for paths")["aria-invalid"], "true")
                self.assertIn(wrong.reply.status, (400, 422))
                self.assertEqual(wrong.field("Rules for paths").text, " ".join(rules.split()), "what was typed is gone")
                self.assertEqual(self.rules_of(owner, organization, service), kept)

    def test_which_line_is_wrong_is_said(self):
        organization, service, owner, _, page = self.service()
        expect(owner.post(f"/organizations/{organization}/services", {"name": "Other", "hosts": ["taken.example"]}), 201)
        for hosts, said in (("fine.example\ntaken.example", "taken.example: This host belongs to another service"),
                            ("fine.example\nhttps://x", "https://x: Write a host like"),
                            ("fine.example\n" + "한" * 300, "한" * 66 + "…: Write a host like")):
            self.assertIn(said, self.wrong_at(page.press("Save", Hosts=hosts), "Hosts", 409 if "taken" in hosts else 400))
        for rules, said in (("GET /a 5\nGET /b", "GET /b: Write a rule as"), ("GET /a 5\nGET b 5", "GET b 5: A path begins with"),
                            ("GET /a 5\nGET /b 0", "GET /b 0: The seconds"), ("GET /a 5\nGET /b x", "GET /b x: The seconds"),
                            ("GET /a 5\nBREW /b 5", "BREW /b 5: Methods are GET")):
            self.assertIn(said, self.wrong_at(page.press("Save", Rules_for_paths=rules), "Rules for paths", 400))
        page = page.press("Save", Hosts="fine.example\nFINE.example", Rules_for_paths="get,Post /x 5")
        self.assertEqual(page.field("Hosts").text, "fine.example")
        self.assertEqual(self.rules_of(owner, organization, service), [(["GET", "POST"], "/x", 5)])

    def test_more_than_a_form_takes_is_said(self):
        """A hundred long paths in Korean, and hosts: in a form each such character is nine, in JSON three."""
        organization, service, owner, _, page = self.service()
        paths = [f"/{n:02}{'한' * 65}" for n in range(100)]
        methods = ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        expect(owner.patch(f"/organizations/{organization}/services/{service}", {
            "hosts": [f"one-more-host-{n}-of-{service.lower().replace('_', 'a').strip('-')}.example" for n in range(50)],
            "rules": [{"path": path, "methods": methods, "second_step_max_age_s": 86400} for path in paths]}), 200)
        kept = self.rules_of(owner, organization, service)
        page = owner.open(page.path)
        self.assertIn(paths[99], page.text)
        refused = page.press("Save")
        self.assertEqual(refused.reply.status, 413)
        self.assertIn("more than 64 KiB", refused.main.text)
        self.assertEqual(self.rules_of(owner, organization, service), kept)

    def test_rules_are_tried_before_somebody_meets_them(self):
        organization, service, owner, member, page = self.service()
        page = page.press("Save", Rules_for_paths="GET /export/* 300\n* /admin 60")
        page = page.press("Try", Method="GET", Path="/export/all")
        self.assertIn("at most 300 seconds old", page.main.text)
        self.assertIn("No rule fits", page.press("Try", Method="PUT", Path="/export/all").main.text)
        self.wrong_at(page.press("Try", Method="GET /", Path="/"), "Method", 400)
        self.wrong_at(page.press("Try", Method="GET", Path="export"), "Path", 400)
        page = member.open(f"/organizations/{organization}/services/{service}")
        self.assertFalse(page.has("Save", "button"), "members change nothing")


class WaitingHosts(PagesTest):
    SERVER = {"env": {"TWOSTEP_PUBLIC_URL": "http://login.example.com"}}

    def setUp(self):
        super().setUp()
        self.server.origin = "http://login.example.com"

    def test_the_operators_command_is_one_whatever_the_organization(self):
        """An id may begin with what a flag begins with."""
        kim = self.signed_up()
        self.server.sql("INSERT INTO organization (id, name, created_at) VALUES (CAST(x'FBEF' || randomblob(14) AS BLOB), 'Dashes', 1)")
        number, = self.server.sql("SELECT id FROM organization WHERE name = 'Dashes'")[0]
        organization = base64.urlsafe_b64encode(number).decode().rstrip("=")
        self.assertTrue(organization.startswith("--"))
        self.join(organization, kim, "owner")
        service = expect(kim.post(f"/organizations/{organization}/services", {"name": "Shop", "hosts": ["shop.example.com"]}), 201)["id"]
        page = kim.open(f"/organizations/{organization}/services/{service}")
        self.assertEqual(self.told(page), ["host", "allow", "--", "shop.example.com", organization])


class Invitations(PagesTest):
    def invite(self, visitor, organization, emails, **more):
        page = visitor.open(f"/organizations/{organization}").press("+ Invite Organization Members")
        return page.press("Send invitations", Email_addresses=emails, **more)

    def waiting(self, visitor, organization):
        page = visitor.open(f"/organizations/{organization}/invitations")
        return [row.all("strong")[0].text for row in page.main.all("tr") if row.all("strong")]

    def test_several_are_invited_at_once_and_the_refused_named(self):
        organization, owner, manager, member = self.house()
        page = self.invite(manager, organization, "a1@example.com, a2@example.com\nA3@example.com")
        self.assertEqual(page.path, f"/organizations/{organization}/invitations")
        self.assertIn("Invitations sent: 3", page.text)
        self.assertEqual(set(self.waiting(owner, organization)), {f"a{n}@example.com" for n in (1, 2, 3)})
        page = self.invite(manager, organization, f"a4@example.com {member.email} a1@example.com nobody")
        self.assertEqual(page.reply.status, 200)
        self.assertIn("Invitations sent: 1", page.main.text)
        refused = {li.all("strong")[0].text: li.text for li in page.main.all("li") if li.all("strong")}
        self.assertEqual(set(refused), {member.email, "a1@example.com", "nobody"})
        self.assertIn("is a member already", refused[member.email])
        self.assertIn("is invited already", refused["a1@example.com"])
        self.assertEqual(page.field("Email addresses").text.split(), [member.email, "a1@example.com", "nobody"])
        self.assertEqual(self.wrong_at(page, "Email addresses", 200), "These addresses were not invited.")
        self.assertTrue(page.field("Email addresses").has("autofocus"))
        self.assertTrue(page.root.all("title")[0].text.startswith("Error:"))
        self.assertEqual([n.text for n in page.main.walk() if n["role"] == "alert"], ["These addresses were not invited."])
        self.assertEqual([li.text for li in page.main.all("li") if "under Waiting" in li.text], [refused["a1@example.com"]])
        self.assertEqual(page.press("Resend it under Waiting").path, f"/organizations/{organization}/invitations")
        page = page.press("Send invitations")
        self.assertEqual(page.reply.status, 422)
        page = self.invite(manager, organization, "")
        self.assertIn("1 to 100", self.wrong_at(page, "Email addresses", 400))
        page = self.invite(manager, organization, " ".join(f"b{n}@example.com" for n in range(101)))
        self.wrong_at(page, "Email addresses", 400)
        self.assertIn("b100@example.com", page.field("Email addresses").text, "what was typed is gone")

    def test_managers_are_invited_with_a_fresh_proof(self):
        organization, owner, *_ = self.house()
        self.server.forward(3600)
        page = self.invite(owner, organization, "c1@example.com\nc2@example.com", Role_in_the_organization="manager")
        self.assertEqual(self.waiting(owner, organization), [])
        page = page.press("Continue", Password=PASSWORD)
        self.assertIn("Invitations sent: 2", page.text)
        self.assertEqual(len(self.waiting(owner, organization)), 2)

    def test_password_and_code_that_are_typed_together_both_count(self):
        organization, owner, *_ = self.house(two_step=True)
        self.server.forward(3600)
        place = f"/organizations/{organization}/invitations/new"
        page = owner.open(place).press("Send invitations", Email_addresses="m2@example.com", **{"Role in the organization": "manager"})
        again = page.press("Continue", Password=PASSWORD, Authentication_code=owner.wrong_code())
        self.wrong_at(again, "Authentication code", 401)
        self.assertEqual(self.waiting(owner, organization), [])
        self.server.forward(3600)
        page = owner.open(place).press("Send invitations", Email_addresses="m2@example.com", **{"Role in the organization": "manager"})
        page = page.press("Continue", Password=PASSWORD, Authentication_code=owner.app_code())
        self.assertIn("Invitations sent: 1", page.text)

    def test_resent_and_cancelled(self):
        organization, owner, *_ = self.house()
        guest = self.signed_up()
        _, mail = guest.mailed(lambda: self.invite(owner, organization, guest.email))
        page = owner.open(f"/organizations/{organization}/invitations")
        _, again = guest.mailed(lambda: page.press(f"Resend the invitation of {guest.email}"))
        self.assertNotEqual(mail_code(mail), mail_code(again))
        page = guest.open("/organizations").press("Join", Invitation_code=mail_code(mail))
        self.wrong_at(page, "Invitation code")
        self.assertEqual(page.field("Invitation code")["value"], mail_code(mail), "as it was mailed")
        page = owner.open(f"/organizations/{organization}/invitations").press(f"Cancel the invitation of {guest.email}")
        self.assertIn("is cancelled", page.text)
        page = guest.open("/organizations").press("Join", Invitation_code=mail_code(again))
        self.wrong_at(page, "Invitation code")
        for action in ("resend", "cancel"):
            page = owner.send(f"/organizations/{organization}/invitations/{ABSENT}/{action}", {})
            self.assertIn("not there any more", page.text)
            page = owner.open(f"/organizations/{organization}/invitations/{ABSENT}/{action}")
            self.assertEqual(page.path, f"/organizations/{organization}/invitations")

    def test_the_mailed_link_brings_in_who_has_an_account(self):
        organization, owner, *_ = self.house()
        guest = self.signed_up()
        _, mail = guest.mailed(lambda: self.invite(owner, organization, guest.email))
        link = re.findall(re.escape(self.server.origin) + r"(/invitations/accept\S+)", mail_text(mail))[0]
        guest.sign_out()
        page = guest.open(link)
        page = page.press("Sign in").press("Sign in", Email=guest.email, Password=PASSWORD)
        self.assertEqual(page.path, link)
        self.assertIsNone(self.role_of(organization, guest), "looking changed something")
        self.assertEqual(page.field("Invitation code")["value"], mail_code(mail))
        page = page.press("Join")
        self.assertEqual(self.role_of(organization, guest), "member")
        self.assertIn("You are a member of this organization now.", page.text)
        self.assertEqual(page.path, f"/organizations/{organization}/services")
        other = self.signed_up()
        page = other.open(link).press("Join")
        self.assertIn(f"does not fit {other.email}", self.wrong_at(page, "Invitation code"))
        self.assertEqual(page.field("Invitation code")["value"], mail_code(mail), "as it was mailed")
        self.assertEqual(page.press("Your organizations").path, "/organizations")

    def test_who_is_signed_in_as_another_comes_back_with_the_code(self):
        organization, owner, *_ = self.house()
        guest, other = self.signed_up(), self.signed_up()
        _, mail = guest.mailed(lambda: self.invite(owner, organization, guest.email))
        code = mail_code(mail)
        link = re.findall(re.escape(self.server.origin) + r"(/invitations/accept\S+)", mail_text(mail))[0]
        for page in (other.open(link), other.open("/organizations").press("Join", Invitation_code=code)):
            page = page.press("Use another account")
            self.assertEqual(page.path, link)
            self.assertFalse(other.is_signed_in())
            page = page.press("Sign in").press("Sign in", Email=guest.email, Password=PASSWORD)
            self.assertEqual(page.path, link)
            self.assertEqual(page.field("Invitation code")["value"], code)
            other.sign_in()
        for wrong in ("x\ny", "<b>", ""):
            other.sign_in()
            self.assertEqual(other.send("/invitations/accept/other", {"code": wrong}).path, "/invitations/accept", wrong)
        self.assertEqual(other.open("/invitations/accept/other").path, "/invitations/accept")

    def test_those_waiting_are_listed_and_joined_by_a_button(self):
        organization, owner, *_ = self.house()
        guest = self.signed_up()
        self.invite(owner, organization, guest.email)
        page = guest.open("/organizations")
        self.assertIn(f"Invited by {owner.email} as Member", page.main.text)
        place = page.named("Join Alpha", "button").inside("form")["action"]
        self.assertEqual(guest.open(place).path, "/organizations", "looking changes nothing")
        self.assertIsNone(self.role_of(organization, guest))
        page.press("Join Alpha")
        self.assertEqual(self.role_of(organization, guest), "member")

    def test_who_has_none_signs_up_by_the_invitation(self):
        organization, owner, *_ = self.house()
        guest = self.visitor()
        _, mail = guest.mailed(lambda: self.invite(owner, organization, guest.email))
        link = re.findall(re.escape(self.server.origin) + r"(/invitations/accept\S+)", mail_text(mail))[0]
        page = guest.open(link).press("Sign up")
        self.assertEqual(page.field("Invitation code")["value"], mail_code(mail))
        self.assertIn("You join by your invitation", page.main.text)
        self.assertNotIn("We send a code", page.main.text, "none is sent")
        page = page.press("Sign up", Email="other@example.com", Name="Lee", Password=PASSWORD)
        about = self.wrong_at(page, "Invitation code")
        self.assertIn("the address that the invitation came to", about)
        self.assertEqual(page.field("Invitation code")["value"], mail_code(mail), "as it was mailed")
        again = page.press("Sign up", Email=guest.email, Password=PASSWORD, Invitation_code="ABCD-EFGH-JKMN")
        self.assertEqual(self.wrong_at(again, "Invitation code"), about, "which of the two is wrong is nobody's business")
        page = page.press("Sign up", Email=guest.email, Password=PASSWORD)
        self.assertEqual(self.role_of(organization, guest), "member", page.text)
        self.assertEqual(page.path, f"/organizations/{organization}/services")

    def test_members_invite_nobody(self):
        organization, owner, _, member = self.house()
        for path in ("", "/new"):
            self.assertEqual(member.open(f"/organizations/{organization}/invitations{path}").reply.status, 403)
        values = {"emails": "d1@example.com", "role": "member"}
        self.assertEqual(member.send(f"/organizations/{organization}/invitations", values).reply.status, 403)
        self.assertEqual(self.waiting(owner, organization), [])


class Operator(PagesTest):
    SERVER = {"env": {"TWOSTEP_ORGANIZATIONS": "operator", "TWOSTEP_CONTACT": "help desk, room 7"}}

    def test_who_may_not_create_is_told_whom_to_ask(self):
        kim = self.signed_up()
        page = kim.open("/organizations")
        self.assertFalse(page.has("Create Organization", "button"))
        self.assertIn("help desk, room 7", page.main.text)
        expect(kim.request("POST", "/organizations", raw=b"name=Alpha",
                           headers={"Content-Type": "application/x-www-form-urlencoded"}), 403)

    def test_who_lost_the_codes_too_is_told_whom_to_ask(self):
        kim = self.signed_up(two_step=True)
        kim.cookies.pop("twostep")
        page = kim.open("/login").press("Sign in", Email=kim.email, Password=PASSWORD)
        self.assertNotIn("help desk", page.main.text)
        page = page.press("Use a recovery code")
        self.assertIn("the operator of twostep, can reset your 2-step verification. Whom to ask: help desk, room 7", page.main.text)
        self.assertIn("2단계 인증을 초기화할 수 있습니다. 문의: help desk, room 7", page.press("한국어").main.text)


if __name__ == "__main__":
    unittest.main()
