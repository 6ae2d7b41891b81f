#!/usr/bin/python3
"""What holds for every source file, whoever lays out its tables: blanks, width, ends of lines and files.

    format.py ROOT      exit 1 and one line for each that does not
"""
import pathlib
import re
import sys

FOLDERS = ("src", "gen", "tests", "bench")
WIDTH = 160  # 120 is the rule; beyond this nobody reads on
TAB = 8


def width(line):
    return len(line.expandtabs(TAB))


def wrong_of(path):
    text = path.read_bytes().decode("utf-8")
    if text and not text.endswith("\n"):
        yield f"{path}: does not end with a line end"
    if text.endswith("\n\n"):
        yield f"{path}: ends with empty lines"
    code = path.suffix in (".c", ".h")
    for number, line in enumerate(text.split("\n"), 1):
        if line.endswith("\r") or line != line.rstrip():
            yield f"{path}:{number}: blanks at the end"
        if code and re.match(r"\t* +\t", line):
            yield f"{path}:{number}: a tab behind blanks"
        if code and width(line) > WIDTH:
            yield f"{path}:{number}: {width(line)} columns"


def main():
    root = pathlib.Path(sys.argv[1])
    paths = sorted(p for folder in FOLDERS for p in (root / folder).rglob("*")
                   if p.suffix in (".c", ".h", ".def", ".sql", ".py", ".mjs", ".js", ".css") and "node_modules" not in p.parts
                   and "corpus" not in p.parts)
    wrong = [line for path in paths for line in wrong_of(path)]
    for line in wrong:
        print(line.replace(f"{root}/", ""))
    sys.exit(1 if wrong or not paths else 0)


if __name__ == "__main__":
    main()
