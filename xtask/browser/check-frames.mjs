// Checks of the contact sheet and of the player.

import assert from "node:assert/strict";

import { isGone, middle, near, onScreen, pictured, played, says, watched } from "./watched.mjs";

/** The longest frame of a browser that a busy machine may need, in milliseconds: many times what it takes. */
const LONGEST_FRAME = 250;

/** Scrolls from the first frame to the last: how long the browser's frames took, how many elements there were. */
async function scrollThrough() {
  const sheet = document.getElementById("sheet");
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const steps = 150;
  const times = [];
  let most = 0;
  sheet.scrollTop = 0;
  await frame();
  let last = await frame();
  for (let step = 1; step <= steps; step += 1) {
    sheet.scrollTop = ((sheet.scrollHeight - sheet.clientHeight) * step) / steps;
    const now = await frame();
    times.push(now - last);
    last = now;
    most = Math.max(most, document.getElementsByTagName("*").length);
  }
  times.sort((a, b) => a - b);
  return { most, longest: times.at(-1), median: times[Math.floor(steps / 2)] };
}

const colourOf = (fixture, at) => [...fixture.picture(at).subarray(0, 3)];

export const frames = [
  [
    "frames appear without a reload, in their places, and none blinks",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 24 }, prepare: (fixture) => fixture.advance(5, 3) },
        async (page, fixture) => {
          await pictured(page, 5);
          await says(page, "#done", "5 of 24 frames");
          await page.evaluate(() => {
            // Looks at the first cell's pixels in every frame of the browser's from now on.
            const canvas = document.querySelector(".row canvas");
            window.blinked = 0;
            window.looks = 0;
            const look = () => {
              window.looks += 1;
              if (window.pixelOf(canvas, 20, 20)[3] !== 255) window.blinked += 1;
              requestAnimationFrame(look);
            };
            look();
          });
          fixture.advance(4, 3);
          fixture.fail(20, "Out of memory.");
          await pictured(page, 9);
          await says(page, "#done", "9 of 24 frames");
          await says(page, "#cell-20 .why", "Out of memory.");
          await page.waitForFunction(() => document.getAnimations().length === 0);
          const places = [0, 4, 5, 8, 9];
          const colours = await onScreen(browser, page, await Promise.all(places.map((at) => middle(page, at))));
          for (const at of [0, 1, 2, 3]) near(colours[at], colourOf(fixture, places[at]), `frame ${places[at] + 1}`);
          assert.ok(Math.max(...colours[4]) < 60, "a frame that is not there is dark");
          const { blinked, looks } = await page.evaluate(() => ({ blinked: window.blinked, looks: window.looks }));
          assert.equal(blinked, 0, "the first picture was gone for a moment");
          return `${looks} looks`;
        },
      ),
  ],
  [
    "the scrubber moves and plays, and holds what is missing",
    (browser) =>
      watched(browser, { fixture: { frames: 48 }, prepare: (fixture) => fixture.advance(40, 2) }, async (page) => {
        await pictured(page, 40);
        await page.focus("#scrub");
        await page.keyboard.press("ArrowRight");
        await page.waitForFunction(() => document.body.dataset.view === "player");
        await page.waitForFunction(() => document.getElementById("screen").getAttribute("aria-label") === "Frame 2");
        const second = await played(page);
        await page.keyboard.press("ArrowRight");
        await page.waitForFunction(() => document.getElementById("screen").getAttribute("aria-label") === "Frame 3");
        assert.notEqual(await played(page), second, "another frame, the same pixels");
        await page.keyboard.press("End");
        await says(page, "#held", "Frame 48 is waiting: held at 40");
        await page.keyboard.press("Home");
        await isGone(page, "#held");
        await page.evaluate(() => document.activeElement.blur());
        await page.keyboard.press("Space");
        const seen = new Set();
        await page.exposeFunction("seen", (colour) => seen.add(colour));
        await page.evaluate(() => {
          const screen = document.getElementById("screen");
          const look = () => {
            window.seen(window.pixelOf(screen, screen.width / 2, 9).join(" "));
            requestAnimationFrame(look);
          };
          look();
        });
        await page.waitForFunction(() => Number(document.getElementById("scrub").value) > 12);
        await page.keyboard.press("Space");
        await page.waitForSelector("#play[aria-label=Play]");
        assert.ok(seen.size >= 5, `${seen.size} pictures played`);
        await page.keyboard.press("Escape");
        await page.waitForFunction(() => document.body.dataset.view === "sheet");
        const at = await page.$eval("#scrub", (scrub) => Number(scrub.value));
        await page.waitForSelector(`#cell-${at}.current`);
        return `${seen.size} pictures`;
      }),
  ],
  [
    "10,000 frames: few elements, no long frame while they scroll by, the last by a key",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 10_000 }, prepare: (fixture) => fixture.advance(9990, 8) },
        async (page, fixture) => {
          await page.waitForSelector(".cell.there");
          const text = JSON.stringify(fixture.state());
          const updated = await page.evaluate((text) => {
            const times = [0, 1, 2, 3, 4].map((more) => {
              const started = performance.now();
              onState(understand(text.replace('"elapsed":', `"more":${more},"elapsed":`)));
              return performance.now() - started;
            });
            return times.sort((a, b) => a - b)[2];
          }, text);
          assert.ok(updated < LONGEST_FRAME, `a state takes ${updated} ms`);
          // A busy machine may hold any frame up, but not one in each of three passes.
          let scrolled = await page.evaluate(scrollThrough);
          for (let again = 0; again < 2 && scrolled.longest >= LONGEST_FRAME; again += 1)
            scrolled = await page.evaluate(scrollThrough);
          assert.ok(scrolled.longest < LONGEST_FRAME, `a frame of the browser's took ${scrolled.longest} ms`);
          assert.ok(scrolled.most < 2000, `${scrolled.most} elements`);
          await page.focus("#sheet");
          await page.keyboard.press("Home");
          await page.waitForFunction(() => document.getElementById("sheet").scrollTop === 0);
          await page.keyboard.press("End");
          await page.waitForFunction(() => {
            const cell = document.getElementById("cell-9999");
            const { bottom } = cell?.getBoundingClientRect() ?? {};
            const sheet = document.getElementById("sheet");
            return (
              cell?.classList.contains("current") &&
              sheet.getAttribute("aria-activedescendant") === cell.id &&
              bottom <= sheet.getBoundingClientRect().bottom
            );
          });
          await page.waitForSelector("#cell-9985.there");
          const { most, longest, median } = scrolled;
          const [usual, worst, state] = [median, longest, updated].map((ms) => `${ms.toFixed(0)} ms`);
          return `${most} elements, frames of ${usual}, the longest ${worst}, a state in ${state}`;
        },
      ),
  ],
  [
    "keys: filter, size, help, rows, the slowest frame",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 60 }, prepare: (fixture) => (fixture.fail(33, "No."), fixture.advance(30, 4)) },
        async (page, fixture) => {
          await pictured(page, 30);
          const wide = await page.$eval(".cell", (cell) => cell.offsetWidth);
          await page.keyboard.press("+");
          await page.waitForFunction((wide) => document.querySelector(".cell").offsetWidth > wide, {}, wide);
          await page.keyboard.press("ArrowDown");
          await page.keyboard.press("ArrowRight");
          const columns = await page.$eval("#sheet", (sheet) => Number(sheet.getAttribute("aria-colcount")));
          await page.waitForSelector(`#cell-${columns + 1}.current`);
          for (const [name, many] of [
            ["done", 30],
            ["running", 5],
            ["failed", 1],
            ["all", 60],
          ]) {
            await page.keyboard.press("f");
            await page.waitForSelector(`[data-filter=${name}][aria-pressed=true]`);
            // Of many some are out of view.
            if (many < 10)
              await page.waitForFunction(
                (many) => document.querySelectorAll(".cell:not([hidden])").length === many,
                {},
                many,
              );
            await says(page, `[data-filter=${name}] b`, String(many));
          }
          await page.keyboard.press("?");
          await page.waitForSelector("#keys[open]");
          await page.keyboard.press("Escape");
          await page.waitForSelector("#keys:not([open])");
          await page.click("#slowest");
          const { slowest_frame } = fixture.state().seconds;
          await page.waitForSelector(`#cell-${slowest_frame - 1}.current`);
        },
      ),
  ],
];
