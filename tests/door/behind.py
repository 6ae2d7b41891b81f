"""Real proxies with the configuration that twostep prints, and an application behind them that tells what it got."""
import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import types
import urllib.parse

from guard import HTML, GuardTest
from harness import Closed, Wire, binary, clean_environment, expect, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers each request with what it was, as JSON; after an upgrade, with the bytes that come."""
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def echo(self):
        self.server.seen.append(f"{self.command} {self.path}")
        self.server.heads.append(self.headers.items())
        if self.headers.get("Upgrade", "").lower() == "websocket":
            key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" # RFC 6455 section 4.2.2
            self.send_response(101)
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            while data := self.rfile.readline():
                self.wfile.write(b"echo " + data)
                self.wfile.flush()
            self.close_connection = True
            return
        told = {"method": self.command, "target": self.path, "headers": self.headers.items(), "body": self.body().decode("latin-1")}
        told = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = echo

    def log_message(self, *_):
        pass


class Application(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.heads = [], []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, *_):
        pass  # a proxy that closes early


class Relay:
    """Stands between a proxy and the server: counts connections, keeps what is asked; `answer` set, it answers with that instead, and closes."""

    def __init__(self, to):
        self.to, self.count, self.asked, self.answer = to, 0, b"", None
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.open = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                near = self.listening.accept()[0]
            except OSError:
                return
            self.count += 1
            far = socket.create_connection(("127.0.0.1", self.to))
            self.open += [near, far]
            for pair in ((near, far), (far, near)):
                pair[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(*pair, pair[0] is near), daemon=True).start()

    def pump(self, source, target, asks):
        try:
            while data := source.recv(65536):
                if asks and self.answer is not None:
                    source.sendall(self.answer)
                    break
                if asks:
                    self.asked += data
                target.sendall(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other pump was first

    def close(self):
        for end in [self.listening, *self.open]:
            end.close()


class Told:
    """What the application was told."""

    def __init__(self, reply):
        told = reply.json
        self.method, self.target, self.body = told["method"], told["target"], told["body"]
        self.headers = [(name.lower(), value) for name, value in told["headers"]]

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def cookies(self):
        return sorted(c.strip() for line in self.all("Cookie") for c in line.split(";") if c.strip())


def documented(name):
    """The snippet for the login host that docs/proxies.md has for this proxy."""
    with open(os.path.join(ROOT, "docs", "proxies.md"), encoding="utf-8") as file:
        return re.search(rf"For {name}[^\n]*:\n\n```\n(.*?)\n```", file.read(), re.S)[1]


def login_nginx(port, upstream, before="", changed=lambda text: text):
    """nginx before the login host as documented, without TLS; `before` stands in front of it."""
    text = re.sub(r"    ssl_\w+ [^\n]*\n", "", documented("nginx")).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    return Proxy(Nginx, before + changed(text).replace("127.0.0.1:8080", f"127.0.0.1:{upstream}"), port)


def proxy_config(server, kind, *more):
    return subprocess.run([binary(), "proxy-config", kind, "--data", server.data, *more], env=clean_environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


class Proxy:
    """One proxy at work: its files in a folder of its own, ended by its process id."""

    def __init__(self, kind, snippet, port):
        self.kind, self.port = kind, port
        self.folder = tempfile.mkdtemp(prefix=f"twostep-{kind.name}-")
        self.config = os.path.join(self.folder, kind.file)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(kind.whole(self.folder, snippet))
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(kind.command(self.config, self.folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**clean_environment(), "HOME": self.folder, "XDG_DATA_HOME": self.folder,
                                                 "XDG_CONFIG_HOME": self.folder})
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.said()
                    self.stop()
                    raise RuntimeError(f"{kind.name} does not serve:\n{said}") from None
                time.sleep(0.03)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx:
    name, file = "nginx", "nginx.conf"

    @staticmethod
    def whole(folder, snippet):
        temporary = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr warn;\nevents {{}}\nhttp {{\n"
                f"    access_log off;\n{temporary}{snippet}\n}}\n")

    @staticmethod
    def command(config, folder):
        return ["/usr/sbin/nginx", "-p", folder, "-c", config, "-e", "stderr"]

    @staticmethod
    def check(config, folder):
        return Nginx.command(config, folder) + ["-t"]


class Caddy:
    name, file = "caddy", "Caddyfile"

    @staticmethod
    def whole(folder, snippet):
        return "{\n\tadmin off\n\tauto_https off\n}\n" + snippet

    @staticmethod
    def command(config, folder):
        return ["/usr/bin/caddy", "run", "--config", config, "--adapter", "caddyfile"]

    @staticmethod
    def check(config, folder):
        return ["/usr/bin/caddy", "adapt", "--config", config, "--adapter", "caddyfile"]


class Haproxy:
    name, file = "haproxy", "haproxy.cfg"
    action = os.path.join(ROOT, "deploy", "haproxy", "twostep.lua")

    @staticmethod
    def frontend(snippet):
        """That of docs/proxies.md, with what the snippet says that it needs."""
        binds = sorted(set(re.findall(r"^#( +bind :[^\n]*\n)", snippet, re.M)))
        text = documented("HAProxy").partition("    default_backend")[0]
        return re.sub(r"    bind [^\n]*\n", lambda _: "".join(binds), text)

    @staticmethod
    def whole(folder, snippet):
        """The action is not installed for the tests: it is that of this source."""
        if not re.search(r"^frontend ", snippet, re.M):
            snippet = f"{Haproxy.frontend(snippet)}\n{snippet}"
        lines = [f"    lua-load {Haproxy.action}" if line.strip().startswith("lua-load ") else line
                 for line in snippet.splitlines()]
        return "global\n    log stderr format raw local0\ndefaults\n    log global\n" + "\n".join(lines) + "\n"

    @staticmethod
    def command(config, folder):
        return ["/usr/sbin/haproxy", "-db", "-f", config]

    @staticmethod
    def check(config, folder):
        return ["/usr/sbin/haproxy", "-c", "-f", config]


KINDS = (Nginx, Caddy, Haproxy)


class BehindTest(GuardTest):
    """A server, an application, and KIND in front of it; the people are made once for all tests of a class."""
    KIND = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.application = Application()
        cls.proxy = None

    @classmethod
    def tearDownClass(cls):
        if cls.proxy:
            cls.proxy.stop()
        cls.application.shutdown()
        cls.application.server_close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        if not type(self).proxy:
            self.begin()
        self.application.seen.clear()

    def changed(self, snippet):
        """The snippet as a test wants it."""
        return snippet

    def begin(self):
        cls = type(self)
        port = free_port()
        cls.host = f"shop.localhost:{port}"
        cls.organization_id, cls.owner, cls.manager, cls.member = self.team()
        cls.manager.enable()
        cls.service_id = self.service(cls.owner, cls.organization_id, cls.host, "가게 Shop",
                                      rules=[{"path": "/export/*", "second_step_max_age_s": 3600}])
        done = proxy_config(cls.server, cls.KIND.name, "--service", "가게 Shop", "--application", f"127.0.0.1:{cls.application.server_port}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        cls.proxy = Proxy(cls.KIND, self.changed(done.stdout), port)

    # A browser at the application's host

    def jar(self, person):
        """Its cookies there."""
        return person.__dict__.setdefault("application_cookies", {})

    def send(self, raw, head=False, timeout=20):
        """(the answer, or None where the proxy closed without one)"""
        with Wire(types.SimpleNamespace(port=self.proxy.port), timeout) as wire:
            try:
                return wire.send(raw).reply(head)
            except Closed:
                return None

    def raw(self, person, uri, method="GET", headers=None, body=None):
        jar = "; ".join(f"{k}={v}" for k, v in self.jar(person).items()) if person else ""
        sent = {"Host": self.host, "Accept": "application/json", "Cookie": jar or None}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        more = []
        for name, value in (headers or {}).items():
            if name == "Cookie" and jar:
                value = f"{value}; {jar}"
            if isinstance(value, list):
                more += [(name, v) for v in value]
            else:
                sent[name] = value
        lines = [f"{k}: {v}" for k, v in [*sent.items(), *more] if v is not None]
        return (f"{method} {uri} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")

    def visit(self, person, uri="/", method="GET", headers=None, body=None):
        reply = self.send(self.raw(person, uri, method, headers, body), head=method == "HEAD")
        self.assertIsNotNone(reply, f"{method} {uri}: closed\n{self.proxy.said()}")
        for line in reply.all("Set-Cookie") if person else []:
            name, _, value = line.split(";")[0].partition("=")
            self.jar(person).pop(name, None)
            if value and "Max-Age=0" not in line:
                self.jar(person)[name] = value
        return reply

    def let_in(self, person, uri="/", method="GET", headers=None, body=None):
        reply = self.visit(person, uri, method, headers, body)
        self.assertEqual(reply.status, 200, f"{method} {uri}: {reply!r} {reply.headers}\n{self.proxy.said()}")
        return Told(reply)

    def kept_out(self, reply, status, about=""):
        self.assertIn(reply.status, status if isinstance(status, tuple) else (status,), f"{about}: {reply!r} {reply.headers}\n{self.proxy.said()}")
        self.assertEqual(self.application.seen, [], about)
        return reply

    def follow_all(self, person, uri="/"):
        """What a browser does with an address: (the addresses that it came by, the last answer)."""
        address, came_by = f"http://{self.host}{uri}", []
        for _ in range(8):
            came_by.append(address)
            url = urllib.parse.urlsplit(address)
            path = url.path + (f"?{url.query}" if url.query else "")
            if url.netloc == self.host:
                reply = self.visit(person, path, headers=HTML)
            else:
                self.assertEqual(url.netloc, f"localhost:{self.server.port}", address)
                reply = person.request("GET", path, headers=HTML)
            if reply.status not in (302, 303):
                return came_by, reply
            address = urllib.parse.urljoin(address, reply.header("Location"))
        raise AssertionError(f"no end: {came_by}")

    def signed_in(self, person):
        if not self.jar(person):
            self.assertEqual(self.follow_all(person)[1].status, 200)
        self.application.seen.clear()
        return person
