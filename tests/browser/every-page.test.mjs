// Every page of the route tables, opened by everybody it may meet: nothing is reported against the content security policy with
// Trusted Types (the harness watches), whatever the page then is, and in both languages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { LOCALES, Person, Server, inRoot, startBrowser, visit } from "./harness.mjs";
import { invite, join, organize, somebody } from "./team.mjs";

let server, browser, ids, owner, member, nobody;

/* [path] of all that answers GET with a page. */
function pages() {
  const program = "import json, sys\nsys.path.insert(0, sys.argv[1])\nimport routes\n" +
    "print(json.dumps([r.path for r in routes.every_route() if r.method == 'GET' and '/src/pages/' in r.file]))";
  return JSON.parse(execFileSync("/usr/bin/python3", ["-B", "-c", program, inRoot("tests/door")], { encoding: "utf8" }));
}

before(async () => {
  [server, browser] = await Promise.all([Server.start(), startBrowser()]);
  [member, nobody] = [await somebody(server, "박지원"), await somebody(server, "Lee <b>Who")];
  owner = new Person(server, "Kim Sora");
  await visit(browser, server, {}, async (v) => {
    await owner.signUp(v);
    await owner.enable(v);
    const o = await organize(v, owner, "Kim & Lee");
    join(server, o, member);
    const { id: s } = await owner.call(v, `/organizations/${o}/services`, { name: "Shop", hosts: ["localhost:9901"] });
    const { invited: [{ id: i }] } = await invite(v, owner, o, ["guest@example.com"]);
    const { members } = await owner.call(v, `/organizations/${o}/members`, undefined, "GET");
    ids = { o, s, i, a: members.find(({ email }) => email === member.email).id };
  });
});
after(async () => { await browser?.close(); await server?.stop(); });

async function signIn(v, person) {
  await v.signIn(person);
  if (person.phone) await v.giveCode(person.phone.code());
  await person.call(v, "/account", { locale: v.locale }, "PATCH");
}

/* Who opens them: how they come to be that, and what they see at least. */
const visitors = {
  "an owner": { become: (v) => signIn(v, owner), sees: ["/account", "/organizations/{o}/security", "/organizations/{o}/services/{s}/delete"] },
  "an owner in the middle of a set-up": {
    async become(v) {
      await signIn(v, owner);
      const mail = await server.mailed(owner.email, () => owner.call(v, "/account/two-step/setup", { replace: true }));
      await owner.call(v, "/account/two-step/setup/email", { code: mail.text.match(/^\d{6}$/m)[0] });
    },
    sees: ["/account/two-step/setup"], korean: true,
  },
  "a member": { become: (v) => signIn(v, member), sees: ["/account/two-step/setup", "/organizations/{o}/settings"] },
  "somebody of no organization": { become: (v) => signIn(v, nobody), sees: ["/account/password"] },
  "somebody half-way": { become: (v) => v.signIn(owner), sees: ["/login/second-step"] },
  "a stranger": { become: async () => {}, sees: ["/login", "/signup", "/password-reset", "/invitations/accept"], korean: true },
};

test("the tables name the pages", () => assert.ok(pages().length > 50, `${pages().length}`));

for (const locale of LOCALES) {
  for (const [name, { become, sees, korean }] of Object.entries(visitors)) {
    if (locale === "ko" && !korean) continue; // the same templates, and these two see nearly all of them
    test(`${locale}: nothing is reported to ${name}`, async () => {
      await visit(browser, server, { locale }, async (v) => {
        const shown = [];
        await become(v);
        for (const route of pages()) {
          const place = route.replace(/\{(\w+)\}/g, (_, id) => ids[id]);
          if (/\.csv$|\/file$/.test(place)) continue; // a download, no page
          const asked = await v.context.request.get(place, { maxRedirects: 0, headers: { Accept: "text/html" } });
          if (sees.includes(route)) assert.equal(asked.status(), 200, place);
          if (asked.status() === 303) continue; // to a page that is opened for itself
          await v.page.goto(place);
          shown.push(place);
          const content = await v.page.evaluate(() => ({ lang: document.documentElement.lang, bold: document.querySelectorAll("b").length }));
          assert.deepEqual(content, { lang: locale, bold: 0 }, place);
          assert.deepEqual(v.troubles, [], place);
        }
        assert.ok(shown.length > 5, `${shown}`);
      });
    });
  }
}
