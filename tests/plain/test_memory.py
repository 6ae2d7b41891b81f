"""
What the memory of the server still holds when nobody is using it: no password, code, secret or token that people gave or got.

Root alone may look (/proc/PID/mem). With the program as it is served: sanitizers keep what was freed.
"""
import base64
import json
import os
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "door"))
from harness import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, DoorTest, expect, mail_code  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
NEW_PASSWORD = "Olive2 saddle-Brook ember"


@unittest.skipIf(os.geteuid(), "reading another process's memory takes root")
class Memory(DoorTest):
    SERVER = {"args": ["--log-level", "debug"]}

    def setUp(self):
        super().setUp()
        self.given = {}

    def memory(self):
        """All that is mapped, one piece after the other, but what the kernel keeps for itself."""
        with open(f"/proc/{self.server.process.pid}/maps", encoding="utf-8") as maps, \
                open(f"/proc/{self.server.process.pid}/mem", "rb", 0) as memory:
            for line in maps:
                begin, end = (int(number, 16) for number in line.split()[0].split("-"))
                if "[v" in line or line.split()[1].startswith("---"):
                    continue
                memory.seek(begin)
                try:
                    yield memory.read(end - begin)
                except OSError:
                    pass  # behind the end of a file

    def found(self):
        return {name for piece in self.memory() for name, data in self.given.items() if data in piece}

    def give(self, name, text, raw=None):
        self.given[name] = text.encode()
        self.given[name + ", without hyphens"] = text.replace("-", "").encode()
        self.given[name + ", in a form"] = urllib.parse.quote_plus(text).encode()
        if raw:
            self.given[name + ", raw"] = raw

    def journey(self):
        person = self.person().with_two_step()
        self.give("app secret", person.account.secret, base64.b32decode(person.account.secret))
        for n, code in enumerate(person.account.recovery_codes):
            self.give(f"recovery code {n}", code)
        browser = person.elsewhere()
        code = person.app_code()
        expect(browser.second_step(browser.half_way(), code, remember_device=True), 200)
        self.given["app code"] = json.dumps({"code": code})[1:-1].encode()
        for cookie, value in browser.cookies.items():
            self.give("cookie " + cookie, value, base64.urlsafe_b64decode(value + "="))
        other = person.elsewhere()
        expect(other.second_step(other.half_way(), person.account.recovery_codes[0], "recovery_code"), 200)
        expect(person.elsewhere().first_step(password=WRONG_PASSWORD), 401)
        by_form = person.elsewhere()
        for password in (WRONG_PASSWORD, PASSWORD):
            fields = urllib.parse.urlencode({"email": person.email, "password": password}).encode()
            by_form.request("POST", "/login", raw=fields, headers=FORM)
        code = person.app_code()
        by_form.request("POST", "/login/second-step", raw=f"code={code}".encode(), headers=FORM)
        self.given["app code of a form"] = f"code={code}".encode()
        _, mail = person.mailed(lambda: person.elsewhere().post("/password-reset", {"email": person.email}))
        self.give("mailed code", mail_code(mail))
        expect(person.elsewhere().post("/password-reset/complete", {"email": person.email, "code": mail_code(mail), "password": OTHER_PASSWORD}), 200)
        person.account.password = OTHER_PASSWORD
        person.cookies = {}
        expect(person.second_step(person.half_way()), 200)
        expect(person.post("/account/password", {"current_password": OTHER_PASSWORD, "new_password": NEW_PASSWORD}), (200, 204))
        for name, password in (("password", PASSWORD), ("other", OTHER_PASSWORD), ("new", NEW_PASSWORD), ("wrong", WRONG_PASSWORD)):
            self.give(name, password)
        person.sign_out()
        return person

    def test_keeps_nothing_that_people_gave_or_got(self):
        person = self.journey()
        for _ in range(100):
            expect(self.person().get("/session"), 401)
        deadline = time.monotonic() + 20
        while self.found() and time.monotonic() < deadline:  # what is still being worked on
            time.sleep(0.2)
        self.assertEqual(self.found(), set())
        self.given = {"an address": person.email.encode()}
        self.assertEqual(self.found(), {"an address"}, "which is no secret, and shows that memory is read")


if __name__ == "__main__":
    unittest.main()
