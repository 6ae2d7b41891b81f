// Every page about an organization, and those by which an account is moved or given up, in every state that a journey meets: looked at
// as pages.test.mjs looks at the others.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LOCALES, PASSWORD, Person, Server, WRONG_PASSWORD, mailCode, mailLink, startBrowser, visit } from "./harness.mjs";
import { LOOKS, look } from "./looks.mjs";
import { invite, join, organize, somebody } from "./team.mjs";

const LONG_NAME = "Alpha Beteiligungsverwaltungsgesellschaft 한국전자통신연구원 부설 국가보안기술연구소";
/* Each page's layout in both languages, axe in one of them by turns, and over them in all looks: each takes a second. */
const looksOf = (locale, n) => (n % 2 === LOCALES.indexOf(locale) ? [LOOKS[(n >> 1) % LOOKS.length]] : []);
const ACCOUNT = "SELECT hex(id) FROM account WHERE email = ?";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* In another browser, in the language of this one. */
const elsewhere = (v, story) => visit(browser, server, { locale: v.locale }, story);

const signUp = (v, name = "김소라") => new Person(server, name).signUp(v);

/* An owner with two-step, in this browser, and an organization. */
async function owner(v, name = "Alpha", person = new Person(server, "김소라")) {
  await person.signUp(v);
  await person.enable(v);
  return { person, id: await organize(v, person, name) };
}

const at = (id, place = "") => `/organizations/${id}${place}`;

/* Sends the form of the page with something in it that no control of it would send. */
function forge(v, selector, name, value) {
  return v.leads(() => v.page.evaluate(([form, field, text]) => {
    const control = document.querySelector(form).elements[field];
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: field, value: text });
    control.replaceWith(input);
    input.form.submit();
  }, [selector, name, value]));
}

const walks = {
  async "beginning and ending"(v, see) {
    const person = await signUp(v);
    await v.page.goto("/organizations");
    await see("organizations, none");
    await v.press("Create Organization");
    await see("organizations, no name");
    await v.field("Organization name").fill(LONG_NAME);
    await v.press("Create Organization");
    await see("members, alone");
    await v.page.locator("header .places summary").click();
    await see("organizations menu");
    await v.follow("Settings");
    await see("organization settings, owner");
    await v.field("Organization name").fill("a/b");
    await v.press("Rename");
    await see("organization settings, wrong name");
    await v.field("settings.delete_field").fill("Alpha");
    await v.press("Delete this organization");
    await see("organization settings, not the name");
    server.ageProofs(person.email, 3600);
    await v.field("settings.delete_field").fill(LONG_NAME);
    await v.press("Delete this organization");
    await see("deleting, password due");
    await v.field("Password").fill(WRONG_PASSWORD);
    await v.press("Continue");
    await see("deleting, wrong password");
    await v.field("Password").fill(PASSWORD);
    await v.press("Continue");
    await see("deleted");
  },

  async "joining"(v, see) {
    const boss = await somebody(server, "이순신", { locale: v.locale });
    const person = new Person(server, "홍길동");
    let link;
    await elsewhere(v, async (other) => {
      await other.signIn(boss);
      const id = await organize(other, boss, LONG_NAME);
      link = mailLink(await server.mailed(person.email, () => invite(other, boss, id, [person.email], "manager")));
    });
    await v.page.goto(link);
    await see("invitation, a stranger");
    await person.signUp(v);
    await v.page.goto("/organizations");
    await see("organizations, invited");
    await v.page.goto(link);
    await see("joining");
    await v.field("Invitation code").fill("AAAA-AAAA-AAAA");
    await v.press("accept.button");
    await see("joining, wrong code");
    await v.page.goto(link);
    await v.press("accept.button");
    await see("joined");
    await v.follow("Settings");
    await see("organization settings, manager");
    await v.press("Leave this organization");
    await see("leaving");
  },

  async "members"(v, see) {
    const { person, id } = await owner(v, LONG_NAME);
    const one = await somebody(server, "홍길동");
    const many = await somebody(server, "A".repeat(40) + " 김".repeat(20), { twoStep: true });
    join(server, id, one);
    join(server, id, many, "manager");
    const { id: service } = await person.call(v, `/organizations/${id}/services`, { name: "Customer Board 고객 게시판" });
    await person.call(v, `/organizations/${id}/services`, { name: "B" });
    const memberPage = async (who) => {
      await v.page.goto(at(id));
      await v.leads(() => v.page.getByRole("row").filter({ hasText: who.email }).getByRole("link").click());
    };
    await memberPage(one);
    await v.field(/Customer Board/).selectOption("operator");
    await see("member");
    await person.call(v, `/organizations/${id}/members/${(await v.path()).split("/").pop()}`,
      { role: "member", services: [{ id: service, role: "operator" }] }, "PATCH");
    await v.page.goto(at(id));
    await see("members");
    await v.page.goto(at(id, "?search=nobody-like-this"));
    await see("members, nobody found");
    await memberPage(one);
    await forge(v, "main form", "role", "emperor");
    await see("member, wrong role");
    await memberPage(one);
    await v.press("Hand ownership over");
    await see("handing over");
    await v.follow("Cancel");
    await v.press("remove.button");
    await see("removing");
    await memberPage(person);
    await see("member, the owner");
    await memberPage(many);
    await see("member, manager, long name");
    await v.press("Reset 2-step verification");
    await see("reset");
    server.ageProofs(person.email, 3600);
    await v.field("Reason").fill("lost phone");
    await v.field("Your password").fill(person.password);
    await v.press("Reset 2-step verification");
    await see("reset, code due");
    await elsewhere(v, async (other) => {
      await other.signIn(many);
      await other.giveCode(many.phone.code());
      const beta = await organize(other, many, "Beta");
      await many.call(other, `/organizations/${beta}/services`, { name: "Till" });
    });
    await v.field("Your password").fill(person.password);
    await v.field("Authentication code").fill(person.phone.code());
    await v.press("Reset 2-step verification");
    await see("reset, belongs elsewhere");
  },

  async "invitations"(v, see) {
    const { person, id } = await owner(v);
    await v.page.goto(at(id, "/invitations"));
    await see("waiting, none");
    await person.call(v, `/organizations/${id}/services`, { name: "Customer Board 고객 게시판" });
    await v.page.goto(at(id, "/invitations/new"));
    await see("invite");
    await v.press("Send invitations");
    await see("invite, nothing typed");
    const tag = `${v.locale}-${"long".repeat(8)}`;
    await v.field("Email addresses").fill(`one-${tag}@example.com, nobody\n${person.email}`);
    await v.press("Send invitations");
    await see("invite, some refused");
    await v.field("Email addresses").fill(`two-${tag}@organization.example.com, three-${tag}@example.com`);
    await v.page.locator("fieldset select").first().selectOption("viewer");
    await v.press("Send invitations");
    await see("waiting");
  },

  async "services"(v, see) {
    const { person, id } = await owner(v);
    const name = `shop.${v.locale}.example.com`;
    await v.page.goto(at(id, "/services"));
    await see("services, none");
    await v.press("Create Service");
    await see("services, no name");
    await v.field("Service name").fill("Customer Board 고객 게시판");
    await v.press("Create Service");
    await see("service, new");
    await v.field("Hosts").fill("http://not a host");
    await v.field("Rules for paths").fill("GET export 300");
    await v.press("Save");
    await see("service, wrong hosts");
    await v.field("Hosts").fill(`${name}\n${"a-rather-long-label-".repeat(2)}of.${name}:8443`);
    await v.press("Save");
    await see("service, wrong rules");
    await v.field("Rules for paths").fill("GET,POST /export/* 300\n* /admin/settings/of/a/rather/deep/place/* 60");
    await v.press("Save");
    await see("service, hosts wait");
    server.operate("host", "allow", name, id);
    await v.page.reload();
    await v.field("Method").fill("GET");
    await v.field("Path").fill("/export/all.csv");
    await v.press("Try");
    await see("service, a rule fits");
    await v.field("Path").fill("export");
    await v.press("Try");
    await see("service, wrong path");
    await v.field("Path").fill("/");
    await v.press("Try");
    await see("service, no rule fits");
    const service = (await v.path()).split("/").pop();
    const one = await somebody(server, "홍길동", { locale: v.locale });
    join(server, id, one);
    const [[account]] = server.sql(ACCOUNT, one.email);
    const member = Buffer.from(account, "hex").toString("base64url");
    await person.call(v, `/organizations/${id}/members/${member}`, { role: "member", services: [{ id: service, role: "viewer" }] }, "PATCH");
    await v.page.goto(at(id, `/services/${service}`));
    await see("service, who holds which role");
    await v.page.goto(at(id, "/services"));
    await see("services");
    await v.page.goto(at(id, `/services/${service}/delete`));
    await see("deleting a service");
    await elsewhere(v, async (other) => {
      await other.signIn(one);
      await see("services, member", other);
      await other.page.goto(at(id, `/services/${service}`));
      await see("service, member", other);
      await other.page.goto(at(id, "/settings"));
      await see("organization settings, member", other);
      await other.page.goto(at(id, "/audit"));
      await see("not for members", other);
    });
  },

  async "security and the demand"(v, see) {
    const person = await signUp(v);
    const id = await organize(v, person, LONG_NAME);
    await v.page.goto(at(id, "/security"));
    await see("security, held");
    await v.page.goto(at(id, "/security/demand?required=true&grace_days=0"));
    await see("security, refused");
    await person.enable(v);
    const one = await somebody(server, "홍길동", { locale: v.locale });
    join(server, id, one);
    await v.page.goto(at(id, "/security"));
    await v.field("Days of grace").fill("a week");
    await v.field("security.require").check();
    await v.press("Continue");
    await see("security, wrong days");
    await v.field("Days of grace").fill("7");
    await v.press("Continue");
    await see("affected, with grace");
    await v.press("affected.button");
    await see("security, in grace");
    await elsewhere(v, async (other) => {
      await other.signIn(one);
      await see("grace, told", other);
    });
    await v.page.goto(at(id, "/security/demand?required=true&grace_days=0"));
    await see("affected, at once");
    await v.press("affected.button");
    await v.field("security.csv_fresh").check();
    await v.press("Save downloads");
    await see("security, wrong minutes");
    await v.field("security.csv_age").fill("10");
    await v.press("Save downloads");
    await see("security, in force");
    await v.press("Continue");
    await see("security, nothing changed");
    await elsewhere(v, async (other) => {
      await other.signIn(one);
      await see("demand", other);
      await other.page.goto("/account/two-step");
      await see("two-step demanded", other);
    });
    await v.page.goto("/account/two-step");
    await see("two-step, demanded by an organization");
    await v.page.goto("/account/two-step/disable");
    await see("disable, demanded by an organization");
    for (const grace_days of [20, 21, 22]) await person.call(v, `/organizations/${id}/security`, { grace_days }, "PATCH");
    for (const days of [0, 1, 2, 8]) {
      await v.page.goto(at(id, `/security/demand?required=true&grace_days=${days}`));
      await see(`affected, mails later, ${days} days`);
    }
    await v.press("affected.button");
    await see("security, mails later");
    await v.page.goto(at(id, "/security/demand"));
    await see("releasing");
  },

  async "the audit log"(v, see) {
    const { person, id } = await owner(v, "Alpha", new Person(server, "김소라"));
    for (const name of ["Shop", "Customer Board 고객 게시판"]) {
      const { id: service } = await person.call(v, `/organizations/${id}/services`, { name });
      await person.call(v, `/organizations/${id}/services/${service}`, { hosts: [`a${service.toLowerCase().replaceAll("_", "-")}x.example.com`] }, "PATCH");
    }
    await invite(v, person, id, [`somebody.with-a-long.name-${v.locale}@organization.example.com`]);
    await person.call(v, `/organizations/${id}/security`, { csv_download: { mode: "managers" } }, "PATCH");
    await person.call(v, `/organizations/${id}/security`, { two_step_required: true, grace_days: 3 }, "PATCH");
    await v.page.goto(at(id, "/audit"));
    await see("audit log");
    await v.page.goto(at(id, "/audit?from=2026-13-01"));
    await see("audit log, wrong day");
    await v.page.goto(at(id, "/audit?action=member_left"));
    await see("audit log, nothing");
  },

  async "moving and closing an account"(v, see) {
    const person = await signUp(v);
    await v.page.goto("/account/email");
    await see("another address");
    await v.field("New e-mail address").fill("nobody");
    await v.press("Send the code");
    await see("another address, wrong");
    const address = `new.${v.locale}@example.com`;
    await v.field("New e-mail address").fill(address);
    const mail = await server.mailed(address, () => v.press("Send the code"));
    await see("another address, number");
    await v.field("Verification code").fill("abc");
    await v.press("Confirm");
    await see("another address, wrong number");
    const again = await server.mailed(address, () => v.press("email.again"));
    await see("another address, another number");
    await v.field("Verification code").fill(mailCode(again));
    const told = await server.mailed(person.email, () => v.press("Confirm"));
    await see("another address, moved");
    await v.page.goto("/account/two-step/setup");
    await see("set-up, the earlier address");
    await v.page.goto(mailLink(told));
    await see("taking back");
    await v.page.goto("/account/close");
    await see("closing");
    await v.field("Password").fill(WRONG_PASSWORD);
    await v.press("Close my account");
    await see("closing, wrong password");
    await organize(v, person, "Alpha");
    await v.field("Password").fill(PASSWORD);
    await v.press("Close my account");
    await see("closing, an owner");
    await v.page.goto(mailLink(told));
    await v.press("email.undo_button");
    await see("taken back");
    await v.page.goto(mailLink(told));
    await see("taken back already");
  },

  async "closing an account with an old second step"(v, see) {
    const person = await signUp(v);
    await person.enable(v);
    server.ageProofs(person.email, 3600);
    await v.page.goto("/account/close");
    await see("closing, code due");
    await v.follow("second_step.use_recovery");
    await see("closing, recovery code due");
    await v.field("Password").fill(PASSWORD);
    await v.field("Recovery code").fill("0000-0000-0000-0000");
    await v.press("Close my account");
    assert.equal(await v.field("Recovery code").getAttribute("aria-invalid"), "true");
    await see("closing, wrong recovery code");
    await v.follow("second_step.use_app");
    await v.field("Password").fill(PASSWORD);
    await v.field("Authentication code").fill(person.phone.code());
    await v.press("Close my account");
    await v.message("notice.closed").waitFor();
    await see("closed");
  },
};

for (const locale of LOCALES) {
  for (const [name, walk] of Object.entries(walks)) {
    test(`${locale}: pages of ${name}`, async () => {
      await visit(browser, server, { locale }, async (v) => {
        const wrong = [];
        let seen = 0;
        await walk(v, async (state, visitor = v) => { wrong.push(...await look(visitor, state, looksOf(locale, seen++))); });
        assert.deepEqual(wrong, []);
      });
    });
  }
}

/* The lines of text in which words of these cells are cut. */
const cut = (selector) => [...document.querySelectorAll(selector)].flatMap((cell) => {
  const range = document.createRange();
  return [...cell.textContent.matchAll(/\S+/g)].filter(({ 0: word, index }) => {
    range.setStart(cell.firstChild, index);
    range.setEnd(cell.firstChild, index + word.length);
    return range.getClientRects().length > 1;
  }).map(([word]) => word);
});

for (const locale of LOCALES) {
  test(`${locale}: tables stay whole beside long addresses, and far from UTC`, async () => {
    await visit(browser, server, { locale, timezoneId: "Asia/Seoul" }, async (v) => {
      const { person, id } = await owner(v);
      await person.call(v, `/organizations/${id}`, { name: "Beta" }, "PATCH");
      const guest = await somebody(server, "이몽룡", { locale });
      const long = `somebody.with.an.address.that.is.long.${locale}@department.of.something.example.com`;
      await invite(v, person, id, [long, guest.email]);
      for (const width of [900, 930, 960]) {
        await v.page.setViewportSize({ width, height: 800 });
        await v.page.goto(at(id, "/audit"));
        assert.deepEqual(await v.page.evaluate(cut, "td.words"), [], `${width} pixels`);
      }
      await v.page.setViewportSize({ width: 320, height: 640 });
      await v.page.goto(at(id, "/invitations"));
      assert.match(await v.page.locator("time").first().textContent(), /GMT\+9/);
      assert.equal(await v.page.evaluate(() => document.documentElement.scrollWidth), 320);
      await v.context.clearCookies();
      await v.signIn(guest);
      await v.page.goto("/organizations");
      assert.equal(await v.page.evaluate(() => document.documentElement.scrollWidth), 320);
    });
  });
}
