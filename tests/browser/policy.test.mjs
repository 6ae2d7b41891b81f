// What the browser holds strangers to: the content security policy with Trusted Types, other sites' forms and frames, and what
// is left behind after signing out.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { Person, Phone, Server, mailCode, startBrowser, visit } from "./harness.mjs";

let server, browser, stranger, strangerAsked;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), startBrowser()]);
  strangerAsked = [];
  stranger = http.createServer((request, answer) => {
    strangerAsked.push(request.url);
    answer.setHeader("Content-Type", "text/html");
    answer.end(`<!doctype html><title>Stranger</title><form method="post" action="${server.origin}/logout"><button>Win</button></form>
      <iframe src="${server.origin}/login"></iframe><iframe sandbox="allow-scripts allow-forms" src="${server.origin}/account"></iframe>
      <object data="${server.origin}/account/two-step"></object><embed src="${server.origin}/login">`);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => stranger.once("listening", done));
});
after(async () => { stranger?.close(); await browser?.close(); await server?.stop(); });

const strangerAt = () => `http://localhost:${stranger.address().port}`;

/* Each must be stopped by the browser, and reported: so the watch of all other tests is seen to work. */
const attacks = [
  ["markup from a string", "require-trusted-types-for", () => { document.body.innerHTML = "<p>x</p>"; }],
  ["a script from a string", "require-trusted-types-for", () => { document.createElement("script").text = "x"; }],
  ["a policy of its own", "trusted-types", () => { trustedTypes.createPolicy("mine", {}); }],
  ["a timer with a string", "require-trusted-types-for", () => { setTimeout("window.won = true"); }],
  ["a handler in an attribute", "require-trusted-types-for", () => { document.body.setAttribute("onclick", "window.won = true"); }],
  ["a script of its own", "require-trusted-types-for", () => {
    const script = document.createElement("script");
    script.append("window.won = true"); // a text node: looked at when it would run
    document.body.append(script);
    if (!window.won) throw new Error("stopped");
  }],
  ["a stranger's module", "script-src-elem", (at) => import(`${at}/module.js`)],
  ["a style from a string", "style-src", () => {
    document.body.setAttribute("style", "display: none");
    if (getComputedStyle(document.body).display !== "none") throw new Error("stopped");
  }],
  ["telling a stranger", "connect-src", (at) => fetch(`${at}/told`)],
  ["telling itself", "connect-src", () => fetch("/account")],
  ["a stranger's picture", "img-src", (at) => new Promise((done, failed) => {
    const image = new Image();
    [image.onload, image.onerror] = [done, failed];
    image.src = `${at}/picture`;
  })],
  ["a form to a stranger", "form-action", (at) => new Promise((done, failed) => {
    const form = document.createElement("form");
    form.action = `${at}/form`;
    document.body.append(form);
    form.submit();
    setTimeout(failed, 300);
    addEventListener("pagehide", done);
  })],
  ["another base", "base-uri", (at) => {
    const base = document.createElement("base");
    base.href = at;
    document.head.append(base);
    if (document.baseURI === location.href) throw new Error("stopped");
  }],
  ["a frame", "frame-src", (at) => new Promise((done, failed) => {
    const frame = document.createElement("iframe");
    frame.src = `${at}/frame`;
    document.body.append(frame);
    setTimeout(failed, 300);
  })],
];

test("the policy stops what an injected script would do, and every stop is reported", async () => {
  await visit(browser, server, {}, async (v) => {
    await new Person(server).signUp(v);
    for (const [name, directive, attack] of attacks) {
      await v.page.goto("/account");
      await assert.rejects(v.page.evaluate(attack, strangerAt()), undefined, name);
      await v.page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
      assert.ok(v.troubles.some((trouble) => trouble.startsWith(`policy: ${directive}`)), `${name}: ${v.troubles}`);
      v.troubles.length = 0;
    }
    assert.deepEqual(strangerAsked, []);
  });
});

/* A frame that is refused may give way to one that says so, even while it is looked at: then it shows nothing. */
async function shownIn(frame) {
  try {
    return await frame.locator("form, input, header").count();
  } catch (error) {
    if (frame.isDetached()) return 0;
    throw error;
  }
}

/* The same host on another port is the same site, whose cookies and SameSite=Lax do not tell it from us. */
for (const [from, host] of [["of the same site", "localhost"], ["of another site", "127.0.0.1"]]) test(`a stranger's page ${from} neither frames ours nor posts to it`, async () => {
  await visit(browser, server, {}, async (v) => {
    await new Person(server).signUp(v);
    const troubles = [];
    v.page.on("console", (message) => troubles.push(message.text()));
    await v.page.goto(`http://${host}:${stranger.address().port}`);
    const frames = v.page.frames().slice(1);
    assert.ok(frames.length >= 2, `${frames.length} frames`);
    for (const frame of frames) await frame.waitForLoadState("load", { timeout: 3000 }).catch(() => {}); // what is refused may be gone
    for (const frame of v.page.frames().slice(1)) assert.equal(await shownIn(frame), 0, `no page of ours in ${frame.url()}`);
    assert.ok(troubles.filter((text) => text.includes("frame-ancestors")).length >= 4, troubles.join("\n"));
    const [answer] = await Promise.all([
      v.page.waitForResponse((response) => response.url() === `${server.origin}/logout`),
      v.page.getByRole("button", { name: "Win" }).click(),
    ]);
    assert.equal(answer.status(), 403);
    await v.page.goto("/account");
    assert.equal(await v.path(), "/account", "still signed in");
    v.troubles.length = 0;
  });
});

test("going back after signing out shows nothing, with the browser's memory of pages at work", async () => {
  const remembering = await startBrowser({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  try {
    await visit(remembering, server, {}, async (v) => {
      const person = await new Person(server, "Sora Who-Left").signUp(v);
      for (const path of ["/account", "/account/two-step", "/account/sessions", "/account"]) await v.page.goto(path);
      assert.ok((await v.page.content()).includes(person.email));
      await v.signOut();
      for (let pages = 0; pages < 3; pages++) {
        await v.page.goBack();
        assert.equal(await v.path(), "/login");
        const content = await v.page.content();
        assert.ok(!content.includes(person.email) && !content.includes(person.name));
      }
    });
  } finally {
    await remembering.close();
  }
});

test("neither are secret and codes of a set-up shown by going back, nor anything after the session ended elsewhere", async () => {
  const remembering = await startBrowser({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  try {
    await visit(remembering, server, {}, async (v) => {
      const person = await new Person(server, "Sora Who-Left").signUp(v);
      const secrets = [person.email, person.name];
      const hidden = async (place) => {
        assert.equal(await v.path(), "/login", place);
        const content = await v.page.content();
        for (const secret of secrets) assert.ok(!content.includes(secret), `${place} shows ${secret}`);
      };
      const mail = await server.mailed(person.email, () => person.call(v, "/account/two-step/setup", {}));
      const { secret } = await person.call(v, "/account/two-step/setup/email", { code: mailCode(mail) });
      await v.page.goto("/account/two-step/setup");
      const key = await v.page.locator("img[src^='data:image/svg']").getAttribute("src");
      secrets.push(secret, secret.slice(0, 4) + " " + secret.slice(4, 8), key);
      const phone = new Phone(server, secret);
      await v.field("Authentication code").fill(phone.code());
      await v.press("Next");
      secrets.push(...await v.recoveryCodes());
      assert.equal(secrets.length, 15);
      await v.page.goto("/account");
      await person.call(v, "/session", undefined, "DELETE"); // as from elsewhere: no page of this window notices
      for (const [place, go] of [["back", "goBack"], ["back, reloaded", "reload"], ["forward", "goForward"], ["back again", "goBack"]]) {
        await v.page[go]();
        await hidden(place);
      }
    });
  } finally {
    await remembering.close();
  }
});

test("a session that ended elsewhere leads to sign-in, and back to the page", async () => {
  await visit(browser, server, {}, async (v) => {
    const person = await new Person(server).signUp(v);
    await v.page.goto("/account/two-step");
    server.sql("DELETE FROM session WHERE account_id = (SELECT id FROM account WHERE email = ?)", person.email);
    await v.press("Activate 2-Step Verification");
    assert.equal(await v.path(), "/login");
    await v.field("Email").fill(person.email);
    await v.field("Password").fill(person.password);
    await v.press("Sign in");
    assert.equal(await v.path(), "/account/two-step/setup");
  });
});
