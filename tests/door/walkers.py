"""
People who take random steps while the server is killed under them, and who remember what they were told.

A walker knows its part of the database as a dict, a world. Before it asks for a change it knows two: as it was, and as it will be.
An answer leaves one of them; where none came, for the server died, both are possible, and whatever the database is after the next
start has to be one of them, whole. `worlds` are those that are possible, `found` reads what is there.
"""
import base64
import hashlib
import time

from harness import OTHER_PASSWORD, PASSWORD, Closed, Person, mail_code, new_address, step_now, totp, wrong_code
from invariants import LIMIT_SECOND_STEP

LIMIT_PASSWORD = 1  # src/limits/limits.h
PASSWORDS = (PASSWORD, OTHER_PASSWORD, "Olive2 saddle-Brook ember", "Ivory4 copper-Trail fern")
ROUNDS_EACH = 12
SETUP = "/account/two-step/setup"


class Lost(Exception):
    """No answer came: the server is gone."""


class Strange(Exception):
    """An answer that no walker can account for."""


def digest(token):
    """A session's token as the database has it."""
    return hashlib.sha256(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))).digest()


class Walker:
    """`step` is one of `steps()`; each returns when its changes are answered or refused."""

    def __init__(self, server, rng):
        self.server, self.rng, self.stopping = server, rng, None
        self.worlds, self.doubts, self.refused, self.done = [{}], 0, 0, {}
        self.rounds, self.wrong = 0, None

    @property
    def world(self):
        return self.worlds[0]

    def tired(self):
        """It has walked for long enough, or cannot go on."""
        return self.rounds >= ROUNDS_EACH

    def walk(self, stopping):
        """Until told to stop, or until the server is gone."""
        self.stopping = stopping
        try:
            while not stopping.is_set():
                step = self.rng.choice(self.steps())
                self.name = step.__name__
                step()
        except Lost:
            self.doubts += len(self.worlds) > 1
        except Exception as error:  # pylint: disable=broad-except
            self.wrong = error

    def ask(self, call):
        try:
            reply = call()
        except (OSError, Closed) as lost:
            raise Lost from lost
        except AssertionError as lost:
            if "no answer" not in str(lost):
                raise
            raise Lost from lost
        if reply.code == "unavailable":
            raise Strange(f"{self.name}: {reply!r}")
        return reply

    def change(self, call, status, **after):
        """Asks for what makes `after` of the world, with this status."""
        before = self.world
        self.worlds = [before, {**before, **after}]
        reply = self.ask(call)
        self.worlds = [self.worlds[1] if reply.status == status else before]
        if reply.status == status:
            self.done[self.name] = self.done.get(self.name, 0) + 1
        else:
            self.refused += 1
        return reply if reply.status == status else None

    def look(self, call, status=200):
        """Asks for what changes nothing that is remembered."""
        reply = self.ask(call)
        if reply.status != status:
            self.refused += 1
        return reply if reply.status == status else None

    def mailed(self, call, status, to):
        """Asks for something that mails a code: the answer and the code."""
        before = len(self.server.mails(to))
        reply = self.look(call, status)
        while reply and not self.stopping.is_set():
            found = self.server.mails(to)
            if len(found) > before:
                return reply, mail_code(found[-1])
            time.sleep(0.01)
        return None, None

    def settle(self):
        """Behind a start: the one world that is. What is wrong, or None."""
        found = self.found()
        fitting = [world for world in self.worlds if not self.differences(world, found)]
        if not fitting:
            return f"{type(self).__name__} behind {self.name}: " + "; or ".join(
                ", ".join(self.differences(world, found)) for world in self.worlds)
        self.worlds = fitting[:1]
        return None

    def read_on(self):
        """What an answer does not say, its id: what is there must be what was acknowledged."""
        if (wrong := self.settle()):
            raise Strange(wrong)

    def differences(self, world, found):
        return [f"{key} is {found[key]!r}, not {world.get(key)!r}" for key in found if world.get(key) != found[key]]

    def more(self, *actions):
        """The counts of the log with one more of each."""
        events = dict(self.world["events"])
        for action in actions:
            events[action] = events.get(action, 0) + 1
        return events


class Solo(Walker):
    """One person with an account, sessions, and now and then a second step."""

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.home, self.name = Person(server, "solo"), "nothing"
        self.number, self.tried_step = 0, None
        self.worlds = [{"email": None, "events": {}}]

    def found(self):
        email = self.home.email if "account" not in self.world else None
        account = self.server.sql("SELECT id, email, name, password_version FROM account WHERE id = ? OR email = ?",
                                  self.world.get("account"), email)
        if not account:
            return {"email": None, "events": {}}
        (number, email, name, version), = account
        enrolment = self.server.sql("SELECT id FROM totp WHERE account_id = ?", number)
        return {
            "email": email, "name": name, "version": version, "enabled": bool(enrolment),
            "events": dict(self.server.sql("SELECT action, count(*) FROM audit_event WHERE account_id = ? AND organization_id IS NULL"
                                           " GROUP BY action", number)),
            "used": self.server.sql("SELECT count(*) FROM recovery_code c JOIN recovery_set s ON s.number = c.set_number"
                                    " WHERE s.account_id = ? AND used_at IS NOT NULL", number)[0][0],
            "wrong": sum(n for n, in self.server.sql("SELECT count FROM failure WHERE kind = ? AND subject = ?", LIMIT_SECOND_STEP, number)),
            "spent": {step for step, in self.server.sql("SELECT step FROM spent_step WHERE totp_id = ?", enrolment[0][0])} if enrolment else set(),
            "alive": {token for token, in self.server.sql("SELECT token FROM session WHERE account_id = ?", number)},
        }

    def differences(self, world, found):
        """Sessions and steps that an answer was lost of are there as well."""
        if world["email"] is None or found["email"] is None:
            return super().differences(world, found)
        plain = {key: value for key, value in found.items() if key not in ("spent", "alive")}
        wrong = super().differences(world, plain)
        wrong += [f"step {step} is open again" for step in world["spent"] - found["spent"]]
        wrong += ["a session is gone" for _ in world["alive"] - found["alive"]]
        return wrong + ["a session is back" for _ in world["dead"] & found["alive"]]

    def settle(self):
        wrong = super().settle()
        if not wrong and self.world["email"] and "account" not in self.world:
            (number,), = self.server.sql("SELECT id FROM account WHERE email = ?", self.world["email"])
            self.worlds = [{**self.world, "account": number}]
        return wrong

    def steps(self):
        world = self.world
        if world["email"] is None:
            return [self.sign_up]
        self.home.account.email, self.home.account.password = world["email"], world["password"]
        if self.token(self.home) not in world["alive"]:
            return [self.sign_in]
        always = [self.sign_in, self.sign_in, self.rename, self.sign_out, self.change_password, self.reset_password, self.move]
        if not world["enabled"]:
            return always + [self.set_up] * 6
        return always + [self.sign_in, self.sign_in_by_recovery_code, self.confirm, self.be_wrong, self.reissue, self.new_phone, self.disable]

    @staticmethod
    def token(browser):
        token = browser.cookies.get("twostep")
        return digest(token) if token else None

    def sessions(self, add=None, keep=None):
        """`alive` and `dead`, with one more session, or with none but that one."""
        alive, dead = set(self.world["alive"]), set(self.world["dead"])
        if keep is not None:
            dead, alive = dead | (alive - {keep}), alive & {keep}
        return {"alive": alive | ({add} if add else set()), "dead": dead}

    def came_in(self, browser):
        """A session whose token only the answer brought."""
        self.worlds = [{**self.world, **self.sessions(add=self.token(browser))}]
        if self.token(self.home) not in self.world["alive"]:
            self.home.cookies = dict(browser.cookies)

    def sign_up(self):
        person = Person(self.server, "solo")
        self.home = person
        reply, code = self.mailed(person.try_sign_up, 202, person.email)
        if not reply:
            return
        body = {"signup": reply.json["signup"], "code": code}
        reply = self.change(lambda: person.post("/signup/verify", body), 201, email=person.email, name=person.account.name,
                            password=person.password, version=0, enabled=False, events={"signed_up": 1, "signed_in": 1}, used=0, wrong=0,
                            spent=set(), alive=set(), dead=set())
        if reply:
            self.read_on()
            self.came_in(person)

    def first_step(self, browser):
        """With the second step on it changes nothing that is remembered; else it is the sign-in."""
        if self.world["enabled"]:
            reply = self.look(browser.first_step)
            return reply.json["login"] if reply else None
        if self.change(browser.first_step, 200, events=self.more("signed_in")):
            self.came_in(browser)
        return None

    def app_code(self):
        """A code that stays right for a while, of a step not tried before; None: all are."""
        step = next((s for s in (step_now(), step_now() + 1) if self.tried_step is None or s > self.tried_step), None)
        if step is None:
            return None, None
        self.tried_step = step
        return step, totp(self.world["secret"], step)

    def sign_in(self):
        browser = self.home.elsewhere()
        login = self.first_step(browser)
        if login is None:
            return
        step, code = self.app_code()
        if step is None:
            self.by_recovery_code(browser, login)
        elif self.change(lambda: browser.second_step(login, code), 200, events=self.more("signed_in"), wrong=0,
                         spent=self.world["spent"] | {step}):
            self.came_in(browser)

    def sign_in_by_recovery_code(self):
        browser = self.home.elsewhere()
        login = self.first_step(browser)
        if login:
            self.by_recovery_code(browser, login)

    def a_recovery_code(self):
        """One, and what is left where it is taken."""
        codes = self.world["codes"]
        return (codes[0], {"codes": codes[1:], "used": self.world["used"] + 1, "wrong": 0}) if codes else (None, None)

    def by_recovery_code(self, browser, login):
        code, after = self.a_recovery_code()
        if code and self.change(lambda: browser.second_step(login, code, "recovery_code"), 200,
                                events=self.more("signed_in", "recovery_code_used"), last_used=code, **after):
            self.came_in(browser)

    def be_wrong(self):
        """At most twice between two right codes: nobody wants to wait."""
        if self.world["wrong"] >= 2:
            return
        browser = self.home.elsewhere()
        login = self.first_step(browser)
        if login:
            self.change(lambda: browser.second_step(login, wrong_code(self.world["secret"])), 401, events=self.more("sign_in_failed"),
                        wrong=self.world["wrong"] + 1)

    def confirm(self):
        step, code = self.app_code()
        if step is not None:
            self.change(lambda: self.home.post("/session/confirm", {"method": "totp", "code": code}), 200, wrong=0,
                        events=self.more("confirmed"), spent=self.world["spent"] | {step})

    def rename(self):
        self.number += 1
        name = f"Name {self.number}"
        self.change(lambda: self.home.patch("/account", {"name": name}), 200, name=name, events=self.more("profile_changed"))

    def sign_out(self):
        token = self.token(self.home)
        cookies = dict(self.home.cookies)
        sessions = self.sessions()
        after = {"alive": sessions["alive"] - {token}, "dead": sessions["dead"] | {token}}
        if self.change(lambda: self.home.delete("/session"), 204, events=self.more("signed_out"), **after):
            self.home.cookies = cookies  # it is asked again whether that opens anything

    def another_password(self):
        return self.rng.choice([password for password in PASSWORDS if password != self.world["password"]])

    def change_password(self):
        password = self.another_password()
        body = {"current_password": self.world["password"], "new_password": password}
        self.change(lambda: self.home.post("/account/password", body), 200, password=password, version=self.world["version"] + 1,
                    events=self.more("password_changed"), **self.sessions(keep=self.token(self.home)))

    def reset_password(self):
        """Not while wrong codes stand: it clears them once a day."""
        if self.world["wrong"]:
            return
        browser, password = self.home.elsewhere(), self.another_password()
        reply, code = self.mailed(lambda: browser.post("/password-reset", {"email": self.world["email"]}), 202, self.world["email"])
        if reply:
            body = {"email": self.world["email"], "code": code, "password": password}
            self.change(lambda: browser.post("/password-reset/complete", body), 200, password=password, version=self.world["version"] + 1,
                        events=self.more("password_reset"), **self.sessions(keep=b""))

    def move(self):
        email = new_address("moved")
        reply, code = self.mailed(lambda: self.home.post("/account/email", {"email": email}), 202, email)
        if reply:
            self.change(lambda: self.home.post("/account/email/verify", {"code": code}), 200, email=email,
                        version=self.world["version"] + 1, events=self.more("email_changed"))

    def set_up(self, replace=False):
        reply, code = self.mailed(lambda: self.home.post(SETUP, {"replace": True} if replace else {}), 201, self.world["email"])
        shown = reply and self.look(lambda: self.home.post(SETUP + "/email", {"code": code}))
        if not shown:
            return
        secret, step = shown.json["secret"], step_now()
        typed = self.look(lambda: self.home.post(SETUP + "/code", {"code": totp(secret, step)}))
        if typed and self.change(lambda: self.home.post(SETUP + "/complete", {"saved": True}), 200, enabled=True, secret=secret,
                                 codes=typed.json["recovery_codes"], used=0, wrong=0, spent={step}, last_used=None,
                                 version=self.world["version"] + int(replace),
                                 events=self.more("new_phone" if replace else "two_step_on"),
                                 **self.sessions(keep=self.token(self.home))):
            self.tried_step = step

    def new_phone(self):
        self.set_up(replace=True)

    def reissue(self):
        reply = self.look(lambda: self.home.post("/account/two-step/recovery-codes", {"password": self.world["password"]}))
        if reply:
            self.change(lambda: self.home.post("/account/two-step/recovery-codes/complete", {"saved": True}), 200, used=0,
                        codes=reply.json["recovery_codes"], last_used=None, events=self.more("recovery_codes_reissued"))

    def disable(self):
        code, after = self.a_recovery_code()
        if code:
            body = {"password": self.world["password"], "method": "recovery_code", "code": code}
            self.change(lambda: self.home.post("/account/two-step/disable", body), 200,
                        **{**after, "enabled": False, "used": 0, "codes": [], "spent": set(), "last_used": None},
                        version=self.world["version"] + 1,
                        events=self.more("two_step_off", "recovery_code_used"), **self.sessions(keep=self.token(self.home)))

    def check_by_asking(self):
        """What the answers say after a start: spent codes are refused, and sessions are as they were. What is wrong, or None."""
        self.name, world = "what is asked after a start", self.world
        if world["email"] is None:
            return None
        opens = self.home.is_signed_in()
        if opens != (self.token(self.home) in world["alive"]):
            return f"its session {'opens' if opens else 'does not open'}"
        if not world["enabled"]:
            return None
        self.home.account.email, self.home.account.password = world["email"], world["password"]
        spent = [("recovery_code", world["last_used"])] if world.get("last_used") else []
        spent += [("totp", totp(world["secret"], step)) for step in world["spent"] if step >= step_now()]
        for method, code in spent:
            browser = self.home.elsewhere()
            reply = browser.second_step(browser.half_way(), code, method)
            if reply.status != 401:
                return f"a spent code of {method} answers {reply!r}"
        return None


class Guesser(Walker):
    """Somebody who is wrong and never right: what was counted stays counted."""

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.name, self.person = "nothing", None
        self.worlds = [{"codes": 0, "passwords": 0}]

    def steps(self):
        if self.person is None:
            return [self.meet_somebody]
        return [self.rest] if self.tired() else [self.wrong_code, self.wrong_password]

    def tired(self):
        """Five are free; what comes then waits, and is not counted."""
        return super().tired() or (self.world["codes"] >= 5 and self.world["passwords"] >= 5)

    def rest(self):
        self.stopping.wait(0.05)

    def meet_somebody(self):
        """With an account and half of a sign-in, so that no right password comes in between."""
        solo = Solo(self.server, self.rng)
        solo.stopping = self.stopping
        for solo.name, step in (("sign_up", solo.sign_up), ("set_up", solo.set_up)):
            step()
            if solo.world["email"] is None:
                return
        if not solo.world["enabled"]:
            return
        person, self.secret = solo.home, solo.world["secret"]
        reply = self.look(person.elsewhere().first_step)
        if reply:
            self.account, self.login, self.person = solo.world["account"], reply.json["login"], person

    def found(self):
        if self.person is None:
            return {}
        count = dict(self.server.sql("SELECT kind, sum(count) FROM failure WHERE subject = ? GROUP BY kind", self.account))
        return {"codes": count.get(LIMIT_SECOND_STEP, 0), "passwords": count.get(LIMIT_PASSWORD, 0)}

    def wrong_code(self):
        code = wrong_code(self.secret)
        if self.world["codes"] < 5:
            self.change(lambda: self.person.elsewhere().second_step(self.login, code), 401, codes=self.world["codes"] + 1)

    def wrong_password(self):
        if self.world["passwords"] < 5:
            self.change(lambda: self.person.elsewhere().first_step(password="Not the password 7"), 401, passwords=self.world["passwords"] + 1)

    def check_by_asking(self):
        return None


class Team(Walker):
    """An organization and three people, one of whom is in it for sure."""
    LOGGED = ("organization_created", "organization_renamed", "invited", "invitation_cancelled", "member_joined", "member_changed",
              "member_left", "member_removed", "owner_changed", "service_created", "service_deleted")
    NOTHING = {"name": None, "events": {}, "roles": {}, "waiting": {}, "services": frozenset()}

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.name, self.people, self.number = "nothing", [], 0
        self.worlds = [{**self.NOTHING, "stale": set()}]

    def found(self):
        if "id" not in self.world:
            # One whose answer was lost has no id here yet.
            mine = self.server.sql("SELECT organization_id FROM membership WHERE email = ?", self.people[0].email) if self.people else []
            if not mine:
                return self.NOTHING
            number = mine[0][0]
        else:
            number = self.world["id"]
        sql = self.server.sql
        return {
            "name": sql("SELECT name FROM organization WHERE id = ?", number)[0][0],
            "roles": dict(sql("SELECT email, role FROM membership WHERE organization_id = ?", number)),
            "waiting": dict(sql("SELECT email, inviter FROM invitation WHERE organization_id = ?", number)),
            "services": frozenset(name for name, in sql("SELECT name FROM service WHERE organization_id = ?", number)),
            "events": {action: count for action, count in
                       sql("SELECT action, count(*) FROM audit_event WHERE organization_id = ? GROUP BY action", number)
                       if action in self.LOGGED},
        }

    def differences(self, world, found):
        """Of an invitation whose sender may invite no more nothing is known: it is swept away sooner or later."""
        waiting = {email: inviter for email, inviter in found["waiting"].items() if email not in world["stale"]}
        return super().differences(world, {**found, "waiting": waiting})

    def settle(self):
        wrong = super().settle()
        if not wrong and self.world["name"] and "id" not in self.world:
            (number,), = self.server.sql("SELECT organization_id FROM membership WHERE email = ?", self.people[0].email)
            self.worlds = [{**self.world, "id": number}]
        return wrong

    @property
    def path(self):
        return "/organizations/" + base64.urlsafe_b64encode(self.world["id"]).decode().rstrip("=")

    def steps(self):
        if len(self.people) < 3:
            return [self.meet_somebody]
        if self.world["name"] is None:
            return [self.found_it]
        return [self.rename, self.invite, self.invite, self.accept, self.accept, self.cancel, self.change_role, self.hand_over,
                self.remove, self.leave, self.add_service, self.remove_service]

    def meet_somebody(self):
        person = Person(self.server, "team")
        reply, code = self.mailed(person.try_sign_up, 202, person.email)
        if reply and self.look(lambda: person.post("/signup/verify", {"signup": reply.json["signup"], "code": code}), 201):
            self.people.append(person)

    def found_it(self):
        owner = self.people[0]
        if self.change(lambda: owner.post("/organizations", {"name": "Alpha"}), 201, name="Alpha", roles={owner.email: 3},
                       events={"organization_created": 1}):
            self.read_on()

    def who(self, *roles):
        return [person for person in self.people if self.world["roles"].get(person.email, 0) in roles]

    def owner(self):
        return self.who(3)[0]

    def one_of(self, people):
        return self.rng.choice(people) if people else None

    def id_of(self, person):
        (number,), = self.server.sql("SELECT id FROM account WHERE email = ?", person.email)
        return base64.urlsafe_b64encode(number).decode().rstrip("=")

    def with_roles(self, *changes):
        """`roles` and what they make of invitations; 0: out."""
        roles = {**self.world["roles"], **{person.email: role for person, role in changes}}
        stale = {email for email, inviter in self.world["waiting"].items() if roles.get(inviter, 0) < 2}
        return {"roles": {email: role for email, role in roles.items() if role}, "stale": self.world["stale"] | stale,
                "waiting": {email: inviter for email, inviter in self.world["waiting"].items() if email not in stale}}

    def without(self, guest):
        """The invitations but this one."""
        return {"waiting": {e: i for e, i in self.world["waiting"].items() if e != guest.email}, "stale": self.world["stale"] - {guest.email}}

    def rename(self):
        self.number += 1
        name = f"Alpha {self.number}"
        self.change(lambda: self.owner().patch(self.path, {"name": name}), 200, name=name, events=self.more("organization_renamed"))

    def invite(self):
        guest = self.one_of([p for p in self.who(0) if p.email not in self.world["waiting"]])
        if guest:
            self.change(lambda: self.owner().post(self.path + "/invitations", {"email": guest.email, "role": "member"}), 201,
                        events=self.more("invited"), waiting={**self.world["waiting"], guest.email: self.owner().email},
                        stale=self.world["stale"] - {guest.email})

    def invitation_of(self, guest):
        """None where it waits no more, for who sent it may not invite now."""
        reply = self.look(lambda: self.owner().get(self.path + "/invitations"))
        return next((i["id"] for i in reply.json["invitations"] if i["email"] == guest.email), None) if reply else None

    def a_waiting_one(self):
        guest = self.one_of([p for p in self.people if p.email in self.world["waiting"]])
        return guest, guest and self.invitation_of(guest)

    def accept(self):
        guest, number = self.a_waiting_one()
        if number:
            self.change(lambda: guest.post(f"/invitations/{number}/accept"), 200, events=self.more("member_joined"),
                        **{**self.with_roles((guest, 1)), **self.without(guest)})

    def cancel(self):
        guest, number = self.a_waiting_one()
        if number:
            self.change(lambda: self.owner().delete(f"{self.path}/invitations/{number}"), 204,
                        events=self.more("invitation_cancelled"), **self.without(guest))

    def change_role(self):
        member = self.one_of(self.who(1, 2))
        if member:
            role = 3 - self.world["roles"][member.email]
            body = {"role": ("member", "manager")[role - 1]}
            self.change(lambda: self.owner().patch(f"{self.path}/members/{self.id_of(member)}", body), 200,
                        events=self.more("member_changed"), **self.with_roles((member, role)))

    def hand_over(self):
        owner, member = self.owner(), self.one_of(self.who(1, 2))
        if member:
            self.change(lambda: owner.post(self.path + "/owner", {"account_id": self.id_of(member)}), 200,
                        events=self.more("owner_changed"), **self.with_roles((owner, 2), (member, 3)))

    def remove(self):
        member = self.one_of(self.who(1, 2))
        if member:
            self.change(lambda: self.owner().delete(f"{self.path}/members/{self.id_of(member)}"), 204,
                        events=self.more("member_removed"), **self.with_roles((member, 0)))

    def leave(self):
        member = self.one_of(self.who(1, 2))
        if member:
            self.change(lambda: member.delete(f"{self.path}/members/{self.id_of(member)}"), 204,
                        events=self.more("member_left"), **self.with_roles((member, 0)))

    def add_service(self):
        self.number += 1
        name = f"Shop {self.number}"
        if len(self.world["services"]) < 5:
            self.change(lambda: self.owner().post(self.path + "/services", {"name": name}), 201,
                        services=self.world["services"] | {name}, events=self.more("service_created"))

    def remove_service(self):
        name = self.one_of(sorted(self.world["services"]))
        if name:
            (number,), = self.server.sql("SELECT id FROM service WHERE organization_id = ? AND name = ?", self.world["id"], name)
            number = base64.urlsafe_b64encode(number).decode().rstrip("=")
            self.change(lambda: self.owner().delete(f"{self.path}/services/{number}"), 204,
                        services=self.world["services"] - {name}, events=self.more("service_deleted"))

    def check_by_asking(self):
        if self.world["name"] is None:
            return None
        reply = self.owner().get(self.path)
        return None if reply.status == 200 and reply.json["name"] == self.world["name"] else f"its owner is answered {reply!r}"
