#!/usr/bin/python3
"""Includes point one way: down the list of folders of docs/design.md, never across or back.

    arrows.py ROOT      exit 1 and one line for each that does not
"""
import pathlib
import re
import sys

# Top to bottom. Folders of one line do not include each other.
ARROWS = [
    {"cli"},
    {"pages", "api", "gate", "oidc"},
    {"sign_in"},
    {"organizations"},
    {"second_step"},
    {"accounts"},
    {"sessions", "mandate", "otp", "recovery", "passkeys", "mail", "limits", "audit", "signing"},
    {"http", "store", "keys"},
    {"base"},
]
RANK = {folder: rank for rank, folders in enumerate(ARROWS) for folder in folders}
INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.M)
GENERATED = {"messages.h"}


def wrong_of(path, source):
    folder = path.relative_to(source).parts[0]
    text = path.read_text()
    includes = INCLUDE.findall(text)
    if folder != "main.c" and folder not in RANK:
        yield f"{path}: its folder stands nowhere in the arrows"
        return
    rank = RANK.get(folder, -1)
    for include in includes:
        target = include.split("/")[0]
        if include in GENERATED or include.endswith(".def") or target == folder:
            continue
        if "/" not in include:
            if not (path.parent / include).exists():
                continue  # made by the build for this folder
            yield f'{path}: "{include}" is written without its folder'
        elif target not in RANK:
            yield f'{path}: "{include}" is in no folder of the arrows'
        elif RANK[target] <= rank:
            yield f'{path}: "{include}" points {"across" if RANK[target] == rank else "back"}'
    headers = [include for include in includes if not include.endswith(".def")]
    if path.suffix == ".c" and (not headers or headers[-1] != "base/banned.h"):
        yield f'{path}: its last include is not "base/banned.h"'


def main():
    root = pathlib.Path(sys.argv[1])
    source = root / "src"
    paths = sorted(p for p in source.rglob("*.[ch]"))
    wrong = [line for path in paths for line in wrong_of(path, source)]
    for line in wrong:
        print(line.replace(f"{root}/", ""))
    sys.exit(1 if wrong or not paths else 0)


if __name__ == "__main__":
    main()
