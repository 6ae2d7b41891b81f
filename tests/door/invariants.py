"""
What holds of a database whatever happened to the server: killed, out of power, its disk full, copied, restored.

    broken(path)                   names of the promises that a database file breaks
    undone(earlier, later)         names of the promises that the way from one snapshot to a later one breaks
    Snapshot(path)                 what undone() compares

What the schema itself enforces (keys, references, at most one owner) shows in the first two; the rest are rules of several rows
that no constraint can say, so they hold only where each change is whole. tests/door/test_invariants.py breaks each of them.
"""
import sqlite3

# Rows are promises that were broken.
BROKEN = {
    "a damaged page": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "a reference to nothing": "SELECT * FROM pragma_foreign_key_check",
    "a database without its keyring's mark": "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'keyring')",

    "a second step without its ten codes":
        "SELECT t.id FROM totp t WHERE (SELECT count(*) FROM recovery_set s JOIN recovery_code c ON c.set_number = s.number"
        " WHERE s.account_id = t.account_id) <> 10",
    "codes without a second step": "SELECT 1 FROM recovery_set WHERE account_id NOT IN (SELECT account_id FROM totp)",
    "a second step without its sealed secret":  # 20 bytes and what sealing adds, each sealed for one enrolment
        "SELECT 1 FROM totp WHERE length(secret) < 60 OR (SELECT count(*) FROM totp o WHERE o.secret = totp.secret) > 1",
    "a second step whose first code was not spent": "SELECT 1 FROM totp WHERE id NOT IN (SELECT totp_id FROM spent_step)",
    "two spent steps in one place": "SELECT 1 FROM spent_step GROUP BY totp_id, place HAVING count(*) > 1",
    "a set-up demanded of who has one": "SELECT 1 FROM account a JOIN totp t ON t.account_id = a.id WHERE a.setup_required_at IS NOT NULL",
    "a set-up with codes and no secret": "SELECT 1 FROM setup WHERE codes IS NOT NULL AND (secret IS NULL OR step IS NULL)",

    "a session of another's second step":
        "SELECT 1 FROM session s JOIN totp t ON t.id = s.enrolment WHERE t.account_id <> s.account_id",
    "a remembered device of another's second step":
        "SELECT 1 FROM remembered_device d JOIN totp t ON t.id = d.enrolment WHERE t.account_id <> d.account_id",
    "a set-up in another's session": "SELECT 1 FROM setup x JOIN session s ON s.id = x.session_id WHERE s.account_id <> x.account_id",
    "a reissue in another's session": "SELECT 1 FROM reissue x JOIN session s ON s.id = x.session_id WHERE s.account_id <> x.account_id",
    "a move in another's session":
        "SELECT 1 FROM email_change x JOIN session s ON s.id = x.session_id WHERE s.account_id <> x.account_id",
    "an application's session of another":
        "SELECT 1 FROM app_session x JOIN session s ON s.id = x.session_id WHERE s.account_id <> x.account_id",

    "not one owner": "SELECT 1 FROM organization o WHERE (SELECT count(*) FROM membership WHERE organization_id = o.id AND role = 3) <> 1",
    "a member by another address": "SELECT 1 FROM membership m JOIN account a ON a.id = m.account_id WHERE a.email <> m.email",
    "a role on another organization's service":
        "SELECT 1 FROM service_role r JOIN service s ON s.id = r.service_id WHERE s.organization_id <> r.organization_id"
        " UNION ALL SELECT 1 FROM invitation_role r JOIN service s ON s.id = r.service_id JOIN invitation i ON i.id = r.invitation_id"
        " WHERE s.organization_id <> i.organization_id",
    "an invitation of who is in": "SELECT 1 FROM invitation i JOIN membership m ON m.organization_id = i.organization_id AND m.email = i.email",

    "an account that nobody logged":
        "SELECT 1 FROM account WHERE id NOT IN (SELECT account_id FROM audit_event WHERE action = 'signed_up')",
    "a second step that nobody logged":
        "SELECT 1 FROM totp WHERE account_id NOT IN (SELECT account_id FROM audit_event WHERE action = 'two_step_on')",
    "an organization without its log":
        "SELECT 1 FROM organization WHERE id NOT IN (SELECT organization_id FROM audit_event WHERE action = 'organization_created')",
    "a used recovery code that nobody logged":
        "SELECT 1 FROM recovery_set s WHERE (SELECT count(*) FROM recovery_code WHERE set_number = s.number AND used_at IS NOT NULL) >"
        " (SELECT count(*) FROM audit_event e WHERE e.account_id = s.account_id AND action = 'recovery_code_used' AND at >= s.issued_at)",
    "a session that nobody logged":
        "SELECT 1 FROM account a WHERE (SELECT count(*) FROM session WHERE account_id = a.id) >"
        " (SELECT count(*) FROM audit_event WHERE account_id = a.id AND action IN ('signed_up', 'signed_in'))",
}

SPENT_STEPS_KEPT = 32
LIMIT_SECOND_STEP, LIMIT_RECOVERY, LIMIT_STEP_MONTH = 4, 5, 9  # src/limits/limits.h


def rows(path, statement, *values):
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def broken(path):
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        connection.execute("BEGIN")  # one moment, also of a database that is being written to
        return [name for name, statement in BROKEN.items() if connection.execute(statement).fetchall()]
    except sqlite3.DatabaseError as error:
        return [f"a damaged page ({error})"]
    finally:
        connection.close()


class Snapshot:
    """What must not be taken back, as it stands at one moment."""

    def __init__(self, path):
        connection = sqlite3.connect(path, timeout=20, isolation_level=None)
        try:
            connection.execute("BEGIN")

            def pairs(statement):
                return dict((row[0] if len(row) == 2 else row[:-1], row[-1]) for row in connection.execute(statement))

            self.accounts = pairs("SELECT id, password_version FROM account")
            self.enrolments = pairs("SELECT id, account_id FROM totp")
            self.steps = pairs("SELECT totp_id, step, place FROM spent_step")
            self.sets = pairs("SELECT id, account_id FROM recovery_set")
            self.codes = pairs("SELECT s.id, digest, used_at IS NOT NULL FROM recovery_code JOIN recovery_set s ON number = set_number")
            self.failures = pairs("SELECT kind, subject, count FROM failure WHERE length(subject) = 16")
            self.organizations = pairs("SELECT id, 1 FROM organization")
            self.events = {number: row for number, *row in connection.execute(
                "SELECT number, action, actor_id, account_id, organization_id, at, address, browser, details, actor, target FROM audit_event")}
        finally:
            connection.close()

    def logged(self, after, actions, account=None, organization=None):
        """Whether one of these happened behind that event; no actions: anything that lets somebody in."""
        return any(number > after and (action in actions if actions else action != "sign_in_failed") and
                   (account is None or whom == account) and (organization is None or where == organization)
                   for number, (action, _, whom, where, *_) in self.events.items())


def undone(earlier, later):
    """What may go has its event in the log; what has no event may not go."""
    last = max(earlier.events, default=0)
    found = set()

    def check(name, good):
        if not good:
            found.add(name)

    for number, event in earlier.events.items():
        check("an event of the log is gone or another", later.events.get(number) == event)
    for account, version in earlier.accounts.items():
        if account in later.accounts:
            check("an older password is back", later.accounts[account] >= version)
        else:
            check("an account is gone", later.logged(last, ("account_closed",), account))
    gone = ("two_step_off", "new_phone", "second_step_reset", "account_closed")
    for enrolment, account in earlier.enrolments.items():
        if enrolment not in later.enrolments:
            check("a second step is gone", later.logged(last, gone, account))
    for codes, account in earlier.sets.items():
        if codes not in later.sets:
            check("recovery codes are gone", later.logged(last, gone + ("recovery_codes_reissued",), account))
    for (enrolment, step), place in earlier.steps.items():
        newest = max((p for (e, _), p in later.steps.items() if e == enrolment), default=0)
        if enrolment in later.enrolments and place > newest - SPENT_STEPS_KEPT:
            check("a spent step is open again", (enrolment, step) in later.steps)
    for (codes, digest), used in earlier.codes.items():
        if codes in later.sets:
            check("recovery codes of one set are others", (codes, digest) in later.codes)
            check("a used recovery code is open again", later.codes.get((codes, digest), used) >= used)
    for organization in earlier.organizations:
        if organization not in later.organizations:
            check("an organization is gone", later.logged(last, ("organization_deleted",), organization=organization))
    for (kind, subject), count in earlier.failures.items():
        if kind in (LIMIT_SECOND_STEP, LIMIT_RECOVERY, LIMIT_STEP_MONTH) and later.failures.get((kind, subject), 0) < count:
            check("a counter of wrong codes is lower", later.logged(last, (), subject))
    return sorted(found)
