// Pages that come slowly: nothing moves while they come, and they wait for one file alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LOCALES, Person, Server, startBrowser, visit } from "./harness.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

const SLOW = { offline: false, latency: 150, downloadThroughput: 20000, uploadThroughput: 20000 }; // bytes a second

/* Before anything of the page runs. */
function watch() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) window.shifts.push([value, ...sources.map(({ node }) => node?.nodeName)]);
  }).observe({ type: "layout-shift", buffered: true });
}

async function slowly(v, place) {
  const cdp = await v.page.context().newCDPSession(v.page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  await cdp.send("Network.emulateNetworkConditions", SLOW);
  await v.page.goto(place, { waitUntil: "networkidle" });
  await v.page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  const seen = await v.page.evaluate(() => ({
    shifts: window.shifts,
    blocking: performance.getEntriesByType("resource").filter((entry) => entry.renderBlockingStatus === "blocking").map(({ name }) => name),
    painted: performance.getEntriesByName("first-contentful-paint").length,
  }));
  await cdp.send("Network.emulateNetworkConditions", { ...SLOW, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await cdp.detach();
  return seen;
}

async function check(v, place) {
  const { shifts, blocking, painted } = await slowly(v, place);
  assert.equal(painted, 1, place);
  assert.deepEqual(shifts, [], place);
  assert.equal(blocking.length, 1, `${place} waits for ${blocking}`);
}

for (const locale of LOCALES)
  test(`nothing moves while a page comes, ${locale}`, () => visit(browser, server, { locale }, async (v) => {
    await v.page.addInitScript(watch);
    for (const place of ["/login", "/signup", "/password-reset"]) await check(v, place);
    await new Person(server).signUp(v);
    for (const place of ["/account", "/account/two-step", "/account/sessions", "/organizations"]) await check(v, place);
  }));

test("what moves is seen to", () => visit(browser, server, { locale: "en" }, async (v) => {
  await v.page.addInitScript(watch);
  await v.page.goto("/login", { waitUntil: "networkidle" });
  await v.page.evaluate(() => { document.querySelector("main").style.paddingTop = "200px"; });
  await v.page.waitForFunction(() => window.shifts.length > 0);
}));
