"""
Nothing tells by its time who has an account: what is asked about an address that has one, and about one that has none, in pairs.

    TWOSTEP_PAIRS=2000     of each case; `make soak` runs this file once, before the others

Each try comes from a network of its own and stays below all limits. The whole file has a chance of FALSE_ALARM to fail where nothing
differs. Each line says what may still hide: that the middle of the differences lies between the two figures. First leaks are planted,
to show that they would be found.
"""
import os
import random
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pairs import Found, TESTS, measure, together  # noqa: E402
from world import NEW_PASSWORD, NO_CODE, WRONG_PASSWORD, World, ZEROES  # noqa: E402

PAIRS = int(os.environ.get("TWOSTEP_PAIRS", "2000"))
FALSE_ALARM = 1e-4
PLANTED = (0.5, 1, 2, 4, 8)  # times what the case could hide without a leak, until it is found
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # where a write takes no time that would hide another


ALL, ONE = "all", "one"


class Case:
    """
    ask     makes the request that is about an address: (world, address, n)
    mails   what it queues is delivered before the next one is asked: ALL, or ONE where the letter to an address without account goes
            nowhere. What comes behind a delivery is not what comes behind none, so each is then asked behind a letter to nobody
    then    makes another request, about nobody, whose time is taken instead: does what the first left to do delay it?
    keep    takes out of the answer what a later case needs
    """

    def __init__(self, name, ask, status, mails=None, then=None, keep=None):
        self.name, self.ask, self.status, self.mails, self.then, self.keep = name, ask, status, mails, then, keep


def token_of(body):
    """Of a try to sign up, as the API gives it."""
    return body.split(b'"signup":"')[1].split(b'"')[0].decode()


def login_of(address):
    return {"email": address, "password": WRONG_PASSWORD}


def reset_of(address):
    return {"email": address, "code": NO_CODE, "password": NEW_PASSWORD}


def sign_up_of(address):
    return {"email": address, "name": "Kim Sora", "password": NEW_PASSWORD}


def guess(world, n):
    """A request that writes to the store and is about nobody."""
    return world.api("/password-reset/complete", reset_of(f"nobody{n}@example.com"))


DEVICE = {"Cookie": f"twostep-known={ZEROES}"}

# In this order: no purpose mails an address more than five times, but for those that are to find the limit reached.
HASHING = [
    Case("sign-in", lambda w, a, n: w.api("/login", login_of(a)), 401),
    Case("sign-in, page", lambda w, a, n: w.page("/login", login_of(a)), 401),
    Case("sign-up", lambda w, a, n: w.api("/signup", sign_up_of(a)), 202, mails=ALL, keep=token_of),
    Case("sign-up, page", lambda w, a, n: w.page("/signup", sign_up_of(a)), 303, mails=ALL),
]
OTHERS = [
    Case("sign-in with a device's cookie", lambda w, a, n: w.api("/login", login_of(a), **DEVICE), 401),
    Case("sign-up's code", lambda w, a, n: w.api("/signup/verify", {"signup": w.kept[a], "code": NO_CODE}), 422),
    Case("sign-up's code, page", lambda w, a, n: w.page("/signup/verify", {"code": NO_CODE}, Cookie=f"twostep-signup={w.kept[a]}"), 422),
    Case("sign-up's code again", lambda w, a, n: w.api("/signup/resend", {"signup": w.kept[a]}), 202, mails=ALL),
    Case("sign-up's code again, page", lambda w, a, n: w.page("/signup/resend", {}, Cookie=f"twostep-signup={w.kept[a]}"), 303, mails=ALL),
    Case("sign-up by a wrong invitation", lambda w, a, n: w.api("/signup", {**sign_up_of(a), "invitation": NO_CODE}), 422),
    Case("sign-up by a wrong invitation, page", lambda w, a, n: w.page("/signup", {**sign_up_of(a), "invitation": NO_CODE}), 422),
    Case("reset's code, none mailed", lambda w, a, n: w.api("/password-reset/complete", reset_of(a)), 422),
    Case("reset", lambda w, a, n: w.api("/password-reset", {"email": a}), 202, mails=ONE),
    Case("reset, page", lambda w, a, n: w.page("/password-reset", {"email": a}), 303, mails=ONE),
    Case("reset with a device's cookie", lambda w, a, n: w.api("/password-reset", {"email": a}, **DEVICE), 202, mails=ONE),
    Case("reset's code", lambda w, a, n: w.api("/password-reset/complete", reset_of(a)), 422),
    Case("reset's code, page", lambda w, a, n: w.page("/password-reset/complete", reset_of(a)), 422),
    Case("reset, 4th", lambda w, a, n: w.api("/password-reset", {"email": a}), 202, mails=ONE),
    Case("behind a reset", lambda w, a, n: w.api("/password-reset", {"email": a}), 202, mails=ONE, then=guess),
    Case("reset, no mail any more", lambda w, a, n: w.api("/password-reset", {"email": a}), 202),
    Case("behind a sign-in", lambda w, a, n: w.api("/login", login_of(a)), 401, then=guess),
    Case("behind a sign-up", lambda w, a, n: w.api("/signup", sign_up_of(a)), 202, mails=ALL, then=guess),
    Case("sign-up, no mail any more", lambda w, a, n: w.api("/signup", sign_up_of(a)), 202),
    Case("another address", lambda w, a, n: w.api("/account/email", {"email": a}, **w.signed_in(n)), 202, mails=ALL),
    Case("another address, page", lambda w, a, n: w.page("/account/email", {"email": a}, **w.signed_in(n)), 303, mails=ALL),
]
EVERY = HASHING + OTHERS
SOME = [case for case in EVERY if case.name in ("sign-in", "sign-up", "reset", "reset's code")]
RUNS = (EVERY, HASHING, SOME, SOME)
ALPHA = FALSE_ALARM / TESTS / (sum(map(len, RUNS)) + len(RUNS) + 2)  # each case, each run together, and the planted ones unplanted


def library(folder):
    """The program's compiler makes what is preloaded."""
    path = os.path.join(folder, "preloaded.so")
    subprocess.run(["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path,
                    os.path.join(HERE, "preloaded.c")], check=True)
    return path


class Timed(unittest.TestCase):
    FOLDER = MEMORY
    HASHLESS = True

    def setUp(self):
        self.seed = random.SystemRandom().randrange(1 << 30)
        folder = tempfile.TemporaryDirectory(prefix="twostep-timing-")
        self.addCleanup(folder.cleanup)
        environment = {"LD_PRELOAD": library(folder.name), **({"HASHLESS": "1"} if self.HASHLESS else {})}
        self.world = World(PAIRS, self.FOLDER, environment, self.seed)
        self.addCleanup(self.world.close)

    def side(self, case, address, n, marks):
        """Asks about one address: nanoseconds."""
        world = self.world

        def ask():
            if case.mails:
                world.settle()
            if case.mails == ONE:
                world.mail_nobody()
            world.marks = marks
            took, status, body = world.asker.ask(case.ask(world, address, n))
            self.assertEqual(status, case.status, f"{case.name}: {body[:200]}")
            if case.keep:
                world.kept[address] = case.keep(body)
            if case.then:
                took, status, body = world.asker.ask(case.then(world, n))
                self.assertEqual(status, 422, f"{case.name}: {body[:200]}")
            return took
        return ask

    def run_case(self, case, marks=({}, {})):
        self.world.stay_fresh()
        pairs = [(self.side(case, known, n, marks[0]), self.side(case, unknown, n, marks[1]))
                 for n, (known, unknown) in enumerate(self.world.pairs)]
        found = Found(case.name, measure(pairs, self.seed), ALPHA)
        print(f"# {type(self).__name__}: {found}", file=sys.__stdout__, flush=True)
        return found

    def run_cases(self, cases):
        found = []
        for case in cases:
            with self.subTest(case.name):
                found.append(self.run_case(case))
                self.assertEqual(found[-1].leaks, {}, case.name)
        print(f"# {type(self).__name__}: together {together(found):.1e}", file=sys.__stdout__, flush=True)
        self.assertGreater(together(found), ALPHA, "apart, though no case shows it alone")


class APlantedLeak(Timed):
    MARKS = ({"X-Planted": "1"}, {"X-Planted": "0"})  # as long: what is sent differs in one figure

    def test_is_found_where_the_store_decides(self):
        self.assert_found("reset's code, none mailed")

    def test_is_found_in_a_sign_in(self):
        self.assert_found("sign-in")

    def measured(self, case, planted_ns):
        self.world.restart(PLANTED_NS=str(planted_ns))
        self.world.server.sql("DELETE FROM failure")
        return self.run_case(case, self.MARKS)

    def assert_found(self, name):
        case = next(case for case in EVERY if case.name == name)
        without = self.measured(case, 0)
        self.assertEqual(without.leaks, {}, f"{name}: found before it was planted")
        for times in PLANTED:
            planted_ns = round(times * without.hidden)
            leaks = self.measured(case, planted_ns).leaks
            print(f"# planted {planted_ns / 1e3:.1f} us in {name}: {'found' if leaks else 'not found'}", file=sys.__stdout__, flush=True)
            if leaks:
                return
        self.fail(f"{name}: not found")


class Alike(Timed):
    """On a file system in memory and with no password hashed: the sharpest eye."""

    def test_all(self):
        self.run_cases(EVERY)


class AlikeHashed(Timed):
    HASHLESS = False

    def test_what_hashes(self):
        self.run_cases(HASHING)


class AlikeOnDisk(Timed):
    """Each commit waits for a disk."""
    FOLDER = None

    def test_some(self):
        self.run_cases(SOME)


class AlikeOnABusyMachine(Timed):
    def test_some(self):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
        try:
            self.run_cases(SOME)
        finally:
            for process in busy:
                process.kill()
                process.wait()


if __name__ == "__main__":
    unittest.main()
