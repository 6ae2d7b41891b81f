// What people do in the middle of switching two-step on: reload, go back, open a second tab, leave, come without JavaScript.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOME, LOCALES, RECOVERY_CODE, Person, Phone, Server, mailCode, readQr, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

const SET_UP = "/account/two-step/setup";

async function requestNumber(v, person) {
  await v.page.goto(SET_UP);
  return mailCode(await server.mailed(person.email, () => v.press("Request email verification")));
}

async function toApp(v, person) {
  await v.field("Authentication number").fill(await requestNumber(v, person));
  await v.press("Confirm");
  return Phone.fromUri(server, await readQr(v.page, server));
}

async function giveNext(v, phone) {
  await v.field("Authentication code").fill(phone.code());
  await v.press("Next");
}

async function toCodes(v, person) {
  const phone = await toApp(v, person);
  await giveNext(v, phone);
  return phone;
}

const key = async (v) => (await v.page.getByRole("group", { name: v.say("Key") }).innerText()).replaceAll(" ", "");

/* The same visitor, looking at another of its tabs. */
const atTab = (v, page) => Object.assign(Object.create(v), { page });

async function isOff(v, person) {
  await v.page.goto("/account/two-step");
  await v.page.getByText(v.say("Off")).waitFor();
  await v.signOut();
  await v.signIn(person);
  assert.equal(await v.path(), HOME, "the password is still enough");
}

test("reload shows the same secret and the same codes", async () => {
  await visit(browser, server, {}, async (v) => {
    const phone = await toApp(v, await new Person(server).signUp(v));
    await v.page.reload();
    assert.equal(await key(v), phone.secret);
    await giveNext(v, phone);
    const codes = await v.recoveryCodes();
    for (let times = 0; times < 2; times++) await v.page.reload();
    assert.deepEqual(await v.recoveryCodes(), codes);
    assert.ok(await v.button("Complete").isDisabled());
  });
});

test("the back button leads to the step that is due, at each step and afterwards", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    await v.page.goto("/account/two-step");
    const phone = await toApp(v, person);
    await v.page.goBack();
    assert.equal(await key(v), phone.secret, "still the app's step");
    await v.page.goForward();
    await giveNext(v, phone);
    const codes = await v.recoveryCodes();
    await v.page.goBack();
    assert.deepEqual(await v.recoveryCodes(), codes);
    await v.field("I saved my recovery codes").check();
    await v.press("Complete");
    await v.heading("done.on_title").waitFor();
    await v.page.goBack();
    assert.equal(await v.path(), "/account/two-step");
    assert.equal(await v.page.getByText(codes[0]).count(), 0, "the codes are gone");
    await v.page.getByText(v.say("On")).waitFor();
  });
});

test("a second tab follows, whatever the first has done", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    const number = await requestNumber(v, person);
    const second = atTab(v, await v.newPage());
    await second.page.goto(SET_UP);

    await v.field("Authentication number").fill(number);
    await v.press("Confirm");
    await second.field("Authentication number").fill(number); // once more, too late
    await second.press("Confirm");
    await second.message("notice.not_due").waitFor();
    assert.equal(await key(second), await key(v));

    const phone = Phone.fromUri(server, await readQr(v.page, server));
    await giveNext(second, phone);
    const codes = await second.recoveryCodes();
    await giveNext(v, phone);
    await v.message("notice.not_due").waitFor();
    assert.deepEqual(await v.recoveryCodes(), codes);

    await v.field("I saved my recovery codes").check();
    await v.press("Complete");
    await second.field("I saved my recovery codes").check();
    await second.press("Complete");
    assert.equal(await second.path(), "/account/two-step");
    await second.page.getByText(v.say("On")).waitFor();

    await v.signOut();
    await v.signIn(person);
    await v.giveCode(phone.code());
    assert.equal(await v.path(), HOME);
  });
});

test("starting again in a second tab drops the first try", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    const second = atTab(v, await v.newPage());
    await second.page.goto(SET_UP);
    const old = await toApp(v, person);
    const number = mailCode(await server.mailed(person.email, () => second.press("Request email verification")));
    await giveNext(v, old);
    await v.message("notice.not_due").waitFor();
    await v.field("Authentication number").fill(number);
    await v.press("Confirm");
    assert.notEqual(await key(v), old.secret);
  });
});

for (const [step, reach] of [["number", requestNumber], ["app", toApp], ["codes", toCodes]]) {
  test(`leaving at the step of the ${step} saves nothing`, async () => {
    await visit(browser, server, {}, async (v) => {
      const person = await new Person(server).signUp(v);
      const first = await reach(v, person);
      await isOff(v, person);
      await v.page.goto(SET_UP);
      assert.ok(await v.button("Request email verification").isVisible(), "from the start");
      if (step === "codes") assert.notEqual((await toApp(v, person)).secret, first.secret);
    });
  });
}

test("cancelling saves nothing", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    await toCodes(v, person);
    await v.press("Cancel");
    await v.message("notice.cancelled").waitFor();
    const kept = "SELECT count(*) FROM setup WHERE account_id = (SELECT id FROM account WHERE email = ?)";
    assert.deepEqual(server.sql(kept, person.email), [[0]]);
    await isOff(v, person);
  });
});

for (const locale of LOCALES) {
  test(`${locale}: without JavaScript: signs up, activates, signs in, disables`, async () => {
    await visit(browser, server, { locale, javaScriptEnabled: false }, async (v) => {
      const person = new Person(server);
      await v.page.goto("/signup");
      for (const [field, value] of [["Email", person.email], ["Name", person.name], ["Password", person.password]])
        await v.field(field).fill(value);
      const mail = await server.mailed(person.email, () => v.press("Sign up"));
      await v.field("Verification code").fill(mailCode(mail));
      await v.press("Verify");

      await v.openTab("2-Step Verification");
      await v.press("Activate 2-Step Verification");
      const number = mailCode(await server.mailed(person.email, () => v.press("Request email verification")));
      await v.field("Authentication number").fill(number);
      await v.press("Confirm");
      const phone = Phone.fromUri(server, await readQr(v.page, server));
      assert.equal(phone.secret, await key(v));
      for (const only of ["Copy key", "Enlarge"]) assert.equal(await v.button(only).count(), 0, `${only} would do nothing`);
      await giveNext(v, phone);

      const codes = await v.recoveryCodes();
      assert.equal(codes.filter((code) => RECOVERY_CODE.test(code)).length, 10);
      for (const only of ["Copy to clipboard", "Print"]) assert.equal(await v.button(only).count(), 0, `${only} would do nothing`);
      const [download] = await Promise.all([v.page.waitForEvent("download"), v.button("Download file").click()]);
      assert.equal(download.suggestedFilename(), "twostep-recovery-codes.txt");
      await v.button("Complete").click(); // the browser asks for the box
      assert.deepEqual(await v.recoveryCodes(), codes);
      await v.field("I saved my recovery codes").check();
      await v.press("Complete");
      await v.heading("done.on_title").waitFor();

      await v.signOut();
      await v.signIn(person);
      await v.giveCode(phone.code());
      await v.page.goto("/account/two-step");
      await v.press("Disable 2-Step Verification");
      await v.field("Password").fill(person.password);
      await v.press("Next");
      await v.field("Recovery code").check();
      await v.field("Code").fill(codes[9]);
      await v.press("Disable");
      await v.heading("done.off_title").waitFor();
    });
  });
}
