// With two-step on: new recovery codes, a new phone, switching it off; and proofs that have become too old.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOME, LOCALES, Person, Phone, Server, mailCode, readQr, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* Somebody who has just switched two-step on, at its tab. */
async function withTwoStep(locale, story) {
  await visit(browser, server, { locale }, async (v) => {
    const person = new Person(server, "김소라");
    await person.signUp(v);
    await person.enable(v);
    await v.page.goto("/account/two-step");
    await story(v, person);
  });
}

/* In a browser that knows nobody: whether this second step lets them in. */
async function signsInWith(v, person, code, field = "Recovery code") {
  await v.context.clearCookies();
  await v.signIn(person);
  if (field === "Recovery code") await v.follow("Use a recovery code");
  await v.field(field).fill(code);
  await v.press("Verify");
  return await v.path() === HOME;
}

async function moveToNewPhone(v, person) {
  await v.press("Use a new phone");
  await v.page.getByText(v.say("setup.replace_lead")).waitFor();
  const number = mailCode(await server.mailed(person.email, () => v.press("Request email verification")));
  await v.field("Authentication number").fill(number);
  await v.press("Confirm");
  const phone = Phone.fromUri(server, await readQr(v.page, server));
  assert.notEqual(phone.secret, person.phone.secret);
  await v.field("Authentication code").fill(phone.code());
  await v.press("Next");
  return [phone, await v.recoveryCodes()];
}

for (const locale of LOCALES) {
  test(`${locale}: reissues the recovery codes; the old ones hold until it is complete`, async () => {
    await withTwoStep(locale, async (v, person) => {
      await v.press("Reissue Recovery Code");
      await v.field("Password").fill("not it");
      await v.press("Next");
      assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true");
      await v.field("Password").fill(person.password);
      await v.press("Next");
      const codes = await v.recoveryCodes();
      assert.equal(codes.length, 10);
      assert.equal(codes.filter((code) => person.codes.includes(code)).length, 0);
      await v.page.reload();
      assert.deepEqual(await v.recoveryCodes(), codes);
      await visit(browser, server, { locale }, async (other) => {
        assert.ok(await signsInWith(other, person, person.codes[0]), "the old set holds");
        assert.ok(!await signsInWith(other, person, codes[0]), "the new one not yet");
      });
      assert.ok(await v.button("Complete").isDisabled());
      await v.field("I saved my recovery codes").check();
      await server.mailed(person.email, () => v.press("Complete"));
      await v.message("notice.reissued").waitFor();
      await v.page.getByText(v.say("two_step.codes_left", { left: 10 })).waitFor();
      assert.ok(!await signsInWith(v, person, person.codes[1]), "the old set is dead");
      assert.ok(await signsInWith(v, person, codes[1]));
    });
  });

  test(`${locale}: moves to a new phone; the old one works until the new codes are saved`, async () => {
    await withTwoStep(locale, async (v, person) => {
      const [phone, codes] = await moveToNewPhone(v, person);
      await visit(browser, server, { locale }, async (other) => {
        assert.ok(await signsInWith(other, person, person.phone.code(), "Authentication code"), "the old phone holds");
      });
      await v.field("I saved my recovery codes").check();
      await server.mailed(person.email, () => v.press("Complete"));
      await v.message("notice.new_phone").waitFor();
      assert.ok(!await signsInWith(v, person, person.phone.code(), "Authentication code"), "the old phone is dead");
      assert.ok(!await signsInWith(v, person, person.codes[0]), "and its codes");
      assert.ok(await signsInWith(v, person, phone.code(), "Authentication code"));
      assert.ok(await signsInWith(v, person, codes[0]));
    });
  });

  test(`${locale}: switches two-step off with a code of the app, and with a recovery code`, async () => {
    for (const method of ["Authentication code", "Recovery code"]) {
      await withTwoStep(locale, async (v, person) => {
        await v.press("Disable 2-Step Verification");
        await v.field("Password").fill("not it");
        await v.press("Next");
        assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true");
        await v.field("Password").fill(person.password);
        await v.press("Next");
        await v.page.getByRole("radio", { name: v.say(method) }).check();
        await v.field("Code").fill(person.phone.wrong());
        await v.press("Disable");
        assert.equal(await v.field("Code").getAttribute("aria-invalid"), "true");
        assert.ok(await v.page.getByRole("radio", { name: v.say(method) }).isChecked(), "the choice is kept");
        await v.field("Code").fill(method === "Recovery code" ? person.codes[3] : person.phone.code());
        await server.mailed(person.email, () => v.press("Disable"));
        await v.heading("done.off_title").waitFor();
        await v.follow("done.next");
        await v.page.getByText(v.say("Off")).waitFor();
        await v.signOut();
        await v.signIn(person);
        assert.equal(await v.path(), HOME);
      });
    }
  });

  test(`${locale}: too old a proof is asked for in place, and the journey goes on by itself`, async () => {
    await visit(browser, server, { locale }, async (v) => {
      const person = await new Person(server).signUp(v);
      server.ageProofs(person.email, 3600);
      await v.page.goto("/account/two-step/setup");
      await v.field("Password").fill("not it");
      await v.press("Request email verification");
      assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true");
      await v.field("Password").fill(person.password);
      await server.mailed(person.email, () => v.press("confirm.button"));
      assert.equal(await v.path(), "/account/two-step/setup");
      await v.field("Authentication number").waitFor();
    });

    await withTwoStep(locale, async (v, person) => {
      // The form was open while the proofs grew old: it comes back with the fields that are missing.
      await v.press("Use a new phone");
      server.ageProofs(person.email, 3600);
      await v.press("Request email verification");
      await v.heading("Confirm that it is you").waitFor();
      await v.field("Password").fill(person.password);
      await v.field("Authentication code").fill(person.phone.code());
      await server.mailed(person.email, () => v.press("confirm.button"));
      await v.field("Authentication number").waitFor();
      await v.page.getByText(v.say("setup.replace_lead")).waitFor(); // what was asked is kept
      await v.press("Cancel");

      server.ageProofs(person.email, 3600);
      await v.press("Reissue Recovery Code");
      await v.field("Password").fill(person.password);
      await v.field("Authentication code").fill(person.phone.code());
      await v.press("Next");
      assert.equal((await v.recoveryCodes()).length, 10);
      await v.press("Cancel");

      server.ageProofs(person.email, 3600);
      await v.press("Reissue Recovery Code");
      await v.follow("Use a recovery code");
      await v.field("Password").fill(person.password);
      await v.field("Recovery code").fill(person.codes[5]);
      await v.press("Next");
      assert.equal((await v.recoveryCodes()).length, 10);
    });
  });
}

test("cancelling a new phone leaves the old one", async () => {
  await withTwoStep("en", async (v, person) => {
    await moveToNewPhone(v, person);
    await v.press("Cancel");
    await v.message("notice.cancelled").waitFor();
    assert.ok(await signsInWith(v, person, person.phone.code(), "Authentication code"));
    assert.ok(await signsInWith(v, person, person.codes[0]));
  });
});
