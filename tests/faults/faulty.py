"""
Servers and commands whose n-th call of some kind fails: drives build-test/tests/faults/twostep-faulty (calls.c, control.h).

    control = Control(folder)
    control.arm("memory", 3)        the third allocation from now on fails
    control.disarm()                how many failed
"""
import ctypes
import mmap
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "door"))

from harness import Closed, Server, Wire, binary, clean_environment  # noqa: E402

KINDS, NAME, WHERE, COUNT = 32, 16, 1600, -1  # control.h
PLAIN = re.compile(r"[\w+/=-]{16,}|\b[A-Z2-7]{4}\b|\d+")  # what is different each time, in texts: tokens, codes, numbers
CLEAN = os.path.abspath(binary())
BIN = os.path.join(os.path.dirname(CLEAN), "tests", "faults", "twostep-faulty")


class Layout(ctypes.Structure):
    _fields_ = [("armed", ctypes.c_int32), ("left", ctypes.c_int32), ("goes_on", ctypes.c_int32), ("hit", ctypes.c_int32),
                ("seen", ctypes.c_int32 * KINDS), ("names", ctypes.c_char * NAME * KINDS), ("where", ctypes.c_char * WHERE)]


class Control:
    """What a program and this test share. The program is started with `environment`."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "control")
        with open(self.path, "wb") as file:
            file.write(bytes(ctypes.sizeof(Layout)))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), ctypes.sizeof(Layout))
        self.shared = Layout.from_buffer(self.memory)
        self.environment = {"FAULTY_CONTROL": self.path}
        subprocess.run([BIN, "--version"], env=clean_environment(**self.environment), check=True, stdout=subprocess.DEVNULL)
        self.kinds = [bytes(name).split(b"\0")[0].decode() for name in self.shared.names]
        self.kinds = self.kinds[:self.kinds.index("", 1)]
        self.armed = None

    def arm(self, kind, n, goes_on=False):
        shared = self.shared
        shared.armed = 0
        shared.left, shared.goes_on, shared.hit, shared.where = n, int(goes_on), 0, b""
        self.armed = f"{kind} {n}{' and on' if goes_on else ''}"
        shared.armed = self.kinds.index(kind)

    def disarm(self):
        self.shared.armed = 0
        return self.shared.hit

    def count(self, action):
        """{kind: calls} while the action runs; nothing fails."""
        self.shared.armed = 0
        self.shared.seen[:] = [0] * KINDS
        self.shared.armed = COUNT
        try:
            action()
        finally:
            self.shared.armed = 0
        return {kind: seen for kind, seen in zip(self.kinds, self.shared.seen) if seen}

    def where(self):
        """Who made the call that failed, for a person: the innermost first."""
        lines = []
        for place in self.shared.where.decode().split():
            path, offset = place.rsplit("+", 1)
            if "twostep-faulty" in path:
                done = subprocess.run(["addr2line", "-f", "-s", "-e", BIN, offset], capture_output=True, text=True, check=False)
                lines.append(" ".join(done.stdout.split()))
            else:
                lines.append(f"{os.path.basename(path)}+{offset}")
        return " < ".join(line for line in lines if "calls.c" not in line)


class Rows:
    """All rows of a database at a moment, to be put back: as old as they were then, and a little more."""
    AGED_S = 5  # so that what is set to now differs from what was set before
    TIMES = re.compile(r"at|\w+_at|\w+_until")
    NOISE = {("session", "last_seen_at"), ("membership", "last_seen_at")}
    UNSEEN = {"mail_queue", "mandate_notice", "meta"}  # of threads that go their own ways (meta: how late it is)

    def __init__(self, connection):
        self.columns, self.times, self.keys = {}, {}, {}
        for table, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
            described = connection.execute(f"PRAGMA table_info({table})").fetchall()
            self.columns[table] = [column for _, column, *_ in described]
            self.keys[table] = [n for n, (*_, key) in enumerate(described) if key]
            self.times[table] = [n for n, (_, column, kind, *_) in enumerate(described)
                                 if kind == "INTEGER" and self.TIMES.fullmatch(column)]
        self.taken_at = time.time()
        self.rows = self.read(connection)

    def read(self, connection):
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in self.columns}

    def aged(self):
        by = int(time.time() - self.taken_at) - self.AGED_S
        aged = {}
        for table, rows in self.rows.items():
            times = self.times[table]
            aged[table] = [tuple(v + by if n in times and isinstance(v, int) and v > 0 else v for n, v in enumerate(row)) for row in rows]
        return aged

    def put_back(self, connection):
        wanted = self.aged()
        connection.execute("BEGIN IMMEDIATE")
        there = self.read(connection)
        for table, rows in wanted.items():
            if sorted(map(repr, there[table])) == sorted(map(repr, rows)):
                continue
            connection.execute(f"DELETE FROM {table}")
            marks = ", ".join("?" * len(self.columns[table]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.execute("COMMIT")
        self.put = wanted

    def changes(self, connection):
        """What has changed since it was put back: {(table, "+" or "-" or "~", what the row looks like): how many}."""
        now, found = self.read(connection), {}

        def note(table, what, row, only=None):
            shape = ", ".join(f"{column}={self.value(n in self.times[table], v)}" for n, (column, v) in enumerate(zip(self.columns[table], row))
                              if (only is None or column in only) and (table, column) not in self.NOISE)
            found[table, what, shape] = found.get((table, what, shape), 0) + 1

        for table, columns in self.columns.items():
            if table in self.UNSEEN or self.put[table] == now[table]:
                continue

            def keyed(rows, keys=self.keys[table]):
                return {tuple(row[n] for n in keys): row for row in rows}
            before, after = keyed(self.put[table]), keyed(now[table])
            for key in before.keys() - after.keys():
                note(table, "-", before[key])
            for key in after.keys() - before.keys():
                note(table, "+", after[key])
            for key in before.keys() & after.keys():
                changed = {c for c, a, b in zip(columns, before[key], after[key]) if a != b and (table, c) not in self.NOISE}
                if changed:
                    note(table, "~", after[key], changed)
        return found

    @staticmethod
    def value(is_time, value):
        """A value without what is different each time."""
        if value is None or isinstance(value, bytes):
            return value and len(value)
        if isinstance(value, int):
            return "time" if is_time and value else value if abs(value) < 1000 else "number"
        return repr(PLAIN.sub("#", value))


class FaultyServer(Server):
    """A server some of whose calls fail."""

    def __init__(self, control, **more):
        self.control = control
        env = {**more.pop("env", {}), **control.environment}
        super().__init__(env=env, program=BIN, **more)

    def start(self):
        super().start()
        assert os.readlink(f"/proc/{self.process.pid}/exe") == BIN, "another program, none of whose calls fails"

    def alive(self):
        return self.process.poll() is None

    def ready(self, seconds=20):
        """Waits until the store has got over it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.alive():
            try:
                with Wire(self, timeout=10) as wire:
                    if wire.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").reply().status == 200:
                        return True
            except (OSError, Closed):
                pass
            time.sleep(0.02)
        return False

    def mail_after(self, to, before, seconds=10):
        """A mail thread that met a fault rests: a new start does not."""
        try:
            return super().mail_after(to, before, 1)
        except AssertionError:
            self.restart()
            return super().mail_after(to, before, seconds)

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
