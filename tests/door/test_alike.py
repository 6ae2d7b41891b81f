"""Nothing tells who has an account: answers byte for byte alike, try by try, also where limits are reached; and as much is written."""
import json
import re
import struct
import unittest
import urllib.parse

from harness import DoorTest, PASSWORD, WRONG_PASSWORD, Wire, expect

NO_CODE = "0000-0000-0000"
WAIT_S = 800  # what a wait is set to, below the longest that there is: no second that passes meanwhile ends it

# What differs from answer to answer whoever is asked about: moments, random ids and tokens (of one length each), and the wait.
VARIES = [(re.compile(pattern), to) for pattern, to in (
    (rb"\r\nDate: [^\r]{29}\r\n", b"\r\nDate: \r\n"),
    (rb"\r\nX-Request-Id: [^\r]{16}\r\n", b"\r\nX-Request-Id: \r\n"),
    (rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"MOMENT"),
    (rb"(?<![\w-])[\w-]{43}(?![\w-])", b"TOKEN"),
    (rb"(?<![\w-])[\w-]{22}(?![\w-])", b"ID"),
    (rb"Retry-After: (7\d\d|800|35\d\d|3600)\r\n", b"Retry-After: WAIT\r\n"),
)]


class Asked:
    """A raw answer, and whether the connection goes on serving."""

    def __init__(self, server, request):
        wire = Wire(server)
        wire.send(request)
        head = wire._until(b"\r\n\r\n")  # pylint: disable=protected-access
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        self.raw = head + b"\r\n\r\n" + wire._take(int(length[1]) if length else 0)  # pylint: disable=protected-access
        try:
            self.goes_on = wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").reply().status == 200
        except Exception:  # pylint: disable=broad-except
            self.goes_on = False
        wire.close()

    def without(self, somebody):
        """What is to be the same. An address stands in pages as it was typed, in links percent-encoded."""
        text = self.raw
        for address, word in ((somebody.email, b"ADDRESS"), (somebody.asker or "-", b"ASKER")):
            for spelling in (address, urllib.parse.quote(address, safe="")) if address != "-" else ():
                text = text.replace(spelling.encode(), word)
        for pattern, to in VARIES:
            text = pattern.sub(to, text)
        return text, self.goes_on


class Somebody:
    """One who is asked about: a kind of account or none, an address of one length, and the network that asks."""
    asker = None  # who asks, where one has to be signed in for it: shown in the head of pages

    def __init__(self, kind, person, n):
        self.kind, self.person, self.email, self.network = kind, person, person.email, f"198.51.100.{n}"
        self.signup = None


class AlikeTest(DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}
    KINDS = ("plain", "two-step", "restricted", "nobody", "closed")
    FEW = ("plain", "nobody", "closed")  # where who knows the password is not asked for it
    numbers = iter(range(100, 1000))

    def somebody(self, kind, n):
        person = self.person(f"alike{next(self.numbers)}x", address="203.0.113.9")
        person.account.email = re.sub(r"x\d+@", "@", person.email)  # one length for all
        if kind != "nobody":
            person.sign_up()
        if kind == "two-step":
            person.enable()
        if kind == "restricted":
            self.server.sql("UPDATE account SET setup_required_at = unixepoch() WHERE email = ?", person.email)
        if kind == "closed":
            expect(person.post("/account/close", {"password": person.password}), 204)
        return Somebody(kind, person, n)

    def all_kinds(self, kinds=KINDS):
        found = [self.somebody(kind, n) for n, kind in enumerate(kinds, 1)]
        self.server.sql("DELETE FROM failure")
        return found

    def form(self, somebody, path, fields, language, **headers):
        return self.raw(somebody, path, "application/x-www-form-urlencoded", urllib.parse.urlencode(fields), "text/html", language, headers)

    def api(self, somebody, path, body, language, **headers):
        return self.raw(somebody, "/api/v1" + path, "application/json", json.dumps(body), "application/json", language, headers)

    def raw(self, somebody, path, kind, body, accept, language, headers):
        sent = {"Host": f"localhost:{self.server.port}", "Origin": self.server.origin, "Accept": accept, "Accept-Language": language,
                "X-Forwarded-For": somebody.network, "Content-Type": kind, "Content-Length": str(len(body)), **headers}
        return Asked(self.server, "\r\n".join([f"POST {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in sent.items()]).encode()
                     + b"\r\n\r\n" + body.encode())

    def wait_longer(self):
        self.server.sql("UPDATE failure SET blocked_until = unixepoch() + ? WHERE kind % 100 = 1 AND blocked_until > 0", WAIT_S)


class ByteForByte(AlikeTest):
    def assert_alike(self, name, people, ask, statuses):
        """`ask(somebody, try)`; the statuses of one try after another, of all alike."""
        for n, status in enumerate(statuses, 1):
            first = None
            for somebody in people:
                answer = ask(somebody).without(somebody)
                about = f"{name}, {somebody.kind}, try {n}: {answer[0].decode('utf-8', 'replace')}"
                self.assertEqual(answer[0][9:12], str(status).encode(), about)
                first = first or answer
                self.assertEqual(answer, first, about)
            self.wait_longer()

    def both(self, name, people, path, body, api, page, **kept):
        """The API in English and the form in Korean, then the reverse; `body(somebody)`."""
        for languages, tries in ((("en", "ko"), None), (("ko", "en"), 1)):
            for surface, language, statuses in (("api", languages[0], api), ("page", languages[1], page)):
                def ask(somebody, surface=surface, language=language):
                    headers = {key: value(somebody) for key, value in kept.items()}
                    return (self.api if surface == "api" else self.form)(somebody, path, body(somebody), language, **headers)
                self.assert_alike(f"{name}, {surface} {language}", people() if callable(people) else people, ask, statuses[:tries])

    def test_sign_in(self):
        self.both("sign-in", self.all_kinds, "/login", lambda s: {"email": s.email, "password": WRONG_PASSWORD},
                  [401] * 5 + [429] * 3, [401] * 5 + [429] * 3)

    def test_sign_in_where_no_password_is_taken_any_more(self):
        people = self.all_kinds()
        body = {s.email: {"email": s.email, "password": WRONG_PASSWORD} for s in people}
        self.assert_alike("first", people, lambda s: self.api(s, "/login", body[s.email], "en"), [401])
        self.server.sql("UPDATE failure SET count = 100 WHERE kind % 100 = 2")
        self.assert_alike("held", people, lambda s: self.api(s, "/login", body[s.email], "en"), [429] * 2)
        self.assert_alike("held", people, lambda s: self.form(s, "/login", body[s.email], "ko"), [429] * 2)

    def test_sign_up(self):
        def body(s):
            return {"email": s.email, "name": "Kim Sora", "password": PASSWORD}
        self.both("sign-up", self.all_kinds(self.FEW), "/signup", body, [202] * 6, [303] * 2)

    def begun(self, language="en"):
        people = self.all_kinds(self.FEW)
        for s in people:
            answer = self.api(s, "/signup", {"email": s.email, "name": "Kim Sora", "password": PASSWORD}, language)
            s.signup = json.loads(answer.raw.split(b"\r\n\r\n", 1)[1])["signup"]
        return people

    def test_codes_of_a_sign_up(self):
        people = self.begun()
        for name, path, api, page, extra in (("resend", "/signup/resend", [202] * 7, [303] * 2, {}),
                                             ("verify", "/signup/verify", [422] * 7, [422] * 2, {"code": NO_CODE})):
            for language in ("en", "ko"):
                self.assert_alike(f"{name}, api {language}", people,
                                  lambda s, p=path, l=language, e=extra: self.api(s, p, {"signup": s.signup, **e}, l), api)
                self.assert_alike(f"{name}, page {language}", people,
                                  lambda s, p=path, l=language, e=extra: self.form(s, p, e, l, Cookie=f"twostep-signup={s.signup}"), page)

    def test_sign_up_by_a_wrong_invitation(self):
        def body(s):
            return {"email": s.email, "name": "Kim Sora", "password": PASSWORD, "invitation": NO_CODE}
        self.both("invited", self.all_kinds(self.FEW), "/signup", body, [422] * 3, [422] * 3)

    def test_reset(self):
        self.both("reset", self.all_kinds(), "/password-reset", lambda s: {"email": s.email}, [202] * 7, [303] * 2)

    def test_codes_of_a_reset(self):
        def body(s):
            return {"email": s.email, "code": NO_CODE, "password": PASSWORD}
        for asked in (False, True):
            people = self.all_kinds(self.FEW)
            for s in people if asked else ():
                self.api(s, "/password-reset", {"email": s.email}, "en")
            self.both(f"code, asked {asked}", people, "/password-reset/complete", body, [422] * 7, [422] * 2)
            # Where the network has no try left.
            self.server.sql("UPDATE failure SET count = 100, blocked_until = unixepoch() + ? WHERE kind = 6", WAIT_S)
            self.both("code, none left", people, "/password-reset/complete", body, [429] * 2, [429] * 2)

    def test_another_address_of_somebody_who_is_signed_in(self):
        for surface, language, statuses in (("api", "en", [202] * 3 + [429] * 2), ("page", "ko", [303] * 3 + [429])):
            people = self.all_kinds(self.FEW)
            cookies = {}
            for s in people:
                asker = self.person("asker", address="203.0.113.9").sign_up()
                s.asker = asker.email
                cookies[s.email] = f"twostep={asker.cookies['twostep']}"
            self.server.sql("UPDATE account SET name = 'Kim Sora'")

            def ask(s, surface=surface, language=language, cookies=cookies):
                call = self.api if surface == "api" else self.form
                return call(s, "/account/email", {"email": s.email}, language, Cookie=cookies[s.email])
            self.assert_alike(f"another address, {surface}", people, ask, statuses)

    def test_an_invitation(self):
        """By an owner each, to whom only their own members may show."""
        for surface, language, first, again in (("api", "en", 201, 409), ("page", "ko", 303, 422)):
            people, asked = self.all_kinds(self.FEW), {}
            for s in people:
                owner = self.person("owner", address="203.0.113.9").sign_up()
                s.asker = owner.email
                organization = expect(owner.post("/organizations", {"name": "Alpha"}), 201)["id"]
                asked[s.email] = (f"/organizations/{organization}/invitations", f"twostep={owner.cookies['twostep']}")

            def ask(s, surface=surface, language=language, asked=asked):
                path, cookie = asked[s.email]
                if surface == "api":
                    return self.api(s, path, {"email": s.email, "role": "member"}, language, Cookie=cookie)
                return self.form(s, path, {"emails": s.email, "role": "member"}, language, Cookie=cookie)
            self.assert_alike(f"invitation, {surface}", people, ask, [first] + [again] * 2)


class AsMuchIsWritten(AlikeTest):
    """Pages that an answer's changes bring into the log of the store, the delivery of its mail among them."""
    EACH = 6

    def pages(self):
        """What the log holds: its index says so (mxFrame of the WAL-index header)."""
        with open(self.server.database + "-shm", "rb") as file:
            return struct.unpack("=I", file.read(20)[16:])[0]

    def written(self, somebody, ask):
        self.server.mail_settled(somebody.email, 10)
        before = self.pages()
        ask(somebody)
        self.server.mail_settled(somebody.email, 10)
        return self.pages() - before

    def test_by_what_is_asked_of_anybody(self):
        """The least of several: a page that splits, and the log that begins anew, are nobody's doing."""
        people = {known: [self.somebody(kind, 1) for _ in range(self.EACH)] for known, kind in ((True, "plain"), (False, "nobody"))}
        self.server.sql("UPDATE account SET locale = 'ko', name = ?", "가" * 100)  # their letters are in another language than what is asked
        for name, ask in (
            ("sign-in", lambda s: self.api(s, "/login", {"email": s.email, "password": WRONG_PASSWORD}, "en")),
            ("sign-in again", lambda s: self.api(s, "/login", {"email": s.email, "password": WRONG_PASSWORD}, "en")),
            ("code of a reset, none mailed", self.reset_code),
            ("reset", lambda s: self.api(s, "/password-reset", {"email": s.email}, "en")),
            ("code of a reset", self.reset_code),
            ("sign-up", self.sign_up),
            ("sign-up's code again", lambda s: self.api(s, "/signup/resend", {"signup": s.signup}, "en")),
            ("sign-up by a wrong invitation", lambda s: self.api(s, "/signup", {**self.sign_up_of(s), "invitation": NO_CODE}, "en")),
        ):
            least = {}
            for known, those in people.items():
                found = [self.written(s, ask) for s in those]
                least[known] = min(pages for pages in found if pages > 0)
            self.assertEqual(least[True], least[False], f"{name}: {least}")

    def reset_code(self, somebody):
        return self.api(somebody, "/password-reset/complete", {"email": somebody.email, "code": NO_CODE, "password": PASSWORD}, "en")

    def sign_up(self, somebody):
        answer = self.api(somebody, "/signup", self.sign_up_of(somebody), "en")
        somebody.signup = json.loads(answer.raw.split(b"\r\n\r\n", 1)[1])["signup"]

    @staticmethod
    def sign_up_of(somebody):
        return {"email": somebody.email, "name": "Kim Sora", "password": PASSWORD}


if __name__ == "__main__":
    unittest.main()
