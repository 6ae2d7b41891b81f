// A real server, a real browser, a phone with an authenticator app, and a person who uses them.
//
// The server is $TWOSTEP_BIN, else build/twostep. Whatever a browser reports here fails the test that caused it: violations of
// the content security policy, errors on the console, requests to anybody else, answers without the headers of every page.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const BINARY = path.resolve(process.env.TWOSTEP_BIN ?? path.join(ROOT, "build/twostep"));
const STEP_S = 30;

export const PASSWORD = "Violet7 kettle-Drum orbit";
export const OTHER_PASSWORD = "Amber9 lantern-Fjord quilt";
export const WRONG_PASSWORD = "Copper3 walnut-Sled prism";
export const HOME = "/organizations"; // where somebody without an organization lands
export const RECOVERY_CODE = /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/;
export const LOCALES = ["en", "ko"];

export const inRoot = (...parts) => path.join(ROOT, ...parts);

// What the pages say

function catalogue(tag) {
  const text = fs.readFileSync(inRoot("lang", `${tag}.po`), "utf8");
  const unquoted = (lines) => [...lines.matchAll(/^(?:msgid |msgstr )?(".*")$/gm)].map(([, quoted]) => JSON.parse(quoted)).join("");
  const entries = text.matchAll(/^(msgid .*(?:\n".*)*)\n(msgstr .*(?:\n".*)*)/gm);
  return new Map([...entries].map(([, id, string]) => [unquoted(id), unquoted(string)]));
}

const catalogues = { en: catalogue("en"), ko: catalogue("ko") };
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const pattern = (text) => escaped(text).replace(/\\\{\w+\\\}/g, ".+");

/*
 * Labels are said in the English of the contract; in Korean the same is whatever ko.po has where en.po has that text. Sentences,
 * which nobody promised, by their key in the catalogues. Placeholders are filled by `values`, else they match anything.
 */
export function spoken(locale) {
  return (words, values = {}) => {
    const fill = (text) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
    const keys = [...catalogues.en].filter(([key, text]) => key === words || text === words).map(([key]) => key);
    assert.ok(keys.length, `lang/en.po has neither a text nor a key "${words}"`);
    const texts = keys.map((key) => fill(catalogues[locale].get(key)));
    return new RegExp(`^\\s*(${[...new Set(texts)].map(pattern).join("|")})\\s*$`);
  };
}

// Server

// Below those that the system hands out by itself: a server that stops and starts again finds its port free.
export async function freePort() {
  for (;;) {
    const port = randomInt(10000, 32000);
    const server = net.createServer().listen(port, "127.0.0.1");
    const free = await new Promise((done) => server.once("listening", () => done(true)).once("error", () => done(false)));
    if (free) {
      await new Promise((done) => server.close(done));
      return port;
    }
  }
}

function readMail(file) {
  const text = fs.readFileSync(file, "latin1").replace(/\r\n/g, "\n");
  const to = text.match(/^To:.*(?:\n[ \t].*)*/m)[0];
  const [, encoded] = text.match(/Content-Type: text\/plain[^]*?quoted-printable\n\n([^]*?)\n--=/);
  const bytes = encoded.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return { to, text: Buffer.from(bytes, "latin1").toString("utf8") };
}

export const mailCode = (mail) => mail.text.match(/^(\d{6}|[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$/m)[1];
export const mailLink = (mail) => mail.text.match(/^http\S+[?]\S+$/m)[0];

export class Server {
  static async start(settings = {}) {
    const server = new Server();
    server.data = fs.mkdtempSync(path.join(os.tmpdir(), "twostep-browser-"));
    server.port = await freePort();
    server.origin = `http://localhost:${server.port}`;
    server.outbox = path.join(server.data, "outbox");
    server.stepsAhead = 0;
    server.log = "";
    server.env = {
      ...process.env, TWOSTEP_LISTEN: `127.0.0.1:${server.port}`, TWOSTEP_PUBLIC_URL: server.origin,
      TWOSTEP_DATA: server.data, TWOSTEP_MAIL: `file:${server.outbox}`, ...settings,
    };
    server.process = spawn(BINARY, ["serve"], { stdio: ["ignore", "pipe", "pipe"], env: server.env });
    const keepLog = (text) => { server.log = (server.log + text).slice(-20000); };
    server.process.stdout.setEncoding("utf8").on("data", keepLog);
    server.process.stderr.setEncoding("utf8").on("data", keepLog);
    server.ended = new Promise((done) => server.process.once("exit", (status, signal) => done(signal ?? status)));
    await server.#ready();
    return server;
  }

  async #ready() {
    for (let tries = 0; tries < 600; tries++) {
      if (this.process.exitCode !== null) throw new Error(`the server ended with ${this.process.exitCode}:\n${this.log}`);
      try {
        if ((await fetch(`http://127.0.0.1:${this.port}/readyz`)).ok) return;
      } catch {
        // not yet
      }
      await sleep(50);
    }
    throw new Error(`not ready in 30 s:\n${this.log}`);
  }

  async stop() {
    this.process.kill("SIGTERM");
    const late = sleep(20000, "no end within 20 s", { ref: false });
    const status = await Promise.race([this.ended, late]);
    if (status === "no end within 20 s") this.process.kill("SIGKILL");
    fs.rmSync(this.data, { recursive: true, force: true });
    assert.equal(status, 0, `SIGTERM ended the server with ${status}:\n${this.log}`);
    assert.doesNotMatch(this.log, /AddressSanitizer|LeakSanitizer|runtime error:/);
  }

  mails(to) {
    if (!fs.existsSync(this.outbox)) return [];
    return fs.readdirSync(this.outbox).filter((name) => name.endsWith(".eml")).map((name) => path.join(this.outbox, name))
      .map((file) => ({ at: fs.statSync(file, { bigint: true }).mtimeNs, ...readMail(file) }))
      .filter((mail) => mail.to.includes(to)).sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  /* Does something that mails this address: the mail. */
  async mailed(to, action) {
    const before = this.mails(to).length;
    await action();
    for (let tries = 0; tries < 500; tries++) {
      const mails = this.mails(to);
      if (mails.length > before) return mails.at(-1);
      await sleep(20);
    }
    throw new Error(`no mail to ${to} in 10 s`);
  }

  sql(statement, ...values) {
    const program = "import json, sqlite3, sys\n" +
      "c = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)\n" +
      "print(json.dumps(c.execute(sys.argv[2], json.loads(sys.argv[3])).fetchall()))";
    const args = ["-c", program, path.join(this.data, "twostep.db"), statement, JSON.stringify(values)];
    return JSON.parse(execFileSync("/usr/bin/python3", args, { encoding: "utf8" }));
  }

  /* A command of the operator: what it says. */
  operate(...command) {
    return execFileSync(BINARY, command, { encoding: "utf8", env: this.env });
  }

  /* To phones that have used all codes of now: time passes, as the spent steps see it. */
  forwardSteps(steps) {
    this.sql("UPDATE spent_step SET step = ? - step", -steps); // by way of negative numbers: the key stays unique
    this.sql("UPDATE spent_step SET step = -step - ?", 2 * steps);
    this.sql("UPDATE setup SET step = step - ?", steps);
    this.stepsAhead += steps;
  }

  /* Every proof of this person was given so many seconds earlier. */
  ageProofs(email, seconds) {
    this.sql("UPDATE session SET confirmed_at = confirmed_at - ?1, second_step_at = " +
      "CASE WHEN second_step_at > 0 THEN second_step_at - ?1 ELSE second_step_at END " +
      "WHERE account_id = (SELECT id FROM account WHERE email = ?2)", seconds, email);
  }
}

// Phone

/* An authenticator app; oathtool does its arithmetic. */
export class Phone {
  constructor(server, secret) {
    this.server = server;
    this.secret = secret.replace(/\s/g, "");
    this.last = -Infinity;
  }

  static fromUri(server, uri) {
    return new Phone(server, new URL(uri).searchParams.get("secret"));
  }

  at(step) {
    return execFileSync("oathtool", ["--totp", "-b", this.secret, "--now", `@${step * STEP_S}`], { encoding: "utf8" }).trim();
  }

  /* A code that this phone has not given yet: of this step or the next, which the server takes for at least half a minute more. */
  code() {
    const real = Math.floor(Date.now() / 1000 / STEP_S);
    let now = real + this.server.stepsAhead;
    const step = Math.max(now, this.last + 1);
    if (step > now + 1) {
      this.server.forwardSteps(2);
      now += 2;
    }
    this.last = step;
    return this.at(step - now + real);
  }

  /* Six digits that no step within a quarter of an hour would show. */
  wrong() {
    const now = Math.floor(Date.now() / 1000 / STEP_S);
    const args = ["--totp", "-b", this.secret, "--now", `@${(now - 32) * STEP_S}`, "--window", "64"];
    const shown = new Set(execFileSync("oathtool", args, { encoding: "utf8" }).trim().split("\n"));
    for (let n = 123457; ; n += 123457) {
      const code = String(n % 1000000).padStart(6, "0");
      if (!shown.has(code)) return code;
    }
  }
}

/* What a phone's camera reads on this page. */
export async function readQr(page, server) {
  const file = path.join(server.data, "screen.png");
  await page.screenshot({ path: file, fullPage: true });
  return execFileSync("zbarimg", ["--quiet", "--nodbus", "--raw", file], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

// Browser

// The first has no windows with menus around its pages: a profile costs it a third of the time.
const BROWSERS = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

export function startBrowser(options = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((file) => fs.existsSync(file)),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
    ...options,
  });
}

const DOCUMENT_HEADERS = {
  "cache-control": /^no-store$/,
  "content-security-policy": /^default-src 'none';.*form-action 'self'( http:\/\/\S+)?;.*require-trusted-types-for 'script'/,
  "x-content-type-options": /^nosniff$/,
  "referrer-policy": /^same-origin$/,
  "cross-origin-opener-policy": /^same-origin$/,
};

/* A browser profile of its own, with one page open in it. */
export class Visitor {
  static async open(browser, server, options = {}) {
    const visitor = new Visitor();
    const { locale = "en", applications = [], ...more } = options;
    visitor.server = server;
    visitor.applications = applications; // origins of others that pages may lead to
    visitor.turnTo(locale);
    visitor.troubles = [];
    visitor.context = await browser.newContext({
      locale: locale === "ko" ? "ko-KR" : "en-US", timezoneId: "Asia/Seoul", baseURL: server.origin,
      viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...more,
    });
    visitor.context.setDefaultTimeout(30000);
    await visitor.context.exposeBinding("reportTrouble", (_, text) => visitor.troubles.push(text));
    await visitor.context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        window.reportTrouble(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample} at ${event.documentURI}`);
      });
    });
    visitor.context.on("response", (response) => visitor.#look(response));
    visitor.page = await visitor.newPage();
    return visitor;
  }

  async newPage() {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.troubles.push(`script: ${error}`));
    page.on("console", (message) => {
      const refusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text()) &&
        !message.location().url.includes("/assets/");
      if (message.type() === "error" && !refusal) this.troubles.push(`console: ${message.text()} at ${message.location().url}`);
    });
    return page;
  }

  #look(response) {
    const url = response.url();
    if (url.startsWith("data:") || this.applications.includes(new URL(url).origin)) return;
    if (!url.startsWith(this.server.origin)) this.troubles.push(`asked somebody else: ${url}`);
    if (response.status() >= 500) this.troubles.push(`${response.status()} for ${url}`);
    if (response.request().resourceType() !== "document" || response.status() === 303) return;
    for (const [name, value] of Object.entries(DOCUMENT_HEADERS))
      if (!value.test(response.headers()[name] ?? "") && !response.headers()["content-disposition"])
        this.troubles.push(`${name}: ${response.headers()[name]} for ${url}`);
  }

  /* Nothing that a browser complains about may have happened. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.troubles, []);
  }

  /* From now on the pages are in this language. */
  turnTo(locale) {
    this.locale = locale;
    this.say = spoken(locale);
  }

  // Finding things by role and accessible name, in the language of the page

  named(name, values) {
    return typeof name === "string" ? this.say(name, values) : name;
  }

  button(name) {
    return this.page.getByRole("button", { name: this.named(name) });
  }

  link(name) {
    return this.page.getByRole("link", { name: this.named(name) });
  }

  field(name) {
    return this.page.getByLabel(this.named(name)).and(this.page.locator("input, select, textarea"));
  }

  heading(name) {
    return this.page.getByRole("heading", { level: 1, name: this.named(name) });
  }

  message(name, values) {
    return this.page.locator("[role=status], [role=alert]").getByText(this.named(name, values));
  }

  /* Somewhere on the page, also amid other words. */
  says(name, values) {
    return this.page.getByText(new RegExp(this.named(name, values).source.slice(1, -1))).first();
  }

  async path() {
    return new URL(this.page.url()).pathname;
  }

  /* Does something that leads to a page, and waits for that page. */
  async leads(action) {
    await Promise.all([this.page.waitForEvent("load"), action()]);
  }

  async press(name) {
    await this.leads(() => this.button(name).click());
  }

  async follow(name) {
    await this.leads(() => this.link(name).click());
  }

  /* The profile menu at the top right. */
  profile() {
    return this.page.locator("header .profile summary");
  }

  async openTab(name) {
    await this.profile().click();
    await this.follow("Account management");
    await this.follow(name);
  }

  async signIn(person, password = person.password) {
    await this.page.goto("/login");
    await this.field("Email").fill(person.email);
    await this.field("Password").fill(password);
    await this.press("Sign in");
  }

  async giveCode(code) {
    await this.field("Authentication code").fill(code);
    await this.press("Verify");
  }

  async signOut() {
    await this.profile().click();
    await this.press("Sign out");
  }

  recoveryCodes() {
    return this.page.getByRole("list", { name: this.named("Recovery codes") }).getByRole("listitem").allInnerTexts();
  }
}

// People

let people = 0;

export class Person {
  constructor(server, name = "Kim Sora") {
    this.server = server;
    this.name = name;
    this.email = `p${++people}@example.com`;
    this.password = PASSWORD;
  }

  /* The API, with the cookies of this visitor: for what a test needs but does not look at. */
  async call(visitor, path, data, method = "POST") {
    const reply = await visitor.context.request.fetch(`/api/v1${path}`, { method, data, headers: { Origin: this.server.origin } });
    const text = await reply.text();
    assert.ok(reply.ok(), `${path}: ${reply.status()} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async signUp(visitor) {
    let signup;
    const mail = await this.server.mailed(this.email, async () => {
      const { email, name, password } = this;
      ({ signup } = await this.call(visitor, "/signup", { email, name, password, locale: visitor.locale }));
    });
    await this.call(visitor, "/signup/verify", { signup, code: mailCode(mail) });
    return this;
  }

  async enable(visitor) {
    const mail = await this.server.mailed(this.email, () => this.call(visitor, "/account/two-step/setup", {}));
    const { secret } = await this.call(visitor, "/account/two-step/setup/email", { code: mailCode(mail) });
    this.phone = new Phone(this.server, secret);
    const { recovery_codes } = await this.call(visitor, "/account/two-step/setup/code", { code: this.phone.code() });
    this.codes = recovery_codes;
    await this.call(visitor, "/account/two-step/setup/complete", { saved: true });
    return this;
  }
}

/* Runs with a browser profile that is closed, and looked at for troubles, whatever happens. */
export async function visit(browser, server, options, story) {
  const visitor = await Visitor.open(browser, server, options);
  try {
    await story(visitor);
  } catch (error) {
    error.message += `\non ${visitor.page.url()}${visitor.troubles.map((trouble) => `\n${trouble}`).join("")}`;
    await visitor.context.close();
    throw error;
  }
  await visitor.close();
}
