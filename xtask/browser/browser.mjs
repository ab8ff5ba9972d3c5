// A Chromium without a window, and what checks and screenshots need of it.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";

/** What the command line says; `--chromium PATH` of every one, and `--packages FOLDER`, in which `node_modules` lies. */
export function options(more = {}) {
  const known = { chromium: { type: "string" }, packages: { type: "string", default: import.meta.dirname } };
  const { values } = parseArgs({ options: { ...known, ...more } });
  if (!values.chromium) {
    console.error("Say which Chromium with --chromium PATH, such as /usr/bin/chromium.");
    process.exit(64);
  }
  return values;
}

export function launch(executablePath, packages) {
  const puppeteer = createRequire(`${packages}/package.json`)("puppeteer-core");
  // Chromium has no sandbox for root.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return puppeteer.launch({
    executablePath,
    args: [...args, "--force-color-profile=srgb"],
    protocolTimeout: 120_000,
  });
}

export async function show(
  browser,
  url,
  { width = 1440, height = 900, scheme = "dark", motion = "no-preference" } = {},
) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: motion },
  ]);
  await page.goto(url);
  return page;
}

/** Whether every picture in view that there is to draw has been drawn. */
export const drawn = () => {
  const cells = [...document.querySelectorAll(".cell")].filter(
    (cell) => !cell.hidden && "dk".includes(cell.dataset.state),
  );
  return cells.length > 0 && cells.every((cell) => cell.classList.contains("there"));
};
