"""
All calls of some kind fail from one moment on, while several people ask, and then no more: answers are refusals or true, nothing
spins, and afterwards the same server serves.

    FAULTS_EACH=1   every kind; else a few, which FAULTS_SEED chooses
"""
import os
import random
import shutil
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "door"))

from faulty import Control, FaultyServer  # noqa: E402
from harness import Closed, Person, Wire, at_once, expect  # noqa: E402
from world import HTML, PASSWORD, WRONG_PASSWORD, World, app, asked  # noqa: E402

EACH = bool(os.environ.get("FAULTS_EACH"))
SEED = int(os.environ.get("FAULTS_SEED", "1"))
SAMPLE = 3
# Asked for again until it is no more: that is what an interruption is for.
NOT_FOR_EVER = {"none", "interrupt"}
SPIN_S, SPIN_MOST_S, SPIN_MOST_CALLS = 0.6, 0.3, 1000
WAIT_S = 15


class Outage(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="twostep-faults-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.control = Control(self.folder)
        self.server = FaultyServer(self.control, args=["--trusted-proxies", "127.0.0.0/8"], env={"TWOSTEP_LOG_LEVEL": "warn"})
        self.world = World(self.server)

    def tearDown(self):
        self.control.disarm()
        self.server.stop()

    def ask(self, browser, method, path, body=None, headers=None):
        """The answer, checked as each is; None where there was none."""
        try:
            with Wire(self.server, WAIT_S) as wire:
                reply = wire.send(browser.prepare(method, path, body, headers)).reply()
        except (Closed, OSError):
            return None
        return reply.check(f"{method} {path}", api=path.startswith("/api/v1/"))

    def questions(self):
        """[(what is asked, the statuses that are no lie)]: a yes only where a yes is due."""
        owner, member, nobody = self.world.owner, self.world.member, self.world.nobody()
        place, headers = asked("/authz/forward-auth", self.world.host, "/")
        guard = lambda who: lambda: self.ask(who, "GET", place, headers=headers)  # noqa: E731
        login = lambda password: lambda: self.ask(nobody, "POST", "/api/v1/login", {"email": member.email, "password": password})  # noqa: E731
        confirm = lambda code: lambda: self.ask(owner, "POST", "/api/v1/session/confirm", {"method": "totp", "code": code})  # noqa: E731
        return [
            (guard(owner), {200}), (guard(nobody), {302}), (login(PASSWORD), {200}), (login(WRONG_PASSWORD), {401}),
            (confirm(app(owner)), {200, 401}), (confirm("000000"), {401}),
            (lambda: self.ask(member, "GET", "/account", headers=HTML), {200}),
            (lambda: self.ask(nobody, "GET", "/account", headers=HTML), {303}),
            (lambda: self.ask(nobody, "GET", "/healthz"), {200}),
        ]

    def asked_together(self, about):
        questions = self.questions()
        replies = at_once([question for question, _ in questions])
        for number, (reply, (_, right)) in enumerate(zip(replies, questions)):
            if reply is not None and reply.status not in (429, 503):  # tries that could not be told about have counted
                self.assertIn(reply.status, right, f"{about}: question {number}: {reply!r}")

    def assert_rests(self, about):
        """With somebody at the door and somebody connected it does not turn round and round. Several looks: a machine may be busy."""
        with socket.socket() as one:
            one.connect(("127.0.0.1", self.server.port))
            looks = []
            for _ in range(5):
                used_s, calls = self.server.cpu_s(), self.control.shared.hit
                time.sleep(SPIN_S)
                used_s, calls = self.server.cpu_s() - used_s, self.control.shared.hit - calls
                if used_s < SPIN_MOST_S and calls < SPIN_MOST_CALLS:
                    return
                looks.append((used_s, calls))
        self.fail(f"{about}: seconds of the processor, and calls that failed, in {SPIN_S} s: {looks}")

    def assert_serves(self, about):
        deadline = time.monotonic() + 30
        self.assertTrue(self.server.ready(30), about)
        while True:  # the store tries once a second whether it can be written again
            reply = self.ask(self.world.nobody(), "POST", "/api/v1/login", {"email": self.world.member.email, "password": PASSWORD})
            if reply and reply.status == 200:
                break
            self.assertLess(time.monotonic(), deadline, f"{about}: {reply!r}\n{self.server.log()[-3000:]}")
            time.sleep(0.1)
        person = Person(self.server, "after")
        person.sign_up()
        self.assertTrue(person.is_signed_in(), about)

    def test_whatever_is_gone_for_a_while(self):
        kinds = [kind for kind in self.control.kinds if kind not in NOT_FOR_EVER]
        if os.environ.get("FAULTS_KIND"):
            kinds = [os.environ["FAULTS_KIND"]]
        elif not EACH:
            kinds = random.Random(SEED).sample(kinds, SAMPLE)
        for kind in kinds:
            with self.subTest(kind):
                self.server.restart()  # few threads, no statement prepared, nothing in memory
                self.world.clear()
                self.control.arm(kind, 1, goes_on=True)
                try:
                    for _ in range(3):
                        self.asked_together(kind)
                    self.assertTrue(self.server.alive(), f"{kind}: died\n{self.server.log()[-5000:]}")
                    self.assert_rests(kind)
                finally:
                    hits = self.control.disarm()
                self.assert_serves(kind)
                expect(self.world.owner.get("/session"), 200)
                print(f"# {kind}: {hits} failed", file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    unittest.main()
