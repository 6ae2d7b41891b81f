"""
Holds answers of the API against docs/openapi.yaml: status and code are named there, the body has the members described and no others.

    described.check("POST", "/api/v1/login", reply)      AssertionError says what is not as described
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "check"))

from openapi import read_yaml  # noqa: E402

with open(os.path.join(ROOT, "docs", "openapi.yaml"), encoding="utf-8") as file:
    DOCUMENT = read_yaml(file.read())

# What the description says of all requests, of those that somebody signed in makes, and of those that want proofs.
OF_ALL = {(400, "invalid_request"), (403, "cross_site_request"), (413, "body_too_large"), (415, "unsupported_media_type"),
          (429, "too_many_attempts"), (503, "busy"), (503, "unavailable")}
OF_SIGNED_IN = {(401, "not_signed_in"), (403, "two_step_setup_required"), (403, "confirmation_required")}
# What is refused before anybody looks for a route.
OF_THE_FRONT = {"request_timeout": 408, "uri_too_long": 414, "expectation_failed": 417, "headers_too_large": 431,
                "not_implemented": 501, "http_version_not_supported": 505}

CODES = set(DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"]["-"])
KINDS = {"string": str, "object": dict, "array": list, "null": type(None), "boolean": bool}


def resolve(node):
    while "$ref" in node:
        place = DOCUMENT
        for part in node["$ref"].strip('"')[2:].split("/"):
            place = place[part]
        node = place
    return node


def is_kind(name, value):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, KINDS[name])


def check_value(schema, value, where):
    schema = resolve(schema)
    if "const" in schema and str(value) != schema["const"]:
        raise AssertionError(f"{where} is {value!r}, described as {schema['const']}")
    kinds = re.findall(r"\w+", schema.get("type", ""))
    if kinds and not any(is_kind(kind, value) for kind in kinds):
        raise AssertionError(f"{where} is {value!r}, described as {schema['type']}")
    words = schema.get("enum", "")
    words = words["-"] if isinstance(words, dict) else re.findall(r"\w+", words)
    if words and value is not None and value not in words:
        raise AssertionError(f"{where} is {value!r}, described as one of {words}")
    if schema.get("format") == "date-time" and value and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        raise AssertionError(f"{where} is no moment: {value!r}")
    if isinstance(value, dict):
        check_members(schema, value, where)
    if isinstance(value, list):
        if not int(schema.get("minItems", 0)) <= len(value) <= int(schema.get("maxItems", len(value))):
            raise AssertionError(f"{where} has {len(value)} items")
        for place, item in enumerate(value):
            check_value(schema["items"], item, f"{where}[{place}]")


def check_members(schema, value, where):
    for name in re.findall(r"\w+", schema.get("required", "")):
        if name not in value:
            raise AssertionError(f"{where} lacks {name}")
    for name, member in value.items():
        if name not in schema["properties"]:
            raise AssertionError(f"{where} has {name}, which is not described")
        check_value(schema["properties"][name], member, f"{where}.{name}")


def operation_of(method, path):
    """The description of what was asked; None where there is no such thing to ask."""
    path = path.split("?")[0][len("/api/v1"):]
    for template, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return operations.get({"HEAD": "get"}.get(method, method.lower() if method.isupper() else None))
    return None


def codes_of(operation):
    """{(status, code)} that may refuse it."""
    found = set(OF_ALL)
    if operation.get("security") != "[]":
        found |= OF_SIGNED_IN
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            found |= {(int(status), word) for word in re.findall(r"\w+", response["description"]) if word in CODES}
    return found


def check_refusal(operation, asked, reply):
    problem = reply.json
    check_value({"$ref": "#/components/schemas/Problem"}, problem, asked)
    if (reply.header("WWW-Authenticate") is None) == (reply.status == 401):
        raise AssertionError(f"{asked}: WWW-Authenticate is {reply.header('WWW-Authenticate')}")
    if operation is None:
        if reply.status not in (400, 404, 405) and problem["code"] != "cross_site_request":
            raise AssertionError(f"{asked} is not described, but answered")
    elif (reply.status, problem["code"]) not in codes_of(operation):
        raise AssertionError(f"{asked}: {problem['code']} is not described")


def check_content(contents, asked, reply):
    (kind, content), = contents.items()
    if (reply.header("Content-Type") or "").split(";")[0] != kind:
        raise AssertionError(f"{asked} is {reply.header('Content-Type')}, described as {kind}")
    if kind == "application/json" and reply.body:
        check_value(content["schema"], reply.json, asked)


def check(method, path, reply):
    asked = f"{method} {path} {reply.status}"
    if not reply.body and reply.status != 204:
        return  # of HEAD, or refused by the front before it was read
    if OF_THE_FRONT.get(reply.code) == reply.status:
        return
    operation = operation_of(method, path)
    if reply.status >= 400:
        check_refusal(operation, asked, reply)
        return
    if operation is None or str(reply.status) not in operation["responses"]:
        raise AssertionError(f"{asked}: not described")
    response = resolve(operation["responses"][str(reply.status)])
    if "content" in response:
        check_content(response["content"], asked, reply)
    elif reply.body or reply.header("Content-Type"):
        raise AssertionError(f"{asked}: a body where none is described")
