"""Load from outside: wrk, which prints what is read here (get.lua, login.lua, check.lua)."""
import os
import re
import subprocess
import sys

from lib.servers import HERE, cpu_seconds, user_seconds

SECONDS = int(os.environ.get("SECONDS_EACH", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))


class Run:
    """What wrk counted. busy: the share of the time that its one thread was at work; near 1 it was the limit, not the server."""

    def __init__(self, requests, seconds, wrong, p99_ms, busy, latency_ms):
        self.requests, self.seconds, self.wrong, self.p99_ms, self.busy = requests, seconds, wrong, p99_ms, busy
        self.latency_ms = latency_ms  # by percentile, where the script prints it
        self.rate = requests / seconds


def run_wrk(port, path, connections, script, cores, environment=None, headers=(), threads=1, seconds=SECONDS):
    command = ["taskset", "-c", ",".join(map(str, cores)), "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
               "-s", os.path.join(HERE, script), *(word for line in headers for word in ("-H", line)), f"http://127.0.0.1:{port}{path}"]
    before = os.times()
    out = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=seconds + 60)
    after = os.times()
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)(?: (\d+))?", out.stdout)
    if not found:
        sys.exit("wrk: " + out.stdout + out.stderr)
    requests, microseconds, refused, broken, p99 = (int(x or 0) for x in found.groups())
    busy = after.children_user - before.children_user + after.children_system - before.children_system
    latency_ms = {float(p): int(us) / 1000 for p, us in re.findall(r"LATENCY (\S+) (\d+)", out.stdout)}
    return Run(requests, microseconds / 1e6, refused + broken, p99 / 1000, busy / (microseconds / 1e6), latency_ms)


def wrk(port, path, connections, script, cores, environment=None):
    """requests a second, and what wrk counted as wrong, and the 99th percentile in ms where the script prints it."""
    run = run_wrk(port, path, connections, script, cores, environment)
    return run.rate, run.wrong, run.p99_ms, run.requests


def measured(pids, run):
    """A run beside the CPU seconds of those processes for each request of it: (run, us)."""
    before = sum(map(cpu_seconds, pids))
    done = run()
    return done, (sum(map(cpu_seconds, pids)) - before) / done.requests * 1e6


def measured_own(pid, run):
    """As measured(), and behind it the microseconds that were the program's own: (run, us, own us)."""
    before = user_seconds(pid)
    done, cost = measured([pid], run)
    return done, cost, (user_seconds(pid) - before) / done.requests * 1e6


def in_turn(candidates):
    """ROUNDS rounds, the order turned round each time: {name: [result]} of {name: function}."""
    seen = {name: [] for name in candidates}
    for number in range(ROUNDS):
        names = list(candidates)
        for name in names if number % 2 == 0 else reversed(names):
            seen[name].append(candidates[name]())
    return seen
