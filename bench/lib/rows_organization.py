"""Rows about a large organisation beside a small one."""
import base64
import http.client
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time

from lib.load import ROUNDS
from lib.servers import Twostep


def fill(data, organization, members, events, sessions=0):
    """People, what they did, and their sessions, straight into the database of a server that is not running."""
    base = sqlite3.connect(os.path.join(data, "twostep.db"), isolation_level=None)
    base.execute("PRAGMA foreign_keys = ON")
    base.execute("BEGIN")
    base.execute("CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) SELECT i FROM c",
                 (max(members, events),))
    base.execute("INSERT INTO account (id, email, name, locale, password, password_at, created_at) SELECT randomblob(16),"
                 " printf('m%s-%06d@example.com', ?, i), 'Member ' || i, 'en', x'00', 0, 0 FROM n WHERE i < ?", (organization.hex()[:6], members))
    base.execute("INSERT INTO membership SELECT ?, id, 1, email, lower(name), unixepoch(), unixepoch() FROM account WHERE email LIKE ?",
                 (organization, f"m{organization.hex()[:6]}-%"))
    base.execute("INSERT INTO audit_event (at, action, address, browser, details, organization_id, actor, target) SELECT unixepoch() - i,"
                 " 'signed_in', '192.0.2.1', 'Firefox on Linux', 'pwd', ?, 'm@example.com', 'm@example.com' FROM n WHERE i <= ?", (organization, events))
    if sessions:
        base.execute("INSERT INTO session SELECT randomblob(16), randomblob(32), account_id, NULL, 0, 1, 0, unixepoch(), unixepoch(), NULL,"
                     " unixepoch(), unixepoch() + 86400, 'Firefox', '192.0.2.1' FROM membership WHERE organization_id = ? AND role = 1 LIMIT ?",
                     (organization, sessions))
    base.execute("DROP TABLE n")
    base.execute("COMMIT")
    base.close()


def give_two_step(data, email):
    """The owner meets a demand: an enrolment, and a session that has used it."""
    base = sqlite3.connect(os.path.join(data, "twostep.db"), isolation_level=None)
    base.execute("INSERT INTO totp SELECT randomblob(16), id, x'00', unixepoch() FROM account WHERE email = ?", (email,))
    base.execute("UPDATE session SET enrolment = (SELECT t.id FROM totp t WHERE t.account_id = session.account_id),"
                 " second_step_at = unixepoch(), methods = 3 WHERE account_id = (SELECT id FROM account WHERE email = ?)", (email,))
    base.close()


class Client:
    """One keep-alive connection with a bearer token."""

    def __init__(self, server, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.head = {"Authorization": "Bearer " + token, "Host": f"localhost:{server.port}", "Content-Type": "application/json"}

    def ask(self, method, path, body=None):
        """How many ms it took."""
        begun = time.perf_counter()
        self.connection.request(method, "/api/v1" + path, body and json.dumps(body), self.head)
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status not in (200, 201):
            sys.exit(f"{method} {path}: {reply.status} {text[:200]}")
        self.last = json.loads(text)
        return (time.perf_counter() - begun) * 1000


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


def switch_demand(table, checker, owner, path):
    """A demand is switched on and off while somebody asks for their session again and again."""
    pairs, on = [], []
    for _ in range(ROUNDS):
        quiet = [checker.ask("GET", "/session") for _ in range(300)]
        during, ended = [], threading.Event()

        def check(during=during, ended=ended):
            while not ended.is_set():
                during.append(checker.ask("GET", "/session"))
        thread = threading.Thread(target=check)
        thread.start()
        on.append(owner.ask("PATCH", path, {"two_step_required": True, "grace_days": 0}))
        owner.ask("PATCH", path, {"two_step_required": False})
        ended.set()
        thread.join()
        pairs.append((statistics.median(during), statistics.median(quiet)))
    table.figure("demand on, 10,000 members with sessions", "ms", on, 100)
    slower = [a / b for a, b in pairs]
    table.fact("  GET /session meanwhile, times (a check: row demand)", "", slower, note=f"{statistics.median(a for a, _ in pairs):.2f} ms")


def row_organization(table):
    """Pages of a large organisation beside those of a small one; a demand for ten thousand people with ten thousand sessions."""
    data = tempfile.mkdtemp(prefix="twostep-bench-")
    try:
        server = Twostep(data)
        token = server.sign_up("owner@example.com")["session"]["token"]
        client, ids = Client(server, token), {}
        for name in ("large", "small"):
            client.ask("POST", "/organizations", {"name": name})
            ids[name] = client.last["id"]
        server.stop()
        raw = {name: base64.urlsafe_b64decode(text + "==") for name, text in ids.items()}
        fill(data, raw["small"], 10, 10)
        fill(data, raw["large"], 10000, 1000000, 10000)
        give_two_step(data, "owner@example.com")
        server = Twostep(data)
        client = Client(server, token)
        for what, path in (("members page of 10,000", "members"), ("audit page of 1,000,000", "audit"),
                           ("audit page, filtered", "audit?action=signed_in&to=" + time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400)))):
            pairs, worst = [], []
            for _ in range(ROUNDS):
                seen = {"large": [], "small": []}
                for n in range(300):
                    for name in ("large", "small") if n % 2 else ("small", "large"):
                        seen[name].append(client.ask("GET", f"/organizations/{ids[name]}/{path}"))
                pairs.append((p99(seen["large"]), p99(seen["small"])))
                worst.append(p99(seen["large"]))
            table.figure(what + ", p99", "ms", worst, 5)
            if path == "members":
                pairs = []
                for _ in range(ROUNDS):
                    seen = {name: p99([client.ask("GET", f"/organizations/{ids[name]}/members?limit=10") for _ in range(300)]) for name in ids}
                    pairs.append((seen["large"], seen["small"]))
                table.ratio("  ten rows, beside an organization of 10", "itself", pairs, most=1.5)
        switch_demand(table, Client(server, token), client, f"/organizations/{ids['large']}/security")
        server.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


ROWS = {"organization": row_organization}
