"""Assertions as applications verify them: the keys of a running server, and the programs of docs/assertion.md word for word."""
import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from harness import Browser, DoorTest, Server, binary, expect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = "app.example.com"
PATH = "/oauth2/jwks"


def sign(server, host=HOST, seconds_ago=0, issuer=None):
    """An assertion signed with the server's own keys, as its gate signs them."""
    helper = os.path.join(os.path.dirname(binary()), "tests", "unit", "signing", "sign-assertion")
    done = subprocess.run([helper, server.data, issuer or server.origin, host, str(seconds_ago)], check=True, capture_output=True,
                          text=True, timeout=60)
    return done.stdout.strip()


def keys_of(server):
    return expect(Browser(server).request("GET", PATH), 200)["keys"]


def plain(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def coded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def swap(text, at):
    """Another character at this place, one that changes bits which count."""
    return text[:at] + ("A" if text[at] != "A" else "Q") + text[at + 1:]


class Keys(DoorTest):
    def test_the_list_is_what_libraries_expect(self):
        reply = Browser(self.server).request("GET", PATH)
        self.assertEqual(expect(reply, 200).keys(), {"keys"})
        self.assertEqual(reply.header("Content-Type"), "application/json")
        self.assertEqual(reply.all("Cache-Control"), ["no-store"])
        self.assertEqual(reply.all("Set-Cookie"), [])
        key, = reply.json["keys"]
        self.assertEqual(key.keys(), {"kty", "crv", "x", "y", "kid", "alg", "use"})
        self.assertEqual((key["kty"], key["crv"], key["alg"], key["use"]), ("EC", "P-256", "ES256", "sig"))
        jwt.PyJWK.from_dict(key)

    def test_head_and_wrong_methods(self):
        browser = Browser(self.server)
        length = browser.request("GET", PATH).header("Content-Length")
        reply = browser.request("HEAD", PATH)
        self.assertEqual((reply.status, reply.body, reply.header("Content-Length")), (200, b"", length))
        for method in ("PUT", "PATCH", "DELETE"):
            reply = browser.request(method, PATH)
            self.assertEqual((reply.status, reply.header("Allow"), reply.header("Cache-Control")), (405, "GET, HEAD", "no-store"))
        self.assertEqual(browser.request("GET", "/oauth2/authorize").status, 404)
        self.assertEqual(browser.request("GET", "/oauth2/").status, 404)

    def test_a_restart_keeps_the_key_and_what_it_signed(self):
        before, token = keys_of(self.server), sign(self.server)
        self.server.restart()
        self.assertEqual(keys_of(self.server), before)
        self.assertEqual(plain(token.split(".")[0]), {"alg": "ES256", "typ": "JWT", "kid": before[0]["kid"]})
        claims = jwt.decode(token, jwt.PyJWK.from_dict(before[0]).key, ["ES256"], audience=HOST, issuer=self.server.origin)
        self.assertEqual(claims["exp"] - claims["iat"], 60)

    def test_a_new_server_makes_its_key_when_first_asked(self):
        server = Server()
        try:
            tokens = [sign(server), sign(server)]
            kids = {plain(token.split(".")[0])["kid"] for token in tokens}
            self.assertEqual(len(kids), 1)
            with self.assertRaises(subprocess.CalledProcessError):  # without the keyring nothing is signed
                os.rename(os.path.join(server.data, "keyring"), os.path.join(server.data, "elsewhere"))
                sign(server)
            os.rename(os.path.join(server.data, "elsewhere"), os.path.join(server.data, "keyring"))
        finally:
            server.stop()


class Documented(DoorTest):
    """The programs of docs/assertion.md. Each reads a token a line and answers with the claims or `refused`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="twostep-assertion-")
        cls.other = Server()
        cls.right = sign(cls.server)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.other.stop()
        finally:
            shutil.rmtree(cls.folder, ignore_errors=True)
            super().tearDownClass()

    def wrong(self):
        """[(what, token)] of what must open nothing."""
        header, claims, signature = self.right.split(".")
        head, body, kid = plain(header), plain(claims), plain(header)["kid"]
        foreign = ec.generate_private_key(ec.SECP256R1())
        point = foreign.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": coded(point.x.to_bytes(32, "big")), "y": coded(point.y.to_bytes(32, "big"))}
        of_server, = keys_of(self.server)
        return [
            ("nothing", ""),
            ("no token", "token"),
            ("no JSON", "a.b.c"),
            ("another host", sign(self.server, host="other.example.com")),
            ("another port", sign(self.server, host=HOST + ":8443")),
            ("a longer host", sign(self.server, host="x" + HOST)),
            ("another issuer", sign(self.server, issuer="https://elsewhere.example.com")),
            ("expired", sign(self.server, seconds_ago=70)),
            ("not yet", sign(self.server, seconds_ago=-60)),
            ("signed by another twostep", sign(self.other, issuer=self.server.origin)),
            ("signed by anybody under our kid", jwt.encode(body, foreign, "ES256", {"kid": kid})),
            ("signed by the key that it brings", jwt.encode(body, foreign, "ES256", {"kid": kid, "jwk": jwk})),
            ("without kid", jwt.encode(body, foreign, "ES256")),
            ("alg none", f"{coded({**head, 'alg': 'none'})}.{claims}."),
            ("alg none with the old signature", f"{coded({**head, 'alg': 'none'})}.{claims}.{signature}"),
            ("alg HS256 with the public key as secret", jwt.encode(body, of_server["x"], "HS256", {"kid": kid})),
            ("alg ES384", f"{coded({**head, 'alg': 'ES384'})}.{claims}.{signature}"),
            ("another person", f"{header}.{coded({**body, 'sub': 'BBBBBBBBBBBBBBBBBBBBBB'})}.{signature}"),
            ("a longer life", f"{header}.{coded({**body, 'exp': body['exp'] + 3600})}.{signature}"),
            ("another header", f"{coded({**head, 'typ': 'at+jwt'})}.{claims}.{signature}"),
            ("without signature", f"{header}.{claims}."),
            ("a signature of zeros", f"{header}.{claims}.{coded(bytes(64))}"),
            ("half a signature", f"{header}.{claims}.{signature[:43]}"),
            ("another r", f"{header}.{claims}.{swap(signature, 3)}"),
            ("another s", f"{header}.{claims}.{swap(signature, 60)}"),
            ("more behind it", f"{self.right}.{signature}"),
        ]

    def program(self, language):
        """The one block of this language, set up for this server."""
        with open(os.path.join(ROOT, "docs", "assertion.md"), encoding="utf-8") as file:
            block, = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.M | re.S)
        self.assertIn("https://login.example.com", block)
        self.assertIn(HOST, block)
        return block.replace("https://login.example.com", self.server.origin)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def answers(self, command, tokens):
        done = subprocess.run(command, input="".join(token + "\n" for token in tokens), capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def hold(self, command):
        """The right one opens, before and behind all the wrong ones; none of those does."""
        fresh, wrong = sign(self.server), self.wrong()
        answers = self.answers(command, [fresh, *(token for _, token in wrong), fresh])
        self.assertEqual(len(answers), len(wrong) + 2)
        for place in (0, -1):
            claims = json.loads(answers[place])
            self.assertEqual((claims["sub"], claims["aud"], claims["name"]), ("MTYgYnl0ZXMgb2YgS2ltLg", HOST, "Kim 김"))
            self.assertEqual(claims["amr"], ["pwd", "otp"])
        for (what, _), answer in zip(wrong, answers[1:-1]):
            with self.subTest(what):
                self.assertEqual(answer, "refused")

    def test_python(self):
        self.hold(["/usr/bin/python3", self.write("run.py", self.program("python") + """
import json, sys
for line in sys.stdin:
    try:
        print(json.dumps(verify(line.strip())))
    except jwt.PyJWTError:
        print("refused")
""")])

    def test_node(self):
        self.write("verify.mjs", self.program("js"))
        self.hold(["node", self.write("run.mjs", """
import { createInterface } from "node:readline";
import { verify } from "./verify.mjs";
for await (const line of createInterface({ input: process.stdin }))
  console.log(await verify(line).then(JSON.stringify, () => "refused"));
""")])

    def test_c(self):
        keys = json.dumps(json.dumps({"keys": keys_of(self.server)}))
        source = self.write("verify.c", self.program("c") + f"""
#include <stdio.h>
#include <string.h>
int main(void)
{{
	static char line[8192];
	jwks_t *keys = r_jwks_quick_import(R_IMPORT_JSON_STR, {keys}, R_IMPORT_NONE);

	while (fgets(line, sizeof(line), stdin)) {{
		line[strcspn(line, "\\n")] = '\\0';
		jwt_t *jwt = verify(line, keys);
		char *text = jwt ? r_jwt_get_full_claims_str(jwt) : NULL;
		puts(text ? text : "refused");
		r_free(text);
		r_jwt_free(jwt);
	}}
	r_jwks_free(keys);
	return 0;
}}
""")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "librhonabwy"], check=True, capture_output=True, text=True)
        output = os.path.join(self.folder, "verify")
        built = subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", output, source, *shlex.split(flags.stdout)],
                               capture_output=True, text=True, timeout=120)
        self.assertEqual((built.returncode, built.stdout, built.stderr), (0, "", ""))
        self.hold([output])


if __name__ == "__main__":
    unittest.main()
