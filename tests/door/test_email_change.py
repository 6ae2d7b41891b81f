"""Another address: proven by its mailbox, told to the old one, which can take it back."""
import re
import unittest

from harness import OTHER_PASSWORD, PASSWORD, Account, Person, at_once, expect, has_code, mail_code, mail_text, new_address
from organizations import OrganizationTest, id_hex

DAY = 24 * 3600
LINK = re.compile(r"/account/email/undo\?token=([A-Za-z0-9_-]{43})")


class EmailChangeTest(OrganizationTest):
    def begin(self, person, email):
        before = len(self.server.mails(email))
        answer = expect(person.post("/account/email", {"email": email}), 202)
        self.assertEqual(answer, {"status": "verification_sent", "email": email.lower()})
        return self.server.mail_after(email, before)

    def move(self, person, email=None):
        """Moves to another address: (old one, undo token)."""
        old, email = person.email, email or new_address("moved")
        code = mail_code(self.begin(person, email))
        before = len(self.server.mails(old))
        self.assertEqual(expect(person.post("/account/email/verify", {"code": code}), 200)["email"], email)
        token = LINK.search(mail_text(self.server.mail_after(old, before)))[1]
        person.account.email = email
        return old, token

    def choose_password(self, email, **browser):
        """By the mailbox."""
        before, somebody = len(self.server.mails(email)), self.person(**browser)
        expect(somebody.post("/password-reset", {"email": email}), 202)
        code = mail_code(self.server.mail_after(email, before))
        expect(somebody.post("/password-reset/complete", {"email": email, "code": code, "password": OTHER_PASSWORD}), 200)

    def address_is(self, email):
        return self.server.sql("SELECT COUNT(*) FROM account WHERE email = ?", email) == [(1,)]


class EmailChange(EmailChangeTest):
    def test_signs_in_by_the_new_one_alone(self):
        person = self.person().sign_up()
        organization = self.organization(person)
        old, _ = self.move(person)
        self.assertIn(old, mail_text(self.server.mails(old)[-1]) + old)
        self.assertTrue(person.elsewhere().sign_in().is_signed_in())
        expect(person.elsewhere().post("/login", {"email": old, "password": PASSWORD}), 401, "invalid_credentials")
        self.assertTrue(person.is_signed_in(), "this session stays")
        members = expect(person.get(f"/organizations/{organization}/members"), 200)["members"]
        self.assertEqual([m["email"] for m in members], [person.email])
        self.assertEqual(self.server.sql("SELECT email FROM membership m WHERE email = ?", person.email), [(person.email,)])

    def test_a_demand_is_said_to_be_set_by_the_address_of_now(self):
        owner = self.person().with_two_step()
        organization = self.organization(owner)
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 7}), 200)

        def set_by():
            return self.server.sql("SELECT set_by FROM mandate WHERE hex(organization_id) = ?", id_hex(organization))
        old, token = self.move(owner)
        self.assertEqual(set_by(), [(owner.email,)])
        expect(self.person().post("/account/email/undo", {"token": token}), 200)
        self.assertEqual(set_by(), [(old,)])

    def test_an_invitation_is_said_to_be_by_the_address_of_now(self):
        owner, guest = self.person().sign_up(), self.person("guest").sign_up()
        path = f"/organizations/{self.organization(owner)}/invitations"
        expect(owner.post(path, {"email": guest.email, "role": "member"}), 201)

        def invited_by():
            lists = (expect(owner.get(path), 200), expect(guest.get("/invitations"), 200))
            return [[i["invited_by"] for i in found["invitations"]] for found in lists]
        old, token = self.move(owner)
        self.assertEqual(invited_by(), [[owner.email], [owner.email]])
        expect(self.person().post("/account/email/undo", {"token": token}), 200)
        self.choose_password(old)
        owner.account.email, owner.account.password = old, OTHER_PASSWORD
        owner.sign_in()
        self.assertEqual(invited_by(), [[old], [old]])

    def test_a_member_who_moves_to_an_invited_address_is_invited_no_more(self):
        organization, owner, _, member = self.team()
        elsewhere = self.organization(owner, "Beta")
        new, old = new_address("moved"), member.email

        def invite(address, to):
            return expect(owner.post(f"/organizations/{to}/invitations", {"email": address, "role": "member"}), 201)

        def waiting(of):
            return [i["email"] for i in expect(owner.get(f"/organizations/{of}/invitations"), 200)["invitations"]]
        for to in (organization, elsewhere):
            invite(new, to)
        before = len(self.server.mails(new))
        _, token = self.move(member, new)
        self.assertEqual((waiting(organization), waiting(elsewhere)), ([], [new]), "where they are no member they stay invited")
        self.assertEqual([i["organization"]["id"] for i in expect(member.get("/invitations"), 200)["invitations"]], [elsewhere])
        self.assertGreater(len(self.server.mails(new)), before)
        invite(old, organization)
        expect(self.person().post("/account/email/undo", {"token": token}), 200)
        self.assertEqual(waiting(organization), [], "and on the way back")

    def test_the_code_is_of_its_session_and_serves_five_tries(self):
        person, stranger = self.person().sign_up(), self.person().sign_up()
        email = new_address()
        code = mail_code(self.begin(person, email))
        self.assertEqual(expect(person.get("/account"), 200)["pending_email"], email)
        other = person.elsewhere().sign_in()
        for somebody in (other, stranger):
            expect(somebody.post("/account/email/verify", {"code": code}), 409, "wrong_state")
        self.assertRegex(code, r"^(\w{4}-){2}\w{4}$", "the address may be a stranger's, and so the guesses: 60 bits")
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        for _ in range(5):
            self.assertEqual(expect(person.post("/account/email/verify", {"code": wrong}), 422, "invalid_code")["field"], "code")
        expect(person.post("/account/email/verify", {"code": code}), 422, "invalid_code")
        expect(person.delete("/account/email"), 204)
        self.assertIsNone(expect(person.get("/account"), 200)["pending_email"])
        expect(person.post("/account/email/verify", {"code": code}), 409, "wrong_state")

    def test_is_fresh_and_a_full_address_and_not_ones_own(self):
        person = self.person().sign_up()
        for email in ("x", "a@b", "", "a b@example.com", "ä@example.com"):
            self.assertEqual(expect(person.post("/account/email", {"email": email}), 422, "invalid_email", email)["field"], "email")
        for email in (person.email, person.email.upper()):
            answer = expect(person.post("/account/email", {"email": email}), 422, "invalid_email", email)
            self.assertEqual((answer["field"], answer["detail"][:28]), ("email", "This is your address already"))
        for body in ({}, {"email": None}, {"email": 1}):
            expect(person.post("/account/email", body), 400, "invalid_request", repr(body))
        self.server.forward(700)
        expect(person.post("/account/email", {"email": new_address()}), 403, "confirmation_required")

    def test_an_address_that_has_an_account_answers_alike_and_is_told(self):
        person, owner = self.person().sign_up(), self.person().sign_up()
        mail = self.begin(person, owner.email)
        self.assertFalse(has_code(mail))
        self.assertNotIn(person.email, mail_text(mail))
        for code in ("000000", "123456"):
            expect(person.post("/account/email/verify", {"code": code}), 422, "invalid_code")

    def test_an_address_taken_meanwhile_is_refused(self):
        person, email = self.person().sign_up(), new_address()
        code = mail_code(self.begin(person, email))
        quick = self.person()
        quick.account.email = email
        quick.sign_up()
        expect(person.post("/account/email/verify", {"code": code}), 409, "email_taken")
        self.assertTrue(person.elsewhere().sign_in().is_signed_in())

    def test_one_of_twenty_at_once(self):
        person = self.person().sign_up()
        code = mail_code(self.begin(person, new_address()))
        replies = at_once([lambda: person.post("/account/email/verify", {"code": code})] * 20)
        self.once(replies, "200", {"409 wrong_state", "422 invalid_code"})

    def test_half_sign_ins_end(self):
        person = self.person().with_two_step()
        half = person.elsewhere()
        login = half.half_way()
        self.move(person)
        expect(half.second_step(login), 410, "login_expired")

    def test_is_taken_back_by_the_old_address_once(self):
        person = self.person().sign_up()
        thief = person.elsewhere().sign_in()
        old, token = self.move(thief)
        new = thief.email
        expect(self.person().post("/account/email/undo", {"token": token}), 200)
        self.assertEqual([p.is_signed_in() for p in (person, thief)], [False, False])
        for email in (old, new):
            expect(self.person().post("/login", {"email": email, "password": PASSWORD}), 401, "invalid_credentials")
        expect(self.person().post("/account/email/undo", {"token": token}), 404, "not_found")
        person.account.email = old
        before = len(person.mails())
        expect(person.post("/password-reset", {"email": old}), 202)
        code = mail_code(self.server.mail_after(old, before))
        expect(person.post("/password-reset/complete", {"email": old, "code": code, "password": OTHER_PASSWORD}), 200)
        person.account.password = OTHER_PASSWORD
        self.assertTrue(person.elsewhere().sign_in().is_signed_in())

    def test_the_oldest_address_wins_over_a_chain_of_moves(self):
        person = self.person().sign_up()
        first, first_token = self.move(person)
        _, second_token = self.move(person)
        expect(person.post("/account/email/undo", {"token": first_token}), 200)
        expect(person.post("/account/email/undo", {"token": second_token}), 404, "not_found")
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM account WHERE email = ?", first), [(1,)])

    def test_a_later_move_and_its_way_back_void_no_earlier_one(self):
        """A thief moves the account twice in a second, or under a clock put back, and takes the second move back himself."""
        for name, ahead in (("as it comes", 0), ("in the same second", 1), ("under a clock put back", 60)):
            with self.subTest(name):
                person = self.person().sign_up()
                thief = person.elsewhere().sign_in()
                owners, token = self.move(thief)
                self.server.sql("UPDATE email_undo SET expires_at = expires_at + ? WHERE email = ?", ahead, owners)
                thiefs, own = self.move(thief)
                expect(self.person().post("/account/email/undo", {"token": own}), 200)
                before = len(self.server.mails(thiefs))
                expect(thief.post("/password-reset", {"email": thiefs}), 202)
                code = mail_code(self.server.mail_after(thiefs, before))
                body = {"email": thiefs, "code": code, "password": OTHER_PASSWORD}
                expect(thief.post("/password-reset/complete", body), 200)
                thief.account.email, thief.account.password = thiefs, OTHER_PASSWORD
                thief.sign_in()
                expect(self.person().post("/account/email/undo", {"token": token}), 200)
                self.assertFalse(thief.is_signed_in())
                self.assertEqual(self.server.sql("SELECT COUNT(*) FROM account WHERE email = ?", owners), [(1,)])
                expect(self.person().post("/account/email/undo", {"token": own}), 404, "not_found")

    def test_a_way_back_that_was_made_later_outlives_none(self):
        """A thief moves the account, its owner moves it back two days later: on the eighth day the thief's way is all that seems left."""
        for name, first in (("the owner's", "owner"), ("the thief's, and then the owner's", "thief")):
            with self.subTest(name):
                owner = self.person().sign_up()
                thief = owner.elsewhere().sign_in()
                owners, token = self.move(thief)
                self.server.forward(2 * DAY)
                expect(owner.post("/session/confirm", {"password": owner.password}), 200)
                thiefs, own = self.move(owner, owners)
                self.server.forward(6 * DAY)
                if first == "thief":
                    expect(self.person().post("/account/email/undo", {"token": own}), 200)
                    self.choose_password(thiefs)
                    self.assertTrue(self.address_is(thiefs))
                    self.server.forward(7 * DAY - 60)
                expect(self.person().post("/account/email/undo", {"token": token}), 200)
                self.assertTrue(self.address_is(owners))
                expect(self.person().post("/account/email/undo", {"token": own}), 404, "not_found")

    def test_ways_back_that_are_over_stay_so(self):
        """Where nobody tidied up yet, another move must not bring them back."""
        person = self.person().sign_up()
        _, first = self.move(person)
        _, second = self.move(person)
        self.server.sql("UPDATE email_undo SET expires_at = expires_at - ?", 7 * DAY + 60)
        _, third = self.move(person)
        for token in (first, second):
            expect(self.person().post("/account/email/undo", {"token": token}), 404, "not_found")
        expect(self.person().post("/account/email/undo", {"token": third}), 200)

    def test_a_way_back_lives_seven_days_and_needs_the_address_free(self):
        person = self.person().sign_up()
        old, token = self.move(person)
        again = self.person()
        again.account.email = old
        again.sign_up()
        expect(person.post("/account/email/undo", {"token": token}), 409, "email_taken")
        self.assertTrue(person.is_signed_in(), "nothing was changed")
        for odd in ("", "x", "A" * 43, "A" * 44, token[:-1], token.swapcase()):
            self.assertIn(person.post("/account/email/undo", {"token": odd}).status, (400, 404), odd)
        self.server.forward(7 * DAY + 60)
        expect(person.post("/account/email/undo", {"token": token}), 404, "not_found")

    def stolen(self, owner):
        """Somebody with a copy of the cookie, who knows neither password nor phone."""
        thief = Person(self.server, account=Account(owner.email, owner.account.name, "unknown"))
        thief.cookies = dict(owner.cookies)
        return thief

    def setup_page(self, who, query=""):
        return who.request("GET", "/account/two-step/setup" + query, headers={"Accept": "text/html"}).text

    def begin_setup(self, who, to, **more):
        """The code of a set-up, which is mailed to this address: so say answer, look and page."""
        before = len(self.server.mails(to))
        answer = expect(who.post("/account/two-step/setup", more), 201)
        mail = self.server.mail_after(to, before)
        self.assertEqual(answer["email"], to)
        self.assertEqual(expect(who.get("/account/two-step/setup"), 200)["email"], to)
        page = self.setup_page(who)
        self.assertIn(f'value="{to}"', page)
        self.assertEqual("earlier address" in page, to != who.email)
        self.assertEqual("sign-in address" in page, to == who.email)
        self.assertEqual(["take the change of address back" in mail_text(mail), "Sign in, change it" in mail_text(mail)],
                         [to != who.email, to == who.email])
        return mail_code(mail)

    def test_a_set_up_is_proven_to_who_can_take_the_move_back(self):
        """Else a thief enrols a phone of theirs, and the owner who took the account back does not get in."""
        for name, replace in (("the first phone", {}), ("another phone", {"replace": True})):
            with self.subTest(name):
                owner = self.person().with_two_step() if replace else self.person().sign_up()
                thief = self.stolen(owner)
                owners, token = self.move(thief)
                self.assertIn(f'value="{owners}"', self.setup_page(thief, "?replace=true" if replace else ""))
                self.begin_setup(thief, owners, **replace)
                self.move(thief)  # once more: the first address has the say
                code = self.begin_setup(thief, owners, **replace)
                self.server.no_mail_after(thief.email, 2)  # what proved it, and what says that it has the account now
                expect(self.person().post("/account/email/undo", {"token": token}), 200)
                expect(thief.post("/account/two-step/setup/email", {"code": code}), 401, "not_signed_in")
                self.choose_password(owners)
                answer = expect(self.person().post("/login", {"email": owners, "password": OTHER_PASSWORD}), 200)
                self.assertEqual(answer["status"], "second_step" if replace else "signed_in")
                if replace:
                    expect(owner.elsewhere().second_step(answer["login"], owner.app_code()), 200)

    def test_a_set_up_goes_on_by_the_code_that_was_mailed_for_it(self):
        for name, moved_behind in (("begun before the move", True), ("begun while the way back lives, and it ends", False)):
            with self.subTest(name):
                person = self.person().sign_up()
                if moved_behind:
                    code = self.begin_setup(person, person.email)
                owners, _ = self.move(person)
                if not moved_behind:
                    self.server.sql("UPDATE email_undo SET expires_at = unixepoch() + 30 WHERE email = ?", owners)
                    code = self.begin_setup(person, owners)
                    self.server.forward(500)
                self.assertEqual(expect(person.get("/account/two-step/setup"), 200)["email"], owners)
                expect(person.post("/account/two-step/setup/email", {"code": code}), 200)

    def test_a_set_up_is_proven_by_the_new_address_once_the_way_back_is_over(self):
        person = self.person().sign_up()
        owners, _ = self.move(person)
        self.begin_setup(person, owners)
        self.server.sql("UPDATE email_undo SET expires_at = unixepoch() - 1 WHERE email = ?", owners)
        person.confirm_email(self.begin_setup(person, person.email))

    def test_the_code_of_a_set_up_is_in_ones_language_and_limited_at_the_earlier_address_too(self):
        person = self.person().sign_up()
        expect(person.patch("/account", {"locale": "ko"}), 200)
        owners, _ = self.move(person)
        before = len(self.server.mails(owners))
        found = [person.post("/account/two-step/setup").status for _ in range(7)]
        self.assertEqual(found, [201] * 5 + [429] * 2)
        self.assertIn("인증", mail_text(self.server.mail_after(owners, before + 4)))

    def test_two_addresses_are_told_that_a_move_was_taken_back_and_one_is_told_once(self):
        for name, moved_back in (("it was at another one", False), ("it had been moved back by the form", True)):
            with self.subTest(name):
                person = self.person().sign_up()
                old, token = self.move(person)
                new = person.email
                if moved_back:
                    self.move(person, old)
                before = {email: len(self.server.mails(email)) for email in (old, new)}
                expect(self.person().post("/account/email/undo", {"token": token}), 200)
                self.server.mail_after(old, before[old])
                self.server.no_mail_after(old, before[old] + 1)
                self.server.no_mail_after(new, before[new] + (0 if moved_back else 1))

    def test_mails_are_limited(self):
        person, email = self.person().sign_up(), new_address()
        found = [person.post("/account/email", {"email": email}).status for _ in range(7)]
        self.assertEqual(found[0], 202)
        self.assertEqual(found[-1], 429)


class BehindAProxy(EmailChangeTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}

    def test_the_owner_gets_in_though_a_stranger_used_up_the_resets(self):
        """Ten mails a day, asked for from two networks before the move is taken back: no password opens the account then."""
        owner = self.person(address="203.0.113.1").sign_up()
        owners, token = self.move(owner.elsewhere(address="198.51.100.1").sign_in())
        for _ in range(2):
            for network in ("198.51.100.1", "192.0.2.1"):
                for _ in range(3):
                    expect(self.person(address=network).post("/password-reset", {"email": owners}), 202)
            self.server.forward(3700)
        expect(self.person(address="203.0.113.1").post("/account/email/undo", {"token": token}), 200)
        self.choose_password(owners, address="203.0.113.1")
        owner.account.email, owner.account.password = owners, OTHER_PASSWORD
        self.assertTrue(owner.elsewhere().sign_in().is_signed_in())


if __name__ == "__main__":
    unittest.main()
