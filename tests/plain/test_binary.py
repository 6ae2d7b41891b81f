"""The program as it is served: hardened by compiler and linker, and without a core file when it dies."""
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "door"))
from harness import Server, binary  # noqa: E402

GUARDED = r"""
#include <stdio.h>
#include <string.h>
#ifdef BOTH
__asm__(".section .both,\"awx\",@progbits\n.byte 1\n.text");
#endif
int main(int argc, char **argv) { char text[64]; strncpy(text, argv[argc - 1], (size_t)argc * 8); return puts(text); }
"""


def readelf(path, *flags):
    return subprocess.run(["readelf", "-W", *flags, path], check=True, capture_output=True, text=True).stdout


def marked(path):
    """Whether calls may land where they should alone. The note of the linker tells of the C library's own parts too, which lack it on Debian 12."""
    shown = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", path], check=True, capture_output=True, text=True).stdout
    return "endbr64" in shown


def wrong_of(path):
    """What an attacker would find missing."""
    header, segments, dynamic = readelf(path, "-h"), readelf(path, "-l"), readelf(path, "-d")
    symbols = readelf(path, "--dyn-syms")
    loaded = re.findall(r"^\s+LOAD(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})", segments, re.M)
    stack = re.search(r"^\s+GNU_STACK(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})", segments, re.M)
    flags = " ".join(re.findall(r"\(FLAGS(?:_1)?\)(.*)", dynamic))
    unguarded = platform.machine() == "x86_64" and not marked(path)
    return [name for name, wrong in (
        ("not position-independent", not re.search(r"Type:\s+DYN", header) or "PIE" not in flags),
        ("no RELRO", "GNU_RELRO" not in segments),
        ("binds late", not re.search(r"\b(BIND_NOW|NOW)\b", flags)),
        ("executable stack", not stack or "E" in stack[1]),
        ("memory to write and execute", not loaded or any("W" in mode and "E" in mode for mode in loaded)),
        ("looks for libraries elsewhere", "(RPATH)" in dynamic or "(RUNPATH)" in dynamic),
        ("text relocations", "TEXTREL" in dynamic),
        ("no stack protector", "__stack_chk_fail" not in symbols),
        ("no FORTIFY", not re.search(r"\b__\w+_chk@", symbols)),
        ("no control-flow protection", unguarded),
    ) if wrong]


class Hardened(unittest.TestCase):
    def test_lacks_nothing(self):
        self.assertEqual(wrong_of(binary()), [])

    def test_what_is_lacking_is_found(self):
        good = ["-O2", "-pie", "-fPIE", "-fstack-protector-strong", "-fcf-protection", "-Wl,-z,relro,-z,now",
                "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-w"]
        cases = [("", []), ("not position-independent", ["-no-pie"]), ("no RELRO", ["-Wl,-z,norelro"]), ("binds late", ["-Wl,-z,lazy"]),
                 ("executable stack", ["-Wl,-z,execstack"]), ("memory to write and execute", ["-DBOTH"]),
                 ("looks for libraries elsewhere", ["-Wl,-rpath,/tmp"]), ("text relocations", ["-fno-PIE", "-mcmodel=large", "-Wl,-z,notext"]),
                 ("no stack protector", ["-fno-stack-protector"]),
                 ("no FORTIFY", ["-U_FORTIFY_SOURCE"])]
        if platform.machine() == "x86_64":
            cases.append(("no control-flow protection", ["-fcf-protection=none"]))
        folder = tempfile.mkdtemp(prefix="twostep-binary-")
        self.addCleanup(shutil.rmtree, folder, True)
        for lacking, flags in cases:
            with self.subTest(lacking):
                path = os.path.join(folder, "program")
                subprocess.run(["gcc", "-x", "c", "-", "-o", path, *good, *flags], input=GUARDED, check=True, text=True)
                found = wrong_of(path)
                self.assertTrue(lacking in found if lacking else not found, found)


DEADLY = (signal.SIGABRT, signal.SIGQUIT, signal.SIGSEGV, signal.SIGSYS)


def let_it_leave_a_core():
    """For preexec_fn: as somebody starts it who wants one; a shell's background ignores SIGQUIT."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    for how in DEADLY:
        signal.signal(how, signal.SIG_DFL)


class Dies(unittest.TestCase):
    def test_no_core_however_it_ends(self):
        for how in DEADLY:
            folder = tempfile.mkdtemp(prefix="twostep-core-")
            self.addCleanup(shutil.rmtree, folder, True)
            server = Server(preexec_fn=let_it_leave_a_core, cwd=folder)
            self.addCleanup(shutil.rmtree, server.data, True)
            server.process.send_signal(how)
            _, status = os.waitpid(server.process.pid, 0)
            server.process.returncode = -os.WTERMSIG(status)
            self.assertEqual(os.WTERMSIG(status), how)
            self.assertFalse(os.WCOREDUMP(status), how)
            self.assertEqual(os.listdir(folder), [], how)


if __name__ == "__main__":
    unittest.main()
