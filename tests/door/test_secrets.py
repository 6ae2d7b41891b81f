"""What must not be found: in the log, and in the bytes of the database without its keyring."""
import base64
import os
import re
import unittest

from harness import OTHER_PASSWORD, WRONG_PASSWORD, Person, Server, expect, mail_code, token_of

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def crockford(code):
    """The bits of a code as bytes."""
    signs = code.replace("-", "")
    return int("".join(f"{CROCKFORD.index(c):05b}" for c in signs), 2).to_bytes((len(signs) * 5 + 7) // 8, "big")


def forms(name, raw, text):
    """A secret as it might lie about: as it is shown, and its bytes raw, in hexadecimal, base32 and base64."""
    found = {}
    if text:
        found[name + ", as shown"] = text.encode()
        found[name + ", in lower case"] = text.lower().encode()
        found[name + ", without hyphens"] = text.replace("-", "").encode()
        found[name + ", its letters in hexadecimal"] = text.encode().hex().encode()
        found[name + ", its letters in base64"] = base64.b64encode(text.encode()).rstrip(b"=")[:-1]
    if raw and len(raw) >= 8:
        found[name + ", raw"] = raw
        found[name + ", in hexadecimal"] = raw.hex().encode()
        found[name + ", in upper hexadecimal"] = raw.hex().upper().encode()
        found[name + ", in base32"] = base64.b32encode(raw).rstrip(b"=")
        found[name + ", in base64"] = base64.b64encode(raw).rstrip(b"=")
        found[name + ", in base64url"] = base64.urlsafe_b64encode(raw).rstrip(b"=")
    return found


class Secrets(unittest.TestCase):
    """One full journey; what it saw is then looked for."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(["--log-level", "debug"])
        cls.secrets, cls.digits = {}, set()
        try:
            cls.journey()
            with open(os.path.join(cls.server.data, "keyring"), "rb") as file:
                cls.keyring = file.read()
            cls.live = cls.database()
            cls.server.end()
            cls.stopped = cls.database()
            cls.log = cls.server.log().encode()
        except BaseException:
            cls.server.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def database(cls):
        data = b""
        for name in sorted(os.listdir(cls.server.data)):
            if name.startswith("twostep.db"):
                with open(os.path.join(cls.server.data, name), "rb") as file:
                    data += file.read()
        return data

    @classmethod
    def know(cls, name, text, raw=None):
        cls.secrets.update(forms(name, raw, text))

    @classmethod
    def token(cls, name, text):
        cls.know(name, text, base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    @classmethod
    def mailed_code(cls, name, code):
        if len(code) == 6:
            cls.digits.add(code)
        else:
            cls.know(name, code, crockford(code))

    @classmethod
    def journey(cls):
        person = Person(cls.server)
        signup, code = person.begin_sign_up()
        cls.token("signup", signup)
        cls.mailed_code("sign-up code", code)
        expect(person.post("/signup/verify", {"signup": signup, "code": "0000-0000-0000"}), 422)
        expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
        unfinished = Person(cls.server)
        signup, code = unfinished.begin_sign_up(password=OTHER_PASSWORD)
        cls.token("unfinished signup", signup)
        cls.mailed_code("unfinished sign-up code", code)

        code = person.begin_setup()
        cls.mailed_code("set-up code", code)
        secret = person.confirm_email(code)["secret"]
        person.account.secret = secret
        cls.know("app secret", secret, base64.b32decode(secret))
        code = person.app_code()
        cls.digits.add(code)
        codes = expect(person.post("/account/two-step/setup/code", {"code": code}), 200)["recovery_codes"]
        person.account.recovery_codes = codes
        expect(person.post("/account/two-step/setup/complete", {"saved": True}), 200)

        login = person.half_way()
        cls.token("login", login)
        expect(person.second_step(login, person.wrong_code()), 401)
        code = person.app_code()
        cls.digits.add(code)
        expect(person.second_step(login, code, remember_device=True), 200)
        for name, value in person.cookies.items():
            cls.token("cookie " + name, value)
        bearer = person.elsewhere()
        answer = expect(bearer.second_step(bearer.half_way(transport="bearer"), codes[0], "recovery_code"), 200)
        cls.token("bearer token", token_of(answer))
        expect(Person(cls.server, bearer=token_of(answer)).get("/account"), 200)
        cls.token("open login", person.elsewhere().half_way())

        new = expect(person.post("/account/two-step/recovery-codes", {"password": person.password}), 200)["recovery_codes"]
        for n, code in enumerate(codes + new):
            cls.know(f"recovery code {n}", code, crockford(code))
        setup = person.confirm_email(replace=True)  # stays open
        cls.know("pending app secret", setup["secret"], base64.b32decode(setup["secret"]))
        expect(person.elsewhere().first_step(password=WRONG_PASSWORD), 401)
        _, mail = person.mailed(lambda: person.elsewhere().post("/password-reset", {"email": person.email}))
        cls.mailed_code("reset code", mail_code(mail))
        person.request("GET", "/signup?code=" + mail_code(mail), headers={"Accept": "text/html"})
        for name, password in (("password", person.password), ("other password", OTHER_PASSWORD), ("wrong password", WRONG_PASSWORD)):
            cls.know(name, password)

    def absent(self, data, where):
        for name, form in self.secrets.items():
            self.assertNotIn(form, data, f"{name} in {where}")

    def test_the_log_has_none_of_it(self):
        self.assertIn(b"/api/v1/login", self.log, "the log says nothing at all")
        self.absent(self.log, "the log")
        for code in self.digits:
            self.assertIsNone(re.search(rb"(?<![\d.])" + code.encode() + rb"(?!\d)", self.log), f"a six-digit code {code} in the log")

    def test_the_running_database_has_none_of_it(self):
        self.absent(self.live, "the database")
        for code in self.digits:
            self.assertNotIn(code.encode(), self.live, f"a six-digit code {code} in the database")

    def test_the_stopped_database_has_none_of_it(self):
        self.absent(self.stopped, "the database")

    def test_the_database_has_no_password_that_could_be_guessed_against(self):
        for mark in (b"$argon2", b"argon2id", base64.b64encode(b"$argon2id")[:9]):
            self.assertNotIn(mark, self.live)
            self.assertNotIn(mark, self.stopped)

    def test_the_database_has_nothing_of_the_keyring(self):
        for word in re.findall(rb"[0-9A-Za-z+/=_-]{32,}", self.keyring):
            self.assertNotIn(word, self.live)
            for decode in (bytes.fromhex, base64.b64decode, base64.urlsafe_b64decode):
                try:
                    raw = decode(word.decode())
                except ValueError:
                    continue
                if len(raw) >= 16:
                    self.assertNotIn(raw[:16], self.live)
        self.assertNotIn(self.keyring[-32:], self.live)

    def test_no_sealed_mail_is_left_after_it_was_sent(self):
        self.assertEqual(self.server.sql("SELECT count(*) FROM mail_queue"), [(0,)])


if __name__ == "__main__":
    unittest.main()
