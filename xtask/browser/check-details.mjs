// Checks of one frame's dialog, and of words that come from strangers.

import assert from "node:assert/strict";

import { isGone, middle, near, onScreen, pictured, says, watched } from "./watched.mjs";

const HURTS = '<img src=x onerror="window.hurt = 1"><script>window.hurt = 1</script>';

export const details = [
  [
    "a frame opens in full, with its log and its record; arrows turn, Esc closes",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 24 }, prepare: (fixture) => fixture.advance(6, 2) },
        async (page, fixture) => {
          await pictured(page, 6);
          await page.click("#cell-2");
          await page.waitForSelector("#detail[open]");
          await page.waitForSelector("#detail-full:not([hidden])");
          await says(page, "#detail-title", "Frame 3");
          await says(page, "#detail-facts", "child 0");
          assert.equal(await page.$eval("#detail-full", (picture) => picture.naturalWidth), 480);
          await page.waitForSelector("#detail-open[href$='frame/3.png']");
          await page.click("[data-tab=log]");
          await says(page, "#detail-text", "Fra:3 Mem:");
          await page.click("[data-tab=record]");
          await says(page, "#detail-text", '"blender": "4.5.15"');
          await page.keyboard.press("ArrowRight");
          await says(page, "#detail-title", "Frame 4");
          await says(page, "#detail-text", "4\n  ]");
          await page.click("[data-tab=full]");
          await page.waitForSelector("#detail-full[alt='Frame 4']:not([hidden])");
          await page.keyboard.press("ArrowLeft");
          await page.waitForSelector("#detail-full[alt='Frame 3']:not([hidden])");
          // A frame that becomes done while it is looked at appears.
          for (let turn = 0; turn < 4; turn += 1) await page.keyboard.press("ArrowRight");
          await says(page, "#detail-title", "Frame 7");
          await says(page, "#detail-note", "This frame is rendering.");
          fixture.advance(1, 2);
          await page.waitForSelector("#detail-full[alt='Frame 7']:not([hidden])");
          await page.keyboard.press("Escape");
          await isGone(page, "#detail");
          await page.waitForSelector("#cell-6.current");
          await page.keyboard.press("Enter");
          await page.waitForSelector("#detail[open]");
        },
      ),
  ],
  [
    "a frame that the browser cannot show leaves the small picture, and says so",
    (browser) =>
      watched(
        browser,
        {
          fixture: { frames: 3 },
          prepare: (fixture) => (fixture.advance(3), fixture.keep("frame/1.png", () => Buffer.from("v/1\x01 OpenEXR"))),
        },
        async (page, fixture) => {
          await pictured(page, 3);
          await page.keyboard.press("Enter");
          await says(page, "#detail-note", "cannot show the frame");
          const point = await page.$eval("#detail-tile", (tile) => {
            const { left, top, width, height } = tile.getBoundingClientRect();
            return [Math.round(left + width / 2), Math.round(top + height / 2)];
          });
          const [colour] = await onScreen(browser, page, [point]);
          near(colour, [...fixture.picture(0).subarray(0, 3)], "the small picture");
        },
      ),
  ],
  [
    "words of strangers are words: markup in reasons, names, warnings and addresses does nothing",
    (browser) => {
      const prepare = (fixture) => {
        fixture.advance(3, 1);
        fixture.fail(6, HURTS);
        fixture.more = {
          name: HURTS,
          message: HURTS,
          why_waiting: HURTS,
          warnings: [HURTS, HURTS],
          files: [
            { name: "bad", url: "javascript:window.hurt = 1" },
            { name: HURTS, url: "file/good.zip" },
          ],
        };
      };
      return watched(browser, { fixture: { frames: 12 }, prepare }, async (page, fixture) => {
        await pictured(page, 3);
        for (const place of ["#name", "#message", "#waits", "#files", "#cell-6 .why"]) await says(page, place, HURTS);
        const label = await page.$eval("#cell-6", (cell) => cell.getAttribute("aria-label"));
        assert.equal(label, `Frame 7, failed, ${HURTS}`);
        await page.mouse.move(...(await middle(page, 6)));
        await says(page, "#tip", HURTS);
        await page.click("#cell-6");
        await says(page, "#detail-why", HURTS);
        assert.equal(await page.$$eval("#files a", (links) => links.length), 1, "an address that is a script");
        assert.equal(await page.evaluate(() => window.hurt), undefined);
        assert.ok(!fixture.asked.some((path) => path.endsWith("x")), "a picture of a stranger's was asked for");
      });
    },
  ],
  [
    "dark and light as the system says, or as was chosen, and remembered",
    async (browser) => {
      const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const wanted = { fixture: { frames: 3 }, prepare: (fixture) => fixture.advance(3) };
      const dark = await watched(browser, { ...wanted, view: { scheme: "dark" } }, ground);
      const light = await watched(browser, { ...wanted, view: { scheme: "light" } }, ground);
      assert.notEqual(dark, light);
      await watched(browser, { ...wanted, view: { scheme: "dark" } }, async (page) => {
        await pictured(page, 3);
        await page.keyboard.press("t");
        assert.equal(await ground(page), light);
        await page.reload();
        await pictured(page, 3);
        assert.equal(await ground(page), light, "it is forgotten");
        await page.click("#theme");
        assert.equal(await ground(page), dark);
        await page.evaluate(() => localStorage.clear());
      });
      return `${dark}, ${light}`;
    },
  ],
  [
    "400 pixels are wide enough",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 24 }, prepare: (fixture) => fixture.advance(20, 2), view: { width: 400, height: 700 } },
        async (page) => {
          await page.waitForSelector(".cell.there");
          const fits = async (what) => {
            const wide = await page.evaluate(() =>
              Math.max(
                document.documentElement.scrollWidth,
                ...[...document.querySelectorAll("button, a, .cell, #screen, #detail")]
                  .filter((one) => one.checkVisibility())
                  .map((one) => one.getBoundingClientRect().right),
              ),
            );
            assert.ok(wide <= 400, `${what} is ${wide} wide`);
          };
          await fits("the sheet");
          await page.keyboard.press("Space");
          await page.waitForFunction(() => Number(document.getElementById("scrub").value) > 1);
          await fits("the player");
          await page.keyboard.press("Enter");
          await page.waitForSelector("#detail[open] #detail-full:not([hidden])");
          await fits("the detail");
        },
      ),
  ],
];
