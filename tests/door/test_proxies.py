"""
Real nginx, Caddy and HAProxy with the configuration that `twostep proxy-config` prints, in front of an application that tells
what it got (issue: what a proxy forgets is where a guard leaks). Traefik and Envoy are not packaged: what they send, as they
document it, is replayed.
"""
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import types
import unittest
import urllib.parse

from behind import KINDS, Application, BehindTest, Caddy, Haproxy, Nginx, Proxy, Relay, Told, documented, login_nginx, proxy_config
from guard import HTML, IDENTITY, GuardTest, HandOverTest
from harness import Wire, expect, free_port

FORGED = {
    **{name: "root" for name in IDENTITY},
    "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Uri": "/evil",
    "X-Forwarded-Method": "OPTIONS", "X-Forwarded-Port": "1", "X-Forwarded-User": "root", "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "http://evil.example/evil", "X-Original-Method": "OPTIONS", "X-Original-URI": "/evil", "X-Original-Host": "evil.example",
    "X-Rewrite-URL": "/evil", "Forwarded": "for=203.0.113.9;host=evil.example",
    "X-Real-IP": "203.0.113.9",
}
LETHAL = ("root", "evil", "203.0.113.9")
# What other guards, proxies and frameworks say or read beside those: no application behind twostep gets it from a visitor.
OTHERS = (
    "Remote-Addr", "Remote-Group", "Remote-Host", "Remote-Id", "Remote-Port", "Remote-Role", "Remote-Roles", "Remote-Token",
    "X-Forwarded", "X-Forwarded-Access-Token", "X-Forwarded-By", "X-Forwarded-Client-Cert", "X-Forwarded-Context", "X-Forwarded-Email",
    "X-Forwarded-Groups", "X-Forwarded-Path", "X-Forwarded-Preferred-Username", "X-Forwarded-Protocol", "X-Forwarded-Roles",
    "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info",
    "X-Original-For", "X-Original-Forwarded-For", "X-Original-Path", "X-Original-Prefix", "X-Original-Proto", "X-Original-Remote-Addr",
    "X-Auth-Request-Access-Token", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username", "X-Auth-Request-User",
    "X-Authentik-Email", "X-Authentik-Entitlements", "X-Authentik-Groups", "X-Authentik-Jwt", "X-Authentik-Name", "X-Authentik-Uid",
    "X-Authentik-Username", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
)
# What a name may have beside letters, digits and '-' (RFC 9110 section 5.6.2): some servers of applications make '_' of all alike.
SIGNS = "!#$%&'*+.^_`|~"
WEBSOCKET = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
# A list is a line for each.
NO_WEBSOCKETS = (
    "h2c", "H2C", "h2c, websocket", "websocket, h2c", "h2c,websocket", "WebSocket,H2C", "websocket,", ", websocket", "websocket, websocket", "h2c,",
    "websocket/13", "", ["h2c", "websocket"], ["websocket", "h2c"], ["H2C", "WEBSOCKET"], ["WEBSOCKET", "H2C"], ["", "h2c"], ["h2c", ""],
    ["", "websocket"], ["foo", "h2c", "websocket"],
)


class Behind:
    """What holds behind each of them."""

    def test_a_browser_signs_in_and_comes_back_to_the_exact_address(self):
        person = self.owner.elsewhere().sign_in()
        self.jar(person).clear()
        uri = "/a%20b/c;d?e=f&g=%2F%26&h=%EA%B9%80&i="
        came_by, reply = self.follow_all(person, uri)
        self.assertEqual(reply.status, 200, f"{came_by}: {reply!r}")
        self.assertEqual(Told(reply).target, uri)
        self.assertTrue(came_by[1].startswith(f"http://{self.host}/.twostep/start?to="), came_by)
        self.assertTrue(came_by[-2].startswith(f"http://{self.host}/.twostep/session?code="), came_by)
        self.assertEqual(came_by[-1], f"http://{self.host}{uri}")

    def test_a_long_address_is_come_back_to(self):
        """Whose characters three times as many stand for, where one address stands in another."""
        person = self.owner.elsewhere().sign_in()
        uri = "/?" + "&" * 2040
        came_by, reply = self.follow_all(person, uri)
        self.assertEqual(reply.status, 200, f"{[len(address) for address in came_by]}: {reply!r}\n{self.proxy.said()}")
        self.assertEqual(Told(reply).target, uri)

    def test_who_is_not_signed_in_is_led_or_told(self):
        stranger = self.person()
        for method, status in (("GET", 302), ("HEAD", 302), ("POST", 303), ("DELETE", 303)):
            reply = self.kept_out(self.visit(stranger, "/x?y=1", method, HTML, b"z=1" if method == "POST" else None), status, method)
            self.assertTrue(reply.header("Location").startswith(f"http://{self.host}/.twostep/start?to="), reply.headers)
        for headers in ({}, {"Accept": None}, {"Accept": "*/*"}, {**HTML, "X-Requested-With": "XMLHttpRequest"}):
            reply = self.kept_out(self.visit(stranger, "/x", headers=headers), 401, headers)
            self.assertIsNone(reply.header("Location"))
        for cookie in ("twostep-app=x", "twostep-app=" + "A" * 43, "twostep-app=; twostep-app=x"):
            self.kept_out(self.visit(stranger, "/x", headers={"Cookie": cookie}), 401, cookie)

    def test_who_has_no_role_is_kept_out(self):
        came_by, reply = self.follow_all(self.member, "/x")
        self.assertEqual((reply.status, self.application.seen), (403, []), came_by)

    def test_the_application_is_told_who_is_there(self):
        person = self.signed_in(self.owner)
        for method in ("GET", "POST"):
            told = self.let_in(person, "/x?y=1", method, body=b"" if method == "POST" else None)
            self.assertEqual((told.method, told.target), (method, "/x?y=1"))
            for name in IDENTITY:
                self.assertEqual(len(told.all(name)), 1, f"{name}: {told.headers}")
            self.assertEqual(told.all("Remote-User"), [person.id()])
            self.assertEqual(told.all("Remote-Email"), [person.email])
            self.assertEqual(told.all("Remote-Groups"), [f"org:{self.organization_id}:owner,service:{self.service_id}:manager"])
            self.assertEqual(told.all("Remote-Methods"), ["pwd"])
            self.assertEqual(told.all("X-Forwarded-Host"), [self.host])
            self.assertEqual(told.all("X-Forwarded-Proto"), ["http"])
            self.assertEqual(told.all("X-Forwarded-For"), ["127.0.0.1"])
            self.assertEqual(told.all("Host"), [self.host])

    def test_names_arrive_percent_encoded(self):
        person = self.signed_in(self.manager)
        expect(person.patch("/account", {"name": "김, 소라 100%"}), 200)
        self.assertEqual(self.let_in(person).all("Remote-Name"), [urllib.parse.quote("김, 소라 100%", safe="")])

    def test_what_the_visitor_says_of_itself_does_not_count(self):
        person = self.signed_in(self.owner)
        for forged in (FORGED, {name.lower(): value for name, value in FORGED.items()}, {name: [value, value] for name, value in FORGED.items()}):
            told = self.let_in(person, "/x", headers=forged)
            self.assertEqual(told.all("Remote-User"), [person.id()])
            for name, value in told.headers:
                self.assertFalse(any(word in value for word in LETHAL), f"{name}: {value}")
            self.application.seen.clear()
            reply = self.kept_out(self.visit(self.person(), "/x", headers={**HTML, **forged}), 302)
            self.assertTrue(reply.header("Location").startswith(f"http://{self.host}/.twostep/start?to="), reply.headers)
            self.kept_out(self.visit(person, "/export/x", headers=forged), 401)

    def test_what_others_say_of_a_visitor_is_not_said_by_the_visitor(self):
        person = self.signed_in(self.owner)
        for names in (OTHERS, [name.upper() for name in OTHERS]):
            told = self.let_in(person, headers={name: "root" for name in names})
            self.assertEqual([name for name, value in told.headers if "root" in value], [])

    def test_no_other_sign_makes_such_a_name(self):
        person = self.signed_in(self.owner)
        mixed = [name.replace("-", first, 1).replace("-", second) for name in (*FORGED, *OTHERS) for first, second in ("_-", "-_", ".-", "-~") if name.count("-") > 1]
        for about, names in (*((sign, [name.replace("-", sign) for name in group]) for sign in SIGNS for group in (FORGED, OTHERS)),
                             *(("mixed", mixed[at:at + 40]) for at in range(0, len(mixed), 40))):
            told = self.let_in(person, headers={name: "root" for name in names})
            self.assertEqual([name for name, value in told.headers if "root" in value], [], about)
            self.assertEqual(told.all("Remote-User"), [person.id()])

    def test_no_connection_line_takes_away_who_is_there(self):
        person = self.signed_in(self.owner)
        said = (*IDENTITY, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
        for line in (", ".join(said), ", ".join(said).lower(), "close, Remote-User", ["keep-alive", "remote-user"], "Cookie, Host"):
            told = self.let_in(person, headers={"Connection": line})
            for name in said:
                self.assertEqual(len(told.all(name)), 1, f"{line}: {name}: {told.headers}")
        self.application.heads.clear()
        with self.upgraded(person, {**WEBSOCKET, "Connection": "Upgrade, " + ", ".join(said)}) as wire:
            self.assertIn(b" 101 ", wire._until(b"\r\n\r\n"), self.proxy.said())
        self.assertEqual(sorted({name.lower() for name, _ in self.application.heads[0]} & {name.lower() for name in said}), sorted(name.lower() for name in said))

    def test_a_forged_address_leads_nowhere_else(self):
        stranger = self.person()
        location = self.visit(stranger, "/x", headers={**HTML, **FORGED}).header("Location")
        url = urllib.parse.urlsplit(location)
        reply = self.kept_out(self.visit(stranger, f"{url.path}?{url.query}", headers={**HTML, **FORGED}), 302)
        self.assertTrue(reply.header("Location").startswith(self.server.origin + "/login?to="), reply.headers)

    def test_our_cookies_are_not_for_the_application(self):
        person = self.signed_in(self.owner)
        for mine, kept in (("a=1; b=2", ["a=1", "b=2"]), ("twostep=x; a=1", ["a=1"]), ("a=1; twostep-device=x; b=twostep", ["a=1", "b=twostep"]),
                           ("__Host-twostep=x; __Host-twostep-app=y; twostep-login=z; __Host-twostep-nonce=n; c=\"q\"", ["c=\"q\""]),
                           ("a=1;twostep=x;b=2", ["a=1", "b=2"])):
            told = self.let_in(person, headers={"Cookie": mine})
            self.assertEqual(told.cookies(), kept, mine)
        many = "; ".join(f"twostep{n}={n}" for n in range(20))
        self.assertEqual([c for c in self.let_in(person, headers={"Cookie": f"a=1; {many}"}).cookies() if "twostep" in c], [])
        self.assertEqual([c for c in self.let_in(person).cookies()], [])

    def test_a_rule_wants_a_code(self):
        person = self.signed_in(self.owner)
        for method, status in (("GET", 302), ("HEAD", 302), ("POST", 303)):
            reply = self.kept_out(self.visit(person, "/export/x?y", method, HTML, b"z" if method == "POST" else None), status, method)
            self.assertTrue(reply.header("Location"))
        reply = self.kept_out(self.visit(person, "/export/x"), 401)
        self.assertEqual(reply.all("Twostep-Needs"), ["second_step"])
        with_code = self.signed_in(self.manager)
        told = self.let_in(with_code, "/export/x")
        self.assertEqual(told.all("Remote-Methods"), ["pwd,otp"])
        self.assertNotEqual(told.all("Remote-Second-Step-At"), ["-"])

    def test_no_spelling_passes_a_rule(self):
        person = self.signed_in(self.owner)
        for uri in ("/export/x", "//export/x", "/export//x", "/./export/x", "/a/../export/x", "/a/%2e%2e/export/x", "/%65xport/x", "/EXPORT/x",
                    "/export;a=b/x", "/a/..;/export/x", "/export%2fx", "/%2fexport/x", "/export\\x", "/a\\..\\export\\x", "/%5cexport/x",
                    "/a/.%2e/export/x", "/%2e/export/x", "/export/x%00", "/export/x#f", "/a/%252e%252e/export/x", "/export/%zz"):
            reply = self.send(self.raw(person, uri))
            if reply is not None:
                self.assertIn(reply.status, (302, 303, 400, 401, 403), f"{uri}: {reply!r}")
            self.assertEqual(self.application.seen, [], uri)
        for raw in (f"GET http://{self.host}/export/x HTTP/1.1", f"GET http://evil.example/export/x HTTP/1.1",
                    f"GET http://{self.host}//export/x HTTP/1.1", "GET export/x HTTP/1.1", "GET ?/export/x HTTP/1.1"):
            jar = "; ".join(f"{k}={v}" for k, v in self.jar(person).items())
            reply = self.send(f"{raw}\r\nHost: {self.host}\r\nCookie: {jar}\r\nConnection: close\r\n\r\n".encode())
            self.assertEqual(self.application.seen, [], f"{raw}: {reply!r}")
        self.let_in(person, "/exports")
        self.let_in(person, "/a/export/x")

    def test_the_host_that_a_request_line_names_does_not_count(self):
        person = self.signed_in(self.owner)
        jar = "; ".join(f"{k}={v}" for k, v in self.jar(person).items())
        for named, host in ((self.host, self.host), ("evil.example", self.host), (self.host, "evil.example")):
            reply = self.send(f"GET http://{named}/x?y HTTP/1.1\r\nHost: {host}\r\nCookie: {jar}\r\nConnection: close\r\n\r\n".encode())
            if reply is not None and self.application.seen: # else the proxy has no such host
                told = Told(reply)
                self.assertEqual((told.target, told.all("Host"), told.all("X-Forwarded-Host")), ("/x?y", [self.host], [self.host]), (named, host))
                self.assertEqual(told.all("Remote-User"), [person.id()])
            self.application.seen.clear()

    def test_bodies_arrive(self):
        person = self.signed_in(self.owner)
        body = bytes(range(256)) * 1000
        self.assertEqual(self.let_in(person, "/x", "POST", body=body).body.encode("latin-1"), body)
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b"hello ", b"world")) + b"0\r\n\r\n"
        reply = self.send(self.raw(person, "/x", "POST", {"Transfer-Encoding": "chunked"}) + chunked)
        self.assertEqual((reply.status, Told(reply).body), (200, "hello world"))
        self.assertEqual(self.visit(person, "/x", "HEAD").status, 200)

    def test_large_bodies_arrive(self):
        person, body = self.signed_in(self.owner), b"a" * 3_000_000
        self.assertEqual(len(self.let_in(person, "/x", "POST", body=body).body), len(body))
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:2_000_000], body[:500_000])) + b"0\r\n\r\n"
        reply = self.send(self.raw(person, "/x", "POST", {"Transfer-Encoding": "chunked"}) + chunked)
        self.assertEqual((reply.status, len(Told(reply).body)), (200, 2_500_000))
        self.application.seen.clear()
        self.kept_out(self.visit(self.person(), "/x", "POST", HTML, body=body[:1_500_000]), 303)

    def test_websockets_arrive(self):
        person = self.signed_in(self.owner)
        for upgrade in ("websocket", "WebSocket"):
            with self.upgraded(person, {**WEBSOCKET, "Upgrade": upgrade}) as wire:
                self.assertIn(b" 101 ", wire._until(b"\r\n\r\n"), self.proxy.said())
                for word in (b"one\n", b"two\n"):
                    self.assertEqual(wire.send(word)._until(b"\n"), b"echo " + word.strip())
        self.application.seen.clear()
        self.kept_out(self.visit(self.person(), "/socket", headers=WEBSOCKET), 401)
        self.kept_out(self.visit(person, "/export/socket", headers=WEBSOCKET), 401)

    def upgraded(self, person, headers):
        """A connection that has asked for an upgrade."""
        return Wire(types.SimpleNamespace(port=self.proxy.port), 20).send(self.raw(person, "/socket", headers=headers))

    def test_no_other_upgrade_arrives(self):
        person = self.signed_in(self.owner)
        for upgrade in NO_WEBSOCKETS:
            self.application.heads.clear()
            headers = {**WEBSOCKET, "Upgrade": upgrade, "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}
            with self.upgraded(person, headers) as wire:
                self.assertRegex(wire._until(b"\r\n\r\n"), rb"^HTTP/1.1 (101|200|400|403) ", upgrade)
            for head in self.application.heads:
                self.assertIn([value.lower() for name, value in head if name.lower() == "upgrade"], ([], ["websocket"]), upgrade)

    def test_smuggled_requests_do_not_arrive(self):
        person = self.signed_in(self.owner)
        jar = "; ".join(f"{k}={v}" for k, v in self.jar(person).items())
        inner = f"GET /export/smuggled HTTP/1.1\r\nHost: {self.host}\r\nCookie: {jar}\r\n\r\n"
        for about, lines, body in (
                ("CL.TE", [f"Content-Length: {len(inner) + 5}", "Transfer-Encoding: chunked"], "0\r\n\r\n" + inner),
                ("TE.CL", ["Transfer-Encoding: chunked", "Content-Length: 4"], f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n"),
                ("CL.CL", ["Content-Length: 0", f"Content-Length: {len(inner)}"], inner),
                ("CL,CL", [f"Content-Length: 0, {len(inner)}"], inner),
                ("TE obscured", [f"Content-Length: {len(inner) + 5}", "Transfer-Encoding: xchunked"], "0\r\n\r\n" + inner),
                ("TE spaced", [f"Content-Length: {len(inner) + 5}", "Transfer-Encoding : chunked"], "0\r\n\r\n" + inner),
                ("TE doubled", [f"Content-Length: {len(inner) + 5}", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n" + inner),
                ("TE folded", [f"Content-Length: {len(inner) + 5}", "Transfer-Encoding:\r\n chunked"], "0\r\n\r\n" + inner),
                ("a body of GET", [f"Content-Length: {len(inner)}"], inner)):
            method = "GET" if "GET" in about else "POST"
            head = "\r\n".join([f"{method} /x HTTP/1.1", f"Host: {self.host}", f"Cookie: {jar}", *lines])
            self.send(f"{head}\r\n\r\n{body}".encode(), timeout=2 if about else 20)
            self.assertEqual([line for line in self.application.seen if "smuggled" in line], [], about)
        self.let_in(person)

    def test_requests_on_one_connection_are_each_asked_for(self):
        person, stranger = self.signed_in(self.owner), self.person()
        with Wire(types.SimpleNamespace(port=self.proxy.port), 20) as wire:
            wire.send(self.raw(person, "/one"))
            self.assertEqual(wire.reply().status, 200)
            wire.send(self.raw(stranger, "/two"))
            self.assertEqual(wire.reply().status, 401)
        self.assertEqual(self.application.seen, ["GET /one"])

    def test_the_host_of_nobody_is_not_served(self):
        person = self.signed_in(self.owner)
        raw = self.raw(person, "/x", headers={"Host": "evil.example"})
        reply = self.send(raw)
        if reply is not None and self.application.seen: # nginx: the only server of a port is that of any name
            self.assertEqual(Told(reply).all("Host"), [self.host])
        self.application.seen.clear()
        self.send(self.raw(self.person(), "/x", headers={"Host": "evil.example"}))
        self.assertEqual(self.application.seen, [])

    def test_no_way_round_the_hand_over_leads_to_a_check(self):
        """Its two places are served by twostep, and nothing but them."""
        person = self.signed_in(self.owner)
        for checked in ("ext-authz", "forward-auth", "auth-request", "ext-authz/x"):
            for way in ("/%2e%2e/start", "/../start", "/%2e./session", "/x/..%2f../start", "/..//start", "/..;/start", "/..%5cstart", "%2f..%2fsession"):
                for uri in (f"/.twostep/{checked}{way}", f"/authz/{checked}{way.replace('start', '.twostep/start')}"):
                    reply = self.visit(person, uri, headers={"X-Original-Method": "GET", "X-Original-URL": f"http://{self.host}/x"})
                    self.assertEqual([name for name, _ in reply.headers if name.lower().startswith("remote-")], [], f"{uri}: {reply!r}")
                    self.assertTrue(reply.status != 200 or self.application.seen, f"{uri}: {reply!r}")
                    self.application.seen.clear()
        for uri in ("/.twostep/start?to=x", "/.twostep/session?code=x"):
            self.kept_out(self.visit(person, uri), (400, 403, 404), uri)

    def test_sign_out_ends_it_at_the_next_request(self):
        person = self.owner.elsewhere().sign_in()
        self.signed_in(person)
        self.let_in(person)
        self.application.seen.clear()
        person.sign_out()
        self.kept_out(self.visit(person), 401)
        self.kept_out(self.visit(person, headers=HTML), 302)

    def test_without_twostep_nobody_gets_through(self):
        person = self.signed_in(self.owner)
        self.let_in(person)
        self.application.seen.clear()
        self.server.end()
        try:
            for headers in ({}, {**FORGED, **HTML}):
                self.kept_out(self.visit(person, "/x", headers=headers), (502, 503), headers)
            self.kept_out(self.visit(person, "/.twostep/start?to=x"), (502, 503))
        finally:
            self.server.start()
        self.let_in(person)


class BehindNginx(Behind, BehindTest):
    KIND = Nginx


class BehindOpenNginx(BehindTest):
    """Whose http block lets names through that nginx drops by itself."""
    KIND = Nginx
    test_no_other_sign_makes_such_a_name = Behind.test_no_other_sign_makes_such_a_name
    test_what_the_visitor_says_of_itself_does_not_count = Behind.test_what_the_visitor_says_of_itself_does_not_count

    def changed(self, snippet):
        return "    underscores_in_headers on; ignore_invalid_headers off;\n" + snippet


class BehindCaddy(Behind, BehindTest):
    KIND = Caddy


class BehindHaproxy(Behind, BehindTest):
    KIND = Haproxy


class Through:
    """The same, with something between the proxy and the server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.relay = Relay(cls.server.port)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.relay.close()

    def setUp(self):
        super().setUp()
        self.relay.answer = None

    def changed(self, snippet):
        here = f"127.0.0.1:{self.server.port}"
        self.assertIn(here, snippet)
        return snippet.replace(here, f"127.0.0.1:{self.relay.port}").replace("15s", "4s") # of patience

    def test_a_server_that_says_nothing_is_not_waited_for(self):
        person = self.signed_in(self.owner)
        self.let_in(person)
        self.application.seen.clear()
        self.server.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.server.process.pid, os.WSTOPPED)
        try:
            for uri in ("/x", "/.twostep/start?to=x", "/.twostep/session?code=x"):
                self.kept_out(self.send(self.raw(person, uri), timeout=15), (502, 503, 504), uri)
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        self.let_in(person)

    def test_connections_to_twostep_stay_open(self):
        person = self.signed_in(self.owner)
        self.let_in(person)
        before = self.relay.count
        for _ in range(20):
            self.let_in(person)
        self.assertLess(self.relay.count - before, 3)

    def test_the_question_carries_what_decides(self):
        person = self.signed_in(self.owner)
        self.let_in(person)
        self.relay.asked = b""
        headers = {"Accept-Language": "ko", "X-Requested-With": "it", "Authorization": "Basic c2VjcmV0", "X-Other": "other"}
        told = self.let_in(person, "/x", "POST", headers=headers, body=b"form=1")
        self.assertEqual((told.all("Authorization"), told.body), ([headers["Authorization"]], "form=1"))
        asked = self.relay.asked.decode("latin-1").lower()
        self.assertEqual(asked.count("\r\n\r\n"), 1, asked)
        self.assertTrue(asked.endswith("\r\n\r\n"), asked)
        for line in ("cookie: ", "accept: application/json", "accept-language: ko", "x-requested-with: it"):
            self.assertIn(f"\r\n{line}", asked)
        for line in ("authorization: ", *([] if self.KIND is Caddy else ["x-other: "])): # Caddy sends what it is not told to leave out
            self.assertNotIn(f"\r\n{line}", asked)

    def test_an_answer_that_is_none_lets_nobody_in(self):
        person = self.signed_in(self.owner)
        self.relay.answer = b"HTTP/1.1 200 OK\r\n" # and no end of its head
        for answer in (b"", b"nonsense\r\n\r\n", b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", self.relay.answer,
                       b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 999 Oh\r\nContent-Length: 0\r\n\r\n"):
            self.relay.answer = answer
            reply = self.visit(person, "/x")
            self.assertNotEqual(reply.status, 200, answer)
            self.assertEqual(self.application.seen, [], answer)


class ThroughNginx(Through, BehindTest):
    KIND = Nginx


class ThroughCaddy(Through, BehindTest):
    KIND = Caddy


class ThroughHaproxy(Through, BehindTest):
    KIND = Haproxy

    def test_a_200_that_names_nobody_lets_nobody_in(self):
        person = self.signed_in(self.owner)
        whole = "".join(f"{name}: x\r\n" for name in IDENTITY)
        for lines in ("", whole.replace("Remote-User: x", "Remote-User: "), whole + "Remote-User: y\r\n", whole.replace("Remote-Groups: x\r\n", "")):
            self.relay.answer = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode()
            self.kept_out(self.visit(person, "/x"), 503, lines)


class Broken(Haproxy):
    """An action that breaks off: HAProxy goes on behind it."""

    @staticmethod
    def whole(folder, snippet):
        with open(Haproxy.action, encoding="utf-8") as file:
            lua = file.read()
        path = os.path.join(folder, "twostep.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write(lua.replace("\ttake_cookies_out(txn)\n", "\ttake_cookies_out(nil)\n"))
        return Haproxy.whole(folder, snippet).replace(Haproxy.action, path)


class BehindBrokenHaproxy(BehindTest):
    KIND = Broken

    def test_an_action_that_breaks_off_lets_nobody_in(self):
        came_by, reply = self.follow_all(self.owner, "/x")
        self.assertIn("/.twostep/session?code=", came_by[-2])
        self.kept_out(reply, 503)


class BeforeTheSignIn(HandOverTest):
    """nginx before the login host, as documented."""

    def test_the_longest_address_comes_through_a_sign_in(self):
        organization, owner, *_ = self.team(two_step=True)
        host = "a-name-that-is-as-long-as-names-become-in-the-companies-that.have-a-division-of.subsidiaries-of.customers.example"
        self.service(owner, organization, host)
        self.allow(host, organization)
        person = self.elsewhere(owner)
        person.cookies.clear()
        port = free_port()
        proxy = login_nginx(port, self.server.port)
        self.addCleanup(proxy.stop)
        place = self.follow(person, self.start(person, host, "/" + "a" * 2044)).header("Location").removeprefix(self.ORIGIN)
        direct, self.server.port = self.server.port, port
        try:
            self.server.forward(90)
            person.request("GET", place, headers=HTML)
            for path, form in ((place, {"email": owner.email, "password": owner.password}),
                               ("/login/second-step", {"method": "totp", "code": owner.app_code(), "remember_device": "true"})):
                reply = person.request("POST", path, raw=urllib.parse.urlencode(form).encode(),
                                       headers={**HTML, "Host": "sign-in.example", "Content-Type": "application/x-www-form-urlencoded", "Origin": self.ORIGIN})
                self.assertEqual(reply.status, 303, f"{path}: {reply!r}\n{proxy.said()}")
            self.assertIn("__Host-twostep-device", person.cookies)
        finally:
            self.server.port = direct


class Replayed(GuardTest):
    """What Traefik and Envoy send, as their documents say; neither is packaged. What they do with the answer is theirs."""

    def begin(self):
        """(the owner, the cookie that the host gets)"""
        organization, owner, *_ = self.team()
        self.host = f"shop.{self.own_host()}"
        self.service(owner, organization, self.host, rules=[{"path": "/export/*", "second_step_max_age_s": 300}])
        return owner, self.handed_over(owner, self.host)

    def handed_over(self, person, host):
        reply = self.forward_auth(person, host, "/x?y=1", headers=HTML)
        for _ in range(8):
            if reply.status == 200 or urllib.parse.urlsplit(reply.header("Location")).path == "/x":
                break
            reply = self.follow(person, reply.header("Location"))
        return person.cookies["twostep-app"]

    def raw(self, lines):
        with Wire(self.server) as wire:
            return wire.send("\r\n".join(lines + ["", ""]).encode()).reply(head=lines[0].startswith("HEAD "))

    def traefik(self, method, uri, *more, proto="http", host=None):
        """ForwardAuth (pkg/middlewares/auth/forward.go): GET without a body, of the visitor's headers those of authRequestHeaders."""
        return self.raw(["GET /authz/forward-auth HTTP/1.1", f"Host: localhost:{self.server.port}", "User-Agent: Go-http-client/1.1", *more,
                         "X-Forwarded-For: 127.0.0.1", f"X-Forwarded-Method: {method}", f"X-Forwarded-Proto: {proto}",
                         f"X-Forwarded-Host: {host or self.host}", f"X-Forwarded-Uri: {uri}", "Accept-Encoding: gzip"])

    def envoy(self, method, uri, *more, proto="http", host=None):
        """ext_authz over HTTP: the visitor's method and host, path_prefix before the path, and no body."""
        return self.raw([f"{method} /authz/ext-authz{uri} HTTP/1.1", f"host: {host or self.host}", "content-length: 0", *more, f"x-forwarded-proto: {proto}",
                         "x-envoy-internal: true", "x-envoy-expected-rq-timeout-ms: 5000", "x-forwarded-for: 127.0.0.1"])

    def test_traefik_and_envoy_as_documented(self):
        owner, app = self.begin()
        cookie, html = f"Cookie: a=1; twostep-app={app}; b=2", "Accept: text/html"
        for name, ask in (("traefik", self.traefik), ("envoy", self.envoy)):
            with self.subTest(name):
                for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
                    reply = self.assert_let_in(ask(method, "/x?y=1", cookie), f"{name} {method}")
                    self.assertEqual(reply.header("Remote-User"), owner.id())
                    self.assert_kept_out(ask(method, "/x?y=1"), 401, f"{name} {method}")
                    redirect = 302 if method in ("GET", "HEAD") else 303
                    reply = self.assert_kept_out(ask(method, "/x?y=1", html), redirect, f"{name} {method}")
                    self.assertTrue(reply.header("Location").startswith(f"http://{self.host}/.twostep/start?to="))
                    reply = self.assert_kept_out(ask(method, "/export/x", cookie), 401, f"{name} {method}")
                    self.assertEqual(reply.header("Twostep-Needs"), "second_step")
                self.assert_let_in(ask("GET", "/x", cookie, proto="ws" if name == "traefik" else "http"), name)
                self.assert_kept_out(ask("GET", "/x", cookie, "X-Requested-With: XMLHttpRequest", host="evil.example"), 403, name)
                for uri in ("//export/x", "/%2e/export/x", "/a/%2e%2e/export/x", "/EXPORT/x"):
                    self.assert_kept_out(ask("GET", uri, cookie), None, f"{name} {uri}")

    def test_traefik_gets_the_cookies_that_are_not_ours(self):
        owner, app = self.begin()
        for others, kept in (("a=1; b=2", "a=1; b=2"), ("", None), ("twostep=x; c=twostep; __Host-twostep-app=y;d", "c=twostep; d"), ("a=\"x y\";b=", 'a="x y"; b='),
                             ("a=" + "b" * 4000, "a=" + "b" * 4000), ("twostep" + "b" * 3000, None), ("a=1; b=\t2\t3; c", "a=1; c"), (" ;; ;a", "a")):
            for _ in range(2):
                reply = self.assert_let_in(self.traefik("GET", "/x", f"Cookie: {others}; twostep-app={app}", "Twostep-Pass: cookies"), others)
                self.assertEqual(reply.header("Cookie"), kept, others)
        reply = self.assert_let_in(self.traefik("GET", "/x", "Cookie: a=1", f"Cookie: twostep-app={app}; b=2", "Twostep-Pass: cookies"))
        self.assertEqual(reply.header("Cookie"), "a=1; b=2")
        for reply in (self.traefik("GET", "/x", f"Cookie: a=1; twostep-app={app}"), self.traefik("GET", "/x", f"Cookie: a=1; twostep-app={app}", "Twostep-Pass: all"),
                      self.traefik("GET", "/x", "Cookie: a=1", "Twostep-Pass: cookies"), self.envoy("GET", "/x", f"Cookie: a=1; twostep-app={app}", "Twostep-Pass: cookies")):
            self.assertIsNone(reply.header("Cookie"))

    def test_a_visitors_own_headers_that_envoy_passes_do_not_count(self):
        owner, app = self.begin()
        cookie = f"Cookie: twostep-app={app}"
        for forged in ("X-Forwarded-Uri: /x", f"X-Original-URL: http://{self.host}/x", "X-Forwarded-Host: evil.example", "X-Forwarded-Method: HEAD"):
            self.assert_kept_out(self.envoy("GET", "/export/x", cookie, forged), 401, forged)
            self.assert_let_in(self.envoy("GET", "/x", cookie, forged), forged)


class Printed(GuardTest):
    def test_what_is_missing_or_unclear_is_told(self):
        organization, owner, *_ = self.team()
        other = self.organization(owner, "Beta")
        self.service(owner, organization, "one.localhost:9000", "One")
        self.service(owner, organization, "two.localhost:9000", "Two")
        self.service(owner, other, "other-two.localhost:9000", "Two")
        expect(owner.post(f"/organizations/{organization}/services", {"name": "Bare", "hosts": []}), 201)
        self.server.sql("UPDATE service SET name = ? WHERE name = 'Bare'", "Bare\u202e") # which nobody can type, and no terminal obeys
        for words, status, told in (
                (["nginx"], 2, ["--service"]), (["nginx", "--service", "None"], 1, ["One", "Two", organization, other, "Beta"]),
                (["nginx", "--service", "Two"], 1, [organization, other]), (["nginx", "--service", "Bare\u202e"], 1, ["no host"]),
                (["nginx", "--service", "One", "--organization", other], 1, ["no service"]),
                (["nginx", "--service", "One", "--organization", "None"], 1, ["None"]),
                (["nginx", "--service", "One", "--application", "http://x/"], 2, ["--application"]),
                (["nginx", "--service", "One", "--application", "x; evil"], 2, ["--application"]),
                (["apache", "--service", "One"], 2, ["nginx", "caddy", "haproxy", "traefik", "envoy"])):
            with self.subTest(words):
                done = proxy_config(self.server, words[0], *words[1:])
                self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
                for word in told:
                    self.assertIn(word, done.stderr)
                self.assertNotIn("\u202e", done.stderr)
        for named in (other, "Beta"):
            done = proxy_config(self.server, "nginx", "--service", "Two", "--organization", named)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("server_name other-two.localhost;", done.stdout)
            self.assertNotIn("server_name two.localhost;", done.stdout)

    def test_it_is_printed_without_a_server_too(self):
        organization, owner, *_ = self.team("Gamma")
        self.service(owner, organization, "quiet.localhost:9000", "Quiet")
        environment = {"TWOSTEP_PUBLIC_URL": self.server.origin, "TWOSTEP_LISTEN": f"127.0.0.1:{self.server.port}"}
        running = proxy_config(self.server, "caddy", "--service", "Quiet").stdout
        self.server.end()
        try:
            done = proxy_config(self.server, "caddy", "--service", "Quiet", "--public-url", environment["TWOSTEP_PUBLIC_URL"],
                                "--listen", environment["TWOSTEP_LISTEN"], "--trusted-proxies", "127.0.0.1")
            self.assertEqual((done.returncode, done.stdout), (0, running), done.stderr)
        finally:
            self.server.start()


class HttpsTest(GuardTest):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="twostep-printed-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        pair = os.path.join(folder, "pair.pem")
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shop",
                               "-keyout", pair + ".key", "-out", pair + ".crt"], capture_output=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        with open(pair, "w", encoding="ascii") as out:
            for end in (".crt", ".key"):
                with open(pair + end, encoding="ascii") as part:
                    out.write(part.read())
        return folder, pair

    def certified(self, text, pair):
        """With a certificate where yours would be."""
        return re.sub(r"/etc/(ssl|haproxy)/\S*?(?=[;\s])", pair, text)


class ThroughTls(HttpsTest):
    """The snippets as they are printed for https, at work."""
    SERVER = {"args": ["--allow-file-mail", "--trusted-proxies", "127.0.0.0/8"], "env": {"TWOSTEP_PUBLIC_URL": "https://login.example.com"}}

    def send(self, port, host, path, *lines):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        wire = Wire(types.SimpleNamespace(port=port), 20)
        wire.socket = context.wrap_socket(wire.socket, server_hostname=host.split(":")[0].lower())
        with wire:
            return wire.send("\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()).reply()

    def test_the_way_begins_by_https(self):
        folder, pair = self.folder()
        application = Application()
        self.addCleanup(application.server_close)
        self.addCleanup(application.shutdown)
        self.server.sql("INSERT INTO organization (id, name, created_at) VALUES (randomblob(16), 'Alpha', unixepoch())")
        for kind in KINDS:
            with self.subTest(kind.name):
                port = free_port()
                host = f"shop.localhost:{port}"
                self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, ?, unixepoch() FROM organization", kind.name)
                self.server.sql("INSERT INTO service_host (host, service_id) SELECT ?, id FROM service WHERE name = ?", host, kind.name)
                self.server.sql("INSERT INTO allowed_host (host, organization_id, allowed_at) SELECT ?, id, unixepoch() FROM organization", host)
                done = proxy_config(self.server, kind.name, "--service", kind.name, "--application", f"127.0.0.1:{application.server_port}")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                text = self.certified(done.stdout, pair)
                if kind is Caddy: # which would ask an authority for one
                    text = text.replace(f"https://{host} {{\n", f"https://{host} {{\n\ttls {pair} {pair}.key\n")
                proxy = Proxy(kind, text, port)
                self.addCleanup(proxy.stop)
                self.assertEqual(self.send(port, host, "/x").status, 401, proxy.said())
                location = self.send(port, host, "/x?y=1", "Accept: text/html", "X-Forwarded-Proto: http").header("Location")
                self.assertTrue(location.startswith(f"https://{host}/.twostep/start?to="), location)
                url = urllib.parse.urlsplit(location)
                reply = self.send(port, host, f"{url.path}?{url.query}", "Accept: text/html", "X-Forwarded-Proto: http")
                self.assertTrue(reply.header("Location").startswith("https://login.example.com/login?to="), reply.headers)
                self.assertRegex(reply.header("Set-Cookie"), r"^__Host-twostep-\S+; .*Secure")
        self.assertEqual(application.seen, [])


class Together(HttpsTest):
    """The login host and two services on one port, as docs/proxies.md says, one text behind the other."""
    SERVER = {"args": ["--allow-file-mail", "--trusted-proxies", "127.0.0.0/8"], "env": {"TWOSTEP_PUBLIC_URL": "https://login.example.com"}}
    send = ThroughTls.send

    def test_each_host_is_served_as_its_own(self):
        folder, pair = self.folder()
        for kind in KINDS:
            with self.subTest(kind.name):
                port = free_port()
                hosts = [f"{name}-{kind.name}.example.com:{port}" for name in ("one", "two")]
                login = documented({"nginx": "nginx", "caddy": "Caddy", "haproxy": "HAProxy"}[kind.name]).replace("127.0.0.1:8080", f"127.0.0.1:{self.server.port}")
                texts = [re.sub(r"(listen|bind :)( ?)443", rf"\g<1>\g<2>{port}", login).replace("login.example.com {", f"https://login.example.com:{port} {{")]
                for host in hosts:
                    self.server.sql("INSERT INTO organization (id, name, created_at) VALUES (randomblob(16), ?, unixepoch())", host)
                    self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, name, unixepoch() FROM organization WHERE name = ?", host)
                    self.server.sql("INSERT INTO service_host (host, service_id) SELECT name, id FROM service WHERE name = ?", host)
                    self.server.sql("INSERT INTO allowed_host (host, organization_id, allowed_at) SELECT name, id, unixepoch() FROM organization WHERE name = ?", host)
                    texts.append(proxy_config(self.server, kind.name, "--service", host).stdout)
                text = self.certified("\n".join(texts), pair)
                if kind is Caddy: # which would ask an authority for one
                    text = re.sub(r"^(https://\S+ \{\n)", rf"\1\ttls {pair} {pair}.key\n", text, flags=re.M)
                proxy = Proxy(kind, text, port)
                self.addCleanup(proxy.stop)
                for _ in range(24):
                    for host in hosts:
                        reply = self.send(port, host, "/x?y=1", "Accept: text/html")
                        self.assertEqual(reply.status, 302, f"{host}: {reply!r}\n{proxy.said()}")
                        self.assertTrue(reply.header("Location").startswith(f"https://{host}/.twostep/start?to="), reply.headers)
                    reply = self.send(port, "login.example.com", "/login", "Accept: text/html")
                    self.assertEqual(reply.status, 200, f"{reply!r}\n{proxy.said()}")
                url = urllib.parse.urlsplit(self.send(port, hosts[1], "/x", "Accept: text/html").header("Location"))
                reply = self.send(port, hosts[1], f"{url.path}?{url.query}", "Accept: text/html")
                self.assertTrue(reply.header("Location").startswith("https://login.example.com/login?to="), reply.headers)
                self.assertEqual(self.send(port, hosts[0].upper(), "/x").status, 401)
                self.assertEqual(self.send(port, "login.example.com", "/authz/forward-auth").status, 404)


class PrintedForHttps(HttpsTest):
    """As in real use: TLS, hosts that wait, two hosts on a port, an untrusted proxy, a server at a Unix socket."""
    SERVER = {"args": ["--allow-file-mail"], "env": {"TWOSTEP_PUBLIC_URL": "https://login.example.com"}}

    def printed(self, kind, *more):
        done = proxy_config(self.server, kind, "--service", "Shop", "--public-url", "https://login.example.com", "--allow-file-mail", *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def setUp(self):
        super().setUp()
        if not self.server.sql("SELECT 1 FROM service"):
            # The people of this server have cookies of https alone: what they would do is put into the database.
            self.server.sql("INSERT INTO organization (id, name, created_at) VALUES (randomblob(16), 'Alpha', unixepoch())")
            self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, 'Shop', unixepoch() FROM organization")
            for host in ("shop.example.com", "shop2.example.com", "shop.example.com:8443"):
                self.server.sql("INSERT INTO service_host (host, service_id) SELECT ?, id FROM service", host)
            self.server.sql("INSERT INTO allowed_host (host, organization_id, allowed_at) SELECT 'shop.example.com', id, unixepoch() FROM organization")

    def taken(self, kind, folder, pair, text):
        """Its own check finds nothing wrong."""
        config = os.path.join(folder, kind.file)
        with open(config, "w", encoding="utf-8") as file:
            file.write(kind.whole(folder, self.certified(text, pair)))
        done = subprocess.run(kind.check(config, folder), capture_output=True, text=True, timeout=30,
                              env={**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})
        self.assertEqual(done.returncode, 0, f"{done.stderr}\n{text}")

    def test_the_proxies_take_it(self):
        folder, pair = self.folder()
        for kind in KINDS:
            with self.subTest(kind.name):
                text = self.printed(kind.name)
                self.assertIn("--trusted-proxies 127.0.0.1", text)
                self.assertEqual(text.count("WAITS"), 2)
                self.taken(kind, folder, pair, text)

    def test_two_services_stand_beside_each_other(self):
        self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, 'Second', unixepoch() FROM organization")
        self.server.sql("INSERT INTO service_host (host, service_id) SELECT 'second.example.com:9443', id FROM service WHERE name = 'Second'")
        self.addCleanup(self.server.sql, "DELETE FROM service WHERE name = 'Second'")
        folder, pair = self.folder()
        for kind in KINDS:
            with self.subTest(kind.name):
                done = proxy_config(self.server, kind.name, "--service", "Second", "--public-url", "https://login.example.com", "--allow-file-mail")
                self.taken(kind, folder, pair, self.printed(kind.name) + done.stdout)

    def test_no_two_hosts_have_one_name(self):
        """Of one service or of two: those that differ in '-', '.' and ':' alone stand beside each other too."""
        hosts = ("a-b.example", "a.b.example", "a--b.example", "a-b.example:8443", "a-b-8443.example", "a.b.example:8443", "10.0.0.1:8443",
                 "[2001:db8::1]", "[2001:db8::1]:8443", "[2001:db8::1:8443]")
        for name in ("Alike", "Alike too"):
            self.server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, ?, unixepoch() FROM organization", name)
        self.addCleanup(self.server.sql, "DELETE FROM service WHERE name LIKE 'Alike%'")
        for number, host in enumerate(hosts):
            self.server.sql("INSERT INTO service_host (host, service_id) SELECT ?, id FROM service WHERE name = ?", host, ("Alike", "Alike too")[number % 2])
        folder, pair = self.folder()
        names = {"nginx": r"ssl_certificate (\S+);", "caddy": r"^\s*(@start_\S+) path", "haproxy": r"^backend (application_\S+)",
                 "traefik": r"^    (application-\S+):\n      rule", "envoy": r"^  - name: (application_\S+)"}
        for kind, pattern in names.items():
            with self.subTest(kind):
                text = "".join(proxy_config(self.server, kind, "--service", name, "--public-url", "https://login.example.com", "--allow-file-mail").stdout
                               for name in ("Alike", "Alike too"))
                found = re.findall(pattern, text, re.M)
                self.assertEqual((len(found), len(set(found))), (len(hosts), len(hosts)), found)
                for proxy in KINDS:
                    if proxy.name == kind:
                        self.taken(proxy, folder, pair, text)
                if kind in ("traefik", "envoy"):
                    self.parts(text)

    def parts(self, text):
        """Each snippet is YAML, and no key of a mapping is there twice, which would be silently lost."""
        import yaml

        class Strict(yaml.SafeLoader):
            def construct_mapping(self, node, deep=False):
                keys = [key.value for key, _ in node.value]
                if len(keys) != len(set(keys)):
                    raise AssertionError(f"twice: {keys}")
                return super().construct_mapping(node, deep)

        for part in re.split(r"^(?=# twostep in front of)", text, flags=re.M)[1:]:
            self.assertTrue(yaml.load(part, Strict))

    def test_each_names_hosts_schemes_and_headers(self):
        for kind in ("nginx", "caddy", "haproxy", "traefik", "envoy"):
            with self.subTest(kind):
                text = self.printed(kind)
                for word in ("https", "shop.example.com", "shop2.example.com", "8443", f"127.0.0.1:{self.server.port}", "127.0.0.1:3000",
                             "https://login.example.com", "start", "session", "Remote-Assertion"):
                    if kind == "envoy" and word.startswith("127.0.0.1:"):
                        word = "port_value: " + word.split(":")[1]
                    if kind == "haproxy" and word == "Remote-Assertion":
                        word = "lua.twostep"
                    self.assertIn(word.lower(), text.lower())
                self.assertNotRegex(text, r"@@|@[A-Z]+@")

    def test_envoy_is_told_each_name_once(self):
        """A host without a port comes with its default port from some clients; of two names alike Envoy takes neither."""
        import yaml
        found = []
        for listener in yaml.safe_load(self.printed("envoy"))["static_resources"]["listeners"]:
            for host in listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]:
                found.append(host["domains"])
        self.assertEqual(sorted(found), [["shop.example.com", "shop.example.com:443"], ["shop.example.com:8443"], ["shop2.example.com", "shop2.example.com:443"]])

    def test_nginx_is_told_how_to_take_a_long_name(self):
        text = self.printed("nginx")
        self.assertNotIn("server_names_hash_bucket_size", text)
        long = "a-name-that-is-longer.than-most-names-are.example"
        for name in (long, "b" + long, "c" + long):
            self.server.sql("INSERT INTO service_host (host, service_id) SELECT ?, id FROM service WHERE name = 'Shop'", name)
            self.addCleanup(self.server.sql, "DELETE FROM service_host WHERE host = ?", name)
        text = self.printed("nginx")
        lines = re.findall(r"# +(server_names_hash_bucket_size \d+;)", text)
        self.assertEqual((len(lines), len(set(lines))), (3, 1), text)
        folder, pair = self.folder()
        self.taken(Nginx, folder, pair, f"    {lines[0]}\n{text}")

    def test_yaml_is_yaml(self):
        import yaml
        for kind in ("traefik", "envoy"):
            self.assertTrue(yaml.safe_load(self.printed(kind)), kind)

    def test_what_is_not_run_here_deletes_the_same_names(self):
        """What Traefik and Envoy see to by themselves is theirs; Traefik's list names most, its regular expression and Envoy's filter families."""
        import yaml
        middlewares = yaml.safe_load(self.printed("traefik"))["http"]["middlewares"]
        parts = {name.rpartition("-")[0]: value for name, value in middlewares.items()}
        entry = {f"X-Forwarded-{word}" for word in ("For", "Host", "Port", "Proto", "Server", "Tls-Client-Cert", "Tls-Client-Cert-Info")} | {"X-Real-IP"}
        listed = {name.lower() for name, value in parts["twostep-clean"]["headers"]["customRequestHeaders"].items() if value == ""}
        self.assertEqual([name for name in {*FORGED, *OTHERS} - entry if name.lower() not in listed], [])
        stripped = re.compile(parts["twostep-check"]["forwardAuth"]["authResponseHeadersRegex"])
        for name in (*FORGED, *OTHERS):
            for sign in SIGNS if "-" in name else ():
                self.assertRegex(name.replace("-", sign), stripped)
        for name in (*IDENTITY, "Remote-Other", "X-Original-Other", "X-Auth-Request-Other", "X-Authentik-Other"):
            self.assertRegex(name, stripped)
        for name in ("Host", "Cookie", "Authorization", "Content-Type", "X-Requested-With", "X-Originality", *entry):
            self.assertNotRegex(name, stripped)
        envoy = yaml.safe_load(self.printed("envoy"))
        for listener in envoy["static_resources"]["listeners"]:
            manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
            clean = manager["http_filters"][0]["typed_config"]["default_source_code"]["inline_string"]
            self.assertIn('name:lower():gsub("[^%w]", "-")', clean)
            families = [family.replace("%", "") for family in re.findall(r'plain:find\("\^([^"]+)"\)', clean)]
            whole = re.findall(r'plain == "([^"]+)"', clean)
            for name in (*FORGED, *OTHERS):
                self.assertTrue(name.lower() in whole or any(name.lower().startswith(family) for family in families), name)
            self.assertEqual([(header["header"]["key"], header["append_action"]) for header in manager["route_config"]["request_headers_to_add"]],
                             [("x-forwarded-for", "OVERWRITE_IF_EXISTS_OR_ADD")])

    def test_each_router_of_traefik_says_what_becomes_of_upgrades(self):
        import yaml
        http = yaml.safe_load(self.printed("traefik"))["http"]
        for name, router in http["routers"].items():
            told = {}
            for middleware in router["middlewares"]:
                told.update(http["middlewares"][middleware].get("headers", {}).get("customRequestHeaders", {}))
            upgrade, connection = ("websocket", "Upgrade") if "`Upgrade`, `(?i)^websocket$`" in router["rule"] else ("", "")
            self.assertEqual((told["Upgrade"], told["Connection"], told["Remote-User"]), (upgrade, connection, ""), name)
        self.assertEqual(len(http["routers"]), 9)

    def test_a_unix_socket_is_named_as_each_proxy_names_it(self):
        self.server.end()
        try:
            for kind, word in (("nginx", "server unix:/run/twostep/http;"), ("caddy", "forward_auth unix//run/twostep/http {"),
                               ("haproxy", "lua.twostep unix@/run/twostep/http "), ("envoy", 'pipe: { path: "/run/twostep/http" }')):
                self.assertIn(word, self.printed(kind, "--listen", "unix:/run/twostep/http"))
            for kind, listen in (("traefik", "unix:/run/twostep/http"), ("nginx", "unix:/run/two step")):
                done = proxy_config(self.server, kind, "--service", "Shop", "--public-url", "https://login.example.com", "--allow-file-mail", "--listen", listen)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("--listen", done.stderr)
        finally:
            self.server.start()


if __name__ == "__main__":
    unittest.main()
