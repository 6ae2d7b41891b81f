"""What must not be found: in the log, and in the bytes of the database without its keyring."""
import base64
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from guard import HTML
from harness import OTHER_PASSWORD, WRONG_PASSWORD, Person, Server, binary, clean_environment, expect, mail_code, new_address, token_of
from looked_for import crockford, forms
from neighbour import OTHER, ROOT, what_it_sees

class Journey:
    """One full journey; what it saw is then looked for. Our own host is a name that is no loopback's, so that sessions are handed over."""
    ORIGIN, APP, LOG = "https://sign-in.example", "app.example", "text"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="twostep-secrets-")
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.server = Server(["--log-level", "debug", "--log-format", cls.LOG, "--public-url", cls.ORIGIN, "--allow-file-mail",
                             "--trusted-proxies", "127.0.0.0/8"], data=os.path.join(cls.folder, "data"),
                            log_path=os.path.join(cls.folder, "log"), env={"TWOSTEP_USER": OTHER} if ROOT else {})
        cls.secrets, cls.digits = {}, set()
        try:
            cls.journey()
            cls.know_keys()
            cls.seen = what_it_sees(cls.server.process.pid)
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
    def know(cls, name, text, raw=None, spelled=True):
        cls.secrets.update(forms(name, text, raw, spelled))

    @classmethod
    def know_keys(cls):
        with open(os.path.join(cls.server.data, "keyring"), encoding="ascii") as file:
            cls.keys = re.findall(r"^key \w+ (\S{43})$", file.read(), re.M)
        for n, key in enumerate(cls.keys):
            cls.token(f"key {n} of the keyring", key)

    @classmethod
    def somebody(cls, **more):
        person = Person(cls.server, **more)
        person.origin = cls.ORIGIN
        return person

    @classmethod
    def elsewhere(cls, person, **more):
        return cls.somebody(account=person.account, **more)

    @classmethod
    def token(cls, name, text):
        cls.know(name, text, base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), spelled=False)

    @classmethod
    def mailed_code(cls, name, code):
        if len(code) == 6:
            cls.digits.add(code)
        else:
            cls.know(name, code, crockford(code))

    @classmethod
    def journey(cls):
        person = cls.sign_up()
        cls.set_up(person)
        cls.sign_in(person)
        cls.hand_over(person)
        cls.invite(person)
        cls.move(person)
        codes = person.account.recovery_codes
        new = expect(person.post("/account/two-step/recovery-codes", {"password": person.password}), 200)["recovery_codes"]
        for n, code in enumerate(codes + new):
            cls.know(f"recovery code {n}", code, crockford(code))
        setup = person.confirm_email(replace=True)  # stays open
        cls.know("pending app secret", setup["secret"], base64.b32decode(setup["secret"]))
        expect(cls.elsewhere(person).first_step(password=WRONG_PASSWORD), 401)
        for name, password in (("password", person.password), ("other password", OTHER_PASSWORD), ("wrong password", WRONG_PASSWORD)):
            cls.know(name, password)
        cls.through_pages(person)

    @classmethod
    def sign_up(cls):
        person = cls.somebody()
        signup, code = person.begin_sign_up()
        cls.token("signup", signup)
        cls.mailed_code("sign-up code", code)
        expect(person.post("/signup/verify", {"signup": signup, "code": "0000-0000-0000"}), 422)
        expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
        signup, code = cls.somebody().begin_sign_up(password=OTHER_PASSWORD)
        cls.token("unfinished signup", signup)
        cls.mailed_code("unfinished sign-up code", code)
        return person

    @classmethod
    def set_up(cls, person):
        code = person.begin_setup()
        cls.mailed_code("set-up code", code)
        secret = person.confirm_email(code)["secret"]
        person.account.secret = secret
        cls.know("app secret", secret, base64.b32decode(secret))
        code = person.app_code()
        cls.digits.add(code)
        person.account.recovery_codes = expect(person.post("/account/two-step/setup/code", {"code": code}), 200)["recovery_codes"]
        expect(person.post("/account/two-step/setup/complete", {"saved": True}), 200)

    @classmethod
    def sign_in(cls, person):
        login = person.half_way()
        cls.token("login", login)
        expect(person.second_step(login, person.wrong_code()), 401)
        code = person.app_code()
        cls.digits.add(code)
        expect(person.second_step(login, code, remember_device=True), 200)
        for name, value in person.cookies.items():
            cls.token("cookie " + name, value)
        bearer = cls.elsewhere(person)
        answer = expect(bearer.second_step(bearer.half_way(transport="bearer"), person.account.recovery_codes[0], "recovery_code"), 200)
        cls.token("bearer token", token_of(answer))
        expect(cls.somebody(bearer=token_of(answer)).get("/account"), 200)
        cls.token("open login", cls.elsewhere(person).half_way())

    @classmethod
    def at_app(cls, person, path, **headers):
        return person.request("GET", path, headers={**HTML, "X-Forwarded-Proto": "https", "X-Forwarded-Host": cls.APP, **headers})

    @classmethod
    def hand_over(cls, person):
        """Nonce, code and the application's own cookie; a second code is never taken."""
        cls.organization = expect(person.post("/organizations", {"name": "Kim and Lee"}), 201)["id"]
        expect(person.post(f"/organizations/{cls.organization}/services", {"name": "Shop", "hosts": [cls.APP]}), 201)
        done = subprocess.run([binary(), "host", "allow", cls.APP, cls.organization, "--data", cls.server.data], capture_output=True,
                              env=clean_environment(), timeout=60)
        if done.returncode:
            raise AssertionError(done)
        for taken in (True, False):
            browser = cls.elsewhere(person)
            expect(browser.second_step(browser.half_way()), 200)
            refused = cls.at_app(browser, "/authz/forward-auth", **{"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/private"})
            place = urllib.parse.urlsplit(refused.header("Location"))
            reply = cls.at_app(browser, "/authz/start?" + place.query)
            while "code=" not in reply.header("Location"):
                reply = browser.request("GET", reply.header("Location").removeprefix(cls.ORIGIN), headers=HTML)
            place = urllib.parse.urlsplit(reply.header("Location"))
            cls.token(f"hand-over code, taken {taken}", urllib.parse.parse_qs(place.query)["code"][0])
            if taken:
                cls.at_app(browser, "/authz/session?" + place.query)
                cls.at_app(browser, "/authz/forward-auth", **{"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/"})
            for name, value in browser.cookies.items():
                if len(value) == 43:
                    cls.token(f"cookie {name} at the application, taken {taken}", value)

    @classmethod
    def invite(cls, person):
        """Two invitations, of which one is accepted."""
        guest = cls.somebody().sign_up()
        for address in (guest.email, new_address("guest")):
            before = len(cls.server.mails(address))
            expect(person.post(f"/organizations/{cls.organization}/invitations", {"email": address, "role": "member"}), 201)
            code = mail_code(cls.server.mail_after(address, before))
            cls.mailed_code("invitation code of " + address, code)
            if address == guest.email:
                expect(guest.post("/invitations/accept", {"code": code}), 200)

    @classmethod
    def move(cls, person):
        """A way to another address that is begun and not gone; a reset that is begun."""
        address = new_address("moved")
        expect(person.post("/account/email", {"email": address, "password": person.password}), (200, 202))
        cls.mailed_code("code of another address", mail_code(cls.server.mail_after(address, 0)))
        _, mail = person.mailed(lambda: cls.elsewhere(person).post("/password-reset", {"email": person.email}))
        cls.mailed_code("reset code", mail_code(mail))
        person.request("GET", "/signup?code=" + mail_code(mail), headers={"Accept": "text/html"})

    @classmethod
    def through_pages(cls, person):
        """Forms say it in other words than JSON."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        browser = cls.elsewhere(person)
        for password in (WRONG_PASSWORD, person.password):
            fields = urllib.parse.urlencode({"email": person.email, "password": password}).encode()
            browser.request("POST", "/login", raw=fields, headers=form)
        for name, value in browser.cookies.items():
            if len(value) == 43:
                cls.token("cookie of a form " + name, value)
        code = person.app_code()
        cls.digits.add(code)
        browser.request("POST", "/login/second-step", raw=f"code={code}".encode(), headers=form)

    def absent(self, data, where):
        for name, form in self.secrets.items():
            self.assertNotIn(form, data, f"{name} in {where}")

    def test_the_log_has_none_of_it(self):
        self.assertIn(b"/api/v1/login", self.log, "the log says nothing at all")
        self.absent(self.log, "the log")
        for code in self.digits:
            self.assertIsNone(re.search(rb"(?<![\w.])" + code.encode() + rb"(?!\w)", self.log), f"a six-digit code {code} in the log")


class Secrets(Journey, unittest.TestCase):
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

    def test_what_is_looked_for_is_what_was_seen(self):
        """Each kind is there, and would be found."""
        for kind in ("signup", "login", "bearer token", "cookie __Host-twostep", "cookie __Host-twostep-known", "app secret", "recovery code 19",
                     "sign-up code", "hand-over code", "at the application", "invitation code", "reset code",
                     "code of another address", "key 0 of the keyring", "wrong password"):
            self.assertTrue(any(kind in name for name in self.secrets), kind)
        self.assertGreaterEqual(len(self.digits), 4)
        for name, form in list(self.secrets.items())[::97]:
            with self.assertRaises(AssertionError, msg=name):
                self.absent(b"x" * 7 + form + b"y", "what has it")

    def test_encodings_are_found_wherever_they_begin(self):
        """With anything before and behind, in one piece of base64 or base32."""
        secret = b"Violet7 kettle-Drum orbit"
        for before in range(11):
            for behind in range(6):
                amid = bytes(range(65, 65 + before)) + secret + b"z" * behind
                for how, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode), ("base32", base64.b32encode)):
                    looked_for = [form for name, form in forms("it", secret.decode()).items() if f"in {how} (" in name]
                    self.assertTrue(any(form in encode(amid) for form in looked_for), f"{how}: {before} before, {behind} behind")

    def test_another_program_of_the_same_user_sees_none_of_it(self):
        self.assertGreater(len(self.seen), 20, "it sees nothing at all")
        self.absent("\n".join(f"{path} {text}" for path, text in self.seen.items()).encode("latin-1", "replace"), "/proc")

    def test_no_sealed_mail_is_left_after_it_was_sent(self):
        self.assertEqual(self.server.sql("SELECT count(*) FROM mail_queue"), [(0,)])


class InJson(Journey, unittest.TestCase):
    """With a log of the other format."""
    LOG = "json"

    def test_the_log_is_json(self):
        for line in self.log.splitlines():
            self.assertTrue(line.startswith(b"{"), line)


if __name__ == "__main__":
    unittest.main()
