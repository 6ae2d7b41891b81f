"""The systemd unit: its words are known, its sandbox is tight, and the server lives within it."""
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "door")]
from harness import Person, Server, binary, clean_environment, expect, free_port  # noqa: E402
from sandbox import ROOT, UNIT, confine, directives, filter_of  # noqa: E402

EXPOSED_AT_MOST = 15  # of 100, as systemd-analyze counts

needs_systemd = unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="twostep-sandbox-")
        self.addCleanup(shutil.rmtree, self.folder, True)


class Documented(Folder):
    """docs/service.md, followed as it is written."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(ROOT, "docs/service.md"), encoding="utf-8") as file:
            self.blocks = re.findall(r"^```\n(.*?)^```$", file.read(), re.M | re.S)

    def settings(self, *names):
        """The variables of the one block that has all of these."""
        found, = (block for block in self.blocks if all(f"{name}=" in block for name in names))
        return dict(re.findall(r"^(?:Environment=)?(TWOSTEP_\w+)=(.*)$", found, re.M))

    def test_the_server_starts_with_what_is_shown(self):
        """The mail server need not answer for it."""
        shown = self.settings("TWOSTEP_PUBLIC_URL")
        self.assertLessEqual({"TWOSTEP_MAIL", "TWOSTEP_MAIL_FROM", "TWOSTEP_TRUSTED_PROXIES"}, set(shown))
        by_unit = self.settings("LoadCredential", "TWOSTEP_MAIL_PASSWORD_FILE")
        with open(os.path.join(self.folder, "mail-password"), "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("hush\n")
        server = Server(env={**shown, **{name: value.replace("%d", self.folder) for name, value in by_unit.items()}})
        self.addCleanup(server.stop)
        self.assertNotRegex(server.log(), r" warn (?!running_as_root)")

    def test_the_password_of_mail_comes_as_the_unit_has_it(self):
        with open(UNIT, encoding="utf-8") as file:
            unit = file.read()
        shown, = (block for block in self.blocks if "LoadCredential=" in block)
        self.assertEqual([line for line in shown.splitlines() if line not in unit], [])


@needs_systemd
class Unit(Folder):
    def unit(self, **changes):
        """The unit as it is installed, for a user that every machine has; `changes` put another value in the place of a directive's."""
        with open(UNIT, encoding="utf-8") as file:
            lines = file.read().replace("@bindir@/twostep", binary()).replace("User=twostep", "User=daemon").splitlines()
        lines = [f"{line.split('=')[0]}={changes[line.split('=')[0]]}" if line.split("=")[0] in changes else line for line in lines]
        path = os.path.join(self.folder, "twostep.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, timeout=60)

    def test_systemd_knows_every_word(self):
        good, bad = self.analyze("verify", "--man=no", self.unit()), self.analyze("verify", "--man=no", self.unit(ProtectClock="perhaps"))
        self.assertEqual((good.returncode, good.stdout + good.stderr), (0, ""))
        self.assertIn("perhaps", bad.stderr)

    def exposed(self, path):
        return self.analyze("security", "--offline=true", f"--threshold={EXPOSED_AT_MOST}", path)

    def test_leaves_little_open(self):
        self.assertEqual(self.exposed(self.unit()).returncode, 0, self.exposed(self.unit()).stdout)
        for opened in ({"SystemCallFilter": "@known"}, {"CapabilityBoundingSet": "~"}, {"ProtectSystem": "no", "PrivateDevices": "no"}):
            self.assertNotEqual(self.exposed(self.unit(**opened)).returncode, 0, opened)


@needs_systemd
@unittest.skipUnless(platform.machine() == "x86_64", "the filter is made for x86-64")
class Within(Folder):
    """All of a journey, mail by SMTP, the operator's commands and the end, under the filter of the unit."""

    def setUp(self):
        """By a user without rights, as the unit has it: root's SQLite hands its files over, which a user without rights does not try."""
        super().setUp()
        self.data, self.program, self.as_user = os.path.join(self.folder, "data"), os.path.join(self.folder, "twostep"), {"cwd": "/"}
        shutil.copy2(binary(), self.program)
        os.mkdir(self.data, 0o700)
        os.chmod(self.folder, 0o755)
        if not os.geteuid():
            user = pwd.getpwnam("nobody")
            os.chown(self.data, user.pw_uid, user.pw_gid)
            self.as_user.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])

    def server(self, unit, **more):
        server = Server(data=self.data, program=self.program, log_path=os.path.join(self.folder, "log"), preexec_fn=confine(filter_of(unit)),
                        **self.as_user, **more)
        self.addCleanup(lambda: server.process.poll() is None and server.process.kill())
        return server

    def test_the_whole_journey(self):
        server = self.server(directives(), args=["--log-level", "debug"])
        person = Person(server).with_two_step()
        expect(person.elsewhere().first_step(password="wrong, but long enough"), 401)
        self.assertTrue(person.elsewhere().sign_in().is_signed_in())
        expect(person.request("GET", "/account/two-step", headers={"Accept": "text/html"}), 200)
        for words in (["user", "show", person.email], ["user", "list"], ["backup", os.path.join(self.data, "copy")]):
            done = subprocess.run([self.program, *words], env=clean_environment(TWOSTEP_DATA=self.data), capture_output=True, timeout=60,
                                  preexec_fn=confine(filter_of(directives())), **self.as_user)
            self.assertEqual(done.returncode, 0, (words, done))
        server.restart(signal.SIGKILL)
        self.assertTrue(person.is_signed_in())
        self.assertEqual(server.end(), 0, server.log()[-2000:])

    def test_mail_by_smtp_with_a_name_that_is_looked_up(self):
        """Nobody answers there: libcurl is loaded and tries, which is all that the filter meets."""
        server = self.server(directives(), env={"TWOSTEP_MAIL": f"smtp://localhost:{free_port()}", "TWOSTEP_MAIL_FROM": "a@example.com"})
        expect(Person(server).try_sign_up(), 202)
        deadline = time.monotonic() + 20
        while "mail_delayed" not in server.log() and time.monotonic() < deadline and server.process.poll() is None:
            time.sleep(0.05)
        self.assertIn("mail_delayed", server.log(), "nobody has tried")
        self.assertEqual(server.end(), 0, server.log()[-2000:])

    @unittest.skipUnless(os.geteuid() == 0, "becoming other users takes root")
    def test_a_socket_is_reached_by_its_group_alone(self):
        """In a folder as the unit makes it."""
        place, user, other = os.path.join(self.folder, "run"), pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
        self.assertEqual(directives()["RuntimeDirectory"], ["twostep"])
        os.mkdir(place)
        os.chown(place, user.pw_uid, user.pw_gid)
        os.chmod(place, int(directives()["RuntimeDirectoryMode"][0], 8))
        process = subprocess.Popen([self.program, "serve", "--data", self.data, "--listen", f"unix:{place}/socket"], env=clean_environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=confine(filter_of(directives())), **self.as_user)
        self.addCleanup(lambda: (process.terminate(), process.wait(20)))
        connect = "import socket, sys; print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"

        def reached(groups):
            done = subprocess.run(["/usr/bin/python3", "-c", connect, place + "/socket"], user=other.pw_uid, group=other.pw_gid,
                                  extra_groups=groups, cwd="/", capture_output=True, text=True, timeout=30, check=True)
            return done.stdout == "0\n"
        deadline = time.monotonic() + 20
        while not reached([user.pw_gid]):
            self.assertLess(time.monotonic(), deadline, "the group does not reach it")
            time.sleep(0.05)
        self.assertFalse(reached([]))

    def test_the_filter_holds(self):
        for directive, less in (("SystemCallFilter", ["@system-service", "~accept4"]), ("SystemCallFilter", ["@system-service", "~@file-system"])):
            with self.assertRaisesRegex(RuntimeError, f"ended with -{signal.SIGSYS.value}"):
                self.server({**directives(), directive: less}).restart()
        with self.assertRaisesRegex(RuntimeError, "ended with 2"):
            self.server({**directives(), "RestrictAddressFamilies": ["AF_UNIX"]})


if __name__ == "__main__":
    unittest.main()
