// Hands on the keyboard alone: Tab, Enter, Space, Escape. Wherever the focus goes it is seen, and it goes down the page.
import assert from "node:assert/strict";

/* What has the focus, and what is wrong about how it shows. */
function lookAtFocus() {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: "the page" };
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const name = `${element.tagName} ${element.id || element.textContent.trim().slice(0, 40)}`;
  const wrong = [];
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) wrong.push("no outline");
  if (box.width < 20 || box.height < 20) wrong.push(`${box.width} by ${box.height} pixels`);
  const rest = 0.5; // browsers scroll by whole pixels
  if (box.x < -rest || box.y < -rest || box.right > innerWidth + rest || box.bottom > innerHeight + rest) wrong.push("out of sight");
  else if (!there || !(element.contains(there) || there.contains(element))) wrong.push("covered");
  if (element.tabIndex > 0) wrong.push("an order of its own");
  const before = window.focusBefore;
  if (before?.isConnected && !(before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push("upwards");
  window.focusBefore = element;
  return { name, wrong };
}

export const key = (v, name) => v.page.keyboard.press(name);
export const enter = (v) => v.leads(() => key(v, "Enter"));
export const hasFocus = (target) => target.evaluate((element) => element === document.activeElement);

/* Tabs until this has the focus. */
export async function tabTo(v, target) {
  const passed = [];
  for (let presses = 0; presses < 30; presses++) {
    await key(v, "Tab");
    const { name, wrong } = await v.page.evaluate(lookAtFocus);
    passed.push(name);
    assert.deepEqual(wrong ?? [], [], `${name} on ${v.page.url()}`);
    if (await hasFocus(target)) return passed;
  }
  assert.fail(`not reached on ${v.page.url()}: ${passed.join(" › ")}`);
}

export async function typeInto(v, field, text) {
  if (!await hasFocus(v.field(field))) await tabTo(v, v.field(field));
  await v.page.keyboard.type(text);
}
