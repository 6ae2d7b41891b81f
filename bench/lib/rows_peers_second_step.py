"""Rows about the second step of others: the request that takes the app's code of somebody who has given the password, in the same run."""
import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from lib.crowd import code_of
from lib.load import SECONDS, in_turn
from lib.rows_check import client_note, pairs_of, rate
from lib.rows_peers import Glewlwyd, Peer, npm_packages
from lib.rows_sign_in import WAITING, SecondSteps, second_steps
from lib.servers import CORES, PASSWORD, cpu_seconds, free_port

STEPS_A_SECOND = 2500  # prepared of ours; so many more take long to make, and a run that is done earlier is as good
SCHEME = {"scheme_type": "otp", "scheme_name": "app"}
OTP = {"module": "otp", "name": "app", "display_name": "App", "expiration": 600, "max_use": 0, "parameters": {
    "issuer": "bench", "secret-minimum-size": 16, "otp-length": 6, "hotp-allow": False, "totp-allow": True, "totp-start-offset": 0,
    "window": 1}}  # steps beside the present one; it is read by this name, not as totp-window
SCOPE = {"name": "app", "display_name": "App", "password_required": True, "password_max_age": 600, "scheme": {"1": [SCHEME]}}

# Copies of the first person, who went the whole way through the API until the second step is owed.
FORGET = """
DELETE FROM g_user_session_scheme WHERE gus_id IN (SELECT gus_id FROM g_user_session WHERE gus_username LIKE 'person%');
DELETE FROM g_user_session WHERE gus_username LIKE 'person%';
DELETE FROM gs_otp WHERE gso_username LIKE 'person%';
DELETE FROM g_user_scope_user WHERE gu_id IN (SELECT gu_id FROM g_user WHERE gu_username LIKE 'person%');
DELETE FROM g_user_password WHERE gu_id IN (SELECT gu_id FROM g_user WHERE gu_username LIKE 'person%');
DELETE FROM g_user WHERE gu_username LIKE 'person%';
"""
USER = "INSERT INTO g_user (gu_username, gu_name, gu_email) VALUES (?, 'Person', ?)"
SESSION = """INSERT INTO g_user_session (gus_username, gus_session_hash, gus_user_agent, gus_issued_for, gus_expiration, gus_last_login, gus_current)
    SELECT ?, ?, gus_user_agent, gus_issued_for, gus_expiration, gus_last_login, gus_current FROM g_user_session WHERE gus_username = 'first'"""
REST = (
    """INSERT INTO g_user_password (gu_id, guw_password) SELECT person.gu_id, guw_password FROM g_user person, g_user_password their
        JOIN g_user first ON first.gu_id = their.gu_id WHERE person.gu_username LIKE 'person%' AND first.gu_username = 'first'""",
    """INSERT INTO g_user_scope_user (gu_id, gus_id) SELECT person.gu_id, gus_id FROM g_user person, g_user_scope_user their
        JOIN g_user first ON first.gu_id = their.gu_id WHERE person.gu_username LIKE 'person%' AND first.gu_username = 'first'""",
    """INSERT INTO gs_otp (gso_mod_name, gso_last_used, gso_username, gso_otp_type, gso_secret, gso_totp_time_step_size)
        SELECT gso_mod_name, 1, gu_username, gso_otp_type, gso_secret, gso_totp_time_step_size FROM g_user, gs_otp
        WHERE gu_username LIKE 'person%' AND gso_username = 'first'""",
    """INSERT INTO g_user_session_scheme (gus_id, guss_expiration, guss_last_login)
        SELECT person.gus_id, guss_expiration, guss_last_login FROM g_user_session person, g_user_session_scheme scheme
        JOIN g_user_session first ON first.gus_id = scheme.gus_id
        WHERE person.gus_username LIKE 'person%' AND first.gus_username = 'first' AND guasmi_id IS NULL""")


class SecondStepPeer:
    """A peer on all cores, as ours is. It has a port, a step (the path), a_second (more than it can), warm_ups, and owed(count), which puts
    so many people in the place of those before and answers a line of second_step.lua for each."""
    cores = CORES

    def load(self):
        run = second_steps(self.port, self.step, self.data, self.origin(), self.owed(self.a_second * SECONDS))
        if run.wrong:
            sys.exit(f"{run.wrong} of {run.requests} second steps of {type(self).__name__} were refused")
        run.rate = (run.requests + WAITING) / (run.seconds + self.settle())
        return run

    def settle(self):
        """Seconds until what the client no longer waited for is answered, too: of a few hundred answers those are many. Nor are they to
        slow down whoever is next."""
        began, busy = time.perf_counter(), cpu_seconds(self.pid)
        while True:
            time.sleep(0.1)
            seen, busy = busy, cpu_seconds(self.pid)
            if busy - seen < 0.005:
                return time.perf_counter() - began - 0.1

    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def status(self, cookie, body):
        request = urllib.request.Request(self.origin() + self.step, body.encode(), {
            "Content-Type": "application/json", "Cookie": cookie, "Origin": self.origin()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def check(self):
        """What is measured lets in with the right code, once, and with no other."""
        (cookie, body), = (line.split("\t") for line in self.owed(1))
        code = re.search(r"\d{6}", body)[0]
        wrong = body.replace(code, f"{(int(code) + 1) % 1000000:06d}")
        seen = [self.status(cookie, sent) for sent in (wrong, body, body)]
        if seen != [401, 200, 401]:
            sys.exit(f"{type(self).__name__} answered {seen} to a wrong code, the right one, and that again")


class GlewlwydSecondStep(SecondStepPeer, Glewlwyd):
    """Debian's on SQLite, with its scheme for one-time codes, which takes one code of a person in 30 s: a fresh person for each request."""
    step = "/api/auth"
    a_second = 150  # whoever is enrolled slows down each request: no index knows their names in capitals
    warm_ups = 0

    def __init__(self):
        super().__init__()
        self.data, self.secret, self.made = self.folder, secrets.token_bytes(20), 0
        self.ask("POST", "/api/mod/scheme/", OTP, self.cookie)
        self.ask("POST", "/api/scope/", SCOPE, self.cookie)
        self.ask("POST", "/api/user/", {"username": "first", "name": "First", "email": "first@example.com", "password": PASSWORD, "enabled": True,
                                        "scope": ["app"]}, self.cookie)
        self.ask("POST", "/api/delegate/first/profile/scheme/register/", {"username": "first", **SCHEME, "value": {
            "type": "TOTP", "secret": base64.b32encode(self.secret).decode(), "time_step_size": 30}}, self.cookie)
        self.sign_in("first", PASSWORD)

    def owed(self, count):
        sessions = [(f"person{number}", secrets.token_hex(64)) for number in range(self.made, self.made + count)]
        self.made += count
        code = code_of(self.secret, time.time())
        with contextlib.closing(sqlite3.connect(os.path.join(self.folder, "database"))) as base, base:
            base.executescript("BEGIN;" + FORGET)
            base.executemany(USER, ((name, name + "@example.com") for name, _ in sessions))
            base.executemany(SESSION, ((name, hash_of(session)) for name, session in sessions))
            for statement in REST:
                base.execute(statement)
        return [f"GLEWLWYD2_SESSION_ID={session}\t" + json.dumps({"username": name, **SCHEME, "value": {"value": code}}) + "\n"
                for name, session in sessions]


def hash_of(session):
    return "{SHA512}" + base64.b64encode(hashlib.sha512(session.encode()).digest()).decode()


class BetterAuthSecondStep(SecondStepPeer, Peer):
    """npm's on Node.js, with its plugin twoFactor, on SQLite."""
    step = "/api/auth/two-factor/verify-totp"
    a_second = 250
    warm_ups = 3  # what a compiler makes while it runs is not held against them

    def __init__(self):
        folder = npm_packages()
        if not os.path.exists(os.path.join(folder, "node_modules/better-sqlite3/build/Release/better_sqlite3.node")):  # a minute where compiled
            subprocess.run(["npm", "rebuild", "better-sqlite3"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        self.port, self.data = free_port(), tempfile.mkdtemp(prefix="twostep-bench-")
        super().__init__(["env", "NODE_ENV=production", "node", "second-step.mjs", str(self.port), os.path.join(self.data, "database")], folder)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("better-auth did not start")

    def owed(self, count):
        print(count, file=self.process.stdin, flush=True)
        return [self.process.stdout.readline() for _ in range(count)]

    def stop(self):
        super().stop()
        shutil.rmtree(self.data, ignore_errors=True)


def beside(table, name, make, durable):
    peer, ours = make(), SecondSteps(STEPS_A_SECOND)
    try:
        ours.start()
        peer.check()
        for _ in range(peer.warm_ups):
            peer.load()
        seen = in_turn({"twostep": lambda: (ours.load(),), "peer": lambda: (peer.load(),)})
    finally:
        peer.stop()
        ours.close()
    table.ratio(f"second step, {WAITING} connections", name, pairs_of(seen, "twostep", "peer", rate), least=20,
                note=f"{statistics.median(rate(x) for x in seen['twostep']):.0f}/s, theirs {statistics.median(rate(x) for x in seen['peer']):.0f}/s; "
                     f"{durable}" + client_note(seen))


def row_second_step_glewlwyd(table):
    beside(table, "glewlwyd POST /api/auth", GlewlwydSecondStep, "both durable, theirs a rollback journal, synchronous=FULL")


def row_second_step_better_auth(table):
    beside(table, "better-auth POST /two-factor/verify-totp", BetterAuthSecondStep, "both durable, theirs WAL, synchronous=FULL")


ROWS = {"second_step_glewlwyd": row_second_step_glewlwyd, "second_step_better_auth": row_second_step_better_auth}
