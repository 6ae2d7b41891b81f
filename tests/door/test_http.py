"""HTTP/1.1 and 1.0 read strictly: what could be read in two ways is refused and the connection closed."""
import json
import select
import socket
import threading
import time
import unittest
import urllib.parse

from harness import PASSWORD, WRONG_PASSWORD, Closed, DoorTest, Wire, at_once, expect, new_address, statuses

HOST = b"Host: localhost\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"  # what a smuggler would have answered


def get(lines=b"", path=b"/healthz", version=b"HTTP/1.1", host=HOST):
    return b"GET " + path + b" " + version + b"\r\n" + host + lines + b"\r\n"


def post(lines, body=b""):
    return b"POST /api/v1/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + lines + b"\r\n" + body


def chunked(body, sizes=None):
    out, at = b"", 0
    for size in sizes or [len(body)]:
        part = body[at:at + size]
        at += size
        out += b"%x\r\n%s\r\n" % (len(part), part)
    return out + b"0\r\n\r\n"


def login_body():
    return json.dumps({"email": new_address(), "password": WRONG_PASSWORD}).encode()


class Http(DoorTest):
    def answer(self, data, about=""):
        """What a connection that sends this gets; the reply and whether the server closed then."""
        with Wire(self.server, timeout=15) as wire:
            wire.send(data)
            try:
                return wire.reply().check(about), wire.closed(3)
            except Closed:
                return None, True

    def test_what_could_be_read_in_two_ways(self):
        te = b"Transfer-Encoding: chunked\r\n"
        cases = (
            ("two Content-Length that differ", post(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}")),
            ("two Content-Length alike", post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}")),
            ("a list of lengths", post(b"Content-Length: 2, 2\r\n", b"{}")),
            ("Content-Length with Transfer-Encoding", post(b"Content-Length: 2\r\n" + te, b"0\r\n\r\n")),
            ("Transfer-Encoding with Content-Length", post(te + b"Content-Length: 2\r\n", b"0\r\n\r\n")),
            ("the same in other case", post(b"content-length: 2\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n")),
            ("two Transfer-Encoding", post(te + te, b"0\r\n\r\n")),
            ("chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n")),
            ("chunked not last", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n")),
            ("Transfer-Encoding empty", post(b"Transfer-Encoding:\r\n", b"0\r\n\r\n")),
            ("Transfer-Encoding in HTTP/1.0", b"POST /api/v1/login HTTP/1.0\r\n" + HOST + te + b"\r\n0\r\n\r\n"),
            ("a length with a plus", post(b"Content-Length: +2\r\n", b"{}")),
            ("a length with a minus", post(b"Content-Length: -2\r\n", b"{}")),
            ("a hexadecimal length", post(b"Content-Length: 0x2\r\n", b"{}")),
            ("a length with a blank inside", post(b"Content-Length: 2 2\r\n", b"{}")),
            ("an empty length", post(b"Content-Length:\r\n", b"{}")),
            ("a length that is no number", post(b"Content-Length: two\r\n", b"{}")),
            ("a length beyond 64 bit", post(b"Content-Length: 18446744073709551618\r\n", b"{}")),
            ("a length in other digits", post("Content-Length: ٢\r\n".encode(), b"{}")),
            ("two Host", get(HOST)),
            ("two Host that differ", get(b"Host: evil.example\r\n")),
            ("no Host", get(host=b"")),
            ("a Host with a blank", get(host=b"Host: local host\r\n")),
            ("a bare LF behind the request line", b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n"),
            ("a bare LF behind a field", b"GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"),
            ("bare LFs alone", b"GET /healthz HTTP/1.1\nHost: localhost\n\n"),
            ("a bare LF at the end", b"GET /healthz HTTP/1.1\r\n" + HOST + b"\n"),
            ("a bare CR in a value", get(b"X: a\rb\r\n")),
            ("a bare CR in the request line", b"GET /healthz\rx HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("a folded line", get(b"X: a\r\n b\r\n")),
            ("a folded line with a tab", get(b"X: a\r\n\tb\r\n")),
            ("a fold first", b"GET /healthz HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n"),
            ("NUL in a value", get(b"X: a\0b\r\n")),
            ("NUL in a name", get(b"X\0: a\r\n")),
            ("NUL in the target", get(path=b"/healthz\0")),
            ("NUL first", b"\0" + get()),
            ("a blank before the colon", get(b"X : a\r\n")),
            ("a tab before the colon", get(b"X\t: a\r\n")),
            ("a blank before the colon of a length", post(b"Content-Length : 2\r\n", b"{}")),
            ("no name", get(b": a\r\n")),
            ("no colon", get(b"X\r\n")),
            ("a name that is no token", get(b"X(y): a\r\n")),
            ("a name with a byte of no ASCII", get(b"X\xff: a\r\n")),
            ("two blanks in the request line", b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("two blanks before the version", b"GET /healthz  HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("a tab in the request line", b"GET\t/healthz\tHTTP/1.1\r\n" + HOST + b"\r\n"),
            ("no version", b"GET /healthz\r\n" + HOST + b"\r\n"),
            ("a blank behind the version", b"GET /healthz HTTP/1.1 \r\n" + HOST + b"\r\n"),
            ("no target", b"GET HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("a target without slash", get(path=b"healthz")),
            ("a version that is none", get(version=b"HTTP/one")),
            ("a version in lower case", get(version=b"http/1.1")),
            ("another protocol", get(version=b"FTP/1.1")),
            ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n"),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        )
        for name, data in cases:
            with self.subTest(name):
                reply, closed = self.answer(data + NEXT, name)
                self.assertIsNotNone(reply, f"{name}: closed without an answer")
                wanted = {"HTTP/2": (400, 505), "chunked not last": (400, 501)}.get(name, (400,))
                self.assertIn(reply.status, wanted, f"{name}: {reply}")
                self.assertTrue(closed, f"{name}: the connection stayed open, or a second answer came")

    def test_chunks_that_are_none(self):
        body = login_body()
        cases = (
            ("no number", b"zz\r\n{}\r\n0\r\n\r\n"),
            ("an empty size", b"\r\n{}\r\n0\r\n\r\n"),
            ("a minus", b"-2\r\n{}\r\n0\r\n\r\n"),
            ("0x", b"0x2\r\n{}\r\n0\r\n\r\n"),
            ("a blank before", b" 2\r\n{}\r\n0\r\n\r\n"),
            ("beyond 64 bit", b"10000000000000002\r\n{}\r\n0\r\n\r\n"),
            ("a bare LF behind the size", b"2\n{}\r\n0\r\n\r\n"),
            ("a bare LF behind the data", b"2\r\n{}\n0\r\n\r\n"),
            ("no end of the data", b"2\r\n{}0\r\n\r\n"),
            ("longer than it says", b"1\r\n{}\r\n0\r\n\r\n"),
            ("a bare LF at the end", b"2\r\n{}\r\n0\n\n"),
            ("NUL behind the size", b"2\0\r\n{}\r\n0\r\n\r\n"),
            ("a bare LF in an extension", b"2;a=\n\r\n{}\r\n0\r\n\r\n"),
        )
        for name, data in cases:
            with self.subTest(name):
                reply, closed = self.answer(post(b"Transfer-Encoding: chunked\r\n", data) + NEXT, name)
                self.assertEqual(reply and reply.status, 400, f"{name}: {reply}")
                self.assertTrue(closed, name)
        with self.subTest("too long in all"):
            reply, _ = self.answer(post(b"Transfer-Encoding: chunked\r\n", chunked(b"{" + b" " * 70000, [1000] * 71)))
            self.assertEqual(reply.status, 413)
        with self.subTest("too long at once"):
            reply, _ = self.answer(post(b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\n{}"))
            self.assertEqual(reply.status, 413)
        with self.subTest("sizes of one byte are read"):
            reply, _ = self.answer(post(b"Transfer-Encoding: chunked\r\n", chunked(body, [1] * len(body))))
            self.assertEqual((reply.status, reply.code), (401, "invalid_credentials"))

    def test_what_is_right_is_read(self):
        body = login_body()
        length = b"Content-Length: %d\r\n" % len(body)
        cases = (
            ("plain", get(), 200),
            ("a name in another case", b"GET /healthz HTTP/1.1\r\nhOsT: localhost\r\n\r\n", 200),
            ("no blank behind the colon", b"GET /healthz HTTP/1.1\r\nHost:localhost\r\n\r\n", 200),
            ("blanks and tabs around the value", b"GET /healthz HTTP/1.1\r\nHost: \t localhost \t \r\n\r\n", 200),
            ("an empty value", get(b"X:\r\n"), 200),
            ("bytes beyond ASCII in a value", get(b"X: \xea\xb0\x80\xff\r\n"), 200),
            ("a field of the same name twice", get(b"X: 1\r\nX: 2\r\n"), 200),
            ("absolute form", get(path=b"http://localhost/healthz"), 200),
            ("100 fields", get(b"X: 1\r\n" * 99), 200),
            ("a request line of 8 KiB", get(path=b"/healthz?" + b"a" * (8192 - len(b"GET /healthz? HTTP/1.1\r\n"))), 200),
            ("fields of nearly 32 KiB", get(b"".join(b"X-%02d: %s\r\n" % (n, b"a" * 3000) for n in range(10))), 200),
            ("a body", post(length, body), 401),
            ("a length with zeros before", post(b"Content-Length: 000%d\r\n" % len(body), body), 401),
            ("chunks", post(b"Transfer-Encoding: chunked\r\n", chunked(body, [3, 1, 20, len(body)])), 401),
            ("chunks in another case", post(b"transfer-encoding: Chunked\r\n", chunked(body)), 401),
            ("an upper case size", post(b"Transfer-Encoding: chunked\r\n", chunked(body).replace(b"%x" % len(body), b"%X" % len(body))), 401),
            ("an extension of a chunk", post(b"Transfer-Encoding: chunked\r\n", chunked(body).replace(b"\r\n", b";a=b\r\n", 1)), 401),
            ("a trailer", post(b"Transfer-Encoding: chunked\r\n", chunked(body)[:-2] + b"X: y\r\n\r\n"), 401),
            ("HTTP/1.0", get(version=b"HTTP/1.0"), 200),
            ("HTTP/1.0 without Host", get(version=b"HTTP/1.0", host=b""), 200),
        )
        for name, data, status in cases:
            self.server.sql("DELETE FROM failure")
            with self.subTest(name):
                with Wire(self.server) as wire:
                    self.assertEqual(wire.send(data).reply().check(name).status, status, name)

    def test_what_is_too_long(self):
        cases = (
            ("a request line over 8 KiB", get(path=b"/healthz?" + b"a" * 8192), 414),
            ("a target of a megabyte", get(path=b"/" + b"a" * (1 << 20)), 414),
            ("one field over 32 KiB", get(b"X: " + b"a" * 32768 + b"\r\n"), 431),
            ("fields over 32 KiB", get(b"".join(b"X-%02d: %s\r\n" % (n, b"a" * 3000) for n in range(12))), 431),
            ("fields of a megabyte", get(b"X: " + b"a" * (1 << 20) + b"\r\n"), 431),
            ("101 fields", get(b"X: 1\r\n" * 100), 431),
            ("a name without end", b"GET /healthz HTTP/1.1\r\n" + b"X" * 40000, 431),
            ("a body said to be huge", post(b"Content-Length: 9999999999\r\n"), 413),
            ("a body over 64 KiB", post(b"Content-Length: 65537\r\n", b"x" * 65537), 413),
        )
        for name, data, status in cases:
            with self.subTest(name):
                reply, closed = self.answer(data, name)
                self.assertEqual(reply and reply.status, status, f"{name}: {reply}")
                self.assertTrue(closed, f"{name}: stayed open")

    def test_a_version_that_we_do_not_speak(self):
        for version in (b"HTTP/2.0", b"HTTP/3.0", b"HTTP/0.9"):
            with self.subTest(version):
                reply, closed = self.answer(get(version=version))
                self.assertIn(reply.status, (400, 505), reply)
                self.assertTrue(closed)

    def test_keep_alive(self):
        with Wire(self.server) as wire:
            for _ in range(50):
                self.assertEqual(wire.send(get()).reply().status, 200)
            body = login_body()
            self.assertEqual(wire.send(post(b"Content-Length: %d\r\n" % len(body), body)).reply().status, 401)
            self.assertEqual(wire.send(get(path=b"/nothing")).reply().status, 404)
            self.assertEqual(wire.send(get()).reply().status, 200)

    def test_several_requests_in_one_packet_are_answered_in_order(self):
        body = login_body()
        with Wire(self.server) as wire:
            wire.send(get() + post(b"Content-Length: %d\r\n" % len(body), body) + get(path=b"/nothing")
                      + post(b"Transfer-Encoding: chunked\r\n", chunked(body)) + get())
            self.assertEqual([wire.reply().status for _ in range(5)], [200, 401, 404, 401, 200])

    def test_a_request_byte_by_byte(self):
        body = login_body()
        with Wire(self.server) as wire:
            for request, status in ((get(), 200), (post(b"Transfer-Encoding: chunked\r\n", chunked(body, [5, 90])), 401)):
                for n in range(len(request)):
                    wire.send(request[n:n + 1])
                self.assertEqual(wire.reply().status, status)

    def test_head_leaves_the_connection_in_step(self):
        with Wire(self.server) as wire:
            head = wire.send(get().replace(b"GET", b"HEAD") + get()).reply(head=True)
            self.assertEqual(head.status, 200)
            self.assertEqual(wire.reply().header("Content-Length"), head.header("Content-Length"))

    def test_a_body_where_none_is_read_leaves_it_in_step(self):
        with Wire(self.server) as wire:
            wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n" + b"GET / HTTP" + get())
            self.assertIn(wire.reply().status, (200, 400))
            try:
                self.assertEqual(wire.reply().status, 200)
            except Closed:
                pass

    def test_when_the_connection_ends(self):
        cases = (
            ("Connection: close", get(b"Connection: close\r\n"), True),
            ("Connection: Close in a list", get(b"Connection: te, Close\r\n"), True),
            ("Connection: keep-alive", get(b"Connection: keep-alive\r\n"), False),
            ("HTTP/1.0", get(version=b"HTTP/1.0"), True),
            ("HTTP/1.0 asking to stay", get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0"), True),
        )
        for name, data, closes in cases:
            with self.subTest(name), Wire(self.server) as wire:
                self.assertEqual(wire.send(data).reply().status, 200)
                if closes:
                    self.assertTrue(wire.closed(3), name)
                else:
                    self.assertEqual(wire.send(get()).reply().status, 200, name)

    def test_expect(self):
        body = login_body()
        with Wire(self.server) as wire:
            wire.send(post(b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(body)))
            wire.socket.settimeout(5)
            self.assertTrue(wire.socket.recv(25).startswith(b"HTTP/1.1 100"))
            wire.send(body)
            self.assertEqual(wire.reply().status, 401)
        reply, _ = self.answer(post(b"Expect: 200-ok\r\nContent-Length: %d\r\n" % len(body), body))
        self.assertEqual(reply.status, 417)

    def test_a_client_that_goes_away_half_way_disturbs_nobody(self):
        body = login_body()
        request = post(b"Content-Length: %d\r\n" % len(body), body)
        for cut in range(1, len(request), 7):
            with Wire(self.server) as wire:
                wire.send(request[:cut])
        for _ in range(20):  # and one that does not wait for its answer, or resets
            with Wire(self.server) as wire:
                wire.send(request)
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.server.sql("DELETE FROM failure")
        expect(self.person().sign_up().get("/session"), 200)

    def test_more_sign_ins_than_can_be_hashed_are_told_to_come_back(self):
        def sign_in():
            return self.person().post("/login", {"email": new_address(), "password": WRONG_PASSWORD})

        def health():
            time.sleep(0.2)
            start = time.monotonic()
            return self.person().request("GET", "/healthz"), time.monotonic() - start

        *replies, (healthy, seconds) = at_once([sign_in] * 150 + [health])
        found = statuses(replies)
        self.assertEqual(set(found), {"401 invalid_credentials", "503 busy"}, found)
        self.assertEqual(healthy.status, 200)
        self.assertLess(seconds, 2, "health waits for hashes")
        expect(sign_in(), 401, "invalid_credentials", "afterwards")

    def flood(self, path="/api/v1/login", count=60, **who):
        """That many sign-ins under way, each on its own connection."""
        wires = [Wire(self.server) for _ in range(count)]
        for wire in wires:
            self.addCleanup(wire.close)
            body = {"email": new_address(), "password": WRONG_PASSWORD}
            wire.send(self.person(**who).prepare("POST", path, body))
        return wires

    def in_order(self, wires):
        """The answers as they come."""
        left, found = {wire.socket: wire for wire in wires}, []
        while left:
            for ready in select.select(list(left), [], [], 60)[0]:
                found.append(left.pop(ready).reply().check("POST /api/v1/login", api=True))
        return found

    def test_who_finds_no_place_to_hash_in_is_told_while_others_still_wait(self):
        replies = self.in_order(self.flood(language="ko"))
        codes = [reply.code for reply in replies]
        self.assertEqual(set(codes), {"busy", "invalid_credentials"})
        self.assertIn("invalid_credentials", codes[len(codes) - codes[::-1].index("busy"):], "hashed after the last was refused")
        for reply in replies:
            self.assertRegex(reply.detail, "[\uac00-\ud7a3]", "not in the language asked for")
        self.assertEqual({reply.code for reply in self.in_order(self.flood(count=8))}, {"invalid_credentials"}, "afterwards")

    def test_who_needs_no_hash_is_served_while_sign_ins_wait(self):
        person = self.person().sign_up()
        wires = self.flood()
        for _ in range(5):
            expect(person.get("/session"), 200)
            expect(person.request("GET", "/login", headers={"Accept": "text/html"}), (200, 303))
        answered = select.select([wire.socket for wire in wires], [], [], 0)[0]
        self.assertLess(len(answered), len(wires), "all sign-ins were over before")
        self.in_order(wires)

    def test_a_busy_sign_in_page_is_a_page(self):
        wires = self.flood(count=40)
        browser = self.person()
        body = urllib.parse.urlencode({"email": new_address(), "password": WRONG_PASSWORD}).encode()
        headers = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
        reply = browser.request("POST", "/login", raw=body, headers=headers)
        self.assertIn(reply.status, (401, 503))
        self.assertTrue(reply.header("Content-Type").startswith("text/html"), repr(reply))
        self.in_order(wires)

    def test_an_answer_never_carries_what_the_visitor_sent_as_a_header(self):
        evil = "/login%0d%0aX-Evil:%201?x=%0d%0aX-Evil:%201"
        for path in (evil, "/" + evil, "//evil.example/login", "/\\evil.example", "/login?return=//evil.example",
                     "/login?to=https://evil.example/"):
            with self.subTest(path):
                reply = self.person().request("GET", path, headers={"Accept": "text/html"})
                self.assertEqual(reply.all("X-Evil"), [])
                self.assertNotIn("evil.example", reply.header("Location", ""))


class Slow(DoorTest):
    """Deadlines: 10 s for the head, 30 s for the body and for an answer that is not taken, 60 s idle. All wait at once."""

    def fill(self, wire):
        """Asks until the server takes no more, for its answers are not read."""
        wire.socket.settimeout(1)
        try:
            while True:
                wire.socket.sendall(get() * 200)
        except socket.timeout:
            pass

    def wait_for_reset(self, wire, found, start):
        end = select.poll()
        end.register(wire.socket, 0)  # what was sent stays unread
        end.poll(90000)
        found["takes no answer"] = (None, time.monotonic() - start)

    def test_deadlines(self):
        def trickle(wire, data, every):
            def run():
                for n in range(len(data)):
                    try:
                        wire.socket.sendall(data[n:n + 1])
                    except OSError:
                        return
                    time.sleep(every)
            threading.Thread(target=run, daemon=True).start()

        head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200
        cases = (
            # sent at once, sent a byte at a time (every so many seconds), closed between these seconds
            ("nothing at all", b"", b"", 0, (9, 62)),
            ("half a head", head[:30], b"", 0, (9, 13)),
            ("a head in trickles", b"", head, 0.5, (9, 13)),
            ("half a body", post(b"Content-Length: 100\r\n", b"{"), b"", 0, (28, 34)),
            ("a body in trickles", post(b"Content-Length: 100\r\n"), b"x" * 99, 1, (28, 34)),
            ("chunks in trickles", post(b"Transfer-Encoding: chunked\r\n"), b"1\r\nx\r\n" * 30, 1, (28, 34)),
        )
        deaf = Wire(self.server)
        self.fill(deaf)
        wires, threads, found, start = [], [], {}, time.monotonic()

        def wait(name, wire):
            wire.socket.settimeout(90)
            try:
                status = wire.reply().status
            except (Closed, OSError):
                status = None
            found[name] = (status, time.monotonic() - start)

        for name, now, later, every, _ in cases:
            wire = Wire(self.server)
            wire.send(now)
            if later:
                trickle(wire, later, every)
            wires.append(wire)
            threads.append(threading.Thread(target=wait, args=(name, wire)))
        idle = Wire(self.server)
        self.assertEqual(idle.send(get()).reply().status, 200)
        threads.append(threading.Thread(target=wait, args=("idle after an answer", idle)))
        threads.append(threading.Thread(target=self.wait_for_reset, args=(deaf, found, start)))
        for thread in threads:
            thread.start()
        time.sleep(20)
        self.assertNotIn("idle after an answer", found, "20 s idle")
        expect(self.person().post("/login", {"email": new_address(), "password": PASSWORD}), 401, about="meanwhile")
        for thread in threads:
            thread.join(80)
        for wire in wires + [idle, deaf]:
            wire.close()
        for name, *_, (least, most) in cases + (("idle after an answer", (55, 66)), ("takes no answer", (27, 45))):
            with self.subTest(name):
                status, seconds = found[name]
                self.assertIn(status, (None, 408), name)
                self.assertTrue(least <= seconds <= most, f"{name}: closed after {seconds:.1f} s")


if __name__ == "__main__":
    unittest.main()
