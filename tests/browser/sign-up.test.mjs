// Signing up: by the mailed code, by the mailed link in the same browser, and by the link opened in another one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOME, LOCALES, PASSWORD, WRONG_PASSWORD, Person, Server, Visitor, mailCode, mailLink, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

async function fillForm(v, person) {
  await v.page.goto("/");
  assert.equal(await v.path(), "/login");
  await v.follow("Sign up");
  await v.field("Email").fill(person.email);
  await v.field("Name").fill(person.name);
  await v.field("Password").fill(person.password);
}

/* The mail that asks to prove the address. */
async function begin(v, person) {
  await fillForm(v, person);
  const mail = await server.mailed(person.email, () => v.press("Sign up"));
  assert.equal(await v.path(), "/signup/verify");
  return mail;
}

async function isIn(v, person) {
  assert.equal(await v.path(), HOME);
  await v.message("notice.welcome").waitFor();
  await v.page.goto("/account");
  assert.equal(await v.field("Name").inputValue(), person.name);
  assert.equal(await v.field("Email").inputValue(), person.email);
}

for (const locale of LOCALES) {
  test(`${locale}: signs up by the mailed code`, async () => {
    await visit(browser, server, { locale }, async (v) => {
      const person = new Person(server, "김소라");
      const code = mailCode(await begin(v, person));
      assert.match(code, /^([0-9A-Z]{4}-){2}[0-9A-Z]{4}$/);
      await v.field("Verification code").fill("AAAA-AAAA-AAAA");
      await v.press("Verify");
      assert.equal(await v.field("Verification code").getAttribute("aria-invalid"), "true");
      await v.field("Verification code").fill(code.toLowerCase().replaceAll("-", " "));
      await v.press("Verify");
      await isIn(v, person);
      assert.equal(await v.page.evaluate(() => document.documentElement.lang), locale);
    });
  });

  test(`${locale}: signs up by the mailed link in the same browser; opening it changes nothing`, async () => {
    await visit(browser, server, { locale }, async (v) => {
      const person = new Person(server);
      const mail = await begin(v, person);
      const link = mailLink(mail);
      assert.ok(link.startsWith(server.origin));
      for (let opened = 0; opened < 2; opened++) await v.page.goto(link);
      assert.equal(await v.field("Verification code").inputValue(), mailCode(mail));
      assert.equal(server.sql("SELECT count(*) FROM account WHERE email = ?", person.email)[0][0], 0);
      await v.press("Verify");
      await isIn(v, person);
    });
  });

  test(`${locale}: the link in another browser asks for the password that was chosen`, async () => {
    const person = new Person(server);
    let mail;
    await visit(browser, server, { locale }, async (v) => { mail = await begin(v, person); });
    await visit(browser, server, { locale }, async (v) => {
      await v.page.goto(mailLink(mail));
      await v.heading("Finish signing up").waitFor();
      await v.page.getByText(mailCode(mail)).waitFor(); // to be typed where it began
      await v.field("Password").fill(WRONG_PASSWORD);
      await v.press("Verify");
      assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true");
      await v.field("Password").fill(PASSWORD);
      await v.press("Verify");
      await isIn(v, person);
    });
  });

  test(`${locale}: what is wrong about the form is said at its field, and what was typed stays`, async () => {
    await visit(browser, server, { locale }, async (v) => {
      const person = new Person(server);
      const wrong = [
        ["Email", { email: "nobody" }], ["Email", { email: "" }], ["Name", { name: "www.example.com" }], ["Name", { name: "" }],
        ["Password", { password: "short" }], ["Password", { password: "" }],
      ];
      for (const [field, part] of wrong) {
        const typed = { ...person, ...part };
        await fillForm(v, typed);
        await v.press("Sign up");
        const input = v.field(field);
        const about = `${field} "${Object.values(part)}"`;
        assert.equal(await input.getAttribute("aria-invalid"), "true", about);
        assert.ok(await input.evaluate((element) => element === document.activeElement), `${about} has the focus`);
        const [error] = (await input.getAttribute("aria-describedby")).split(" ");
        assert.ok((await v.page.locator(`#${error}`).innerText()).length > 5, about);
        assert.equal(await v.page.getByRole("alert").count(), 1, about);
        assert.equal(await v.field("Email").inputValue(), typed.email, about);
        assert.equal(await v.field("Name").inputValue(), typed.name, about);
        assert.equal(await v.field("Password").inputValue(), "", about);
        assert.match(await v.page.title(), new RegExp(`^(Error:|오류:)`));
      }
      assert.equal(server.mails(person.email).length, 0);
    });
  });
}

test("an address that has an account gets the same page, and a mail that says so", async () => {
  const person = new Person(server);
  await visit(browser, server, {}, (v) => person.signUp(v));
  await visit(browser, server, {}, async (v) => {
    const mail = await begin(v, { ...person, password: WRONG_PASSWORD });
    assert.doesNotMatch(mail.text, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$/m);
    await v.signIn(person, WRONG_PASSWORD);
    assert.equal(await v.field("Password").getAttribute("aria-invalid"), "true");
  });
});

test("a new code can be asked for, and voids the one before", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = new Person(server);
    const first = mailCode(await begin(v, person));
    const second = mailCode(await server.mailed(person.email, () => v.press("Send a new code")));
    await v.field("Verification code").fill(first);
    await v.press("Verify");
    assert.equal(await v.field("Verification code").getAttribute("aria-invalid"), "true");
    await v.field("Verification code").fill(second);
    await v.press("Verify");
    await isIn(v, person);
  });
});

test("the password can be looked at, and is hidden again before it is sent", async () => {
  const v = await Visitor.open(browser, server);
  await fillForm(v, new Person(server));
  await v.button("field.show_one").click();
  assert.equal(await v.field("Password").getAttribute("type"), "text");
  assert.ok(await v.field("Password").evaluate((input) => input === document.activeElement));
  await v.button("field.hide_one").click();
  assert.equal(await v.field("Password").getAttribute("type"), "password");
  await v.button("field.show_one").click();
  const type = await v.page.evaluate(() => {
    const form = document.querySelector("main form");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.requestSubmit();
    return form.querySelector("[name=password]").type;
  });
  assert.equal(type, "password");
  await v.close();
});
