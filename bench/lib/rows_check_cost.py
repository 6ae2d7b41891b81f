"""Rows about what a check takes beside time: memory, locks, system calls, instructions."""
import re

from lib.counted import Counted, Traced, instructions_of
from lib.crowd import Group
from lib.guarded import Guard, request_of
from lib.load import ROUNDS
from lib.rows_check import CORE, LOAD_CORES

PEOPLE = 64
NEEDED = ("epoll_wait", "read", "recvfrom", "recvmsg", "write", "writev", "sendto", "sendmsg")


def guarded(environment=None):
    guard = Guard()
    guard.add_people([Group(0, PEOPLE, guard.organization, guard.services[0], two_step=True)])
    guard.start(CORE, environment)
    guard.fill(0, PEOPLE)
    return guard


def row_taken(table):
    """What the connections of the load take is in it."""
    rounds, written = [], []
    with Counted() as counted:
        guard = guarded(counted.environment)
        try:
            for _ in range(ROUNDS):
                before, disk = counted.read(), bytes_to_disk(guard.server.pid)
                run = guard.load(guard.server.port, LOAD_CORES)
                rounds.append(counted.since(before, run.requests))
                written.append((bytes_to_disk(guard.server.pid) - disk) / run.requests)
        finally:
            guard.close()
    table.figure("allocations a check", "", [seen["allocations"] for seen in rounds], 0.05, "connections and the minute's last-seen included")
    table.figure("locks a check", "", [seen["locks"] for seen in rounds], 0.05)
    table.figure("written to disk a check", "bytes", written, 1)


def bytes_to_disk(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(re.search(r"^write_bytes: (\d+)", f.read(), re.M).group(1))


def row_calls(table):
    """System calls, told by strace; slow, but they are only counted."""
    guard = guarded()
    needed, others, names = [], [], {}
    try:
        for _ in range(ROUNDS):
            with Traced(guard.server.pid) as traced:
                requests = guard.load(guard.server.port, LOAD_CORES).requests
            names = {name: n / requests for name, n in traced.calls.items()}
            needed.append(sum(n for name, n in names.items() if name in NEEDED))
            others.append(sum(n for name, n in names.items() if name not in NEEDED))
    finally:
        guard.close()
    shown = ", ".join(f"{name} {n:.2f}" for name, n in names.items() if n >= 0.005)
    table.figure("system calls a check: to wait, read, write", "", needed, 3, shown)
    table.figure("  any other", "", others, 0.02, "connections and the minute's last-seen included")


def row_instructions(table):
    """Counted by valgrind, as the difference of a long and a short run, so that the start falls out; without the kernel's."""
    guard = Guard()
    try:
        guard.add_people([Group(0, PEOPLE, guard.organization, guard.services[0], two_step=True)])
        check = instructions_of(guard, request_of(0))
        health = instructions_of(guard, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    finally:
        guard.close()
    table.fact("instructions a check", "", [check], f"GET /healthz {health:.0f}; by valgrind, whose processor has no SHA instructions")


ROWS = {"taken": row_taken, "calls": row_calls, "instructions": row_instructions}
