"""Rows about checks while something else keeps the server busy: a flood of sign-ins, a demand that switches on and off."""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

from lib.crowd import Group
from lib.guarded import Guard
from lib.load import ROUNDS, SECONDS, in_turn, measured
from lib.rows_organization import give_two_step
from lib.rows_check import CORE, FEW, LOAD_CORES, client_note, cost, pairs_of, rate
from lib.servers import CORES, HERE, Twostep, resident_mb

FLOOD_CONNECTIONS = 96  # of 32 places for hashes on one core
FLOOD_A_SECOND = 300    # ten times what one core hashes
SWITCH_EVERY_S = 1.0


class Flood:
    """Beside a run of checks; answers: what it got; told_ms: how soon who found no place was told, the 99th percentile of each run."""

    def __init__(self, port, connections=FLOOD_CONNECTIONS):
        self.answers, self.told_ms, self.median_ms = {}, [], []
        self.port, self.connections = port, connections

    def during(self, run):
        command = ["taskset", "-c", ",".join(map(str, LOAD_CORES)), sys.executable, os.path.join(HERE, "flood.py"), str(self.port),
                   str(self.connections), str(FLOOD_A_SECOND)]
        flood = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        try:
            return run()
        finally:
            flood.terminate()
            self.note(json.loads(flood.communicate(timeout=30)[0]))
            time.sleep(1)  # what waits in the queue is nobody's flood any more

    def note(self, seen):
        told = seen.pop("told_ms")
        if not told:
            sys.exit(f"the queue of hashes was never full: {seen}")
        self.median_ms.append(told[0])
        self.told_ms.append(told[1])
        for status, count in seen.items():
            self.answers[status] = self.answers.get(status, 0) + count

    def text(self):
        return ", ".join(f"{count} times {status}" for status, count in sorted(self.answers.items()))


def row_hash_queue(table):
    """While all places for hashes are taken."""
    guard = Guard()
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(CORE)
        guard.fill(0, 64)
        flood = Flood(guard.server.port)

        def checks():
            return measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES))
        seen = in_turn({"full": lambda: flood.during(checks), "quiet": checks})
    finally:
        guard.close()
    table.ratio("check while the hash queue is full", "quiet", pairs_of(seen, "full", "quiet", rate), least=0.85,
                note=f"{statistics.median(rate(x) for x in seen['full']):.0f}/s; sign-ins answered {flood.text()}" + client_note(seen))
    table.figure("  its p99", "ms", [x[0].p99_ms for x in seen["full"]], 5,
                 f"quiet {statistics.median(x[0].p99_ms for x in seen['quiet']):.1f} ms")


def row_busy(table):
    """How soon somebody is told that there is no place to hash in, on all cores, and what the flood takes of memory."""
    server = Twostep(more=("--trusted-proxies", "127.0.0.0/8"))
    try:
        server.sign_up("idle@example.com")
        time.sleep(2)  # then no hash thread keeps memory
        idle = resident_mb(server.pid)
        flood = Flood(server.port, FLOOD_CONNECTIONS * len(CORES))
        for _ in range(ROUNDS):
            flood.during(lambda: time.sleep(SECONDS))
        most = resident_mb(server.pid, "VmHWM")
    finally:
        server.stop()
    table.figure("no place to hash in: told within, p99", "ms", flood.told_ms, 5,
                 f"median {statistics.median(flood.median_ms):.1f} ms; sign-ins answered {flood.text()}")
    table.figure("  memory at most", "MB", [most], round(idle + len(CORES) * 19456 / 1024 + 10), f"idle {idle:.1f} MB, {len(CORES)} threads hash, "
                 "19 MiB each")


class Switch:
    """The owner switches a demand on and off as long as a run lasts."""

    def __init__(self, guard, organization):
        self.guard, self.organization, self.count = guard, organization, 0

    def turn(self, ended):
        while not ended.wait(SWITCH_EVERY_S):
            for body in ({"two_step_required": True, "grace_days": 0}, {"two_step_required": False}):
                self.guard.ask("PATCH", f"/organizations/{self.organization}/security", body)
                self.count += 1

    def during(self, run):
        ended = threading.Event()
        thread = threading.Thread(target=self.turn, args=(ended,))
        thread.start()
        try:
            return run()
        finally:
            ended.set()
            thread.join()


def row_demand(table):
    """An organisation of ten thousand switches; those asked for are its own people, who have two-step, and others' people."""
    guard = Guard()
    try:
        server = guard.borrow()
        other = guard.ask("POST", "/organizations", {"name": "Other"}, server)["id"]
        service = guard.ask("POST", f"/organizations/{other}/services", {"name": "Other", "hosts": ["localhost:9100"]}, server)["id"]
        server.stop()
        give_two_step(guard.data, "owner@example.com")
        guard.add_people([Group(0, FEW, guard.organization, guard.services[0], two_step=True), Group(FEW, FEW, other, service),
                          Group(2 * FEW, 10000, guard.organization)])
        guard.start(CORE)
        switch = Switch(guard, guard.organization)
        for whom, first, host in (("its own people", 0, guard.hosts[0]), ("others' people", FEW, "localhost:9100")):
            guard.fill(first, FEW, [host])

            def checks(first=first, host=host):
                return measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES, first, FEW, [host]))
            seen = in_turn({"switching": lambda: switch.during(checks), "quiet": checks})
            table.ratio(f"check while a demand switches, {whom}, time", "quiet",
                        [(1 / rate(a), 1 / rate(b)) for a, b in zip(seen["switching"], seen["quiet"])], most=1.2,
                        note=f"p99 {statistics.median(x[0].p99_ms for x in seen['switching']):.1f} ms, quiet "
                             f"{statistics.median(x[0].p99_ms for x in seen['quiet']):.1f} ms" + client_note(seen))
            table.fact("  a check's CPU, the switching's included", "us", [cost(x) for x in seen["switching"]],
                       f"quiet {statistics.median(cost(x) for x in seen['quiet']):.1f} us; {switch.count} switches for 11,000 members")
            switch.count = 0
    finally:
        guard.close()


ROWS = {"hash_queue": row_hash_queue, "busy": row_busy, "demand": row_demand}
