#!/usr/bin/python3
"""Each test that docs/threats.md names is there: the promise has something that can fail.

    threats.py ROOT      exit 1 and one line for each test that is not
"""
import pathlib
import re
import sys


def row_tests(cell):
    """(folder/file, [functions]) of a cell like `door/test_login: a, b; unit/limits`."""
    for place in cell.split(";"):
        where, _, functions = place.strip().partition(":")
        yield where.strip(), [name.strip() for name in functions.split(",") if name.strip()]


def wrong_place(tests, where, functions):
    path = tests / f"{where}.py"
    if path.is_file():
        text = path.read_text()
        for name in functions:
            if not re.search(rf"^\s*(?:def|class) {re.escape(name)}\b", text, re.M):
                yield f"docs/threats.md: tests/{where}.py has no {name}"
    elif not (tests / where).is_dir() and not list(tests.glob(f"{where}*.c")) and not list(tests.glob(f"{where}*.mjs")):
        yield f"docs/threats.md: there is no tests/{where}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    rows = [line for line in (root / "docs/threats.md").read_text().splitlines()
            if re.search(r"\| (?:door|unit|fuzz|faults|plain|browser|timing)/", line)]
    wrong = [] if rows else ["docs/threats.md: names no tests"]
    for row in rows:
        for where, functions in row_tests(row.split("|")[2]):
            wrong += wrong_place(root / "tests", where, functions)
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
