// A render that never was, served as `farm watch --web` serves one: the page in one document, the state, sheets of
// small pictures, frames, logs and records. `node fixture.mjs --frames 120 --every 1` shows it in any browser.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { draw, flat, png } from "./picture.mjs";

const PAGE = fileURLToPath(new URL("../../crates/farm/page/", import.meta.url));
/** The order in which the page's scripts become one. */
const SCRIPTS = ["state.js", "pictures.js", "sheet.js", "player.js", "detail.js", "header.js", "page.js"];
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
].join("; ");
const [COLUMNS, ROWS] = [8, 8];
const PER_SHEET = COLUMNS * ROWS;
/** Below a name of its own, so that an address of the page's that is not relative is found out. */
const BELOW = "/watch-5f2c/";

/** The page as one document, whose state is at `state`. */
export function document(state) {
  const read = (name) => readFileSync(PAGE + name, "utf8");
  const source = JSON.stringify({ state }).replaceAll("<", "\\u003c");
  const parts = {
    style: `<style>\n${read("page.css")}</style>`,
    script: `<script>\n${SCRIPTS.map(read).join("\n")}</script>`,
    source: `<script type="application/json" id="source">${source}</script>`,
  };
  return read("index.html").replace(/<!-- (style|script|source) -->/g, (_, name) => parts[name]);
}

export class Fixture {
  /** `look` is "flat" or "drawn"; `loop`, after how many frames a drawn shot is round. */
  constructor({ frames = 24, look = "flat", tile = [240, 135], loop = 24, rays = 2, shots = false } = {}) {
    Object.assign(this, { look, tile, loop, rays, shots });
    this.frame = Array.from({ length: frames }, (_, at) => at + 1);
    this.letters = Array(frames).fill("w");
    this.seconds = Array(frames).fill(null);
    this.fault = {};
    this.versions = Array(Math.ceil(frames / PER_SHEET)).fill(0);
    this.more = {}; // what of the state is otherwise than it would be
    this.asked = []; // paths, as they were asked for
    this.unchanged = 0; // how often the state was answered with 304
    this.kept = new Map();
  }

  set(at, letter, seconds = null) {
    this.letters[at] = letter;
    this.seconds[at] = seconds;
    if (letter === "d" || letter === "k") this.versions[Math.floor(at / PER_SHEET)] += 1;
  }

  /** So many frames more are done, the next ones are being rendered. */
  advance(many, running = 0) {
    for (let at = 0; at < this.frame.length && many > 0; at += 1) {
      if (!"wsr".includes(this.letters[at])) continue;
      this.set(at, "d", 9 + ((at * 37) % 83) / 10);
      many -= 1;
    }
    const next = this.letters.flatMap((letter, at) => ("wsr".includes(letter) ? [at] : []));
    next.forEach((at, place) => this.set(at, place < running ? "r" : place < running * 1.25 ? "s" : "w"));
  }

  fail(at, why) {
    this.set(at, "f");
    this.fault[this.frame[at]] = why;
  }

  has(at) {
    return "dk".includes(this.letters[at]);
  }

  state() {
    const many = (letters) => this.letters.filter((letter) => letters.includes(letter)).length;
    const planned = this.frame.length;
    const counts = { planned, done: many("dk"), running: many("rs"), waiting: many("w"), failed: many("f") };
    const over = counts.done + counts.failed === planned;
    const measured = this.seconds.filter((one) => one !== null).sort((a, b) => a - b);
    const slowest = measured.at(-1) ?? null;
    const median = measured[Math.floor(measured.length / 2)] ?? null;
    return {
      version: 1,
      name: "shots/doughnut.blend",
      bucket: "farm-000000000000-us-east-1",
      render: "0123456789abcdef0123",
      state: over ? (counts.failed > 0 ? "partial" : "complete") : "accepted",
      message: over ? `${counts.done} of ${planned} frames are rendered and in frames.zip.` : "",
      hint: null,
      why_waiting: null,
      warnings: [],
      fps: 24,
      width: 1920,
      height: 1080,
      counts,
      seconds: {
        median,
        slowest,
        slowest_frame: slowest === null ? null : this.frame[this.seconds.indexOf(slowest)],
        left: over || median === null ? null : (median * (planned - counts.done)) / Math.max(1, counts.running),
        elapsed: measured.reduce((sum, one) => sum + one, 0) / 4,
      },
      cost: {
        so_far: 0.12,
        expected: 0.4,
        words: "$0.12 so far, about $0.40 in all, at Fargate Spot's price of June 2026",
      },
      files: over
        ? [
            { name: "frames.zip", url: "file/frames.zip" },
            { name: "preview.mp4", url: "file/preview.mp4" },
          ]
        : [],
      cells: {
        frame: this.frame,
        state: this.letters.join(""),
        seconds: this.seconds,
        child: this.frame.map((_, at) => Math.floor(at / 4)),
        fault: this.fault,
        picture: this.frame.map((_, at) => (this.has(at) ? "1" : "0")).join(""),
      },
      sheets: {
        tile: this.tile,
        columns: COLUMNS,
        rows: ROWS,
        urls: this.versions.map((version, at) => (version > 0 ? `sheet/${at}.png?v=${version}` : null)),
      },
      details: this.versions.map((_, at) => `details/${at}.json`),
      written_at: Date.UTC(2026, 5, 12, 14, 5, 30),
      expires_at: null,
      ...this.more,
    };
  }

  details(sheet) {
    const entries = this.frame.slice(sheet * PER_SHEET, (sheet + 1) * PER_SHEET).flatMap((frame, place) => {
      const at = sheet * PER_SHEET + place;
      if (this.letters[at] === "w") return [];
      const full = this.has(at) ? { full: `frame/${frame}.png` } : {};
      return [[frame, { ...full, log: `log/${frame}`, record: `record/${frame}` }]];
    });
    return Object.fromEntries(entries);
  }

  /** The small picture of a cell, in RGB. Flat ones are the same in every sheet, so that full sheets are made once. */
  picture(at, [width, height] = this.tile, rays = this.rays) {
    if (this.look === "flat") return flat(width, height, at % PER_SHEET);
    const shot = this.shots ? Math.floor(at / this.loop) % 6 : 0;
    return this.keep(`${at % this.loop} of ${shot} in ${width}`, () =>
      draw(width, height, (at % this.loop) / this.loop, shot, rays),
    );
  }

  keep(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  sheet(number) {
    const [width, height] = this.tile;
    const places = Array.from({ length: PER_SHEET }, (_, place) => number * PER_SHEET + place);
    const bits = places.map((at) => (at < this.frame.length && this.has(at) ? "1" : "0")).join("");
    return this.keep(`${this.look === "flat" ? "" : number} ${bits}`, () => {
      const pixels = Buffer.alloc(width * COLUMNS * height * ROWS * 4);
      places.forEach((at, place) => {
        if (bits[place] !== "1") return;
        const tile = this.picture(at);
        const [left, top] = [(place % COLUMNS) * width, Math.floor(place / COLUMNS) * height];
        for (let row = 0; row < height; row += 1) {
          for (let column = 0; column < width; column += 1) {
            const from = (row * width + column) * 3;
            const to = ((top + row) * width * COLUMNS + left + column) * 4;
            pixels[to] = tile[from];
            pixels[to + 1] = tile[from + 1];
            pixels[to + 2] = tile[from + 2];
            pixels[to + 3] = 255;
          }
        }
      });
      return png(width * COLUMNS, height * ROWS, 4, pixels);
    });
  }

  /** What lies at a path: its type and its bytes. */
  at(path) {
    const json = (value) => ["application/json", JSON.stringify(value)];
    const [folder, name] = path.split("/");
    const number = Number.parseInt(name, 10);
    if (path === "") return ["text/html; charset=utf-8", document("state.json")];
    if (path === "published.html") return ["text/html; charset=utf-8", document(`${this.url}state.json`)];
    if (path === "state.json") return json(this.state());
    if (folder === "sheet") return ["image/png", this.sheet(number)];
    if (folder === "details") return json(this.details(number));
    if (folder === "frame") {
      const size = this.look === "flat" ? [480, 270] : [960, 540];
      return ["image/png", this.keep(path, () => png(...size, 3, this.picture(this.frame.indexOf(number), size)))];
    }
    if (folder === "log") return ["text/plain; charset=utf-8", log(number)];
    if (folder === "record")
      return json({
        version: 1,
        child: Math.floor((number - 1) / 4),
        attempt: 1,
        frames: [number],
        seconds: 12.5,
        blender: "4.5.15",
      });
    return null;
  }

  answer(request, response) {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    const path = pathname.startsWith(BELOW) ? pathname.slice(BELOW.length) : null;
    this.asked.push(path ?? pathname);
    const found = path === null ? null : this.at(path);
    if (!found) {
      response.writeHead(404).end("There is nothing here.");
      return;
    }
    const [type, body] = found;
    const headers = {
      "content-type": type,
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    };
    if (path === "state.json") {
      headers.etag = `"${createHash("sha256").update(body).digest("hex")}"`;
      if (request.headers["if-none-match"] === headers.etag) {
        this.unchanged += 1;
        response.writeHead(304, headers).end();
        return;
      }
    }
    response.writeHead(200, headers).end(body);
  }

  /** Serves on the port that it had, or on one that the system picks. */
  async start() {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((resolve, reject) =>
      this.server.once("error", reject).listen(this.port ?? 0, "127.0.0.1", resolve),
    );
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}${BELOW}`;
    return this;
  }

  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

function log(frame) {
  const line = (time, words) => `00:${String(time).padStart(5, "0")}  blender          | ${words}`;
  const samples = Array.from({ length: 8 }, (_, at) =>
    line(`0${at + 2}.214`, `Fra:${frame} Mem:212.40M | Sample ${(at + 1) * 16}/128`),
  );
  return [
    `child ${Math.floor((frame - 1) / 4)}, attempt 1`,
    line("00.412", 'Read blend: "doughnut.blend"'),
    ...samples,
    line("10.530", `Saved: 'frame_${String(frame).padStart(4, "0")}.png'`),
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      frames: { type: "string", default: "120" },
      every: { type: "string", default: "1" },
      running: { type: "string", default: "4" },
      failed: { type: "string", default: "0" },
      look: { type: "string", default: "drawn" },
    },
  });
  const fixture = await new Fixture({ frames: Number(values.frames), look: values.look, rays: 1, shots: true }).start();
  for (let at = 0; at < Number(values.failed); at += 1)
    fixture.fail((at * 7 + 3) % fixture.frame.length, "Blender ran out of memory.");
  setInterval(() => fixture.advance(1, Number(values.running)), Number(values.every) * 1000);
  console.log(fixture.url);
}
