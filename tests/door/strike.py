"""Lets a running server's disk fail, or ends it in the middle of a write: what tests/faults/strike.c does when it is told here."""
import mmap
import os
import struct
import tempfile
import unittest

from harness import Server, binary

FULL, WRITE_EIO, SYNC_EIO, KILL, KILL_HALF = 1, 2, 3, 4, 5


def library():
    return os.path.join(os.path.dirname(binary()), "tests", "faults", "libstrike.so")


class Strike:
    """One order, which all servers that were given `environment` obey."""

    def __init__(self):
        if not os.path.exists(library()):
            raise unittest.SkipTest(f"{library()} was not built")
        with tempfile.NamedTemporaryFile(prefix="twostep-strike-", delete=False) as file:
            file.write(bytes(12))
            self.path = file.name
        with open(self.path, "r+b") as file:
            self.order = mmap.mmap(file.fileno(), 12)
        # The library is there before the sanitizer's: it has nothing to check and the sanitizer need not be first.
        self.environment = {"LD_PRELOAD": library(), "STRIKE_FILE": self.path,
                            "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0".lstrip(":")}

    def arm(self, what, spared=0):
        """From now on: after so many calls that still pass."""
        self.order[0:4] = bytes(4)
        self.order[4:12] = struct.pack("ii", spared, 0)
        self.order[0:4] = struct.pack("i", what)

    def off(self):
        """How many calls it struck."""
        self.order[0:4] = bytes(4)
        return struct.unpack("i", self.order[8:12])[0]

    def count(self, what, action):
        """How many calls of that kind an action takes."""
        many = 1 << 30
        self.arm(what, many)
        action()
        left, = struct.unpack("i", self.order[4:8])
        self.off()
        return many - left

    def close(self):
        self.order.close()
        os.unlink(self.path)


class StruckServer(Server):
    """A server that obeys `self.strike`."""

    def __init__(self, env=None, **more):
        self.strike = Strike()
        super().__init__(env={**(env or {}), **self.strike.environment}, **more)

    def stop(self):
        self.strike.off()
        try:
            super().stop()
        finally:
            self.strike.close()
