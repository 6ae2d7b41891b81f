"""Rows about signing in with both steps: the second step beside SQLite alone, the whole beside libsodium alone."""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from lib import crowd
from lib.load import ROUNDS, SECONDS, in_turn, run_wrk
from lib.rows_check import pairs_of
from lib.servers import CORES, PASSWORD, Twostep, built
from lib.signing_in import ask

HASH = "Argon2id m=19456 t=2 p=1"
WAITING = 64
SIGNING_IN = 16
STEPS_A_SECOND = 4000  # prepared for each second of a run; a faster server is done earlier
PEOPLE_A_SECOND = 150  # a core hashes some 30
ONE_A_SECOND = 100


def folder_with(group):
    """A data folder with these people and no server."""
    data = tempfile.mkdtemp(prefix="twostep-bench-")
    Twostep(data).stop()
    crowd.add(data, [group])
    return data


def write(data, lines):
    with open(os.path.join(data, "steps"), "w", encoding="ascii") as f:
        f.writelines(lines)
    return os.path.join(data, "steps")


def second_steps(port, path, folder, origin, lines):
    """Each of these lines of second_step.lua once, for a run's time at most."""
    return run_wrk(port, path, WAITING, "second_step.lua", CORES, {"BENCH_STEPS": write(folder, lines), "BENCH_ORIGIN": origin})


class SecondSteps:
    """A folder of people who owe the second step, and its server; each load takes the next of them, once."""

    def __init__(self, a_second=STEPS_A_SECOND):
        self.each, self.next = a_second * SECONDS, 0
        self.data, self.server = folder_with(crowd.Group(0, self.each * ROUNDS, two_step=True, signed_in=False, login=True)), None

    def start(self):
        self.server = Twostep(self.data)

    def load(self):
        first, now_s = self.next, time.time()
        self.next += self.each
        run = second_steps(self.server.port, "/api/v1/login/second-step", self.data, self.server.url, (
            f'\t{{"login":"{crowd.token(n, "login")}","method":"totp","code":"{crowd.app_code(n, now_s)}"}}\n'
            for n in range(first, first + self.each)))
        if run.wrong:
            sys.exit(f"second step: {run.wrong} of {run.requests} were refused")
        return run

    def close(self):
        if self.server:
            self.server.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def row_second_step(table):
    """A code of the app against a login, one of each for everybody; beside it the same rows in groups of as many as wait."""
    people = SecondSteps()
    alone, tool = tempfile.mkdtemp(prefix="twostep-bench-"), built("group_commit", "sodium", "sqlite3")
    firsts = iter(range(0, people.each * ROUNDS, people.each))
    try:
        shutil.copy(os.path.join(people.data, "twostep.db"), alone)
        people.start()

        def ceiling():
            out = subprocess.run([tool, alone, str(next(firsts)), str(people.each), str(WAITING)], capture_output=True, text=True, check=True)
            return float(out.stdout)
        seen = in_turn({"twostep": lambda: people.load().rate, "alone": ceiling})
    finally:
        people.close()
        for folder in (alone, os.path.dirname(tool)):
            shutil.rmtree(folder, ignore_errors=True)
    table.ratio(f"second step, {WAITING} connections", "SQLite group commit alone", pairs_of(seen, "twostep", "alone", float), least=0.7,
                note=f"{statistics.median(seen['twostep']):.0f}/s, alone {statistics.median(seen['alone']):.0f}/s")


def hashes(tool, threads):
    return float(subprocess.run([tool, str(threads), str(SECONDS)], capture_output=True, text=True, check=True).stdout)


def row_sign_in(table):
    """Password and code of one person after another; beside it the hashes alone."""
    each = PEOPLE_A_SECOND * SECONDS
    data, tool, server = folder_with(crowd.Group(0, each * ROUNDS, two_step=True, signed_in=False)), built("argon2", "sodium", "pthread"), None
    rounds = iter(range(ROUNDS))
    try:
        server = Twostep(data)

        def candidate():
            now_s = time.time()
            steps = write(data, (crowd.app_code(n, now_s) for n in range(each * ROUNDS)))
            run = run_wrk(server.port, "/", SIGNING_IN, "sign_in.lua", CORES, {
                "BENCH_STEPS": steps, "BENCH_FIRST": str(next(rounds) * each), "BENCH_THREADS": str(SIGNING_IN), "BENCH_PASSWORD": PASSWORD},
                threads=SIGNING_IN)
            if run.wrong:
                sys.exit(f"sign-in: {run.wrong} were refused")
            return run.rate
        seen = in_turn({"twostep": candidate, "alone": lambda: hashes(tool, len(CORES))})
    finally:
        if server:
            server.stop()
        for folder in (data, os.path.dirname(tool)):
            shutil.rmtree(folder, ignore_errors=True)
    table.ratio(f"whole two-step sign-in, {SIGNING_IN} connections", "libsodium on all cores", pairs_of(seen, "twostep", "alone", float),
                least=0.93, note=f"{statistics.median(seen['twostep']):.1f}/s, {HASH}")


def row_one_client(table):
    """The password of one person after another, by one client who waits for each; beside it one thread that hashes."""
    each = ONE_A_SECOND * SECONDS
    data, tool, server = folder_with(crowd.Group(0, each * ROUNDS, two_step=True, signed_in=False)), built("argon2", "sodium", "pthread"), None
    people = iter(range(each * ROUNDS))
    try:
        server = Twostep(data)

        def candidate():
            took, until = [], time.monotonic() + SECONDS
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
                while time.monotonic() < until:
                    person, began = next(people), time.perf_counter()
                    ask(s, server.port, "POST", "/login", {"email": crowd.email(person), "password": PASSWORD})
                    took.append((time.perf_counter() - began) * 1000)
            return statistics.median(took)
        seen = in_turn({"twostep": candidate, "alone": lambda: 1000 / hashes(tool, 1)})
    finally:
        if server:
            server.stop()
        for folder in (data, os.path.dirname(tool)):
            shutil.rmtree(folder, ignore_errors=True)
    table.ratio("password step, one client: time", "one hash of libsodium", pairs_of(seen, "twostep", "alone", float), most=1.10,
                note=f"median {statistics.median(seen['twostep']):.0f} ms, a hash {statistics.median(seen['alone']):.0f} ms, {HASH}")


ROWS = {"second_step": row_second_step, "sign_in": row_sign_in, "one_client": row_one_client}
