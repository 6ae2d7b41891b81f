// A page in every look: light and dark, on a desktop and a phone. What is wrong with it: violations of WCAG 2.2 AA that axe can find,
// anything to scroll sideways at any width, links to nowhere, Enter that presses a lesser button, not one heading, no title, the
// wrong language.
//
//     SCREENSHOTS=DIR node --test pages.test.mjs         keeps a picture of each
import path from "node:path";
import axe from "axe-core/axe.min.js";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
export const LOOKS = [
  { scheme: "light", device: "desktop", width: 1200, height: 900 },
  { scheme: "dark", device: "desktop", width: 1200, height: 900 },
  { scheme: "light", device: "phone", width: 360, height: 740 },
  { scheme: "dark", device: "phone", width: 360, height: 740 },
];
const WIDTHS = [320, 660, 920]; // the smallest phone; just above where the layout changes

/* axe itself, put in once a page: @axe-core/playwright puts it in for each look, which takes ten times as long. */
async function violations(page) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe.source);
  const found = await page.evaluate((tags) => window.axe.run({ runOnly: tags, resultTypes: ["violations"] }), TAGS);
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target}: ${node.failureSummary}`));
}

async function keepPicture(v, name, look) {
  if (!process.env.SCREENSHOTS) return;
  const file = `${name.replaceAll(/\W+/g, "-")}-${v.locale}-${look.device}-${look.scheme}.png`;
  await v.page.screenshot({ path: path.join(process.env.SCREENSHOTS, file), fullPage: true });
}

/* What may spill: words that cannot break, tables, fixed widths. */
function sideways() {
  const wide = [...document.querySelectorAll("body *")].filter((element) => {
    const { right, width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && right > innerWidth + 0.5;
  });
  return { by: document.documentElement.scrollWidth - innerWidth, wide: wide.map((element) => element.outerHTML.slice(0, 80)) };
}

/* Of several buttons the first in the tree is what Enter presses: it has to be the one that the form is for. */
function lesser() {
  const sending = [...document.forms].map((form) => [...form.elements].filter(({ type }) => type === "submit"));
  return sending.filter(([first, ...more]) => more.length && !first.matches(".button:not(.plain)")).map(([first]) => first.textContent);
}

/* A page, looked at from these sides; the answer is what is wrong with it. */
export async function look(v, name, looks = LOOKS) {
  const wrong = [];
  await v.page.mouse.move(0, 0);
  for (const side of looks) {
    await v.page.emulateMedia({ colorScheme: side.scheme });
    await v.page.setViewportSize({ width: side.width, height: side.height });
    for (const violation of await violations(v.page)) wrong.push(`${name}, ${side.scheme}, ${side.device}: ${violation}`);
    await keepPicture(v, name, side);
  }
  for (const width of WIDTHS) {
    await v.page.setViewportSize({ width, height: 640 });
    const { by, wide } = await v.page.evaluate(sideways);
    if (by > 0 || wide.length) wrong.push(`${name}: ${by} pixels to scroll sideways at ${width}: ${wide}`);
  }
  const { lang, title, headings, nowhere } = await v.page.evaluate(() => ({
    lang: document.documentElement.lang, title: document.title, headings: document.querySelectorAll("h1").length,
    nowhere: [...document.querySelectorAll("a[href^='#']")].map((link) => link.hash).filter((hash) => !document.querySelector(hash)),
  }));
  for (const button of await v.page.evaluate(lesser)) wrong.push(`${name}: Enter presses "${button}"`);
  if (nowhere.length) wrong.push(`${name}: links to ${nowhere}, which is not there`);
  if (lang !== v.locale) wrong.push(`${name}: lang is ${lang}`);
  if (headings !== 1) wrong.push(`${name}: ${headings} headings`);
  if (!/^\S.* – twostep$/.test(title)) wrong.push(`${name}: its title is ${title}`);
  await v.page.setViewportSize({ width: 1200, height: 900 });
  await v.page.emulateMedia({ colorScheme: "light" });
  return wrong;
}
