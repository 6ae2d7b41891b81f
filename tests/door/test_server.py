"""The process itself: its settings, its health, its start and its end."""
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (PASSWORD, Closed, DoorTest, Person, Server, Unread, Wire, binary, clean_environment, decomposed, expect,
                     free_port)


class Folder(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="twostep-door-")
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)

    def run_serve(self, *args, env=None, listen=True, command="serve"):
        """Runs until it ends (or ten seconds): status, standard output, standard error."""
        environment = clean_environment(TWOSTEP_DATA=os.path.join(self.data, "d"), **(env or {}))
        if listen:
            environment.setdefault("TWOSTEP_LISTEN", f"127.0.0.1:{free_port()}")
        try:
            done = subprocess.run([binary(), *([command] if command else []), *args], env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=10)
        except subprocess.TimeoutExpired:
            self.fail(f"{args} {env}: it started")
        return done.returncode, done.stdout.decode(), done.stderr.decode()


class Settings(Folder):
    def test_a_wrong_setting_ends_the_start_with_one_line_that_names_it(self):
        file = os.path.join(self.data, "file")
        with open(file, "w", encoding="utf-8") as out:
            out.write("x")
        cases = (
            # flag, value, what else
            ("--listen", "nonsense", ()), ("--listen", "127.0.0.1:99999", ()), ("--listen", "127.0.0.1:", ()),
            ("--listen", "localhost:x", ()), ("--listen", "256.0.0.1:80", ()),
            ("--public-url", "ftp://example.com", ()), ("--public-url", "example.com", ()), ("--public-url", "https://", ()),
            ("--public-url", "https://example.com/path", ("--allow-file-mail",)),
            ("--public-url", "https://user@example.com", ("--allow-file-mail",)),
            ("--name", "", ()), ("--name", "a\nb", ()),
            ("--data", file, ()),
            ("--database", "mysql://x", ()), ("--database", "postgresql://localhost/x", ()),
            ("--mail", "http://example.com", ()), ("--mail", "nowhere", ()), ("--mail", "", ()),
            ("--mail-from", "nobody", ()), ("--mail-from", "a@b\r\nBcc: c@d", ()),
            ("--locale", "fr", ()), ("--locale", "", ()),
            ("--password-policy", "loose", ()), ("--password-min", "7", ()), ("--password-min", "x", ()), ("--password-min", "-1", ()),
            ("--password-min", "99999999999999999999", ()), ("--password-min", "15x", ()),
            ("--members-max", "-1", ()), ("--members-max", "many", ()),
            ("--audit-days", "0", ()), ("--audit-days", "36501", ()), ("--audit-days", "x", ()),
            ("--organizations", "anybody", ()),
            ("--signup", "maybe", ()), ("--signup", "domain:", ()), ("--signup", "domain:exa mple.com", ()),
            ("--trusted-proxies", "127.0.0.0/33", ()), ("--trusted-proxies", "x", ()), ("--trusted-proxies", "10.0.0.0/8,,x", ()),
            ("--trusted-proxies", "::1/129", ()),
            ("--log-level", "loud", ()), ("--log-format", "xml", ()),
            ("--config", os.path.join(self.data, "absent"), ()),
            ("--mail-password-file", os.path.join(self.data, "absent"), ("--mail", "smtp://u@localhost:25", "--mail-from", "a@example.com")),
            ("--mail-password-file", os.path.join(self.data, "absent"), ()), ("--mail-password-file", "/dev/null", ()),
        )
        for flag, value, more in cases:
            with self.subTest(f"{flag} {value!r}"):
                status, _, error = self.run_serve(flag, value, *more)
                self.assertEqual(status, 2, f"{flag} {value!r}: {error}")
                lines = error.splitlines()
                self.assertEqual(len(lines), 1, f"{flag} {value!r}: {error}")
                self.assertIn(flag, lines[0])
                if value.isprintable():
                    self.assertIn(value, lines[0])

    def test_a_wrong_environment_names_its_variable(self):
        for name, value in (("TWOSTEP_LISTEN", "x"), ("TWOSTEP_PUBLIC_URL", "x"), ("TWOSTEP_PASSWORD_MIN", "7"), ("TWOSTEP_LOCALE", "fr"),
                            ("TWOSTEP_SIGNUP", "x"), ("TWOSTEP_TRUSTED_PROXIES", "x"), ("TWOSTEP_LOG_LEVEL", "x"),
                            ("TWOSTEP_LOG_FORMAT", "x"), ("TWOSTEP_PASSWORD_POLICY", "x"), ("TWOSTEP_MAIL", "x")):
            with self.subTest(name):
                status, _, error = self.run_serve(env={name: value}, listen=name != "TWOSTEP_LISTEN")
                self.assertEqual((status, len(error.splitlines())), (2, 1), error)
                self.assertIn(name, error)

    def test_a_flag_that_is_none(self):
        for args in (("--nonsense",), ("--listen",), ("--metrics-listen", "127.0.0.1:1"), ("--password-min",), ("stray",), ("-x",)):
            with self.subTest(args):
                status, _, error = self.run_serve(*args)
                self.assertEqual((status, len(error.splitlines())), (2, 1), error)
                self.assertIn(args[0], error)

    def test_mail_that_would_give_something_away(self):
        cases = (
            ("a password in a flag", ("--mail", "smtp://user:hunter2secret@localhost:25", "--mail-from", "a@example.com")),
            ("SMTP with the default sender", ("--mail", "smtp://localhost:25")),
            ("file mail for the world", ("--public-url", "https://login.example.com")),
        )
        for name, args in cases:
            with self.subTest(name):
                status, out, error = self.run_serve(*args)
                self.assertEqual((status, len(error.splitlines())), (2, 1), f"{name}: {error}")
                self.assertNotIn("hunter2secret", out + error)

    def test_help_and_version(self):
        status, out, error = self.run_serve("--help")
        self.assertEqual((status, error), (0, ""))
        for flag in ("--listen", "--public-url", "--name", "--data", "--database", "--mail", "--mail-from", "--keyring", "--locale",
                     "--password-policy", "--password-min", "--members-max", "--audit-days", "--organizations", "--contact", "--signup",
                     "--trusted-proxies", "--log-level", "--log-format", "--config", "--mail-password-file", "--allow-file-mail"):
            self.assertIn(flag, out)
        self.assertNotIn("--metrics-listen", out)
        for args in (("--help",), ("--version",)):
            done = subprocess.run([binary(), *args], capture_output=True, timeout=10, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), args)
            self.assertIn("twostep", done.stdout)
        for args in ((), ("nonsense",)):
            done = subprocess.run([binary(), *args], capture_output=True, timeout=10, text=True)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn("--help", done.stderr, args)

    def test_a_flag_wins_over_environment_over_file(self):
        file = os.path.join(self.data, "settings")
        with open(file, "w", encoding="utf-8") as out:
            out.write('name = "FromFile"\nlocale = "ko"\n')
        cases = (
            ("default", [], {}, "twostep"),
            ("file", ["--config", file], {}, "FromFile"),
            ("environment over file", ["--config", file], {"TWOSTEP_NAME": "FromEnvironment"}, "FromEnvironment"),
            ("flag over both", ["--config", file, "--name", "FromFlag"], {"TWOSTEP_NAME": "FromEnvironment"}, "FromFlag"),
        )
        for name, args, env, issuer in cases:
            with self.subTest(name):
                server = Server(args, env)
                try:
                    uri = Person(server).sign_up().confirm_email()["otpauth_uri"]
                    self.assertIn(f"issuer={issuer}&", uri)
                finally:
                    server.stop()

    def test_a_mistake_in_the_file_is_named(self):
        file = os.path.join(self.data, "settings")
        for text in ('nonsense = "x"\n', 'locale = "fr"\n', 'name = "open\n', "password-min = 7\n", "\0\0\0", "{}"):
            with self.subTest(text):
                with open(file, "w", encoding="utf-8") as out:
                    out.write(text)
                status, _, error = self.run_serve("--config", file)
                self.assertEqual((status, len(error.splitlines())), (2, 1), f"{text!r}: {error}")
                self.assertIn(file, error)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            where = f"127.0.0.1:{taken.getsockname()[1]}"
            status, _, error = self.run_serve("--listen", where)
        self.assertEqual((status, len(error.splitlines())), (2, 1), error)
        self.assertIn(where, error)

    def test_the_classic_policy_asks_for_four_kinds_and_no_runs(self):
        server = Server(["--password-policy", "classic", "--password-min", "8"])
        try:
            cases = (("violet kettle drum", 422), ("Violet7kettleDrum", 422), ("Violet7-kettle-Drum-abcd", 422),
                     ("Violet7-kettle-Drum-9876", 422), ("Violet7-kettle-Drum-1111", 422), ("Vq7-ket", 422), ("Vq7-keTz#w", 202),
                     *((f"Kettle7-{run} orbit", 422) for run in ("가가가가", "ㅋㅋㅋㅋ", "éÉéÉ", "ㄱㄴㄷㄹ", "１２３４", "９８７６", "🌱🌱🌱🌱")),
                     ("Kettle7-가가가 éÉé ㄱㄴㄷ", 202))
            for password, status in cases:
                with self.subTest(password):
                    expect(Person(server, "zz", "Oh").try_sign_up(password=password), status, about=password)
        finally:
            server.stop()

    def test_the_classic_policy_finds_the_name_however_it_is_written(self):
        server = Server(["--password-policy", "classic", "--password-min", "8"])
        try:
            cases = (("Élodie", "élodie Kettle7-Drum orbit"), (decomposed("Élodie"), "Élodie Kettle7-Drum orbit"),
                     ("Elodie", "elodie Kettle7-Drum orbit"), (decomposed("김소라"), "김소라 Kettle7-Drum orbit"))
            for name, password in cases:
                with self.subTest(name):
                    expect(Person(server, "zz9", name).try_sign_up(password=password), 422, "weak_password", password)
        finally:
            server.stop()


class Life(Folder):
    def server(self, *args, **more):
        server = Server(args, **more)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        self.addCleanup(shutil.rmtree, server.data, ignore_errors=True)
        return server

    def test_what_it_makes_is_for_its_owner_alone(self):
        root = os.path.join(self.data, "d")
        server = self.server("--data", root, env={"TWOSTEP_MAIL": f"file:{os.path.join(root, 'outbox')}"})
        self.assertEqual(stat.S_IMODE(os.stat(root).st_mode), 0o700)
        found = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
        self.assertIn(os.path.join(root, "keyring"), found)
        self.assertIn(os.path.join(root, "twostep.db"), found)
        for path in found:
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
        server.stop()

    def test_a_second_server_on_the_same_data_names_the_first(self):
        server = self.server()
        environment = clean_environment(TWOSTEP_DATA=server.data, TWOSTEP_LISTEN=f"127.0.0.1:{free_port()}")
        done = subprocess.run([binary(), "serve"], env=environment, capture_output=True, timeout=15, text=True)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
        self.assertRegex(done.stderr, rf"\b{server.process.pid}\b")
        self.assertEqual(Person(server).get("/session").status, 401, "the first still serves")
        server.stop()

    def test_a_database_without_its_keyring_refuses_the_start(self):
        server = self.server()
        person = Person(server).sign_up()
        server.end()
        keyring = os.path.join(server.data, "keyring")
        os.rename(keyring, keyring + ".away")
        with self.assertRaisesRegex(RuntimeError, "(?s)ended with 2.*keyring"):
            server.start()
        self.assertFalse(os.path.exists(keyring), "a new keyring for an old database")
        for name, data in (("empty", b""), ("nonsense", b"x" * 200)):
            with open(keyring, "wb") as out:
                out.write(data)
            os.chmod(keyring, 0o600)
            with self.subTest(name), self.assertRaisesRegex(RuntimeError, "(?s)ended with 2.*keyring"):
                server.start()
        os.rename(keyring + ".away", keyring)
        server.start()
        self.assertTrue(person.is_signed_in())
        server.stop()

    def test_another_keyring_refuses_the_start(self):
        one, two = self.server(), self.server()
        for server in (one, two):
            Person(server).with_two_step()
            server.end()
        shutil.copy(os.path.join(one.data, "keyring"), os.path.join(two.data, "keyring"))
        with self.assertRaisesRegex(RuntimeError, "(?s)ended with 2.*keyring"):
            two.start()

    def test_a_database_of_a_newer_version_refuses_the_start(self):
        server = self.server()
        server.end()
        tables = [t for t, in server.sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        checks = [t for t in tables if "migration" in t or "schema" in t]
        self.assertEqual(len(checks), 1, tables)
        columns = [c[1] for c in server.sql(f"PRAGMA table_info({checks[0]})")]
        row = server.sql(f"SELECT * FROM {checks[0]} ORDER BY 1 DESC LIMIT 1")[0]
        self.assertIsInstance(row[0], int, columns)
        server.sql(f"INSERT INTO {checks[0]} VALUES ({', '.join('?' * len(row))})", row[0] + 1, *row[1:])
        with self.assertRaisesRegex(RuntimeError, "ended with 2"):
            server.start()

    def test_health(self):
        server = self.server()
        for path in ("/healthz", "/readyz"):
            for method in ("GET", "HEAD"):
                self.assertEqual(Person(server).request(method, path).status, 200, path)
            self.assertEqual(Person(server).request("POST", path).status, 405, path)
        server.stop()

    def test_sigterm_ends_it_at_once_when_nothing_is_open(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            server = self.server()
            with Wire(server) as idle:
                idle.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").reply()
                start = time.monotonic()
                self.assertEqual(server.end(how), 0, how)
                self.assertLess(time.monotonic() - start, 3, how)
                self.assertTrue(idle.closed())

    def test_sigterm_lets_open_requests_end(self):
        server = self.server()
        person = Person(server).sign_up()
        body = json.dumps({"email": person.email, "password": PASSWORD}).encode()
        head = person.elsewhere().prepare("POST", "/api/v1/login", raw=body)[:-len(body)]
        slow = Wire(server)
        slow.send(head + body[:10])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        self.assertIsNone(server.process.poll(), "ended while a request was open")
        with self.assertRaises((OSError, Closed)):
            with Wire(server, timeout=3) as late:
                late.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").reply()
        reply = slow.send(body[10:]).reply()
        self.assertEqual(expect(reply, 200)["status"], "signed_in")
        self.assertTrue(slow.closed())
        self.assertEqual(server.process.wait(5), 0)

    def test_sigterm_lets_an_answer_leave_and_waits_for_nothing_behind_it(self):
        """Its head said that the connection stays, and the client keeps it open."""
        for path in ("audit?limit=200", "audit.csv"):
            with self.subTest(path):
                server = Server()
                self.addCleanup(lambda server=server: server.process.poll() is None and server.stop())
                owner = Person(server).sign_up()
                organization = expect(owner.post("/organizations", {"name": "Alpha"}), 201)["id"]
                expect(owner.patch(f"/organizations/{organization}/security", {"csv_download": {"mode": "managers"}}), 200)
                columns = ", ".join(row[1] for row in server.sql("PRAGMA table_info(audit_event)") if row[1] != "number")
                while server.sql("SELECT count(*) FROM audit_event WHERE organization_id IS NOT NULL")[0][0] < 3000:
                    server.sql(f"INSERT INTO audit_event ({columns}) SELECT {columns} FROM audit_event WHERE organization_id IS NOT NULL")
                wire = Wire(server, narrow=True)
                self.addCleanup(wire.close)
                wire.send(owner.prepare("GET", f"/api/v1/organizations/{organization}/{path}"))
                time.sleep(1)
                start = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
                self.assertIsNone(server.process.poll(), "ended while an answer was on its way")
                reply = wire.reply()
                self.assertEqual((reply.status, reply.header("Connection")), (200, None))
                self.assertTrue(wire.closed(3))
                left = time.monotonic()
                server.process.wait(20)
                self.assertLess(time.monotonic() - left, 4, f"{left - start:.1f} s until the answer had left")
                server.stop()

    def test_sigterm_answers_all_who_wait_at_the_door(self):
        server = self.server()
        server.process.send_signal(signal.SIGSTOP)
        wires = [Wire(server).send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(200)]
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        for n, wire in enumerate(wires):
            self.addCleanup(wire.close)
            self.assertEqual(wire.reply().status, 200, n)
        for wire in wires:
            wire.close()
        self.assertEqual(server.process.wait(5), 0)

    def test_sigterm_waits_ten_seconds_at_most(self):
        server = self.server()
        stuck = Wire(server)
        stuck.send(b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
        time.sleep(0.3)
        start = time.monotonic()
        self.assertEqual(server.end(), 0)
        self.assertTrue(8 <= time.monotonic() - start <= 13, time.monotonic() - start)

    def test_sigterm_under_load_answers_what_it_took(self):
        server = self.server()
        people = [Person(server).sign_up() for _ in range(8)]
        found, stop = [], threading.Event()

        def sign_in(person):
            while not stop.is_set():
                try:
                    with Wire(server) as wire:
                        request = person.elsewhere().prepare("POST", "/api/v1/login", {"email": person.email, "password": PASSWORD})
                        found.append(wire.send(request).reply().status)
                except (Closed, OSError):
                    found.append(None)
                    return

        threads = [threading.Thread(target=sign_in, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        time.sleep(1)
        self.assertEqual(server.end(), 0)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(found), {200, 503, None})
        self.assertGreater(found.count(200), 8)
        server.start()
        sessions = sum(len(expect(person.get("/sessions"), 200)["sessions"]) - 1 for person in people)
        self.assertGreaterEqual(sessions, found.count(200), "an answered sign-in was lost")
        server.stop()

    def test_the_log_has_a_request_id_in_text_and_in_json(self):
        for form in ("text", "json"):
            server = self.server("--log-format", form, "--log-level", "debug")
            reply = Person(server).get("/session")
            server.end()
            lines = [line for line in server.log().splitlines() if line.strip()]
            self.assertTrue(lines)
            if form == "json":
                for line in lines:
                    self.assertIsInstance(json.loads(line), dict, line)
            self.assertIn(reply.header("X-Request-Id"), server.log())

    def test_nobody_reads_the_log(self):
        """Nobody waits for it, an end neither; who reads again is told what was lost."""
        for kind in Unread.KINDS:
            with self.subTest(kind):
                unread = Unread(kind)
                self.addCleanup(unread.close)
                server = self.server("--log-format", "json", stderr=unread.theirs)
                browser = Person(server)
                unread.hold()
                for _ in range(600):  # more than a terminal takes, by far
                    expect(browser.get("/session", timeout=5), 401)
                unread.read_all()
                expect(browser.get("/session"), 401)
                told, line = [json.loads(line) for line in unread.read_all().splitlines()]
                self.assertEqual((told["event"], line["event"]), ("log_lines_lost", "request"))
                self.assertGreater(told["count"], 50)
                unread.hold()
                for _ in range(600):
                    expect(browser.get("/session", timeout=5), 401)
                self.assertEqual(server.end(), 0)

    def test_a_log_line_cannot_be_forged(self):
        for form in ("text", "json"):
            server = self.server("--log-format", form, "--log-level", "debug")
            person = Person(server)
            for path in ("/x%0aFORGED%20line", "/x%0d%0aFORGED%20line", "/x%1b[31mFORGED"):
                person.request("GET", path, headers={"User-Agent": "a\tFORGED agent", "Referer": "FORGED"})
            person.post("/login", {"email": "x\nFORGED line@example.com", "password": "x"})
            server.end()
            for line in server.log().split("\n"):
                self.assertFalse(re.match(r"\s*FORGED", line), line)
                self.assertNotIn("\x1b", line)

    def test_on_a_unix_socket(self):
        path = os.path.join(self.data, "socket")
        environment = clean_environment(TWOSTEP_DATA=os.path.join(self.data, "d"), TWOSTEP_LISTEN=f"unix:{path}")
        with open(os.path.join(self.data, "log"), "wb") as log:
            process = subprocess.Popen([binary(), "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 20
            while not os.path.exists(path) and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.05)
            time.sleep(0.2)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(path)
                client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))
        finally:
            process.terminate()
            self.assertEqual(process.wait(15), 0)
        self.assertFalse(os.path.exists(path), "the socket is left behind")


if __name__ == "__main__":
    unittest.main()
