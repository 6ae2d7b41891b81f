"""
Very many connections, connections that are slow or never end, and file descriptors used up: others are served, memory stays
bounded, nothing is left over. How 10,000 weigh is measured by bench/run connections.
"""
import itertools
import json
import os
import resource
import select
import socket
import time
import unittest

from harness import LEAN, WRONG_PASSWORD, Closed, DoorTest, Wire, at_once, expect, new_address

WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"GET /healthz HTTP/1.1\r\nHost: local"
MANY = 1500
PATIENCE_S = 30
READERS_MAX = 20 # files of the store that more readers at a time open once


class ConnectionsTest(DoorTest):
    SERVER = {"env": LEAN}

    def folder(self):
        return f"/proc/{self.server.process.pid}/fd"

    def comes_true(self, what):
        """Waits for it."""
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            self.assertLess(time.monotonic(), deadline, f"{self.connections()} connections, {len(self.files())} files")
            time.sleep(0.02)

    def files(self):
        """The numbers of those that the server has open."""
        return set(map(int, os.listdir(self.folder())))

    def connections(self):
        """How many the server has: all sockets but the two that it listens on."""
        found = -2
        for number in self.files():
            try:
                found += os.readlink(f"{self.folder()}/{number}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return found

    def open(self, count, said=b"", addresses=8):
        """So many connections that have said this, from several addresses."""
        wires = [Wire(self.server, source=f"127.0.0.{2 + n % addresses}") for n in range(count)]
        for wire in wires:
            self.addCleanup(wire.close)
            wire.send(said)
        return wires

    def others_are_served(self):
        person = self.person().sign_up()
        expect(person.get("/session"), 200)
        expect(person.request("GET", "/account", headers={"Accept": "text/html"}), 200)
        expect(person.sign_out().post("/login", {"email": person.email, "password": WRONG_PASSWORD}), 401)
        expect(person.first_step(), 200)


class ManyTest(ConnectionsTest):
    def hold(self, said, most_kb):
        """They are held, weigh no more than this, keep nobody out, and leave nothing behind."""
        self.others_are_served()  # so that what is made at first use is there
        self.comes_true(lambda: self.connections() == 0)
        files, before = len(self.files()), self.server.resident_kb()
        wires = self.open(MANY, said)
        for wire in wires if said == WHOLE else ():
            self.assertEqual(wire.reply().status, 200)
        self.comes_true(lambda: self.connections() == MANY)
        grown = self.server.resident_kb() - before
        self.others_are_served()
        if said == WHOLE:
            for wire in wires:
                self.assertEqual(wire.send(WHOLE).reply().status, 200)
        for wire in wires:
            wire.close()
        self.comes_true(lambda: self.connections() == 0)
        self.assertLess(len(self.files()), files + READERS_MAX)
        self.assertLess(grown, most_kb)


class Idle(ManyTest):
    def test_many_hold_no_buffers(self):
        self.hold(WHOLE, 6 * 1024)


class HalfSaid(ManyTest):
    def test_many_hold_little(self):
        self.hold(HALF, 12 * 1024)


class BodiesHalfSaid(ConnectionsTest):
    """On one core, and so with one loop: what it may hold is what the server may."""
    SERVER = {"under": ["taskset", "-c", str(min(os.sched_getaffinity(0)))], "env": LEAN}
    BIG = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n\r\n"
    HELD = 128 << 20  # SERVER_HELD_BYTES

    def in_two_pieces(self, first, second):
        with Wire(self.server) as wire:
            wire.send(first)
            time.sleep(0.05)
            return wire.send(second).reply().status

    def others_are_served_in_pieces(self):
        self.others_are_served()
        request = self.person().prepare("POST", "/api/v1/login", {"email": new_address(), "password": WRONG_PASSWORD})
        body = request.index(b"\r\n\r\n") + 4
        for at in (10, body - 2, body, body + 5):
            self.assertEqual(self.in_two_pieces(request[:at], request[at:]), 401, at)
        self.assertEqual(self.in_two_pieces(HALF, WHOLE[len(HALF):]), 200)

    def grown_kb(self, count, said, then, kept=None):
        """By how much the server grows for so many who have said this, and that; kept: so many of them at a time, where not all."""
        self.others_are_served_in_pieces()
        before = self.server.resident_kb()
        wires = self.open(count, said)
        self.comes_true(lambda: self.connections() >= (kept or count))
        for wire in wires:
            wire.send(then)
        wires += self.open(100, HALF)  # in what is left over
        self.others_are_served_in_pieces()
        grown = self.server.resident_kb() - before
        for wire in wires:
            wire.close()
        self.comes_true(lambda: self.connections() == 0)
        self.others_are_served_in_pieces()
        return grown

    def test_who_announces_much_holds_what_was_said(self):
        said = self.BIG + b" " * (1024 - len(self.BIG))
        self.assertLess(self.grown_kb(2200, said, b" "), 2200 * 8)

    def test_who_holds_all_there_is_keeps_nobody_out(self):
        """Each holds 64 KiB, having said a little more than half of it: the one that was waited for longest gives way."""
        said = self.BIG + b" " * (34000 - len(self.BIG))
        kept = self.HELD // 65536 - 1
        self.assertLess(self.grown_kb(kept + 150, said, b" ", kept), 2 * self.HELD // 1024)


class Endless(ConnectionsTest):
    def poured(self, begin, piece):
        """What the server says to somebody who goes on and on until something is said; None: nothing, and it was cut."""
        with Wire(self.server) as wire:
            wire.send(begin)
            poured = 0
            while not select.select([wire.socket], [], [], 0)[0]:
                try:
                    poured += wire.socket.send(piece)
                except ConnectionError:
                    break
                self.assertLess(poured, 64 << 20)
            try:
                return wire.reply().status
            except Closed:
                return None

    def test_is_cut(self):
        post = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        cases = (
            ("chunks", post, b"400\r\n" + b" " * 1024 + b"\r\n", 413),
            ("chunks of a byte", post, b"1\r\n \r\n" * 500, 413),
            ("a chunk", post + b"fffffff\r\n", b" " * 65536, 413),
            ("extensions", post, b"1;" + b"a" * 500 + b"\r\n \r\n", 400),
            ("an extension", post + b"1;", b"a" * 4096, 400),
            ("trailers", post + b"0\r\n", b"X: y\r\n" * 100, 431),
            ("a trailer", post + b"0\r\nX: ", b"y" * 4096, 431),
            ("a size", post, b"0" * 4096, 400),
            ("fields", WHOLE[:-2], b"X: y\r\n" * 100, 431),
            ("a field", WHOLE[:-2] + b"X: ", b"y" * 4096, 431),
            ("a target", b"GET /", b"x" * 4096, 414),
            ("a method", b"", b"X" * 4096, 414),
            ("empty lines", b"", b"\r\n" * 2048, 400),
            ("nothing but NUL", b"", b"\0" * 4096, 414),
        )
        before = self.server.resident_kb()
        answers = at_once([lambda case=case: self.poured(*case[1:3]) for case in cases])
        for (name, _, _, status), answer in zip(cases, answers):
            with self.subTest(name):
                self.assertEqual(answer, status, name)
        self.assertLess(self.server.resident_kb() - before, 32 * 1024)
        self.others_are_served()

    def test_who_asks_on_and_reads_nothing_is_not_read_from(self):
        before = self.server.resident_kb()
        body = json.dumps({"email": new_address(), "password": "x"}).encode()
        page = b"GET /login HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"
        refused = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        wires = self.open(30)
        for wire, asked in zip(wires, itertools.cycle((page * 20, WHOLE * 50, refused * 20))):
            wire.socket.setblocking(False)
            wire.asked = asked
        sent, quiet_since = 0, time.monotonic()
        while time.monotonic() - quiet_since < 1 and sent < 1 << 30:
            _, ready, _ = select.select([], [wire.socket for wire in wires], [], 0.1)
            for wire in (w for w in wires if w.socket in ready):
                try:
                    sent += wire.socket.send(wire.asked)
                    quiet_since = time.monotonic()
                except BlockingIOError:
                    pass
        self.assertLess(sent, 1 << 30, "reads on and on")
        self.assertLess(self.server.resident_kb() - before, 64 * 1024)
        self.others_are_served()


class FewFiles(ConnectionsTest):
    """128 open files, of which connections may be half."""
    SERVER = {"under": ["prlimit", "--nofile=128:128"], "env": LEAN}

    def test_the_house_is_full_and_everybody_new_is_served(self):
        for said in (WHOLE, HALF, b"", b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"):
            with self.subTest(said):
                wires = self.open(300, said)
                self.others_are_served()
                self.assertLessEqual(self.connections(), 64)
                for wire in wires:
                    wire.close()
        self.comes_true(lambda: self.connections() == 0)

    def test_one_address_fills_the_house_on_and_on(self):
        """Whoever goes away is replaced at once: others get in all the same."""
        wires = self.open(64, HALF, addresses=1)
        for _ in range(20):
            with Wire(self.server) as wire:
                self.assertEqual(wire.send(WHOLE).reply().status, 200)
            wires += self.open(16, HALF, addresses=1)
        for wire in wires:
            wire.close()
        self.others_are_served()


class NoFiles(ConnectionsTest):
    def leave(self, count):
        """The server may open so many more files."""
        pid = self.server.process.pid
        free = sorted(set(range(4096)) - self.files())
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.addCleanup(resource.prlimit, pid, resource.RLIMIT_NOFILE, (soft, hard))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[count], hard))
        return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))

    def test_is_waited_out_without_spinning(self):
        self.others_are_served()
        self.comes_true(lambda: self.connections() == 0)
        give_back = self.leave(0)
        wires = self.open(20, WHOLE)
        before = self.server.processor_ticks()
        time.sleep(2)
        used = self.server.processor_ticks() - before
        self.assertFalse(select.select([wire.socket for wire in wires], [], [], 0)[0], "let in without a file to do it with")
        give_back()
        for wire in wires:
            self.assertEqual(wire.reply().status, 200)
        self.assertLess(used, 30, "hundredths of a second of the processor")
        self.others_are_served()

    def test_the_next_take_turns_and_who_is_in_is_served(self):
        person = self.person().sign_up()
        self.comes_true(lambda: self.connections() == 0)
        self.leave(40)
        wires = []
        for _ in range(120):  # each gets its answer: the one that said nothing for longest gives way
            wires += self.open(1, WHOLE)
            self.assertEqual(wires[-1].reply().status, 200)
        self.assertLessEqual(self.connections(), 40)
        wrong = json.dumps({"email": person.email, "password": WRONG_PASSWORD}).encode()
        ask = (b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
               % (len(wrong), wrong))
        for _ in range(3):
            self.assertEqual(wires[-1].send(ask).reply().status, 401, "the store")
        for wire in wires:
            wire.close()
        self.comes_true(lambda: self.connections() == 0)
        self.others_are_served()


if __name__ == "__main__":
    unittest.main()
