"""CSV downloads: who may, what is in them, and that they stream."""
import csv
import io
import os
import re
import socket
import subprocess
import time
import unittest

from harness import LEAN, Wire, at_once, binary, clean_environment, expect
from organizations import OrganizationTest, id_hex


class Csv(OrganizationTest):
    def allow(self, owner, organization, mode="managers", two_step_required=None, **more):
        demand = {} if two_step_required is None else {"two_step_required": two_step_required}
        expect(owner.patch(f"/organizations/{organization}/security", {"csv_download": {"mode": mode, **more}, **demand}), 200)

    def rows(self, reply):
        self.assertEqual(reply.status, 200, repr(reply))
        self.assertEqual(reply.header("Content-Type"), "text/csv; charset=utf-8; header=present")
        self.assertTrue(reply.body.endswith(b"\r\n"))
        return list(csv.reader(io.StringIO(reply.text.lstrip("\ufeff"), newline="")))


class Downloads(Csv):
    def test_are_off_until_switched_on(self):
        organization, owner, manager, _ = self.team()
        for name in ("members.csv", "audit.csv"):
            expect(owner.get(f"/organizations/{organization}/{name}"), 403, "forbidden")
        self.allow(owner, organization)
        for person in (owner, manager):
            for name in ("members.csv", "audit.csv"):
                self.rows(person.get(f"/organizations/{organization}/{name}"))
        self.allow(owner, organization, "off")
        expect(manager.get(f"/organizations/{organization}/members.csv"), 403, "forbidden")

    def test_a_second_step_of_so_many_minutes(self):
        organization, owner, manager, _ = self.team()
        self.allow(owner, organization, "second_step", max_age_s=120)
        expect(manager.get(f"/organizations/{organization}/members.csv"), 409, "own_two_step_first")
        manager.enable()
        self.rows(manager.get(f"/organizations/{organization}/members.csv"))
        self.server.forward(180)
        reply = expect(manager.get(f"/organizations/{organization}/members.csv"), 403, "confirmation_required")
        self.assertEqual(reply["needs"], "second_step")
        expect(manager.post("/session/confirm", {"method": "totp", "code": manager.app_code()}), 200)
        self.rows(manager.get(f"/organizations/{organization}/members.csv"))

    def test_members(self):
        organization, owner, manager, member = self.team()
        self.allow(owner, organization)
        made = expect(owner.post(f"/organizations/{organization}/services", {"name": "Shop"}), 201)
        expect(owner.patch(f"/organizations/{organization}/members/{member.id()}", {"services": [{"id": made["id"], "role": "viewer"}]}), 200)
        expect(member.patch("/account", {"name": "=HYPERLINK(\"x\")"}), 200)
        expect(manager.patch("/account", {"name": "김, \"소라\""}), 200)
        member.enable()
        reply = manager.get(f"/organizations/{organization}/members.csv")
        head, *rows = self.rows(reply)
        self.assertEqual(head, ["email", "name", "role", "services", "two_step", "joined_at", "last_seen_at"])
        found = {row[0]: row[1:5] for row in rows}
        self.assertEqual(found[member.email], ["'=HYPERLINK(\"x\")", "member", "Shop: viewer", "on"])
        self.assertEqual(found[manager.email], ["김, \"소라\"", "manager", "all: manager", "off"])
        self.assertEqual(set(found), {owner.email, manager.email, member.email})
        self.assertIn("attachment; filename=\"members.csv\"; filename*=UTF-8''Alpha-members.csv", reply.header("Content-Disposition"))
        self.assertIn(("downloaded", manager.email, "members.csv", ""), self.log_of(organization))
        self.assertFalse(reply.body.startswith(b"\xef\xbb\xbf"))
        with_bom = manager.get(f"/organizations/{organization}/members.csv?bom=1")
        self.assertEqual(with_bom.body, b"\xef\xbb\xbf" + reply.body)

    def test_audit_with_its_filters_and_no_other_organisations_rows(self):
        organization, owner, manager, _ = self.team()
        other, stranger, *_ = self.team("Beta")
        self.allow(owner, organization)
        expect(stranger.patch(f"/organizations/{other}", {"name": "Gamma"}), 200)
        expect(manager.patch(f"/organizations/{organization}", {"name": "+Plus"}), 200)
        head, *rows = self.rows(owner.get(f"/organizations/{organization}/audit.csv"))
        self.assertEqual(head[:6], ["id", "at", "actor", "actor_id", "action", "target"])
        self.assertFalse([r for r in rows if r[2] == stranger.email])
        _, *rows = self.rows(owner.get(f"/organizations/{organization}/audit.csv?action=organization_renamed"))
        self.assertEqual([(r[2], r[5]) for r in rows], [(manager.email, "'+Plus")])
        expect(owner.get(f"/organizations/{organization}/audit.csv?action=x"), 400, "invalid_request")
        expect(owner.get(f"/organizations/{organization}/audit.csv?from=x"), 400, "invalid_request")

    def test_head_has_no_body_and_http_1_0_is_told_by_the_end(self):
        organization, owner, *_ = self.team()
        self.allow(owner, organization)
        path = f"/api/v1/organizations/{organization}/members.csv"
        head = owner.request("HEAD", path)
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertNotIn("downloaded", [action for action, *_ in self.log_of(organization)])
        whole = owner.request("GET", path)
        self.assertEqual(whole.all("Transfer-Encoding"), ["chunked"])
        with Wire(self.server) as wire:
            asked = owner.prepare("GET", path).replace(b"HTTP/1.1", b"HTTP/1.0")
            old = wire.send(asked).reply()
            self.assertEqual((old.all("Transfer-Encoding"), old.header("Connection")), ([], "close"))
            self.assertEqual(old.body, whole.body)

    def over_a_unix_socket(self, requests):
        """What the server answers there to each, as bytes."""
        self.server.end()
        self.addCleanup(self.server.start)
        place = os.path.join(self.server.data, "socket")
        environment = clean_environment(TWOSTEP_DATA=self.server.data, TWOSTEP_LISTEN=f"unix:{place}", TWOSTEP_PUBLIC_URL=self.server.origin,
                                        TWOSTEP_MAIL=f"file:{self.server.outbox}")
        with open(self.server.log_path, "ab") as log, subprocess.Popen([binary(), "serve"], env=environment, stdout=log, stderr=log) as process:
            try:
                return [self.read_whole(place, request) for request in requests]
            finally:
                process.terminate()

    def test_http_1_0_over_a_unix_socket_is_told_the_length(self):
        """There an end that was cut looks like any other."""
        organization, owner, *_ = self.team()
        self.allow(owner, organization)
        self.many(organization, 5000)
        path = f"/api/v1/organizations/{organization}/members.csv"
        whole = owner.request("GET", path)
        answers = self.over_a_unix_socket([owner.prepare(method, path).replace(b"HTTP/1.1", b"HTTP/1.0") for method in ("GET", "HEAD")])
        for answer, body in zip(answers, (whole.body, b"")):
            head, got = answer.split(b"\r\n\r\n", 1)
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
            self.assertEqual(re.findall(rb"(?i)content-length: (\d+)", head), [b"%d" % len(body)] if body else [])
            self.assertEqual(got, body)

    def test_http_1_0_over_a_unix_socket_is_refused_what_is_too_large(self):
        organization, owner, *_ = self.team()
        self.allow(owner, organization)
        self.many(organization, 110000)
        path = f"/api/v1/organizations/{organization}/members.csv"
        self.assertGreater(len(owner.request("GET", path).body), 8 << 20)
        answers = self.over_a_unix_socket([owner.prepare("GET", path).replace(b"HTTP/1.1", version, 1) for version in (b"HTTP/1.0", b"HTTP/1.1\r\nConnection: close")])
        self.assertTrue(answers[0].startswith(b"HTTP/1.1 503 "), answers[0][:200])
        self.assertNotIn(b"row000001@", answers[0])
        self.assertTrue(answers[1].startswith(b"HTTP/1.1 200 "), answers[1][:200])
        self.assertTrue(answers[1].endswith(b"\r\n0\r\n\r\n"))

    def read_whole(self, place, asked):
        deadline, data = time.monotonic() + 60, b""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(120)
            while client.connect_ex(place) and time.monotonic() < deadline:
                time.sleep(0.05)
            client.sendall(asked)
            while part := client.recv(65536):
                data += part
        return data


class Streams(Csv):
    SERVER = {"env": LEAN}

    def test_thirty_thousand_rows_come_whole_and_stand_nowhere_whole(self):
        organization, owner, *_ = self.team()
        self.allow(owner, organization)
        self.many(organization, 30000)
        path = f"/organizations/{organization}/members.csv"
        self.rows(owner.get(f"/organizations/{organization}/audit.csv"))
        before = self.server.resident_kb()
        rows = self.rows(owner.get(path))
        self.assertEqual(len(rows), 30004)
        self.assertEqual([r[0] for r in rows[1:]], sorted({r[0] for r in rows[1:]}))
        self.assertLess(self.server.resident_kb() - before, 24 * 1024, "kB more than before")
        slow = [self.begin(owner, path) for _ in range(70)]
        try:
            time.sleep(0.3)
            at_once([lambda: expect(owner.get("/session"), 200)] * 4)
            self.assertTrue(all(s.recv(1) for s in slow))
        finally:
            for one in slow:
                one.close()
        expect(owner.get("/session"), 200)

    def begin(self, person, path, version=b"HTTP/1.1"):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.server.port))
        client.sendall(person.prepare("GET", "/api/v1" + path).replace(b"HTTP/1.1", version, 1))
        return client

    def read_all(self, client):
        data = b""
        client.settimeout(30)
        try:
            while part := client.recv(65536):
                data += part
                if data.endswith(b"0\r\n\r\n"):
                    break
        except ConnectionError:
            pass
        return data

    def test_who_loses_the_right_in_the_middle_gets_a_cut_file(self):
        organization, owner, manager, _ = self.team()
        owner.enable()
        self.many(organization, 30000)
        security = f"/organizations/{organization}/security"
        cases = (
            ("two-step is demanded", lambda: owner.patch(security, {"two_step_required": True})),
            ("another way to download", lambda: owner.patch(security, {"csv_download": {"mode": "second_step"}})),
            ("downloads are switched off", lambda: owner.patch(security, {"csv_download": {"mode": "off"}})),
            ("removed", lambda: owner.delete(f"/organizations/{organization}/members/{manager.id()}")),
        )
        for name, strike in cases:
            with self.subTest(name):
                self.allow(owner, organization, two_step_required=False)
                client = self.begin(manager, f"/organizations/{organization}/members.csv")
                self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 200"))
                time.sleep(0.3)
                expect(strike(), (200, 204))
                data = self.read_all(client)
                client.close()
                self.assertFalse(data.endswith(b"\r\n0\r\n\r\n"), "an end like that of a whole file")
                self.assertNotIn(b"row030000@", data)

    def test_a_cut_file_without_chunks_ends_in_a_reset(self):
        """Where the end of the connection is the end of the file, a clean one would make half a file look whole."""
        organization, owner, manager, _ = self.team()
        self.allow(owner, organization)
        self.many(organization, 30000)
        client = self.begin(manager, f"/organizations/{organization}/members.csv", b"HTTP/1.0")
        client.recv(1000)
        time.sleep(0.3)
        expect(owner.delete(f"/organizations/{organization}/members/{manager.id()}"), 204)
        client.settimeout(30)
        with self.assertRaises(ConnectionResetError):
            while client.recv(65536):
                pass
        client.close()


if __name__ == "__main__":
    unittest.main()
