"""A change that the browser was talked into by somebody else's page is refused."""
import itertools
import json
import unittest
import urllib.parse

from harness import PASSWORD, DoorTest, Person, Wire, expect, token_of

OWN, NULL, EVIL = "own", "null", "https://evil.example"


class CrossSite(DoorTest):
    def headers(self, origin, site):
        return {"Origin": self.server.origin if origin == OWN else origin, "Sec-Fetch-Site": site}

    def test_changes_with_the_cookie(self):
        port = self.server.port
        cases = (
            # Origin, Sec-Fetch-Site, taken
            (OWN, None, True), (OWN, "same-origin", True), (None, "same-origin", True),
            (None, None, False), (NULL, None, False), (EVIL, None, False), ("", None, False),
            (None, "cross-site", False), (None, "same-site", False), (None, "none", False),
            (EVIL, "cross-site", False), (NULL, "cross-site", False), (EVIL, "same-site", False),
            (f"https://localhost:{port}", None, False), ("http://localhost", None, False), (f"http://localhost:{port}0", None, False),
            (f"http://127.0.0.1:{port}", None, False), (f"http://localhost:{port}/", None, False),
            (f"http://localhost:{port}.evil.example", None, False), (f"http://localhost:{port} {EVIL}", None, False),
            (f"http://a.localhost:{port}", None, False),
        )
        person = self.person().sign_up()
        for n, (origin, site, taken) in enumerate(cases):
            with self.subTest(f"Origin {origin}, Sec-Fetch-Site {site}"):
                reply = person.patch("/account", {"name": f"Kim {n}"}, headers=self.headers(origin, site))
                about = f"Origin {origin}, Sec-Fetch-Site {site}"
                expect(reply, 200 if taken else 403, None if taken else "cross_site_request", about)
                name = expect(person.get("/account"), 200)["name"]
                self.assertEqual(name == f"Kim {n}", taken, about)

    def test_every_change_route_refuses_and_changes_nothing(self):
        person = self.person().with_two_step()
        device = person.elsewhere()
        expect(device.second_step(device.half_way(), remember_device=True), 200)
        sessions = expect(person.get("/sessions"), 200)["sessions"]
        other = next(s["id"] for s in sessions if not s["current"])
        remembered = person.two_step()["remembered_devices"][0]["id"]
        routes = (
            ("DELETE", "/session", None), ("DELETE", "/sessions", None), ("DELETE", f"/sessions/{other}", None),
            ("POST", "/session/confirm", {"password": person.password}), ("PATCH", "/account", {"name": "Evil"}),
            ("POST", "/account/password", {"current_password": person.password, "new_password": PASSWORD + " plum"}),
            ("POST", "/account/two-step/setup", {"replace": True}), ("POST", "/account/two-step/setup/email", {"code": "123456"}),
            ("POST", "/account/two-step/setup/code", {"code": "123456"}),
            ("POST", "/account/two-step/setup/complete", {"saved": True}), ("DELETE", "/account/two-step/setup", None),
            ("DELETE", f"/account/two-step/remembered-devices/{remembered}", None),
            ("DELETE", "/account/two-step/remembered-devices", None),
            ("POST", "/account/two-step/recovery-codes", {"password": person.password}),
            ("POST", "/account/two-step/recovery-codes/complete", {"saved": True}),
            ("POST", "/account/two-step/disable", {"password": person.password, "method": "recovery_code",
                                                   "code": person.account.recovery_codes[0]}),
        )
        mails = len(person.mails())
        for method, path, body in routes:
            with self.subTest(f"{method} {path}"):
                reply = person.request(method, "/api/v1" + path, body, headers=self.headers(EVIL, "cross-site"))
                expect(reply, 403, "cross_site_request", f"{method} {path}")
        self.assertTrue(person.is_signed_in())
        self.assertEqual(len(expect(person.get("/sessions"), 200)["sessions"]), len(sessions))
        status = person.two_step()
        self.assertEqual((status["enabled"], status["recovery_codes_left"], len(status["remembered_devices"])), (True, 10, 1))
        self.assertEqual(expect(person.get("/account"), 200)["name"], "Kim Sora")
        self.server.no_mail_after(person.email, mails)

    def test_who_has_no_cookie_needs_neither(self):
        person = self.person().sign_up()
        for path, body, status in (
                ("/login", {"email": person.email, "password": person.password}, 200),
                ("/password-reset", {"email": person.email}, 202)):
            expect(person.elsewhere().post(path, body, headers={"Origin": None}), status, about=path)

    def test_strict_transport_security_is_for_https(self):
        self.assertEqual(self.person().get("/session").all("Strict-Transport-Security"), [])

    def test_reading_needs_neither(self):
        person = self.person().sign_up()
        for path in ("/session", "/account", "/account/two-step", "/sessions"):
            expect(person.get(path, headers={"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}), 200, about=path)

    def test_no_answer_lets_another_origin_read_it(self):
        person = self.person().sign_up()
        for method, headers in (("GET", {"Origin": EVIL}), ("OPTIONS", {"Origin": EVIL, "Access-Control-Request-Method": "PATCH"})):
            reply = person.request(method, "/api/v1/account", headers=headers)
            allowed = [name for name, _ in reply.headers if name.lower().startswith("access-control-")]
            self.assertEqual(allowed, [], method)

    def test_forms_of_pages_with_and_without_a_cookie(self):
        person = self.person().sign_up()
        body = urllib.parse.urlencode({"email": person.email, "password": person.password}).encode()
        for name, browser in (("with a cookie", person), ("without", person.elsewhere())):
            for origin, site, taken in ((None, None, False), (NULL, None, False), (EVIL, "cross-site", False), (OWN, None, True),
                                        (None, "same-origin", True)):
                with self.subTest(f"{name}: Origin {origin}, Sec-Fetch-Site {site}"):
                    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html",
                               **self.headers(origin, site)}
                    reply = browser.elsewhere().request("POST", "/login", raw=body, headers=headers) if name == "without" else \
                        browser.request("POST", "/login", raw=body, headers=headers)
                    self.assertEqual(reply.status == 403, not taken, reply)
                    if not taken:
                        self.assertIsNone(reply.cookie("twostep"))


class Matrix(DoorTest):
    """Everything that a browser may say of where a request comes from, with each body and each credential, on both surfaces."""
    FORM, JSON = "application/x-www-form-urlencoded", "application/json"
    CREDENTIALS = ("cookie", "none", "bearer", "both")
    SITES = (None, "same-origin", "same-site", "cross-site", "none")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        person = Person(cls.server).sign_up()
        token = token_of(expect(person.elsewhere().first_step(transport="bearer"), 200))
        cls.watcher, cookie = person, "; ".join(f"{k}={v}" for k, v in person.cookies.items())
        cls.headers = {"cookie": {"Cookie": cookie}, "none": {}, "bearer": {"Authorization": f"Bearer {token}"},
                       "both": {"Cookie": cookie, "Authorization": f"Bearer {token}"}}

    def origins(self):
        port = self.server.port
        return {"absent": None, "ours": self.server.origin, "null": "null", "other": EVIL, "subdomain": f"http://a.localhost:{port}",
                "parent": "http://localhost", "other port": f"http://localhost:{port + 1}", "other scheme": f"https://localhost:{port}",
                "other name": f"http://127.0.0.1:{port}"}

    @staticmethod
    def comes_from_us(origin, site):
        return origin == "ours" or (origin == "absent" and site == "same-origin")

    def passes(self, surface, origin, site, who):
        """Contract section 2. Whether anything is changed then depends on credential and body alone."""
        if surface == "API" and who in ("bearer", "both"):
            return True  # no browser adds that by itself
        if surface == "API" and who == "none" and origin == "absent":
            return True  # no browser, and nothing of a visitor's to misuse
        return self.comes_from_us(origin, site)

    def ask(self, surface, kind, who, headers, name):
        method, path = ("PATCH", "/api/v1/account") if surface == "API" else ("POST", "/account")
        raw = json.dumps({"name": name}) if kind == self.JSON else urllib.parse.urlencode({"name": name, "locale": "en"})
        accept = "text/html" if surface == "page" else "application/json"
        return Person(self.server).request(method, path, raw=raw.encode(), headers={
            "Accept": accept, "Content-Type": kind, **self.headers[who], **headers})

    def test_each_is_taken_or_refused_as_the_contract_says(self):
        taken = refused = 0
        for surface, kind, who in itertools.product(("API", "page"), (self.JSON, self.FORM), self.CREDENTIALS):
            fits = kind == (self.JSON if surface == "API" else self.FORM)
            known = who != "none"
            for (origin, value), site in itertools.product(self.origins().items(), self.SITES):
                about = f"{surface}, {kind}, {who}: Origin {origin}, Sec-Fetch-Site {site}"
                name = f"Kim {taken + refused}"
                reply = self.ask(surface, kind, who, {"Origin": value, "Sec-Fetch-Site": site}, name)
                passes = self.passes(surface, origin, site, who)
                changes = passes and fits and known
                self.assertEqual(reply.status == 403, not passes, f"{about}: {reply}")
                if surface == "API" and not passes:
                    self.assertEqual(reply.code, "cross_site_request", about)
                self.assertEqual(self.server.sql("SELECT name FROM account WHERE email = ?", self.watcher.email) == [(name,)], changes, about)
                taken, refused = taken + changes, refused + (not changes)
        self.assertGreater(taken, 100)
        self.assertGreater(refused, 400)

    def test_nobody_is_signed_in_or_out_or_made_to_start_anything_from_elsewhere(self):
        """What needs no session: the forms that a stranger's page could fill in."""
        person = self.person().sign_up()
        forms = (("/login", {"email": person.email, "password": person.password}), ("/signup", {"email": "a@example.com", "name": "Kim", "password": PASSWORD}),
                 ("/password-reset", {"email": person.email}), ("/locale", {"locale": "ko"}), ("/logout", {}),
                 ("/login/second-step", {"code": "123456"}), ("/signup/verify", {"code": "AAAA-AAAA-AAAA"}),
                 ("/account/email/undo", {"code": "AAAA-AAAA-AAAA"}))
        mails = len(person.mails())
        for (path, fields), (origin, value), site in itertools.product(forms, self.origins().items(), self.SITES):
            if self.comes_from_us(origin, site):
                continue
            for browser in (person, person.elsewhere()):
                reply = browser.request("POST", path, raw=urllib.parse.urlencode(fields).encode(), headers={
                    "Accept": "text/html", "Content-Type": self.FORM, "Origin": value, "Sec-Fetch-Site": site})
                self.assertEqual((reply.status, reply.all("Set-Cookie")), (403, []), f"{path}: Origin {origin}, Sec-Fetch-Site {site}")
        self.assertTrue(person.is_signed_in())
        self.assertEqual(self.server.mails("a@example.com"), [])
        self.server.no_mail_after(person.email, mails)

    def test_two_origins_are_none(self):
        for second in (EVIL, NULL, ""):
            with Wire(self.server) as wire:
                body = b'{"name":"Evil"}'
                request = self.watcher.prepare("PATCH", "/api/v1/account", raw=body)
                wire.send(request.replace(b"\r\n\r\n", b"\r\nOrigin: " + second.encode() + b"\r\n\r\n", 1))
                self.assertIn(wire.reply().status, (400, 403), second)


class OnHttps(DoorTest):
    ORIGIN = "https://login.example.com"
    SERVER = {"args": ["--public-url", ORIGIN, "--allow-file-mail"]}

    def browser(self):
        person = self.person()
        person.origin = self.ORIGIN
        return person

    def test_cookies_are_host_bound_and_secure(self):
        person = self.browser()
        person.sign_up()
        self.assertIn("__Host-twostep", person.cookies)
        self.assertNotIn("twostep", person.cookies)
        reply = person.first_step()
        cookie = reply.cookie("__Host-twostep")
        self.assertIn("secure", cookie)
        self.assertIn("httponly", cookie)
        self.assertNotIn("domain", cookie)
        self.assertEqual((cookie["path"], cookie["samesite"].lower()), ("/", "lax"))
        for line in reply.all("Set-Cookie"):
            self.assertTrue(line.startswith("__Host-"), line)
            self.assertIn("secure", line.lower())
        self.assertRegex(reply.header("Strict-Transport-Security", ""), r"max-age=\d+")

    def test_the_plain_cookie_and_the_plain_origin_do_not_count(self):
        person = self.browser()
        person.sign_up()
        expect(person.patch("/account", {"name": "Kim"}, headers={"Origin": "http://login.example.com"}), 403, "cross_site_request")
        expect(person.patch("/account", {"name": "Kim"}, headers={"Origin": self.ORIGIN + ":443"}), 403, "cross_site_request")
        expect(person.patch("/account", {"name": "Kim"}), 200)
        person.cookies = {"twostep": person.cookies["__Host-twostep"]}
        expect(person.get("/session"), 401, "not_signed_in")

    def test_mails_lead_to_the_public_url(self):
        person = self.browser()
        _, mail = person.mailed(person.try_sign_up)
        self.assertIn(self.ORIGIN + "/", mail.get_body(("plain",)).get_content())


if __name__ == "__main__":
    unittest.main()
