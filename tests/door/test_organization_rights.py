"""Every page and form of an organisation by every role: what design.md section 5 says, and in the same words whether it is there or not."""
import fnmatch
import glob
import os
import re
import unittest
import urllib.parse

import test_pages
from harness import PASSWORD, expect, new_address
from organizations import ROOT, OrganizationTest, rights

HTML = test_pages.Visitor.KEPT

# What a form may carry, all at once: what a page does not know it ignores.
VALUES = {"role": "manager", "sure": "true", "password": PASSWORD, "reason": "lost", "emails": "x@example.com", "name": "Omega",
          "typed": "Alpha", "days": "0", "grace_days": "0", "csv_mode": "managers", "idle_minutes": "30"}


# Which right of design.md section 5 each page asks for, by the end of its path; the first that fits.
PROMISED = [
    ("GET", "", "SEE_MEMBERS"), ("GET", "/members/{a}", "SEE_MEMBERS"), ("POST", "/members/{a}", "CHANGE_MEMBERS"),
    ("*", "/members/{a}/remove", "CHANGE_MEMBERS"), ("*", "/members/{a}/owner", "HAND_OVER"),
    ("*", "/members/{a}/reset", "RESET_SECOND_STEP"),
    ("GET", "/invitations", "SEE_MEMBERS"), ("*", "/invitations*", "INVITE"),
    ("GET", "/services", "SEE"), ("GET", "/services/{s}", "SEE"), ("*", "/services*", "CHANGE_SERVICES"),
    ("GET", "/security", "SEE_MEMBERS"), ("*", "/security*", "SET_SECURITY"), ("GET", "/audit", "SEE_AUDIT"), ("GET", "/*.csv", "DOWNLOAD"),
    ("GET", "/settings", "SEE"), ("*", "/rename", "RENAME"), ("*", "/leave", "LEAVE"), ("*", "/delete", "DELETE"),
]


def promised(method, path):
    rest = path.removeprefix("/organizations/{o}")
    for asked, pattern, right in PROMISED:
        if asked in (method, "*") and fnmatch.fnmatchcase(rest, pattern):
            return right
    raise AssertionError(f"{method} {path}: which right should it ask for?")


def routes():
    """[(method, path, right)] of every page of an organisation: the paths as src/pages has them, the rights as promised."""
    found, words = [], {}
    for file in glob.glob(os.path.join(ROOT, "src/pages/*.[ch]")):
        with open(file, encoding="utf-8") as source:
            text = source.read()
        words = {**SHARED, **dict(re.findall(r'^#define (\w+) +"([^"]*)"', text, re.M))}
        for method, path in re.findall(r"\{ (GET|POST), ([^,]+), ACCESS_RIGHT\(", text):
            path = "".join(quoted or words[name] for quoted, name in re.findall(r'"([^"]*)"|(\w+)', path))
            found.append((method, path, promised(method, path)))
    return sorted(found)


def shared():
    with open(os.path.join(ROOT, "src/pages/routes.h"), encoding="utf-8") as source:
        return dict(re.findall(r'^#define (\w+) +"([^"]*)"', source.read(), re.M))


SHARED = shared()


class Rights(OrganizationTest):
    def visitor(self, person):
        """The same person, at the same browser, without JavaScript."""
        visitor = test_pages.Visitor(self.server, account=person.account)
        visitor.cookies = person.cookies
        return visitor

    def crew(self, two_step=False):
        organization, *people = self.team(two_step=two_step)
        return (organization, *[self.visitor(person) for person in people])

    def stranger(self):
        return self.visitor(self.person("stranger").sign_up())

    def service(self, owner, organization, name="Shop", **more):
        return expect(owner.post(f"/organizations/{organization}/services", {"name": name, **more}), 201)["id"]

    def invitation(self, owner, organization, email=None):
        body = {"email": email or new_address("invited"), "role": "member"}
        return expect(owner.post(f"/organizations/{organization}/invitations", body), 201)["id"]

    def send(self, visitor, path, status, origin=None):
        raw = urllib.parse.urlencode(VALUES).encode()
        headers = {**HTML, "Content-Type": "application/x-www-form-urlencoded", **({"Origin": origin} if origin else {})}
        reply = visitor.request("POST", path, raw=raw, headers=headers)
        self.assertIn(reply.status, status if isinstance(status, tuple) else (status,), f"POST {path}: {reply!r}")
        return reply

    def names(self, owner, organization, member):
        return {"{o}": organization, "{a}": member.id(), "{i}": self.invitation(owner, organization),
                "{s}": self.service(owner, organization)}

    def paths(self, method, names):
        for asked, path, right in routes():
            if asked == method:
                for name, value in names.items():
                    path = path.replace(name, value)
                yield path, right

    def test_every_page_for_every_role(self):
        alpha, owner, manager, member = self.crew()
        expect(owner.patch(f"/organizations/{alpha}/security", {"csv_download": {"mode": "managers"}}), 200)
        stranger, nobody, table, looked = self.stranger(), test_pages.Visitor(self.server), rights(), 0
        for path, right in self.paths("GET", self.names(owner, alpha, member)):
            for role, visitor in (("owner", owner), ("manager", manager), ("member", member)):
                reply = visitor.request("GET", path, headers=HTML)
                may = reply.status == 200 or (reply.header("Location") or "").startswith(f"/organizations/{alpha}/")
                self.assertEqual(may or reply.status, table[right][0][role] or 403, f"{role} {path}: {reply!r}")
            self.assertEqual(stranger.request("GET", path, headers=HTML).status, 404, path)
            self.assertEqual(nobody.request("GET", path, headers=HTML).header("Location"), "/login", path)
            looked += 1
        self.assertGreater(looked, 10, "the tables of routes were not found")

    def test_every_form_for_those_who_may_not(self):
        alpha, owner, manager, member = self.crew()
        names = {**self.names(owner, alpha, member), "{a}": owner.id()}
        stranger, nobody, table, before = self.stranger(), test_pages.Visitor(self.server), rights(), self.log_of(alpha)
        for path, right in self.paths("POST", names):
            self.send(stranger, path, 404)
            self.assertEqual(self.send(nobody, path, 303).header("Location"), "/login")
            for role, visitor in (("manager", manager), ("member", member)):
                if not table[right][0][role]:
                    self.send(visitor, path, 403)
            self.send(owner, path, 403, origin="https://evil.example")
        self.assertLessEqual({row[0] for row in self.log_of(alpha)[len(before):]}, {"signed_in"}, "something was done all the same")

    def test_ids_of_another_organization_are_not_there(self):
        alpha, owner, _, _ = self.crew()
        beta, other, _, lee = self.crew()
        before = self.log_of(beta)
        theirs = self.names(other, beta, lee)
        for wrong in (theirs, {name: "x" for name in theirs}, {name: "A" * 22 for name in theirs}):
            for method in ("GET", "POST"):
                for _, path, _ in (route for route in routes() if route[0] == method and route[1].count("{") > 1):
                    for name, value in {**wrong, "{o}": alpha}.items():
                        path = path.replace(name, value)
                    reply = owner.request("GET", path, headers=HTML) if method == "GET" else self.send(owner, path, (404, 303))
                    if reply.status == 404:
                        continue
                    self.assertEqual((reply.status, reply.header("Location")), (303, f"/organizations/{alpha}/invitations"), path)
                    self.assertIn("/invitations/", path, "what is gone needs no more there alone")
        done = {row[0] for row in self.log_of(beta)[len(before):]}
        self.assertLessEqual(done, {"signed_in", "invited", "service_created"})


if __name__ == "__main__":
    unittest.main()
