// Every page in every state that a journey meets: no violation of WCAG 2.2 AA that axe can find, in both languages, light and dark,
// on a desktop and a phone; nothing to scroll sideways at 320 pixels; one heading, one title, the right language.
//
//     UPDATE_SCREENSHOT=1 node --test pages.test.mjs     writes docs/screenshot.png
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  LOCALES, Person, Phone, Server, WRONG_PASSWORD, inRoot, mailCode, mailLink, readQr, startBrowser, visit,
} from "./harness.mjs";
import { look } from "./looks.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

async function writeScreenshot(v) {
  if (process.env.UPDATE_SCREENSHOT !== "1" || v.locale !== "en") return;
  await v.page.mouse.move(0, 0);
  await v.page.screenshot({ path: inRoot("docs/screenshot.png"), clip: { x: 0, y: 0, width: 1200, height: 860 } });
}

/* The journey's pages in order, each told to `see` by a name. */
const walks = {
  async "signing up"(v, see) {
    const person = new Person(server, "김소라");
    await v.page.goto("/signup");
    await see("sign up");
    await v.field("Email").fill("nobody");
    await v.press("Sign up");
    await see("sign up, wrong address");
    for (const [field, value] of [["Email", person.email], ["Name", person.name], ["Password", "too short"]])
      await v.field(field).fill(value);
    await v.press("Sign up");
    await see("sign up, short password");
    await v.field("Password").fill(person.password);
    const mail = await server.mailed(person.email, () => v.press("Sign up"));
    await see("check your mail");
    await v.press("Verify");
    await see("check your mail, nothing typed");
    await v.page.goto(mailLink(mail));
    await see("the mailed link");
    await v.follow("verify.elsewhere");
    await see("the mailed link elsewhere");
    await v.field("Password").fill(WRONG_PASSWORD);
    await v.press("Verify");
    await see("the mailed link elsewhere, wrong password");
    await v.field("Password").fill(person.password);
    await v.press("Verify");
    await see("welcome");
    await v.page.goto("/nothing-here");
    await see("an error page");
  },

  async "account management"(v, see) {
    await new Person(server, "A".repeat(60) + " 김".repeat(20)).signUp(v);
    await v.page.goto("/account");
    await see("profile, long name");
    await v.profile().click();
    await see("profile menu");
    await v.field("Name").fill("www.example.com");
    await v.press("Save");
    await see("profile, wrong name");
    await v.page.goto("/account/password");
    await see("password");
    await v.field("Current password").fill(WRONG_PASSWORD);
    await v.field("New password").fill("Amber9 lantern-Fjord quilt");
    await v.press("Change password");
    await see("password, wrong");
    await v.page.goto("/account/sessions");
    await see("sessions, one");
  },

  async "activating"(v, see) {
    const person = Object.assign(new Person(server, "Kim Sora"), { email: `sora.kim@${v.locale === "en" ? "" : "ko."}example.com` });
    await person.signUp(v);
    await v.page.goto("/account/two-step");
    await see("two-step off");
    await v.press("Activate 2-Step Verification");
    await see("activation 1");
    const mail = await server.mailed(person.email, () => v.press("Request email verification"));
    await see("activation 1, number");
    await v.field("Authentication number").fill("abcdef");
    await v.press("Confirm");
    await see("activation 1, wrong number");
    await v.field("Authentication number").fill(mailCode(mail));
    await v.press("Confirm");
    await writeScreenshot(v);
    await see("activation 2");
    const phone = Phone.fromUri(server, await readQr(v.page, server));
    await v.button("Enlarge").click();
    await v.page.locator("summary").filter({ hasText: "Google" }).click();
    await v.page.locator("summary").filter({ hasText: v.say("setup.trouble") }).click();
    await see("activation 2, all open");
    await v.field("Authentication code").fill(phone.at(Math.floor(Date.now() / 30000) - 6));
    await v.press("Next");
    await see("activation 2, clock off");
    await v.field("Authentication code").fill(phone.code());
    await v.press("Next");
    await see("activation 3");
    await v.button("Copy to clipboard").click();
    await v.field("I saved my recovery codes").check();
    await see("activation 3, copied and checked");
    await v.leads(() => v.page.evaluate(() => {
      const box = document.getElementById("saved");
      box.checked = false;
      box.form.submit();
    }));
    await see("activation 3, not saved");
    await v.field("I saved my recovery codes").check();
    await v.press("Complete");
    await see("activation done");
  },

  async "managing two-step"(v, see) {
    const person = new Person(server, "김소라");
    await person.signUp(v);
    await person.enable(v);
    await v.page.goto("/account/two-step");
    await see("two-step on");
    await v.context.clearCookies();
    await v.signIn(person);
    await see("second step");
    await v.field("Authentication code").fill(person.phone.wrong());
    await v.field("second_step.remember").check();
    await v.press("Verify");
    await see("second step, wrong code");
    await v.follow("Use a recovery code");
    await see("recovery code");
    await v.follow("second_step.use_app");
    await v.field("second_step.remember").check();
    await v.giveCode(person.phone.code());
    server.sql("UPDATE recovery_code SET used_at = 1 WHERE digest IN (SELECT c.digest FROM recovery_code c " +
      "JOIN recovery_set s ON s.number = c.set_number JOIN account a ON a.id = s.account_id WHERE a.email = ? LIMIT 8)", person.email);
    await v.page.goto("/account/two-step");
    await see("two-step on, few codes, a device");
    await v.page.goto("/account/sessions");
    await see("sessions, two");
    await v.page.goto("/account/two-step");
    await v.press("Use a new phone");
    await see("new phone 1");
    server.ageProofs(person.email, 3600);
    await v.press("Request email verification");
    await see("confirm");
    await v.press("second_step.use_recovery");
    await see("confirm with a recovery code");
    await v.page.goto("/account/two-step/recovery-codes");
    await see("reissue, code due");
    await v.field("Password").fill(person.password);
    await v.field("Authentication code").fill(person.phone.code());
    await v.press("Next");
    await see("reissue, codes");
    await v.press("Cancel");
    await see("cancelled");
    await v.press("Disable 2-Step Verification");
    await see("disable 1");
    await v.press("Next");
    await see("disable 1, nothing typed");
    await v.field("Password").fill(person.password);
    await v.press("Next");
    await see("disable 2");
    await v.field("Code").fill("123");
    await v.press("Disable");
    await see("disable 2, wrong code");
    await v.field("Code").fill(person.phone.code());
    await v.press("Disable");
    await see("disabled");
  },

  async "signing in"(v, see) {
    const person = new Person(server, "김소라");
    await v.page.goto("/account/two-step");
    await see("sign in, sent here");
    await v.field("Email").fill(person.email);
    await v.field("Password").fill(WRONG_PASSWORD);
    await v.press("Sign in");
    await see("sign in, wrong password");
    await v.follow("Forgot password?");
    await see("forgot password");
    await v.field("Email").fill(person.email);
    await v.press("Send code");
    await see("new password");
    await v.field("Verification code").fill("AAAA-AAAA-AAAA");
    await v.field("New password").fill("Amber9 lantern-Fjord quilt");
    await v.press("Set new password");
    await see("new password, wrong code");
  },
};

for (const locale of LOCALES) {
  for (const [name, walk] of Object.entries(walks)) {
    test(`${locale}: pages of ${name}`, async () => {
      await visit(browser, server, { locale }, async (v) => {
        const wrong = [];
        await walk(v, async (state) => { wrong.push(...await look(v, state)); });
        assert.deepEqual(wrong, []);
      });
    });
  }
}

test("light and dark differ, and the pages follow the system", async () => {
  await visit(browser, server, {}, async (v) => {
    await v.page.goto("/login");
    const colour = () => v.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await v.page.emulateMedia({ colorScheme: "light" });
    const light = await colour();
    await v.page.emulateMedia({ colorScheme: "dark" });
    assert.notEqual(await colour(), light);
  });
});
