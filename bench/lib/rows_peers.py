"""Rows about others who answer the same question, "whose session is this?", in the same run on the same core."""
import http.cookies
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from lib.crowd import Group
from lib.guarded import CONNECTIONS, Guard
from lib.load import in_turn, measured_own, run_wrk
from lib.rows_check import CORE, LOAD_CORES, client_note, cost, pairs_of, rate
from lib.servers import HERE, free_port

GLEWLWYD = "/usr/bin/glewlwyd"
GLEWLWYD_SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
GLEWLWYD_CONFIG = """port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}/"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="ERROR"
log_file="{folder}/log"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{folder}/database" }};
"""


class Peer:
    """Another's server on CORE or where it is told. path and cookie ask whose session it is."""
    cores = (CORE,)

    def __init__(self, command, folder):
        self.folder = folder
        self.process = subprocess.Popen(["taskset", "-c", ",".join(map(str, self.cores)), *command], cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid

    def load(self):
        run = run_wrk(self.port, self.path, CONNECTIONS, "get.lua", LOAD_CORES, headers=["Cookie: " + self.cookie])
        if run.wrong:
            sys.exit(f"{run.wrong} of {run.requests} answers of {type(self).__name__} were wrong")
        return run

    def stop(self):
        self.process.terminate()
        self.process.wait(15)


def answers(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    sys.exit("another's server did not answer in 10 s")


class Glewlwyd(Peer):
    """Debian's, with its own schema in SQLite and its one account."""
    path = "/api/profile_list"

    def __init__(self):
        self.port, folder = free_port(), tempfile.mkdtemp(prefix="twostep-bench-")
        with open(GLEWLWYD_SCHEMA, encoding="utf-8") as f, sqlite3.connect(os.path.join(folder, "database")) as base:
            base.executescript(f.read())
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as f:
            f.write(GLEWLWYD_CONFIG.format(port=self.port, folder=folder))
        super().__init__([GLEWLWYD, "-c", config], folder)
        answers(self.port)
        self.cookie = self.sign_in("admin", "password")

    def sign_in(self, username, password):
        answer = self.ask("POST", "/api/auth", {"username": username, "password": password})
        return "; ".join(f"{name}={morsel.value}" for name, morsel in http.cookies.SimpleCookie(answer.headers["Set-Cookie"]).items())

    def ask(self, method, path, body, cookie=""):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json", "Cookie": cookie}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
            return answer

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def npm_packages():
    folder = os.path.join(HERE, "peers")
    if not os.path.exists(os.path.join(folder, "node_modules", "better-sqlite3")):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


class BetterAuth(Peer):
    """npm's, on Node.js, in memory."""
    path = "/api/auth/get-session"

    def __init__(self):
        folder = npm_packages()
        self.port = free_port()
        super().__init__(["node", "better-auth.mjs", str(self.port)], folder)
        self.cookie = self.process.stdout.readline().strip()
        if not self.cookie:
            sys.exit("better-auth did not start")


def beside(table, name, make):
    """How many more of the same they could answer in the CPU time that one of theirs takes."""
    guard = Guard()
    peer = make()
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(CORE)
        guard.fill(0, 64)
        peer.load()  # what a compiler makes while it runs is not held against them
        seen = in_turn({"twostep": lambda: measured_own(guard.server.pid, lambda: guard.load(guard.server.port, LOAD_CORES)),
                        "peer": lambda: measured_own(peer.pid, peer.load)})
    finally:
        peer.stop()
        guard.close()
    table.ratio("checks a CPU second", name, pairs_of(seen, "peer", "twostep", cost), least=100,
                note=f"{statistics.median(cost(x) for x in seen['twostep']):.1f} us, theirs {statistics.median(cost(x) for x in seen['peer']):.0f} us, "
                     f"{statistics.median(rate(x) for x in seen['peer']):.0f}/s" + client_note(seen))
    table.ratio("  of the programs' own, without the kernel's", name, pairs_of(seen, "peer", "twostep", own), least=100,
                note=f"{statistics.median(own(x) for x in seen['twostep']):.1f} us, theirs {statistics.median(own(x) for x in seen['peer']):.0f} us")


def own(result):
    return result[2]


def row_glewlwyd(table):
    beside(table, "glewlwyd GET /api/profile_list", Glewlwyd)


def row_better_auth(table):
    beside(table, "better-auth GET /api/auth/get-session", BetterAuth)


ROWS = {"glewlwyd": row_glewlwyd, "better_auth": row_better_auth}
