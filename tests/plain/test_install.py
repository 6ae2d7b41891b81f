"""`make install`: what it puts where, and that the clone stays its owner's, whoever installs."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sandbox import ROOT  # noqa: E402

PREFIX = "/opt/two"
INSTALLED = {"bin/twostep", "lib/systemd/system/twostep.service", "lib/sysusers.d/twostep.conf", "share/man/man1/twostep.1",
             "share/man/man1/twostep-serve.1", "share/twostep/haproxy/twostep.lua"}


def files_of(folder):
    """{path: (owner, size, when changed)}"""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            about = os.lstat(os.path.join(place, name))
            found[os.path.relpath(os.path.join(place, name), folder)] = (about.st_uid, about.st_size, about.st_mtime_ns)
    return found


class Install(unittest.TestCase):
    def test_leaves_the_clone_as_it_was(self):
        folder = tempfile.mkdtemp(prefix="twostep-install-")
        self.addCleanup(shutil.rmtree, folder, True)
        clone, place = os.path.join(folder, "clone"), os.path.join(folder, "package")
        shutil.copytree(ROOT, clone, symlinks=True, ignore=shutil.ignore_patterns(".git", "build*", "data", "node_modules", "__pycache__"))
        before = files_of(clone)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(["make", "install", f"prefix={PREFIX}", f"DESTDIR={place}"], cwd=clone, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(sorted({path for path, _ in files_of(clone).items() ^ before.items()})[:10], [])
        installed = place + PREFIX
        self.assertEqual({path.removesuffix(".gz") for path in files_of(installed)}, INSTALLED)
        self.assertEqual(subprocess.run([installed + "/bin/twostep", "--version"], capture_output=True, timeout=30).returncode, 0)
        with open(installed + "/lib/systemd/system/twostep.service", encoding="utf-8") as file:
            self.assertIn(f"ExecStart={PREFIX}/bin/twostep serve\n", file.read())


if __name__ == "__main__":
    unittest.main()
