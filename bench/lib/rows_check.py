"""Rows about a check of the guard that memory answers: beside nginx, through nginx, with a million sessions, with rules."""
import os
import socket
import statistics

from lib.crowd import Group
from lib.guarded import Guard, request_of
from lib.load import in_turn, measured
from lib.servers import CORES, Echo, Nginx, resident_mb

SESSIONS = int(os.environ.get("SESSIONS", "100000"))
FEW = 1000
LOAD_CORES = CORES[1:] or CORES
CORE = CORES[0]
BARE = "location / { return 200; }"


def pairs_of(seen, candidate, ceiling, figure):
    return [(figure(a), figure(b)) for a, b in zip(seen[candidate], seen[ceiling])]


def rate(result):
    return result[0].rate


def cost(result):
    return result[1]


def client_note(seen):
    """Says so where the load, not the server, was at its limit."""
    busy = {name: statistics.median(result[0].busy for result in results) for name, results in seen.items()}
    limits = [f"{name} {share:.0%}" for name, share in busy.items() if share > 0.9]
    return "; client busy: " + ", ".join(limits) if limits else ""


def row_check(table):
    """One core, 64 keep-alive connections; nginx gets the same bytes."""
    guard = Guard()
    nginx = Nginx(CORE, BARE)
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(CORE)
        guard.fill(0, 64)
        seen = in_turn({
            "twostep": lambda: measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES)),
            "nginx": lambda: measured([nginx.pid], lambda: guard.load(nginx.port, LOAD_CORES)),
        })
    finally:
        guard.close()
        nginx.stop()
    shown = statistics.median(rate(x) for x in seen["twostep"])
    table.ratio("check, 64 keep-alive, one core", "nginx return 200", pairs_of(seen, "twostep", "nginx", rate), least=0.85,
                note=f"{shown:.0f}/s, p99 {statistics.median(x[0].p99_ms for x in seen['twostep']):.1f} ms" + client_note(seen))
    table.ratio("  its CPU a request", "nginx return 200", pairs_of(seen, "twostep", "nginx", cost), most=1.25,
                note=f"{statistics.median(cost(x) for x in seen['twostep']):.1f} us")


def row_echo(table):
    """The same bytes both ways, with nothing between: what sockets alone take."""
    guard = Guard()
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(CORE)
        with socket.create_connection(("127.0.0.1", guard.server.port), timeout=60) as s:
            for _ in range(2):  # the second is answered from memory
                s.sendall(request_of(0))
                answer = s.recv(65536)
        echo = Echo(CORE, answer)
        try:
            seen = in_turn({
                "twostep": lambda: measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES)),
                "echo": lambda: measured([echo.pid], lambda: guard.load(echo.port, LOAD_CORES)),
            })
        finally:
            echo.stop()
    finally:
        guard.close()
    table.fact("check, CPU beside a bare epoll echo", "", [a / b for a, b in pairs_of(seen, "twostep", "echo", cost)],
               f"{statistics.median(cost(x) for x in seen['twostep']):.1f} us, echo {statistics.median(cost(x) for x in seen['echo']):.1f} us, "
               f"{len(answer)} bytes back" + client_note(seen))


# `return` alone would answer before anybody is asked.
ASKING = """location / { auth_request /check; try_files "" @let_in; }
location @let_in { return 200; }
location = /check { internal; proxy_pass http://asked/authz/forward-auth; proxy_pass_request_body off; proxy_set_header Content-Length "";
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-Method $request_method;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Uri $request_uri; proxy_set_header X-Forwarded-For $remote_addr; }"""


def asking_nginx(port):
    """nginx on CORE that asks whoever listens at the port."""
    return Nginx(CORE, ASKING, f"upstream asked {{ server 127.0.0.1:{port}; keepalive 128; }}")


def row_auth_request(table):
    """The proxy on one core; who is asked on another, together with the load."""
    guard = Guard()
    asked = LOAD_CORES[0]
    itself = Nginx(asked, BARE)
    others = []
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(asked)
        guard.fill(0, 64)
        others += [asking_nginx(guard.server.port), asking_nginx(itself.port)]
        seen = in_turn({
            "twostep": lambda: measured([guard.server.pid], lambda: guard.load(others[0].port, LOAD_CORES, request="visit")),
            "nginx": lambda: measured([itself.pid], lambda: guard.load(others[1].port, LOAD_CORES, request="visit")),
        })
    finally:
        for nginx in [itself] + others:
            nginx.stop()
        guard.close()
    table.ratio("through nginx auth_request", "nginx asking itself", pairs_of(seen, "twostep", "nginx", rate), least=0.95,
                note=f"{statistics.median(rate(x) for x in seen['twostep']):.0f}/s" + client_note(seen))


def row_sessions(table):
    """Sessions of as many accounts, at random, beside a thousand of them."""
    guard = Guard()
    lead_s = SESSIONS // 2000 + 30
    try:
        guard.add_people([Group(0, SESSIONS, guard.organization, guard.services[0])], lead_s)
        guard.start(CORE)
        empty_mb = resident_mb(guard.server.pid)
        guard.fill(0, FEW)
        before = resident_mb(guard.server.pid)
        took_s = guard.fill(FEW, SESSIONS - FEW)
        full_mb = resident_mb(guard.server.pid)
        seen = in_turn({
            "many": lambda: measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES, 0, SESSIONS)),
            "few": lambda: measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES, 0, FEW)),
        })
    finally:
        guard.close()
    each = (full_mb - before) / (SESSIONS - FEW) * 1e6
    table.ratio(f"check, {SESSIONS:,} sessions at random, CPU", "1,000 of them", pairs_of(seen, "many", "few", cost), most=1.3,
                note=f"{statistics.median(cost(x) for x in seen['many']):.1f} us; filled in {took_s:.0f} s" + client_note(seen))
    table.figure(f"  memory of {'1,000,000, extrapolated' if SESSIONS < 1000000 else f'{SESSIONS:,}'}", "MB",
                 [before + each * max(SESSIONS, 1000000) / 1e6], 320,
                 f"{each:.0f} MB a million sessions; {full_mb:.0f} MB with {SESSIONS:,}, {empty_mb:.0f} MB with none")


def rules():
    """Twenty, of which the last fits what is asked for."""
    return [{"path": f"/area-{n}/*", "second_step_max_age_s": 300} for n in range(19)] + [{"path": "/orders/*", "second_step_max_age_s": 86400}]


def row_rules(table):
    """Fifty services, each asked for in turn, with rules and without."""
    hosts = [f"localhost:{port}" for port in range(9001, 9051)]
    guards = {"with": Guard(hosts, rules()), "without": Guard(hosts)}
    try:
        for guard in guards.values():
            guard.add_people([Group(0, FEW, guard.organization, two_step=True)])
            guard.start(CORE)
            guard.fill(0, FEW)
        seen = in_turn({name: lambda guard=guard: measured([guard.server.pid], lambda: guard.load(guard.server.port, LOAD_CORES, 0, FEW))
                        for name, guard in guards.items()})
    finally:
        for guard in guards.values():
            guard.close()
    table.ratio("check, 50 services of 20 rules, CPU", "without rules", pairs_of(seen, "with", "without", cost), most=1.1,
                note=f"{statistics.median(cost(x) for x in seen['with']):.1f} us" + client_note(seen))


ROWS = {"check": row_check, "echo": row_echo, "auth_request": row_auth_request, "sessions": row_sessions, "rules": row_rules}
