// What an owner does most, by keyboard alone and without JavaScript: inviting, changing a role, the demand for two-step, and the proof
// that is asked in place where the last one is too old, with nothing typed lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LOCALES, Person, Server, startBrowser, visit } from "./harness.mjs";
import { enter, hasFocus, key, tabTo, typeInto } from "./keys.mjs";
import { join, organize, somebody } from "./team.mjs";

let server, browser;
before(async () => { [server, browser] = await Promise.all([Server.start(), startBrowser()]); });
after(async () => { await browser?.close(); await server?.stop(); });

/* Two kinds of hands: how each goes to a link, presses a button, fills, checks and chooses. */
const hands = {
  keyboard: {
    options: {},
    async go(v, target) {
      await tabTo(v, target);
      await enter(v);
    },
    async fill(v, field, text) {
      await typeInto(v, field, text);
    },
    async check(v, field) {
      await tabTo(v, v.field(field));
      await key(v, "Space");
      assert.ok(await v.field(field).isChecked());
    },
    async choose(v, field, times) {
      await tabTo(v, v.field(field));
      for (let down = 0; down < times; down++) await key(v, "ArrowDown");
    },
  },
  "no JavaScript": {
    options: { javaScriptEnabled: false },
    go: (v, target) => v.leads(() => target.click()),
    fill: (v, field, text) => v.field(field).fill(text),
    check: (v, field) => v.field(field).check(),
    choose: (v, field, times) => v.field(field).selectOption({ index: times }),
  },
};

/* The owner's organization with one member and a service, at its members. */
async function house(v) {
  const owner = await new Person(server, "김소라").signUp(v);
  await owner.enable(v);
  const id = await organize(v, owner, "Alpha");
  await owner.call(v, `/organizations/${id}/services`, { name: "Shop" });
  const member = await somebody(server, "이몽룡", { locale: v.locale });
  join(server, id, member);
  await v.page.goto(`/organizations/${id}`);
  return { owner, id, member };
}

const roleOf = (person) => server.sql("SELECT m.role FROM membership m JOIN account a ON a.id = m.account_id WHERE a.email = ?", person.email)[0][0];

/* The proofs grew old: both are asked for where they are due, and the thing goes on by itself. */
async function prove(v, hand, person) {
  await v.heading("confirm.title").waitFor();
  await hand.fill(v, "Password", person.password);
  await hand.fill(v, "Authentication code", person.phone.wrong());
  await hand.go(v, v.button("Continue"));
  assert.equal(await v.field("Authentication code").getAttribute("aria-invalid"), "true");
  assert.equal(await v.field("Password").count(), 0, "the password was right, once is enough");
  await hand.fill(v, "Authentication code", person.phone.code());
  await hand.go(v, v.button("Continue"));
}

for (const [name, hand] of Object.entries(hands)) {
  for (const locale of LOCALES) {
    test(`${locale}: ${name}: invites, changes a role, demands two-step, and proves in place who is there`, async () => {
      await visit(browser, server, { locale, ...hand.options }, async (v) => {
        const { owner, id, member } = await house(v);
        const guest = `guest.${name === "keyboard" ? "k" : "n"}.${locale}@example.com`;

        await hand.go(v, v.button("+ Invite Organization Members"));
        await hand.fill(v, "Email addresses", guest);
        await hand.choose(v, "Role in the organization", 1);
        server.ageProofs(owner.email, 3600);
        await hand.go(v, v.button("Send invitations"));
        const mail = await server.mailed(guest, () => prove(v, hand, owner));
        assert.ok(mail.text.includes("Alpha"));
        await v.message("notice.invited", { left: 1 }).waitFor();
        await v.page.getByRole("cell", { name: guest }).first().waitFor();

        await v.page.goto(`/organizations/${id}`);
        await hand.go(v, v.page.getByRole("row").filter({ hasText: member.email }).getByRole("link"));
        await hand.choose(v, /^Shop$/, 2);
        await hand.go(v, v.button("Save"));
        await v.message("notice.saved").waitFor();
        assert.equal(await v.field(/^Shop$/).inputValue(), "operator");
        server.ageProofs(owner.email, 3600);
        await hand.choose(v, "Role in the organization", 1);
        await hand.go(v, v.button("Save"));
        await prove(v, hand, owner);
        await v.message("notice.saved").waitFor();
        assert.equal(roleOf(member), 2);

        await hand.go(v, v.link("Security Settings"));
        await hand.check(v, "security.require");
        await v.field("Days of grace").fill("");
        await hand.fill(v, "Days of grace", "91");
        await hand.go(v, v.button("Continue"));
        assert.equal(await v.field("Days of grace").getAttribute("aria-invalid"), "true");
        assert.ok(await v.field("security.require").isChecked());
        await v.field("Days of grace").fill("");
        await hand.fill(v, "Days of grace", "5");
        await hand.go(v, v.button("Continue"));
        server.ageProofs(owner.email, 3600);
        await hand.go(v, v.button("affected.button"));
        await prove(v, hand, owner);
        await v.message("notice.demanded").waitFor();
        const [[required, days]] = server.sql("SELECT required, (from_at - set_at + 43200) / 86400 FROM mandate m " +
          "JOIN organization o ON o.id = m.organization_id WHERE hex(o.id) = ?", Buffer.from(id, "base64url").toString("hex").toUpperCase());
        assert.deepEqual([required, days], [1, 5], "the days that were typed were kept");
      });
    });
  }
}

/* What Enter presses in each of these fields; nothing is sent. */
async function pressedByEnter(v, fields) {
  await v.page.evaluate(() => {
    window.pressed = [];
    addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      window.pressed.push(event.submitter.textContent);
    }, true);
  });
  for (const field of fields) await v.field(field).press("Enter");
  return v.page.evaluate(() => window.pressed);
}

test("Enter in any field of a form that asks for a proof presses the button that the form is for", async () => {
  await visit(browser, server, {}, async (v) => {
    const { owner, id } = await house(v);
    const member = await somebody(server, "이몽룡", { twoStep: true });
    join(server, id, member);
    await v.page.goto(`/organizations/${id}`);
    await v.leads(() => v.page.getByRole("row").filter({ hasText: member.email }).getByRole("link").click());
    const reset = `${await v.path()}/reset`;
    server.ageProofs(owner.email, 3600);

    const create = async () => {
      await v.page.goto(`/organizations/${id}/services`);
      await v.field("Service name").fill("Wiki");
      await v.press("Create Service");
    };
    const open = (place) => () => v.page.goto(place);
    const proofs = ["Password", "Authentication code"];
    const forms = [
      ["Continue", create, proofs],
      ["Reset 2-step verification", open(reset), ["Reason", "Your password", "Authentication code"]],
      ["Next", open("/account/two-step/recovery-codes"), proofs],
    ];
    for (const [button, show, fields] of forms) {
      await show();
      const pressed = await pressedByEnter(v, fields);
      assert.equal(pressed.length, fields.length);
      for (const text of pressed) assert.match(text, v.say(button));
    }

    await visit(browser, server, {}, async (w) => {
      const lone = new Person(server, "성춘향");
      await lone.signUp(w);
      await lone.enable(w);
      server.ageProofs(lone.email, 3600);
      await w.page.goto("/account/close");
      const pressed = await pressedByEnter(w, proofs);
      assert.equal(pressed.length, proofs.length);
      for (const text of pressed) assert.match(text, w.say("close.button"));
    });

    await create();
    await v.field("Password").fill(owner.password);
    await v.field("Authentication code").fill(owner.phone.code());
    await enter(v);
    await v.message("notice.service_created").waitFor();
    server.ageProofs(owner.email, 3600);
    await v.page.goto(reset);
    await v.field("Reason").fill("The phone is lost.");
    await v.field("Your password").fill(owner.password);
    await v.field("Authentication code").fill(owner.phone.code());
    await v.leads(() => v.field("Reason").press("Enter"));
    await v.message("notice.step_reset").waitFor();
  });
});

test("a wrong field has the focus, and what is wrong leads to it", async () => {
  await visit(browser, server, {}, async (v) => {
    const { id } = await house(v);
    await v.page.goto(`/organizations/${id}/invitations/new`);
    await tabTo(v, v.button("Send invitations"));
    await enter(v);
    assert.ok(await hasFocus(v.field("Email addresses")));
    await v.page.goto(`/organizations/${id}/audit?from=2026-13-01`);
    assert.equal(await v.field("From day (UTC)").getAttribute("aria-invalid"), "true");
  });
});
