// Checks of what the page does when nobody answers, when all is over, and when it is a published one.

import assert from "node:assert/strict";

import { document } from "./fixture.mjs";
import { isGone, pictured, says, watched } from "./watched.mjs";

const PAGE_BYTES = 60 * 1024;

/** Makes the page's clocks run faster, and keeps count of what they still wait for. */
async function hurry(page) {
  await page.evaluateOnNewDocument(() => {
    const real = window.setTimeout;
    window.waits = new Map();
    window.setTimeout = (act, ms, ...rest) => {
      const id = real(() => (window.waits.delete(id), act(...rest)), ms / 50);
      window.waits.set(id, ms);
      return id;
    };
  });
}

export const service = [
  [
    "who does not answer is told of, nothing is lost, and it goes on afterwards",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 24 }, prepare: (fixture) => fixture.advance(5, 3), mayComplain: true },
        async (page, fixture) => {
          await pictured(page, 5);
          await isGone(page, "#notice");
          await fixture.stop();
          await says(page, "#notice", "Not reachable, trying again");
          await pictured(page, 5);
          fixture.advance(3, 3);
          await fixture.start();
          await isGone(page, "#notice");
          await pictured(page, 8);
        },
      ),
  ],
  [
    "an answer that cannot be read is told of, and what is there stays",
    (browser) =>
      watched(
        browser,
        { fixture: { frames: 24 }, prepare: (fixture) => fixture.advance(5, 3) },
        async (page, fixture) => {
          await pictured(page, 5);
          fixture.more = { version: 2 };
          await says(page, "#notice", "cannot be read");
          await pictured(page, 5);
          fixture.more = {
            cells: { frame: [1, 2], state: "d?", picture: null },
            counts: null,
            seconds: null,
            warnings: {},
            fps: "x",
          };
          await isGone(page, "#notice");
          await page.waitForFunction(() => document.querySelectorAll(".cell:not([hidden])").length === 2);
          fixture.more = {
            state: "rejected",
            message: "There is no camera.",
            hint: "Add one.",
            counts: {},
            cells: {},
            sheets: null,
            details: null,
          };
          await says(page, "#state", "Refused");
          await says(page, "#message", "There is no camera. Add one.");
          await says(page, "#empty", "There are no frames.");
          for (const key of ["Space", "Enter", "End", "f", "+"]) await page.keyboard.press(key);
        },
      ),
  ],
  [
    "what is unchanged is not sent again, and what comes after the end of a render is shown, too",
    (browser) => {
      const prepare = async (fixture, page) => {
        fixture.advance(10, 2);
        await hurry(page);
      };
      return watched(browser, { fixture: { frames: 12 }, prepare }, async (page, fixture) => {
        await pictured(page, 10);
        const asked = () => fixture.asked.filter((path) => path === "state.json").length;
        const before = asked();
        await page.waitForResponse((response) => response.url().endsWith("state.json"));
        await page.waitForFunction(
          () => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("state.json")).length > 3,
        );
        assert.ok(fixture.unchanged > 0, "nothing was answered with 304");
        assert.ok(asked() > before, "nobody asked");
        fixture.advance(2);
        await says(page, "#state", "Complete");
        await says(page, "#files", "frames.zip");
        await pictured(page, 12);
        // That all is over was answered again, the same.
        const unchanged = fixture.unchanged;
        while (fixture.unchanged < unchanged + 2)
          await page.waitForResponse((response) => response.url().endsWith("state.json"));
        fixture.more = { files: [{ name: "contact-sheet.gif", url: "file/contact-sheet.gif" }] };
        await says(page, "#files", "contact-sheet.gif");
        return `${asked()} times asked, ${fixture.unchanged} times unchanged`;
      });
    },
  ],
  [
    "the last edition of a published page is not asked for again",
    (browser) => {
      const prepare = async (fixture, page) => {
        fixture.advance(9);
        fixture.more = { details: [], expires_at: Date.now() + 3_600_000 };
        await hurry(page);
      };
      return watched(browser, { fixture: { frames: 9 }, prepare, path: "published.html" }, async (page, fixture) => {
        await pictured(page, 9);
        fixture.more.last_edition = true;
        // A question on its way is no wait either, but is not on its way for so many of the browser's frames.
        await page.waitForFunction(() => {
          const waits = [...window.waits.values()].some((ms) => ms === 2000 || ms === 10000);
          window.quiet = waits ? 0 : (window.quiet ?? 0) + 1;
          return window.quiet > 30;
        });
      });
    },
  ],
  [
    "a published page: whole addresses, no details, and until when its links go",
    async (browser) => {
      const prepare = (fixture) => {
        fixture.advance(9);
        const { sheets } = fixture.state();
        fixture.more = {
          sheets: { ...sheets, urls: sheets.urls.map((url) => url && fixture.url + url) },
          details: [],
          expires_at: Date.now() + 3_600_000,
        };
      };
      await watched(browser, { fixture: { frames: 9 }, prepare, path: "published.html" }, async (page, fixture) => {
        await pictured(page, 9);
        await says(page, "#expiry", "its links end on");
        await page.keyboard.press("Enter");
        await says(page, "#detail-note", "Only the small picture");
        assert.ok(await page.$eval("[data-tab=log]", (tab) => tab.disabled));
        await page.keyboard.press("Escape");
        fixture.more.expires_at = Date.now() - 60_000;
        await page.reload();
        await pictured(page, 9);
        await says(page, "#expiry", "ended on");
      });
    },
  ],
  [
    "the page is small",
    () => {
      const bytes = Buffer.byteLength(document("state.json"));
      assert.ok(bytes <= PAGE_BYTES, `${bytes} bytes are more than ${PAGE_BYTES}`);
      return `${bytes} bytes`;
    },
  ],
];
