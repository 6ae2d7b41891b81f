"""
Requests that a proxy and twostep might read differently, sent raw through the real nginx, Caddy and HAProxy in front of the login
host, set up as docs/proxies.md says. Each answer of twostep has an id that stands in its log too: what the clients got and what
twostep read must be the same, request for request. A backend that reads bodies of no GET shows that the probe would see a smuggle.
"""
import collections
import re
import socket
import threading
import time
import types
import unittest

from behind import Caddy, Haproxy, Proxy, documented, login_nginx
from harness import Closed, DoorTest, Wire, free_port

LOGGED = re.compile(r" (?:request|request_refused) id=(\S+)(?: method=\S+ path=(\S+))?")
ANSWERED = re.compile(rb"^x-request-id:[ \t]*(\S+)", re.I | re.M)
VICTIMS = 12

# What is hidden behind or within the front request of a case:
BODY = "body"     # it is part of a body: never a request
EITHER = "either" # a request or none, as long as all agree
OWN = "own"       # a request: that the probe sees it at all
CUT = "cut"       # the front request is never whole, and who sent it goes away: neither is one
NO_HEAD = "no head" # nginx speaks HTTP/0.9: an answer without a head, and without an id


def front(lines="", method="POST", target="/front-{n}", version="HTTP/1.1", host="Host: localhost\r\n", end="\r\n"):
    return f"{method} {target} {version}\r\n{host}{lines}{end}"


INNER = "GET /hidden-{n} HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZE = "{size}"      # of the hidden request, in decimal
HEX = "{hex}"        # in hexadecimal
TE, CL = "Transfer-Encoding: chunked\r\n", f"Content-Length: {SIZE}\r\n"
CHUNK = f"{HEX}\r\n{INNER}\r\n0\r\n\r\n"


def coded(coding):
    """A coding that only some take for chunked, with a length that covers the hidden request."""
    return front(f"Content-Length: {{more}}\r\n{coding}\r\n") + "0\r\n\r\n" + INNER


CASES = (
    # sane: what shows that the probe works
    ("two requests in one packet", OWN, front(method="GET") + INNER),
    ("a body of POST", BODY, front(CL) + INNER),
    ("a body of GET", BODY, front(CL, "GET") + INNER),
    ("a body of DELETE", BODY, front(CL, "DELETE") + INNER),
    ("a body of OPTIONS", BODY, front(CL, "OPTIONS") + INNER),
    ("a chunk", BODY, front(TE) + CHUNK),
    ("a chunk of GET", BODY, front(TE, "GET") + CHUNK),
    # lengths
    ("two lengths, the first is 0", EITHER, front(f"Content-Length: 0\r\n{CL}") + INNER),
    ("two lengths, the last is 0", EITHER, front(f"{CL}Content-Length: 0\r\n") + INNER),
    ("two lengths alike", BODY, front(CL + CL) + INNER),
    ("a list of lengths", EITHER, front(f"Content-Length: 0, {SIZE}\r\n") + INNER),
    ("a list of lengths alike", BODY, front(f"Content-Length: {SIZE}, {SIZE}\r\n") + INNER),
    ("a length with a plus", EITHER, front(f"Content-Length: +{SIZE}\r\n") + INNER),
    ("a length of minus", EITHER, front("Content-Length: -1\r\n") + INNER),
    ("a hexadecimal length", EITHER, front(f"Content-Length: 0x{HEX}\r\n") + INNER),
    ("a length with zeros before", BODY, front(f"Content-Length: 000{SIZE}\r\n") + INNER),
    ("a length beyond 64 bit", EITHER, front(f"Content-Length: 18446744073709551616\r\n") + INNER),
    ("a length of 2^64 + that", EITHER, front("Content-Length: {wrapped}\r\n") + INNER),
    ("an empty length", EITHER, front("Content-Length:\r\n") + INNER),
    ("a length with a blank inside", EITHER, front("Content-Length: 0 {size}\r\n") + INNER),
    ("a length with a tab before", BODY, front(f"Content-Length:\t{SIZE}\r\n") + INNER),
    ("a length with a vertical tab before", EITHER, front(f"Content-Length: \x0b{SIZE}\r\n") + INNER),
    ("a length with a form feed behind", EITHER, front(f"Content-Length: {SIZE}\x0c\r\n") + INNER),
    ("a length with a blank before the colon", EITHER, front(f"Content-Length : {SIZE}\r\n") + INNER),
    ("a length in a folded line", EITHER, front(f"Content-Length:\r\n {SIZE}\r\n") + INNER),
    ("a length with an underscore", EITHER, front(f"Content_Length: {SIZE}\r\n", "GET") + INNER),
    ("a length in the value of another", EITHER, front(f"X: y\rContent-Length: {SIZE}\r\n") + INNER),
    ("a length behind a bare LF", EITHER, front(f"X: y\nContent-Length: {SIZE}\r\n") + INNER),
    ("a length behind NUL", EITHER, front(f"X: y\0\r\nContent-Length: {SIZE}\r\n") + INNER),
    ("a length that Connection takes away", BODY, front(f"Connection: Content-Length\r\n{CL}") + INNER),
    ("a length that Connection takes away, staying", BODY, front(f"Connection: keep-alive, Content-Length\r\n{CL}") + INNER),
    # codings
    ("a length, then chunks", EITHER, front(f"Content-Length: {{more}}\r\n{TE}") + "0\r\n\r\n" + INNER),
    ("chunks, then a length", EITHER, front(f"{TE}Content-Length: 4\r\n") + CHUNK),
    ("chunks, then a length of 0", EITHER, front(f"{TE}Content-Length: 0\r\n") + CHUNK),
    ("chunks twice", EITHER, front(TE + TE) + CHUNK),
    ("chunked, identity", EITHER, coded("Transfer-Encoding: chunked, identity")),
    ("identity, chunked", EITHER, coded("Transfer-Encoding: identity, chunked")),
    ("identity", EITHER, coded("Transfer-Encoding: identity")),
    ("chunked, then identity in a field of its own", EITHER, coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
    ("identity, then chunked in a field of its own", EITHER, coded("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked")),
    ("gzip, chunked", EITHER, coded("Transfer-Encoding: gzip, chunked")),
    ("chunked, chunked", EITHER, coded("Transfer-Encoding: chunked, chunked")),
    ("xchunked", EITHER, coded("Transfer-Encoding: xchunked")),
    ("chunked with a parameter", EITHER, coded("Transfer-Encoding: chunked;q=1")),
    ("chunked in quotes", EITHER, coded('Transfer-Encoding: "chunked"')),
    ("chunked behind a comma", EITHER, coded("Transfer-Encoding: ,chunked")),
    ("chunked behind a tab", EITHER, coded("Transfer-Encoding:\tchunked")),
    ("chunked behind a vertical tab", EITHER, coded("Transfer-Encoding: \x0bchunked")),
    ("chunked with a tab behind", EITHER, coded("Transfer-Encoding: chunked\t")),
    ("chunked with NUL behind", EITHER, coded("Transfer-Encoding: chunked\0")),
    ("CHUNKED", EITHER, coded("Transfer-Encoding: CHUNKED")),
    ("tRANSFER-eNCODING", EITHER, coded("tRANSFER-eNCODING: chunked")),
    ("chunked in other letters", EITHER, coded("Transfer-Encoding: ch\u212anked")),
    ("a coding with a blank before the colon", EITHER, coded("Transfer-Encoding : chunked")),
    ("a coding with a tab before the colon", EITHER, coded("Transfer-Encoding\t: chunked")),
    ("a coding with an underscore", EITHER, coded("Transfer_Encoding: chunked")),
    ("a coding in a folded line", EITHER, coded("Transfer-Encoding:\r\n chunked")),
    ("a coding folded away", EITHER, coded("X: y\r\n Transfer-Encoding: chunked")),
    ("a coding with a blank first", EITHER, coded(" Transfer-Encoding: chunked")),
    ("a coding behind a bare CR", EITHER, coded("X: y\rTransfer-Encoding: chunked")),
    ("a coding behind a bare LF", EITHER, coded("X: y\nTransfer-Encoding: chunked")),
    ("a coding that Connection takes away", EITHER, front(f"Connection: Transfer-Encoding\r\n{TE}") + CHUNK),
    ("chunks in HTTP/1.0", EITHER, front(f"Connection: keep-alive\r\n{TE}", version="HTTP/1.0") + CHUNK),
    ("chunks in HTTP/1.0 with a length", EITHER, front(f"Connection: keep-alive\r\n{TE}{CL}", version="HTTP/1.0") + CHUNK),
    # chunks
    ("an extension of a chunk", BODY, front(TE) + f"{HEX};a=b\r\n{INNER}\r\n0\r\n\r\n"),
    ("an extension with a bare LF", EITHER, front(TE) + f"{HEX};a\n{INNER}\r\n0\r\n\r\n"),
    ("an extension with a bare CR", EITHER, front(TE) + f"{HEX};a\rb\r\n{INNER}\r\n0\r\n\r\n"),
    ("an extension that holds it", EITHER, front(TE) + f"0;a=\n\r\n{INNER}"),
    ("a quoted extension with a line end", EITHER, front(TE) + f'0;a="\r\n\r\n{INNER}"\r\n\r\n'),
    ("a blank behind the size", EITHER, front(TE) + f"{HEX} \r\n{INNER}\r\n0\r\n\r\n"),
    ("a size with 0x", EITHER, front(TE) + f"0x{HEX}\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size with a plus", EITHER, front(TE) + f"+{HEX}\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size with zeros before", BODY, front(TE) + f"000000{HEX}\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size of 2^64", EITHER, front(TE) + f"10000000000000000\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size of 2^64 + that", EITHER, front(TE) + f"100000000000000{HEX}\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size of nearly 2^64", CUT, front(TE) + f"ffffffffffffffff\r\n{INNER}\r\n0\r\n\r\n"),
    ("a size of 2^31", CUT, front(TE) + f"80000000\r\n{INNER}"),
    ("no size", EITHER, front(TE) + f"\r\n{INNER}"),
    ("a size that is none", EITHER, front(TE) + f"xyz\r\n{INNER}\r\n0\r\n\r\n"),
    ("a bare LF behind the size", EITHER, front(TE) + f"{HEX}\n{INNER}\r\n0\r\n\r\n"),
    ("a bare CR behind the size", EITHER, front(TE) + f"{HEX}\r{INNER}\r\n0\r\n\r\n"),
    ("a bare LF behind the data", EITHER, front(TE) + f"{HEX}\r\n{INNER}\n0\r\n\r\n"),
    ("bare LFs at the end", EITHER, front(TE) + f"0\n\n{INNER}"),
    ("longer than it says", EITHER, front(TE) + f"1\r\n0\r\n\r\n{INNER}"),
    ("a trailer with a length", EITHER, front(TE) + f"0\r\nContent-Length: {SIZE}\r\n\r\n{INNER}"),
    ("a trailer with a coding and a host", EITHER, front(TE) + f"0\r\nTransfer-Encoding: chunked\r\nHost: evil.example\r\n\r\n{INNER}"),
    ("a trailer that is a request line", EITHER, front(TE) + f"0\r\n{INNER}"),
    ("a trailer folded", EITHER, front(TE) + f"0\r\nX: y\r\n {INNER}"),
    # lines
    ("a bare LF behind the request line", EITHER, "GET /front-{n} HTTP/1.1\nHost: localhost\r\n\r\n" + INNER),
    ("bare LFs alone", EITHER, "GET /front-{n} HTTP/1.1\nHost: localhost\n\n" + INNER),
    ("a bare LF in front of the end", EITHER, "GET /front-{n} HTTP/1.1\r\nHost: localhost\r\n\n" + INNER),
    ("an end of bare LF and CR LF", EITHER, "GET /front-{n} HTTP/1.1\r\nHost: localhost\nX: y\r\n\n\r\n" + INNER),
    ("bare CRs for an end", EITHER, "GET /front-{n} HTTP/1.1\r\nHost: localhost\r\r" + INNER),
    ("empty lines before", EITHER, "\r\n\r\n\r\n" + front(method="GET") + INNER),
    ("NUL before", EITHER, "\0" + front(method="GET") + INNER),
    ("NUL in the target", EITHER, front(method="GET", target="/front-{n}\0x") + INNER),
    ("NUL in a value", EITHER, front("X: a\0b\r\n", "GET") + INNER),
    ("obs-text in a value", EITHER, front("X: \u00e9\u00ff\r\n", "GET") + INNER),
    ("obs-text in a name", EITHER, front("X\u00ff: y\r\n", "GET") + INNER),
    ("obs-text in the target", EITHER, front(method="GET", target="/front-{n}\u00ff") + INNER),
    ("several blanks in the request line", EITHER, "GET   /front-{n}   HTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER),
    ("tabs in the request line", EITHER, "GET\t/front-{n}\tHTTP/1.1\r\nHost: localhost\r\n\r\n" + INNER),
    ("a blank in the target", EITHER, front(method="GET", target="/front-{n} x") + INNER),
    ("a request line within the target", EITHER, front(method="GET", target="/front-{n} HTTP/1.1\r\nX: /y") + INNER),
    ("a blank first", EITHER, " " + front(method="GET") + INNER),
    ("a lower case method", EITHER, front(method="get") + INNER),
    ("a method that nobody knows", EITHER, front(CL, method="FRONT") + INNER),
    ("no colon", EITHER, front("X\r\n", "GET") + INNER),
    ("no name", EITHER, front(": y\r\n", "GET") + INNER),
    ("a colon first", EITHER, front(":Content-Length: 1\r\n", "GET") + INNER),
    # hosts and targets
    ("no host", EITHER, front(method="GET", host="") + INNER),
    ("two hosts", EITHER, front(method="GET", host="Host: localhost\r\nHost: evil.example\r\n") + INNER),
    ("a list of hosts", EITHER, front(method="GET", host="Host: localhost, evil.example\r\n") + INNER),
    ("a host with a line end encoded", EITHER, front(method="GET", host="Host: localhost%0d%0a\r\n") + INNER),
    ("absolute form", EITHER, front(method="GET", target="http://localhost/front-{n}") + INNER),
    ("absolute form of another host", EITHER, front(method="GET", target="http://evil.example/front-{n}") + INNER),
    ("absolute form without a path", EITHER, front(method="GET", target="http://localhost") + INNER),
    ("absolute form of another scheme", EITHER, front(method="GET", target="ftp://localhost/front-{n}") + INNER),
    ("absolute form with a user", EITHER, front(method="GET", target="http://x@localhost/front-{n}") + INNER),
    ("authority form", EITHER, front(method="CONNECT", target="localhost:80") + INNER),
    ("CONNECT with a body", EITHER, front(CL, method="CONNECT", target="localhost:80") + INNER),
    ("a star", EITHER, front(method="OPTIONS", target="*") + INNER),
    ("a star with a body", BODY, front(CL, method="OPTIONS", target="*") + INNER),
    ("a line end encoded in the target", EITHER, front(method="GET", target="/front-{n}%0d%0aX:%20y") + INNER),
    ("a fragment", EITHER, front(method="GET", target="/front-{n}#x") + INNER),
    # protocols
    ("HTTP/0.9", NO_HEAD, "GET /front-{n}\r\n" + INNER),
    ("HTTP/1.0 that stays", EITHER, front("Connection: keep-alive\r\n", "GET", version="HTTP/1.0") + INNER),
    ("HTTP/1.0 that ends", EITHER, front(method="GET", version="HTTP/1.0") + INNER),
    ("HTTP/1.2", EITHER, front(method="GET", version="HTTP/1.2") + INNER),
    ("HTTP/2.0 by name", EITHER, front(method="GET", version="HTTP/2.0") + INNER),
    ("HTTP/1.10", EITHER, front(method="GET", version="HTTP/1.10") + INNER),
    ("HTTP/01.1", EITHER, front(method="GET", version="HTTP/01.1") + INNER),
    ("the preface of HTTP/2", EITHER, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER),
    ("an upgrade to h2c", EITHER, front("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", "GET")
     + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER),
    ("an upgrade to h2c with a body", BODY, front(f"Connection: Upgrade\r\nUpgrade: h2c\r\n{CL}") + INNER),
    ("an upgrade to a web socket", EITHER, front("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", "GET") + INNER),
    ("an upgrade of POST with a body", BODY, front(f"Connection: Upgrade\r\nUpgrade: websocket\r\n{CL}") + INNER),
    ("a body that is waited with", BODY, front(f"Expect: 100-continue\r\n{CL}") + INNER),
    ("a body of GET that is waited with", BODY, front(f"Expect: 100-continue\r\n{CL}", "GET") + INNER),
    ("an expectation that nobody knows", EITHER, front(f"Expect: 100-continue, x\r\n{CL}") + INNER),
    ("a HEAD with a body", BODY, front(CL, "HEAD") + INNER),
    ("a TRACE with a body", BODY, front(CL, "TRACE") + INNER),
    ("a body shorter than said", CUT, front("Content-Length: {more}\r\n") + INNER),
    ("an override of the method", BODY, front(f"X-HTTP-Method-Override: GET\r\n{CL}") + INNER),
)


def written(text, number):
    size = len(INNER.replace("{n}", str(number)))
    for name, value in (("n", number), ("size", size), ("hex", f"{size:x}"), ("more", size + 5), ("wrapped", (1 << 64) + size)):
        text = text.replace("{%s}" % name, str(value))
    return text.encode("latin-1" if "\u212a" not in text else "utf-8")


class Naive:
    """In place of twostep: reads no body but that of POST, as more than one framework does. Logs as twostep does."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listening.getsockname()[1]
        self.lines = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in data:
                    try:
                        more = connection.recv(65536)
                    except OSError:
                        return
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                method, path = (head.decode("latin-1").split(" ") + ["", ""])[:2]
                length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
                if method == "POST" and length:
                    while len(data) < int(length[1]):
                        data += connection.recv(65536)
                    data = data[int(length[1]):]
                self.lines.append(f" request id=naive-{len(self.lines)} method={method} path={path}")
                try:
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nX-Request-Id: naive-%d\r\nContent-Length: 0\r\n\r\n" % (len(self.lines) - 1))
                except OSError:
                    return

    def log(self):
        return "\n".join(self.lines)

    def close(self):
        self.listening.close()


class Case:
    def __init__(self, number, name, hidden, text):
        self.number, self.name, self.hidden, self.sent = number, name, hidden, written(text, number)


def everything(connection, deadline):
    """All that comes until the other side closes."""
    got = b""
    connection.settimeout(max(0.1, deadline - time.monotonic()))
    try:
        while data := connection.recv(65536):
            got += data
    except ConnectionError:
        pass
    return got


def victim(port, number):
    """The id of the answer to an ordinary request of somebody else; None where twostep gave none."""
    with Wire(types.SimpleNamespace(port=port), 20) as wire:
        try:
            return wire.send(f"GET /victim-{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).reply().header("X-Request-Id")
        except Closed:
            return None


def disagreements(port, cases, log):
    """Sends all cases through a proxy, with others' requests between and behind: what does not fit together, as sentences."""
    connections = [socket.create_connection(("127.0.0.1", port), 20) for _ in cases]
    victims, told = {}, []
    for case, connection in zip(cases, connections):
        try:
            connection.sendall(case.sent)
        except OSError:
            pass  # refused half-way
    for number in range(VICTIMS):
        victims[f"/victim-{number}"] = victim(port, number)
    got, deadline = [], time.monotonic() + 60
    for case, connection in zip(cases, connections):
        got.append(b"" if case.hidden == CUT else everything(connection, deadline))
        connection.close()
    for number in range(VICTIMS, 2 * VICTIMS):
        victims[f"/victim-{number}"] = victim(port, number)
    read = {found[1]: found[2] for found in LOGGED.finditer(log())}
    answered = collections.Counter()
    for case, data in zip(cases, got):
        ids = [found.decode() for found in ANSWERED.findall(data)]
        answered.update(ids)
        paths = [read.get(found, "nothing") for found in ids]
        if case.hidden == OWN and paths != [f"/front-{case.number}", f"/hidden-{case.number}"]:
            told.append(f"{case.name}: the probe saw {paths}, not both")
        if set(re.findall(r"/\w+-(\d+)", " ".join(path or "" for path in paths))) - {str(case.number)}:
            told.append(f"{case.name}: was given an answer of somebody else's: {paths}")
        if case.hidden in (BODY, CUT) and f"/hidden-{case.number}" in read.values():
            told.append(f"{case.name}: a body was read as a request")
        if case.hidden == CUT and f"/front-{case.number}" in read.values():
            told.append(f"{case.name}: half a request was read as one")
        if case.hidden == NO_HEAD and data and not data.startswith(b"HTTP/"):
            for found, path in read.items():
                if path == f"/front-{case.number}":
                    answered[found] += 1
    for path, found in victims.items():
        answered[found] += 1
        if read.get(found) != path:
            told.append(f"{path} was given the answer for {read.get(found)}")
    unseen = [read[found] for found in set(read) - set(answered)]
    refused = sum(case.hidden == CUT for case in cases)  # a refusal that nobody waited for is no request
    for path in unseen if any(unseen) or len(unseen) > refused else []:
        told.append(f"{path} was read, and nobody got the answer")
    for found, count in answered.items():
        if found not in read or count > 1:
            told.append(f"the answer {found} came {count} times, for {read.get(found, 'nothing')}")
    return told


class Smuggling:
    """What holds behind each of them; proxy() starts it."""

    def changed(self, text):
        """What is documented, made to let through more."""
        return text

    def through(self, upstream, cases, log):
        port = free_port()
        proxy = self.proxy(port, upstream)
        try:
            return disagreements(port, cases, log), proxy.said()
        finally:
            proxy.stop()

    def test_no_disagreement(self):
        begun = len(self.server.log())
        cases = [Case(number, *case) for number, case in enumerate(CASES, 1000)]
        told, said = self.through(self.server.port, cases, lambda: self.server.log()[begun:])
        self.assertEqual(told, [], said)

    def test_nobody_asks_for_a_check(self):
        """Checks are an application's proxy's: here a visitor would ask what they like, and get the answer."""
        port = free_port()
        proxy = self.proxy(port, self.server.port)
        self.addCleanup(proxy.stop)
        begun = len(self.server.log())
        for target in ("/authz/forward-auth", "/authz/forward-auth?x", "/authz/auth-request", "/authz/ext-authz/", "/authz/ext-authz/../../x",
                       "/authz/ext-authz/%2e%2e/%2e%2e/login", "/authz/ext-authz/..;/x", "/authz/start?to=x", "/authz/session?code=x", "/authz/../login",
                       "http://localhost/authz/forward-auth", "http://localhost/authz/ext-authz/../../x", "//authz/ext-authz/x", "/./authz/ext-authz/x",
                       "/%61uthz/ext-authz/x", "/x/../authz/ext-authz/x", "/AUTHZ/ext-authz/x"):
            with Wire(types.SimpleNamespace(port=port), 20) as wire:
                reply = wire.send((f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: localhost\r\nX-Forwarded-Method: GET\r\n"
                                   "X-Forwarded-Uri: /x\r\nX-Original-Method: GET\r\nX-Original-URL: https://localhost/x\r\n\r\n").encode()).reply()
            self.assertEqual((reply.status, [name for name, _ in reply.headers if name.startswith("Remote-")]), (404, []), target)
        self.assertNotIn(" check ", self.server.log()[begun:])


class Control:
    def test_the_probe_sees_a_smuggle(self):
        naive = Naive()
        self.addCleanup(naive.close)
        told, _ = self.through(naive.port, [Case(1000, "a body of GET", BODY, front(CL, "GET") + INNER)], naive.log)
        self.assertIn("a body of GET: a body was read as a request", told)


class NginxBefore(Smuggling, Control, DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.1"]}
    TIMES = "    client_header_timeout 3s; client_body_timeout 3s; keepalive_timeout 3s;\n"

    def proxy(self, port, upstream):
        return login_nginx(port, upstream, self.TIMES, self.changed)


class OpenNginxBefore(NginxBefore):
    """Connections to twostep stay open, bodies go on as they come, headers that nginx finds invalid too."""
    test_the_probe_sees_a_smuggle = None

    def changed(self, text):
        text = text.replace("proxy_pass http://127.0.0.1:8080;", "proxy_pass http://login; proxy_request_buffering off;")
        return ("    underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;\n"
                "    upstream login { server 127.0.0.1:8080; keepalive 4; }\n" + text)


class HastyCaddy(Caddy):
    @staticmethod
    def whole(folder, snippet):
        times = "\tservers {\n\t\ttimeouts {\n\t\t\tread_body 3s\n\t\t\tread_header 3s\n\t\t\tidle 3s\n\t\t}\n\t}\n"
        return Caddy.whole(folder, snippet).replace("{\n", "{\n" + times, 1)


class CaddyBefore(Smuggling, Control, DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.1"]}

    def proxy(self, port, upstream):
        text = documented("Caddy").replace("login.example.com", f"http://:{port}")
        return Proxy(HastyCaddy, text.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}") + "\n", port)


class HaproxyBefore(Smuggling, Control, DoorTest):
    SERVER = {"args": ["--trusted-proxies", "127.0.0.1"]}

    def proxy(self, port, upstream):
        text = re.sub(r"bind :443[^\n]*", f"bind 127.0.0.1:{port}", documented("HAProxy"))
        text = text.replace("timeout client 60s", "timeout client 3s").replace("timeout http-request 10s", "timeout http-request 3s")
        return Proxy(Haproxy, self.changed(text).replace("127.0.0.1:8080", f"127.0.0.1:{upstream}"), port)


class OpenHaproxyBefore(HaproxyBefore):
    """Connections to twostep are shared by all visitors, and requests that HAProxy finds invalid go on."""
    test_the_probe_sees_a_smuggle = None

    def changed(self, text):
        return (text.replace("default_backend", "option accept-invalid-http-request\n    default_backend")
                .replace("    server twostep", "    http-reuse always\n    server twostep"))


if __name__ == "__main__":
    unittest.main()
