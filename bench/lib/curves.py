"""What a table cannot show: how figures change with the number of connections, accounts and sessions. Drawn by gnuplot as SVG."""
import os
import statistics
import subprocess

from lib.crowd import Group
from lib.guarded import Guard
from lib.load import in_turn, measured
from lib.rows_check import BARE, CORE, LOAD_CORES, SESSIONS, cost, rate
from lib.rows_growth import ACCOUNTS
from lib.servers import Nginx, resident_mb

CONNECTIONS = (1, 4, 16, 64, 256)
LATENCIES = (50, 75, 90, 95, 99, 99.9)
A_POINT_S = 1  # of many: a curve shows its own noise


def upto(most):
    return [n for n in (1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 10000000) if n <= most]


def median(figure, results):
    return statistics.median(figure(x) for x in results)


def checks(guard, port, first=0, count=1, connections=64):
    return measured([guard.server.pid], lambda: guard.load(port, LOAD_CORES, first, count, connections=connections, seconds=A_POINT_S))


def by_connections():
    """({candidate: [(connections, requests a second)]}, {candidate: [(percentile, ms)] at 64})"""
    guard, nginx = Guard(), Nginx(CORE, BARE)
    rates, latencies = {"twostep": [], "nginx return 200": []}, {}
    try:
        guard.add_people([Group(0, 64, guard.organization, guard.services[0], two_step=True)])
        guard.start(CORE)
        guard.fill(0, 64)
        for connections in CONNECTIONS:
            seen = in_turn({"twostep": lambda: checks(guard, guard.server.port, connections=connections),
                            "nginx return 200": lambda: checks(guard, nginx.port, connections=connections)})
            for name, results in seen.items():
                rates[name].append((connections, median(rate, results)))
                if connections == 64:
                    latencies[name] = [(p, statistics.median(run.latency_ms[p] for run, _ in results)) for p in LATENCIES]
    finally:
        nginx.stop()
        guard.close()
    return rates, latencies


def by_sessions():
    """([(sessions, us a check)], [(sessions, MB)])"""
    guard, costs, memory = Guard(), [], []
    counts = upto(SESSIONS)
    try:
        guard.add_people([Group(0, counts[-1], guard.organization, guard.services[0], two_step=True)], counts[-1] // 2000 + 120)
        guard.start(CORE)
        done = 0
        for count in counts:
            guard.fill(done, count - done)
            done = count
            memory.append((count, resident_mb(guard.server.pid)))
            costs.append((count, median(cost, in_turn({"": lambda: checks(guard, guard.server.port, 0, count)})[""])))
    finally:
        guard.close()
    return costs, memory


def by_accounts():
    """[(accounts, us a check of one of a hundred)]"""
    costs = []
    for count in upto(ACCOUNTS):
        guard = Guard()
        try:
            guard.add_people([Group(0, count - 100, two_step=True, signed_in=False),
                              Group(count - 100, 100, guard.organization, guard.services[0], two_step=True)])
            guard.start(CORE)
            guard.fill(count - 100, 100)
            costs.append((count, median(cost, in_turn({"": lambda: checks(guard, guard.server.port, count - 100, 100)})[""])))
        finally:
            guard.close()
    return costs


PLOT = """set encoding utf8
set terminal svg size 640,360 font "sans-serif,13" background "white"
set output "{path}"
set title "{title}"
set xlabel "{x}"
set ylabel "{y}"
set logscale x {base}
set format x "%.0f"
set yrange [0:*]
set autoscale xfix
set grid
set key bottom right
{more}
plot {lines}
"""


def draw(folder, name, title, x, y, lines, base=10, more=""):
    """lines: {legend: [(x, y)]}"""
    data = "".join(f"${'abc'[i]} << END\n" + "".join(f"{a} {b}\n" for a, b in points) + "END\n" for i, points in enumerate(lines.values()))
    plotted = ", ".join(f'${"abc"[i]} with linespoints linewidth 2 pointtype {5 + 2 * i} title "{legend}"' for i, legend in enumerate(lines))
    text = PLOT.format(path=os.path.join(folder, name + ".svg"), title=title, x=x, y=y, base=base, more=more, lines=plotted)
    subprocess.run(["gnuplot"], input=data + text, text=True, check=True)


def make(folder):
    """Measures and draws; what was drawn, for the JSON."""
    os.makedirs(folder, exist_ok=True)
    rates, latencies = by_connections()
    draw(folder, "connections", "Checks on one core", "connections", "checks a second", rates, base=2)
    draw(folder, "latency", "Time of a check, 64 connections on one core", "of 100 checks, so many are faster", "ms", latencies,
         more="unset logscale x; set format x '%g'; set xrange [45:101]; set key top left")
    costs, memory = by_sessions()
    draw(folder, "sessions", "CPU of a check, sessions asked for at random", "live sessions", "µs", {"twostep": costs})
    draw(folder, "memory", "Memory of the server", "live sessions in memory", "MB", {"twostep": memory}, more="set key top left")
    accounts = by_accounts()
    draw(folder, "accounts", "CPU of a check, a hundred people at work", "accounts", "µs", {"twostep": accounts})
    return {"connections": rates, "latency": latencies, "sessions": costs, "memory": memory, "accounts": accounts}
