"""Once means once: each secret twenty times at once, on several surfaces, in every spelling, and across a crash; a history says so."""
import itertools
import random
import re
import signal
import threading
import time
import unittest
import urllib.parse

from guard import HandOverTest
from harness import Closed, OTHER_PASSWORD, expect, mail_code, mail_text, new_address
from organizations import OrganizationTest
from test_email_change import LINK

AT_ONCE = 20
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
TRY = re.compile(r"/signup/verify\?try=([\w-]+)&")
YES, NO, UNKNOWN = "yes", "no", "unknown"  # unknown: the connection was lost before an answer came


class History:
    """All tries of one secret: who tried it where, when it began and ended, and what came back."""

    def __init__(self, name):
        self.name, self.tries, self.lock = name, [], threading.Lock()

    def note(self, surface, begun, outcome, reply):
        with self.lock:
            self.tries.append((begun, time.monotonic(), surface, outcome, repr(reply)[:160]))

    def count(self, outcome):
        return sum(1 for *_, found, _ in self.tries if found == outcome)

    def told(self):
        return "\n".join(f"{begun:.4f}–{ended:.4f} {surface}: {outcome} {reply}"
                         for begun, ended, surface, outcome, reply in sorted(self.tries))

    def check(self, spent):
        """`spent`: how often the state that is left says that it served."""
        yes, unknown = self.count(YES), self.count(UNKNOWN)
        if yes > 1 or spent > 1:
            raise AssertionError(f"{self.name}: served {max(yes, spent)} times\n{self.told()}")
        if yes > spent:
            raise AssertionError(f"{self.name}: served, and nothing is left of it\n{self.told()}")
        if yes < spent and not unknown:
            raise AssertionError(f"{self.name}: served, and nobody was told\n{self.told()}")
        if not unknown and not yes:
            raise AssertionError(f"{self.name}: never served\n{self.told()}")


class TheChecker(unittest.TestCase):
    def test_sees_what_must_not_be(self):
        for outcomes, spent, good in (([YES, NO], 1, True), ([YES, YES], 1, False), ([YES, YES], 2, False), ([NO, NO], 0, False),
                                      ([YES, NO], 0, False), ([NO, NO], 1, False), ([UNKNOWN, NO], 1, True), ([UNKNOWN, NO], 0, True),
                                      ([UNKNOWN, YES], 1, True), ([UNKNOWN, YES], 2, False)):
            history = History("a code")
            for outcome in outcomes:
                history.note("x", 0, outcome, None)
            if good:
                history.check(spent)
            else:
                self.assertRaises(AssertionError, history.check, spent)


def spellings(code):
    """As people type it: a code of digits, or one of Crockford's base32."""
    plain = code.replace("-", "")
    ways = [code, plain, " ".join(plain), f" {plain[:3]} {plain[3:]} ", plain[:3] + "-" + plain[3:]]
    if not code.isdigit():
        ways += [code.lower(), plain.replace("0", "O").replace("1", "I"), plain.lower().replace("0", "o").replace("1", "l"),
                 "-".join(plain), code.replace("1", "L")]
    return itertools.cycle(ways)


def page(browser, path, **fields):
    """What a form of ours sends."""
    return browser.request("POST", path, raw=urllib.parse.urlencode(fields).encode(), headers=FORM)


def shown(person, path):
    """What the page of recovery codes sends along: which ones it showed."""
    return re.search(r'name="shown" value="([\w-]{22})"', person.request("GET", path, headers={"Accept": "text/html"}).text)[1]


def same(person):
    """The same session from another thread: what an answer sets or clears is its own affair."""
    browser = person.elsewhere()
    browser.cookies = dict(person.cookies)
    return browser


def answers(status):
    """What a yes looks like on the API."""
    return lambda reply: reply.status == status


def leads(path):
    """The same of a page: to a place, and not with a notice that says why."""
    return lambda reply: reply.status == 303 and reply.header("Location").startswith(path)


def signs_in(reply):
    return reply.cookie("twostep") is not None


class Together:
    """Lets tries go at one moment, and writes down what came of them."""
    REFUSALS = {202, 401, 403, 404, 409, 410, 422, 429}

    def all_at_once(self, history, tries, kill_after_s=None):
        """[(surface, call, what a yes looks like)], let go together; the server may be killed in the middle, and comes back."""
        barrier, strange = threading.Barrier(len(tries) + 1), []

        def run(surface, call, is_yes):
            barrier.wait(30)
            begun = time.monotonic()
            try:
                reply = call()
            except (AssertionError, OSError, Closed) as lost:
                if kill_after_s is None or (isinstance(lost, AssertionError) and "no answer" not in str(lost)):
                    strange.append(lost)
                history.note(surface, begun, UNKNOWN, lost)
                return
            yes = is_yes(reply)
            if not yes and reply.status not in self.REFUSALS and reply.status != 303:
                strange.append(AssertionError(f"{surface}: {reply!r}"))
            history.note(surface, begun, YES if yes else NO, reply)

        threads = [threading.Thread(target=run, args=each) for each in tries]
        for thread in threads:
            thread.start()
        barrier.wait(30)
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            self.server.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
        if kill_after_s is not None:
            self.server.start()
        if strange:
            raise strange[0]


class Once(Together, OrganizationTest):
    # A code of the second step: sign-in, confirmation and disabling, of API and page, and a page that asks for it beside its own fields

    REISSUE = "/account/two-step/recovery-codes"

    def stale(self, person):
        """A session whose second step is too old for reissuing: the page of that takes a code in place."""
        browser = person.elsewhere()
        expect(browser.second_step(browser.half_way(), person.account.recovery_codes.pop(), "recovery_code"), 200)
        self.server.sql("UPDATE session SET second_step_at = second_step_at - 700 WHERE rowid = (SELECT max(rowid) FROM session)")
        expect(browser.post(self.REISSUE, {"password": person.password}), 403, "confirmation_required")
        return browser

    def second_step_on(self, kind, person, code, method):
        """(call, what a yes looks like): with a login or a session of its own where the first yes would change the others' answer."""
        browser = person.elsewhere()
        if kind == "login":
            login = browser.half_way()
            return lambda: browser.second_step(login, code, method), answers(200)
        if kind == "login page":
            browser.cookies["twostep-login"] = browser.half_way()
            return lambda: page(browser, "/login/second-step", method=method, code=code), signs_in
        if kind == "reissue page":
            browser = self.stale(person)
            fields = {"password": person.password, "confirm_method": method, "confirm_code": code}
            return lambda: page(browser, self.REISSUE, **fields), leads(self.REISSUE)
        browser.cookies = dict(person.cookies)
        if kind == "confirm":
            return lambda: browser.post("/session/confirm", {"method": method, "code": code}), answers(200)
        if kind == "confirm page":
            return lambda: page(browser, "/confirm", confirm_method=method, confirm_code=code), leads("/")
        if kind == "disable":
            body = {"password": person.password, "method": method, "code": code}
            return lambda: browser.post("/account/two-step/disable", body), answers(200)
        return lambda: page(browser, "/account/two-step/disable/code", method=method, code=code), leads("/account/two-step/disable/done")

    KINDS = ("login", "login page", "confirm", "confirm page", "confirm")
    ENDING = ("login", "login page", "confirm", "disable page", "confirm")  # where two-step is off, the page of /confirm leads on too

    def second_steps(self, person, code, method, count=AT_ONCE, disable=False):
        """The surfaces in turn; those that take a password too are few, for of these not all may be tried at once."""
        kinds = list(itertools.islice(itertools.cycle(self.ENDING if disable else self.KINDS), count))
        kinds[5] = "reissue page"
        if disable:
            kinds[7] = "disable"
            page(person, "/account/two-step/disable/password", password=person.password)
        tries = []
        for kind, text in zip(kinds, spellings(code)):
            tries.append((f"{kind} {text}", *self.second_step_on(kind, person, text, method)))
        random.shuffle(tries)
        return tries

    def forget_steps(self, person):
        self.server.sql("UPDATE spent_step SET step = -abs(random() % 1000000000000)")
        person.account.last_step = None

    def spent_app(self, _):
        return self.server.sql("SELECT count(*) FROM spent_step WHERE step > 0")[0][0]

    def test_an_app_code(self):
        for disable in (False, True):
            self.server.sql("DELETE FROM spent_step")
            person = self.person().with_two_step()
            self.forget_steps(person)
            history = History(f"app code, disable {disable}")
            self.all_at_once(history, self.second_steps(person, person.app_code(), "totp", disable=disable))
            gone = not self.server.sql("SELECT 1 FROM totp WHERE account_id = (SELECT id FROM account WHERE email = ?)", person.email)
            history.check(1 if gone else self.spent_app(person))

    def spent_recovery(self, person):
        return self.server.sql("SELECT count(*) FROM recovery_code c JOIN recovery_set s ON s.number = c.set_number JOIN account a"
                               " ON a.id = s.account_id WHERE c.used_at IS NOT NULL AND a.email = ?", person.email)[0][0]

    def test_a_recovery_code(self):
        person = self.person().with_two_step()
        for _ in range(2):
            history = History("recovery code")
            tries = self.second_steps(person, person.account.recovery_codes.pop(0), "recovery_code")
            before = self.spent_recovery(person)
            self.all_at_once(history, tries)
            history.check(self.spent_recovery(person) - before)

    DELAYS_S = (0.004, 0.012, 0.03)

    def across_a_crash(self, name, person, code, method, spent, delay_s):
        history = History(f"{name}, killed after {delay_s} s")
        first, then = (self.second_steps(person, code, method, count) for count in (8, 6))
        before = spent(person)
        self.all_at_once(history, first, delay_s)
        self.all_at_once(history, then)
        history.check(spent(person) - before)

    def test_an_app_code_across_a_crash(self):
        person = self.person().with_two_step()
        for delay_s in self.DELAYS_S:
            self.server.sql("DELETE FROM spent_step")
            person.account.last_step = None
            self.across_a_crash("app code", person, person.app_code(), "totp", self.spent_app, delay_s)

    def test_a_recovery_code_across_a_crash(self):
        person = self.person().with_two_step()
        for delay_s in self.DELAYS_S:
            self.across_a_crash("recovery code", person, person.account.recovery_codes.pop(0), "recovery_code", self.spent_recovery, delay_s)

    def test_a_login(self):
        """With a right code each, and each of another kind."""
        person = self.person().with_two_step()
        self.forget_steps(person)
        login, history = person.half_way(), History("login")
        codes = [(code, "recovery_code") for code in person.account.recovery_codes] * 2
        codes[3] = (person.app_code(), "totp")
        self.all_at_once(history, [(f"{method}", lambda c=code, m=method: person.elsewhere().second_step(login, c, m),
                                    lambda r: r.status == 200) for code, method in codes])
        history.check(history.count(YES))
        self.assertEqual(history.count(YES), 1, history.told())

    # Codes and links by mail, on the API and in the forms of pages; what is saved at the end of a set-up or a reissue

    def in_turn(self, name, code, ways, spent, kill_after_s=None):
        """`ways`: [(what is called with the code as typed, what a yes looks like)]."""
        history = History(name)
        typed = spellings(code) if code else itertools.repeat("")
        tries = [(f"{name} {n % len(ways)} {text}", lambda c=call, t=text: c(t), is_yes)
                 for n, text, (call, is_yes) in zip(range(AT_ONCE), typed, itertools.cycle(ways))]
        self.all_at_once(history, tries, kill_after_s)
        if kill_after_s is not None:
            self.all_at_once(history, tries[:4])
        history.check(spent(history))

    def accounts_of(self, email):
        return self.server.sql("SELECT count(*) FROM account WHERE email = ?", email)[0][0]

    def told_of(self, person, action):
        return self.server.sql("SELECT count(*) FROM audit_event e JOIN account a ON a.id = e.account_id"
                               " WHERE a.email = ? AND e.action = ?", person.email, action)[0][0]

    def test_a_code_of_a_sign_up(self):
        for kill_after_s in (None, 0.01):
            person = self.person()
            reply, mail = person.mailed(person.try_sign_up)
            signup, code, mailed_try = expect(reply, 202)["signup"], mail_code(mail), TRY.search(mail_text(mail))[1]

            def in_its_browser(text, signup=signup):
                browser = self.person()
                browser.cookies["twostep-signup"] = signup
                return page(browser, "/signup/verify", code=text)

            self.in_turn("sign-up", code, [
                (lambda text, s=signup: self.person().post("/signup/verify", {"signup": s, "code": text}), answers(201)),
                (in_its_browser, signs_in),
                (lambda text, p=person, t=mailed_try: page(p.elsewhere(), "/signup/verify/elsewhere", **{"try": t}, code=text,
                                                           password=p.password), signs_in),
            ], lambda _, p=person: self.accounts_of(p.email), kill_after_s)

    def test_a_code_of_a_reset(self):
        for kill_after_s in (None, 0.2):
            self.server.sql("DELETE FROM failure")
            person = self.person().sign_up()
            code = mail_code(person.mailed(lambda p=person: p.post("/password-reset", {"email": p.email}))[1])
            body = {"email": person.email.upper(), "password": OTHER_PASSWORD}
            self.in_turn("reset", code, [
                (lambda text, b=body: self.person().post("/password-reset/complete", {**b, "code": text}), answers(200)),
                (lambda text, b=body: page(self.person(), "/password-reset/complete", **b, code=text), leads("/login")),
            ], lambda _, p=person: self.told_of(p, "password_reset"), kill_after_s)
            expect(person.elsewhere().first_step(password=OTHER_PASSWORD), 200)

    def test_a_code_of_a_set_up(self):
        place = "/account/two-step/setup"
        for kill_after_s in (None, 0.005):
            person = self.person().sign_up()
            code = person.begin_setup()
            self.in_turn("set-up", code, [
                (lambda text, p=person: same(p).post(place + "/email", {"code": text}), answers(200)),
                (lambda text, p=person: page(same(p), place + "/email", code=text), self.goes_on),
            ], lambda _, p=person: int(p.two_step()["setup"]["state"] == "email_confirmed"), kill_after_s)

    @staticmethod
    def goes_on(reply):
        return leads("/account/two-step/setup")(reply) and reply.cookie("twostep-notice") is None

    def test_the_end_of_a_set_up(self):
        place = "/account/two-step/setup/complete"
        for kill_after_s in (None, 0.005):
            person = self.person().sign_up()
            person.account.secret = person.confirm_email()["secret"]
            expect(person.post("/account/two-step/setup/code", {"code": person.app_code()}), 200)
            codes = shown(person, "/account/two-step/setup")
            self.in_turn("end of a set-up", None, [
                (lambda _, p=person: same(p).post(place, {"saved": True}), answers(200)),
                (lambda _, p=person, c=codes: page(same(p), place, saved="on", shown=c), leads("/account/two-step/setup/done")),
            ], lambda _, p=person: self.told_of(p, "two_step_on"), kill_after_s)

    def test_the_end_of_a_reissue(self):
        place = self.REISSUE + "/complete"
        for kill_after_s in (None, 0.005):
            person = self.person().with_two_step()
            old = person.account.recovery_codes[0]
            new = expect(person.post(self.REISSUE, {"password": person.password}), 200)["recovery_codes"][0]
            codes = shown(person, self.REISSUE)
            self.in_turn("end of a reissue", None, [
                (lambda _, p=person: same(p).post(place, {"saved": True}), answers(200)),
                (lambda _, p=person, c=codes: page(same(p), place, saved="on", shown=c),
                 lambda reply: reply.status == 303 and any("twostep-notice=reissued." in cookie for cookie in reply.all("Set-Cookie"))),
            ], lambda _, p=person: self.told_of(p, "recovery_codes_reissued"), kill_after_s)
            for code, status in ((old, 401), (new, 200)):
                browser = person.elsewhere()
                expect(browser.second_step(browser.half_way(), code, "recovery_code"), status)

    def test_a_code_of_another_address_and_its_way_back(self):
        for kill_after_s in (None, 0.005):
            person, email = self.person().sign_up(), new_address("moved")
            old = person.email
            expect(person.post("/account/email", {"email": email}), 202)
            code = mail_code(self.server.mail_after(email, 0))
            before = len(self.server.mails(old))
            self.in_turn("another address", code, [
                (lambda text, p=person: same(p).post("/account/email/verify", {"code": text}), answers(200)),
                (lambda text, p=person: page(same(p), "/account/email/verify", code=text),
                 lambda reply: reply.status == 303 and reply.header("Location") == "/account"),
            ], lambda _, p=person, e=email: int(expect(p.get("/account"), 200)["email"] == e), kill_after_s)
            undo = LINK.search(mail_text(self.server.mail_after(old, before)))[1]
            self.in_turn("way back", None, [
                (lambda _, u=undo: self.person().post("/account/email/undo", {"token": u}), answers(200)),
                (lambda _, u=undo: page(self.person(), "/account/email/undo", token=u), leads("/password-reset")),
            ], lambda _, o=old: self.accounts_of(o), kill_after_s)

    def test_an_invitation(self):
        owner = self.person("owner").sign_up()
        for kill_after_s in (None, 0.005):
            organization, guest = self.organization(owner), self.person("guest").sign_up()
            code, invitation = self.invite(owner, organization, guest.email)
            self.in_turn("invitation", code, [
                (lambda text, g=guest: same(g).post("/invitations/accept", {"code": text}), answers(200)),
                (lambda _, g=guest, i=invitation: same(g).post(f"/invitations/{i}/accept"), answers(200)),
                (lambda text, g=guest: page(same(g), "/invitations/accept", code=text), self.joins(organization)),
                (lambda _, g=guest, i=invitation: page(same(g), f"/invitations/{i}/accept"), self.joins(organization)),
            ], lambda _, o=organization, g=guest: int(self.role_of(o, g) is not None), kill_after_s)

    def joins(self, organization):
        return leads(f"/organizations/{organization}")

    def invite(self, owner, organization, email):
        before = len(self.server.mails(email))
        invited = expect(owner.post(f"/organizations/{organization}/invitations", {"email": email, "role": "member"}), 201)
        return mail_code(self.server.mail_after(email, before)), invited["id"]

    def test_an_invitation_that_is_signed_up_with(self):
        """The same code twenty times for one new address: one account, and one session that was signed up with it."""
        owner = self.person("owner").sign_up()
        for kill_after_s in (None, 0.15):
            organization, guest = self.organization(owner), self.person("guest")
            code, _ = self.invite(owner, organization, guest.email)
            fields = {"email": guest.email, "name": guest.account.name, "password": guest.password}
            self.in_turn("invited sign-up", code, [
                (lambda text, g=guest: g.elsewhere().try_sign_up(invitation=text), answers(201)),
                (lambda text, f=fields: page(self.person(), "/signup", **f, invitation=text), signs_in),
            ], lambda _, g=guest: self.accounts_of(g.email), kill_after_s)
            self.assertEqual(self.role_of(organization, guest), "member")


class OnceAtAnApplication(Together, HandOverTest):
    def test_a_code_of_a_hand_over(self):
        _, owner, *_, host, _ = self.set_up()
        for kill_after_s in (None, 0.004, 0.012):
            visitor = self.elsewhere(owner).sign_in()
            location, cookies = self.code(visitor, host), dict(visitor.cookies)
            before = self.server.sql("SELECT count(*) FROM app_session")[0][0]

            def finish():
                browser = self.at_home(owner.elsewhere())
                browser.cookies = dict(cookies)
                return self.follow(browser, location)

            history = History("hand-over")
            tries = [("hand-over", finish, lambda r: r.cookie(self.APP) is not None)] * AT_ONCE
            self.all_at_once(history, tries, kill_after_s)
            if kill_after_s is not None:
                self.all_at_once(history, tries[:4])
            history.check(self.server.sql("SELECT count(*) FROM app_session")[0][0] - before)


if __name__ == "__main__":
    unittest.main()
