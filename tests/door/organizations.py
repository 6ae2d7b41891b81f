"""People in organisations, for the tests of them: made through HTTP where that is what is tested, else put into the database."""
import base64
import os
import re

from harness import DoorTest, expect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLES = {"member": 1, "manager": 2, "owner": 3}
RIGHT = re.compile(r"^RIGHT\((\w+),\s*(\w+),\s*(\w+),\s*(\w+),\s*(\w+)\)", re.M)


def rights():
    """{name: ({role: may}, a manager may on the owner)} of src/organizations/roles.def."""
    with open(os.path.join(ROOT, "src/organizations/roles.def"), encoding="utf-8") as file:
        rows = RIGHT.findall(file.read())
    return {name: ({"owner": owner == "YES", "manager": manager == "YES", "member": member == "YES"}, on_owner == "YES")
            for name, owner, manager, member, on_owner in rows}


class OrganizationTest(DoorTest):
    def organization(self, owner, name="Alpha"):
        return expect(owner.post("/organizations", {"name": name}), 201)["id"]

    def join(self, organization, person, role="member"):
        """Puts somebody into an organisation, as an accepted invitation does."""
        self.server.sql(
            "INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
            " SELECT o.id, a.id, ?, a.email, lower(a.name), unixepoch(), unixepoch() FROM organization o, account a"
            " WHERE hex(o.id) = ? AND a.email = ?", ROLES[role], id_hex(organization), person.email)
        return person

    def many(self, organization, count):
        """So many members row000001@example.com and on, whom nobody is."""
        self.server.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO account"
                        " (id, email, name, locale, password, password_at, created_at)"
                        " SELECT randomblob(16), printf('row%06d@example.com', i), 'Row ' || i, 'en', x'00', 0, 0 FROM n"
                        " WHERE true ON CONFLICT DO NOTHING", count)
        self.server.sql("INSERT INTO membership SELECT o.id, a.id, 1, a.email, 'row', 1, 1 FROM organization o, account a"
                        " WHERE hex(o.id) = ? AND a.email LIKE 'row%' AND a.email <= printf('row%06d@example.com', ?)",
                        id_hex(organization), count)

    def team(self, name="Alpha", two_step=False):
        """An organisation with one of each role: (its id, owner, manager, member)."""
        owner, manager, member = self.person("owner"), self.person("manager"), self.person("member")
        for person in (owner, manager, member):
            person.sign_up()
            if two_step:
                person.enable()
        organization = self.organization(owner, name)
        self.join(organization, manager, "manager")
        self.join(organization, member)
        return organization, owner, manager, member

    def role_of(self, organization, person):
        found = self.server.sql("SELECT m.role FROM membership m JOIN account a ON a.id = m.account_id"
                                " WHERE hex(m.organization_id) = ? AND a.email = ?", id_hex(organization), person.email)
        return {number: name for name, number in ROLES.items()}[found[0][0]] if found else None

    def log_of(self, organization):
        """[(action, actor, target, details)], oldest first."""
        return self.server.sql("SELECT action, actor, target, details FROM audit_event WHERE hex(organization_id) = ?"
                               " ORDER BY number", id_hex(organization))


def id_hex(text):
    """An id as the database has it, in hex."""
    return base64.urlsafe_b64decode(text + "==").hex().upper()
