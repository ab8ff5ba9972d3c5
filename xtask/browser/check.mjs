// Drives the page of `farm watch --web` through a browser: `node check.mjs --chromium PATH`. A line for each check, and
// an end at the first that fails. Nothing waits for a time: each step waits for what it makes happen.

import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";

import { details } from "./check-details.mjs";
import { frames } from "./check-frames.mjs";
import { service } from "./check-service.mjs";
import { launch, options } from "./browser.mjs";

const { chromium, packages } = options();
const browser = await launch(chromium, packages);
let failed = false;
for (const [name, check] of [...frames, ...details, ...service]) {
  const started = performance.now();
  try {
    const said = await check(browser);
    console.log(`ok    ${name}${said ? `: ${said}` : ""} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    console.log(`FAIL  ${name}`);
    console.error(error instanceof assert.AssertionError ? error.message : (error.stack ?? error));
    failed = true;
    break;
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
