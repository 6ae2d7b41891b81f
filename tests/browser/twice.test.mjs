// A form that is sent twice before the first answer comes, by a double click or Enter held a moment too long: it is done once, and
// nobody is told that it failed. It can be sent again where the page stays or comes back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OTHER_PASSWORD, Person, Phone, Server, mailCode, startBrowser, visit } from "./harness.mjs";
import { organize } from "./team.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* Answers come so many milliseconds late from now on; what asks for them goes out at once. */
async function slow(v, latency) {
  const cdp = await v.context.newCDPSession(v.page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 });
  return cdp;
}

const posts = (v) => v.page.waitForRequest((request) => request.method() === "POST");

/* Sends by this, and once more before the answer. */
async function twice(v, send) {
  const cdp = await slow(v, 1500);
  await Promise.all([posts(v), send()]);
  await v.leads(send);
  await v.page.waitForLoadState("networkidle");
  await cdp.detach();
}

/* Where it is, to click there without waiting for anything. */
async function middle(v, button) {
  const { x, y, width, height } = await v.button(button).boundingBox();
  return [x + width / 2, y + height / 2];
}

const tap = async (v, button) => v.page.mouse.click(...await middle(v, button));

const ways = {
  async "a double click"(v, button) {
    const spot = await middle(v, button);
    await twice(v, () => v.page.mouse.click(...spot));
  },
  async "Enter twice"(v, button, field) {
    await v.field(field).focus();
    await twice(v, () => v.page.keyboard.press("Enter"));
  },
};

const count = (table, name) => server.sql(`SELECT count(*) FROM ${table} WHERE name = ?`, name)[0][0];

for (const [way, send] of Object.entries(ways)) {
  test(`${way}: signing up, and in by both steps`, () => visit(browser, server, {}, async (v) => {
    const person = new Person(server);
    await v.page.goto("/signup");
    for (const [field, text] of [["Email", person.email], ["Name", person.name], ["Password", person.password]])
      await v.field(field).fill(text);
    const mail = await server.mailed(person.email, () => send(v, "Sign up", "Password"));
    assert.equal(server.mails(person.email).length, 1);
    await v.field("Verification code").fill(mailCode(mail));
    await send(v, "Verify", "Verification code");
    await v.message("notice.welcome").waitFor();

    await person.enable(v);
    await v.context.clearCookies();
    await v.signIn(person);
    await v.field("Authentication code").fill(person.phone.code());
    await send(v, "Verify", "Authentication code");
    assert.equal(await v.path(), "/organizations");
  }));

  test(`${way}: what a person changes`, () => visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    await v.page.goto("/account/password");
    await v.field("Current password").fill(person.password);
    await v.field("New password").fill(OTHER_PASSWORD);
    await send(v, "Change password", "New password");
    await v.message("notice.password_changed").waitFor();

    const [organization, service] = [`Alpha, ${way}`, `Shop, ${way}`];
    await v.page.goto("/organizations");
    await v.field("Organization name").fill(organization);
    await send(v, "Create Organization", "Organization name");
    await v.message("notice.created").waitFor();
    assert.equal(count("organization", organization), 1);

    await v.page.goto(`${await v.path()}/services`);
    await v.field("Service name").fill(service);
    await send(v, "Create Service", "Service name");
    await v.message("notice.service_created").waitFor();
    assert.equal(count("service", service), 1);
  }));
}

test("a file is downloaded as often as it is asked for", () => visit(browser, server, {}, async (v) => {
  const person = await new Person(server).signUp(v);
  const mail = await server.mailed(person.email, () => person.call(v, "/account/two-step/setup", {}));
  const { secret } = await person.call(v, "/account/two-step/setup/email", { code: mailCode(mail) });
  await person.call(v, "/account/two-step/setup/code", { code: new Phone(server, secret).code() });
  await v.page.goto("/account/two-step/setup");
  for (let times = 0; times < 2; times++)
    await Promise.all([v.page.waitForEvent("download"), v.button("Download file").click()]);
}));

/* A form that was sent, whose answer never came: `stay` is why it can be sent again. */
async function again(v, stay) {
  const person = await new Person(server).signUp(v);
  await v.page.goto(`/organizations/${await organize(v, person, "Alpha")}/settings`);
  await v.field("Organization name").fill("Beta");
  const cdp = await slow(v, 60000);
  await Promise.all([posts(v), tap(v, "Rename")]);
  await cdp.send("Page.stopLoading");
  await stay();
  await cdp.detach();
  await v.press("Rename");
  await v.message("notice.saved").waitFor();
}

test("a form is sent again after the browser was told to wait no longer", () => visit(browser, server, {}, (v) => again(v, () => {})));

/* Browsers may keep a page as it was left; this one keeps none of ours, and is spoken for. */
test("a form is sent again when its page comes back from the browser's memory", () => visit(browser, server, {}, async (v) => {
  await v.page.addInitScript(() => Object.defineProperty(window, "navigation", { value: undefined }));
  await again(v, () => v.page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))));
}));
