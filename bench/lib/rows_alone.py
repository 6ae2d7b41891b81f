"""Rows about the server alone: its front, the password step, its start, its memory."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from lib.counted import Traced
from lib.load import ROUNDS, SECONDS, wrk
from lib.servers import BINARY, CORES, PASSWORD, Nginx, Twostep, built, cpu_seconds, resident_mb

ACCOUNTS = 64


def row_healthz(table):
    """The HTTP front alone: one core, 64 keep-alive connections."""
    ours, theirs = Twostep(core=CORES[0]), Nginx(CORES[0])
    rates, costs, shown = [], [], []
    load = CORES[1:] or CORES
    try:
        for number in range(ROUNDS):
            seen = {}
            for server in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                before = cpu_seconds(server.pid)
                rate, wrong, _, requests = wrk(server.port, "/healthz", 64, "get.lua", load)
                if wrong:
                    sys.exit(f"healthz: {wrong} wrong answers")
                seen[server] = rate, (cpu_seconds(server.pid) - before) / requests * 1e6
            rates.append((seen[ours][0], seen[theirs][0]))
            costs.append((seen[ours][1], seen[theirs][1]))
            shown.append(seen[ours][0])
    finally:
        ours.stop()
        theirs.stop()
    note = f"{statistics.median(shown):.0f}/s" + ("" if len(CORES) > 1 else ", load on the same core")
    table.ratio("GET /healthz, 64 keep-alive, one core", "nginx return 200", rates, least=0.85, note=note)
    table.ratio("  its CPU a request", "nginx return 200", costs, most=1.25, note=f"{statistics.median(c for c, _ in costs):.1f} us")


def row_password(table):
    """The password step at 16 connections against libsodium alone on all cores."""
    tool = built("argon2", "sodium", "pthread")
    server, pairs = Twostep(), []
    try:
        for n in range(1, ACCOUNTS + 1):
            server.sign_up(f"bench{n}@example.com")
        environment = {"BENCH_ACCOUNTS": str(ACCOUNTS), "BENCH_PASSWORD": PASSWORD}
        for number in range(ROUNDS):
            def candidate():
                rate, wrong, _, _ = wrk(server.port, "/api/v1/login", 16, "login.lua", CORES, environment)
                if wrong:
                    sys.exit(f"password: {wrong} wrong answers")
                return rate

            def ceiling():
                out = subprocess.run([tool, str(len(CORES)), str(SECONDS)], capture_output=True, text=True, check=True)
                return float(out.stdout)
            first = candidate() if number % 2 == 0 else None
            bound = ceiling()
            pairs.append((first or candidate(), bound))
    finally:
        server.stop()
        shutil.rmtree(os.path.dirname(tool), ignore_errors=True)
    table.ratio("password step, 16 connections", "libsodium on all cores", pairs, least=0.95,
                note=f"{statistics.median(a for a, _ in pairs):.1f}/s, Argon2id m=19456 t=2 p=1")


def row_start(table):
    """From the start of the process to the first answer, on a database that is there already."""
    data = tempfile.mkdtemp(prefix="twostep-bench-")
    values = []
    try:
        Twostep(data).stop()
        for _ in range(max(ROUNDS, 5)):
            server = Twostep(data)
            values.append(server.first_answer_ms)
            server.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)
    table.figure("start to first answer", "ms", values, 30)


def row_memory(table):
    """Resident memory of a server that was started on a database with accounts in it, when nothing happens."""
    data = tempfile.mkdtemp(prefix="twostep-bench-")
    values = []
    try:
        server = Twostep(data)
        for n in range(1, ACCOUNTS + 1):
            server.sign_up(f"idle{n}@example.com")
        most = resident_mb(server.pid)
        time.sleep(2)
        after = resident_mb(server.pid)
        server.stop()
        for _ in range(ROUNDS):
            server = Twostep(data)
            time.sleep(2)
            values.append(resident_mb(server.pid))
            server.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)
    table.figure("memory, idle", "MB", values, 10, f"shared pages included; {most:.1f} MB at the last of {ACCOUNTS} sign-ups, {after:.1f} MB 2 s later")


def row_idle(table):
    """System calls of ten seconds in which nothing happens, and what the program weighs."""
    server, values = Twostep(), []
    try:
        time.sleep(2)
        for _ in range(ROUNDS):
            with Traced(server.pid) as traced:
                time.sleep(10)
            values.append(sum(traced.calls.values()))
    finally:
        server.stop()
    table.figure("system calls in 10 s of nothing", "", values, 19)
    table.figure("the program", "MB", [os.path.getsize(BINARY) / 1e6], 5, "as it is built; it can be stripped")


ROWS = {"healthz": row_healthz, "password": row_password, "start": row_start, "memory": row_memory, "idle": row_idle}
