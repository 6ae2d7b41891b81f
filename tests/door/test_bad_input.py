"""Whatever stands in a field, a body or a path: a clear refusal that names the field, nothing changed, never a 500."""
import json
import unittest

from harness import PASSWORD, WRONG_PASSWORD, DoorTest, Person, expect, new_address

CODE = "0000-0000-0000"

# method, path, signed in, right-looking fields, what may be left out. T text, B truth.
ROUTES = (
    ("POST", "/signup", False, {"email": "x@example.com", "name": "Kim", "password": PASSWORD}, {"locale": "T", "invitation": "T", "transport": "T"}),
    ("POST", "/signup/verify", False, {"signup": "x", "code": CODE}, {"transport": "T"}),
    ("POST", "/signup/resend", False, {"signup": "x"}, {}),
    ("POST", "/login", False, {"email": "x@example.com", "password": WRONG_PASSWORD}, {"transport": "T"}),
    ("POST", "/login/second-step", False, {"login": "x", "method": "totp", "code": "123456"}, {"remember_device": "B"}),
    ("POST", "/password-reset", False, {"email": "x@example.com"}, {}),
    ("POST", "/password-reset/complete", False, {"email": "x@example.com", "code": CODE, "password": PASSWORD}, {}),
    ("POST", "/invitations/accept", True, {"code": CODE}, {}),
    ("POST", "/session/confirm", True, {}, {"password": "T", "method": "T", "code": "T"}),
    ("PATCH", "/account", True, {}, {"name": "T", "locale": "T"}),
    ("POST", "/account/password", True, {"current_password": WRONG_PASSWORD, "new_password": PASSWORD}, {}),
    ("POST", "/account/two-step/setup", True, {}, {"replace": "B"}),
    ("POST", "/account/two-step/setup/email", True, {"code": "123456"}, {}),
    ("POST", "/account/two-step/setup/code", True, {"code": "123456"}, {}),
    ("POST", "/account/two-step/setup/complete", True, {}, {"saved": "B"}),
    ("POST", "/account/two-step/recovery-codes", True, {"password": WRONG_PASSWORD}, {}),
    ("POST", "/account/two-step/recovery-codes/complete", True, {}, {"saved": "B"}),
    ("POST", "/account/two-step/disable", True, {"password": WRONG_PASSWORD, "method": "totp", "code": "123456"}, {}),
)
WITHOUT_FIELDS = (
    ("DELETE", "/session"), ("DELETE", "/sessions"), ("DELETE", "/sessions/x"), ("DELETE", "/account/email"),
    ("DELETE", "/account/two-step/setup"), ("DELETE", "/account/two-step/recovery-codes"),
    ("DELETE", "/account/two-step/remembered-devices"), ("DELETE", "/account/two-step/remembered-devices/x"),
    ("POST", "/invitations/x/accept"),
)
NOT_TEXT = (0, 1, -1, 1.5, 10 ** 18, True, False, [], ["x"], {}, {"x": "y"})
NOT_TRUTH = ("true", "false", "", "on", 0, 1, 2.0, [], {}, [True])


class BadInput(DoorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.signed_in = Person(cls.server).sign_up()
        except BaseException:
            cls.server.stop()
            raise

    def setUp(self):
        super().setUp()
        self.mails = len(self.signed_in.mails())

    def tearDown(self):
        """Nothing of it changed anything."""
        person = self.signed_in
        account = expect(person.get("/account"), 200)
        self.assertEqual((account["name"], account["locale"]), ("Kim Sora", "en"))
        status = person.two_step()
        self.assertEqual((status["enabled"], status["setup"]), (False, None))
        self.assertEqual(len(person.mails()), self.mails)
        self.server.sql("DELETE FROM failure")
        expect(person.elsewhere().first_step(), 200)

    def send(self, route, body=None, raw=None, **more):
        method, path, signed_in, _, _ = route
        who = self.signed_in if signed_in else self.person()
        return who.request(method, "/api/v1" + path, body, raw=raw, **more)

    def names(self, reply, field, about):
        expect(reply, 400, "invalid_request", about)
        said = {k: v for k, v in reply.json.items() if k not in ("type", "title", "status", "code")}
        self.assertIn(field, json.dumps(said), about + ": does not name the field")

    def test_a_field_of_a_wrong_type_is_named(self):
        for route in ROUTES:
            _, path, _, needed, optional = route
            kinds = {**{name: "T" for name in needed}, **optional}
            for field, kind in kinds.items():
                for value in (NOT_TEXT if kind == "T" else NOT_TRUTH):
                    about = f"{path} {field}={json.dumps(value)}"
                    with self.subTest(about):
                        self.names(self.send(route, {**needed, field: value}), field, about)

    def test_a_missing_field_is_named(self):
        for route in ROUTES:
            _, path, _, needed, _ = route
            for field in needed:
                rest = {k: v for k, v in needed.items() if k != field}
                for name, body in (("left out", rest), ("null", {**rest, field: None})):
                    about = f"{path} {field} {name}"
                    with self.subTest(about):
                        self.names(self.send(route, body), field, about)

    def test_texts_that_nobody_means(self):
        """Each is refused with a word of the contract, or answered alike where an answer may tell nothing."""
        texts = {
            "empty": "", "a blank": " ", "NUL": "a\0b", "NUL alone": "\0", "a control": "a\x01b", "an escape": "\x1b[2J",
            "a tab": "\t", "line ends": "a\r\nX-Evil: 1\r\n\r\n", "Arabic-Indic digits": "١٢٣٤٥٦", "fullwidth digits": "１２３４５６",
            "a right-to-left override": "\u202e123456", "a zero-width space": "\u200b", "a noncharacter": "\uffff",
            "100 combining marks": "e" + "\u0301" * 100, "5,000 bytes": "x" * 5000, "60,000 bytes": "x" * 60000,
            "percent": "%s%n%x", "SQL": "' OR 1=1; --", "markup": "<script>alert(1)</script>", "a path": "../../etc/passwd",
            "a template": "{email}",
        }
        alike = {"/signup/resend", "/password-reset"}
        for route in ROUTES:
            _, path, _, needed, optional = route
            kinds = {**{name: "T" for name in needed}, **optional}
            for field in (name for name, kind in kinds.items() if kind == "T"):
                if field in ("name", "new_password") or (field == "password" and PASSWORD in needed.values()):
                    continue  # free text: test_sign_up and test_account say what may be
                for name, text in texts.items():
                    about = f"{path} {field}: {name}"
                    with self.subTest(about):
                        reply = self.send(route, {**needed, field: text})
                        if path in alike and reply.status == 202:
                            continue
                        self.assertIn(reply.status, (400, 401, 403, 404, 409, 410, 422, 429), about)
                        self.assertTrue(reply.code, about)
                        self.assertNotIn("X-Evil", [k for k, _ in reply.headers])
                self.server.sql("DELETE FROM failure")

    def test_a_text_is_never_too_long_for_the_word_that_it_deserves(self):
        """A length is no wrong type: what is right but for that is answered as any other that is wrong, up to the body's limit."""
        body = {"email": new_address(), "name": "Kim", "password": PASSWORD}
        for size in (300, 5000, 60000):
            long = "x" * size
            for path, sent, status, code in (
                    ("/signup", {**body, "name": long}, 422, "invalid_name"), ("/signup", {**body, "email": long}, 422, "invalid_email"),
                    ("/signup", {**body, "password": "Violet7 kettle " * (size // 15) * 5 if size == 300 else long}, 422, "weak_password"),
                    ("/signup/verify", {"signup": long, "code": "ABCD"}, 422, "invalid_code"),
                    ("/login", {"email": long, "password": PASSWORD}, 401, "invalid_credentials"),
                    ("/login", {"email": self.signed_in.email, "password": long}, (401, 429), None),
                    ("/login/second-step", {"login": long, "method": "totp", "code": "123456"}, 410, "login_expired"),
                    ("/password-reset", {"email": long}, 202, None),
                    ("/password-reset/complete", {"email": long, "code": "ABCD", "password": PASSWORD}, 422, "invalid_code")):
                about = f"{path} of {size}"
                with self.subTest(about):
                    expect(self.person().post(path, sent), status, code, about)
            expect(self.signed_in.post("/organizations", {"name": long}), 422, "invalid_name")
            expect(self.signed_in.post("/invitations/accept", {"code": long}), (404, 429))
            self.server.sql("DELETE FROM failure")

    def test_names_that_nobody_has(self):
        for text in ("", " ", "a\0b", "a\x01b", "\x1b[2J", "a\r\nb", "x" * 5000, "x" * 60000, "\u200b" * 5000):
            with self.subTest(text[:20]):
                expect(self.signed_in.patch("/account", {"name": text}), (400, 422), about=repr(text[:20]))
                body = {"email": new_address(), "name": text, "password": PASSWORD}
                expect(self.person().post("/signup", body), (400, 422), about=repr(text[:20]))

    def test_passwords_that_nobody_could_type_again(self):
        for name, text in (("NUL inside", "Violet7 kettle\0Drum orbit"), ("NUL behind", PASSWORD + "\0")):
            with self.subTest(name):
                expect(self.person().post("/signup", {"email": new_address(), "name": "Kim", "password": text}), (400, 422), about=name)
                expect(self.person().post("/login", {"email": self.signed_in.email, "password": text}), (400, 401), about=name)

    def test_bytes_that_are_no_utf_8(self):
        bad = {"a lone byte": b"\xff", "overlong": b"\xc0\xaf", "overlong NUL": b"\xc0\x80", "a surrogate": b"\xed\xa0\x80",
               "beyond Unicode": b"\xf4\x90\x80\x80", "cut off": b"\xe2\x82", "a lone continuation": b"\x80"}
        for route in ROUTES:
            _, path, _, needed, optional = route
            fields = [*needed, *(k for k, v in optional.items() if v == "T")]
            for field in fields or ["saved"]:
                for name, data in bad.items():
                    about = f"{path} {field}: {name}"
                    with self.subTest(about):
                        raw = json.dumps({**needed, field: "MARK"}).encode().replace(b"MARK", b"x" + data + b"y")
                        expect(self.send(route, raw=raw), 400, "invalid_request", about)

    def test_lone_surrogates(self):
        for route in ROUTES:
            _, path, _, needed, optional = route
            for field in [*needed, *(k for k, v in optional.items() if v == "T")]:
                for escape in (b"\\ud800", b"\\udfff", b"\\ud800\\u0041", b"\\udc00\\ud800"):
                    about = f"{path} {field}: {escape!r}"
                    with self.subTest(about):
                        raw = json.dumps({**needed, field: "MARK"}).encode().replace(b"MARK", escape)
                        expect(self.send(route, raw=raw), 400, "invalid_request", about)

    def test_bodies_that_are_no_json_object(self):
        bodies = {
            "cut off": b'{"email":"x', "an array": b"[]", "a text": b'"x"', "a number": b"1", "null": b"null", "true": b"true",
            "not JSON": b"email=x", "a name twice": b'{"code":"1","code":"2"}', "an extra comma": b'{"code":"1",}',
            "single quotes": b"{'code':'1'}", "a comment": b'{"code":"1"}//', "two objects": b"{}{}", "behind it": b"{}x",
            "a byte order mark": b"\xef\xbb\xbf{}", "NUL behind it": b"{}\0", "NUL before it": b"\0{}", "NaN": b'{"code":NaN}',
            "deep arrays": b"[" * 60000, "deep objects": b'{"a":' * 12000, "UTF-16": '{"code":"1"}'.encode("utf-16"),
            "a raw control": b'{"code":"a\x01b"}', "a raw line end": b'{"code":"a\nb"}',
            "a bad escape": b'{"code":"\\x41"}',
        }
        for route in ROUTES:
            for name, raw in bodies.items():
                about = f"{route[1]}: {name}"
                with self.subTest(about):
                    expect(self.send(route, raw=raw), 400, "invalid_request", about)

    def test_unknown_fields_are_ignored(self):
        person = self.person().sign_up()
        extra = {"admin": True, "role": ["owner"], "x" * 500: {"deep": [1, [2, [3]]]}, "": None, "\u0001": 1e300}
        expect(person.elsewhere().post("/login", {"email": person.email, "password": PASSWORD, **extra}), 200)
        expect(person.patch("/account", {"name": "Lee", "email": "evil@example.com", "id": "x", **extra}), 200)
        self.assertEqual(expect(person.get("/account"), 200)["email"], person.email)

    def test_content_types(self):
        body = json.dumps({"email": new_address(), "password": WRONG_PASSWORD}).encode()
        cases = (
            ("application/json", 401), ("application/json; charset=utf-8", 401), ("application/json;charset=UTF-8", 401),
            ("Application/JSON", 401), ("application/json ; charset=\"utf-8\";", 401),
            (None, 415), ("", 415), ("text/plain", 415), ("text/json", 415), ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=x", 415), ("application/jsonx", 415), ("application/json, text/plain", 415),
            ("xapplication/json", 415), ("application", 415), ("*/*", 415),
        )
        for kind, status in cases:
            with self.subTest(kind):
                reply = self.person().post("/login", raw=body, headers={"Content-Type": kind})
                expect(reply, status, about=str(kind))
        for route in ROUTES:
            with self.subTest(route[1]):
                expect(self.send(route, raw=b"{}", headers={"Content-Type": "text/plain"}), 415, about=route[1])

    def test_bodies_of_what_has_no_fields(self):
        person = self.person().sign_up()
        other = person.elsewhere().sign_in()
        cases = (("text/xml", b"<x/>", 415), ("text/plain", b"x", 415), (None, b"{}", 415), ("application/json", b"{nonsense", 400),
                 ("application/json", b"[]", 400), ("application/json", b'{"x":"\xff"}', 400))
        for method, path in WITHOUT_FIELDS:
            for kind, raw, status in cases:
                about = f"{method} {path} with {kind} {raw!r}"
                with self.subTest(about):
                    expect(person.request(method, "/api/v1" + path, raw=raw, headers={"Content-Type": kind}), status, about=about)
        self.assertTrue(other.is_signed_in(), "what was refused was done")
        for kind, raw in (("text/plain", b""), ("application/json", b"{}"), ("application/json", b'{"unknown":1}')):
            expect(person.request("DELETE", "/api/v1/sessions", raw=raw, headers={"Content-Type": kind}), 204, about=f"{kind} {raw!r}")
        self.assertFalse(other.is_signed_in())

    def test_bodies_up_to_64_kib(self):
        def padded(size):
            raw = json.dumps({"email": new_address(), "password": WRONG_PASSWORD, "pad": ""}).encode()
            return raw[:-2] + b"x" * (size - len(raw)) + raw[-2:]

        for size, status in ((65536, 401), (65537, 413), (1 << 20, 413)):
            with self.subTest(size):
                expect(self.person().post("/login", raw=padded(size)), status, about=str(size))
        for route in ROUTES:
            with self.subTest(route[1]):
                expect(self.send(route, raw=padded(70000)), 413, about=route[1])
        chunks = {"Transfer-Encoding": "chunked", "Content-Length": None}
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html,*/*;q=0.8"}
        for who, language, words in ((self.person(), "ko", "요청이 너무 큽니다"), (self.signed_in, "ko", "This request is too large")):
            for path in ("/login", "/nothing"):
                for raw, how in ((b"email=" + b"x" * 70000, {}), (b"11170\r\nemail=" + b"x" * 70000, chunks)):
                    reply = who.request("POST", path, raw=raw, headers={**form, "Accept-Language": language, **how})
                    self.assertEqual((reply.status, reply.header("Content-Type")), (413, "text/html; charset=utf-8"), f"{path} {how}")
                    self.assertIn(words, reply.text, path)
        for path, headers in (("/login", {**form, "Accept": "*/*"}), ("/api/v1/login", form), ("/authz/forward-auth", form)):
            for raw, how in ((b"x" * 70000, {}), (b"11170\r\n" + b"x" * 70000, chunks)):
                reply = self.person().request("POST", path, raw=raw, headers={**headers, **how})
                self.assertEqual((reply.status, reply.header("Content-Type")), (413, "application/problem+json"), f"{path} {how}")

    def test_what_nobody_has_built_is_not_found(self):
        paths = ("/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/session", "/api/v1/session/", "/api/v1//session", "/api/v1/Session",
                 "/api/v1/session/x", "/api/v1/sessions/a/b", "/api/v1/%73ession%00", "/api/v1/session;x", "/api/v1/session.json",
                 "/oauth2/nothing", "/oauth2/token", "/.well-known/openid-configuration", "/metrics", "/.git/config",
                 "/api/v1/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/", "/assets/../src/main.c", "/assets/%2e%2e/x",
                 "/api/v1/%", "/api/v1/%zz", "/api/v1/%ff")
        for path in paths:
            with self.subTest(path):
                reply = self.signed_in.request("GET", path)
                self.assertIn(reply.status, (400, 404) if "%" in path or ".." in path else (404,), path)
                if path.startswith("/api/v1/") and reply.status == 404:
                    self.assertEqual(reply.code, "not_found", path)

    def test_methods_that_a_route_does_not_have(self):
        routes = {}
        for method, path, *_ in ROUTES:
            routes.setdefault(path, set()).add(method)
        for method, path in (("GET", "/session"), ("DELETE", "/session"), ("GET", "/sessions"), ("DELETE", "/sessions"),
                             ("DELETE", "/sessions/x"), ("GET", "/account"), ("GET", "/account/two-step"),
                             ("DELETE", "/account/two-step/setup"), ("DELETE", "/account/two-step/remembered-devices"),
                             ("DELETE", "/account/two-step/remembered-devices/x"),
                             # beyond the contract: what is pending, shown again or dropped
                             ("GET", "/account/two-step/setup"), ("GET", "/account/two-step/recovery-codes"),
                             ("DELETE", "/account/two-step/recovery-codes")):
            routes.setdefault(path, set()).add(method)
        for path, methods in routes.items():
            taken = methods | ({"HEAD"} if "GET" in methods else set())
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"):
                if method in taken:
                    continue
                about = f"{method} {path}"
                with self.subTest(about):
                    reply = self.signed_in.request(method, "/api/v1" + path)
                    if method in ("TRACE", "BREW", "get"):
                        self.assertIn(reply.status, (400, 405, 501), about)
                        continue
                    self.assertEqual(reply.status, 405, f"{about}: {reply}")
                    allowed = {word.strip() for word in reply.header("Allow", "").split(",")}
                    self.assertLessEqual(methods, allowed, about)
                    self.assertNotIn(method, allowed, about)
        self.assertTrue(self.signed_in.is_signed_in())

    def test_head_answers_as_get_without_the_body(self):
        for path in ("/api/v1/session", "/api/v1/account", "/api/v1/account/two-step", "/api/v1/sessions", "/api/v1/nothing",
                     "/healthz", "/readyz", "/login", "/signup"):
            with self.subTest(path):
                for who in (self.signed_in, self.person()):
                    get, head = who.request("GET", path), who.request("HEAD", path)
                    self.assertEqual(head.status, get.status, path)
                    self.assertEqual(head.header("Content-Type"), get.header("Content-Type"), path)
                    self.assertEqual(head.header("Content-Length"), get.header("Content-Length"), path)
                    self.assertEqual(head.body, b"")

    def test_query_strings_change_nothing(self):
        for query in ("?", "?x", "?x=1&x=2", "?%00", "?%ff", "?" + "a" * 4000, "?after=1", "?__proto__=1", "?<script>"):
            with self.subTest(query[:20]):
                expect(self.signed_in.get("/session" + query), (200, 400), about=query[:20])

    def test_nobody_may_call_what_needs_a_session(self):
        for method, path, signed_in, needed, _ in ROUTES:
            if signed_in:
                with self.subTest(path):
                    expect(self.person().request(method, "/api/v1" + path, needed), 401, "not_signed_in", path)
        for path in ("/session", "/sessions", "/account", "/account/two-step"):
            expect(self.person().get(path), 401, "not_signed_in", path)
        for path in ("/session", "/sessions", "/sessions/x", "/account/two-step/setup", "/account/two-step/remembered-devices"):
            expect(self.person().delete(path), 401, "not_signed_in", path)


if __name__ == "__main__":
    unittest.main()
