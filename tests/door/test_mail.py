"""Mail by SMTP, against aiosmtpd: TLS, login and certificates; servers that are dead, slow, or refuse; and what is sent twice: nothing."""
import contextlib
import email
import email.policy
import glob
import logging
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from harness import PASSWORD, DoorTest, Person, Server, Unread, expect, free_port, mail_code, mail_text, new_address

SENDER = "login@twostep.example"
USER, SECRET = "postman", "pa:ss w@rd%/"
SECRET_IN_URL = "pa%3Ass%20w%40rd%25%2F"
QUICK_S = 4  # an answer, hashing under a sanitizer included; no mail server is waited for
RETRY_S = 15  # the first retry comes after 5

logging.disable(logging.CRITICAL)  # aiosmtpd and asyncio tell of every handshake that is refused here on purpose


def make_certificates(folder):
    """An authority, a certificate of it for our names, and one for another name."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE")
    for name, names, signer in (("good", "DNS:localhost,IP:127.0.0.1,IP:0.0.0.0", "ca"), ("other", "DNS:other.example", "ca"),
                                ("unknown", "DNS:localhost,IP:127.0.0.1,IP:0.0.0.0", "stranger")):
        with open(os.path.join(folder, "ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\n")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "2", "-extfile", "ext")


class Mailbox:
    """A mail server: keeps what it takes; `answers` are said to RCPT first, one each, for an address."""

    def __init__(self, port=None, **more):
        self.taken, self.answers, self.asked, self.tls, self.connections = [], {}, [], [], 0
        self.port = port or free_port()
        box = self

        class Watched(SMTP):
            def connection_made(self, transport):
                box.connections += not self.transport
                super().connection_made(transport)

        class Watcher(Controller):
            def factory(self):
                return Watched(self.handler, **self.SMTP_kwargs)

        self.controller = Watcher(self, hostname="127.0.0.1", port=self.port, **more)
        self.controller.start()
        self.connections = 0  # the controller has tried the door itself

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.asked.append(address)
        waiting = self.answers.get(address)
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.tls.append(bool(session.ssl))
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 taken"

    def mails(self, to):
        return [email.message_from_bytes(content, policy=email.policy.default)
                for _, recipients, content in list(self.taken) if recipients == [to]]

    def wait(self, to, count=1, seconds=RETRY_S):
        deadline = time.monotonic() + seconds
        while len(self.mails(to)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.mails(to))} of {count} mails to {to} in {seconds} s")
            time.sleep(0.02)
        return self.mails(to)[count - 1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.controller.stop()


class Tarpit:
    """Takes connections, says nothing, and never closes."""

    def __init__(self, port=None, greeting=b""):
        self.listening = socket.create_server(("127.0.0.1", port or 0))
        self.port = self.listening.getsockname()[1]
        self.greeting, self.held = greeting, []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.held.append(connection)
                connection.sendall(self.greeting)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for connection in self.held:
            connection.close()


class MailTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="twostep-mail-")
        make_certificates(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def tls(self, name="good"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder, name + ".pem"), os.path.join(self.folder, name + ".key"))
        return context

    def server(self, mail, **env):
        """A server that mails there; stopped, and looked at, when the test ends."""
        server = Server(env={"TWOSTEP_MAIL": mail, "TWOSTEP_MAIL_FROM": SENDER,
                             "SSL_CERT_FILE": os.path.join(self.folder, "ca.pem"), **env})
        self.addCleanup(server.stop)
        return server

    def begin(self, server, word="p"):
        """Signs up, up to the mail; answers the person, the try's value and the seconds that it took."""
        person = Person(server, word)
        began = time.monotonic()
        signup = expect(person.try_sign_up(), 202)["signup"]
        return person, signup, time.monotonic() - began

    def wait_sql(self, server, question, answer, seconds=RETRY_S):
        deadline = time.monotonic() + seconds
        while (found := server.sql(question)) != answer:
            self.assertLess(time.monotonic(), deadline, f"{question}: {found}\n{server.log()[-3000:]}")
            time.sleep(0.05)

    def wait_queue(self, server, count):
        self.wait_sql(server, "SELECT count(*) FROM mail_queue", [(count,)])


class Delivery(MailTest):
    def authenticator(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (USER.encode(), SECRET.encode())
        return AuthResult(success=right, handled=False, auth_data=data.login.decode() if right else None)

    def sealed_box(self, certificate="good"):
        return Mailbox(tls_context=self.tls(certificate), require_starttls=True, auth_required=True, authenticator=self.authenticator)

    def test_starttls_and_login_off_loopback(self):
        with self.sealed_box() as box:
            server = self.server(f"smtp://{USER}:{SECRET_IN_URL}@0.0.0.0:{box.port}")
            person, signup, _ = self.begin(server)
            code = mail_code(box.wait(person.email))
            self.assertEqual(box.tls, [True])
            self.assertEqual(box.taken[0][:2], (SENDER, [person.email]))
            expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
            for word in (code, SECRET, SECRET_IN_URL, person.email):
                self.assertNotIn(word, server.log())
            self.assertRegex(server.log(), r"p\*\*\*@example\.com")

    def test_the_password_comes_from_a_file_too(self):
        path = os.path.join(self.folder, "password")
        with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(SECRET + "\n")
        with self.sealed_box() as box:
            server = self.server(f"smtp://{USER}@localhost:{box.port}", TWOSTEP_MAIL_PASSWORD_FILE=path)
            person, *_ = self.begin(server)
            box.wait(person.email)

    def test_tls_from_the_first_byte(self):
        with Mailbox(ssl_context=self.tls()) as box:
            server = self.server(f"smtps://localhost:{box.port}")
            person, *_ = self.begin(server)
            box.wait(person.email)

    def test_loopback_may_do_without_tls(self):
        with Mailbox() as box:
            server = self.server(f"smtp://127.0.0.1:{box.port}")
            person, *_ = self.begin(server)
            box.wait(person.email)

    def test_nothing_is_said_where_it_should_not_be(self):
        """Another name, an unknown authority, no TLS off loopback, a wrong password: the mail waits."""
        right, wrong = f"{USER}:{SECRET_IN_URL}@", f"{USER}:wrong@"

        def plain():
            return Mailbox(authenticator=self.authenticator, auth_require_tls=False)

        def unknown():
            return Mailbox(ssl_context=self.tls("unknown"))

        cases = (
            ("another name", lambda: self.sealed_box("other"), f"smtp://{right}localhost"),
            ("another name, off loopback", lambda: self.sealed_box("other"), f"smtp://{right}0.0.0.0"),
            ("unknown authority", lambda: self.sealed_box("unknown"), f"smtp://{right}localhost"),
            ("unknown authority, smtps", unknown, "smtps://localhost"),
            ("no TLS off loopback", plain, "smtp://0.0.0.0"),
            ("no TLS off loopback, with a password", plain, f"smtp://{right}0.0.0.0"),
            ("smtps to a server without", plain, "smtps://localhost"),
            ("wrong password", self.sealed_box, f"smtp://{wrong}localhost"),
        )
        for name, make, url in cases:
            with self.subTest(name), make() as box:
                server = self.server(f"{url}:{box.port}")
                person, *_ = self.begin(server)
                server.wait_log("mail_delayed", 20)
                self.assertEqual((box.asked, box.taken), ([], []))
                self.wait_sql(server, "SELECT recipient, tries FROM mail_queue", [(person.email, 1)])
                self.assertNotIn(SECRET, server.log())

    def test_the_mail_itself(self):
        """Read by somebody else's parser: both parts, the language, the link, short ASCII lines, nothing fetched from anywhere."""
        with Mailbox() as box:
            server = self.server(f"smtp://127.0.0.1:{box.port}", TWOSTEP_NAME="콘솔 Café", TWOSTEP_CONTACT="Desk <3, room 5")
            for tag, words in (("en", ("Somebody, probably you", "10 minutes", "UTC", "127.0.0.1")),
                               ("ko", ("가입이 진행 중입니다", "10분", "UTC", "년"))):
                person = Person(server, name="김소라 evil.example")
                expect(person.try_sign_up(locale=tag), 202)
                mail = box.wait(person.email)
                raw = box.taken[-1][2]
                self.assertTrue(raw.isascii())
                self.assertLessEqual(max(map(len, raw.split(b"\r\n"))), 78)
                self.assertNotIn(b"\n", raw.replace(b"\r\n", b""))
                self.assertEqual(mail["from"].addresses[0].display_name, "콘솔 Café")
                self.assertEqual(mail["from"].addresses[0].addr_spec, SENDER)
                self.assertEqual(mail["to"].addresses[0].addr_spec, person.email)
                self.assertIn("콘솔 Café", mail["subject"])
                self.assertRegex(mail["message-id"], r"^<[0-9a-f]{32}@twostep\.example>$")
                self.assertLess(abs(mail["date"].datetime.timestamp() - time.time()), 60)
                self.assertEqual(mail["content-language"], tag)
                self.assertEqual(mail["auto-submitted"], "auto-generated")
                self.assertEqual([part.get_content_type() for part in mail.iter_parts()], ["text/plain", "text/html"])
                text, html = mail_text(mail), mail.get_body(("html",)).get_content()
                code = mail_code(mail)
                for word in words:
                    self.assertIn(word, text)
                for body in (text, html):
                    self.assertNotIn("evil", body)
                    self.assertIn(code, body)
                self.assertIn("Desk &lt;3, room 5", html)
                self.assertIn(f'<html lang="{tag}">', html)
                self.assertEqual(len(re.findall(r'<a href="http://localhost:\d+/signup/verify\?[^"]*"', html)), 1)
                self.assertNotRegex(html, r"(?i)<img|<script|<link|url\(|src=")

    def test_one_connection_for_what_is_due_together(self):
        port = free_port()
        server = self.server(f"smtp://127.0.0.1:{port}")
        people = [self.begin(server)[0] for _ in range(3)]
        server.wait_log("mail_delayed")
        server.sql("UPDATE mail_queue SET next_at = 0")
        with Mailbox(port) as box:
            for person in people:
                box.wait(person.email)
            self.assertEqual(box.connections, 1)


class Trouble(MailTest):
    def test_a_dead_server_costs_nothing_and_loses_nothing(self):
        """Neither does an end by kill -9; and what was sent is not sent again after one."""
        port = free_port()
        server = self.server(f"smtp://localhost:{port}")
        person, signup, took = self.begin(server)
        self.assertLess(took, QUICK_S)
        server.restart(signal.SIGKILL)
        with open(server.database, "rb") as file:
            self.assertNotIn(b"Subject", file.read())
        self.assertEqual(server.sql("SELECT recipient FROM mail_queue"), [(person.email,)])
        with Mailbox(port) as box:
            code = mail_code(box.wait(person.email))
            expect(person.post("/signup/verify", {"signup": signup, "code": code}), 201)
            self.wait_queue(server, 0)
            server.restart(signal.SIGKILL)
            other, *_ = self.begin(server)
            box.wait(other.email)
            self.assertEqual(len(box.mails(person.email)), 1)

    def test_a_tarpit_delays_nobody_and_does_not_hold_the_end(self):
        for greeting in (b"", b"220 hello\r\n", b"220-hel"):
            with self.subTest(greeting), Tarpit(greeting=greeting) as pit:
                server = Server(env={"TWOSTEP_MAIL": f"smtp://127.0.0.1:{pit.port}", "TWOSTEP_MAIL_FROM": SENDER})
                try:
                    for _ in range(3):
                        self.assertLess(self.begin(server)[2], QUICK_S)
                    self.assertTrue(pit.held)
                    began = time.monotonic()
                    server.end()
                    self.assertLess(time.monotonic() - began, 3)
                finally:
                    server.stop()

    def test_an_attempt_ends_and_the_next_server_gets_the_mail(self):
        """Ten seconds for a connection that says nothing; then the retry."""
        with Tarpit() as pit:
            server = self.server(f"smtp://127.0.0.1:{pit.port}")
            person, *_ = self.begin(server)
            server.wait_log("mail_delayed", 20)
        with Mailbox(pit.port) as box:
            box.wait(person.email)

    def test_refused_for_now_is_tried_again(self):
        with Mailbox() as box:
            server = self.server(f"smtp://127.0.0.1:{box.port}")
            slow = new_address("slow")
            box.answers[slow] = ["451 greylisted"]
            person = Person(server)
            person.account.email = slow
            expect(person.try_sign_up(), 202)
            other, *_ = self.begin(server)
            box.wait(other.email)
            box.wait(slow)
            self.assertEqual(box.asked.count(slow), 2)
            self.assertRegex(server.log(), r"mail_delayed.*s\*\*\*@example\.com.*RCPT.*451")

    def test_refused_for_good_is_dropped(self):
        with Mailbox() as box:
            server = self.server(f"smtp://127.0.0.1:{box.port}")
            gone = new_address("gone")
            box.answers[gone] = [f"550 5.1.1 <{gone}>: nobody of that name"] * 9
            person = Person(server)
            person.account.email = gone
            expect(person.try_sign_up(), 202)
            server.wait_log(r"mail_refused.*g\*\*\*@example\.com.*550")
            self.wait_queue(server, 0)
            other, *_ = self.begin(server)
            box.wait(other.email)
            self.assertEqual(box.asked.count(gone), 1)
            self.assertRegex(server.log(), r'mail_refused to=\S+ why="the server says: 5.1.1 \*\*\* nobody of that name" stage=RCPT reply=550 ')
            self.assertNotIn(gone, server.log())

    def warnings(self, server):
        reply = Person(server).request("GET", "/readyz")
        self.assertEqual((reply.status, reply.json["status"]), (200, "ready"))
        return reply.json["warnings"]

    def test_mail_that_waits_for_a_dead_server_is_warned_of(self):
        port = free_port()
        server = self.server(f"smtp://127.0.0.1:{port}")
        person, *_ = self.begin(server)
        server.wait_log("mail_delayed")
        self.assertEqual(self.warnings(server), [])
        server.forward(61)
        self.assertEqual(self.warnings(server), ["mail_waits"])
        with Mailbox(port) as box:
            box.wait(person.email)
            self.wait_queue(server, 0)
        self.assertEqual(self.warnings(server), [])

    def test_mail_that_one_recipient_puts_off_is_not_warned_of(self):
        with Mailbox() as box:
            server = self.server(f"smtp://127.0.0.1:{box.port}")
            slow = Person(server, "slow")
            box.answers[slow.email] = ["451 greylisted"] * 9
            expect(slow.try_sign_up(), 202)
            server.wait_log("mail_delayed")
            server.forward(61)
            self.assertEqual(self.warnings(server), [])

    def test_a_server_that_hangs_behind_the_text_is_told_of(self):
        hung = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(hung.close)

        def serve():
            connection, _ = hung.accept()
            self.addCleanup(connection.close)
            lines = connection.makefile("rwb", 0)
            lines.write(b"220 here\r\n")
            for line in lines:
                if line == b".\r\n":
                    return
                if line.upper().startswith((b"EHLO", b"MAIL", b"RCPT")):
                    lines.write(b"250 fine\r\n")
                elif line.upper().startswith(b"DATA"):
                    lines.write(b"354 go on\r\n")

        threading.Thread(target=serve, daemon=True).start()
        server = self.server(f"smtp://127.0.0.1:{hung.getsockname()[1]}")
        self.begin(server)
        log = server.wait_log("mail_waits", 40)
        self.assertRegex(log, r' warn mail_waits why="[^"@]+" stage=text waited_s=30 longest_s=300\n')
        server.forward(61)
        self.assertEqual(self.warnings(server), ["mail_waits"])

    def test_a_code_that_has_expired_is_not_sent(self):
        port = free_port()
        server = self.server(f"smtp://127.0.0.1:{port}")
        person, *_ = self.begin(server)
        server.wait_log("mail_delayed")
        server.forward(601)
        with Mailbox(port) as box:
            other, *_ = self.begin(server)
            box.wait(other.email)
            self.wait_queue(server, 0)
            self.assertEqual(box.mails(person.email), [])
            self.assertIn("mail_expired", server.log())

    def test_what_no_code_limits_is_dropped_after_three_days(self):
        port = free_port()
        server = self.server(f"smtp://127.0.0.1:{port}")
        with Mailbox(port) as box:
            person, signup, _ = self.begin(server)
            expect(person.post("/signup/verify", {"signup": signup, "code": mail_code(box.wait(person.email))}), 201)
        expect(person.post("/account/password", {"current_password": PASSWORD, "new_password": PASSWORD + " anew"}), 200)
        self.wait_queue(server, 1)
        server.forward(3 * 24 * 3600)
        with Mailbox(port) as box:
            other, *_ = self.begin(server)
            box.wait(other.email)
            self.wait_queue(server, 0)
            self.assertEqual(box.mails(person.email), [])


class Files(DoorTest):
    """File mail, printed where that is asked for."""
    SERVER = {"env": {"TWOSTEP_MAIL_PRINT": "1"}}

    def test_prints_what_a_person_needs(self):
        person = Person(self.server, name="김소라")
        reply, mail = person.mailed(lambda: person.try_sign_up(locale="ko"))
        expect(reply, 202)
        # Standard output goes there too, with the whole mail in one write, behind the file that was waited for.
        log = self.server.wait_log(re.escape(f"To: <{person.email}>\n"))
        self.assertIn(f"To: <{person.email}>\n", log)
        self.assertIn(f"Subject: {mail['subject']}\n", log)
        self.assertIn(f"\n{mail_code(mail)}\n", log)
        self.assertIn(mail_text(mail).strip(), log)
        self.assertNotIn("<html", log)

    def test_nobody_reads_what_is_printed(self):
        """A pipe that is full, a terminal that is held: mail goes on, and so does the end."""
        for kind in Unread.KINDS:
            with self.subTest(kind):
                unread = Unread(kind)
                self.addCleanup(unread.close)
                server = Server(env={"TWOSTEP_MAIL_PRINT": "1"}, stdout=unread.theirs)
                self.addCleanup(server.stop)
                unread.hold()
                people = [Person(server) for _ in range(40)]
                for person in people:
                    expect(person.try_sign_up(), 202)
                server.mail_after(people[-1].email, 0)
                self.assertEqual(len(glob.glob(os.path.join(server.outbox, "*.eml"))), len(people))
                begun = time.monotonic()
                server.end()
                self.assertLess(time.monotonic() - begun, 10)

    def test_nobody_reads_where_it_serves(self):
        for kind in ("pipe", "held terminal"):
            with self.subTest(kind):
                unread = Unread(kind)
                self.addCleanup(unread.close)
                unread.hold()
                if kind == "pipe":
                    os.write(unread.theirs, bytes(8192))
                server = Server(env={"TWOSTEP_MAIL_PRINT": "1"}, stdout=unread.theirs)
                self.addCleanup(server.stop)
                self.assertEqual(server.end(), 0)

    def test_the_mail_is_there_when_the_answer_is(self):
        """Where the answer would not tell anyway who has an account: who looks into the folder then, finds it."""
        person = Person(self.server).sign_up()
        for count in range(5):
            before = len(person.mails())
            expect(person.post("/account/password", {"current_password": PASSWORD + " anew" * count,
                                                     "new_password": PASSWORD + " anew" * (count + 1)}), 200)
            self.assertEqual(len(person.mails()), before + 1)

    def test_files_are_private_and_whole(self):
        Person(self.server).sign_up()
        self.assertEqual(os.stat(self.server.outbox).st_mode & 0o7777, 0o700)
        for name in os.listdir(self.server.outbox):
            self.assertRegex(name, r"^\d{8}T\d{6}\.\d{3}Z-\d{6}-[0-9a-f]{12}\.eml$")
            self.assertEqual(os.stat(os.path.join(self.server.outbox, name)).st_mode & 0o7777, 0o600)

    def test_what_a_killed_one_left_is_swept_away_and_nothing_else(self):
        def place(name):
            return os.path.join(self.server.outbox, name)

        ours, young = ".0123456789ab.part", ".ba9876543210.part"
        others = [young, ".0123456789ab", "0123456789ab.part", ".0123456789AB.part", ".0123456789ab.part.eml", ".0123456789a.part",
                  ".0123456789abc.part", ".notes.part", "mine.eml"]
        self.server.end(signal.SIGKILL)
        try:
            for name in (ours, *others):
                with open(place(name), "w", encoding="ascii") as file:
                    file.write("Your code: 123456")
            os.utime(place(young), (time.time() + 60, time.time() + 60))
            os.symlink(ours, place(".aaaaaaaaaaaa.part"))
            os.mkdir(place(".bbbbbbbbbbbb.part"))
        finally:
            self.server.start()
        try:
            left = {name for name in os.listdir(self.server.outbox) if not name.startswith("2")}
            self.assertEqual(left, {*others, ".aaaaaaaaaaaa.part", ".bbbbbbbbbbbb.part"})
        finally:
            os.rmdir(place(".bbbbbbbbbbbb.part"))
            for name in (*others, ".aaaaaaaaaaaa.part"):
                os.unlink(place(name))


if __name__ == "__main__":
    unittest.main()
