"""Many people, straight into the database of a server that is not running: bench/crowd.c makes the rows that their sign-ups and
sign-ins would have left. What they hold follows from their numbers, so that a client can ask for each."""
import base64
import hashlib
import hmac
import os
import struct
import subprocess

from lib.servers import BINARY, PASSWORD

TOOL = os.path.join(os.path.dirname(BINARY), "bench", "crowd")
STEP_S = 30


def hexed(text):
    """An id as the tool takes it."""
    return base64.urlsafe_b64decode(text + "==").hex() if text else "-"


def of_number(what, number):
    return hashlib.sha256(f"bench {what} {number}".encode()).digest()


def token(number, what="session"):
    return base64.urlsafe_b64encode(of_number(what, number))[:43].decode()


def app_code(number, now_s):
    return code_of(of_number("secret", number)[:20], now_s)


def code_of(secret, now_s):
    """RFC 6238: six digits of HMAC-SHA-1."""
    digest = hmac.digest(secret, struct.pack(">q", int(now_s) // STEP_S), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def write_tokens(path, count):
    with open(path, "w", encoding="ascii") as f:
        for number in range(count):
            f.write(token(number))


class Group:
    """Numbers first .. first + count - 1: what they belong to and may do. two_step: they have it, and gave a code just now.
    login: their password was right just now, the second step is owed."""

    def __init__(self, first, count, organization=None, service=None, two_step=False, signed_in=True, login=False):
        self.first, self.count, self.organization, self.service = first, count, organization, service
        self.flags = "".join(flag for flag, on in (("t", two_step), ("s", signed_in), ("l", login), ("m", organization)) if on) or "-"


def email(number):
    return f"person{number:07d}@example.com"


def add(data, groups, seen_in_s=0):
    """seen_in_s: they were last seen so many seconds from now, so that memory can be filled before the first is to be noted again."""
    for group in groups:
        subprocess.run([TOOL, data, str(group.first), str(group.count), group.flags, hexed(group.organization), hexed(group.service),
                        str(seen_in_s), PASSWORD], check=True)
