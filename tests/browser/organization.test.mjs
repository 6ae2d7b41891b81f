// An organization from its first to its last day, as its owner and its members live it.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import {
  LOCALES, Person, Phone, Server, mailCode, mailLink, readQr, startBrowser, visit,
} from "./harness.mjs";
import { join, organize, somebody } from "./team.mjs";

const INVITES = { en: /invites you to join/, ko: /님의 초대로/ };

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

const other = (locale) => LOCALES.find((one) => one !== locale);

async function signOutAndIn(v, person) {
  await v.context.clearCookies();
  await v.signIn(person);
}

/* From the page of the demand, or of the set-up, to its end. */
async function setUp(v, person) {
  const number = mailCode(await server.mailed(person.email, () => v.press("Request email verification")));
  await v.field("Authentication number").fill(number);
  await v.press("Confirm");
  person.phone = Phone.fromUri(server, await readQr(v.page, server));
  await v.field("Authentication code").fill(person.phone.code());
  await v.press("Next");
  await v.field("I saved my recovery codes").check();
  await v.press("Complete");
}

async function openMember(v, person) {
  await v.follow("Members");
  await v.leads(() => v.page.getByRole("row").filter({ hasText: person.email }).getByRole("link").click());
}

/* What the audit log shows, newest first, by the words for what was done. */
const deeds = (v) => v.page.getByRole("row").locator("td:nth-child(3)").allInnerTexts();

async function download(v, name) {
  const [file] = await Promise.all([v.page.waitForEvent("download"), v.link(name).click()]);
  return fs.readFileSync(await file.path(), "utf8");
}

/* The steps of the story, in order; each begins where the one before it ended. */
const story = {
  async create({ boss, owner }) {
    await owner.signUp(boss);
    await boss.page.goto("/");
    await boss.field("Organization name").fill("Alpha");
    await boss.press("Create Organization");
    await boss.message("notice.created").waitFor();
    await boss.follow("Services");
    await boss.field("Service name").fill("Shop");
    await boss.press("Create Service");
    await boss.message("notice.service_created").waitFor();
    await boss.field("Hosts").fill(`shop.${boss.locale}.example.com`);
    await boss.field("Rules for paths").fill("* /export/* 300");
    await boss.press("Save");
    await boss.says("Allowed").waitFor();
    await boss.field("Method").fill("GET");
    await boss.field("Path").fill("/export/all");
    await boss.press("Try");
    await boss.says("service.test_needs", { seconds: 300 }).waitFor();
  },

  async invite(all) {
    const { boss, lee, park } = all;
    await boss.follow("Members");
    await boss.press("+ Invite Organization Members");
    await boss.field("Email addresses").fill(`${lee.email}\n${park.email}, nobody`);
    await boss.field(/^Shop$/).selectOption("viewer");
    all.mail = await server.mailed(lee.email, () => boss.press("Send invitations"));
    await boss.says("invite.sent", { count: 2 }).waitFor();
    assert.equal(await boss.field("Email addresses").inputValue(), "nobody\n");
    assert.match(all.mail.text, INVITES[boss.locale]);
    await boss.follow("Waiting");
    assert.equal(await boss.page.getByRole("button", { name: lee.email }).count(), 2, "resend and cancel");
  },

  /* By the link, and with an account only now. */
  async joinByLink({ guest, lee, mail }) {
    await guest.page.goto(mailLink(mail));
    await guest.follow("Sign up");
    assert.equal(await guest.field("Invitation code").inputValue(), mailCode(mail));
    await guest.field("Email").fill(lee.email);
    await guest.field("Name").fill(lee.name);
    await guest.field("Password").fill(lee.password);
    await guest.press("Sign up");
    await guest.says("Viewer").waitFor();
    assert.match(await guest.path(), /^\/organizations\/[\w-]+\/services$/);
  },

  /* By the code, in the other language. */
  async joinByCode({ second, park }) {
    await park.signUp(second);
    await second.page.goto("/");
    const [mail] = server.mails(park.email);
    await second.field("Invitation code").fill(mailCode(mail));
    await second.press("organizations.join_button");
    await second.message("notice.joined").waitFor();
  },

  async changeRoles({ boss, guest, lee, park }) {
    await openMember(boss, lee);
    await boss.field(/^Shop$/).selectOption("operator");
    await boss.press("Save");
    await boss.message("notice.saved").waitFor();
    await guest.page.reload();
    await guest.says("Operator").waitFor();
    await openMember(boss, park);
    await boss.field("Role in the organization").selectOption("manager");
    await boss.press("Save");
    await boss.message("notice.saved").waitFor();
  },

  async demand({ boss, owner, lee, park }) {
    await boss.follow("Security Settings");
    const place = await boss.path();
    assert.ok(await boss.field("security.require").isDisabled());
    await boss.says("security.held").waitFor();
    await boss.follow("Activate 2-Step Verification");
    await setUp(boss, owner);
    await boss.page.goto(place);
    await boss.says("security.progress", { have: 1, all: 3 }).waitFor();
    await boss.field("security.require").check();
    await boss.field("Days of grace").fill("0");
    await boss.press("Continue");
    await boss.heading("affected.title").waitFor();
    const missing = boss.page.getByRole("list", { name: boss.say("affected.missing", { count: 2 }) });
    assert.deepEqual((await missing.locator("strong").allInnerTexts()).sort(), [lee.name, park.name].sort());
    await boss.press("affected.button");
    await boss.message("notice.demanded").waitFor();
    assert.ok(await boss.field("security.require").isChecked());
  },

  async meetDemand({ boss, guest, lee, park }) {
    await guest.follow(/^Shop$/);
    await guest.heading("demand.title").waitFor();
    await guest.page.getByRole("list", { name: guest.say("demand.who") }).getByText("Alpha", { exact: true }).waitFor();
    await guest.follow("Activate 2-Step Verification");
    await setUp(guest, lee);
    await guest.follow("done.go_on");
    await guest.heading(/^Shop$/).waitFor();
    await guest.page.goto("/account/two-step");
    assert.ok(await guest.button("Disable 2-Step Verification").isDisabled());
    await guest.page.locator("#demanded").getByText("Alpha", { exact: true }).waitFor();

    await boss.page.reload();
    await boss.says("security.progress", { have: 2, all: 3 }).waitFor();
    const names = (list, count) => boss.page.getByRole("list", { name: boss.say(list, { count }) }).locator("strong").allInnerTexts();
    assert.deepEqual((await names("affected.having", 2)).sort(), ["김소라", lee.name]);
    assert.deepEqual(await names("affected.missing", 1), [park.name]);
    await boss.follow("Members");
    await boss.field("members.two_step").selectOption("off");
    await boss.press("Show");
    assert.equal(await boss.page.getByRole("row").count(), 2);
    await boss.page.getByRole("row").filter({ hasText: park.email }).waitFor();
    await boss.follow("Security Settings");
    await boss.leads(() => boss.page.getByRole("list", { name: boss.say("affected.missing", { count: 1 }) }).getByRole("link").click());
    await boss.says(new RegExp(park.email)).waitFor();
  },

  async loseThePhone({ boss, guest, owner, lee }) {
    await boss.follow("Members");
    await openMember(boss, lee);
    await boss.press("Reset 2-step verification");
    await boss.field("Reason").fill("lost phone, asked by telephone");
    await boss.field("Your password").fill(owner.password);
    const mail = await server.mailed(lee.email, () => boss.press("Reset 2-step verification"));
    await boss.message("notice.step_reset").waitFor();
    assert.match(mail.text.replace(/\s+/g, " "), /lost phone, asked by telephone/);
    await guest.page.reload();
    assert.equal(await guest.path(), "/login");
    await signOutAndIn(guest, lee);
    await guest.heading("demand.title").waitFor();
    await guest.follow("Activate 2-Step Verification");
    await setUp(guest, lee);
  },

  async readTheLog({ boss, lee, owner }) {
    await boss.follow("Security Settings");
    await boss.field("Owner and managers").check();
    await boss.press("Save downloads");
    await boss.message("notice.saved").waitFor();
    const members = await download(boss, "Download members (CSV)");
    const log = await download(boss, "Download audit log (CSV)");
    for (const line of [lee.email, owner.email]) assert.ok(members.includes(line) && log.includes(line), line);
    assert.ok(log.includes("lost phone, asked by telephone"));

    await boss.follow("Audit log");
    const done = await deeds(boss);
    for (const word of ["Organization created", "Service created", "Service changed", "Invited", "Member joined", "Roles changed",
      "2-step verification required", "Second step reset", "Security settings changed", "Downloaded"])
      assert.ok(done.some((deed) => boss.say(word).test(deed)), `${word}: ${done}`);
    await boss.field("Action").selectOption({ label: (await boss.page.locator("option[value=second_step_reset]").innerText()) });
    await boss.field("Person (address)").fill(lee.email);
    await boss.press("Show");
    assert.equal((await deeds(boss)).length, 1);
    await boss.page.getByText("lost phone, asked by telephone").waitFor();
    await boss.field("Person (address)").fill("nobody@example.com");
    await boss.press("Show");
    await boss.says("audit.none").waitFor();
  },

  async handOver({ boss, second, park }) {
    await park.enable(second);
    await openMember(boss, park);
    await boss.press("Hand ownership over");
    await boss.page.getByText(park.email).waitFor();
    await boss.press("Hand ownership over");
    await boss.message("notice.handed_over").waitFor();
  },

  async leave({ boss }) {
    await boss.follow("Settings");
    await boss.press("Leave this organization");
    await boss.press("leave.button");
    await boss.message("notice.left").waitFor();
    assert.equal(await boss.path(), "/organizations");
  },

  async delete({ second, guest }) {
    await second.page.goto("/");
    await second.follow("Settings");
    await second.field("settings.delete_field").fill("Alfa");
    await second.press("Delete this organization");
    assert.equal(await second.field("settings.delete_field").getAttribute("aria-invalid"), "true");
    await second.field("settings.delete_field").fill("Alpha");
    await second.press("Delete this organization");
    await second.message("notice.deleted").waitFor();
    await guest.page.goto("/");
    await guest.says("organizations.none").waitFor();
  },
};

for (const locale of LOCALES) {
  test(`${locale}: an organization from its first to its last day`, async () => {
    const visitor = (one, inner) => visit(browser, server, { locale: one }, inner);
    await visitor(locale, (boss) => visitor(locale, (guest) => visitor(other(locale), async (second) => {
      const all = {
        boss, guest, second, owner: new Person(server, "김소라"), lee: new Person(server, "이몽룡"), park: new Person(server, "Park Jin"),
      };
      for (const step of Object.values(story)) await step(all);
    })));
  });
}

for (const locale of LOCALES) {
  test(`${locale}: the moment of a demand is said in the time of who reads it`, async () => {
    const timeZone = "America/Los_Angeles";
    await visit(browser, server, { locale, timezoneId: timeZone }, async (v) => {
      const owner = new Person(server, "김소라");
      await owner.signUp(v);
      await owner.enable(v);
      const id = await organize(v, owner, "Alpha");
      const lee = await somebody(server, "이몽룡", { locale });
      join(server, id, lee);
      const security = `/organizations/${id}/security`;
      const { grace_ends_at } = await owner.call(v, security, { two_step_required: true, grace_days: 1 }, "PATCH");
      const date = await v.page.evaluate(([tag, zone, at]) => new Intl.DateTimeFormat(tag,
        { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short", timeZone: zone })
        .format(new Date(at)), [locale, timeZone, grace_ends_at]);
      assert.match(date, /P[SD]T|GMT-[78]/, "mails say it in UTC");
      await v.page.goto(security);
      await v.says("security.in_grace", { date }).waitFor();
      await signOutAndIn(v, lee);
      await v.page.goto("/account/two-step");
      await v.says("notice.grace", { organization: "Alpha", date }).waitFor();
    });
  });
}
