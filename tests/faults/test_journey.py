"""
The whole journey with faults: each change that the route tables have, and each page, while the n-th allocation, statement,
write, send … fails. Never a crash, never a yes that is not whole, nothing half done; afterwards it goes on.

    FAULTS_EACH=1       every n of every kind, until none is hit (an hour and a half of a processor); else a sample, which FAULTS_SEED chooses
    FAULTS_PART=K/N     the K-th of N parts of the steps
    FAULTS_STRIDE=N     beside that, behind the first ones only every N-th n
    FAULTS_STEP=WORDS   only steps whose name has these words in it; FAULTS_KIND=NAME: only this kind
"""
import contextlib
import os
import random
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "door"))

import described  # noqa: E402
from faulty import PLAIN, Control, FaultyServer, Rows  # noqa: E402
from harness import Closed, Wire, expect  # noqa: E402
from routes import every_route  # noqa: E402
from world import IN_PARTS, World, all_steps  # noqa: E402

EACH = bool(os.environ.get("FAULTS_EACH"))
SEED = int(os.environ.get("FAULTS_SEED", "1"))
STRIDE = int(os.environ.get("FAULTS_STRIDE", "1"))
PART_NUMBER, PARTS = map(int, os.environ.get("FAULTS_PART", "1/1").split("/"))
ONLY_KIND = os.environ.get("FAULTS_KIND", "")
FIRST = 3             # n that no stride leaves out
SAMPLE = 2            # tries a step
CHANGE_PART = 0.5     # of the steps that change something
LOOK_PART = 0.15      # … and of those that do not
COLD_PART = 0.1       # of the steps are tried where nothing is prepared
COLD = {"prepare", "thread"}  # kinds that a server meets in its first moments
N_MAX = 20000    # far more than any step takes
FILES_MORE = 12  # readers of the store, connections that are about to close
HANG_S = 12
# What a no may leave: tries are counted before it is known whether they are right, mails before they are sent.
COUNTED = ("failure", "email_code ~ wrong=", "login ~ wrong=")


class Shape:
    """What an answer looks like without what is different each time: a yes under faults has that of a yes without."""
    DRAWING = re.compile(r' d="[^"]*"')  # of a QR code
    FRAME = re.compile(r".*<main", re.S)  # of a page: what cannot be told in it is left out (pages/organization.h)

    def __init__(self, reply):
        self.status = reply.status
        self.headers = sorted((name, self.plain(value) if name in ("Location", "Set-Cookie", "Content-Type", "Remote-Groups", "Remote-Name") else "")
                              for name, value in reply.headers)
        if not reply.body:
            self.body = ""
        elif reply.is_json:
            self.body = self.of(reply.json)
        else:
            self.body = self.plain(self.FRAME.sub("", reply.body.decode("utf-8", "replace")))

    def plain(self, text):
        return PLAIN.sub("#", self.DRAWING.sub("", text))

    def of(self, value):
        if isinstance(value, dict):
            return {name: self.of(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner) for inner in value]
        return self.plain(value) if isinstance(value, str) else value if value is None or isinstance(value, bool) else "number"

    def difference(self, other):
        if self.status != other.status:
            return f"status {self.status} instead of {other.status}"
        for name in ("headers", "body"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                mine, theirs = str(mine), str(theirs)
                at = len(os.path.commonprefix([mine, theirs]))
                return f"another {name}: …{mine[max(0, at - 60):at + 80]!r} instead of …{theirs[max(0, at - 60):at + 80]!r}"
        return ""


PART = "in part"


class Broken(Exception):
    """Something that must not be, in words."""


class Case:
    """A step, and what it comes to where nothing fails."""

    def __init__(self, name, route, before):
        self.name, self.route, self.before = name, route, before
        self.browser = self.make = self.rows = self.whole = None
        self.mails = self.sent = 0


class Outcome:
    """What came of one try."""

    def __init__(self, reply, shape, changes):
        self.reply, self.shape, self.changes = reply, shape, changes


class Journey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="twostep-faults-")
        cls.control = Control(cls.folder)
        cls.server = FaultyServer(cls.control, args=["--trusted-proxies", "127.0.0.0/8"], env={"TWOSTEP_LOG_LEVEL": "warn"})
        cls.world = World(cls.server)
        cls.connection = sqlite3.connect(cls.server.database, timeout=20, isolation_level=None)
        cls.start = Rows(cls.connection)
        cls.files = 0

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        try:
            cls.server.stop()
        finally:
            shutil.rmtree(cls.folder, ignore_errors=True)

    # One try

    def ask(self, browser, make, route):
        """What is answered; None where the connection was closed instead."""
        method, place = route.split(" ", 1)
        how = make()
        form, body = how.get("form"), how.get("body")
        headers = dict(how.get("headers", {}))
        raw = None
        if form is not None:
            raw = urllib.parse.urlencode(form).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", **headers}
        place = self.world.path(how.get("path", place))
        try:
            with Wire(self.server, HANG_S) as wire:
                reply = wire.send(browser.prepare(method, place, body, headers, raw)).reply(head=method == "HEAD")
        except Closed:
            return None
        except socket.timeout:
            raise Broken("no answer, and the connection stays open") from None
        except OSError as error:
            if self.server.alive():
                raise Broken(f"no connection: {error}") from None
            return None
        try:
            reply.check(f"{method} {place}", api=place.startswith("/api/v1/"))
            if place.startswith("/api/v1/"):
                described.check(method, place, reply)
        except AssertionError as error:
            raise Broken(f"not an answer of ours: {error}") from None
        return reply

    def mails(self):
        """Those that wait, and then those sent: one on its way is counted twice rather than not at all."""
        waiting = self.connection.execute("SELECT count(*) FROM mail_queue").fetchall()[0][0]
        return waiting + sum(name.endswith(".eml") for name in os.listdir(self.server.outbox))

    def wait_for(self, is_so, seconds=10):
        deadline = time.monotonic() + seconds
        while not (so := is_so()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return so

    def all_sent(self):
        """Nothing is about to be mailed, or to be told of by mail; what could not be sent waits for a while."""
        return self.connection.execute("SELECT (SELECT count(*) FROM mail_queue WHERE next_at <= unixepoch()) +"
                                       " (SELECT count(*) FROM mandate_notice WHERE due_at <= unixepoch())").fetchall()[0][0] == 0

    def one(self, case):
        """From the start of the step: the request once, and all that it changed."""
        reply = self.ask(case.browser, case.make, case.route)
        hit = self.control.disarm()
        if not self.server.alive():
            return hit, None
        return hit, Outcome(reply, Shape(reply) if reply else None, case.rows.changes(self.connection))

    def rest_mail(self):
        """The mail thread writes nothing any more: all is sent, or it has met a fault and rests, and a new start ends that."""
        if not self.wait_for(self.all_sent, 0.5):
            self.server.restart()
            self.wait_for(self.all_sent)

    def put_back(self, case):
        self.rest_mail()
        case.rows.put_back(self.connection)
        if case.before:
            case.before(self.world)
            case.rows.put_back(self.connection)
        case.sent = self.mails()

    def count_mails(self, case, done):
        """As many mails as a yes sends, or none; they wait for the trouble to be over. One that is sent and could not be noted is sent again."""
        least, most = (case.mails if done is True else 0), (case.mails + 1 if done else 0)
        if self.wait_for(lambda: least <= self.mails() - case.sent <= most, 0.5):
            return
        self.rest_mail()
        if not self.wait_for(lambda: least <= self.mails() - case.sent <= most):
            raise Broken(f"{self.mails() - case.sent} mails instead of {least}")

    # The judgement

    def judge(self, case, outcome):
        """Raises Broken where it is neither a whole yes nor a no that left nothing; answers whether all of it is done, or PART."""
        whole = case.whole
        left = {key: count for key, count in outcome.changes.items() if not " ".join(key).startswith(COUNTED)}
        done = outcome.changes == whole.changes
        status = outcome.shape.status if outcome.shape else 0
        if outcome.shape and not outcome.shape.difference(whole.shape):
            if not done:
                raise Broken(f"a yes that left {outcome.changes} instead of {whole.changes}")
            return True
        if status and status != 503:
            raise Broken(f"neither a yes nor 503: {outcome.shape.difference(whole.shape)}")
        if left and not done and case.name in IN_PARTS and self.is_part(left, whole.changes):
            return PART
        if left and not done:
            raise Broken(f"a {status or 'closed connection'} that left {left}, a yes leaves {whole.changes}")
        return done and bool(whole.changes)

    @staticmethod
    def is_part(left, whole):
        """Of each table at most as many rows, whatever is in them."""
        def counted(changes):
            sums = {}
            for (table, what, _), count in changes.items():
                sums[table, what] = sums.get((table, what), 0) + count
            return sums
        most = counted(whole)
        return all(count <= most.get(key, 0) for key, count in counted(left).items())

    def again(self, case, done):
        """After the trouble: what was not done can be done, what was done is not done twice."""
        deadline, outcome = time.monotonic() + 20, None
        while (not outcome or not outcome.reply or outcome.reply.status == 503) and time.monotonic() < deadline:
            if not self.server.ready():
                raise Broken("not ready again after 20 s" if self.server.alive() else "the server has died")
            _, outcome = self.one(case)
            if outcome is None:
                raise Broken("died when asked again")
        if done:
            if not outcome.reply or outcome.reply.status >= 500:
                raise Broken(f"asked again: {outcome.reply!r}")
            return
        difference = outcome.shape.difference(case.whole.shape) if outcome.shape else "closed"
        if difference:
            raise Broken(f"asked again: {difference}")

    def try_with(self, case, kind, n):
        """True where a fault was hit."""
        self.put_back(case)
        if kind in COLD:
            self.server.restart()
        self.tries += 1
        self.control.arm(kind, n)
        try:
            hit, outcome = self.one(case)
            if outcome is None:
                raise Broken("the server has died")
            done = self.judge(case, outcome)
            self.count_mails(case, done)
            if hit and not (outcome.shape and not outcome.shape.difference(case.whole.shape)):
                self.again(case, done)
        except Broken as broken:
            self.control.disarm()
            self.complain(case, f"{kind} {n}: {broken}\n    at {self.control.where()}")
            hit = True
        self.hits += bool(hit)
        return hit

    def complain(self, case, what):
        self.complaints.append(f"{case.name}: {what}")
        print(f"# {case.name}: {what}", file=sys.__stdout__, flush=True)
        if not self.server.alive():
            print("# " + self.server.log()[-6000:].replace("\n", "\n# "), file=sys.__stdout__, flush=True)
            self.server.start()
            self.files = 0

    # The steps

    def prepare(self, route, about, prepare, before):
        """The step's start, and what it answers and changes where nothing fails."""
        case = Case(f"{route} {about}".strip(), route, before)
        self.start.put_back(self.connection)
        case.browser, case.make = prepare(self.world)
        self.rest_mail()
        for name in os.listdir(self.server.outbox):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.server.outbox, name))
        self.server._read.clear()
        case.rows = Rows(self.connection)
        self.put_back(case)
        _, case.whole = self.one(case)
        self.wait_for(self.all_sent)
        case.mails = self.mails() - case.sent
        return case

    def calls(self, case, cold):
        """{kind: calls that the step makes}; cold: by a server that has just been started."""
        self.put_back(case)
        if cold:
            self.server.restart()

        def counted():
            _, again = self.one(case)
            self.assertFalse(again.shape.difference(case.whole.shape), f"{case.name} without faults, twice")
            self.assertEqual(again.changes, case.whole.changes, f"{case.name} without faults, twice")
        calls = self.control.count(counted)
        return {kind: count for kind, count in calls.items() if (kind in COLD) == cold and ONLY_KIND in ("", kind)}

    def try_all(self, case):
        for kind in [*self.calls(case, False), *self.calls(case, True)]:
            n = 1
            while n < N_MAX and self.try_with(case, kind, n):
                n += STRIDE if n > FIRST else 1

    def try_some(self, case):
        cold = self.random.random() < COLD_PART
        calls = self.calls(case, cold)
        for _ in range(SAMPLE if calls else 0):
            kind = self.random.choice(list(calls))
            self.try_with(case, kind, self.random.choice([1, self.random.randint(1, calls[kind]), self.random.randint(1, calls[kind])]))

    def assert_sound(self, case):
        """Open files do not grow with the faults, and the database is whole."""
        self.files = self.files or self.server.files()
        if not self.wait_for(lambda: self.server.files() <= self.files + FILES_MORE):
            self.complain(case, f"{self.server.files()} open files, {self.files} before")
        sound = self.connection.execute("PRAGMA integrity_check").fetchall() + self.connection.execute("PRAGMA foreign_key_check").fetchall()
        if sound != [("ok",)]:
            self.complain(case, f"the database: {sound}")

    def steps(self):
        """All, or a part of them."""
        found = [step for step in all_steps(every_route()) if os.environ.get("FAULTS_STEP", "") in f"{step[0]} {step[1]}"]
        return [step for step in found[PART_NUMBER - 1::PARTS] if EACH or self.random.random() < (LOOK_PART if step[0].startswith("GET ") else CHANGE_PART)]

    def test_never_a_crash_nor_a_yes_that_is_not_whole(self):
        self.complaints, self.tries, self.hits = [], 0, 0
        self.random = random.Random(SEED)
        begun = time.monotonic()
        steps = self.steps()
        for step in steps:
            case = Case(" ".join(step[:2]), None, None)
            try:
                case = self.prepare(*step)
                (self.try_all if EACH else self.try_some)(case)
                self.assert_sound(case)
                if EACH:
                    print(f"# {case.name}: {self.tries} tries so far", file=sys.__stdout__, flush=True)
            except (AssertionError, RuntimeError, sqlite3.Error, OSError) as error:
                self.complain(case, f"it cannot be tried: {str(error)[:1500]}")
        what = "every n of every kind" if EACH else f"{SAMPLE} of the faults of each, chosen by {SEED}"
        print(f"# {len(steps)} of {len(all_steps(every_route()))} steps, {what}: {self.tries} tries, {self.hits} met a fault, {time.monotonic() - begun:.0f} s",
              file=sys.__stdout__, flush=True)
        self.assertEqual(self.complaints, [])
        if not ONLY_KIND:
            self.assertGreaterEqual(self.tries, len(steps), "most steps made no call that could fail")
            self.assertGreaterEqual(self.hits * 2, self.tries, "most tries met no fault, so little was tried")


if __name__ == "__main__":
    unittest.main()
