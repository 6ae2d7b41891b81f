"""
Drives a real twostep server from outside: its own HTTP client over plain sockets, its own RFC 6238, its own mail reader.

    from harness import DoorTest, Person

Standard library only. The server is $TWOSTEP_BIN, else build/twostep below the current folder; TRACE=1 prints each exchange.
Every answer that passes through here is held against what the contract promises of all answers (Reply.check): so each test
also proves that nothing answers 500, that every refusal of the API is problem+json, that the security headers are there, and
that the API answers as docs/openapi.yaml describes it (described.py).
"""
import base64
import email
import email.policy
import fcntl
import glob
import hashlib
import hmac
import itertools
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import unicodedata
import unittest

import described

PASSWORD = "Violet7 kettle-Drum orbit"
OTHER_PASSWORD = "Amber9 lantern-Fjord quilt"
WRONG_PASSWORD = "Copper3 walnut-Sled prism"
TRACE = bool(os.environ.get("TRACE"))

STEP_S = 30
UTC_SECOND = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
CODE_LINE = re.compile(r"^\s*(\d{6}|[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2})\s*$", re.M)
RECOVERY_CODE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$")

HEADERS_OF_ALL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# For a server whose memory is looked at: what the sanitizer keeps of freed memory is none of the server's.
LEAN = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=16"}

_numbers = itertools.count(1)


def new_address(word="p"):
    """An address that no other person of this run has."""
    return f"{word}{next(_numbers)}@example.com"


def decomposed(text):
    """As some keyboards and file systems write it: letters apart from their marks, jamo instead of syllables."""
    return unicodedata.normalize("NFD", text)


# Codes

def step_now(off_s=0):
    """By a clock that is so many seconds off."""
    return int((time.time() + off_s) // STEP_S)


def totp(secret, step):
    """RFC 6238 over SHA-1, six digits; `secret` in base32, `step` in whole periods since 1970."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">q", step), hashlib.sha1).digest()
    at = mac[19] & 0x0F
    return "%06d" % ((int.from_bytes(mac[at:at + 4], "big") & 0x7FFFFFFF) % 1000000)


def wrong_code(secret):
    """Six digits that no step within a quarter of an hour would show."""
    shown = {totp(secret, step_now() + n) for n in range(-32, 33)}
    return next(c for c in ("%06d" % (123457 * n % 1000000) for n in itertools.count(1)) if c not in shown)


def steady(seconds=3):
    """Waits until the present step lasts at least this much longer, so that no test meets its edge."""
    left = STEP_S - time.time() % STEP_S
    if left < seconds:
        time.sleep(left + 0.02)


# Answers

class Reply:
    def __init__(self, version, status, reason, headers, body):
        self.version, self.status, self.reason, self.headers, self.body = version, status, reason, headers, body

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def header(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        def once(pairs):
            names = [name for name, _ in pairs]
            if len(names) != len(set(names)):
                raise AssertionError(f"a name twice in {self!r}")
            return dict(pairs)
        return json.loads(self.text, object_pairs_hook=once)

    @property
    def is_json(self):
        return (self.header("Content-Type") or "").split(";")[0].strip() in ("application/json", "application/problem+json")

    @property
    def code(self):
        """The contract's word of a refusal; None where the answer is none."""
        return self.json.get("code") if self.status >= 400 and self.is_json and self.body else None

    @property
    def detail(self):
        return self.json.get("detail") if self.status >= 400 and self.is_json and self.body else None

    def cookie(self, name):
        """The attributes of a Set-Cookie, names in lower case, the value under "=": None where it is not set."""
        for line in self.all("Set-Cookie"):
            first, *rest = [part.strip() for part in line.split(";")]
            if first.split("=", 1)[0] == name:
                found = {"=": first.split("=", 1)[1]}
                for part in rest:
                    key, _, value = part.partition("=")
                    found[key.lower()] = value
                return found
        return None

    def check(self, asked, api=False):
        """What the contract promises of every answer."""
        def broken(what):
            raise AssertionError(f"{asked} answered {self!r}: {what}")

        if self.status == 500:
            broken("500")
        for name, value in HEADERS_OF_ALL.items():
            if self.all(name) != [value]:
                broken(f"{name} is {self.all(name)}")
        policies = self.all("Content-Security-Policy")
        if len(policies) != 1 or not policies[0].startswith("default-src 'none'") or "frame-ancestors 'none'" not in policies[0]:
            broken(f"Content-Security-Policy is {policies}")
        if self.header("Cache-Control") != "no-store" and "/assets/" not in asked:
            broken(f"Cache-Control is {self.all('Cache-Control')}")
        if api and self.status >= 400 and self.body:
            if (self.header("Content-Type") or "").split(";")[0] != "application/problem+json":
                broken(f"a refusal as {self.header('Content-Type')}")
            problem = self.json
            for name, kind in (("type", str), ("title", str), ("status", int), ("detail", str), ("code", str)):
                if not isinstance(problem.get(name), kind) or not problem[name]:
                    broken(f"no {name}")
            if problem["status"] != self.status:
                broken("another status in the body")
        if self.status == 429 or self.code == "busy":
            wait = self.header("Retry-After", "")
            if not wait.isdigit() or int(wait) < 1:
                broken(f"Retry-After is {wait!r}")
        return self

    def __repr__(self):
        return f"<{self.status} {self.body[:400].decode('utf-8', 'replace')}>"


def expect(reply, status, code=None, about=""):
    """The parsed body of an answer that must be this one; `about` names the row of a table."""
    statuses = status if isinstance(status, tuple) else (status,)
    if reply.status not in statuses or (code is not None and reply.code != code):
        raise AssertionError(f"{about + ': ' if about else ''}expected {status} {code or ''}, got {reply!r}")
    return reply.json if reply.is_json and reply.body else None


def token_of(answer):
    """The bearer token of a finished sign-in, beside the session or within it."""
    token = answer.get("token") or answer["session"].get("token")
    if not token:
        raise AssertionError(f"no token in {answer}")
    return token


# Wire

class Closed(Exception):
    """The server closed the connection where an answer was due."""


class Wire:
    """One connection: says exactly the bytes it is told to, reads answers strictly."""

    def __init__(self, server, timeout=30, source="127.0.0.1", narrow=False):
        """narrow: the system takes little for us that we have not read."""
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if narrow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        try:
            self.socket.bind((source, 0))
            self.socket.connect(("127.0.0.1", server.port))
        except OSError:
            self.socket.close()
            raise
        if self.socket.getsockname() == self.socket.getpeername():  # nobody listens, and the system took that port for our end
            self.socket.close()
            raise ConnectionRefusedError("connected to itself")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.interim = []

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # refused half-way: the answer, or its absence, tells
        return self

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed(f"after {self.buffer[:200]!r}")
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def reply(self, head=False):
        """The next final answer. Closed where there is none."""
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            match = re.fullmatch(r"(HTTP/1\.[01]) (\d{3}) ?(.*)", lines[0])
            if not match:
                raise AssertionError(f"not a status line: {lines[0]!r}")
            headers = []
            for line in lines[1:]:
                pair = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
                if not pair or "\n" in line or "\r" in line:
                    raise AssertionError(f"not a header line: {line!r}")
                headers.append(pair.groups())
            reply = Reply(match[1], int(match[2]), match[3], headers, b"")
            if reply.status >= 200:
                break
            self.interim.append(reply)
        reply.body = self._body(reply, head)
        return reply

    def _body(self, reply, head):
        lengths = reply.all("Content-Length")
        if len(lengths) > 1 or (lengths and reply.all("Transfer-Encoding")):
            raise AssertionError(f"two lengths in {reply.headers}")
        if head or reply.status in (204, 304):
            return b""
        if lengths:
            return self._take(int(lengths[0]))
        if reply.all("Transfer-Encoding"):
            body = b""
            while True:
                size = int(self._until(b"\r\n").split(b";")[0], 16)
                body += self._take(size)
                if self._take(2) != b"\r\n":
                    raise AssertionError("a chunk without its end")
                if not size:
                    return body
        try:
            while True:
                self._more()
        except Closed:
            body, self.buffer = self.buffer, b""
            return body

    def closed(self, seconds=5):
        """True where the server closes within this time and says nothing more."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def at_once(calls):
    """Runs all calls together, let go at one moment; their results in order. What one raises is raised."""
    barrier, results, errors = threading.Barrier(len(calls)), [None] * len(calls), []

    def run(place, call):
        try:
            barrier.wait(30)
            results[place] = call()
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def statuses(replies):
    """How often each answer came: {"200": 1, "401 invalid_code": 19}."""
    found = {}
    for reply in replies:
        word = f"{reply.status} {reply.code}" if reply.code else str(reply.status)
        found[word] = found.get(word, 0) + 1
    return found


# Server

def binary():
    return os.path.abspath(os.environ.get("TWOSTEP_BIN", "build/twostep"))


def free_port():
    """Below those that the system hands out by itself: a server that stops and starts again finds its port free."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def files_up_to(size):
    """For preexec_fn: a process whose files may have so many bytes and no more, as on a disk without room."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


def clean_environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWOSTEP_")}
    kept.update(more)
    return kept


class Server:
    """A server of its own: fresh data folder, file mail, a free port. `args` are flags, `env` further settings, `under` starts it,
    `more` is for Popen."""

    def __init__(self, args=(), env=None, data=None, port=None, log_path=None, program=None, under=(), **more):
        self.args, self.env, self.program, self.under, self.more = list(args), dict(env or {}), program or binary(), list(under), more
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="twostep-door-")
        self.port = port or free_port()
        self.origin = f"http://localhost:{self.port}"
        self.outbox = os.path.join(self.data, "outbox")
        self.database = os.path.join(self.data, "twostep.db")
        self.log_path = log_path or os.path.join(self.data, "door.log")
        self.steps_ahead = 0  # how many steps forward() has moved the stored times back
        self.off_s = 0        # how many seconds its clock is off: test_clock.py
        self.process = None
        self._read = {}
        try:
            self.start()
        except RuntimeError:
            if self.own_data:
                shutil.rmtree(self.data, ignore_errors=True)
            raise

    def start(self):
        environment = clean_environment(
            TWOSTEP_LISTEN=f"127.0.0.1:{self.port}", TWOSTEP_PUBLIC_URL=self.origin,
            TWOSTEP_DATA=self.data, TWOSTEP_MAIL=f"file:{self.outbox}")
        environment.update(self.env)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.under, self.program, "serve", *self.args], env=environment,
                                            stdin=subprocess.DEVNULL, **{"stdout": log, "stderr": log, **self.more})
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            try:
                with Wire(self, timeout=5) as wire:
                    if wire.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").reply().status == 200:
                        return
            except (OSError, Closed):
                pass
            time.sleep(0.03)
        raise RuntimeError(f"not ready in 30 s:\n{self.log()[-4000:]}")

    def end(self, how=signal.SIGTERM):
        """Stops the process and keeps the data; answers its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"did not end within 20 s of {how!r}") from None
        return self.process.returncode

    def restart(self, how=signal.SIGTERM):
        self.end(how)
        self.start()

    def stop(self):
        """Ends the server and removes its data; raises where it did not end well or a sanitizer spoke."""
        try:
            status, log = self.end(), self.log()
        finally:
            if self.own_data:
                shutil.rmtree(self.data, ignore_errors=True)
        for word in ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:"):
            if word in log:
                raise AssertionError(f"{word} in the log:\n{log[max(0, log.index(word) - 500):][:4000]}")
        if status != 0:
            raise AssertionError(f"SIGTERM ended it with {status}:\n{log[-4000:]}")

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def wait_log(self, pattern, seconds=15):
        """The log, once this stands in it."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, log := self.log()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern} in {seconds} s:\n{log[-3000:]}")
            time.sleep(0.05)
        return log

    def resident_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])

    def processor_ticks(self):
        """Hundredths of a second that it has used."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))

    # Mail

    def mails(self, to):
        """What was mailed to this address, oldest first."""
        found = []
        for path in glob.glob(os.path.join(self.outbox, "*.eml")):
            if path not in self._read:
                with open(path, "rb") as file:
                    self._read[path] = (os.stat(path).st_mtime_ns,
                                        email.message_from_binary_file(file, policy=email.policy.default))
            if to.lower() in str(self._read[path][1]["to"]).lower():
                found.append((self._read[path][0], path))
        return [self._read[path][1] for _, path in sorted(found)]

    def mail_settled(self, to, seconds=2):
        """Waits for what is queued for this address, and for demands that are still to be told of; a mail server that takes nothing is
        waited for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(self.sql(
                "SELECT (SELECT COUNT(*) FROM mail_queue WHERE lower(recipient) = lower(?)),"
                " (SELECT COUNT(*) FROM mandate_notice WHERE due_at <= unixepoch() + ?)", to, self.off_s)[0]):
            time.sleep(0.01)

    def mail_after(self, to, before, seconds=10):
        """The newest mail to this address, once there are more than `before`."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.mails(to)
            if len(found) > before:
                return found[-1]
            if time.monotonic() > deadline:
                raise AssertionError(f"no further mail to {to} in {seconds} s (it has {len(found)})")
            time.sleep(0.02)

    def no_mail_after(self, to, before, seconds=0.5):
        time.sleep(seconds)
        found = self.mails(to)
        if len(found) != before:
            raise AssertionError(f"{len(found) - before} mails to {to} that should not be: {[str(m['subject']) for m in found]}")

    # Time: stored moments are moved back, which is to the server as if its clock had moved on

    def sql(self, statement, *values):
        connection = sqlite3.connect(self.database, timeout=20, isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def forward(self, seconds):
        """Lets this much time pass: every moment and every step in the database is that much older."""
        steps = seconds // STEP_S
        connection = sqlite3.connect(self.database, timeout=20, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            tables = [t for t, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                    if kind == "INTEGER" and re.fullmatch(r"at|\w+_at|\w+_until", column):
                        connection.execute(f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > 0", (seconds,))
                    if kind == "INTEGER" and column == "step":  # by way of negative numbers: the key stays unique
                        connection.execute(f"UPDATE {table} SET {column} = ? - {column}", (steps,))
                        connection.execute(f"UPDATE {table} SET {column} = -{column}")
            connection.execute("COMMIT")
        finally:
            connection.close()
        self.steps_ahead += steps


class Unread:
    """Where a server writes to (`theirs`: Server(stderr=...)) and nobody reads until read_all: a pipe, a terminal, or a terminal that
    whoever sits there holds (^S)."""
    KINDS = ("pipe", "terminal", "held terminal")

    def __init__(self, kind):
        self.held = kind == "held terminal"
        self.ours, self.theirs = os.pipe() if kind == "pipe" else os.openpty()
        if kind == "pipe":
            fcntl.fcntl(self.theirs, fcntl.F_SETPIPE_SZ, 8192)

    def hold(self):
        if self.held:
            os.write(self.ours, b"\x13")

    def read_all(self, quiet_s=0.5):
        """What was written until nothing came for so long."""
        found = b""
        if self.held:
            os.write(self.ours, b"\x11")
        while select.select([self.ours], [], [], quiet_s)[0]:
            found += os.read(self.ours, 65536)
        return found

    def close(self):
        os.close(self.theirs)
        os.close(self.ours)


def mail_text(message):
    return message.get_body(preferencelist=("plain",)).get_content()


def mail_code(message):
    """The code that stands alone on a line of the text part."""
    found = CODE_LINE.findall(mail_text(message))
    if len(found) != 1:
        raise AssertionError(f"{len(found)} lines with a code in:\n{mail_text(message)}")
    return found[0]


def has_code(message):
    return bool(CODE_LINE.search(mail_text(message)))


# People

class Browser:
    """A browser or another client: keeps cookies, or carries a bearer token."""

    def __init__(self, server, bearer=None, address=None, language=None):
        self.server, self.bearer, self.address, self.language = server, bearer, address, language
        self.cookies = {}
        self.origin = server.origin

    def prepare(self, method, path, body=None, headers=None, raw=None):
        """The bytes of a request. A header of None is left out; `body` becomes JSON, `raw` goes as it is."""
        sent = {"Host": f"localhost:{self.server.port}", "Accept": "application/json"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.bearer:
            sent["Authorization"] = f"Bearer {self.bearer}"
        elif method not in ("GET", "HEAD"):
            sent["Origin"] = self.origin
        if self.address:
            sent["X-Forwarded-For"] = self.address
        if self.language:
            sent["Accept-Language"] = self.language
        if body is not None:
            raw = json.dumps(body).encode("utf-8")
        if raw is not None:
            sent["Content-Type"] = "application/json"
            sent["Content-Length"] = str(len(raw))
        sent.update(headers or {})
        lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in sent.items() if v is not None]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (raw or b"")

    def request(self, method, path, body=None, headers=None, raw=None, timeout=60):
        with Wire(self.server, timeout) as wire:
            try:
                reply = wire.send(self.prepare(method, path, body, headers, raw)).reply(head=method == "HEAD")
            except Closed as closed:
                raise AssertionError(f"{method} {path}: no answer, {closed}\n{self.server.log()[-2000:]}") from None
        if TRACE:
            print(method, path, body, "->", reply)
        reply.check(f"{method} {path}", api=path.startswith("/api/v1/"))
        if path.startswith("/api/v1/"):
            described.check(method, path, reply)
        self.keep(reply)
        return reply

    def keep(self, reply):
        for line in reply.all("Set-Cookie"):
            name = line.split("=", 1)[0]
            cookie = reply.cookie(name)
            if cookie["="] == "" or cookie.get("max-age") == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie["="]

    def get(self, path, **more):
        return self.request("GET", "/api/v1" + path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", "/api/v1" + path, body if body is not None or "raw" in more else {}, **more)

    def patch(self, path, body=None, **more):
        return self.request("PATCH", "/api/v1" + path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", "/api/v1" + path, **more)


class Account:
    """What a person remembers, whichever browser they sit at."""

    def __init__(self, address, name, password):
        self.email, self.name, self.password = address, name, password
        self.secret, self.recovery_codes = None, []
        self.last_step = None  # the newest step used, counted as if forward() had moved the clock itself


class Person(Browser):
    """Somebody at a browser."""

    def __init__(self, server, word="p", name="Kim Sora", password=PASSWORD, account=None, **more):
        super().__init__(server, **more)
        self.account = account or Account(new_address(word), name, password)

    def elsewhere(self, **more):
        """The same person at another browser."""
        return Person(self.server, account=self.account, **more)

    @property
    def email(self):
        return self.account.email

    @property
    def password(self):
        return self.account.password

    # Mail

    def mails(self):
        """What has been mailed to this person, with what is on its way at this moment: a count of them is one to compare with."""
        self.server.mail_settled(self.email)
        return self.server.mails(self.email)

    def mailed(self, action):
        """Does something that mails this person: its answer and the mail."""
        before = len(self.mails())
        reply = action()
        return reply, self.server.mail_after(self.email, before)

    # Signing up and in

    def try_sign_up(self, password=None, **more):
        body = {"email": self.email, "name": self.account.name, "password": password or self.password}
        return self.post("/signup", {**body, **more})

    def begin_sign_up(self, **more):
        """A try: the value that stands for it and the code that was mailed."""
        reply, mail = self.mailed(lambda: self.try_sign_up(**more))
        return expect(reply, 202)["signup"], mail_code(mail)

    def sign_up(self, **more):
        signup, code = self.begin_sign_up()
        expect(self.post("/signup/verify", {"signup": signup, "code": code, **more}), 201)
        return self

    def first_step(self, password=None, **more):
        return self.post("/login", {"email": self.email, "password": password or self.password, **more})

    def half_way(self, **more):
        """Signs in up to the second step: the `login` that is owed one."""
        answer = expect(self.first_step(**more), 200)
        if answer["status"] != "second_step":
            raise AssertionError(f"no second step asked for: {answer}")
        return answer["login"]

    def second_step(self, login, code=None, method="totp", **more):
        body = {"login": login, "method": method, "code": code if code is not None else self.app_code()}
        return self.post("/login/second-step", {**body, **more})

    def sign_in(self, transport=None):
        extra = {"transport": transport} if transport else {}
        answer = expect(self.first_step(**extra), 200)
        if answer["status"] == "second_step":
            answer = expect(self.second_step(answer["login"]), 200)
        if transport == "bearer":
            self.bearer = token_of(answer)
        return self

    def sign_out(self):
        expect(self.delete("/session"), 204)
        return self

    def is_signed_in(self):
        return self.get("/session").status == 200

    def id(self):
        return expect(self.get("/session"), 200)["account"]["id"]

    # Two-step

    def app_code(self):
        """A code of the app that the account has not used; lets time pass where all three of now are used."""
        steady()
        now = step_now(self.server.off_s)
        virtual_now = now + self.server.steps_ahead
        step = virtual_now - 1
        if self.account.last_step is not None and self.account.last_step >= step:
            step = self.account.last_step + 1
        if step > virtual_now + 1:
            self.server.forward(2 * STEP_S)
            virtual_now += 2
        self.account.last_step = step
        return totp(self.account.secret, step - virtual_now + now)

    def wrong_code(self):
        return wrong_code(self.account.secret)

    def begin_setup(self, **more):
        reply, mail = self.mailed(lambda: self.post("/account/two-step/setup", more))
        expect(reply, 201)
        return mail_code(mail)

    def confirm_email(self, code=None, **more):
        code = code or self.begin_setup(**more)
        return expect(self.post("/account/two-step/setup/email", {"code": code}), 200)

    def enable(self, **more):
        """Switches two-step on, or with replace=True moves it to a new phone."""
        secret = self.confirm_email(**more)["secret"]
        old_secret, old_step = self.account.secret, self.account.last_step
        self.account.secret, self.account.last_step = secret, None
        answer = expect(self.post("/account/two-step/setup/code", {"code": self.app_code()}), 200)
        self.account.recovery_codes = answer["recovery_codes"]
        reply, _ = self.mailed(lambda: self.post("/account/two-step/setup/complete", {"saved": True}))
        expect(reply, 200)
        return old_secret, old_step

    def with_two_step(self):
        self.sign_up()
        self.enable()
        return self

    def two_step(self):
        return expect(self.get("/account/two-step"), 200)


class DoorTest(unittest.TestCase):
    """One server for the tests of a class; SERVER holds what Server() takes."""
    SERVER = {}
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.server = Server(**cls.SERVER)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.assertIsNone(self.server.process.poll(), "the server has died:\n" + self.server.log()[-4000:])

    def person(self, word="p", **more):
        return Person(self.server, word, **more)

    def once(self, replies, success, refusals, about=""):
        """Exactly one of these succeeded, and all others were refused in one of these ways."""
        found = statuses(replies)
        self.assertEqual(found.pop(success, 0), 1, f"{about}: successes among {statuses(replies)}")
        self.assertLessEqual(set(found), set(refusals), f"{about}: {statuses(replies)}")
