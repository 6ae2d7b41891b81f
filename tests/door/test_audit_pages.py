"""The tab Audit log without JavaScript: entries in words, filters, pages, who may."""
import csv
import io
import unittest

from harness import expect, new_address
from test_organization_pages import PagesTest
from test_pages import Visitor


class AuditPage(PagesTest):
    def test_says_in_words_what_was_done_and_filters_it(self):
        organization, owner, manager, member = self.house()
        expect(manager.patch(f"/organizations/{organization}", {"name": "<b>Beta</b>"}), 422)
        expect(manager.patch(f"/organizations/{organization}", {"name": "Beta & Co"}), 200)
        page = owner.open(f"/organizations/{organization}/audit")
        for words in (manager.email, "Organization renamed", "Beta & Co", "127.0.0.1"):
            self.assertIn(words, page.text)
        page = page.press("Show", **{"Person (address)": owner.email})
        self.assertNotIn("Organization renamed", page.text.split("From day (UTC)")[1].split("Show", 1)[1])
        self.assertEqual(page.field("Person (address)")["value"], owner.email)
        page = owner.open(f"/organizations/{organization}/audit?from=yesterday")
        self.wrong_at(page, "From day (UTC)", 400)
        self.assertTrue(page.has("To day (UTC)", "input"))
        self.assertIn("a day of the calendar", page.text)
        self.assertNotIn("no entry", page.text, "nothing was looked for")
        row = owner.open(f"/organizations/{organization}/audit").main.all("time")[0]
        today, minute = row["datetime"][:10], row["datetime"][11:16]
        self.assertEqual(row.text, f"{today} {minute} UTC")
        self.assertFalse(row.has("data-local"), "the days of the filter are of UTC, too")
        self.assertIn("in UTC", page.main.text)
        for days in (f"from={today}&to={today}", f"from={today}T00:00:00Z&to={today}"):
            self.assertEqual(owner.open(f"/organizations/{organization}/audit?{days}").reply.status, 200, days)
        page = owner.open(f"/organizations/{organization}/audit?from=2026-11-26&to=2026-11-25")
        self.assertIn("before the first", self.wrong_at(page, "To day (UTC)", 400))
        self.assertNotIn("no entry", page.text)
        self.assertEqual([page.field(name)["value"] for name in ("From day (UTC)", "To day (UTC)")], ["2026-11-26", "2026-11-25"])
        self.assertIn("no entry", owner.open(f"/organizations/{organization}/audit?from=2999-01-01").text)
        for query in ("before=%ff", "before=", "from=%ff", "person=a&person=b"):
            self.assertEqual(owner.open(f"/organizations/{organization}/audit?{query}").reply.status, 400, query)

    def test_says_details_in_the_language_of_the_reader(self):
        organization, owner, _, member = self.house(two_step=True)
        place, api = f"/organizations/{organization}", owner
        service = expect(api.post(f"{place}/services", {"name": "off; Board: pwd", "hosts": ["a.localhost"], "assertion": True, "rules": [
            {"path": "/export,x/*", "methods": ["GET", "POST"], "second_step_max_age_s": 300}, {"path": "/", "second_step_max_age_s": 45}]}), 201)["id"]
        expect(api.patch(f"{place}/services/{service}", {"hosts": [], "rules": [], "assertion": False}), 200)
        expect(api.patch(f"{place}/members/{member.id()}", {"services": [{"id": service, "role": "viewer"}]}), 200)
        expect(api.patch(f"{place}/security", {"csv_download": {"mode": "second_step", "max_age_s": 900}, "session_idle_s": 3600}), 200)
        expect(api.patch(f"{place}/security", {"csv_download": {"mode": "off"}}), 200)
        expect(api.patch(f"{place}/security", {"two_step_required": True, "grace_days": 7}), 200)
        expect(api.post(f"{place}/invitations", {"email": new_address(), "role": "manager"}), 201)
        expect(member.delete(f"{place}/members/{member.id()}"), 204)
        kept = [event["details"] for event in expect(api.get(f"{place}/audit"), 200)["events"]]
        said = {
            "pwd,otp": ("password, authenticator app", "비밀번호, 인증 앱"),
            "hosts: a.localhost; rules: GET,POST /export,x/* 300 s, / 45 s; assertion": (
                "hosts: a.localhost; rules: GET,POST /export,x/* 5 minutes, / 45 seconds; signed assertion",
                "호스트: a.localhost; 규칙: GET,POST /export,x/* 5분, / 45초; 서명된 어서션"),
            "hosts: none; rules: none": ("hosts: none; rules: none", "호스트: 없음; 규칙: 없음"),
            "member; off; Board: pwd: viewer": ("Member; off; Board: pwd: Viewer", "멤버; off; Board: pwd: 뷰어"),
            "csv second_step, second step at most 900 s old; sessions idle 3600 s": (
                "CSV download: Owner and managers with a recent second step, 15 minutes; signed out when unused for 1 hour",
                "CSV 다운로드: 최근에 2단계 인증을 한 소유자와 매니저, 15분; 사용하지 않으면 로그아웃: 1시간"),
            "csv off, second step at most 900 s old; sessions idle 3600 s": (
                "CSV download: Nobody; signed out when unused for 1 hour", "CSV 다운로드: 허용 안 함; 사용하지 않으면 로그아웃: 1시간"),
            "grace 7 days": ("days of grace: 7", "유예 기간(일): 7"),
            "manager": ("Manager", "매니저"),
            "member": ("Member", "멤버"),
            "Alpha": ("Alpha", "Alpha"),
        }
        self.assertEqual(set(kept), set(said), "the API keeps its form")
        for column, language in enumerate(("en", "ko")):
            expect(api.patch("/account", {"locale": language}), 200)
            text = owner.open(f"{place}/audit").text
            for row in said.values():
                self.assertIn(row[column], text)

    def test_is_paged(self):
        organization, owner, *_ = self.house()
        for n in range(55):
            expect(owner.patch(f"/organizations/{organization}", {"name": f"Alpha {n}"}), 200)
        page = owner.open(f"/organizations/{organization}/audit?action=organization_renamed").press("Older")
        self.assertIn("Alpha 3", page.text)
        self.assertNotIn("Alpha 53", page.text)
        self.assertIn("Alpha 53", page.press("Newest").text)

    def test_the_file_has_what_the_page_shows(self):
        organization, owner, manager, _ = self.house(two_step=True)
        place = f"/organizations/{organization}/audit"
        expect(owner.patch(f"/organizations/{organization}", {"name": "Beta & Co"}), 200)
        expect(manager.patch(f"/organizations/{organization}", {"name": "Gamma"}), 200)
        self.assertFalse(owner.open(place).has("Download audit log (CSV)", "a"), "switched off")
        expect(owner.patch(f"/organizations/{organization}/security", {"csv_download": {"mode": "managers"}}), 200)
        for query, actions in ((f"?person={owner.email}&action=organization_renamed&from=2001-01-01", {"organization_renamed"}),
                               ("?to=2001-01-01", set()), ("?person=&action=", None)):
            page = owner.open(place + query)
            link = page.named("Download audit log (CSV)", "a")["href"]
            rows = list(csv.reader(io.StringIO(owner.request("GET", link, headers=Visitor.KEPT).text)))[1:]
            if actions is None:
                self.assertEqual(link, place + ".csv")
                self.assertGreater(len(rows), 4)
            else:
                self.assertEqual({row[4] for row in rows}, actions, query)
                self.assertEqual({row[2] for row in rows}, {owner.email} if actions else set())
        wrong = owner.open(f"{place}.csv?from=yesterday")
        self.assertEqual(wrong.reply.status, 400)
        expect(owner.patch(f"/organizations/{organization}/security", {"csv_download": {"mode": "second_step", "max_age_s": 60}}), 200)
        self.server.forward(120)
        page = owner.open(f"{place}?action=organization_renamed").press("Download audit log (CSV)")
        page = page.press("Continue", Authentication_code=owner.app_code())
        self.assertEqual(page.path, f"{place}?action=organization_renamed")

    def test_is_for_owner_and_managers(self):
        organization, _, _, member = self.house()
        stranger = self.signed_up()
        self.assertEqual(member.open(f"/organizations/{organization}/audit").reply.status, 403)
        self.assertEqual(stranger.open(f"/organizations/{organization}/audit").reply.status, 404)


if __name__ == "__main__":
    unittest.main()
