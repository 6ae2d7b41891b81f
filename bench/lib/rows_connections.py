"""Rows about very many connections: what they weigh, and whether others are served meanwhile."""
import resource
import socket
import statistics
import sys

from lib.load import ROUNDS, run_wrk
from lib.servers import CORES, Twostep, resident_mb

CONNECTIONS = 10000
AT_ONCE = 500    # asked before their answers are read
ADDRESSES = 8    # 127.0.0.x that they come from: one has not ports enough for several rounds
SPARE_FILES = 500 # of a process, beside its connections
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"GET /healthz HTTP/1.1\r\nHost: local"


def files_allowed():
    """Raises the limit of this process, which the server inherits, where it may be."""
    wanted = CONNECTIONS + SPARE_FILES
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        sys.exit(f"connections: needs {wanted} open files, and {hard} are allowed here (ulimit -n)")


def open_all(port, said, answered):
    """CONNECTIONS of them that have said that; each answer is waited for."""
    found = []
    while len(found) < CONNECTIONS:
        some = []
        for n in range(min(AT_ONCE, CONNECTIONS - len(found))):
            some.append(socket.create_connection(("127.0.0.1", port), 30, (f"127.0.0.{2 + n % ADDRESSES}", 0)))
            some[-1].sendall(said)
        for one in some if answered else ():
            if not one.recv(4096).startswith(b"HTTP/1.1 200"):
                sys.exit("connections: one was not served")
        found += some
    return found


def still_open(connections):
    """How many the server has not closed."""
    count = 0
    for one in connections:
        one.setblocking(False)
        try:
            count += one.recv(1) != b""
        except BlockingIOError:
            count += 1
        except ConnectionError:
            pass
    return count


def round_of(said, answered):
    """One server: (MB it held them in, its MB before, the load beside them)."""
    server = Twostep()
    connections = []
    try:
        before = resident_mb(server.pid)
        connections = open_all(server.port, said, answered)
        held = resident_mb(server.pid)
        open_before = still_open(connections)
        run = run_wrk(server.port, "/healthz", 64, "get.lua", CORES)
        if open_before != CONNECTIONS or run.wrong:
            sys.exit(f"connections: {open_before} of {CONNECTIONS} were open, {run.wrong} wrong answers")
        return held, before, run
    finally:
        for one in connections:
            one.close()
        server.stop()


def row_connections(table):
    """10,000 connections that say nothing more, then 10,000 that have said half a request; 64 others ask meanwhile."""
    files_allowed()
    for what, said, answered in (("idle", WHOLE, True), ("half a request", HALF, False)):
        rounds = [round_of(said, answered) for _ in range(ROUNDS)]
        before = statistics.median(before for _, before, _ in rounds)
        table.figure(f"memory, {CONNECTIONS} connections, {what}", "MB", [held for held, _, _ in rounds], 64, f"{before:.1f} MB before")
        table.figure("  p99 of 64 others meanwhile", "ms", [run.p99_ms for _, _, run in rounds], 50,
                     f"{statistics.median(run.rate for _, _, run in rounds):.0f}/s GET /healthz, load on the same cores")


ROWS = {"connections": row_connections}
