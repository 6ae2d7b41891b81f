"""
A clock that is set: a day ahead and back, an hour back, over midnight, to 2038 and 2106, while the server runs and while it does
not. People get in, no code serves twice, nothing that has ended comes back, nothing lasts longer than it was meant to.
"""
import calendar
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import struct
import time
import unittest
import urllib.parse

from guard import HTML, GuardTest, HandOverTest
from harness import (OTHER_PASSWORD, PASSWORD, STEP_S, WRONG_PASSWORD, Server, binary, expect, mail_code, new_address, steady, step_now, totp)
from test_invitations import InvitationTest

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
NOTED_S = 75  # how late it is, is noted so often: a crash forgets what was since


def at(*moment):
    """How far off a clock is that shows this moment, in UTC."""
    return calendar.timegm((*moment, 0, 0, 0)) - int(time.time())


JUMPS = (
    ("a day ahead", lambda: DAY), ("a day back", lambda: -DAY), ("an hour back", lambda: -HOUR), ("ten minutes back", lambda: -10 * MINUTE),
    ("before midnight", lambda: DAY - int(time.time()) % DAY - 3),
    ("the end of 32 bits", lambda: at(2038, 1, 19, 3, 14, 6)), ("beyond it", lambda: at(2038, 1, 20, 0, 0, 0)),
    ("the end of 32 bits without a sign", lambda: at(2106, 2, 7, 6, 28, 14)), ("beyond that", lambda: at(2106, 2, 8, 0, 0, 0)),
)


class SetServer(Server):
    """One whose clock can be set."""

    def __init__(self, args=(), env=None):
        self.file = os.path.join(os.path.dirname(binary()), "tests", "faults", "libfaults-clock.so")
        self.clock = os.memfd_create("clock")
        os.pwrite(self.clock, struct.pack("q", 0), 0)
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        super().__init__(args, {"LD_PRELOAD": self.file, "FAULTS_CLOCK": f"/proc/{os.getpid()}/fd/{self.clock}", "ASAN_OPTIONS": sanitizer, **(env or {})})

    def set(self, off_s):
        self.off_s = off_s
        os.pwrite(self.clock, struct.pack("q", off_s), 0)

    def stop(self):
        try:
            super().stop()
        finally:
            os.close(self.clock)

    def now(self):
        return time.time() + self.off_s


class Settable:
    """Each test has a server of its own, for it leaves the clock somewhere."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.server = SetServer(**self.SERVER)
        self.addCleanup(self.server.stop)

    def set(self, off_s, restart=False):
        """Somebody sets the clock; with restart while the server does not run. Comes back once the server has seen to it."""
        self.comes_true(lambda: not self.server.sql("SELECT count(*) FROM mail_queue")[0][0], "mails wait")
        back, seen = off_s < self.server.off_s - 10, self.server.log().count(" clock_set_back ")
        if restart:
            self.server.end(signal.SIGKILL)
        self.server.set(off_s)
        if restart:
            self.server.start()
        self.comes_true(lambda: expect(self.person().get("/session"), (401, 503)) and
                        (not back or self.server.log().count(" clock_set_back ") > seen), "not seen to")

    def comes_true(self, what, about):
        deadline = time.monotonic() + 20
        while not what():
            self.assertLess(time.monotonic(), deadline, about)
            time.sleep(0.02)

    def code(self, person, step=0):
        """What an app shows whose clock is the server's."""
        steady()
        return totp(person.account.secret, step_now(self.server.off_s) + step)

    def enter(self, person, code=None):
        browser = person.elsewhere()
        return browser.second_step(browser.half_way(), code or self.code(person)), browser


class ClockTest(Settable, GuardTest, InvitationTest):
    pass


class GettingIn(ClockTest):
    def get_in(self, restart):
        person = self.person().with_two_step()
        for number, (name, off) in enumerate(JUMPS, 1):
            present_s = number * 2 * MINUTE  # meanwhile time passes
            for about, off_s in ((name, off()), (f"{name}, and back", present_s)):
                with self.subTest(about):
                    self.set(off_s, restart)
                    code = self.code(person)
                    reply, browser = self.enter(person, code)
                    session = expect(reply, 200, about=about)["session"]
                    expect(self.enter(person, code)[0], 401, "invalid_code", f"{about}: a second time")
                    told = calendar.timegm(time.strptime(session["signed_in_at"], "%Y-%m-%dT%H:%M:%SZ"))
                    self.assertLess(abs(told - self.server.now()), 30, session)
                    self.assertTrue(browser.is_signed_in())
                    self.assertEqual(browser.request("GET", "/account", headers=HTML).status, 200)
                    self.person().sign_up()  # with a mail

    def test_while_it_runs(self):
        self.get_in(False)

    def test_while_it_does_not(self):
        self.get_in(True)

    def test_no_code_serves_twice_however_often_somebody_came_in_between(self):
        person = self.person().with_two_step()
        self.set(10 * MINUTE)
        first = self.code(person)
        expect(self.enter(person, first)[0], 200)
        for number in range(1, 41):
            self.set(10 * MINUTE + number * 2 * STEP_S)
            expect(self.enter(person)[0], 200)
        self.set(10 * MINUTE)
        expect(self.enter(person, first)[0], 401, "invalid_code")
        self.assertEqual(self.server.sql("SELECT count(*) FROM spent_step")[0][0], 42)

    def test_the_second_in_which_a_signed_number_ends_is_one_like_others(self):
        person = self.person().with_two_step()
        browser = self.person().sign_up()
        for off_s in (at(2038, 1, 19, 3, 14, 6), at(2106, 2, 7, 6, 28, 14)):
            self.set(off_s)
            browser.sign_in()
            ends = time.monotonic() + 2.5
            while time.monotonic() < ends:
                self.assertTrue(browser.is_signed_in())
            expect(self.enter(person)[0], 200)


class Ending(ClockTest):
    """
    Each thing is begun by a method that answers how to use it: a function, true where it served. Things that were seen to end,
    whatever the clock said then, have ended.
    """

    def login(self):
        person = self.person().with_two_step()
        login = person.half_way()
        return lambda: person.second_step(login, self.code(person)).status == 200

    def sign_up_code(self):
        person = self.person()
        signup, code = person.begin_sign_up()
        return lambda: person.post("/signup/verify", {"signup": signup, "code": code}).status == 201

    def reset_code(self):
        person = self.person().sign_up()
        _, mail = person.mailed(lambda: person.post("/password-reset", {"email": person.email}))
        body = {"email": person.email, "code": mail_code(mail), "password": OTHER_PASSWORD}
        return lambda: person.post("/password-reset/complete", body).status == 200

    def set_up_code(self):
        person = self.person().sign_up()
        code = person.begin_setup()
        return lambda: person.post("/account/two-step/setup/email", {"code": code}).status == 200

    def set_up(self):
        person = self.person().sign_up()
        secret = person.confirm_email()["secret"]
        steady()
        return lambda: person.post("/account/two-step/setup/code", {"code": totp(secret, step_now(self.server.off_s))}).status == 200

    def reissue(self):
        person = self.person().with_two_step()
        expect(person.post("/account/two-step/recovery-codes", {"password": person.password}), 200)
        return lambda: person.post("/account/two-step/recovery-codes/complete", {"saved": True}).status == 200

    def disabling(self):
        person = self.person().with_two_step()
        place, how = "/account/two-step/disable", {**HTML, "Content-Type": "application/x-www-form-urlencoded"}
        person.request("POST", place + "/password", raw=urllib.parse.urlencode({"password": person.password}).encode(), headers=how)

        def use():
            code = person.account.recovery_codes[0]
            return person.request("POST", place + "/code", raw=f"method=recovery_code&code={code}".encode(),
                                  headers=how).header("Location") == place + "/done"
        return use

    def fresh_password(self):
        person = self.person().sign_up()
        return lambda: person.post("/account/two-step/setup").status == 201

    def fresh_second_step(self):
        person = self.person().with_two_step()
        return lambda: person.post("/account/two-step/recovery-codes", {"password": person.password}).status == 200

    def move(self):
        person, email = self.person().sign_up(), new_address("moved")
        expect(person.post("/account/email", {"email": email}), 202)
        code = mail_code(self.server.mail_after(email, 0))
        return lambda: person.post("/account/email/verify", {"code": code}).status == 200

    def young_enough_for_a_rule(self):
        organization, owner, *_ = self.team(two_step=True)
        host = self.own_host()
        self.service(owner, organization, host, rules=[{"path": "/*", "second_step_max_age_s": 10 * MINUTE}])
        self.assert_let_in(self.forward_auth(owner, host))
        return lambda: self.forward_auth(owner, host).status == 200

    def session(self):
        person = self.person().sign_up()
        return person.is_signed_in

    def session_in_memory(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        for _ in range(2):
            self.assert_let_in(self.forward_auth(owner, host))
        return lambda: self.forward_auth(owner, host).status == 200

    def invitation(self):
        organization, owner = self.founded()
        guest = self.person("guest").sign_up()
        code = self.code_for(owner, organization, guest)

        def accept():
            browser = guest if guest.is_signed_in() else guest.sign_in()
            return self.accept(browser, code).status == 200
        return accept

    def remembered_device(self):
        person = self.person().with_two_step()
        browser = person.elsewhere()
        expect(browser.second_step(browser.half_way(), remember_device=True), 200)
        return lambda: expect(browser.first_step(), 200)["status"] == "signed_in"

    SHORT = {login: 10 * MINUTE, sign_up_code: 10 * MINUTE, reset_code: 10 * MINUTE, set_up_code: 10 * MINUTE, set_up: 15 * MINUTE,
             reissue: 15 * MINUTE, disabling: 10 * MINUTE, fresh_password: 10 * MINUTE, fresh_second_step: 10 * MINUTE, move: 10 * MINUTE,
             young_enough_for_a_rule: 10 * MINUTE}
    LONG = {session: 7 * DAY, session_in_memory: 7 * DAY, invitation: 7 * DAY, remembered_device: 30 * DAY}
    ALL = {**SHORT, **LONG}
    SOME = {login: 10 * MINUTE, set_up_code: 10 * MINUTE, fresh_password: 10 * MINUTE, young_enough_for_a_rule: 10 * MINUTE,
            session: 7 * DAY, remembered_device: 30 * DAY}

    def begin(self, things):
        return {begin.__name__: begin(self) for begin in things}

    def served(self, things):
        """The names of those that serve."""
        return {name for name, use in things.items() if use()}

    def test_each_serves_where_nobody_touches_the_clock(self):
        self.assertEqual(self.served(self.begin(self.ALL)), {begin.__name__ for begin in self.ALL})

    def come_back(self, things, restart):
        short = self.begin(set(self.SHORT) & set(things))
        long, too_long = (self.begin(set(self.LONG) & set(things)) for _ in range(2))
        self.set(16 * MINUTE, restart)
        self.set(0, restart)
        self.assertEqual(self.served(short), set())
        self.assertEqual(self.served(long), set(long), "what had not ended has not ended")
        self.set(31 * DAY, restart)
        self.set(0, restart)
        self.assertEqual(self.served(too_long), set())

    def test_what_has_ended_stays_so_when_the_clock_goes_back(self):
        self.come_back(self.ALL, False)

    def test_what_has_ended_stays_so_when_the_clock_goes_back_in_a_stop(self):
        self.come_back(self.SOME, True)

    def test_nothing_lasts_longer_where_the_clock_goes_back(self):
        for back_s, begun in ((HOUR, self.ALL), (at(2106, 2, 8, 0, 0, 0), self.SOME)):
            with self.subTest(back_s):
                self.set(back_s)
                things = {name: (use, life_s) for begin, life_s in begun.items() for name, use in self.begin([begin]).items()}
                self.set(0)
                for life_s in sorted({life_s for _, life_s in things.values()}):
                    self.set(life_s + 30)
                    late = {name: use for name, (use, its_s) in things.items() if its_s == life_s}
                    self.assertEqual(self.served(late), set(), f"{life_s} s")
                self.set(0)


    def test_a_leap_is_noted_at_once(self):
        """So that a crash right behind it brings nothing back either."""
        use = self.login()
        self.set(11 * MINUTE)
        self.comes_true(lambda: int.from_bytes(self.server.sql("SELECT value FROM meta WHERE name = 'clock'")[0][0], "big")
                        >= self.server.now() - MINUTE, "not noted")
        self.set(0, restart=True)
        self.assertFalse(use())


class LongAgo(ClockTest):
    """A machine whose clock has no battery, before it has asked anybody."""

    def setUp(self):
        super().setUp()
        self.off_s = at(1970, 1, 3, 0, 0, 0)
        self.server.end()
        shutil.rmtree(self.server.data)
        os.mkdir(self.server.data, 0o700)
        self.server.set(self.off_s)
        self.server.start()
        self.owner = self.person().sign_up()
        self.organization, self.host = self.organization(self.owner), self.own_host()

    def test_what_memory_knows_ends_too(self):
        self.service(self.owner, self.organization, self.host)
        for _ in range(3):
            self.assert_let_in(self.forward_auth(self.owner, self.host))
        self.set(self.off_s + 8 * DAY)
        self.assert_kept_out(self.forward_auth(self.owner, self.host), 401)
        expect(self.owner.get("/session"), 401, "not_signed_in")

    def test_a_second_step_counts(self):
        secret = self.owner.confirm_email()["secret"]
        self.owner.account.secret = secret
        expect(self.owner.post("/account/two-step/setup/code", {"code": self.code(self.owner)}), 200)
        expect(self.owner.post("/account/two-step/setup/complete", {"saved": True}), 200)
        self.service(self.owner, self.organization, self.host, rules=[{"path": "/*", "second_step_max_age_s": 600}])
        expect(self.owner.patch(f"/organizations/{self.organization}/security", {"two_step_required": True}), 200)
        for _ in range(3):
            reply = self.assert_let_in(self.forward_auth(self.owner, self.host))
            self.assertEqual(reply.header("Remote-Second-Step-At")[:10], "1970-01-03")
        self.set(self.off_s + 11 * MINUTE)
        self.assertEqual(self.assert_kept_out(self.forward_auth(self.owner, self.host), 401).header("Twostep-Needs"), "second_step")


class HandingOver(Settable, HandOverTest):
    def test_a_code_lives_a_minute_whatever_the_clock_says(self):
        _, owner, _, _, host, _ = self.set_up()
        visitor = self.elsewhere(owner).sign_in()
        location = HandOverTest.code(self, visitor, host)
        for off_s in (2 * MINUTE, 0):
            self.set(off_s)
        self.assertEqual(self.follow(visitor, location).status, 403, "it had ended")
        self.set(HOUR)
        location = HandOverTest.code(self, visitor, host)
        self.set(0)
        self.set(MINUTE + 5)
        self.assertEqual(self.follow(visitor, location).status, 403, "it would end in an hour")


class Decided(ClockTest):
    # Say when something was, and decide nothing; or are numbers of no clock.
    STAY = """account.password_at account.setup_required_at account.created_at account.signed_in_at allowed_host.allowed_at audit_event.at
        invitation.created_at membership.joined_at organization.created_at recovery_code.used_at recovery_set.issued_at
        remembered_device.created_at service.created_at totp.enabled_at"""
    DISTANT = {"account.step_cleared_at"}  # none that is more than a day off counts, before or behind

    def test_on_every_moment_that_is_kept(self):
        with open(os.path.join(os.path.dirname(__file__), "../../src/cli/set_back_sql.c"), encoding="utf-8") as file:
            text = re.sub(r'"\s*"', "", file.read())
        moved = {f"{table}.{column}" for table, rest in re.findall(r'"UPDATE (\w+) SET (.*?)[,"] *\d? ?\}', text, re.S)
                 for column in re.findall(r"(\w+) = ", rest.split(" WHERE ")[0])}
        there = {f"{table}.{column}" for table, in self.server.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
                 for _, column, kind, *_ in self.server.sql(f"PRAGMA table_info({table})")
                 if kind == "INTEGER" and re.fullmatch(r"at|\w+_at|\w+_until", column)}
        self.assertEqual(there - moved, set(self.STAY.split()) | self.DISTANT)
        self.assertEqual(moved - there, set())


class Waiting(ClockTest):
    def wait_after_wrong_codes(self, person):
        """Wrong codes until one is told to wait: the seconds."""
        for _ in range(20):
            reply, _ = self.enter(person, person.wrong_code())
            if reply.status == 429:
                return int(reply.header("Retry-After"))
        raise AssertionError("no wait")

    def test_after_wrong_codes_is_no_longer_where_the_clock_goes_back(self):
        for off_s in (HOUR, DAY, at(2106, 2, 8, 0, 0, 0)):
            for restart in (False, True):
                with self.subTest((off_s, restart)):
                    person = self.person().with_two_step()
                    self.set(off_s, restart)
                    waits_s = self.wait_after_wrong_codes(person)
                    self.set(0, restart)
                    reply, _ = self.enter(person)
                    if reply.status == 429:
                        self.assertLessEqual(int(reply.header("Retry-After")), waits_s + NOTED_S)
                    self.set(waits_s + NOTED_S + 2)
                    expect(self.enter(person)[0], 200)
                    self.set(0)

    def test_wrong_codes_stay_counted_and_waited_for(self):
        """Who can set the clock back does not get tries for it."""
        def wait():
            count, until = self.server.sql("SELECT count, blocked_until FROM failure ORDER BY blocked_until DESC LIMIT 1")[0]
            return count, until - self.server.now() + time.monotonic()

        person = self.person().with_two_step()
        self.wait_after_wrong_codes(person)
        count, ends = wait()
        for off_s in (-HOUR, -DAY, at(1999, 12, 31, 23, 59, 59)):
            self.set(off_s)
            self.assertEqual(wait()[0], count)
            self.assertAlmostEqual(wait()[1], ends, delta=3)

    def test_after_too_many_mails_is_no_longer(self):
        for off_s in (DAY, at(2106, 2, 8, 0, 0, 0)):
            person = self.person().sign_up()
            self.set(off_s)
            for _ in range(6):
                person.post("/password-reset", {"email": person.email})
            self.set(0)
            self.set(HOUR + MINUTE)
            person.mailed(lambda: person.post("/password-reset", {"email": person.email}))
            self.set(0)

    def test_a_reset_that_cleared_wrong_codes_counts_for_a_day(self):
        person = self.person().with_two_step()
        self.set(at(2106, 2, 8, 0, 0, 0))

        def reset():
            _, mail = person.mailed(lambda: person.post("/password-reset", {"email": person.email}))
            expect(person.post("/password-reset/complete", {"email": person.email, "code": mail_code(mail), "password": PASSWORD}), 200)
        self.wait_after_wrong_codes(person)
        reset()
        expect(self.enter(person)[0], 200, about="cleared")
        self.set(0)
        self.wait_after_wrong_codes(person)
        reset()
        expect(self.enter(person)[0], 200, about="cleared in 2106, and so not lately")


class Going(ClockTest):
    """What runs by itself goes on."""

    def test_who_was_seen_is_written_down(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host)
        self.assert_let_in(self.forward_auth(owner, host))
        for off_s in (2 * MINUTE, DAY, -HOUR, DAY - HOUR):
            self.set(off_s)
            self.assert_let_in(self.forward_auth(owner, host))
            self.assert_let_in(self.forward_auth(owner, host))
            self.comes_true(lambda: self.server.sql("SELECT max(last_seen_at) FROM session")[0][0] <= self.server.now() and
                            self.server.sql("SELECT count(*) FROM session WHERE last_seen_at >= ?", int(self.server.now()) - 30)[0][0],
                            f"{off_s}: {self.server.sql('SELECT last_seen_at FROM session')}")

    def test_a_clock_that_came_forward_again_by_itself_is_told_when_it_goes_back_the_next_time(self):
        """Housekeeping waits for the store meanwhile, and finds that nothing is behind."""
        person = self.person().with_two_step()
        with contextlib.closing(sqlite3.connect(self.server.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for off_s in (300, 300 - HOUR, 300):
                self.server.set(off_s)
                expect(self.person().get("/session"), 401)
                time.sleep(0.3)
            other.execute("ROLLBACK")
        self.comes_true(lambda: int.from_bytes(self.server.sql("SELECT value FROM meta WHERE name = 'clock'")[0][0]) > time.time() + 200,
                        "it is not known that it is later")
        self.set(300 - HOUR)
        expect(self.enter(person)[0], 200)

    def test_what_has_expired_is_removed_soon_after_the_clock_went_back(self):
        self.person().begin_sign_up()
        self.set(DAY)
        self.person().begin_sign_up()
        self.set(0)
        self.comes_true(lambda: self.server.sql("SELECT count(*) FROM signup")[0][0] == 1, "the first had ended")

    def test_a_demand_in_force_stays_so(self):
        organization, owner, manager, member = self.team()
        owner.enable()
        expect(owner.patch(f"/organizations/{organization}/security", {"two_step_required": True, "grace_days": 1}), 200)
        self.assertTrue(expect(member.get("/session"), 200)["restricted"] is False)
        self.set(DAY + MINUTE)
        self.assertTrue(expect(member.get("/session"), 200)["restricted"])
        self.set(0)
        self.assertTrue(expect(member.get("/session"), 200)["restricted"])

    def test_checks_count_each_of_two_demands_from_its_own_moment(self):
        """As GET /session does, from memory too: whoever is here when the second one comes stays, and is out once unused for as long as it says."""
        (first, owner, manager, _), (second, other, *_) = self.team(two_step=True), self.team("Beta", two_step=True)
        self.join(second, manager)
        host = self.own_host()
        self.service(owner, first, host)
        expect(owner.patch(f"/organizations/{first}/security", {"two_step_required": True, "session_idle_s": DAY}), 200)
        manager.sign_in()
        early, late = manager.elsewhere().sign_in(), manager.elsewhere().sign_in()
        for browser in (manager, early, late):
            self.assert_let_in(self.forward_auth(browser, host))
        self.set(20 * MINUTE)
        other.sign_in()
        expect(other.patch(f"/organizations/{second}/security", {"two_step_required": True, "session_idle_s": 15 * MINUTE}), 200)
        for minutes, browser in ((20, manager), (30, manager), (34, early), (34, manager), (40, manager), (48, early), (54, manager)):
            self.set(minutes * MINUTE)
            for about in ("once", "from memory"):
                self.assert_let_in(self.forward_auth(browser, host), f"{minutes} minutes, {about}")
            expect(browser.get("/session"), 200, about=minutes)
        self.assert_kept_out(self.forward_auth(late, host), 401, "unused since before the second one")
        self.set(64 * MINUTE)
        self.assert_kept_out(self.forward_auth(early, host), 401, "unused for sixteen minutes")
        for gone in (early, late):
            expect(gone.get("/session"), 401, "not_signed_in")
        self.assert_let_in(self.forward_auth(manager, host))

    def test_assertions_are_signed_and_keys_rotate(self):
        organization, owner, *_ = self.team()
        host = self.own_host()
        self.service(owner, organization, host, assertion=True)
        for off_s in (0, at(2106, 2, 8, 0, 0, 0), 0, 40 * DAY, 80 * DAY):
            self.set(off_s)
            browser = owner.elsewhere().sign_in()
            token = self.assert_let_in(self.forward_auth(browser, host)).header("Remote-Assertion")
            self.assertEqual(token.count("."), 2, off_s)
        keys = self.server.sql("SELECT signs_at FROM signing_key ORDER BY number")
        self.assertGreater(keys[-1][0], time.time() + 30 * DAY, keys)
        self.assertLess(keys[-1][0], time.time() + 130 * DAY, keys)


if __name__ == "__main__":
    unittest.main()
