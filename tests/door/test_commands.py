"""The program as its operator meets it: commands, settings, start and end."""
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time
import unittest

from harness import Browser, DoorTest, Person, Server, at_once, binary, clean_environment, files_up_to, free_port
from invariants import rows


def run(*words, environment=None, seconds=20, **more):
    return subprocess.run([binary(), *words], env=clean_environment(**(environment or {})), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds, **more)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="twostep-commands-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Words(unittest.TestCase):
    def test_help_and_version_are_asked_for(self):
        for words in (["--help"], ["-h"], ["help"], ["serve", "--help"], ["help", "serve"], ["help", "help"], ["--version"],
                      ["serve", "--locale", "ko", "--help"]):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.strip())
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_help_names_every_flag(self):
        text = run("serve", "--help").stdout
        for word in ("--listen", "--public-url", "--mail-password-file", "TWOSTEP_TRUSTED_PROXIES", "default 15", "--config"):
            self.assertIn(word, text)
        self.assertNotIn("--metrics-listen", text)

    def test_a_wrong_word_is_one_line_and_status_2(self):
        for words in ([], ["sevre"], ["--nonsense"], ["help", "sevre"], ["help", "serve", "serve"], ["serve", "stray"],
                      ["serve", "--nonsense"], ["serve", "--metrics-listen", "127.0.0.1:1"], ["sevre\n\x1b[31m"]):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"\Atwostep: [^\n\x1b]+\n\Z")

    def test_help_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([binary(), "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)


class WrongSettings(unittest.TestCase):
    def refused(self, words=(), environment=None, names=(), seconds=20, **more):
        done = run("serve", *words, environment=environment, seconds=seconds, **more)
        self.assertEqual(done.returncode, 2, done)
        self.assertRegex(done.stderr, r"\Atwostep: [^\n]+; takes [^\n]+\n\Z")
        for name in names:
            self.assertIn(name, done.stderr)
        return done.stderr

    def test_names_the_setting_what_it_got_and_what_it_takes(self):
        self.refused(["--password-min", "7"], names=["--password-min", '"7"', "8 to 128"])
        self.refused(environment={"TWOSTEP_LOCALE": "de"}, names=["TWOSTEP_LOCALE", '"de"', "en or ko"])

    def test_names_file_and_line(self):
        with folder() as where:
            path = os.path.join(where, "twostep.conf")
            with open(path, "w") as f:
                f.write("# mine\nlog-level = loud\n")
            self.refused(["--config", path], names=["log-level in " + path + " line 2", '"loud"'])

    def test_never_shows_a_password(self):
        text = self.refused(["--mail", "smtp://kim:hush-hush@mail.example.com"], names=["--mail"])
        self.assertNotIn("hush", text)
        for url in ("kim:hush-hush@mail.example.com:587", "smtp:kim:hush-hush@mail.example.com", "smtp:/kim:hush-hush@mail.example.com"):
            self.assertNotIn("hush", self.refused(environment={"TWOSTEP_MAIL": url}, names=["TWOSTEP_MAIL", "mail.example.com"]))

    def test_never_shows_a_password_that_no_host_follows(self):
        """Forgotten, or taken for a comment."""
        with folder() as where:
            path = os.path.join(where, "twostep.conf")
            for line in ("smtp://kim:hush-hush#hush@mail.example.com:25", '"smtp://kim:hush-hush"', "smtps:kim:hush#hush@mail.example.com"):
                with open(path, "w", encoding="ascii") as file:
                    file.write(f"mail = {line}\n")
                self.assertNotIn("hush", self.refused(["--config", path], names=["mail in " + path]))

    def test_a_folder_that_others_can_enter(self):
        with folder() as where:
            os.chmod(where, 0o755)
            self.refused(["--data", where], names=["--data", where, "0755"])

    def test_a_folder_that_cannot_be_made(self):
        self.refused(["--data", "/nowhere/at/all"], names=["--data", "/nowhere/at/all"])

    def test_a_folder_that_is_a_file(self):
        with tempfile.NamedTemporaryFile() as file:
            self.refused(["--data", file.name], names=["--data", "no folder"])

    def test_a_database_that_is_none(self):
        with folder() as where:
            path = os.path.join(where, "other.db")
            with open(path, "w") as f:
                f.write("this is no database, but it is long enough to look like one" * 20)
            self.refused(["--data", where, "--database", "sqlite:" + path], names=["--database", path])

    def test_a_database_whose_link_leads_nowhere(self):
        with folder() as where:
            path = os.path.join(where, "link.db")
            os.symlink(os.path.join(where, "none.db"), path)
            self.refused(["--data", where, "--database", "sqlite:" + path], names=["--database", path, "a symbolic link to what is not there"])

    def test_no_room_for_a_database(self):
        for size in (64, 4096, 65536, 262144):
            with self.subTest(size), folder() as where:
                self.refused(["--data", where], names=["--database", where, "which cannot be used (File too large)"], preexec_fn=files_up_to(size))

    def test_a_damaged_database(self):
        with folder() as where:
            server = Server(data=where)
            server.stop()
            page, = rows(server.database, "SELECT rootpage FROM sqlite_schema WHERE name = 'migration'")[0]
            size, = rows(server.database, "PRAGMA page_size")[0]
            with open(server.database, "r+b") as file:
                file.seek((page - 1) * size)
                file.write(b"\xff" * size)
            self.refused(["--data", where], names=["--database", "which cannot be used (database disk image is malformed)"])
            done = run("user", "list", "--data", where)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("which cannot be used (database disk image is malformed)", done.stderr)

    def test_a_port_that_is_taken(self):
        with folder() as where, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused(["--data", where, "--listen", listen], names=["--listen", listen])


class Keyring(unittest.TestCase):
    def setUp(self):
        self.where = tempfile.mkdtemp(prefix="twostep-commands-")
        self.addCleanup(shutil.rmtree, self.where, True)
        server = Server(data=self.where)
        Person(server).sign_up()
        server.stop()
        self.keyring = os.path.join(self.where, "keyring")

    def refused(self):
        done = run("serve", "--data", self.where, "--listen", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 2, done)
        self.assertRegex(done.stderr, r"\Atwostep: --keyring: got [^\n]+\n\Z")

    def test_is_for_its_owner_alone(self):
        for name in ("", "keyring", "twostep.db", "lock", "outbox"):
            mode = stat.S_IMODE(os.stat(os.path.join(self.where, name)).st_mode)
            self.assertEqual(mode & 0o077, 0, f"{name}: {mode:o}")

    def test_a_missing_one_refuses_the_start(self):
        os.unlink(self.keyring)
        self.refused()
        self.assertFalse(os.path.exists(self.keyring))

    def test_one_that_others_can_read_refuses_the_start(self):
        os.chmod(self.keyring, 0o640)
        self.refused()

    def test_another_one_refuses_the_start(self):
        with folder() as other:
            server = Server(data=other)
            server.stop()
            shutil.copy2(os.path.join(other, "keyring"), self.keyring)
        self.refused()

    def test_a_cut_one_refuses_the_start(self):
        with open(self.keyring, "r+b") as f:
            f.truncate(20)
        self.refused()

    def test_its_own_one_starts_again(self):
        server = Server(data=self.where)
        self.assertEqual(server.end(), 0)
        server.stop()


class Running(unittest.TestCase):
    def test_one_process_alone_uses_a_folder(self):
        server = Server()
        done = run("serve", "--data", server.data, "--listen", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"process {server.process.pid} ", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        server.stop()

    def test_one_process_alone_uses_a_database(self):
        with folder() as where:
            link, other = os.path.join(where, "link"), os.path.join(where, "other")
            os.mkdir(os.path.join(where, "far"))
            for far in (False, True):
                server = Server(args=["--database", f"sqlite:{where}/far/other.db"] if far else [])
                database = os.path.join(where, "far", "other.db") if far else server.database
                os.symlink(database, link)
                for name in (database, os.path.relpath(database), link):
                    with self.subTest(far=far, name=name):
                        done = run("serve", "--data", other, "--database", f"sqlite:{name}", "--keyring", os.path.join(server.data, "keyring"),
                                   "--listen", f"127.0.0.1:{free_port()}")
                        self.assertEqual(done.returncode, 2)
                        self.assertRegex(done.stderr, rf"\Atwostep: --database: got [^\n]+, which process {server.process.pid} is using; [^\n]+\n\Z")
                os.unlink(link)
                server.stop()

    def test_one_folder_has_several_databases(self):
        with folder() as where:
            servers = [Server(args=["--database", f"sqlite:{where}/{name}.db"]) for name in ("one", "two")]
            for server in servers:
                server.restart()
                server.stop()
            for name in os.listdir(where):
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(where, name)).st_mode), 0o600, name)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_root_takes_no_database_from_its_user(self):
        with folder() as where:
            server = Server(args=["--database", f"sqlite:{where}/one.db"])
            server.end()
            os.unlink(os.path.join(where, "one.db.lock"))
            os.chown(os.path.join(where, "one.db"), 65534, 65534)
            server.restart()
            about = os.stat(os.path.join(where, "one.db.lock"))
            self.assertEqual((about.st_uid, about.st_gid), (65534, 65534))
            server.stop()

    def test_serves_on_where_nobody_reads_what_it_says(self):
        def close():
            os.close(1)
            os.close(2)
        server = Server(env={"TWOSTEP_MAIL_PRINT": "1"}, preexec_fn=close)
        Person(server).with_two_step()
        with open(os.path.join(server.data, "lock"), encoding="ascii") as file:
            self.assertEqual(file.read(), f"{server.process.pid}\n")
        server.restart()
        server.stop()

    def test_a_flag_wins_over_environment_over_file(self):
        with folder() as where:
            path = os.path.join(where, "twostep.conf")
            with open(path, "w") as f:
                f.write('name = "from file"\nlog-format = json\nlocale = ko\n')
            server = Server(args=["--config", path, "--locale", "en"], env={"TWOSTEP_LOG_FORMAT": "text", "TWOSTEP_NAME": ""})
            self.assertNotIn('{"time"', server.log())
            reply = Browser(server).request("GET", "/login", headers={"Accept": "text/html"})
            self.assertIn("from file", reply.text)
            self.assertIn('lang="en"', reply.text)
            server.stop()

    def test_ends_with_0_by_sigterm_and_sigint(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how):
                server = Server()
                self.assertEqual(server.end(how), 0)
                server.stop()

    def test_a_hangup_ends_it_on_a_terminal_alone(self):
        """Who sends it otherwise wants the settings to be read anew, not a service that is down."""
        heard = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)}  # nohup may have started us
        server = Server(**heard)
        server.process.send_signal(signal.SIGHUP)
        server.wait_log(r"warn hangup_ignored .*restart")
        Person(server).sign_up()
        server.stop()
        ours, terminal = os.openpty()
        server = Server(stderr=terminal, **heard)
        os.close(terminal)
        self.assertEqual(server.end(signal.SIGHUP), 0)
        os.close(ours)
        server.stop()

    def test_a_second_signal_ends_it_at_once(self):
        server = Server()
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            slow.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            self.assertIsNone(server.process.poll(), "waits for the open request")
            begun = time.monotonic()
            self.assertNotEqual(server.end(), 0)
            self.assertLess(time.monotonic() - begun, 2)
        shutil.rmtree(server.data)

    def test_says_where_to_go(self):
        with folder() as where:
            port = free_port()
            for shown in (True, False):
                process = subprocess.Popen([binary(), "serve", "--data", where, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                           env=clean_environment(TWOSTEP_MAIL_PRINT=str(int(shown))))
                for line in process.stderr:
                    if " ready" in line:
                        break
                process.terminate()
                out, _ = process.communicate(timeout=20)
                self.assertEqual(out, "twostep 0.1.0 serves http://localhost:8080\n" if shown else "")

    def test_tells_systemd(self):
        with folder() as where:
            path = os.path.join(where, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
                notified.bind(path)
                notified.settimeout(10)
                server = Server(env={"NOTIFY_SOCKET": path})
                self.assertEqual(notified.recv(100), b"READY=1")
                server.stop()
                self.assertEqual(notified.recv(100), b"STOPPING=1")

    def test_serves_on_a_unix_socket(self):
        with folder() as where:
            path = os.path.join(where, "socket")
            process = subprocess.Popen([binary(), "serve", "--data", os.path.join(where, "data"), "--listen", "unix:" + path],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=clean_environment())
            try:
                deadline = time.monotonic() + 20
                while not os.path.exists(path) and time.monotonic() < deadline:
                    time.sleep(0.05)
                connection = http.client.HTTPConnection("localhost")
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(10)
                connection.sock.connect(path)
                connection.request("GET", "/readyz")
                self.assertEqual(connection.getresponse().status, 200)
                connection.close()
            finally:
                process.terminate()
                self.assertEqual(process.wait(20), 0)

    def test_warns_where_networks_cannot_be_told_apart(self):
        server = Server(env={"TWOSTEP_PUBLIC_URL": "http://login.example.com"})
        try:
            self.assertIn("networks_blind", server.log())
            reply = Browser(server).request("GET", "/readyz")
            self.assertIn("networks_blind", reply.json["warnings"])
        finally:
            server.stop()

    def test_warns_where_everybody_is_trusted(self):
        for networks, warned in (("0.0.0.0/0", True), ("unix,::/0", True), ("127.0.0.1,10.0.0.0/8", False)):
            with self.subTest(networks):
                server = Server(env={"TWOSTEP_TRUSTED_PROXIES": networks})
                self.addCleanup(server.stop)
                self.assertEqual("everybody_is_a_trusted_proxy" in server.log(), warned)

    def test_knows_where_it_listens(self):
        """A socket from systemd, and any free port: what the setting says is not where anybody is served."""
        with socket.create_server(("127.0.0.1", 0)) as handed:
            port = handed.getsockname()[1]
            server = Server(args=["--listen", "0.0.0.0:1"], port=port, pass_fds=(handed.fileno(),), env={"TWOSTEP_PUBLIC_URL": "http://login.example.com"},
                            under=("sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&{handed.fileno()}'))
        self.addCleanup(server.stop)
        self.assertIn("networks_blind", server.log())
        server.sql("INSERT INTO organization (id, name, created_at) VALUES (randomblob(16), 'Org', 0)")
        server.sql("INSERT INTO service (id, organization_id, name, created_at) SELECT randomblob(16), id, 'Shop', 0 FROM organization")
        server.sql("INSERT INTO service_host (service_id, host) SELECT id, 'shop.example.com' FROM service")
        asked = ("proxy-config", "nginx", "--service", "Shop", "--data", server.data)
        self.assertIn(f"server 127.0.0.1:{port};", run(*asked).stdout)
        server.end()
        done = run(*asked, "--listen", "127.0.0.1:0")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("port", done.stderr)

    def test_says_what_it_does_not_know(self):
        server = Server(env={"TWOSTEP_LISTN": "1", "TWOSTEP_METRICS_LISTEN": "", "TWOSTEP_Z": "2=3", "TWO_STEP_NAME": "x"})
        self.assertEqual(sorted(re.findall(r" warn unknown_variable name=(\S+)$", server.log(), re.M)),
                         ["TWOSTEP_LISTN", "TWOSTEP_METRICS_LISTEN", "TWOSTEP_Z"])
        server.stop()


class Health(DoorTest):
    def test_lives(self):
        reply = Browser(self.server).request("GET", "/healthz")
        self.assertEqual((reply.status, reply.json), (200, {"status": "ok"}))
        head = Browser(self.server).request("HEAD", "/healthz")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.header("Content-Length"), str(len(reply.body)))
        self.assertEqual(Browser(self.server).request("POST", "/healthz").status, 405)

    def test_is_ready(self):
        reply = Browser(self.server).request("GET", "/readyz")
        self.assertEqual((reply.status, reply.json), (200, {"status": "ready", "warnings": []}))
        head = Browser(self.server).request("HEAD", "/readyz")
        self.assertEqual((head.status, head.body), (200, b""))
        for path in ("/healthz", "/readyz"):
            refused = Browser(self.server).request("DELETE", path)
            self.assertEqual((refused.status, refused.header("Allow"), refused.json), (405, "GET, HEAD", {"status": "method_not_allowed"}))
        self.assertEqual(Browser(self.server).request("GET", "/readyz/x").status, 404)

    def test_is_not_ready_while_the_database_does_not_answer(self):
        connection = sqlite3.connect(self.server.database, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")  # the writer waits for us, and not for ever
            began = time.monotonic()
            while (reply := Browser(self.server).request("GET", "/readyz")).status == 200:
                self.assertLess(time.monotonic() - began, 20, "still says ready")
            self.assertEqual((reply.status, reply.json), (503, {"status": "unavailable", "reason": "database"}))
            self.assertEqual(Browser(self.server).request("GET", "/healthz").status, 200)
            replies = at_once([lambda: Browser(self.server).request("GET", "/readyz")] * 40)
            self.assertEqual({r.status for r in replies}, {503})
            self.assertLessEqual(self.server.log().count("not_ready"), time.monotonic() - began + 1, "asked more than once a second")
        finally:
            connection.close()
        deadline = time.monotonic() + 10
        while Browser(self.server).request("GET", "/readyz").status != 200:
            self.assertLess(time.monotonic(), deadline, "does not recover")
            time.sleep(0.1)

    def test_both_carry_what_every_answer_carries(self):
        for path in ("/healthz", "/readyz"):
            reply = Browser(self.server).request("GET", path)
            self.assertEqual(reply.header("X-Content-Type-Options"), "nosniff")
            self.assertEqual(reply.header("Cache-Control"), "no-store")
            self.assertTrue(reply.header("Content-Security-Policy").startswith("default-src 'none'"))


DATABASE_GONE, KEYRING_GONE = (f"{which} file moved, replaced or unreadable" for which in ("database", "keyring"))


class HealthOfFiles(unittest.TestCase):
    """The server goes on with what it has open; the next start would not find it."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.keyring = os.path.join(self.server.data, "keyring")

    def wait_ready(self, reason=None):
        """Until it is ready, or not for this reason."""
        deadline = time.monotonic() + 10
        wanted = (503, reason) if reason else (200, None)
        while (said := ((reply := Browser(self.server).request("GET", "/readyz")).status, reply.json.get("reason"))) != wanted:
            self.assertLess(time.monotonic(), deadline, said)
            time.sleep(0.1)

    def test_a_file_that_was_moved(self):
        for path, reason in ((self.keyring, KEYRING_GONE), (self.server.database, DATABASE_GONE)):
            with self.subTest(reason):
                os.rename(path, path + ".away")
                self.wait_ready(reason)
                self.assertIn(reason, self.server.log())
                self.assertEqual(Browser(self.server).request("GET", "/healthz").status, 200)
                os.rename(path + ".away", path)
                self.wait_ready()

    def test_it_serves_on(self):
        os.rename(self.keyring, self.keyring + ".away")
        self.wait_ready(KEYRING_GONE)
        self.assertTrue(Person(self.server).with_two_step().is_signed_in())

    def test_a_file_in_its_place(self):
        for path, reason in ((self.keyring, KEYRING_GONE), (self.server.database, DATABASE_GONE)):
            with self.subTest(reason):
                shutil.copy2(path, path + ".copy")
                os.rename(path, path + ".away")
                os.rename(path + ".copy", path)
                self.wait_ready(reason)
                os.rename(path + ".away", path)
                self.wait_ready()

    def test_a_keyring_that_was_removed_and_made_again(self):
        """The new file may get the number of the old one, where that is free."""
        with open(self.keyring, "rb") as file:
            keys = file.read()
        for _ in range(3):
            os.unlink(self.keyring)
            with open(self.keyring, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(keys)
        self.wait_ready(KEYRING_GONE)


if __name__ == "__main__":
    unittest.main()
