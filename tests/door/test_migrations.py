"""An older database, and a start that is killed in the middle of bringing it to the newest schema: the next one gets it whole."""
import glob
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from harness import STEP_S, DoorTest, Server, binary, clean_environment, expect, files_up_to, free_port
from invariants import broken, rows
from organizations import ROOT
from strike import KILL, KILL_HALF, StruckServer

STEPS = sorted(glob.glob(os.path.join(ROOT, "src/store/migrations/*.sql")))
ACCOUNTS = 600  # beside those who sign in: enough that a table takes many writes
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"


# What a later step keeps under other names, as the first step had it.
EARLIER = {"recovery_code": "(SELECT s.id AS set_id, digest, used_at FROM source.recovery_code JOIN source.recovery_set s ON number = set_number)"}


def columns(connection, schema, table):
    return [row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")]


def made_older(path, source):
    """A database as it was when the first step was the only one, with what it then had of `source`."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        with open(STEPS[0], "rb") as file:
            text = file.read()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(text.decode())
        connection.execute("CREATE TABLE migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL) STRICT")
        connection.execute("INSERT INTO migration VALUES (1, ?, ?)", (os.path.basename(STEPS[0]), hashlib.sha256(text).digest()))
        connection.execute("ATTACH ? AS source", (source,))
        connection.execute("BEGIN")
        for table, in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'migration'").fetchall():
            then = columns(connection, "main", table)
            both = ", ".join(then if table in EARLIER else set(then) & set(columns(connection, "source", table)))
            connection.execute(f"INSERT INTO main.{table} ({both}) SELECT {both} FROM {EARLIER.get(table, 'source.' + table)}")
        connection.execute("COMMIT")
    finally:
        connection.close()


class OlderTest(DoorTest):
    server_class = Server

    @classmethod
    def setUpClass(cls):
        cls.server = cls.server_class()
        cls.folder = tempfile.mkdtemp(prefix="twostep-older-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.old = os.path.join(cls.folder, "old.db")

    def put_old(self):
        for ending in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(self.server.database + ending):
                os.unlink(self.server.database + ending)
        shutil.copy(self.old, self.server.database)


class Told(OlderTest):
    """What an upgrade says, and one that cannot be."""

    def setUp(self):
        if self.server.process.poll() is not None:
            self.server.start()  # a test that stopped it has failed, and said so
        self.person().sign_up()
        self.server.end()
        self.old = tempfile.mktemp(dir=self.folder)
        made_older(self.old, self.server.database)
        self.put_old()
        self.said = len(self.server.log())

    def run_without_room(self, *words):
        return subprocess.run([binary(), *words], env=clean_environment(TWOSTEP_DATA=self.server.data, TWOSTEP_LISTEN=f"127.0.0.1:{free_port()}"),
                              capture_output=True, text=True, timeout=60, preexec_fn=files_up_to(128 * 1024), check=False)

    def test_the_log_says_which_steps_ran(self):
        first, second, *_, last = map(os.path.basename, STEPS)
        self.assertIn(f" info store_migrated first={first} last={last}\n", self.server.log()[:self.said], "the first start of all")
        self.server.start()
        self.server.restart()
        said = self.server.log()[self.said:]
        self.assertIn(f" info store_migrated first={second} last={last}\n", said)
        self.assertEqual(said.count("store_migrated"), 1, "nothing is left for the start behind")

    def test_no_room_for_it_is_said(self):
        for words in (["serve", "--log-level", "debug"], ["user", "list"]):
            done = self.run_without_room(*words)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done)
            self.assertIn("which cannot be used (File too large)", done.stderr)
        self.server.start()


class KilledMidway(OlderTest):
    server_class = StruckServer

    def kept_columns(self):
        """{table: columns} that the older database has and the newest still has."""
        connection = sqlite3.connect(self.server.database)
        try:
            connection.execute("ATTACH ? AS old", (self.old,))
            tables = [t for t, in connection.execute("SELECT name FROM old.sqlite_schema WHERE type = 'table'")]
            return {t: ", ".join(sorted(set(columns(connection, "old", t)) & set(columns(connection, "main", t)))) for t in tables}
        finally:
            connection.close()

    def contents(self, path, kept):
        """What each start writes for itself, how late it is, is left out."""
        return {table: sorted(map(repr, rows(path, f"SELECT {names} FROM {table}" + (" WHERE name <> 'clock'" if table == "meta" else ""))))
                for table, names in kept.items() if table not in ("migration", "mail_queue")}

    def killed_at(self, how, spared):
        """Starts on the older database and dies behind so many writes: how many steps had run by then."""
        self.put_old()
        self.server.strike.arm(how, spared)
        try:
            self.server.start()
        except RuntimeError as ended:
            self.assertIn("ended with -9", str(ended))
        else:
            self.server.end(signal.SIGKILL)  # this start took fewer
            return len(STEPS)
        finally:
            self.server.strike.off()
        dead = tempfile.mkdtemp(dir=self.folder)
        for ending in ("", "-wal"):
            if os.path.exists(self.server.database + ending):
                shutil.copy(self.server.database + ending, os.path.join(dead, "dead.db" + ending))
        return rows(os.path.join(dead, "dead.db"), "SELECT count(*) FROM migration")[0][0]

    def test_the_next_start_gets_it_whole(self):
        person = self.person().with_two_step()
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                        " INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
                        " SELECT randomblob(16), 'many' || i || '@example.com', 'Many', 'en', randomblob(300), 1, 1 FROM n", ACCOUNTS)
        self.server.sql("INSERT INTO audit_event (at, actor_id, action, account_id, address, browser, details)"
                        " SELECT 1, id, 'signed_up', id, '', '', '' FROM account WHERE name = 'Many'")
        newest = self.server.sql(SCHEMA)
        self.server.end()
        made_older(self.old, self.server.database)
        kept = self.kept_columns()
        before = self.contents(self.old, kept)

        self.put_old()
        count, seen = self.server.strike.count(KILL, self.server.start), set()
        self.server.end()
        for spared in self.moments(count):
            ran = self.killed_at(KILL_HALF if spared % 2 else KILL, spared)
            seen.add(ran)
            self.server.start()
            try:
                self.assertEqual(self.server.sql("SELECT number, name, hex(digest) FROM migration ORDER BY number"), self.all_steps())
                self.assertEqual(self.server.sql(SCHEMA), newest)
                self.assertEqual(self.contents(self.server.database, kept), before, f"killed behind {spared} writes")
                self.assertEqual(broken(self.server.database), [])
            finally:
                self.server.end()
        self.assertTrue({1, len(STEPS) - 1} <= seen and len(seen) > len(STEPS) // 2, f"killed before and between the steps: {seen}, of {count} writes")
        self.server.start()
        self.server.forward(3 * STEP_S)
        person.elsewhere().sign_in()
        expect(person.post("/organizations", {"name": "Alpha"}), 201)

    @staticmethod
    def moments(count):
        """The first writes, the last ones, and some in between."""
        return sorted({*range(3), *range(count // 12, count - 24, max(1, count // 12)), *range(count - 24, count - 1, 3)})

    def all_steps(self):
        def digest(path):
            with open(path, "rb") as file:
                return hashlib.sha256(file.read()).hexdigest().upper()
        return [(number, os.path.basename(path), digest(path)) for number, path in enumerate(STEPS, 1)]


if __name__ == "__main__":
    unittest.main()
