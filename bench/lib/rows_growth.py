"""Rows about many accounts beside a thousand: what each takes on disk, a start, a check, a sign-in, and how long anybody waits meanwhile."""
import contextlib
import gc
import os
import socket
import sqlite3
import statistics
import sys
import time

from lib import crowd
from lib.counted import Counted, instructions_of
from lib.guarded import Guard, request_of
from lib.load import ROUNDS, in_turn, measured
from lib.rows_check import CORE, LOAD_CORES, client_note, cost, pairs_of
from lib.servers import Twostep
from lib.signing_in import ask, sign_in

ACCOUNTS = int(os.environ.get("ACCOUNTS", "200000"))
LIVE = ACCOUNTS // 10  # are signed in
FEW = 1000
SIGN_INS = 40
ASKED = 20000   # one after another
ENDED = 100000
CHECKS_A_CHANGE = 10
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Town:
    """So many accounts with two-step, a tenth of them members of a service and signed in. Behind them some more who can sign in."""

    def __init__(self, accounts):
        self.guard, live = Guard(), accounts // 10
        self.data = self.guard.data
        empty = os.path.getsize(self.path())
        began = time.perf_counter()
        self.guard.add_people([crowd.Group(0, accounts, two_step=True, signed_in=False)])
        self.bytes_each = (os.path.getsize(self.path()) - empty) / accounts
        self.takers = takers(self.path(), accounts)
        self.guard.add_people([crowd.Group(accounts, live, self.guard.organization, self.guard.services[0], two_step=True),
                               crowd.Group(accounts + live, 2 * SIGN_INS + 20, two_step=True, signed_in=False)], 600)
        self.filled_s = time.perf_counter() - began
        self.first_live, self.live, self.next_person = accounts, live, accounts + live

    def path(self):
        return os.path.join(self.data, "twostep.db")

    def sign_in(self, count):
        """Somebody else each time; the times that each took, in ms."""
        took, port = [], self.guard.server.port
        with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
            for _ in range(count):
                person, self.next_person = self.next_person, self.next_person + 1
                began = time.perf_counter()
                sign_in(s, port, person)
                took.append((time.perf_counter() - began) * 1000)
        return took


def takers(path, accounts):
    """What takes most, in bytes an account; "" where this SQLite cannot tell."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as base:
            found = base.execute("SELECT replace(name, 'sqlite_autoindex_', 'index of '), sum(pgsize) FROM dbstat GROUP BY 1 ORDER BY 2 DESC LIMIT 5")
            return ", ".join(f"{name} {size / accounts:.0f}" for name, size in found)
    except sqlite3.Error:
        return ""


def row_growth(table):
    towns = {"few": Town(FEW), "many": Town(ACCOUNTS)}
    many = towns["many"]
    try:
        table.figure(f"{ACCOUNTS:,} accounts with two-step: on disk, each", "bytes", [many.bytes_each], 1200,
                     f"{many.takers}; filled in {many.filled_s:.0f} s")
        starts = []
        for _ in range(max(ROUNDS, 5)):
            server = Twostep(many.data)
            starts.append(server.first_answer_ms)
            server.stop()
        table.figure("  start to first answer", "ms", starts, 50)
        seen = {name: instructions_of(town.guard, request_of(town.first_live)) for name, town in towns.items()}
        table.ratio("  instructions a check", f"{FEW:,} accounts", [(seen["many"], seen["few"])], most=1.05)
        statements(table, towns)
        for town in towns.values():
            town.guard.start(CORE)
            town.guard.fill(town.first_live, town.live)
        times(table, towns)
    finally:
        for town in towns.values():
            town.guard.close()


def statements(table, towns):
    steps = {}
    for name, town in towns.items():
        with Counted() as counted:
            town.guard.start(None, counted.environment)
            town.sign_in(10)
            before = counted.read()
            town.sign_in(SIGN_INS // 2)
            steps[name] = counted.since(before, SIGN_INS // 2)["steps"]
            town.guard.server.stop()
            town.guard.server = None
    table.ratio("  statements a sign-in", f"{FEW:,} accounts", [(steps["many"], steps["few"])], most=1.05, note=f"{steps['many']:.0f}")


def times(table, towns):
    seen = in_turn({name: lambda town=town: measured([town.guard.server.pid],
                                                     lambda: town.guard.load(town.guard.server.port, LOAD_CORES, town.first_live, FEW // 10))
                    for name, town in towns.items()})
    table.ratio("  a check's CPU, among all live sessions", f"{FEW:,} accounts", pairs_of(seen, "many", "few", cost), most=1.3,
                note=f"{LIVE:,} live sessions, {FEW // 10} of them asked for" + client_note(seen))
    each = SIGN_INS // 2 // ROUNDS
    took = in_turn({name: lambda town=town: statistics.median(town.sign_in(each)) for name, town in towns.items()})
    table.ratio("  a sign-in's time", f"{FEW:,} accounts", pairs_of(took, "many", "few", float), most=1.2,
                note=f"{statistics.median(took['many']):.0f} ms, a hash included")


def longest(port, requests):
    """One after the other: (the longest, the 99.9th percentile) in ms. Every answer must be a 200."""
    took = []
    gc.disable()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        for request in requests:
            began = time.perf_counter()
            s.sendall(request)
            answer = s.recv(65536)
            took.append((time.perf_counter() - began) * 1000)
            if not answer.startswith(b"HTTP/1.1 200"):
                sys.exit("an answer was no 200: " + answer[:200].decode("latin-1"))
    gc.enable()
    took.sort()
    return took[-1], took[len(took) * 999 // 1000]


def row_pause(table):
    """Somebody new to memory asks, again and again, until its table has grown many times. Beside it as many answers that nothing
    has to grow for: this machine's own pauses."""
    fills, healths = [], []
    for _ in range(ROUNDS):
        guard = Guard()
        try:
            guard.add_people([crowd.Group(0, ASKED, guard.organization, guard.services[0], two_step=True)], 600)
            guard.start(CORE)
            healths.append(longest(guard.server.port, [HEALTH] * ASKED))
            fills.append(longest(guard.server.port, [request_of(n) for n in range(ASKED)]))
        finally:
            guard.close()
    table.figure(f"{ASKED:,} sessions new to memory, one by one: p99.9", "ms", [p for _, p in fills], 5,
                 f"longest {statistics.median(most for most, _ in fills):.1f} ms; of as many health answers p99.9 "
                 f"{statistics.median(p for _, p in healths):.1f}, longest {statistics.median(most for most, _ in healths):.1f} ms")


class Waits:
    """How long answers took, in ms: of changes, and of checks between them."""

    def __init__(self):
        self.changes, self.checks = [], []

    def take(self, guard, change, check, request):
        began = time.perf_counter()
        ask(change, guard.server.port, "PATCH", "/account", {"name": f"Owner {len(self.changes)}"}, guard.owner)
        self.changes.append((time.perf_counter() - began) * 1000)
        for _ in range(CHECKS_A_CHANGE):
            began = time.perf_counter()
            check.sendall(request)
            answer = check.recv(4096)
            self.checks.append((time.perf_counter() - began) * 1000)
            if not answer.startswith(b"HTTP/1.1 200 "):
                sys.exit("an answer was no 200: " + answer[:200].decode("latin-1"))


def late(took):
    return sorted(took)[len(took) * 999 // 1000]


def row_expiry(table):
    """Somebody changes their name and somebody is checked, again and again, while housekeeping removes sessions that have ended."""
    guard = Guard()
    try:
        guard.add_people([crowd.Group(0, ENDED, two_step=True), crowd.Group(ENDED, 1, guard.organization, guard.services[0], two_step=True)])
        with contextlib.closing(sqlite3.connect(os.path.join(guard.data, "twostep.db"), isolation_level=None)) as base:
            base.execute("UPDATE session SET ends_at = 5 WHERE id IN (SELECT id FROM session WHERE browser = 'Firefox on Linux' "
                         "ORDER BY rowid LIMIT ?)", (ENDED,))
        guard.start(None)
        quiet, during, took_s = waits(guard)
    finally:
        guard.close()
    table.figure(f"a check while {ENDED:,} sessions end: p99.9", "ms", [late(during.checks)], 5,
                 f"longest {max(during.checks):.1f} ms; before: p99.9 {late(quiet.checks):.1f}, longest {max(quiet.checks):.1f} ms")
    table.fact("  a change meanwhile: p99.9", "ms", [late(during.changes)],
               f"median {statistics.median(during.changes):.1f}, longest {max(during.changes):.1f} ms; before: median {statistics.median(quiet.changes):.1f}, "
               f"p99.9 {late(quiet.changes):.1f}, longest {max(quiet.changes):.1f} ms; they took {took_s:.0f} s")


def waits(guard):
    """(before, while sessions end, how many seconds that took)"""
    quiet, during, ends = Waits(), Waits(), None
    port, request, deadline = guard.server.port, request_of(ENDED), time.monotonic() + 240
    with contextlib.closing(sqlite3.connect(os.path.join(guard.data, "twostep.db"))) as base, \
         socket.create_connection(("127.0.0.1", port), timeout=60) as change, socket.create_connection(("127.0.0.1", port), timeout=60) as check:
        while time.monotonic() < deadline:
            took = Waits()
            for _ in range(100):
                took.take(guard, change, check, request)
            left = base.execute("SELECT count(*) FROM session WHERE ends_at = 5").fetchone()[0]
            ends = ends or (time.monotonic() if left < ENDED else None)
            into = during if ends else quiet
            into.changes += took.changes
            into.checks += took.checks
            if not left:
                return quiet, during, time.monotonic() - ends
    sys.exit("sessions that have ended were not removed in four minutes")


ROWS = {"growth": row_growth, "pause": row_pause, "expiry": row_expiry}
