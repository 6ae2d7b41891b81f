// Switching two-step on, as contract section 3 has it, in both languages; with a phone that reads the QR code, and by hand.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { HOME, LOCALES, RECOVERY_CODE, Person, Phone, Server, mailCode, readQr, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start({ TWOSTEP_NAME: "Dfinery" }), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* From the profile menu to the page that asks for the authentication number. */
async function requestNumber(v, person) {
  await v.openTab("2-Step Verification");
  assert.equal(await v.path(), "/account/two-step");
  await v.page.getByText(v.say("Off"), { exact: true }).waitFor();
  await v.press("Activate 2-Step Verification");
  assert.equal(await v.path(), "/account/two-step/setup");
  assert.equal(await v.field("Email").inputValue(), person.email);
  assert.equal(await v.field("Email").getAttribute("readonly"), "");
  return mailCode(await server.mailed(person.email, () => v.press("Request email verification")));
}

for (const locale of LOCALES) {
  test(`${locale}: activates by the QR code, saves the codes, and is on`, async () => {
    await visit(browser, server, { locale, permissions: ["clipboard-read", "clipboard-write"] }, async (v) => {
      const person = await new Person(server, "김소라").signUp(v);
      await v.page.goto("/");
      const menu = await v.profile().boundingBox();
      assert.ok(menu.x + menu.width > 1200 && menu.y < 40, "the profile menu is at the top right");

      const number = await requestNumber(v, person);
      assert.match(number, /^\d{6}$/);
      await v.field("Authentication number").fill(number);
      await v.press("Confirm");

      // Step 2: the picture, the key and its button say the same.
      await v.page.getByRole("img", { name: v.say("QR code") }).waitFor();
      const uri = new URL(await readQr(v.page, server));
      assert.equal(uri.protocol + uri.host, "otpauth:totp");
      assert.equal(decodeURIComponent(uri.pathname), `/Dfinery:${person.email}`);
      assert.deepEqual(Object.fromEntries(uri.searchParams), {
        secret: uri.searchParams.get("secret"), issuer: "Dfinery", algorithm: "SHA1", digits: "6", period: "30",
      });
      const key = await v.page.getByRole("group", { name: v.say("Key") }).innerText();
      assert.match(key, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/, "groups of four");
      assert.equal(key.replaceAll(" ", ""), uri.searchParams.get("secret"));
      await v.button("Copy key").click();
      await v.message("setup.key_copied").waitFor();
      assert.equal(await v.page.evaluate(() => navigator.clipboard.readText()), uri.searchParams.get("secret"));
      await v.page.getByText(v.say("Time based")).waitFor();
      for (const app of ["Google Authenticator", "Microsoft Authenticator", "Authy", "LastPass Authenticator", "Duo Mobile", "2FAS"])
        await v.page.getByText(app, { exact: true }).waitFor();

      const phone = Phone.fromUri(server, uri);
      await v.field("Authentication code").fill(phone.wrong());
      await v.press("Next");
      assert.equal(await v.field("Authentication code").getAttribute("aria-invalid"), "true");
      assert.equal(await readQr(v.page, server), String(uri), "a wrong code changes nothing");
      await v.field("Authentication code").fill(phone.code());
      await v.press("Next");

      // Step 3: nothing is on before the codes are saved.
      const codes = await v.recoveryCodes();
      assert.equal(codes.length, 10);
      assert.equal(new Set(codes).size, 10);
      for (const code of codes) assert.match(code, RECOVERY_CODE);
      assert.ok(await v.button("Complete").isDisabled());

      await v.button("Copy to clipboard").click();
      await v.message("codes.copied").waitFor();
      assert.equal(await v.page.evaluate(() => navigator.clipboard.readText()), codes.join("\n") + "\n");

      const [download] = await Promise.all([v.page.waitForEvent("download"), v.button("Download file").click()]);
      assert.equal(download.suggestedFilename(), "Dfinery-recovery-codes.txt");
      const lines = fs.readFileSync(await download.path(), "utf8").split("\r\n").filter((line) => RECOVERY_CODE.test(line));
      assert.deepEqual(lines, codes);
      const file = await v.context.request.get(download.url());
      assert.match(file.headers()["content-type"], /^text\/plain/);
      assert.match(file.headers()["content-disposition"], /^attachment/);

      // On paper: the codes, and whose they are.
      await v.page.emulateMedia({ media: "print" });
      const paper = await v.page.evaluate(() => document.body.innerText);
      for (const text of [...codes, "Dfinery", person.email]) assert.ok(paper.includes(text), `the paper lacks ${text}`);
      for (const key of ["setup.leave", "setup.leave_hint", "frame.left"])
        assert.doesNotMatch(paper, new RegExp(v.say(key).source.slice(1, -1)));
      await v.page.emulateMedia({ media: "screen" });

      await v.field("I saved my recovery codes").check();
      assert.ok(await v.button("Complete").isEnabled());
      await v.field("I saved my recovery codes").uncheck();
      assert.ok(await v.button("Complete").isDisabled());
      await v.field("I saved my recovery codes").check();
      await server.mailed(person.email, () => v.press("Complete"));

      await v.heading("done.on_title").waitFor();
      await v.follow("done.next");
      await v.page.getByText(v.say("On"), { exact: true }).waitFor();
      await v.page.getByText(v.say("two_step.codes_left", { left: 10 })).waitFor();
      for (const button of ["Reissue Recovery Code", "Use a new phone", "Disable 2-Step Verification"])
        assert.ok(await v.button(button).isVisible());

      // And it holds: the password is not enough, the same phone is.
      await v.signOut();
      await v.message("notice.signed_out").waitFor();
      await v.signIn(person);
      assert.equal(await v.path(), "/login/second-step");
      await v.giveCode(phone.code());
      assert.equal(await v.path(), HOME);
    });
  });

  test(`${locale}: a code of a clock that is off says by how much`, async () => {
    await visit(browser, server, { locale }, async (v) => {
      const person = await new Person(server).signUp(v);
      await v.page.goto("/account");
      await v.field("Name").waitFor();
      await requestNumber(v, person).then((number) => v.field("Authentication number").fill(number));
      await v.press("Confirm");
      const phone = Phone.fromUri(server, await readQr(v.page, server));
      await v.field("Authentication code").fill(phone.at(Math.floor(Date.now() / 30000) - 8));
      await v.press("Next");
      await v.page.locator(".error").getByText(/[45] minutes|[45]분/).waitFor();
    });
  });
}

test("wrong numbers from the mail are refused at the field", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    await v.page.goto("/account");
    const number = await requestNumber(v, person);
    for (const wrong of ["", String((Number(number) + 1) % 1000000).padStart(6, "0"), "abcdef"]) {
      await v.field("Authentication number").fill(wrong);
      await v.press("Confirm");
      const field = v.field("Authentication number");
      assert.equal(await field.getAttribute("aria-invalid"), "true", `"${wrong}"`);
      assert.ok(await field.evaluate((input) => input === document.activeElement), "the field has the focus");
      const [error] = (await field.getAttribute("aria-describedby")).split(" ");
      assert.ok(await v.page.locator(`#${error}`).isVisible());
    }
    const again = mailCode(await server.mailed(person.email, () => v.press("Send a new number")));
    await v.field("Authentication number").fill(again.replace(/(...)/, " $1-"));
    await v.press("Confirm");
    await v.button("Copy key").waitFor();
  });
});
