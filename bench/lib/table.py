"""The table that is printed in the end: medians, their spread, and whether they are what was asked."""
import json
import os
import platform
import statistics
import time


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, against, unit, values, bound, met, note):
        self.rows.append({"row": what, "against": against, "unit": unit, "median": statistics.median(values), "least": min(values),
                          "most": max(values), "values": values, "asked": bound, "met": met, "note": note,
                          "load_average": os.getloadavg()[0]})

    def ratio(self, what, ceiling, pairs, least=None, most=None, note=""):
        """pairs: (candidate, ceiling) a round; the ratio is taken round by round."""
        ratios = [a / b for a, b in pairs]
        median = statistics.median(ratios)
        bound = f">= {least:.2f}" if least is not None else f"<= {most:.2f}"
        self.add(what, ceiling, "", ratios, bound, median >= least if least is not None else median <= most, note)

    def figure(self, what, unit, values, most, note=""):
        self.add(what, "-", unit, values, f"<= {most} {unit}", statistics.median(values) <= most, note)

    def fact(self, what, unit, values, note=""):
        """Nothing is asked of it."""
        self.add(what, "-", unit, values, "", None, note)

    def untold(self, what, why):
        """It could not be measured, which is no yes."""
        self.rows.append({"row": what, "against": "-", "unit": "", "median": None, "least": None, "most": None, "values": [], "asked": "",
                          "met": False, "note": " ".join(str(why).split()), "load_average": os.getloadavg()[0]})

    def show(self):
        head = ("row", "against", "median", "spread", "asked", "", "beside")
        lines = [head] + [self.line(row) for row in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        return all(row["met"] is not False for row in self.rows)

    @staticmethod
    def line(row):
        if row["median"] is None:
            return (row["row"], row["against"], "could not be told", "", "", "MISSED", row["note"])
        digits = 1 if row["unit"] else 2
        return (row["row"], row["against"], f"{row['median']:.{digits}f} {row['unit']}".rstrip(), f"{row['least']:.{digits}f}-{row['most']:.{digits}f}",
                row["asked"], {True: "met", False: "MISSED", None: ""}[row["met"]], row["note"])

    def write(self, path, curves=None):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), "rows": self.rows, "curves": curves}, f,
                      indent=1)
            f.write("\n")


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load_average": os.getloadavg()[0]}
