// A page under watch: what it says on its console, and what it asks for in vain, fails the check that it is part of.

import assert from "node:assert/strict";

import { show } from "./browser.mjs";
import { Fixture } from "./fixture.mjs";

/** Runs `check` on a page that shows a fixture, and sees that the page had nothing to complain of. */
export async function watched(browser, { fixture: wanted, prepare, path = "", view, mayComplain = false }, check) {
  const fixture = await new Fixture(wanted).start();
  const page = await show(browser, "about:blank", view);
  await page.evaluateOnNewDocument(addPixelOf);
  const complaints = complaining(page);
  try {
    await prepare?.(fixture, page);
    await page.goto(fixture.url + path);
    const said = await check(page, fixture);
    if (!mayComplain) assert.deepEqual(complaints, [], "the page complained");
    return said;
  } finally {
    await page.close();
    await fixture.stop();
  }
}

/** What a page says on its console, and what it asks for in vain, from now on. */
export function complaining(page) {
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type()))
      complaints.push(`${message.text()} ${message.location().url ?? ""}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  return complaints;
}

/** Gives the page `pixelOf`, which reads a pixel of a canvas without making that a slow one. */
function addPixelOf() {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  window.pixelOf = (canvas, x, y) => {
    context.clearRect(0, 0, 1, 1);
    context.drawImage(canvas, x, y, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
}

/** So many cells have their picture. */
export const pictured = (page, many) =>
  page.waitForFunction((many) => document.querySelectorAll(".cell.there:not([hidden])").length === many, {}, many);

/** An element says this; hidden ones say nothing. */
export const says = (page, selector, text) =>
  page.waitForFunction(
    (selector, text) => {
      const found = document.querySelector(selector);
      return found !== null && found.checkVisibility() && found.textContent.includes(text);
    },
    {},
    selector,
    text,
  );

export const isGone = (page, selector) =>
  page.waitForFunction((selector) => !document.querySelector(selector)?.checkVisibility(), {}, selector);

/** Colours of points of what the browser shows, as they are on the screen. */
export async function onScreen(browser, page, points) {
  const picture = await page.screenshot({ encoding: "base64" });
  const reader = await browser.newPage();
  const colours = await reader.evaluate(
    async (picture, points) => {
      const image = new Image();
      image.src = `data:image/png;base64,${picture}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)]);
    },
    picture,
    points,
  );
  await reader.close();
  return colours;
}

/** The middle of the picture of a cell. */
export const middle = (page, at) =>
  page.$eval(`#cell-${at} .why`, (box) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return [Math.round(left + width / 2), Math.round(top + height / 2)];
  });

/** A pixel of the player's screen. */
export const played = (page) =>
  page.$eval("#screen", (screen) => window.pixelOf(screen, screen.width / 2, 9).join(" "));

export function near(one, other, what) {
  const far = Math.max(...one.map((value, at) => Math.abs(value - other[at])));
  assert.ok(far <= 3, `${what}: ${one} is not ${other}`);
}
