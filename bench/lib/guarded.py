"""A server that guards applications for a crowd, and the client that asks it."""
import http.client
import json
import os
import re
import selectors
import shutil
import socket
import sys
import tempfile
import time

from lib import crowd
from lib.load import SECONDS, run_wrk
from lib.servers import Twostep

APP = "localhost:9001"
CONNECTIONS = 64
HEAD_END = b"\r\n\r\n"

# What a proxy passes on of a browser's request for a page, beside what it says itself.
REQUEST = """GET /authz/forward-auth HTTP/1.1\r
Host: 127.0.0.1\r
X-Forwarded-Method: GET\r
X-Forwarded-Proto: http\r
X-Forwarded-Host: %HOST%\r
X-Forwarded-Uri: /orders/4711?page=2\r
X-Forwarded-For: 192.0.2.7\r
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r
Accept-Language: en-US,en;q=0.5\r
Cookie: twostep=%TOKEN%\r
\r
"""
# The same asked of nginx, which makes it into the above.
VISIT = REQUEST.replace("/authz/forward-auth", "/orders/4711?page=2").replace("Host: 127.0.0.1", "Host: %HOST%").replace(
    re.search(r"X-Forwarded-Method.*X-Forwarded-For: 192.0.2.7\r\n", REQUEST, re.S)[0], "")


class Guard:
    """A data folder with an organisation, its services and its people; a server on it. Close it in the end."""

    def __init__(self, hosts=(APP,), rules=()):
        self.data = tempfile.mkdtemp(prefix="twostep-bench-")
        self.hosts, self.server = list(hosts), None
        self.folder = tempfile.mkdtemp(prefix="twostep-bench-")
        self.people = 0
        server = self.borrow()
        self.owner = server.sign_up("owner@example.com")["session"]["token"]
        self.organization = self.ask("POST", "/organizations", {"name": "Guarded"}, server)["id"]
        self.services = [self.ask("POST", f"/organizations/{self.organization}/services",
                                  {"name": host, "hosts": [host], "rules": list(rules)}, server)["id"] for host in hosts]
        server.stop()

    def ask(self, method, path, body, server=None):
        server = server or self.server
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request(method, "/api/v1" + path, json.dumps(body), {"Authorization": "Bearer " + self.owner, "Host": f"localhost:{server.port}",
                                                                         "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status not in (200, 201):
            sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def add_people(self, groups, seen_in_s=0):
        crowd.add(self.data, groups, seen_in_s)
        self.people = max([self.people] + [group.first + group.count for group in groups])

    def borrow(self):
        """A server to prepare with; the caller stops it."""
        return Twostep(self.data)

    def start(self, core, environment=None, more=()):
        self.server = Twostep(self.data, core, ("--trusted-proxies", "127.0.0.0/8", *more), environment)
        crowd.write_tokens(self.file("tokens"), self.people)
        self.write("check", REQUEST)
        self.write("visit", VISIT)

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.file(name), "wb") as f:
            f.write(text.encode())

    def fill(self, first, count, hosts=None):
        """Asks once for each, and on each host, so that memory knows them; seconds it took."""
        began, hosts = time.perf_counter(), hosts or self.hosts
        ask_each(self.server.port, [(host, first, count if host == hosts[0] else 1) for host in hosts])
        return time.perf_counter() - began

    def load(self, port, cores, first=0, count=1, hosts=None, request="check", connections=CONNECTIONS, seconds=SECONDS):
        environment = {"BENCH_REQUEST": self.file(request), "BENCH_TOKENS": self.file("tokens"), "BENCH_FIRST": str(first),
                       "BENCH_COUNT": str(count), "BENCH_HOSTS": " ".join(hosts or self.hosts)}
        run = run_wrk(port, "/", connections, "check.lua", cores, environment, seconds=seconds)
        if run.wrong:
            sys.exit(f"{run.wrong} of {run.requests} checks were no 200")
        return run

    def close(self):
        if self.server:
            self.server.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def request_of(number, host=APP):
    text = crowd.token(number)
    return REQUEST.replace("%HOST%", host).replace("%TOKEN%", text).encode()


def numbers_of(asked):
    for host, first, count in asked:
        for number in range(first, first + count):
            yield host, number


def ask_each(port, asked, connections=32, pipeline=32):
    """Each session of (host, first, count) once. Each answer must be a 200; stops the run where one is not."""
    waiting = numbers_of(asked)
    selector, open_count = selectors.DefaultSelector(), 0

    def send(s):
        batch = [request_of(number, host) for (host, number), _ in zip(waiting, range(pipeline))]
        if batch:
            s.sendall(b"".join(batch))
        return len(batch)

    for _ in range(connections):
        s = socket.create_connection(("127.0.0.1", port), timeout=60)
        owed = send(s)
        if owed:
            selector.register(s, selectors.EVENT_READ, [owed, b""])
            open_count += 1
        else:
            s.close()
    while open_count:
        for key, _ in selector.select(60):
            state, s = key.data, key.fileobj
            piece = s.recv(1 << 18)
            if not piece:
                sys.exit("the server closed a connection while memory was filled")
            heads = (state[1] + piece).split(HEAD_END)
            state[1] = heads.pop()
            for head in heads:
                if not head.startswith(b"HTTP/1.1 200"):
                    sys.exit("filling memory: " + head[:300].decode("latin-1"))
            state[0] -= len(heads)
            if state[0]:
                continue
            state[0] = send(s)
            if not state[0]:
                selector.unregister(s)
                s.close()
                open_count -= 1
