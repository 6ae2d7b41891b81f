"""A disk that is full or fails while people sign in: 503, nothing half done, and when it is well again the same process goes on."""
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from guard import GuardTest
from harness import DoorTest, Server, binary, clean_environment, expect, free_port, statuses
from invariants import Snapshot, broken, undone
from strike import FULL, SYNC_EIO, WRITE_EIO, StruckServer

PEOPLE, AFTER_EACH = 3, 1
DEADLINE_S = 60
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000


class SignsIn(threading.Thread):
    """Somebody who signs in by one recovery code after the other, until told to stop."""

    def __init__(self, person):
        super().__init__()
        self.person, self.stopping, self.replies, self.wrong = person, threading.Event(), [], None
        self.codes, self.served = list(person.account.recovery_codes), []

    def run(self):
        try:
            while not self.stopping.is_set() and self.codes:
                self.once()
        except Exception as error:  # pylint: disable=broad-except
            self.wrong = error

    def once(self):
        """Stays with a code until it is known to be spent."""
        browser = self.person.elsewhere()
        first = self.keep(browser.first_step())
        if first.status != 200:
            time.sleep(0.02)
            return
        reply = self.keep(browser.second_step(first.json["login"], self.codes[0], "recovery_code"))
        if reply.status == 200:
            self.served.append(self.codes[0])
        if reply.status in (200, 401):
            self.codes.pop(0)

    def keep(self, reply):
        self.replies.append(reply)
        return reply

    def count(self, status):
        return sum(1 for reply in self.replies if reply.status == status)

    def unavailable(self):
        return self.count(503)


class DiskTest(DoorTest):
    """`trouble` begins it, `relief` ends it."""

    def stands(self, person):
        """What sign-ins by a recovery code leave: how many used codes, sessions, events and mails there are of this person."""
        account = "(SELECT id FROM account WHERE email = ?)"
        return [self.server.sql(statement.replace("?", account), person.email)[0][0] for statement in (
            "SELECT count(*) FROM recovery_code c JOIN recovery_set s ON s.number = c.set_number WHERE used_at IS NOT NULL AND account_id = ?",
            "SELECT count(*) FROM session WHERE account_id = ?",
            "SELECT count(*) FROM audit_event WHERE action = 'recovery_code_used' AND account_id = ?",
            "SELECT count(*) FROM audit_event WHERE action = 'signed_in' AND account_id = ?",
        )]

    def wait_for(self, what, true):
        deadline = time.monotonic() + DEADLINE_S
        while not true():
            self.assertIsNone(self.server.process.poll(), "the server has died:\n" + self.server.log()[-4000:])
            self.assertLess(time.monotonic(), deadline, f"{what} in {DEADLINE_S} s")
            time.sleep(0.02)

    def ready(self):
        return self.person().request("GET", "/readyz").status == 200

    def sign_in_through(self, trouble, relief, whole_or_nothing=True):
        """`whole_or_nothing`: a 503 says that nothing was done; else that nobody knows, and it is whole or not there."""
        people = [SignsIn(self.person().with_two_step()) for _ in range(PEOPLE)]
        pid, earlier = self.server.process.pid, Snapshot(self.server.database)
        before = [self.stands(one.person) for one in people]
        for one in people:
            one.start()
        try:
            self.wait_for("nobody signed in", lambda: all(one.served for one in people))
            trouble()
            self.wait_for("no trouble", lambda: all(one.unavailable() >= 3 for one in people))
            for one in people:
                self.assertTrue(one.person.is_signed_in(), "what only reads goes on")
            self.look_at_refusals(people[0].person)
        finally:
            relief()
            self.wait_for("not well again", self.ready)
            served = [len(one.served) + AFTER_EACH for one in people]
            self.wait_for("nobody signed in again", lambda: all(len(one.served) >= want or not one.codes or not one.is_alive()
                                                                for one, want in zip(people, served)))
            for one in people:
                one.stopping.set()
                one.join()
        for one, then in zip(people, before):
            if one.wrong:
                raise one.wrong
            found = statuses(one.replies)
            self.assertLessEqual(set(found), {"200", "401 invalid_code", "503 unavailable"}, "a refusal of another kind")
            added = [now - was for now, was in zip(self.stands(one.person), then)]
            self.assertEqual(added, [added[0]] * 4, f"half done: used codes, sessions, events of both; {found}")
            self.assertGreaterEqual(added[0], len(one.served), f"a sign-in without its spent code; {found}")
            if whole_or_nothing:
                self.assertEqual(added[0], len(one.served), f"a 503 that has done something; {found}")
            self.assertGreater(one.served, [], "nobody signed in again")
            browser = one.person.elsewhere()
            expect(browser.second_step(browser.half_way(), one.served[-1], "recovery_code"), 401, "invalid_code", "a spent code")
        self.assertEqual(self.server.process.pid, pid)
        self.assertEqual(broken(self.server.database), [])
        self.assertEqual(undone(earlier, Snapshot(self.server.database)), [])

    def look_at_refusals(self, person):
        """To programs in the contract's word, to people in their language; and to whoever watches."""
        expect(person.elsewhere().first_step(), 503, "unavailable")
        expect(person.patch("/account", {"name": "Another"}), 503, "unavailable")
        expect(person.elsewhere().try_sign_up(), 503, "unavailable")
        self.wait_for("still ready", lambda: not self.ready())  # it asks the store once a second at most
        self.assertEqual(person.request("GET", "/healthz").status, 200)
        for language, words in (("en", "try again"), ("ko", "다시")):
            form = f"email={person.email}&password={person.password}".replace(" ", "+").encode()
            page = person.elsewhere(language=language).request("POST", "/login", raw=form, headers={
                "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
            self.assertEqual(page.status, 503, page)
            self.assertIn(f'lang="{language}"', page.text)
            self.assertIn(words, page.text)


class Failing(DiskTest):
    @classmethod
    def setUpClass(cls):
        cls.server = StruckServer()

    def test_no_room(self):
        self.sign_in_through(lambda: self.server.strike.arm(FULL), self.server.strike.off)

    def test_writes_fail(self):
        self.sign_in_through(lambda: self.server.strike.arm(WRITE_EIO), self.server.strike.off)

    def test_syncs_fail(self):
        """Behind the write of a COMMIT: whether it stands is not known."""
        self.sign_in_through(lambda: self.server.strike.arm(SYNC_EIO), self.server.strike.off, whole_or_nothing=False)

    def test_what_nobody_can_know_is_not_said_to_be_undone(self):
        """A COMMIT that failed after its write stands where the process dies before the next one, and not where it goes on."""
        person, name = self.person().sign_up(), "Park Jiwon"
        for dies in (True, False):
            self.server.strike.arm(SYNC_EIO)
            refused = person.patch("/account", {"name": name})
            self.server.strike.off()
            expect(refused, 503, "unavailable")
            self.assertNotIn("nothing", refused.detail)
            if dies:
                self.server.restart(signal.SIGKILL)
            self.wait_for("not well again", self.ready)
            self.assertEqual(expect(person.get("/account"), 200)["name"], name if dies else "Kim Sora")
            expect(person.patch("/account", {"name": "Kim Sora"}), 200)

    def test_now_and_then_for_moments(self):
        """Also between the parts of one commit."""
        def trouble():
            for spared in (1, 3, 7, 20, 50):
                self.server.strike.arm(WRITE_EIO if spared % 2 else FULL, spared)
                time.sleep(0.2)
        self.sign_in_through(trouble, self.server.strike.off, whole_or_nothing=False)


class Checks(GuardTest):
    """Checks of applications only read, but for the first of a session in an organization, which is put on record."""

    @classmethod
    def setUpClass(cls):
        cls.server = StruckServer(args=["--trusted-proxies", "127.0.0.0/8"])

    def set_up(self):
        self.server.restart()  # mails pause for seconds behind what was struck before
        organization, owner, *_ = self.team()
        hosts = self.own_host(), self.own_host()
        self.service(owner, organization, hosts[0])
        self.service(owner, organization, hosts[1], "Signed", assertion=True)
        for host in hosts:
            self.assert_let_in(self.forward_auth(owner, host))
        return organization, owner, hosts

    def strike(self, trouble):
        """Nobody has been seen for a while, and memory holds nothing."""
        for table in ("session", "membership"):
            self.server.sql(f"UPDATE {table} SET last_seen_at = last_seen_at - 100")
        self.server.restart()
        self.addCleanup(self.server.strike.off)
        self.server.strike.arm(trouble)

    def well_again(self, owner):
        self.server.strike.off()
        deadline = time.monotonic() + DEADLINE_S
        while owner.patch("/account", {"name": "Kim Sora"}).status != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def unseen_for(self, owner):
        return self.server.sql("SELECT unixepoch() - MIN(last_seen_at) FROM membership WHERE account_id ="
                               " (SELECT id FROM account WHERE email = ?)", owner.email)[0][0]

    def test_who_is_on_record_goes_through(self):
        _, owner, hosts = self.set_up()
        for trouble in (FULL, WRITE_EIO, SYNC_EIO):
            self.strike(trouble)
            until = time.monotonic() + 3  # the store is down by then, and has been tried again
            while time.monotonic() < until:
                for host in hosts:
                    for name, ask in self.ways():
                        self.assert_let_in(ask(owner, host), name)
            self.well_again(owner)
            for host in hosts:
                self.assert_let_in(self.forward_auth(owner, host))

    def test_when_they_were_last_here_is_written_as_soon_as_that_is_possible(self):
        _, owner, hosts = self.set_up()
        self.strike(FULL)
        self.assert_let_in(self.forward_auth(owner, hosts[0]))
        self.assertGreaterEqual(self.unseen_for(owner), 100)
        self.server.strike.off()
        time.sleep(1.2)  # what /readyz said is as old
        deadline = time.monotonic() + DEADLINE_S
        while self.person().request("GET", "/readyz").status != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assert_let_in(self.forward_auth(owner, hosts[0]))
        self.assertLess(self.unseen_for(owner), 60)

    def test_who_cannot_be_put_on_record_does_not(self):
        organization, owner, hosts = self.set_up()
        visitor = owner.elsewhere().sign_in()
        before = len(self.log_of(organization))
        self.strike(FULL)
        for _ in range(4):
            for name, ask in self.ways():
                self.assert_kept_out(ask(visitor, hosts[0]), 503, name)
        self.well_again(owner)
        self.assert_let_in(self.forward_auth(visitor, hosts[0]))
        self.assertEqual(len(self.log_of(organization)), before + 1)


def mount_small(folder):
    """A disk of 8 MiB in a mount namespace of this thread and those that it starts, gone with them. False where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    return (libc.unshare(CLONE_NEWNS) == 0 and libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0 and
            libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, b"size=8m,mode=700") == 0)


class SmallDisk(DiskTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="twostep-small-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        if not mount_small(cls.folder):
            raise unittest.SkipTest("mounting takes root")
        cls.server = Server(data=cls.folder)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        ctypes.CDLL(None).umount2(cls.folder.encode(), 2)

    def fill(self):
        with open(os.path.join(self.folder, "filler"), "ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while filler.write(bytes(size)):
                        pass
                except OSError:
                    pass

    def test_fills_up(self):
        filling = threading.Event()

        def keep_full():
            while filling.is_set():
                self.fill()
                time.sleep(0.05)

        def trouble():
            filling.set()
            self.filler = threading.Thread(target=keep_full)
            self.filler.start()

        def relief():
            filling.clear()
            self.filler.join()
            os.unlink(os.path.join(self.folder, "filler"))

        self.sign_in_through(trouble, relief)


    def start_without_room(self, data):
        done = subprocess.run([binary(), "serve", "--data", data, "--listen", f"127.0.0.1:{free_port()}"], env=clean_environment(),
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done)
        self.assertRegex(done.stderr, r"--database: .* which cannot be used \((database or disk is full|No space left on device)\)")

    def test_a_start_without_room_says_so(self):
        filler, new = os.path.join(self.folder, "filler"), os.path.join(self.folder, "new")
        self.server.end()
        self.fill()
        try:
            self.start_without_room(self.server.data)
            for room in (65536, 262144, 524288):
                with self.subTest(room):
                    os.truncate(filler, os.path.getsize(filler) - room)
                    self.start_without_room(new)
                    shutil.rmtree(new)
                    self.fill()
        finally:
            os.unlink(filler)
            self.server.start()


class LongestFile(DiskTest):
    """`ulimit -f`, a quota or LimitFSIZE=: the system sends SIGXFSZ, which ends who does not ignore it."""

    def limit(self, most):
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def test_files_may_grow_no_further(self):
        self.sign_in_through(lambda: self.limit(os.path.getsize(self.server.log_path)), lambda: self.limit(resource.RLIM_INFINITY))


if __name__ == "__main__":
    unittest.main()
