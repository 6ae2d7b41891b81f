#!/usr/bin/python3
"""A flood of sign-ins from many networks, for the rows of bench/run: as many at a time as places for hashes, and more.

    flood.py PORT CONNECTIONS A_SECOND      until it is ended by SIGTERM; then prints what was answered, and how soon those were
                                            told who found no place: {"401": n, "503": n, "told_ms": [median, 99th percentile]}
"""
import collections
import json
import random
import selectors
import signal
import socket
import statistics
import sys
import time

PORT, CONNECTIONS, A_SECOND = map(int, sys.argv[1:])
ended = False


def end(*_):
    global ended
    ended = True


def request():
    body = json.dumps({"email": f"nobody{random.getrandbits(40)}@example.com", "password": "Correct-Horse7-Staple"})
    network = ".".join(str(random.randrange(1, 250)) for _ in range(3))
    return (f"POST /api/v1/login HTTP/1.1\r\nHost: localhost:{PORT}\r\nContent-Type: application/json\r\nX-Forwarded-For: 203.{network}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def main():
    signal.signal(signal.SIGTERM, end)
    seen, selector, told, sent = collections.Counter(), selectors.DefaultSelector(), [], {}
    idle = [socket.create_connection(("127.0.0.1", PORT), timeout=30) for _ in range(CONNECTIONS)]
    for s in idle:
        selector.register(s, selectors.EVENT_READ)
    next_at = time.monotonic()
    while not ended:
        while idle and time.monotonic() >= next_at:
            s = idle.pop()
            sent[s] = time.perf_counter()
            s.sendall(request())
            next_at = max(next_at + 1 / A_SECOND, time.monotonic() - 0.1)
        for key, _ in selector.select(0.002):
            head = key.fileobj.recv(65536)  # each answer is small and comes in one piece
            if not head:
                sys.exit("the server closed a connection of the flood")
            status = head[9:12].decode("latin-1")
            seen[status] += 1
            if status == "503":
                told.append((time.perf_counter() - sent[key.fileobj]) * 1000)
            idle.append(key.fileobj)
    told.sort()
    print(json.dumps({**seen, "told_ms": [statistics.median(told), told[len(told) * 99 // 100]] if told else None}))


main()
