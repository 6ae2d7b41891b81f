// The journeys by keyboard alone: Tab, Enter, Space, Escape. Wherever the focus goes it is seen, and it goes down the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOME, LOCALES, Person, Phone, Server, mailCode, readQr, startBrowser, visit } from "./harness.mjs";
import { enter, hasFocus, key, tabTo, typeInto } from "./keys.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

for (const locale of LOCALES) {
  test(`${locale}: signs up, activates, signs out and in by keyboard alone`, async () => {
    await visit(browser, server, { locale, permissions: ["clipboard-read", "clipboard-write"] }, async (v) => {
      const person = new Person(server, "김소라");
      await v.page.goto("/login");
      await tabTo(v, v.link("Sign up"));
      await enter(v);
      await typeInto(v, "Email", person.email);
      await typeInto(v, "Name", person.name);
      await typeInto(v, "Password", person.password);
      await tabTo(v, v.button("field.show_one"));
      const mail = await server.mailed(person.email, async () => {
        await tabTo(v, v.button("Sign up"));
        await enter(v);
      });
      await typeInto(v, "Verification code", mailCode(mail));
      await enter(v);

      // The menu opens by Enter, closes by Escape, and keeps the focus.
      await tabTo(v, v.profile());
      await key(v, "Enter");
      await v.link("Account management").waitFor();
      await key(v, "Tab");
      await key(v, "Escape");
      await v.link("Account management").waitFor({ state: "hidden" });
      assert.ok(await hasFocus(v.profile()));
      await key(v, "Space");
      await v.page.evaluate(() => { window.focusBefore = null; });
      await tabTo(v, v.link("Account management"));
      await enter(v);
      await tabTo(v, v.link("2-Step Verification"));
      await enter(v);
      await tabTo(v, v.button("Activate 2-Step Verification"));
      await enter(v);

      await tabTo(v, v.button("Request email verification"));
      const number = mailCode(await server.mailed(person.email, () => enter(v)));
      await typeInto(v, "Authentication number", number);
      await enter(v);

      const phone = Phone.fromUri(server, await readQr(v.page, server));
      await tabTo(v, v.button("Enlarge"));
      await key(v, "Enter");
      assert.equal(await v.button("Enlarge").getAttribute("aria-pressed"), "true");
      await tabTo(v, v.button("Copy key"));
      await key(v, "Space");
      await v.message("setup.key_copied").waitFor();
      assert.equal(await v.page.evaluate(() => navigator.clipboard.readText()), phone.secret);
      await typeInto(v, "Authentication code", phone.wrong());
      await enter(v);
      assert.ok(await hasFocus(v.field("Authentication code")), "straight back to the field");
      await typeInto(v, "Authentication code", phone.code());
      await tabTo(v, v.button("Next"));
      await enter(v);

      await tabTo(v, v.button("Copy to clipboard"));
      await key(v, "Enter");
      await v.message("codes.copied").waitFor();
      await tabTo(v, v.button("Download file"));
      await Promise.all([v.page.waitForEvent("download"), key(v, "Enter")]);
      await tabTo(v, v.field("I saved my recovery codes"));
      await key(v, "Space");
      const passed = await tabTo(v, v.button("Complete"));
      assert.equal(passed.length, 1, "what was just enabled comes next");
      await enter(v);
      await tabTo(v, v.link("done.next"));
      await enter(v);

      await tabTo(v, v.profile());
      await key(v, "Space");
      await tabTo(v, v.button("Sign out"));
      await enter(v);
      await typeInto(v, "Email", person.email);
      await typeInto(v, "Password", person.password);
      await enter(v);
      await typeInto(v, "Authentication code", phone.wrong());
      await enter(v);
      await typeInto(v, "Authentication code", phone.code());
      await tabTo(v, v.field("Do not ask for a code on this device for 30 days"));
      await key(v, "Space");
      await tabTo(v, v.button("Verify"));
      await enter(v);
      assert.equal(await v.path(), HOME);
    });
  });
}

test("the first Tab offers to skip to the content", async () => {
  await visit(browser, server, {}, async (v) => {
    await v.page.goto("/login");
    await key(v, "Tab");
    assert.ok(await hasFocus(v.link("Skip to the content")));
    const { y } = await v.link("Skip to the content").boundingBox();
    assert.ok(y >= 0, "in sight");
    await key(v, "Enter");
    await tabTo(v, v.field("Email"));
    assert.equal(new URL(v.page.url()).hash, "#main");
  });
});
