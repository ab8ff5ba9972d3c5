// What a terminal shows, as a picture: `node terminal.mjs --chromium PATH --out FILE.png < OUTPUT`. Of the sequences that move
// colours those are known that the farm's programs write.

import { readFileSync } from "node:fs";

import { launch, options } from "./browser.mjs";

const { chromium, packages, out } = options({ out: { type: "string" } });
const STYLES = { 1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow" };

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function html(text) {
  let open = false;
  const parts = text.split(/\x1b\[(\d*)m/).map((part, at) => {
    if (at % 2 === 0) return escaped(part);
    const close = open ? "</span>" : "";
    open = part !== "0" && part !== "";
    if (open && !(part in STYLES)) throw new Error(`no style ${part}`);
    return close + (open ? `<span class="${STYLES[part]}">` : "");
  });
  return parts.join("") + (open ? "</span>" : "");
}

const style = `
  body { margin: 0; background: #1d1d1d; }
  pre { margin: 0; padding: 18px 22px; width: max-content; color: #d8d8d8; font: 14px/1.35 "DejaVu Sans Mono", monospace; }
  .bold { font-weight: 700; color: #fff; } .dim { color: #8a8a8a; } .red { color: #ff7a70; } .green { color: #7ccf7c; } .yellow { color: #e8b04a; }`;
const browser = await launch(chromium, packages);
const page = await browser.newPage();
await page.setViewport({ width: 1400, height: 900, deviceScaleFactor: 1 });
await page.setContent(`<style>${style}</style><pre>${html(readFileSync(0, "utf8").trimEnd())}</pre>`);
const pre = await page.$("pre");
await pre.screenshot({ path: out });
console.log(out);
await browser.close();
