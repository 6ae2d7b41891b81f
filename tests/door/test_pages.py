"""The pages without JavaScript: forms filled by their labels, buttons and links pressed by their names."""
import gzip
import html.parser
import re
import unittest
import urllib.parse

from harness import OTHER_PASSWORD, PASSWORD, RECOVERY_CODE, WRONG_PASSWORD, DoorTest, Person, Wire, expect, mail_code, mail_text

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    def __getitem__(self, name):
        return self.attributes.get(name)

    def has(self, name):
        return name in self.attributes

    def walk(self):
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def all(self, *tags):
        return [node for node in self.walk() if node.tag in tags]

    @property
    def text(self):
        return self.said()

    def said(self, skip=lambda node: False):
        """What stands there, without the parts to skip."""
        parts = [c if isinstance(c, str) else "" if c.tag in ("script", "style", "template") or skip(c) else c.said(skip)
                 for c in self.children]
        return " ".join("".join(parts).split())

    def inside(self, tag):
        node = self.parent
        while node and node.tag != tag:
            node = node.parent
        return node


class Tree(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("#", {}, None)
        self.feed(text)
        self.close()
        if self.at is not self.root:
            raise AssertionError(f"<{self.at.tag}> is never closed")

    def handle_starttag(self, tag, attrs):
        node = Node(tag, [(k, v or "") for k, v in attrs], self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.at.children.append(Node(tag, [(k, v or "") for k, v in attrs], self.at))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if self.at.tag != tag:
            raise AssertionError(f"</{tag}> closes <{self.at.tag}>")
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)


class Page:
    """What a person without JavaScript has before them."""

    def __init__(self, visitor, path, reply):
        self.visitor, self.path, self.reply = visitor, path, reply
        if (reply.header("Content-Type") or "").split(";")[0] != "text/html":
            raise AssertionError(f"{path}: not a page: {reply!r}")
        self.root = Tree(reply.text).root
        self.ids = {n["id"]: n for n in self.root.walk() if n.has("id")}
        if len(self.ids) != sum(n.has("id") for n in self.root.walk()):
            raise AssertionError(f"{path}: an id twice")

    @property
    def text(self):
        return self.root.text

    @property
    def main(self):
        return self.root.all("main")[0]

    def name(self, node):
        """The accessible name, as far as these pages need it."""
        if node.has("aria-labelledby"):
            return " ".join(self.ids[i].text for i in node["aria-labelledby"].split())
        if node.has("aria-label"):
            return node["aria-label"]
        if node.tag == "img":
            return node["alt"]
        if node.tag in ("input", "select", "textarea"):
            for label in self.root.all("label"):
                if label["for"] and label["for"] == node["id"] or node in list(label.walk()):
                    return label.text
        if node.tag == "svg":
            return " ".join(t.text for t in node.all("title"))
        return node.text

    def named(self, name, *tags):
        found = [n for n in self.root.all(*tags) if self.name(n) == name and n["type"] != "hidden"]
        if not found:
            names = sorted({self.name(n) for n in self.root.all(*tags) if n["type"] != "hidden"})
            raise AssertionError(f"{self.path}: no {'/'.join(tags)} named {name!r}; there are {names}\n{self.text[:600]}")
        return found[0]

    def field(self, name):
        return self.named(name, "input", "select", "textarea")

    def has(self, name, *tags):
        return any(self.name(n) == name for n in self.root.all(*tags))

    def press(self, name, **fields):
        """Fills fields (labels with _ for blanks) of the form that this button sends, and presses it; or follows a link."""
        node = self.named(name, "button", "a", "summary")
        if node.tag == "a":
            return self.visitor.open(urllib.parse.urljoin(self.path, node["href"]))
        form = self.ids[node["form"]] if node.has("form") else node.inside("form")
        if form is None:
            raise AssertionError(f"{self.path}: button {name!r} sends nothing")
        if node.has("disabled"):
            raise AssertionError(f"{self.path}: button {name!r} is disabled without JavaScript")
        values = {}
        for item in form.all("input", "select", "textarea"):
            if not item["name"] or item.has("disabled"):
                continue
            if item["type"] in ("checkbox", "radio"):
                if item.has("checked"):
                    values[item["name"]] = item["value"] or "on"
            elif item.tag == "select":
                chosen = [o for o in item.all("option") if o.has("selected")] or item.all("option")
                values[item["name"]] = chosen[0]["value"]
            elif item.tag == "textarea":
                values[item["name"]] = "".join(c for c in item.children if isinstance(c, str))
            elif item["type"] != "submit":
                values[item["name"]] = item["value"] or ""
        for label, value in fields.items():
            item = self.field(label.replace("_", " "))
            if item.has("readonly") or item not in list(form.walk()):
                raise AssertionError(f"{self.path}: {label} is not to be filled for {name}")
            if item["type"] in ("checkbox", "radio"):
                values[item["name"]] = item["value"] or "on"
            else:
                values[item["name"]] = value
        if node["name"]:
            values[node["name"]] = node["value"] or ""
        path = urllib.parse.urljoin(self.path, node["formaction"] or form["action"] or self.path)
        if (form["method"] or "get").lower() == "get":
            return self.visitor.open(path.split("?")[0] + "?" + urllib.parse.urlencode(values))
        return self.visitor.send(path, values)


class Visitor(Person):
    """A person at a browser without JavaScript."""
    KEPT = {"Accept": "text/html"}

    def follow(self, path, reply):
        for _ in range(6):
            if reply.status not in (302, 303):
                return Page(self, path, reply)
            path = urllib.parse.urljoin(path, reply.header("Location"))
            if path.startswith(self.origin):
                path = path[len(self.origin):]
            if not path.startswith("/"):
                raise AssertionError(f"led away to {path}")
            reply = self.request("GET", path, headers=self.KEPT)
        raise AssertionError(f"led in circles at {path}")

    def open(self, path):
        return self.follow(path, self.request("GET", path, headers=self.KEPT))

    def send(self, path, values):
        raw = urllib.parse.urlencode(values).encode()
        headers = {**self.KEPT, "Content-Type": "application/x-www-form-urlencoded"}
        reply = self.request("POST", path, raw=raw, headers=headers)
        if reply.status == 302:
            raise AssertionError(f"POST {path} answered 302, not 303")
        return self.follow(path, reply)


class Pages(DoorTest):
    def visitor(self, word="p", **more):
        return Visitor(self.server, word, **more)

    def signed_in(self, two_step=False):
        person = self.person()
        person.with_two_step() if two_step else person.sign_up()
        visitor = Visitor(self.server, account=person.account)
        visitor.cookies = person.cookies
        return visitor

    def codes(self, page):
        found = re.findall(r"\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b", page.main.text)
        self.assertEqual(len(set(found)), 10, page.main.text)
        return found

    def activate(self, visitor):
        page = visitor.open("/account/two-step").press("Activate 2-Step Verification")
        address = page.field("Email")
        self.assertTrue(address.has("readonly"))
        self.assertEqual(address["value"], visitor.email)
        before = len(visitor.mails())
        page = page.press("Request email verification")
        code = mail_code(self.server.mail_after(visitor.email, before))
        page = page.press("Confirm", Authentication_number=code)
        self.assertTrue(page.has("QR code", "img", "svg"))
        self.assertTrue(page.has("Copy key", "button"))
        keys = re.findall(r"\b(?:[A-Z2-7]{4}[ \u00a0]?){8}", page.main.text)
        self.assertTrue(keys, page.main.text)
        visitor.account.secret = re.sub(r"\W", "", keys[0])
        page = page.press("Next", Authentication_code=visitor.app_code())
        visitor.account.recovery_codes = self.codes(page)
        return page

    def test_sign_up_sign_out_sign_in(self):
        kim = self.visitor()
        page = kim.open("/signup")
        before = len(kim.mails())
        page = page.press("Sign up", Email=kim.email, Name="Kim Sora", Password=PASSWORD)
        code = mail_code(self.server.mail_after(kim.email, before))
        self.assertIn(f"a mail to {kim.email}.", page.main.text)
        page = page.press("Send a new code")
        self.assertIn(f"a mail to {kim.email}.", page.main.text)
        code = mail_code(self.server.mail_after(kim.email, before + 1))
        page = page.press("Verify", Verification_code="0000-0000-0000")
        self.assertIn(f"a mail to {kim.email}.", page.main.text)
        self.assertFalse(kim.is_signed_in())
        self.assertEqual(page.field("Verification code")["value"], "0000-0000-0000")
        page = page.press("Verify", Verification_code=code.lower())
        self.assertTrue(kim.is_signed_in(), page.text)
        kim.cookies.pop("twostep")
        page = kim.open("/login")
        self.assertTrue(page.has("Forgot password?", "a"))
        page = page.press("Sign in", Email=kim.email, Password=WRONG_PASSWORD)
        self.assertFalse(kim.is_signed_in())
        self.assertEqual(page.field("Email")["value"], kim.email, "what was typed is gone")
        self.assertFalse(page.field("Password")["value"], "the password is shown again")
        page.press("Sign in", Email=kim.email, Password=PASSWORD)
        self.assertTrue(kim.is_signed_in())
        page = kim.open("/account")
        page.press("Sign out")
        self.assertFalse(kim.is_signed_in())

    def test_a_sign_up_link_opened_elsewhere_asks_for_the_password_chosen(self):
        """Who took the mail, or opens it at a machine that is not theirs, has the code and the link, and no account by it."""
        kim = self.visitor()
        before = len(kim.mails())
        kim.open("/signup").press("Sign up", Email=kim.email, Name="Kim Sora", Password=PASSWORD)
        mail = self.server.mail_after(kim.email, before)
        link = re.findall(re.escape(self.server.origin) + r"(/signup/verify\S+)", mail_text(mail))[0]
        other = self.visitor()
        page = other.open(link)
        self.assertIn(mail_code(mail), page.main.text, "to be typed where it began")
        page = page.press("Verify", Password=WRONG_PASSWORD)
        self.assertEqual(page.field("Password")["aria-invalid"], "true")
        self.assertIn(mail_code(mail), page.main.text, "as it was mailed")
        page = page.press("Verify", Password="")
        self.assertFalse(other.is_signed_in())
        wrong = other.open(link.split("&code=")[0] + "&code=0000-0000-0000").press("Verify", Password=PASSWORD)
        self.assertEqual(wrong.field("Verification code")["aria-invalid"], "true")
        self.assertEqual(wrong.field("Verification code")["value"], "0000-0000-0000")
        nobody = re.sub("try=[^&]+", "try=" + "A" * 22, link)
        self.visitor().open(nobody).press("Verify", Password=PASSWORD)
        self.assertEqual(self.server.sql("SELECT count(*) FROM account WHERE email = ?", kim.email), [(0,)])
        page.press("Verify", Password=PASSWORD)
        self.assertTrue(other.is_signed_in())
        self.visitor().open(link).press("Verify", Password=PASSWORD)
        self.assertEqual(self.server.sql("SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id WHERE a.email = ?",
                                         kim.email), [(1,)], "the link served twice")

    def test_a_sign_up_that_another_tab_has_finished_leads_to_the_start(self):
        kim = self.visitor()
        before = len(kim.mails())
        first = kim.open("/signup").press("Sign up", Email=kim.email, Name="Kim Sora", Password=PASSWORD)
        mail = self.server.mail_after(kim.email, before)
        kim.open(re.findall(re.escape(self.server.origin) + r"(/signup/verify\S+)", mail_text(mail))[0]).press("Verify")
        start = kim.open("/")
        for what, page in (("a reload", kim.open(first.path)), ("its button", first.press("Verify", Verification_code=mail_code(mail))),
                           ("another code", first.press("Send a new code"))):
            self.assertEqual((page.path, page.main.text), (start.path, start.main.text), what)

    def test_a_second_step_that_another_tab_has_given_leads_to_the_start(self):
        lee = self.signed_in(two_step=True)
        here = Visitor(self.server, account=lee.account)
        one, two = [here.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)] * 2
        late = Visitor(self.server, account=lee.account)
        late.cookies = dict(here.cookies)
        start = one.press("Verify", Authentication_code=lee.app_code())
        page = two.press("Verify", Authentication_code=lee.wrong_code())
        self.assertEqual((page.path, page.main.text), (start.path, start.main.text))
        # Sent before the first answer came: the cookies of the browser are then those of both answers.
        late.request("POST", "/login/second-step", raw=b"code=123456", headers={**late.KEPT, "Content-Type": "application/x-www-form-urlencoded"})
        here.cookies = {**late.cookies, **here.cookies}
        page = here.open("/login")
        self.assertEqual((page.path, page.main.text), (start.path, start.main.text))

    def test_a_sign_in_that_has_expired_is_told_whoever_is_signed_in(self):
        kim, lee = self.signed_in(), self.signed_in(two_step=True)
        for here in (kim, self.visitor()):
            page = Visitor(self.server, account=lee.account).open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
            page.visitor.cookies.update(here.cookies)
            self.server.forward(700)
            page = page.press("Verify", Authentication_code=lee.app_code())
            self.assertIn("This sign-in has expired", page.main.text)

    def test_five_wrong_codes_are_told_as_such(self):
        for locale, said in (("en", "Too many wrong codes"), ("ko", "여러 번 잘못")):
            lee = self.signed_in(two_step=True)
            visitor = Visitor(self.server, account=lee.account)
            page = visitor.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
            visitor.cookies["twostep-locale"] = locale
            for _ in range(5):
                page = visitor.send("/login/second-step", {"method": "totp", "code": lee.wrong_code()})
            self.assertEqual(page.path, "/login")
            alert = next(n for n in page.main.walk() if n["role"] == "alert")
            self.assertIn(said, alert.text)
            self.assertTrue(page.root.all("title")[0].text.startswith(("Error:", "오류:")))
            page = visitor.open("/login")
            self.assertFalse(any(n["role"] in ("alert", "status") for n in page.main.walk()), "told once")

    def test_a_device_to_be_remembered_is_so_with_either_kind_of_code(self):
        lee = self.signed_in(two_step=True)
        label = "Do not ask for a code on this device for 30 days"
        visitor = Visitor(self.server, account=lee.account)
        page = visitor.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
        page = page.press("Verify", **{"Authentication_code": lee.wrong_code(), label: "true"})
        self.assertTrue(page.field(label).has("checked"))
        for link in ("Use a recovery code", "Use the authenticator app", "Use a recovery code"):
            page = page.press(link)
            self.assertTrue(page.field(label).has("checked"), link)
        self.assertTrue(page.press("한국어").press("English").field(label).has("checked"))
        page.press("Verify", Recovery_code=lee.account.recovery_codes[0])
        self.assertIn("twostep-device", visitor.cookies)
        page = Visitor(self.server, account=lee.account).open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
        self.assertFalse(page.press("Use a recovery code").field(label).has("checked"), "nobody ticked it")

    def test_the_two_step_journey(self):
        lee = self.signed_in()
        self.assertRegex(lee.open("/account/two-step").main.text, r"\bOff\b")
        page = self.activate(lee)
        self.assertFalse(lee.two_step()["enabled"])
        page = page.press("Complete")
        self.assertFalse(lee.two_step()["enabled"], "completed without the box")
        self.assertEqual(self.codes(page), lee.account.recovery_codes, "other codes after the refusal")
        page = page.press("Complete", I_saved_my_recovery_codes=True)
        self.assertTrue(lee.two_step()["enabled"], page.text)
        page = lee.open("/account/two-step")
        self.assertRegex(page.main.text, r"\bOn\b")
        for name in ("Reissue Recovery Code", "Use a new phone", "Disable 2-Step Verification"):
            self.assertTrue(page.has(name, "button", "a"), name)

        other = Visitor(self.server, account=lee.account)
        page = other.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
        self.assertFalse(other.is_signed_in())
        page = page.press("Verify", Authentication_code=lee.wrong_code())
        page = page.press("Verify", Authentication_code=lee.app_code())
        self.assertTrue(other.is_signed_in(), page.text)

        other = Visitor(self.server, account=lee.account)
        page = other.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD).press("Use a recovery code")
        page.press("Verify", Recovery_code=lee.account.recovery_codes[0].lower())
        self.assertTrue(other.is_signed_in())

        page = lee.open("/account/two-step").press("Reissue Recovery Code").press("Next", Password=PASSWORD)
        new = self.codes(page)
        self.assertFalse(set(new) & set(lee.account.recovery_codes))
        page.press("Complete", I_saved_my_recovery_codes=True)
        expect(lee.elsewhere().second_step(lee.elsewhere().half_way(), lee.account.recovery_codes[1], "recovery_code"), 401)
        expect(lee.elsewhere().second_step(lee.elsewhere().half_way(), new[0], "recovery_code"), 200)

        page = lee.open("/account/two-step").press("Disable 2-Step Verification").press("Next", Password=PASSWORD)
        page.press("Disable", Recovery_code=True, **{page.name(f): new[1] for f in page.main.all("input") if f["name"] == "code"})
        self.assertFalse(lee.two_step()["enabled"])

    OFF = "/account/two-step/disable"

    def off_by_code(self, visitor, code):
        return visitor.send(self.OFF + "/code", {"method": "recovery_code", "code": code})

    def test_switching_off_takes_the_password_for_it(self):
        """Who has a session and a code, and not the password, does not get by on one that was given for something else."""
        lee, kim = self.signed_in(two_step=True), self.signed_in(two_step=True)
        code = lee.account.recovery_codes[0]

        def refused(visitor, about):
            self.assertEqual(visitor.open(self.OFF + "/code").path, self.OFF, about)
            page = self.off_by_code(visitor, code)
            self.assertEqual(page.path, self.OFF, about)
            self.assertIn("Confirm with your password again", page.text, about)
            self.assertTrue(page.has("Password", "input"), about)
            self.assertEqual([p.two_step()["enabled"] for p in (lee, kim)], [True, True], about)

        refused(lee, "just signed in")
        expect(lee.post("/session/confirm", {"password": lee.password}), 200)
        refused(lee, "given for something else")
        lee.open(self.OFF).press("Next", Password=WRONG_PASSWORD)
        refused(lee, "a wrong one")
        self.assertEqual(lee.open(self.OFF).press("Next", Password=lee.password).path, self.OFF + "/code")
        other = Visitor(self.server, account=lee.account)
        expect(other.second_step(other.half_way()), 200)
        for visitor, about in ((other, "in another session"), (kim, "by somebody else")):
            visitor.cookies = {**lee.cookies, "twostep": visitor.cookies["twostep"]}
            refused(visitor, about)
        self.assertEqual(lee.open(self.OFF + "/code").path, self.OFF + "/code", "and this one holds")
        expect(lee.post("/account/password", {"current_password": lee.password, "new_password": OTHER_PASSWORD}), 200)
        refused(lee, "one that has been changed since")
        self.assertEqual(lee.two_step()["recovery_codes_left"], 10, "the code was not tried")

    def test_switching_off_goes_on_after_a_restart_and_once(self):
        lee = self.signed_in(two_step=True)
        lee.open(self.OFF).press("Next", Password=lee.password)
        self.server.restart()
        page = lee.open(self.OFF + "/code").press("Disable", Code="0000-0000-0000-0000", Recovery_code=True)
        self.assertEqual((page.reply.status, page.field("Code")["aria-invalid"]), (401, "true"))
        given = dict(lee.cookies)
        page = page.press("Disable", Code=lee.account.recovery_codes[0])
        self.assertEqual(page.path, self.OFF + "/done")
        self.assertFalse(lee.two_step()["enabled"])
        lee.account.last_step = None
        lee.enable()
        for cookies in (lee.cookies, {**given, "twostep": lee.cookies["twostep"]}):
            lee.cookies = cookies
            self.assertEqual(self.off_by_code(lee, lee.account.recovery_codes[0]).path, self.OFF)
        self.assertTrue(lee.two_step()["enabled"])

    def test_a_code_that_the_api_took_opens_no_page_and_the_reverse(self):
        lee = self.signed_in(two_step=True)
        code = lee.app_code()
        expect(lee.elsewhere().second_step(lee.elsewhere().half_way(), code), 200)
        other = Visitor(self.server, account=lee.account)
        page = other.open("/login").press("Sign in", Email=lee.email, Password=PASSWORD)
        page = page.press("Verify", Authentication_code=code)
        self.assertFalse(other.is_signed_in())
        code = lee.app_code()
        page.press("Verify", Authentication_code=code)
        self.assertTrue(other.is_signed_in())
        expect(lee.elsewhere().second_step(lee.elsewhere().half_way(), code), 401, "invalid_code")

    def test_going_back_and_leaving_show_the_step_that_is_due(self):
        lee = self.signed_in()
        self.activate(lee)
        self.assertEqual(self.codes(lee.open("/account/two-step/setup")), lee.account.recovery_codes, "the codes after a reload")
        self.assertRegex(lee.open("/account/two-step").main.text, r"\bOff\b")

    def opens(self, visitor, code):
        browser = visitor.elsewhere()
        return browser.second_step(browser.half_way(), code, "recovery_code").status == 200

    def test_of_two_tabs_that_reissue_the_codes_shown_are_those_in_force(self):
        lee, place = self.signed_in(two_step=True), "/account/two-step/recovery-codes"
        one, two = lee.open(place), lee.open(place)
        one = one.press("Next", Password=lee.password)
        two = two.press("Next", Password=lee.password)
        first, second = self.codes(one), self.codes(two)
        self.assertFalse(set(first) & set(second))
        for fields in ({"I_saved_my_recovery_codes": True}, {}):
            page = one.press("Complete", **fields)
            self.assertEqual(page.path, place)
            self.assertIn("not due any more", page.text)
            self.assertEqual(self.codes(page), second, "those that wait to be saved")
        for shown in ({"shown": "x"}, {"shown": "A" * 22}):
            self.assertEqual(lee.send(place + "/complete", {"saved": "true", **shown}).path, place, shown)
        self.assertEqual([self.opens(lee, code) for code in (first[0], second[0], lee.account.recovery_codes[0])], [False, False, True])
        tabs = page, lee.open(place), lee.open(place)
        self.assertEqual(tabs[0].press("Complete", I_saved_my_recovery_codes=True).path, "/account/two-step")
        late = tabs[1].press("Complete", I_saved_my_recovery_codes=True)
        self.assertEqual(late.path, "/account/two-step")
        self.assertIn("recovery codes are in force already", late.main.text)
        late = one.press("Complete", I_saved_my_recovery_codes=True)
        self.assertEqual(late.path, "/account/two-step")
        self.assertIn("never came into force", late.main.text)
        self.assertEqual([self.opens(lee, code) for code in (first[1], second[1], lee.account.recovery_codes[1])], [False, True, False])

    def test_of_two_tabs_that_set_up_the_one_whose_codes_are_shown_is_completed(self):
        lee, place = self.signed_in(), "/account/two-step/setup"
        two = lee.open(place)
        one = self.activate(lee)
        first, before = lee.account.recovery_codes, len(lee.mails())
        two = two.press("Request email verification")
        two = two.press("Confirm", Authentication_number=mail_code(self.server.mail_after(lee.email, before)))
        self.assertIn("not due any more", one.press("Complete", I_saved_my_recovery_codes=True).text, "of one that was begun anew")
        lee.account.secret = re.sub(r"\W", "", re.findall(r"\b(?:[A-Z2-7]{4}[ \u00a0]?){8}", two.main.text)[0])
        lee.account.last_step = None
        two = two.press("Next", Authentication_code=lee.app_code())
        second = self.codes(two)
        for fields in ({"I_saved_my_recovery_codes": True}, {}):
            page = one.press("Complete", **fields)
            self.assertEqual(page.path, place)
            self.assertIn("not due any more", page.text)
            self.assertEqual(self.codes(page), second)
        self.assertFalse(lee.two_step()["enabled"])
        self.assertEqual(page.press("Complete", I_saved_my_recovery_codes=True).path, place + "/done")
        self.assertEqual([self.opens(lee, code) for code in (first[0], second[0])], [False, True])

    def test_a_set_up_that_ran_out_says_what_became_of_it(self):
        lee = self.signed_in()
        page = lee.open("/account/two-step").press("Activate 2-Step Verification")
        before = len(lee.mails())
        email = page.press("Request email verification")
        code = mail_code(self.server.mail_after(lee.email, before))
        app = email.press("Confirm", Authentication_number=code)
        lee.account.secret = re.sub(r"\W", "", re.findall(r"\b(?:[A-Z2-7]{4}[ \u00a0]?){8}", app.main.text)[0])
        self.server.forward(901)
        for late in (email.press("Confirm", Authentication_number=code), app.press("Next", Authentication_code=lee.app_code())):
            self.assertEqual(late.path, "/account/two-step/setup")
            self.assertIn("its time ran out", late.main.text)
            self.assertIn("delete that", late.main.text)
        self.assertFalse(lee.two_step()["enabled"])

    def test_of_a_new_phone_nobody_is_told_to_delete_what_counts(self):
        """Another tab may have completed it."""
        lee = self.signed_in(two_step=True)

        def scan():
            page = lee.open("/account/two-step").press("Use a new phone")
            before = len(lee.mails())
            page = page.press("Request email verification")
            return page.press("Confirm", Authentication_number=mail_code(self.server.mail_after(lee.email, before)))
        dead = scan()
        self.server.forward(901)
        late = dead.press("Next", Authentication_code="123456")
        self.assertEqual(late.path, "/account/two-step")
        self.assertIn("delete that", late.main.text)
        lee.sign_out()
        lee.sign_in()
        app = scan()
        lee.account.secret = re.sub(r"\W", "", re.findall(r"\b(?:[A-Z2-7]{4}[ \u00a0]?){8}", app.main.text)[0])
        lee.account.last_step = None
        last = app.press("Next", Authentication_code=lee.app_code())
        self.assertIn("new phone is set up", last.press("Complete", I_saved_my_recovery_codes=True).main.text)
        for tab in (app.press("Next", Authentication_code="123456"), last.press("Complete", I_saved_my_recovery_codes=True),
                    lee.send("/account/two-step/setup/code", {"code": "123456"})):
            self.assertEqual(tab.path, "/account/two-step")
            self.assertIn("not due any more", tab.main.text)
        self.assertIn("delete that", dead.press("Next", Authentication_code="123456").main.text)

    def test_the_codes_can_be_downloaded(self):
        lee = self.signed_in()
        page = self.activate(lee)
        node = page.named("Download file", "a", "button")
        href = node["href"] or node["formaction"] or node.inside("form")["action"]
        reply = lee.request("GET", urllib.parse.urljoin(page.path, href), headers=Visitor.KEPT)
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual((reply.header("Content-Type") or "").split(";")[0], "text/plain")
        self.assertRegex(reply.header("Content-Disposition", ""), r'attachment; *filename="?twostep-recovery-codes\.txt"?')
        lines = [line.strip() for line in reply.text.splitlines()]
        self.assertEqual([line for line in lines if RECOVERY_CODE.match(line)], lee.account.recovery_codes, reply.text)
        stranger = self.signed_in()
        other = stranger.request("GET", urllib.parse.urljoin(page.path, href), headers=Visitor.KEPT)
        self.assertFalse(any(code in other.text for code in lee.account.recovery_codes))

    def test_a_new_phone(self):
        lee = self.signed_in(two_step=True)
        old = lee.account.secret
        page = lee.open("/account/two-step").press("Use a new phone")
        before = len(lee.mails())
        page = page.press("Request email verification")
        page = page.press("Confirm", Authentication_number=mail_code(self.server.mail_after(lee.email, before)))
        lee.account.secret = re.sub(r"\W", "", re.findall(r"\b(?:[A-Z2-7]{4}[ \u00a0]?){8}", page.main.text)[0])
        lee.account.last_step = None
        self.assertNotEqual(lee.account.secret, old)
        page = page.press("Next", Authentication_code=lee.app_code())
        page.press("Complete", I_saved_my_recovery_codes=True)
        expect(lee.elsewhere().second_step(lee.elsewhere().half_way()), 200)

    def test_a_stale_page_asks_in_place_and_goes_on_by_itself(self):
        lee = self.signed_in(two_step=True)
        self.server.forward(3600)
        page = lee.open("/account/two-step").press("Reissue Recovery Code")
        page = page.press("Next", Password=PASSWORD, Authentication_code=lee.app_code())
        self.codes(page)

    def test_a_forgotten_password(self):
        lee = self.signed_in()
        visitor = self.visitor()
        page = visitor.open("/login").press("Forgot password?")
        for wrong in ("x", "a@b", f"{lee.email} x"):
            page = page.press("Send code", Email=wrong)
            self.assertEqual((page.path, page.reply.status), ("/password-reset", 422), wrong)
            self.assertEqual((page.field("Email")["aria-invalid"], page.field("Email")["value"]), ("true", wrong))
        before = len(lee.mails())
        page = page.press(next(page.name(b) for b in page.main.all("button")), Email=lee.email)
        mail = self.server.mail_after(lee.email, before)
        links = re.findall(re.escape(self.server.origin) + r"(/\S+)", mail_text(mail))
        page = visitor.open(links[0])
        expect(lee.elsewhere().first_step(), 200, about="opening the link changed something")
        code = next(f for f in page.main.all("input") if mail_code(mail) == f["value"])
        self.assertTrue(page.name(code))
        page = page.press("Set new password", New_password="short")
        self.assertEqual(page.field("Verification code")["value"], mail_code(mail), "as it was mailed")
        password = next(f for f in page.main.all("input") if f["type"] == "password")
        page = page.press(next(page.name(b) for b in page.main.all("button") if b.inside("form") is password.inside("form")),
                          **{page.name(password): OTHER_PASSWORD})
        self.assertEqual((page.path.split("?")[0], page.field("Email")["value"]), ("/login", lee.email))
        expect(lee.elsewhere().first_step(password=OTHER_PASSWORD), 200)
        self.assertFalse(lee.is_signed_in())

    def test_signed_out_the_account_leads_to_sign_in_and_back(self):
        lee = self.signed_in()
        for path in ("/account", "/account/two-step", "/account/two-step/setup", "/account/two-step/disable", "/account/password"):
            with self.subTest(path):
                visitor = self.visitor()
                page = visitor.open(path)
                self.assertTrue(page.has("Sign in", "button"), page.text[:300])
                self.assertNotIn(lee.email, page.reply.text)
                page = page.press("Sign in", Email=lee.email, Password=PASSWORD)
                self.assertEqual(page.path.split("?")[0], path)
        self.assertTrue(self.visitor().open("/.well-known/change-password").has("Sign in", "button"))
        self.assertEqual(lee.open("/.well-known/change-password").path.split("?")[0], "/account/password")

    def test_a_form_sent_when_the_session_had_ended_is_come_back_to_and_nothing_is_done(self):
        for two_step in (False, True):
            lee = self.signed_in(two_step)
            page = lee.open("/account")
            lee.cookies.pop("twostep")
            page = page.press("Save", Name="Somebody Else")
            self.assertEqual(page.path, "/login")
            self.assertIn("nothing was saved", page.main.text)
            page = page.press("Sign in", Email=lee.email, Password=PASSWORD)
            if two_step:
                page = page.press("Verify", Authentication_code=lee.app_code())
            self.assertEqual(page.path, "/account")
            self.assertIn("was not saved", page.main.text)
            self.assertEqual(page.field("Name")["value"], expect(lee.get("/account"), 200)["name"])
            self.assertNotEqual(page.field("Name")["value"], "Somebody Else")
            self.assertNotIn("was not saved", lee.open("/account").main.text, "it is told once")
            self.assertNotIn("twostep-return", lee.cookies)

    def test_the_place_of_a_form_is_the_nearest_page(self):
        lee, absent = self.signed_in(), "A" * 22
        for posted, place in (("/account/password", "/account/password"),
                              ("/account/close?method=recovery_code", "/account/close"),
                              ("/account/email/cancel", "/account/email"),
                              ("/account/sessions/x/end", "/account/sessions"),
                              ("/account/two-step/devices/forget", "/account/two-step"),
                              ("/account/two-step/setup/code", "/account/two-step/setup/code"),
                              ("/account/two-step/recovery-codes/cancel", "/account/two-step/recovery-codes"),
                              (f"/organizations/{absent}/members/{absent}/reset", f"/organizations/{absent}/members/{absent}/reset"),
                              (f"/organizations/{absent}/invitations", f"/organizations/{absent}/invitations/new"),
                              (f"/organizations/{absent}/security/demand", f"/organizations/{absent}/security"),
                              ("/organizations", "/organizations")):
            visitor = self.visitor()
            reply = visitor.request("POST", posted, raw=b"", headers={"Content-Type": "application/x-www-form-urlencoded",
                                                                      "Referer": self.server.origin + "/account/two-step/disable"})
            self.assertEqual((reply.status, reply.header("Location")), (303, "/login"), posted)
            reply = visitor.request("POST", "/login", raw=urllib.parse.urlencode({"email": lee.email, "password": PASSWORD}).encode(),
                                    headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual((reply.status, reply.header("Location")), (303, place), posted)

    def test_every_page_says_its_language_and_has_a_title_and_one_heading(self):
        lee, nobody = self.signed_in(two_step=True), self.visitor()
        pages = ((nobody, "/signup"), (nobody, "/login"), (nobody, "/nothing"), (lee, "/account"), (lee, "/account/two-step"),
                 (lee, "/account/two-step/recovery-codes"), (lee, "/account/two-step/disable"), (lee, "/account/password"))
        for language in ("en", "ko"):
            for visitor, path in pages:
                if visitor is lee:
                    expect(lee.patch("/account", {"locale": language}), 200)
                with self.subTest(f"{path} in {language}"):
                    visitor.language = language
                    page = visitor.open(path)
                    self.assertEqual(page.root.all("html")[0]["lang"], language, path)
                    self.assertTrue(page.root.all("title")[0].text, path)
                    self.assertEqual(len(page.root.all("h1")), 1, path)
                    said = page.main.said(lambda node: node.has("lang"))
                    self.assertEqual(bool(re.search("[\uac00-\ud7a3]", said)), language == "ko", said)
                    self.assertNotRegex(page.text, r"\{[a-z_]+\}", path)
                    policy = page.reply.header("Content-Security-Policy")
                    self.assertNotIn("unsafe", policy)
                    self.assertFalse([n for n in page.root.walk() if any(a.startswith("on") or a == "style" for a in n.attributes)], path)

    def test_markup_in_a_name_stays_text(self):
        name = "<b onclick=x>&amp;\"'Kim"
        lee = self.signed_in()
        expect(lee.patch("/account", {"name": name}), 200)
        page = lee.open("/account")
        self.assertFalse([b for b in page.root.all("b") if b.has("onclick")])
        self.assertIn(name, [f["value"] for f in page.root.all("input")])

    def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(self):
        kim = self.visitor()
        page = kim.open("/signup").press("Sign up", Email=kim.email, Name="a/b", Password=PASSWORD)
        self.assertEqual(page.reply.status, 422)
        name = page.field("Name")
        self.assertEqual((name["value"], name["aria-invalid"]), ("a/b", "true"))
        self.assertTrue(page.ids[name["aria-describedby"].split()[-1]].text)
        self.assertEqual(page.field("Email")["value"], kim.email)
        self.assertFalse(page.field("Password")["value"])

    def test_a_return_address_leads_nowhere_else(self):
        lee = self.signed_in()
        for place in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/%0d%0aX: y", "http:evil.example"):
            for name in ("return", "to", "next", "back"):
                visitor = self.visitor()
                page = visitor.open(f"/login?{name}={urllib.parse.quote(place)}")
                page = page.press("Sign in", Email=lee.email, Password=PASSWORD)
                self.assertTrue(visitor.is_signed_in())
                self.assertNotIn("evil", page.path, f"{name}={place}")


FIRST_PAGE_BYTES = 20 * 1024


class ForTheInvitedAlone(DoorTest):
    SERVER = {"args": ["--signup", "invitation"]}

    def test_sign_up_asks_for_the_code_that_was_mailed(self):
        """It may be read on a phone, and typed elsewhere."""
        kim = Visitor(self.server, "p")
        page = kim.open("/login").press("Sign up")
        page = page.press("Sign up", Email=kim.email, Name="Kim Sora", Password=PASSWORD)
        field = page.field("Invitation code")
        self.assertEqual((page.reply.status, field["aria-invalid"]), (400, "true"), page.text)
        page = page.press("Sign up", Password=PASSWORD, Invitation_code="abcd-efgh-jkmn")
        self.assertEqual((page.reply.status, page.field("Invitation code")["aria-invalid"]), (422, "true"), page.text)
        self.assertEqual(kim.mails(), [])
        self.assertTrue(kim.open("/invitations/accept").has("Sign up", "a"))


class FirstPage(DoorTest):
    """What somebody loads who has never been here: the page, and what it names."""

    def answer(self, path, **headers):
        with Wire(self.server) as wire:
            lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
            return wire.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()).reply()

    def assets(self, text):
        return sorted(set(re.findall(r'"(/assets/[^"]+)"', text)))

    def test_is_small_on_the_wire(self):
        for language in ("en", "ko"):
            page = self.answer("/login", Accept_Encoding="gzip, deflate, br", Accept_Language=language)
            answers = [page] + [self.answer(path, Accept_Encoding="gzip, deflate, br") for path in self.assets(page.text)]
            size = sum(len(a.body) + sum(len(name) + len(value) + 4 for name, value in a.headers) + 20 for a in answers)
            self.assertLessEqual(size, FIRST_PAGE_BYTES, language)

    def test_waits_for_one_file_alone(self):
        head = self.answer("/login").text.split("</head>")[0]
        self.assertEqual(len(re.findall(r'<link rel="stylesheet"', head)), 1)
        for tag in re.findall(r"<script[^>]*>", self.answer("/login").text):
            self.assertIn('type="module"', tag, "a module waits for the page, not the page for it")
        self.assertNotIn("@import", self.answer(re.search(r'stylesheet" href="([^"]+)"', head)[1]).text)

    def test_assets_come_compressed_to_who_takes_it(self):
        smaller = 0
        for path in self.assets(self.answer("/login").text):
            plain, packed = self.answer(path), self.answer(path, Accept_Encoding="gzip")
            self.assertIsNone(plain.header("Content-Encoding"))
            self.assertEqual(self.answer(path, Accept_Encoding="gzip;q=0").body, plain.body)
            if packed.header("Content-Encoding"):
                smaller += 1
                self.assertEqual(gzip.decompress(packed.body), plain.body)
                self.assertLess(len(packed.body), len(plain.body))
                self.assertEqual((plain.header("Vary"), packed.header("Vary")), ("Accept-Encoding", "Accept-Encoding"))
            for reply in (plain, packed):
                self.assertIn("immutable", reply.header("Cache-Control"))
        self.assertGreaterEqual(smaller, 2)

    def test_pages_are_never_compressed(self):
        self.assertIsNone(self.answer("/login", Accept_Encoding="gzip").header("Content-Encoding"), "their length would tell of what is in them")


if __name__ == "__main__":
    unittest.main()
