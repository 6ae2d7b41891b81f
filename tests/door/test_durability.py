"""kill -9 right behind each acknowledged step: nothing of it is lost, nothing spent comes back."""
import signal
import time
import unittest

from harness import OTHER_PASSWORD, WRONG_PASSWORD, DoorTest, at_once, expect, mail_code, statuses

SETUP = "/account/two-step/setup"


class Killed(DoorTest):
    def kill(self):
        self.server.restart(signal.SIGKILL)

    def test_the_whole_journey(self):
        person = self.person()
        before = len(person.mails())
        signup = expect(person.try_sign_up(), 202)["signup"]
        self.kill()
        code = mail_code(self.server.mail_after(person.email, before))
        expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
        self.kill()
        self.assertTrue(person.is_signed_in(), "the session of the sign-up")
        expect(person.patch("/account", {"name": "Lee"}), 200)
        self.kill()
        self.assertEqual(expect(person.get("/account"), 200)["name"], "Lee")

        before = len(person.mails())
        expect(person.post(SETUP), 201)
        self.kill()
        code = mail_code(self.server.mail_after(person.email, before))
        person.account.secret = expect(person.post(SETUP + "/email", {"code": code}), 200)["secret"]
        self.kill()
        answer = expect(person.post(SETUP + "/code", {"code": person.app_code()}), 200)
        person.account.recovery_codes = answer["recovery_codes"]
        self.kill()
        self.assertEqual(person.two_step()["setup"]["state"], "code_confirmed")
        before = len(person.mails())
        expect(person.post(SETUP + "/complete", {"saved": True}), 200)
        self.kill()
        self.assertTrue(person.two_step()["enabled"])
        self.server.mail_after(person.email, before)

        login, spare = person.half_way(), person.half_way()
        self.kill()
        code = person.app_code()
        browser = person.elsewhere()
        expect(browser.second_step(login, code, remember_device=True), 200)
        self.kill()
        self.assertTrue(browser.is_signed_in(), "the session of the second step")
        expect(person.elsewhere().second_step(spare, code), 401, "invalid_code", "the spent code")
        expect(person.elsewhere().second_step(login), 410, "login_expired", "the spent login")
        self.assertEqual(expect(browser.first_step(), 200)["status"], "signed_in", "the remembered device")

        recovery = person.account.recovery_codes[0]
        expect(person.elsewhere().second_step(spare, recovery, "recovery_code"), 200)
        self.kill()
        expect(person.elsewhere().second_step(person.elsewhere().half_way(), recovery, "recovery_code"), 401, "invalid_code",
               "the spent recovery code")
        self.assertEqual(person.two_step()["recovery_codes_left"], 9)

        new = expect(person.post("/account/two-step/recovery-codes", {"password": person.password}), 200)["recovery_codes"]
        self.kill()
        expect(person.post("/account/two-step/recovery-codes/complete", {"saved": True}), 200)
        self.kill()
        self.assertEqual(person.two_step()["recovery_codes_left"], 10)
        expect(person.elsewhere().second_step(person.elsewhere().half_way(), person.account.recovery_codes[1], "recovery_code"), 401,
               "invalid_code", "an old recovery code")
        expect(person.elsewhere().second_step(person.elsewhere().half_way(), new[0], "recovery_code"), 200)

        expect(person.post("/account/password", {"current_password": person.password, "new_password": OTHER_PASSWORD}), 200)
        self.kill()
        expect(person.elsewhere().first_step(), 401, "invalid_credentials", "the old password")
        self.assertFalse(browser.is_signed_in(), "another session")
        person.account.password = OTHER_PASSWORD
        expect(person.post("/account/two-step/disable", {"password": OTHER_PASSWORD, "method": "recovery_code", "code": new[1]}), 200)
        self.kill()
        self.assertFalse(person.two_step()["enabled"])
        self.assertEqual(expect(person.elsewhere().first_step(), 200)["status"], "signed_in")

        before = len(person.mails())
        expect(person.elsewhere().post("/password-reset", {"email": person.email}), 202)
        self.kill()
        code = mail_code(self.server.mail_after(person.email, before))
        body = {"email": person.email, "code": code, "password": person.password + " plum"}
        expect(person.elsewhere().post("/password-reset/complete", body), 200)
        self.kill()
        self.assertFalse(person.is_signed_in(), "a session that the reset ended")
        expect(person.elsewhere().post("/password-reset/complete", body), 422, "invalid_code", "the spent code")
        person.account.password = body["password"]
        expect(person.elsewhere().first_step(), 200)

    def test_signing_out_and_ending_sessions(self):
        person = self.person().sign_up()
        one, two, three = (person.elsewhere().sign_in() for _ in range(3))
        cookies = dict(one.cookies)
        one.sign_out()
        self.kill()
        one.cookies = cookies
        self.assertFalse(one.is_signed_in())
        expect(person.delete("/sessions/" + expect(two.get("/session"), 200)["id"]), 204)
        self.kill()
        self.assertFalse(two.is_signed_in())
        expect(person.delete("/sessions"), 204)
        self.kill()
        self.assertEqual((three.is_signed_in(), person.is_signed_in()), (False, True))

    def test_wrong_tries_stay_counted(self):
        person = self.person().with_two_step()
        login = person.half_way()
        for n in range(5):
            expect(person.elsewhere().second_step(login, person.wrong_code()), 401, "invalid_code", f"wrong code {n + 1}")
            self.kill()
        expect(person.elsewhere().second_step(login), 410, "login_expired")
        expect(person.elsewhere().second_step(person.half_way(), person.wrong_code()), 429, "too_many_attempts")
        other = self.person().sign_up()
        signup, code = self.person().begin_sign_up()
        for _ in range(5):
            expect(other.post("/signup/verify", {"signup": signup, "code": "0000-0000-0000"}), 422)
        self.kill()
        expect(other.post("/signup/verify", {"signup": signup, "code": code}), 422, "invalid_code")
        for _ in range(5):
            other.elsewhere().first_step(password=WRONG_PASSWORD)
        self.kill()
        found = self.server.sql("SELECT max(count) FROM failure WHERE subject = (SELECT id FROM account WHERE email = ?)", other.email)
        self.assertGreaterEqual(found[0][0], 5)

    def test_killed_while_twenty_use_one_code_it_still_serves_once(self):
        for delay_ms in (0, 5, 20, 60):
            with self.subTest(delay_ms):
                person = self.person().with_two_step()
                logins = [person.half_way() for _ in range(20)]
                code = person.account.recovery_codes[0]
                def use(login):
                    try:
                        return person.elsewhere().second_step(login, code, "recovery_code")
                    except (AssertionError, OSError):
                        return None

                def strike():
                    time.sleep(delay_ms / 1000)
                    self.server.end(signal.SIGKILL)

                replies = at_once([lambda l=l: use(l) for l in logins] + [strike])[:20]
                self.server.start()
                answered = statuses([r for r in replies if r])
                self.assertLessEqual(answered.get("200", 0), 1, answered)
                left = person.two_step()["recovery_codes_left"]
                again = person.elsewhere().second_step(person.elsewhere().half_way(), code, "recovery_code")
                if answered.get("200"):
                    self.assertEqual(left, 9)
                self.assertEqual(again.status, 200 if left == 10 else 401, again)
                self.assertEqual(person.two_step()["recovery_codes_left"], 9)
                self.assertEqual(self.server.sql("PRAGMA integrity_check"), [("ok",)])
                self.assertEqual(self.server.sql("PRAGMA foreign_key_check"), [])


if __name__ == "__main__":
    unittest.main()
