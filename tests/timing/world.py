"""A server, the half of whose addresses have accounts, and a client that takes the time of single answers."""
import itertools
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "door"), os.path.join(HERE, "..", "..", "bench")]
from harness import Server, WRONG_PASSWORD  # noqa: E402
from lib import crowd  # noqa: E402

SIGNED_IN = 200            # people with a session, for what is asked by somebody who is signed in; none of those asked about
REST_S = 0.005              # behind that: what a delivery leaves behind (a connection that is closed) is over
NO_CODE = "0000-0000-0000"
ZEROES = "A" * 43          # no token of ours, and of its form
NEW_PASSWORD = "Violet7 kettle-Drum orbit"


class World:
    def __init__(self, pairs, folder=None, environment=None, seed=None):
        self.coin = random.Random(seed)
        self.data = tempfile.mkdtemp(prefix="twostep-timing-", dir=folder)
        self.sink = subprocess.Popen([sys.executable, os.path.join(HERE, "sink.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        mail = f"smtp://127.0.0.1:{int(self.sink.stdout.readline())}"
        Server(data=self.data).end()
        self.pairs = self.people(pairs)
        self.server = Server(["--trusted-proxies", "127.0.0.0/8"], {**(environment or {}), "TWOSTEP_MAIL": mail,
                                                                    "TWOSTEP_MAIL_FROM": "twostep@example.com"}, self.data)
        self.base = sqlite3.connect(self.server.database, isolation_level=None)
        self.asker = Asker(self.server.port)
        self.networks = itertools.count(1)
        self.marks = {}  # headers that stand in each request
        self.kept = {}   # by address, what an earlier case left for a later one

    def restart(self, **environment):
        self.asker.close()
        self.server.env.update(environment)
        self.server.restart()

    def close(self):
        self.base.close()
        self.asker.close()
        try:
            self.server.stop()
        finally:
            self.sink.stdin.close()
            self.sink.wait(20)
            self.sink.stdout.close()
            shutil.rmtree(self.data, ignore_errors=True)

    def people(self, pairs):
        """[(an address with an account, one without)]. Chance says which are which: their numbers tell nothing."""
        numbers = list(range(SIGNED_IN, SIGNED_IN + 2 * pairs))
        crowd.add(self.data, [crowd.Group(0, SIGNED_IN), crowd.Group(SIGNED_IN, 2 * pairs, signed_in=False)])
        self.coin.shuffle(numbers)
        known, unknown = ([crowd.email(n) for n in half] for half in (numbers[:pairs], numbers[pairs:]))
        base = sqlite3.connect(os.path.join(self.data, "twostep.db"), isolation_level=None)
        base.executemany("DELETE FROM account WHERE email = ?", [(email,) for email in unknown])
        base.execute("UPDATE account SET locale = 'ko' WHERE random() % 2")  # what asks says English
        base.close()
        return list(zip(known, unknown))

    # Requests. Each comes from a network of its own, through a proxy that is trusted, so that no limit of a network is met.

    def request(self, path, kind, body, accept, headers):
        n = next(self.networks)
        lines = [f"POST {path} HTTP/1.1", f"Host: localhost:{self.server.port}", f"Accept: {accept}", f"Origin: {self.server.origin}",
                 f"X-Forwarded-For: 2001:db8:{n >> 16:04x}:{n & 0xFFFF:04x}::1", f"Content-Type: {kind}",
                 f"Content-Length: {len(body)}", *[f"{k}: {v}" for k, v in {**headers, **self.marks}.items()]]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def api(self, path, body, **headers):
        return self.request("/api/v1" + path, "application/json", json.dumps(body).encode(), "application/json", headers)

    def page(self, path, fields, **headers):
        return self.request(path, "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode(), "text/html", headers)

    def signed_in(self, n):
        return {"Cookie": f"twostep={crowd.token(n % SIGNED_IN)}"}

    def stay_fresh(self):
        self.base.execute("UPDATE session SET confirmed_at = unixepoch(), second_step_at = unixepoch()")

    def settle(self):
        """Waits until nothing is mailed any more: what is asked next meets a server at rest."""
        deadline = time.monotonic() + 30
        while self.base.execute("SELECT 1 FROM mail_queue LIMIT 1").fetchone():
            if time.monotonic() > deadline:
                raise AssertionError("the mail thread does not come to rest")
            time.sleep(0.0002)
        time.sleep(REST_S)

    def mail_nobody(self):
        """A letter that goes nowhere, and its delivery."""
        self.marks = {}
        self.asker.ask(self.api("/password-reset", {"email": f"nobody.{next(self.networks)}@example.com"}))
        self.settle()


class Asker:
    """One connection, one request at a time."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        """(nanoseconds from the request, which is one segment, to the first byte of the answer; its status; its body)."""
        if not self.socket:
            self.open()
        begun = time.perf_counter_ns()
        self.socket.sendall(request)
        answer = self.socket.recv(65536)
        took = time.perf_counter_ns() - begun
        while b"\r\n\r\n" not in answer:
            answer += self.more()
        head, body = answer.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.more()
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return took, int(head[9:12]), body

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("no whole answer")
        return data
