// The page as the real `farm watch --web` serves it, of a real farm: `node farm.mjs --chromium PATH --url ADDRESS --frames 8`.
// A line on stdout for each thing that was seen, by which whoever started this goes on; what it does in between is up to
// them.

import assert from "node:assert/strict";

import { launch, options, show } from "./browser.mjs";
import { complaining, pictured, says } from "./watched.mjs";

const { chromium, packages, url, frames, first } = options({
  url: { type: "string" },
  frames: { type: "string" },
  first: { type: "string" },
});
const browser = await launch(chromium, packages);
const page = await show(browser, "about:blank");
const complaints = complaining(page);
await page.goto(url);

await pictured(page, Number(first));
await page.evaluate(() => (window.sameDocument = true));
console.log("first");

// The others come by themselves.
await pictured(page, Number(frames));
assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was not loaded again");
await says(page, "#state", "Complete");
console.log("all");

await page.keyboard.press("Home");
await page.keyboard.press("Enter");
await page.waitForSelector("#detail-full:not([hidden])");
await page.click("[data-tab=log]");
await says(page, "#detail-text", "frame 1: uploaded");
await page.click("[data-tab=record]");
await says(page, "#detail-text", '"child": 0');
await page.keyboard.press("Escape");

const at = () => page.$eval("#scrub", (scrub) => Number(scrub.value));
const before = await at();
await page.keyboard.press("Space");
await page.waitForFunction((before) => Number(document.querySelector("#scrub").value) !== before, {}, before);
console.log("played");

assert.deepEqual(complaints, [], "the page complained");
await browser.close();
