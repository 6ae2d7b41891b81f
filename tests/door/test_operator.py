"""The operator's commands: through the running server's socket, and on the store itself where no server runs."""
import itertools
import json
import os
import re
import resource
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from harness import Server, at_once, binary, clean_environment, expect
from organizations import OrganizationTest, id_hex


class Commands(OrganizationTest):
    def run_command(self, *words, server=None, **more):
        server = server or self.server
        return subprocess.run([binary(), *words], env=clean_environment(TWOSTEP_DATA=server.data, TWOSTEP_PUBLIC_URL=server.origin,
                                                                        TWOSTEP_MAIL=f"file:{server.outbox}", **more),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    def ok(self, *words, **more):
        done = self.run_command(*words, **more)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
        return done.stdout

    def refused(self, status, text, *words, **more):
        done = self.run_command(*words, **more)
        self.assertEqual((done.returncode, done.stdout), (status, ""), f"{words}: {done.stderr}")
        self.assertIn(text, done.stderr, words)
        return done.stderr

    def hyphens(self):
        """Somebody, and an organization, whose names begin as flags do."""
        organization = "--" + "A" * 20
        self.server.sql("INSERT OR IGNORE INTO organization (id, name, created_at) VALUES (?, 'Hyphens', 0)",
                        bytes.fromhex(id_hex(organization)))
        return self.person("--kim").sign_up(), organization

    def say_words_that_begin_as_flags_do(self, person, organization):
        """The same with a server and without one."""
        self.refused(2, "--", "user", "show", person.email)
        self.assertIn(person.email, self.ok("user", "show", "--", person.email))
        self.assertIn(person.email, self.ok("user", "show", "--json", "--data", self.server.data, "--", person.email))
        self.refused(2, "usage", "user", "show", "--", person.email, "--json")
        self.refused(2, "e-mail", "user", "show", "--", "--help")
        self.refused(1, "--data=x@example.com: no account has this address", "user", "show", "--", "--data=x@example.com")
        self.assertIn("allowed", self.ok("host", "allow", "hyphens.example.com", "--", organization))
        self.ok("host", "forbid", "--", "hyphens.example.com")
        self.ok("user", "close", "--yes", "--", person.email)


class ThroughTheServer(Commands):
    def test_words_that_begin_as_flags_do_stand_behind_two_hyphens(self):
        self.say_words_that_begin_as_flags_do(*self.hyphens())

    def test_need_no_way_for_mail(self):
        """Whether the server's mail reaches anybody is asked at its start, of it alone."""
        environment = {**clean_environment(TWOSTEP_DATA=self.server.data), "TWOSTEP_PUBLIC_URL": "https://login.example.com"}
        for words in (["user", "list"], ["host", "list"], ["organization", "list"]):
            done = subprocess.run([binary(), *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)

    def test_lists_and_shows_people(self):
        person = self.person(name="김소라").with_two_step()
        organization = self.organization(person, "Alpha")
        rows = [json.loads(line) for line in self.ok("user", "list", "--json").splitlines()]
        row = next(r for r in rows if r["email"] == person.email)
        self.assertEqual((row["name"], row["two_step"], row["organizations"]), ("김소라", True, 1))
        self.assertIn(person.email, self.ok("user", "list", "--search", person.email[:4]))
        self.assertNotIn(person.email, self.ok("user", "list", "--search", "nobody-at-all"))
        expect(person.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 7}), 200)
        shown = json.loads(self.ok("user", "show", person.email.upper(), "--json"))
        self.assertEqual((shown["email"], shown["recovery_codes_left"], shown["organizations"][0]["id"]), (person.email, 10, organization))
        self.assertEqual((shown["setup_required"], shown["required_by"]), (False, person.two_step()["required_by"]))
        api = expect(person.get("/sessions"), 200)["sessions"]
        self.assertEqual(shown["sessions"], [{name: session[name] for name in session if name != "current"} for session in api])
        text = self.ok("user", "show", person.email)
        for word in (person.email, "김소라", "10 recovery codes left", "Alpha", "owner", f"Alpha from {shown['required_by'][0]['from']}"):
            self.assertIn(word, text)
        for secret in (person.account.secret, person.account.recovery_codes[0]):
            self.assertNotIn(secret, text)

    def test_resets_a_second_step_with_its_effects(self):
        person = self.person().with_two_step()
        organization = self.organization(person)
        before = len(person.mails())
        self.assertIn("reset", self.ok("user", "reset-second-step", person.email, "--reason", "lost phone and codes"))
        self.assertIn("lost phone and codes", str(self.server.mail_after(person.email, before)))
        self.assertFalse(person.is_signed_in())
        self.assertEqual(expect(person.first_step(), 200)["status"], "setup_required")
        self.assertIn(("second_step_reset", "operator", person.email, "lost phone and codes"), self.log_of(organization))
        self.refused(1, "2-step verification is off", "user", "reset-second-step", person.email, "--reason", "again")
        self.refused(2, "--reason is missing: who asked", "user", "reset-second-step", person.email)
        self.refused(2, "--reason: takes one line", "user", "reset-second-step", person.email, "--reason", "two\nlines")
        self.refused(1, "nobody@example.com: no account has this address", "user", "reset-second-step", "nobody@example.com", "--reason", "x")
        self.refused(2, "e-mail", "user", "reset-second-step", "no address", "--reason", "x")

    def test_closes_and_hands_over_first(self):
        organization, owner, manager, _ = self.team()
        self.refused(2, "--yes", "user", "close", owner.email)
        self.refused(1, "owner", "user", "close", owner.email, "--yes")
        stranger = self.person().sign_up()
        for heir, status, says in ((stranger.email, 1, "belongs to all that"), ("nobody@example.com", 1, "belongs to all that"), ("nobody", 2, "e-mail"),
                                   ("", 2, "e-mail")):
            line = self.refused(status, says, "user", "close", owner.email, "--hand-over", heir, "--yes")
            self.assertTrue(line.startswith(f"twostep: --hand-over {heir}".strip() + ":"), line)
        for person, status, says in (("nobody@example.com", 1, "no account has this address"), ("nobody", 2, "e-mail")):
            line = self.refused(status, says, "user", "close", person, "--hand-over", stranger.email, "--yes")
            self.assertTrue(line.startswith(f"twostep: {person}:"), line)
        self.assertEqual(self.role_of(organization, owner), "owner", "nothing half done")
        self.ok("user", "close", owner.email, "--hand-over", manager.email, "--yes")
        self.assertEqual(self.role_of(organization, manager), "owner")
        expect(owner.first_step(), 401, "invalid_credentials")
        self.assertIn("owner_changed", [row[0] for row in self.log_of(organization)])

    def test_closes_an_owner_of_more_than_one_may_own(self):
        """As hand-overs could once make one."""
        owner, heir = self.person("owner").sign_up(), self.person("heir").sign_up()
        self.organization(heir)
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO organization (id, name, created_at)"
                        " SELECT randomblob(16), 'Owned ' || i, unixepoch() FROM n WHERE true")
        for person, role in ((owner, 3), (heir, 1)):
            self.server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
                            " SELECT o.id, a.id, ?, a.email, 'x', 1, 1 FROM organization o, account a WHERE o.name LIKE 'Owned %' AND a.email = ?",
                            role, person.email)
        self.refused(1, "owner", "user", "close", owner.email, "--hand-over", owner.email, "--yes")
        self.ok("user", "close", owner.email, "--hand-over", heir.email, "--yes")
        self.assertEqual(self.server.sql("SELECT m.role, COUNT(*) FROM membership m JOIN organization o ON o.id = m.organization_id"
                                         " WHERE o.name LIKE 'Owned %' GROUP BY m.role"), [(3, 120)])
        expect(owner.first_step(), 401, "invalid_credentials")
        self.server.sql("DELETE FROM organization WHERE name LIKE 'Owned %'")

    def test_makes_organizations(self):
        person = self.person().sign_up()
        made = self.ok("organization", "create", "Made by hand", "--owner", person.email).strip()
        self.assertEqual(expect(person.get(f"/organizations/{made}"), 200)["role"], "owner")
        rows = [json.loads(line) for line in self.ok("organization", "list", "--json").splitlines()]
        self.assertIn({"id": made, "name": "Made by hand", "owner": person.email, "members": 1}, rows)
        self.refused(2, "", "organization", "create", "a/b", "--owner", person.email)
        self.refused(1, "nobody@example.com: no account has this address", "organization", "create", "Name", "--owner", "nobody@example.com")
        self.refused(2, "--owner is missing: the address of an account", "organization", "create", "Name")

    def test_wrong_words_are_named(self):
        for words, text in ((("user",), "user list"), (("user", "fly"), "user list"), (("user", "show"), "usage"), (("user", "show", "a", "b"), "usage"),
                            (("user", "list", "--reason", "x"), "--reason"), (("user", "list", "--nonsense"), "--nonsense"),
                            (("user", "list", "--json=1"), "--json"), (("user", "list", "--search"), "--search"), (("host", "allow", "x"), "usage"),
                            (("user", "list", "--password-min", "3"), "password-min")):
            self.refused(2, text, *words)

    def test_names_of_people_do_no_harm_to_a_terminal(self):
        person = self.person().sign_up()
        self.server.sql("UPDATE account SET name = ? WHERE email = ?", "x\x1b[31m\u202ey", person.email)
        for output in (self.ok("user", "show", person.email), self.ok("user", "list", "--search", person.email)):
            self.assertNotIn("\x1b", output)
            self.assertNotIn("\u202e", output)

    def test_the_log_says_whom_and_what_it_was_about(self):
        person = self.person().with_two_step()
        organization = self.organization(person, "About")
        account = person.id()
        self.ok("user", "show", person.email)
        self.ok("user", "reset-second-step", person.email, "--reason", "lost phone")
        self.ok("host", "allow", "About.example.com", "About")
        self.refused(2, "", "host", "allow", "https://kim:secret@about.example.com", "About")
        self.ok("host", "forbid", "about.example.com")
        made = self.ok("organization", "create", "About too", "--owner", person.email).strip()
        self.refused(1, "", "user", "show", "nobody@example.com")
        lines = re.findall(r" operator (.*)", self.server.log())
        self.assertEqual(lines[-7:], [
            f"command=user what=show account={account} status=0",
            f"command=user what=reset-second-step account={account} status=0",
            f"command=host what=allow host=about.example.com organization={organization} status=0",
            f"command=host what=allow organization={organization} status=2",
            "command=host what=forbid host=about.example.com status=0",
            f"command=organization what=create organization={made} status=0",
            "command=user what=show status=1"])
        self.assertNotIn(person.email, "".join(lines))
        self.assertNotIn("kim:secret", self.server.log())

    def test_a_long_list_comes_whole(self):
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 350) INSERT INTO account"
                        " (id, email, name, locale, password, password_at, created_at)"
                        " SELECT randomblob(16), printf('long%04d@example.com', i), 'Long', 'en', x'00', 0, 0 FROM n")
        self.assertEqual(len(self.ok("user", "list", "--search", "long0", "--json").splitlines()), 350)

    def test_several_at_once_all_answer(self):
        person = self.person().sign_up()
        for output in at_once([lambda: self.ok("user", "show", person.email)] * 6):
            self.assertIn(person.email, output)

    def test_no_room_for_a_further_file_is_waited_out_without_spinning(self):
        person, pid = self.person().sign_up(), self.server.process.pid

        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        with socket.socket(socket.AF_UNIX) as waiting:
            taken = set(os.listdir(f"/proc/{pid}/fd"))
            lowest_free = next(n for n in itertools.count() if str(n) not in taken)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, hard))
            try:
                waiting.connect(os.path.join(self.server.data, "control"))
                before = self.server.processor_ticks()
                time.sleep(2)
                used = self.server.processor_ticks() - before
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        self.assertLess(used, 15, "hundredths of a second of the processor")
        self.assertIn(person.email, self.ok("user", "show", person.email))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user_is_not_heard(self):
        path = os.path.join(self.server.data, "control")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.chmod(self.server.data, 0o711)
        os.chmod(path, 0o666)
        try:
            script = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                      " s.sendall(b'[\"user\",\"list\"]'); s.shutdown(1); print(len(s.recv(100)))")
            done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, path], capture_output=True, text=True,
                                  timeout=30, check=False)
            self.assertIn(done.stdout.strip() or "0", ("0",), done.stderr)
        finally:
            os.chmod(path, 0o600)
            os.chmod(self.server.data, 0o700)

    def test_odd_requests_are_refused_and_the_next_is_answered(self):
        for request in (b"", b"[]", b"{}", b"[1,2]", b"[\"user\"]", b"\xff", b"[" * 1000, b"[\"user\",\"list\",\"" + b"a" * 70000 + b"\"]",
                        b"[\"user\",\"fly\"]", b"[\"user\",\"list\",\"--data\",\"/x\"]"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(os.path.join(self.server.data, "control"))
                try:
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                    answer = b""
                    while part := client.recv(4096):
                        answer += part
                except OSError:
                    answer = b""
                self.assertTrue(answer[-1:] != b"\0" or not answer, (request[:40], answer[-20:]))
        self.ok("user", "list")


    def test_a_search_takes_wildcards_for_themselves(self):
        person = self.person("wild_", name="100% Kim").sign_up()
        self.person("plain").sign_up()
        for text in ("%", "_", "0%", "WILD_"):
            self.assertEqual([json.loads(r)["email"] for r in self.ok("user", "list", "--json", "--search", text).splitlines()], [person.email], text)
        self.refused(2, "", "user", "list", "--search", "a" * 500)

    def test_json_holds_nothing_that_a_terminal_obeys(self):
        name = "a\u009b31m\u202e\u2028\U0010ffffb"
        self.server.sql("UPDATE account SET name = ? WHERE email = ?", name, self.person("esc").sign_up().email)
        text = self.ok("user", "list", "--json", "--search", "esc")
        self.assertTrue(text.isascii(), text)
        self.assertEqual(json.loads(text)["name"], name)

    def test_more_organizations_than_memory_for_one_call(self):
        owner = self.person().sign_up()
        self.organization(owner, "First")
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) INSERT INTO organization"
                        " (id, name, created_at) SELECT randomblob(16), 'Many', 0 FROM n")
        self.assertGreater(len(self.ok("organization", "list").splitlines()), 8000)

    def test_an_argument_that_is_no_utf_8(self):
        self.refused(2, "UTF-8", "user", "list", "--search", b"\xff")


class LoopbackHosts(Commands):
    def test_are_listed_as_allowed_without_a_word(self):
        organization, owner, *_ = self.team("Here")
        made = expect(owner.post(f"/organizations/{organization}/services", {"name": "Wiki", "hosts": ["wiki.localhost"]}), 201)
        self.assertEqual(made["hosts"], [{"host": "wiki.localhost", "state": "allowed"}])
        self.assertIn("wiki.localhost  allowed to Here  service Wiki of Here\n", self.ok("host", "list"))
        rows = [json.loads(line) for line in self.ok("host", "list", "--json").splitlines()]
        self.assertEqual([r["allowed_to"] for r in rows if r["host"] == "wiki.localhost"], [{"id": organization, "name": "Here"}])

    def test_what_counts_is_not_given_to_another(self):
        organization, owner, *_ = self.team("Works")
        other, stranger, *_ = self.team("Other")
        made = expect(owner.post(f"/organizations/{organization}/services", {"name": "Wiki", "hosts": ["works.localhost"]}), 201)
        said = self.refused(1, "another service", "host", "allow", "works.localhost", other)
        self.assertTrue(said.startswith("twostep: works.localhost: "), said)
        self.assertEqual(expect(owner.get(f"/organizations/{organization}/services/{made['id']}"), 200)["hosts"], made["hosts"])
        self.ok("host", "allow", "works.localhost", organization)
        expect(owner.delete(f"/organizations/{organization}/services/{made['id']}"), 204)
        self.ok("host", "allow", "works.localhost", other)
        expect(stranger.post(f"/organizations/{other}/services", {"name": "Wiki", "hosts": ["works.localhost"]}), 201)


class Hosts(Commands):
    SERVER = {"env": {"TWOSTEP_PUBLIC_URL": "http://login.example.com"}}

    def setUp(self):
        super().setUp()
        self.server.origin = "http://login.example.com"

    def service(self, owner, organization, *hosts):
        return expect(owner.post(f"/organizations/{organization}/services", {"name": "Shop", "hosts": list(hosts)}), 201)

    def hosts(self, owner, organization, service):
        return {h["host"]: h["state"] for h in expect(owner.get(f"/organizations/{organization}/services/{service}"), 200)["hosts"]}

    def test_are_allowed_forbidden_and_listed(self):
        organization, owner, *_ = self.team("Alone of its name")
        made = self.service(owner, organization, "shop.example.com")
        self.ok("host", "allow", "Shop.example.com", "Alone of its name")
        self.assertEqual(self.hosts(owner, organization, made["id"]), {"shop.example.com": "allowed"})
        self.ok("host", "allow", "shop.example.com", organization)
        rows = [json.loads(line) for line in self.ok("host", "list", "--json").splitlines()]
        self.assertIn((organization, "Shop"), [(r["allowed_to"]["id"], r["service"]) for r in rows if r["host"] == "shop.example.com"])
        self.assertIn("shop.example.com  allowed to Alone of its name", self.ok("host", "list"))
        self.ok("host", "forbid", "shop.example.com")
        self.assertEqual(self.hosts(owner, organization, made["id"]), {"shop.example.com": "waiting"})
        self.refused(1, "shop.example.com: is allowed to no organization", "host", "forbid", "shop.example.com")
        for typed in ("not a host", "https://shop.example.com", "*.example.com", "shop.example.com/x", "kim@shop.example.com"):
            for words in (("allow", typed, organization), ("forbid", typed)):
                self.refused(2, f"{typed}: is no host: write app.example.com", "host", *words)
        self.refused(1, "twostep: No such organization: no organization has this id or name", "host", "allow", "x.example.com", "No such organization")
        self.assertEqual([r[0] for r in self.log_of(organization) if r[0].startswith("host_")], ["host_allowed", "host_forbidden"])

    def test_our_own_is_nobodys(self):
        """No service can claim it, so neither is it allowed to any."""
        organization, *_ = self.team()
        for host in ("login.example.com", "LOGIN.example.com.", "login.example.com:8443"):
            self.refused(2, f"twostep: {host}: This is the host of twostep itself. ", "host", "allow", host, organization)
        self.assertNotIn("login.example.com", self.ok("host", "list"))

    def test_a_strangers_claim_keeps_nobody_out(self):
        organization, owner, *_ = self.team()
        other, squatter, *_ = self.team("Squatter")
        taken = self.service(squatter, other, "mine.example.com")
        expect(owner.post(f"/organizations/{organization}/services", {"name": "Mine", "hosts": ["mine.example.com"]}), 409, "host_taken")
        self.ok("host", "allow", "mine.example.com", organization)
        self.assertEqual(self.hosts(squatter, other, taken["id"]), {})
        self.service(owner, organization, "mine.example.com")
        self.refused(1, "", "host", "allow", "mine.example.com", other)

    def test_a_host_that_another_organization_was_given_is_taken(self):
        organization, owner, *_ = self.team()
        other, stranger, *_ = self.team("Beta")
        for host in ("given.example.com", "[2001:db8::1]:8443", "xn--9t4b11yi5a.example"):
            self.ok("host", "allow", host, organization)
        made = expect(stranger.post(f"/organizations/{other}/services", {"name": "Mine", "hosts": ["their.example.com"]}), 201)
        for host in ("given.example.com", "GIVEN.example.com.", "given.example.com.:80", "[2001:0DB8:0::0:1]:8443",
                     "XN--9T4B11YI5A.example"):
            for reply in (stranger.post(f"/organizations/{other}/services", {"name": "Shop", "hosts": ["free.example.com", host]}),
                          stranger.patch(f"/organizations/{other}/services/{made['id']}", {"hosts": [host]})):
                self.assertEqual(expect(reply, 409, "host_taken", host)["field"], "hosts")
        self.assertEqual(self.server.sql("SELECT host FROM service_host WHERE host LIKE 'given.%' OR host LIKE 'free.%'"), [])
        self.assertEqual(self.hosts(stranger, other, made["id"]), {"their.example.com": "waiting"})
        shop = expect(owner.post(f"/organizations/{organization}/services", {"name": "Shop", "hosts": ["given.example.com"]}), 201)
        self.assertEqual(shop["hosts"], [{"host": "given.example.com", "state": "allowed"}])
        expect(owner.delete(f"/organizations/{organization}/services/{shop['id']}"), 204)
        expect(stranger.post(f"/organizations/{other}/services", {"name": "Shop", "hosts": ["given.example.com"]}), 409, "host_taken")
        self.ok("host", "forbid", "given.example.com")
        expect(stranger.post(f"/organizations/{other}/services", {"name": "Shop", "hosts": ["given.example.com"]}), 201)

    def test_a_name_that_several_have_wants_the_id(self):
        for _ in range(2):
            self.organization(self.person().sign_up(), "Twice")
        line = self.refused(1, "Twice: several organizations have this name: say the id", "host", "allow", "twice.example.com", "Twice")
        self.assertIn("twostep organization list", line)
        self.assertTrue(id_hex("A" * 22))

    def test_what_looks_like_an_id_is_one_or_nothing(self):
        """Else a stranger who takes the id of a deleted organization as a name gets its hosts."""
        organization, owner, *_ = self.team("Deleted")
        expect(owner.delete(f"/organizations/{organization}"), 204)
        squat = self.organization(self.person().sign_up(), organization)
        self.refused(1, "no organization has this id", "host", "allow", "deleted.example.com", organization)
        self.refused(1, "no organization has this id", "proxy-config", "nginx", "--service", "Shop", "--organization", organization)
        self.ok("host", "allow", "deleted.example.com", squat)


class WithoutAServer(Commands):
    def test_does_the_same_and_mails_when_one_starts(self):
        person = self.person().with_two_step()
        before = len(person.mails())
        self.server.end()
        done = self.run_command("user", "reset-second-step", person.email, "--reason", "offline")
        self.assertEqual((done.returncode, "no server is running" in done.stderr), (0, True), done.stderr)
        self.assertIn("off, has to be set up", self.ok("user", "show", person.email))
        self.server.start()
        self.assertIn("offline", str(self.server.mail_after(person.email, before)))
        self.assertEqual(expect(person.first_step(), 200)["status"], "setup_required")

    def test_words_that_begin_as_flags_do_stand_behind_two_hyphens(self):
        person, organization = self.hyphens()
        self.server.end()
        self.say_words_that_begin_as_flags_do(person, organization)
        self.server.start()

    def test_mails_where_the_clock_had_been_ahead(self):
        """Days ahead, as the server noted: what is queued now is not as old as that when one starts."""
        person = self.person().with_two_step()
        before = len(person.mails())
        self.server.end()
        self.server.sql("UPDATE meta SET value = ? WHERE name = 'clock'", struct.pack(">q", int(time.time()) + 10 * 86400))
        self.ok("user", "reset-second-step", person.email, "--reason", "ahead")
        self.server.start()
        self.assertIn("ahead", str(self.server.mail_after(person.email, before)))
        self.assertNotIn("mail_expired", self.server.log())

    def test_a_socket_left_by_a_kill_is_replaced(self):
        self.server.restart(9)
        self.ok("user", "list")
        self.server.end(9)
        self.assertTrue(os.path.exists(os.path.join(self.server.data, "control")))
        self.ok("user", "list")
        self.server.start()


    def test_several_at_once_wait_for_each_other(self):
        person = self.person().sign_up()
        self.server.end()
        made = at_once([lambda n=n: self.ok("organization", "create", f"At once {n}", "--owner", person.email) for n in range(4)])
        self.assertEqual(len(set(made)), 4)
        self.server.start()

    def test_not_beside_a_server_that_has_the_database(self):
        with tempfile.TemporaryDirectory() as where:
            self.refused(2, f"process {self.server.process.pid} is using", "user", "list", "--data", where, "--database",
                         f"sqlite:{self.server.database}", "--keyring", os.path.join(self.server.data, "keyring"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_who_may_not_look_is_not_told_that_there_is_none(self):
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", binary(), "user", "list", "--data", self.server.data],
                              env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("which cannot be reached", done.stderr)

    def test_nothing_is_made_where_no_server_has_been(self):
        with tempfile.TemporaryDirectory() as where:
            for name in (where, os.path.join(where, "new")):
                self.refused(2, "no server has begun", "user", "list", "--data", name)
            self.assertEqual(os.listdir(where), [])


class Shutdown(unittest.TestCase):
    def test_clients_that_say_or_take_nothing_do_not_hold_it_up(self):
        server = Server()
        self.addCleanup(server.stop)
        server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO account"
                   " (id, email, name, locale, password, password_at, created_at)"
                   " SELECT randomblob(16), printf('long%04d@example.com', i), 'Long', 'en', x'00', 0, 0 FROM n")
        for request in (None, b'["user","list","--json"]'):
            with self.subTest(request), socket.socket(socket.AF_UNIX) as client:
                client.connect(os.path.join(server.data, "control"))
                if request:
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                time.sleep(0.3)
                begun = time.monotonic()
                self.assertEqual(server.end(), 0)
                self.assertLess(time.monotonic() - begun, 4)
            server.start()

    def test_what_is_no_socket_stays(self):
        server = Server()
        self.addCleanup(server.stop)
        server.end()
        path = os.path.join(server.data, "control")
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
        server.start()
        self.assertIn("no_control_socket", server.log())
        server.end()
        self.assertEqual(os.stat(path).st_size, 4)
        server.start()


if __name__ == "__main__":
    unittest.main()
