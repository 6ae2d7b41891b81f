"""The demand for two-step of everyone: switched on by who has it, in force at once or after a grace, met by setting up."""
import base64
import calendar
import hashlib
import json
import os
import subprocess
import time
import unittest

from harness import UTC_SECOND, at_once, binary, clean_environment, expect, mail_text, statuses
from organizations import OrganizationTest, id_hex
from strike import FULL, StruckServer

DAY = 24 * 3600

# What a session that lacks a second step may still do (contract 2.1), and some of what it may not.
MAY = [("GET", "/session"), ("GET", "/account"), ("GET", "/account/two-step"), ("DELETE", "/account/two-step/setup")]
MAY_NOT = [("GET", "/organizations"), ("GET", "/sessions"), ("POST", "/organizations"), ("PATCH", "/account"), ("DELETE", "/sessions"),
           ("POST", "/account/password"), ("POST", "/account/two-step/disable"), ("POST", "/account/two-step/recovery-codes")]


def seconds_until(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.time()


class Demand(OrganizationTest):
    def demand(self, owner, organization, on=True, **more):
        return owner.patch(f"/organizations/{organization}/security", {"two_step_required": on, **more})

    def required(self, **more):
        """A team whose owner has two-step and demands it."""
        organization, owner, manager, member = self.team()
        owner.enable()
        expect(self.demand(owner, organization, **more), 200)
        return organization, owner, manager, member


class SwitchedOn(Demand):
    def test_by_somebody_who_has_it(self):
        organization, owner, *_ = self.team()
        expect(self.demand(owner, organization), 409, "own_two_step_first")
        self.assertFalse(expect(owner.get(f"/organizations/{organization}/security"), 200)["two_step_required"])
        owner.enable()
        answer = expect(self.demand(owner, organization, grace_days=3), 200)
        self.assertEqual((answer["two_step_required"], answer["members"], answer["with_two_step"]), (True, 3, 1))
        self.assertRegex(answer["grace_ends_at"], UTC_SECOND)
        self.assertEqual(expect(owner.get(f"/organizations/{organization}/security"), 200), answer)
        self.assertIn(("two_step_demanded", owner.email, "", "grace 3 days"), self.log_of(organization))

    def test_wrong_values_are_named_and_change_nothing(self):
        organization, owner, *_ = self.team()
        owner.enable()
        before = expect(owner.get(f"/organizations/{organization}/security"), 200)
        for body, field in (({"two_step_required": "yes"}, "two_step_required"), ({"two_step_required": 1}, "two_step_required"),
                            ({"two_step_required": True, "grace_days": -1}, "grace_days"),
                            ({"two_step_required": True, "grace_days": 91}, "grace_days"),
                            ({"two_step_required": True, "grace_days": "3"}, "grace_days"),
                            ({"two_step_required": True, "grace_days": 1.5}, "grace_days"),
                            ({"grace_days": 3}, "grace_days"), ({"two_step_required": False, "grace_days": 3}, "grace_days"),
                            ({"session_idle_s": 899}, "session_idle_s"), ({"session_idle_s": 86401}, "session_idle_s"),
                            ({"csv_download": "off"}, "csv_download"), ({"csv_download": []}, "csv_download"),
                            ({"csv_download": {"mode": "all"}}, "csv_download.mode"),
                            ({"csv_download": {"mode": 1}}, "csv_download.mode"),
                            ({"csv_download": {"max_age_s": 59}}, "csv_download.max_age_s"),
                            ({"csv_download": {"max_age_s": True}}, "csv_download.max_age_s")):
            reply = expect(owner.patch(f"/organizations/{organization}/security", body), 400, "invalid_request", repr(body))
            self.assertEqual(reply["field"], field, repr(body))
        self.assertEqual(expect(owner.get(f"/organizations/{organization}/security"), 200), before)

    def test_what_is_not_given_stays(self):
        organization, owner, *_ = self.team()
        path = f"/organizations/{organization}/security"
        expect(owner.patch(path, {"csv_download": {"mode": "second_step", "max_age_s": 120}}), 200)
        expect(owner.patch(path, {"session_idle_s": 3600}), 200)
        answer = expect(owner.patch(path, {}), 200)
        self.assertEqual(answer["csv_download"], {"mode": "second_step", "max_age_s": 120})
        self.assertEqual((answer["session_idle_s"], answer["two_step_required"]), (3600, False))


class InForce(Demand):
    def test_restricts_open_sessions_at_once_and_says_who_demands(self):
        organization, owner, manager, member = self.team()
        bearer = member.elsewhere().sign_in("bearer")
        owner.enable()
        expect(member.get("/organizations"), 200)
        expect(self.demand(owner, organization, grace_days=0), 200)
        for person in (member, bearer, manager):
            for method, path in MAY_NOT:
                body = {} if method in ("POST", "PATCH") else None
                expect(person.request(method, "/api/v1" + path, body), 403, "two_step_setup_required", f"{method} {path}")
            for method, path in MAY:
                expect(person.request(method, "/api/v1" + path), (200, 204), about=f"{method} {path}")
            self.assertTrue(expect(person.get("/session"), 200)["restricted"])
        demanded = member.two_step()["required_by"]
        self.assertEqual([(d["id"], d["name"]) for d in demanded], [(organization, "Alpha")])
        self.assertRegex(demanded[0]["from"], UTC_SECOND)
        expect(owner.get("/organizations"), 200)

    def test_a_sign_in_can_only_set_up_and_is_whole_afterwards(self):
        organization, _, _, member = self.required()
        member.sign_out()
        answer = expect(member.first_step(), 200)
        self.assertEqual((answer["status"], answer["session"]["restricted"]), ("setup_required", True))
        self.assertEqual([d["id"] for d in answer["required_by"]], [organization])
        member.enable()
        self.assertFalse(expect(member.get("/session"), 200)["restricted"])
        expect(member.get("/organizations"), 200)
        expect(member.elsewhere().sign_in().get("/organizations"), 200)

    def test_roles_and_memberships_stay(self):
        organization, _, manager, _ = self.required()
        manager.enable()
        expect(manager.get(f"/organizations/{organization}/members"), 200)

    def test_nobody_under_it_switches_off_also_in_grace(self):
        for more in ({}, {"grace_days": 30}):
            _, owner, _, member = self.required(**more)
            member.enable()
            for person in (owner, member):
                reply = person.post("/account/two-step/disable", {"password": person.password, "method": "recovery_code",
                                                                  "code": person.account.recovery_codes[0]})
                expect(reply, 409, "required_by_organization")
                self.assertTrue(person.two_step()["enabled"])
                self.assertEqual(person.two_step()["recovery_codes_left"], 10)

    def test_one_organisation_of_several_is_enough(self):
        organization, owner, _, member = self.team()
        other = self.organization(member, "Beta")
        owner.enable()
        expect(self.demand(owner, organization), 200)
        expect(member.get("/organizations"), 403, "two_step_setup_required")
        expect(self.demand(owner, organization, on=False), 200)
        expect(member.get(f"/organizations/{other}"), 200)

    def test_switching_it_off_lifts_restrictions_at_once(self):
        organization, owner, _, member = self.required()
        expect(member.get("/organizations"), 403, "two_step_setup_required")
        expect(self.demand(owner, organization, on=False), 200)
        expect(member.get("/organizations"), 200)
        self.assertEqual(member.two_step()["required_by"], [])
        self.assertIn("two_step_not_demanded", [row[0] for row in self.log_of(organization)])

    def test_a_new_member_meets_it_at_once(self):
        organization, *_ = self.required()
        newcomer = self.person().sign_up()
        expect(newcomer.get("/organizations"), 200)
        self.join(organization, newcomer)
        expect(newcomer.get("/organizations"), 403, "two_step_setup_required")

    def test_leaving_it_behind_lifts_it(self):
        organization, owner, _, member = self.required()
        expect(owner.delete(f"/organizations/{organization}/members/{member.id()}"), 204)
        expect(member.get("/organizations"), 200)

    def test_a_remembered_device_does_not_satisfy_it(self):
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        member.sign_out()
        expect(member.second_step(member.half_way(), remember_device=True), 200)
        member.sign_out()
        self.assertEqual(expect(member.first_step(), 200)["status"], "signed_in", "the device is remembered")
        expect(self.demand(owner, organization), 200)
        reply = expect(member.get("/organizations"), 403, "confirmation_required")
        self.assertEqual(reply["needs"], "second_step")
        self.assertTrue(expect(member.get("/session"), 200)["restricted"])
        expect(member.get("/account/two-step"), 200)
        answer = expect(member.post("/session/confirm", {"method": "totp", "code": member.app_code()}), 200)
        self.assertFalse(answer["restricted"], "the answer says what the session has become")
        self.assertEqual(expect(member.get("/session"), 200), answer)
        expect(member.get("/organizations"), 200)
        member.sign_out()
        login = member.half_way()
        expect(member.second_step(login, remember_device=True), 200)
        member.sign_out()
        member.half_way()

    def test_a_new_phone_is_allowed(self):
        _, _, _, member = self.required()
        member.enable()
        member.enable(replace=True)
        expect(member.get("/organizations"), 200)

    def test_its_sessions_end_sooner(self):
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "session_idle_s": 900}), 200)
        for _ in range(3):
            self.assertAlmostEqual(seconds_until(expect(member.get("/session"), 200)["expires_at"]), 900, delta=20)
            self.server.forward(800)
        expect(member.get("/session"), 200)
        self.server.forward(1000)
        expect(member.get("/session"), 401, "not_signed_in")

    def test_its_sessions_end_after_a_day(self):
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "session_idle_s": 86400}), 200)
        self.server.forward(DAY - 60)
        expect(member.get("/session"), 200)
        self.server.forward(120)
        expect(member.get("/session"), 401, "not_signed_in")

    def test_said_again_in_force_it_goes_on_as_it_is(self):
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        path = f"/organizations/{organization}/security"
        expect(self.demand(owner, organization, session_idle_s=DAY), 200)
        self.server.forward(DAY - 1800)
        owner = owner.elsewhere().sign_in()
        before, log = expect(owner.get(path), 200), self.log_of(organization)
        for body in ({"two_step_required": True, "grace_days": 0}, {"grace_days": 0}, {"two_step_required": True}):
            self.assertEqual(expect(owner.patch(path, body), 200), before, repr(body))
        self.assertEqual(self.log_of(organization), log)
        self.assertEqual(self.server.sql("SELECT * FROM mandate_notice WHERE hex(organization_id) = ?", id_hex(organization)), [])
        expect(owner.patch(path, {"grace_days": 0, "session_idle_s": 14 * 3600}), 200, about="with something else")
        expect(member.get("/session"), 401, "not_signed_in", "unused for longer than that")
        expect(self.demand(owner, organization, grace_days=1), 200, about="a date to come")
        self.assertEqual(self.log_of(organization)[-1][3], "grace 1 days, was in force")

    def test_said_again_in_force_its_sessions_end_when_they_would(self):
        for more, unused in (({"session_idle_s": DAY}, 60), ({}, 7 * 3600 + 3000)):
            with self.subTest(repr(more)):
                organization, owner, _, member = self.team()
                for person in (owner, member):
                    person.enable()
                expect(self.demand(owner, organization, **more), 200)
                self.server.forward(DAY - 60 - unused if more else 60)
                expect(member.get("/session"), 200)
                self.server.forward(unused)
                owner = owner.elsewhere().sign_in()
                expect(self.demand(owner, organization, grace_days=0), 200)
                self.server.forward(1200)
                expect(member.get("/session"), 401, "not_signed_in")

    def test_coming_into_force_throws_nobody_out(self):
        organization, owner, _, member = self.team()
        self.server.forward(3 * DAY)
        expect(owner.post("/session/confirm", {"password": owner.password}), 200)
        owner.enable()
        expect(self.demand(owner, organization), 200)
        expect(member.get("/account"), 200)
        expect(member.get("/organizations"), 403, "two_step_setup_required")

    def test_each_of_two_counts_from_its_own_moment(self):
        """No session ends sooner than the stricter of them says, counted from when that came into force, nor later than any of them."""
        hour = 3600
        cases = (  # unused for how long, of the first one, before the second; how long it lets be unused; how long after
            (DAY, 1200, 900, 0, 900), (DAY, 1200, 900, 800, 900), (DAY, 1200, 900, 1000, None),
            (hour, 3000, DAY, 300, hour), (hour, 3000, DAY, 1200, None), (DAY, 6 * hour, DAY, 17 * hour, DAY), (DAY, 6 * hour, DAY, 19 * hour, None),
        )
        for first_s, before_s, second_s, after_s, expires_in_s in cases:
            with self.subTest(f"{first_s} s, {before_s} s later {second_s} s, {after_s} s later"):
                (first, owner, _, member), (second, other, *_) = self.team(), self.team("Beta")
                self.join(second, member)
                for person in (owner, other, member):
                    person.enable()
                expect(self.demand(owner, first, session_idle_s=first_s), 200)
                member = member.elsewhere().sign_in()
                self.server.forward(before_s)
                other.sign_in()
                expect(self.demand(other, second, session_idle_s=second_s), 200)
                self.server.forward(after_s)
                if expires_in_s is None:
                    expect(member.get("/session"), 401, "not_signed_in")
                    continue
                expires = expect(member.get("/session"), 200)["expires_at"]
                self.assertAlmostEqual(seconds_until(expires), min(expires_in_s, DAY - before_s - after_s), delta=20)

    def test_switching_on_and_off_race_to_one_truth(self):
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        off = lambda: member.post("/account/two-step/disable", {"password": member.password, "method": "recovery_code",  # noqa: E731
                                                                "code": member.account.recovery_codes[0]})
        replies = at_once([off] + [lambda: self.demand(owner, organization)] * 4)
        enabled = self.server.sql("SELECT COUNT(*) FROM totp t JOIN account a ON a.id = t.account_id WHERE a.email = ?", member.email)[0][0]
        self.assertEqual(enabled, 0 if replies[0].status == 200 else 1, statuses(replies))
        if replies[0].status != 200:
            expect(replies[0], 409, "required_by_organization")
            expect(member.get("/organizations"), 200)
        else:
            expect(member.get("/organizations"), 403, "two_step_setup_required")


class EndedTest(Demand):
    def ended(self, seconds=9 * 3600):
        """A member, and a session of theirs that nobody has shown since a demand ended it."""
        organization, owner, _, member = self.team()
        for person in (owner, member):
            person.enable()
        expect(self.demand(owner, organization), 200)
        old = member.elsewhere().sign_in()
        self.server.forward(seconds)
        return organization, owner.sign_in(), member.elsewhere().sign_in(), old

    def kept(self, person):
        """Would its cookie open the account if nothing were demanded?"""
        digest = hashlib.sha256(base64.urlsafe_b64decode(person.cookies["twostep"] + "==")).digest()
        return self.server.sql("SELECT COUNT(*) FROM session WHERE token = ? AND ends_at > unixepoch()", digest)[0][0] == 1


class Ended(EndedTest):
    """A session that was over under a demand is over, whatever becomes of the demand."""

    def test_it_does_not_come_back(self):
        def security(**change):
            return lambda place, owner, member: expect(owner.patch(place + "/security", change), 200)

        def leave(place, owner, member):
            expect(member.delete(f"{place}/members/{member.id()}"), 204)

        def remove(place, owner, member):
            expect(owner.delete(f"{place}/members/{member.id()}"), 204)

        def delete(place, owner, member):
            expect(owner.delete(place, body={"name": "Alpha"}), 204)

        cases = (
            ("lifted", security(two_step_required=False), 9 * 3600), ("lifted after a day", security(two_step_required=False), DAY + 60),
            ("longer idle", security(session_idle_s=DAY), 9 * 3600), ("given time again", security(grace_days=5), 9 * 3600),
            ("left", leave, 9 * 3600), ("removed", remove, 9 * 3600), ("the organization is deleted", delete, 9 * 3600),
        )
        for name, end, seconds in cases:
            with self.subTest(name):
                organization, owner, member, old = self.ended(seconds)
                self.assertTrue(self.kept(old))
                end(f"/organizations/{organization}", owner, member)
                self.assertFalse(self.kept(old))
                expect(old.get("/session"), 401, "not_signed_in")
                expect(member.get("/session"), 200, about="the one that lived lives")

    def test_who_shows_it_ends_it(self):
        for name, show in (("any request", lambda old: expect(old.get("/account"), 401, "not_signed_in")),
                           ("signing out", lambda old: expect(old.delete("/session"), 401, "not_signed_in"))):
            with self.subTest(name):
                *_, old = self.ended()
                show(old)
                self.assertFalse(self.kept(old))

    def test_what_is_over_for_a_moment_is_refused_and_may_have_been_used(self):
        """Checks of an application write with delay that somebody was here."""
        *_, old = self.ended(8 * 3600 + 30)
        expect(old.get("/account"), 401, "not_signed_in")
        self.assertTrue(self.kept(old))
        self.server.forward(200)
        expect(old.get("/account"), 401, "not_signed_in")
        self.assertFalse(self.kept(old))

    def test_signing_out_of_it_by_page_clears_its_cookie(self):
        for seconds in (8 * 3600 + 30, 9 * 3600):
            self.signs_out_by_page(*self.ended(seconds))

    def signs_out_by_page(self, organization, owner, _, old):
        cookies = dict(old.cookies)
        reply = old.request("POST", "/logout", raw=b"", headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((reply.status, reply.header("Location")), (303, "/login"))
        self.assertNotIn("twostep", old.cookies)
        old.cookies = cookies
        self.assertFalse(self.kept(old))
        expect(self.demand(owner, organization, on=False), 200)
        expect(old.get("/session"), 401, "not_signed_in")

    def test_it_is_not_listed(self):
        _, owner, member, old = self.ended()
        self.assertTrue(self.kept(old))
        mine = [expect(member.get("/session"), 200)["id"]]
        self.assertEqual([session["id"] for session in expect(member.get("/sessions"), 200)["sessions"]], mine)
        page = member.request("GET", "/account/sessions")
        self.assertEqual((page.status, page.text.count("<time "), page.text.count("/end\"")), (200, 2, 0), "its own alone")
        shown = subprocess.run([binary(), "user", "show", member.email, "--json", "--data", self.server.data], env=clean_environment(),
                               capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertEqual([session["id"] for session in json.loads(shown)["sessions"]], mine)


class EndedOnAFullDisk(EndedTest):
    @classmethod
    def setUpClass(cls):
        cls.server = StruckServer()

    def test_it_opens_nothing_and_is_in_nobodys_way(self):
        *_, old = self.ended()
        self.server.strike.arm(FULL)
        try:
            expect(old.get("/session"), 401, "not_signed_in")
            self.assertEqual(old.request("GET", "/login").status, 200)
            reply = old.request("POST", "/logout", raw=b"", headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(reply.status, 503, "not said to be ended, for it is not")
        finally:
            self.server.strike.off()
        self.assertTrue(self.kept(old))


class Grace(Demand):
    def test_holds_from_its_end_on(self):
        organization, _, _, member = self.required(grace_days=2)
        expect(member.get("/organizations"), 200)
        self.assertEqual([d["id"] for d in member.two_step()["required_by"]], [organization])
        self.assertEqual(expect(member.elsewhere().first_step(), 200)["status"], "signed_in")
        self.server.forward(2 * DAY - 60)
        expect(member.get("/organizations"), 200)
        self.server.forward(120)
        expect(member.get("/organizations"), 403, "two_step_setup_required")
        self.assertEqual(expect(member.elsewhere().first_step(), 200)["status"], "setup_required")

    def test_can_be_moved(self):
        organization, owner, _, member = self.required(grace_days=30)
        answer = expect(owner.patch(f"/organizations/{organization}/security", {"grace_days": 0}), 200)
        self.assertTrue(answer["two_step_required"])
        expect(member.get("/organizations"), 403, "two_step_setup_required")
        expect(self.demand(owner, organization, on=True), 200, about="again, without a date: stays as it is")
        expect(member.get("/organizations"), 403, "two_step_setup_required")


class Mails(Demand):
    def subjects(self, person):
        return [str(mail["subject"]) for mail in person.mails() if "2-step verification" in str(mail["subject"]) and "Alpha" in str(mail["subject"])]

    def due(self, organization):
        """Wakes what writes mails by the calendar: a demand elsewhere does."""
        other, owner, *_ = self.team("Other")
        owner.enable()
        before = len(owner.mails())
        expect(self.demand(owner, other), 200)
        self.assertGreaterEqual(len(owner.mails()), before)
        self.written(organization)

    def written(self, organization):
        """Waits for the mails that are due now."""
        left = None
        for _ in range(200):
            left = self.server.sql("SELECT COUNT(*) FROM mandate_notice WHERE hex(organization_id) = ? AND due_at <= unixepoch()",
                                   id_hex(organization))[0][0]
            if not left and not self.server.sql("SELECT COUNT(*) FROM mail_queue")[0][0]:
                break
            time.sleep(0.05)
        self.assertEqual(left, 0)

    def test_go_to_who_is_affected_at_once_and_before_the_end_and_at_it(self):
        organization, owner, manager, member = self.team()
        for person in (owner, manager):
            person.enable()
        before = len(member.mails())
        expect(self.demand(owner, organization, grace_days=10), 200)
        mail = self.server.mail_after(member.email, before)
        self.assertIn("Alpha", str(mail["subject"]))
        self.assertIn("/account/two-step", mail_text(mail))
        for days, count in ((3, 2), (6, 3), (1, 4)):
            self.server.forward(days * DAY + 60)
            self.due(organization)
            self.assertEqual(len(self.subjects(member)), count, f"{days} days on")
        self.assertEqual(self.subjects(member)[-1], "Alpha requires 2-step verification now")
        self.assertEqual([self.subjects(p) for p in (owner, manager)], [[], []], "they have it")

    def test_at_once_in_force(self):
        organization, owner, _, member = self.team()
        owner.enable()
        before = len(member.mails())
        expect(self.demand(owner, organization), 200)
        self.assertEqual(str(self.server.mail_after(member.email, before)["subject"]), "Alpha requires 2-step verification now")

    def test_at_once_five_times_a_day_however_often_it_is_moved(self):
        organization, owner, _, member = self.team()
        owner.enable()
        for number in range(12):
            expect(self.demand(owner, organization, grace_days=number % 2), 200)
            self.written(organization)
        self.assertEqual(len(self.subjects(member)), 5)
        expect(self.demand(owner, organization, on=False), 200)
        expect(self.demand(owner, organization, grace_days=0), 200)
        self.written(organization)
        self.assertEqual(len(self.subjects(member)), 5, "off and on again")
        self.server.forward(DAY + 60)
        self.due(organization)
        self.assertEqual(len(self.subjects(member)), 6, "what stands then is told")
        self.assertEqual(self.subjects(member)[-1], "Alpha requires 2-step verification now")

    def test_reach_everybody_of_many(self):
        organization, owner, *_ = self.team()
        owner.enable()
        self.many(organization, 120)
        expect(self.demand(owner, organization), 200)
        self.server.mail_after("row000120@example.com", 0)
        self.due(organization)
        for number in (1, 25, 26, 60, 119, 120):
            self.assertEqual(len(self.server.mails(f"row{number:06}@example.com")), 1, number)

    def test_those_of_a_demand_that_is_gone_are_not_written(self):
        organization, owner, _, member = self.team()
        owner.enable()
        invited = len(member.mails())
        expect(self.demand(owner, organization, grace_days=10), 200)
        self.server.mail_after(member.email, invited)
        before = len(self.subjects(member))
        expect(self.demand(owner, organization, on=False), 200)
        self.server.forward(11 * DAY)
        self.due(organization)
        self.assertEqual(len(self.subjects(member)), before)


class MailsOfMany(Demand):
    def written(self):
        return self.server.sql("SELECT COUNT(*) FROM mail_queue")[0][0] + len(os.listdir(self.server.outbox))

    def test_a_stop_does_not_wait_for_them(self):
        organization, owner, *_ = self.team()
        owner.enable()
        self.many(organization, 5000)
        expect(self.demand(owner, organization), 200)
        self.server.end()
        written = self.written()
        self.assertLess(written, 4500, "it stayed until they were written")
        self.server.start()
        deadline = time.monotonic() + 30
        while self.written() < written + 100 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertGreaterEqual(self.written(), written + 100, "they are not written behind the next start")


if __name__ == "__main__":
    unittest.main()
