"""What a server takes that needs no clock: allocations, locks, statements, system calls, instructions. tests/cost asks too."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from lib.servers import HERE, Twostep

SOURCE = os.path.join(HERE, "..", "tests", "cost", "counted.c")
NAMES = ("allocations", "locks", "steps")
FEW_REQUESTS, MANY_REQUESTS = 200, 2200


class Counted:
    """A library for a server to be started with: `environment`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="twostep-bench-")
        library, self.path = (os.path.join(self.folder, name) for name in ("counted.so", "counts"))
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        with open(self.path, "wb") as f:
            f.write(bytes(8 * len(NAMES)))
        self.environment = {"LD_PRELOAD": library, "TWOSTEP_COUNTED": self.path}

    def read(self):
        with open(self.path, "rb") as f:
            return struct.unpack(f"{len(NAMES)}Q", f.read(8 * len(NAMES)))

    def since(self, before, requests):
        """Of each kind, for each request."""
        return {name: (b - a) / requests for name, a, b in zip(NAMES, before, self.read())}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Traced:
    """strace on all threads of a server as long as it lasts; then `calls`: how many of each name."""

    def __init__(self, pid):
        self.folder = tempfile.mkdtemp(prefix="twostep-bench-")
        self.told = os.path.join(self.folder, "calls")
        self.strace = subprocess.Popen(["strace", "-f", "-c", "-o", self.told, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        self.attached = "attached" in self.strace.stderr.readline()
        time.sleep(0.5)  # it goes on to the other threads

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.communicate(timeout=30)
        if self.attached:
            with open(self.told, encoding="utf-8") as f:
                lines = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", f.read(), re.M)
            self.calls = {name: int(n) for n, name in lines if name != "total"}
        shutil.rmtree(self.folder, ignore_errors=True)


def instructions_of(guard, request):
    """One request's, by valgrind, as the difference of a long and a short run, so that the start falls out; without the kernel's."""
    few, many = (instructions(guard, request, count) for count in (FEW_REQUESTS, MANY_REQUESTS))
    return (many - few) / (MANY_REQUESTS - FEW_REQUESTS)


def instructions(guard, request, count):
    folder = tempfile.mkdtemp(prefix="twostep-bench-")
    told = os.path.join(folder, "callgrind")
    server = Twostep(guard.data, None, ("--trusted-proxies", "127.0.0.0/8"), under=("valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + told))
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
            for _ in range(count):
                s.sendall(request)
                if not s.recv(65536).startswith(b"HTTP/1.1 200"):
                    sys.exit("an answer under valgrind was no 200")
        server.stop()
        with open(told, encoding="utf-8", errors="replace") as f:
            return int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1))
    finally:
        keep = os.environ.get("BENCH_CALLGRIND")
        if keep:
            shutil.copy(told, keep)
        shutil.rmtree(folder, ignore_errors=True)
