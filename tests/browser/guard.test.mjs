// An application that knows nothing of us, behind nginx with the configuration that is printed, in a real browser: to sign in and
// back, a code where a rule asks for one, two-step where it is demanded, and out again.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LOCALES, Person, Server, freePort, startBrowser, visit } from "./harness.mjs";
import { join, organize, somebody } from "./team.mjs";

const RULE_S = 4;
let server, browser;

before(async () => {
  server = await Server.start({ TWOSTEP_TRUSTED_PROXIES: "127.0.0.0/8" });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/* What the visitor's browser shows is what the application was told. */
function application() {
  const app = http.createServer((request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1>${request.method} ${request.url}</h1>` +
      `<p id="who">${decodeURIComponent(request.headers["remote-name"])}</p><p id="how">${request.headers["remote-methods"]}</p>` +
      `<p id="cookies">${request.headers.cookie ?? ""}</p><form method="post" action="/save"><button>Save</button></form>`);
  });
  return new Promise((done) => app.listen(0, "127.0.0.1", () => done(app)));
}

async function nginx(snippet, port) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "twostep-nginx-"));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
  const file = path.join(folder, "nginx.conf");
  fs.writeFileSync(file, `daemon off;\nmaster_process off;\npid ${folder}/pid;\nerror_log stderr warn;\nevents {}\n` +
    `http {\naccess_log off;\n${paths}\n${snippet}\n}\n`);
  const child = spawn("/usr/sbin/nginx", ["-p", folder, "-c", file, "-e", "stderr"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => { said += text; });
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error(`nginx does not serve:\n${said}`);
    try {
      await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
      break;
    } catch {
      await sleep(30);
    }
  }
  return async () => {
    child.kill("SIGTERM");
    await new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done()));
    fs.rmSync(folder, { recursive: true, force: true });
  };
}

/* An organization whose service stands behind nginx: runs the story with its address. */
async function guarded(v, twoStep, story) {
  const owner = await new Person(server, "김소라").signUp(v);
  if (twoStep) await owner.enable(v);
  const id = await organize(v, owner, "Alpha");
  const [app, port] = [await application(), await freePort()];
  const host = `shop.localhost:${port}`, name = `Shop ${port}`;
  await owner.call(v, `/organizations/${id}/services`, {
    name, hosts: [host], rules: [{ path: "/export/*", second_step_max_age_s: RULE_S }],
  });
  const stop = await nginx(server.operate("proxy-config", "nginx", "--service", name, "--application", `127.0.0.1:${app.address().port}`), port);
  v.applications.push(`http://${host}`);
  try {
    await story({ owner, id, origin: `http://${host}` });
  } finally {
    await stop();
    app.closeAllConnections();
    app.close();
  }
}

const heading = (v) => v.page.getByRole("heading", { level: 1 }).innerText();
const told = (v, what) => v.page.locator(`#${what}`).innerText();

for (const locale of LOCALES) {
  test(`${locale}: to sign in and back, with both steps, and out again`, async () => {
    await visit(browser, server, { locale, applications: [] }, async (v) => {
      await guarded(v, true, async ({ owner, origin }) => {
        await v.page.goto("/");
        await v.signOut();
        await v.page.goto(`${origin}/board/7?tab=all#row`);
        await v.field("Email").fill(owner.email);
        await v.field("Password").fill(owner.password);
        await v.press("Sign in");
        await v.giveCode(owner.phone.code());
        await v.page.waitForURL(`${origin}/board/7?tab=all**`);
        assert.equal(await heading(v), "GET /board/7?tab=all");
        assert.deepEqual([await told(v, "who"), await told(v, "how"), await told(v, "cookies")], ["김소라", "pwd,otp", ""]);
        await v.page.getByRole("button", { name: "Save" }).click();
        await v.page.waitForURL(`${origin}/save`);
        assert.equal(await heading(v), "POST /save");
        await v.page.goto(server.origin);
        await v.signOut();
        await v.page.goto(`${origin}/`);
        await v.field("Email").waitFor();
        assert.ok(v.page.url().startsWith(`${server.origin}/login`));
      });
    });
  });

  test(`${locale}: a rule asks for a code, also one without JavaScript`, async () => {
    for (const javaScriptEnabled of [true, false]) {
      await visit(browser, server, { locale, javaScriptEnabled, applications: [] }, async (v) => {
        await guarded(v, true, async ({ owner, origin }) => {
          await v.page.goto(`${origin}/`);
          assert.equal(await heading(v), "GET /");
          await sleep((RULE_S + 1) * 1000);
          await v.page.goto(`${origin}/export/all?year=2026`);
          await v.field("Authentication code").fill(owner.phone.wrong());
          await v.press("confirm.button");
          await v.page.getByRole("alert").waitFor();
          await v.field("Authentication code").fill(owner.phone.code());
          await v.press("confirm.button");
          await v.page.waitForURL(`${origin}/export/all?year=2026`);
          assert.equal(await heading(v), "GET /export/all?year=2026");
        });
      });
    }
  });

  test(`${locale}: a demand leads into set-up and back to the application`, async () => {
    await visit(browser, server, { locale, applications: [] }, async (v) => {
      await guarded(v, true, async ({ owner, id, origin }) => {
        const member = await somebody(server, "이몽룡", { locale });
        join(server, id, member, "manager");
        await owner.call(v, `/organizations/${id}/security`, { two_step_required: true, grace_days: 0 }, "PATCH");
        await visit(browser, server, { locale, applications: [origin] }, async (other) => {
          await other.page.goto(`${origin}/board`);
          await other.field("Email").fill(member.email);
          await other.field("Password").fill(member.password);
          await other.press("Sign in");
          await other.page.getByText("Alpha").first().waitFor();
          await member.enable(other);
          await other.page.goto("/account/two-step/required/met");
          await other.page.waitForURL(`${origin}/board`);
          assert.deepEqual([await heading(other), await told(other, "how")], ["GET /board", "pwd,otp"]);
        });
      });
    });
  });
}
