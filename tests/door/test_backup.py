"""twostep backup while the server serves, and twostep restore: what is there afterwards, and what must not be."""
import hashlib
import os
import pwd
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from guard import GuardTest
from harness import OTHER_PASSWORD, STEP_S, Closed, Server, binary, clean_environment, expect, files_up_to, mail_code, step_now, steady, totp
from invariants import Snapshot, broken, rows, undone
from neighbour import OTHER, ROOT

# What a restore keeps of the backup, and what it empties. A new table has to be decided on, here and in cli/restore_sql.c.
KEPT = {"migration", "meta", "account", "totp", "spent_step", "recovery_set", "recovery_code", "failure", "mail_sent", "audit_event",
        "organization", "membership", "service", "service_host", "allowed_host", "service_rule", "service_role", "invitation",
        "invitation_role", "mandate", "mandate_notice", "email_undo", "signing_key"}
EMPTIED = {"session", "session_organization", "login", "signup", "email_code", "remembered_device", "known_device", "setup", "reissue",
           "mail_queue", "email_change", "hand_over", "app_session"}

def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()

# What takes a copy back to what the third migration left.
AS_BEFORE = (
    "DROP INDEX session_seen",
    "DROP TABLE signing_key",
    "CREATE TABLE older_set (id BLOB NOT NULL PRIMARY KEY, account_id BLOB NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,"
    " issued_at INTEGER NOT NULL) STRICT",
    "CREATE TABLE older_code (set_id BLOB NOT NULL REFERENCES older_set (id) ON DELETE CASCADE, digest BLOB NOT NULL, used_at INTEGER,"
    " PRIMARY KEY (set_id, digest)) STRICT",
    "INSERT INTO older_set SELECT id, account_id, issued_at FROM recovery_set",
    "INSERT INTO older_code SELECT s.id, c.digest, c.used_at FROM recovery_code c JOIN recovery_set s ON s.number = c.set_number",
    "DROP TABLE recovery_code",
    "DROP TABLE recovery_set",
    "ALTER TABLE older_set RENAME TO recovery_set",
    "ALTER TABLE older_code RENAME TO recovery_code",
    "DELETE FROM migration WHERE number > 3",
)


class BackupTest(GuardTest):
    def setUp(self):
        if self.server.process.poll() is not None:
            self.server.start()  # a test that stopped it has failed, and said so
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="twostep-backups-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.copy = os.path.join(self.folder, "copy")

    def start(self, *words, data=None, **more):
        environment = clean_environment(TWOSTEP_DATA=data or self.server.data, **more)
        return subprocess.Popen([binary(), *words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.folder, text=True)

    def run_command(self, *words, **more):
        process = self.start(*words, **more)
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error

    def ok(self, *words, **more):
        status, out, error = self.run_command(*words, **more)
        self.assertEqual((status, error), (0, ""), words)
        return out

    def refused(self, status, text, *words, **more):
        found, out, error = self.run_command(*words, **more)
        self.assertEqual((found, out), (status, ""), f"{words}: {error}")
        self.assertIn(text, error, words)
        self.assertEqual(error.count("\n"), 1, f"{words}: {error}")
        return error

    def run_where_files_may_have(self, size, *words):
        return subprocess.run([binary(), *words], env=clean_environment(TWOSTEP_DATA=self.server.data), capture_output=True, text=True,
                              timeout=60, preexec_fn=files_up_to(size), check=False)

    def run_closed(self, closed, *words):
        """Without these of standard input, output and error."""
        def close():
            for number in closed:
                os.close(number)
        return subprocess.run([binary(), *words], env=clean_environment(TWOSTEP_DATA=self.server.data), cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, preexec_fn=close, check=False)

    def backup(self, *words):
        out = self.ok("backup", self.copy, *words)
        self.ahead = self.server.steps_ahead
        return out

    def restore(self, had=None):
        """With the server stopped meanwhile: what is there then is whole, and nothing that the backup has (had: said) is taken back."""
        had = had or Snapshot(self.copy)
        self.server.end()
        out = self.ok("restore", self.copy)
        self.assert_whole(self.server.database)
        self.assertEqual(undone(had, Snapshot(self.server.database)), [])
        self.server.steps_ahead = self.ahead
        self.server.start()
        return out

    def fill(self, mib):
        """So many MiB more in the database: what takes many steps to copy."""
        for _ in range(mib):
            self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1024)"
                            " INSERT INTO audit_event (at, action, address, browser, details)"
                            " SELECT unixepoch(), 'filler', '', '', hex(randomblob(450)) FROM n")

    def behind_a_link(self):
        """Puts the stopped server's database elsewhere, until the test has ended: where."""
        real = os.path.join(tempfile.mkdtemp(dir=self.folder), "real.db")
        shutil.move(self.server.database, real)
        os.symlink(real, self.server.database)

        def put_back():
            self.server.end()
            os.replace(real, self.server.database)
            self.server.start()
        self.addCleanup(put_back)
        return real

    def assert_whole(self, path):
        self.assertEqual(broken(path), [])

    def assert_alone(self, *names):
        """The folder of backups has these files and nothing half."""
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))


class Writers:
    """Eight people who change things until told to stop; what they were told is done."""

    def __init__(self, test, count=8):
        self.people = [test.person().sign_up() for _ in range(count)]
        self.done, self.refused, self.stopping = [0] * count, [], threading.Event()
        self.threads = [threading.Thread(target=self.change, args=(n,)) for n in range(count)]

    def change(self, n):
        person = self.people[n]
        while not self.stopping.is_set():
            try:
                reply = person.patch("/account", {"name": f"Name {self.done[n] + 1}"})
                if reply.status == 200:
                    self.done[n] += 1
                else:
                    self.refused.append(reply)
                if self.done[n] % 8 == 7:
                    expect(person.elsewhere().sign_in().delete("/session"), 204)
            except (AssertionError, OSError, Closed) as error:
                self.refused.append(error)
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Backup(BackupTest):
    def test_a_copy_of_one_moment_while_eight_people_change_things(self):
        owner = self.person().with_two_step()
        self.organization(owner)
        self.fill(24)
        self.addCleanup(self.server.sql, "DELETE FROM audit_event WHERE action = 'filler'")
        with Writers(self) as writers:
            for n in range(4):
                before = list(writers.done)
                out = self.ok("backup", f"copy{n}")
                after = list(writers.done)
                path = os.path.join(self.folder, f"copy{n}")
                self.assertIn("checked", out)
                self.assertIn("keyring is not in it", out)
                self.assert_whole(path)
                for place, person in enumerate(writers.people):
                    name, = rows(path, "SELECT name FROM account WHERE email = ?", person.email)[0]
                    number = int(name.split()[1]) if name.startswith("Name ") else 0
                    self.assertLessEqual(before[place], number, "a change that was acknowledged before")
                    self.assertLessEqual(number, after[place] + 1, "a change of afterwards")
        self.assertEqual(writers.refused, [])
        self.assert_alone(*[f"copy{n}" for n in range(4)])

    def test_one_file_for_its_owner_alone_without_the_keyring(self):
        self.backup()
        self.assertEqual(stat.S_IMODE(os.stat(self.copy).st_mode), 0o600)
        self.assert_alone("copy")
        with open(self.copy, "rb") as file:
            copy = file.read()
        with open(os.path.join(self.server.data, "keyring"), "rb") as file:
            keys = [word for word in file.read().split() if len(word) >= 32]
        self.assertTrue(keys)
        for key in keys:
            self.assertNotIn(key, copy)
        self.assertEqual(copy[18:20], b"\1\1", "it wants a log beside it")

    def test_the_keyring_where_it_is_asked_for(self):
        self.assertIn("keep the two apart", self.ok("backup", "copy", "--with-keyring", "keys"))
        self.assertEqual(digest(os.path.join(self.folder, "keys")), digest(os.path.join(self.server.data, "keyring")))
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "keys")).st_mode), 0o600)
        self.refused(1, "keys: is there already", "backup", "copy2", "--with-keyring", "keys")
        os.mkdir(os.path.join(self.folder, "folder"))
        os.symlink(self.folder, os.path.join(self.folder, "folder", "here"))
        for other in ("copy3", "./copy3", ".//copy3", "folder/../copy3", "folder/here/copy3", self.folder + "/copy3"):
            for one, two in ((other, "copy3"), ("copy3", other)):
                self.refused(2, "file of its own", "backup", one, "--with-keyring", two, "--force")
        self.assert_alone("copy", "folder", "keys")
        self.ok("backup", "folder/keys", "--with-keyring", "copy4")

    def test_nothing_is_replaced_unasked(self):
        self.backup()
        first = digest(self.copy)
        self.person().sign_up()
        self.refused(1, "is there already", "backup", "copy")
        self.assertEqual(digest(self.copy), first)
        self.backup("--force")
        self.assertNotEqual(digest(self.copy), first)
        os.symlink(os.path.join(self.server.data, "keyring"), os.path.join(self.folder, "link"))
        os.mkdir(os.path.join(self.folder, "folder"))
        for words, status, text in ((["folder", "--force"], 1, "no file"), (["link", "--force"], 2, "what the server works with"),
                                    (["nowhere/copy"], 1, "No such file"), (["-"], 2, "is no file"), (["/proc/copy"], 1, "cannot be made"),
                                    ([self.server.database, "--force"], 2, "what the server works with"),
                                    ([os.path.join(self.server.data, "keyring"), "--force"], 2, "what the server works with"),
                                    *[([os.path.join(self.server.data, name), "--force"], 2, "what the server works with")
                                      for name in ("twostep.db-wal", "twostep.db-journal", "twostep.db.lock", "lock", "control")],
                                    ([], 2, "usage: twostep backup FILE"), (["a", "b"], 2, "usage"), (["a", "--reason", "x"], 2, "--reason"),
                                    (["a", "--force=yes"], 2, "takes no value"), (["a", "--with-keyring"], 2, "wants a value")):
            self.refused(status, text, "backup", *words)
        self.assert_alone("copy", "folder", "link")

    def test_a_place_that_cannot_be_looked_at_is_called_so(self):
        for place, because in (("/etc/passwd/copy", "Not a directory"), ("n" * 300, "File name too long"), ("n/" * 3000, "File name too long")):
            text = f"cannot be looked at ({because})"
            self.refused(1, text, "backup", place)
            self.refused(1, text, "backup", "copy", "--with-keyring", place)
            self.refused(1, text, "backup", place, "--with-keyring", place)
        self.refused(2, "keyring", "backup", "copy", TWOSTEP_KEYRING="/etc/passwd/keyring")
        self.assert_alone()

    @unittest.skipUnless(ROOT, "becoming another user takes root")
    def test_nor_a_place_that_its_user_may_not_enter(self):
        entry, program, data, closed = pwd.getpwnam(OTHER), *(os.path.join(self.folder, name) for name in ("twostep", "data", "closed"))
        os.chmod(self.folder, 0o755)
        shutil.copy2(binary(), program)
        os.mkdir(closed, 0o700)
        server = Server(["--user", OTHER], data=data, log_path=os.path.join(self.folder, "log"))
        server.end()
        for running in (False, True):
            if running:
                server.start()
                self.addCleanup(server.stop)
            done = subprocess.run([program, "backup", os.path.join(closed, "copy"), "--data", data], env=clean_environment(), capture_output=True,
                                  text=True, timeout=60, cwd="/", user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn("closed/copy: cannot be looked at (Permission denied)", done.stderr)

    def test_no_backup_takes_a_name_that_the_next_server_needs(self):
        self.server.end()
        self.refused(2, "what the server works with", "backup", os.path.join(self.server.data, "control"))
        self.server.start()
        self.assertNotIn("no_control_socket", self.server.log())

    def test_what_the_server_works_with_is_known_by_whatever_name(self):
        """Where the database is a link, its log and lock are beside what it leads to."""
        self.server.end()
        real = self.behind_a_link()
        self.server.start()
        for name in (self.server.database, real, real + "-wal", real + "-shm", real + "-journal", real + ".lock"):
            self.refused(2, "what the server works with", "backup", name, "--force")
        self.ok("backup", "copy")

    def test_what_is_written_to_nowhere_does_not_go_into_the_file(self):
        keys = os.path.join(self.server.data, "keyring")
        for closed, status in (((0,), 0), ((1,), 1), ((2,), 0), ((1, 2), 1), ((0, 1, 2), 1)):
            with self.subTest(closed):
                done = self.run_closed(closed, "backup", "copy", "--force", "--with-keyring", "keys")
                self.assertEqual(done.returncode, status, done.stderr)
                with open(self.copy, "rb") as file:
                    self.assertEqual(file.read(16), b"SQLite format 3\0")
                self.assert_whole(self.copy)
                self.assertEqual(digest(os.path.join(self.folder, "keys")), digest(keys))

    def test_no_room_leaves_no_half_file(self):
        done = self.run_where_files_may_have(100 * 1024, "backup", self.copy)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("not written", done.stderr)
        self.assert_alone()
        self.assertEqual(self.server.process.poll(), None)
        self.person().sign_up()

    def test_without_a_server_and_with_a_wrong_keyring(self):
        self.server.end()
        try:
            self.ok("backup", "copy")
            self.assert_whole(self.copy)
            keyring = os.path.join(self.folder, "keyring")
            self.refused(2, "keyring", "backup", "copy2", TWOSTEP_KEYRING=keyring)
            self.assertFalse(os.path.exists(keyring), "a keyring was made")
            other = Server()
            other.stop_after = other.end()
            self.refused(1, "is not the keyring of this database", "backup", "copy2", TWOSTEP_KEYRING=os.path.join(other.data, "keyring"))
            shutil.rmtree(other.data)
            self.refused(2, "which no server has begun", "backup", "copy2", TWOSTEP_DATABASE=f"sqlite:{self.folder}/none.db")
        finally:
            self.server.start()
        self.assert_alone("copy")

    def test_a_damaged_database_gives_no_backup(self):
        self.server.end()
        damaged = os.path.join(self.folder, "damaged.db")
        shutil.copy(self.server.database, damaged)
        self.server.start()
        with open(damaged, "r+b") as file:
            size = os.path.getsize(damaged)
            for at in range(4096 * 3, size, 4096 * 2):
                file.seek(at)
                file.write(b"\xff" * 64)
        status, _, error = self.run_command("backup", "copy", TWOSTEP_DATABASE=f"sqlite:{damaged}")
        self.assertEqual(status, 1, error)
        self.assertFalse(os.path.exists(self.copy))

    def test_interrupted_or_killed_there_is_the_old_one_or_the_new_one(self):
        self.backup()
        random.seed(6)
        with Writers(self, 4):
            for n in range(24):
                process = self.start("backup", "copy", "--force")
                time.sleep(random.uniform(0, 0.25))
                process.send_signal(signal.SIGKILL if n % 2 else signal.SIGTERM)
                process.communicate(timeout=60)
                self.assert_whole(self.copy)
                self.assertEqual(len(rows(self.copy, "SELECT 1 FROM meta WHERE name = 'backup'")), 1)
                left = [name for name in os.listdir(self.folder) if name.endswith(".part")]
                if not n % 2:
                    self.assertLessEqual(len(left), n // 2, "an interrupted one left its half")
        for name in os.listdir(self.folder):
            self.assertTrue(name == "copy" or ".part" in name, name)

    def test_a_server_can_start_and_end_meanwhile(self):
        processes = [self.start("backup", f"copy{n}") for n in range(3)]
        self.server.restart()
        for process in processes:
            self.assertEqual(process.wait(60), 0, process.communicate())
        self.assert_whole(os.path.join(self.folder, "copy0"))


class Restore(BackupTest):
    def test_what_was_signed_in_is_no_more_and_people_come_in_again(self):
        owner, member = self.person("owner").with_two_step(), self.person("member").sign_up()
        organization = self.organization(owner)
        self.join(organization, member)
        invited = self.person("invited").sign_up()
        expect(owner.post(f"/organizations/{organization}/invitations", {"email": invited.email, "role": "member"}), 201)
        browser, app = owner.elsewhere(), owner.elsewhere().sign_in("bearer")
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        device = {name: value for name, value in browser.cookies.items() if "device" in name}
        login, spare = owner.half_way(), owner.half_way()
        signup, code = self.person("late").begin_sign_up()
        setup = member.elsewhere().sign_in()
        setup_code = setup.begin_setup()
        reply, mail = invited.mailed(lambda: invited.elsewhere().post("/password-reset", {"email": invited.email}))
        expect(reply, 202)
        reset = mail_code(mail)

        self.server.forward(3 * STEP_S)
        self.backup()
        steady()
        used = totp(owner.account.secret, step_now() + 1)  # not yet spent in the backup
        seen = owner.elsewhere()
        owner.account.last_step = step_now() + 1 + self.server.steps_ahead
        expect(seen.second_step(spare, used), 200)
        expect(member.post("/account/password", {"current_password": member.password, "new_password": OTHER_PASSWORD}), 200)
        late = self.person("later").sign_up()
        out = self.restore()

        for text in (" sessions", "half sign-ins", "mailed codes", "remembered devices", "recovery codes", "the database that was there: "):
            self.assertIn(text, out)
        for who, what in ((owner, "a cookie"), (app, "a bearer token"), (browser, "another cookie"), (seen, "one of after the backup")):
            expect(who.get("/session"), 401, about=what)
        known = owner.elsewhere()
        known.cookies = dict(device)
        self.assertEqual(expect(known.first_step(), 200)["status"], "second_step", "a remembered device")
        expect(owner.elsewhere().second_step(login, "000000"), 410, "login_expired", "a half sign-in")
        self.assertIn(self.person().post("/signup/verify", {"signup": signup, "code": code}).status, (410, 422), "a code of a sign-up")
        expect(setup.post("/account/two-step/setup/email", {"code": setup_code}), 401, about="a code of a set-up")
        expect(invited.elsewhere().post("/password-reset/complete",
                                        {"email": invited.email, "code": reset, "password": OTHER_PASSWORD}), 422, "invalid_code")
        expect(late.elsewhere().first_step(), 401, "invalid_credentials", "an account of after the backup")

        expect(owner.elsewhere().second_step(owner.elsewhere().half_way(), used), 401, "invalid_code", "a code used since the backup")
        self.server.forward(3 * STEP_S)
        owner.elsewhere().sign_in()
        back = owner.elsewhere()
        expect(back.second_step(back.half_way(), owner.account.recovery_codes[0], "recovery_code"), 200)
        self.assertEqual(back.two_step()["recovery_codes_left"], 9)
        member.elsewhere().sign_in()  # with the password of the backup
        self.assertEqual([i["email"] for i in expect(back.get(f"/organizations/{organization}/invitations"), 200)["invitations"]], [invited.email])
        self.assertEqual(self.role_of(organization, member), "member")

    def test_stands_in_each_log(self):
        owner = self.person().sign_up()
        organization = self.organization(owner)
        self.backup()
        self.restore()
        event = [row for row in self.log_of(organization) if row[0] == "restored"]
        self.assertEqual(len(event), 1)
        self.assertRegex(event[0][3], r"^of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        owner.elsewhere()
        self.assertEqual(self.server.sql("SELECT count(*) FROM audit_event e JOIN account a ON a.id = e.account_id WHERE a.email = ?"
                                         " AND action = 'restored' AND organization_id IS NULL", owner.email), [(1,)])
        found = expect(owner.sign_in().get(f"/organizations/{organization}/audit?action=restored"), 200)["events"]
        self.assertEqual([(e["actor"], e["details"]) for e in found], [("operator", event[0][3])])

    def test_every_table_is_decided_on(self):
        names = {name for name, in self.server.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")}
        self.assertEqual(names, KEPT | EMPTIED)
        self.assertEqual(KEPT & EMPTIED, set())
        owner = self.person().with_two_step()
        organization = self.organization(owner)
        expect(owner.get(f"/organizations/{organization}/members"), 200)
        self.person().begin_sign_up()
        self.person().sign_up().begin_setup()
        owner.half_way()
        browser = owner.elsewhere()
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        expect(browser.post("/account/two-step/recovery-codes", {"password": owner.password}), 200)
        later = int(time.time()) + 1000
        for statement in ("INSERT INTO hand_over SELECT x'01', id, 'a.example', x'02', '/', ?1 FROM session LIMIT 1",
                          "INSERT INTO app_session SELECT x'01', id, account_id, 'a.example', ?1 FROM session LIMIT 1",
                          "INSERT INTO email_change SELECT id, x'03', account_id, 'new@example.com', ?1 FROM session LIMIT 1",
                          "INSERT INTO mail_queue VALUES (x'04', 'late@example.com', x'05', 0, ?1, NULL, ?1)",
                          "INSERT INTO email_undo SELECT x'06', id, 'old@example.com', ?1 FROM account LIMIT 1"):
            self.server.sql(statement, later)
        self.backup()
        for table in EMPTIED:
            self.assertGreater(rows(self.copy, f"SELECT count(*) FROM {table}")[0][0], 0, table)
        kept = {table: rows(self.copy, f"SELECT count(*) FROM {table}")[0][0] for table in KEPT}
        self.server.end()
        self.ok("restore", self.copy)
        for table in EMPTIED:
            self.assertEqual(rows(self.server.database, f"SELECT count(*) FROM {table}"), [(0,)], table)
        for table in KEPT - {"meta", "audit_event", "spent_step"}:
            self.assertEqual(rows(self.server.database, f"SELECT count(*) FROM {table}"), [(kept[table],)], table)
        self.assert_whole(self.server.database)
        self.assertEqual(rows(self.server.database, "SELECT 1 FROM meta WHERE name = 'backup'"), [], "it is no backup itself")
        self.server.start()

    def test_only_without_a_server(self):
        self.backup()
        before = self.server.sql("SELECT count(*) FROM audit_event")
        self.refused(2, f"process {self.server.process.pid} is using", "restore", "copy")
        self.assertEqual(self.server.sql("SELECT count(*) FROM audit_event"), before)
        self.server.end()
        reader = sqlite3.connect(self.server.database, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM account").fetchall()
        self.refused(2, "open in another process", "restore", "copy")
        reader.close()
        self.ok("restore", "copy")
        self.server.start()

    def test_what_was_there_is_kept_aside_with_its_log(self):
        self.backup()
        person = self.person().sign_up()
        self.server.end(signal.SIGKILL)  # its log stays beside the database
        out = self.ok("restore", "copy")
        aside = next(line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("the database that was there"))
        self.assertEqual(len(rows(aside, "SELECT 1 FROM account WHERE email = ?", person.email)), 1)
        self.assertEqual(rows(self.server.database, "SELECT 1 FROM account WHERE email = ?", person.email), [])
        self.assert_whole(aside)
        self.assertEqual(stat.S_IMODE(os.stat(self.server.database).st_mode), 0o600)
        again = self.ok("restore", "copy")
        self.assertNotIn(f"{aside}\n", again)
        self.server.start()

    def test_behind_a_link_what_it_leads_to_is_replaced(self):
        self.backup()
        person = self.person().sign_up()
        self.server.end()
        real = self.behind_a_link()
        self.server.start()
        late = self.person().sign_up()
        self.server.end(signal.SIGKILL)  # its log stays beside the file, not beside the link
        out = self.ok("restore", "copy")
        self.assertIn(f"{real}: restored", out)
        aside = next(line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("the database that was there"))
        self.assertTrue(aside.startswith(real + ".before-"), aside)
        self.assertEqual(len(rows(aside, "SELECT 1 FROM account WHERE email IN (?, ?)", person.email, late.email)), 2)
        self.assertEqual(os.readlink(self.server.database), real)
        self.assert_whole(real)
        self.server.start()
        expect(person.elsewhere().first_step(), 401, "invalid_credentials")

    def test_no_room_leaves_the_old_one(self):
        self.person().with_two_step()
        self.backup()
        late = self.person().sign_up()
        self.server.end()
        before, there = digest(self.server.database), sorted(os.listdir(self.server.data))
        size = os.path.getsize(self.copy)
        for room in (4096, size // 2, size - 1):
            done = self.run_where_files_may_have(room, "restore", self.copy)
            self.assertEqual((done.returncode, done.stdout), (1, ""), f"{room}: {done.stderr}")
            self.assertEqual(digest(self.server.database), before, room)
            self.assertEqual(sorted(os.listdir(self.server.data)), there, "half of it is left")
        self.server.start()
        self.assertTrue(late.is_signed_in())

    def test_no_room_for_the_log_of_the_old_one_leaves_both(self):
        self.backup()
        late = self.person().sign_up()
        connection = sqlite3.connect(self.server.database, isolation_level=None)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        free, = connection.execute("PRAGMA freelist_count").fetchone()
        connection.execute("CREATE TABLE filler (b)")  # more pages than the file has, in the log alone
        connection.execute("INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                           " SELECT randomblob(4000) FROM n", (free + 100,))
        connection.execute("DROP TABLE filler")
        connection.close()
        self.server.end(signal.SIGKILL)
        there = sorted(os.listdir(self.server.data))
        room = os.path.getsize(self.copy) + 8192
        self.assertLess(os.path.getsize(self.server.database), room)
        done = self.run_where_files_may_have(room, "restore", self.copy)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("nothing is restored", done.stderr)
        self.assertEqual(sorted(os.listdir(self.server.data)), there)
        self.server.start()
        self.assertTrue(late.is_signed_in())
        self.assert_whole(self.server.database)

    def test_a_damaged_database_can_be_replaced(self):
        self.backup()
        self.server.end()
        with open(self.server.database, "r+b") as file:
            file.write(b"no database at all")
        with open(self.server.database + "-wal", "wb") as file:
            file.write(b"nor a log")
        out = self.ok("restore", "copy")
        aside = next(line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("the database that was there"))
        with open(aside, "rb") as file:
            self.assertEqual(file.read(18), b"no database at all")
        self.assertFalse(os.path.exists(self.server.database + "-wal"))
        self.server.start()
        self.assert_whole(self.server.database)

    def test_a_log_that_its_damaged_database_cannot_take_is_kept_and_named(self):
        self.backup()
        for size in (4096 * 3, 100, 0):
            with self.subTest(size):
                self.person().sign_up()
                self.server.end(signal.SIGKILL)
                os.truncate(self.server.database, size)
                old, log = digest(self.server.database), digest(self.server.database + "-wal")
                out = self.ok("restore", "copy")
                aside = next(line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("the database that was there"))
                self.assertIn(f"\nits log, without which it is not whole: {aside}-wal\n", out)
                self.assertEqual((digest(aside), digest(aside + "-wal")), (old, log))
                self.assertFalse(os.path.exists(self.server.database + "-wal"))
                self.assert_whole(self.server.database)
                self.server.start()

    def test_a_log_that_lost_its_database_is_not_taken_for_the_new_ones(self):
        self.backup()
        late = self.person().sign_up()
        self.server.end(signal.SIGKILL)
        os.unlink(self.server.database)
        self.assertGreater(os.path.getsize(self.server.database + "-wal"), 0)
        before = self.asides()
        out = self.ok("restore", "copy")
        self.assertFalse(os.path.exists(self.server.database + "-wal"))
        kept = [os.path.join(self.server.data, name) for name in self.asides() - before if name.endswith("-wal")]
        self.assertEqual(len(kept), 1, "it is kept")
        self.assertIn(f"\na log that was there without a database: {kept[0]}\n", out)
        self.assertEqual(rows(self.server.database, "SELECT 1 FROM account WHERE email = ?", late.email), [])
        self.assert_whole(self.server.database)
        for n in range(3):  # within a second: none takes the place of another
            os.unlink(self.server.database)
            with open(self.server.database + "-wal", "wb") as file:
                file.write(b"%d" % n)
            self.ok("restore", "copy")
        self.assertEqual(len([name for name in self.asides() - before if name.endswith("-wal")]), 4)
        self.server.start()

    def test_a_backup_that_was_only_copied_there_is_not_served(self):
        person = self.person().with_two_step()
        self.backup()
        self.server.end()
        shutil.copy(self.copy, self.server.database)
        with self.assertRaisesRegex(RuntimeError, "which is a backup; put it in place with: twostep restore FILE"):
            self.server.start()
        self.refused(2, "twostep restore FILE", "user", "list")
        self.refused(1, "is a backup itself", "backup", "copy2")
        self.assertEqual(len(rows(self.server.database, "SELECT 1 FROM meta WHERE name = 'backup'")), 1)
        self.ok("restore", self.server.database)
        self.server.start()
        self.assertFalse(person.is_signed_in())
        self.ok("backup", "copy2")

    def test_nor_with_the_log_of_a_killed_server_beside(self):
        """Opened only to be refused, it would be given what the log holds."""
        self.server.restart()  # what there is stands in the database's own file
        person = self.person().sign_up()
        self.backup()
        before = rows(self.copy, "SELECT COUNT(*) FROM account")
        expect(person.post("/account/password", {"current_password": person.password, "new_password": OTHER_PASSWORD}), 200)
        self.person().sign_up()
        self.server.end(signal.SIGKILL)
        shutil.copy(self.copy, self.server.database)
        self.assertGreater(os.path.getsize(self.server.database + "-wal"), 0)
        as_copied = digest(self.server.database)
        with self.assertRaisesRegex(RuntimeError, "which is a backup; put it in place with: twostep restore FILE"):
            self.server.start()
        self.refused(2, "twostep restore FILE", "user", "list")
        self.refused(1, "is a backup itself", "backup", "copy2")
        self.assertEqual(digest(self.server.database), as_copied)
        self.ok("restore", self.server.database)
        self.assertEqual(rows(self.server.database, "SELECT COUNT(*) FROM account"), before)
        self.server.start()
        expect(person.elsewhere().first_step(), 200, about="the password of the backup")

    def test_only_while_no_server_has_the_database(self):
        self.backup()
        data = self.new_folder()
        elsewhere = {"data": data, "TWOSTEP_DATABASE": f"sqlite:{self.server.database}"}
        before = digest(self.server.database)
        self.refused(2, f"process {self.server.process.pid} is using", "restore", "copy", **elsewhere)
        self.assertEqual(digest(self.server.database), before)
        self.ok("backup", "copy2", **elsewhere)

    def new_folder(self):
        """A data folder with nothing but the keyring."""
        data = tempfile.mkdtemp(dir=self.folder)
        shutil.copy(os.path.join(self.server.data, "keyring"), data)
        return data

    def asides(self):
        return {name for name in os.listdir(self.server.data) if ".before-" in name}

    def changed(self, change):
        """A copy of the backup that somebody worked on."""
        path = os.path.join(self.folder, "changed")
        shutil.copy(self.copy, path)
        change(path)
        return path

    def test_refuses_what_it_must_not_take(self):
        def sql(*statements):
            def run(path):
                for statement in statements:
                    rows(path, statement)
            return run

        def write(at, data):
            def run(path):
                with open(path, "r+b") as file:
                    file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
                    file.write(data)
            return run

        def scatter(path):
            with open(path, "r+b") as file:
                for at in range(4096 * 4, os.path.getsize(path), 4096 * 3):
                    file.seek(at)
                    file.write(b"\xff" * 40)

        def foreign(path):
            os.unlink(path)
            rows(path, "CREATE TABLE song (name TEXT)")

        self.person().with_two_step()
        self.backup()
        cases = {
            "cut": (lambda path: os.truncate(path, os.path.getsize(path) // 2), "cannot be restored"),
            "cut within a page": (lambda path: os.truncate(path, 5000), "cannot be restored"),
            "empty": (lambda path: os.truncate(path, 0), "no backup of twostep"),
            "a text": (write(0, b"hello, this is a text"), "no backup of twostep"),
            "damaged": (scatter, "cannot be restored"),
            "of another program": (foreign, "another program"),
            "a plain copy": (sql("DELETE FROM meta WHERE name = 'backup'"), "not of `twostep backup`"),
            "a foolish time": (sql("UPDATE meta SET value = CAST('\x1b[31m yesterday morning' AS BLOB) WHERE name = 'backup'"), ""),
            "of a newer version": (sql("INSERT INTO migration VALUES (999, 'later', x'00')"), "newer version"),
            "of another build": (sql("UPDATE migration SET digest = zeroblob(32) WHERE number = 2"), "another build"),
            "of another keyring": (sql("UPDATE meta SET value = randomblob(16) WHERE name = 'keyring'"), "another keyring"),
            "of no keyring": (sql("DELETE FROM meta WHERE name = 'keyring'"), "no backup of twostep"),
            "with a trigger": (sql("CREATE TRIGGER t AFTER INSERT ON session BEGIN DELETE FROM totp; END"), "triggers"),
            "with a view": (sql("CREATE VIEW v AS SELECT 1"), "triggers or views"),
            "with a row that hangs on nothing": (sql("INSERT INTO spent_step VALUES (x'00', 1, 1)"), "refers to one that is not there"),
        }
        self.server.end()
        before = digest(self.server.database)
        for name, (change, text) in cases.items():
            with self.subTest(name):
                self.refused(2, text, "restore", self.changed(change))
        for words, text in ((["nowhere"], "cannot be read"), ([self.folder], "no backup"), (["/dev/zero"], "no backup"), ([], "usage"),
                            (["copy", "--force"], "not a flag of this command")):
            self.refused(2, text, "restore", *words)
        self.refused(2, "keyring", "restore", "copy", TWOSTEP_KEYRING=os.path.join(self.folder, "none"))
        self.assertEqual(digest(self.server.database), before)
        self.assertEqual([n for n in os.listdir(self.server.data) if ".part" in n or n.startswith("twostep.db-")], [])
        self.server.start()

    def test_for_what_is_no_backup_no_folder_is_made(self):
        with open(os.path.join(self.folder, "text"), "w", encoding="ascii") as file:
            file.write("hello, this is a text")
        for name, text in (("nowhere", "nowhere: cannot be read"), ("text", "text: is no backup of twostep")):
            with self.subTest(name):
                new = os.path.join(self.folder, "new-" + name)
                self.refused(2, text, "restore", name, data=new)
                self.assertFalse(os.path.exists(new))

    def test_an_older_backup_comes_to_the_newest_schema(self):
        person = self.person().with_two_step()
        self.backup()
        had = Snapshot(self.copy)
        for step in AS_BEFORE:
            rows(self.copy, step)
        self.restore(had)
        self.assertEqual(self.server.sql("SELECT count(*) FROM signing_key WHERE 0"), [(0,)])
        self.server.forward(3 * STEP_S)
        person.elsewhere().sign_in()
        elsewhere = person.elsewhere()
        expect(elsewhere.second_step(elsewhere.half_way(), person.account.recovery_codes[3], "recovery_code"), 200)

    def test_on_a_new_machine(self):
        person = self.person().with_two_step()
        self.backup("--with-keyring", os.path.join(self.folder, "keys"))
        data = os.path.join(self.folder, "new")
        self.refused(2, "keyring", "restore", "copy", data=data)
        shutil.copy(os.path.join(self.folder, "keys"), os.path.join(data, "keyring"))
        self.assertNotIn("that was there", self.ok("restore", "copy", data=data))
        self.assert_whole(os.path.join(data, "twostep.db"))
        other = Server(data=data)
        try:
            there = person.elsewhere()
            there.server, there.origin = other, other.origin
            expect(there.second_step(there.half_way(), person.account.recovery_codes[3], "recovery_code"), 200)
        finally:
            other.stop()

    def test_killed_meanwhile_there_is_the_old_one_or_the_new_one(self):
        self.person().with_two_step()
        self.backup()
        late = self.person().sign_up()
        random.seed(9)
        seen = set()
        self.server.end()
        begun = time.monotonic()
        self.ok("restore", "copy", data=self.new_folder())
        whole = time.monotonic() - begun
        there = set(os.listdir(self.server.data))
        shutil.copy(self.server.database, os.path.join(self.folder, "late"))
        for n in range(24):
            shutil.copy(os.path.join(self.folder, "late"), self.server.database)
            before = self.asides()
            process = self.start("restore", "copy")
            if n % 3:
                time.sleep(random.uniform(0.3, 1.3) * whole)
            while not n % 3 and process.poll() is None and self.asides() == before:
                pass  # the moment between keeping the old one aside and the rename
            process.send_signal(signal.SIGKILL if n % 2 else signal.SIGTERM)
            process.communicate(timeout=60)
            self.assert_whole(self.server.database)
            old = len(rows(self.server.database, "SELECT 1 FROM account WHERE email = ?", late.email))
            sessions = rows(self.server.database, "SELECT count(*) FROM session")[0][0]
            self.assertEqual(bool(old), bool(sessions), "half of it")
            seen.add(old)
        self.assertEqual(seen, {0, 1}, "it was never killed before, or never behind the change")
        self.ok("restore", "copy")
        left = set(os.listdir(self.server.data)) - there
        self.assertEqual([name for name in left if ".part" in name], [], "what was left is swept away")
        for name in left:
            if ".before-" in name:
                self.assert_whole(os.path.join(self.server.data, name))
        self.server.start()


if __name__ == "__main__":
    unittest.main()
