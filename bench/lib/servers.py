"""The servers that are measured, each with a folder of its own, and what the system says of them."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.abspath(os.environ.get("TWOSTEP_BIN", os.path.join(HERE, "..", "build", "twostep")))
PASSWORD = "Correct-Horse7-Staple"
CORES = sorted(os.sched_getaffinity(0))


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


def cpu_seconds(pid):
    """Of all its threads, also those that have ended, to the nanosecond: the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime((~pid << 3) | 2)


def built(name, *libraries):
    """A program of bench/ in C, in a folder of its own that the caller removes."""
    tool = os.path.join(tempfile.mkdtemp(prefix="twostep-bench-"), name)
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", tool, os.path.join(HERE, name + ".c"), *("-l" + library for library in libraries)],
                   check=True)
    return tool


def user_seconds(pid):
    """The part of it that is the program's own, in ticks of 10 ms as a rule: the kernel's work for sockets is not in it."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return int(f.read().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")


class Twostep:
    """A server with a data folder of its own."""

    def __init__(self, data=None, core=None, more=(), environment=None, under=()):
        self.data = data or tempfile.mkdtemp(prefix="twostep-bench-")
        self.own = data is None
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        environment = {**{k: v for k, v in os.environ.items() if not k.startswith("TWOSTEP_")}, **(environment or {})}
        command = [*under, BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", "--public-url", self.url, "--data", self.data,
                   "--log-level", "error", *more]
        if core is not None:
            command = ["taskset", "-c", str(core)] + command
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.first_answer_ms = self.wait()
        self.pid = self.process.pid

    def wait(self):
        deadline = time.perf_counter() + 20
        ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        while time.perf_counter() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                    s.sendall(ask)
                    if s.recv(64).startswith(b"HTTP/1.1 200"):
                        return (time.perf_counter() - self.begun) * 1000
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit(f"twostep ended with {self.process.returncode}")
            time.sleep(0.0005)
        sys.exit("twostep did not answer in 20 s")

    def post(self, path, body):
        request = urllib.request.Request(self.url.replace("localhost", "127.0.0.1") + "/api/v1" + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json", "Host": f"localhost:{self.port}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sign_up(self, email):
        answer = self.post("/signup", {"email": email, "name": "Bench", "password": PASSWORD})
        code, deadline = None, time.monotonic() + 10
        while not code:
            if time.monotonic() > deadline:
                sys.exit(f"no mail to {email}")
            for name in os.listdir(os.path.join(self.data, "outbox")):
                path = os.path.join(self.data, "outbox", name)
                if name.endswith(".eml"):
                    with open(path, encoding="utf-8", errors="replace") as f:
                        text = f.read()
                    found = re.search(r"^([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\s*$", text, re.M)
                    if email in text and found:
                        code = found.group(1)
                        os.unlink(path)
        return self.post("/signup/verify", {"signup": answer["signup"], "code": code, "transport": "bearer"})

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        if self.own:
            shutil.rmtree(self.data, ignore_errors=True)


class Echo:
    """What answers each head with the same bytes, on one core."""

    def __init__(self, core, answer):
        self.tool, self.port = built("echo"), free_port()
        with open(self.tool + ".answer", "wb") as f:
            f.write(answer)
        self.process = subprocess.Popen(["taskset", "-c", str(core), self.tool, str(self.port), self.tool + ".answer"])
        self.pid = self.process.pid
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        shutil.rmtree(os.path.dirname(self.tool), ignore_errors=True)


HEALTH = """location / { default_type application/json; return 200 '{"status":"ok"}'; }"""


class Nginx:
    """One worker on one core. By itself: `return 200` with as many bytes as our health answer."""

    def __init__(self, core, locations=HEALTH, upstreams=""):
        self.folder = tempfile.mkdtemp(prefix="twostep-bench-")
        self.port = free_port()
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as f:
            f.write(f"""worker_processes 1; worker_cpu_affinity {1 << core:b}; daemon off; pid {self.folder}/pid;
error_log {self.folder}/error.log; events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};
{upstreams}
server {{ listen 127.0.0.1:{self.port} backlog=1024; {locations} }} }}
""")
        self.process = subprocess.Popen(["nginx", "-c", path, "-p", self.folder], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        self.pid = int(children[0])

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        shutil.rmtree(self.folder, ignore_errors=True)


def resident_mb(pid, what="VmRSS"):
    """VmHWM: at most, since its start."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(what + r":\s+(\d+)", f.read()).group(1)) / 1024
