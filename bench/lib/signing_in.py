"""Whole sign-ins of people that crowd.py made, one at a time on one connection."""
import http.client
import json
import sys
import time

from lib import crowd
from lib.servers import PASSWORD


def ask(s, port, method, path, body, token=None):
    """In one piece: how often the server reads would else be the client's doing."""
    text = json.dumps(body)
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    s.sendall((f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n{bearer}"
               f"Content-Length: {len(text)}\r\n\r\n{text}").encode())
    answer = http.client.HTTPResponse(s)
    answer.begin()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
    return json.loads(text)


def sign_in(s, port, person):
    login = ask(s, port, "POST", "/login", {"email": crowd.email(person), "password": PASSWORD})["login"]
    ask(s, port, "POST", "/login/second-step", {"login": login, "method": "totp", "code": crowd.app_code(person, time.time())})
