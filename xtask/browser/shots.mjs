// Screenshots of the page: `node shots.mjs --chromium PATH --out FOLDER`.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { drawn, launch, options, show } from "./browser.mjs";
import { Fixture } from "./fixture.mjs";

const { chromium, packages, out } = options({ out: { type: "string", default: "." } });
mkdirSync(out, { recursive: true });
const browser = await launch(chromium, packages);

async function take(page, name) {
  const path = join(out, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
}

/** A render in the middle: most frames are there, some are being rendered, one failed. */
async function small() {
  const fixture = await new Fixture({ frames: 24, look: "drawn" }).start();
  fixture.advance(15, 4);
  fixture.fail(6, "Blender needed more memory than the task has (8,192 MB). It is tried once more, with more of it.");
  // Drawn before anybody waits for it.
  fixture.at("frame/10.png");
  fixture.at("sheet/0.png");
  const page = await show(browser, fixture.url, { motion: "reduce" });
  await page.waitForFunction(drawn);
  await take(page, "watch-24");
  const light = await show(browser, fixture.url, { scheme: "light", motion: "reduce" });
  await light.waitForFunction(drawn);
  await take(light, "watch-24-light");
  const narrow = await show(browser, fixture.url, { width: 400, height: 800, motion: "reduce" });
  await narrow.waitForFunction(drawn);
  await take(narrow, "watch-narrow");

  await page.bringToFront();
  for (let step = 0; step < 9; step += 1) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#detail-full:not([hidden])");
  await take(page, "watch-detail");
  await page.keyboard.press("Escape");
  await page.$eval("#scrub", (scrub) => {
    scrub.value = "11";
    scrub.dispatchEvent(new Event("input"));
  });
  await page.waitForFunction(() => document.body.dataset.view === "player");
  await take(page, "watch-player");
  await fixture.stop();
}

/** A long one, of several shots. */
async function large() {
  const fixture = await new Fixture({
    frames: 2000,
    look: "drawn",
    tile: [160, 90],
    loop: 48,
    rays: 1,
    shots: true,
  }).start();
  fixture.advance(1391, 64);
  for (const at of [83, 84, 611]) fixture.fail(at, "A texture could not be read: //textures/glaze_4k.exr");
  for (let at = 0; at < 30; at += 1) fixture.set(at, "k", 11.2);
  for (let sheet = 0; sheet < 8; sheet += 1) fixture.at(`sheet/${sheet}.png`);
  const page = await show(browser, fixture.url, { motion: "reduce" });
  await page.waitForSelector(".cell");
  for (let step = 0; step < 4; step += 1) await page.keyboard.press("-");
  await page.waitForFunction(drawn);
  await take(page, "watch-2000");
  await fixture.stop();
}

await small();
await large();
await browser.close();
