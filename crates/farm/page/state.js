// What there is to know of the render: asked for again and again, and handed on where it changed.
"use strict";

const UNDER_WAY_MS = 2000;
const RESTING_MS = 10000;
const PATIENCE_MS = 20000;

/** Letters of `cells.state`: what a person reads, and which filter a cell is under. */
const STATES = {
  w: { words: "waiting", filter: "waiting" },
  s: { words: "starting", filter: "running" },
  r: { words: "rendering", filter: "running" },
  d: { words: "done", filter: "done" },
  k: { words: "kept from an earlier render", filter: "done" },
  f: { words: "failed", filter: "failed" },
};

const RENDER_STATES = {
  accepted: { words: "Rendering", sign: "r" },
  complete: { words: "Complete", sign: "d" },
  partial: { words: "Partial", sign: "f" },
  failed: { words: "Failed", sign: "f" },
  rejected: { words: "Refused", sign: "f" },
};

const list = (value) => (Array.isArray(value) ? value : []);
const words = (value) => (typeof value === "string" ? value : "");
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** An address that this page may follow: its own origin's, or one of https. Never a script. */
function address(value) {
  if (typeof value !== "string" || value === "") return null;
  try {
    const url = new URL(value, document.baseURI);
    return url.protocol === "https:" || (url.origin === location.origin && url.origin !== "null") ? url.href : null;
  } catch {
    return null;
  }
}

/** The state as the page uses it: every list as long as there are cells, whatever came. */
function understand(text) {
  const raw = JSON.parse(text);
  if (raw?.version !== 1) throw new Error("a version that this page does not know");
  const cells = raw.cells ?? {};
  const frames = list(cells.frame);
  const count = frames.length;
  const letters = words(cells.state).padEnd(count, "w");
  const tile = list(raw.sheets?.tile);
  const [width, height] = number(tile[0]) > 0 && number(tile[1]) > 0 ? tile : [240, 135];
  const columns = number(raw.sheets?.columns) ?? 8;
  return {
    ...raw,
    count,
    frames,
    tile: { width, height },
    columns,
    perSheet: columns * (number(raw.sheets?.rows) ?? 8),
    sheets: list(raw.sheets?.urls).map(address),
    pictures: words(cells.picture).padEnd(count, "0"),
    letter: (at) => (letters[at] in STATES ? letters[at] : "w"),
    seconds: list(cells.seconds),
    child: list(cells.child),
    times: raw.seconds ?? {},
    counts: raw.counts ?? {},
    why: (at) => words(cells.fault?.[frames[at]]) || (letters[at] === "f" ? "It failed; its log may say more." : ""),
    details: list(raw.details).map(address),
    underWay: raw.state === "accepted",
  };
}

/**
 * Asks at `url` while there may be news: `onState` is given what changed, `onTrouble` what went wrong, or null. A render
 * that is over gets its film a little later, and may be rendered again: only the last edition of a published page is final.
 */
function follow(url, onState, onTrouble) {
  let last = null;
  let state = null;
  let timer = 0;
  let asking = false;
  let ended = false;

  async function read() {
    const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    return answer.text();
  }

  function take(text) {
    if (text === last) return;
    state = understand(text);
    onState(state);
    last = text;
    ended = state.last_edition === true;
  }

  async function ask() {
    if (asking || ended) return;
    asking = true;
    clearTimeout(timer);
    let trouble = "unreachable";
    try {
      const text = await read();
      trouble = "unreadable";
      take(text);
      trouble = null;
    } catch {
      // A published page whose links have ended gets no further answer.
      ended = state !== null && hasExpired(state);
    }
    onTrouble(trouble);
    asking = false;
    const soon = !document.hidden && (state === null || state.underWay);
    if (!ended) timer = setTimeout(ask, soon ? UNDER_WAY_MS : RESTING_MS);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
  ask();
}

function hasExpired(state) {
  return number(state.expires_at) !== null && Date.now() > state.expires_at;
}

const grouped = new Intl.NumberFormat("en");

/** Seconds as a person says them. */
function span(seconds) {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${grouped.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** Seconds to come, which nobody knows to the second. */
function about(seconds) {
  if (seconds < 60) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `about ${minutes} min` : `about ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
