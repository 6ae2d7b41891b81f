"""
Times in pairs, and what may be said of them.

Two things are asked one after the other, in an order that a coin decides, thousands of times. Where the server does not tell them
apart, the coin alone decides the sign of each difference, whatever else the machine did meanwhile: that is all that the tests below
assume. So their false-alarm rates are exact, on a busy machine and on an idle one; noise only makes them blind, and how blind they
were is said by `hidden`.
"""
import math
import random

QUANTILES = (0.1, 0.9)  # where one side may lie apart though the middle does not: what seldom happens, or the fastest answers
TESTS = 1 + len(QUANTILES)


def two_sided(z):
    return math.erfc(abs(z) / math.sqrt(2))


def z_of(alpha):
    """The inverse of two_sided."""
    low, high = 0.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle) > alpha else (low, middle)
    return high


def signed_rank(differences):
    """Wilcoxon's: z of the ranks of what is positive."""
    found = sorted((abs(d), d > 0) for d in differences if d)
    total, mean, variance, at = 0.0, 0.0, 0.0, 0
    while at < len(found):
        end = at
        while end < len(found) and found[end][0] == found[at][0]:
            end += 1
        rank = (at + 1 + end) / 2  # of equals, their mean
        for place in range(at, end):
            total += rank * found[place][1]
        mean += rank * (end - at) / 2
        variance += rank * rank * (end - at) / 4
        at = end
    return (total - mean) / math.sqrt(variance) if variance else 0.0


def binomial(successes, tries):
    """Two-sided, of a fair coin, exactly."""
    def log_of(k):
        return math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1) - tries * math.log(2)
    tail = sum(math.exp(log_of(k)) for k in range(min(successes, tries - successes) + 1))
    return min(1.0, 2 * tail)


def crossing(pairs, quantile):
    """Is one side beyond a quantile of both more often than the other? Of pairs with one in and one out, a coin decides which."""
    both = sorted(t for pair in pairs for t in pair)
    edge = both[int(quantile * len(both))]
    first = sum(1 for a, b in pairs if a > edge >= b)
    second = sum(1 for a, b in pairs if b > edge >= a)
    return binomial(first, first + second)


def probabilities(pairs):
    """{test: how likely so much or more is where nothing differs}."""
    found = {"rank": two_sided(signed_rank([a - b for a, b in pairs]))}
    for quantile in QUANTILES:
        found[f"q{round(quantile * 100)}"] = crossing(pairs, quantile)
    return found


def together(found):
    """How likely so much or more is of all cases, where nothing differs in any: what shows in none of them alone."""
    return two_sided(sum(one.z for one in found) / math.sqrt(len(found)))


def interval(pairs, alpha):
    """All shifts that the ranks do not speak against: the middle of the differences lies there, but for a chance of alpha."""
    differences, edge = sorted(a - b for a, b in pairs), z_of(alpha)

    def border(sign):
        low, high = differences[0] - 1, differences[-1] + 1
        while high - low > 20:  # of nanoseconds
            middle = (low + high) / 2
            low, high = (middle, high) if signed_rank([d - middle for d in differences]) > sign * edge else (low, middle)
        return (low + high) / 2
    return border(1), border(-1)


class Found:
    """What a case came to. Times in nanoseconds."""

    def __init__(self, name, pairs, alpha):
        self.name, self.count, self.alpha = name, len(pairs), alpha
        self.z = signed_rank([a - b for a, b in pairs])
        self.probabilities = probabilities(pairs)
        self.low, self.high = interval(pairs, alpha)
        self.middle = sorted(b for _, b in pairs)[len(pairs) // 2]

    @property
    def hidden(self):
        """The largest difference of the middle that may still be there."""
        return max(abs(self.low), abs(self.high))

    @property
    def leaks(self):
        return {test: p for test, p in self.probabilities.items() if p < self.alpha}

    def __str__(self):
        tests = ", ".join(f"{test} {p:.1e}" for test, p in self.probabilities.items())
        return (f"{self.name}: {self.count} pairs of {self.middle / 1e3:.0f} us, apart {self.low / 1e3:+.1f} .. {self.high / 1e3:+.1f} us; "
                f"{tests}{'  APART' if self.leaks else ''}")


def measure(pairs, seed=None):
    """[(first, second)] of what is asked, to [(time, time)] in that order; each a call that answers nanoseconds."""
    coin, times = random.Random(seed), []
    for first, second in pairs:
        if coin.random() < 0.5:
            a = first()
            b = second()
        else:
            b = second()
            a = first()
        times.append((a, b))
    return times
