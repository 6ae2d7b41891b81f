"""The statistics that the test of times stands on: their false alarms, and that they find what is there."""
import random
import unittest

from pairs import Found, binomial, crossing, interval, measure, signed_rank, together, two_sided, z_of


def times(count, coin, apart=0.0, seldom=0.0):
    """Noise as a server makes it: a middle, a long tail, a drift; what the two of a pair share, and what they do not."""
    found = []
    for n in range(count):
        shared = 1e6 + 2e5 * (n / count) + (5e6 if coin.random() < 0.02 else 0)
        a, b = (shared + coin.gauss(0, 3e4) + coin.expovariate(1 / 6e4) for _ in range(2))
        found.append((a + apart + (4e5 if coin.random() < seldom else 0), b))
    return found


class Statistics(unittest.TestCase):
    def test_of_a_table(self):
        self.assertAlmostEqual(two_sided(1.959964), 0.05, 6)
        self.assertAlmostEqual(z_of(0.05), 1.959964, 5)
        self.assertAlmostEqual(binomial(2, 10), 0.109375, 9)
        self.assertAlmostEqual(binomial(5, 10), 1.0, 9)
        # Ranks 1..10, of which 1 and 4 are negative: W+ = 50, mean 27.5, variance 96.25.
        self.assertAlmostEqual(signed_rank([-1, 2, 3, -4, 5, 6, 7, 8, 9, 10]), 22.5 / 96.25 ** 0.5, 9)

    def test_false_alarms_are_as_stated(self):
        coin, rounds, alpha = random.Random(1), 1500, 0.02
        alarms = [0, 0, 0]
        for _ in range(rounds):
            pairs = times(120, coin)
            for n, p in enumerate((two_sided(signed_rank([a - b for a, b in pairs])), crossing(pairs, 0.1), crossing(pairs, 0.9))):
                alarms[n] += p < alpha
        for count in alarms:  # 30 are due; the chance of more than 60 is 1 in 10 million
            self.assertLess(count, 60)
        self.assertGreater(alarms[0], 10, "so few that it finds nothing")

    def test_finds_what_is_apart_and_what_seldom_is(self):
        coin = random.Random(2)
        self.assertFalse(Found("x", times(2000, coin), 1e-6).leaks)
        self.assertIn("rank", Found("x", times(2000, coin, apart=2e4), 1e-6).leaks)
        self.assertIn("rank", Found("x", times(2000, coin, apart=-2e4), 1e-6).leaks)
        self.assertIn("q90", Found("x", times(2000, coin, seldom=0.1), 1e-6).leaks)

    def test_many_say_together_what_none_says_alone(self):
        coin = random.Random(5)
        apart = [Found("x", times(300, coin, apart=8e3), 1e-6) for _ in range(16)]
        self.assertEqual([one.leaks for one in apart], [{}] * 16)
        self.assertLess(together(apart), 1e-6)
        self.assertGreater(together([Found("x", times(300, coin), 1e-6) for _ in range(16)]), 1e-3)

    def test_the_interval_holds_what_is_apart(self):
        coin, missed = random.Random(3), 0
        for _ in range(300):
            low, high = interval(times(100, coin, apart=3e4), 0.02)
            missed += not low <= 3e4 <= high
        self.assertLess(missed, 20)  # 6 are due

    def test_a_coin_decides_who_comes_first(self):
        asked = []
        pairs = measure([(lambda n=n: asked.append((n, 0)) or 10, lambda n=n: asked.append((n, 1)) or 20) for n in range(200)], seed=4)
        self.assertEqual(pairs, [(10, 20)] * 200)
        self.assertEqual([n for n, _ in asked], [n // 2 for n in range(400)])
        self.assertTrue(60 < sum(1 - first for _, first in asked[::2]) < 140)


if __name__ == "__main__":
    unittest.main()
