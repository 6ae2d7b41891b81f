#!/usr/bin/env python3
"""docs/openapi.yaml says what the tables say: routes, who may call, freshness, fields, codes.

    openapi.py ROOT      exit 1 and one line for each difference
"""
import pathlib
import re
import sys

ROUTE = re.compile(r'\{ (\w+)(?: \| HASHES)?, "(?:/api/v1)?(/[^"]*)", ACCESS_(\w+(?:\(RIGHT_\w+\))?), FRESH_(\w+), (?:&(\w+)|NULL), \w+ \}')
FIELD = re.compile(r"FIELD(?:_OF|_LONG)?\((\w+), (\w+), FIELD_(\w+)(?:, &\w+)?\)")
ERROR = re.compile(r'^ERR\(\w+,\s*\d+,\s*"(\w+)"\)', re.M)
FRESH = {"NOT": None, "PROOFS": "proofs", "SECOND_STEP": "second_step"}
MUST = {"TEXT", "CODE"}


def read_yaml(text):
    """Block mappings and lists by indent, as dicts and lists; every scalar is its text. Block scalars are skipped."""
    root, skip = {}, None
    stack = [(-1, root)]
    for number, line in enumerate(text.splitlines(), 1):
        indent, line = len(line) - len(line.lstrip(" ")), line.strip()
        if not line or line.startswith("#") or (skip is not None and indent > skip):
            continue
        skip = None
        while indent <= stack[-1][0]:
            stack.pop()
        parent = stack[-1][1]
        if line.startswith("- "):
            parent.setdefault("-", []).append(line[2:])
            continue
        found = re.fullmatch(r'("[^"]*"|[^\s":][^:]*):(?: (.*))?', line)
        if not found:
            sys.exit(f"openapi.yaml:{number}: not a plain mapping: {line}")
        key, value = found[1].strip('"'), found[2]
        if key in parent:
            sys.exit(f"openapi.yaml:{number}: twice: {key}")
        if value == "|":
            skip, parent[key] = indent, ""
        elif value:
            parent[key] = value
        else:
            parent[key] = {}
            stack.append((indent, parent[key]))
    return root


def words(flow):
    return set(re.findall(r"\w+", flow or ""))


def routes_of_tables(sources):
    """{(method, path): (access, fresh, {field: must it be there})}"""
    found = {}
    for path in sources:
        text = path.read_text()
        forms = {}
        for form, field, kind in FIELD.findall(text):
            forms.setdefault(form, {})[field] = kind in MUST
        rows = ROUTE.findall(text)
        if len(rows) != len(re.findall(r"ACCESS_", text)):
            sys.exit(f"{path}: a route is not written as the others are")
        for method, route, access, fresh, form in rows:
            found[method.lower(), route] = (access, FRESH[fresh], forms[form] if form else {})
    return found


def access_of(operation):
    if operation.get("security") == "[]":
        return "ANYBODY"
    if "x-right" in operation:
        return f"RIGHT(RIGHT_{operation['x-right']})"
    return "RESTRICTED" if operation.get("x-restricted") == "true" else "SIGNED_IN"


def fields_of(operation):
    body = operation.get("requestBody")
    if not body:
        return {}
    schema = body["content"]["application/json"]["schema"]
    must = words(schema["required"])
    return {name: name in must for name in schema["properties"]}


def routes_of_paths(document):
    return {(method, path): (access_of(operation), operation.get("x-fresh"), fields_of(operation))
            for path, operations in document["paths"].items() for method, operation in operations.items()}


def references(document, text):
    """$refs that lead nowhere."""
    for ref in sorted(set(re.findall(r'\$ref: "#/([^"]+)"', text))):
        place = document
        for part in ref.split("/"):
            place = place.get(part, {})
        if not place:
            yield f"openapi.yaml: nothing at #/{ref}"


def differences(root):
    text = (root / "docs/openapi.yaml").read_text()
    document = read_yaml(text)
    tables = routes_of_tables(sorted([*(root / "src/api").glob("*.c"), *(root / "src/oidc").glob("*.c")]))
    paths = routes_of_paths(document)
    if not tables:
        yield "src/api: no routes found"
    for key in sorted(set(tables) | set(paths)):
        name = f"{key[0].upper()} {key[1]}"
        if key not in paths:
            yield f"{name}: not in openapi.yaml"
        elif key not in tables:
            yield f"{name}: in openapi.yaml, but not served"
        elif tables[key] != paths[key]:
            yield f"{name}: served {tables[key]}, described {paths[key]}"

    served = set(ERROR.findall((root / "src/base/err.def").read_text()))
    described = set(document["components"]["schemas"]["ProblemCode"]["enum"]["-"])
    for code in sorted(served ^ described):
        yield f"code {code}: " + ("not in openapi.yaml" if code in served else "in openapi.yaml, but not in err.def")
    for name in sorted(words(" ".join(re.findall(r"description: (\w+(?:, \w+)*)$", text, re.M)))):
        if "_" in name and name not in served:
            yield f"description of a response: no such code {name}"
    yield from references(document, text)


def main():
    found = list(differences(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) if found else "docs/openapi.yaml and the tables agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
