#!/usr/bin/python3
"""README and manual page name every setting of src/cli/settings_table.c, with its variable and default, and no other.

    settings.py ROOT      exit 1 and one line for each difference
"""
import pathlib
import re
import sys

TEXT = r'(?:NULL|"(?:[^"\\]|\\.)*")'
ROW = re.compile(rf"\[SETTING_(\w+)\] = \{{\s*({TEXT}), ({TEXT}), ({TEXT}), ({TEXT}), ({TEXT}),")
VARIABLES_OF_TESTS = {"TWOSTEP_BIN"}


def read_table(path):
    """[(flag, variable, value, default)], each None where there is none."""
    rows = []
    for row in ROW.findall(path.read_text()):
        flag, variable, _, value, preset = (None if text == "NULL" else text[1:-1] for text in row[1:])
        rows.append((flag, variable, value, preset))
    return rows


def wrong_in_readme(rows, text):
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    for flag, variable, value, preset in rows:
        name = f"{flag} {value}" if flag and value else flag or variable
        cells = [f"`{name}`", f"`{variable}`" if variable and flag else "", f"`{preset}`" if preset else ""]
        if not any(all(cell in line for cell in cells) and line.startswith(f"| `{name}` |") for line in lines):
            yield f"README.md: no row for {name} with {variable} and {preset or 'no default'}"


def wrong_in_manual(rows, text):
    plain = re.sub(r"\\-", "-", re.sub(r"\\f[BIRP]", "", text))
    for flag, variable, value, preset in rows:
        for word in (flag, variable, preset if preset and "DIR" not in preset else None):
            if word and not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", plain):
                yield f"man/twostep-serve.1: does not name {word}"


def read_flags(path):
    """Those of the operator's commands."""
    return set(re.findall(r'\{ "(--[a-z-]+)", OPERATOR_', path.read_text()))


def strangers(name, text, rows, flags):
    plain = re.sub(r"\\-", "-", re.sub(r"\\f[BIRP]", "", text))
    known = {word for row in rows for word in row[:2] if word} | VARIABLES_OF_TESTS
    known |= {"--help", "--version", "--flag"} | flags
    for word in sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+|TWOSTEP_[A-Z_]+", plain)) - known):
        yield f"{name}: {word} is no setting"


def main():
    root = pathlib.Path(sys.argv[1])
    rows = read_table(root / "src/cli/settings_table.c")
    readme, manual = (root / "README.md").read_text(), (root / "man/twostep-serve.1").read_text()
    wrong = [] if len(rows) > 10 else ["src/cli/settings_table.c cannot be read"]
    wrong += wrong_in_readme(rows, readme)
    wrong += wrong_in_manual(rows, manual)
    wrong += strangers("README.md", readme, rows, read_flags(root / "src/cli/operator.c"))
    wrong += strangers("man/twostep-serve.1", manual, rows, set())
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
