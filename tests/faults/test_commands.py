"""
Starts and the operator's commands with faults: the n-th allocation, open, write, lock, thread … fails. A start serves as a whole or
ends with a line that says why; a command does all of what it says or nothing, and leaves no half file.

    FAULTS_EACH=1       every kind, until none is hit; else a sample, which FAULTS_SEED chooses
    FAULTS_PART=K/N     the K-th of N parts of what is started
    FAULTS_STRIDE=N     beside FAULTS_EACH, behind the first ones every N-th n (25) on the average, as FAULTS_SEED chooses; with 1,
                        each, it takes half a day: a start makes thousands of calls
    FAULTS_STEP=WORDS   only what has these words in its name; FAULTS_KIND=NAME: only this kind
"""
import contextlib
import itertools
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "door"))

from faulty import BIN, CLEAN, PLAIN, Control, FaultyServer, Rows  # noqa: E402
from harness import PASSWORD, Browser, Person, Server, clean_environment, expect  # noqa: E402

EACH = bool(os.environ.get("FAULTS_EACH"))
SEED = int(os.environ.get("FAULTS_SEED", "1"))
STRIDE = int(os.environ.get("FAULTS_STRIDE", "25"))
PART, PARTS = map(int, os.environ.get("FAULTS_PART", "1/1").split("/"))
FILTERED = PARTS > 1 or bool(os.environ.get("FAULTS_KIND") or os.environ.get("FAULTS_STEP"))
FIRST = 3        # n that no stride leaves out
SAMPLE = 3       # tries of each start and command
N_MAX = 100000   # far more than any takes
SECONDS = 60
LEAVES_PARTS = {"name"}  # what cannot be removed stays


def database(data):
    return os.path.join(data, "twostep.db")


@contextlib.contextmanager
def opened(path):
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def rows_of(path):
    with opened(path) as connection:
        rows = Rows(connection)
        rows.put = rows.rows
        return rows


def changed(rows, path):
    """What is different in a database: {} where nothing is, None where it is none."""
    with opened(path) as connection:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise AssertionError(f"{path} is damaged")
        return rows.changes(connection)


class FaultTest(unittest.TestCase):
    """Data of a server with two people, to be copied for each try."""
    numbers = itertools.count()  # of all that is started

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="twostep-faults-")
        cls.control = Control(cls.folder)
        cls.random = random.Random(SEED)
        server = Server()
        cls.data = os.path.join(cls.folder, "data")
        try:
            owner, other = Person(server, "owner").sign_up(), Person(server, "other").sign_up()
            owner.enable()
            cls.organization = expect(owner.post("/organizations", {"name": "Alpha"}), 201)["id"]
            expect(owner.post(f"/organizations/{cls.organization}/services", {"name": "Shop", "hosts": ["shop.example"]}), 201)
            cls.owner, cls.other = owner.email, other.email
            server.end()
            shutil.copytree(server.data, cls.data, ignore=shutil.ignore_patterns("door.log", "control"))
        finally:
            server.stop()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.place = os.path.join(self.folder, "try")
        self.tried = os.path.join(self.place, "data")
        self.complaints, self.tries, self.hits = [], 0, 0

    def tearDown(self):
        self.assertEqual(self.complaints, [])
        self.assertGreaterEqual(self.hits * 2, self.tries, "most tries met no fault, so little was tried")
        if not FILTERED:
            self.assertGreater(self.tries, 0, "nothing could be tried")

    def fresh(self, data=True):
        shutil.rmtree(self.place, ignore_errors=True)
        os.mkdir(self.place)
        if data:
            shutil.copytree(self.data, self.tried)

    def run_words(self, words, program=BIN, **env):
        return subprocess.run([program, *words], env=clean_environment(TWOSTEP_DATA=self.tried, **env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SECONDS, check=False)

    def faults(self, name, count, attempt):
        """Tries what `count` counts the calls of: attempt(kind, n) is True where a fault was met, and raises what is wrong."""
        if next(self.numbers) % PARTS != PART - 1 or os.environ.get("FAULTS_STEP", "") not in name:
            return
        calls = self.control.count(count)
        kinds = [kind for kind in calls if os.environ.get("FAULTS_KIND", kind) == kind]
        tries = hits = 0

        def once(kind, n):
            nonlocal tries, hits
            tries += 1
            try:
                hit = attempt(kind, n)
            except (AssertionError, subprocess.TimeoutExpired, sqlite3.Error) as wrong:
                self.control.disarm()
                self.complaints.append(f"{name}: {kind} {n}: {wrong}")
                print(f"# {self.complaints[-1]}\n#     at {self.control.where()}", file=sys.__stdout__, flush=True)
                hit = True
            hits += bool(hit)
            return hit

        if EACH:
            for kind in kinds:
                n = 1
                while n < N_MAX and once(kind, n):
                    n += self.random.randint(1, 2 * STRIDE - 1) if n > FIRST else 1
        else:
            for kind in self.random.sample(kinds, min(SAMPLE, len(kinds))):
                once(kind, self.random.choice([1, self.random.randint(1, calls[kind])]))
        what = f"one of {STRIDE} of every kind" if EACH else f"{SAMPLE} kinds, seed {SEED}"
        print(f"# {name}, {what}: {tries} tries, {hits} met a fault", file=sys.__stdout__, flush=True)
        self.tries += tries
        self.hits += hits

    def assert_ended_well(self, done):
        """By itself, with a line for whoever reads it where it was not done."""
        self.assertIn(done.returncode, (0, 1, 2), done.stderr[-3000:])
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        if done.returncode:
            lines = done.stderr.splitlines()
            self.assertTrue(lines, "ended without a word")
            for line in lines:
                self.assertRegex(line, r"^(twostep: .|  )")


class Starts(FaultTest):
    """`twostep serve`, in a new folder and in one that has been served."""

    def assert_serves_as_a_whole(self, server):
        """All kinds of threads do their work: the loops, a request, a hash, a change, the mail."""
        person = Person(server, "new")
        expect(person.post("/login", {"email": self.owner, "password": PASSWORD}), (200, 401))
        person.sign_up()
        self.assertTrue(person.is_signed_in())
        self.assertEqual(Browser(server).request("GET", "/readyz").status, 200)

    def attempt(self, kind, n, served):
        self.fresh(served)
        if not served:
            os.mkdir(self.tried, 0o700)
        self.control.arm(kind, n)
        try:
            server = FaultyServer(self.control, data=self.tried)
        except RuntimeError as ended:
            hit = self.control.disarm()
            said = str(ended)
            self.assertRegex(said, r"^the server ended with [12]:\n(.*\n)*twostep: .+\n$")
            self.assertNotIn("Sanitizer", said)
            self.assertNotIn("runtime error", said)
            server = Server(data=self.tried)  # nothing is left that keeps the next one from starting
            try:
                self.assert_serves_as_a_whole(server)
            finally:
                self.assertEqual(server.end(), 0)
            return hit
        try:
            hit = self.control.disarm()
            self.assert_serves_as_a_whole(server)
        finally:
            status = server.end()
        self.assertEqual(status, 0, server.log()[-3000:])
        self.assertNotIn("Sanitizer", server.log())
        return hit

    def count(self, served):
        self.fresh(served)
        if not served:
            os.mkdir(self.tried, 0o700)
        server = FaultyServer(self.control, data=self.tried)
        armed, self.control.shared.armed = self.control.shared.armed, 0
        self.control.shared.armed = armed
        server.end()

    def test_in_a_new_folder(self):
        self.faults("serve in a new folder", lambda: self.count(False), lambda kind, n: self.attempt(kind, n, False))

    def test_where_one_has_served(self):
        self.faults("serve", lambda: self.count(True), lambda kind, n: self.attempt(kind, n, True))


class Backups(FaultTest):
    """`twostep backup` and `twostep restore`."""

    def setUp(self):
        super().setUp()
        self.copy, self.keys = os.path.join(self.place, "copy"), os.path.join(self.place, "keys")
        self.rows = rows_of(database(self.data))

    def assert_no_parts(self, kind):
        parts = [name for folder in (self.place, self.tried) for name in os.listdir(folder) if ".part" in name]
        if kind not in LEAVES_PARTS:
            self.assertEqual(parts, [])

    def good_backup(self):
        """What a backup has that the database has not."""
        return changed(self.rows, self.copy)

    def backup(self, replaces):
        words = ["backup", self.copy, "--with-keyring", self.keys]
        return words + ["--force"] if replaces else words

    def ready_for_backup(self, replaces):
        self.fresh()
        for path in (self.copy, self.keys) if replaces else ():
            with open(path, "w", encoding="ascii") as file:
                file.write("the old one")

    def try_backup(self, kind, n, replaces):
        self.ready_for_backup(replaces)
        self.control.arm(kind, n)
        done = self.run_words(self.backup(replaces), **self.control.environment)
        hit = self.control.disarm()
        self.assert_ended_well(done)
        self.assert_no_parts(kind)
        self.assertEqual(changed(self.rows, database(self.tried)), {}, "the database itself")
        if os.path.exists(self.copy) and os.path.getsize(self.copy) > 20:
            self.assertEqual(self.good_backup(), self.whole)
            self.assertEqual(stat.S_IMODE(os.stat(self.copy).st_mode), 0o600)
        else:
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(os.path.exists(self.copy), replaces)
        if os.path.exists(self.keys) and os.path.getsize(self.keys) > 20:
            with open(self.keys, "rb") as one, open(os.path.join(self.data, "keyring"), "rb") as other:
                self.assertEqual(one.read(), other.read())
        else:
            self.assertNotEqual(done.returncode, 0)
        if not done.returncode:
            self.assertEqual(PLAIN.sub("#", done.stdout), self.said)
        return hit

    def test_a_backup_is_whole_or_has_not_its_name(self):
        for replaces in (False, True):
            self.ready_for_backup(replaces)
            done = self.run_words(self.backup(replaces))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.whole, self.said = self.good_backup(), PLAIN.sub("#", done.stdout)

            def count(replaces=replaces):
                self.ready_for_backup(replaces)
                self.assertEqual(self.run_words(self.backup(replaces), **self.control.environment).returncode, 0)
            self.faults("backup --force" if replaces else "backup", count, lambda kind, n, r=replaces: self.try_backup(kind, n, r))

    def ready_for_restore(self):
        """A backup of an earlier moment, and a database that went on."""
        self.fresh()
        shutil.copyfile(self.earlier, self.copy)
        with opened(database(self.tried)) as connection:
            connection.execute("UPDATE account SET name = 'Later'")

    def restored(self):
        """Which of the two is in place."""
        found = changed(self.rows, database(self.tried))
        if found == self.later:
            return False
        self.assertEqual(found, self.whole, "neither the old nor the new one")
        return True

    def try_restore(self, kind, n):
        self.ready_for_restore()
        self.control.arm(kind, n)
        done = self.run_words(["restore", self.copy], **self.control.environment)
        hit = self.control.disarm()
        self.assert_ended_well(done)
        self.assert_no_parts(kind)
        kept = [name for name in os.listdir(self.tried) if ".before-" in name and not name.endswith(("-wal", "-shm", "-journal"))]
        if self.restored():
            self.assertEqual(len(kept), 1, "the old one is kept")
            self.assertEqual(changed(self.rows, os.path.join(self.tried, kept[0])), self.later)
        else:
            self.assertNotEqual(done.returncode, 0)
            again = self.run_words(["restore", self.copy], CLEAN)
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertTrue(self.restored())
        if not done.returncode:
            self.assertEqual(PLAIN.sub("#", done.stdout), self.said)
        return hit

    def test_a_restore_leaves_the_old_one_or_the_new_one(self):
        self.fresh()
        self.assertEqual(self.run_words(["backup", self.copy]).returncode, 0)
        self.earlier = os.path.join(self.folder, "earlier")
        shutil.copyfile(self.copy, self.earlier)
        self.ready_for_restore()
        self.later = changed(self.rows, database(self.tried))
        done = self.run_words(["restore", self.copy])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.whole, self.said = changed(self.rows, database(self.tried)), PLAIN.sub("#", done.stdout)
        self.assertNotEqual(self.whole, self.later)

        def count():
            self.ready_for_restore()
            self.assertEqual(self.run_words(["restore", self.copy], **self.control.environment).returncode, 0)
        self.faults("restore", count, self.try_restore)


class Commands(FaultTest):
    """What the operator does to people and organizations: on the store itself, and through a running server."""

    def commands(self):
        return (["user", "list", "--json"], ["user", "show", self.owner], ["user", "reset-second-step", self.owner, "--reason", "lost phone"],
                ["user", "close", self.other, "--yes"], ["host", "allow", "other.example", self.organization], ["host", "list"],
                ["organization", "create", "Beta", "--owner", self.other], ["organization", "list", "--json"],
                ["proxy-config", "nginx", "--service", "Shop"], ["--help"], ["--version"], ["serve", "--help"])

    def compare(self, done, whole, said, found):
        self.assert_ended_well(done)
        if done.returncode:
            self.assertIn(found, ({}, whole), "neither done nor not done")
            return
        self.assertEqual(found, whole)
        self.assertEqual(PLAIN.sub("#", done.stdout), said)

    def test_on_the_store_itself(self):
        rows = rows_of(database(self.data))
        for words in self.commands():
            def run(**env):
                self.fresh()
                return self.run_words(words, **env)

            def count():
                self.assertEqual(run(**self.control.environment).returncode, 0)

            done = run()
            self.assertEqual(done.returncode, 0, done.stderr)
            whole, said = changed(rows, database(self.tried)), PLAIN.sub("#", done.stdout)

            def attempt(kind, n):
                self.control.arm(kind, n)
                done = run(**self.control.environment)
                hit = self.control.disarm()
                self.compare(done, whole, said, changed(rows, database(self.tried)))
                return hit
            self.faults(" ".join(words), count, attempt)

    def test_through_a_server(self):
        """The server's calls fail, and those of the command."""
        self.fresh()
        server = FaultyServer(self.control, data=self.tried)
        other = Control(self.place)
        try:
            rows = rows_of(server.database)
            for words in self.commands()[:9]:
                with opened(server.database) as connection:
                    rows.put_back(connection)
                    self.assertEqual(self.run_words(words).returncode, 0)
                    rows.put_back(connection)
                    done = self.run_words(words)
                    whole, said = rows.changes(connection), PLAIN.sub("#", done.stdout)

                    def run(env):
                        rows.put_back(connection)
                        return self.run_words(words, **env)

                    def again(done):
                        """After the trouble it can be done, once the store has got over it."""
                        deadline = time.monotonic() + 20
                        while done.returncode and time.monotonic() < deadline:
                            done = run({})
                        self.assertEqual(done.returncode, 0, done.stderr + server.log()[-2000:])

                    for name, control, env in (("by the server", self.control, {}), ("to the server", other, other.environment)):
                        def count():
                            done = run(env)
                            self.assertEqual(done.returncode, 0, done.stderr + server.log()[-2000:])

                        def attempt(kind, n):
                            rows.put_back(connection)
                            control.arm(kind, n)
                            done = self.run_words(words, **env)
                            hit = control.disarm()
                            self.assertTrue(server.alive(), "the server has died:\n" + server.log()[-3000:])
                            self.compare(done, whole, said, rows.changes(connection))
                            again(done)
                            return hit
                        mine, self.control = self.control, control
                        try:
                            self.faults(f"{' '.join(words)}, {name}", count, attempt)
                        finally:
                            self.control = mine
        finally:
            self.assertEqual(server.end(signal.SIGTERM), 0)
            self.assertNotIn("Sanitizer", server.log())


if __name__ == "__main__":
    unittest.main()
