// Organizations and who belongs to them: for what a test needs but does not look at.
import { request } from "playwright-core";
import { Person } from "./harness.mjs";

const ROLES = { member: 1, manager: 2, owner: 3 };

/* This person's organization: its id. */
export async function organize(v, person, name) {
  return (await person.call(v, "/organizations", { name })).id;
}

/* As by an accepted invitation. */
export function join(server, organization, person, role = "member") {
  server.sql("INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at) " +
    "SELECT o.id, a.id, ?, a.email, lower(a.name), unixepoch(), unixepoch() FROM organization o, account a " +
    "WHERE hex(o.id) = ? AND a.email = ?", ROLES[role], Buffer.from(organization, "base64url").toString("hex").toUpperCase(), person.email);
}

/* Somebody with an account and no browser at hand. */
export async function somebody(server, name, { twoStep = false, locale = "en" } = {}) {
  const person = new Person(server, name);
  const caller = { locale, context: { request: await request.newContext({ baseURL: server.origin }) } };
  try {
    await person.signUp(caller);
    if (twoStep) await person.enable(caller);
  } finally {
    await caller.context.request.dispose();
  }
  return person;
}

export async function invite(v, inviter, organization, emails, role = "member", services = []) {
  const path = `/organizations/${organization}/invitations`;
  return inviter.call(v, path, role === "member" ? { emails, role, services } : { emails, role });
}
