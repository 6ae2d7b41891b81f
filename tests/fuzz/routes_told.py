#!/usr/bin/python3
"""The route tables as a table for the target `requests`, with the statuses that docs/openapi.yaml gives each line of the API; or its dictionary.

    routes_told.py OUT.h            { method, path, who, "statuses" },
    routes_told.py --words OUT      a dictionary for libFuzzer: lines of the tables, names of fields, words of the API
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "door"))

import described  # noqa: E402
import routes  # noqa: E402

WHO = {"ANYBODY": "ROUTE_ANYBODY", "RESTRICTED": "ROUTE_RESTRICTED"}


def statuses(route):
    """Of a line of the API; empty where it is none, or not described."""
    operation = described.operation_of(route.method, route.path) if route.path.startswith("/api/v1/") else None
    if not operation:
        return []
    return sorted({status for status, _ in described.codes_of(operation)} | {int(status) for status in operation["responses"]})


def write_table(path):
    text = "/* Made by tests/fuzz/routes_told.py from the route tables and docs/openapi.yaml. */\n"
    for route in routes.every_route():
        words = " ".join(map(str, statuses(route)))
        text += f'{{ "{route.method}", "{route.path}", {WHO.get(route.access, "ROUTE_SIGNED_IN")}, "{words}" }},\n'
    if os.path.exists(path) and routes.read(path) == text:
        return  # nothing has to be built again
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def fields():
    found = set()
    for path in glob.glob(os.path.join(ROOT, "src", "*", "*.c")):
        text = routes.read(path)
        found |= set(re.findall(r"\bFIELD(?:_OF|_LONG)?\(\w+, (\w+),", text)) | set(re.findall(r'(?:query|form)_value\(\w+, "(\w+)"', text))
    return found


def write_words(path):
    words = {f"{route.method} {route.path}" for route in routes.every_route()}
    words |= {f'"{name}":' for name in fields()} | {f"{name}=" for name in fields()} | described.CODES
    for name in ("o", "s", "i", "a", "id", "x.o", "x.s", "x.i", "x.a", "x.host", "host", "mailed", "totp", "newtotp", "recovery", "newrecovery",
                 "password", "login", "signup", "next", "token", "location", "invitation"):
        words.add("{" + name + "}")
    words |= {"\n---\n", "+3600 ", "+660 ", "+31 ", "true", "false", "null", "{}", "[]", "on", "cookie", "bearer", "totp", "recovery_code",
              "owner@example.com", "member@example.com", "stranger@example.com", "strict@example.com", "guest@example.com",
              "owner", "manager", "member", "viewer", "operator", "<q7x>", "GET /authz/forward-auth", "GET /authz/auth-request",
              "GET /authz/ext-authz/", "X-Forwarded-Host: {host}", "X-Forwarded-Uri: /admin/", "X-Forwarded-Method: GET",
              "X-Forwarded-Proto: http", "X-Original-URL: http://{host}/", "X-Original-Method: GET", "X-Forwarded-For: 203.0.113.7",
              "Accept: text/html", "Accept-Language: ko", "Twostep-Pass: cookies", "Cookie: twostep=", "Origin: http://evil.example"}
    with open(path, "w", encoding="utf-8") as out:
        for word in sorted(words):
            spelt = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\x0a")
            out.write(f'"{spelt}"\n')


if __name__ == "__main__":
    if sys.argv[1] == "--words":
        write_words(sys.argv[2])
    else:
        write_table(sys.argv[1])
