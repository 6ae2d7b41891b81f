"""What the process may do, which user it is, and what other processes of that user may see of it."""
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from harness import Browser, Person, Server, binary, clean_environment, free_port
from neighbour import OTHER, ROOT, run, what_it_sees

YET_ANOTHER = "daemon"  # as `nobody`, a user that each Debian has


def status_of(folder):
    with open(folder + "/status", encoding="utf-8") as file:
        return {name: values.split() for name, _, values in (line.partition(":") for line in file)}


class Started(unittest.TestCase):
    """In a folder that everybody may enter."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="twostep-process-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")

    def server(self, *args, env=None, **more):
        server = Server(args, data=self.data, env=env, log_path=os.path.join(self.folder, "log"), **more)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def refused(self, *args, **more):
        """The one line that the start ends with."""
        done = subprocess.run([binary(), "serve", "--data", self.data, "--listen", f"127.0.0.1:{free_port()}", *args],
                              env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, **more)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done)
        return done.stderr


class Everybody(Started):
    """Whoever starts it."""

    def test_no_new_privileges_and_not_dumpable(self):
        server = self.server()
        self.assertEqual(status_of(f"/proc/{server.process.pid}")["NoNewPrivs"], ["1"])
        self.assertEqual(os.stat(f"/proc/{server.process.pid}/environ").st_uid, 0, "what is dumpable belongs to its user")


@unittest.skipUnless(ROOT, "becoming another user takes root")
class ByRoot(Started):
    def entry(self):
        return pwd.getpwnam(OTHER)

    def test_without_another_user_it_says_so(self):
        server = self.server()
        self.assertRegex(server.log(), r"warn.* running_as_root .*--user")

    def test_changes_to_it_for_good(self):
        server = self.server(env={"TWOSTEP_USER": OTHER})
        user, group = str(self.entry().pw_uid), str(self.entry().pw_gid)
        threads = os.listdir(f"/proc/{server.process.pid}/task")
        self.assertGreater(len(threads), 5)
        for thread in threads:
            status = status_of(f"/proc/{server.process.pid}/task/{thread}")
            self.assertEqual((status["Uid"], status["Gid"]), ([user] * 4, [group] * 4))
            self.assertLessEqual(set(status["Groups"]), set(map(str, os.getgrouplist(OTHER, self.entry().pw_gid))))
            for set_of_rights in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[set_of_rights][0], 16), 0, set_of_rights)
            self.assertEqual(status["NoNewPrivs"], ["1"])
        self.assertNotIn("running_as_root", server.log())
        person = Person(server).with_two_step()
        server.restart()
        self.assertTrue(person.is_signed_in())

    def test_not_dumpable_though_the_user_changed(self):
        server = self.server("--user", OTHER)
        self.assertEqual(os.stat(f"/proc/{server.process.pid}/environ").st_uid, 0)

    def test_what_it_makes_is_that_users_alone(self):
        server = self.server("--user", OTHER)
        Person(server).sign_up()
        for path in [self.data] + [os.path.join(folder, name) for folder, names, files in os.walk(self.data) for name in names + files]:
            about = os.stat(path)
            self.assertEqual((about.st_uid, stat.S_IMODE(about.st_mode) & 0o077), (self.entry().pw_uid, 0), path)

    def test_says_that_the_keyring_is_no_longer_that_users(self):
        server = self.server("--user", OTHER)
        keyring = os.path.join(self.data, "keyring")

        def wait_status(status):
            deadline = time.monotonic() + 10
            while (reply := Browser(server).request("GET", "/readyz")).status != status:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            return reply.json

        os.chown(keyring, 0, 0)
        self.assertEqual(wait_status(503)["reason"], "keyring file moved, replaced or unreadable")
        os.chown(keyring, self.entry().pw_uid, self.entry().pw_gid)
        wait_status(200)

    def test_has_a_port_that_only_root_may_open(self):
        for port in range(1023, 100, -1):
            with socket.socket() as tried:
                try:
                    tried.bind(("127.0.0.1", port))
                    break
                except OSError:
                    pass
        server = self.server("--user", OTHER, port=port)
        Person(server).sign_up()

    def test_the_password_of_mail_is_for_the_server_alone(self):
        """Read by root before the change of user: the commands of that user do without. Only a file that has it must be private."""
        program, secret, config = (os.path.join(self.folder, name) for name in ("twostep", "secret", "config"))
        shutil.copy2(binary(), program)
        for path, text, mode in ((secret, "hush\n", 0o600),
                                 (config, f'mail = "smtp://kim@localhost:{free_port()}"\nmail-password-file = "{secret}"\n', 0o644)):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, mode)
        env = {"TWOSTEP_USER": OTHER, "TWOSTEP_MAIL": "", "TWOSTEP_MAIL_FROM": "a@example.com"}
        server = self.server("--config", config, env=env)
        self.assertNotIn("readable_by_others", server.log())
        for words in (("backup", os.path.join(self.data, "copy")), ("user", "list")):
            done = subprocess.run([program, *words, "--config", config, "--data", self.data, "--mail-from", "a@example.com"], env=clean_environment(),
                                  capture_output=True, text=True, timeout=60, cwd="/", user=self.entry().pw_uid, group=self.entry().pw_gid,
                                  extra_groups=[])
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        server.end()
        with open(config, "w", encoding="ascii") as file:
            file.write('mail = "smtp://kim:hush@localhost"\n')
        server.start()
        self.assertRegex(server.log(), r"readable_by_others .*--config")

    def test_a_socket_file_is_that_users(self):
        path = os.path.join(self.folder, "socket")
        with open(os.path.join(self.folder, "log"), "wb") as log:
            process = subprocess.Popen([binary(), "serve", "--user", OTHER, "--data", self.data, "--listen", "unix:" + path],
                                       env=clean_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.PIPE, text=True)
        with process, process.stderr:
            for line in process.stderr:
                if " ready" in line:
                    break
            about = os.stat(path)
            process.terminate()
            process.stderr.read()
        self.assertEqual((process.returncode, about.st_uid, stat.S_IMODE(about.st_mode)), (0, self.entry().pw_uid, 0o660))

    def test_a_folder_of_root_stays_roots_and_ends_the_start(self):
        os.mkdir(self.data, 0o700)
        line = self.refused("--user", OTHER)
        self.assertIn("--data", line)
        self.assertIn("belongs to user 0", line)
        self.assertEqual(os.stat(self.data).st_uid, 0)
        self.assertEqual(os.listdir(self.data), [])

    def test_a_folder_that_it_may_not_enter_is_not_left_behind(self):
        closed = os.path.join(self.folder, "closed")
        os.mkdir(closed, 0o700)
        self.data = os.path.join(closed, "data")
        self.assertIn("which cannot be reached: Permission denied", self.refused("--user", OTHER))
        self.assertEqual(os.listdir(closed), [])
        os.mkdir(self.data, 0o700)  # nor is one that was there taken away
        os.chown(self.data, self.entry().pw_uid, self.entry().pw_gid)
        self.assertIn("which cannot be reached: Permission denied", self.refused("--user", OTHER))
        self.assertTrue(os.path.isdir(self.data))
        self.data = "/proc/none/data"
        self.assertIn("which cannot be made: No such file or directory", self.refused("--user", OTHER))

    def test_users_that_it_must_not_be(self):
        for name, words in (("no-such-user", "no user"), ("root", "root"), ("", ""), ("0", "no user"), ("x" * 65, "takes")):
            with self.subTest(name):
                if name:
                    self.assertIn(words, self.refused("--user", name))
        self.assertFalse(os.path.exists(self.data))

    def test_others_than_root_become_nobody_else(self):
        program = os.path.join(self.folder, "twostep")
        shutil.copy2(binary(), program)
        entry = self.entry()
        done = subprocess.run([program, "serve", "--user", YET_ANOTHER, "--data", self.data], env=clean_environment(), capture_output=True,
                              text=True, timeout=30, cwd="/", user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done)
        self.assertIn("only root", done.stderr)

    def test_root_is_not_needed(self):
        """All of the journey by a user who may nothing, told its own name or not."""
        entry, program = self.entry(), os.path.join(self.folder, "twostep")
        shutil.copy2(binary(), program)
        os.mkdir(self.data, 0o700)
        os.chown(self.data, entry.pw_uid, entry.pw_gid)
        for env in ({}, {"TWOSTEP_USER": OTHER}):
            server = self.server(env=env, program=program, cwd="/", user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
            self.assertNotIn("running_as_root", server.log())
            person = Person(server).with_two_step().sign_in()
            self.assertTrue(person.is_signed_in())
            server.stop()


class OfTheSameUser(Started):
    """Another program of the server's own user, of which there are many where an operator gives it none of its own."""

    def test_sees_neither_its_memory_nor_its_settings_nor_its_files(self):
        server = self.server(env={"TWOSTEP_USER": OTHER} if ROOT else {})
        found = what_it_sees(server.process.pid)
        seen = {os.path.basename(path) for path in found}
        self.assertIn("status", seen, "the reader reads nothing at all")
        for name in ("environ", "mem", "maps", "smaps", "auxv", "stack", "syscall", "io", "exe", "cwd", "root", "personality", "pagemap"):
            self.assertNotIn(name, seen)
        self.assertEqual([path for path in found if "/fd/" in path or "/fdinfo/" in path or "/map_files/" in path], [])

    def test_does_not_trace_it(self):
        """Which is also how gcore would begin."""
        server = self.server(env={"TWOSTEP_USER": OTHER} if ROOT else {})
        asked = ("import ctypes, sys\nlibc = ctypes.CDLL(None, use_errno=True)\npid = int(sys.argv[1])\n"
                 "for request in (16, 0x4206):\n"  # PTRACE_ATTACH, PTRACE_SEIZE
                 "    print(libc.ptrace(request, pid, None, None), ctypes.get_errno())\n")
        self.assertEqual(run(asked, server.process.pid).split(), [b"-1", b"1"] * 2)
        Person(server).sign_up()


if __name__ == "__main__":
    unittest.main()
