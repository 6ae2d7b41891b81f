// Signing in with both steps, and everything around it: recovery codes, remembered devices, a forgotten password, sessions.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOME, LOCALES, OTHER_PASSWORD, WRONG_PASSWORD, Person, Server, mailCode, mailLink, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* Somebody with two-step on, who comes to a browser that does not know them. */
async function withTwoStep(locale, story) {
  const person = new Person(server, "김소라");
  await visit(browser, server, { locale }, async (v) => { await person.signUp(v); await person.enable(v); });
  await visit(browser, server, { locale }, (v) => story(v, person));
}

async function refused(v, field, text) {
  assert.equal(await v.field(field).getAttribute("aria-invalid"), "true");
  assert.equal(await v.field(field).inputValue(), "", "a refused code is not kept");
  assert.match(await v.page.locator(".error").innerText(), v.say(text));
}

for (const locale of LOCALES) {
  test(`${locale}: signs in with the app's code, to the page that was asked for; wrong ones say so`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.page.goto("/account/sessions");
      await v.message("notice.sign_in_first").waitFor();
      await v.field("Email").fill(person.email);
      await v.field("Password").fill(WRONG_PASSWORD);
      await v.press("Sign in");
      await refused(v, "Password", "error.credentials");
      assert.equal(await v.field("Email").inputValue(), person.email);
      await v.field("Password").fill(person.password);
      await v.press("Sign in");
      assert.equal(await v.path(), "/login/second-step");
      await v.giveCode(person.phone.wrong());
      await refused(v, "Authentication code", "error.code_refused");
      const code = person.phone.code();
      await v.giveCode(code.replace(/(...)/, "$1 "));
      assert.equal(await v.path(), "/account/sessions");

      await v.signOut();
      await v.signIn(person);
      await v.giveCode(code);
      await refused(v, "Authentication code", "error.code_used");
    });
  });

  test(`${locale}: a recovery code lets in once and says how many are left, with a warning at three`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.signIn(person);
      await v.follow("Use a recovery code");
      await v.field("Recovery code").fill("AAAA-BBBB-CCCC-DDDD");
      await v.press("Verify");
      await refused(v, "Recovery code", "error.recovery_refused");
      await v.field("Recovery code").fill(person.codes[0].toLowerCase().replaceAll("-", " "));
      await v.press("Verify");
      await v.message("notice.recovery_used", { left: 9 }).waitFor();

      await v.signOut();
      await v.signIn(person);
      await v.follow("Use a recovery code");
      await v.field("Recovery code").fill(person.codes[0]);
      await v.press("Verify");
      await refused(v, "Recovery code", "error.recovery_used");

      // Five more are gone by now.
      server.sql("UPDATE recovery_code SET used_at = 1 WHERE digest IN (SELECT c.digest FROM recovery_code c " +
        "JOIN recovery_set s ON s.number = c.set_number JOIN account a ON a.id = s.account_id " +
        "WHERE a.email = ? AND c.used_at IS NULL LIMIT 5)", person.email);
      for (let i = 1; await v.path() === "/login/second-step"; i++) {
        await v.field("Recovery code").fill(person.codes[i]);
        await v.press("Verify");
      }
      await v.message("notice.recovery_few", { left: 3 }).waitFor();
      await v.page.goto("/account/two-step");
      await v.page.getByText(v.say("two_step.few", { left: 3 })).waitFor();
    });
  });

  test(`${locale}: a remembered device is asked for the password alone, until it is forgotten`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.signIn(person);
      await v.field("Do not ask for a code on this device for 30 days").check();
      await v.giveCode(person.phone.code());
      await v.signOut();
      await v.signIn(person);
      assert.equal(await v.path(), HOME);
      await v.page.goto("/account/two-step");
      await v.press("Forget all");
      await v.message("notice.forgotten").waitFor();
      await v.page.getByText(v.say("device.none")).waitFor();
      await v.signOut();
      await v.signIn(person);
      assert.equal(await v.path(), "/login/second-step");
    });
  });

  test(`${locale}: a forgotten password is set anew by mail, two-step stays on`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.page.goto("/login");
      await v.follow("Forgot password?");
      await v.field("Email").fill(person.email);
      const mail = await server.mailed(person.email, () => v.press("Send code"));
      assert.equal(await v.path(), "/password-reset/complete");
      await v.page.goto(mailLink(mail));
      assert.equal(await v.field("Email").inputValue(), person.email);
      assert.equal(await v.field("Verification code").inputValue(), mailCode(mail));
      await v.field("New password").fill("short");
      await v.press("Set new password");
      assert.equal(await v.field("New password").getAttribute("aria-invalid"), "true");
      assert.equal((await v.field("Verification code").inputValue()).replaceAll("-", ""), mailCode(mail).replaceAll("-", ""));
      await v.field("New password").fill(OTHER_PASSWORD);
      await server.mailed(person.email, () => v.press("Set new password"));
      await v.message("notice.password_reset").waitFor();
      await v.signIn(person);
      assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true", "the old one is dead");
      await v.signIn(person, OTHER_PASSWORD);
      assert.equal(await v.path(), "/login/second-step");
      await v.giveCode(person.phone.code());
      assert.equal(await v.path(), HOME);
    });
  });

  test(`${locale}: sessions are listed and ended, one and all others`, async () => {
    const person = new Person(server);
    await visit(browser, server, { locale }, async (v) => {
      await person.signUp(v);
      await visit(browser, server, { locale }, (first) => visit(browser, server, { locale }, async (second) => {
        await first.signIn(person);
        await second.signIn(person);
        await v.page.goto("/account/sessions");
        const items = v.page.locator("main .items > li");
        assert.equal(await items.count(), 3);
        assert.equal(await items.filter({ has: v.page.getByText(v.say("sessions.this")) }).count(), 1);
        await items.getByRole("button").first().click();
        await v.message("notice.session_ended").waitFor();
        assert.equal(await items.count(), 2);
        await v.press("End all others");
        await v.message("notice.others_ended").waitFor();
        assert.equal(await items.count(), 1);
        for (const other of [first, second]) {
          await other.page.goto("/account");
          assert.equal(await other.path(), "/login");
        }
      }));
      await v.page.reload();
      assert.equal(await v.path(), "/account/sessions");
    });
  });

  test(`${locale}: the language is switched in the page, and kept for the account`, async () => {
    const other = locale === "en" ? "ko" : "en";
    const name = { en: "English", ko: "한국어" }[other];
    await withTwoStep(locale, async (v, person) => {
      const lang = () => v.page.evaluate(() => document.documentElement.lang);
      await v.page.goto("/signup");
      assert.equal(await lang(), locale);
      await v.page.getByRole("button", { name, exact: true }).click();
      await v.page.waitForURL("**/signup");
      assert.equal(await lang(), other);
      v.turnTo(other);
      await v.field("Email").waitFor();
      await v.signIn(person);
      await v.giveCode(person.phone.code());
      await v.page.goto("/account");
      await v.field("Language").selectOption(locale);
      await v.press("Save");
      v.turnTo(locale);
      await v.message("notice.saved").waitFor();
      assert.equal(await lang(), locale);
    });
  });
}

test("five wrong codes use a login up; the next one says how long to wait, and that a right code waits too", async () => {
  await withTwoStep("en", async (v, person) => {
    await v.signIn(person);
    for (let tries = 0; tries < 5; tries++) await v.giveCode(person.phone.wrong());
    assert.equal(await v.path(), "/login");
    await v.message("error.login_spent").waitFor();
    await v.signIn(person);
    await v.giveCode(person.phone.code());
    assert.match(await v.page.getByRole("alert").innerText(), /\d+ seconds/);
  });
});

test("a device that is to be remembered stays so with a recovery code", async () => {
  await withTwoStep("en", async (v, person) => {
    await v.signIn(person);
    await v.field("second_step.remember").check();
    await v.follow("Use a recovery code");
    assert.ok(await v.field("second_step.remember").isChecked());
    await v.field("second_step.remember").uncheck();
    await v.follow("Use the authenticator app");
    assert.ok(!await v.field("second_step.remember").isChecked());
  });
});

test("the countdown goes by the server's time, whatever the clock of this computer says", async () => {
  await withTwoStep("en", async (v, person) => {
    await v.page.addInitScript(() => {
      const now = Date.now;
      Date.now = () => now() + 12 * 60000;
    });
    await v.signIn(person);
    const left = async () => (await v.page.locator("time[data-left]").innerText()).match(/(\d+):(\d\d)/);
    await v.page.locator("time[data-left]", { hasText: /:\d\d/ }).waitFor();
    assert.match((await left())[0], /^(10:00|9:[345]\d)$/);
    const shown = await v.page.evaluate(() => { // what a page sees that comes back from the browser's memory
      const now = performance.now.bind(performance);
      performance.now = () => now() + 5 * 60000;
      dispatchEvent(new Event("pageshow"));
      return document.querySelector("time[data-left]").textContent;
    });
    assert.match(shown, /\b(5:00|4:[345]\d)\b/);
  });
});

for (const [locale, names, hide] of [["en", ["Show Current password", "Show New password"], "Hide New password"],
  ["ko", ["현재 비밀번호 표시", "새 비밀번호 표시"], "새 비밀번호 숨기기"]]) {
  test(`${locale}: each password has a button of its own to show it, and a key leaves the focus there`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.signIn(person);
      await v.giveCode(person.phone.code());
      await v.page.goto("/account/password");
      const buttons = v.page.locator("button[data-do=reveal]");
      assert.deepEqual(await buttons.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label"))), names);
      const second = v.page.getByRole("button", { name: names[1] });
      await second.focus();
      await v.page.keyboard.press("Space");
      const shown = v.page.getByRole("button", { name: hide });
      assert.ok(await shown.evaluate((one) => one === document.activeElement));
      assert.equal(await v.field("New password").getAttribute("type"), "text");
      assert.equal(await v.field("Current password").getAttribute("type"), "password");
      await v.page.keyboard.press("Enter");
      assert.ok(await second.evaluate((one) => one === document.activeElement));
      assert.equal(await v.field("New password").getAttribute("type"), "password");
      await second.click();
      assert.ok(await v.field("New password").evaluate((one) => one === document.activeElement), "by a pointer the field is next");
    });
  });
}

test("a password is changed with the present one, and ends the other sessions", async () => {
  const person = new Person(server);
  await visit(browser, server, {}, (elsewhere) => visit(browser, server, {}, async (v) => {
    await person.signUp(v);
    await elsewhere.signIn(person);
    await v.page.goto("/.well-known/change-password");
    assert.equal(await v.path(), "/account/password");
    await v.field("Current password").fill(WRONG_PASSWORD);
    await v.field("New password").fill(OTHER_PASSWORD);
    await v.press("Change password");
    assert.equal(await v.field("Current password").getAttribute("aria-invalid"), "true");
    await v.field("Current password").fill(person.password);
    await v.field("New password").fill(OTHER_PASSWORD);
    await v.press("Change password");
    await v.message("notice.password_changed").waitFor();
    await elsewhere.page.goto("/account");
    assert.equal(await elsewhere.path(), "/login");
  }));
});
