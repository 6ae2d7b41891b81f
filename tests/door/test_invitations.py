"""Invitations: an address is asked to join, and joins by the code that came to it, with an account or by signing up."""
import base64
import re
import unittest

from harness import PASSWORD, UTC_SECOND, at_once, expect, has_code, mail_code, mail_text, new_address, statuses, token_of
from organizations import OrganizationTest, id_hex

WRONG = "0000-0000-0000"
ABSENT = "AAAAAAAAAAAAAAAAAAAAAA"
DAY = 24 * 60 * 60


class InvitationTest(OrganizationTest):
    def invite(self, inviter, organization, address, role="member", **more):
        return inviter.post(f"/organizations/{organization}/invitations", {"email": address, "role": role, **more})

    def invited(self, inviter, organization, person, role="member", **more):
        """The invitation, and the mail that went out."""
        reply, mail = person.mailed(lambda: self.invite(inviter, organization, person.email, role, **more))
        return expect(reply, 201), mail

    def code_for(self, inviter, organization, person, role="member", **more):
        return mail_code(self.invited(inviter, organization, person, role, **more)[1])

    def accept(self, person, code):
        return person.post("/invitations/accept", {"code": code})

    def waiting(self, person, organization, query=""):
        return expect(person.get(f"/organizations/{organization}/invitations{query}"), 200)["invitations"]

    def founded(self, name="Alpha"):
        owner = self.person("owner").sign_up()
        return self.organization(owner, name), owner

    def service(self, organization, name):
        """A service, as it stands in the database: its id."""
        self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, ?, unixepoch()"
                        " FROM organization WHERE hex(id) = ?", name, id_hex(organization))
        found = self.server.sql("SELECT id FROM service WHERE name = ? AND hex(organization_id) = ?", name, id_hex(organization))
        return base64.urlsafe_b64encode(found[0][0]).decode().rstrip("=")

    def services_of(self, organization, person):
        return self.server.sql("SELECT s.name, r.role FROM service_role r JOIN service s ON s.id = r.service_id JOIN account a"
                               " ON a.id = r.account_id WHERE hex(r.organization_id) = ? AND a.email = ? ORDER BY s.name",
                               id_hex(organization), person.email)


class Invitations(InvitationTest):
    def test_somebody_with_an_account_joins_by_the_code(self):
        organization, owner = self.founded("서울 공장")
        guest = self.person("guest").sign_up()
        invitation, mail = self.invited(owner, organization, guest)
        self.assertEqual((invitation["email"], invitation["role"], invitation["services"], invitation["invited_by"]),
                         (guest.email, "member", [], owner.email))
        self.assertRegex(invitation["expires_at"], UTC_SECOND)
        self.assertEqual(self.waiting(owner, organization), [invitation])
        self.assertIsNone(self.role_of(organization, guest), "a member before accepting")
        joined = expect(self.accept(guest, mail_code(mail)), 200)
        self.assertEqual(joined, {"organization": {"id": organization, "name": "서울 공장"}, "role": "member"})
        self.assertEqual(self.role_of(organization, guest), "member")
        self.assertEqual(self.waiting(owner, organization), [])
        self.assertEqual(self.log_of(organization)[-2:],
                         [("invited", owner.email, guest.email, "member"), ("member_joined", guest.email, guest.email, "member")])

    def test_the_mail_says_who_where_what_and_until_when(self):
        organization, owner = self.founded("Harbour Works")
        guest = self.person("guest")
        _, mail = self.invited(owner, organization, guest, role="manager")
        text = mail_text(mail)
        self.assertIn("Harbour Works", str(mail["subject"]))
        for part in (f"{owner.account.name} ({owner.email})", "Harbour Works", "manager", "UTC"):
            self.assertIn(part, text)
        links = re.findall(r"https?://\S+", text)
        self.assertIn(f"{self.server.origin}/invitations/accept?code={mail_code(mail)}", links)
        self.assertNotIn("127.0.0.1", text, "the inviter's network is nobody's business")

    def test_the_mail_is_in_the_language_of_the_invited_else_of_the_inviter(self):
        organization, owner = self.founded()
        expect(owner.patch("/account", {"locale": "ko"}), 200)
        english = self.person("en").sign_up()
        _, mail = self.invited(owner, organization, english)
        self.assertIn("Invitation to", str(mail["subject"]))
        _, mail = self.invited(owner, organization, self.person("new"))
        self.assertIn("초대", str(mail["subject"]))

    def test_typed_codes_are_read_loosely(self):
        spellings = (
            ("lower case", str.lower), ("without hyphens", lambda c: c.replace("-", "")),
            ("with spaces", lambda c: "  " + c.replace("-", "  ") + " "),
            ("O for 0, I for 1", lambda c: c.replace("0", "O").replace("1", "I")),
            ("o for 0, l for 1", lambda c: c.replace("0", "o").replace("1", "l")),
        )
        organization, owner = self.founded()
        for name, spell in spellings:
            with self.subTest(name):
                guest = self.person("guest").sign_up()
                expect(self.accept(guest, spell(self.code_for(owner, organization, guest))), 200, about=name)

    def test_a_code_serves_the_invited_address_alone(self):
        organization, owner = self.founded()
        guest, other = self.person("guest").sign_up(), self.person("other").sign_up()
        code = self.code_for(owner, organization, guest)
        right = expect(self.accept(other, code), 404, "not_found")
        self.assertEqual(expect(self.accept(other, WRONG), 404, "not_found"), right, "in the same words as a wrong one")
        expect(self.person().post("/invitations/accept", {"code": code}), 401, "not_signed_in")
        self.assertIsNone(self.role_of(organization, other))
        for text in ("", " ", "x", code + "0", code[:-1], "U" * 12, "é" * 12, "0" * 4000):
            self.assertIn(self.accept(guest, text).status, (400, 404), repr(text[:20]))
        expect(self.accept(guest, code), 200, about="the guest's own, after all that")

    def test_the_invited_address_in_other_letters(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        reply, mail = guest.mailed(lambda: self.invite(owner, organization, f"  {guest.email.upper()} "))
        self.assertEqual(expect(reply, 201)["email"], guest.email)
        expect(self.invite(owner, organization, guest.email.title()), 409, "already_invited")
        expect(self.accept(guest, mail_code(mail)), 200)
        expect(self.invite(owner, organization, guest.email.upper()), 409, "already_member")

    def test_a_code_serves_once(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        found = statuses(at_once([lambda: self.accept(guest, code)] * 10))
        self.assertEqual(found, {"200": 1, "404 not_found": 9})
        expect(self.accept(guest, code), 404, "not_found")
        self.assertEqual([row[0] for row in self.log_of(organization)].count("member_joined"), 1)

    def test_ten_at_once_invite_one_address_once(self):
        organization, owner = self.founded()
        address = new_address("guest")
        found = statuses(at_once([lambda: self.invite(owner, organization, address)] * 10))
        self.assertEqual(found, {"201": 1, "409 already_invited": 9})
        self.server.mail_after(address, 0)
        self.server.no_mail_after(address, 1)

    def test_is_cancelled_and_the_code_is_dead(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        invitation, mail = self.invited(owner, organization, guest)
        path = f"/organizations/{organization}/invitations/{invitation['id']}"
        expect(owner.delete(path), 204)
        expect(self.accept(guest, mail_code(mail)), 404, "not_found")
        expect(guest.post(f"/invitations/{invitation['id']}/accept"), 404, "not_found")
        expect(owner.delete(path), 404, "not_found")
        expect(owner.post(path + "/resend"), 404, "not_found")
        self.assertEqual(self.waiting(owner, organization), [])
        self.assertEqual(self.log_of(organization)[-1][:3], ("invitation_cancelled", owner.email, guest.email))
        expect(self.accept(guest, self.code_for(owner, organization, guest)), 200, about="invited anew")

    def test_cancel_and_accept_at_once_agree(self):
        organization, owner = self.founded()
        for _ in range(5):
            guest = self.person("guest").sign_up()
            invitation, mail = self.invited(owner, organization, guest)
            path = f"/organizations/{organization}/invitations/{invitation['id']}"
            code = mail_code(mail)
            cancelled, accepted = at_once([lambda: owner.delete(path), lambda: self.accept(guest, code)])
            self.assertEqual(sorted((cancelled.status, accepted.status)), sorted((204, 404) if cancelled.status == 204 else (404, 200)))
            self.assertEqual(self.role_of(organization, guest), "member" if accepted.status == 200 else None)

    def test_lives_seven_days(self):
        organization, owner = self.founded()
        guest, late = self.person("guest").sign_up(), self.person("late").sign_up()
        code, too_late = (self.code_for(owner, organization, person) for person in (guest, late))
        self.server.forward(7 * DAY - 60)
        for person in (owner, guest, late):
            person.sign_in()
        expect(self.accept(guest, code), 200, about="a minute before the end")
        self.assertEqual(len(self.waiting(owner, organization)), 1)
        self.assertEqual(len(expect(late.get("/invitations"), 200)["invitations"]), 1)
        self.server.forward(61)
        expect(self.accept(late, too_late), 404, "not_found")
        self.assertEqual(self.waiting(owner, organization), [])
        self.assertEqual(expect(late.get("/invitations"), 200)["invitations"], [])
        expect(self.accept(late, self.code_for(owner, organization, late)), 200, about="invited anew")

    def test_is_resent_with_a_new_code_for_seven_days_more(self):
        organization, owner, manager, _ = self.team()
        guest = self.person("guest").sign_up()
        invitation, mail = self.invited(owner, organization, guest)
        path = f"/organizations/{organization}/invitations/{invitation['id']}/resend"
        self.server.forward(3 * DAY)
        before = self.waiting(owner, organization)[0]["expires_at"]
        reply, second = guest.mailed(lambda: manager.post(path))
        again = expect(reply, 200)
        self.assertEqual((again["id"], again["invited_by"]), (invitation["id"], manager.email))
        self.assertGreater(again["expires_at"], before)
        self.assertNotEqual(mail_code(mail), mail_code(second))
        expect(self.accept(guest, mail_code(mail)), 404, "not_found", "the old code")
        self.assertEqual(self.log_of(organization)[-1][:3], ("invitation_resent", manager.email, guest.email))
        expect(self.accept(guest, mail_code(second)), 200)

    def test_is_not_resent_to_a_member(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        invitation, _ = self.invited(owner, organization, guest)
        self.join(organization, guest)
        before = len(guest.mails())
        expect(owner.post(f"/organizations/{organization}/invitations/{invitation['id']}/resend"), 409, "already_member")
        self.server.no_mail_after(guest.email, before)

    def test_is_not_resent_for_a_body_that_is_no_json(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        invitation, _ = self.invited(owner, organization, guest)
        path = f"/organizations/{organization}/invitations/{invitation['id']}/resend"
        before, mails = self.waiting(owner, organization), len(guest.mails())
        for kind, raw, status in (("text/xml", b"<x/>", 415), ("application/json", b"{nonsense", 400)):
            expect(owner.post(path, raw=raw, headers={"Content-Type": kind}), status, about=kind)
        self.assertEqual((self.waiting(owner, organization), len(guest.mails())), (before, mails))

    def test_dies_with_the_right_of_who_sent_it(self):
        for how in ("removed", "demoted"):
            with self.subTest(how):
                organization, owner, manager, _ = self.team()
                guest = self.person("guest").sign_up()
                code = self.code_for(manager, organization, guest)
                path = f"/organizations/{organization}/members/{manager.id()}"
                if how == "removed":
                    expect(owner.delete(path), 204)
                else:
                    expect(owner.patch(path, {"role": "member"}), 200)
                expect(self.accept(guest, code), 404, "not_found", how)
                self.assertEqual(self.waiting(owner, organization), [])
                self.assertEqual(expect(guest.get("/invitations"), 200)["invitations"], [])
                if how == "demoted":
                    expect(owner.patch(path, {"role": "manager"}), 200)
                else:
                    self.join(organization, manager, "manager")
                expect(self.accept(guest, code), 404, "not_found", how + ", and back again")
                expect(self.accept(guest, self.code_for(owner, organization, guest)), 200, about="invited by another")

    def test_waits_only_while_its_sender_may_invite(self):
        """However the right went: here behind the back of the rules that cancel."""
        organization, owner, manager, _ = self.team()
        guest = self.person("guest").sign_up()
        invitation, mail = self.invited(manager, organization, guest)
        self.server.sql("UPDATE membership SET role = 1 WHERE hex(organization_id) = ? AND email = ?", id_hex(organization), manager.email)
        expect(self.accept(guest, mail_code(mail)), 404, "not_found")
        expect(guest.post(f"/invitations/{invitation['id']}/accept"), 404, "not_found")
        expect(owner.post(f"/organizations/{organization}/invitations/{invitation['id']}/resend"), 404, "not_found")
        self.assertEqual((self.waiting(owner, organization), expect(guest.get("/invitations"), 200)["invitations"]), ([], []))
        expect(self.person(account=guest.account).try_sign_up(invitation=mail_code(mail)), 422, "invalid_code")
        expect(self.accept(guest, self.code_for(owner, organization, guest)), 200, about="in the way of no other")

    def test_a_session_that_ended_accepts_nothing(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        old = dict(guest.cookies)
        guest.sign_out()
        guest.cookies = old
        expect(self.accept(guest, code), 401, "not_signed_in")
        self.assertIsNone(self.role_of(organization, guest))

    def test_the_invited_see_what_waits_for_them_and_accept_without_typing(self):
        organization, owner = self.founded("Alpha")
        beta, founder = self.founded("Beta")
        guest, other = self.person("guest").sign_up(), self.person("other").sign_up()
        self.invited(owner, organization, guest)
        self.invited(founder, beta, guest, role="manager")
        listed = expect(guest.get("/invitations"), 200)
        self.assertEqual({(i["organization"]["name"], i["role"], i["invited_by"]) for i in listed["invitations"]},
                         {("Alpha", "member", owner.email), ("Beta", "manager", founder.email)})
        self.assertEqual(expect(other.get("/invitations"), 200), {"invitations": [], "next": None})
        expect(self.person().get("/invitations"), 401, "not_signed_in")
        for invitation in listed["invitations"]:
            path = f"/invitations/{invitation['id']}/accept"
            expect(other.post(path), 404, "not_found")
            expect(self.person().post(path), 401, "not_signed_in")
            found = statuses(at_once([lambda p=path: guest.post(p)] * 5))
            self.assertEqual(found, {"200": 1, "404 not_found": 4})
        self.assertEqual((self.role_of(organization, guest), self.role_of(beta, guest)), ("member", "manager"))
        for odd in ("x", ABSENT, "%00", "..%2f"):
            self.assertIn(guest.post(f"/invitations/{odd}/accept").status, (400, 404), odd)

    def test_ids_of_another_organisation_are_nobodys(self):
        organization, owner = self.founded()
        other, stranger = self.founded("Beta")
        invitation, mail = self.invited(owner, organization, self.person("guest"))
        for where in (organization, other):
            path = f"/organizations/{where}/invitations/{invitation['id']}"
            expect(stranger.delete(path), 404, "not_found")
            expect(stranger.post(path + "/resend"), 404, "not_found")
        expect(stranger.get(f"/organizations/{organization}/invitations"), 404, "not_found")
        expect(self.invite(stranger, organization, new_address()), 404, "not_found")
        self.assertEqual(len(self.waiting(owner, organization)), 1)
        self.assertTrue(has_code(mail))

    def test_members_may_not(self):
        organization, owner, _, member = self.team()
        invitation, _ = self.invited(owner, organization, self.person("guest"))
        path = f"/organizations/{organization}/invitations"
        for reply in (member.get(path), self.invite(member, organization, new_address()), member.delete(f"{path}/{invitation['id']}"),
                      member.post(f"{path}/{invitation['id']}/resend"), member.delete(f"{path}/{ABSENT}")):
            expect(reply, 403, "forbidden")
        expect(self.person().get(path), 401, "not_signed_in")

    def test_a_manager_is_invited_by_who_is_present(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        self.server.forward(700)
        expect(self.invite(owner, organization, guest.email, "manager"), 403, "confirmation_required")
        expect(self.invite(owner, organization, guest.email, "manager", services=[{"id": "x", "role": "x"}]), 403, "confirmation_required")
        for more in ({"email": guest.email, "emails": [guest.email]}, {"emails": []}):
            expect(owner.post(f"/organizations/{organization}/invitations", {"role": "manager", **more}), 403, "confirmation_required")
        self.assertEqual(self.waiting(owner, organization), [])
        expect(self.invite(owner, organization, new_address()), 201, about="a member may rest on an older proof")
        expect(owner.post("/session/confirm", {"password": owner.password}), 200)
        invitation, _ = self.invited(owner, organization, guest, "manager")
        self.server.forward(700)
        path = f"/organizations/{organization}/invitations/{invitation['id']}"
        expect(owner.post(path + "/resend"), 403, "confirmation_required")
        expect(owner.delete(path), 204)

    def test_roles_that_cannot_be_given(self):
        organization, owner = self.founded()
        for role in ("owner", "", "Member", "viewer", "none", "x" * 100):
            reply = expect(self.invite(owner, organization, new_address(), role), 400, "invalid_request", role)
            self.assertEqual(reply["field"], "role", role)
        for role in (None, 7, ["member"], True):
            reply = expect(owner.post(f"/organizations/{organization}/invitations", {"email": new_address(), "role": role}), 400)
            self.assertEqual(reply["field"], "role", repr(role))
        for body in ({"role": "member"}, {"role": "member", "email": None}):
            reply = expect(owner.post(f"/organizations/{organization}/invitations", body), 400, "invalid_request", repr(body))
            self.assertEqual(reply["field"], "email")
        for address in ("", "x", "a@b", "a b@example.com", "a@example.com\r\nBcc: b@example.com", "@example.com", "é@example.com"):
            reply = expect(self.invite(owner, organization, address), (400, 422), about=repr(address))
            self.assertEqual(reply["field"], "email", repr(address))
        self.assertEqual(self.waiting(owner, organization), [])

    def test_services_of_a_member(self):
        organization, owner = self.founded()
        other, stranger = self.founded("Beta")
        shop, desk, foreign = (self.service(*pair) for pair in ((organization, "Shop"), (organization, "Desk"), (other, "Foreign")))
        bad = (
            ("of another organisation", [{"id": foreign, "role": "viewer"}]), ("none", [{"id": ABSENT, "role": "viewer"}]),
            ("malformed", [{"id": "x", "role": "viewer"}]), ("manager", [{"id": shop, "role": "manager"}]),
            ("no such role", [{"id": shop, "role": "owner"}]), ("twice", [{"id": shop, "role": "viewer"}] * 2),
            ("no list", "x"), ("no object", ["x"]), ("101 of them", [{"id": ABSENT, "role": "viewer"}] * 101),
        )
        for name, services in bad:
            with self.subTest(name):
                reply = expect(self.invite(owner, organization, new_address(), services=services), 400, "invalid_request", name)
                self.assertIn("services", reply["field"], name)
        expect(self.invite(owner, organization, new_address(), "manager", services=[{"id": shop, "role": "viewer"}]), 400)
        self.assertEqual(self.waiting(owner, organization), [])
        guest = self.person("guest").sign_up()
        wanted = [{"id": desk, "role": "operator"}, {"id": shop, "role": "viewer"}]
        invitation, mail = self.invited(owner, organization, guest, services=wanted[::-1])
        self.assertEqual(invitation["services"], wanted, "by name")
        self.assertEqual(self.waiting(owner, organization)[0]["services"], wanted)
        self.server.sql("DELETE FROM invitation_role WHERE service_id IN (SELECT id FROM service WHERE name = 'Shop')")
        self.server.sql("DELETE FROM service WHERE name = 'Shop'")
        expect(self.accept(guest, mail_code(mail)), 200)
        self.assertEqual(self.services_of(organization, guest), [("Desk", 2)], "what is still there")
        self.assertEqual(len(expect(stranger.get(f"/organizations/{other}/invitations"), 200)["invitations"]), 0)

    def test_several_at_once_each_on_its_own(self):
        organization, owner, _, member = self.team()
        waiting = self.person("waiting")
        self.invited(owner, organization, waiting)
        first, second = new_address("a"), new_address("b")
        addresses = [first, "no address", member.email.upper(), waiting.email, second, first.upper()]
        reply = owner.post(f"/organizations/{organization}/invitations", {"emails": addresses, "role": "member"})
        answer = expect(reply, 201)
        self.assertEqual([i["email"] for i in answer["invited"]], [first, second])
        self.assertEqual(answer["refused"], [
            {"email": "no address", "code": "invalid_email"}, {"email": member.email.upper(), "code": "already_member"},
            {"email": waiting.email, "code": "already_invited"}, {"email": first.upper(), "code": "already_invited"}])
        for address in (first, second):
            self.assertTrue(has_code(self.server.mail_after(address, 0)))

    def test_how_many_in_one_call(self):
        organization, owner = self.founded()
        path = f"/organizations/{organization}/invitations"
        bad = ([], ["x"] * 101, "a@example.com", [7], [None], {"a": "b"})
        for emails in bad:
            reply = expect(owner.post(path, {"emails": emails, "role": "member"}), 400, "invalid_request", repr(emails)[:60])
            self.assertIn("emails", reply["field"])
        reply = expect(owner.post(path, {"emails": [new_address()], "email": new_address(), "role": "member"}), 400)
        self.assertEqual(reply["field"], "emails")
        self.assertEqual(self.waiting(owner, organization), [])
        answer = expect(owner.post(path, {"emails": ["x"] * 100, "role": "member"}), 201)
        self.assertEqual(len(answer["refused"]), 100)

    def test_an_inviter_has_fifty_a_day_over_all_organisations(self):
        organization, owner = self.founded()
        second = self.organization(owner, "Beta")
        path = f"/organizations/{organization}/invitations"
        answer = expect(owner.post(path, {"emails": [new_address("many") for _ in range(49)], "role": "member"}), 201)
        self.assertEqual(len(answer["invited"]), 49)
        expect(self.invite(owner, second, owner.email), 409, "already_member", "what is refused is not counted")
        found = statuses(at_once([lambda: self.invite(owner, second, new_address("many"))] * 5))
        self.assertEqual(found, {"201": 1, "429 too_many_attempts": 4})
        reply = self.invite(owner, organization, new_address("many"))
        self.assertGreater(int(reply.header("Retry-After")), DAY - 600)
        waiting = self.waiting(owner, organization)[0]["id"]
        expect(owner.post(f"{path}/{waiting}/resend"), 429, "too_many_attempts", "a mail is a mail")
        answer = expect(owner.post(path, {"emails": [new_address("many")], "role": "member"}), 201)
        self.assertEqual([r["code"] for r in answer["refused"]], ["too_many_attempts"])
        self.server.forward(DAY + 1)
        expect(self.invite(owner, organization, new_address("many")), 201, about="a day later")

    def test_an_address_gets_five_mails_an_hour(self):
        organization, owner = self.founded()
        guest = self.person("guest")
        invitation, _ = self.invited(owner, organization, guest)
        path = f"/organizations/{organization}/invitations/{invitation['id']}"
        for _ in range(4):
            _, mail = guest.mailed(lambda: owner.post(path + "/resend"))
        expect(owner.post(path + "/resend"), 429, "too_many_attempts")
        other, stranger = self.founded("Beta")
        expect(self.invite(stranger, other, guest.email), 429, "too_many_attempts", "of another organisation")
        self.assertEqual(self.waiting(stranger, other), [], "not invited without a mail")
        self.server.no_mail_after(guest.email, 5)
        reply = guest.try_sign_up(invitation=mail_code(mail))
        expect(reply, 201, about="the last code lives on")

    def test_wrong_codes_are_counted_for_the_account(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        found = statuses(at_once([lambda: self.accept(guest, WRONG)] * 30))
        self.assertIn(found["404 not_found"], (20, 21, 22), found)  # the first waits of a second or two may pass meanwhile
        self.assertEqual(sum(found.values()), found["404 not_found"] + found["429 too_many_attempts"], found)
        self.server.sql("UPDATE failure SET blocked_until = unixepoch() + 60 WHERE blocked_until > 0")
        expect(self.accept(guest, code), 429, "too_many_attempts")
        self.server.forward(61)
        expect(self.accept(guest, code), 200)

    def test_are_paged(self):
        organization, owner = self.founded()
        addresses = []
        for _ in range(5):
            addresses.append(new_address("page"))
            expect(self.invite(owner, organization, addresses[-1]), 201)
            self.server.forward(2)
        path, seen, after = f"/organizations/{organization}/invitations?limit=2", [], ""
        for _ in range(3):
            page = expect(owner.get(path + after), 200)
            seen += [i["email"] for i in page["invitations"]]
            after = f"&after={page['next']}"
        self.assertIsNone(page["next"])
        self.assertEqual(seen, addresses[::-1])
        self.assertIsNone(expect(owner.get(f"/organizations/{organization}/invitations?limit=5"), 200)["next"])
        for query, field in (("limit=0", "limit"), ("limit=x", "limit"), ("after=x", "after"), ("after=" + "A" * 30, "after"),
                             ("after=" + "A" * 3000, "after")):
            reply = expect(owner.get(f"/organizations/{organization}/invitations?{query}"), 400, "invalid_request", query)
            self.assertEqual(reply["field"], field)

    def test_nothing_of_the_code_is_kept_or_told(self):
        organization, owner = self.founded()
        invitation, mail = self.invited(owner, organization, self.person("guest"))
        code = mail_code(mail)
        self.assertNotIn(code, repr(invitation) + self.server.log())
        plain = code.replace("-", "").encode()
        for name in ("twostep.db", "twostep.db-wal"):
            with open(f"{self.server.data}/{name}", "rb") as file:
                content = file.read()
            self.assertNotIn(plain, content, name)
            self.assertNotIn(code.encode(), content, name)

    def test_who_belongs_to_too_many_organisations_stays_invited(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        self.server.sql("INSERT INTO organization (id, name, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                        " FROM n WHERE i < 200) SELECT randomblob(16), 'Crowd', unixepoch() FROM n")
        self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                        " SELECT o.id, a.id, 1, a.email, '', 1, 1 FROM organization o, account a WHERE o.name = 'Crowd' AND a.email = ?",
                        guest.email)
        expect(self.accept(guest, code), 422, "organization_limit")
        self.server.sql("DELETE FROM membership WHERE name_key = '' AND organization_id IN (SELECT id FROM organization"
                        " WHERE name = 'Crowd' LIMIT 1)")
        expect(self.accept(guest, code), 200, about="the invitation still waits")


class SignUpByInvitation(InvitationTest):
    def test_makes_account_and_membership_in_one_step(self):
        organization, owner = self.founded()
        shop = self.service(organization, "Shop")
        guest = self.person("guest")
        code = self.code_for(owner, organization, guest, services=[{"id": shop, "role": "operator"}])
        before = len(guest.mails())
        reply = guest.try_sign_up(invitation=code.lower().replace("-", " "))
        answer = expect(reply, 201)
        self.assertEqual((answer["status"], answer["organization"], answer["role"]),
                         ("signed_in", {"id": organization, "name": "Alpha"}, "member"))
        self.assertEqual(answer["session"]["methods"], ["pwd"])
        self.assertTrue(guest.is_signed_in())
        self.assertEqual(self.services_of(organization, guest), [("Shop", 2)])
        self.assertEqual(self.log_of(organization)[-1], ("member_joined", guest.email, guest.email, "member"))
        actions = [a for a, in self.server.sql("SELECT e.action FROM audit_event e JOIN account a ON a.id = e.account_id"
                                               " WHERE a.email = ? ORDER BY e.number", guest.email)]
        self.assertEqual(actions, ["signed_up", "member_joined", "signed_in"])
        self.server.no_mail_after(guest.email, before)
        expect(guest.elsewhere().first_step(), 200, about="the password holds")
        expect(self.person(account=guest.account).try_sign_up(invitation=code), 422, "invalid_code", "a second time")

    def test_by_bearer(self):
        organization, owner = self.founded()
        guest = self.person("guest")
        reply = guest.try_sign_up(invitation=self.code_for(owner, organization, guest), transport="bearer")
        self.assertEqual(reply.all("Set-Cookie"), [])
        guest.bearer = token_of(expect(reply, 201))
        expect(guest.get(f"/organizations/{organization}"), 200)

    def test_a_wrong_code_tells_nothing_and_makes_nothing(self):
        organization, owner = self.founded()
        guest, somebody = self.person("guest"), self.person("known").sign_up()
        code = self.code_for(owner, organization, guest)
        unknown = expect(self.person().try_sign_up(invitation=WRONG), 422, "invalid_code")
        self.assertEqual(unknown["field"], "invitation")
        known = expect(somebody.elsewhere().try_sign_up(invitation=WRONG), 422, "invalid_code")
        self.assertEqual(known, unknown)
        self.assertEqual(expect(self.person().try_sign_up(invitation=code), 422, "invalid_code"), unknown, "another's code")
        for text in ("x", code + "0", "é" * 12, "U" * 12):
            expect(guest.try_sign_up(invitation=text), 422, "invalid_code", text)
        for field, value, status in (("password", "short", 422), ("name", "a@b", 422), ("locale", "xx", 400)):
            body = {"email": guest.email, "name": "Kim", "password": PASSWORD, "invitation": code, field: value}
            self.assertEqual(expect(guest.post("/signup", body), status)["field"], field)
        expect(guest.elsewhere().first_step(), 401, "invalid_credentials", "no account")
        expect(guest.try_sign_up(invitation=code), 201, about="after all that")

    def test_an_address_with_an_account_gets_the_ordinary_answer_and_keeps_its_password(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        reply, mail = guest.mailed(lambda: guest.elsewhere().try_sign_up(password="Copper3 walnut-Sled prism", invitation=code))
        self.assertEqual(expect(reply, 202)["status"], "verification_sent")
        self.assertFalse(has_code(mail), mail_text(mail))
        self.assertIsNone(self.role_of(organization, guest))
        expect(guest.elsewhere().first_step(), 200, about="the old password")
        expect(self.accept(guest, code), 200, about="the code still serves")

    def test_ten_at_once_make_one_account(self):
        organization, owner = self.founded()
        guest = self.person("guest")
        code = self.code_for(owner, organization, guest)
        found = statuses(at_once([lambda: guest.elsewhere().try_sign_up(invitation=code)] * 10))
        self.assertEqual(found.pop("201"), 1)
        self.assertLessEqual(set(found), {"422 invalid_code", "202", "503 busy"}, found)
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM account WHERE email = ?", guest.email), [(1,)])

    def test_ends_the_tries_of_others_for_the_address(self):
        organization, owner = self.founded()
        guest = self.person("guest")
        signup, first = guest.begin_sign_up()
        expect(guest.try_sign_up(invitation=self.code_for(owner, organization, guest)), 201)
        expect(guest.elsewhere().post("/signup/verify", {"signup": signup, "code": first}), 422, "invalid_code")

    def test_under_a_demand_it_leads_into_set_up(self):
        organization, owner = self.founded()
        owner.enable()
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 0}), 200)
        guest, second = self.person("guest"), self.person("second").sign_up()
        answer = expect(guest.try_sign_up(invitation=self.code_for(owner, organization, guest)), 201)
        self.assertEqual((answer["status"], [r["id"] for r in answer["required_by"]], answer["organization"]["id"]),
                         ("setup_required", [organization], organization))
        expect(guest.get(f"/organizations/{organization}"), 403, "two_step_setup_required")
        guest.enable()
        expect(guest.get(f"/organizations/{organization}"), 200)
        expect(self.accept(second, self.code_for(owner, organization, second)), 200)
        expect(second.get("/sessions"), 403, "two_step_setup_required", "who joins meets it at once")


class ForTheInvitedAlone(InvitationTest):
    SERVER = {"args": ["--signup", "invitation"]}

    def begin(self):
        """Nobody can sign up: the first account is put there."""
        owner = self.person("owner")
        self.server.end()
        self.server.args = []
        self.server.start()
        owner.sign_up()
        self.server.end()
        self.server.args = ["--signup", "invitation"]
        self.server.start()
        return self.organization(owner), owner

    def test_the_code_opens_what_is_closed(self):
        organization, owner = self.begin()
        guest = self.person("guest")
        code = self.code_for(owner, organization, guest)
        expect(guest.try_sign_up(), 403, "signup_closed")
        expect(guest.try_sign_up(invitation=None), 403, "signup_closed")
        expect(guest.try_sign_up(invitation=WRONG), 422, "invalid_code")
        expect(self.person().try_sign_up(invitation=code), 422, "invalid_code")
        expect(guest.try_sign_up(invitation=code), 201)
        second = self.organization(owner, "Beta")
        code = self.code_for(owner, second, guest)
        reply, mail = guest.mailed(lambda: guest.elsewhere().try_sign_up(invitation=code))
        expect(reply, 202, about="an address with an account")
        self.assertFalse(has_code(mail))


class OfADomain(InvitationTest):
    SERVER = {"args": ["--signup", "domain:example.com"]}

    def test_an_invited_address_of_another_domain_may(self):
        organization, owner = self.founded()
        guest = self.person("guest")
        guest.account.email = guest.account.email.replace("example.com", "example.org")
        code = self.code_for(owner, organization, guest)
        expect(guest.try_sign_up(), 403, "signup_closed")
        expect(guest.try_sign_up(invitation=code), 201)


class OfSoMany(InvitationTest):
    SERVER = {"args": ["--members-max", "5"]}

    def test_members_and_open_invitations_together(self):
        organization, owner = self.founded()
        self.join(organization, self.person("member").sign_up())
        found = statuses(at_once([lambda: self.invite(owner, organization, new_address("many"))] * 20))
        self.assertEqual(found, {"201": 3, "422 invitation_limit": 17})
        reply = owner.post(f"/organizations/{organization}/invitations", {"emails": [new_address()], "role": "member"})
        self.assertEqual([r["code"] for r in expect(reply, 201)["refused"]], ["invitation_limit"])
        waiting = self.waiting(owner, organization)
        expect(owner.delete(f"/organizations/{organization}/invitations/{waiting[0]['id']}"), 204)
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)
        expect(self.accept(guest, code), 200)
        expect(self.invite(owner, organization, new_address()), 422, "invitation_limit", "who joined still counts")
        self.server.forward(7 * DAY + 1)
        owner.sign_in()
        expect(self.invite(owner, organization, new_address()), 201, about="what has expired counts no more")


class ThroughAProxy(InvitationTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}

    def test_a_network_has_a_hundred_wrong_codes_an_hour(self):
        guests = [self.person(address=f"203.0.113.{n + 1}").sign_up() for n in range(3)]
        for guest in guests:
            guest.address = "198.51.100.7"
        found = {}
        for guest in guests:
            for word, count in statuses(at_once([lambda g=guest: self.accept(g, WRONG)] * 19)).items():
                found[word] = found.get(word, 0) + count
        stranger = self.person(address="198.51.100.7")
        for word, count in statuses([reply for _ in range(10) for reply in at_once(
                [lambda: self.person(address="198.51.100.7").try_sign_up(invitation=WRONG)] * 5)]).items():
            found[word] = found.get(word, 0) + count
        self.assertEqual(found, {"404 not_found": 57, "422 invalid_code": 43, "429 too_many_attempts": 7})
        expect(stranger.try_sign_up(invitation=WRONG), 429, "too_many_attempts")
        expect(self.person(address="198.51.100.8").try_sign_up(invitation=WRONG), 422, "invalid_code", "another network")


if __name__ == "__main__":
    unittest.main()
