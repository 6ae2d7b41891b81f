"""The route tables, as the sources have them: a line that is written otherwise than the others is no line, but an error."""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("api", "pages", "oidc", "gate")
FILES = ("cli/health.c",)
GUARD = "sign_in/guard.c"  # names the column, has no table but one line for what has no route
ANSWERS_BY_ITSELF = {"forward_auth_surface", "auth_request_surface", "ext_authz_surface"}

DEFINE = re.compile(r'^#define (\w+_PATH)\s+((?:(?:"[^"]*"|\w+_PATH)\s*)+)(?:/\*.*)?$', re.M)
TABLE = re.compile(r"^(?:static )?const struct route (\w+)\[\] = \{\n(.*?)^\};", re.M | re.S)
LINE = re.compile(r'\{ (\w+)(?: \| HASHES)?, ((?:"[^"]*"|\w+_PATH| )+), ACCESS_(ANYBODY|RESTRICTED|SIGNED_IN|RIGHT\(RIGHT_\w+\)), '
                  r"FRESH_(\w+), (?:&\w+|NULL), (\w+) \},")
NO_ROUTE = 'static const struct route open_to_all = { GET, "", ACCESS_ANYBODY, FRESH_NOT, NULL, NULL };'


class Route:
    def __init__(self, method, path, access, file, freshness, handler):
        self.method, self.path, self.access, self.file = method, path, access, file
        self.freshness, self.handler = freshness, handler

    def __repr__(self):
        return f"{self.method} {self.path}"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources():
    return sorted(path for folder in FOLDERS for path in glob.glob(os.path.join(ROOT, "src", folder, "*.c"))) + [
        os.path.join(ROOT, "src", file) for file in FILES]


def defines(*texts):
    """{NAME_PATH: what it is made of}."""
    return dict(pair for text in texts for pair in DEFINE.findall(text))


def spell(words, found):
    """A path from its parts: texts, and names of others."""
    parts = re.findall(r'"([^"]*)"|(\w+_PATH)', words)
    return "".join(spell(found[name], found) if name else text for text, name in parts)


def routes_in(path, text, names):
    text = text.replace(NO_ROUTE, "") if path.endswith("pages/pages.c") else text
    rows = []
    for name, body in TABLE.findall(text):
        lines = [line.strip() for line in re.sub(r"/\*.*?\*/", "", body, flags=re.S).splitlines() if line.strip()]
        if not lines or lines[-1] != "ROUTES_END":
            raise AssertionError(f"{path}: {name} does not end with ROUTES_END")
        for line in lines[:-1]:
            found = LINE.fullmatch(line)
            if not found:
                raise AssertionError(f"{path}: {name} has a line that is not written as the others are: {line}")
            rows.append(Route(found[1], spell(found[2], names), found[3], path, found[4], found[5]))
    if len(rows) != len(re.findall(r"\bACCESS_", text)):
        raise AssertionError(f"{path}: a route outside of the tables")
    return rows


def every_route():
    """All of them."""
    headers = [read(path) for path in sorted(glob.glob(os.path.join(ROOT, "src/*/*.h")))]
    found = []
    for path in sources():
        text = read(path)
        found += routes_in(path, text, defines(*headers, text))
    return found


FUNCTION = re.compile(r"^(static )?[a-z][\w *]*?\b\*?(\w+)\([^;{]*\)\n\{\n(.*?)^\}", re.M | re.S)


def functions_of(path):
    """{name: (seen by others, body)}."""
    return {name: (not static, body) for static, name, body in FUNCTION.findall(read(path))}


def shows_a_page(route):
    """Whether its handler may come to page_sent(), by whatever it names."""
    files = {path: functions_of(path) for path in sources() if os.sep + "pages" + os.sep in path}
    public = {name: (path, name) for path, found in files.items() for name, (seen, _) in found.items() if seen}
    ahead, known = [(route.file, route.handler)], set()
    while ahead:
        at = path, name = ahead.pop()
        if name == "page_sent":
            return True
        if at not in known:
            known.add(at)
            words = re.findall(r"\w+", re.sub(r'"[^"]*"', "", files[path][name][1]))
            ahead += [(path, word) if word in files[path] else public[word] for word in words if word in files[path] or word in public]
    return False


def strays():
    """Files with routes, and surfaces that answer by themselves, which nobody told us of."""
    known = set(sources()) | {os.path.join(ROOT, "src", GUARD)}
    for path in sorted(glob.glob(os.path.join(ROOT, "src/*/*.c"))):
        text = read(path)
        if path not in known and ("ACCESS_" in text or "struct route " in re.sub(r"const struct route (\*|\w+;|\w+ =)", "", text)):
            yield path
        for name in re.findall(r"struct surface (\w+) = \{[^}]*\.whole = ", text):
            if name not in ANSWERS_BY_ITSELF:
                yield f"{path}: {name}"


def cookie_names():
    """The cookies of src/http/cookies.c, without prefix."""
    return re.findall(r'\[COOKIE_\w+\] = \{ "([\w-]+)"', read(os.path.join(ROOT, "src/http/cookies.c")))
