"""
What deploy/systemd/twostep.service forbids, held to without systemd: a seccomp filter (BPF) made from the directives themselves.
Whatever the unit does not allow kills the process, as systemd would have it.
"""
import configparser
import ctypes
import functools
import os
import re
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNIT = os.path.join(ROOT, "deploy/systemd/twostep.service.in")
NUMBERS = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
AUDIT_ARCH_X86_64 = 0xC000003E
KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
LOAD, EQUAL, AND, RETURN = 0x20, 0x15, 0x54, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_ALU|AND|K, BPF_RET|K
NUMBER, ARCH, ARGUMENTS = 0, 4, 16                 # offsets in struct seccomp_data; an argument has 8 bytes
PROT_WRITE, PROT_EXEC, EAFNOSUPPORT = 2, 4, 97
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Twice(dict):
    """Of a directive that stands several times all values are kept, a line each."""

    def __setitem__(self, name, value):
        if name in self and isinstance(value, list) and isinstance(self[name], list):
            self[name].extend(value)
        else:
            super().__setitem__(name, value)


def directives():
    """{name: [value of each line]} of [Service]."""
    parser = configparser.RawConfigParser(dict_type=Twice, strict=False, delimiters=("=",), empty_lines_in_values=False)
    parser.optionxform = str
    parser.read(UNIT)
    return {name: value.split("\n") for name, value in parser["Service"].items()}


@functools.lru_cache(None)
def group(name):
    """The system calls of one of systemd's groups, those of groups within it too."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    return set().union(*(group(word) for word in re.findall(r"^    ([@\w-]+)$", shown, re.M)))


def allowed_calls(unit):
    """As systemd reads the lines: the first says whether it lists what is allowed; ~ takes away."""
    found = set()
    for line in unit["SystemCallFilter"]:
        names = set().union(*(group(word) for word in line.lstrip("~").split()))
        found = found - names if line.startswith("~") else found | names
    return found | group("@default") | {"execve"}  # the start itself


def numbers():
    with open(NUMBERS, encoding="utf-8") as file:
        return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", file.read())}


def step(code, jump_true, jump_false, value):
    return struct.pack("HBBI", code, jump_true, jump_false, value)


def only_for(number, steps):
    """Steps that are skipped where it is another call; the number is loaded again behind them."""
    body = b"".join(steps) + step(LOAD, 0, 0, NUMBER)
    return step(EQUAL, 0, len(body) // 8, number) + body


def filter_of(unit):
    known = numbers()
    program = step(LOAD, 0, 0, ARCH) + step(EQUAL, 1, 0, AUDIT_ARCH_X86_64) + step(RETURN, 0, 0, KILL) + step(LOAD, 0, 0, NUMBER)
    families = [FAMILIES[name] for name in unit["RestrictAddressFamilies"][0].split()]
    checks = [step(EQUAL, 0, 1, family) + step(RETURN, 0, 0, ALLOW) for family in families]
    program += only_for(known["socket"], [step(LOAD, 0, 0, ARGUMENTS), *checks, step(RETURN, 0, 0, REFUSE | EAFNOSUPPORT)])
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        for name, bits in (("mmap", PROT_WRITE | PROT_EXEC), ("mprotect", PROT_EXEC), ("pkey_mprotect", PROT_EXEC)):
            program += only_for(known[name], [step(LOAD, 0, 0, ARGUMENTS + 16), step(AND, 0, 0, bits), step(EQUAL, 0, 1, bits),
                                              step(RETURN, 0, 0, KILL)])
    for name in sorted(allowed_calls(unit) & set(known)):
        program += step(EQUAL, 0, 1, known[name]) + step(RETURN, 0, 0, ALLOW)
    return program + step(RETURN, 0, 0, KILL)


def confine(program):
    """For preexec_fn. The filter stays over exec, and on all that the process starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    text = ctypes.create_string_buffer(program, len(program))

    def now():
        header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(text)))
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
            os._exit(99)
    return now
