"""Applications behind a proxy, for the tests of the guard: the proxy is played by these tests."""
import itertools
import re
import subprocess
import urllib.parse

from harness import binary, clean_environment, expect
from organizations import OrganizationTest

HTML = {"Accept": "text/html,application/xhtml+xml"}
IDENTITY = ("Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups", "Remote-Methods", "Remote-Second-Step-At",
            "Remote-Assertion")
_ports = itertools.count(9001)
SECOND = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class GuardTest(OrganizationTest):
    """Trusts the tests as a proxy. `self.app` is a host that is not ours; our own is an application's on another port."""
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8"]}

    def own_host(self):
        """A host that no other test has, whose cookies are ours: browsers do not tell ports apart there."""
        return f"localhost:{next(_ports)}"

    def service(self, owner, organization, host, name="Shop", **more):
        return expect(owner.post(f"/organizations/{organization}/services", {"name": name, "hosts": [host], **more}), 201)["id"]

    # The three ways to ask. A header of None is left out.

    def forward_auth(self, browser, host, uri="/", method="GET", proto="http", headers=None, way="GET", query=""):
        asked = {"X-Forwarded-Method": method, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "X-Forwarded-Uri": uri}
        return browser.request(way, "/authz/forward-auth" + query, headers={"Origin": None, **asked, **(headers or {})})

    def auth_request(self, browser, host, uri="/", method="GET", proto="http", headers=None):
        asked = {"X-Original-Method": method, "X-Original-URL": f"{proto}://{host}{uri}"}
        return browser.request("GET", "/authz/auth-request", headers={**asked, **(headers or {})})

    def ext_authz(self, browser, host, uri="/", method="GET", headers=None):
        return browser.request(method, "/authz/ext-authz" + uri, headers={"Host": host, "Origin": None, **(headers or {})})

    def ways(self):
        return (("forward-auth", self.forward_auth), ("auth-request", self.auth_request), ("ext-authz", self.ext_authz))

    def assert_let_in(self, reply, about=""):
        """200, with each identity header once and none of them empty."""
        self.assertEqual(reply.status, 200, f"{about}: {reply!r}")
        for name in IDENTITY:
            self.assertEqual(len(reply.all(name)), 1, f"{about}: {name} is {reply.all(name)}")
            self.assertTrue(reply.header(name), f"{about}: {name} is empty")
        return reply

    def assert_kept_out(self, reply, status=None, about=""):
        """Not 200, and nothing of anybody's identity."""
        if status is None:
            self.assertIn(reply.status, (302, 303, 400, 401, 403), f"{about}: {reply!r}")
        else:
            self.assertEqual(reply.status, status, f"{about}: {reply!r}")
        for name in IDENTITY:
            self.assertEqual(reply.all(name), [], f"{about}: {name}")
        return reply

    # The way of a browser, by hand: what it is sent to, at our host or, through the proxy, at the application's.

    def follow(self, person, location):
        """One step of a browser to an address: (reply, its jar is kept by host)."""
        url = urllib.parse.urlsplit(location)
        if not url.netloc or url.netloc == f"localhost:{self.server.port}":
            return person.request("GET", url.path + (f"?{url.query}" if url.query else ""), headers=HTML)
        self.assertTrue(url.path.startswith("/.twostep/"), location)
        return self.at_app(person, url.scheme, url.netloc, url.path.replace("/.twostep/", "/authz/", 1) + f"?{url.query}")

    def at_app(self, person, proto, host, path, headers=None):
        """What the proxy of that host passes on to us."""
        return person.request("GET", path, headers={**HTML, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, **(headers or {})})


class HandOverTest(GuardTest):
    """Our own host is a name that is no loopback's: hosts count once the operator has allowed them, and cookies are handed over."""
    ORIGIN = "https://sign-in.example"
    SERVER = {"args": ["--trusted-proxies", "127.0.0.0/8", "--public-url", ORIGIN, "--allow-file-mail", "--signup", "open",
                       "--organizations", "signed-in"]}
    PROTO = "https"
    APP = "__Host-twostep-app"
    NONCE = "__Host-twostep-nonce"

    def person(self, word="p", **more):
        person = super().person(word, **more)
        return self.at_home(person)

    def at_home(self, person):
        person.origin = self.ORIGIN
        return person

    def elsewhere(self, person):
        return self.at_home(person.elsewhere())

    def allow(self, host, organization):
        run = subprocess.run([binary(), "host", "allow", host, organization, "--data", self.server.data], capture_output=True, text=True,
                             env=clean_environment(), timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)

    names = itertools.count(1)

    def set_up(self, two_step=False, **more):
        organization, owner, manager, member = self.team(two_step=two_step)
        host = f"app{next(self.names)}.example"
        service = self.service(owner, organization, host, **more)
        self.allow(host, organization)
        return organization, owner, manager, member, host, service

    def check(self, person, host, uri="/", **headers):
        return self.forward_auth(person, host, uri, proto=self.PROTO, headers=headers)

    def start(self, person, host, uri="/"):
        """What a browser without a cookie there is sent to first."""
        reply = self.assert_kept_out(self.check(person, host, uri, **HTML), 302)
        location = reply.header("Location")
        self.assertTrue(location.startswith(f"{self.PROTO}://{host}/.twostep/start?to="), location)
        return location

    def ours(self, person, location):
        """A step at our own host."""
        self.assertTrue(location.startswith(self.ORIGIN + "/") or location.startswith("/"), location)
        return person.request("GET", location.removeprefix(self.ORIGIN), headers=HTML)

    def code(self, person, host, uri="/"):
        """Up to the address with the code, at the application's host, not yet followed. The browser is signed in at ours."""
        return self.go_back(person, host, self.follow(person, self.start(person, host, uri)).header("Location"))

    def go_back(self, person, host, place):
        """The part of it from our host on."""
        reply = self.ours(person, place)
        while reply.status in (302, 303) and not reply.header("Location").startswith(f"{self.PROTO}://{host}/"):
            reply = self.ours(person, reply.header("Location"))
        self.assertIn(reply.status, (302, 303), reply)
        self.assertTrue(reply.header("Location").startswith(f"{self.PROTO}://{host}/.twostep/session?code="), reply.header("Location"))
        return reply.header("Location")

    def hand_over(self, person, host, uri="/"):
        """All the way; answers the last redirect."""
        reply = self.follow(person, self.code(person, host, uri))
        self.assertEqual((reply.status, reply.header("Location")), (302, f"{self.PROTO}://{host}{uri}"))
        return reply
