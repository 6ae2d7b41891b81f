"""
kill -9 again and again while people do all that the journey has: what was acknowledged is there, what was not is whole or absent.

    TWOSTEP_KILLS=200      how often; `make soak` does so
    TWOSTEP_SEED=7         chooses steps and moments as that run did; how the threads run together it cannot repeat
"""
import glob
import os
import random
import signal
import threading
import time
import unittest

from harness import DoorTest
from invariants import Snapshot, broken, undone
from strike import KILL, KILL_HALF, StruckServer
from walkers import Guesser, Solo, Team, Walker

KILLS = int(os.environ.get("TWOSTEP_KILLS", "10"))
SEED = int(os.environ.get("TWOSTEP_SEED", random.randrange(1_000_000)))
CAST = (Solo, Solo, Solo, Team, Team, Guesser)
WARM_UP_STEPS = 60


class Killed(DoorTest):
    @classmethod
    def setUpClass(cls):
        cls.server = StruckServer()

    def setUp(self):
        super().setUp()
        self.rng, self.number, self.kills = random.Random(SEED), 0, 0
        self.walking = [self.somebody(kind) for kind in CAST]
        self.resting, self.stopping = [], threading.Event()

    def somebody(self, kind):
        self.number += 1
        return kind(self.server, random.Random(f"{SEED}/{self.number}"))

    def fail(self, what):
        super().fail(f"TWOSTEP_SEED={SEED} TWOSTEP_KILLS={KILLS}, behind kill {self.kills}: {what}")

    def steps_done(self):
        return sum(sum(walker.done.values()) for walker in self.walking + self.resting)

    def let_walk(self):
        self.stopping.clear()
        threads = [threading.Thread(target=walker.walk, args=(self.stopping,)) for walker in self.walking]
        for thread in threads:
            thread.start()
        return threads

    def halt(self, threads):
        self.stopping.set()
        for thread in threads:
            thread.join()
        for walker in self.walking:
            if walker.wrong:
                self.fail(f"{type(walker).__name__} in {walker.name}: {walker.wrong!r}")

    def kill(self):
        """At some moment; or within the writes of some change, where half of one may be done."""
        if self.rng.random() < 0.5:
            time.sleep(self.rng.uniform(0.05, 0.5))
            self.server.end(signal.SIGKILL)
            return
        time.sleep(self.rng.uniform(0.05, 0.3))
        self.server.strike.arm(self.rng.choice((KILL, KILL_HALF)), self.rng.randrange(80))
        try:
            self.server.process.wait(30)
        finally:
            self.server.strike.off()

    def start_again(self):
        """Now and then killed in that, too."""
        if self.rng.random() < 0.3:
            self.server.strike.arm(KILL, self.rng.randrange(6))
            try:
                self.server.start()
                self.server.end(signal.SIGKILL)
            except RuntimeError as ended:
                self.assertIn("ended with -9", str(ended))
            finally:
                self.server.strike.off()
        self.server.start()

    def check(self, earlier):
        names = broken(self.server.database)
        now = Snapshot(self.server.database)
        names += undone(earlier, now)
        if names:
            self.fail(f"broken: {names}")
        for walker in self.walking + self.resting:
            if (wrong := walker.settle()):
                self.fail(wrong)
        for walker in self.walking:
            if (wrong := walker.check_by_asking()):
                self.fail(f"{type(walker).__name__}: {wrong}")
        return now

    def let_rest(self):
        """Those who are tired; somebody new comes, and what they left is still looked at."""
        for place, walker in enumerate(self.walking):
            walker.rounds += 1
            if walker.tired():
                self.resting.append(walker)
                self.walking[place] = self.somebody(CAST[place])
        for path in glob.glob(os.path.join(self.server.outbox, "*.eml")):
            os.unlink(path)  # nobody waits for it any more

    def test_what_was_acknowledged_is_there_and_the_rest_is_whole_or_absent(self):
        threads = self.let_walk()
        deadline = time.monotonic() + 60
        while self.steps_done() < WARM_UP_STEPS and time.monotonic() < deadline and not any(w.wrong for w in self.walking):
            time.sleep(0.05)
        self.halt(threads)
        earlier = self.check(Snapshot(self.server.database))
        for self.kills in range(1, KILLS + 1):
            threads = self.let_walk()
            self.kill()
            status = self.server.process.returncode
            self.halt(threads)
            if status != -signal.SIGKILL:
                self.fail(f"it ended by itself with {status}:\n{self.server.log()[-4000:]}")
            self.start_again()
            earlier = self.check(earlier)
            self.let_rest()
        everybody = self.walking + self.resting
        done = {}
        for walker in everybody:
            for name, count in walker.done.items():
                done[name] = done.get(name, 0) + count
        doubts = sum(walker.doubts for walker in everybody)
        print(f"{KILLS} kills, {doubts} changes under way, {sum(done.values())} acknowledged: {done}")
        self.assertGreater(doubts, KILLS // 5, "the kills met too little")
        self.assertGreater(sum(done.values()), 5 * KILLS, done)


class TheWalkers(unittest.TestCase):
    """What they remember is held against what is there."""

    class Remembers(Walker):
        def found(self):
            return self.there

    def test_a_world_must_be_whole(self):
        before, after = {"a": 1, "b": 1}, {"a": 2, "b": 2}
        for worlds, there, good in (([before], before, True), ([before], after, False), ([before, after], before, True),
                                    ([before, after], after, True), ([before, after], {"a": 1, "b": 2}, False), ([after], before, False)):
            walker = self.Remembers(None, None)
            walker.name, walker.worlds, walker.there = "test", worlds, there
            self.assertEqual(walker.settle() is None, good, (worlds, there))

    def test_a_session_or_step_that_is_lost_or_back_is_seen(self):
        world = {"email": "x", "spent": {1, 2}, "alive": {b"1"}, "dead": {b"2"}}
        for spent, alive, good in (({1, 2, 3}, {b"1", b"9"}, True), ({1}, {b"1"}, False), ({1, 2}, set(), False), ({1, 2}, {b"1", b"2"}, False)):
            found = {"email": "x", "spent": spent, "alive": alive}
            self.assertEqual(not Solo.differences(Solo.__new__(Solo), world, found), good, (spent, alive))


if __name__ == "__main__":
    unittest.main()
